//! `kill -9` of the real process: what was acknowledged is there afterwards, and is there once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bando_proto::v1;
use bando_tests::daemon::{Applicant, CALL, Office, opens_at, until};
use bando_tests::desk::Desk;
use bando_tests::process::{Process, pause};
use bando_tests::smtp::MailServer;
use chrono::{DateTime, TimeDelta, Utc};
use prost::Message as _;
use tempfile::TempDir;

/// Who submit at once.
const SUBMITTERS: u32 = 16;

/// What was submitted, under which request id, and the answer.
pub(crate) type Acknowledged = (v1::Application, String, v1::SubmitApplicationResponse);

/// A consortium, what was acknowledged to it, and the request that the kill left without answer.
struct Cut {
    applicant: Applicant,
    acknowledged: Vec<Acknowledged>,
    unanswered: (v1::Application, String),
}

/// Submits until the daemon is gone.
async fn submit_on(
    applicant: Applicant,
    mut draft: v1::Application,
    acknowledged: &AtomicU32,
) -> Cut {
    let mut all = Vec::new();
    loop {
        let id = uuid::Uuid::from_u128(rand_id()).to_string();
        let Ok(answer) = applicant.submit_as(&draft, &id).await else {
            return Cut {
                applicant,
                acknowledged: all,
                unanswered: (draft, id),
            };
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

/// The daemon's process on its data, with a relay of another make to write to.
async fn start(folder: &Path, database: Option<&str>, relay: &MailServer) -> Process {
    let mut words = vec![
        ("BANDO_MAIL_TRANSPORT", "smtp".to_owned()),
        ("BANDO_SMTP_HOST", "127.0.0.1".to_owned()),
        ("BANDO_SMTP_PORT", relay.port.to_string()),
        ("BANDO_SMTP_SECURITY", "none".to_owned()),
    ];
    words.extend(database.map(|url| ("BANDO_DATABASE_URL", url.to_owned())));
    Process::start_in(folder, None, &words).await.unwrap()
}

/// Rounds of `kill -9` at a random moment under sixteen concurrent submitters.
async fn rounds(count: u32, database: Option<String>) {
    let (folder, mailbox) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let relay = MailServer::start(mailbox.path(), "").unwrap();
    let start = async || start(folder.path(), database.as_deref(), &relay).await;
    let mut process = start().await;
    let mut office = Office::move_in(&process.endpoint, folder.path())
        .await
        .unwrap();
    // Published on the eve, so that no month of digests is mailed first.
    let eve = opens_at() - TimeDelta::hours(1);
    office.turn_clock_to(eve).await;
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
        office.turn_clock_to(minute(round)).await;
        for cut in all {
            let desk = Desk::new(&office.channel, &cut.applicant.desk.secret).unwrap();
            let applicant = Applicant {
                desk,
                ..cut.applicant
            };
            let acknowledged = asked_again(&applicant, cut.acknowledged, cut.unanswered).await;
            keys.extend(kept(&applicant, acknowledged).await);
            ready.push(whole(applicant).await);
        }
    }
    // Whatever a kill held up is taken up again once its lease is over.
    office.turn_clock_to(minute(count + 2)).await;
    office.expect_order().await;
    let applications = ready.iter().map(|(_, application)| application);
    expect_receipts(applications, &keys);
    expect_letters(&office, &relay, &keys).await;
}

fn minute(number: u32) -> DateTime<Utc> {
    opens_at() + TimeDelta::minutes(i64::from(number))
}

/// Sends the request that the kill cut off again: whether it was carried out or not, it is now.
async fn asked_again(
    applicant: &Applicant,
    mut acknowledged: Vec<Acknowledged>,
    (draft, id): (v1::Application, String),
) -> Vec<Acknowledged> {
    let answer = applicant.submit_as(&draft, &id).await.unwrap();
    acknowledged.push((draft, id, answer));
    acknowledged
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

/// There are as many receipts as submissions that were asked for, each once, and the protocol
/// counts them without a gap; those of one application rise with the instants of their receipt.
fn expect_receipts<'a>(
    applications: impl Iterator<Item = &'a v1::Application>,
    keys: &BTreeSet<String>,
) {
    let mut numbers = Vec::new();
    for application in applications {
        let in_order = application
            .receipts
            .is_sorted_by_key(|receipt| (&receipt.received_at, &receipt.protocol));
        assert!(in_order, "{:#?}", application.receipts);
        let protocols = application.receipts.iter();
        numbers.extend(protocols.map(|receipt| receipt.protocol.clone()));
    }
    numbers.sort();
    let promised = (1..=keys.len()).map(|number| format!("ER-2016-{number:07}"));
    assert_eq!(numbers, promised.collect::<Vec<_>>());
}

/// Each submission has its one letter, each letter its one Message-ID, and the relay never took
/// one twice: it took all that count as sent, and beside them at most what a kill cut off in the
/// middle, which waits for a person as uncertain.
async fn expect_letters(office: &Office, relay: &MailServer, keys: &BTreeSet<String>) {
    let letters = office.letters().await;
    let receipts = letters.iter().filter(|letter| letter.kind == "receipt");
    let told: Vec<&String> = receipts.map(|letter| &letter.key).collect();
    assert_eq!(told.len(), keys.len(), "a letter is missing or there twice");
    assert_eq!(told.into_iter().cloned().collect::<BTreeSet<_>>(), *keys);

    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    for message in relay.taken().unwrap() {
        let id = message.message_id.trim_matches(['<', '>']);
        let id = id.split('@').next().unwrap().to_owned();
        *taken.entry(id).or_default() += 1;
    }
    let twice: Vec<_> = taken.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "the relay took letters twice: {twice:?}");
    for letter in &letters {
        let was_taken = taken.remove(&letter.message_id).is_some();
        match letter.state() {
            v1::LetterState::Sent => assert!(was_taken, "never sent: {letter:?}"),
            v1::LetterState::Uncertain => {}
            _ => panic!("neither sent nor uncertain: {letter:?}"),
        }
    }
    assert!(taken.is_empty(), "nobody knows of {taken:?}");
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
