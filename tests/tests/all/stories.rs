//! Stories of a year, told through gRPC.

use bando_daemon::convert;
use bando_domain::receipt;
use bando_proto::v1;
use bando_tests::daemon::{
    CALL, ONE_MICROSECOND, PROGRAMME, TestDaemon, closes_at, opens_at, project, serve,
};
use bando_tests::raw::Raw;
use chrono::TimeDelta;
use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::{StatusExt as _, pb};

use crate::rankings::{approval, compute, evaluated};

/// The reason a refusal carries.
pub(crate) fn reason(status: &Status) -> String {
    status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default()
}

pub(crate) async fn public_key(daemon: &TestDaemon) -> String {
    let listed = daemon
        .auditor
        .receipts()
        .list_receipt_keys(v1::ListReceiptKeysRequest {})
        .await;
    listed.unwrap().into_inner().keys.remove(0).public_key
}

#[tokio::test]
async fn a_submission_at_the_stated_instant_is_in_time() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    daemon.turn_clock_to(closes_at()).await;

    let submitted = applicant.submit(&draft).await.unwrap();

    let receipt = submitted.receipt.unwrap();
    assert_eq!(receipt.received_at, receipt.closes_at);
    let signed = convert::read_statement(&receipt).unwrap();
    assert_eq!(receipt::verify(&signed, &public_key(&daemon).await), Ok(()));
}

#[tokio::test]
async fn one_microsecond_late_is_refused_with_a_signed_statement_and_remembered() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    daemon.turn_clock_to(closes_at() + ONE_MICROSECOND).await;

    let refusal = applicant.submit(&draft).await.unwrap_err();

    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::FailedPrecondition, "CALL_CLOSED")
    );
    let details = pb::Status::decode(refusal.details()).unwrap().details;
    let signed = details
        .iter()
        .find(|any| any.type_url.ends_with("SignedStatement"))
        .unwrap();
    let signed = v1::SignedStatement::decode(signed.value.as_slice()).unwrap();
    let signed = convert::read_statement(&signed).unwrap();
    assert_eq!(receipt::verify(&signed, &public_key(&daemon).await), Ok(()));

    daemon.turn_clock_to(closes_at() + TimeDelta::days(1)).await;
    let after = applicant.get(&draft.name).await.unwrap();
    assert_eq!(
        (after.state(), after.late_attempts),
        (v1::ApplicationState::Late, 1)
    );
    assert_eq!(daemon.letters_of("late_refusal").await.len(), 1);
    assert_eq!(daemon.letters_of("lapsed").await.len(), 0);
}

#[tokio::test]
async fn the_last_submission_counts_and_a_later_edit_leaves_the_sealed_copy() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let first = applicant.submit(&draft).await.unwrap().application.unwrap();
    daemon.turn_clock_to(opens_at() + TimeDelta::hours(1)).await;
    let second = applicant.submit(&first).await.unwrap().application.unwrap();
    let renamed = v1::Project {
        title: "Altro titolo".into(),
        ..Default::default()
    };
    applicant
        .update(&second.name, &second.etag, &["title"], renamed)
        .await
        .unwrap();

    let request = v1::GetSubmissionRequest {
        name: draft.name,
        number: 0,
    };
    let sealed = applicant
        .desk
        .applications()
        .get_submission(request)
        .await
        .unwrap()
        .into_inner();

    assert_eq!(sealed.number, 2);
    let signed = convert::read_statement(&sealed.receipt.unwrap()).unwrap();
    assert_eq!(receipt::verify_content(&signed, &sealed.content), Ok(()));
    let content = String::from_utf8(sealed.content).unwrap();
    assert!(content.contains("Insieme a Hannover") && !content.contains("Altro titolo"));
    assert!(
        !content.contains("example.invalid"),
        "contact data are not sealed"
    );
    assert_eq!(daemon.letters_of("receipt").await.len(), 2);
}

#[tokio::test]
async fn the_same_request_gets_the_same_bytes_and_changes_nothing_twice() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let id = "0190c3f0-0000-7000-8000-000000000001";
    let first = applicant.submit_as(&draft, id).await.unwrap();
    let events = daemon.events().await;

    let again = applicant.submit_as(&draft, id).await.unwrap();

    assert_eq!(first.encode_to_vec(), again.encode_to_vec());
    assert_eq!(daemon.events().await, events);
    let mut other = draft.clone();
    other.etag = "1".into();
    let refusal = applicant.submit_as(&other, id).await.unwrap_err();
    assert_eq!(reason(&refusal), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn a_withdrawal_that_is_asked_for_again_gets_the_same_answer() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let submitted = applicant.submit(&draft).await.unwrap().application.unwrap();
    let request = v1::WithdrawApplicationRequest {
        name: submitted.name,
        etag: submitted.etag,
        reason: "the fair was cancelled".into(),
        request_id: "0190c3f0-0000-7000-8000-000000000002".into(),
        validate_only: false,
    };
    let withdraw = async || {
        let mut desk = applicant.desk.applications();
        let answer = desk.withdraw_application(request.clone()).await;
        answer.map(tonic::Response::into_inner)
    };
    let first = withdraw().await.unwrap();

    let again = withdraw().await.unwrap();

    assert_eq!(first.encode_to_vec(), again.encode_to_vec());
}

