//! Schedules as rows: the plan the configuration gave them, the mark up to which they have fired,
//! and whether a person paused them. Acts are events; fires stand in `fires`.

use bando_domain::event::SubjectKind;
use bando_domain::ids::{EventId, ProgrammeId};
use bando_domain::schedule::{Event, Plan, Schedule, ScheduleKind, apply};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Condition, LockBehavior, LockType};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};

use crate::chain;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::record::About;
use crate::tables::Json;
use crate::tables::schedules::{ActiveModel, Column, Entity, Model};

/// A schedule by its programme and name.
pub type Name = (ProgrammeId, String);

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, programme: &ProgrammeId, name: &str) -> Result<Schedule, Error> {
    let row = known()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::Name.eq(name))
        .one(db.connection())
        .await?;
    let found = row.map(read).transpose()?.flatten();
    found.ok_or_else(|| Error::not_found(format!("schedule {name}")))
}

/// The same, held until the transaction ends: nothing fires it meanwhile.
pub async fn hold(tx: &Tx, programme: &ProgrammeId, name: &str) -> Result<Schedule, Error> {
    let mut query = known()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::Name.eq(name));
    if tx.is_postgres() {
        query = query.lock_exclusive();
    }
    let found = query.one(tx.connection()).await?.map(read).transpose()?;
    let found = found.flatten();
    found.ok_or_else(|| Error::not_found(format!("schedule {name}")))
}

/// By name. One of a kind this binary does not know is left out.
pub async fn of_programme<D: Db>(db: &D, programme: &ProgrammeId) -> Result<Vec<Schedule>, Error> {
    let rows = known()
        .filter(Column::Programme.eq(programme.as_str()))
        .order_by_asc(Column::Name)
        .all(db.connection())
        .await?;
    let found = rows.into_iter().map(|row| read(row).transpose());
    found.flatten().collect()
}

/// Gives a programme the schedules that its configuration says. What it says as before keeps its
/// mark, so that what was missed is caught up with; what it says otherwise fires by the new plan
/// from now on, and what it does not say any more is gone.
pub async fn plan(tx: &Tx, programme: &ProgrammeId, plans: &[Plan]) -> Result<(), Error> {
    let rows = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(of_known_kind())
        .all(tx.connection())
        .await?;
    let now = tx.cause().at;
    for row in &rows {
        if plans.iter().any(|plan| plan.name == row.name) {
            continue;
        }
        Entity::delete_many()
            .filter(Column::Programme.eq(programme.as_str()))
            .filter(Column::Name.eq(row.name.as_str()))
            .exec(tx.connection())
            .await?;
        append(tx, (programme, &row.name), &Event::Removed, row.version + 1).await?;
    }
    for plan in plans {
        let event = Event::Planned {
            plan: Box::new(plan.clone()),
            from: now,
        };
        match rows.iter().find(|row| row.name == plan.name) {
            None => {
                let mut fresh = Schedule::new(programme, plan.clone(), now);
                // One that was removed and comes again goes on with its history.
                let subject = subject(programme, &plan.name);
                fresh.version =
                    1 + crate::events::count_of(tx, SubjectKind::Schedule, &subject).await?;
                Entity::insert(write(&fresh)?.into_active_model())
                    .exec_without_returning(tx.connection())
                    .await?;
                append(tx, (programme, &plan.name), &event, fresh.version).await?;
            }
            Some(row) => match read(row.clone())? {
                Some(known) if known.plan == *plan => {}
                Some(known) => record(tx, &known, &event).await?,
                None => {
                    adopt(tx, row, Schedule::new(programme, plan.clone(), now)).await?;
                    append(tx, (programme, &plan.name), &event, 1).await?;
                }
            },
        }
    }
    Ok(())
}

/// A row from before there were plans: it keeps its mark if it fires as it did.
async fn adopt(tx: &Tx, row: &Model, fresh: Schedule) -> Result<(), Error> {
    let as_before = row.cron == fresh.plan.cron.as_str() && row.zone == fresh.plan.zone.as_str();
    let mut adopted = Schedule {
        last_fire_at: row.last_fire_at,
        ..fresh
    };
    if as_before {
        adopted.next_fire_at = row.next_fire_at;
        adopted.due_at = row.next_fire_at;
    }
    replace(tx, &adopted, row.version).await
}

/// Applies an act to a schedule and appends it to the audit trail.
///
/// # Errors
/// `Stale` when the schedule was changed since `before` was read.
pub async fn record(tx: &Tx, before: &Schedule, event: &Event) -> Result<(), Error> {
    let cause = tx.cause();
    let after = apply(before, event, cause.at, &cause.actor.person);
    replace(tx, &after, before.version).await?;
    let name = (&before.programme, before.plan.name.as_str());
    append(tx, name, event, after.version).await
}

async fn replace(tx: &Tx, after: &Schedule, version: i64) -> Result<(), Error> {
    let changed = Entity::update_many()
        .set(write(after)?.into_active_model().reset_all())
        .filter(Column::Programme.eq(after.programme.as_str()))
        .filter(Column::Name.eq(after.plan.name.as_str()))
        .filter(Column::Version.eq(version))
        .exec(tx.connection())
        .await?;
    if changed.rows_affected == 1 {
        return Ok(());
    }
    Err(Error::stale(format!("schedule {}", after.plan.name)))
}

