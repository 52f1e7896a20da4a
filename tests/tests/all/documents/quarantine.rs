//! The virus scanner: found, clean, and away. It never stands between a consortium and its
//! deadline.

use bando_proto::v1;
use bando_tests::clamav::{Clamav, INFECTED, LARGEST, SIGNATURE};
use bando_tests::clamd::{Clamd, EICAR};
use bando_tests::daemon::{CALL, TestDaemon, opens_at, until};
use bando_tests::papers::{Paper, download, pdf};
use chrono::TimeDelta;

use super::{listed, mandatory, open_with};
use crate::stories::reason;

/// A daemon that looks for clamd at a socket in its folder.
async fn open_with_clamd() -> (TestDaemon, std::path::PathBuf) {
    let set = |config: &mut bando_daemon::config::Config| {
        config.documents.clamd_socket = Some(config.data_dir.join("clamd.ctl"));
    };
    let daemon = open_with(set, ToOwned::to_owned).await;
    let socket = daemon.config.documents.clamd_socket.clone().unwrap();
    (daemon, socket)
}

async fn all_in(daemon: &TestDaemon, scan: &str) -> Vec<v1::Document> {
    let parent = format!("{CALL}/applications/-");
    listed(daemon, &parent, &format!("scan = {scan}")).await
}

#[tokio::test]
async fn an_infected_file_is_given_to_nobody_and_the_office_is_told() {
    let (daemon, socket) = open_with_clamd().await;
    let _clamd = Clamd::listen(&socket);
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let eicar = Paper::new(&draft.name, "annex", "e.pdf", pdf(&EICAR.concat()));
    eicar.send(&applicant.desk).await.unwrap();
    let clean = Paper::new(&draft.name, "annex", "c.pdf", pdf("pulito"));
    let clean = clean.send(&applicant.desk).await.unwrap();

    until(async || all_in(&daemon, "pending_scan").await.is_empty()).await;

    let infected = all_in(&daemon, "infected").await;
    assert_eq!(infected.len(), 1);
    assert_eq!(infected[0].scan_signature, "Eicar-Test-Signature");
    for desk in [&daemon.officer, &applicant.desk] {
        let refusal = download(desk, &infected[0].name).await.unwrap_err();
        assert_eq!(reason(&refusal), "DOCUMENT_INFECTED");
        assert!(download(desk, &clean.name).await.is_ok());
    }
    daemon.turn_clock_to(opens_at() + TimeDelta::days(1)).await;
    let digest = daemon.letters_of("officers_digest").await.pop().unwrap();
    let request = v1::GetLetterRequest { name: digest.name };
    let letter = daemon.officer.letters().get_letter(request).await.unwrap();
    let message = String::from_utf8(letter.into_inner().message).unwrap();
    assert!(message.contains("Documenti infetti: 1"), "{message}");
}

#[tokio::test]
async fn while_clamd_is_away_a_submission_counts_and_its_files_wait() {
    let (daemon, socket) = open_with_clamd().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    for paper in mandatory(&draft.name, 1) {
        let added = paper.send(&applicant.desk).await.unwrap();
        assert_eq!(added.scan(), v1::DocumentScan::PendingScan);
    }
    let ready = applicant.get(&draft.name).await.unwrap();

    let submitted = applicant.submit(&ready).await.unwrap();

    assert!(submitted.receipt.is_some());
    let waiting = all_in(&daemon, "pending_scan").await;
    assert_eq!(waiting.len(), 2);
    let refusal = download(&daemon.officer, &waiting[0].name)
        .await
        .unwrap_err();
    assert_eq!(reason(&refusal), "DOCUMENT_IN_QUARANTINE");
    assert!(download(&applicant.desk, &waiting[0].name).await.is_ok());

    let clamd = Clamd::listen(&socket);
    daemon
        .turn_clock_to(opens_at() + TimeDelta::minutes(10))
        .await;
    until(async || all_in(&daemon, "clean").await.len() == 2).await;

    assert_eq!(clamd.scanned(), 2);
    assert!(download(&daemon.officer, &waiting[0].name).await.is_ok());
}

#[tokio::test]
async fn the_real_clamd_finds_passes_and_refuses_what_is_too_large_for_it() {
    let (daemon, socket) = open_with_clamd().await;
    let Some(_clamd) = Clamav::listen(&socket).await else {
        return;
    };
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let large = pdf(&"x".repeat(2 * LARGEST));
    for (name, bytes) in [
        ("large.pdf", large),
        ("infected.pdf", pdf(INFECTED)),
        ("clean.pdf", pdf("pulito")),
    ] {
        let paper = Paper::new(&draft.name, "annex", name, bytes);
        paper.send(&applicant.desk).await.unwrap();
    }

    let any = async |scan| !all_in(&daemon, scan).await.is_empty();
    until(async || any("clean").await && any("infected").await).await;

    let infected = all_in(&daemon, "infected").await;
    assert_eq!(infected.len(), 1);
    assert_eq!(infected[0].file_name, "infected.pdf");
    assert_eq!(infected[0].scan_signature, SIGNATURE);
    let refusal = download(&daemon.officer, &infected[0].name).await;
    assert_eq!(reason(&refusal.unwrap_err()), "DOCUMENT_INFECTED");
    // It was looked at first, and waits: what has no verdict is in quarantine.
    let waiting = all_in(&daemon, "pending_scan").await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].file_name, "large.pdf");
}
