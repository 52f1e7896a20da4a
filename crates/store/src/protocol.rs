//! The protocol register: a progressive number per programme and year (DPR 445/2000 art. 53).

use bando_domain::ids::ProgrammeId;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};

use crate::door::{Db as _, Tx};
use crate::error::Error;
use crate::tables::protocol_counters::{Column, Entity, Model};

/// The next number, such as `ER-2016-0000012`. Gap-free: it is drawn in the transaction that
/// uses it, so draw it last.
pub async fn next(tx: &Tx, programme: &ProgrammeId, year: i32) -> Result<String, Error> {
    let connection = tx.connection();
    let first = Model {
        programme: programme.to_string(),
        year,
        last: 1,
    };
    Entity::insert(first.into_active_model())
        .on_conflict(
            OnConflict::columns([Column::Programme, Column::Year])
                .value(Column::Last, Expr::col((Entity, Column::Last)).add(1))
                .to_owned(),
        )
        .exec_without_returning(connection)
        .await?;
    let row = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::Year.eq(year))
        .one(connection)
        .await?
        .ok_or_else(|| Error::internal("the protocol counter vanished"))?;
    Ok(format!(
        "{}-{year}-{:07}",
        programme.as_str().to_uppercase(),
        row.last
    ))
}
