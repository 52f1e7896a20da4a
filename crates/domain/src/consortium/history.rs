//! The register on a day, and how a dated change enters it.

use chrono::NaiveDate;

use super::{Accreditation, Accredited, Fund, Link, Member, PastFund, PastShare, Profile};
use crate::identifiers::PartitaIva;
use crate::money::Eur;

impl Profile {
    /// The consortium as it stood on `day`: who was a member with which share, which links held,
    /// which fund and which accreditation. Of the accreditations those remain that had begun, so
    /// that an expired one can be named.
    #[must_use]
    pub fn on(&self, day: NaiveDate) -> Self {
        let members = self.members.iter().filter(|member| member.belongs_on(day));
        let links = self.links.iter().filter(|link| link.holds_on(day));
        let begun = self
            .accreditations
            .iter()
            .filter(|known| known.begun_by(day));
        Self {
            fund: self.fund_on(day),
            accreditation: self.accreditation_on(day),
            members: members.map(|member| member.on(day)).collect(),
            links: links.map(Link::undated).collect(),
            accreditations: begun.copied().collect(),
            past_funds: Vec::new(),
            programmes: self.programmes.clone(),
            name: self.name.clone(),
            partita_iva: self.partita_iva.clone(),
            form: self.form,
            seat_country: self.seat_country.clone(),
            seat_region: self.seat_region.clone(),
            statute_forbids_profit: self.statute_forbids_profit,
            active: self.active,
            sme_majority_of_directors: self.sme_majority_of_directors,
        }
    }

    /// The same without what may be a person's: what a submission seals.
    #[must_use]
    pub fn without_personal(&self) -> Self {
        let mut known = self.clone();
        for member in &mut known.members {
            member.address = None;
            member.email = None;
        }
        known
    }

    pub fn fund_on(&self, day: NaiveDate) -> Fund {
        let past = self.past_funds.iter().find(|past| day <= past.until);
        past.map_or(self.fund, |past| past.fund)
    }

    pub fn accreditation_on(&self, day: NaiveDate) -> Option<Accreditation> {
        if self.accreditations.is_empty() {
            return self.accreditation;
        }
        let mut latest = self.accreditations.iter().rev();
        latest
            .find(|known| known.holds_on(day))
            .map(|known| known.level)
    }

    /// The dated accreditations; one that was never dated stands as held from the beginning.
    pub fn dated_accreditations(&self) -> Vec<Accredited> {
        if !self.accreditations.is_empty() {
            return self.accreditations.clone();
        }
        let undated = self.accreditation.map(|level| Accredited {
            level,
            since: None,
            until: None,
        });
        undated.into_iter().collect()
    }

    /// The first day from `from` on, on which the members' shares are more than the subscribed
    /// fund, with both sums. They only change on days on which something was recorded.
    pub(super) fn over_subscribed(&self, from: NaiveDate) -> Option<(NaiveDate, Eur, Eur)> {
        let after = |until: NaiveDate| until.succ_opt();
        let joins = self.members.iter().map(|member| Some(member.joined_on));
        let shares = self
            .members
            .iter()
            .flat_map(|member| member.past_shares.iter().map(|past| after(past.until)));
        let funds = self.past_funds.iter().map(|past| after(past.until));
        let mut days: Vec<NaiveDate> = joins.chain(shares).chain(funds).flatten().collect();
        days.push(from);
        days.retain(|day| *day >= from);
        days.sort_unstable();
        days.dedup();
        days.into_iter().find_map(|day| {
            let members = self.members.iter().filter(|member| member.belongs_on(day));
            let shares: Eur = members.map(|member| member.share_on(day)).sum();
            let subscribed = self.fund_on(day).subscribed;
            (shares > subscribed).then_some((day, shares, subscribed))
        })
    }

    pub(super) fn change_fund(&mut self, fund: Fund, since: NaiveDate) {
        if let Some(until) = since.pred_opt() {
            let before = PastFund {
                fund: self.fund,
                until,
            };
            self.past_funds.push(before);
        }
        self.fund = fund;
    }

    /// What still held gives way to the new one on its first day.
    pub(super) fn accredit(&mut self, accredited: Accredited) {
        let mut all = self.dated_accreditations();
        let eve = accredited.since.and_then(|since| since.pred_opt());
        if let (Some(last), Some(eve)) = (all.last_mut(), eve)
            && last.until.is_none_or(|until| until > eve)
        {
            last.until = Some(eve);
        }
        all.push(accredited);
        self.accreditations = all;
        self.accreditation = Some(accredited.level);
    }

    pub(super) fn accredited_until(&mut self, until: NaiveDate) {
        self.accreditations = self.dated_accreditations();
        if let Some(last) = self.accreditations.last_mut() {
            last.until = Some(until);
        }
    }
}

impl Member {
    /// Half-open: the day of joining belongs to it, the day of leaving does not.
    pub fn belongs_on(&self, day: NaiveDate) -> bool {
        self.joined_on <= day && self.left_on.is_none_or(|left_on| day < left_on)
    }

    /// Whether both are memberships of one firm that meet on some day.
    pub fn overlaps(&self, other: &Self) -> bool {
        let ends_before = |one: &Self, other: &Self| {
            let end = one.left_on;
            end.is_some_and(|left_on| left_on <= other.joined_on)
        };
        self.partita_iva == other.partita_iva
            && !ends_before(self, other)
            && !ends_before(other, self)
    }

    pub fn share_on(&self, day: NaiveDate) -> Eur {
        let past = self.past_shares.iter().find(|past| day <= past.until);
        past.map_or(self.share, |past| past.share)
    }

    fn on(&self, day: NaiveDate) -> Self {
        Self {
            share: self.share_on(day),
            left_on: None,
            past_shares: Vec::new(),
            ..self.clone()
        }
    }

    pub(super) fn change_share(&mut self, share: Eur, since: NaiveDate) {
        if let Some(until) = since.pred_opt() {
            let before = PastShare {
                share: self.share,
                until,
            };
            self.past_shares.push(before);
        }
        self.share = share;
    }
}

impl Link {
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        within(day, self.since, self.until)
    }

    /// Whether it is about these two firms, in either order.
    pub fn joins(&self, one: &PartitaIva, other: &PartitaIva) -> bool {
        (self.one == *one && self.other == *other) || (self.one == *other && self.other == *one)
    }

    fn undated(&self) -> Self {
        Self {
            since: None,
            until: None,
            ..self.clone()
        }
    }
}

impl Accredited {
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        within(day, self.since, self.until)
    }

    fn begun_by(&self, day: NaiveDate) -> bool {
        self.since.is_none_or(|since| since <= day)
    }
}

fn within(day: NaiveDate, since: Option<NaiveDate>, until: Option<NaiveDate>) -> bool {
    since.is_none_or(|since| since <= day) && until.is_none_or(|until| day <= until)
}
