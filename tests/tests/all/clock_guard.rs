//! A wall clock that jumps under the running daemon: nothing with a deadline happens by it until it
//! agrees again or a person confirms it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use bando_proto::v1;
use bando_tests::daemon::Office;
use bando_tests::process::{Process, WallClock, free_port, pause};
use chrono::{DateTime, Utc};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const DAY: i64 = 24 * 3_600;
/// The daemon looks at its clock each second.
const LOOKS: Duration = Duration::from_millis(2_500);

/// The morning before the call of 2016 opens.
fn the_day_before() -> DateTime<Utc> {
    "2016-04-03T08:00:00Z".parse().unwrap()
}

struct Watched {
    folder: TempDir,
    wall: WallClock,
    admin: SocketAddr,
    process: Process,
    office: Office,
}

impl Watched {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let wall = WallClock::showing(the_day_before(), folder.path()).unwrap();
        let admin = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().unwrap()));
        let process = Process::start_by(folder.path(), &wall, admin)
            .await
            .unwrap();
        let office = Office::move_in(&process.endpoint, folder.path())
            .await
            .unwrap();
        Self {
            folder,
            wall,
            admin,
            process,
            office,
        }
    }

    /// The same data under a daemon that starts while its clock is off.
    async fn started_again_off_by(mut self, seconds: i64) -> Self {
        self.process.kill();
        self.wall.set_off_by(seconds).unwrap();
        self.process = Process::start_by(self.folder.path(), &self.wall, self.admin)
            .await
            .unwrap();
        self.office = self.office.again(&self.process.endpoint).await.unwrap();
        self
    }

    async fn standing(&self) -> (v1::ClockStanding, i64) {
        let request = v1::GetClockRequest {};
        let clock = self.office.officer.clock().get_clock(request).await;
        let clock = clock.unwrap().into_inner();
        (clock.standing(), clock.ahead_micros / 1_000_000)
    }

    async fn confirm(&self, reason: &str) -> Result<v1::Clock, tonic::Status> {
        let request = v1::ConfirmClockRequest {
            reason: reason.to_owned(),
            ..Default::default()
        };
        let confirmed = self.office.manager.clock().confirm_clock(request).await?;
        Ok(confirmed.into_inner())
    }

    /// What `/readyz` answers, head and all.
    async fn readiness(&self) -> String {
        let mut stream = TcpStream::connect(self.admin).await.unwrap();
        let request = b"GET /readyz HTTP/1.0\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn becomes(&self, state: v1::CallState) {
        let started = Instant::now();
        while self.office.call().await.state() != state {
            assert!(started.elapsed() < Duration::from_secs(10), "not {state:?}");
            pause(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_holds_timers_until_it_comes_back_or_is_confirmed() {
    let watched = Watched::start().await;
    watched.office.publish().await;
    assert_eq!(watched.standing().await, (v1::ClockStanding::Agrees, 0));
    assert!(watched.readiness().await.ends_with("\r\n\r\nok\n"));

    // By the clock the call opened this morning.
    watched.wall.set_off_by(DAY + 8 * 3_600).unwrap();
    pause(LOOKS).await;

    let (standing, ahead) = watched.standing().await;
    assert_eq!(standing, v1::ClockStanding::Holds);
    assert!((ahead - DAY - 8 * 3_600).abs() <= 1, "{ahead}");
    assert_eq!(
        watched.office.call().await.state(),
        v1::CallState::Published
    );
    let ready = watched.readiness().await;
    assert!(ready.starts_with("HTTP/1.0 200"), "{ready}");
    assert!(ready.contains("clock: jumped, 115"), "{ready}");

    watched.wall.set_off_by(0).unwrap();
    pause(LOOKS).await;
    assert_eq!(watched.standing().await.0, v1::ClockStanding::Agrees);
    assert_eq!(
        watched.office.call().await.state(),
        v1::CallState::Published
    );

    watched.wall.set_off_by(DAY + 8 * 3_600).unwrap();
    let refused = watched.confirm(" ").await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    watched
        .confirm("the machine had slept since yesterday")
        .await
        .unwrap();

    watched.becomes(v1::CallState::Open).await;
    assert_eq!(watched.standing().await.0, v1::ClockStanding::Agrees);
    let again = watched.confirm("once more").await.unwrap_err();
    assert_eq!(again.code(), tonic::Code::FailedPrecondition);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_submitted_is_judged_by_its_instant_while_timers_are_held() {
    let watched = Watched::start().await;
    watched.office.publish().await;
    watched.wall.set_off_by(DAY + 8 * 3_600).unwrap();
    watched.confirm("it is so").await.unwrap();
    watched.becomes(v1::CallState::Open).await;
    let applicant = watched.office.applicant(1).await;
    let draft = applicant.draft().await;

    watched.wall.set_off_by(DAY + 8 * 3_600 + 400).unwrap();
    pause(LOOKS).await;
    assert_eq!(watched.standing().await.0, v1::ClockStanding::Holds);

    applicant.submit(&draft).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_seconds_of_drift_are_an_alarm_and_hold_nothing() {
    let watched = Watched::start().await;
    watched.office.publish().await;

    watched.wall.set_off_by(-3).unwrap();
    pause(LOOKS).await;

    assert_eq!(watched.standing().await, (v1::ClockStanding::Drifts, -3));
    assert!(
        watched
            .readiness()
            .await
            .contains("clock: drifts, -3 s ahead")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_behind_what_was_seen_before_is_held_from_the_start() {
    let watched = Watched::start().await;
    watched.office.publish().await;
    pause(LOOKS).await;

    let watched = watched.started_again_off_by(-3_600).await;

    let (standing, ahead) = watched.standing().await;
    assert_eq!(standing, v1::ClockStanding::Holds);
    assert!((-3_610..=-3_590).contains(&ahead), "{ahead}");
    watched.confirm("it had been an hour ahead").await.unwrap();
    assert_eq!(watched.standing().await.0, v1::ClockStanding::Agrees);
}
