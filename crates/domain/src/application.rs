//! An application: one working copy that a consortium edits, the submissions it sealed, and what
//! the office found and decided.

mod check;
mod mending;
mod submission;
mod window;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use check::{Conclusion, conclude_check, record_finding};

use crate::budget::AdmittedBudget;
use crate::call::Call;
use crate::eligibility::{self, Finding};
use crate::grant::Grant;
use crate::ids::{ApplicationId, AwardId, CallId, ClarificationId, ConsortiumId, DocumentId};
use crate::money::Eur;
use crate::project::{Path, Project, Violation};
use crate::receipt::Signed;

use mending::record;
pub use mending::{admit_late, may_admit_late, reopen_check};
pub use submission::Submission;
pub use window::{cancel, is_late, lapse, reopen};
use window::{expect_window, expect_window_for_drafts};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    pub id: ApplicationId,
    pub call: CallId,
    pub consortium: ConsortiumId,
    pub state: State,
    /// The working copy; the last submission is what counts.
    pub project: Project,
    /// The version that last changed each part of the working copy.
    pub edited: BTreeMap<Path, i64>,
    /// Receipts, oldest first.
    pub submissions: Vec<Submission>,
    /// Attempts after the close.
    pub late_attempts: u32,
    pub withdrawn_because: Option<String>,
    pub check: Option<Check>,
    pub placement: Option<Placement>,
    /// How often its concluded check was opened again.
    #[serde(default)]
    pub reopened_checks: u32,
}

/// The formal check of the submission that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub rule_set_version: u32,
    /// Firms that take part by the sealed copy.
    pub participants: u32,
    pub findings: Vec<Finding>,
    pub budget: AdmittedBudget,
    pub grant: Grant,
}

/// What the award made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Placement {
    Awarded {
        award: AwardId,
        position: u32,
        amount: Eur,
        full: Eur,
    },
    Waiting {
        position: u32,
        place: u32,
    },
    BelowThreshold,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    Submitted,
    /// Never submitted when the call closed.
    Lapsed,
    /// Tried to submit for the first time after the close.
    Late,
    Withdrawn,
    UnderCheck,
    Admissible,
    Inadmissible,
    BelowThreshold,
    Waiting,
    Awarded,
    /// The call was cancelled.
    Cancelled,
}

