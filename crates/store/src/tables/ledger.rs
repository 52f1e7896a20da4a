//! Tables of the machinery: tokens, letters, timers, requests and the audit trail.

pub(crate) mod installation {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "installation")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) key: String,
        pub(crate) value: String,
    }

    super::super::plain!();
}

pub(crate) mod tokens {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "tokens")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) version: i64,
        pub(crate) person: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) roles: Json,
        pub(crate) programme: Option<String>,
        pub(crate) consortium: Option<Uuid>,
        pub(crate) secret_sha256: String,
        pub(crate) created_by: String,
        pub(crate) created_at: DateTimeUtc,
        pub(crate) expires_at: DateTimeUtc,
        pub(crate) revoked_at: Option<DateTimeUtc>,
        pub(crate) bootstrap: bool,
    }

    super::super::plain!();
}

pub(crate) mod protocol_counters {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "protocol_counters")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) programme: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) year: i32,
        pub(crate) last: i64,
    }

    super::super::plain!();
}

pub(crate) mod letters {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "letters")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) key: String,
        pub(crate) programme: String,
        pub(crate) call: Option<String>,
        pub(crate) application: Option<Uuid>,
        pub(crate) consortium: Option<Uuid>,
        pub(crate) kind: String,
        pub(crate) state: String,
        pub(crate) recipient: String,
        pub(crate) address: String,
        pub(crate) language: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) facts: Json,
        pub(crate) not_after: Option<DateTimeUtc>,
        pub(crate) message_id: String,
        pub(crate) subject: Option<String>,
        pub(crate) message: Option<Vec<u8>>,
        pub(crate) queued_at: DateTimeUtc,
        pub(crate) next_at: DateTimeUtc,
        pub(crate) attempts: i32,
        pub(crate) lease_token: i64,
        pub(crate) lease_until: Option<DateTimeUtc>,
        pub(crate) sent_at: Option<DateTimeUtc>,
        pub(crate) last_answer: Option<String>,
        pub(crate) delivered_at: Option<DateTimeUtc>,
        pub(crate) delivery_evidence: Option<String>,
    }

    super::super::plain!();
}

pub(crate) mod timers {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "timers")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) programme: String,
        pub(crate) call: String,
        pub(crate) subject: String,
        pub(crate) kind: String,
        pub(crate) nominal_at: DateTimeUtc,
        pub(crate) due_at: DateTimeUtc,
        pub(crate) state: String,
        pub(crate) attempts: i32,
        pub(crate) lease_token: i64,
        pub(crate) lease_until: Option<DateTimeUtc>,
        pub(crate) fired_at: Option<DateTimeUtc>,
        pub(crate) last_error: Option<String>,
        pub(crate) version: i64,
    }

    super::super::plain!();
}

pub(crate) mod requests {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "requests")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) person: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) method: String,
        pub(crate) body_sha256: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) answer: Json,
        pub(crate) at: DateTimeUtc,
    }

    super::super::plain!();
}

pub(crate) mod events {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "events")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) subject_kind: String,
        pub(crate) subject: String,
        pub(crate) version: i64,
        pub(crate) kind: String,
        pub(crate) at: DateTimeUtc,
        pub(crate) person: String,
        pub(crate) request: Option<Uuid>,
        pub(crate) programme: Option<String>,
        pub(crate) call: Option<String>,
        pub(crate) consortium: Option<Uuid>,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) payload: Json,
    }

    super::super::plain!();
}

pub(crate) mod event_personal {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "event_personal")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) event: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) pointer: String,
        pub(crate) salt: String,
        pub(crate) value: String,
    }

    super::super::plain!();
}

pub(crate) mod event_chain {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "event_chain")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) revision: i64,
        pub(crate) event: Uuid,
        pub(crate) hash: String,
    }

    super::super::plain!();
}

/// `PostgreSQL` only: committed events that the sequencer has not numbered yet.
pub(crate) mod event_pending {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "event_pending")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) seq: i64,
        pub(crate) event: Uuid,
    }

    super::super::plain!();
}
