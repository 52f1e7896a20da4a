//! The register of evaluators of a programme.

use bando_domain::evaluator::{self, Evaluator};
use bando_domain::event::SubjectKind;
use bando_domain::ids::{EvaluatorId, ProgrammeId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::{About, Aggregate, Versioned};
use crate::tables::evaluators::{Column, Entity, Model};
use crate::tables::{Json, save_row};

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: EvaluatorId) -> Result<Versioned<Evaluator>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    read(row.ok_or_else(|| Error::not_found(format!("evaluator {id}")))?)
}

/// The register of a programme in order of registration.
pub async fn list<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    page: &PageQuery,
) -> Result<Page<Versioned<Evaluator>>, Error> {
    let mut query = Entity::find().filter(Column::Programme.eq(programme.as_str()));
    if let Some(after) = page.after_uuid() {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query
        .order_by_asc(Column::Id)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let found = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page.size, |known| {
        known.value.id.to_string()
    }))
}

/// The entries of these people, those who have one, by person.
pub async fn of_people<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    people: &[String],
) -> Result<Vec<Versioned<Evaluator>>, Error> {
    let rows = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::Person.is_in(people))
        .order_by_asc(Column::Person)
        .all(db.connection())
        .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: Model) -> Result<Versioned<Evaluator>, Error> {
    Ok(Versioned {
        version: row.version,
        value: Evaluator {
            id: row.id.into(),
            programme: row.programme.parse().map_err(Error::internal)?,
            person: row.person,
            details: row.details.read()?,
        },
    })
}

impl Aggregate for Evaluator {
    type Event = evaluator::Event;
    const KIND: SubjectKind = SubjectKind::Evaluator;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.programme.clone()),
            call: None,
            consortium: None,
        }
    }

    fn event_kind(event: &evaluator::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &evaluator::Event) -> Option<Self> {
        evaluator::apply(before, event)
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        let row = Model {
            id: self.id.0,
            version,
            programme: self.programme.to_string(),
            person: self.person.clone(),
            details: Json::of(&self.details)?,
        };
        save_row!(
            tx,
            Entity,
            Column,
            row,
            before.is_some(),
            version,
            self.id.0
        )
    }
}
