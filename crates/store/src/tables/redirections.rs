//! Where letters were to go before their address was corrected.

pub(crate) mod letter_redirections {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "letter_redirections")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) letter: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) number: i32,
        pub(crate) address: String,
        pub(crate) state: String,
        pub(crate) attempts: i32,
        pub(crate) sent_at: Option<DateTimeUtc>,
        pub(crate) last_answer: Option<String>,
        pub(crate) message: Option<Vec<u8>>,
        pub(crate) redirected_at: DateTimeUtc,
    }

    super::super::plain!();
}
