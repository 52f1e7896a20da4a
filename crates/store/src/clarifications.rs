//! Clarification requests with their sealed answers.

use std::collections::HashMap;

use bando_domain::clarification::{
    self, Answer, Clarification, ItemAnswer, Purpose, SealedAnswer, State,
};
use bando_domain::event::SubjectKind;
use bando_domain::ids::{ApplicationId, CallId, ClarificationId, ConsortiumId};
use bando_domain::receipt::{Signed, canonical};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::calls::by_name;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::{About, Aggregate, Changed, Versioned};
use crate::tables::clarification_answers as answers;
use crate::tables::clarifications::{Column, Entity, Model};
use crate::tables::{Json, replace_all, save_row};

/// Which requests to read.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub state: Option<State>,
    pub application: Option<ApplicationId>,
    pub consortium: Option<ConsortiumId>,
}

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: ClarificationId) -> Result<Versioned<Clarification>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    let missing = || Error::not_found(format!("clarification {id}"));
    let mut found = with_answers(db, vec![row.ok_or_else(missing)?]).await?;
    found.pop().ok_or_else(missing)
}

/// Requests by id, in no order; unknown ids are left out.
pub async fn by_ids<D: Db>(
    db: &D,
    ids: impl IntoIterator<Item = ClarificationId>,
) -> Result<Vec<Versioned<Clarification>>, Error> {
    let rows = Entity::find()
        .filter(Column::Id.is_in(ids.into_iter().map(|id| id.0)))
        .all(db.connection())
        .await?;
    with_answers(db, rows).await
}

/// Everything one application was asked, in order.
pub async fn of_application<D: Db>(
    db: &D,
    application: ApplicationId,
) -> Result<Vec<Versioned<Clarification>>, Error> {
    let rows = Entity::find()
        .filter(Column::Application.eq(application.0))
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    with_answers(db, rows).await
}

/// Holds a request's row until the transaction ends, so that two who change it come one after the
/// other; on SQLite every write does.
pub async fn hold(tx: &Tx, id: ClarificationId) -> Result<(), Error> {
    if tx.is_postgres() {
        Entity::find_by_id(id.0)
            .lock_exclusive()
            .one(tx.connection())
            .await?;
    }
    Ok(())
}

pub async fn list<D: Db>(
    db: &D,
    call: &CallId,
    filter: &Filter,
    page: &PageQuery,
) -> Result<Page<Versioned<Clarification>>, Error> {
    let mut query = Entity::find().filter(Column::Call.eq(call.to_string()));
    if let Some(state) = filter.state {
        query = query.filter(Column::State.eq(state.as_str()));
    }
    if let Some(application) = filter.application {
        query = query.filter(Column::Application.eq(application.0));
    }
    if let Some(consortium) = filter.consortium {
        query = query.filter(Column::Consortium.eq(consortium.0));
    }
    if let Some(after) = page.after_uuid() {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query
        .order_by_asc(Column::Id)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let found = with_answers(db, rows).await?;
    Ok(Page::of(found, page.size, |known| {
        known.value.id.to_string()
    }))
}

/// How many requests of a call are in a state, of applications that are still under check.
pub async fn count_under_check<D: Db>(db: &D, call: &CallId, state: State) -> Result<u64, Error> {
    use crate::tables::applications;
    let under_check = applications::Entity::find()
        .select_only()
        .column(applications::Column::Id)
        .filter(applications::Column::Call.eq(call.to_string()))
        .filter(
            applications::Column::State.eq(bando_domain::application::State::UnderCheck.as_str()),
        );
    let query = Entity::find()
        .filter(Column::Call.eq(call.to_string()))
        .filter(Column::State.eq(state.as_str()))
        .filter(Column::Application.in_subquery(sea_orm::QueryTrait::into_query(under_check)));
    Ok(query.count(db.connection()).await?)
}

/// The canonical bytes that the receipt of an answer stands for.
///
/// # Errors
/// `NotFound`.
pub async fn sealed_content<D: Db>(
    db: &D,
    id: ClarificationId,
    number: u32,
) -> Result<String, Error> {
    let position = i32::try_from(number).map_err(Error::internal)?;
    let row = answers::Entity::find_by_id((id.0, position))
        .one(db.connection())
        .await?;
    let row = row.ok_or_else(|| Error::not_found(format!("answer {number} to {id}")))?;
    Ok(row.content)
}

async fn with_answers<D: Db>(
    db: &D,
    rows: Vec<Model>,
) -> Result<Vec<Versioned<Clarification>>, Error> {
    let answer_rows = answers::Entity::find()
        .filter(answers::Column::Clarification.is_in(rows.iter().map(|row| row.id)))
        .order_by_asc(answers::Column::Number)
        .all(db.connection())
        .await?;
    let mut by_request: HashMap<Uuid, Vec<Answer>> = HashMap::new();
    for row in answer_rows {
        let request = row.clarification;
        by_request
            .entry(request)
            .or_default()
            .push(read_answer(row)?);
    }
    rows.into_iter()
        .map(|row| {
            let answers = by_request.remove(&row.id).unwrap_or_default();
            read(row, answers)
        })
        .collect()
}

fn read_answer(row: answers::Model) -> Result<Answer, Error> {
    let sealed: SealedAnswer = serde_json::from_str(&row.content)?;
    let receipt: Signed = row.receipt.read()?;
    let texts = sealed.answers.into_iter().map(|answer| ItemAnswer {
        item: answer.item,
        text: answer.text,
        documents: answer.documents,
    });
    Ok(Answer {
        number: u32::try_from(row.number).map_err(Error::internal)?,
        received_at: row.received_at,
        texts: texts.collect(),
        receipt,
    })
}

fn read(row: Model, answers: Vec<Answer>) -> Result<Versioned<Clarification>, Error> {
    let value = Clarification {
        id: row.id.into(),
        call: row.call.parse().map_err(Error::internal)?,
        application: row.application.into(),
        consortium: row.consortium.into(),
        purpose: by_name(Purpose::ALL, Purpose::as_str, &row.purpose)?,
        number: u32::try_from(row.number).map_err(Error::internal)?,
        state: by_name(State::ALL, State::as_str, &row.state)?,
        items: row.items.read()?,
        term: row.term.read()?,
        requested_by: row.requested_by,
        requested_at: row.requested_at,
        delivery: Json::read_optional(row.delivery)?,
        due_at: row.due_at,
        answers,
        late_attempts: u32::try_from(row.late_attempts).map_err(Error::internal)?,
        ended_at: row.ended_at,
        reason: row.reason,
    };
    Ok(Versioned {
        version: row.version,
        value,
    })
}

impl Aggregate for Clarification {
    type Event = clarification::Event;
    const KIND: SubjectKind = SubjectKind::Clarification;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.call.programme().clone()),
            call: Some(self.call.clone()),
            consortium: Some(self.consortium),
        }
    }

    fn event_kind(event: &clarification::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &clarification::Event) -> Option<Self> {
        clarification::apply(before, event)
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        let row = row(self, version)?;
        save_own(row, tx, before.is_some(), version).await?;
        seal_new(self, tx, before).await
    }

    async fn save_all(tx: &Tx, all: &[Changed<Self>]) -> Result<(), Error> {
        let rows = all.iter().map(|known| row(&known.after, known.version));
        let rows: Vec<Model> = rows.collect::<Result<_, _>>()?;
        let identity = (Column::Id, Column::Version);
        replace_all::<Entity>(tx, rows, identity, &MUTABLE).await?;
        for known in all {
            seal_new(&known.after, tx, Some(&known.before)).await?;
        }
        Ok(())
    }
}

