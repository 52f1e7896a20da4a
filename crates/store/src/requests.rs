//! Answers to requests that carried an id, so that a repeat gets the same one.

use bando_domain::ids::RequestId;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::tables::Json;
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

/// What an id was used for before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered<T> {
    /// The same method and content: the answer given then.
    Same(T),
    Other,
}

pub async fn find<T: DeserializeOwned, D: Db>(
    db: &D,
    key: &RequestKey,
) -> Result<Option<Answered<T>>, Error> {
    let row = Entity::find_by_id((key.person.clone(), key.id.0))
        .one(db.connection())
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    if row.method != key.method || row.body_sha256 != key.body_sha256 {
        return Ok(Some(Answered::Other));
    }
    Ok(Some(Answered::Same(row.answer.read()?)))
}

/// # Errors
/// `AlreadyExists` when the same request was answered meanwhile.
pub fn keep<'t, T: Serialize>(
    tx: &'t Tx,
    key: &RequestKey,
    answer: &T,
) -> impl Future<Output = Result<(), Error>> + Send + use<'t, T> {
    let answer = Json::for_writing(tx, answer);
    let key = key.clone();
    async move {
        let row = Model {
            person: key.person,
            id: key.id.0,
            method: key.method,
            body_sha256: key.body_sha256,
            answer: answer?,
            at: tx.cause().at,
        };
        Entity::insert(row.into_active_model())
            .exec_without_returning(tx.connection())
            .await?;
        Ok(())
    }
}

/// Forgets answers older than 30 days.
pub async fn forget(tx: &Tx, now: DateTime<Utc>) -> Result<u64, Error> {
    let gone = Entity::delete_many()
        .filter(Column::At.lt(now - KEPT))
        .exec(tx.connection())
        .await?;
    Ok(gone.rows_affected)
}
