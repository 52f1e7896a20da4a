//! What went wrong, as a person and as a program can use it, and the exit code that says so.

use std::collections::BTreeMap;
use std::io;

use prost::Message as _;
use serde::Serialize;
use tonic::Code;
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::statement;
use crate::views::receipt::Signed;

/// How the tool ends. The numbers are part of its published interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failure,
    Usage,
    NotFound,
    Access,
    Precondition,
    Findings,
    Unavailable,
    AwaitsApproval,
    Interrupted,
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Access => 4,
            Self::Precondition => 5,
            Self::Findings => 6,
            Self::Unavailable => 7,
            Self::AwaitsApproval => 8,
            Self::Interrupted => 130,
        }
    }

    pub(crate) const fn of(code: Code) -> Self {
        match code {
            Code::Ok => Self::Done,
            Code::InvalidArgument | Code::OutOfRange => Self::Usage,
            Code::NotFound => Self::NotFound,
            Code::Unauthenticated | Code::PermissionDenied => Self::Access,
            Code::FailedPrecondition | Code::Aborted | Code::AlreadyExists => Self::Precondition,
            Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::ResourceExhausted => Self::Unavailable,
            Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss => Self::Failure,
        }
    }
}

/// Why a command did not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something to tell.
    Told(Box<Report>),
    /// Whoever read our output went away: nothing is wrong.
    ReaderGone,
    /// Nothing is wrong, but nothing is done either: a second person must approve it.
    AwaitsApproval,
    Interrupted,
}

/// An error as it is told: lines for a person, one object for a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    #[serde(skip)]
    pub(crate) exit: ExitOf,
    /// Stable reason, such as `CALL_CLOSED`.
    pub(crate) code: String,
    pub(crate) message: String,
    /// A command that helps.
    pub(crate) hint: Option<String>,
    pub(crate) request_id: Option<String>,
    /// Whether the same request may succeed later, unchanged.
    pub(crate) retryable: bool,
    pub(crate) details: Vec<Detail>,
}

/// The exit of a report and, when the daemon answered, the status it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExitOf {
    pub(crate) exit: Exit,
    pub(crate) status: Option<Code>,
}

/// One fact of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Detail {
    /// A field that breaks a rule.
    Field {
        field: String,
        rule: String,
        explanation: String,
    },
    /// What must hold first.
    Precondition {
        rule: String,
        subject: String,
        explanation: String,
    },
    Resource {
        resource_kind: String,
        name: String,
        explanation: String,
    },
    /// A further value of the reason.
    Fact { key: String, value: String },
    /// Seconds to wait before the next attempt.
    Retry { after_seconds: u64 },
    /// A signed refusal.
    Statement { signed: Box<Signed> },
}

impl Failure {
    pub(crate) fn new(exit: Exit, code: &str, message: impl Into<String>) -> Self {
        Self::Told(Box::new(Report {
            exit: ExitOf { exit, status: None },
            code: code.to_owned(),
            message: message.into(),
            hint: None,
            request_id: None,
            retryable: exit == Exit::Unavailable,
            details: Vec::new(),
        }))
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Told(report) = &mut self {
            report.hint = Some(hint.into());
        }
        self
    }

    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Told(report) => report.exit.exit,
            Self::ReaderGone => Exit::Done,
            Self::AwaitsApproval => Exit::AwaitsApproval,
            Self::Interrupted => Exit::Interrupted,
        }
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        Self::Told(Box::new(report(&status)))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::new(Exit::Failure, "OUTPUT_FAILED", error.to_string())
    }
}

fn report(status: &tonic::Status) -> Report {
    if let Some(cause) = unreachable(status) {
        return Report {
            exit: ExitOf {
                exit: Exit::Unavailable,
                status: None,
            },
            code: "UNREACHABLE".into(),
            message: format!("no daemon answers: {cause}"),
            hint: None,
            request_id: None,
            retryable: true,
            details: Vec::new(),
        };
    }
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone());
    Report {
        exit: ExitOf {
            exit: Exit::of(status.code()),
            status: Some(status.code()),
        },
        code: reason
            .filter(|reason| !reason.is_empty())
            .unwrap_or_else(|| name(status.code())),
        message: match status.message() {
            "" => status.code().description().to_owned(),
            "Timeout expired" => "no answer in time: --timeout waits longer".to_owned(),
            message => message.to_owned(),
        },
        hint: None,
        request_id: details.request_info().map(|info| info.request_id.clone()),
        retryable: is_retryable(status.code(), &details),
        details: facts(status, &details),
    }
}

