//! The office's routine, over gRPC on the running daemon, on both databases: nominal times that
//! passed unfired, what persons may do about a schedule, and what the shipped ones do.

use bando_daemon::convert;
use bando_daemon::serve::{self, ClockKind};
use bando_domain::schedule::{Given, plans};
use bando_proto::v1;
use bando_store::Settings;
use bando_tests::daemon::{CALL, Office, PROGRAMME, TestDaemon, config, opens_at, until};
use bando_tests::postgres;
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::Status;

use crate::stories::reason;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn given(name: &str, cron: &str) -> Given {
    Given {
        name: Some(name.to_owned()),
        kind: Some("reminders".to_owned()),
        cron: Some(cron.to_owned()),
        zone: Some("Europe/Rome".to_owned()),
        ..Given::default()
    }
}

fn catching_up(name: &str, policy: &str, window: &str) -> Given {
    Given {
        catch_up: Some(policy.to_owned()),
        window: Some(window.to_owned()),
        ..given(name, "0 7 * * *")
    }
}

/// A daemon that has these schedules too, on SQLite or on PostgreSQL.
async fn daemon_with(given: &[Given], on_postgres: bool) -> TestDaemon {
    let folder = TempDir::new().unwrap();
    let mut config = config(folder.path()).unwrap();
    config.schedules = plans(given).unwrap();
    if on_postgres {
        config.database = Settings::Postgres {
            url: postgres::fresh_database().await.unwrap(),
            connections: 8,
        };
    }
    Box::pin(TestDaemon::start_with(folder, config))
        .await
        .unwrap()
}

/// The same daemon after it was away until `to`; its people are the same.
async fn away_until(daemon: TestDaemon, to: DateTime<Utc>) -> TestDaemon {
    let TestDaemon {
        running,
        folder,
        config,
        office,
    } = daemon;
    running.stop().await.unwrap();
    let listener = TcpListener::bind(config.listen).await.unwrap();
    let clock = ClockKind::Simulated(to);
    let running = Box::pin(serve::start(&config, clock, listener, None))
        .await
        .unwrap();
    let office = office.again(&running.endpoint).await.unwrap();
    // Whatever is due is done when the clock has been turned on.
    office.turn_clock_to(to + TimeDelta::microseconds(1)).await;
    TestDaemon {
        running,
        folder,
        config,
        office,
    }
}

async fn get(office: &Office, name: &str) -> v1::Schedule {
    let request = v1::GetScheduleRequest {
        name: format!("{PROGRAMME}/schedules/{name}"),
    };
    let found = office.officer.schedules().get_schedule(request).await;
    found.unwrap().into_inner()
}

/// The nominal times that fired, oldest first.
async fn fired(office: &Office, name: &str) -> Vec<String> {
    let fires = get(office, name).await.fires.into_iter().rev();
    let done = fires.filter(|fire| fire.state() == v1::FireState::Done);
    let nominal = done.map(|fire| fire.nominal_at.and_then(convert::read_instant));
    nominal.flatten().map(|at| at.to_rfc3339()).collect()
}

#[tokio::test]
async fn after_three_days_away_each_policy_does_what_it_says_and_counts_what_it_drops() {
    let schedules = [
        catching_up("skips", "skip", "7d"),
        catching_up("once", "once", "2d"),
        catching_up("once-too-late", "once", "1h"),
        catching_up("all", "all", "2d"),
    ];
    for on_postgres in [false, true] {
        let daemon = daemon_with(&schedules, on_postgres).await;
        daemon.turn_clock_to(at("2016-03-10T12:00:00Z")).await;
        let before = fired(&daemon, "all").await.len();

        let daemon = away_until(daemon, at("2016-03-13T12:00:00Z")).await;

        let after = async |name: &str| {
            let found = fired(&daemon, name).await.split_off(before);
            (found, get(&daemon, name).await.dropped)
        };
        let [eleventh, twelfth, thirteenth] =
            ["11", "12", "13"].map(|day| format!("2016-03-{day}T06:00:00+00:00"));
        assert_eq!(after("skips").await, (vec![], 3));
        assert_eq!(after("once").await, (vec![thirteenth.clone()], 2));
        assert_eq!(after("once-too-late").await, (vec![], 3));
        assert_eq!(after("all").await, (vec![twelfth, thirteenth], 1));
        let dropped = get(&daemon, "all").await.fires;
        let row = dropped
            .iter()
            .find(|fire| fire.state() == v1::FireState::Dropped);
        let detail = &row.unwrap().detail;
        assert!(detail.contains(&eleventh[..10]), "{detail}");
        daemon.turn_clock_to(at("2016-03-14T06:00:00Z")).await;
        for name in ["skips", "once", "once-too-late", "all"] {
            let last = fired(&daemon, name).await.pop();
            assert_eq!(last.unwrap(), "2016-03-14T06:00:00+00:00", "{name}");
        }
    }
}

