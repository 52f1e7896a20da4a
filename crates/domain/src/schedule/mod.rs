//! Schedules: what the office does by the calendar, of its own accord. Cron decides nothing legal;
//! it drives the routine: digests, sweeps, checkpoints, the backup, next year's edition.

mod occurrences;
mod plan;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{FireId, ProgrammeId};

pub use occurrences::{Due, Upcoming, due, due_at, first_after, preview, unfired};
pub use plan::{Given, Mistake, Plan, plans, shipped};

/// What a schedule does when it fires. The names are stored and stand in configurations; only add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// Every running call in one letter to the officers.
    OfficersDigest,
    /// The week that was and the fortnight that comes, in one letter to the officers.
    WeeklyReport,
    /// Looks for what time has made due: proposals that nobody decided.
    Reminders,
    /// Signs the head of the audit chain.
    Checkpoint,
    /// Forgets what is kept for a time only: request ids, and fires of more than a year ago.
    Retention,
    /// Runs the configured backup command.
    Backup,
    /// Makes the next edition of each call as a draft.
    RollOver,
}

impl ScheduleKind {
    pub const ALL: [Self; 7] = [
        Self::OfficersDigest,
        Self::WeeklyReport,
        Self::Reminders,
        Self::Checkpoint,
        Self::Retention,
        Self::Backup,
        Self::RollOver,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OfficersDigest => "officers_digest",
            Self::WeeklyReport => "weekly_report",
            Self::Reminders => "reminders",
            Self::Checkpoint => "checkpoint",
            Self::Retention => "retention",
            Self::Backup => "backup",
            Self::RollOver => "roll_over",
        }
    }

    /// `None` for a kind this binary does not know: such a schedule is left alone.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Whether a fire outlasts its transaction: a program runs, and may run for long.
    pub const fn runs_a_command(self) -> bool {
        match self {
            Self::Backup => true,
            Self::OfficersDigest
            | Self::WeeklyReport
            | Self::Reminders
            | Self::Checkpoint
            | Self::Retention
            | Self::RollOver => false,
        }
    }
}

/// What happens to nominal times that passed while nobody fired them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// None of them fires.
    Skip,
    /// The last of them fires, if it lies in the window.
    Once,
    /// Each that lies in the window fires, in order.
    All,
}

impl CatchUp {
    pub const ALL: [Self; 3] = [Self::Skip, Self::Once, Self::All];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Once => "once",
            Self::All => "all",
        }
    }
}

/// What happens to a nominal time at which the schedule's last fire still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It is dropped, and counted.
    Skip,
    /// It waits for the end of the other.
    Queue,
}

impl Overlap {
    pub const ALL: [Self; 2] = [Self::Skip, Self::Queue];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
        }
    }
}

/// Who stopped a schedule, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Empty when the configuration says so.
    pub by: String,
    pub at: DateTime<Utc>,
    pub reason: String,
}

/// A schedule of a programme as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    pub programme: ProgrammeId,
    pub plan: Plan,
    /// Raised by every act of a person or of the configuration, not by fires.
    pub version: i64,
    pub pause: Option<Pause>,
    /// The instant of the next nominal time: what lies before it has fired or was dropped.
    pub next_fire_at: DateTime<Utc>,
    /// The same with its jitter.
    pub due_at: DateTime<Utc>,
    pub last_fire_at: Option<DateTime<Utc>>,
    /// Nominal times that were dropped since the schedule is there.
    pub dropped: i64,
}

/// Where a fire comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Calendar,
    /// Somebody asked for one now; it has no nominal time.
    Trigger,
    /// Somebody asked for nominal times of the past.
    Backfill,
}

impl Origin {
    pub const ALL: [Self; 3] = [Self::Calendar, Self::Trigger, Self::Backfill];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calendar => "calendar",
            Self::Trigger => "trigger",
            Self::Backfill => "backfill",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FireState {
    /// Asked for by a person, not begun yet.
    Waiting,
    /// Its program runs.
    Running,
    Done,
    Failed,
    /// Nominal times that will not fire; `detail` says which and why.
    Dropped,
}

impl FireState {
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Dropped,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// One fire of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fire {
    pub id: FireId,
    pub programme: ProgrammeId,
    /// Name of its schedule.
    pub schedule: String,
    pub origin: Origin,
    /// Unique within its schedule; `None` for a trigger and for what was dropped.
    pub nominal_at: Option<DateTime<Utc>>,
    pub state: FireState,
    pub made_at: DateTime<Utc>,
    /// Who asked for it; empty when the calendar did.
    pub person: String,
    pub ended_at: Option<DateTime<Utc>>,
    pub detail: String,
}

/// Most nominal times that one backfill may ask for.
pub const BACKFILL_LIMIT: usize = 100;
/// How far back a backfill may reach: fires are remembered for longer than that.
pub const BACKFILL_REACH: TimeDelta = TimeDelta::days(366);
/// How long fires are remembered.
pub const FIRES_KEPT: TimeDelta = TimeDelta::days(400);

/// A rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the schedule is paused already, since {since} by {by}")]
    AlreadyPaused { since: DateTime<Utc>, by: String },
    #[error("the schedule is not paused")]
    NotPaused,
    #[error("from {from} to {to} is no span of the past: it is {now}")]
    SpanNotPast {
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    #[error("{from} is more than {limit} days ago: fires of then are not remembered")]
    TooLongAgo { from: DateTime<Utc>, limit: i64 },
    #[error("the span has {actual} nominal times or more that did not fire, at most {limit} do")]
    TooMany { actual: usize, limit: usize },
    #[error("every nominal time of the span has fired")]
    NothingToFire,
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::AlreadyPaused { .. } | Self::NotPaused => "SCHEDULE_STATE",
            Self::SpanNotPast { .. } | Self::TooLongAgo { .. } | Self::TooMany { .. } => {
                "BACKFILL_SPAN"
            }
            Self::NothingToFire => "BACKFILL_EMPTY",
        }
    }
}