/// The innermost cause, when no daemon was reached.
fn unreachable(status: &tonic::Status) -> Option<String> {
    if !matches!(status.code(), Code::Unavailable | Code::Unknown) {
        return None;
    }
    let mut cause = std::error::Error::source(status)?;
    let mut is_transport = false;
    loop {
        is_transport |= cause.is::<tonic::transport::Error>();
        match cause.source() {
            Some(deeper) => cause = deeper,
            None => return is_transport.then(|| cause.to_string()),
        }
    }
}

/// The outcome of a change that timed out is unknown: the same request id finds it.
fn is_retryable(code: Code, details: &ErrorDetails) -> bool {
    details.retry_info().is_some()
        || matches!(
            code,
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled
        )
}

fn facts(status: &tonic::Status, details: &ErrorDetails) -> Vec<Detail> {
    let fields = details
        .bad_request()
        .into_iter()
        .flat_map(|bad| &bad.field_violations)
        .map(|at| Detail::Field {
            field: at.field.clone(),
            rule: at.reason.clone(),
            explanation: at.description.clone(),
        });
    let preconditions = details
        .precondition_failure()
        .into_iter()
        .flat_map(|unmet| &unmet.violations)
        .map(|at| Detail::Precondition {
            rule: at.r#type.clone(),
            subject: at.subject.clone(),
            explanation: at.description.clone(),
        });
    let resource = details.resource_info().map(|info| Detail::Resource {
        resource_kind: info.resource_type.clone(),
        name: info.resource_name.clone(),
        explanation: info.description.clone(),
    });
    let retry = details
        .retry_info()
        .and_then(|info| info.retry_delay)
        .map(|delay| Detail::Retry {
            after_seconds: delay.as_secs(),
        });
    let statements = refusals(status)
        .into_iter()
        .map(|signed| Detail::Statement {
            signed: Box::new(signed),
        });

    fields
        .chain(preconditions)
        .chain(resource)
        .chain(metadata(details))
        .chain(retry)
        .chain(statements)
        .collect()
}

/// The values of the reason, in the order of their keys.
fn metadata(details: &ErrorDetails) -> impl Iterator<Item = Detail> {
    let info = details.error_info().map(|info| info.metadata.clone());
    let sorted: BTreeMap<String, String> = info.unwrap_or_default().into_iter().collect();
    sorted
        .into_iter()
        .map(|(key, value)| Detail::Fact { key, value })
}

/// Signed statements among the details, as a late submission gets one.
fn refusals(status: &tonic::Status) -> Vec<Signed> {
    let Ok(rich) = tonic_types::Status::decode(status.details()) else {
        return Vec::new();
    };
    rich.details
        .iter()
        .filter_map(statement::from_any)
        .map(|wire| Signed::from(&wire))
        .collect()
}

fn name(code: Code) -> String {
    // A request that this side stopped waiting for counts as cancelled.
    let code = if code == Code::Cancelled {
        Code::DeadlineExceeded
    } else {
        code
    };
    let camel = format!("{code:?}");
    let mut text = String::with_capacity(camel.len() + 2);
    for c in camel.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_uppercase());
    }
    text
}

impl Report {
    /// The signed refusal that came with it.
    pub(crate) fn statement(&self) -> Option<&Signed> {
        self.details.iter().find_map(|detail| match detail {
            Detail::Statement { signed } => Some(signed.as_ref()),
            Detail::Field { .. }
            | Detail::Precondition { .. }
            | Detail::Resource { .. }
            | Detail::Fact { .. }
            | Detail::Retry { .. } => None,
        })
    }

    /// The lines for a person.
    pub(crate) fn lines(&self) -> String {
        let mut lines = vec![format!("error[{}]: {}", self.code, self.message)];
        lines.extend(
            self.details
                .iter()
                .filter_map(Detail::line)
                .map(|line| format!("  {line}")),
        );
        lines.extend(self.hint.iter().map(|hint| format!("  hint: {hint}")));
        if let Some(request) = &self.request_id {
            lines.push(format!("request {request}  exit {}", self.exit.exit.code()));
        }
        lines.join("\n")
    }
}

impl Detail {
    /// `None` for what only programs need.
    fn line(&self) -> Option<String> {
        match self {
            Self::Field {
                field,
                rule,
                explanation,
            } if rule.is_empty() => Some(format!("{field}: {explanation}")),
            Self::Field {
                field,
                rule,
                explanation,
            } => Some(format!("{field}: {explanation} ({rule})")),
            Self::Precondition {
                rule,
                subject,
                explanation,
            } => Some(format!("{subject}: {explanation} ({rule})")),
            Self::Retry { after_seconds } => Some(format!("try again in {after_seconds} s")),
            Self::Statement { signed } => {
                Some(format!("received {}, signed", signed.statement.received_at))
            }
            Self::Resource { .. } | Self::Fact { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests;
