//! Every class of error against its exit code, and an error as both readers see it.

use std::collections::HashMap;

use bando_proto::v1;
use prost::Message as _;
use prost_types::Any;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, RpcStatusExt as _, StatusExt as _};

use super::{Detail, Exit, Failure, Report};

fn told(failure: Failure) -> Report {
    match failure {
        Failure::Told(report) => *report,
        Failure::ReaderGone | Failure::AwaitsApproval | Failure::Interrupted => {
            panic!("nothing to tell")
        }
    }
}

fn refusal() -> Status {
    let mut details = ErrorDetails::new();
    details
        .set_error_info("APPLICATION_INCOMPLETE", "bando", HashMap::new())
        .add_bad_request_violation("project.title", "a title is missing")
        .set_request_info("0190a", "");
    Status::with_error_details(Code::FailedPrecondition, "1 field is missing", details)
}

#[test]
fn every_status_has_its_documented_exit_code() {
    let table = [
        (Code::InvalidArgument, 2),
        (Code::OutOfRange, 2),
        (Code::NotFound, 3),
        (Code::Unauthenticated, 4),
        (Code::PermissionDenied, 4),
        (Code::FailedPrecondition, 5),
        (Code::Aborted, 5),
        (Code::AlreadyExists, 5),
        (Code::Unavailable, 7),
        (Code::DeadlineExceeded, 7),
        (Code::Cancelled, 7),
        (Code::ResourceExhausted, 7),
        (Code::Unknown, 1),
        (Code::Unimplemented, 1),
        (Code::Internal, 1),
        (Code::DataLoss, 1),
    ];
    for (code, exit) in table {
        assert_eq!(
            Failure::from(Status::new(code, "no")).exit().code(),
            exit,
            "{code:?}"
        );
    }
    assert_eq!(Failure::Interrupted.exit().code(), 130);
    assert_eq!(
        Failure::new(Exit::Findings, "CHAIN_BROKEN", "no")
            .exit()
            .code(),
        6
    );
}

#[test]
fn a_refusal_is_told_by_reason_field_hint_and_request() {
    let mut report = told(Failure::from(refusal()));
    report.hint = Some("bando application describe X".into());

    assert_eq!(
        report.lines(),
        "error[APPLICATION_INCOMPLETE]: 1 field is missing\n  \
         project.title: a title is missing\n  \
         hint: bando application describe X\n\
         request 0190a  exit 5"
    );
}

#[test]
fn a_refusal_in_json_has_every_published_key() {
    let json = serde_json::to_value(told(Failure::from(refusal()))).unwrap();

    let expected = serde_json::json!({
        "code": "APPLICATION_INCOMPLETE",
        "message": "1 field is missing",
        "hint": null,
        "request_id": "0190a",
        "retryable": false,
        "details": [{
            "kind": "field", "field": "project.title", "rule": "",
            "explanation": "a title is missing",
        }],
    });
    assert_eq!(json, expected);
}

#[test]
fn a_status_without_details_is_named_by_its_code() {
    let report = told(Failure::from(Status::new(Code::DeadlineExceeded, "")));

    assert_eq!(
        (report.code.as_str(), report.retryable),
        ("DEADLINE_EXCEEDED", true)
    );
}

#[test]
fn a_daemon_that_does_not_answer_in_time_may_be_asked_again() {
    let report = told(Failure::from(Status::cancelled("Timeout expired")));

    assert_eq!(
        (report.code.as_str(), report.retryable),
        ("DEADLINE_EXCEEDED", true)
    );
    assert!(report.message.contains("--timeout"), "{}", report.message);
}

#[test]
fn a_late_submission_brings_its_signed_refusal() {
    let mut details = ErrorDetails::new();
    details.set_error_info("CALL_CLOSED", "bando", HashMap::new());
    let status = Status::with_error_details(Code::FailedPrecondition, "closed", details);
    let mut rich = tonic_types::Status::decode(status.details()).unwrap();
    let statement = v1::SignedStatement {
        kind: v1::StatementKind::LateRefusal.into(),
        call: "er/2016".into(),
        ..Default::default()
    };
    rich.details.push(Any {
        type_url: "type.googleapis.com/bando.v1.SignedStatement".into(),
        value: statement.encode_to_vec(),
    });
    let status = Status::with_details(
        Code::FailedPrecondition,
        "closed",
        rich.encode_to_vec().into(),
    );

    let report = told(Failure::from(status));

    assert_eq!(report.code, "CALL_CLOSED");
    assert_eq!(report.statement().unwrap().statement.kind, "late_refusal");
    assert_eq!(rich.get_details_error_info().unwrap().reason, "CALL_CLOSED");
}

#[tokio::test]
async fn a_daemon_that_is_not_there_is_unreachable() {
    let channel = tonic::transport::Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
    let mut clocks = v1::clock_service_client::ClockServiceClient::new(channel);

    let status = clocks.get_clock(v1::GetClockRequest {}).await.unwrap_err();
    let report = told(Failure::from(status));

    assert_eq!(
        (report.code.as_str(), report.exit.exit),
        ("UNREACHABLE", Exit::Unavailable)
    );
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let gone = std::io::Error::from(std::io::ErrorKind::BrokenPipe);

    assert_eq!(Failure::from(gone).exit(), Exit::Done);
}

#[test]
fn facts_are_for_programs_only() {
    let fact = Detail::Fact {
        key: "actual".into(),
        value: "5".into(),
    };

    assert_eq!(fact.line(), None);
}
