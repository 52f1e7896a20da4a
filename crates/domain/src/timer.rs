//! Timers: rows that make something happen at an instant, unique by call, subject, kind
//! and nominal time.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{CallId, TimerId};

/// What a timer does when it is due. The names are stored; only add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    CallOpens,
    CallCloses,
    DraftsLapse,
    DraftReminder,
    /// A consortium has not answered yet.
    ClarificationReminder,
    /// The term of a clarification request is over.
    ClarificationDue,
    /// Results that were held become public.
    ResultsPublished,
}

impl TimerKind {
    pub const ALL: [Self; 7] = [
        Self::CallOpens,
        Self::CallCloses,
        Self::DraftsLapse,
        Self::DraftReminder,
        Self::ClarificationReminder,
        Self::ClarificationDue,
        Self::ResultsPublished,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallOpens => "call_opens",
            Self::CallCloses => "call_closes",
            Self::DraftsLapse => "drafts_lapse",
            Self::DraftReminder => "draft_reminder",
            Self::ClarificationReminder => "clarification_reminder",
            Self::ClarificationDue => "clarification_due",
            Self::ResultsPublished => "results_published",
        }
    }

    /// `None` for a kind this binary does not know: such a timer is left alone.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A timer that an event asks for: unique by call, subject, kind and nominal time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimerWanted {
    pub call: CallId,
    /// The id of what it is about within the call; empty for the call itself.
    pub subject: String,
    pub kind: TimerKind,
    pub nominal_at: DateTime<Utc>,
}

impl TimerWanted {
    pub fn new(call: &CallId, kind: TimerKind, nominal_at: DateTime<Utc>) -> Self {
        Self {
            call: call.clone(),
            subject: String::new(),
            kind,
            nominal_at,
        }
    }

    /// The same, about something within the call.
    #[must_use]
    pub fn about(self, subject: impl fmt::Display) -> Self {
        Self {
            subject: subject.to_string(),
            ..self
        }
    }
}

/// Waiting timers of one subject and kind that give way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimersCancelled {
    pub call: CallId,
    /// Empty for the call itself.
    pub subject: String,
    pub kind: TimerKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerState {
    Waiting,
    Fired,
    /// Failed too often; waits for a person.
    Parked,
    Cancelled,
}

impl TimerState {
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Fired, Self::Parked, Self::Cancelled];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Fired => "fired",
            Self::Parked => "parked",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A timer as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    pub id: TimerId,
    pub call: CallId,
    /// The id of what it is about within the call; empty for the call itself.
    pub subject: String,
    /// As stored; may be a kind of a newer binary.
    pub kind: String,
    pub nominal_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub state: TimerState,
    pub attempts: i32,
    /// Raised at each claim; a finishing write must still hold it.
    pub lease_token: i64,
    pub fired_at: Option<DateTime<Utc>>,
    pub last_error: Option<String>,
}

/// A cron schedule of the office's routine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub name: String,
    pub cron: String,
    pub zone: String,
    pub next_fire_at: DateTime<Utc>,
    pub last_fire_at: Option<DateTime<Utc>>,
}
