//! Calendars of deadlines at secret addresses: fetched over HTTP and read by a parser of somebody
//! else, on both databases.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use bando_daemon::convert;
use bando_daemon::serve::{self, ClockKind};
use bando_proto::v1;
use bando_store::Settings;
use bando_tests::daemon::{Applicant, CALL, PROGRAMME, TestDaemon, closes_at, config, opens_at};
use bando_tests::desk::Desk;
use chrono::TimeDelta;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::{Code, Status};

use crate::deadlines::extend;
use crate::stories::reason;

/// A daemon with its administration listener, and the call open.
struct Served {
    daemon: TestDaemon,
    admin: SocketAddr,
}

impl Served {
    async fn start(on_postgres: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let mut config = config(folder.path()).unwrap();
        if on_postgres {
            let url = bando_tests::postgres::fresh_database().await.unwrap();
            config.database = Settings::Postgres {
                url,
                connections: 8,
            };
        }
        let listener = TcpListener::bind(config.listen).await.unwrap();
        let admin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = admin.local_addr().unwrap();
        let clock = ClockKind::Simulated(opens_at() - TimeDelta::days(30));
        let started = serve::start(&config, clock, listener, Some(admin));
        let running = Box::pin(started).await.unwrap();
        let daemon = Box::pin(TestDaemon::of(running, folder, config)).await;
        let daemon = daemon.unwrap();
        daemon.publish().await;
        daemon.turn_clock_to(opens_at()).await;
        Self {
            daemon,
            admin: address,
        }
    }

    /// What another program reads at a path.
    async fn read(&self, path: &str, etag: &str) -> Value {
        let url = format!("http://{}{path}", self.admin);
        let etag = etag.to_owned();
        let reading = tokio::task::spawn_blocking(move || {
            let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
            Command::new(tests.join(".venv/bin/python"))
                .arg(tests.join("clients/read_calendar.py"))
                .args([url, etag])
                .output()
        });
        let read = reading.await.unwrap().unwrap();
        let complaint = String::from_utf8_lossy(&read.stderr);
        assert!(read.status.success(), "{complaint}");
        serde_json::from_slice(&read.stdout).unwrap()
    }
}

async fn on_both(story: impl AsyncFn(Served)) {
    for on_postgres in [false, true] {
        let served = Box::pin(Served::start(on_postgres)).await;
        Box::pin(story(served)).await;
    }
}

async fn create(
    desk: &Desk,
    request: v1::CreateCalendarFeedRequest,
) -> Result<v1::CreateCalendarFeedResponse, Status> {
    let request = v1::CreateCalendarFeedRequest {
        parent: PROGRAMME.to_owned(),
        ..request
    };
    let created = desk.calendars().create_calendar_feed(request).await?;
    Ok(created.into_inner())
}

/// A calendar in English for whoever asks.
async fn own(desk: &Desk) -> v1::CreateCalendarFeedResponse {
    let request = v1::CreateCalendarFeedRequest {
        language: "en".to_owned(),
        ..Default::default()
    };
    create(desk, request).await.unwrap()
}

async fn revoke(desk: &Desk, known: &v1::CalendarFeed) -> Result<v1::CalendarFeed, Status> {
    let request = v1::RevokeCalendarFeedRequest {
        name: known.name.clone(),
        etag: known.etag.clone(),
        ..Default::default()
    };
    let revoked = desk.calendars().revoke_calendar_feed(request).await?;
    Ok(revoked.into_inner())
}

async fn listed(desk: &Desk) -> Vec<v1::CalendarFeed> {
    let request = v1::ListCalendarFeedsRequest {
        parent: PROGRAMME.to_owned(),
        ..Default::default()
    };
    let found = desk.calendars().list_calendar_feeds(request).await;
    found.unwrap().into_inner().calendars
}

async fn deadlines(desk: &Desk) -> Vec<v1::Deadline> {
    let request = v1::ListDeadlinesRequest {
        parent: PROGRAMME.to_owned(),
        ..Default::default()
    };
    let found = desk.deadlines().list_deadlines(request).await;
    found.unwrap().into_inner().deadlines
}

fn event<'a>(read: &'a Value, category: &str) -> &'a Value {
    let events = read["events"].as_array().unwrap();
    let mut found = events.iter().filter(|known| known["category"] == category);
    found.next().unwrap_or_else(|| panic!("{read}"))
}

