//! PostgreSQL goes away under load and comes back: nothing acknowledged is lost, and the daemon
//! finds its way back alone.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use bando_daemon::serve::{self, ClockKind};
use bando_proto::v1;
use bando_store::Settings;
use bando_tests::daemon::{Applicant, Office, TestDaemon, config, opens_at, until};
use bando_tests::postgres::Cluster;
use bando_tests::process::pause;
use chrono::TimeDelta;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::crash::{Acknowledged, kept, rand_id};
use crate::stories::reason;

const SUBMITTERS: u32 = 8;
const RESTARTS: u32 = 3;

/// A daemon on a cluster of its own, with an administration listener.
async fn start(cluster: &Cluster) -> (TestDaemon, SocketAddr) {
    let folder = TempDir::new().unwrap();
    let mut config = config(folder.path()).unwrap();
    config.database = Settings::Postgres {
        url: cluster.create_database().unwrap(),
        connections: 12,
    };
    let bind = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (listener, admin) = (bind().await, bind().await);
    let admin_address = admin.local_addr().unwrap();
    let clock = ClockKind::Simulated(opens_at() - TimeDelta::days(30));
    let running = serve::start(&config, clock, listener, Some(admin))
        .await
        .unwrap();
    let office = Office::move_in(&running.endpoint, folder.path())
        .await
        .unwrap();
    let daemon = TestDaemon {
        running,
        folder,
        config,
        office,
    };
    daemon.publish().await;
    daemon.turn_clock_to(opens_at()).await;
    (daemon, admin_address)
}

/// The status line of `/readyz`.
async fn readiness(admin: SocketAddr) -> String {
    let mut stream = TcpStream::connect(admin).await.unwrap();
    let request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.lines().next().unwrap_or_default().to_owned()
}

fn expect_try_again(status: &Status) {
    assert_eq!(
        (status.code(), reason(status).as_str()),
        (Code::Unavailable, "STORE_UNAVAILABLE"),
        "{status:?}"
    );
    let delay = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    assert!(
        delay.is_some_and(|delay| delay > Duration::ZERO),
        "{status:?}"
    );
}

/// Submits on and on; what the database interrupts is tried again with the same request id.
async fn submit_on(
    applicant: &Applicant,
    mut draft: v1::Application,
    (acknowledged, interrupted): (&AtomicU32, &AtomicU32),
    enough: &AtomicBool,
) -> Vec<Acknowledged> {
    let mut all = Vec::new();
    while !enough.load(Ordering::Relaxed) {
        let id = uuid::Uuid::from_u128(rand_id()).to_string();
        let answer = loop {
            match applicant.submit_as(&draft, &id).await {
                Ok(answer) => break answer,
                Err(status) => {
                    expect_try_again(&status);
                    interrupted.fetch_add(1, Ordering::Relaxed);
                    pause(Duration::from_millis(20)).await;
                }
            }
        };
        acknowledged.fetch_add(1, Ordering::Relaxed);
        let next = answer.application.clone().unwrap();
        all.push((std::mem::replace(&mut draft, next), id, answer));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_submission_survives_restarts_of_postgresql_under_load() {
    let cluster = Cluster::of_its_own().await.unwrap();
    let (daemon, _) = start(&cluster).await;
    let mut ready = Vec::new();
    for number in 1..=SUBMITTERS {
        let applicant = daemon.applicant(number).await;
        let draft = applicant.draft().await;
        ready.push((applicant, draft));
    }
    let (acknowledged, interrupted) = (AtomicU32::new(0), AtomicU32::new(0));
    let enough = AtomicBool::new(false);
    let counts = (&acknowledged, &interrupted);
    let submitting = ready.into_iter().map(async |(applicant, draft)| {
        let all = submit_on(&applicant, draft, counts, &enough).await;
        (applicant, all)
    });
    let more = async || {
        let before = acknowledged.load(Ordering::Relaxed);
        until(async || acknowledged.load(Ordering::Relaxed) >= before + 2 * SUBMITTERS).await;
    };
    let restarting = async {
        for _ in 0..RESTARTS {
            more().await;
            cluster.restart_at_once().await.unwrap();
        }
        more().await;
        enough.store(true, Ordering::Relaxed);
    };

    let (all, ()) = tokio::join!(futures::future::join_all(submitting), restarting);

    assert!(interrupted.load(Ordering::Relaxed) > 0, "nobody noticed");
    let mut keys = Vec::new();
    for (applicant, acknowledged) in all {
        keys.extend(kept(&applicant, acknowledged).await);
    }
    daemon.expect_order().await;
    let told = daemon.letters_of("receipt").await;
    assert_eq!(told.len(), keys.len());
    assert!(
        keys.iter()
            .all(|key| told.iter().any(|letter| letter.key == *key))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_the_daemon_says_so_and_with_it_goes_on_by_itself() {
    let cluster = Cluster::of_its_own().await.unwrap();
    let (daemon, admin) = start(&cluster).await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let reminded_at = bando_tests::daemon::closes_at() - TimeDelta::hours(1);
    let id = uuid::Uuid::from_u128(rand_id()).to_string();

    cluster.stop_at_once().await.unwrap();

    until(async || !daemon.serves().await).await;
    assert!(readiness(admin).await.contains("503"));
    expect_try_again(&applicant.submit_as(&draft, &id).await.unwrap_err());
    expect_try_again(&applicant.get(&draft.name).await.unwrap_err());

    cluster.start_again().await.unwrap();

    until(async || daemon.serves().await).await;
    assert!(readiness(admin).await.contains("200"));
    daemon.turn_clock_to(reminded_at).await;
    let submitted = applicant.submit_as(&draft, &id).await.unwrap();
    assert!(submitted.receipt.is_some());
    daemon.expect_order().await;
    assert!(!daemon.letters_of("reminder").await.is_empty());
    let receipt = daemon.letters_of("receipt").await.remove(0);
    assert_eq!(receipt.state(), v1::LetterState::Sent);
    let kinds: Vec<String> = daemon
        .trail()
        .await
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "submitted").count(), 1);
}
