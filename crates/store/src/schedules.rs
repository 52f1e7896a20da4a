//! Cron schedules and their fires; a fire is unique by schedule and nominal time.

use bando_domain::ids::ProgrammeId;
use bando_domain::timer::Schedule;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, TryInsertResult,
};

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::tables::fires;
use crate::tables::schedules::{ActiveModel, Column, Entity, Model};

/// Makes a schedule, or gives a known one its new expression and zone: not retroactive, the next
/// fire is `schedule.next_fire_at`.
pub async fn set(tx: &Tx, programme: &ProgrammeId, schedule: &Schedule) -> Result<(), Error> {
    let row = Model {
        programme: programme.to_string(),
        name: schedule.name.clone(),
        cron: schedule.cron.clone(),
        zone: schedule.zone.clone(),
        next_fire_at: schedule.next_fire_at,
        last_fire_at: schedule.last_fire_at,
    };
    let changed = [Column::Cron, Column::Zone, Column::NextFireAt];
    Entity::insert(row.into_active_model())
        .on_conflict(
            OnConflict::columns([Column::Programme, Column::Name])
                .update_columns(changed)
                .to_owned(),
        )
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

pub async fn of_programme<D: Db>(db: &D, programme: &ProgrammeId) -> Result<Vec<Schedule>, Error> {
    let rows = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .order_by_asc(Column::Name)
        .all(db.connection())
        .await?;
    Ok(rows.into_iter().map(read).collect())
}

/// Schedules whose next fire is at or before `now`.
pub async fn due<D: Db>(db: &D, now: DateTime<Utc>) -> Result<Vec<(ProgrammeId, Schedule)>, Error> {
    let rows = Entity::find()
        .filter(Column::NextFireAt.lte(now))
        .order_by_asc(Column::NextFireAt)
        .all(db.connection())
        .await?;
    rows.into_iter()
        .map(|row| Ok((row.programme.parse().map_err(Error::internal)?, read(row))))
        .collect()
}

/// When the next schedule fires, later than `now`.
pub async fn next_after<D: Db>(db: &D, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Error> {
    let next = Entity::find()
        .select_only()
        .column(Column::NextFireAt)
        .filter(Column::NextFireAt.gt(now))
        .order_by_asc(Column::NextFireAt)
        .into_tuple()
        .one(db.connection())
        .await?;
    Ok(next)
}

/// Takes a fire: `false` when it was taken before, by this daemon or another.
pub async fn fire(
    tx: &Tx,
    programme: &ProgrammeId,
    schedule: &Schedule,
    next_fire_at: DateTime<Utc>,
) -> Result<bool, Error> {
    let now = tx.cause().at;
    let row = fires::Model {
        programme: programme.to_string(),
        schedule: schedule.name.clone(),
        nominal_at: schedule.next_fire_at,
        fired_at: now,
    };
    let identity = [
        fires::Column::Programme,
        fires::Column::Schedule,
        fires::Column::NominalAt,
    ];
    let taken = fires::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::columns(identity).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx.connection())
        .await?;
    Entity::update_many()
        .set(ActiveModel {
            next_fire_at: sea_orm::Set(next_fire_at),
            last_fire_at: sea_orm::Set(Some(schedule.next_fire_at)),
            ..Default::default()
        })
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::Name.eq(schedule.name.as_str()))
        .filter(Column::NextFireAt.eq(schedule.next_fire_at))
        .exec(tx.connection())
        .await?;
    Ok(matches!(taken, TryInsertResult::Inserted(1)))
}

fn read(row: Model) -> Schedule {
    Schedule {
        name: row.name,
        cron: row.cron,
        zone: row.zone,
        next_fire_at: row.next_fire_at,
        last_fire_at: row.last_fire_at,
    }
}
