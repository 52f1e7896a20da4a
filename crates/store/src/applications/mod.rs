//! Applications: the working copy as a document, the sealed submissions as rows, the findings.

mod read;
mod write;

use std::collections::HashMap;

use bando_domain::application::{self, Application, State};
use bando_domain::evaluation::State as EvaluationState;
use bando_domain::event::SubjectKind;
use bando_domain::ids::{ApplicationId, CallId, ConsortiumId};
use bando_domain::money::Eur;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, PaginatorTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::calls;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::{About, Aggregate, Versioned};
use crate::tables::applications::{Column, Entity};
use crate::tables::{evaluations, submissions};

pub use write::seal;

/// Which applications to read.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub state: Option<State>,
    pub consortium: Option<ConsortiumId>,
    /// Only those that are open to this evaluator.
    pub evaluator: Option<String>,
}

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: ApplicationId) -> Result<Versioned<Application>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    let row = row.ok_or_else(|| Error::not_found(format!("application {id}")))?;
    let mut found = read::with_parts(db, vec![row]).await?;
    found
        .pop()
        .ok_or_else(|| Error::not_found(format!("application {id}")))
}

/// What a letter says of an application.
#[derive(Debug, Clone)]
pub struct Outline {
    pub id: ApplicationId,
    pub call: CallId,
    pub state: State,
    /// The protocol number, or what stands for it.
    pub label: String,
    /// The project's title.
    pub project: String,
}

#[derive(FromQueryResult)]
struct OutlineRow {
    id: Uuid,
    call: String,
    state: String,
    title: Option<String>,
}

#[derive(FromQueryResult)]
struct Numbered {
    application: Uuid,
    protocol: String,
}

/// Applications in outline by id; unknown ids are left out. Where many are written to at once,
/// their projects and findings need not be read.
pub async fn outlines<D: Db>(
    db: &D,
    ids: impl IntoIterator<Item = ApplicationId>,
) -> Result<HashMap<ApplicationId, Outline>, Error> {
    let ids: Vec<Uuid> = ids.into_iter().map(|id| id.0).collect();
    let submitted = submissions::Entity::find()
        .select_only()
        .columns([
            submissions::Column::Application,
            submissions::Column::Protocol,
        ])
        .filter(submissions::Column::Application.is_in(ids.iter().copied()))
        .order_by_asc(submissions::Column::Number)
        .into_model::<Numbered>()
        .all(db.connection())
        .await?;
    // The last one counts.
    let protocols: HashMap<Uuid, String> = submitted
        .into_iter()
        .map(|row| (row.application, row.protocol))
        .collect();
    let rows = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Call, Column::State])
        .column_as(Expr::cust("project ->> 'title'"), "title")
        .filter(Column::Id.is_in(ids))
        .into_model::<OutlineRow>()
        .all(db.connection())
        .await?;
    let outline = |row: OutlineRow| {
        let id = ApplicationId::from(row.id);
        let protocol = protocols.get(&row.id).map(String::as_str);
        let outline = Outline {
            id,
            call: row.call.parse().map_err(Error::internal)?,
            state: calls::by_name(State::ALL, State::as_str, &row.state)?,
            label: application::label(id, protocol),
            project: row.title.unwrap_or_default(),
        };
        Ok((id, outline))
    };
    rows.into_iter().map(outline).collect()
}

/// Holds an application's row until the transaction ends: two that add a document wait for each
/// other instead of failing. On SQLite there is one writer anyway.
pub async fn hold(tx: &Tx, id: ApplicationId) -> Result<(), Error> {
    if tx.is_postgres() {
        Entity::find_by_id(id.0)
            .lock_exclusive()
            .one(tx.connection())
            .await?;
    }
    Ok(())
}

/// The one application of a consortium in a call.
pub async fn of_consortium<D: Db>(
    db: &D,
    call: &CallId,
    consortium: ConsortiumId,
) -> Result<Option<ApplicationId>, Error> {
    let row = Entity::find()
        .filter(Column::Call.eq(call.to_string()))
        .filter(Column::Consortium.eq(consortium.0))
        .one(db.connection())
        .await?;
    Ok(row.map(|row| row.id.into()))
}

/// The applications of a consortium in all calls; a few a year.
pub async fn of_consortium_in_all<D: Db>(
    db: &D,
    consortium: ConsortiumId,
) -> Result<Vec<Versioned<Application>>, Error> {
    let rows = Entity::find()
        .filter(Column::Consortium.eq(consortium.0))
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    read::with_parts(db, rows).await
}

/// States of an evaluation in which its application is open to the evaluator.
const OPEN_TO_EVALUATOR: [&str; 2] = [
    EvaluationState::Declared.as_str(),
    EvaluationState::Scored.as_str(),
];

