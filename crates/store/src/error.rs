//! What can go wrong in the store, neutral to transport.

use sea_orm::{DbErr, RuntimeErr, SqlxError};

use crate::door::direct;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    NotFound,
    AlreadyExists,
    /// The row changed since it was read.
    Stale,
    /// Busy, down or restarting: try again. It was not done, unless the connection was lost while
    /// the commit was on its way; the same request id answers either way.
    Unavailable,
    /// No room left on the device.
    Exhausted,
    /// Two transactions met; the write door runs the closure again.
    Conflict,
    Internal,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub kind: Kind,
    /// For the log, not for clients: may name tables and constraints.
    pub message: String,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(Kind::NotFound, format!("{what} does not exist"))
    }

    pub fn stale(what: impl std::fmt::Display) -> Self {
        Self::new(Kind::Stale, format!("{what} changed since it was read"))
    }

    pub fn internal(message: impl std::fmt::Display) -> Self {
        Self::new(Kind::Internal, message.to_string())
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(format!("stored JSON cannot be read or written: {error}"))
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Self::new(classify(&error), error.to_string())
    }
}

fn classify(error: &DbErr) -> Kind {
    if let Some(sea_orm::SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
        return Kind::AlreadyExists;
    }
    if matches!(error, DbErr::ConnectionAcquire(_)) {
        return Kind::Unavailable;
    }
    if let DbErr::Query(RuntimeErr::Internal(text)) = error
        && let Some((code, message)) = text
            .strip_prefix(direct::SIGN)
            .and_then(|text| text.split_once(": "))
    {
        return by_code(Some(code), message);
    }
    let (DbErr::Conn(RuntimeErr::SqlxError(inner))
    | DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))) = error
    else {
        return by_text(&error.to_string());
    };
    match inner.as_ref() {
        SqlxError::Database(database) => by_code(database.code().as_deref(), database.message()),
        // The server went away, whatever the driver was doing.
        SqlxError::Io(_)
        | SqlxError::PoolTimedOut
        | SqlxError::PoolClosed
        | SqlxError::WorkerCrashed => Kind::Unavailable,
        other => by_text(&other.to_string()),
    }
}

fn by_code(code: Option<&str>, message: &str) -> Kind {
    match code {
        // serialization_failure, deadlock_detected
        Some("40001" | "40P01") => Kind::Conflict,
        // connection_exception and its kin
        Some(code) if code.len() == 5 && code.starts_with("08") => Kind::Unavailable,
        // lock_not_available, admin_shutdown, crash_shutdown, cannot_connect_now, too many,
        // idle_in_transaction_session_timeout, read_only_sql_transaction (a standby took over)
        Some("55P03" | "57P01" | "57P02" | "57P03" | "53300" | "25P03" | "25006") => {
            Kind::Unavailable
        }
        // SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE
        Some("1555" | "2067") => Kind::AlreadyExists,
        // disk_full; SQLITE_FULL; SQLITE_IOERR_SHMSIZE, no room for the index of the log
        Some("53100" | "13" | "4874") => Kind::Exhausted,
        _ => by_text(message),
    }
}

/// Lost connections, and everything of `SQLite`, come without a code of their own.
fn by_text(text: &str) -> Kind {
    let text = text.to_lowercase();
    if text.contains("disk is full") || text.contains("no space left") {
        return Kind::Exhausted;
    }
    let signs = [
        "locked",
        "busy",
        "connection",
        "communicating with database",
        "broken pipe",
        "timed out",
        "closed",
        "i/o error",
        "interrupted",
    ];
    if signs.iter().any(|sign| text.contains(sign)) {
        Kind::Unavailable
    } else {
        Kind::Internal
    }
}
