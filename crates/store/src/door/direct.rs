//! `SQLite` spoken to in the thread that asks. The driver for both databases runs `SQLite` in a
//! thread of its own, and every statement and row changes threads on its way there and back:
//! that cost more than the statements themselves. What is asked is still built and read by the
//! same entities; this is only the wire.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use rusqlite::types::{ToSqlOutput, Value as Stored, ValueRef};
use sea_orm::sea_query::Value;
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, ExecResult,
    ProxyDatabaseTrait, ProxyExecResult, ProxyRow, QueryResult, RuntimeErr, Statement,
};

use super::columns::{self, Kind};

/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;
/// Instructions of `SQLite` between two looks at the deadline.
const LOOK_EVERY: i32 = 10_000;

/// How an error of `SQLite` begins; its code follows.
pub(crate) const SIGN: &str = "SQLite ";

/// One connection, or some that take turns.
#[derive(Debug, Clone)]
pub struct Direct {
    connections: Arc<[Mutex<rusqlite::Connection>]>,
    /// When what is running is broken off.
    deadline: Arc<Mutex<Option<Instant>>>,
}

impl Direct {
    pub(super) fn new(connections: Vec<rusqlite::Connection>) -> Self {
        for connection in &connections {
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
        }
        Self {
            connections: connections.into_iter().map(Mutex::new).collect(),
            deadline: Arc::default(),
        }
    }

    /// Breaks off what runs longer than its deadline.
    pub(super) fn with_deadline(self) -> Result<Self, DbErr> {
        let deadline = self.deadline.clone();
        let passed = move || lock(&deadline).is_some_and(|deadline| Instant::now() > deadline);
        self.connection()
            .progress_handler(LOOK_EVERY, Some(passed))
            .map_err(failed)?;
        Ok(self)
    }

    pub(super) fn set_deadline(&self, deadline: Option<Instant>) {
        *lock(&self.deadline) = deadline;
    }

    /// Whether `SQLite` ended the transaction by itself, as it does when the disk is full.
    pub(super) fn is_outside_transaction(&self) -> bool {
        self.connection().is_autocommit()
    }

    /// Runs one of the few statements that steer a transaction.
    pub(super) fn steer(&self, statement: &str) -> Result<(), DbErr> {
        let connection = self.connection();
        let mut prepared = connection.prepare_cached(statement).map_err(failed)?;
        prepared.raw_execute().map_err(failed)?;
        Ok(())
    }

    fn execute_one(&self, statement: &Statement) -> Result<ProxyExecResult, DbErr> {
        let connection = self.connection();
        let mut prepared = connection.prepare_cached(&statement.sql).map_err(failed)?;
        bind(&mut prepared, statement)?;
        let changed = prepared.raw_execute().map_err(failed)?;
        let id = u64::try_from(connection.last_insert_rowid()).unwrap_or(0);
        let changed = u64::try_from(changed).unwrap_or(u64::MAX);
        Ok(ProxyExecResult::new(id, changed))
    }

    /// Some statements without values, one after the other.
    fn execute_all(&self, sql: &str) -> Result<ProxyExecResult, DbErr> {
        self.connection().execute_batch(sql).map_err(failed)?;
        Ok(ProxyExecResult::default())
    }

    /// The first connection that is free; the first of all when none is.
    fn connection(&self) -> MutexGuard<'_, rusqlite::Connection> {
        let free = self
            .connections
            .iter()
            .find_map(|connection| connection.try_lock().ok());
        free.unwrap_or_else(|| lock(&self.connections[0]))
    }

    /// As the connection that migrations take. Its transactions do nothing: whoever migrates
    /// holds one around all of them.
    pub(super) async fn for_migrations(&self) -> Result<DatabaseConnection, DbErr> {
        Database::connect_proxy(DbBackend::Sqlite, Arc::new(Box::new(self.clone()))).await
    }

    fn rows(&self, statement: &Statement, limit: usize) -> Result<Vec<ProxyRow>, DbErr> {
        let connection = self.connection();
        let mut prepared = connection.prepare_cached(&statement.sql).map_err(failed)?;
        bind(&mut prepared, statement)?;
        let columns = columns::of(&prepared);
        let mut rows = prepared.raw_query();
        let mut found = Vec::new();
        while found.len() < limit
            && let Some(row) = rows.next().map_err(failed)?
        {
            let mut values = std::collections::BTreeMap::new();
            for (position, (name, kind)) in columns.iter().enumerate() {
                let stored = row.get_ref(position).map_err(failed)?;
                values.insert(name.clone(), read(name, *kind, stored)?);
            }
            found.push(ProxyRow::new(values));
        }
        Ok(found)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait::async_trait]
impl ConnectionTrait for Direct {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Sqlite
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        Ok(self.execute_one(&statement)?.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        Ok(self.execute_all(sql)?.into())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.rows(&statement, 1)?.pop().map(QueryResult::from))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let rows = self.rows(&statement, usize::MAX)?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }
}

