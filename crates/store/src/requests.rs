//! Answers to requests that carried an id, so that a repeat gets the same one.

use bando_domain::ids::RequestId;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use serde_json::Value;

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::tables::requests::{Column, Entity, Model};

/// How long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::days(30);

/// A request as it can be recognised again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    pub person: String,
    pub id: RequestId,
    pub method: String,
    /// SHA-256 of the request's content, hexadecimal.
    pub body_sha256: String,
}

/// An answer given before.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// Whether method and content are the same now as then.
    pub same: bool,
    pub answer: Value,
}

pub async fn find<D: Db>(db: &D, key: &RequestKey) -> Result<Option<Answered>, Error> {
    let row = Entity::find_by_id((key.person.clone(), key.id.0))
        .one(db.connection())
        .await?;
    Ok(row.map(|row| Answered {
        same: row.method == key.method && row.body_sha256 == key.body_sha256,
        answer: row.answer,
    }))
}

/// # Errors
/// `AlreadyExists` when the same request was answered meanwhile.
pub async fn keep(tx: &Tx, key: &RequestKey, answer: Value) -> Result<(), Error> {
    let row = Model {
        person: key.person.clone(),
        id: key.id.0,
        method: key.method.clone(),
        body_sha256: key.body_sha256.clone(),
        answer,
        at: tx.cause().at,
    };
    Entity::insert(row.into_active_model())
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// Forgets answers older than 30 days.
pub async fn forget(tx: &Tx, now: DateTime<Utc>) -> Result<u64, Error> {
    let gone = Entity::delete_many()
        .filter(Column::At.lt(now - KEPT))
        .exec(tx.connection())
        .await?;
    Ok(gone.rows_affected)
}
