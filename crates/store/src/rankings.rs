//! Versions of rankings; their order and allocation are one immutable document each.

use bando_domain::event::SubjectKind;
use bando_domain::ids::{CallId, RankingId};
use bando_domain::money::Eur;
use bando_domain::ranking_version::{self, RankingVersion, State};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
};

use crate::calls::by_name;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::record::{About, Aggregate, Versioned};
use crate::tables::rankings::{Column, Entity, Model};
use crate::tables::{Json, save_row};

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: RankingId) -> Result<Versioned<RankingVersion>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    read(row.ok_or_else(|| Error::not_found(format!("ranking {id}")))?)
}

/// All versions of a call's ranking, oldest first.
pub async fn of_call<D: Db>(
    db: &D,
    call: &CallId,
) -> Result<Vec<Versioned<RankingVersion>>, Error> {
    let rows = Entity::find()
        .filter(Column::Call.eq(call.to_string()))
        .order_by_asc(Column::Number)
        .all(db.connection())
        .await?;
    rows.into_iter().map(read).collect()
}

fn read(row: Model) -> Result<Versioned<RankingVersion>, Error> {
    let value = RankingVersion {
        id: row.id.into(),
        call: row.call.parse().map_err(Error::internal)?,
        version: u32::try_from(row.number).map_err(Error::internal)?,
        state: by_name(State::ALL, State::as_str, &row.state)?,
        rule_set_version: u32::try_from(row.rule_set_version).map_err(Error::internal)?,
        budget: Eur::cents(row.budget_cents),
        inputs_sha256: row.inputs_sha256,
        inputs: Json::read_optional(row.inputs)?,
        computed_by: row.computed_by,
        computed_at: row.computed_at,
        ranked: row.ranked.read()?,
        allocation: row.allocation.read()?,
        replaces: Json::read_optional(row.replaces)?,
        annulment: Json::read_optional(row.annulment)?,
    };
    Ok(Versioned {
        version: row.version,
        value,
    })
}

impl Aggregate for RankingVersion {
    type Event = ranking_version::Event;
    const KIND: SubjectKind = SubjectKind::Ranking;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.call.programme().clone()),
            call: Some(self.call.clone()),
            consortium: None,
        }
    }

    fn event_kind(event: &ranking_version::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &ranking_version::Event) -> Option<Self> {
        ranking_version::apply(before, event)
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        let row = Model {
            id: self.id.0,
            version,
            call: self.call.to_string(),
            number: i32::try_from(self.version).map_err(Error::internal)?,
            state: self.state.as_str().to_owned(),
            rule_set_version: i32::try_from(self.rule_set_version).map_err(Error::internal)?,
            budget_cents: self.budget.as_cents(),
            granted_cents: self.allocation.granted.as_cents(),
            inputs_sha256: self.inputs_sha256.clone(),
            inputs: Json::of_optional(self.inputs.as_ref())?,
            computed_by: self.computed_by.clone(),
            computed_at: self.computed_at,
            ranked: Json::of(&self.ranked)?,
            allocation: Json::of(&self.allocation)?,
            annulment: Json::of_optional(self.annulment.as_ref())?,
            replaces: Json::of_optional(self.replaces.as_ref())?,
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
