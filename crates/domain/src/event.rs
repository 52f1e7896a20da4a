//! The envelope of the audit trail, and values that may be erased from it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::ids::{EventId, RequestId};

/// A personal value inside an event. In the stored payload it is replaced by a salted
/// commitment, so that erasing the value keeps the chain valid.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Personal {
    personal: String,
}

/// The JSON key that marks a personal value.
pub const PERSONAL_KEY: &str = "personal";

impl Personal {
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            personal: value.into(),
        }
    }

    pub fn reveal(&self) -> &str {
        &self.personal
    }
}

impl std::fmt::Debug for Personal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Personal(…)")
    }
}

/// Which aggregate an event belongs to. The names are stored; only add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectKind {
    Programme,
    Call,
    Consortium,
    Application,
    Clarification,
    Evaluation,
    Ranking,
    Proposal,
    Award,
    Token,
    Document,
    /// A sent letter's delivery.
    Letter,
    Evaluator,
    Schedule,
    Timer,
    /// The clock of the installation.
    Clock,
    /// The service of the installation as a whole.
    Service,
    CalendarFeed,
}

impl SubjectKind {
    pub const ALL: [Self; 18] = [
        Self::Programme,
        Self::Call,
        Self::Consortium,
        Self::Application,
        Self::Clarification,
        Self::Evaluation,
        Self::Ranking,
        Self::Proposal,
        Self::Award,
        Self::Token,
        Self::Document,
        Self::Letter,
        Self::Evaluator,
        Self::Schedule,
        Self::Timer,
        Self::Clock,
        Self::Service,
        Self::CalendarFeed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Programme => "programme",
            Self::Call => "call",
            Self::Consortium => "consortium",
            Self::Application => "application",
            Self::Clarification => "clarification",
            Self::Evaluation => "evaluation",
            Self::Ranking => "ranking",
            Self::Proposal => "proposal",
            Self::Award => "award",
            Self::Token => "token",
            Self::Document => "document",
            Self::Letter => "letter",
            Self::Evaluator => "evaluator",
            Self::Schedule => "schedule",
            Self::Timer => "timer",
            Self::Clock => "clock",
            Self::Service => "service",
            Self::CalendarFeed => "calendar_feed",
        }
    }
}

/// Who did something, when, and under which request: what every event carries.
#[derive(Debug, Clone)]
pub struct Cause {
    pub at: DateTime<Utc>,
    pub actor: Actor,
    pub request: Option<RequestId>,
}

/// One entry of the audit trail as it is read back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    pub id: EventId,
    /// Gap-free number in commit order; `None` until the sequencer reached it.
    pub revision: Option<i64>,
    pub subject_kind: SubjectKind,
    pub subject: String,
    /// The subject's version after this event, from 1.
    pub version: i64,
    /// Name of the event, such as `submitted`.
    pub kind: String,
    pub at: DateTime<Utc>,
    pub person: String,
    pub request: Option<RequestId>,
    pub programme: Option<String>,
    pub call: Option<String>,
    /// The consortium it is about, for showing a consortium its own.
    pub consortium: Option<String>,
    /// Payload with personal values as commitments.
    pub payload: serde_json::Value,
    /// Hash of the chain after this event, hexadecimal.
    pub chain_hash: Option<String>,
}
