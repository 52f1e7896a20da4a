//! Acts about a call that two persons want, or that an outage asks for at once. Over gRPC on the
//! running daemon, on both databases.

use bando_proto::v1;
use bando_tests::daemon::{CALL, TestDaemon, closes_at, opens_at};
use chrono::{DateTime, TimeDelta, Utc};
use tonic::Status;

use crate::stories::reason;

/// Runs a story on SQLite and on PostgreSQL, each from a draft call.
async fn on_both(story: impl AsyncFn(TestDaemon)) {
    story(TestDaemon::start().await).await;
    story(TestDaemon::start_on_postgres().await).await;
}

async fn open(daemon: &TestDaemon) {
    daemon.publish().await;
    daemon.turn_clock_to(opens_at()).await;
}

async fn propose_publication(daemon: &TestDaemon) -> Result<v1::Proposal, Status> {
    let request = v1::ProposePublicationRequest {
        name: CALL.to_owned(),
        etag: daemon.call().await.etag,
        ..Default::default()
    };
    let proposed = daemon.manager.calls().propose_publication(request).await?;
    Ok(proposed.into_inner())
}

async fn propose_cancellation(daemon: &TestDaemon) -> Result<v1::Proposal, Status> {
    let request = v1::ProposeCancellationRequest {
        name: CALL.to_owned(),
        etag: daemon.call().await.etag,
        act: "DGR 900/2016".to_owned(),
        reason: "the funds were cut".to_owned(),
        ..Default::default()
    };
    let proposed = daemon.manager.calls().propose_cancellation(request).await?;
    Ok(proposed.into_inner())
}

async fn suspend(daemon: &TestDaemon) -> Result<v1::Call, Status> {
    let request = v1::SuspendCallRequest {
        name: CALL.to_owned(),
        etag: daemon.call().await.etag,
        reason: "the portal does not answer".to_owned(),
        ..Default::default()
    };
    Ok(daemon
        .officer
        .calls()
        .suspend_call(request)
        .await?
        .into_inner())
}

async fn resume(daemon: &TestDaemon) -> Result<v1::Call, Status> {
    let request = v1::ResumeCallRequest {
        name: CALL.to_owned(),
        etag: daemon.call().await.etag,
        act: "DD 78/2016".to_owned(),
        ..Default::default()
    };
    Ok(daemon
        .officer
        .calls()
        .resume_call(request)
        .await?
        .into_inner())
}

fn closes(call: &v1::Call) -> DateTime<Utc> {
    let stated = call.window.as_ref().and_then(|window| window.closes_at);
    stated
        .and_then(bando_daemon::convert::read_instant)
        .unwrap()
}

async fn waiting_timers(daemon: &TestDaemon) -> Vec<String> {
    let request = v1::ListTimersRequest {
        parent: "programmes/er".to_owned(),
        page_size: 100,
        filter: "state = waiting".to_owned(),
        ..Default::default()
    };
    let listed = daemon.officer.timers().list_timers(request).await;
    let timers = listed.unwrap().into_inner().timers;
    timers.into_iter().map(|timer| timer.kind).collect()
}

#[tokio::test]
async fn a_call_is_published_by_two_persons_and_as_it_was_loaded() {
    on_both(async |daemon| {
        let proposal = propose_publication(&daemon).await.unwrap();
        assert_eq!(proposal.kind, "publication");
        let own = daemon.person("marco.neri", v1::Role::Approver).await;
        let request = crate::rankings::approval(&proposal);
        let own = own.proposals().approve_proposal(request).await;
        assert_eq!(reason(&own.unwrap_err()), "SECOND_PERSON_REQUIRED");
        assert_eq!(daemon.call().await.state(), v1::CallState::Draft);

        let file = bando_daemon::samples::CALL_2016.1;
        let richer = file.replace("budget = \"2000000.00\"", "budget = \"2000001.00\"");
        daemon.load_call(&richer).await.unwrap();
        let changed = daemon.approve(&proposal).await.unwrap_err();
        assert_eq!(reason(&changed), "PROPOSAL_CHANGED");
        daemon.load_call(file).await.unwrap();
        assert!(waiting_timers(&daemon).await.is_empty());
        daemon.approve(&proposal).await.unwrap();

        assert_eq!(daemon.call().await.state(), v1::CallState::Published);
        assert!(waiting_timers(&daemon).await.contains(&"call_opens".into()));
    })
    .await;
}

