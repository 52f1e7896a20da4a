//! The register of evaluators.

pub(crate) mod evaluators {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "evaluators")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) version: i64,
        pub(crate) programme: String,
        pub(crate) person: String,
        pub(crate) details: Json,
    }

    super::super::plain!();
}
