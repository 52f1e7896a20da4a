//! Timers as rows: unique by call, subject, kind and nominal time, claimed under a lease with a
//! fencing token, parked after repeated failure.

use std::collections::BTreeMap;

use bando_domain::event::SubjectKind;
use bando_domain::ids::{CallId, EventId, ProgrammeId, TimerId};
use bando_domain::timer::{self, Timer, TimerKind, TimerState, TimerWanted, TimersCancelled};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, ExprTrait as _, LockBehavior, LockType, OnConflict};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, TryInsertResult,
};

use crate::calls::by_name;
use crate::chain;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::About;
use crate::tables::timers::{ActiveModel, Column, Entity, Model};

const LEASE: TimeDelta = TimeDelta::seconds(30);

/// Sets a timer; the same subject, kind and nominal time again changes nothing, but one that was
/// cancelled waits again.
pub async fn set(tx: &Tx, wanted: &TimerWanted) -> Result<(), Error> {
    let row = Model {
        id: tx.new_id(),
        programme: wanted.call.programme().to_string(),
        call: wanted.call.to_string(),
        subject: wanted.subject.clone(),
        kind: wanted.kind.as_str().to_owned(),
        nominal_at: wanted.nominal_at,
        due_at: wanted.nominal_at,
        state: TimerState::Waiting.as_str().to_owned(),
        attempts: 0,
        lease_token: 0,
        lease_until: None,
        fired_at: None,
        last_error: None,
        version: 0,
    };
    let identity = [
        Column::Call,
        Column::Subject,
        Column::Kind,
        Column::NominalAt,
    ];
    let inserted = Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::columns(identity).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx.connection())
        .await?;
    if matches!(inserted, TryInsertResult::Inserted(1)) {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(
            Column::State,
            Expr::value(TimerState::Waiting.as_str().to_owned()),
        )
        .filter(Column::Call.eq(wanted.call.to_string()))
        .filter(Column::Subject.eq(wanted.subject.as_str()))
        .filter(Column::Kind.eq(wanted.kind.as_str()))
        .filter(Column::NominalAt.eq(wanted.nominal_at))
        .filter(Column::State.eq(TimerState::Cancelled.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Cancels what waits of a subject and kind. One that is being carried out finds its timer gone and is rolled
/// back.
pub(crate) async fn cancel(tx: &Tx, cancelled: &TimersCancelled) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(
            Column::State,
            Expr::value(TimerState::Cancelled.as_str().to_owned()),
        )
        .filter(Column::Call.eq(cancelled.call.to_string()))
        .filter(Column::Subject.eq(cancelled.subject.as_str()))
        .filter(Column::Kind.eq(cancelled.kind.as_str()))
        .filter(Column::State.eq(TimerState::Waiting.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Cancels everything that waits in a call, whatever it is about within it.
pub async fn cancel_of_call(tx: &Tx, call: &CallId) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(
            Column::State,
            Expr::value(TimerState::Cancelled.as_str().to_owned()),
        )
        .filter(Column::Call.eq(call.to_string()))
        .filter(Column::State.eq(TimerState::Waiting.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(())
}

/// Claims up to `limit` due timers of `kinds`, longest waiting first.
pub async fn claim(tx: &Tx, kinds: &[TimerKind], limit: u64) -> Result<Vec<Timer>, Error> {
    let now = tx.cause().at;
    let mut query = free(kinds, now)
        .filter(Column::DueAt.lte(now))
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Id)
        .limit(limit);
    if tx.is_postgres() {
        query = query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let rows = query.all(tx.connection()).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    Entity::update_many()
        .col_expr(Column::LeaseToken, Expr::col(Column::LeaseToken).add(1))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::LeaseUntil, Expr::value(now + LEASE))
        .filter(Column::Id.is_in(rows.iter().map(|row| row.id)))
        .exec(tx.connection())
        .await?;
    let claimed = rows.into_iter().map(|mut row| {
        row.lease_token += 1;
        row.attempts += 1;
        read(row)
    });
    claimed.collect()
}

/// Timers of `kinds` that wait and are under nobody's lease.
fn free(kinds: &[TimerKind], now: DateTime<Utc>) -> sea_orm::Select<Entity> {
    let free = Expr::col(Column::LeaseUntil)
        .is_null()
        .or(Expr::col(Column::LeaseUntil).lt(now));
    Entity::find()
        .filter(Column::State.eq(TimerState::Waiting.as_str()))
        .filter(Column::Kind.is_in(kinds.iter().map(|kind| kind.as_str())))
        .filter(free)
}

/// Marks claimed timers as fired, in the transaction of their effect.
///
/// # Errors
/// `Stale` when the lease of one was lost: the effect is rolled back with it.
pub async fn fired(tx: &Tx, timers: &[Timer]) -> Result<(), Error> {
    let change = ActiveModel {
        state: sea_orm::Set(TimerState::Fired.as_str().to_owned()),
        fired_at: sea_orm::Set(Some(tx.cause().at)),
        lease_until: sea_orm::Set(None),
        ..Default::default()
    };
    finish(tx, timers, change).await
}

/// Puts a failed timer back to `again_at`, or parks it when that is `None`.
///
/// # Errors
/// `Stale` when the lease was lost.
pub async fn failed(
    tx: &Tx,
    timer: &Timer,
    error: &str,
    again_at: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    let state = if again_at.is_some() {
        TimerState::Waiting
    } else {
        TimerState::Parked
    };
    let mut change = ActiveModel {
        state: sea_orm::Set(state.as_str().to_owned()),
        last_error: sea_orm::Set(Some(error.chars().take(500).collect())),
        lease_until: sea_orm::Set(None),
        ..Default::default()
    };
    if let Some(again_at) = again_at {
        change.due_at = sea_orm::Set(again_at);
    }
    finish(tx, std::slice::from_ref(timer), change).await
}

async fn finish(tx: &Tx, timers: &[Timer], change: ActiveModel) -> Result<(), Error> {
    let mut by_token: BTreeMap<i64, Vec<uuid::Uuid>> = BTreeMap::new();
    for timer in timers {
        let own = by_token.entry(timer.lease_token).or_default();
        own.push(timer.id.0);
    }
    let mut finished = 0;
    for (token, ids) in by_token {
        let changed = Entity::update_many()
            .set(change.clone())
            .filter(Column::Id.is_in(ids))
            .filter(Column::LeaseToken.eq(token))
            .filter(Column::State.eq(TimerState::Waiting.as_str()))
            .exec(tx.connection())
            .await?;
        finished += changed.rows_affected;
    }
    if finished == u64::try_from(timers.len()).map_err(Error::internal)? {
        return Ok(());
    }
    let first = timers.first().map(|timer| timer.id.to_string());
    let first = first.unwrap_or_default();
    Err(Error::stale(format!("the lease of timer {first}")))
}

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, programme: &ProgrammeId, id: TimerId) -> Result<Timer, Error> {
    let row = Entity::find_by_id(id.0)
        .filter(Column::Programme.eq(programme.as_str()))
        .one(db.connection())
        .await?;
    row.map(read)
        .transpose()?
        .ok_or_else(|| Error::not_found(format!("timer {id}")))
}

/// Changes a timer by a person's act, which becomes part of the audit trail.
///
/// # Errors
/// `Stale` when it was fired or changed since `before` was read.
pub async fn record(tx: &Tx, before: &Timer, event: &timer::Event) -> Result<(), Error> {
    let after = timer::apply(before, event, tx.cause().at);
    let changed = Entity::update_many()
        .set(ActiveModel {
            state: sea_orm::Set(after.state.as_str().to_owned()),
            due_at: sea_orm::Set(after.due_at),
            attempts: sea_orm::Set(after.attempts),
            lease_until: sea_orm::Set(None),
            version: sea_orm::Set(after.version),
            ..Default::default()
        })
        .filter(Column::Id.eq(before.id.0))
        .filter(Column::Version.eq(before.version))
        .filter(Column::State.eq(before.state.as_str()))
        .exec(tx.connection())
        .await?;
    if changed.rows_affected != 1 {
        return Err(Error::stale(format!("timer {}", before.id)));
    }
    let entry = chain::Entry {
        id: EventId(tx.new_id()),
        kind: event.kind(),
        subject_kind: SubjectKind::Timer,
        version: after.version,
    };
    let about = About {
        subject: before.id.to_string(),
        programme: Some(before.call.programme().clone()),
        call: Some(before.call.clone()),
        consortium: None,
    };
    chain::append(tx, entry, &about, serde_json::to_value(event)?).await
}

/// Whether a waiting timer of `kinds` is due at `now` and under nobody's lease.
pub async fn any_due<D: Db>(
    db: &D,
    kinds: &[TimerKind],
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let due = free(kinds, now).filter(Column::DueAt.lte(now));
    Ok(due.limit(1).one(db.connection()).await?.is_some())
}

/// The timers of a programme that wait and are due by `until`, in order of their instants.
pub async fn ahead<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    until: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Timer>, Error> {
    let rows = waiting()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::DueAt.lte(until))
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(db.connection())
        .await?;
    rows.into_iter().map(read).collect()
}

/// When the next waiting timer of a known kind is due, later than `now`.
pub async fn next_after<D: Db>(db: &D, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Error> {
    let next = waiting()
        .select_only()
        .column(Column::DueAt)
        .filter(Column::DueAt.gt(now))
        .order_by_asc(Column::DueAt)
        .into_tuple()
        .one(db.connection())
        .await?;
    Ok(next)
}

fn waiting() -> sea_orm::Select<Entity> {
    Entity::find()
        .filter(Column::State.eq(TimerState::Waiting.as_str()))
        .filter(Column::Kind.is_in(TimerKind::ALL.map(TimerKind::as_str)))
}

/// Timers of a programme in order of their instants.
pub async fn list<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    state: Option<TimerState>,
    page: &PageQuery,
) -> Result<Page<Timer>, Error> {
    let mut query = Entity::find().filter(Column::Programme.eq(programme.as_str()));
    if let Some(state) = state {
        query = query.filter(Column::State.eq(state.as_str()));
    }
    if let Some((due_at, id)) = page.after.as_deref().and_then(split_key) {
        let later = Column::DueAt.gt(due_at);
        query = query.filter(later.or(Column::DueAt.eq(due_at).and(Column::Id.gt(id))));
    }
    let rows = query
        .order_by_asc(Column::DueAt)
        .order_by_asc(Column::Id)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let timers = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(timers, page.size, |timer| {
        format!("{}|{}", timer.due_at.to_rfc3339(), timer.id)
    }))
}

pub async fn count_parked<D: Db>(db: &D, programme: &ProgrammeId) -> Result<u64, Error> {
    let query = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::State.eq(TimerState::Parked.as_str()));
    Ok(query.count(db.connection()).await?)
}

fn split_key(key: &str) -> Option<(DateTime<Utc>, uuid::Uuid)> {
    let (at, id) = key.split_once('|')?;
    Some((
        DateTime::parse_from_rfc3339(at).ok()?.to_utc(),
        id.parse().ok()?,
    ))
}

fn read(row: Model) -> Result<Timer, Error> {
    Ok(Timer {
        id: row.id.into(),
        call: row.call.parse().map_err(Error::internal)?,
        subject: row.subject,
        kind: row.kind,
        nominal_at: row.nominal_at,
        due_at: row.due_at,
        state: by_name(TimerState::ALL, TimerState::as_str, &row.state)?,
        attempts: row.attempts,
        lease_token: row.lease_token,
        fired_at: row.fired_at,
        last_error: row.last_error,
        version: row.version,
    })
}
