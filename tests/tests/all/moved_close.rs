//! A close that moves: to later by two persons, to earlier by a spent budget. Over gRPC on the
//! running daemon.

use bando_proto::v1;
use bando_tests::daemon::{CALL, TestDaemon, closes_at, opens_at};
use chrono::TimeDelta;
use tonic::Status;

use crate::rankings::approval;
use crate::stories::reason;

/// Ten days after the stated close.
const NEW_CLOSE: &str = "2016-06-10 16:00";

async fn propose(daemon: &TestDaemon, closes: &str) -> Result<v1::Proposal, Status> {
    let request = v1::ProposeExtensionRequest {
        name: CALL.to_owned(),
        etag: daemon.call().await.etag,
        closes: closes.to_owned(),
        act: "DD 77/2016".to_owned(),
        ..Default::default()
    };
    let proposed = daemon.officer.calls().propose_extension(request).await?;
    Ok(proposed.into_inner())
}

#[tokio::test]
async fn an_extension_approved_by_a_second_person_moves_everything_that_hangs_on_the_close() {
    let daemon = TestDaemon::open().await;
    let (drafting, submitted) = (daemon.applicant(1).await, daemon.applicant(2).await);
    let draft = drafting.draft().await;
    submitted.submit(&submitted.draft().await).await.unwrap();
    daemon
        .turn_clock_to(closes_at() - TimeDelta::hours(1))
        .await;
    let reminded = daemon.letters_of("reminder").await.len();
    assert!(reminded > 0);
    let proposal = propose(&daemon, NEW_CLOSE).await.unwrap();
    assert_eq!(
        (proposal.kind.as_str(), proposal.subject.as_str()),
        ("extension", CALL)
    );
    assert!(
        proposal.detail.contains("DD 77/2016"),
        "{}",
        proposal.detail
    );

    let approved = daemon
        .approver
        .proposals()
        .approve_proposal(approval(&proposal))
        .await;

    assert_eq!(
        approved.unwrap().into_inner().state(),
        v1::ProposalState::Approved
    );
    assert_eq!(daemon.letters_of("call_extended").await.len(), 2);
    daemon.turn_clock_to(closes_at() + TimeDelta::days(1)).await;
    assert_eq!(daemon.call().await.state(), v1::CallState::Open);
    let current = drafting.get(&draft.name).await.unwrap();
    assert_eq!(current.state(), v1::ApplicationState::Draft);
    daemon
        .turn_clock_to(closes_at() + TimeDelta::days(10))
        .await;
    let reminders = daemon.letters_of("reminder").await;
    let after = bando_daemon::convert::instant(closes_at() + TimeDelta::days(1));
    let again = reminders
        .iter()
        .filter(|letter| letter.queued_at.unwrap().seconds > after.seconds)
        .count();
    assert!(again > 0, "the reminders come again before the new close");
    assert_eq!(reminders.len(), reminded + again);
    let received = drafting.submit(&current).await.unwrap();
    assert!(
        received.receipt.is_some(),
        "at the new instant it is in time"
    );
    daemon
        .turn_clock_to(closes_at() + TimeDelta::days(11))
        .await;
    let call = daemon.call().await;
    assert_eq!(call.state(), v1::CallState::Closed);
    let extensions = call.window.unwrap().extensions;
    assert_eq!(extensions[0].act, "DD 77/2016");
}

#[tokio::test]
async fn an_extension_is_later_in_time_and_one_at_a_time() {
    let daemon = TestDaemon::open().await;
    daemon.turn_clock_to(closes_at() - TimeDelta::days(1)).await;

    let earlier = propose(&daemon, "2016-05-31 15:59").await.unwrap_err();
    let nonsense = propose(&daemon, "next Friday").await.unwrap_err();
    let proposal = propose(&daemon, NEW_CLOSE).await.unwrap();
    let second = propose(&daemon, "2016-06-11").await.unwrap_err();
    let own = daemon
        .officer
        .proposals()
        .approve_proposal(approval(&proposal))
        .await
        .unwrap_err();

    assert_eq!(reason(&earlier), "EXTENSION_NOT_LATER");
    assert!(nonsense.message().contains("closes"), "{nonsense}");
    assert_eq!(reason(&second), "PROPOSAL_EXISTS");
    assert_eq!(own.code(), tonic::Code::PermissionDenied);
    daemon
        .turn_clock_to(closes_at() + TimeDelta::days(10))
        .await;
    let late = daemon.approve(&proposal).await.unwrap_err();
    assert_eq!(reason(&late), "EXTENSION_PASSED");
    let after = propose(&daemon, NEW_CLOSE).await.unwrap_err();
    assert_eq!(reason(&after), "EXTENSION_PASSED");
}

