//! Awards.

use bando_domain::award::{self, Award};
use bando_domain::event::SubjectKind;
use bando_domain::ids::{AwardId, CallId, ConsortiumId};
use bando_domain::money::Eur;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use crate::calls;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::{About, Aggregate, Versioned};
use crate::tables::awards::{Column, Entity, Model};
use crate::tables::{calls as calls_table, save_row};

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: AwardId) -> Result<Versioned<Award>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    read(row.ok_or_else(|| Error::not_found(format!("award {id}")))?)
}

/// Awards of a call in ranking order, of one consortium only if given.
pub async fn list<D: Db>(
    db: &D,
    call: &CallId,
    consortium: Option<ConsortiumId>,
    page: &PageQuery,
) -> Result<Page<Versioned<Award>>, Error> {
    let mut query = Entity::find().filter(Column::Call.eq(call.to_string()));
    if let Some(consortium) = consortium {
        query = query.filter(Column::Consortium.eq(consortium.0));
    }
    if let Some(position) = page
        .after
        .as_deref()
        .and_then(|key| key.parse::<i32>().ok())
    {
        query = query.filter(Column::Position.gt(position));
    }
    let rows = query
        .order_by_asc(Column::Position)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let found = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page.size, |known| {
        known.value.position.to_string()
    }))
}

#[derive(FromQueryResult)]
struct Awarded {
    awarded_cents: i64,
}

/// What a call has awarded so far. Holds the call's row until the transaction ends, so that nobody
/// awards beside it.
///
/// # Errors
/// `NotFound` without such a call.
pub async fn total(tx: &Tx, call: &CallId) -> Result<Eur, Error> {
    calls::hold(tx, call).await?;
    let found = calls_table::Entity::find_by_id(call.to_string())
        .select_only()
        .expr(Expr::col("awarded_cents"))
        .into_model::<Awarded>()
        .one(tx.connection())
        .await?;
    let found = found.ok_or_else(|| Error::not_found(format!("call {call}")))?;
    Ok(Eur::cents(found.awarded_cents))
}

fn read(row: Model) -> Result<Versioned<Award>, Error> {
    let value = Award {
        id: row.id.into(),
        call: row.call.parse().map_err(Error::internal)?,
        application: row.application.into(),
        consortium: row.consortium.into(),
        ranking: row.ranking.into(),
        position: u32::try_from(row.position).map_err(Error::internal)?,
        amount: Eur::cents(row.amount_cents),
        full: Eur::cents(row.full_cents),
        act: row.act,
        rule_set_version: u32::try_from(row.rule_set_version).map_err(Error::internal)?,
        awarded_at: row.awarded_at,
        acceptance_days: u32::try_from(row.acceptance_days).map_err(Error::internal)?,
    };
    Ok(Versioned {
        version: row.version,
        value,
    })
}

impl Aggregate for Award {
    type Event = award::Event;
    const KIND: SubjectKind = SubjectKind::Award;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.call.programme().clone()),
            call: Some(self.call.clone()),
            consortium: Some(self.consortium),
        }
    }

    fn event_kind(event: &award::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &award::Event) -> Option<Self> {
        award::apply(before, event)
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        let row = Model {
            id: self.id.0,
            version,
            call: self.call.to_string(),
            application: self.application.0,
            consortium: self.consortium.0,
            ranking: self.ranking.0,
            position: i32::try_from(self.position).map_err(Error::internal)?,
            amount_cents: self.amount.as_cents(),
            full_cents: self.full.as_cents(),
            act: self.act.clone(),
            rule_set_version: i32::try_from(self.rule_set_version).map_err(Error::internal)?,
            awarded_at: self.awarded_at,
            acceptance_days: i32::try_from(self.acceptance_days).map_err(Error::internal)?,
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
