//! What a letter says of one reminder; several of one day to one address stand in one letter.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::Topic;
use crate::civil::Zone;
use crate::ids::CallId;
use crate::letter::LetterKind;
use crate::programme::Text;

/// Stored with its letter: only add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub call: CallId,
    pub title: Text,
    pub zone: Zone,
    /// The id of what it is about: a consortium, an application, a request …
    pub subject: String,
    pub nominal_at: DateTime<Utc>,
    pub not_after: Option<DateTime<Utc>>,
    /// It goes out later than it should have.
    pub is_late: bool,
    #[serde(flatten)]
    pub about: About,
}

/// What it is about, by topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "topic", rename_all = "snake_case")]
pub enum About {
    CallOpens {
        opens_at: DateTime<Utc>,
        closes_at: DateTime<Utc>,
    },
    NoDraft {
        closes_at: DateTime<Utc>,
    },
    DraftNotSubmitted {
        application: String,
        project: String,
        closes_at: DateTime<Utc>,
        /// What still keeps the draft from being submitted, at the time of writing.
        missing: Vec<String>,
    },
    Accreditation {
        /// Its last day; `None` when there never was one that ended.
        expires_on: Option<NaiveDate>,
        closes_at: DateTime<Utc>,
    },
    MembersBelowMinimum {
        members: u32,
        minimum: u32,
        closes_at: DateTime<Utc>,
    },
    ProcedureEnding {
        application: String,
        project: String,
        ends_at: DateTime<Utc>,
        /// The term is over.
        is_over: bool,
    },
    SuspensionEnding {
        application: String,
        project: String,
        ends_at: DateTime<Utc>,
    },
    DeliveryUnrecorded {
        application: String,
        project: String,
        requested_at: DateTime<Utc>,
    },
    EvaluatorLate {
        application: String,
        project: String,
        evaluator: String,
        assigned_at: DateTime<Utc>,
    },
    ProposalExpiring {
        proposal: String,
        /// What would be done.
        act: String,
        requested_by: String,
        expires_at: DateTime<Utc>,
    },
    LetterFailed {
        letter: String,
        kind: LetterKind,
        recipient: String,
        /// It came back; else the relay refused it for good.
        bounced: bool,
        at: DateTime<Utc>,
    },
}

impl About {
    pub const fn topic(&self) -> Topic {
        match self {
            Self::CallOpens { .. } => Topic::CallOpens,
            Self::NoDraft { .. } => Topic::NoDraft,
            Self::DraftNotSubmitted { .. } => Topic::DraftNotSubmitted,
            Self::Accreditation { .. } => Topic::Accreditation,
            Self::MembersBelowMinimum { .. } => Topic::MembersBelowMinimum,
            Self::ProcedureEnding { .. } => Topic::ProcedureEnding,
            Self::SuspensionEnding { .. } => Topic::SuspensionEnding,
            Self::DeliveryUnrecorded { .. } => Topic::DeliveryUnrecorded,
            Self::EvaluatorLate { .. } => Topic::EvaluatorLate,
            Self::ProposalExpiring { .. } => Topic::ProposalExpiring,
            Self::LetterFailed { .. } => Topic::LetterFailed,
        }
    }
}

impl About {
    /// What it is counted from; a reminder of another one is another reminder.
    pub const fn anchor_at(&self) -> DateTime<Utc> {
        match self {
            Self::CallOpens { opens_at: at, .. }
            | Self::NoDraft { closes_at: at }
            | Self::DraftNotSubmitted { closes_at: at, .. }
            | Self::Accreditation { closes_at: at, .. }
            | Self::MembersBelowMinimum { closes_at: at, .. }
            | Self::ProcedureEnding { ends_at: at, .. }
            | Self::SuspensionEnding { ends_at: at, .. }
            | Self::DeliveryUnrecorded {
                requested_at: at, ..
            }
            | Self::EvaluatorLate {
                assigned_at: at, ..
            }
            | Self::ProposalExpiring { expires_at: at, .. }
            | Self::LetterFailed { at, .. } => *at,
        }
    }
}

impl Line {
    pub const fn topic(&self) -> Topic {
        self.about.topic()
    }

    /// Whether a later line of the same matter takes its place.
    pub fn is_same_matter(&self, other: &Self) -> bool {
        self.topic() == other.topic() && self.call == other.call && self.subject == other.subject
    }
}

/// The lines with one more; the later of two about the same matter stands.
pub fn with(mut lines: Vec<Line>, line: Line) -> Vec<Line> {
    match lines.iter_mut().find(|known| known.is_same_matter(&line)) {
        Some(known) if known.nominal_at < line.nominal_at => *known = line,
        Some(_) => {}
        None => lines.push(line),
    }
    lines
}

/// When a letter of these lines is useless: once all of them are.
pub fn useless_after(lines: &[Line]) -> Option<DateTime<Utc>> {
    let ends: Option<Vec<DateTime<Utc>>> = lines.iter().map(|line| line.not_after).collect();
    ends.and_then(|ends| ends.into_iter().max())
}
