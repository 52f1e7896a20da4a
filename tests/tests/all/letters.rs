//! Letters through a real mail server: sent once, after its 250.

use bando_daemon::config::Mail;
use bando_proto::v1;
use bando_tests::daemon::{CALL, TestDaemon, config, opens_at};
use bando_tests::smtp::MailServer;
use chrono::TimeDelta;
use tempfile::TempDir;

async fn daemon_with(server: &MailServer) -> TestDaemon {
    let folder = TempDir::new().unwrap();
    let mut config = config(folder.path()).unwrap();
    config.mail = Mail::Smtp(server.relay());
    let daemon = TestDaemon::start_with(folder, config).await.unwrap();
    daemon.applicant(1).await;
    // Published on the eve, so that no month of digests is mailed first.
    daemon.turn_clock_to(opens_at() - TimeDelta::hours(1)).await;
    daemon.publish().await;
    daemon
}

/// The one letter that the opening causes.
async fn opened(daemon: &TestDaemon) -> v1::Letter {
    daemon.letters_of("call_opened").await.remove(0)
}

fn of_opening(server: &MailServer) -> Vec<bando_tests::smtp::Taken> {
    let taken = server.taken().unwrap();
    taken
        .into_iter()
        .filter(|mail| mail.rcpt_to == ["consorzio1@example.invalid"])
        .collect()
}

#[tokio::test]
async fn a_letter_refused_for_now_comes_again_with_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    let server = MailServer::start(folder.path(), "").unwrap();
    let daemon = daemon_with(&server).await;
    drop(server);
    let server = MailServer::start_on(folder.path(), "451 451", server_port(&daemon)).unwrap();

    daemon
        .turn_clock_to(opens_at() + TimeDelta::minutes(10))
        .await;

    let taken = of_opening(&server);
    let answers: Vec<_> = taken.iter().map(|mail| mail.answer.as_str()).collect();
    assert_eq!(answers, ["451", "451", "250"]);
    assert!(taken.iter().all(|mail| mail.sha256 == taken[0].sha256));
    assert!(
        taken
            .iter()
            .all(|mail| mail.message_id == taken[0].message_id)
    );
    let letter = opened(&daemon).await;
    assert_eq!(
        (letter.state(), letter.attempts),
        (v1::LetterState::Sent, 3)
    );
    assert!(
        letter.last_answer.starts_with("250"),
        "{}",
        letter.last_answer
    );
    let header = |name: &str| {
        let found = taken[0].headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(header("Content-Language"), Some("it"));
    assert_eq!(header("List-Unsubscribe"), None);
}

fn server_port(daemon: &TestDaemon) -> u16 {
    match &daemon.config.mail {
        Mail::Smtp(relay) => relay.port,
        Mail::Folder(_) => 0,
    }
}

#[tokio::test]
async fn a_relay_that_is_down_leaves_the_letter_queued_until_it_is_back() {
    let folder = TempDir::new().unwrap();
    let server = MailServer::start(folder.path(), "").unwrap();
    let port = server.port;
    let daemon = daemon_with(&server).await;
    drop(server);

    daemon.turn_clock_to(opens_at()).await;
    let waiting = opened(&daemon).await;
    assert_eq!(waiting.state(), v1::LetterState::Queued);

    let server = MailServer::start_on(folder.path(), "", port).unwrap();
    daemon
        .turn_clock_to(opens_at() + TimeDelta::minutes(5))
        .await;

    assert_eq!(opened(&daemon).await.state(), v1::LetterState::Sent);
    assert_eq!(of_opening(&server).len(), 1);
}

#[tokio::test]
async fn a_letter_refused_for_good_has_failed_and_holds_up_no_other() {
    let folder = TempDir::new().unwrap();
    let server = MailServer::start(folder.path(), "").unwrap();
    let daemon = daemon_with(&server).await;
    daemon.applicant(2).await;
    let port = server.port;
    drop(server);
    let server = MailServer::start_on(folder.path(), "550", port).unwrap();

    daemon.turn_clock_to(opens_at()).await;

    let letters = daemon.letters_of("call_opened").await;
    let mut states: Vec<_> = letters.iter().map(v1::Letter::state).collect();
    states.sort();
    assert_eq!(states, [v1::LetterState::Sent, v1::LetterState::Failed]);
    drop(server);
}

#[tokio::test]
async fn what_a_crash_left_sending_becomes_uncertain_and_is_not_mailed_again() {
    let folder = TempDir::new().unwrap();
    let server = MailServer::start(folder.path(), "").unwrap();
    let daemon = daemon_with(&server).await;
    let port = server.port;
    drop(server);
    let server = MailServer::start_on(folder.path(), "stall", port).unwrap();
    let stalled = {
        let manager = daemon.manager.clone();
        tokio::spawn(async move {
            let to = Some(bando_daemon::convert::instant(opens_at()));
            manager
                .clock()
                .advance_clock(v1::AdvanceClockRequest { to })
                .await
        })
    };
    bando_tests::daemon::until(async || !of_opening(&server).is_empty()).await;
    assert_eq!(opened(&daemon).await.state(), v1::LetterState::Sending);
    stalled.abort();
    let secret = daemon.officer.secret.clone();
    let TestDaemon {
        running,
        config,
        folder: _kept,
        ..
    } = daemon;
    // The mail server keeps the daemon waiting: dropping its parts ends them as a crash would.
    drop(running);

    let running = restart(&config).await;
    let clock = running.cx.clock.simulated().unwrap();
    clock.turn_to(opens_at() + TimeDelta::minutes(10));
    let channel = tonic::transport::Channel::from_shared(running.endpoint.clone())
        .unwrap()
        .connect()
        .await;
    let officer = bando_tests::desk::Desk::new(&channel.unwrap(), &secret).unwrap();
    let uncertain = async || {
        let request = v1::ListLettersRequest {
            parent: "programmes/er".to_owned(),
            filter: "kind = call_opened AND state = uncertain".to_owned(),
            ..Default::default()
        };
        let listed = officer.letters().list_letters(request).await.unwrap();
        listed.into_inner().letters.len() == 1
    };
    bando_tests::daemon::until(uncertain).await;

    assert_eq!(of_opening(&server).len(), 1, "not mailed again");
    let request = v1::GetCallRequest {
        name: CALL.to_owned(),
    };
    let call = officer
        .calls()
        .get_call(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(call.state(), v1::CallState::Open);
}

/// The dropped daemon lets go of its data folder as its tasks end.
async fn restart(config: &bando_daemon::config::Config) -> bando_daemon::serve::Running {
    let started = std::sync::Mutex::new(None);
    bando_tests::daemon::until(async || match bando_tests::daemon::serve(config).await {
        Ok(running) => {
            *started.lock().unwrap() = Some(running);
            true
        }
        Err(_) => false,
    })
    .await;
    started.into_inner().unwrap().unwrap()
}
