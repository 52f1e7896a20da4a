//! Programs that run on: the next nominal time comes while they do, their time is over, or the
//! daemon dies. On the running daemon, on both databases.

use std::path::Path;

use bando_daemon::config::Config;
use bando_domain::schedule::{Given, plans};
use bando_proto::v1;
use bando_store::Settings;
use bando_tests::daemon::{Office, PROGRAMME, TestDaemon, config, until};
use bando_tests::postgres;
use bando_tests::process::Process;
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

/// A backup each morning at seven that ends once `done` is there, and a sweep at the same instant.
fn schedules(done: &Path, overlap: &str) -> Vec<Given> {
    let script = format!("while [ ! -e {} ]; do sleep 0.02; done", done.display());
    let text = |text: &str| Some(text.to_owned());
    let given = |name: &str, kind: &str| Given {
        name: text(name),
        kind: text(kind),
        cron: text("0 7 * * *"),
        zone: text("Europe/Rome"),
        ..Given::default()
    };
    let backup = Given {
        overlap: text(overlap),
        time_limit: text("1h"),
        command: Some(["/bin/sh", "-c", &script].map(ToOwned::to_owned).to_vec()),
        ..given("backup", "backup")
    };
    vec![backup, given("beside", "reminders")]
}

async fn started(given: &[Given], on_postgres: bool) -> TestDaemon {
    let folder = TempDir::new().unwrap();
    let mut config: Config = config(folder.path()).unwrap();
    config.schedules = plans(given).unwrap();
    if on_postgres {
        config.database = Settings::Postgres {
            url: postgres::fresh_database().await.unwrap(),
            connections: 8,
        };
    }
    let started = Box::pin(TestDaemon::start_with(folder, config)).await;
    started.unwrap()
}

async fn fires(office: &Office, schedule: &str) -> Vec<v1::Fire> {
    let request = v1::GetScheduleRequest {
        name: format!("{PROGRAMME}/schedules/{schedule}"),
    };
    let found = office.officer.schedules().get_schedule(request).await;
    found.unwrap().into_inner().fires
}

async fn count(office: &Office, schedule: &str, state: v1::FireState) -> usize {
    let all = fires(office, schedule).await;
    all.iter().filter(|fire| fire.state() == state).count()
}

/// Turns the clock and leaves it to the daemon to see that something is due.
fn turn(daemon: &TestDaemon, to: DateTime<Utc>) {
    daemon.running.cx.clock.simulated().unwrap().turn_to(to);
}

fn seven(day: u32) -> DateTime<Utc> {
    format!("2016-03-{day:02}T06:00:00Z").parse().unwrap()
}

