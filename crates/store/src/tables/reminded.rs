//! What was reminded of.

pub(crate) mod reminders {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "reminders")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) call: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) topic: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) subject: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) recipient: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) nominal_at: DateTimeUtc,
        pub(crate) queued_at: DateTimeUtc,
    }

    super::super::plain!();
}
