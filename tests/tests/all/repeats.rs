//! A repeated request gets its first answer, whatever happened between the two.

use bando_proto::v1;
use bando_tests::daemon::{Applicant, TestDaemon, closes_at};
use bando_tests::papers::{Paper, pdf};
use chrono::TimeDelta;
use prost::Message as _;

const ID: &str = "0190c3f0-0000-7000-8000-0000000000b1";

async fn submitted(daemon: &TestDaemon) -> (Applicant, v1::Application) {
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let submitted = applicant.submit(&draft).await.unwrap();
    (applicant, submitted.application.unwrap())
}

#[tokio::test]
async fn a_check_that_was_opened_is_answered_alike_after_the_consortium_was_asked() {
    let daemon = TestDaemon::open().await;
    let (_, application) = submitted(&daemon).await;
    daemon.turn_clock_to(closes_at() + TimeDelta::days(6)).await;
    let opening = v1::OpenCheckRequest {
        name: application.name,
        etag: application.etag,
        request_id: ID.to_owned(),
        ..Default::default()
    };
    let mut desk = daemon.officer.eligibility();
    let opened = desk.open_check(opening.clone()).await.unwrap().into_inner();
    let asking = v1::RequestClarificationRequest {
        parent: opened.name.clone(),
        etag: opened.etag.clone(),
        items: vec![v1::ClarificationItem {
            kind: v1::ItemKind::Document.into(),
            rule: "E2".to_owned(),
            text: Some(v1::Text {
                it: "lo statuto vigente".to_owned(),
                en: String::new(),
            }),
            ..Default::default()
        }],
        ..Default::default()
    };
    let mut asks = daemon.officer.clarifications();
    asks.request_clarification(asking).await.unwrap();
    daemon.turn_clock_to(closes_at() + TimeDelta::days(8)).await;

    let again = desk.open_check(opening).await.unwrap().into_inner();

    assert_eq!(again.encode_to_vec(), opened.encode_to_vec());
}

#[tokio::test]
async fn a_document_that_was_taken_in_is_answered_alike_after_it_was_submitted() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let mut paper = Paper::new(&draft.name, "annex", "allegato.pdf", pdf("allegato"));
    paper.header.request_id = ID.to_owned();
    let taken = paper.send(&applicant.desk).await.unwrap();
    let with_document = applicant.get(&draft.name).await.unwrap();
    applicant.submit(&with_document).await.unwrap();

    let again = paper.send(&applicant.desk).await.unwrap();

    assert_eq!(again.encode_to_vec(), taken.encode_to_vec());
}
