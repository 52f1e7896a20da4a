//! Connections with the settings durability rests on.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::direct::Direct;
use crate::error::{Error, Kind};

const READERS: usize = 4;
/// What is set on every connection. Every commit is on disk before it is answered.
const WRITER: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                      PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 4000; \
                      PRAGMA cache_size = -16000;";
const READER: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -4000;";
/// How long to wait for a process that writes beside us.
const BUSY: Duration = Duration::from_secs(5);

/// The one connection that writes.
pub(super) fn sqlite_writer(file: &Path) -> Result<Direct, Error> {
    Ok(Direct::new(vec![opened(file, WRITER)?]).with_deadline()?)
}

/// Brings the schema up to date, or leaves it as it was.
pub(super) async fn migrated(writer: &Direct) -> Result<(), Error> {
    writer.steer("BEGIN IMMEDIATE")?;
    let outcome = crate::migrations::run(&writer.for_migrations().await?).await;
    writer.steer(if outcome.is_ok() {
        "COMMIT"
    } else {
        "ROLLBACK"
    })?;
    outcome
}

pub(super) fn sqlite_reader(file: &Path) -> Result<Direct, Error> {
    let readers = (0..READERS).map(|_| opened(file, READER));
    Ok(Direct::new(readers.collect::<Result<_, _>>()?))
}

fn opened(file: &Path, settings: &str) -> Result<rusqlite::Connection, Error> {
    let open = || {
        let connection = rusqlite::Connection::open(file)?;
        connection.busy_timeout(BUSY)?;
        // Otherwise a statement is planned again for every value that is bound to it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.execute_batch(settings)?;
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| {
        let message = format!("{} cannot be opened: {error}", file.display());
        Error::new(Kind::Unavailable, message)
    })
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
