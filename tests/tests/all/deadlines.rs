//! Deadlines as objects: what they state, what moves them, and who sees what of it. Over gRPC on
//! the running daemon, on both databases.

use bando_daemon::convert;
use bando_proto::v1;
use bando_tests::daemon::{Applicant, CALL, PROGRAMME, TestDaemon, closes_at, opens_at};
use bando_tests::desk::Desk;
use chrono::{DateTime, TimeDelta, Utc};
use tonic::{Code, Status};

use crate::stories::reason;

const CLOSE: &str = "programmes/er/calls/2016/deadlines/close";

async fn on_both(story: impl AsyncFn(TestDaemon)) {
    for daemon in [
        TestDaemon::start().await,
        TestDaemon::start_on_postgres().await,
    ] {
        daemon.publish().await;
        daemon.turn_clock_to(opens_at()).await;
        story(daemon).await;
    }
}

pub(crate) async fn get(desk: &Desk, name: &str) -> Result<v1::Deadline, Status> {
    let request = v1::GetDeadlineRequest {
        name: name.to_owned(),
    };
    Ok(desk.deadlines().get_deadline(request).await?.into_inner())
}

async fn history(desk: &Desk, name: &str) -> Vec<v1::DeadlineChange> {
    let request = v1::GetDeadlineHistoryRequest {
        name: name.to_owned(),
    };
    let found = desk.deadlines().get_deadline_history(request).await;
    found.unwrap().into_inner().changes
}

/// All deadlines, page by page.
async fn list(
    desk: &Desk,
    mut request: v1::ListDeadlinesRequest,
) -> Result<Vec<v1::Deadline>, Status> {
    PROGRAMME.clone_into(&mut request.parent);
    let mut found = Vec::new();
    loop {
        let listed = desk.deadlines().list_deadlines(request.clone()).await?;
        let page = listed.into_inner();
        found.extend(page.deadlines);
        if page.next_page_token.is_empty() {
            return Ok(found);
        }
        request.page_token = page.next_page_token;
    }
}

async fn all(desk: &Desk) -> Vec<v1::Deadline> {
    list(desk, v1::ListDeadlinesRequest::default())
        .await
        .unwrap()
}

fn kinds(found: &[v1::Deadline]) -> Vec<&str> {
    found.iter().map(|known| known.kind.as_str()).collect()
}

pub(crate) async fn extend(
    daemon: &TestDaemon,
    to: &str,
    act: &str,
) -> Result<v1::Proposal, Status> {
    let request = v1::ExtendDeadlineRequest {
        name: CLOSE.to_owned(),
        etag: get(&daemon.officer, CLOSE).await?.etag,
        to: to.to_owned(),
        act: act.to_owned(),
        reason: "a strike of the carriers".to_owned(),
        ..Default::default()
    };
    let mut desk = daemon.officer.deadlines();
    Ok(desk.extend_deadline(request).await?.into_inner())
}

/// The timers of the call that wait, as kind, subject and instant.
async fn waiting(daemon: &TestDaemon) -> Vec<(String, String, DateTime<Utc>)> {
    let request = v1::ListTimersRequest {
        parent: PROGRAMME.to_owned(),
        page_size: 1_000,
        filter: "state = waiting".to_owned(),
        ..Default::default()
    };
    let listed = daemon.officer.timers().list_timers(request).await.unwrap();
    let timers = listed.into_inner().timers.into_iter();
    let row = |timer: v1::Timer| {
        let at = timer.nominal_at.and_then(convert::read_instant).unwrap();
        (timer.kind, timer.subject, at)
    };
    timers.map(row).collect()
}

fn lapsing_at(timers: &[(String, String, DateTime<Utc>)]) -> DateTime<Utc> {
    let mut found = timers.iter().filter(|(kind, ..)| kind == "drafts_lapse");
    found.next().unwrap().2
}

