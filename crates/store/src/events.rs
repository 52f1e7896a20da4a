//! Reading the audit trail.

use bando_domain::event::{Recorded, SubjectKind};
use bando_domain::ids::{CallId, ConsortiumId, ProgrammeId};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde_json::{Value, json};

use crate::calls::by_name;
use crate::chain::{self, ChainReport};
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::Aggregate;
use crate::tables::{event_chain, event_personal, events};

/// Which events to read.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub subject: Option<String>,
    pub kind: Option<String>,
    pub consortium: Option<ConsortiumId>,
    pub after_revision: i64,
    /// Calls whose places and awards are left out: their results are not published.
    pub holding_results: Vec<CallId>,
}

/// How many events a subject has: the version of the last one.
pub(crate) async fn count_of(tx: &Tx, kind: SubjectKind, subject: &str) -> Result<i64, Error> {
    let count = events::Entity::find()
        .filter(events::Column::SubjectKind.eq(kind.as_str()))
        .filter(events::Column::Subject.eq(subject))
        .count(tx.connection())
        .await?;
    i64::try_from(count).map_err(Error::internal)
}

/// How often something happened in a call after `since`.
pub async fn count_since<D: Db>(
    db: &D,
    call: &CallId,
    kind: &str,
    since: DateTime<Utc>,
) -> Result<u64, Error> {
    let query = events::Entity::find()
        .filter(events::Column::Call.eq(call.to_string()))
        .filter(events::Column::Kind.eq(kind))
        .filter(events::Column::At.gt(since));
    Ok(query.count(db.connection()).await?)
}

/// Numbered events of a programme by revision.
pub async fn list<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    filter: &Filter,
    page: &PageQuery,
) -> Result<Page<Recorded>, Error> {
    let after = page
        .after
        .as_deref()
        .and_then(|key| key.parse::<i64>().ok());
    let after = after.unwrap_or(0).max(filter.after_revision);
    let rows: Vec<(event_chain::Model, Option<events::Model>)> = event_chain::Entity::find()
        .join(sea_orm::JoinType::InnerJoin, to_events())
        .select_also(events::Entity)
        .filter(event_chain::Column::Revision.gt(after))
        .filter(condition(programme, filter))
        .order_by_asc(event_chain::Column::Revision)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for (link, event) in rows {
        if let Some(event) = event {
            found.push(read(event, Some(link))?);
        }
    }
    Ok(Page::of(found, page.size, |event| {
        event.revision.unwrap_or_default().to_string()
    }))
}

pub async fn count<D: Db>(db: &D, programme: &ProgrammeId, filter: &Filter) -> Result<u64, Error> {
    let query = events::Entity::find().filter(condition(programme, filter));
    Ok(query.count(db.connection()).await?)
}

/// What happened to a subject after `version`, oldest first.
pub async fn since<D: Db>(
    db: &D,
    kind: SubjectKind,
    subject: &str,
    version: i64,
) -> Result<Vec<Recorded>, Error> {
    let rows = events::Entity::find()
        .filter(events::Column::SubjectKind.eq(kind.as_str()))
        .filter(events::Column::Subject.eq(subject))
        .filter(events::Column::Version.gt(version))
        .order_by_asc(events::Column::Version)
        .limit(20)
        .all(db.connection())
        .await?;
    rows.into_iter().map(|row| read(row, None)).collect()
}

/// Recomputes the chain and names the first revision that does not hold.
pub async fn verify<D: Db>(db: &D) -> Result<ChainReport, Error> {
    chain::verify(db).await
}

/// An aggregate as its events make it, with personal values put back where they are still kept;
/// `None` when it has no events.
pub async fn replay<A: Aggregate, D: Db>(db: &D, subject: &str) -> Result<Option<A>, Error> {
    let rows = events::Entity::find()
        .filter(events::Column::SubjectKind.eq(A::KIND.as_str()))
        .filter(events::Column::Subject.eq(subject))
        .order_by_asc(events::Column::Version)
        .all(db.connection())
        .await?;
    let mut state = None;
    for row in rows {
        let payload = with_personal(db, &row).await?;
        let event: A::Event = serde_json::from_value(payload)?;
        state = A::apply(state, &event);
    }
    Ok(state)
}

