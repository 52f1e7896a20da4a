//! The applicant organisation: its seat, fund, accreditation, members and their declared links,
//! over the years. Its profile is a register: what holds from when to when, never only today.

mod acts;
mod changes;
mod history;
mod multi_year;
#[cfg(test)]
mod tests;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::civil::Language;
use crate::event::Personal;
use crate::identifiers::PartitaIva;
use crate::ids::{ConsortiumId, ProgrammeId};
use crate::money::Eur;
use crate::sme::SmeClass;

pub use acts::{Change, Refusal, agree, amended, contact_amended, correct_address, decide};
pub use changes::{Line, lines};
pub use multi_year::{MultiYearProgramme, ProgrammeYear, YEARS_LIMIT};

/// Most members of one consortium.
pub const MEMBERS_LIMIT: usize = 1_000;
/// Longest name, in characters.
pub const NAME_LIMIT: usize = 200;
/// Longest street address, in characters.
pub const ADDRESS_LIMIT: usize = 300;

/// A consortium as it is now. Contact data are personal and never enter a sealed application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consortium {
    pub id: ConsortiumId,
    pub programme: ProgrammeId,
    pub profile: Profile,
    pub contact: Contact,
}

/// The register of what the rules look at. The rules look at one day of it ([`Profile::on`]), and
/// a submission seals that day. What carries no dates always held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub name: String,
    pub partita_iva: PartitaIva,
    pub form: LegalForm,
    /// ISO 3166 alpha-2 of the legal seat.
    pub seat_country: String,
    pub seat_region: String,
    /// As last changed.
    pub fund: Fund,
    /// The statute forbids distributing surpluses, also on winding-up (E3).
    pub statute_forbids_profit: bool,
    /// Active, not in liquidation or insolvency proceedings (E8).
    pub active: bool,
    /// The majority of directors is appointed by member SMEs (E5).
    pub sme_majority_of_directors: bool,
    /// The level last granted or applied for; when it holds, `accreditations` say.
    pub accreditation: Option<Accreditation>,
    /// Every membership, ended ones too: a firm that came back has several.
    pub members: Vec<Member>,
    /// Declared links between firms (partner or linked, by partita IVA); firms that are not
    /// members may appear.
    pub links: Vec<Link>,
    /// Dated accreditations, oldest first; with none, `accreditation` always held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accreditations: Vec<Accredited>,
    /// What the fund was before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_funds: Vec<PastFund>,
    /// Multi-year programmes, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programmes: Vec<MultiYearProgramme>,
}

/// Where letters go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub legal_representative: Personal,
    pub email: Personal,
    pub language: Language,
    /// Street address of the seat; absent when not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Personal>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalForm {
    Consortium,
    ConsortiumCompany,
    Cooperative,
    Other,
}

impl LegalForm {
    pub const ALL: [Self; 4] = [
        Self::Consortium,
        Self::ConsortiumCompany,
        Self::Cooperative,
        Self::Other,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consortium => "consortium",
            Self::ConsortiumCompany => "consortium_company",
            Self::Cooperative => "cooperative",
            Self::Other => "other",
        }
    }
}

/// The consortium fund (E4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fund {
    pub subscribed: Eur,
    pub paid: Eur,
}

/// What the fund was until a day, its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastFund {
    pub fund: Fund,
    pub until: NaiveDate,
}

/// Regional accreditation (E9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accreditation {
    AppliedFor,
    Entry,
    Advanced,
}

impl Accreditation {
    pub const ALL: [Self; 3] = [Self::AppliedFor, Self::Entry, Self::Advanced];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AppliedFor => "applied_for",
            Self::Entry => "entry",
            Self::Advanced => "advanced",
        }
    }
}

/// An accreditation with its days, both inclusive; without a first day it held from the beginning,
/// without a last one it holds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accredited {
    pub level: Accreditation,
    pub since: Option<NaiveDate>,
    pub until: Option<NaiveDate>,
}

/// One membership of a firm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub partita_iva: PartitaIva,
    pub name: String,
    pub region: String,
    /// Entered in the register of artisan firms (L. 443/1985).
    pub artisan: bool,
    pub size: SmeClass,
    /// As last changed.
    pub share: Eur,
    pub joined_on: NaiveDate,
    /// The first day on which it no longer belongs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_on: Option<NaiveDate>,
    /// What the share was before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_shares: Vec<PastShare>,
    /// Street address; absent when not known. As the e-mail it may be a person's, and neither is
    /// ever sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Personal>,
    /// Where mail reaches the firm; absent when not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Personal>,
}

/// What a share was until a day, its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastShare {
    pub share: Eur,
    pub until: NaiveDate,
}

/// Two firms that are not independent of one another; both days are inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub one: PartitaIva,
    pub other: PartitaIva,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
}

