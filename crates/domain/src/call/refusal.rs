//! Why an act about a call is refused.

use chrono::{DateTime, NaiveDate, Utc};

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the call is {actual}, this needs {required}")]
    WrongState {
        required: &'static str,
        actual: &'static str,
    },
    #[error("the call would open at {opens_at}, it is already {now}")]
    OpeningPassed {
        opens_at: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    #[error("the call opens at {opens_at}, it is {now}")]
    NotYetOpen {
        opens_at: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    #[error("the call closes at {closes_at}: an extension is later, {proposed} is not")]
    NotLater {
        closes_at: DateTime<Utc>,
        proposed: DateTime<Utc>,
    },
    #[error("an extension ends after now, {now}, and {proposed} does not")]
    ExtensionPassed {
        proposed: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    #[error(
        "{checked} applications are checked already: opening the call again would let others answer \
         to what the office has seen"
    )]
    ChecksOpened { checked: u64 },
    #[error("the budget was spent at {at}: first come, first served has no more time to give")]
    BudgetSpent { at: DateTime<Utc> },
    #[error("the call is suspended since {since}: resume it first")]
    Suspended { since: DateTime<Utc> },
    #[error("the call is not suspended")]
    NotSuspended,
    #[error("the number of the act is not stated yet: `{stated}`")]
    ActMissing { stated: String },
    #[error("version {in_force} of the rules is in force: the next one is higher, {stated} is not")]
    RulesVersion { in_force: u32, stated: u32 },
    #[error("the rules are those of version {in_force}: nothing would change")]
    RulesUnchanged { in_force: u32 },
    #[error("the rules would be in force from {effective_on}, the earliest day is {earliest}")]
    RulesBackdated {
        effective_on: NaiveDate,
        earliest: NaiveDate,
    },
    #[error("the rules take effect on {effective_on}, it is {today}: approve them on that day")]
    RulesNotYetEffective {
        effective_on: NaiveDate,
        today: NaiveDate,
    },
    #[error("the next edition opens after {opened}, {year} is not a later year up to 2199")]
    EditionYear { year: i32, opened: i32 },
    #[error("`{code}` is no code of a call")]
    EditionCode { code: String },
    #[error("`{text}` cannot be moved to the other year: write the file of that edition by hand")]
    EditionDate { text: String },
    #[error("{what} is fixed since {since}")]
    RulesFixed {
        what: &'static str,
        since: &'static str,
    },
    #[error("the call closed at {closes_at}, it is {now}")]
    ClosePassed {
        closes_at: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    #[error("no results wait for their publication")]
    NoResultsHeld,
    #[error("the results were published at {at}")]
    ResultsPublished { at: DateTime<Utc> },
    #[error("results are published after now, {now}, and {proposed} is not")]
    PublicationPassed {
        proposed: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    #[error("the call runs until {closes_at}, it is {now}")]
    StillOpen {
        closes_at: DateTime<Utc>,
        now: DateTime<Utc>,
    },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "CALL_STATE",
            Self::OpeningPassed { .. } => "OPENING_PASSED",
            Self::NotYetOpen { .. } => "CALL_NOT_OPEN",
            Self::StillOpen { .. } => "CALL_STILL_OPEN",
            Self::NotLater { .. } => "EXTENSION_NOT_LATER",
            Self::ClosePassed { .. } => "CLOSE_PASSED",
            Self::ExtensionPassed { .. } => "EXTENSION_PASSED",
            Self::ChecksOpened { .. } => "CHECKS_OPENED",
            Self::BudgetSpent { .. } => "BUDGET_SPENT",
            Self::Suspended { .. } => "CALL_SUSPENDED",
            Self::NotSuspended => "CALL_NOT_SUSPENDED",
            Self::ActMissing { .. } => "ACT_MISSING",
            Self::EditionYear { .. } => "EDITION_YEAR",
            Self::EditionCode { .. } => "EDITION_CODE",
            Self::EditionDate { .. } => "EDITION_DATE",
            Self::RulesVersion { .. } => "RULES_VERSION",
            Self::RulesUnchanged { .. } => "RULES_UNCHANGED",
            Self::RulesBackdated { .. } => "RULES_BACKDATED",
            Self::RulesNotYetEffective { .. } => "RULES_NOT_YET_EFFECTIVE",
            Self::RulesFixed { .. } => "RULES_FIXED",
            Self::NoResultsHeld => "NO_RESULTS_HELD",
            Self::ResultsPublished { .. } => "RESULTS_PUBLISHED",
            Self::PublicationPassed { .. } => "PUBLICATION_PASSED",
        }
    }
}