async fn pause(office: &Office, name: &str) -> Result<v1::Schedule, Status> {
    let known = get(office, name).await;
    let request = v1::PauseScheduleRequest {
        name: known.name,
        etag: known.etag,
        reason: "the office is closed".to_owned(),
        ..Default::default()
    };
    let paused = office.officer.schedules().pause_schedule(request).await?;
    Ok(paused.into_inner())
}

async fn resume(office: &Office, name: &str) -> Result<v1::Schedule, Status> {
    let known = get(office, name).await;
    let request = v1::ResumeScheduleRequest {
        name: known.name,
        etag: known.etag,
        ..Default::default()
    };
    let resumed = office.officer.schedules().resume_schedule(request).await?;
    Ok(resumed.into_inner())
}

#[tokio::test]
async fn what_passed_while_a_schedule_was_paused_does_not_fire_when_it_is_resumed() {
    for on_postgres in [false, true] {
        let daemon = daemon_with(&[catching_up("all", "all", "7d")], on_postgres).await;
        daemon.turn_clock_to(at("2016-03-10T12:00:00Z")).await;
        let before = fired(&daemon, "all").await;
        let stale = get(&daemon, "all").await.etag;

        let paused = pause(&daemon, "all").await.unwrap();
        daemon.turn_clock_to(at("2016-03-13T12:00:00Z")).await;
        let again = pause(&daemon, "all").await.unwrap_err();
        let request = v1::ResumeScheduleRequest {
            name: paused.name.clone(),
            etag: stale,
            ..Default::default()
        };
        let outdated = daemon.officer.schedules().resume_schedule(request).await;
        resume(&daemon, "all").await.unwrap();
        daemon.turn_clock_to(at("2016-03-14T06:00:00Z")).await;

        assert_eq!(
            (paused.paused, paused.paused_by.as_str()),
            (true, "anna.bianchi")
        );
        assert_eq!(reason(&again), "SCHEDULE_STATE");
        assert_eq!(reason(&outdated.unwrap_err()), "ETAG_MISMATCH");
        let mut expected = before;
        expected.push("2016-03-14T06:00:00+00:00".to_owned());
        assert_eq!(fired(&daemon, "all").await, expected);
        assert_eq!(get(&daemon, "all").await.dropped, 0);
    }
}

async fn trigger(office: &Office, name: &str, validate_only: bool) -> v1::Fire {
    let known = get(office, name).await;
    let request = v1::TriggerScheduleRequest {
        name: known.name,
        etag: known.etag,
        reason: "before the upgrade".to_owned(),
        validate_only,
        ..Default::default()
    };
    let fire = office.officer.schedules().trigger_schedule(request).await;
    fire.unwrap().into_inner()
}

async fn backfill(
    office: &Office,
    name: &str,
    (from, to): (&str, &str),
) -> Result<Vec<v1::Fire>, Status> {
    let known = get(office, name).await;
    let request = v1::BackfillScheduleRequest {
        name: known.name,
        etag: known.etag,
        from: Some(convert::instant(at(from))),
        to: Some(convert::instant(at(to))),
        ..Default::default()
    };
    let asked = office
        .officer
        .schedules()
        .backfill_schedule(request)
        .await?;
    Ok(asked.into_inner().fires)
}

