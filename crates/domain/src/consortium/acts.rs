//! The dated acts of the register, each refused where it does not fit what is recorded already.

use chrono::NaiveDate;

use super::{
    Accreditation, Accredited, Contact, Event, Fund, Link, MEMBERS_LIMIT, Member,
    MultiYearProgramme, Profile,
};
use crate::event::Personal;
use crate::identifiers::PartitaIva;
use crate::money::Eur;

/// One dated change of the register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    MemberJoined(Box<Member>),
    MemberLeft {
        partita_iva: PartitaIva,
        left_on: NaiveDate,
    },
    ShareChanged {
        partita_iva: PartitaIva,
        share: Eur,
        since: NaiveDate,
    },
    /// Where a member is and where mail reaches it; an empty text says that it is not known.
    MemberReached {
        partita_iva: PartitaIva,
        address: Personal,
        email: Personal,
    },
    LinkDeclared(Link),
    LinkEnded {
        one: PartitaIva,
        other: PartitaIva,
        until: NaiveDate,
    },
    AccreditationGranted {
        level: Accreditation,
        since: NaiveDate,
        until: Option<NaiveDate>,
    },
    AccreditationRenewed {
        until: NaiveDate,
    },
    AccreditationExpired {
        until: NaiveDate,
    },
    FundChanged {
        fund: Fund,
        since: NaiveDate,
    },
}

impl Change {
    /// The name of its event, and of its part of a request.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::MemberJoined(_) => "member_joined",
            Self::MemberLeft { .. } => "member_left",
            Self::ShareChanged { .. } => "share_changed",
            Self::MemberReached { .. } => "member_reached",
            Self::LinkDeclared(_) => "link_declared",
            Self::LinkEnded { .. } => "link_ended",
            Self::AccreditationGranted { .. } => "accreditation_granted",
            Self::AccreditationRenewed { .. } => "accreditation_renewed",
            Self::AccreditationExpired { .. } => "accreditation_expired",
            Self::FundChanged { .. } => "fund_changed",
        }
    }

    /// An accreditation is granted by the Region: a consortium does not record its own.
    pub const fn is_of_the_office(&self) -> bool {
        match self {
            Self::AccreditationGranted { .. }
            | Self::AccreditationRenewed { .. }
            | Self::AccreditationExpired { .. } => true,
            Self::MemberJoined(_)
            | Self::MemberLeft { .. }
            | Self::ShareChanged { .. }
            | Self::MemberReached { .. }
            | Self::LinkDeclared(_)
            | Self::LinkEnded { .. }
            | Self::FundChanged { .. } => false,
        }
    }
}

/// A rule of the register that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{firm} is a member since {since}")]
    AlreadyMember { firm: PartitaIva, since: NaiveDate },
    #[error("{firm} is no member")]
    NotAMember { firm: PartitaIva },
    #[error("{firm} left on {left_on} already")]
    AlreadyLeft {
        firm: PartitaIva,
        left_on: NaiveDate,
    },
    #[error("{day} is not after {after}, {what}")]
    NotAfter {
        field: &'static str,
        day: NaiveDate,
        after: NaiveDate,
        what: &'static str,
    },
    #[error("{day} is after today, {today}: it is recorded once it has come")]
    NotYet {
        field: &'static str,
        day: NaiveDate,
        today: NaiveDate,
    },
    #[error("on {day} the members' shares come to {shares}, the subscribed fund to {subscribed}")]
    SharesOverFund {
        field: &'static str,
        day: NaiveDate,
        shares: Eur,
        subscribed: Eur,
    },
    #[error("{one} and {other} are linked already")]
    AlreadyLinked { one: PartitaIva, other: PartitaIva },
    #[error("{one} and {other} are not linked")]
    NotLinked { one: PartitaIva, other: PartitaIva },
    #[error("no accreditation is recorded")]
    NotAccredited,
    #[error("the accreditation ends on {known} already")]
    AlreadyExpired { known: NaiveDate },
    #[error("{known} rows are recorded, at most {limit} are kept")]
    Full {
        field: &'static str,
        known: usize,
        limit: usize,
    },
    #[error("a correction of the address needs its reason")]
    ReasonMissing,
    #[error("the programme {first}-{last} has years in common with it")]
    ProgrammeOverlaps { first: u16, last: u16 },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::AlreadyMember { .. } | Self::NotAMember { .. } | Self::AlreadyLeft { .. } => {
                "MEMBERSHIP_STATE"
            }
            Self::NotAfter { .. } | Self::NotYet { .. } => "DATE_ORDER",
            Self::SharesOverFund { .. } => "SHARES_OVER_FUND",
            Self::AlreadyLinked { .. } | Self::NotLinked { .. } => "LINK_STATE",
            Self::NotAccredited | Self::AlreadyExpired { .. } => "ACCREDITATION_STATE",
            Self::Full { .. } => "REGISTER_FULL",
            Self::ReasonMissing => "REASON_REQUIRED",
            Self::ProgrammeOverlaps { .. } => "PROGRAMME_OVERLAPS",
        }
    }

    /// The field that breaks the rule, as the wire names it within the change.
    pub const fn field(&self) -> &'static str {
        match self {
            Self::AlreadyMember { .. } | Self::NotAMember { .. } => "partita_iva",
            Self::AlreadyLeft { .. } => "left_on",
            Self::NotAfter { field, .. }
            | Self::NotYet { field, .. }
            | Self::SharesOverFund { field, .. }
            | Self::Full { field, .. } => field,
            Self::AlreadyLinked { .. } | Self::NotLinked { .. } => "other",
            Self::NotAccredited => "level",
            Self::AlreadyExpired { .. } => "until",
            Self::ReasonMissing => "reason",
            Self::ProgrammeOverlaps { .. } => "first_year",
        }
    }
}