/// What persons and the configuration do to a schedule. Stored; only add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The configuration made it, or says it otherwise than before.
    Planned {
        plan: Box<Plan>,
        /// Later nominal times fire by the new plan, none before.
        from: DateTime<Utc>,
    },
    /// The configuration does not name it any more.
    Removed,
    Paused {
        reason: String,
    },
    Resumed {
        from: DateTime<Utc>,
    },
    Triggered {
        fire: FireId,
        reason: String,
    },
    Backfilled {
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        nominal: Vec<DateTime<Utc>>,
    },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Planned { .. } => "planned",
            Self::Removed => "removed",
            Self::Paused { .. } => "paused",
            Self::Resumed { .. } => "resumed",
            Self::Triggered { .. } => "triggered",
            Self::Backfilled { .. } => "backfilled",
        }
    }
}

/// Stops a schedule until somebody resumes it.
pub fn pause(schedule: &Schedule, reason: &str) -> Result<Event, Refusal> {
    if let Some(pause) = &schedule.pause {
        return Err(Refusal::AlreadyPaused {
            since: pause.at,
            by: pause.by.clone(),
        });
    }
    Ok(Event::Paused {
        reason: reason.to_owned(),
    })
}

/// Lets a schedule go on from `now`: what passed while it was paused does not fire any more.
pub fn resume(schedule: &Schedule, now: DateTime<Utc>) -> Result<Event, Refusal> {
    if schedule.pause.is_none() {
        return Err(Refusal::NotPaused);
    }
    Ok(Event::Resumed { from: now })
}

/// Which nominal times of a span of the past fire after all: those that are not among `fired`.
pub fn backfill(
    schedule: &Schedule,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    fired: &[DateTime<Utc>],
    now: DateTime<Utc>,
) -> Result<Event, Refusal> {
    if from > to || to >= now {
        return Err(Refusal::SpanNotPast { from, to, now });
    }
    if now - from > BACKFILL_REACH {
        let limit = BACKFILL_REACH.num_days();
        return Err(Refusal::TooLongAgo { from, limit });
    }
    // What the calendar has not come to yet is its own.
    let to = to.min(schedule.next_fire_at - TimeDelta::microseconds(1));
    let nominal = unfired(&schedule.plan, (from, to), fired, BACKFILL_LIMIT + 1);
    if nominal.len() > BACKFILL_LIMIT {
        return Err(Refusal::TooMany {
            actual: nominal.len(),
            limit: BACKFILL_LIMIT,
        });
    }
    if nominal.is_empty() {
        return Err(Refusal::NothingToFire);
    }
    Ok(Event::Backfilled { from, to, nominal })
}

/// The schedule after `event`; fires are no events of it.
#[must_use]
pub fn apply(schedule: &Schedule, event: &Event, at: DateTime<Utc>, person: &str) -> Schedule {
    let mut after = Schedule {
        version: schedule.version + 1,
        ..schedule.clone()
    };
    match event {
        Event::Planned { plan, from } => {
            if plan.paused != schedule.plan.paused {
                after.pause = plan.pause(at);
            }
            after.plan = (**plan).clone();
            after.start_from(*from);
        }
        Event::Paused { reason } => {
            after.pause = Some(Pause {
                by: person.to_owned(),
                at,
                reason: reason.clone(),
            });
        }
        Event::Resumed { from } => {
            after.pause = None;
            after.start_from(*from);
        }
        Event::Removed | Event::Triggered { .. } | Event::Backfilled { .. } => {}
    }
    after
}

impl Schedule {
    /// A schedule that begins at `from`.
    pub fn new(programme: &ProgrammeId, plan: Plan, from: DateTime<Utc>) -> Self {
        let mut schedule = Self {
            programme: programme.clone(),
            version: 1,
            pause: plan.pause(from),
            plan,
            next_fire_at: from,
            due_at: from,
            last_fire_at: None,
            dropped: 0,
        };
        schedule.start_from(from);
        schedule
    }

    fn start_from(&mut self, from: DateTime<Utc>) {
        self.next_fire_at = first_after(&self.plan, from);
        self.due_at = due_at(&self.programme, &self.plan, self.next_fire_at);
    }
}
