//! Tables of the office's routine: schedules, their fires, and checkpoints of the chain.

pub(crate) mod schedules {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "schedules")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) programme: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) name: String,
        pub(crate) cron: String,
        pub(crate) zone: String,
        pub(crate) next_fire_at: DateTimeUtc,
        pub(crate) last_fire_at: Option<DateTimeUtc>,
        pub(crate) kind: String,
        /// Absent until the configuration was first read by a daemon that has plans.
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) plan: Option<Json>,
        pub(crate) version: i64,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) pause: Option<Json>,
        pub(crate) due_at: Option<DateTimeUtc>,
        pub(crate) dropped: i64,
    }

    super::super::plain!();
}

pub(crate) mod schedule_fires {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "schedule_fires")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) programme: String,
        pub(crate) schedule: String,
        pub(crate) origin: String,
        pub(crate) nominal_at: Option<DateTimeUtc>,
        pub(crate) state: String,
        pub(crate) made_at: DateTimeUtc,
        pub(crate) person: String,
        pub(crate) lease_until: Option<DateTimeUtc>,
        pub(crate) ended_at: Option<DateTimeUtc>,
        pub(crate) detail: String,
    }

    super::super::plain!();
}

pub(crate) mod checkpoints {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "checkpoints")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) revision: i64,
        pub(crate) chain_hash: String,
        pub(crate) at: DateTimeUtc,
        pub(crate) key_id: String,
        pub(crate) signature: String,
    }

    super::super::plain!();
}
