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

    /// A UUID that stands as text in `text`, as the database keeps it.
    pub fn uuid(&self, text: &str) -> String {
        match self {
            Self::Sqlite(_) => format!("unhex(replace({text}, '-', ''))"),
            Self::Postgres(_) => format!("CAST({text} AS uuid)"),
        }
    }

    /// The names of a table's columns.
    ///
    /// # Errors
    /// What the database says.
    pub async fn columns(&self, table: &str) -> anyhow::Result<Vec<String>> {
        let sql = match self {
            Self::Sqlite(_) => {
                format!("SELECT group_concat(name, ' ') FROM pragma_table_info('{table}')")
            }
            Self::Postgres(_) => format!(
                "SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) FROM information_schema.columns \
                 WHERE table_name = '{table}'"
            ),
        };
        let names = self.text(&sql).await?;
        Ok(names.split(' ').map(ToOwned::to_owned).collect())
    }

    /// Statements that make an empty table `bare_…` with the columns and indexes of another.
    ///
    /// # Errors
    /// What the database says.
    pub async fn twin(&self, table: &str) -> anyhow::Result<String> {
        match self {
            Self::Sqlite(_) => {
                let sql = format!(
                    "SELECT group_concat(CASE type WHEN 'table' \
                     THEN replace(sql, 'TABLE {table} ', 'TABLE bare_{table} ') \
                     ELSE replace(replace(sql, 'INDEX ', 'INDEX bare_'), ' ON {table} ', \
                     ' ON bare_{table} ') END, ';') FROM sqlite_master \
                     WHERE tbl_name = '{table}' AND type IN ('table', 'index') AND sql IS NOT NULL"
                );
                self.text(&sql).await
            }
            Self::Postgres(_) => Ok(format!(
                "CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)"
            )),
        }
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