#[tokio::test]
async fn an_expired_proposal_is_refused_and_gives_its_place_away() {
    on_both(async |daemon| {
        open(&daemon).await;
        let proposal = propose_cancellation(&daemon).await.unwrap();
        let second = propose_cancellation(&daemon).await.unwrap_err();
        assert_eq!(reason(&second), "PROPOSAL_EXISTS");
        let expires_at = opens_at() + TimeDelta::days(30);
        daemon
            .turn_clock_to(expires_at + TimeDelta::microseconds(1))
            .await;

        let late = daemon.approve(&proposal).await.unwrap_err();
        let next = propose_cancellation(&daemon).await.unwrap();

        assert_eq!(reason(&late), "PROPOSAL_EXPIRED");
        let request = v1::GetProposalRequest {
            name: proposal.name,
        };
        let expired = daemon.officer.proposals().get_proposal(request).await;
        assert_eq!(
            expired.unwrap().into_inner().state(),
            v1::ProposalState::Expired
        );
        // What nobody asks about again ends with the routine of the morning.
        daemon.turn_clock_to(expires_at + TimeDelta::days(31)).await;
        let request = v1::GetProposalRequest { name: next.name };
        let expired = daemon.officer.proposals().get_proposal(request).await;
        assert_eq!(
            expired.unwrap().into_inner().state(),
            v1::ProposalState::Expired
        );
    })
    .await;
}

#[tokio::test]
async fn of_two_who_propose_the_same_at_once_one_is_told_so() {
    on_both(async |daemon| {
        open(&daemon).await;

        let (one, other) =
            tokio::join!(propose_cancellation(&daemon), propose_cancellation(&daemon));

        let refused = [one, other].into_iter().filter_map(Result::err);
        let reasons: Vec<String> = refused.map(|refusal| reason(&refusal)).collect();
        assert_eq!(reasons, ["PROPOSAL_EXISTS"]);
    })
    .await;
}

#[tokio::test]
async fn a_call_suspended_over_its_close_resumes_with_the_time_that_was_lost() {
    on_both(async |daemon| {
        open(&daemon).await;
        let (drafting, submitted) = (daemon.applicant(1).await, daemon.applicant(2).await);
        let draft = drafting.draft().await;
        submitted.submit(&submitted.draft().await).await.unwrap();
        daemon
            .turn_clock_to(closes_at() - TimeDelta::hours(1))
            .await;
        suspend(&daemon).await.unwrap();
        assert_eq!(daemon.letters_of("call_suspended").await.len(), 2);
        // What the office is reminded of does not hang on the close.
        assert_eq!(waiting_timers(&daemon).await, ["reminder_sweep"]);

        // Two days over the stated close: nothing closes, nothing lapses, nobody is late.
        daemon.turn_clock_to(closes_at() + TimeDelta::days(2)).await;
        let refusal = drafting.submit(&draft).await.unwrap_err();
        assert_eq!(reason(&refusal), "CALL_SUSPENDED");
        let mut project = draft.project.clone().unwrap();
        "Insieme ad Hannover".clone_into(&mut project.title);
        let edited = drafting
            .update(&draft.name, &draft.etag, &["title"], project)
            .await
            .unwrap();
        assert_eq!(edited.state(), v1::ApplicationState::Draft);
        assert_eq!(daemon.call().await.state(), v1::CallState::Open);
        assert!(daemon.letters_of("lapsed").await.is_empty());
        assert!(daemon.letters_of("late_refusal").await.is_empty());

        let resumed = resume(&daemon).await.unwrap();

        // 49 hours were lost; the day that is given at least counts from now and is longer.
        let expected = closes_at() + TimeDelta::days(3);
        assert_eq!(closes(&resumed), expected);
        assert_eq!(daemon.letters_of("call_resumed").await.len(), 2);
        let outage = &resumed.window.unwrap().outages[0];
        assert_eq!(outage.act, "DD 78/2016");
        assert!(drafting.submit(&edited).await.unwrap().receipt.is_some());
        daemon.turn_clock_to(expected).await;
        assert_eq!(daemon.call().await.state(), v1::CallState::Open);
        daemon.turn_clock_to(expected + TimeDelta::minutes(1)).await;
        assert_eq!(daemon.call().await.state(), v1::CallState::Closed);
    })
    .await;
}

