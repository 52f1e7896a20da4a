//! Mending what people got wrong: a check opened again, a ranking annulled, a late application
//! admitted, results held until their publication. Over gRPC on the running daemon, on both
//! databases.

use bando_daemon::convert;
use bando_domain::receipt;
use bando_proto::v1;
use bando_tests::daemon::{Applicant, CALL, PROGRAMME, TestDaemon, closes_at, opens_at};
use chrono::{DateTime, TimeDelta, Utc};
use tonic::Status;

use crate::rankings::{compute, evaluated};
use crate::stories::{public_key, reason};

/// Runs a story on SQLite and on PostgreSQL, each from an open call.
async fn on_both(story: impl AsyncFn(TestDaemon)) {
    for daemon in [
        TestDaemon::start().await,
        TestDaemon::start_on_postgres().await,
    ] {
        daemon.publish().await;
        daemon.turn_clock_to(opens_at()).await;
        Box::pin(story(daemon)).await;
    }
}

/// Opens the check of a submitted application, or takes an open one, and concludes it.
async fn concluded(
    daemon: &TestDaemon,
    application: &v1::Application,
    passed: bool,
) -> v1::Application {
    let mut desk = daemon.officer.eligibility();
    let mut open = application.clone();
    if open.state() == v1::ApplicationState::Submitted {
        let request = v1::OpenCheckRequest {
            name: open.name,
            etag: open.etag,
            ..Default::default()
        };
        open = desk.open_check(request).await.unwrap().into_inner();
    }
    for rule in ["E2", "E13"] {
        let request = v1::RecordFindingRequest {
            name: open.name,
            etag: open.etag,
            rule: rule.to_owned(),
            passed,
            explanation: Some(v1::Text {
                it: "visto".into(),
                en: "seen".into(),
            }),
            ..Default::default()
        };
        open = desk.record_finding(request).await.unwrap().into_inner();
    }
    let request = v1::ConcludeCheckRequest {
        name: open.name,
        etag: open.etag,
        ..Default::default()
    };
    desk.conclude_check(request).await.unwrap().into_inner()
}

async fn reopen(
    daemon: &TestDaemon,
    application: &v1::Application,
) -> Result<v1::Application, Status> {
    let request = v1::ReopenCheckRequest {
        name: application.name.clone(),
        etag: application.etag.clone(),
        reason: "the statute was read wrongly".to_owned(),
        ..Default::default()
    };
    let reopened = daemon.officer.eligibility().reopen_check(request).await?;
    Ok(reopened.into_inner())
}

/// A daemon whose three applications are ranked, with the ranking in force.
async fn ranked(daemon: &TestDaemon) -> Vec<(Applicant, v1::Application)> {
    let all = evaluated(daemon).await;
    daemon.score(&all[2].1.name, "elio", "8").await;
    let proposal = compute(daemon).await.unwrap().proposal.unwrap();
    daemon.approve(&proposal).await.unwrap();
    all
}

async fn propose_annulment(daemon: &TestDaemon) -> Result<v1::Proposal, Status> {
    let request = v1::ProposeAnnulmentRequest {
        name: format!("{CALL}/rankings/-"),
        act: "DD 88/2016".to_owned(),
        reason: "a sheet was counted twice".to_owned(),
        ..Default::default()
    };
    let proposed = daemon.officer.rankings().propose_annulment(request).await?;
    Ok(proposed.into_inner())
}

async fn propose_award(daemon: &TestDaemon, publish_at: &str) -> Result<v1::Proposal, Status> {
    let request = v1::ProposeAwardRequest {
        parent: CALL.to_owned(),
        act: "DD 1/2016".to_owned(),
        publish_at: publish_at.to_owned(),
        ..Default::default()
    };
    let proposed = daemon.manager.awards().propose_award(request).await?;
    Ok(proposed.into_inner())
}

#[tokio::test]
async fn a_check_opened_again_takes_back_its_letter_and_the_next_outcome_is_told_by_itself() {
    on_both(async |daemon| {
        let applicant = daemon.applicant(1).await;
        let draft = applicant.draft().await;
        let submitted = applicant.submit(&draft).await.unwrap().application.unwrap();
        daemon.turn_clock_to(closes_at() + TimeDelta::days(1)).await;
        let refused = concluded(&daemon, &submitted, false).await;
        assert_eq!(refused.state(), v1::ApplicationState::Inadmissible);
        // The letter leaves before the mistake is seen.
        daemon.turn_clock_to(closes_at() + TimeDelta::days(2)).await;

        let open = reopen(&daemon, &refused).await.unwrap();

        assert_eq!(open.state(), v1::ApplicationState::UnderCheck);
        assert_eq!(daemon.letters_of("check_reopened").await.len(), 1);
        let again = concluded(&daemon, &open, false).await;
        assert_eq!(again.state(), v1::ApplicationState::Inadmissible);
        assert_eq!(daemon.letters_of("inadmissible").await.len(), 2);
        let open = reopen(&daemon, &again).await.unwrap();
        let admitted = concluded(&daemon, &open, true).await;
        assert_eq!(admitted.state(), v1::ApplicationState::Admissible);
        daemon.turn_clock_to(closes_at() + TimeDelta::days(3)).await;
        // It left at once, and was taken back by a letter too; or it never leaves.
        let told = daemon.letters_of("inadmissible").await;
        let taken_back = told[1].state() == v1::LetterState::Cancelled;
        let told_again = daemon.letters_of("check_reopened").await.len() == 2;
        assert_ne!(taken_back, told_again, "{told:?}");
    })
    .await;
}

