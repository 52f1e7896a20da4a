//! The audit trail: insert-only events, chained by hash in commit order. Personal values stand in
//! the payload as salted commitments and are kept beside it.

use std::collections::HashMap;

use bando_domain::event::{PERSONAL_KEY, SubjectKind};
use bando_domain::ids::EventId;
use bando_domain::receipt::{canonical, hex, instant_text, sha256_hex};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde_json::{Value, json};

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::record::About;
use crate::tables::{event_chain, event_pending, event_personal, events};

/// Hash before the first event.
pub(crate) const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Events read or chained at a time.
const BATCH: u64 = 1_000;
/// Rows written by one statement.
const ROWS: usize = 500;

/// The envelope of an event about to be appended.
pub(crate) struct Entry {
    pub(crate) id: EventId,
    pub(crate) kind: &'static str,
    pub(crate) subject_kind: SubjectKind,
    pub(crate) version: i64,
}

/// What a verification of the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    pub events: i64,
    /// Hash after the last event that holds.
    pub head: String,
    /// The first revision that does not hold, and why.
    pub finding: Option<(i64, String)>,
}

pub(crate) async fn append(
    tx: &Tx,
    entry: Entry,
    about: &About,
    payload: Value,
) -> Result<(), Error> {
    append_all(tx, vec![(entry, about.clone(), payload)]).await
}

/// Appends events in this order.
pub(crate) async fn append_all(tx: &Tx, appended: Vec<(Entry, About, Value)>) -> Result<(), Error> {
    let (mut found, mut personal) = (Vec::with_capacity(appended.len()), Vec::new());
    for (entry, about, mut payload) in appended {
        commit_personal(tx, entry.id, &mut payload, String::new(), &mut personal);
        found.push(event(tx, &entry, about, payload));
    }
    let connection = tx.connection();
    for some in found.chunks(ROWS) {
        let rows = some.iter().cloned().map(events::Model::into_active_model);
        events::Entity::insert_many(rows)
            .exec_without_returning(connection)
            .await?;
    }
    if !personal.is_empty() {
        let rows = personal
            .into_iter()
            .map(sea_orm::IntoActiveModel::into_active_model);
        event_personal::Entity::insert_many(rows)
            .exec_without_returning(connection)
            .await?;
    }
    if tx.is_postgres() {
        for some in found.chunks(ROWS) {
            let rows = some.iter().map(|event| event_pending::ActiveModel {
                event: sea_orm::Set(event.id),
                ..Default::default()
            });
            event_pending::Entity::insert_many(rows)
                .exec_without_returning(connection)
                .await?;
        }
        return Ok(());
    }
    link(tx, head(tx).await?, &found.iter().collect::<Vec<_>>()).await
}

fn event(tx: &Tx, entry: &Entry, about: About, payload: Value) -> events::Model {
    let cause = tx.cause();
    events::Model {
        id: entry.id.0,
        subject_kind: entry.subject_kind.as_str().to_owned(),
        subject: about.subject,
        version: entry.version,
        kind: entry.kind.to_owned(),
        at: cause.at,
        person: cause.actor.person.clone(),
        request: cause.request.map(|id| id.0),
        programme: about.programme.as_ref().map(ToString::to_string),
        call: about.call.as_ref().map(ToString::to_string),
        consortium: about.consortium.map(|id| id.0),
        payload,
    }
}

