//! Why a use case says no, neutral to transport.

use bando_domain::event::Recorded;
use bando_domain::project::Violation;
use bando_domain::ranking_inputs::Incomplete;
use bando_domain::receipt::Signed;
use bando_domain::{
    application, award, calendar_feed, call, clarification, consensus, deadline, draw, eligibility,
    evaluation, letter, proposal, ranking_version, schedule, scoring, timer, token,
};
use bando_store::Kind;
use chrono::{DateTime, Utc};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A published rule says no.
    #[error("{}", .0.message)]
    Refused(Box<Refused>),
    /// What was asked is malformed; every field with its rule.
    #[error("{}", describe(.violations))]
    Invalid {
        reason: &'static str,
        violations: Vec<Violation>,
    },
    /// The actor may not do this.
    #[error("{0}")]
    Denied(String),
    #[error("{0} does not exist")]
    NotFound(String),
    #[error("{message}")]
    Exists {
        reason: &'static str,
        message: String,
    },
    /// It changed since it was looked at.
    #[error("{subject} changed since it was read")]
    Stale {
        subject: String,
        changes: Vec<Change>,
    },
    /// Bytes came other than they were said to be, or are no longer what they were.
    #[error("{message}")]
    Damaged {
        reason: &'static str,
        message: String,
    },
    #[error(transparent)]
    Store(bando_store::Error),
}

/// A refusal with its stable reason and what a client may do with it.
#[derive(Debug, Clone)]
pub struct Refused {
    pub reason: &'static str,
    pub message: String,
    /// What is missing, by field.
    pub violations: Vec<Violation>,
    /// The signed refusal of a late attempt.
    pub statement: Option<Signed>,
}

/// One change that came between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub kind: String,
    pub person: String,
    pub at: DateTime<Utc>,
}

impl From<Recorded> for Change {
    fn from(event: Recorded) -> Self {
        Self {
            kind: event.kind,
            person: event.person,
            at: event.at,
        }
    }
}

fn describe(violations: &[Violation]) -> String {
    match violations {
        [] => "the request is malformed".to_owned(),
        [only] => format!("{}: {}", only.field, only.explanation),
        [first, rest @ ..] => {
            format!(
                "{}: {} (and {} more)",
                first.field,
                first.explanation,
                rest.len()
            )
        }
    }
}

impl Error {
    pub fn refused(reason: &'static str, message: impl Into<String>) -> Self {
        Self::Refused(Box::new(Refused {
            reason,
            message: message.into(),
            violations: Vec::new(),
            statement: None,
        }))
    }

    pub fn invalid(
        field: impl Into<String>,
        rule: &'static str,
        explanation: impl Into<String>,
    ) -> Self {
        Self::invalid_fields(vec![Violation::new(field, rule, explanation)])
    }

    pub fn invalid_fields(violations: Vec<Violation>) -> Self {
        Self::Invalid {
            reason: "INVALID_FIELD",
            violations,
        }
    }

    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Store(error) if error.kind == Kind::Stale)
    }

    pub fn is_internal(&self) -> bool {
        matches!(self, Self::Store(error) if error.kind == Kind::Internal)
    }
}

impl bando_store::Failure for Error {
    fn store(&self) -> Option<&bando_store::Error> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl From<bando_store::Error> for Error {
    fn from(error: bando_store::Error) -> Self {
        match error.kind {
            Kind::NotFound => {
                let what = error.message.trim_end_matches(" does not exist").to_owned();
                Self::NotFound(what)
            }
            Kind::AlreadyExists
            | Kind::Stale
            | Kind::Unavailable
            | Kind::Exhausted
            | Kind::Conflict
            | Kind::Internal => Self::Store(error),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<application::Refusal> for Error {
    fn from(refusal: application::Refusal) -> Self {
        let (reason, message) = (refusal.reason(), refusal.to_string());
        let violations = match refusal {
            application::Refusal::Incomplete { missing } => missing,
            application::Refusal::WrongState { .. }
            | application::Refusal::CallNotOpen { .. }
            | application::Refusal::CallClosed { .. }
            | application::Refusal::CallSuspended { .. }
            | application::Refusal::CallCancelled
            | application::Refusal::FindingsOpen { .. }
            | application::Refusal::OutOfOrder { .. }
            | application::Refusal::ClarificationOpen { .. }
            | application::Refusal::RankingInForce
            | application::Refusal::ContentChanged { .. }
            | application::Refusal::ReasonMissing
            | application::Refusal::ActWithoutReason
            | application::Refusal::Finding(_) => Vec::new(),
        };
        Self::Refused(Box::new(Refused {
            reason,
            message,
            violations,
            statement: None,
        }))
    }
}

macro_rules! refusals {
    ($($refusal:ty),+ $(,)?) => {$(
        impl From<$refusal> for Error {
            fn from(refusal: $refusal) -> Self {
                Self::refused(refusal.reason(), refusal.to_string())
            }
        }
    )+};
}

refusals!(
    clarification::Refusal,
    letter::Refusal,
    award::Refusal,
    calendar_feed::Refusal,
    call::Refusal,
    consensus::Refusal,
    deadline::Refusal,
    draw::Refusal,
    evaluation::Refusal,
    proposal::Refusal,
    ranking_version::Refusal,
    schedule::Refusal,
    timer::Refusal,
    eligibility::Refusal,
    scoring::Refusal,
    Incomplete,
);

impl From<token::Refusal> for Error {
    fn from(refusal: token::Refusal) -> Self {
        match refusal {
            token::Refusal::AlreadyRevoked { .. } => {
                Self::refused(refusal.reason(), refusal.to_string())
            }
            token::Refusal::PersonMissing
            | token::Refusal::RolesMissing
            | token::Refusal::SystemRole
            | token::Refusal::ConsortiumMismatch
            | token::Refusal::RolesExclude { .. }
            | token::Refusal::ProgrammeMissing { .. }
            | token::Refusal::AdminBound
            | token::Refusal::LifeOutOfRange { .. } => Self::Invalid {
                reason: refusal.reason(),
                violations: vec![Violation::new(
                    refusal.field(),
                    refusal.reason(),
                    refusal.to_string(),
                )],
            },
        }
    }
}
