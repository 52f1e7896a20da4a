//! Evaluations with their scores.

use std::collections::HashMap;

use bando_domain::evaluation::{self, Details, Evaluation, Score, State};
use bando_domain::event::SubjectKind;
use bando_domain::ids::{ApplicationId, CallId, EvaluationId, ProgrammeId};
use sea_orm::sea_query::Query;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::calls::by_name;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::{About, Aggregate, Versioned};
use crate::tables::evaluations::{Column, Entity, Model};
use crate::tables::{Json, save_row, scores};

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: EvaluationId) -> Result<Versioned<Evaluation>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    let row = row.ok_or_else(|| Error::not_found(format!("evaluation {id}")))?;
    let mut found = with_scores(db, vec![row]).await?;
    found
        .pop()
        .ok_or_else(|| Error::not_found(format!("evaluation {id}")))
}

/// Evaluations of a call, of one application or of one evaluator only if given.
pub async fn list<D: Db>(
    db: &D,
    call: &CallId,
    application: Option<ApplicationId>,
    evaluator: Option<&str>,
    page: &PageQuery,
) -> Result<Page<Versioned<Evaluation>>, Error> {
    let mut query = Entity::find().filter(Column::Call.eq(call.to_string()));
    if let Some(application) = application {
        query = query.filter(Column::Application.eq(application.0));
    }
    if let Some(evaluator) = evaluator {
        query = query.filter(Column::Evaluator.eq(evaluator));
    }
    if let Some(after) = page.after_uuid() {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query
        .order_by_asc(Column::Id)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let found = with_scores(db, rows).await?;
    Ok(Page::of(found, page.size, |known| {
        known.value.id.to_string()
    }))
}

/// Evaluations of a call that somebody still has to sign, in order of assignment.
pub async fn unsigned<D: Db>(db: &D, call: &CallId) -> Result<Vec<Versioned<Evaluation>>, Error> {
    let unsigned = State::ALL.into_iter().filter(|state| state.is_unsigned());
    let rows = Entity::find()
        .filter(Column::Call.eq(call.to_string()))
        .filter(Column::State.is_in(unsigned.map(State::as_str)))
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    with_scores(db, rows).await
}

/// What an evaluator has to do with an application, whatever its state.
pub async fn of_pair<D: Db>(
    db: &D,
    application: ApplicationId,
    evaluator: &str,
) -> Result<Option<Versioned<Evaluation>>, Error> {
    let found = Entity::find()
        .filter(Column::Application.eq(application.0))
        .filter(Column::Evaluator.eq(evaluator))
        .one(db.connection())
        .await?;
    Ok(with_scores(db, Vec::from_iter(found)).await?.pop())
}

/// All evaluations of these applications, in order of assignment.
pub async fn of_applications<D: Db>(
    db: &D,
    applications: impl IntoIterator<Item = ApplicationId>,
) -> Result<Vec<Versioned<Evaluation>>, Error> {
    let ids = applications.into_iter().map(|id| id.0);
    let rows = Entity::find()
        .filter(Column::Application.is_in(ids))
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    with_scores(db, rows).await
}

/// What an evaluator is doing or has done in the calls of a programme and counts or will count.
pub async fn live_of<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    evaluator: &str,
) -> Result<Vec<Versioned<Evaluation>>, Error> {
    let live = State::ALL.into_iter().filter(|state| state.is_live());
    let rows = Entity::find()
        .filter(Column::Evaluator.eq(evaluator))
        .filter(Column::Call.starts_with(format!("{programme}/")))
        .filter(Column::State.is_in(live.map(State::as_str)))
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    with_scores(db, rows).await
}

/// How many evaluations of a call an evaluator has in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    pub evaluator: String,
    pub state: State,
    pub flagged: bool,
    pub count: u64,
}

#[derive(FromQueryResult)]
struct Counted {
    evaluator: String,
    state: String,
    flagged: bool,
    count: i64,
}