/// Waits until nothing of a schedule waits or runs, and shows its fires.
async fn settled(office: &Office, name: &str) -> Vec<v1::Fire> {
    let moving = [v1::FireState::Waiting, v1::FireState::Running];
    until(async || {
        let fires = get(office, name).await.fires;
        !fires.iter().any(|fire| moving.contains(&fire.state()))
    })
    .await;
    get(office, name).await.fires
}

#[tokio::test]
async fn what_persons_ask_for_fires_beside_the_calendar_and_is_no_nominal_time_twice() {
    for on_postgres in [false, true] {
        let daemon = daemon_with(&[catching_up("skips", "skip", "7d")], on_postgres).await;
        daemon.turn_clock_to(at("2016-03-10T12:00:00Z")).await;
        let daemon = away_until(daemon, at("2016-03-13T12:00:00Z")).await;
        let before = get(&daemon, "skips").await;
        trigger(&daemon, "skips", true).await;
        assert_eq!(
            get(&daemon, "skips").await,
            before,
            "a trial changes nothing"
        );

        let triggered = trigger(&daemon, "skips", false).await;
        let span = ("2016-03-10T00:00:00Z", "2016-03-12T23:00:00Z");
        let asked = backfill(&daemon, "skips", span).await.unwrap();
        let fires = settled(&daemon, "skips").await;

        let state = |name: &str| fires.iter().find(|fire| fire.name == name).unwrap().state();
        assert_eq!(state(&triggered.name), v1::FireState::Done);
        assert_eq!(
            (triggered.origin.as_str(), triggered.nominal_at),
            ("trigger", None)
        );
        let missed: Vec<_> = asked
            .iter()
            .map(|fire| convert::read_instant(fire.nominal_at.unwrap()).unwrap())
            .collect();
        assert_eq!(
            missed,
            [at("2016-03-11T06:00:00Z"), at("2016-03-12T06:00:00Z")]
        );
        assert!(
            asked
                .iter()
                .all(|fire| state(&fire.name) == v1::FireState::Done)
        );
        let again = backfill(&daemon, "skips", span).await.unwrap_err();
        assert_eq!(reason(&again), "BACKFILL_EMPTY");
        let ahead = ("2016-03-13T00:00:00Z", "2016-03-20T00:00:00Z");
        let ahead = backfill(&daemon, "skips", ahead).await.unwrap_err();
        assert_eq!(reason(&ahead), "BACKFILL_SPAN");
        let after = get(&daemon, "skips").await;
        assert_eq!(after.next_fire_at, before.next_fire_at);
    }
}

#[tokio::test]
async fn a_preview_shows_civil_times_and_what_the_change_of_clocks_makes_of_them() {
    let daemon = daemon_with(&[given("nightly", "30 2 * * *")], false).await;
    let request = v1::PreviewScheduleRequest {
        name: format!("{PROGRAMME}/schedules/nightly"),
        count: 2,
        after: Some(convert::instant(at("2016-03-26T12:00:00Z"))),
    };

    let previewed = daemon.auditor.schedules().preview_schedule(request).await;

    let fires = previewed.unwrap().into_inner().fires;
    let shown = fires.iter().map(|fire| {
        let nominal_at = convert::read_instant(fire.nominal_at.unwrap()).unwrap();
        (fire.civil.as_str(), nominal_at)
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            ("2016-03-27 02:30", at("2016-03-27T01:00:00Z")),
            ("2016-03-28 02:30", at("2016-03-28T00:30:00Z")),
        ]
    );
}