/// What happened to a subject, oldest first, with personal values put back where they are still kept
/// and left empty where they were erased.
pub async fn of_subject<A: Aggregate, D: Db>(
    db: &D,
    subject: &str,
) -> Result<Vec<(Recorded, A::Event)>, Error> {
    let rows = events::Entity::find()
        .filter(events::Column::SubjectKind.eq(A::KIND.as_str()))
        .filter(events::Column::Subject.eq(subject))
        .order_by_asc(events::Column::Version)
        .all(db.connection())
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let mut payload = with_personal(db, &row).await?;
        leave_erased_empty(&mut payload);
        let event = serde_json::from_value(payload)?;
        found.push((read(row, None)?, event));
    }
    Ok(found)
}

fn leave_erased_empty(value: &mut Value) {
    match value {
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("commitment") => {
            *value = json!({ bando_domain::event::PERSONAL_KEY: "" });
        }
        Value::Object(fields) => fields.values_mut().for_each(leave_erased_empty),
        Value::Array(items) => items.iter_mut().for_each(leave_erased_empty),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

async fn with_personal<D: Db>(db: &D, event: &events::Model) -> Result<Value, Error> {
    let kept = event_personal::Entity::find()
        .filter(event_personal::Column::Event.eq(event.id))
        .all(db.connection())
        .await?;
    let mut payload: Value = event.payload.clone().read()?;
    for value in kept {
        if let Some(place) = payload.pointer_mut(&value.pointer) {
            *place = json!({ bando_domain::event::PERSONAL_KEY: value.value });
        }
    }
    Ok(payload)
}

fn to_events() -> sea_orm::RelationDef {
    event_chain::Entity::belongs_to(events::Entity)
        .from(event_chain::Column::Event)
        .to(events::Column::Id)
        .into()
}

fn condition(programme: &ProgrammeId, filter: &Filter) -> sea_orm::Condition {
    let mut condition =
        sea_orm::Condition::all().add(events::Column::Programme.eq(programme.as_str()));
    if let Some(subject) = &filter.subject {
        condition = condition.add(events::Column::Subject.eq(subject.as_str()));
    }
    if let Some(kind) = &filter.kind {
        condition = condition.add(events::Column::Kind.eq(kind.as_str()));
    }
    if let Some(consortium) = filter.consortium {
        condition = condition.add(events::Column::Consortium.eq(consortium.0));
    }
    if !filter.holding_results.is_empty() {
        let calls = filter.holding_results.iter().map(ToString::to_string);
        let is_result = sea_orm::Condition::any()
            .add(events::Column::Kind.eq("placed"))
            .add(events::Column::SubjectKind.eq(SubjectKind::Award.as_str()));
        let held = sea_orm::Condition::all()
            .add(events::Column::Call.is_in(calls))
            .add(is_result);
        // What is about no call is never held.
        let shown = sea_orm::Condition::any()
            .add(events::Column::Call.is_null())
            .add(held.not());
        condition = condition.add(shown);
    }
    condition
}

fn read(row: events::Model, link: Option<event_chain::Model>) -> Result<Recorded, Error> {
    let (revision, chain_hash) = link.map(|link| (link.revision, link.hash)).unzip();
    Ok(Recorded {
        id: row.id.into(),
        revision,
        subject_kind: by_name(SubjectKind::ALL, SubjectKind::as_str, &row.subject_kind)?,
        subject: row.subject,
        version: row.version,
        kind: row.kind,
        at: row.at,
        person: row.person,
        request: row.request.map(Into::into),
        programme: row.programme,
        call: row.call,
        consortium: row.consortium.map(|id| id.to_string()),
        payload: row.payload.read()?,
        chain_hash,
    })
}