#[tokio::test]
async fn a_close_states_its_instant_in_its_zone_with_its_edge_and_its_act() {
    on_both(async |daemon| {
        let close = get(&daemon.auditor, CLOSE).await.unwrap();

        assert_eq!(close.at, Some(convert::instant(closes_at())));
        assert_eq!(
            (close.civil.as_str(), close.zone.as_str()),
            ("2016-05-31 16:00", "Europe/Rome")
        );
        let printed = close.printed.unwrap();
        assert_eq!(
            printed.it,
            "martedì 31 maggio 2016, ore 16:00 (Europe/Rome, UTC+2)"
        );
        assert_eq!(
            printed.en,
            "Tuesday 31 May 2016, 16:00 (Europe/Rome, UTC+2)"
        );
        assert_eq!(close.edge, i32::from(v1::DeadlineEdge::InTime));
        assert_eq!(close.standing, i32::from(v1::DeadlineStanding::Running));
        assert_eq!(close.act, daemon.call().await.act);
        assert_eq!(close.sequence, 0);
        assert!(history(&daemon.auditor, CLOSE).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_extension_a_minute_before_and_one_a_day_after_the_close_move_all_that_hangs_on_it() {
    on_both(async |daemon| {
        let applicant = daemon.applicant(1).await;
        let draft = applicant.draft().await;
        let minute_before = closes_at() - TimeDelta::minutes(1);
        daemon.turn_clock_to(minute_before).await;

        let asked = extend(&daemon, "2016-06-10 16:00", "DD 77/2016").await;
        daemon.approve(&asked.unwrap()).await.unwrap();

        let first = closes_at() + TimeDelta::days(10);
        expect_moved(&daemon, first, 1).await;
        assert_eq!(daemon.letters_of("call_extended").await.len(), 1);

        let day_after = first + TimeDelta::days(1);
        daemon.turn_clock_to(day_after).await;
        assert_eq!(daemon.call().await.state(), v1::CallState::Closed);
        assert_eq!(daemon.letters_of("lapsed").await.len(), 1);
        let asked = extend(&daemon, "2016-06-20 12:00", "DD 81/2016").await;
        daemon.approve(&asked.unwrap()).await.unwrap();

        let second = first + TimeDelta::days(10) - TimeDelta::hours(4);
        expect_moved(&daemon, second, 2).await;
        assert_eq!(daemon.call().await.state(), v1::CallState::Open);
        assert_eq!(daemon.letters_of("call_extended").await.len(), 2);
        let changes = history(&daemon.auditor, CLOSE).await;
        let told: Vec<_> = changes
            .iter()
            .map(|change| {
                let instant = |at: Option<_>| at.and_then(convert::read_instant).unwrap();
                (
                    instant(change.from),
                    instant(change.to),
                    change.act.as_str(),
                    instant(change.at),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (closes_at(), first, "DD 77/2016", minute_before),
                (first, second, "DD 81/2016", day_after),
            ]
        );
        for change in &changes {
            assert_eq!(change.kind, "extended");
            assert_eq!(change.requested_by, "anna.bianchi");
            assert_eq!(change.approved_by, "paola.verdi");
            assert_eq!(change.reason, "a strike of the carriers");
        }
        let own = history(&applicant.desk, CLOSE).await;
        assert_eq!(own.len(), 2);
        assert!(own.iter().all(|change| change.requested_by.is_empty()));
        assert!(own.iter().all(|change| change.approved_by.is_empty()));
        let current = applicant.get(&draft.name).await.unwrap();
        daemon.turn_clock_to(second).await;
        assert!(applicant.submit(&current).await.unwrap().receipt.is_some());
    })
    .await;
}

/// The close is there now, under its new sequence, and no timer or reminder of an earlier one waits.
async fn expect_moved(daemon: &TestDaemon, to: DateTime<Utc>, sequence: i32) {
    let close = get(&daemon.officer, CLOSE).await.unwrap();
    assert_eq!(close.at, Some(convert::instant(to)));
    assert_eq!(close.sequence, sequence);
    assert_eq!(close.standing, i32::from(v1::DeadlineStanding::Running));
    let timers = waiting(daemon).await;
    let closing: Vec<_> = timers
        .iter()
        .filter(|(kind, ..)| kind == "call_closes")
        .collect();
    assert_eq!(closing.len(), 1, "{timers:?}");
    assert_eq!(closing[0].2, to + TimeDelta::microseconds(1));
    assert_eq!(lapsing_at(&timers), to + TimeDelta::minutes(1));
    // Of the consortia's reminders those before the new close wait, counted from it.
    let call = v1::PreviewRemindersRequest {
        call: CALL.to_owned(),
        from: Some(convert::instant(
            daemon.now().await + TimeDelta::microseconds(1),
        )),
        to: None,
    };
    let previewed = daemon.officer.reminders().preview_reminders(call).await;
    let consortia = i32::from(v1::ReminderAudience::Consortia);
    let mut expected: Vec<_> = previewed
        .unwrap()
        .into_inner()
        .reminders
        .into_iter()
        .filter(|known| known.audience == consortia)
        .map(|known| {
            (
                known.topic,
                known.at.and_then(convert::read_instant).unwrap(),
            )
        })
        .collect();
    let mut found: Vec<_> = timers
        .into_iter()
        .filter(|(kind, ..)| kind == "reminder")
        .map(|(_, topic, at)| (topic, at))
        .collect();
    expected.sort();
    found.sort();
    assert!(!found.is_empty());
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_deadline_that_is_no_close_is_not_extended_and_the_reason_is_told() {
    let daemon = TestDaemon::open().await;
    let asked = extend(&daemon, "2016-06-10 16:00", "DD 77/2016")
        .await
        .unwrap();
    let id = asked.name.rsplit('/').next().unwrap();
    let name = format!("{CALL}/deadlines/proposal-{id}");
    let request = v1::ExtendDeadlineRequest {
        etag: get(&daemon.officer, &name).await.unwrap().etag,
        name,
        to: "2016-07-10 16:00".to_owned(),
        act: "DD 78/2016".to_owned(),
        ..Default::default()
    };

    let refused = daemon.officer.deadlines().extend_deadline(request).await;
    let again = extend(&daemon, "2016-06-11", "DD 79/2016").await;

    let refused = refused.unwrap_err();
    assert_eq!(reason(&refused), "DEADLINE_FIXED");
    assert!(refused.message().contains("made again"), "{refused}");
    assert_eq!(reason(&again.unwrap_err()), "PROPOSAL_EXISTS");
}

#[tokio::test]
async fn a_rehearsed_extension_changes_nothing_and_a_repeated_one_is_the_same() {
    let daemon = TestDaemon::open().await;
    let mut request = v1::ExtendDeadlineRequest {
        name: CLOSE.to_owned(),
        etag: get(&daemon.officer, CLOSE).await.unwrap().etag,
        to: "2016-06-10 16:00".to_owned(),
        act: "DD 77/2016".to_owned(),
        validate_only: true,
        ..Default::default()
    };
    let before = daemon.events().await;
    let mut desk = daemon.officer.deadlines();
    desk.extend_deadline(request.clone()).await.unwrap();
    assert_eq!(daemon.events().await, before);

    request.validate_only = false;
    request.request_id = "0190a000-0000-7000-8000-000000000077".to_owned();
    let first = desk.extend_deadline(request.clone()).await.unwrap();
    let second = desk.extend_deadline(request).await.unwrap();

    assert_eq!(first.into_inner(), second.into_inner());
}

/// The call is closed and one of its two applications is asked for something.
async fn under_check(daemon: &TestDaemon) -> (Applicant, Applicant, v1::Application) {
    let (one, other) = (daemon.applicant(1).await, daemon.applicant(2).await);
    let submitted = one.submit(&one.draft().await).await.unwrap();
    other.submit(&other.draft().await).await.unwrap();
    let application = submitted.application.unwrap();
    daemon.turn_clock_to(closes_at() + TimeDelta::days(6)).await;
    let request = v1::OpenCheckRequest {
        name: application.name.clone(),
        etag: application.etag,
        ..Default::default()
    };
    let opened = daemon.officer.eligibility().open_check(request).await;
    let opened = opened.unwrap().into_inner();
    let request = v1::RequestClarificationRequest {
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
    let mut desk = daemon.officer.clarifications();
    desk.request_clarification(request).await.unwrap();
    daemon
        .turn_clock_to(daemon.now().await + TimeDelta::minutes(1))
        .await;
    let letter = daemon.letters_of("clarification_requested").await;
    let request = v1::RecordDeliveryRequest {
        name: letter[0].name.clone(),
        delivered_at: Some(convert::instant(daemon.now().await)),
        evidence: "PEC ricevuta 1".to_owned(),
        ..Default::default()
    };
    let mut desk = daemon.officer.letters();
    desk.record_delivery(request).await.unwrap();
    (one, other, opened)
}

#[tokio::test]
async fn a_consortium_sees_its_own_terms_and_the_office_sees_all() {
    on_both(async |daemon| {
        let (one, other, application) = Box::pin(under_check(&daemon)).await;

        let all_of_it = Box::pin(all(&daemon.auditor)).await;
        let own = Box::pin(all(&one.desk)).await;
        let others = Box::pin(all(&other.desk)).await;

        assert_eq!(
            kinds(&all_of_it),
            ["call_close", "clarification", "procedure", "procedure"]
        );
        assert_eq!(kinds(&own), ["call_close", "clarification", "procedure"]);
        assert_eq!(kinds(&others), ["call_close", "procedure"]);
        let term = &own[1];
        assert_eq!(term.application, application.name);
        assert_eq!(term.consortium, one.consortium.name);
        // Ten days from the delivery on Monday 6 June.
        assert_eq!(
            term.printed.as_ref().unwrap().it,
            "giovedì 16 giugno 2016, ore 24:00 (Europe/Rome, UTC+2)"
        );
        let suspended = i32::from(v1::DeadlineStanding::Suspended);
        assert_eq!(own[2].standing, suspended);
        let running = others.iter().find(|known| known.kind == "procedure");
        assert_eq!(
            running.unwrap().standing,
            i32::from(v1::DeadlineStanding::Running)
        );
        let as_seen = v1::ListDeadlinesRequest {
            consortium: other.consortium.name.clone(),
            ..Default::default()
        };
        assert_eq!(list(&daemon.officer, as_seen).await.unwrap(), others);
        let hidden = get(&other.desk, &term.name).await.unwrap_err();
        assert_eq!(hidden.code(), Code::NotFound);
        let foreign = v1::ListDeadlinesRequest {
            consortium: one.consortium.name.clone(),
            ..Default::default()
        };
        let hidden = list(&other.desk, foreign).await.unwrap_err();
        assert_eq!(hidden.code(), Code::NotFound);
        assert!(get(&one.desk, &term.name).await.is_ok());
    })
    .await;
}

#[tokio::test]
async fn deadlines_are_listed_page_by_page_within_their_span() {
    on_both(async |daemon| {
        Box::pin(under_check(&daemon)).await;
        let whole = all(&daemon.officer).await;

        let by_one = v1::ListDeadlinesRequest {
            page_size: 1,
            call: CALL.to_owned(),
            ..Default::default()
        };
        assert_eq!(list(&daemon.officer, by_one).await.unwrap(), whole);
        let between = v1::ListDeadlinesRequest {
            from: whole[1].at,
            to: whole[1].at,
            ..Default::default()
        };
        assert_eq!(list(&daemon.officer, between).await.unwrap(), whole[1..2]);
        let backwards = v1::ListDeadlinesRequest {
            from: whole[1].at,
            to: whole[0].at,
            ..Default::default()
        };
        let refused = list(&daemon.officer, backwards).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let elsewhere = v1::ListDeadlinesRequest {
            call: "programmes/other/calls/2016".to_owned(),
            ..Default::default()
        };
        let refused = list(&daemon.officer, elsewhere).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    })
    .await;
}
