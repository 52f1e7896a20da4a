//! Programmes.

use bando_domain::event::SubjectKind;
use bando_domain::ids::ProgrammeId;
use bando_domain::programme::{self, Programme};
use sea_orm::{EntityTrait as _, IntoActiveModel as _, QueryOrder as _};

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::record::{About, Aggregate, Versioned};
use crate::tables::programmes::{Column, Entity, Model};
use crate::tables::{Json, save_row};

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: &ProgrammeId) -> Result<Versioned<Programme>, Error> {
    find(db, id)
        .await?
        .ok_or_else(|| Error::not_found(format!("programme {id}")))
}

pub async fn find<D: Db>(db: &D, id: &ProgrammeId) -> Result<Option<Versioned<Programme>>, Error> {
    let row = Entity::find_by_id(id.as_str()).one(db.connection()).await?;
    row.map(read).transpose()
}

/// All programmes; an installation has few.
pub async fn all<D: Db>(db: &D) -> Result<Vec<Versioned<Programme>>, Error> {
    let rows = Entity::find()
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: Model) -> Result<Versioned<Programme>, Error> {
    Ok(Versioned {
        version: row.version,
        value: row.body.read()?,
    })
}

impl Aggregate for Programme {
    type Event = programme::Event;
    const KIND: SubjectKind = SubjectKind::Programme;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.id.clone()),
            call: None,
            consortium: None,
        }
    }

    fn event_kind(event: &programme::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &programme::Event) -> Option<Self> {
        Some(programme::apply(before, event))
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        let body = Json::of(self)?;
        let row = Model {
            id: self.id.to_string(),
            version,
            body,
        };
        save_row!(
            tx,
            Entity,
            Column,
            row,
            before.is_some(),
            version,
            self.id.as_str()
        )
    }
}
