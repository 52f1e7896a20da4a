//! Tables of what is mended afterwards.

pub(crate) mod late_attempts {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "late_attempts")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) application: Uuid,
        pub(crate) attempted_at: DateTimeUtc,
        pub(crate) content_sha256: String,
        pub(crate) content: String,
    }

    super::super::plain!();
}