/// Decides on one dated change. `today` is the civil day of the request.
pub fn decide(profile: &Profile, change: Change, today: NaiveDate) -> Result<Event, Refusal> {
    match change {
        Change::MemberJoined(member) => join(profile, *member, today),
        Change::MemberLeft {
            partita_iva,
            left_on,
        } => leave(profile, partita_iva, left_on),
        Change::ShareChanged {
            partita_iva,
            share,
            since,
        } => change_share(profile, partita_iva, share, since, today),
        Change::MemberReached {
            partita_iva,
            address,
            email,
        } => {
            belonging(profile, &partita_iva)?;
            Ok(Event::MemberReached {
                partita_iva,
                address: known(address),
                email: known(email),
            })
        }
        Change::LinkDeclared(link) => declare_link(profile, link, today),
        Change::LinkEnded { one, other, until } => end_link(profile, one, other, until),
        Change::AccreditationGranted {
            level,
            since,
            until,
        } => grant(profile, level, since, until, today),
        Change::AccreditationRenewed { until } => renew(profile, until),
        Change::AccreditationExpired { until } => expire(profile, until),
        Change::FundChanged { fund, since } => change_fund(profile, fund, since, today),
    }
}

/// What an amendment makes of the register: it says anew what holds, and what has ended or was
/// before stays recorded. An ended membership or link that is given again is taken as given.
pub fn amended(before: &Profile, mut given: Profile) -> Profile {
    for known in before
        .members
        .iter()
        .filter(|known| known.left_on.is_some())
    {
        let same = |member: &Member| {
            member.partita_iva == known.partita_iva && member.joined_on == known.joined_on
        };
        if !given.members.iter().any(same) {
            given.members.push(known.clone());
        }
    }
    for member in &mut given.members {
        let mut all = before.members.iter();
        let same = all.find(|known| {
            known.partita_iva == member.partita_iva && known.joined_on == member.joined_on
        });
        let Some(same) = same else { continue };
        if member.past_shares.is_empty() {
            member.past_shares.clone_from(&same.past_shares);
        }
        // Where it can be reached stays as it is unless it is said anew.
        for (given, known) in [
            (&mut member.address, &same.address),
            (&mut member.email, &same.email),
        ] {
            if given.is_none() {
                given.clone_from(known);
            }
        }
    }
    for known in before.links.iter().filter(|known| known.until.is_some()) {
        let same = |link: &Link| link.joins(&known.one, &known.other) && link.since == known.since;
        if !given.links.iter().any(same) {
            given.links.push(known.clone());
        }
    }
    let same_level = given.accreditation == before.accreditation;
    if given.accreditations.is_empty() && same_level {
        given.accreditations.clone_from(&before.accreditations);
    }
    given.programmes.clone_from(&before.programmes);
    if given.past_funds.is_empty() {
        given.past_funds.clone_from(&before.past_funds);
    }
    given.settled()
}

/// A street address that is not given stays as it is; an empty one is no longer known.
pub fn contact_amended(before: &Contact, mut given: Contact) -> Contact {
    if given.address.is_none() {
        given.address.clone_from(&before.address);
    }
    given.settled()
}

impl Profile {
    /// As it is recorded: an empty text is none.
    #[must_use]
    pub fn settled(mut self) -> Self {
        for member in &mut self.members {
            member.settle();
        }
        self
    }
}

