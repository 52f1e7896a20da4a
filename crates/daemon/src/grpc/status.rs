//! Every refusal's way to a gRPC status: the only place that knows codes.

use std::collections::HashMap;
use std::time::Duration;

use bando_domain::project::Violation;
use bando_domain::receipt::Signed;
use bando_store::Kind;
use bando_workflow::{Change, Error, Refused};
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _, pb};

use crate::convert;

const DOMAIN: &str = "bando";

/// A status with a reason and nothing else.
pub(super) fn plain(code: Code, reason: &str, message: &str) -> Status {
    Status::with_error_details(code, message, info(reason, HashMap::new()))
}

/// A malformed request, told by field and rule.
pub(super) fn invalid(field: &str, rule: &str, explanation: &str) -> Status {
    let violation = Violation::new(field, rule, explanation);
    fields(
        "INVALID_FIELD",
        &format!("{field}: {explanation}"),
        &[violation],
    )
}

/// An upload in which nothing came any more.
pub(super) fn stalled(pause: Duration) -> Status {
    let message = format!("nothing came for {} s", pause.as_secs());
    plain(Code::DeadlineExceeded, "UPLOAD_STALLED", &message)
}

pub(super) fn from_error(error: Error, request: &str) -> Status {
    let message = error.to_string();
    match error {
        Error::Refused(refused) => from_refused(*refused),
        Error::Invalid { reason, violations } => fields(reason, &message, &violations),
        Error::Denied(_) => plain(Code::PermissionDenied, "NOT_YOURS", &message),
        Error::NotFound(what) => {
            let mut details = info("NOT_FOUND", HashMap::new());
            details.set_resource_info("", what, "", message.clone());
            Status::with_error_details(Code::NotFound, message, details)
        }
        Error::Exists { reason, .. } => plain(Code::AlreadyExists, reason, &message),
        Error::Stale { changes, .. } => stale(&message, &changes),
        Error::Damaged { reason, .. } => plain(Code::DataLoss, reason, &message),
        Error::Store(error) => from_store(&error, request),
    }
}

fn info(reason: &str, metadata: HashMap<String, String>) -> ErrorDetails {
    ErrorDetails::with_error_info(reason, DOMAIN, metadata)
}

fn fields(reason: &str, message: &str, violations: &[Violation]) -> Status {
    let mut details = info(reason, rules(violations));
    let told = violations.iter().map(|violation| FieldViolation {
        field: violation.field.clone(),
        reason: violation.rule.clone(),
        description: violation.explanation.clone(),
        localized_message: None,
    });
    details.set_bad_request(told.collect::<Vec<_>>());
    Status::with_error_details(Code::InvalidArgument, message, details)
}

/// The rule of the first few fields, for programs.
fn rules(violations: &[Violation]) -> HashMap<String, String> {
    let first = violations.iter().take(20);
    first
        .map(|violation| (violation.field.clone(), violation.rule.clone()))
        .collect()
}

fn from_refused(refused: Refused) -> Status {
    let mut details = info(refused.reason, HashMap::new());
    if refused.violations.is_empty() {
        details.add_precondition_failure_violation(refused.reason, "", refused.message.as_str());
    }
    for violation in &refused.violations {
        details.add_precondition_failure_violation(
            violation.rule.as_str(),
            violation.field.as_str(),
            violation.explanation.as_str(),
        );
    }
    let status = Status::with_error_details(Code::FailedPrecondition, refused.message, details);
    match refused.statement {
        Some(statement) => with_statement(status, &statement),
        None => status,
    }
}

/// Adds the signed refusal to the details.
fn with_statement(status: Status, signed: &Signed) -> Status {
    let Ok(mut full) = pb::Status::decode(status.details()) else {
        return status;
    };
    full.details.push(prost_types::Any {
        type_url: "type.googleapis.com/bando.v1.SignedStatement".to_owned(),
        value: convert::statement(signed).encode_to_vec(),
    });
    let details = full.encode_to_vec();
    Status::with_details(status.code(), status.message(), details.into())
}

/// Tells who changed what since the etag was read.
fn stale(message: &str, changes: &[Change]) -> Status {
    let mut metadata = HashMap::new();
    for (number, change) in changes.iter().enumerate() {
        let text = format!(
            "{} by {} at {}",
            change.kind,
            change.person,
            change.at.to_rfc3339()
        );
        metadata.insert(format!("change_{}", number + 1), text);
    }
    let mut details = info("ETAG_MISMATCH", metadata);
    for change in changes {
        let text = format!("{} by {}", change.kind, change.person);
        details.add_precondition_failure_violation("ETAG_MISMATCH", change.kind.as_str(), text);
    }
    Status::with_error_details(Code::Aborted, message, details)
}

fn from_store(error: &bando_store::Error, request: &str) -> Status {
    let (code, reason, message) = match error.kind {
        Kind::NotFound => (Code::NotFound, "NOT_FOUND", "it does not exist"),
        Kind::AlreadyExists => (Code::AlreadyExists, "ALREADY_EXISTS", "it exists already"),
        Kind::Stale => (
            Code::Aborted,
            "ETAG_MISMATCH",
            "it changed meanwhile: read it again",
        ),
        Kind::Unavailable | Kind::Conflict => (
            Code::Unavailable,
            "STORE_UNAVAILABLE",
            "the database is busy or down: try again",
        ),
        Kind::Exhausted => (Code::ResourceExhausted, "STORE_FULL", "the disk is full"),
        Kind::Internal => (Code::Internal, "INTERNAL", "internal error"),
    };
    if code == Code::Internal {
        tracing::error!(request, error = error.message, "internal error");
    }
    let mut details = info(reason, HashMap::new());
    if code == Code::Unavailable {
        details.set_retry_info(Some(Duration::from_secs(1)));
    }
    details.set_request_info(request, "");
    let message = if code == Code::Internal {
        format!("internal error, request {request}")
    } else {
        message.to_owned()
    };
    Status::with_error_details(code, message, details)
}
