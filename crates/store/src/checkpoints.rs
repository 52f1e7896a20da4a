//! Signed heads of the audit chain, insert-only.

use bando_domain::checkpoint::Checkpoint;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use crate::chain;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::tables::checkpoints::{Column, Entity, Model};
use crate::tables::event_chain;

/// Checkpoints looked at together.
const PAGE: u64 = 1_000;

/// Revision and hash of the chain's last event, from 1; 0 when there is none.
pub async fn head<D: Db>(db: &D) -> Result<(i64, String), Error> {
    chain::head(db).await
}

/// Keeps a checkpoint; a revision that has one keeps its own.
pub async fn keep(tx: &Tx, checkpoint: &Checkpoint) -> Result<(), Error> {
    let row = Model {
        revision: checkpoint.revision,
        chain_hash: checkpoint.chain_hash.clone(),
        at: checkpoint.at,
        key_id: checkpoint.key_id.clone(),
        signature: checkpoint.signature.clone(),
    };
    Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::Revision).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// The checkpoints after a revision, each with the hash that the chain has there by now.
pub async fn after<D: Db>(
    db: &D,
    revision: i64,
) -> Result<Vec<(Checkpoint, Option<String>)>, Error> {
    let rows = Entity::find()
        .filter(Column::Revision.gt(revision))
        .order_by_asc(Column::Revision)
        .limit(PAGE)
        .all(db.connection())
        .await?;
    let revisions = rows.iter().map(|row| row.revision);
    let chained = event_chain::Entity::find()
        .filter(event_chain::Column::Revision.is_in(revisions))
        .all(db.connection())
        .await?;
    let found = rows.into_iter().map(|row| {
        let now = chained.iter().find(|link| link.revision == row.revision);
        let hash = now.map(|link| link.hash.clone());
        let checkpoint = Checkpoint {
            revision: row.revision,
            chain_hash: row.chain_hash,
            at: row.at,
            key_id: row.key_id,
            signature: row.signature,
        };
        (checkpoint, hash)
    });
    Ok(found.collect())
}
