//! Tables of clarification requests.

pub(crate) mod clarifications {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "clarifications")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) version: i64,
        pub(crate) call: String,
        pub(crate) application: Uuid,
        pub(crate) consortium: Uuid,
        pub(crate) purpose: String,
        pub(crate) number: i32,
        pub(crate) state: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) items: Json,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) term: Json,
        pub(crate) requested_by: String,
        pub(crate) requested_at: DateTimeUtc,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) delivery: Option<Json>,
        pub(crate) due_at: Option<DateTimeUtc>,
        pub(crate) late_attempts: i32,
        pub(crate) ended_at: Option<DateTimeUtc>,
        pub(crate) reason: Option<String>,
    }

    super::super::plain!();
}

pub(crate) mod clarification_answers {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "clarification_answers")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) clarification: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) number: i32,
        pub(crate) received_at: DateTimeUtc,
        pub(crate) protocol: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) receipt: Json,
        pub(crate) content: String,
    }

    super::super::plain!();
}
