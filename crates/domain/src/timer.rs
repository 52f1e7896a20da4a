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
    /// Of calls of before version 0.3; the others have `Reminder`.
    DraftReminder,
    /// The consortia are reminded; the subject is the topic.
    Reminder,
    /// The office's reminders are looked through.
    ReminderSweep,
    /// A consortium has not answered yet.
    ClarificationReminder,
    /// The term of a clarification request is over.
    ClarificationDue,
    /// Results that were held become public.
    ResultsPublished,
}

impl TimerKind {
    pub const ALL: [Self; 9] = [
        Self::CallOpens,
        Self::CallCloses,
        Self::DraftsLapse,
        Self::DraftReminder,
        Self::Reminder,
        Self::ReminderSweep,
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
            Self::Reminder => "reminder",
            Self::ReminderSweep => "reminder_sweep",
            Self::ClarificationReminder => "clarification_reminder",
            Self::ClarificationDue => "clarification_due",
            Self::ResultsPublished => "results_published",
        }
    }

    /// Whether it is about one case within a call: many are due at one instant, and each does
    /// little.
    pub const fn is_of_a_case(self) -> bool {
        match self {
            Self::ClarificationReminder | Self::ClarificationDue => true,
            Self::CallOpens
            | Self::CallCloses
            | Self::DraftsLapse
            | Self::DraftReminder
            | Self::Reminder
            | Self::ReminderSweep
            | Self::ResultsPublished => false,
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
    /// Raised by every act of a person, not by fires.
    #[serde(default)]
    pub version: i64,
}

/// What persons do to a timer. Stored; only add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// It is due at once, with all its attempts before it.
    Retried,
    Cancelled {
        reason: String,
    },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Retried => "retried",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

/// A rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the timer is {actual}, this needs {required}")]
    WrongState {
        required: &'static str,
        actual: &'static str,
    },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "TIMER_STATE",
        }
    }
}

/// Lets a parked timer try again.
pub fn retry(timer: &Timer) -> Result<Event, Refusal> {
    match timer.state {
        TimerState::Parked => Ok(Event::Retried),
        TimerState::Waiting | TimerState::Fired | TimerState::Cancelled => {
            Err(Refusal::WrongState {
                required: "parked",
                actual: timer.state.as_str(),
            })
        }
    }
}

/// Takes back what did not happen yet.
pub fn cancel(timer: &Timer, reason: &str) -> Result<Event, Refusal> {
    match timer.state {
        TimerState::Waiting | TimerState::Parked => Ok(Event::Cancelled {
            reason: reason.to_owned(),
        }),
        TimerState::Fired | TimerState::Cancelled => Err(Refusal::WrongState {
            required: "waiting or parked",
            actual: timer.state.as_str(),
        }),
    }
}

/// The timer after an act at `at`.
#[must_use]
pub fn apply(timer: &Timer, event: &Event, at: DateTime<Utc>) -> Timer {
    let after = Timer {
        version: timer.version + 1,
        ..timer.clone()
    };
    match event {
        Event::Retried => Timer {
            state: TimerState::Waiting,
            due_at: at,
            attempts: 0,
            ..after
        },
        Event::Cancelled { .. } => Timer {
            state: TimerState::Cancelled,
            ..after
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(state: TimerState) -> Timer {
        Timer {
            id: uuid::Uuid::nil().into(),
            call: "er/2016".parse().unwrap(),
            subject: String::new(),
            kind: "call_closes".into(),
            nominal_at: DateTime::UNIX_EPOCH,
            due_at: DateTime::UNIX_EPOCH,
            state,
            attempts: 10,
            lease_token: 10,
            fired_at: None,
            last_error: Some("busy".into()),
            version: 0,
        }
    }

    #[test]
    fn only_what_is_parked_is_retried_and_only_what_may_happen_is_cancelled() {
        for state in TimerState::ALL {
            let known = timer(state);
            let is_parked = state == TimerState::Parked;
            let is_ahead = is_parked || state == TimerState::Waiting;
            assert_eq!(retry(&known).is_ok(), is_parked, "{state:?}");
            assert_eq!(cancel(&known, "moved").is_ok(), is_ahead, "{state:?}");
        }
    }

    #[test]
    fn a_retried_timer_is_due_at_once_with_all_its_attempts() {
        let at = DateTime::from_timestamp(60, 0).unwrap();

        let after = apply(&timer(TimerState::Parked), &Event::Retried, at);

        assert_eq!(
            (after.state, after.due_at, after.attempts, after.version),
            (TimerState::Waiting, at, 0, 1)
        );
        assert_eq!(after.nominal_at, DateTime::UNIX_EPOCH);
    }
}