/// Every deadline the desk sees is in its calendar, and nothing else.
fn expect_same(read: &Value, known: &[v1::Deadline]) {
    let shown: Vec<_> = read["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|known| {
            (
                known["uid"].as_str().unwrap().to_owned(),
                known["start"].as_str().unwrap().to_owned(),
                known["summary"].as_str().unwrap().to_owned(),
                known["sequence"].as_i64().unwrap(),
            )
        })
        .collect();
    let expected: Vec<_> = known
        .iter()
        .map(|known| {
            let at = known.at.and_then(convert::read_instant).unwrap();
            let path = known.name.trim_start_matches("programmes/");
            let path = path.replace("/calls/", ".").replace("/deadlines/", ".");
            (
                format!("{path}@bando"),
                // Calendars know whole seconds.
                at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
                known.title.clone().unwrap().en,
                i64::from(known.sequence),
            )
        })
        .collect();
    assert_eq!(shown, expected);
}

async fn closed_with_two(served: &Served) -> (Applicant, Applicant) {
    let daemon = &served.daemon;
    let (one, other) = (daemon.applicant(1).await, daemon.applicant(2).await);
    one.submit(&one.draft().await).await.unwrap();
    other.submit(&other.draft().await).await.unwrap();
    daemon.turn_clock_to(closes_at() + TimeDelta::days(1)).await;
    (one, other)
}