/// What of a request changes after it was made.
const MUTABLE: [Column; 6] = [
    Column::State,
    Column::Delivery,
    Column::DueAt,
    Column::LateAttempts,
    Column::EndedAt,
    Column::Reason,
];

async fn seal_new(
    known: &Clarification,
    tx: &Tx,
    before: Option<&Clarification>,
) -> Result<(), Error> {
    let sealed = before.map_or(0, |before| before.answers.len());
    for answer in known.answers.iter().skip(sealed) {
        seal(known, tx, answer).await?;
    }
    Ok(())
}

async fn save_own(row: Model, tx: &Tx, exists: bool, version: i64) -> Result<(), Error> {
    let id = row.id;
    save_row!(tx, Entity, Column, row, exists, version, id)
}

fn row(known: &Clarification, version: i64) -> Result<Model, Error> {
    let delivery = Json::of_optional(known.delivery.as_ref())?;
    Ok(Model {
        id: known.id.0,
        version,
        call: known.call.to_string(),
        application: known.application.0,
        consortium: known.consortium.0,
        purpose: known.purpose.as_str().to_owned(),
        number: i32::try_from(known.number).map_err(Error::internal)?,
        state: known.state.as_str().to_owned(),
        items: Json::of(&known.items)?,
        term: Json::of(&known.term)?,
        requested_by: known.requested_by.clone(),
        requested_at: known.requested_at,
        delivery,
        due_at: known.due_at,
        late_attempts: i32::try_from(known.late_attempts).map_err(Error::internal)?,
        ended_at: known.ended_at,
        reason: known.reason.clone(),
    })
}

/// Keeps an answer with the bytes its receipt stands for, for ever.
async fn seal(known: &Clarification, tx: &Tx, answer: &Answer) -> Result<(), Error> {
    let content = canonical(&known.sealed(answer.number, &answer.texts))?;
    let protocol = answer.receipt.statement.protocol.clone();
    let row = answers::Model {
        clarification: known.id.0,
        number: i32::try_from(answer.number).map_err(Error::internal)?,
        received_at: answer.received_at,
        protocol: protocol.ok_or_else(|| Error::internal("a receipt without its number"))?,
        receipt: Json::of(&answer.receipt)?,
        content: String::from_utf8(content).map_err(Error::internal)?,
    };
    answers::Entity::insert(row.into_active_model())
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}
