//! A database looked at from beside the daemon, with plain SQL.

use std::path::Path;
use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, Statement};

#[derive(Debug, Clone)]
pub enum Raw {
    Sqlite(Arc<Mutex<rusqlite::Connection>>),
    Postgres(DatabaseConnection),
}

impl Raw {
    /// # Errors
    /// When the file cannot be opened.
    pub fn sqlite(file: &Path) -> anyhow::Result<Self> {
        let connection = rusqlite::Connection::open(file)?;
        Ok(Self::Sqlite(Arc::new(Mutex::new(connection))))
    }

    /// # Errors
    /// When the server cannot be reached.
    pub async fn postgres(url: &str) -> anyhow::Result<Self> {
        Ok(Self::Postgres(Database::connect(url).await?))
    }

    /// # Errors
    /// What the database says.
    pub async fn execute_unprepared(&self, sql: &str) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => {
                let connection = connection.lock().expect("nobody panicked with it");
                connection.execute_batch(sql)?;
            }
            Self::Postgres(connection) => {
                connection.execute_unprepared(sql).await?;
            }
        }
        Ok(())
    }

    /// The first column of the first row.
    ///
    /// # Errors
    /// When there is none, or it is no number.
    pub async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        match self {
            Self::Sqlite(connection) => {
                let connection = connection.lock().expect("nobody panicked with it");
                Ok(connection.query_row(sql, (), |row| row.get(0))?)
            }
            Self::Postgres(connection) => Ok(row(connection, sql).await?.try_get_by_index(0)?),
        }
    }

    /// The first column of the first row.
    ///
    /// # Errors
    /// When there is none, or it is no text.
    pub async fn text(&self, sql: &str) -> anyhow::Result<String> {
        match self {
            Self::Sqlite(connection) => {
                let connection = connection.lock().expect("nobody panicked with it");
                Ok(connection.query_row(sql, (), |row| row.get(0))?)
            }
            Self::Postgres(connection) => Ok(row(connection, sql).await?.try_get_by_index(0)?),
        }
    }
}

async fn row(connection: &DatabaseConnection, sql: &str) -> anyhow::Result<sea_orm::QueryResult> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await?;
    row.context("no row")
}
