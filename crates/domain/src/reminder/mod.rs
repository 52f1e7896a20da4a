//! Reminders as a call's file declares them: what they are about, how long before or after what,
//! at which hour, and what becomes of one that was missed. When they go out is computed in one
//! place ([`calendar`]); to whom, from the state at that instant and again when they are sent.

mod calendar;
mod gaps;
mod line;
mod offset;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::call::{Call, State};

pub use calendar::{Occurrence, calendar, next_sweep, sweeps_until};
pub use gaps::{accreditation_gap, members_gap};
pub use line::{About, Line, useless_after, with};
pub use offset::{FORM as OFFSET_FORM, LIMIT_DAYS, Offset};

/// So late a reminder still counts as on time: a restart is no reason to excuse oneself.
pub const ON_TIME: TimeDelta = TimeDelta::minutes(15);

/// What a reminder is about. The names are stored; only add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The call opens, and the consortium has no application in it.
    CallOpens,
    /// The call closes, and the consortium has no application in it.
    NoDraft,
    /// The call closes, and the draft is not submitted.
    DraftNotSubmitted,
    /// No accreditation holds on the day of the close.
    Accreditation,
    /// Fewer members than the call requires.
    MembersBelowMinimum,
    /// The term of the procedure ends, and the application is not decided.
    ProcedureEnding,
    /// The procedure stands still, and its longest suspension ends.
    SuspensionEnding,
    /// What was asked has no recorded delivery: no term runs.
    DeliveryUnrecorded,
    /// An evaluator has not signed off the sheet.
    EvaluatorLate,
    /// A proposal waits for its second person and is about to expire.
    ProposalExpiring,
    /// A letter failed or came back.
    LetterFailed,
}

/// Whom a reminder goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    Consortia,
    Officers,
}

impl Audience {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consortia => "consortia",
            Self::Officers => "officers",
        }
    }
}

/// What a reminder is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Anchor {
    Opening,
    Close,
    /// Of one case: the end of its term, its beginning, its expiry.
    Case,
}

/// Which offsets a topic takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Before,
    After,
    Both,
}

impl Topic {
    pub const ALL: [Self; 11] = [
        Self::CallOpens,
        Self::NoDraft,
        Self::DraftNotSubmitted,
        Self::Accreditation,
        Self::MembersBelowMinimum,
        Self::ProcedureEnding,
        Self::SuspensionEnding,
        Self::DeliveryUnrecorded,
        Self::EvaluatorLate,
        Self::ProposalExpiring,
        Self::LetterFailed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallOpens => "call_opens",
            Self::NoDraft => "no_draft",
            Self::DraftNotSubmitted => "draft_not_submitted",
            Self::Accreditation => "accreditation",
            Self::MembersBelowMinimum => "members_below_minimum",
            Self::ProcedureEnding => "procedure_ending",
            Self::SuspensionEnding => "suspension_ending",
            Self::DeliveryUnrecorded => "delivery_unrecorded",
            Self::EvaluatorLate => "evaluator_late",
            Self::ProposalExpiring => "proposal_expiring",
            Self::LetterFailed => "letter_failed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == text)
    }

    pub const fn audience(self) -> Audience {
        match self {
            Self::CallOpens
            | Self::NoDraft
            | Self::DraftNotSubmitted
            | Self::Accreditation
            | Self::MembersBelowMinimum => Audience::Consortia,
            Self::ProcedureEnding
            | Self::SuspensionEnding
            | Self::DeliveryUnrecorded
            | Self::EvaluatorLate
            | Self::ProposalExpiring
            | Self::LetterFailed => Audience::Officers,
        }
    }

    pub const fn anchor(self) -> Anchor {
        match self {
            Self::CallOpens => Anchor::Opening,
            Self::NoDraft
            | Self::DraftNotSubmitted
            | Self::Accreditation
            | Self::MembersBelowMinimum => Anchor::Close,
            Self::ProcedureEnding
            | Self::SuspensionEnding
            | Self::DeliveryUnrecorded
            | Self::EvaluatorLate
            | Self::ProposalExpiring
            | Self::LetterFailed => Anchor::Case,
        }
    }

    /// Whether there is nothing to remind of before the call is open.
    const fn needs_open_call(self) -> bool {
        matches!(self, Self::NoDraft | Self::DraftNotSubmitted)
    }

    const fn direction(self) -> Direction {
        match self {
            Self::CallOpens | Self::ProcedureEnding => Direction::Both,
            Self::NoDraft
            | Self::DraftNotSubmitted
            | Self::Accreditation
            | Self::MembersBelowMinimum
            | Self::SuspensionEnding
            | Self::ProposalExpiring => Direction::Before,
            Self::DeliveryUnrecorded | Self::EvaluatorLate | Self::LetterFailed => Direction::After,
        }
    }

