//! Fires of schedules: unique by schedule and nominal time; those that a person asks for by their
//! id. One that runs a program is held by a lease until the program ends.

use bando_domain::ids::{FireId, ProgrammeId};
use bando_domain::schedule::{Fire, FireState, Origin};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{LockBehavior, LockType, OnConflict};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, TryInsertResult,
};

use crate::calls::by_name;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::schedules::Name;
use crate::tables::schedule_fires::{ActiveModel, Column, Entity, Model};

/// Longest detail kept, in characters.
const DETAIL: usize = 500;

/// Takes fires down; `false` when the nominal time of one was taken before, by this daemon or
/// another. A lease belongs to one that runs.
pub async fn add(tx: &Tx, fire: &Fire, lease_until: Option<DateTime<Utc>>) -> Result<bool, Error> {
    let row = Model {
        id: fire.id.0,
        programme: fire.programme.to_string(),
        schedule: fire.schedule.clone(),
        origin: fire.origin.as_str().to_owned(),
        nominal_at: fire.nominal_at,
        state: fire.state.as_str().to_owned(),
        made_at: fire.made_at,
        person: fire.person.clone(),
        lease_until,
        ended_at: fire.ended_at,
        detail: cut(&fire.detail),
    };
    let identity = [Column::Programme, Column::Schedule, Column::NominalAt];
    let taken = Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::columns(identity).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx.connection())
        .await?;
    Ok(matches!(taken, TryInsertResult::Inserted(1)))
}

/// What persons asked for and nobody began, oldest first, without those of `except`.
pub async fn waiting<D: Db>(db: &D, except: &[FireId]) -> Result<Option<Fire>, Error> {
    let row = Entity::find()
        .filter(Column::State.eq(FireState::Waiting.as_str()))
        .filter(Column::Id.is_not_in(except.iter().map(|id| id.0)))
        .order_by_asc(Column::MadeAt)
        .order_by_asc(Column::Id)
        .limit(1)
        .one(db.connection())
        .await?;
    row.map(read).transpose()
}

/// Holds a fire that still waits until the transaction ends; `None` when somebody else has it.
pub async fn hold_waiting(tx: &Tx, id: FireId) -> Result<Option<Fire>, Error> {
    let mut query = Entity::find_by_id(id.0).filter(Column::State.eq(FireState::Waiting.as_str()));
    if tx.is_postgres() {
        query = query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    query.one(tx.connection()).await?.map(read).transpose()
}

/// The program of a waiting fire starts.
pub async fn begin(tx: &Tx, id: FireId, lease_until: DateTime<Utc>) -> Result<(), Error> {
    let change = ActiveModel {
        state: sea_orm::Set(FireState::Running.as_str().to_owned()),
        lease_until: sea_orm::Set(Some(lease_until)),
        ..Default::default()
    };
    become_of(tx, id, FireState::Waiting, change).await
}

/// Ends a fire that was in `from`.
///
/// # Errors
/// `Stale` when it is in another state by now.
pub async fn end(
    tx: &Tx,
    id: FireId,
    from: FireState,
    to: FireState,
    detail: &str,
) -> Result<(), Error> {
    let change = ActiveModel {
        state: sea_orm::Set(to.as_str().to_owned()),
        ended_at: sea_orm::Set(Some(tx.cause().at)),
        lease_until: sea_orm::Set(None),
        detail: sea_orm::Set(cut(detail)),
        ..Default::default()
    };
    become_of(tx, id, from, change).await
}

async fn become_of(tx: &Tx, id: FireId, from: FireState, change: ActiveModel) -> Result<(), Error> {
    let changed = Entity::update_many()
        .set(change)
        .filter(Column::Id.eq(id.0))
        .filter(Column::State.eq(from.as_str()))
        .exec(tx.connection())
        .await?;
    if changed.rows_affected == 1 {
        return Ok(());
    }
    Err(Error::stale(format!("fire {id}")))
}

/// The fire of a schedule whose program runs.
pub async fn running<D: Db>(db: &D, (programme, schedule): &Name) -> Result<Option<Fire>, Error> {
    let row = Entity::find()
        .filter(Column::State.eq(FireState::Running.as_str()))
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::Schedule.eq(schedule.as_str()))
        .limit(1)
        .one(db.connection())
        .await?;
    row.map(read).transpose()
}

/// Fires whose lease is over: the daemon that ran their program is gone.
pub async fn abandoned<D: Db>(db: &D, now: DateTime<Utc>) -> Result<Vec<Fire>, Error> {
    let rows = Entity::find()
        .filter(Column::State.eq(FireState::Running.as_str()))
        .filter(Column::LeaseUntil.lt(now))
        .all(db.connection())
        .await?;
    rows.into_iter().map(read).collect()
}

/// The nominal times of a span that have their fire.
pub async fn nominal<D: Db>(
    db: &D,
    (programme, schedule): &Name,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<DateTime<Utc>>, Error> {
    let rows = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::Schedule.eq(schedule.as_str()))
        .filter(Column::NominalAt.between(from, to))
        .order_by_asc(Column::NominalAt)
        .all(db.connection())
        .await?;
    Ok(rows.into_iter().filter_map(|row| row.nominal_at).collect())
}

/// The latest fires of a schedule, newest first.
pub async fn latest<D: Db>(
    db: &D,
    (programme, schedule): &Name,
    limit: u64,
) -> Result<Vec<Fire>, Error> {
    let rows = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::Schedule.eq(schedule.as_str()))
        .order_by_desc(Column::MadeAt)
        .order_by_desc(Column::NominalAt)
        .order_by_desc(Column::Id)
        .limit(limit)
        .all(db.connection())
        .await?;
    rows.into_iter().map(read).collect()
}

/// How many fires of a programme came to `state` since.
pub async fn count_since<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    state: FireState,
    since: DateTime<Utc>,
) -> Result<u64, Error> {
    let query = Entity::find()
        .filter(Column::State.eq(state.as_str()))
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::MadeAt.gt(since));
    Ok(query.count(db.connection()).await?)
}

/// Forgets a programme's fires that ended before `before`.
pub async fn forget(tx: &Tx, programme: &ProgrammeId, before: DateTime<Utc>) -> Result<u64, Error> {
    let gone = Entity::delete_many()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::EndedAt.lt(before))
        .filter(Column::MadeAt.lt(before))
        .exec(tx.connection())
        .await?;
    Ok(gone.rows_affected)
}

fn cut(detail: &str) -> String {
    detail.chars().take(DETAIL).collect()
}

fn read(row: Model) -> Result<Fire, Error> {
    Ok(Fire {
        id: row.id.into(),
        programme: row.programme.parse().map_err(Error::internal)?,
        schedule: row.schedule,
        origin: by_name(Origin::ALL, Origin::as_str, &row.origin)?,
        nominal_at: row.nominal_at,
        state: by_name(FireState::ALL, FireState::as_str, &row.state)?,
        made_at: row.made_at,
        person: row.person,
        ended_at: row.ended_at,
        detail: row.detail,
    })
}
