//! A disk without room: the real process on a data folder that is filled to the last byte.

use bando_daemon::convert;
use bando_proto::v1;
use bando_tests::daemon::{Applicant, CALL, Office, PROGRAMME, closes_at, consortium, opens_at};
use bando_tests::disk::SmallDisk;
use bando_tests::process::Process;
use chrono::TimeDelta;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::crash::{Acknowledged, kept, rand_id};
use crate::stories::reason;

/// Room for the database and its whole log, most of which the filler takes.
const MEGABYTES: u32 = 48;
const SUBMITTERS: u32 = 8;

/// A submission that was refused, to be tried again with the same request id.
struct Refused {
    draft: v1::Application,
    id: String,
    status: Status,
}

/// Submits until the disk has no room.
async fn submit_on(
    applicant: &Applicant,
    mut draft: v1::Application,
) -> (Vec<Acknowledged>, Refused) {
    let mut acknowledged = Vec::new();
    loop {
        let id = uuid::Uuid::from_u128(rand_id()).to_string();
        match applicant.submit_as(&draft, &id).await {
            Ok(answer) => {
                let next = answer.application.clone().unwrap();
                acknowledged.push((std::mem::replace(&mut draft, next), id, answer));
            }
            Err(status) => return (acknowledged, Refused { draft, id, status }),
        }
    }
}

/// One of every kind of change, each of which needs room; answers the refusals.
async fn change_everything(office: &Office, applicant: &Applicant) -> Vec<(&'static str, Status)> {
    let register = v1::RegisterConsortiumRequest {
        parent: PROGRAMME.to_owned(),
        consortium: Some(consortium(90)),
        ..Default::default()
    };
    let token = v1::CreateTokenRequest {
        token: Some(v1::Token {
            person: "nuova.persona".to_owned(),
            roles: vec![v1::Role::Officer.into()],
            programme: PROGRAMME.to_owned(),
            ..Default::default()
        }),
        days: 10,
        ..Default::default()
    };
    let clock = v1::AdvanceClockRequest {
        to: Some(convert::instant(closes_at() + TimeDelta::hours(1))),
    };
    let changes = [
        (
            "a draft",
            applicant.create(v1::Project::default()).await.map(drop),
        ),
        (
            "a consortium",
            office
                .officer
                .consortia()
                .register_consortium(register)
                .await
                .map(drop),
        ),
        (
            "a token",
            office.admin.tokens().create_token(token).await.map(drop),
        ),
        (
            "time",
            office.manager.clock().advance_clock(clock).await.map(drop),
        ),
    ];
    let refused = changes.map(|(what, outcome)| (what, outcome.unwrap_err()));
    refused.into()
}

fn expect_no_room(what: &str, status: &Status) {
    assert_eq!(
        (status.code(), reason(status).as_str()),
        (Code::ResourceExhausted, "STORE_FULL"),
        "{what}: {status:?}"
    );
    assert!(status.get_details_retry_info().is_none(), "{what}");
}

/// Everything there is to look at.
async fn read_everything(office: &Office, applicant: &Applicant, application: &str) {
    assert_eq!(office.call().await.name, CALL);
    assert_eq!(applicant.get(application).await.unwrap().name, application);
    assert!(!office.letters().await.is_empty());
    assert!(!office.timers().await.is_empty());
    assert!(!office.trail().await.is_empty());
    let chain = v1::VerifyChainRequest {};
    let report = office.auditor.events().verify_chain(chain).await.unwrap();
    assert!(report.into_inner().valid);
    assert!(office.serves().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_answers_questions_and_heals_without_a_restart() {
    let disk = SmallDisk::mount(MEGABYTES).unwrap();
    let process = Process::start(disk.path()).await.unwrap();
    let office = Office::move_in(&process.endpoint, disk.path())
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
    let undecided = office.applicant(SUBMITTERS + 1).await;

    let filling = async { disk.fill().unwrap() };
    let submitting = ready.into_iter().map(async |(applicant, draft)| {
        let (acknowledged, refused) = submit_on(&applicant, draft).await;
        (applicant, acknowledged, refused)
    });
    let (submitted, filled) = tokio::join!(futures::future::join_all(submitting), filling);

    assert!(filled > 0);
    for (applicant, _, refused) in &submitted {
        expect_no_room("a submission", &refused.status);
        read_everything(&office, applicant, &refused.draft.name).await;
    }
    for (what, status) in change_everything(&office, &undecided).await {
        expect_no_room(what, &status);
    }

    assert!(
        office.now().await < closes_at(),
        "time went on without its timers"
    );

    disk.free().unwrap();

    undecided.draft().await;
    let mut keys = Vec::new();
    for (applicant, mut acknowledged, refused) in submitted {
        let answer = applicant.submit_as(&refused.draft, &refused.id).await;
        acknowledged.push((refused.draft, refused.id, answer.unwrap()));
        keys.extend(kept(&applicant, acknowledged).await);
    }
    office.expect_order().await;
    office
        .turn_clock_to(closes_at() + TimeDelta::hours(1))
        .await;
    office.expect_order().await;
    let told = office.letters_of("receipt").await;
    assert_eq!(told.len(), keys.len());
    assert!(
        keys.iter()
            .all(|key| told.iter().any(|letter| letter.key == *key))
    );
    assert!(!office.letters_of("reminder").await.is_empty());
}