#[tokio::test]
async fn a_stale_etag_names_who_came_between_and_other_parts_merge() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let titled = |title: &str| v1::Project {
        title: title.into(),
        ..Default::default()
    };
    applicant
        .update(&draft.name, &draft.etag, &["title"], titled("Uno"))
        .await
        .unwrap();

    let refusal = applicant
        .update(&draft.name, &draft.etag, &["title"], titled("Due"))
        .await
        .unwrap_err();

    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::Aborted, "ETAG_MISMATCH")
    );
    let info = refusal.get_details_error_info().unwrap();
    assert!(
        info.metadata["change_1"].contains("edited by consorzio1"),
        "{info:?}"
    );
    let summary = v1::Project {
        summary: "Altro".into(),
        ..Default::default()
    };
    let merged = applicant
        .update(&draft.name, &draft.etag, &["summary"], summary)
        .await
        .unwrap();
    let merged = merged.project.unwrap();
    assert_eq!(
        (merged.title.as_str(), merged.summary.as_str()),
        ("Uno", "Altro")
    );
}

#[tokio::test]
async fn a_rehearsed_submission_changes_nothing() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let before = daemon.events().await;
    let request = v1::SubmitApplicationRequest {
        name: draft.name.clone(),
        etag: draft.etag.clone(),
        validate_only: true,
        ..Default::default()
    };

    let answer = applicant
        .desk
        .applications()
        .submit_application(request)
        .await
        .unwrap();

    assert!(answer.into_inner().receipt.is_some());
    assert_eq!(daemon.events().await, before);
    assert_eq!(applicant.get(&draft.name).await.unwrap().etag, draft.etag);
}

#[tokio::test]
async fn an_incomplete_draft_is_kept_and_says_what_is_missing() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.create(v1::Project::default()).await.unwrap();
    assert!(draft.missing.iter().any(|gap| gap.field == "budget_lines"));

    let refusal = applicant.submit(&draft).await.unwrap_err();

    assert_eq!(reason(&refusal), "APPLICATION_INCOMPLETE");
    let gaps = refusal
        .get_details_precondition_failure()
        .unwrap()
        .violations;
    assert!(gaps.iter().any(|gap| gap.subject == "title"), "{gaps:?}");
}

#[tokio::test]
async fn a_draft_is_reminded_once_per_offset_and_lapses_with_one_letter() {
    let daemon = TestDaemon::open().await;
    let forgetful = daemon.applicant(1).await;
    let careful = daemon.applicant(2).await;
    let lapsing = forgetful.draft().await;
    let draft = careful.draft().await;
    daemon
        .turn_clock_to(closes_at() - TimeDelta::days(10))
        .await;
    careful.submit(&draft).await.unwrap();

    daemon.turn_clock_to(closes_at() + TimeDelta::days(2)).await;

    let reminders = daemon.letters_of("reminder").await;
    let to = |address: &str| {
        reminders
            .iter()
            .filter(|l| l.address.starts_with(address))
            .count()
    };
    assert_eq!((to("consorzio1@"), to("consorzio2@")), (6, 2));
    assert_eq!(daemon.letters_of("lapsed").await.len(), 1);
    let lapsed = forgetful.get(&lapsing.name).await.unwrap();
    assert_eq!(lapsed.state(), v1::ApplicationState::Lapsed);
}

