//! Timers that fail, and what persons may do about them, over gRPC on the running daemon, on both
//! databases.

use bando_domain::programme::{self, Programme};
use bando_domain::timer::{TimerKind, TimerWanted};
use bando_proto::v1;
use bando_store::{Consequences, Settings, Tx, programmes, record};
use bando_tests::daemon::{PROGRAMME, TestDaemon, closes_at, opens_at, until};
use bando_tests::raw::Raw;
use bando_tests::terms;
use bando_workflow::Command;
use chrono::TimeDelta;
use tonic::Status;
use uuid::Uuid;

use crate::stories::reason;

/// Reminders about a request that need nobody any more, and one about a request that is not there.
const GOOD: i64 = 120;

/// A request of the office for clarification.
async fn clarification(daemon: &TestDaemon) -> Uuid {
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let submitted = applicant.submit(&draft).await.unwrap().application.unwrap();
    daemon.turn_clock_to(closes_at() + TimeDelta::days(6)).await;
    let request = v1::OpenCheckRequest {
        name: submitted.name.clone(),
        etag: submitted.etag,
        ..Default::default()
    };
    let opened = daemon
        .officer
        .eligibility()
        .open_check(request)
        .await
        .unwrap();
    let request = v1::RequestClarificationRequest {
        parent: submitted.name,
        etag: opened.into_inner().etag,
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
    let asked = daemon
        .officer
        .clarifications()
        .request_clarification(request)
        .await;
    let name = asked.unwrap().into_inner().name;
    name.rsplit('/').next().unwrap().parse().unwrap()
}

/// Sets timers as an event would.
async fn set(daemon: &TestDaemon, timers: Vec<TimerWanted>) {
    let cx = &daemon.running.cx;
    let act = cx.act(&Command::of_time(cx.now()));
    let consequences = Consequences {
        timers,
        ..Consequences::default()
    };
    let work = async move |tx: &Tx| {
        let known = programmes::get(tx, &"er".parse().unwrap()).await?;
        let event = programme::Event::Loaded {
            programme: Box::new(known.value.clone()),
        };
        record::<Programme>(tx, Some(known), &event, consequences).await?;
        Ok::<_, bando_store::Error>(())
    };
    cx.store.write(act, work).await.unwrap();
}

async fn listed(daemon: &TestDaemon, state: &str, kind: &str) -> Vec<v1::Timer> {
    let request = v1::ListTimersRequest {
        parent: PROGRAMME.to_owned(),
        page_size: 1_000,
        filter: format!("state = {state}"),
        ..Default::default()
    };
    let found = daemon.officer.timers().list_timers(request).await.unwrap();
    let timers = found.into_inner().timers.into_iter();
    timers.filter(|timer| timer.kind == kind).collect()
}

async fn cancel(daemon: &TestDaemon, timer: &v1::Timer) -> Result<v1::Timer, Status> {
    let request = v1::CancelTimerRequest {
        name: timer.name.clone(),
        etag: timer.etag.clone(),
        reason: "the answer came by hand".to_owned(),
        ..Default::default()
    };
    Ok(daemon
        .manager
        .timers()
        .cancel_timer(request)
        .await?
        .into_inner())
}

#[tokio::test]
async fn a_poisoned_timer_keeps_nobody_waiting_is_parked_retried_and_cancelled() {
    for daemon in [
        TestDaemon::start().await,
        TestDaemon::start_on_postgres().await,
    ] {
        daemon.publish().await;
        daemon.turn_clock_to(opens_at()).await;
        let known = clarification(&daemon).await;
        let due_at = daemon.now().await + TimeDelta::hours(1);
        let call = "er/2016".parse().unwrap();
        let wanted = |kind, nominal_at| TimerWanted::new(&call, kind, nominal_at);
        let mut timers: Vec<_> = (0..GOOD)
            .map(|number| {
                let nominal_at = due_at + TimeDelta::microseconds(number);
                wanted(TimerKind::ClarificationReminder, nominal_at).about(known)
            })
            .collect();
        let gone = Uuid::from_u128(7);
        timers.insert(30, wanted(TimerKind::ClarificationDue, due_at).about(gone));
        set(&daemon, timers).await;

        daemon.turn_clock_to(due_at + TimeDelta::seconds(1)).await;

        let fired = listed(&daemon, "fired", "clarification_reminder").await;
        assert_eq!(i64::try_from(fired.len()).unwrap(), GOOD);
        let waiting = listed(&daemon, "waiting", "clarification_due").await;
        assert!(
            waiting[0].last_error.contains("does not exist"),
            "{waiting:?}"
        );

        daemon.turn_clock_to(due_at + TimeDelta::days(2)).await;
        let parked = listed(&daemon, "parked", "clarification_due")
            .await
            .remove(0);
        assert_eq!(parked.attempts, 10);
        let request = v1::RetryTimerRequest {
            name: parked.name.clone(),
            etag: parked.etag.clone(),
            ..Default::default()
        };
        let mut desk = daemon.officer.timers();
        let mut tried = request.clone();
        tried.validate_only = true;
        desk.retry_timer(tried).await.unwrap();
        let retried = desk
            .retry_timer(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            (retried.state(), retried.attempts),
            (v1::TimerState::Waiting, 0)
        );
        let again = desk.retry_timer(request).await.unwrap_err();
        assert_eq!(reason(&again), "ETAG_MISMATCH");
        let denied = v1::CancelTimerRequest {
            name: retried.name.clone(),
            etag: retried.etag.clone(),
            reason: "no".to_owned(),
            ..Default::default()
        };
        let denied = desk.cancel_timer(denied).await.unwrap_err();
        assert_eq!(denied.code(), tonic::Code::PermissionDenied);

        let cancelled = cancel(&daemon, &retried).await.unwrap();
        assert_eq!(cancelled.state(), v1::TimerState::Cancelled);
        let over = cancel(&daemon, &cancelled).await.unwrap_err();
        assert_eq!(reason(&over), "TIMER_STATE");
        let request = v1::ListEventsRequest {
            parent: PROGRAMME.to_owned(),
            filter: format!("subject = {}", cancelled.name),
            ..Default::default()
        };
        let kinds = async || {
            let mut desk = daemon.auditor.events();
            let listed = desk.list_events(request.clone()).await.unwrap();
            let events = listed.into_inner().events.into_iter();
            events.map(|event| event.kind).collect::<Vec<_>>()
        };
        // PostgreSQL numbers them a moment after their commit.
        until(async || kinds().await.len() > 1).await;
        assert_eq!(kinds().await, ["retried", "cancelled"]);
    }
}

/// More than fire together, with what the database keeps of them.
const TERMS: u32 = 600;

#[tokio::test]
async fn of_many_terms_that_end_at_one_instant_each_ends_once_whatever_is_among_them() {
    for daemon in [
        TestDaemon::start().await,
        TestDaemon::start_on_postgres().await,
    ] {
        let original = terms::ended(&daemon).await.unwrap();
        let raw = match &daemon.config.database {
            Settings::Sqlite { file } => Raw::sqlite(file).unwrap(),
            Settings::Postgres { url, .. } => Raw::postgres(url).await.unwrap(),
        };
        let now = daemon.now().await;
        let gone = TimerWanted::new(
            &"er/2016".parse().unwrap(),
            TimerKind::ClarificationDue,
            now - TimeDelta::days(90),
        );
        set(&daemon, vec![gone.about(Uuid::from_u128(7))]).await;
        terms::copy(&raw, &original, 0, TERMS).await.unwrap();

        daemon.turn_clock_to(now + TimeDelta::seconds(1)).await;

        let all = i64::from(TERMS) + 1;
        for sql in [
            "SELECT count(*) FROM clarifications WHERE state = 'expired' AND ended_at IS NOT NULL",
            "SELECT count(*) FROM letters WHERE kind = 'clarification_expired'",
            "SELECT count(DISTINCT subject) FROM events WHERE subject_kind = 'clarification' \
             AND kind = 'expired'",
            "SELECT count(*) FROM events WHERE subject_kind = 'clarification' AND kind = 'expired'",
        ] {
            assert_eq!(raw.number(sql).await.unwrap(), all, "{sql}");
        }
        let waiting = listed(&daemon, "waiting", "clarification_due").await;
        assert!(
            waiting[0].last_error.contains("does not exist"),
            "{waiting:?}"
        );
        assert_eq!(waiting.len(), 1);
        let request = v1::VerifyChainRequest::default();
        let verified = daemon.auditor.events().verify_chain(request).await;
        let verified = verified.unwrap().into_inner();
        assert!(verified.valid, "{}", verified.finding);
    }
}