impl State {
    pub const ALL: [Self; 12] = [
        Self::Draft,
        Self::Submitted,
        Self::Lapsed,
        Self::Late,
        Self::Withdrawn,
        Self::UnderCheck,
        Self::Admissible,
        Self::Inadmissible,
        Self::BelowThreshold,
        Self::Waiting,
        Self::Awarded,
        Self::Cancelled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Lapsed => "lapsed",
            Self::Late => "late",
            Self::Withdrawn => "withdrawn",
            Self::UnderCheck => "under_check",
            Self::Admissible => "admissible",
            Self::Inadmissible => "inadmissible",
            Self::BelowThreshold => "below_threshold",
            Self::Waiting => "waiting",
            Self::Awarded => "awarded",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What happens to an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Drafted {
        id: ApplicationId,
        call: CallId,
        consortium: ConsortiumId,
    },
    /// `project` carries only the parts named in `paths`.
    Edited {
        version: i64,
        paths: Vec<Path>,
        project: Box<Project>,
    },
    /// A document beside the working copy came or went: whoever would submit sees that it changed.
    DocumentsChanged {
        document: DocumentId,
        change: DocumentChange,
    },
    Submitted {
        submission: Box<Submission>,
    },
    LateAttempted {
        at: DateTime<Utc>,
        refusal: Box<Signed>,
    },
    Lapsed,
    /// The call was extended after its close: a draft again.
    Reopened,
    /// The call was cancelled.
    Cancelled,
    Withdrawn {
        reason: String,
    },
    CheckOpened {
        check: Box<Check>,
    },
    FindingRecorded {
        finding: Finding,
    },
    FoundAdmissible,
    FoundInadmissible {
        rules: Vec<String>,
        /// What the officer says of the consortium's observations.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// The consortium was asked for something; the request is an aggregate of its own.
    Asked {
        clarification: ClarificationId,
    },
    /// A concluded check is open again; its findings stay until they are recorded anew.
    CheckReopened {
        reason: String,
    },
    /// By the approval of a second person: the content that was tried late counts.
    AdmittedLate {
        submission: Box<Submission>,
        act: String,
        reason: String,
    },
    Placed {
        placement: Placement,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentChange {
    Added,
    Removed,
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Drafted { .. } => "drafted",
            Self::Edited { .. } => "edited",
            Self::DocumentsChanged { .. } => "documents_changed",
            Self::Submitted { .. } => "submitted",
            Self::LateAttempted { .. } => "late_attempted",
            Self::Lapsed => "lapsed",
            Self::Reopened => "reopened",
            Self::Cancelled => "cancelled",
            Self::Withdrawn { .. } => "withdrawn",
            Self::CheckOpened { .. } => "check_opened",
            Self::FindingRecorded { .. } => "finding_recorded",
            Self::FoundAdmissible => "found_admissible",
            Self::FoundInadmissible { .. } => "found_inadmissible",
            Self::Asked { .. } => "asked",
            Self::CheckReopened { .. } => "check_reopened",
            Self::AdmittedLate { .. } => "admitted_late",
            Self::Placed { .. } => "placed",
        }
    }
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the application is {actual}, this needs {required}")]
    WrongState {
        required: &'static str,
        actual: &'static str,
    },
    #[error("the call is not open to drafts at {now}: it runs from {opens_at} to {closes_at}")]
    CallNotOpen {
        opens_at: DateTime<Utc>,
        closes_at: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    #[error(
        "the call is suspended from {since}: the request came at {received_at}, and the close moves \
         by the time that is lost"
    )]
    CallSuspended {
        since: DateTime<Utc>,
        received_at: DateTime<Utc>,
    },
    #[error("the call was cancelled")]
    CallCancelled,
    #[error("the call closed at {closes_at}, the request came at {received_at}")]
    CallClosed {
        closes_at: DateTime<Utc>,
        received_at: DateTime<Utc>,
    },
    #[error("{} things are missing, the first: {}: {}", .missing.len(), first(.missing).0, first(.missing).1)]
    Incomplete { missing: Vec<Violation> },
    #[error("rules {} need an officer's finding first", .rules.join(", "))]
    FindingsOpen { rules: Vec<String> },
    #[error("the consortium is still waited for: request {number} is {state}")]
    ClarificationOpen { number: u32, state: &'static str },
    #[error("observations were filed: their rejection needs a reason")]
    ReasonMissing,
    #[error("a later submission was received at {last}, this one at {received_at}")]
    OutOfOrder {
        last: DateTime<Utc>,
        received_at: DateTime<Utc>,
    },
    #[error("a ranking of the call is in force: it is annulled first")]
    RankingInForce,
    #[error(
        "the working copy is not what was tried late: its SHA-256 was {tried}, it is {current} now"
    )]
    ContentChanged { tried: String, current: String },
    #[error("an act without a reason")]
    ActWithoutReason,
    #[error(transparent)]
    Finding(#[from] eligibility::Refusal),
}

fn first(missing: &[Violation]) -> (&str, &str) {
    missing.first().map_or(("", ""), |violation| {
        (&violation.field, &violation.explanation)
    })
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub fn reason(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "APPLICATION_STATE",
            Self::CallNotOpen { .. } => "CALL_NOT_OPEN",
            Self::CallClosed { .. } => "CALL_CLOSED",
            Self::CallSuspended { .. } => "CALL_SUSPENDED",
            Self::CallCancelled => "CALL_CANCELLED",
            Self::Incomplete { .. } => "APPLICATION_INCOMPLETE",
            Self::FindingsOpen { .. } => "FINDINGS_OPEN",
            Self::ClarificationOpen { .. } => "CLARIFICATION_OPEN",
            Self::ReasonMissing | Self::ActWithoutReason => "REASON_REQUIRED",
            Self::OutOfOrder { .. } => "SUBMISSION_OUT_OF_ORDER",
            Self::RankingInForce => "RANKING_IN_FORCE",
            Self::ContentChanged { .. } => "CONTENT_CHANGED",
            Self::Finding(refusal) => refusal.reason(),
        }
    }
}