    /// Whether the call is in a state in which the topic means anything: while it is interrupted,
    /// nobody is told to hurry.
    pub fn concerns(self, call: &Call, now: DateTime<Utc>) -> bool {
        let is_running = call.interruption().is_none() && now <= call.terms.window.closes_at;
        let (is_open, is_public) = match call.state {
            State::Published => (false, true),
            State::Open | State::Closed | State::Ranked | State::Awarded => (true, true),
            State::Draft | State::Cancelled => (false, false),
        };
        match self {
            Self::CallOpens | Self::Accreditation | Self::MembersBelowMinimum => {
                is_public && is_running
            }
            Self::NoDraft | Self::DraftNotSubmitted => is_open && is_running,
            Self::ProcedureEnding
            | Self::SuspensionEnding
            | Self::DeliveryUnrecorded
            | Self::EvaluatorLate
            | Self::ProposalExpiring
            | Self::LetterFailed => is_public,
        }
    }

    /// Why a reminder of this topic cannot have an offset.
    pub const fn refuses(self, offset: Offset) -> Option<&'static str> {
        match (self.direction(), offset) {
            (Direction::Before, Offset::DaysAfter(_)) => {
                Some("must not be after its deadline: this topic takes T- and T0")
            }
            (Direction::After, Offset::DaysBefore(_) | Offset::MinutesBefore(_)) => {
                Some("must not be before what it follows: this topic takes T0 and T+")
            }
            (_, Offset::MinutesBefore(_)) if matches!(self.audience(), Audience::Officers) => {
                Some("must be whole days: the office is reminded once a day")
            }
            (
                Direction::Before | Direction::After | Direction::Both,
                Offset::DaysBefore(_)
                | Offset::MinutesBefore(_)
                | Offset::OnTheDay
                | Offset::DaysAfter(_),
            ) => None,
        }
    }
}

/// One `[[reminders]]` of a call's file. Stored with the call: only add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Reminder {
    pub topic: Topic,
    pub offsets: Vec<Offset>,
    /// Civil time at which offsets in days go out.
    pub at: NaiveTime,
    pub shift: Shift,
    /// Offsets in hours and minutes that fall into them go out when they begin.
    pub quiet_hours: Option<QuietHours>,
    pub channel: Channel,
    pub lateness: Lateness,
}

/// What becomes of a day that is no working day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// The working day before it; for what comes after its anchor, the one after it.
    PreviousWorkingDay,
    None,
}

/// From and to are not quiet themselves; `to` may be on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietHours {
    pub from: NaiveTime,
    pub to: NaiveTime,
}

impl QuietHours {
    pub fn hold(self, time: NaiveTime) -> bool {
        if self.from < self.to {
            return self.from < time && time < self.to;
        }
        time > self.from || time < self.to
    }
}

/// How it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Mail,
}

/// What becomes of one whose time passed while nobody could send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "missed", rename_all = "snake_case")]
pub enum Lateness {
    /// It goes out late and says so, at most so much later.
    Send { within_minutes: Option<u32> },
    /// It does not go out.
    Skip,
}

impl Default for Lateness {
    fn default() -> Self {
        Self::Send {
            within_minutes: None,
        }
    }
}

/// How late a reminder is by its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeliness {
    OnTime,
    Late,
    /// Too late to be sent.
    Missed,
}

impl Lateness {
    pub fn judge(self, nominal_at: DateTime<Utc>, now: DateTime<Utc>) -> Timeliness {
        let late = now - nominal_at;
        if late <= ON_TIME {
            return Timeliness::OnTime;
        }
        match self {
            Self::Skip => Timeliness::Missed,
            Self::Send {
                within_minutes: Some(most),
            } if late > TimeDelta::minutes(i64::from(most)) => Timeliness::Missed,
            Self::Send { .. } => Timeliness::Late,
        }
    }
}

/// At nine in the morning.
pub const fn default_time() -> NaiveTime {
    const NINE: u32 = 9 * 3600;
    match NaiveTime::from_num_seconds_from_midnight_opt(NINE, 0) {
        Some(nine) => nine,
        None => NaiveTime::MIN,
    }
}

impl Reminder {
    /// A reminder that says no more than its topic and offsets.
    pub const fn new(topic: Topic, offsets: Vec<Offset>) -> Self {
        Self {
            topic,
            offsets,
            at: default_time(),
            shift: Shift::PreviousWorkingDay,
            quiet_hours: None,
            channel: Channel::Mail,
            lateness: Lateness::Send {
                within_minutes: None,
            },
        }
    }
}

/// The stored forms: calls of before version 0.3 have one row for each offset, in exact minutes
/// before the close.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Declared {
        topic: Topic,
        offsets: Vec<Offset>,
        #[serde(default = "default_time")]
        at: NaiveTime,
        shift: Shift,
        quiet_hours: Option<QuietHours>,
        channel: Channel,
        #[serde(default)]
        lateness: Lateness,
    },
    Single {
        topic: Topic,
        minutes_before: u32,
    },
}

impl From<Stored> for Reminder {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Declared {
                topic,
                offsets,
                at,
                shift,
                quiet_hours,
                channel,
                lateness,
            } => Self {
                topic,
                offsets,
                at,
                shift,
                quiet_hours,
                channel,
                lateness,
            },
            Stored::Single {
                topic,
                minutes_before,
            } => Self::new(topic, vec![Offset::MinutesBefore(minutes_before)]),
        }
    }
}
