//! Calendars that programs subscribe to.

pub(crate) mod calendar_feeds {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "calendar_feeds")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) version: i64,
        pub(crate) programme: String,
        pub(crate) consortium: Option<Uuid>,
        pub(crate) language: String,
        pub(crate) secret_sha256: String,
        pub(crate) created_by: String,
        pub(crate) created_at: DateTimeUtc,
        pub(crate) revoked_at: Option<DateTimeUtc>,
    }

    super::super::plain!();
}