impl Contact {
    /// As it is recorded: an empty text is none.
    #[must_use]
    pub fn settled(mut self) -> Self {
        self.address = self.address.and_then(known);
        self
    }
}

impl Member {
    fn settle(&mut self) {
        self.address = self.address.take().and_then(known);
        self.email = self.email.take().and_then(known);
    }
}

/// A text that says something; an empty one is as good as none.
fn known(text: Personal) -> Option<Personal> {
    Some(text).filter(|text| !text.reveal().trim().is_empty())
}

/// Corrects where letters go; what could not be delivered follows.
pub fn correct_address(email: Personal, reason: &str) -> Result<Event, Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    Ok(Event::AddressCorrected {
        email,
        reason: reason.to_owned(),
    })
}

/// Agrees a multi-year programme, or changes the one of the same first year.
pub fn agree(profile: &Profile, programme: MultiYearProgramme) -> Result<Event, Refusal> {
    let mut others = profile.programmes.iter();
    let overlapping =
        others.find(|known| known.first_year != programme.first_year && known.overlaps(&programme));
    if let Some(known) = overlapping {
        return Err(Refusal::ProgrammeOverlaps {
            first: known.first_year,
            last: known.last_year,
        });
    }
    Ok(Event::ProgrammeAgreed {
        programme: Box::new(programme),
    })
}

fn join(profile: &Profile, mut member: Member, today: NaiveDate) -> Result<Event, Refusal> {
    member.settle();
    expect_come("joined_on", member.joined_on, today)?;
    if let Some(left_on) = member.left_on {
        expect_after("left_on", left_on, member.joined_on, "the day of joining")?;
    }
    if let Some(known) = profile.members.iter().find(|known| known.overlaps(&member)) {
        return Err(Refusal::AlreadyMember {
            firm: member.partita_iva,
            since: known.joined_on,
        });
    }
    expect_room("partita_iva", profile.members.len())?;
    let mut after = profile.clone();
    after.members.push(member.clone());
    expect_covered("share_cents", &after, member.joined_on)?;
    Ok(Event::MemberJoined {
        member: Box::new(member),
    })
}

fn leave(profile: &Profile, firm: PartitaIva, left_on: NaiveDate) -> Result<Event, Refusal> {
    let member = belonging(profile, &firm)?;
    expect_after("left_on", left_on, member.joined_on, "the day of joining")?;
    Ok(Event::MemberLeft {
        partita_iva: firm,
        left_on,
    })
}

/// The firm's membership that has no end.
fn belonging<'a>(profile: &'a Profile, firm: &PartitaIva) -> Result<&'a Member, Refusal> {
    let of_firm = || {
        let all = profile.members.iter();
        all.filter(|member| member.partita_iva == *firm)
    };
    if let Some(member) = of_firm().find(|member| member.left_on.is_none()) {
        return Ok(member);
    }
    let firm = firm.clone();
    match of_firm().filter_map(|member| member.left_on).max() {
        Some(left_on) => Err(Refusal::AlreadyLeft { firm, left_on }),
        None => Err(Refusal::NotAMember { firm }),
    }
}

fn change_share(
    profile: &Profile,
    firm: PartitaIva,
    share: Eur,
    since: NaiveDate,
    today: NaiveDate,
) -> Result<Event, Refusal> {
    expect_come("since", since, today)?;
    let member = belonging(profile, &firm)?;
    expect_after("since", since, member.joined_on, "the day of joining")?;
    if let Some(changed_on) = member
        .past_shares
        .last()
        .and_then(|past| past.until.succ_opt())
    {
        expect_after("since", since, changed_on, "the day of its last change")?;
    }
    let event = Event::ShareChanged {
        partita_iva: firm,
        share,
        since,
    };
    expect_covered("share_cents", &after(profile, &event), since)?;
    Ok(event)
}

fn declare_link(profile: &Profile, link: Link, today: NaiveDate) -> Result<Event, Refusal> {
    if let Some(since) = link.since {
        expect_come("since", since, today)?;
        if let (Some(until), Some(eve)) = (link.until, since.pred_opt()) {
            expect_after("until", until, eve, "the eve of its first day")?;
        }
    }
    let starts_after = |one: &Link, other: &Link| {
        let (since, until) = (one.since, other.until);
        since.zip(until).is_some_and(|(since, until)| since > until)
    };
    let met = |known: &&Link| {
        known.joins(&link.one, &link.other)
            && !starts_after(known, &link)
            && !starts_after(&link, known)
    };
    if profile.links.iter().any(|known| met(&known)) {
        return Err(Refusal::AlreadyLinked {
            one: link.one,
            other: link.other,
        });
    }
    expect_room("other", profile.links.len())?;
    Ok(Event::LinkDeclared { link })
}

