//! `kill -9` of the real process: what was acknowledged is there afterwards.

use std::sync::atomic::{AtomicU32, Ordering};

use bando_proto::v1;
use bando_tests::daemon::{Applicant, Office, opens_at, until};
use bando_tests::desk::Desk;
use bando_tests::process::Process;
use prost::Message as _;
use tempfile::TempDir;

type Acknowledged = (
    Applicant,
    v1::Application,
    String,
    v1::SubmitApplicationResponse,
);

/// Submits until the daemon is gone; answers what it acknowledged.
async fn submit_on(
    applicant: Applicant,
    mut draft: v1::Application,
    acknowledged: &AtomicU32,
) -> Vec<Acknowledged> {
    let mut all = Vec::new();
    loop {
        let id = uuid::Uuid::from_u128(rand_id()).to_string();
        let Ok(answer) = applicant.submit_as(&draft, &id).await else {
            return all;
        };
        acknowledged.fetch_add(1, Ordering::Relaxed);
        let next = answer.application.clone().unwrap();
        all.push((
            applicant.clone(),
            std::mem::replace(&mut draft, next),
            id,
            answer,
        ));
    }
}

/// Distinct in this process, which is all a request id needs here.
fn rand_id() -> u128 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) | 7 << 76 | 2 << 62
}

#[tokio::test]
async fn every_acknowledged_submission_survives_kill_nine_with_its_receipt_and_letter() {
    let folder = TempDir::new().unwrap();
    let mut process = Process::start(folder.path()).await.unwrap();
    let office = Office::move_in(&process.endpoint, folder.path())
        .await
        .unwrap();
    office.publish().await;
    office.turn_clock_to(opens_at()).await;
    let acknowledged = AtomicU32::new(0);
    let mut ready = Vec::new();
    for number in 1..=8 {
        let applicant = office.applicant(number).await;
        let draft = applicant.draft().await;
        ready.push((applicant, draft));
    }
    let submitting = futures::future::join_all(
        ready
            .into_iter()
            .map(|(applicant, draft)| submit_on(applicant, draft, &acknowledged)),
    );
    let killing = async {
        until(async || acknowledged.load(Ordering::Relaxed) >= 40).await;
        process.kill();
    };
    let (all, ()) = tokio::join!(submitting, killing);

    let process = Process::start(folder.path()).await.unwrap();
    let office = office.again(&process.endpoint).await.unwrap();
    let letters = office.letters_of("receipt").await;
    let all: Vec<Acknowledged> = all.into_iter().flatten().collect();
    assert!(all.len() >= 40);
    for (applicant, draft, id, answer) in all {
        let desk = Desk::new(&office.channel, &applicant.desk.secret).unwrap();
        let applicant = Applicant { desk, ..applicant };
        let again = applicant.submit_as(&draft, &id).await.unwrap();
        assert_eq!(again.encode_to_vec(), answer.encode_to_vec());
        let kept = applicant.get(&draft.name).await.unwrap().receipts;
        let receipt = answer.receipt.unwrap();
        assert!(kept.contains(&receipt), "{}", receipt.protocol);
        let number = kept.iter().position(|found| *found == receipt).unwrap() + 1;
        let id = draft.name.rsplit('/').next().unwrap();
        let key = format!("receipt/{id}/{number}");
        assert_eq!(
            letters.iter().filter(|letter| letter.key == key).count(),
            1,
            "{key}"
        );
    }
    let report = office
        .auditor
        .events()
        .verify_chain(v1::VerifyChainRequest {})
        .await
        .unwrap();
    assert!(report.into_inner().valid);
}