#[tokio::test]
async fn a_ranking_is_annulled_by_two_persons_and_its_next_version_says_why() {
    on_both(async |daemon| {
        let all = ranked(&daemon).await;
        let checked = all[0].0.get(&all[0].1.name).await.unwrap();
        let refusal = reopen(&daemon, &checked).await.unwrap_err();
        assert_eq!(reason(&refusal), "RANKING_IN_FORCE");

        let proposal = propose_annulment(&daemon).await.unwrap();
        assert_eq!(proposal.kind, "annulment");
        let award = propose_award(&daemon, "").await.unwrap_err();
        assert_eq!(reason(&award), "PROPOSAL_EXISTS");
        daemon.approve(&proposal).await.unwrap();

        assert_eq!(daemon.call().await.state(), v1::CallState::Closed);
        let none = propose_annulment(&daemon).await.unwrap_err();
        assert_eq!(reason(&none), "CALL_STATE");
        let open = reopen(&daemon, &checked).await.unwrap();
        let unchecked = compute(&daemon).await.unwrap_err();
        assert_eq!(reason(&unchecked), "CHECKS_OPEN");
        concluded(&daemon, &open, true).await;
        let computed = compute(&daemon).await.unwrap();
        let waiting = reopen(&daemon, &all[1].0.get(&all[1].1.name).await.unwrap()).await;
        assert_eq!(reason(&waiting.unwrap_err()), "RANKING_PENDING");
        let (next, proposal) = (computed.ranking.unwrap(), computed.proposal.unwrap());
        let replaces = next.replaces.unwrap();
        assert_eq!(replaces.ranking, format!("{CALL}/rankings/1"));
        assert_eq!(replaces.annulment.unwrap().act, "DD 88/2016");
        daemon.approve(&proposal).await.unwrap();
        let request = v1::GetRankingRequest {
            name: format!("{CALL}/rankings/1"),
        };
        let first = daemon.auditor.rankings().get_ranking(request).await;
        assert_eq!(
            first.unwrap().into_inner().state(),
            v1::RankingState::Annulled
        );
        assert_eq!(daemon.call().await.ranking, format!("{CALL}/rankings/2"));
    })
    .await;
}

async fn propose_late_admission(
    daemon: &TestDaemon,
    application: &v1::Application,
) -> Result<v1::Proposal, Status> {
    let request = v1::ProposeLateAdmissionRequest {
        name: application.name.clone(),
        etag: application.etag.clone(),
        act: "DD 91/2016".to_owned(),
        reason: "the portal answered late".to_owned(),
        ..Default::default()
    };
    let mut desk = daemon.officer.applications();
    Ok(desk.propose_late_admission(request).await?.into_inner())
}

#[tokio::test]
async fn what_was_tried_late_counts_from_its_instant_once_two_persons_admit_it() {
    on_both(async |daemon| {
        let applicant = daemon.applicant(1).await;
        let never_tried = daemon.applicant(2).await;
        let idle = never_tried.draft().await;
        let draft = applicant.draft().await;
        let tried_at = closes_at() + TimeDelta::seconds(3);
        daemon.turn_clock_to(tried_at).await;
        applicant.submit(&draft).await.unwrap_err();
        daemon.turn_clock_to(closes_at() + TimeDelta::days(1)).await;
        let late = applicant.get(&draft.name).await.unwrap();
        let again = applicant.submit(&late).await.unwrap_err();
        assert_eq!(reason(&again), "CALL_CLOSED");
        let lapsed = never_tried.get(&idle.name).await.unwrap();
        let refusal = propose_late_admission(&daemon, &lapsed).await.unwrap_err();
        assert_eq!(reason(&refusal), "NO_LATE_ATTEMPT");

        let late = applicant.get(&draft.name).await.unwrap();
        let proposal = propose_late_admission(&daemon, &late).await.unwrap();
        assert_eq!(proposal.subject, late.name);
        daemon.approve(&proposal).await.unwrap();

        let admitted = applicant.get(&draft.name).await.unwrap();
        assert_eq!(admitted.state(), v1::ApplicationState::Submitted);
        assert_eq!(daemon.letters_of("late_admission").await.len(), 1);
        let request = v1::GetSubmissionRequest {
            name: draft.name.clone(),
            number: 0,
        };
        let mut desk = applicant.desk.applications();
        let submission = desk.get_submission(request).await.unwrap().into_inner();
        let signed = convert::read_statement(&submission.receipt.unwrap()).unwrap();
        assert_eq!(signed.statement.admitted_by.as_deref(), Some("DD 91/2016"));
        assert_eq!(
            signed.statement.received_at,
            receipt::instant_text(tried_at),
            "the first attempt counts"
        );
        assert_eq!(receipt::verify(&signed, &public_key(&daemon).await), Ok(()));
        let content = receipt::verify_content(&signed, &submission.content);
        assert_eq!(content, Ok(()));
        let checked = daemon.check(&admitted).await;
        assert_eq!(checked.state(), v1::ApplicationState::Admissible);
    })
    .await;
}

