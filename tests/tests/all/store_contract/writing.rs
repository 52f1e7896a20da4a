//! Cases about the write door and the one writer of aggregates.

use std::collections::BTreeSet;

use bando_domain::application::{self, Application};
use bando_domain::consortium::{self, Consortium};
use bando_domain::ids::{ApplicationId, ProposalId, RankingId, RequestId};
use bando_domain::proposal::{self, Proposal};
use bando_domain::timer::{TimerKind, TimerWanted};
use bando_store::requests::{self, Answered, RequestKey};
use bando_store::{
    Consequences, Error, Kind, Tx, applications, consortia, letters, protocol, record, timers,
};
use futures::future::join_all;

use super::fixture::{Bed, act, act_at, all, consortium, fresh_uuid, letter, now};

pub(super) async fn one_commit(bed: Bed) {
    let event = registered(&bed, 2);
    let wanted = consequences(&bed);
    let events = bed.number("SELECT count(*) FROM events").await;

    let written = bed
        .store
        .write(act(), async move |tx: &Tx| {
            record::<Consortium>(tx, None, &event, wanted).await
        })
        .await
        .unwrap();

    let db = bed.store.read();
    assert_eq!(consortia::get(db, written.value.id).await.unwrap(), written);
    assert_eq!(bed.number("SELECT count(*) FROM events").await, events + 1);
    let letters = letters::list(db, &bed.programme, &letters::Filter::default(), &all()).await;
    assert_eq!(letters.unwrap().rows[0].wanted, letter(&bed, "lapsed:1"));
    let timers = timers::list(db, &bed.programme, None, &all())
        .await
        .unwrap()
        .rows;
    assert_eq!(timers[0].nominal_at, now());
}

pub(super) async fn an_error_rolls_back(bed: Bed) {
    let event = registered(&bed, 2);
    let wanted = consequences(&bed);
    let before = everything(&bed).await;

    let refused: Result<(), Error> = bed
        .store
        .write(act(), async move |tx: &Tx| {
            record::<Consortium>(tx, None, &event, wanted).await?;
            Err(Error::stale("what was read before"))
        })
        .await;

    assert_eq!(refused.unwrap_err().kind, Kind::Stale);
    assert_eq!(everything(&bed).await, before);
}

pub(super) async fn a_stale_version_is_refused(bed: Bed) {
    let known = bed.consortium.clone();
    let mut contact = known.value.contact.clone();
    contact.language = bando_domain::civil::Language::En;
    let event = consortium::Event::Amended {
        profile: Box::new(known.value.profile.clone()),
        contact: Box::new(contact),
    };
    let first = bed.put(Some(known.clone()), event.clone()).await.unwrap();

    let second = bed.put(Some(known), event).await;

    assert_eq!(second.unwrap_err().kind, Kind::Stale);
    assert_eq!(
        consortia::get(bed.store.read(), first.value.id)
            .await
            .unwrap(),
        first
    );
    let own = format!(
        "SELECT count(*) FROM events WHERE subject = '{}'",
        first.value.id
    );
    assert_eq!(bed.number(&own).await, 2);
}

pub(super) async fn a_rehearsal_commits_nothing(bed: Bed) {
    let event = registered(&bed, 2);
    let wanted = consequences(&bed);
    let before = everything(&bed).await;

    let rehearsed = bed
        .store
        .rehearse(act(), async move |tx: &Tx| {
            record::<Consortium>(tx, None, &event, wanted).await
        })
        .await;

    assert_eq!(rehearsed.unwrap().version, 1);
    assert_eq!(everything(&bed).await, before);
}

pub(super) async fn a_panic_takes_its_own_write(bed: Bed) {
    let writes = (2..22).map(|number| {
        let (event, store) = (registered(&bed, number), bed.store.clone());
        async move {
            let work = async move |tx: &Tx| {
                let done = record::<Consortium>(tx, None, &event, Consequences::default()).await?;
                assert!(!number.is_multiple_of(5), "a panic on purpose");
                Ok::<_, Error>(done)
            };
            (
                number,
                store.write(act(), work).await.map_err(|error| error.kind),
            )
        }
    });

    for (number, outcome) in join_all(writes).await {
        match outcome {
            Ok(written) => {
                assert!(!number.is_multiple_of(5));
                assert_eq!(
                    consortia::get(bed.store.read(), written.value.id)
                        .await
                        .unwrap(),
                    written
                );
            }
            Err(kind) => assert_eq!((number % 5, kind), (0, Kind::Internal)),
        }
    }
    assert_eq!(bed.number("SELECT count(*) FROM consortia").await, 1 + 16);
}

pub(super) async fn protocol_numbers_have_no_gap(bed: Bed) {
    let writes = (0..32).map(|number| {
        let (store, programme) = (bed.store.clone(), bed.programme.clone());
        async move {
            let work = async move |tx: &Tx| {
                let drawn = protocol::next(tx, &programme, 2016).await?;
                if number % 4 == 0 {
                    return Err(Error::stale("a write that gives up"));
                }
                Ok(drawn)
            };
            store.write(act(), work).await.ok()
        }
    });

    let drawn: BTreeSet<String> = join_all(writes).await.into_iter().flatten().collect();

    let prefix = bed.programme.as_str().to_uppercase();
    let expected = (1..=24)
        .map(|number| format!("{prefix}-2016-{number:07}"))
        .collect();
    assert_eq!(drawn, expected);
}