/// Replaces every `{"personal": value}` by `{"commitment": sha256(salt ‖ value)}`.
fn commit_personal(
    tx: &Tx,
    event: EventId,
    value: &mut Value,
    pointer: String,
    kept: &mut Vec<event_personal::Model>,
) {
    match value {
        Value::Object(fields) => {
            if let (1, Some(Value::String(secret))) = (fields.len(), fields.get(PERSONAL_KEY)) {
                let salt = hex(&tx.new_salt());
                let commitment = commitment(&salt, secret);
                kept.push(event_personal::Model {
                    event: event.0,
                    pointer,
                    salt,
                    value: secret.clone(),
                });
                *value = json!({ "commitment": commitment });
                return;
            }
            for (name, inner) in fields.iter_mut() {
                let name = name.replace('~', "~0").replace('/', "~1");
                commit_personal(tx, event, inner, format!("{pointer}/{name}"), kept);
            }
        }
        Value::Array(items) => {
            for (position, inner) in items.iter_mut().enumerate() {
                commit_personal(tx, event, inner, format!("{pointer}/{position}"), kept);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

pub(crate) fn commitment(salt: &str, value: &str) -> String {
    sha256_hex(format!("{salt}{value}").as_bytes())
}

pub(crate) async fn head<D: Db>(db: &D) -> Result<(i64, String), Error> {
    let last = event_chain::Entity::find()
        .order_by_desc(event_chain::Column::Revision)
        .limit(1)
        .one(db.connection())
        .await?;
    Ok(last.map_or((0, GENESIS.to_owned()), |last| (last.revision, last.hash)))
}

/// Numbers and chains events in this order, after the head.
async fn link(
    tx: &Tx,
    (mut revision, mut hash): (i64, String),
    found: &[&events::Model],
) -> Result<(), Error> {
    for some in found.chunks(ROWS) {
        let mut rows = Vec::with_capacity(some.len());
        for event in some {
            revision += 1;
            hash = next_hash(&hash, event)?;
            let row = event_chain::Model {
                revision,
                event: event.id,
                hash: hash.clone(),
            };
            rows.push(row.into_active_model());
        }
        event_chain::Entity::insert_many(rows)
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}

/// `sha256(previous ‖ canonical event)`, both in text form.
fn next_hash(previous: &str, event: &events::Model) -> Result<String, Error> {
    let mut bytes = previous.as_bytes().to_vec();
    bytes.extend(canonical(&envelope(event))?);
    Ok(sha256_hex(&bytes))
}

/// The canonical event: every column, as JSON.
fn envelope(event: &events::Model) -> Value {
    json!({
        "id": event.id.to_string(),
        "subject_kind": event.subject_kind,
        "subject": event.subject,
        "version": event.version,
        "kind": event.kind,
        "at": instant_text(event.at),
        "person": event.person,
        "request": event.request.map(|id| id.to_string()),
        "programme": event.programme,
        "call": event.call,
        "consortium": event.consortium.map(|id| id.to_string()),
        "payload": event.payload,
    })
}

/// Numbers and chains what is committed and waits, on `PostgreSQL`; one replica at a time.
pub(crate) async fn sequence(tx: &Tx) -> Result<u64, Error> {
    let connection = tx.connection();
    connection
        .execute_unprepared("SELECT pg_advisory_xact_lock(7443002)")
        .await?;
    let pending = event_pending::Entity::find()
        .order_by_asc(event_pending::Column::Seq)
        .limit(BATCH)
        .all(connection)
        .await?;
    if pending.is_empty() {
        return Ok(0);
    }
    let ids: Vec<_> = pending.iter().map(|row| row.event).collect();
    let found = events::Entity::find()
        .filter(events::Column::Id.is_in(ids.clone()))
        .all(connection)
        .await?;
    let by_id: HashMap<_, _> = found.iter().map(|event| (event.id, event)).collect();
    let in_order: Vec<_> = ids.iter().filter_map(|id| by_id.get(id).copied()).collect();
    link(tx, head(tx).await?, &in_order).await?;
    event_pending::Entity::delete_many()
        .filter(event_pending::Column::Event.is_in(ids))
        .exec(connection)
        .await?;
    Ok(u64::try_from(pending.len()).unwrap_or(u64::MAX))
}

/// Recomputes the chain from its first event, in constant memory.
pub(crate) async fn verify<D: Db>(db: &D) -> Result<ChainReport, Error> {
    let mut report = ChainReport {
        events: 0,
        head: GENESIS.to_owned(),
        finding: None,
    };
    loop {
        let rows = event_chain::Entity::find()
            .filter(event_chain::Column::Revision.gt(report.events))
            .order_by_asc(event_chain::Column::Revision)
            .limit(BATCH)
            .all(db.connection())
            .await?;
        if rows.is_empty() {
            return missing_events(db, report).await;
        }
        let ids = rows.iter().map(|row| row.event);
        let found = events::Entity::find()
            .filter(events::Column::Id.is_in(ids))
            .all(db.connection())
            .await?;
        let by_id: HashMap<_, _> = found.into_iter().map(|event| (event.id, event)).collect();
        for row in rows {
            if let Err(finding) = check(&mut report, &row, by_id.get(&row.event)) {
                report.finding = Some(finding);
                return Ok(report);
            }
        }
        let ids: Vec<_> = by_id.keys().copied().collect();
        if let Some(finding) = broken_commitment(db, ids, &by_id).await? {
            report.finding = Some(finding);
            return Ok(report);
        }
    }
}

fn check(
    report: &mut ChainReport,
    row: &event_chain::Model,
    event: Option<&events::Model>,
) -> Result<(), (i64, String)> {
    let expected = report.events + 1;
    if row.revision != expected {
        return Err((expected, format!("revision {expected} is missing")));
    }
    let event = event.ok_or((expected, format!("event {} is missing", row.event)))?;
    let hash = next_hash(&report.head, event).map_err(|error| (expected, error.message))?;
    if hash != row.hash {
        return Err((
            expected,
            format!("event {} does not match its hash", row.event),
        ));
    }
    report.events = expected;
    report.head = hash;
    Ok(())
}

/// A kept personal value must still be what the event committed to.
async fn broken_commitment<D: Db>(
    db: &D,
    ids: Vec<uuid::Uuid>,
    by_id: &HashMap<uuid::Uuid, events::Model>,
) -> Result<Option<(i64, String)>, Error> {
    let kept = event_personal::Entity::find()
        .filter(event_personal::Column::Event.is_in(ids))
        .all(db.connection())
        .await?;
    for value in kept {
        let stated = by_id
            .get(&value.event)
            .and_then(|event| {
                event
                    .payload
                    .pointer(&format!("{}/commitment", value.pointer))
            })
            .and_then(Value::as_str);
        if stated != Some(commitment(&value.salt, &value.value).as_str()) {
            let revision = event_chain::Entity::find()
                .filter(event_chain::Column::Event.eq(value.event))
                .one(db.connection())
                .await?
                .map_or(0, |row| row.revision);
            let finding = format!("a personal value of event {} was changed", value.event);
            return Ok(Some((revision, finding)));
        }
    }
    Ok(None)
}

/// Events that are neither chained nor waiting for it were cut off the chain's end.
async fn missing_events<D: Db>(db: &D, mut report: ChainReport) -> Result<ChainReport, Error> {
    use sea_orm::PaginatorTrait as _;
    let connection = db.connection();
    let stored = events::Entity::find().count(connection).await?;
    let waiting = match connection.get_database_backend() {
        sea_orm::DbBackend::Postgres => event_pending::Entity::find().count(connection).await?,
        _ => 0,
    };
    let chained = u64::try_from(report.events).unwrap_or(0);
    if stored > chained + waiting {
        let finding = format!("{} events are not in the chain", stored - chained - waiting);
        report.finding = Some((report.events + 1, finding));
    }
    Ok(report)
}