#[tokio::test]
async fn only_an_open_call_is_suspended_and_only_once() {
    let daemon = TestDaemon::start().await;
    daemon.publish().await;
    let early = suspend(&daemon).await.unwrap_err();
    daemon.turn_clock_to(opens_at()).await;
    let running = resume(&daemon).await.unwrap_err();
    suspend(&daemon).await.unwrap();
    let twice = suspend(&daemon).await.unwrap_err();

    assert_eq!(reason(&early), "CALL_NOT_OPEN");
    assert_eq!(reason(&running), "CALL_NOT_SUSPENDED");
    assert_eq!(reason(&twice), "CALL_SUSPENDED");
}

#[tokio::test]
async fn a_cancelled_call_ends_every_application_and_keeps_its_receipts() {
    on_both(async |daemon| {
        open(&daemon).await;
        let (drafting, submitted) = (daemon.applicant(1).await, daemon.applicant(2).await);
        let draft = drafting.draft().await;
        let received = submitted.submit(&submitted.draft().await).await.unwrap();
        let received = received.application.unwrap();
        let request = v1::ProposeExtensionRequest {
            name: CALL.to_owned(),
            etag: daemon.call().await.etag,
            closes: "2016-06-10 16:00".to_owned(),
            act: "DD 77/2016".to_owned(),
            ..Default::default()
        };
        let mut desk = daemon.officer.calls();
        let extension = desk.propose_extension(request).await.unwrap().into_inner();
        let proposal = propose_cancellation(&daemon).await.unwrap();
        assert!(proposal.detail.contains("the funds were cut"));

        daemon.approve(&proposal).await.unwrap();

        let call = daemon.call().await;
        assert_eq!(call.state(), v1::CallState::Cancelled);
        assert_eq!(call.cancellation.unwrap().act, "DGR 900/2016");
        assert_eq!(daemon.letters_of("call_cancelled").await.len(), 2);
        assert!(waiting_timers(&daemon).await.is_empty());
        for (applicant, name) in [(&drafting, &draft.name), (&submitted, &received.name)] {
            let current = applicant.get(name).await.unwrap();
            assert_eq!(current.state(), v1::ApplicationState::Cancelled);
        }
        let kept = submitted.get(&received.name).await.unwrap();
        assert_eq!(kept.receipts, received.receipts);
        let moot = daemon.approve(&extension).await.unwrap_err();
        assert_eq!(reason(&moot), "ETAG_MISMATCH");
        let refusal = drafting.submit(&draft).await.unwrap_err();
        assert_eq!(reason(&refusal), "ETAG_MISMATCH");
        let other = daemon.applicant(3).await;
        let refusal = other
            .create(bando_tests::daemon::project(&other.consortium))
            .await
            .unwrap_err();
        assert_eq!(reason(&refusal), "CALL_CANCELLED");
        let again = propose_cancellation(&daemon).await.unwrap_err();
        assert_eq!(reason(&again), "CALL_STATE");
    })
    .await;
}
