//! Cases about the audit trail: events, their personal values, revisions and the chain.

use bando_domain::application::Application;
use bando_domain::call::{self, Call};
use bando_domain::consortium::Consortium;
use bando_domain::event::Recorded;
use bando_store::{
    Aggregate, Consequences, Error, Tx, applications, calls, consortia, events, record,
};
use futures::future::join_all;

use super::fixture::{Backend, Bed, EMAIL, REPRESENTATIVE, act, all};
use super::writing::registered;

pub(super) async fn events_replayed_give_the_row(bed: Bed) {
    let db = bed.store.read();
    let submitted = bed.submitted().await;
    let opened = bed
        .put(Some(bed.call.clone()), call::Event::Opened)
        .await
        .unwrap();

    let call = replayed::<Call>(&bed, opened.value.id.to_string()).await;
    let consortium = replayed::<Consortium>(&bed, bed.consortium.value.id.to_string()).await;
    let application = replayed::<Application>(&bed, submitted.value.id.to_string()).await;

    assert_eq!(call, calls::get(db, &call.id).await.unwrap().value);
    assert_eq!(
        consortium,
        consortia::get(db, consortium.id).await.unwrap().value
    );
    assert_eq!(consortium.contact.email.reveal(), EMAIL);
    assert_eq!(
        application,
        applications::get(db, application.id).await.unwrap().value
    );
    assert_eq!(application.submissions.len(), 1);
    assert!(
        applications::sealed_content(db, application.id, 1)
            .await
            .is_ok()
    );
}

async fn replayed<A: Aggregate>(bed: &Bed, subject: String) -> A {
    events::replay::<A, _>(bed.store.read(), &subject)
        .await
        .unwrap()
        .unwrap()
}

pub(super) async fn personal_values_stay_out(bed: Bed) {
    let kind = "WHERE kind = 'registered'";
    let payload = bed
        .text(&format!("SELECT CAST(payload AS text) FROM events {kind}"))
        .await;

    assert!(payload.contains("commitment"), "{payload}");
    for secret in [EMAIL, REPRESENTATIVE] {
        assert!(!payload.contains(secret), "{payload}");
        let kept = format!("SELECT count(*) FROM event_personal WHERE value = '{secret}'");
        assert_eq!(bed.number(&kept).await, 1);
    }
}

pub(super) async fn revisions_have_no_gap(bed: Bed) {
    write_32(&bed).await;
    bed.sequence().await;

    let trail = trail(&bed).await;
    let revisions: Vec<i64> = trail.iter().filter_map(|event| event.revision).collect();
    assert_eq!(
        revisions,
        (1..=i64::try_from(trail.len()).unwrap()).collect::<Vec<_>>()
    );
    for (position, event) in trail.iter().enumerate() {
        let earlier = trail[..position]
            .iter()
            .filter(|other| other.subject == event.subject);
        assert!(
            earlier.clone().all(|other| other.version < event.version),
            "{event:?}"
        );
    }
    let report = events::verify(bed.store.read()).await.unwrap();
    assert_eq!((report.finding, report.events), (None, 4 + 64));
    assert_eq!(Some(report.head), trail.last().unwrap().chain_hash);
}

/// Whoever reads on from the last revision seen gets every event once, in the same order as
/// somebody who reads all of it later.
pub(super) async fn a_watcher_misses_nothing(bed: Bed) {
    let writing = tokio::spawn({
        let bed = bed.clone();
        async move { write_32(&bed).await }
    });
    let mut seen: Vec<Recorded> = Vec::new();
    loop {
        let finished = writing.is_finished();
        bed.sequence().await;
        let after_revision = seen.last().and_then(|event| event.revision).unwrap_or(0);
        let filter = events::Filter {
            after_revision,
            ..events::Filter::default()
        };
        let news = events::list(bed.store.read(), &bed.programme, &filter, &all()).await;
        seen.extend(news.unwrap().rows);
        if finished {
            break;
        }
        tokio::task::yield_now().await;
    }
    writing.await.unwrap();

    assert_eq!(seen, trail(&bed).await);
    assert_eq!(seen.len(), 4 + 64);
}