#[tokio::test]
async fn where_it_says_skip_the_nominal_time_at_which_the_last_backup_runs_is_dropped() {
    for on_postgres in [false, true] {
        let marks = TempDir::new().unwrap();
        let done = marks.path().join("done");
        let daemon = started(&schedules(&done, "skip"), on_postgres).await;
        turn(&daemon, seven(6));
        until(async || count(&daemon, "backup", v1::FireState::Running).await == 1).await;

        turn(&daemon, seven(7));

        until(async || count(&daemon, "backup", v1::FireState::Dropped).await > 0).await;
        let states = [v1::FireState::Running, v1::FireState::Done];
        assert_eq!(count(&daemon, "backup", states[0]).await, 1);
        assert_eq!(count(&daemon, "backup", states[1]).await, 0);
        std::fs::write(&done, "").unwrap();
        until(async || count(&daemon, "backup", states[1]).await == 1).await;
        turn(&daemon, seven(8));
        until(async || count(&daemon, "backup", states[1]).await == 2).await;
        let dropped = fires(&daemon, "backup").await.into_iter();
        let dropped = dropped.filter(|fire| fire.state() == v1::FireState::Dropped);
        let said: Vec<String> = dropped.map(|fire| fire.detail).collect();
        assert!(
            said.iter().any(|detail| detail.contains("still ran")),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn where_it_says_queue_the_next_backup_starts_when_the_last_one_has_ended() {
    for on_postgres in [false, true] {
        let marks = TempDir::new().unwrap();
        let done = marks.path().join("done");
        let daemon = started(&schedules(&done, "queue"), on_postgres).await;
        turn(&daemon, seven(6));
        until(async || count(&daemon, "backup", v1::FireState::Running).await == 1).await;
        let beside = count(&daemon, "beside", v1::FireState::Done).await;

        turn(&daemon, seven(7));

        // What is due beside it has fired: the round came by, and left the backup alone.
        until(async || count(&daemon, "beside", v1::FireState::Done).await > beside).await;
        assert_eq!(fires(&daemon, "backup").await.len(), 1);
        std::fs::write(&done, "").unwrap();
        until(async || count(&daemon, "backup", v1::FireState::Done).await == 2).await;
        let all = fires(&daemon, "backup").await;
        let nominal: Vec<_> = all
            .iter()
            .map(|fire| fire.nominal_at.unwrap().seconds)
            .collect();
        assert_eq!(nominal, [seven(7).timestamp(), seven(6).timestamp()]);
    }
}

/// Whether a process runs: not gone, and not merely waiting to be asked how it ended.
fn runs(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.trim()));
    stat.is_ok_and(|stat| !stat.rsplit(") ").next().unwrap().starts_with('Z'))
}

#[tokio::test]
async fn when_its_time_is_over_a_backup_ends_with_everything_it_started() {
    let marks = TempDir::new().unwrap();
    let child = marks.path().join("child");
    let mut given = schedules(&child, "skip");
    let script = format!("sleep 600 & echo $! > {}; wait", child.display());
    given[0].command = Some(["/bin/sh", "-c", &script].map(ToOwned::to_owned).to_vec());
    given[0].time_limit = Some("1s".to_owned());
    let daemon = started(&given, false).await;

    turn(&daemon, seven(6));

    until(async || count(&daemon, "backup", v1::FireState::Failed).await == 1).await;
    let process = std::fs::read_to_string(&child).unwrap();
    until(async || !runs(&process)).await;
    let detail = fires(&daemon, "backup").await.remove(0).detail;
    assert_eq!(detail, "stopped: it ran longer than 1 s");
}

/// The file of a daemon with the same backup.
fn file(folder: &Path, done: &Path) {
    let text = format!(
        "[[schedules]]\nname = \"backup\"\nkind = \"backup\"\ncron = \"0 7 * * *\"\n\
         zone = \"Europe/Rome\"\noverlap = \"skip\"\ntime_limit = \"1h\"\n\
         command = [\"/bin/sh\", \"-c\", \"while [ ! -e {} ]; do sleep 0.02; done\"]\n",
        done.display()
    );
    std::fs::write(folder.join("bandod.toml"), text).unwrap();
}

async fn turn_over_grpc(office: &Office, to: DateTime<Utc>) {
    let mut clock = office.manager.clock();
    let request = v1::AdvanceClockRequest {
        to: Some(bando_daemon::convert::instant(to)),
    };
    // It answers when the program has ended, or never: the daemon is killed before.
    let turning = clock.advance_clock(request);
    let _ = turning.await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_whose_daemon_died_is_never_taken_for_one_that_ended() {
    for on_postgres in [false, true] {
        let (folder, marks) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let done = marks.path().join("done");
        file(folder.path(), &done);
        let mut url = None;
        if on_postgres {
            url = Some(postgres::fresh_database().await.unwrap());
        }
        let settings = folder.path().join("bandod.toml");
        let start = async || {
            let started = Process::start_with(folder.path(), url.as_deref(), Some(&settings));
            started.await.unwrap()
        };
        let mut first = start().await;
        let office = Office::move_in(&first.endpoint, folder.path())
            .await
            .unwrap();
        let watching = office.again(&first.endpoint).await.unwrap();
        let turning = tokio::spawn(async move { turn_over_grpc(&watching, seven(2)).await });
        until(async || count(&office, "backup", v1::FireState::Running).await == 1).await;

        first.kill();
        turning.await.unwrap();
        // What it started goes on by itself; nobody hears any more how it ended.
        std::fs::write(&done, "").unwrap();
        let second = start().await;
        let office = office.again(&second.endpoint).await.unwrap();
        office.turn_clock_to(seven(2) + TimeDelta::hours(2)).await;
        until(async || count(&office, "backup", v1::FireState::Running).await == 0).await;

        let all = fires(&office, "backup").await;
        let told: Vec<_> = all.iter().map(|f| (f.state(), f.detail.as_str())).collect();
        let message = "the daemon ended while the program ran";
        assert_eq!(told, [(v1::FireState::Failed, message)]);
        office.turn_clock_to(seven(3) + TimeDelta::hours(1)).await;
        let all = fires(&office, "backup").await;
        let states: Vec<_> = all.iter().map(v1::Fire::state).collect();
        assert_eq!(states, [v1::FireState::Done, v1::FireState::Failed]);
    }
}