async fn append(
    tx: &Tx,
    (programme, name): (&ProgrammeId, &str),
    event: &Event,
    version: i64,
) -> Result<(), Error> {
    let entry = chain::Entry {
        id: EventId(tx.new_id()),
        kind: event.kind(),
        subject_kind: SubjectKind::Schedule,
        version,
    };
    let about = About {
        subject: subject(programme, name),
        programme: Some(programme.clone()),
        call: None,
        consortium: None,
    };
    chain::append(tx, entry, &about, serde_json::to_value(event)?).await
}

/// How the audit trail names a schedule.
pub fn subject(programme: &ProgrammeId, name: &str) -> String {
    format!("{programme}/{name}")
}

/// Up to `limit` schedules that are due, longest waiting first, and none of `except`; on
/// `PostgreSQL` those that no other daemon is just firing, held until the transaction ends.
pub async fn due(tx: &Tx, except: &[Name], limit: u64) -> Result<Vec<Schedule>, Error> {
    let mut query = waiting(except)
        .filter(Column::DueAt.lte(tx.cause().at))
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Programme)
        .order_by_asc(Column::Name)
        .limit(limit);
    if tx.is_postgres() {
        query = query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let rows = query.all(tx.connection()).await?;
    let found = rows.into_iter().map(|row| read(row).transpose());
    found.flatten().collect()
}

/// The names of those that are due, longest waiting first.
pub async fn due_names<D: Db>(
    db: &D,
    except: &[Name],
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Name>, Error> {
    let rows = waiting(except)
        .filter(Column::DueAt.lte(now))
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Programme)
        .order_by_asc(Column::Name)
        .limit(limit)
        .all(db.connection())
        .await?;
    let named = rows.into_iter().map(|row| {
        let programme = row.programme.parse().map_err(Error::internal)?;
        Ok((programme, row.name))
    });
    named.collect()
}

pub async fn any_due<D: Db>(db: &D, except: &[Name], now: DateTime<Utc>) -> Result<bool, Error> {
    let due = waiting(except).filter(Column::DueAt.lte(now)).limit(1);
    Ok(due.one(db.connection()).await?.is_some())
}

/// When the next schedule fires, later than `now`.
pub async fn next_after<D: Db>(db: &D, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Error> {
    let next = waiting(&[])
        .select_only()
        .column(Column::DueAt)
        .filter(Column::DueAt.gt(now))
        .order_by_asc(Column::DueAt)
        .into_tuple()
        .one(db.connection())
        .await?;
    Ok(next)
}

/// How far a schedule has come.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    pub next_fire_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    /// The nominal time that fired; `None` when none did.
    pub fired: Option<DateTime<Utc>>,
    /// Nominal times that were dropped on the way.
    pub dropped: i64,
}

/// Moves a schedule's mark on.
///
/// # Errors
/// `Stale` when it was moved, paused or planned anew meanwhile: what was done is rolled back.
pub async fn advance(tx: &Tx, schedule: &Schedule, mark: Mark) -> Result<(), Error> {
    let changed = Entity::update_many()
        .set(ActiveModel {
            next_fire_at: sea_orm::Set(mark.next_fire_at),
            due_at: sea_orm::Set(Some(mark.due_at)),
            last_fire_at: sea_orm::Set(mark.fired.or(schedule.last_fire_at)),
            dropped: sea_orm::Set(schedule.dropped + mark.dropped),
            ..Default::default()
        })
        .filter(Column::Programme.eq(schedule.programme.as_str()))
        .filter(Column::Name.eq(schedule.plan.name.as_str()))
        .filter(Column::NextFireAt.eq(schedule.next_fire_at))
        .filter(Column::Version.eq(schedule.version))
        .exec(tx.connection())
        .await?;
    if changed.rows_affected == 1 {
        return Ok(());
    }
    Err(Error::stale(format!("schedule {}", schedule.plan.name)))
}

fn of_known_kind() -> sea_orm::sea_query::SimpleExpr {
    Column::Kind.is_in(ScheduleKind::ALL.map(ScheduleKind::as_str))
}

fn known() -> Select<Entity> {
    Entity::find()
        .filter(of_known_kind())
        .filter(Column::Plan.is_not_null())
}

fn waiting(except: &[Name]) -> Select<Entity> {
    let mut others = Condition::all();
    for (programme, name) in except {
        let it = Column::Programme.eq(programme.as_str());
        others = others.add(
            Condition::all()
                .add(it)
                .add(Column::Name.eq(name.as_str()))
                .not(),
        );
    }
    known().filter(Column::Pause.is_null()).filter(others)
}

fn write(schedule: &Schedule) -> Result<Model, Error> {
    let plan = &schedule.plan;
    Ok(Model {
        programme: schedule.programme.to_string(),
        name: plan.name.clone(),
        cron: plan.cron.as_str().to_owned(),
        zone: plan.zone.to_string(),
        next_fire_at: schedule.next_fire_at,
        last_fire_at: schedule.last_fire_at,
        kind: plan.kind.as_str().to_owned(),
        plan: Some(Json::of(plan)?),
        version: schedule.version,
        pause: Json::of_optional(schedule.pause.as_ref())?,
        due_at: Some(schedule.due_at),
        dropped: schedule.dropped,
    })
}

/// `None` for a row from before there were plans.
fn read(row: Model) -> Result<Option<Schedule>, Error> {
    let Some(plan) = row.plan else {
        return Ok(None);
    };
    Ok(Some(Schedule {
        programme: row.programme.parse().map_err(Error::internal)?,
        plan: plan.read()?,
        version: row.version,
        pause: Json::read_optional(row.pause)?,
        next_fire_at: row.next_fire_at,
        due_at: row.due_at.unwrap_or(row.next_fire_at),
        last_fire_at: row.last_fire_at,
        dropped: row.dropped,
    }))
}
