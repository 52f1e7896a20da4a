//! What a consortium applies with: the project, its activities, participants and cost budget.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::consortium::ProgrammeYear;
use crate::identifiers::{CountryCode, PartitaIva};
use crate::money::{BasisPoints, Eur};

/// Longest title, in characters.
pub const TITLE_LIMIT: usize = 200;
/// Longest summary, in characters.
pub const SUMMARY_LIMIT: usize = 20_000;
/// Longest description of an activity or a line, in characters.
pub const DESCRIPTION_LIMIT: usize = 2_000;
/// Most activities, participants or lines of one project.
pub const ROWS_LIMIT: usize = 500;
/// Most destination markets: more than there are countries.
pub const MARKETS_LIMIT: usize = 300;

/// The working copy of a project. Everything may be missing while it is a draft.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    pub title: String,
    pub summary: String,
    pub sector: String,
    pub starts_on: Option<NaiveDate>,
    pub ends_on: Option<NaiveDate>,
    pub activities: Vec<Activity>,
    /// Member firms that take part, by partita IVA.
    pub participants: Vec<PartitaIva>,
    pub budget_lines: Vec<BudgetLine>,
    /// What the consortium asks for; `None` asks for whatever the rules give.
    pub requested: Option<Eur>,
    /// Self-declarations of the legal representative (DPR 445/2000), by code.
    pub declarations: BTreeSet<Declaration>,
    /// The year of a multi-year programme that this is the project of; left out where there is
    /// none, so that what was sealed before reads and hashes as it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme_year: Option<ProgrammeYear>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indicators: Option<Indicators>,
}

/// Where the member firms stand when they apply, by their last closed accounts: what the success
/// of the project is measured from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Indicators {
    /// Share of their turnover that is export; absent while it is not stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export_share: Option<BasisPoints>,
    /// Where they sell abroad.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub markets: BTreeSet<CountryCode>,
}

/// One action of a project in a market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Unique within the project, such as `A1`; budget lines refer to it.
    pub code: String,
    pub kind: ActivityKind,
    pub title: String,
    pub market: CountryCode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    B2b,
    OutgoingMission,
    IncomingMission,
    Exhibition,
    Event,
    Communication,
}

impl ActivityKind {
    pub const ALL: [Self; 6] = [
        Self::B2b,
        Self::OutgoingMission,
        Self::IncomingMission,
        Self::Exhibition,
        Self::Event,
        Self::Communication,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::B2b => "b2b",
            Self::OutgoingMission => "outgoing_mission",
            Self::IncomingMission => "incoming_mission",
            Self::Exhibition => "exhibition",
            Self::Event => "event",
            Self::Communication => "communication",
        }
    }
}

/// One planned cost, in whole cents, of one activity and one category of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetLine {
    /// The activity's code.
    pub activity: String,
    /// The cost category's code.
    pub category: String,
    pub description: String,
    pub amount: Eur,
}

/// What the legal representative declares; each is asked at submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Declaration {
    /// Requirements of the call are held at the date of application (E12).
    RequirementsHeld,
    /// No unlawful aid left unrecovered (Deggendorf, E13).
    NoUnrecoveredAid,
    /// The same costs are not financed twice.
    NoDoubleFunding,
}

impl Declaration {
    pub const ALL: [Self; 3] = [
        Self::RequirementsHeld,
        Self::NoUnrecoveredAid,
        Self::NoDoubleFunding,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequirementsHeld => "requirements_held",
            Self::NoUnrecoveredAid => "no_unrecovered_aid",
            Self::NoDoubleFunding => "no_double_funding",
        }
    }
}

/// A part of the project that can be edited on its own; the paths of a field mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    Title,
    Summary,
    Sector,
    StartsOn,
    EndsOn,
    Activities,
    Participants,
    BudgetLines,
    Requested,
    Declarations,
    ProgrammeYear,
    Indicators,
}

impl Path {
    pub const ALL: [Self; 12] = [
        Self::Title,
        Self::Summary,
        Self::Sector,
        Self::StartsOn,
        Self::EndsOn,
        Self::Activities,
        Self::Participants,
        Self::BudgetLines,
        Self::Requested,
        Self::Declarations,
        Self::ProgrammeYear,
        Self::Indicators,
    ];

    /// The name as the wire's field mask writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Summary => "summary",
            Self::Sector => "sector",
            Self::StartsOn => "starts_on",
            Self::EndsOn => "ends_on",
            Self::Activities => "activities",
            Self::Participants => "participants",
            Self::BudgetLines => "budget_lines",
            Self::Requested => "requested_cents",
            Self::Declarations => "declarations",
            Self::ProgrammeYear => "programme_year",
            Self::Indicators => "indicators",
        }
    }
}

/// A rule the project's form breaks, by field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// The field, such as `budget_lines[3].amount_cents`.
    pub field: String,
    /// Stable name of the rule, such as `REQUIRED`.
    pub rule: String,
    pub explanation: String,
}

impl Violation {
    pub fn new(
        field: impl Into<String>,
        rule: impl Into<String>,
        explanation: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            rule: rule.into(),
            explanation: explanation.into(),
        }
    }
}

impl Project {
    /// Takes the parts named by `paths` from `other`.
    pub fn take(&mut self, other: &Self, paths: &[Path]) {
        for path in paths {
            match path {
                Path::Title => self.title.clone_from(&other.title),
                Path::Summary => self.summary.clone_from(&other.summary),
                Path::Sector => self.sector.clone_from(&other.sector),
                Path::StartsOn => self.starts_on = other.starts_on,
                Path::EndsOn => self.ends_on = other.ends_on,
                Path::Activities => self.activities.clone_from(&other.activities),
                Path::Participants => self.participants.clone_from(&other.participants),
                Path::BudgetLines => self.budget_lines.clone_from(&other.budget_lines),
                Path::Requested => self.requested = other.requested,
                Path::Declarations => self.declarations.clone_from(&other.declarations),
                Path::ProgrammeYear => self.programme_year = other.programme_year,
                Path::Indicators => self.indicators.clone_from(&other.indicators),
            }
        }
    }

    /// The parts in which `self` and `other` differ.
    pub fn differences(&self, other: &Self) -> Vec<Path> {
        Path::ALL
            .into_iter()
            .filter(|path| !self.same(other, *path))
            .collect()
    }

    fn same(&self, other: &Self, path: Path) -> bool {
        match path {
            Path::Title => self.title == other.title,
            Path::Summary => self.summary == other.summary,
            Path::Sector => self.sector == other.sector,
            Path::StartsOn => self.starts_on == other.starts_on,
            Path::EndsOn => self.ends_on == other.ends_on,
            Path::Activities => self.activities == other.activities,
            Path::Participants => self.participants == other.participants,
            Path::BudgetLines => self.budget_lines == other.budget_lines,
            Path::Requested => self.requested == other.requested,
            Path::Declarations => self.declarations == other.declarations,
            Path::ProgrammeYear => self.programme_year == other.programme_year,
            Path::Indicators => self.indicators == other.indicators,
        }
    }

    pub fn declared_total(&self) -> Eur {
        self.budget_lines.iter().map(|line| line.amount).sum()
    }
}
