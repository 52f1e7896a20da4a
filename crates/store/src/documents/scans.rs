//! The queue before the virus scanner: claimed under a lease with a fencing token, so that a
//! scanner that hangs or a replica that dies holds up no document for long.

use bando_domain::ids::DocumentId;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, ExprTrait as _, LockBehavior, LockType};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set,
};

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::tables::scans::{ActiveModel, Column, Entity, Model};

/// How long a claim lasts; longer than a scan may take.
const LEASE: TimeDelta = TimeDelta::minutes(3);

/// A document claimed for the scanner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    pub document: DocumentId,
    /// This one included.
    pub attempts: i32,
    /// Raised at each claim; a finishing write must still hold it.
    lease_token: i64,
}

pub(super) async fn queue(tx: &Tx, document: DocumentId) -> Result<(), Error> {
    let row = Model {
        document: document.0,
        next_at: tx.cause().at,
        attempts: 0,
        lease_token: 0,
        lease_until: None,
        last_error: None,
    };
    Entity::insert(row.into_active_model())
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// Claims up to `limit` documents that are due.
pub async fn claim(tx: &Tx, limit: u64) -> Result<Vec<Claimed>, Error> {
    let now = tx.cause().at;
    let mut query = Entity::find()
        .filter(Column::NextAt.lte(now))
        .filter(free(now))
        .order_by_asc(Column::NextAt)
        .order_by_asc(Column::Document)
        .limit(limit);
    if tx.is_postgres() {
        query = query.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    let rows = query.all(tx.connection()).await?;
    Entity::update_many()
        .col_expr(Column::LeaseToken, Expr::col(Column::LeaseToken).add(1))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::LeaseUntil, Expr::value(now + LEASE))
        .filter(Column::Document.is_in(rows.iter().map(|row| row.document)))
        .exec(tx.connection())
        .await?;
    let claimed = rows.into_iter().map(|row| Claimed {
        document: row.document.into(),
        attempts: row.attempts + 1,
        lease_token: row.lease_token + 1,
    });
    Ok(claimed.collect())
}

/// Whether a document waits that nobody holds.
pub async fn any_due<D: Db>(db: &D, now: DateTime<Utc>) -> Result<bool, Error> {
    let found = Entity::find()
        .filter(Column::NextAt.lte(now))
        .filter(free(now))
        .one(db.connection())
        .await?;
    Ok(found.is_some())
}

/// Takes a document out of the queue; `false` when the lease was lost and the result is dropped.
pub async fn done(tx: &Tx, claimed: &Claimed) -> Result<bool, Error> {
    let deleted = Entity::delete_many()
        .filter(Column::Document.eq(claimed.document.0))
        .filter(Column::LeaseToken.eq(claimed.lease_token))
        .exec(tx.connection())
        .await?;
    Ok(deleted.rows_affected == 1)
}

/// Puts a document back until `next_at`; `false` when the lease was lost.
pub async fn again(
    tx: &Tx,
    claimed: &Claimed,
    next_at: DateTime<Utc>,
    error: &str,
) -> Result<bool, Error> {
    let changed = Entity::update_many()
        .set(ActiveModel {
            next_at: Set(next_at),
            lease_until: Set(None),
            last_error: Set(Some(error.chars().take(500).collect())),
            ..Default::default()
        })
        .filter(Column::Document.eq(claimed.document.0))
        .filter(Column::LeaseToken.eq(claimed.lease_token))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

fn free(now: DateTime<Utc>) -> sea_orm::sea_query::SimpleExpr {
    Expr::col(Column::LeaseUntil)
        .is_null()
        .or(Expr::col(Column::LeaseUntil).lt(now))
}
