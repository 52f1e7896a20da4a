//! Schema migrations, the same for both databases but for their types and triggers. A published
//! migration is never changed; the next one expands.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, TransactionTrait as _};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

use crate::error::Error;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(FirstYear), Box::new(InputsAndClaims)]
    }
}

struct FirstYear;

impl MigrationName for FirstYear {
    fn name(&self) -> &'static str {
        "0001_first_year"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FirstYear {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let backend = manager.get_database_backend();
        let tables = with_types(include_str!("0001_first_year.sql"), backend);
        let guards = match backend {
            DbBackend::Postgres => include_str!("0001_postgres.sql"),
            _ => include_str!("0001_sqlite.sql"),
        };
        connection.execute_unprepared(&tables).await?;
        connection.execute_unprepared(guards).await?;
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

struct InputsAndClaims;

impl MigrationName for InputsAndClaims {
    fn name(&self) -> &'static str {
        "0002_inputs_and_claims"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for InputsAndClaims {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = include_str!("0002_inputs_and_claims.sql");
        let columns = with_types(columns, manager.get_database_backend());
        manager
            .get_connection()
            .execute_unprepared(&columns)
            .await?;
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
    use sea_orm::Database;

    use super::*;

    #[tokio::test]
    async fn a_ranking_of_before_keeps_its_row_and_has_no_inputs() {
        let connection = Database::connect("sqlite::memory:").await.unwrap();
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
}
