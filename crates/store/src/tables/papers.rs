//! Tables of documents.

pub(crate) mod documents {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "documents")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) version: i64,
        pub(crate) application: Uuid,
        pub(crate) call: String,
        pub(crate) consortium: Uuid,
        pub(crate) document_type: String,
        pub(crate) file_name: String,
        pub(crate) media_type: String,
        pub(crate) size_bytes: i64,
        pub(crate) sha256: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) marks: Json,
        pub(crate) added_by: String,
        pub(crate) added_at: DateTimeUtc,
        pub(crate) removed_at: Option<DateTimeUtc>,
        pub(crate) scan_verdict: Option<String>,
        pub(crate) scan_signature: Option<String>,
        pub(crate) scanned_at: Option<DateTimeUtc>,
        pub(crate) verification: Option<String>,
        pub(crate) verification_signer: Option<String>,
        pub(crate) verification_note: Option<String>,
        pub(crate) verified_by: Option<String>,
        pub(crate) verified_at: Option<DateTimeUtc>,
        pub(crate) clarification: Option<Uuid>,
        pub(crate) item: Option<i32>,
    }

    super::super::plain!();
}

pub(crate) mod answered_documents {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "answered_documents")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) document: Uuid,
        pub(crate) clarification: Uuid,
        pub(crate) number: i32,
    }

    super::super::plain!();
}

pub(crate) mod sealed_documents {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "sealed_documents")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) application: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) submission: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) document: Uuid,
    }

    super::super::plain!();
}

pub(crate) mod scans {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "scans")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) document: Uuid,
        pub(crate) next_at: DateTimeUtc,
        pub(crate) attempts: i32,
        pub(crate) lease_token: i64,
        pub(crate) lease_until: Option<DateTimeUtc>,
        pub(crate) last_error: Option<String>,
    }

    super::super::plain!();
}
