//! Facts about the installation, such as the kind of clock it was first used with.

use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait as _, IntoActiveModel as _};

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::tables::installation::{Column, Entity, Model};

pub async fn get<D: Db>(db: &D, key: &str) -> Result<Option<String>, Error> {
    Ok(Entity::find_by_id(key)
        .one(db.connection())
        .await?
        .map(|row| row.value))
}

/// Writes a fact once; a fact that is known stays as it is. Answers what holds.
pub async fn settle(tx: &Tx, key: &str, value: &str) -> Result<String, Error> {
    let row = Model {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::Key).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx.connection())
        .await?;
    Ok(get(tx, key).await?.unwrap_or_else(|| value.to_owned()))
}

/// Writes a fact, whatever was known.
pub async fn put(tx: &Tx, key: &str, value: &str) -> Result<(), Error> {
    let row = Model {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    Entity::insert(row.into_active_model())
        .on_conflict(
            OnConflict::column(Column::Key)
                .update_column(Column::Value)
                .to_owned(),
        )
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}
