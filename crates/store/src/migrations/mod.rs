//! Schema migrations, the same for both databases but for their types and triggers. A published
//! migration is never changed; the next one expands.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, DbErr, TransactionTrait as _};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTrait, SchemaManager};

use crate::error::Error;

struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(FirstYear)]
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
