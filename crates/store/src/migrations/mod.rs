//! Schema migrations, the same for both databases but for their types and triggers. A published
//! migration is never changed; the next one expands.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, TransactionTrait as _};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

use crate::error::Error;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let all = ALL.iter();
        all.map(|migration| Box::new(*migration) as Box<dyn MigrationTrait>)
            .collect()
    }
}

/// One step of the schema: what both databases share, then what only one of them needs.
#[derive(Clone, Copy)]
struct Migration {
    name: &'static str,
    tables: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// In the order in which they are applied.
const ALL: &[Migration] = &[
    Migration {
        name: "0001_first_year",
        tables: include_str!("0001_first_year.sql"),
        sqlite: include_str!("0001_sqlite.sql"),
        postgres: include_str!("0001_postgres.sql"),
    },
    Migration {
        name: "0002_inputs_and_claims",
        tables: include_str!("0002_inputs_and_claims.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "0010_working_copy",
        tables: include_str!("0010_working_copy.sql"),
        sqlite: include_str!("0010_sqlite.sql"),
        postgres: include_str!("0010_postgres.sql"),
    },
    Migration {
        name: "0003_clarifications",
        tables: include_str!("0003_clarifications.sql"),
        sqlite: include_str!("0003_sqlite.sql"),
        postgres: include_str!("0003_postgres.sql"),
    },
    Migration {
        name: "0007_four_eyes",
        tables: include_str!("0007_four_eyes.sql"),
        sqlite: include_str!("0007_sqlite.sql"),
        postgres: include_str!("0007_postgres.sql"),
    },
    Migration {
        name: "0004_documents",
        tables: include_str!("0004_documents.sql"),
        sqlite: include_str!("0004_sqlite.sql"),
        postgres: include_str!("0004_postgres.sql"),
    },
    Migration {
        name: "0005_register",
        tables: include_str!("0005_register.sql"),
        sqlite: include_str!("0005_sqlite.sql"),
        postgres: include_str!("0005_postgres.sql"),
    },
    Migration {
        name: "0008_mending",
        tables: include_str!("0008_mending.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "0006_evaluators",
        tables: include_str!("0006_evaluators.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "0009_awards_within_budget",
        tables: include_str!("0009_awards_within_budget.sql"),
        sqlite: include_str!("0009_sqlite.sql"),
        postgres: include_str!("0009_postgres.sql"),
    },
    Migration {
        name: "0011_answered_documents",
        tables: include_str!("0011_answered_documents.sql"),
        sqlite: include_str!("0011_sqlite.sql"),
        postgres: include_str!("0011_postgres.sql"),
    },
    Migration {
        name: "0012_programmes_and_addresses",
        tables: include_str!("0012_programmes_and_addresses.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "0013_schedules",
        tables: include_str!("0013_schedules.sql"),
        sqlite: include_str!("0013_sqlite.sql"),
        postgres: include_str!("0013_postgres.sql"),
    },
    Migration {
        name: "0014_reminders",
        tables: include_str!("0014_reminders.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "0015_deadlines",
        tables: include_str!("0015_deadlines.sql"),
        sqlite: "",
        postgres: "",
    },
    Migration {
        name: "0016_timers",
        tables: include_str!("0016_timers.sql"),
        sqlite: "",
        postgres: "",
    },
];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let backend = manager.get_database_backend();
        let own = match backend {
            DbBackend::Postgres => self.postgres,
            _ => self.sqlite,
        };
        connection
            .execute_unprepared(&with_types(self.tables, backend))
            .await?;
        if !own.is_empty() {
            connection.execute_unprepared(own).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Brings the schema up to date; replicas that start together do it one after the other.
pub(crate) async fn run(connection: &DatabaseConnection) -> Result<(), Error> {
    if connection.get_database_backend() != DbBackend::Postgres {
        return Ok(Migrator::up(connection, None).await?);
    }
    let lock = connection.begin().await?;
    lock.execute_unprepared("SELECT pg_advisory_xact_lock(7443001)")
        .await?;
    Migrator::up(connection, None).await?;
    lock.commit().await?;
    Ok(())
}

fn with_types(sql: &str, backend: DbBackend) -> String {
    let types = match backend {
        DbBackend::Postgres => [
            ("{instant}", "timestamptz"),
            ("{json}", "jsonb"),
            ("{uuid}", "uuid"),
            ("{flag}", "boolean"),
            ("{bigint}", "bigint"),
            ("{int}", "integer"),
            ("{day}", "date"),
            ("{bytes}", "bytea"),
        ],
        _ => [
            ("{instant}", "text"),
            ("{json}", "text"),
            ("{uuid}", "blob"),
            ("{flag}", "integer"),
            ("{bigint}", "integer"),
            ("{int}", "integer"),
            ("{day}", "text"),
            ("{bytes}", "blob"),
        ],
    };
    let sql = types
        .iter()
        .fold(sql.to_owned(), |sql, (name, real)| sql.replace(name, real));
    match backend {
        DbBackend::Postgres => sql,
        _ => sql.replace("\n);", "\n) STRICT;"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_ranking_of_before_keeps_its_row_and_has_no_inputs() {
        let connection = crate::door::in_memory().await;
        Migrator::up(&connection, Some(1)).await.unwrap();
        let before = "PRAGMA foreign_keys = OFF; \
                      INSERT INTO rankings VALUES (x'00', 1, 'er/2016', 1, 'in_force', 1, 10, 5, \
                      'sha', 'anna', '2016-07-01T00:00:00Z', '{}', '{}')";
        connection.execute_unprepared(before).await.unwrap();

        run(&connection).await.unwrap();

        let query = sea_orm::Statement::from_string(
            DbBackend::Sqlite,
            "SELECT count(*) FROM rankings WHERE inputs IS NULL AND granted_cents = 5",
        );
        let row = connection.query_one_raw(query).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1);
    }

    #[tokio::test]
    async fn a_working_copy_of_before_becomes_one_document() {
        let connection = crate::door::in_memory().await;
        Migrator::up(&connection, Some(2)).await.unwrap();
        let before = "PRAGMA foreign_keys = OFF; \
                      INSERT INTO applications (id, call, consortium, version, state, title, \
                      summary, sector, starts_on, requested_cents, declarations, edited, \
                      late_attempts) VALUES (x'01', 'er/2016', x'02', 3, 'draft', 'Oltre', 'S', \
                      'food', '2016-05-01', 5, '[\"no_double_funding\"]', '{}', 0); \
                      INSERT INTO activities VALUES (x'01', 0, 0, 'A1', 'b2b', 'Fair', 'DE'); \
                      INSERT INTO participants VALUES (x'01', 0, 1, '02062200379'); \
                      INSERT INTO participants VALUES (x'01', 0, 0, '00743110157'); \
                      INSERT INTO budget_lines VALUES (x'01', 0, 0, 'A1', 'fairs', 'stand', 7)";
        connection.execute_unprepared(before).await.unwrap();

        run(&connection).await.unwrap();

        let query = sea_orm::Statement::from_string(
            DbBackend::Sqlite,
            "SELECT json(project) AS a, (SELECT count(*) FROM participants) AS b FROM applications",
        );
        let row = connection.query_one_raw(query).await.unwrap().unwrap();
        let text: String = row.try_get_by_index(0).unwrap();
        let project: bando_domain::project::Project = serde_json::from_str(&text).unwrap();
        assert_eq!(project.activities[0].title, "Fair");
        assert_eq!(project.participants[0].as_str(), "00743110157");
        assert_eq!(project.budget_lines[0].amount.as_cents(), 7);
        assert_eq!((project.title.as_str(), project.ends_on), ("Oltre", None));
        assert_eq!(project.declarations.len(), 1);
        assert_eq!(row.try_get_by_index::<i64>(1).unwrap(), 0);
    }

    #[tokio::test]
    async fn a_timer_of_before_keeps_its_row_and_is_about_its_call() {
        let connection = crate::door::in_memory().await;
        Migrator::up(&connection, Some(2)).await.unwrap();
        let before = "PRAGMA foreign_keys = OFF; \
                      INSERT INTO timers VALUES (x'07', 'er', 'er/2016', 'call_closes', \
                      '2016-05-31T14:00:00Z', '2016-05-31T14:00:01Z', 'waiting', 3, 4, NULL, \
                      NULL, 'busy')";
        connection.execute_unprepared(before).await.unwrap();

        run(&connection).await.unwrap();

        let query = sea_orm::Statement::from_string(
            DbBackend::Sqlite,
            "SELECT count(*) FROM timers WHERE id = x'07' AND subject = '' \
             AND kind = 'call_closes' AND due_at = '2016-05-31T14:00:01Z' AND attempts = 3 \
             AND lease_token = 4 AND last_error = 'busy'",
        );
        let row = connection.query_one_raw(query).await.unwrap().unwrap();
        assert_eq!(row.try_get_by_index::<i64>(0).unwrap(), 1);
    }
}