/// Starts the one working copy of a consortium in a call.
pub fn draft(
    id: ApplicationId,
    call: &Call,
    consortium: ConsortiumId,
    now: DateTime<Utc>,
) -> Result<Event, Refusal> {
    expect_window_for_drafts(call, now)?;
    Ok(Event::Drafted {
        id,
        call: call.id.clone(),
        consortium,
    })
}

/// Changes the named parts of the working copy. `version` is the one this change will make.
pub fn edit(
    application: &Application,
    call: &Call,
    version: i64,
    paths: &[Path],
    project: &Project,
    now: DateTime<Utc>,
) -> Result<Event, Refusal> {
    expect_editable(application)?;
    expect_window_for_drafts(call, now)?;
    let mut changed = Project::default();
    changed.take(project, paths);
    Ok(Event::Edited {
        version,
        paths: paths.to_vec(),
        project: Box::new(changed),
    })
}

/// Adds or removes a document beside the working copy: while that may be edited.
pub fn change_documents(
    application: &Application,
    call: &Call,
    document: DocumentId,
    change: DocumentChange,
    now: DateTime<Utc>,
) -> Result<Event, Refusal> {
    may_change_documents(application, call, now)?;
    Ok(Event::DocumentsChanged { document, change })
}

pub fn may_change_documents(
    application: &Application,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    expect_editable(application)?;
    expect_window(call, now)
}

/// Whether the working copy may be submitted as received at `received_at`. The instants decide:
/// a draft that lapsed meanwhile, or a call that a timer has not opened yet, changes nothing.
pub fn may_submit(
    application: &Application,
    call: &Call,
    missing: Vec<Violation>,
    received_at: DateTime<Utc>,
) -> Result<(), Refusal> {
    let lapsed_meanwhile = application.state == State::Lapsed;
    if !lapsed_meanwhile {
        expect_editable(application)?;
    }
    expect_window(call, received_at)?;
    if let Some(last) = application.submissions.last()
        && last.received_at > received_at
    {
        return Err(Refusal::OutOfOrder {
            last: last.received_at,
            received_at,
        });
    }
    if !missing.is_empty() {
        return Err(Refusal::Incomplete { missing });
    }
    Ok(())
}

/// The consortium takes its application back, until its place in the ranking is decided.
pub fn withdraw(application: &Application, reason: &str) -> Result<Event, Refusal> {
    match application.state {
        State::Submitted | State::UnderCheck | State::Admissible => Ok(Event::Withdrawn {
            reason: reason.to_owned(),
        }),
        State::Draft
        | State::Lapsed
        | State::Late
        | State::Withdrawn
        | State::Inadmissible
        | State::BelowThreshold
        | State::Waiting
        | State::Awarded
        | State::Cancelled => Err(Refusal::WrongState {
            required: "submitted, under_check or admissible",
            actual: application.state.as_str(),
        }),
    }
}

/// Opens the formal check of the submission that counts, once the call is closed; again, where the
/// rules changed since and nothing is decided about its place yet. The earlier check stays in its
/// event.
pub fn open_check(
    application: &Application,
    call: &Call,
    check: Check,
    now: DateTime<Utc>,
) -> Result<Event, Refusal> {
    expect_unchecked(application, call)?;
    let closes_at = call.terms.window.closes_at;
    if now <= closes_at {
        let opens_at = call.terms.window.opens_at;
        return Err(Refusal::CallNotOpen {
            opens_at,
            closes_at,
            now,
        });
    }
    Ok(Event::CheckOpened {
        check: Box::new(check),
    })
}

pub fn place(application: &Application, placement: Placement) -> Result<Event, Refusal> {
    expect_state(application, State::Admissible)?;
    Ok(Event::Placed { placement })
}

