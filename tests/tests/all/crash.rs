//! `kill -9` of the real process: what was acknowledged is there afterwards.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bando_proto::v1;
use bando_tests::daemon::{Applicant, CALL, Office, opens_at, until};
use bando_tests::desk::Desk;
use bando_tests::process::{Process, pause};
use chrono::TimeDelta;
use prost::Message as _;
use tempfile::TempDir;

/// Who submit at once.
const SUBMITTERS: u32 = 16;

/// What was submitted, under which request id, and the answer.
pub(crate) type Acknowledged = (v1::Application, String, v1::SubmitApplicationResponse);

/// Submits until the daemon is gone; answers what it acknowledged.
async fn submit_on(
    applicant: Applicant,
    mut draft: v1::Application,
    acknowledged: &AtomicU32,
) -> (Applicant, Vec<Acknowledged>) {
    let mut all = Vec::new();
    loop {
        let id = uuid::Uuid::from_u128(rand_id()).to_string();
        let Ok(answer) = applicant.submit_as(&draft, &id).await else {
            return (applicant, all);
        };
        acknowledged.fetch_add(1, Ordering::Relaxed);
        let next = answer.application.clone().unwrap();
        all.push((std::mem::replace(&mut draft, next), id, answer));
    }
}

/// Distinct in this process, which is all a request id needs here.
pub(crate) fn rand_id() -> u128 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    u128::from(NEXT.fetch_add(1, Ordering::Relaxed)) | 7 << 76 | 2 << 62
}

/// Rounds of `kill -9` at a random moment under sixteen concurrent submitters.
async fn rounds(count: u32, database: Option<String>) {
    let folder = TempDir::new().unwrap();
    let start = async || {
        Process::start_on(folder.path(), database.as_deref())
            .await
            .unwrap()
    };
    let mut process = start().await;
    let mut office = Office::move_in(&process.endpoint, folder.path())
        .await
        .unwrap();
    office.publish().await;
    office.turn_clock_to(opens_at()).await;
    let mut ready = Vec::new();
    for number in 1..=SUBMITTERS {
        let applicant = office.applicant(number).await;
        let draft = applicant.draft().await;
        ready.push((applicant, draft));
    }
    let mut keys = BTreeSet::new();
    for round in 1..=count {
        let acknowledged = AtomicU32::new(0);
        let submitting = futures::future::join_all(
            ready
                .drain(..)
                .map(|(applicant, draft)| submit_on(applicant, draft, &acknowledged)),
        );
        let killing = async {
            until(async || acknowledged.load(Ordering::Relaxed) >= 4).await;
            pause(Duration::from_millis(moment(round))).await;
            process.kill();
        };
        let (all, ()) = tokio::join!(submitting, killing);
        process = start().await;
        office = office.again(&process.endpoint).await.unwrap();
        office
            .turn_clock_to(opens_at() + TimeDelta::minutes(i64::from(round)))
            .await;
        for (applicant, acknowledged) in all {
            let desk = Desk::new(&office.channel, &applicant.desk.secret).unwrap();
            let applicant = Applicant { desk, ..applicant };
            keys.extend(kept(&applicant, acknowledged).await);
            ready.push(whole(applicant).await);
        }
    }
    let letters = office.letters_of("receipt").await;
    let told: BTreeSet<String> = letters.iter().map(|letter| letter.key.clone()).collect();
    assert_eq!(told.len(), letters.len(), "a letter was queued twice");
    assert!(keys.is_subset(&told), "a letter is missing");
    let request = v1::VerifyChainRequest {};
    let report = office.auditor.events().verify_chain(request).await.unwrap();
    assert!(report.into_inner().valid);
}

/// Every acknowledged submission is kept, and the same request gets the same bytes; answers the
/// keys of their letters.
pub(crate) async fn kept(applicant: &Applicant, all: Vec<Acknowledged>) -> Vec<String> {
    let mut keys = Vec::new();
    for (draft, id, answer) in all {
        let again = applicant.submit_as(&draft, &id).await.unwrap();
        assert_eq!(again.encode_to_vec(), answer.encode_to_vec());
        let receipts = applicant.get(&draft.name).await.unwrap().receipts;
        let receipt = answer.receipt.unwrap();
        let place = receipts.iter().position(|found| *found == receipt);
        let number = place.unwrap() + 1;
        let id = draft.name.rsplit('/').next().unwrap();
        keys.push(format!("receipt/{id}/{number}"));
    }
    keys
}

/// The applicant with their application as it is now.
async fn whole(applicant: Applicant) -> (Applicant, v1::Application) {
    let request = v1::ListApplicationsRequest {
        parent: CALL.to_owned(),
        ..Default::default()
    };
    let mut desk = applicant.desk.applications();
    let listed = desk.list_applications(request).await.unwrap();
    let application = listed.into_inner().applications.remove(0);
    (applicant, application)
}

/// Milliseconds after the first answers: any, and the same in every run.
fn moment(round: u32) -> u64 {
    u64::from(round.wrapping_mul(2_654_435_761) >> 16) % 120
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_submission_survives_a_hundred_kills_on_sqlite() {
    rounds(100, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_submission_survives_thirty_kills_on_postgresql() {
    let url = bando_tests::postgres::fresh_database().await.unwrap();
    rounds(30, Some(url)).await;
}