/// The domain's check is left out on purpose: the database holds the rule by itself.
pub(super) async fn nobody_approves_their_own_act(bed: Bed) {
    let act = proposal::Act::Ranking {
        ranking: RankingId(fresh_uuid()),
    };
    let (id, call) = (ProposalId(fresh_uuid()), bed.call.value.id.clone());
    let event = proposal::request(id, call, act, "0".repeat(64), "anna.bianchi", now());
    let pending = bed.put::<Proposal>(None, event).await.unwrap();
    let approved = |by: &str| proposal::Event::Approved {
        by: by.to_owned(),
        at: now(),
        act: None,
    };

    let own = bed
        .put(Some(pending.clone()), approved("anna.bianchi"))
        .await;
    assert_eq!(own.unwrap_err().kind, Kind::Internal);

    let other = bed.put(Some(pending), approved("bruno.verdi")).await;
    assert_eq!(
        other.unwrap().value.decided_by.as_deref(),
        Some("bruno.verdi")
    );
}

/// Whoever has the database may not slip another act under an approval, before or after it.
pub(super) async fn a_proposal_keeps_its_act(bed: Bed) {
    let call = bed.call.value.id.clone();
    let asked = |id| {
        let extension = proposal::Act::Extension {
            closes_at: now(),
            closes_text: "2016-06-10 16:00".to_owned(),
            act: "DD 1".to_owned(),
            reason: None,
        };
        let payload = "0".repeat(64);
        proposal::request(id, call.clone(), extension, payload, "anna.bianchi", now())
    };
    let pending = bed
        .put::<Proposal>(None, asked(ProposalId(fresh_uuid())))
        .await
        .unwrap();
    let second = bed
        .put::<Proposal>(None, asked(ProposalId(fresh_uuid())))
        .await;
    assert_eq!(second.unwrap_err().kind, Kind::AlreadyExists);
    let tampered = [
        "payload_sha256 = 'f'",
        "act = '{}'",
        "requested_by = 'bruno.verdi'",
        "kind = 'award'",
        "expires_at = requested_at",
    ];
    for change in tampered {
        let sql = format!("UPDATE proposals SET {change}");
        assert!(bed.raw.execute_unprepared(&sql).await.is_err(), "{change}");
    }

    let approved = proposal::Event::Approved {
        by: "bruno.verdi".to_owned(),
        at: now(),
        act: None,
    };
    bed.put(Some(pending), approved).await.unwrap();

    for change in tampered
        .into_iter()
        .chain(["state = 'pending'", "decided_by = 'carla'"])
    {
        let sql = format!("UPDATE proposals SET {change}");
        assert!(bed.raw.execute_unprepared(&sql).await.is_err(), "{change}");
    }
    let deleted = bed.raw.execute_unprepared("DELETE FROM proposals").await;
    assert!(deleted.is_err());
    assert_eq!(
        bed.text("SELECT payload_sha256 FROM proposals").await,
        "0".repeat(64)
    );
}

pub(super) async fn one_application_per_call(bed: Bed) {
    let first = bed.draft().await;
    let owner = bed.consortium.value.id;
    let id = ApplicationId(fresh_uuid());
    let event = application::draft(id, &bed.call.value, owner, now()).unwrap();

    let second = bed.put::<Application>(None, event).await;

    assert_eq!(second.unwrap_err().kind, Kind::AlreadyExists);
    let found = applications::of_consortium(bed.store.read(), &bed.call.value.id, owner).await;
    assert_eq!(found.unwrap(), Some(first.value.id));
}

pub(super) async fn request_answers_are_kept_once(bed: Bed) {
    let key = RequestKey {
        person: "anna.bianchi".to_owned(),
        id: RequestId(fresh_uuid()),
        method: "SubmitApplication".to_owned(),
        body_sha256: "a".repeat(64),
    };
    let kept = keep(&bed, &key, 1).await;
    let again = keep(&bed, &key, 2).await;

    assert_eq!(
        (kept, again.map_err(|error| error.kind)),
        (Ok(()), Err(Kind::AlreadyExists))
    );
    let found = requests::find(bed.store.read(), &key).await;
    assert_eq!(found, Ok(Some(Answered::Same(kept_answer(1)))));
    let other = RequestKey {
        body_sha256: "b".repeat(64),
        ..key.clone()
    };
    let found = requests::find::<serde_json::Value, _>(bed.store.read(), &other).await;
    assert_eq!(found, Ok(Some(Answered::Other)));

    for (days, gone) in [(29, 0), (31, 1)] {
        let at = now() + chrono::TimeDelta::days(days);
        let forget = async move |tx: &Tx| requests::forget(tx, at).await;
        assert_eq!(bed.store.write(act_at(at), forget).await, Ok(gone));
    }
}

async fn keep(bed: &Bed, key: &RequestKey, answer: i32) -> Result<(), Error> {
    let key = key.clone();
    let work = async move |tx: &Tx| requests::keep(tx, &key, &kept_answer(answer)).await;
    bed.store.write(act(), work).await
}

fn kept_answer(answer: i32) -> serde_json::Value {
    serde_json::json!({ "answer": answer })
}

pub(super) fn registered(bed: &Bed, number: u32) -> consortium::Event {
    let consortium = Box::new(consortium(bed.programme.clone(), number));
    consortium::Event::Registered { consortium }
}

fn consequences(bed: &Bed) -> Consequences {
    Consequences {
        event: None,
        letters: vec![letter(bed, "lapsed:1")],
        timers: vec![TimerWanted::new(
            &bed.call.value.id,
            TimerKind::CallOpens,
            now(),
        )],
        cancelled: Vec::new(),
    }
}

/// Rows in each table that a write may reach.
async fn everything(bed: &Bed) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in [
        "consortia",
        "members",
        "links",
        "events",
        "event_personal",
        "letters",
        "timers",
    ] {
        counts.push(bed.number(&format!("SELECT count(*) FROM {table}")).await);
    }
    counts
}