#[tokio::test]
async fn a_clock_that_is_an_hour_behind_or_a_day_ahead_fires_each_nominal_time_once() {
    let daemon = daemon_with(&[catching_up("all", "all", "7d")], true).await;
    daemon.turn_clock_to(at("2016-03-10T06:05:00Z")).await;
    let before = fired(&daemon, "all").await;
    assert_eq!(before.last().unwrap(), "2016-03-10T06:00:00+00:00");
    let replica = async |now: &str| {
        let listener = TcpListener::bind(daemon.config.listen).await.unwrap();
        let clock = ClockKind::Simulated(at(now));
        let started = Box::pin(serve::start(&daemon.config, clock, listener, None)).await;
        let running = started.unwrap();
        let office = daemon.office.again(&running.endpoint).await.unwrap();
        (running, office)
    };

    let (behind, office) = replica("2016-03-10T05:05:00Z").await;
    office.turn_clock_to(at("2016-03-10T06:30:00Z")).await;
    assert_eq!(
        fired(&office, "all").await,
        before,
        "a clock set back fires again"
    );
    let (ahead, office) = replica("2016-03-11T06:05:00Z").await;
    office.turn_clock_to(at("2016-03-11T06:06:00Z")).await;
    daemon.turn_clock_to(at("2016-03-11T06:07:00Z")).await;

    let after = fired(&daemon, "all").await;
    assert_eq!(after.len(), before.len() + 1, "{after:?}");
    assert_eq!(after.last().unwrap(), "2016-03-11T06:00:00+00:00");
    drop((behind, ahead));
}

fn backup(cron: &str, script: &str, overlap: &str, time_limit: &str) -> Given {
    Given {
        kind: Some("backup".to_owned()),
        overlap: Some(overlap.to_owned()),
        time_limit: Some(time_limit.to_owned()),
        command: Some(["/bin/sh", "-c", script].map(ToOwned::to_owned).to_vec()),
        ..given("backup", cron)
    }
}

#[tokio::test]
async fn a_backup_tells_its_exit_code_and_is_stopped_when_its_time_is_over() {
    let outcomes = [
        (
            "test -n \"$BANDO_NOMINAL_AT\"",
            "1h",
            v1::FireState::Done,
            "exit code 0",
        ),
        (
            "echo no space >&2; exit 3",
            "1h",
            v1::FireState::Failed,
            "exit code 3: no space",
        ),
        (
            "exec sleep 60",
            "1s",
            v1::FireState::Failed,
            "stopped: it ran longer than 1 s",
        ),
    ];
    for (script, limit, state, detail) in outcomes {
        let daemon = daemon_with(&[backup("0 7 * * *", script, "skip", limit)], false).await;

        let asked = trigger(&daemon, "backup", false).await;
        let fires = settled(&daemon, "backup").await;

        let fire = fires.iter().find(|fire| fire.name == asked.name).unwrap();
        assert_eq!(
            (fire.state(), fire.detail.as_str()),
            (state, detail),
            "{script}"
        );
    }
}

#[tokio::test]
async fn each_october_the_next_edition_is_a_draft_and_the_officers_are_told_what_differs() {
    for on_postgres in [false, true] {
        let daemon = daemon_with(&[], on_postgres).await;
        daemon.publish().await;
        daemon.turn_clock_to(opens_at()).await;
        let reports = daemon.letters_of("weekly_report").await.len();
        let daemon = away_until(daemon, at("2016-09-30T12:00:00Z")).await;
        assert!(daemon.letters_of("next_edition").await.is_empty());

        daemon.turn_clock_to(at("2016-10-03T12:00:00Z")).await;

        let told = daemon.letters_of("next_edition").await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(told[0].call, "programmes/er/calls/2017");
        let request = v1::GetCallRequest {
            name: "programmes/er/calls/2017".to_owned(),
        };
        let draft = daemon.officer.calls().get_call(request).await.unwrap();
        assert_eq!(draft.get_ref().state(), v1::CallState::Draft);
        let request = v1::GetLetterRequest {
            name: told[0].name.clone(),
        };
        let letter = daemon.officer.letters().get_letter(request).await.unwrap();
        let text = String::from_utf8(letter.into_inner().message).unwrap();
        assert!(text.contains("er/2017"), "{text}");
        // One for the last Monday that was missed, one for the Monday since.
        assert_eq!(daemon.letters_of("weekly_report").await.len(), reports + 2);
        let verified = daemon
            .auditor
            .events()
            .verify_chain(v1::VerifyChainRequest {})
            .await;
        let verified = verified.unwrap().into_inner();
        assert!(verified.valid && verified.checkpoints >= 3, "{verified:?}");
        daemon.turn_clock_to(at("2016-10-04T12:00:00Z")).await;
        assert_eq!(daemon.call().await.name, CALL);
        assert_eq!(daemon.letters_of("next_edition").await.len(), 1);
    }
}
