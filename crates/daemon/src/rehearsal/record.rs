//! What is known of a year once it is over: what the consortia and the office did, and what the
//! daemon says of itself. Plain facts, so that an invariant is a function of them.

use std::collections::{BTreeMap, BTreeSet};

use bando_domain::application::State as ApplicationState;
use bando_domain::call::Terms;
use bando_domain::ids::{ApplicationId, CallId};
use bando_domain::letter::{LetterKind, LetterState};
use bando_domain::money::Eur;
use bando_domain::reminder::Topic;
use bando_domain::scoring::Sheet;
use bando_domain::timer::TimerState;
use chrono::{DateTime, Utc};

use super::Downtime;

/// The reason of whatever comes after the close.
pub const CLOSED: &str = "CALL_CLOSED";

#[derive(Debug, Clone)]
pub struct Record {
    pub call: CallId,
    /// As they stand at the end.
    pub terms: Terms,
    pub published_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
    pub downtimes: Vec<Downtime>,
    /// Every attempt to submit, in order.
    pub attempts: Vec<Attempt>,
    pub applications: Vec<Applied>,
    /// Every consortium by its id.
    pub consortia: BTreeSet<String>,
    /// What evaluators signed, by application.
    pub sheets: BTreeMap<ApplicationId, Vec<Sheet>>,
    pub ranking: Option<Ranked>,
    pub awards: Vec<Award>,
    /// Protocol numbers of all receipts that were given, in no order.
    pub protocols: Vec<String>,
    pub letters: Vec<Posted>,
    /// Names of the files of letters, without their ending.
    pub files: BTreeSet<String>,
    /// Whom a letter may go to.
    pub addresses: BTreeSet<String>,
    pub asked: Vec<Asked>,
    pub timers: Vec<Timer>,
    pub schedules: Vec<Schedule>,
    /// When a duty that there are reminders of came up and was done, by topic and subject.
    pub duties: BTreeMap<(Topic, String), Duty>,
    pub chain: Chain,
}

/// An attempt of a complete application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub application: ApplicationId,
    pub at: DateTime<Utc>,
    /// The window as it stood then: both instants are in time.
    pub opens_at: DateTime<Utc>,
    pub closes_at: DateTime<Utc>,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Received {
        protocol: String,
    },
    /// With its stable reason.
    Refused {
        reason: String,
    },
}

impl Attempt {
    pub const fn is_received(&self) -> bool {
        matches!(self.outcome, Outcome::Received { .. })
    }

    /// Refused because the call had closed.
    pub fn is_late(&self) -> bool {
        matches!(&self.outcome, Outcome::Refused { reason } if reason == CLOSED)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub id: ApplicationId,
    pub consortium: String,
    pub title: String,
    pub state: ApplicationState,
    /// What should have become of it.
    pub fate: Fate,
    pub receipts: Vec<Receipt>,
    pub late_attempts: u32,
    /// Participating firms, by the check.
    pub participants: u32,
    pub eligible: Eur,
}

/// What becomes of an application by what was done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Awarded or on the waiting list.
    Ranked,
    BelowThreshold,
    Inadmissible,
    Withdrawn,
    Lapsed,
    Late,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub protocol: String,
    pub received_at: DateTime<Utc>,
    /// Whether its signature holds against the daemon's public key.
    pub verified: bool,
}

/// The ranking in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    pub budget: Eur,
    pub granted: Eur,
    pub left: Eur,
    /// In its order.
    pub entries: Vec<Entry>,
    pub below_threshold: Vec<ApplicationId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub application: ApplicationId,
    pub total: String,
    pub amount: Eur,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Award {
    pub application: ApplicationId,
    pub amount: Eur,
    /// What it would have been, had the budget sufficed.
    pub full: Eur,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub id: String,
    /// Its logical identity.
    pub key: String,
    pub kind: LetterKind,
    pub state: LetterState,
    pub application: Option<ApplicationId>,
    /// `None` for an officer.
    pub consortium: Option<String>,
    pub address: String,
    pub queued_at: DateTime<Utc>,
    pub sent_at: Option<DateTime<Utc>>,
    /// What it reminds of.
    pub lines: Vec<Line>,
}

impl Posted {
    pub const fn has_left(&self) -> bool {
        matches!(self.state, LetterState::Sent | LetterState::Delivered)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub topic: Topic,
    pub subject: String,
    pub nominal_at: DateTime<Utc>,
    /// It says that it comes late.
    pub is_late: bool,
}

/// A request to a consortium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub id: String,
    pub application: ApplicationId,
    pub is_notice: bool,
    pub answers: usize,
    pub expired: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    pub id: String,
    pub kind: String,
    pub subject: String,
    pub state: TimerState,
    pub nominal_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub fired_at: Option<DateTime<Utc>>,
    pub attempts: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub name: String,
    /// Nominal times it should have fired at, by its expression.
    pub expected: Vec<DateTime<Utc>>,
    pub fired: Vec<DateTime<Utc>>,
}

/// Something that somebody has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duty {
    pub since: DateTime<Utc>,
    pub done_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    pub valid: bool,
    pub events: i64,
    pub finding: String,
}