/// What happens to a consortium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Registered {
        consortium: Box<Consortium>,
    },
    Amended {
        profile: Box<Profile>,
        contact: Box<Contact>,
    },
    MemberJoined {
        member: Box<Member>,
    },
    MemberLeft {
        partita_iva: PartitaIva,
        left_on: NaiveDate,
    },
    ShareChanged {
        partita_iva: PartitaIva,
        share: Eur,
        since: NaiveDate,
    },
    /// Absent is no longer known.
    MemberReached {
        partita_iva: PartitaIva,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<Personal>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email: Option<Personal>,
    },
    LinkDeclared {
        link: Link,
    },
    LinkEnded {
        one: PartitaIva,
        other: PartitaIva,
        until: NaiveDate,
    },
    AccreditationGranted {
        accredited: Accredited,
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
    AddressCorrected {
        email: Personal,
        reason: String,
    },
    /// Also when one of the same first year is agreed anew.
    ProgrammeAgreed {
        programme: Box<MultiYearProgramme>,
    },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "registered",
            Self::Amended { .. } => "amended",
            Self::MemberJoined { .. } => "member_joined",
            Self::MemberLeft { .. } => "member_left",
            Self::ShareChanged { .. } => "share_changed",
            Self::MemberReached { .. } => "member_reached",
            Self::LinkDeclared { .. } => "link_declared",
            Self::LinkEnded { .. } => "link_ended",
            Self::AccreditationGranted { .. } => "accreditation_granted",
            Self::AccreditationRenewed { .. } => "accreditation_renewed",
            Self::AccreditationExpired { .. } => "accreditation_expired",
            Self::FundChanged { .. } => "fund_changed",
            Self::AddressCorrected { .. } => "address_corrected",
            Self::ProgrammeAgreed { .. } => "programme_agreed",
        }
    }
}

/// The consortium after `event`; `None` before its registration.
#[must_use]
pub fn apply(before: Option<Consortium>, event: &Event) -> Option<Consortium> {
    if let Event::Registered { consortium } = event {
        return Some((**consortium).clone());
    }
    let mut consortium = before?;
    consortium.profile.take(event);
    match event {
        Event::Amended { contact, .. } => consortium.contact = (**contact).clone(),
        Event::AddressCorrected { email, .. } => consortium.contact.email = email.clone(),
        Event::Registered { .. }
        | Event::MemberJoined { .. }
        | Event::MemberLeft { .. }
        | Event::ShareChanged { .. }
        | Event::MemberReached { .. }
        | Event::LinkDeclared { .. }
        | Event::LinkEnded { .. }
        | Event::AccreditationGranted { .. }
        | Event::AccreditationRenewed { .. }
        | Event::AccreditationExpired { .. }
        | Event::FundChanged { .. }
        | Event::ProgrammeAgreed { .. } => {}
    }
    Some(consortium)
}

impl Profile {
    /// What `event` makes of the register.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Registered { consortium } => self.clone_from(&consortium.profile),
            Event::Amended { profile, .. } => self.clone_from(profile),
            Event::MemberJoined { member } => self.members.push((**member).clone()),
            Event::MemberLeft {
                partita_iva,
                left_on,
            } => {
                if let Some(member) = self.belonging(partita_iva) {
                    member.left_on = Some(*left_on);
                }
            }
            Event::ShareChanged {
                partita_iva,
                share,
                since,
            } => {
                if let Some(member) = self.belonging(partita_iva) {
                    member.change_share(*share, *since);
                }
            }
            Event::MemberReached {
                partita_iva,
                address,
                email,
            } => {
                if let Some(member) = self.belonging(partita_iva) {
                    member.address.clone_from(address);
                    member.email.clone_from(email);
                }
            }
            Event::LinkDeclared { link } => self.links.push(link.clone()),
            Event::LinkEnded { one, other, until } => {
                let mut links = self.links.iter_mut();
                let found = links.find(|link| link.until.is_none() && link.joins(one, other));
                if let Some(link) = found {
                    link.until = Some(*until);
                }
            }
            Event::AccreditationGranted { accredited } => self.accredit(*accredited),
            Event::AccreditationRenewed { until } | Event::AccreditationExpired { until } => {
                self.accredited_until(*until);
            }
            Event::FundChanged { fund, since } => self.change_fund(*fund, *since),
            Event::AddressCorrected { .. } => {}
            Event::ProgrammeAgreed { programme } => {
                self.programmes
                    .retain(|known| known.first_year != programme.first_year);
                self.programmes.push((**programme).clone());
                self.programmes.sort_by_key(|known| known.first_year);
            }
        }
    }

    /// A membership of the firm, ended or not.
    pub fn member(&self, partita_iva: &PartitaIva) -> Option<&Member> {
        self.members
            .iter()
            .find(|member| member.partita_iva == *partita_iva)
    }

    /// The firm's membership that has no end.
    fn belonging(&mut self, partita_iva: &PartitaIva) -> Option<&mut Member> {
        self.members
            .iter_mut()
            .find(|member| member.partita_iva == *partita_iva && member.left_on.is_none())
    }
}