/// The application after `event`; `None` before it was drafted.
#[must_use]
pub fn apply(before: Option<Application>, event: &Event) -> Option<Application> {
    if let Event::Drafted {
        id,
        call,
        consortium,
    } = event
    {
        return Some(new(*id, call.clone(), *consortium));
    }
    let mut application = before?;
    match event {
        // What was asked is an aggregate of its own; the version it makes here keeps the check from
        // being concluded meanwhile.
        Event::Drafted { .. } | Event::DocumentsChanged { .. } | Event::Asked { .. } => {}
        Event::Edited {
            version,
            paths,
            project,
        } => {
            application.project.take(project, paths);
            application
                .edited
                .extend(paths.iter().map(|path| (*path, *version)));
        }
        Event::Submitted { submission } | Event::AdmittedLate { submission, .. } => {
            application.state = State::Submitted;
            application.submissions.push((**submission).clone());
        }
        Event::LateAttempted { .. } => {
            application.late_attempts += 1;
            if application.submissions.is_empty() {
                application.state = State::Late;
            }
        }
        Event::Lapsed => application.state = State::Lapsed,
        Event::Reopened => application.state = State::Draft,
        Event::Cancelled => application.state = State::Cancelled,
        Event::Withdrawn { reason } => {
            application.state = State::Withdrawn;
            application.withdrawn_because = Some(reason.clone());
        }
        Event::CheckOpened { check } => {
            application.state = State::UnderCheck;
            application.check = Some((**check).clone());
        }
        Event::FindingRecorded { finding } => record(&mut application, finding),
        Event::FoundAdmissible => application.state = State::Admissible,
        Event::FoundInadmissible { .. } => application.state = State::Inadmissible,
        Event::CheckReopened { .. } => {
            application.state = State::UnderCheck;
            application.reopened_checks += 1;
        }
        Event::Placed { placement } => {
            application.state = match placement {
                Placement::Awarded { .. } => State::Awarded,
                Placement::Waiting { .. } => State::Waiting,
                Placement::BelowThreshold => State::BelowThreshold,
            };
            application.placement = Some(placement.clone());
        }
    }
    Some(application)
}

impl Application {
    /// The submission that counts: the last one in time.
    pub fn counted(&self) -> Option<&Submission> {
        self.submissions.last()
    }

    /// Short name for letters: the protocol number once there is one, else the id's first block.
    pub fn label(&self) -> String {
        label(self.id, self.counted().map(Submission::protocol))
    }
}

/// Short name for letters of an application of that protocol number.
pub fn label(id: ApplicationId, protocol: Option<&str>) -> String {
    match protocol {
        Some(protocol) => protocol.to_owned(),
        None => id.to_string().chars().take(8).collect(),
    }
}

fn new(id: ApplicationId, call: CallId, consortium: ConsortiumId) -> Application {
    Application {
        id,
        call,
        consortium,
        state: State::Draft,
        project: Project::default(),
        edited: BTreeMap::new(),
        submissions: Vec::new(),
        late_attempts: 0,
        withdrawn_because: None,
        check: None,
        placement: None,
        reopened_checks: 0,
    }
}

fn expect_unchecked(application: &Application, call: &Call) -> Result<(), Refusal> {
    let is_outdated = application
        .check
        .as_ref()
        .is_some_and(|check| check.rule_set_version < call.terms.rules.version);
    if is_outdated && matches!(application.state, State::UnderCheck | State::Admissible) {
        return Ok(());
    }
    expect_state(application, State::Submitted)
}

fn expect_state(application: &Application, required: State) -> Result<(), Refusal> {
    if application.state == required {
        return Ok(());
    }
    Err(Refusal::WrongState {
        required: required.as_str(),
        actual: application.state.as_str(),
    })
}

fn expect_editable(application: &Application) -> Result<(), Refusal> {
    if matches!(application.state, State::Draft | State::Submitted) {
        return Ok(());
    }
    Err(Refusal::WrongState {
        required: "draft or submitted",
        actual: application.state.as_str(),
    })
}