/// The ninth of September 2016, nine o'clock in Rome.
fn publication() -> DateTime<Utc> {
    "2016-09-09T07:00:00Z".parse().unwrap()
}

/// What a consortium can see of its own outcome.
async fn seen(applicant: &Applicant, name: &str) -> (v1::ApplicationState, bool, usize, i64) {
    let application = applicant.get(name).await.unwrap();
    let request = v1::ListAwardsRequest {
        parent: CALL.to_owned(),
        ..Default::default()
    };
    let mut desk = applicant.desk.awards();
    let awards = desk.list_awards(request).await.unwrap().into_inner().awards;
    let request = v1::ListEventsRequest {
        parent: PROGRAMME.to_owned(),
        filter: "kind = placed".to_owned(),
        ..Default::default()
    };
    let mut desk = applicant.desk.events();
    let placed = desk.list_events(request).await.unwrap().into_inner();
    (
        application.state(),
        application.placement.is_some(),
        awards.len(),
        placed.total_size,
    )
}

async fn listed(applicant: &Applicant, state: &str) -> usize {
    let request = v1::ListApplicationsRequest {
        parent: CALL.to_owned(),
        filter: format!("state = {state}"),
        ..Default::default()
    };
    let mut desk = applicant.desk.applications();
    let listed = desk.list_applications(request).await.unwrap().into_inner();
    listed.applications.len()
}

#[tokio::test]
async fn results_are_nobodys_but_the_offices_until_the_instant_of_their_publication() {
    on_both(async |daemon| {
        let all = ranked(&daemon).await;
        let (applicant, name) = (&all[0].0, all[0].1.name.as_str());
        let passed = propose_award(&daemon, "2016-06-01 09:00")
            .await
            .unwrap_err();
        assert_eq!(reason(&passed), "PUBLICATION_PASSED");
        let proposal = propose_award(&daemon, "2016-09-02 09:00").await.unwrap();
        daemon.approve(&proposal).await.unwrap();

        let call = daemon.call().await;
        assert_eq!(call.state(), v1::CallState::Awarded);
        let results = call.results.unwrap();
        assert!(results.published_at.is_none());
        let hidden = (v1::ApplicationState::Admissible, false, 0, 0);
        assert_eq!(seen(applicant, name).await, hidden);
        assert_eq!(listed(applicant, "awarded").await, 0);
        assert_eq!(listed(applicant, "admissible").await, 1);
        let request = v1::GetCallRequest {
            name: CALL.to_owned(),
        };
        let outside = applicant.desk.calls().get_call(request).await.unwrap();
        assert_eq!(outside.get_ref().state(), v1::CallState::Ranked);
        assert_eq!(outside.get_ref().results, None);
        let request = v1::WithdrawApplicationRequest {
            name: name.to_owned(),
            etag: applicant.get(name).await.unwrap().etag,
            reason: "restructuring".to_owned(),
            ..Default::default()
        };
        let mut desk = applicant.desk.applications();
        let refusal = desk.withdraw_application(request).await.unwrap_err();
        assert_eq!(reason(&refusal), "RESULTS_HELD");
        assert!(!refusal.message().contains("awarded"), "{refusal}");

        let request = v1::MovePublicationRequest {
            name: CALL.to_owned(),
            etag: call.etag,
            publish_at: "2016-09-09 09:00".to_owned(),
            act: "DD 5/2016".to_owned(),
            ..Default::default()
        };
        let moved = daemon
            .manager
            .calls()
            .move_publication(request.clone())
            .await;
        let moved = moved.unwrap().into_inner();
        assert_eq!(moved.results.unwrap().moves[0].act, "DD 5/2016");
        daemon
            .turn_clock_to(publication() - TimeDelta::seconds(1))
            .await;
        assert_eq!(seen(applicant, name).await, hidden);
        assert_eq!(daemon.letters_of("awarded").await, []);
        daemon.turn_clock_to(publication()).await;

        let shown = (v1::ApplicationState::Awarded, true, 1, 1);
        assert_eq!(seen(applicant, name).await, shown);
        let letters = daemon.letters_of("awarded").await;
        let queued: Vec<_> = letters.iter().map(|letter| letter.queued_at).collect();
        assert_eq!(queued, [Some(convert::instant(publication())); 3]);
        let published = daemon.call().await;
        let again = v1::MovePublicationRequest {
            etag: published.etag,
            ..request
        };
        let refusal = daemon.manager.calls().move_publication(again).await;
        assert_eq!(reason(&refusal.unwrap_err()), "RESULTS_PUBLISHED");
    })
    .await;
}
