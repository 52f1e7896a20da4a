//! One entity per table, as the migrations make them. Nothing outside this crate sees a row.

mod asked;
mod calendars;
mod cases;
mod json;
mod ledger;
mod mending;
mod papers;
mod redirections;
mod register;
mod reminded;
mod routine;

use std::collections::HashMap;

pub(crate) use asked::*;
pub(crate) use calendars::*;
pub(crate) use cases::*;
pub(crate) use json::Json;
pub(crate) use ledger::*;
pub(crate) use mending::*;
pub(crate) use papers::*;
pub(crate) use redirections::*;
pub(crate) use register::*;
pub(crate) use reminded::*;
pub(crate) use routine::*;

use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden as _, Query, TableRef, ValueTuple};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait as _, EntityTrait, IntoActiveModel,
};

use crate::door::columns::{Columns, of_entity};
use crate::door::{Db as _, Tx};
use crate::error::Error;

/// Rows replaced by one statement.
const ROWS: usize = 500;

/// What the columns of every table hold.
pub(crate) fn columns() -> HashMap<&'static str, Columns> {
    HashMap::from([
        of_entity::<activities::Entity>(),
        of_entity::<answered_documents::Entity>(),
        of_entity::<applications::Entity>(),
        of_entity::<awards::Entity>(),
        of_entity::<budget_lines::Entity>(),
        of_entity::<calendar_feeds::Entity>(),
        of_entity::<calls::Entity>(),
        of_entity::<checkpoints::Entity>(),
        of_entity::<clarification_answers::Entity>(),
        of_entity::<clarifications::Entity>(),
        of_entity::<consortia::Entity>(),
        of_entity::<documents::Entity>(),
        of_entity::<evaluations::Entity>(),
        of_entity::<evaluators::Entity>(),
        of_entity::<event_chain::Entity>(),
        of_entity::<event_personal::Entity>(),
        of_entity::<events::Entity>(),
        of_entity::<findings::Entity>(),
        of_entity::<installation::Entity>(),
        of_entity::<late_attempts::Entity>(),
        of_entity::<letters::Entity>(),
        of_entity::<letter_redirections::Entity>(),
        of_entity::<links::Entity>(),
        of_entity::<members::Entity>(),
        of_entity::<participants::Entity>(),
        of_entity::<programmes::Entity>(),
        of_entity::<proposals::Entity>(),
        of_entity::<protocol_counters::Entity>(),
        of_entity::<rankings::Entity>(),
        of_entity::<reminders::Entity>(),
        of_entity::<requests::Entity>(),
        of_entity::<scans::Entity>(),
        of_entity::<schedule_fires::Entity>(),
        of_entity::<schedules::Entity>(),
        of_entity::<scores::Entity>(),
        of_entity::<sealed_documents::Entity>(),
        of_entity::<submissions::Entity>(),
        of_entity::<timers::Entity>(),
        of_entity::<tokens::Entity>(),
    ])
}

/// No ORM hooks and no relations: repositories say what they read and write.
macro_rules! plain {
    () => {
        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub(crate) enum Relation {}
        impl ActiveModelBehavior for ActiveModel {}
    };
}
pub(crate) use plain;

/// Inserts a row at version 1, or replaces it where its version is still the one before.
macro_rules! save_row {
    ($tx:expr, $entity:ident, $column:ident, $row:expr, $exists:expr, $version:expr, $id:expr) => {{
        use sea_orm::{ActiveModelTrait as _, ColumnTrait as _, QueryFilter as _};
        use $crate::door::Db as _;
        let row = $row.into_active_model();
        let connection = $tx.connection();
        if !$exists {
            $entity::insert(row)
                .exec_without_returning(connection)
                .await?;
            return Ok(());
        }
        let replaced = $entity::update_many()
            .set(row.reset_all())
            .filter($column::Id.eq($id))
            .filter($column::Version.eq($version - 1))
            .exec(connection)
            .await?;
        if replaced.rows_affected == 1 {
            Ok(())
        } else {
            Err($crate::error::Error::stale($id))
        }
    }};
}
pub(crate) use save_row;

/// Replaces rows that are there, each where its version is still the one before, in one statement:
/// of every row the columns that are `changing`, by its id.
pub(crate) async fn replace_all<E>(
    tx: &Tx,
    rows: Vec<E::Model>,
    (id, version): (E::Column, E::Column),
    changing: &[E::Column],
) -> Result<(), Error>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    let count = rows.len();
    let mut replaced = 0;
    let mut rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    loop {
        let some: Vec<ValueTuple> = rows
            .by_ref()
            .take(ROWS)
            .map(|row| {
                let columns = [id, version].into_iter().chain(changing.iter().copied());
                ValueTuple::Many(
                    columns
                        .filter_map(|column| row.get(column).into_value())
                        .collect(),
                )
            })
            .collect();
        if some.is_empty() {
            break;
        }
        let fresh = |position: usize| Expr::col(("fresh", format!("column{position}")));
        let mut update = Query::update();
        update
            .table(E::default().table_ref())
            .from(TableRef::ValuesList(some, "fresh".into_iden()))
            .value(version, fresh(2))
            .and_where(id.into_expr().equals(("fresh", "column1")))
            .and_where(version.into_expr().eq(fresh(2).sub(1)));
        for (position, column) in (3..).zip(changing) {
            update.value(*column, fresh(position));
        }
        replaced += tx.connection().execute(&update).await?.rows_affected();
    }
    if replaced == u64::try_from(count).map_err(Error::internal)? {
        return Ok(());
    }
    Err(Error::stale(format!(
        "one of {count} {}",
        E::default().table_name()
    )))
}