#[async_trait::async_trait]
impl ProxyDatabaseTrait for Direct {
    async fn query(&self, statement: Statement) -> Result<Vec<ProxyRow>, DbErr> {
        self.rows(&statement, usize::MAX)
    }

    async fn execute(&self, statement: Statement) -> Result<ProxyExecResult, DbErr> {
        match statement.values {
            Some(_) => self.execute_one(&statement),
            None => self.execute_all(&statement.sql),
        }
    }
}

/// Carries the code and the message; `error.rs` reads them.
fn failed(error: rusqlite::Error) -> DbErr {
    let code = error.sqlite_error().map_or(0, |inner| inner.extended_code);
    DbErr::Query(RuntimeErr::Internal(format!("{SIGN}{code}: {error}")))
}

fn bind(prepared: &mut rusqlite::Statement<'_>, statement: &Statement) -> Result<(), DbErr> {
    let values = statement.values.iter().flat_map(|values| &values.0);
    for (position, value) in (1..).zip(values) {
        prepared
            .raw_bind_parameter(position, stored(value)?)
            .map_err(failed)?;
    }
    Ok(())
}

/// A value as it stands in the file: ids as blobs, JSON, days and instants as text.
fn stored(value: &Value) -> Result<ToSqlOutput<'_>, DbErr> {
    fn owned<'a, T: Into<Stored>>(value: Option<T>) -> ToSqlOutput<'a> {
        ToSqlOutput::Owned(value.map_or(Stored::Null, Into::into))
    }
    fn lent(value: Option<ValueRef<'_>>) -> ToSqlOutput<'_> {
        ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null))
    }
    Ok(match value {
        Value::Bool(value) => owned(*value),
        Value::SmallInt(value) => owned(*value),
        Value::Int(value) => owned(*value),
        Value::BigInt(value) => owned(*value),
        Value::Unsigned(value) => owned(*value),
        Value::BigUnsigned(value) => {
            let value = value.map(i64::try_from).transpose();
            owned(value.map_err(|error| DbErr::Type(error.to_string()))?)
        }
        Value::String(value) => lent(value.as_ref().map(|text| ValueRef::Text(text.as_bytes()))),
        Value::Bytes(value) => lent(value.as_ref().map(|bytes| ValueRef::Blob(bytes))),
        Value::Uuid(value) => lent(value.as_ref().map(|id| ValueRef::Blob(id.as_bytes()))),
        Value::Json(value) => owned(value.as_ref().map(ToString::to_string)),
        Value::ChronoDate(value) => owned(value.map(|day| day.to_string())),
        Value::ChronoDateTimeUtc(value) => owned(value.map(columns::instant_text)),
        other => return Err(DbErr::Type(format!("{other:?} has no form in the file"))),
    })
}

fn read(name: &str, kind: Kind, stored: ValueRef<'_>) -> Result<Value, DbErr> {
    let wrong = |stored: ValueRef<'_>| {
        DbErr::Type(format!(
            "column {name} is {}, not {kind:?}",
            stored.data_type()
        ))
    };
    let text = |bytes| {
        std::str::from_utf8(bytes).map_err(|error| DbErr::Type(format!("column {name}: {error}")))
    };
    let unread = |error: String| DbErr::Type(format!("column {name}: {error}"));
    Ok(match (kind, stored) {
        (kind, ValueRef::Null) => kind.null(),
        (Kind::Flag, ValueRef::Integer(value)) => Value::Bool(Some(value != 0)),
        (Kind::Int, ValueRef::Integer(value)) => {
            let value = i32::try_from(value).map_err(|error| unread(error.to_string()))?;
            Value::Int(Some(value))
        }
        (Kind::BigInt | Kind::Computed, ValueRef::Integer(value)) => Value::BigInt(Some(value)),
        (Kind::Text | Kind::Json | Kind::Computed, ValueRef::Text(bytes)) => {
            Value::String(Some(text(bytes)?.to_owned()))
        }
        (Kind::Instant, ValueRef::Text(bytes)) => {
            let at =
                columns::read_instant(text(bytes)?).map_err(|error| unread(error.to_string()))?;
            Value::ChronoDateTimeUtc(Some(at))
        }
        (Kind::Day, ValueRef::Text(bytes)) => {
            let day = text(bytes)?.parse::<chrono::NaiveDate>();
            Value::ChronoDate(Some(day.map_err(|error| unread(error.to_string()))?))
        }
        (Kind::Uuid, ValueRef::Blob(bytes)) => {
            let id = uuid::Uuid::from_slice(bytes).map_err(|error| unread(error.to_string()))?;
            Value::Uuid(Some(id))
        }
        (Kind::Bytes, ValueRef::Blob(bytes)) => Value::Bytes(Some(bytes.to_vec())),
        (_, other) => return Err(wrong(other)),
    })
}