/// The work of every evaluator of a call, by name.
pub async fn workload<D: Db>(db: &D, call: &CallId) -> Result<Vec<Workload>, Error> {
    let rows = Entity::find()
        .select_only()
        .columns([Column::Evaluator, Column::State, Column::Flagged])
        .column_as(Column::Id.count(), "count")
        .filter(Column::Call.eq(call.to_string()))
        .group_by(Column::Evaluator)
        .group_by(Column::State)
        .group_by(Column::Flagged)
        .order_by_asc(Column::Evaluator)
        .into_model::<Counted>()
        .all(db.connection())
        .await?;
    let rows = rows.into_iter().map(|row| {
        Ok(Workload {
            evaluator: row.evaluator,
            state: by_name(State::ALL, State::as_str, &row.state)?,
            flagged: row.flagged,
            count: u64::try_from(row.count).map_err(Error::internal)?,
        })
    });
    rows.collect()
}

/// How many score sheets are in for a call, whatever became of them.
pub async fn count_scored<D: Db>(db: &D, call: &CallId) -> Result<u64, Error> {
    let scored = Query::select()
        .column(scores::Column::Evaluation)
        .from(scores::Entity)
        .to_owned();
    let query = Entity::find()
        .filter(Column::Call.eq(call.to_string()))
        .filter(Column::Id.in_subquery(scored));
    Ok(query.count(db.connection()).await?)
}

async fn with_scores<D: Db>(db: &D, rows: Vec<Model>) -> Result<Vec<Versioned<Evaluation>>, Error> {
    let score_rows = scores::Entity::find()
        .filter(scores::Column::Evaluation.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(scores::Column::Position)
        .all(db.connection())
        .await?;
    let mut by_evaluation: HashMap<Uuid, Vec<Score>> = HashMap::new();
    for row in score_rows {
        let score = Score {
            criterion: row.criterion,
            score: row.score.parse().map_err(Error::internal)?,
            comment: row.comment,
        };
        by_evaluation.entry(row.evaluation).or_default().push(score);
    }
    rows.into_iter()
        .map(|row| {
            let value = Evaluation {
                id: row.id.into(),
                call: row.call.parse().map_err(Error::internal)?,
                application: row.application.into(),
                evaluator: row.evaluator,
                state: by_name(State::ALL, State::as_str, &row.state)?,
                scores: by_evaluation.remove(&row.id).unwrap_or_default(),
                excluded_because: row.excluded_because,
                details: match row.details {
                    Some(details) => details.read()?,
                    None => Details::default(),
                },
            };
            Ok(Versioned {
                version: row.version,
                value,
            })
        })
        .collect()
}

impl Aggregate for Evaluation {
    type Event = evaluation::Event;
    const KIND: SubjectKind = SubjectKind::Evaluation;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.call.programme().clone()),
            call: Some(self.call.clone()),
            consortium: None,
        }
    }

    fn event_kind(event: &evaluation::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &evaluation::Event) -> Option<Self> {
        evaluation::apply(before, event)
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        save_own(self, tx, before.is_some(), version).await?;
        if before.is_none_or(|known| known.scores != self.scores) {
            replace_scores(self, tx, before.is_some()).await?;
        }
        Ok(())
    }
}

async fn save_own(
    evaluation: &Evaluation,
    tx: &Tx,
    exists: bool,
    version: i64,
) -> Result<(), Error> {
    let row = Model {
        id: evaluation.id.0,
        version,
        call: evaluation.call.to_string(),
        application: evaluation.application.0,
        evaluator: evaluation.evaluator.clone(),
        state: evaluation.state.as_str().to_owned(),
        excluded_because: evaluation.excluded_because.clone(),
        details: Some(Json::of(&evaluation.details)?),
        flagged: evaluation.is_flagged(),
    };
    save_row!(tx, Entity, Column, row, exists, version, evaluation.id.0)
}

async fn replace_scores(evaluation: &Evaluation, tx: &Tx, exists: bool) -> Result<(), Error> {
    let connection = tx.connection();
    if exists {
        scores::Entity::delete_many()
            .filter(scores::Column::Evaluation.eq(evaluation.id.0))
            .exec(connection)
            .await?;
    }
    let rows: Vec<_> = (0..)
        .zip(&evaluation.scores)
        .map(|(position, score)| {
            scores::Model {
                evaluation: evaluation.id.0,
                position,
                criterion: score.criterion.clone(),
                score: score.score.to_string(),
                comment: score.comment.clone(),
            }
            .into_active_model()
        })
        .collect();
    if !rows.is_empty() {
        scores::Entity::insert_many(rows)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}
