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
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::record::About;
use crate::tables::{Json, event_chain, event_pending, event_personal, events};

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
        commit_personal(tx, entry.id, &mut payload, &mut Vec::new(), &mut personal);
        found.push(event(tx, &entry, about, payload));
    }
    if tx.is_postgres() {
        let pending = |event: &events::Model| event_pending::ActiveModel {
            event: sea_orm::Set(event.id),
            ..Default::default()
        };
        let pending: Vec<_> = found.iter().map(pending).collect();
        insert_all(tx, found.into_iter().map(events::Model::into_active_model)).await?;
        insert_all(tx, pending.into_iter()).await?;
    } else {
        let links = links(head(tx).await?, found.iter())?;
        insert_all(tx, found.into_iter().map(events::Model::into_active_model)).await?;
        insert_all(tx, links.into_iter()).await?;
    }
    let personal = personal.into_iter();
    insert_all(tx, personal.map(event_personal::Model::into_active_model)).await
}

/// Inserts rows, many by one statement.
async fn insert_all<A>(tx: &Tx, mut rows: impl Iterator<Item = A>) -> Result<(), Error>
where
    A: sea_orm::ActiveModelTrait,
{
    loop {
        let some: Vec<A> = rows.by_ref().take(ROWS).collect();
        if some.is_empty() {
            return Ok(());
        }
        A::Entity::insert_many(some)
            .exec_without_returning(tx.connection())
            .await?;
    }
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
        payload: Json::Tree(payload),
    }
}

/// Replaces every `{"personal": value}` by `{"commitment": sha256(salt ‖ value)}`; `path` is where
/// `value` stands.
fn commit_personal(
    tx: &Tx,
    event: EventId,
    value: &mut Value,
    path: &mut Vec<String>,
    kept: &mut Vec<event_personal::Model>,
) {
    match value {
        Value::Object(fields) => {
            if let (1, Some(Value::String(secret))) = (fields.len(), fields.get(PERSONAL_KEY)) {
                let salt = hex(&tx.new_salt());
                let commitment = commitment(&salt, secret);
                kept.push(event_personal::Model {
                    event: event.0,
                    pointer: pointer(path),
                    salt,
                    value: secret.clone(),
                });
                *value = json!({ "commitment": commitment });
                return;
            }
            for (name, inner) in fields.iter_mut() {
                path.push(name.clone());
                commit_personal(tx, event, inner, path, kept);
                path.pop();
            }
        }
        Value::Array(items) => {
            for (position, inner) in items.iter_mut().enumerate() {
                path.push(position.to_string());
                commit_personal(tx, event, inner, path, kept);
                path.pop();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A JSON pointer (RFC 6901).
fn pointer(path: &[String]) -> String {
    let mut pointer = String::new();
    for name in path {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
    }
    pointer
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

/// The places of events in the chain, in this order after the head.
fn links<'e>(
    (mut revision, mut hash): (i64, String),
    found: impl Iterator<Item = &'e events::Model>,
) -> Result<Vec<event_chain::ActiveModel>, Error> {
    let mut links = Vec::with_capacity(found.size_hint().0);
    for event in found {
        revision += 1;
        hash = next_hash(&hash, event)?;
        let row = event_chain::Model {
            revision,
            event: event.id,
            hash: hash.clone(),
        };
        links.push(row.into_active_model());
    }
    Ok(links)
}

/// `sha256(previous ‖ canonical event)`, both in text form.
fn next_hash(previous: &str, event: &events::Model) -> Result<String, Error> {
    let mut bytes = previous.as_bytes().to_vec();
    bytes.extend(canonical(&Envelope::of(event))?);
    Ok(sha256_hex(&bytes))
}

/// The canonical event: every column, as JSON.
#[derive(Serialize)]
struct Envelope<'e> {
    id: Uuid,
    subject_kind: &'e str,
    subject: &'e str,
    version: i64,
    kind: &'e str,
    at: String,
    person: &'e str,
    request: Option<Uuid>,
    programme: Option<&'e str>,
    call: Option<&'e str>,
    consortium: Option<Uuid>,
    payload: &'e Json,
}

impl<'e> Envelope<'e> {
    fn of(event: &'e events::Model) -> Self {
        Self {
            id: event.id,
            subject_kind: &event.subject_kind,
            subject: &event.subject,
            version: event.version,
            kind: &event.kind,
            at: instant_text(event.at),
            person: &event.person,
            request: event.request,
            programme: event.programme.as_deref(),
            call: event.call.as_deref(),
            consortium: event.consortium,
            payload: &event.payload,
        }
    }
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
    let in_order = ids.iter().filter_map(|id| by_id.get(id).copied());
    insert_all(tx, links(head(tx).await?, in_order)?.into_iter()).await?;
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
        let payload: Value = match by_id.get(&value.event) {
            Some(event) => event.payload.clone().read()?,
            None => Value::Null,
        };
        let stated = payload.pointer(&format!("{}/commitment", value.pointer));
        if stated.and_then(Value::as_str) != Some(commitment(&value.salt, &value.value).as_str()) {
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