#[tokio::test]
async fn an_extension_after_the_close_brings_back_what_lapsed_and_what_came_late() {
    extended_after_the_close(TestDaemon::start().await).await;
}

#[tokio::test]
async fn an_extension_after_the_close_works_on_postgresql_too() {
    extended_after_the_close(TestDaemon::start_on_postgres().await).await;
}

async fn extended_after_the_close(daemon: TestDaemon) {
    daemon.publish().await;
    daemon.turn_clock_to(opens_at()).await;
    let (idle, late, received) = (
        daemon.applicant(1).await,
        daemon.applicant(2).await,
        daemon.applicant(3).await,
    );
    let lapsed = idle.draft().await;
    let tried = late.draft().await;
    received.submit(&received.draft().await).await.unwrap();
    daemon
        .turn_clock_to(closes_at() + TimeDelta::seconds(1))
        .await;
    let refusal = late.submit(&tried).await.unwrap_err();
    assert_eq!(reason(&refusal), "CALL_CLOSED");
    daemon.turn_clock_to(closes_at() + TimeDelta::days(1)).await;
    assert_eq!(daemon.letters_of("lapsed").await.len(), 1);

    let proposal = propose(&daemon, NEW_CLOSE).await.unwrap();
    daemon.approve(&proposal).await.unwrap();

    assert_eq!(daemon.call().await.state(), v1::CallState::Open);
    assert_eq!(daemon.letters_of("call_extended").await.len(), 3);
    for (applicant, name) in [(&idle, &lapsed.name), (&late, &tried.name)] {
        let current = applicant.get(name).await.unwrap();
        assert_eq!(current.state(), v1::ApplicationState::Draft);
    }
    let again = late.get(&tried.name).await.unwrap();
    assert!(late.submit(&again).await.unwrap().receipt.is_some());
    daemon
        .turn_clock_to(closes_at() + TimeDelta::days(11))
        .await;
    assert_eq!(daemon.call().await.state(), v1::CallState::Closed);
    let current = idle.get(&lapsed.name).await.unwrap();
    assert_eq!(current.state(), v1::ApplicationState::Lapsed);
    assert_eq!(
        daemon.letters_of("lapsed").await.len(),
        2,
        "it lapsed twice"
    );
}

#[tokio::test]
async fn nobody_answers_to_what_the_office_has_seen() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let submitted = applicant.submit(&applicant.draft().await).await.unwrap();
    daemon.turn_clock_to(closes_at() + TimeDelta::days(1)).await;
    let proposal = propose(&daemon, NEW_CLOSE).await.unwrap();
    daemon.check(&submitted.application.unwrap()).await;

    let refusal = daemon.approve(&proposal).await.unwrap_err();
    let again = propose(&daemon, "2016-06-11").await.unwrap_err();

    assert_eq!(reason(&refusal), "CHECKS_OPENED");
    assert_eq!(reason(&again), "CHECKS_OPENED");
}

#[tokio::test]
async fn first_come_closes_when_the_budget_is_spent_and_the_next_one_is_late() {
    let daemon = TestDaemon::start().await;
    let file = bando_daemon::samples::CALL_2016
        .1
        .replace("ranking_with_waiting_list", "first_come")
        .replace("budget = \"2000000.00\"", "budget = \"150000.00\"");
    daemon.load_call(&file).await.unwrap();
    daemon.publish().await;
    daemon.turn_clock_to(opens_at()).await;
    let mut drafts = Vec::new();
    for number in 1..=4 {
        let applicant = daemon.applicant(number).await;
        let draft = applicant.draft().await;
        drafts.push((applicant, draft));
    }
    daemon.turn_clock_to(opens_at() + TimeDelta::days(1)).await;

    // Each would get 42,000.00: after the third, less than the smallest grant is left.
    for (applicant, draft) in &drafts[..3] {
        applicant.submit(draft).await.unwrap();
    }
    let exhausted_at = opens_at() + TimeDelta::days(1);
    let call = daemon.call().await;
    assert_eq!(
        call.window.unwrap().closes_at,
        Some(bando_daemon::convert::instant(exhausted_at))
    );
    daemon
        .turn_clock_to(exhausted_at + TimeDelta::minutes(2))
        .await;

    assert_eq!(daemon.call().await.state(), v1::CallState::Closed);
    let (applicant, draft) = &drafts[3];
    let refusal = applicant.submit(draft).await.unwrap_err();
    assert_eq!(reason(&refusal), "CALL_CLOSED");
}
