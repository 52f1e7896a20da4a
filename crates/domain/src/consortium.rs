//! The applicant organisation: its seat, fund, accreditation, members and their declared links.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::civil::Language;
use crate::event::Personal;
use crate::identifiers::PartitaIva;
use crate::ids::{ConsortiumId, ProgrammeId};
use crate::money::Eur;
use crate::sme::SmeClass;

/// Most members of one consortium.
pub const MEMBERS_LIMIT: usize = 1_000;
/// Longest name, in characters.
pub const NAME_LIMIT: usize = 200;

/// A consortium as it is now. Contact data are personal and never enter a sealed application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consortium {
    pub id: ConsortiumId,
    pub programme: ProgrammeId,
    pub profile: Profile,
    pub contact: Contact,
}

/// What the rules look at; a submission seals a copy of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub name: String,
    pub partita_iva: PartitaIva,
    pub form: LegalForm,
    /// ISO 3166 alpha-2 of the legal seat.
    pub seat_country: String,
    pub seat_region: String,
    pub fund: Fund,
    /// The statute forbids distributing surpluses, also on winding-up (E3).
    pub statute_forbids_profit: bool,
    /// Active, not in liquidation or insolvency proceedings (E8).
    pub active: bool,
    /// The majority of directors is appointed by member SMEs (E5).
    pub sme_majority_of_directors: bool,
    pub accreditation: Option<Accreditation>,
    pub members: Vec<Member>,
    /// Declared links between firms (partner or linked, by partita IVA); firms that are not
    /// members may appear.
    pub links: Vec<Link>,
}

/// Where letters go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub legal_representative: Personal,
    pub email: Personal,
    pub language: Language,
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

/// A firm belonging to the consortium.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub partita_iva: PartitaIva,
    pub name: String,
    pub region: String,
    /// Entered in the register of artisan firms (L. 443/1985).
    pub artisan: bool,
    pub size: SmeClass,
    pub share: Eur,
    pub joined_on: NaiveDate,
}

/// Two firms that are not independent of one another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub one: PartitaIva,
    pub other: PartitaIva,
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
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "registered",
            Self::Amended { .. } => "amended",
        }
    }
}

/// The consortium after `event`; `None` before its registration.
#[must_use]
pub fn apply(before: Option<Consortium>, event: &Event) -> Option<Consortium> {
    match event {
        Event::Registered { consortium } => Some((**consortium).clone()),
        Event::Amended { profile, contact } => before.map(|consortium| Consortium {
            profile: (**profile).clone(),
            contact: (**contact).clone(),
            ..consortium
        }),
    }
}

impl Profile {
    pub fn member(&self, partita_iva: &PartitaIva) -> Option<&Member> {
        self.members
            .iter()
            .find(|member| member.partita_iva == *partita_iva)
    }
}
