//! The daemon itself was away before a close: it proposes, once, to give the time back. On the
//! simulated clock and both databases.

use bando_daemon::convert;
use bando_daemon::serve::{ClockKind, Running};
use bando_proto::v1;
use bando_tests::daemon::{CALL, PROGRAMME, TestDaemon, closes_at, opens_at, serve_from};
use bando_workflow::serving;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::net::TcpListener;
use tonic::Status;

use crate::deadlines::{extend, get};
use crate::rankings::approval;
use crate::stories::reason;

const CLOSE: &str = "programmes/er/calls/2016/deadlines/close";

async fn on_both(story: impl AsyncFn(TestDaemon)) {
    for daemon in [
        TestDaemon::start().await,
        TestDaemon::start_on_postgres().await,
    ] {
        daemon.publish().await;
        daemon.turn_clock_to(opens_at()).await;
        Box::pin(story(daemon)).await;
    }
}

fn before_close(hours: i64) -> DateTime<Utc> {
    closes_at() - TimeDelta::hours(hours)
}

/// The daemon stops where it is and starts at `until`.
async fn away(daemon: TestDaemon, until: DateTime<Utc>) -> TestDaemon {
    let TestDaemon {
        running,
        folder,
        config,
        office,
    } = daemon;
    running.stop().await.unwrap();
    let running = serve_from(&config, until).await.unwrap();
    let office = office.again(&running.endpoint).await.unwrap();
    TestDaemon {
        running,
        folder,
        config,
        office,
    }
}

async fn extensions(daemon: &TestDaemon) -> Vec<v1::Proposal> {
    let request = v1::ListProposalsRequest {
        parent: PROGRAMME.to_owned(),
        page_size: 100,
        ..Default::default()
    };
    let listed = daemon.officer.proposals().list_proposals(request).await;
    let found = listed.unwrap().into_inner().proposals.into_iter();
    found.filter(|known| known.kind == "extension").collect()
}

async fn approve(
    daemon: &TestDaemon,
    proposal: &v1::Proposal,
    act: &str,
) -> Result<v1::Proposal, Status> {
    let request = v1::ApproveProposalRequest {
        act: act.to_owned(),
        ..approval(proposal)
    };
    let approved = daemon
        .approver
        .proposals()
        .approve_proposal(request)
        .await?;
    Ok(approved.into_inner())
}

fn pending(found: &[v1::Proposal]) -> Vec<&v1::Proposal> {
    let waits = |known: &&v1::Proposal| known.state() == v1::ProposalState::Pending;
    found.iter().filter(waits).collect()
}

#[tokio::test]
async fn three_hours_away_on_the_last_day_are_proposed_to_be_given_back_once() {
    on_both(async |daemon| {
        daemon.turn_clock_to(before_close(6)).await;

        let daemon = away(daemon, before_close(3)).await;
        let daemon = away(daemon, before_close(3)).await;
        let daemon = away(daemon, before_close(3) + TimeDelta::minutes(1)).await;

        let found = extensions(&daemon).await;
        assert_eq!(found.len(), 1);
        let proposal = &found[0];
        assert_eq!(proposal.state(), v1::ProposalState::Pending);
        assert_eq!(proposal.requested_by, "system");
        assert_eq!(proposal.subject, CALL);
        assert!(proposal.act_missing);
        // The call gives back a day at least.
        for told in [
            "close at 2016-06-01 16:00 +02:00",
            "nobody was served from 2016-05-31 10:00:00 +02:00 to 2016-05-31 13:00:00 +02:00",
        ] {
            assert!(proposal.detail.contains(told), "{}", proposal.detail);
        }
        assert_eq!(
            get(&daemon.officer, CLOSE).await.unwrap().at,
            Some(convert::instant(closes_at())),
            "nothing moves before it is approved"
        );
    })
    .await;
}

#[tokio::test]
async fn a_person_approves_what_the_daemon_proposed_and_states_its_act() {
    on_both(async |daemon| {
        let applicant = daemon.applicant(1).await;
        let draft = applicant.draft().await;
        daemon.turn_clock_to(before_close(1)).await;
        // The close passed while nobody was served, and the draft lapsed.
        let daemon = away(daemon, closes_at() + TimeDelta::hours(2)).await;
        daemon
            .turn_clock_to(closes_at() + TimeDelta::hours(3))
            .await;
        let proposal = extensions(&daemon).await.remove(0);

        let without = approve(&daemon, &proposal, "").await.unwrap_err();
        let approved = approve(&daemon, &proposal, "DD 90/2016").await.unwrap();

        assert_eq!(reason(&without), "ACT_MISSING");
        assert_eq!(approved.stated_act, "DD 90/2016");
        assert!(!approved.act_missing);
        let call = daemon.call().await;
        assert_eq!(call.state(), v1::CallState::Open);
        assert_eq!(call.window.unwrap().extensions[0].act, "DD 90/2016");
        let close = get(&daemon.officer, CLOSE).await.unwrap();
        // A day from when somebody was served again.
        assert_eq!(close.civil, "2016-06-01 18:00");
        assert_eq!((close.act.as_str(), close.sequence), ("DD 90/2016", 1));
        let request = v1::GetDeadlineHistoryRequest {
            name: CLOSE.to_owned(),
        };
        let mut desk = daemon.auditor.deadlines();
        let told = desk.get_deadline_history(request);
        let told = told.await.unwrap().into_inner().changes.remove(0);
        assert_eq!(told.requested_by, "system");
        assert_eq!(told.approved_by, "paola.verdi");
        assert!(
            told.reason.starts_with("nobody was served from"),
            "{told:?}"
        );
        let desk = bando_tests::desk::Desk::new(&daemon.channel, &applicant.desk.secret).unwrap();
        let request = v1::GetApplicationRequest { name: draft.name };
        let current = desk.applications().get_application(request).await;
        assert_eq!(
            current.unwrap().into_inner().state(),
            v1::ApplicationState::Draft
        );
    })
    .await;
}

