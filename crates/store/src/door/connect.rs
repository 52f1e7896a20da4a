//! Connections with the settings durability rests on.

use std::path::Path;
use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use crate::error::Error;

const READERS: u32 = 4;
/// Rows a reader hands over before it waits to be asked for more; a page of applications has
/// some thousands, and every wait is a change of threads.
const ROWS_AHEAD: usize = 4_096;

/// The one connection that writes: WAL, every commit on disk before it is answered.
pub(super) async fn sqlite_writer(file: &Path) -> Result<DatabaseConnection, Error> {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    options
        .max_connections(1)
        .min_connections(1)
        .sqlx_logging(false)
        .test_before_acquire(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                .pragma("foreign_keys", "ON")
                .pragma("wal_autocheckpoint", "4000")
        });
    Ok(Database::connect(options).await?)
}

pub(super) async fn sqlite_reader(file: &Path) -> Result<DatabaseConnection, Error> {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rw", file.display()));
    options
        .max_connections(READERS)
        .min_connections(1)
        .sqlx_logging(false)
        .test_before_acquire(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .pragma("query_only", "ON")
                .row_buffer_size(ROWS_AHEAD)
        });
    Ok(Database::connect(options).await?)
}

pub(super) async fn postgres(url: &str, connections: u32) -> Result<DatabaseConnection, Error> {
    let mut options = ConnectOptions::new(url.to_owned());
    options
        .max_connections(connections.max(2))
        .min_connections(1)
        .connect_timeout(Duration::from_secs(5))
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire_if_idle_for(Duration::from_secs(10))
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(|postgres| {
            postgres.options([
                ("lock_timeout", "5s"),
                ("idle_in_transaction_session_timeout", "10s"),
                ("TimeZone", "UTC"),
            ])
        });
    Ok(Database::connect(options).await?)
}
