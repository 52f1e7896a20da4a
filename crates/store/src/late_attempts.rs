//! What was tried late: the content as it was, kept beside the signed refusal.

use bando_domain::ids::ApplicationId;
use chrono::{DateTime, Utc};
use sea_orm::{EntityTrait as _, IntoActiveModel as _};

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::tables::late_attempts::{Entity, Model};

/// A content that was tried late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateAttempt {
    pub attempted_at: DateTime<Utc>,
    pub content_sha256: String,
    /// Its canonical bytes.
    pub content: String,
}

/// Keeps an attempt. The same content tried again keeps its first instant; another content takes
/// the place of the earlier one, since only what the working copy holds can be admitted.
pub async fn keep(tx: &Tx, id: ApplicationId, attempt: &LateAttempt) -> Result<(), Error> {
    match find(tx, id).await? {
        Some(known) if known.content_sha256 == attempt.content_sha256 => return Ok(()),
        Some(_) => {
            Entity::delete_by_id(id.0).exec(tx.connection()).await?;
        }
        None => {}
    }
    let row = Model {
        application: id.0,
        attempted_at: attempt.attempted_at,
        content_sha256: attempt.content_sha256.clone(),
        content: attempt.content.clone(),
    };
    Entity::insert(row.into_active_model())
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// `None` for an application that was never tried late, or before contents were kept.
pub async fn find<D: Db>(db: &D, id: ApplicationId) -> Result<Option<LateAttempt>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    Ok(row.map(|row| LateAttempt {
        attempted_at: row.attempted_at,
        content_sha256: row.content_sha256,
        content: row.content,
    }))
}