fn end_link(
    profile: &Profile,
    one: PartitaIva,
    other: PartitaIva,
    until: NaiveDate,
) -> Result<Event, Refusal> {
    let mut links = profile.links.iter();
    let found = links.find(|link| link.until.is_none() && link.joins(&one, &other));
    let Some(link) = found else {
        return Err(Refusal::NotLinked { one, other });
    };
    if let Some(eve) = link.since.and_then(|since| since.pred_opt()) {
        expect_after("until", until, eve, "the eve of its first day")?;
    }
    Ok(Event::LinkEnded { one, other, until })
}

fn grant(
    profile: &Profile,
    level: Accreditation,
    since: NaiveDate,
    until: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<Event, Refusal> {
    expect_come("since", since, today)?;
    if let (Some(until), Some(eve)) = (until, since.pred_opt()) {
        expect_after("until", until, eve, "the eve of its first day")?;
    }
    let known = profile.dated_accreditations();
    if let Some(last) = known.last().and_then(|last| last.since) {
        expect_after(
            "since",
            since,
            last,
            "the first day of the last accreditation",
        )?;
    }
    expect_room("level", known.len())?;
    Ok(Event::AccreditationGranted {
        accredited: Accredited {
            level,
            since: Some(since),
            until,
        },
    })
}

fn renew(profile: &Profile, until: NaiveDate) -> Result<Event, Refusal> {
    let last = last_accreditation(profile)?;
    if let Some(known) = last.until {
        expect_after("until", until, known, "the last day so far")?;
    }
    expect_not_before(&last, until)?;
    Ok(Event::AccreditationRenewed { until })
}

fn expire(profile: &Profile, until: NaiveDate) -> Result<Event, Refusal> {
    let last = last_accreditation(profile)?;
    if let Some(known) = last.until
        && known <= until
    {
        return Err(Refusal::AlreadyExpired { known });
    }
    expect_not_before(&last, until)?;
    Ok(Event::AccreditationExpired { until })
}

fn last_accreditation(profile: &Profile) -> Result<Accredited, Refusal> {
    let known = profile.dated_accreditations();
    known.last().copied().ok_or(Refusal::NotAccredited)
}

fn expect_not_before(accredited: &Accredited, until: NaiveDate) -> Result<(), Refusal> {
    match accredited.since.and_then(|since| since.pred_opt()) {
        Some(eve) => expect_after("until", until, eve, "the eve of its first day"),
        None => Ok(()),
    }
}

fn change_fund(
    profile: &Profile,
    fund: Fund,
    since: NaiveDate,
    today: NaiveDate,
) -> Result<Event, Refusal> {
    expect_come("since", since, today)?;
    if let Some(changed_on) = profile
        .past_funds
        .last()
        .and_then(|past| past.until.succ_opt())
    {
        expect_after("since", since, changed_on, "the day of its last change")?;
    }
    let event = Event::FundChanged { fund, since };
    expect_covered("subscribed_cents", &after(profile, &event), since)?;
    Ok(event)
}

fn after(profile: &Profile, event: &Event) -> Profile {
    let mut after = profile.clone();
    after.take(event);
    after
}

fn expect_covered(field: &'static str, after: &Profile, from: NaiveDate) -> Result<(), Refusal> {
    match after.over_subscribed(from) {
        None => Ok(()),
        Some((day, shares, subscribed)) => Err(Refusal::SharesOverFund {
            field,
            day,
            shares,
            subscribed,
        }),
    }
}

fn expect_after(
    field: &'static str,
    day: NaiveDate,
    after: NaiveDate,
    what: &'static str,
) -> Result<(), Refusal> {
    if day > after {
        return Ok(());
    }
    Err(Refusal::NotAfter {
        field,
        day,
        after,
        what,
    })
}

fn expect_come(field: &'static str, day: NaiveDate, today: NaiveDate) -> Result<(), Refusal> {
    if day <= today {
        return Ok(());
    }
    Err(Refusal::NotYet { field, day, today })
}

fn expect_room(field: &'static str, known: usize) -> Result<(), Refusal> {
    if known < MEMBERS_LIMIT {
        return Ok(());
    }
    Err(Refusal::Full {
        field,
        known,
        limit: MEMBERS_LIMIT,
    })
}
