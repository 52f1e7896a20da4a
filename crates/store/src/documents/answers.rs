//! Which documents were sent in answer to what a consortium was asked, and which answer sealed them.

use std::collections::HashMap;

use bando_domain::document::Document;
use bando_domain::ids::{ClarificationId, DocumentId};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
};

use super::rows;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::tables::answered_documents;
use crate::tables::documents::{Column, Entity};

/// The documents that are there for a request, sealed by an answer or not, in order of adding.
pub async fn of_clarification<D: Db>(
    db: &D,
    clarification: ClarificationId,
) -> Result<Vec<Document>, Error> {
    let all = Entity::find()
        .filter(Column::Clarification.eq(clarification.0))
        .filter(Column::RemovedAt.is_null())
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    all.into_iter()
        .map(|row| Ok(rows::read(row)?.value))
        .collect()
}

/// Keeps which documents an answer sealed.
pub async fn seal_answer(
    tx: &Tx,
    clarification: ClarificationId,
    number: u32,
    documents: &[DocumentId],
) -> Result<(), Error> {
    if documents.is_empty() {
        return Ok(());
    }
    let number = i32::try_from(number).map_err(Error::internal)?;
    let sealed = documents.iter().map(|document| {
        answered_documents::Model {
            document: document.0,
            clarification: clarification.0,
            number,
        }
        .into_active_model()
    });
    answered_documents::Entity::insert_many(sealed)
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// The number of the answer that holds each of these documents, where one does.
pub async fn answers<D: Db>(
    db: &D,
    documents: &[DocumentId],
) -> Result<HashMap<DocumentId, u32>, Error> {
    if documents.is_empty() {
        return Ok(HashMap::new());
    }
    let all = answered_documents::Entity::find()
        .filter(answered_documents::Column::Document.is_in(documents.iter().map(|id| id.0)))
        .all(db.connection())
        .await?;
    all.into_iter()
        .map(|row| {
            let number = u32::try_from(row.number).map_err(Error::internal)?;
            Ok((row.document.into(), number))
        })
        .collect()
}
