//! Tables of programmes, calls, consortia, applications and what is decided about them.

pub(crate) mod programmes {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "programmes")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: String,
        pub(crate) version: i64,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) body: Json,
    }

    super::super::plain!();
}

pub(crate) mod calls {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "calls")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: String,
        pub(crate) programme: String,
        pub(crate) version: i64,
        pub(crate) state: String,
        pub(crate) opens_at: DateTimeUtc,
        pub(crate) closes_at: DateTimeUtc,
        pub(crate) budget_cents: i64,
        pub(crate) ranking: Option<Uuid>,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub(crate) results: Option<Json>,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) terms: Json,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub(crate) cancellation: Option<Json>,
    }

    super::super::plain!();
}

pub(crate) mod consortia {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "consortia")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) programme: String,
        pub(crate) version: i64,
        pub(crate) title: String,
        pub(crate) partita_iva: String,
        pub(crate) form: String,
        pub(crate) seat_country: String,
        pub(crate) seat_region: String,
        pub(crate) fund_subscribed_cents: i64,
        pub(crate) fund_paid_cents: i64,
        pub(crate) statute_forbids_profit: bool,
        pub(crate) active: bool,
        pub(crate) sme_majority_of_directors: bool,
        pub(crate) accreditation: Option<String>,
        pub(crate) legal_representative: String,
        pub(crate) email: String,
        pub(crate) language: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) accreditations: Json,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) past_funds: Json,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) programmes: Json,
        /// Street address of the seat.
        pub(crate) address: Option<String>,
    }

    super::super::plain!();
}

pub(crate) mod members {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "members")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) consortium: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) position: i32,
        pub(crate) partita_iva: String,
        pub(crate) title: String,
        pub(crate) region: String,
        pub(crate) artisan: bool,
        pub(crate) size: String,
        pub(crate) share_cents: i64,
        pub(crate) joined_on: Date,
        pub(crate) left_on: Option<Date>,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) past_shares: Json,
        pub(crate) address: Option<String>,
        pub(crate) email: Option<String>,
    }

    super::super::plain!();
}

pub(crate) mod links {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "links")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) consortium: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) position: i32,
        pub(crate) one: String,
        pub(crate) other: String,
        pub(crate) since_on: Option<Date>,
        pub(crate) until_on: Option<Date>,
    }

    super::super::plain!();
}

pub(crate) mod applications {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "applications")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) call: String,
        pub(crate) consortium: Uuid,
        pub(crate) version: i64,
        pub(crate) state: String,
        /// Of the working copy, as the next four: SQL can ask them.
        pub(crate) title: String,
        pub(crate) sector: String,
        pub(crate) starts_on: Option<Date>,
        pub(crate) ends_on: Option<Date>,
        pub(crate) requested_cents: Option<i64>,
        /// The working copy, whole.
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) project: Json,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) edited: Json,
        pub(crate) late_attempts: i32,
        pub(crate) withdrawn_because: Option<String>,
        pub(crate) rule_set_version: Option<i32>,
        pub(crate) eligible_cents: Option<i64>,
        pub(crate) grant_cents: Option<i64>,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub(crate) computation: Option<Json>,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub(crate) placement: Option<Json>,
        pub(crate) reopened_checks: i32,
        /// Of the working copy: names a multi-year programme of the consortium.
        pub(crate) programme_first_year: Option<i32>,
        pub(crate) programme_year: Option<i32>,
    }

    super::super::plain!();
}

pub(crate) mod activities {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "activities")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) application: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) submission: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) position: i32,
        pub(crate) code: String,
        pub(crate) kind: String,
        pub(crate) title: String,
        pub(crate) market: String,
    }

    super::super::plain!();
}

pub(crate) mod participants {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "participants")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) application: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) submission: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) position: i32,
        pub(crate) partita_iva: String,
    }

    super::super::plain!();
}

pub(crate) mod budget_lines {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "budget_lines")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) application: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) submission: i32,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) position: i32,
        pub(crate) activity: String,
        pub(crate) category: String,
        pub(crate) description: String,
        pub(crate) amount_cents: i64,
    }

    super::super::plain!();
}

pub(crate) mod submissions {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "submissions")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) application: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) number: i32,
        pub(crate) received_at: DateTimeUtc,
        pub(crate) protocol: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) receipt: Json,
        pub(crate) grant_cents: i64,
        pub(crate) content: String,
        pub(crate) programme_first_year: Option<i32>,
        pub(crate) programme_year: Option<i32>,
        pub(crate) export_share_basis_points: Option<i32>,
        /// Null where no indicators were stated.
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub(crate) destination_markets: Option<Json>,
    }

    super::super::plain!();
}

pub(crate) mod findings {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "findings")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) application: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) position: i32,
        pub(crate) rule: String,
        pub(crate) verdict: String,
        pub(crate) officer: Option<String>,
        pub(crate) explanation_it: String,
        pub(crate) explanation_en: String,
    }

    super::super::plain!();
}

pub(crate) mod evaluations {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "evaluations")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) version: i64,
        pub(crate) call: String,
        pub(crate) application: Uuid,
        pub(crate) evaluator: String,
        pub(crate) state: String,
        pub(crate) excluded_because: Option<String>,
        pub(crate) details: Option<Json>,
        pub(crate) flagged: bool,
    }

    super::super::plain!();
}

pub(crate) mod scores {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "scores")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) evaluation: Uuid,
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) position: i32,
        pub(crate) criterion: String,
        pub(crate) score: String,
        pub(crate) comment: String,
    }

    super::super::plain!();
}

pub(crate) mod rankings {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "rankings")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) version: i64,
        pub(crate) call: String,
        pub(crate) number: i32,
        pub(crate) state: String,
        pub(crate) rule_set_version: i32,
        pub(crate) budget_cents: i64,
        pub(crate) granted_cents: i64,
        pub(crate) inputs_sha256: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) inputs: Option<Json>,
        pub(crate) computed_by: String,
        pub(crate) computed_at: DateTimeUtc,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) ranked: Json,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) allocation: Json,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub(crate) annulment: Option<Json>,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        pub(crate) replaces: Option<Json>,
    }

    super::super::plain!();
}

pub(crate) mod proposals {
    use sea_orm::entity::prelude::*;

    use crate::tables::Json;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "proposals")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) version: i64,
        pub(crate) programme: String,
        pub(crate) call: String,
        pub(crate) kind: String,
        #[sea_orm(column_type = "JsonBinary")]
        pub(crate) act: Json,
        pub(crate) payload_sha256: String,
        pub(crate) requested_by: String,
        pub(crate) requested_at: DateTimeUtc,
        pub(crate) expires_at: DateTimeUtc,
        pub(crate) state: String,
        pub(crate) decided_by: Option<String>,
        pub(crate) decided_at: Option<DateTimeUtc>,
        pub(crate) reason: Option<String>,
        /// The ranking it is about: of those that wait one may name it.
        pub(crate) ranking: Option<Uuid>,
        pub(crate) stated_act: Option<String>,
    }

    super::super::plain!();
}

pub(crate) mod awards {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "awards")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: Uuid,
        pub(crate) version: i64,
        pub(crate) call: String,
        pub(crate) application: Uuid,
        pub(crate) consortium: Uuid,
        pub(crate) ranking: Uuid,
        pub(crate) position: i32,
        pub(crate) amount_cents: i64,
        pub(crate) full_cents: i64,
        pub(crate) act: String,
        pub(crate) rule_set_version: i32,
        pub(crate) awarded_at: DateTimeUtc,
        pub(crate) acceptance_days: i32,
    }

    super::super::plain!();
}