#[tokio::test]
async fn a_daemon_that_was_down_over_the_window_catches_up_once() {
    let daemon = TestDaemon::start().await;
    daemon.applicant(1).await;
    daemon.publish().await;
    let TestDaemon {
        running,
        config,
        folder,
        ..
    } = daemon;
    running.stop().await.unwrap();

    let running = serve(&config).await.unwrap();
    running
        .cx
        .clock
        .simulated()
        .unwrap()
        .turn_to(closes_at() + TimeDelta::days(3));
    let channel = tonic::transport::Channel::from_shared(running.endpoint.clone())
        .unwrap()
        .connect()
        .await
        .unwrap();
    let officer = daemon.office.officer.secret.clone();
    let officer = bando_tests::desk::Desk::new(&channel, &officer).unwrap();
    let closed = async || {
        let request = v1::GetCallRequest {
            name: CALL.to_owned(),
        };
        let call = officer
            .calls()
            .get_call(request)
            .await
            .unwrap()
            .into_inner();
        call.state() == v1::CallState::Closed
    };
    bando_tests::daemon::until(closed).await;

    let request = v1::ListTimersRequest {
        parent: PROGRAMME.to_owned(),
        filter: "state = waiting".to_owned(),
        ..Default::default()
    };
    let waiting = async || {
        let listed = officer.timers().list_timers(request.clone()).await;
        let timers = listed.unwrap().into_inner().timers;
        // The office's reminders go on after the close.
        timers.iter().all(|timer| timer.kind == "reminder_sweep")
    };
    bando_tests::daemon::until(waiting).await;
    running.stop().await.unwrap();
    drop(folder);
}

#[tokio::test]
async fn the_chain_holds_and_a_changed_event_is_named() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    applicant.draft().await;
    let verify = async || {
        let mut desk = daemon.auditor.events();
        desk.verify_chain(v1::VerifyChainRequest {})
            .await
            .unwrap()
            .into_inner()
    };
    assert!(verify().await.valid);

    let file = daemon.folder.path().join("bando.sqlite");
    let raw = Raw::sqlite(&file).unwrap();
    let change = "UPDATE events SET person = 'nobody' WHERE kind = 'published'";
    assert!(
        raw.execute_unprepared(change).await.is_err(),
        "events are insert-only"
    );
    raw.execute_unprepared("DROP TRIGGER events_no_update")
        .await
        .unwrap();
    raw.execute_unprepared(change).await.unwrap();

    let report = verify().await;
    assert!(!report.valid && report.first_bad_revision > 0);
    assert!(
        report.finding.contains("does not match its hash"),
        "{}",
        report.finding
    );
}

#[tokio::test]
async fn a_second_daemon_and_the_real_clock_are_refused_on_the_same_data() {
    let daemon = TestDaemon::start().await;

    let second = serve(&daemon.config).await.unwrap_err();
    assert!(second.to_string().contains("another daemon"), "{second}");

    let TestDaemon {
        running, config, ..
    } = daemon;
    running.stop().await.unwrap();
    let real = bando_daemon::serve::context(&config, bando_daemon::serve::ClockKind::Real).await;
    assert!(real.unwrap_err().to_string().contains("simulated"));
}

#[tokio::test]
async fn a_project_of_a_member_left_out_keeps_its_order_and_total() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let mut wanted = project(&applicant.consortium);
    wanted
        .budget_lines
        .extend((1..40).map(|number| v1::BudgetLine {
            activity: "A1".into(),
            category: "consultancy".into(),
            description: format!("riga {number}"),
            amount_cents: number,
        }));
    let draft = applicant.create(wanted.clone()).await.unwrap();
    wanted.budget_lines.reverse();

    let edited = applicant
        .update(&draft.name, &draft.etag, &["budget_lines"], wanted.clone())
        .await
        .unwrap();

    assert_eq!(edited.project.unwrap().budget_lines, wanted.budget_lines);
}

#[tokio::test]
async fn the_year_runs_on_postgresql_too() {
    let folder = tempfile::TempDir::new().unwrap();
    let mut config = bando_tests::daemon::config(folder.path()).unwrap();
    let url = bando_tests::postgres::fresh_database().await.unwrap();
    config.database = bando_store::Settings::Postgres {
        url,
        connections: 8,
    };
    let daemon = TestDaemon::start_with(folder, config).await.unwrap();
    daemon.publish().await;
    daemon.turn_clock_to(opens_at()).await;
    let all = evaluated(&daemon).await;
    daemon.score(&all[2].1.name, "elio", "8").await;
    let proposal = compute(&daemon).await.unwrap().proposal.unwrap();
    daemon
        .approver
        .proposals()
        .approve_proposal(approval(&proposal))
        .await
        .unwrap();
    let request = v1::ProposeAwardRequest {
        parent: CALL.to_owned(),
        act: "DD 1/2016".to_owned(),
        ..Default::default()
    };
    let proposal = daemon
        .manager
        .awards()
        .propose_award(request)
        .await
        .unwrap()
        .into_inner();

    daemon
        .approver
        .proposals()
        .approve_proposal(approval(&proposal))
        .await
        .unwrap();

    assert_eq!(daemon.letters_of("awarded").await.len(), 3);
    let report = daemon
        .auditor
        .events()
        .verify_chain(v1::VerifyChainRequest {})
        .await
        .unwrap();
    let report = report.into_inner();
    assert!(report.valid, "{}", report.finding);
    assert!(report.events >= daemon.events().await);
}
