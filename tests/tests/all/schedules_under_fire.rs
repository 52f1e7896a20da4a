//! Two real daemons on one PostgreSQL with a thousand schedules, killed at random moments: every
//! nominal time fires, each once.

use std::fmt::Write as _;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::time::Duration;

use bando_daemon::convert;
use bando_proto::v1;
use bando_store::{Settings, Store, fires};
use bando_tests::daemon::Office;
use bando_tests::postgres;
use bando_tests::process::{Process, pause};
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

const SCHEDULES: usize = 1_000;
const MINUTES: i64 = 3;

fn started_at() -> DateTime<Utc> {
    "2016-03-01T08:00:00Z".parse().unwrap()
}

fn every_minute() -> String {
    (0..SCHEDULES).fold(String::new(), |mut text, number| {
        let _ = write!(
            text,
            "[[schedules]]\nname = \"minute-{number}\"\nkind = \"reminders\"\n\
             cron = \"* * * * *\"\ncatch_up = \"all\"\nwindow = \"1h\"\n"
        );
        text
    })
}

/// Turns a daemon's clock; whether it lived to say so.
async fn turn(office: &Office, to: DateTime<Utc>) -> bool {
    let request = v1::AdvanceClockRequest {
        to: Some(convert::instant(to)),
    };
    office.manager.clock().advance_clock(request).await.is_ok()
}

/// Distinct from run to run, which is what a random moment needs.
fn moment(round: i64) -> Duration {
    let drawn = RandomState::new().hash_one(round);
    Duration::from_millis(50 + drawn % 400)
}

async fn start(folder: &Path, url: &str) -> Process {
    let config = folder.join("bandod.toml");
    Process::start_with(folder, Some(url), Some(&config))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_schedules_fire_each_nominal_time_once_under_kill_9() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("bandod.toml"), every_minute()).unwrap();
    let url = postgres::fresh_database().await.unwrap();
    let mut first = start(folder.path(), &url).await;
    let mut office = Office::move_in(&first.endpoint, folder.path())
        .await
        .unwrap();
    let second = start(folder.path(), &url).await;
    let other = office.again(&second.endpoint).await.unwrap();

    for minute in 1..=MINUTES {
        let to = started_at() + TimeDelta::minutes(minute);
        let killing = async {
            pause(moment(minute)).await;
            first.kill();
        };
        // One of them falls while both fire; it comes back with a clock that is behind.
        let (_, lived, ()) = tokio::join!(turn(&office, to), turn(&other, to), killing);
        assert!(lived);
        first = start(folder.path(), &url).await;
        office = office.again(&first.endpoint).await.unwrap();
        assert!(turn(&office, to).await && turn(&other, to).await);
    }

    let settings = Settings::Postgres {
        url,
        connections: 2,
    };
    let store = Store::open(&settings).await.unwrap();
    let wanted: Vec<_> = (1..=MINUTES)
        .map(|minute| started_at() + TimeDelta::minutes(minute))
        .collect();
    let span = (started_at(), started_at() + TimeDelta::minutes(MINUTES));
    for number in 0..SCHEDULES {
        let name = ("er".parse().unwrap(), format!("minute-{number}"));
        let found = fires::nominal(store.read(), &name, span).await.unwrap();
        assert_eq!(found, wanted, "{}", name.1);
    }
}
