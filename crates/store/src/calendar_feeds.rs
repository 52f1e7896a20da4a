//! Calendar feeds; of a secret only its hash is here.

use bando_domain::calendar_feed::{self, CalendarFeed};
use bando_domain::civil::Language;
use bando_domain::event::SubjectKind;
use bando_domain::ids::{CalendarFeedId, ConsortiumId, ProgrammeId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::calls::by_name;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::{About, Aggregate, Versioned};
use crate::tables::calendar_feeds::{Column, Entity, Model};
use crate::tables::save_row;

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: CalendarFeedId) -> Result<Versioned<CalendarFeed>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    read(row.ok_or_else(|| Error::not_found(format!("calendar {id}")))?)
}

/// The feeds of a programme, or those of one consortium in it.
pub async fn list<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    consortium: Option<ConsortiumId>,
    page: &PageQuery,
) -> Result<Page<Versioned<CalendarFeed>>, Error> {
    let mut query = Entity::find().filter(Column::Programme.eq(programme.as_str()));
    if let Some(consortium) = consortium {
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
    let found = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page.size, |known| {
        known.value.id.to_string()
    }))
}

fn read(row: Model) -> Result<Versioned<CalendarFeed>, Error> {
    let value = CalendarFeed {
        id: row.id.into(),
        programme: row.programme.parse().map_err(Error::internal)?,
        consortium: row.consortium.map(Into::into),
        language: by_name(Language::ALL, Language::as_str, &row.language)?,
        secret_sha256: row.secret_sha256,
        created_by: row.created_by,
        created_at: row.created_at,
        revoked_at: row.revoked_at,
    };
    Ok(Versioned {
        version: row.version,
        value,
    })
}

impl Aggregate for CalendarFeed {
    type Event = calendar_feed::Event;
    const KIND: SubjectKind = SubjectKind::CalendarFeed;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.programme.clone()),
            call: None,
            consortium: self.consortium,
        }
    }

    fn event_kind(event: &calendar_feed::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &calendar_feed::Event) -> Option<Self> {
        calendar_feed::apply(before, event)
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        let row = Model {
            id: self.id.0,
            version,
            programme: self.programme.to_string(),
            consortium: self.consortium.map(|id| id.0),
            language: self.language.as_str().to_owned(),
            secret_sha256: self.secret_sha256.clone(),
            created_by: self.created_by.clone(),
            created_at: self.created_at,
            revoked_at: self.revoked_at,
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