/// 32 writers at once, each two writes on a subject of its own.
async fn write_32(bed: &Bed) {
    let writes = (100..132).map(|number| {
        let (bed, event) = (bed.clone(), registered(bed, number));
        tokio::spawn(async move {
            let known = bed.put::<Consortium>(None, event.clone()).await.unwrap();
            let again = bando_domain::consortium::Event::Amended {
                profile: Box::new(known.value.profile.clone()),
                contact: Box::new(known.value.contact.clone()),
            };
            bed.put(Some(known), again).await.unwrap();
        })
    });
    for written in join_all(writes).await {
        written.unwrap();
    }
}

async fn trail(bed: &Bed) -> Vec<Recorded> {
    let filter = events::Filter::default();
    events::list(bed.store.read(), &bed.programme, &filter, &all())
        .await
        .unwrap()
        .rows
}

pub(super) async fn the_trail_refuses_change(bed: Bed) {
    bed.submitted().await;
    bed.sequence().await;

    for sql in [
        "UPDATE events SET person = 'nobody'",
        "DELETE FROM events",
        "UPDATE event_chain SET hash = ''",
        "DELETE FROM event_chain",
        "UPDATE submissions SET content = ''",
        "DELETE FROM submissions",
    ] {
        let refused = bed
            .raw
            .execute_unprepared(sql)
            .await
            .unwrap_err()
            .to_string();
        let expected = ["insert-only", "sealed"]
            .iter()
            .any(|word| refused.contains(word));
        assert!(expected, "{sql}: {refused}");
    }
    assert_eq!(
        events::verify(bed.store.read()).await.unwrap().finding,
        None
    );
}

pub(super) async fn a_changed_event_breaks_the_chain(bed: Bed) {
    bed.submitted().await;
    bed.sequence().await;
    // Somebody with the database's own power can lift the triggers; the chain still tells.
    let lift = match bed.backend {
        Backend::Sqlite => "DROP TRIGGER events_no_update",
        Backend::Postgres => "ALTER TABLE events DISABLE TRIGGER events_insert_only",
    };
    bed.raw.execute_unprepared(lift).await.unwrap();
    let change = "UPDATE events SET person = 'nobody' WHERE kind = 'edited'";
    bed.raw.execute_unprepared(change).await.unwrap();

    let (revision, explanation) = events::verify(bed.store.read())
        .await
        .unwrap()
        .finding
        .unwrap();

    let edited = trail(&bed)
        .await
        .into_iter()
        .find(|event| event.kind == "edited")
        .unwrap();
    assert_eq!(Some(revision), edited.revision);
    assert!(
        explanation.contains(&edited.id.to_string()),
        "{explanation}"
    );
}

pub(super) async fn erasing_keeps_the_chain(bed: Bed) {
    bed.sequence().await;
    let forge = format!("UPDATE event_personal SET value = 'x' WHERE value = '{EMAIL}'");
    bed.raw.execute_unprepared(&forge).await.unwrap();
    let forged = events::verify(bed.store.read())
        .await
        .unwrap()
        .finding
        .unwrap();
    assert!(forged.1.contains("personal value"), "{forged:?}");

    bed.raw
        .execute_unprepared("DELETE FROM event_personal")
        .await
        .unwrap();

    assert_eq!(
        events::verify(bed.store.read()).await.unwrap().finding,
        None
    );
    let more = registered(&bed, 9);
    let work = async move |tx: &Tx| {
        record::<Consortium>(tx, None, &more, Consequences::default()).await?;
        Ok::<_, Error>(())
    };
    bed.store.write(act(), work).await.unwrap();
    bed.sequence().await;
    let report = events::verify(bed.store.read()).await.unwrap();
    assert_eq!((report.events, report.finding), (5, None));
}