#[tokio::test]
async fn an_absence_that_ends_a_day_before_the_close_or_lasts_a_restart_proposes_nothing() {
    let daemon = TestDaemon::open().await;
    daemon.turn_clock_to(before_close(40)).await;
    let daemon = away(daemon, before_close(24) - TimeDelta::microseconds(1)).await;
    assert!(extensions(&daemon).await.is_empty());

    daemon.turn_clock_to(before_close(10)).await;
    let daemon = away(daemon, before_close(10) + TimeDelta::minutes(2)).await;
    assert!(extensions(&daemon).await.is_empty());

    // A clock that is turned while the daemon runs is no absence either.
    daemon.turn_clock_to(before_close(1)).await;
    let daemon = away(daemon, before_close(1)).await;
    assert!(extensions(&daemon).await.is_empty());
}

#[tokio::test]
async fn a_second_absence_comes_on_top_and_leaves_one_proposal() {
    on_both(async |daemon| {
        daemon.turn_clock_to(before_close(12)).await;
        let daemon = away(daemon, before_close(9)).await;
        daemon.turn_clock_to(before_close(5)).await;
        let daemon = away(daemon, before_close(2)).await;

        let found = extensions(&daemon).await;
        let waiting = pending(&found);

        assert_eq!((found.len(), waiting.len()), (2, 1));
        // A day for each: Wednesday, and Friday because Thursday is the Republic's.
        let detail = &waiting[0].detail;
        assert!(detail.contains("close at 2016-06-03 16:00"), "{detail}");
        assert_eq!(detail.matches("nobody was served").count(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_a_person_asked_for_stays_and_a_persons_wish_replaces_the_daemons() {
    on_both(async |daemon| {
        daemon.turn_clock_to(before_close(12)).await;
        let asked = extend(&daemon, "2016-06-10 16:00", "DD 77/2016").await;
        let asked = asked.unwrap();
        let daemon = away(daemon, before_close(9)).await;
        let found = extensions(&daemon).await;
        assert_eq!(found.len(), 1, "the person's own waits");
        assert_eq!(found[0].requested_by, "anna.bianchi");
        let request = v1::RejectProposalRequest {
            name: asked.name,
            etag: asked.etag,
            reason: "too long".to_owned(),
            ..Default::default()
        };
        let mut desk = daemon.officer.proposals();
        desk.reject_proposal(request).await.unwrap();
        daemon.turn_clock_to(before_close(8)).await;
        let daemon = away(daemon, before_close(5)).await;
        let found = extensions(&daemon).await;
        assert_eq!(pending(&found)[0].requested_by, "system");

        extend(&daemon, "2016-06-09 16:00", "DD 79/2016")
            .await
            .unwrap();

        let found = extensions(&daemon).await;
        let waiting = pending(&found);
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].requested_by, "anna.bianchi");
        let own = approve(&daemon, waiting[0], "DD 80/2016")
            .await
            .unwrap_err();
        assert_eq!(reason(&own), "ACT_STATED");
        approve(&daemon, waiting[0], "").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn while_the_database_is_away_nobody_is_served_and_it_is_proposed_when_it_is_back() {
    on_both(async |daemon| {
        daemon.turn_clock_to(before_close(6)).await;
        let cx = &daemon.running.cx;

        // Hours went by in which no mark could be written.
        cx.clock.simulated().unwrap().turn_to(before_close(4));
        serving::look(cx).await.unwrap();
        serving::look(cx).await.unwrap();

        assert_eq!(extensions(&daemon).await.len(), 1);
    })
    .await;
}

/// One more daemon on the same database, with a clock of its own.
async fn replica(daemon: &TestDaemon, at: DateTime<Utc>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let clock = ClockKind::Simulated(at);
    bando_daemon::serve::start(&daemon.config, clock, listener, None)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_replica_that_serves_on_leaves_nothing_to_make_up_for() {
    let daemon = TestDaemon::start_on_postgres().await;
    daemon.publish().await;
    daemon.turn_clock_to(before_close(6)).await;
    let other = replica(&daemon, before_close(6)).await;
    let daemon_config = daemon.config.clone();
    // One stops; the other serves until three hours before the close.
    let office = &daemon.office;
    let office = office.again(&other.endpoint).await.unwrap();
    daemon.running.stop().await.unwrap();
    office.turn_clock_to(before_close(3)).await;

    let back = serve_from(&daemon_config, before_close(3)).await.unwrap();

    let request = v1::ListProposalsRequest {
        parent: PROGRAMME.to_owned(),
        filter: "state = pending".to_owned(),
        ..Default::default()
    };
    let listed = office.officer.proposals().list_proposals(request).await;
    assert!(listed.unwrap().into_inner().proposals.is_empty());
    back.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test]
async fn two_daemons_that_start_at_once_propose_once() {
    let daemon = TestDaemon::start_on_postgres().await;
    daemon.publish().await;
    daemon.turn_clock_to(before_close(6)).await;
    let TestDaemon {
        running,
        folder,
        config,
        office,
    } = daemon;
    running.stop().await.unwrap();

    let (one, other) = tokio::join!(
        Box::pin(serve_from(&config, before_close(3))),
        Box::pin(serve_from(&config, before_close(3)))
    );

    let (running, other) = (one.unwrap(), other.unwrap());
    let office = office.again(&running.endpoint).await.unwrap();
    let daemon = TestDaemon {
        running,
        folder,
        config,
        office,
    };
    assert_eq!(extensions(&daemon).await.len(), 1);
    other.stop().await.unwrap();
}