/// The applications of a call in order of creation.
pub async fn list<D: Db>(
    db: &D,
    call: &CallId,
    filter: &Filter,
    page: &PageQuery,
) -> Result<Page<Versioned<Application>>, Error> {
    let mut query = Entity::find().filter(Column::Call.eq(call.to_string()));
    if let Some(state) = filter.state {
        query = query.filter(Column::State.eq(state.as_str()));
    }
    if let Some(consortium) = filter.consortium {
        query = query.filter(Column::Consortium.eq(consortium.0));
    }
    if let Some(evaluator) = &filter.evaluator {
        let assigned = sea_orm::sea_query::Query::select()
            .column(evaluations::Column::Application)
            .from(evaluations::Entity)
            .and_where(evaluations::Column::Evaluator.eq(evaluator.as_str()))
            .and_where(evaluations::Column::State.is_in(OPEN_TO_EVALUATOR))
            .and_where(evaluations::Column::Flagged.eq(false))
            .to_owned();
        query = query.filter(Column::Id.in_subquery(assigned));
    }
    if let Some(after) = page.after_uuid() {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query
        .order_by_asc(Column::Id)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let found = read::with_parts(db, rows).await?;
    Ok(Page::of(found, page.size, |known| {
        known.value.id.to_string()
    }))
}

/// Ids of a call's applications in one state.
pub async fn ids_in<D: Db>(
    db: &D,
    call: &CallId,
    state: State,
) -> Result<Vec<ApplicationId>, Error> {
    let ids: Vec<uuid::Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Call.eq(call.to_string()))
        .filter(Column::State.eq(state.as_str()))
        .order_by_asc(Column::Id)
        .into_tuple()
        .all(db.connection())
        .await?;
    Ok(ids.into_iter().map(Into::into).collect())
}

pub async fn count_in<D: Db>(db: &D, call: &CallId, state: State) -> Result<u64, Error> {
    let query = Entity::find()
        .filter(Column::Call.eq(call.to_string()))
        .filter(Column::State.eq(state.as_str()));
    Ok(query.count(db.connection()).await?)
}

/// How many applications of a call the office has looked into: whose check was opened, whatever
/// became of them.
pub async fn count_checked<D: Db>(db: &D, call: &CallId) -> Result<u64, Error> {
    let query = Entity::find()
        .filter(Column::Call.eq(call.to_string()))
        .filter(Column::RuleSetVersion.is_not_null());
    Ok(query.count(db.connection()).await?)
}

/// What one submission would get in full, and when it was received.
#[derive(FromQueryResult)]
struct Claim {
    application: uuid::Uuid,
    grant_cents: i64,
    received_at: DateTime<Utc>,
}

/// What the counting submissions of a call come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// What they would get in full, all together.
    pub amount: Eur,
    /// When the last of them was received: not always the one that was written last.
    pub last_received_at: Option<DateTime<Utc>>,
}

/// What the counting submissions of a call come to. The call's row is held until the transaction
/// ends, so that two submissions never miss each other.
pub async fn claimed(tx: &Tx, call: &CallId) -> Result<Claimed, Error> {
    calls::hold(tx, call).await?;
    let rows = submissions::Entity::find()
        .select_only()
        .columns([
            submissions::Column::Application,
            submissions::Column::GrantCents,
            submissions::Column::ReceivedAt,
        ])
        .filter(
            submissions::Column::Application.in_subquery(
                Query::select()
                    .column(Column::Id)
                    .from(Entity)
                    .and_where(Column::Call.eq(call.to_string()))
                    .and_where(Column::State.eq(State::Submitted.as_str()))
                    .to_owned(),
            ),
        )
        .order_by_asc(submissions::Column::Number)
        .into_model::<Claim>()
        .all(tx.connection())
        .await?;
    let last: HashMap<uuid::Uuid, (i64, DateTime<Utc>)> = rows
        .into_iter()
        .map(|claim| (claim.application, (claim.grant_cents, claim.received_at)))
        .collect();
    Ok(Claimed {
        amount: last.values().map(|(cents, _)| Eur::cents(*cents)).sum(),
        last_received_at: last.into_values().map(|(_, received_at)| received_at).max(),
    })
}

/// The sealed bytes of a submission.
///
/// # Errors
/// `NotFound`.
pub async fn sealed_content<D: Db>(
    db: &D,
    id: ApplicationId,
    number: u32,
) -> Result<String, Error> {
    let number = i32::try_from(number).unwrap_or(i32::MAX);
    let row = submissions::Entity::find_by_id((id.0, number))
        .one(db.connection())
        .await?;
    let row =
        row.ok_or_else(|| Error::not_found(format!("submission {number} of application {id}")))?;
    Ok(row.content)
}

impl Aggregate for Application {
    type Event = application::Event;
    const KIND: SubjectKind = SubjectKind::Application;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.call.programme().clone()),
            call: Some(self.call.clone()),
            consortium: Some(self.consortium),
        }
    }

    fn event_kind(event: &application::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &application::Event) -> Option<Self> {
        application::apply(before, event)
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        write::save(self, tx, before, version).await
    }
}
