//! One entity per table, as the migrations make them. Nothing outside this crate sees a row.

mod asked;
mod calendars;
mod cases;
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
pub(crate) use ledger::*;
pub(crate) use mending::*;
pub(crate) use papers::*;
pub(crate) use redirections::*;
pub(crate) use register::*;
pub(crate) use reminded::*;
pub(crate) use routine::*;

use crate::door::columns::{Columns, of_entity};

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
