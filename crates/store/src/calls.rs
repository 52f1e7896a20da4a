//! Calls.

use bando_domain::call::{self, Call, State};
use bando_domain::event::SubjectKind;
use bando_domain::ids::{CallId, ProgrammeId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::{About, Aggregate, Versioned};
use crate::tables::calls::{Column, Entity, Model};
use crate::tables::{Json, save_row};

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: &CallId) -> Result<Versioned<Call>, Error> {
    find(db, id)
        .await?
        .ok_or_else(|| Error::not_found(format!("call {id}")))
}

/// A call that was read before, read again only if it changed since; `None` when it did not.
///
/// # Errors
/// `NotFound`.
pub async fn changed<D: Db>(
    db: &D,
    known: &Versioned<Call>,
) -> Result<Option<Versioned<Call>>, Error> {
    let version: Option<i64> = Entity::find_by_id(known.value.id.to_string())
        .select_only()
        .column(Column::Version)
        .into_tuple()
        .one(db.connection())
        .await?;
    if version == Some(known.version) {
        return Ok(None);
    }
    get(db, &known.value.id).await.map(Some)
}

pub async fn find<D: Db>(db: &D, id: &CallId) -> Result<Option<Versioned<Call>>, Error> {
    let row = Entity::find_by_id(id.to_string())
        .one(db.connection())
        .await?;
    row.map(read).transpose()
}

/// Holds a call's row until the transaction ends: others that hold it wait. On SQLite there is one
/// writer anyway.
pub async fn hold(tx: &Tx, id: &CallId) -> Result<(), Error> {
    if tx.is_postgres() {
        Entity::find_by_id(id.to_string())
            .lock_exclusive()
            .one(tx.connection())
            .await?;
    }
    Ok(())
}

/// The calls of a programme by their code; drafts only if asked for.
pub async fn list<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    with_drafts: bool,
    page: &PageQuery,
) -> Result<Page<Versioned<Call>>, Error> {
    let mut query = Entity::find().filter(Column::Programme.eq(programme.as_str()));
    if !with_drafts {
        query = query.filter(Column::State.ne(State::Draft.as_str()));
    }
    if let Some(after) = &page.after {
        query = query.filter(Column::Id.gt(after.as_str()));
    }
    let rows = query
        .order_by_asc(Column::Id)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let calls = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(calls, page.size, |call| call.value.id.to_string()))
}

fn read(row: Model) -> Result<Versioned<Call>, Error> {
    let value = Call {
        id: row.id.parse().map_err(Error::internal)?,
        terms: row.terms.read()?,
        state: by_name(State::ALL, State::as_str, &row.state)?,
        ranking: row.ranking.map(Into::into),
        results: Json::read_optional(row.results)?,
        cancellation: Json::read_optional(row.cancellation)?,
    };
    Ok(Versioned {
        version: row.version,
        value,
    })
}

/// The calls of a programme whose results are decided and not published.
pub async fn holding_results<D: Db>(db: &D, programme: &ProgrammeId) -> Result<Vec<CallId>, Error> {
    let rows = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::Results.is_not_null())
        .all(db.connection())
        .await?;
    let calls = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let holding = calls
        .into_iter()
        .filter(|known| known.value.holds_results());
    Ok(holding.map(|known| known.value.id).collect())
}

/// Finds the value that is stored under `text`.
pub(crate) fn by_name<T: Copy, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
    text: &str,
) -> Result<T, Error> {
    all.into_iter()
        .find(|value| name(*value) == text)
        .ok_or_else(|| Error::internal(format!("`{text}` is stored by a newer version")))
}

impl Aggregate for Call {
    type Event = call::Event;
    const KIND: SubjectKind = SubjectKind::Call;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.id.programme().clone()),
            call: Some(self.id.clone()),
            consortium: None,
        }
    }

    fn event_kind(event: &call::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &call::Event) -> Option<Self> {
        call::apply(before, event)
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        let row = Model {
            id: self.id.to_string(),
            programme: self.id.programme().to_string(),
            version,
            state: self.state.as_str().to_owned(),
            opens_at: self.terms.window.opens_at,
            closes_at: self.terms.window.closes_at,
            budget_cents: self.terms.budget.as_cents(),
            ranking: self.ranking.map(|id| id.0),
            results: Json::of_optional(self.results.as_ref())?,
            terms: Json::of(&self.terms)?,
            cancellation: Json::of_optional(self.cancellation.as_ref())?,
        };
        save_row!(
            tx,
            Entity,
            Column,
            row,
            before.is_some(),
            version,
            self.id.to_string()
        )
    }
}