#[tokio::test]
async fn a_consortium_reads_its_own_deadlines_and_the_office_all_of_them() {
    on_both(async |served| {
        let daemon = &served.daemon;
        let (one, _) = Box::pin(closed_with_two(&served)).await;
        let (office, consortium) = (own(&daemon.officer).await, own(&one.desk).await);

        let read = served.read(&office.path, "").await;
        expect_same(&read, &deadlines(&daemon.officer).await);
        assert_eq!(read["events"].as_array().unwrap().len(), 3);
        let read = served.read(&consortium.path, "").await;
        expect_same(&read, &deadlines(&one.desk).await);

        assert_eq!(read["events"].as_array().unwrap().len(), 2);
        assert_eq!(
            read["headers"]["content-type"],
            "text/calendar; charset=utf-8"
        );
        assert_eq!(read["headers"]["cache-control"], "private, no-cache");
        let close = event(&read, "call_close");
        assert_eq!(close["start"], close["end"]);
        let described = close["description"].as_str().unwrap();
        assert!(described.starts_with("Tuesday 31 May 2016, 16:00 (Europe/Rome, UTC+2)"));
        let text = read["body"].as_str().unwrap();
        for person in ["anna.bianchi", "paola.verdi", "marco.neri", "consorzio1"] {
            assert!(!text.contains(person), "{text}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_entry_keeps_its_name_and_raises_its_sequence_with_each_change() {
    on_both(async |served| {
        let daemon = &served.daemon;
        let applicant = daemon.applicant(1).await;
        let path = own(&applicant.desk).await.path;
        let first = served.read(&path, "").await;
        let etag = first["headers"]["etag"].as_str().unwrap().to_owned();
        let unchanged = served.read(&path, &etag).await;
        assert_eq!(unchanged["status"], 304);
        assert_eq!(unchanged["headers"]["etag"], etag);
        assert_eq!(first["body"], served.read(&path, "").await["body"]);
        daemon
            .turn_clock_to(closes_at() - TimeDelta::minutes(1))
            .await;
        assert_eq!(
            served.read(&path, &etag).await["status"],
            304,
            "time alone changes nothing"
        );

        let asked = extend(daemon, "2016-06-10 16:00", "DD 77/2016").await;
        daemon.approve(&asked.unwrap()).await.unwrap();
        let extended = served.read(&path, &etag).await;
        assert_eq!(extended["status"], 200);
        let (was, is) = (event(&first, "call_close"), event(&extended, "call_close"));
        assert_eq!(is["uid"], was["uid"]);
        assert_eq!((&was["sequence"], &is["sequence"]), (&0.into(), &1.into()));
        assert_eq!(is["start"], "2016-06-10T14:00:00Z");
        assert_eq!(is["stamp"], "2016-05-31T13:59:00Z");
        let described = is["description"].as_str().unwrap();
        assert!(described.contains("Act: DD 77/2016"), "{described}");
        assert!(
            described.contains("Before: Tuesday 31 May 2016, 16:00"),
            "{described}"
        );

        let request = v1::SuspendCallRequest {
            name: CALL.to_owned(),
            etag: daemon.call().await.etag,
            reason: "the portal does not answer".to_owned(),
            ..Default::default()
        };
        let mut desk = daemon.officer.calls();
        desk.suspend_call(request).await.unwrap();
        let suspended = served.read(&path, "").await;
        let is = event(&suspended, "call_close");
        assert_eq!(
            (&is["status"], &is["sequence"]),
            (&"TENTATIVE".into(), &2.into())
        );

        let request = v1::ProposeCancellationRequest {
            name: CALL.to_owned(),
            etag: daemon.call().await.etag,
            act: "DGR 900/2016".to_owned(),
            reason: "the funds were cut".to_owned(),
            ..Default::default()
        };
        let mut desk = daemon.manager.calls();
        let proposed = desk.propose_cancellation(request).await.unwrap();
        daemon.approve(&proposed.into_inner()).await.unwrap();
        let cancelled = served.read(&path, "").await;
        let is = event(&cancelled, "call_close");
        assert_eq!(
            (&is["status"], &is["sequence"]),
            (&"CANCELLED".into(), &3.into())
        );
        assert_eq!(is["uid"], was["uid"]);
    })
    .await;
}

#[tokio::test]
async fn a_revoked_address_answers_as_one_that_never_was() {
    on_both(async |served| {
        let created = own(&served.daemon.officer).await;
        let known = created.calendar.unwrap();
        assert_eq!(served.read(&created.path, "").await["status"], 200);
        // Another secret, under a check sum that fits.
        let body = created.path.trim_start_matches("/calendars/");
        let (body, _) = body.rsplit_once('_').unwrap();
        let last = if body.ends_with('0') { '1' } else { '0' };
        let body = format!("{}{last}", &body[..body.len() - 1]);
        let sum = crc32(body.as_bytes());
        let guessed = format!("/calendars/{body}_{sum:08x}.ics");

        let revoked = revoke(&served.daemon.officer, &known).await.unwrap();

        assert!(revoked.revoked_at.is_some());
        let gone = served.read(&created.path, "").await;
        let without_date = |mut read: Value| {
            read["headers"].as_object_mut().unwrap().remove("date");
            read
        };
        let gone = without_date(gone);
        assert_eq!(gone["status"], 404);
        assert_eq!(gone["headers"]["cache-control"], "private, no-cache");
        for path in [
            guessed.as_str(),
            "/calendars/nothing.ics",
            "/calendars/nothing",
        ] {
            assert_eq!(without_date(served.read(path, "*").await), gone, "{path}");
        }
        let again = revoke(&served.daemon.officer, &revoked).await.unwrap_err();
        assert_eq!(reason(&again), "CALENDAR_REVOKED");
    })
    .await;
}

/// The check sum of addresses (CRC-32 of ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

#[tokio::test]
async fn a_consortium_makes_and_ends_its_own_calendars_and_no_other() {
    on_both(async |served| {
        let daemon = &served.daemon;
        let (one, other) = (daemon.applicant(1).await, daemon.applicant(2).await);
        let its = own(&one.desk).await.calendar.unwrap();
        own(&daemon.officer).await;
        let request = v1::CreateCalendarFeedRequest {
            consortium: one.consortium.name.clone(),
            ..Default::default()
        };
        let made = create(&daemon.officer, request.clone()).await.unwrap();
        let made = made.calendar.unwrap();

        let foreign = create(&other.desk, request).await.unwrap_err();
        let ended = revoke(&other.desk, &its).await.unwrap_err();

        assert_eq!(its.consortium, one.consortium.name);
        assert_eq!(
            (made.language.as_str(), made.created_by.as_str()),
            ("it", "anna.bianchi")
        );
        assert_eq!(foreign.code(), Code::NotFound);
        assert_eq!(ended.code(), Code::NotFound);
        assert_eq!(listed(&daemon.officer).await.len(), 3);
        assert!(listed(&other.desk).await.is_empty());
        let seen = listed(&one.desk).await;
        let by = |name: &str| {
            let mut found = seen.iter().filter(|known| known.name == name);
            found.next().unwrap().created_by.clone()
        };
        assert_eq!(seen.len(), 2);
        // Who of the office made one is not told.
        assert_eq!(
            (by(&its.name), by(&made.name)),
            (its.created_by.clone(), String::new())
        );
        let auditor = create(&daemon.auditor, v1::CreateCalendarFeedRequest::default()).await;
        assert_eq!(auditor.unwrap_err().code(), Code::PermissionDenied);
        revoke(&one.desk, &its).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_address_is_shown_once_and_a_rehearsed_one_never() {
    let served = Box::pin(Served::start(false)).await;
    let desk = &served.daemon.officer;
    let mut request = v1::CreateCalendarFeedRequest {
        validate_only: true,
        ..Default::default()
    };
    assert_eq!(create(desk, request.clone()).await.unwrap().path, "");
    assert!(listed(desk).await.is_empty());

    request.validate_only = false;
    request.request_id = "0190a000-0000-7000-8000-000000000099".to_owned();
    let first = create(desk, request.clone()).await.unwrap();
    let second = create(desk, request).await.unwrap();

    assert!(first.path.starts_with("/calendars/bndc_"), "{}", first.path);
    assert_eq!(
        (first.calendar, ""),
        (second.calendar, second.path.as_str())
    );
    assert_eq!(listed(desk).await.len(), 1);
}
