//! One entity per table, as the migrations make them. Nothing outside this crate sees a row.

mod cases;
mod ledger;
mod papers;
mod redirections;

pub(crate) use cases::*;
pub(crate) use ledger::*;
pub(crate) use papers::*;
pub(crate) use redirections::*;

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
