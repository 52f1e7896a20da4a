//! What can go wrong in the store, neutral to transport.

use sea_orm::{DbErr, RuntimeErr};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    NotFound,
    AlreadyExists,
    /// The row changed since it was read.
    Stale,
    /// Busy, down or restarting: the outcome is known to be "not done", try again.
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
    let (DbErr::Conn(RuntimeErr::SqlxError(inner))
    | DbErr::Exec(RuntimeErr::SqlxError(inner))
    | DbErr::Query(RuntimeErr::SqlxError(inner))) = error
    else {
        return by_text(&error.to_string());
    };
    let Some(database) = inner.as_database_error() else {
        return by_text(&inner.to_string());
    };
    match database.code().as_deref() {
        // serialization_failure, deadlock_detected
        Some("40001" | "40P01") => Kind::Conflict,
        // lock_not_available, admin_shutdown, crash_shutdown, cannot_connect_now, too many
        Some("55P03" | "57P01" | "57P02" | "57P03" | "53300") => Kind::Unavailable,
        // disk_full; SQLITE_FULL
        Some("53100" | "13") => Kind::Exhausted,
        _ => by_text(database.message()),
    }
}

/// The drivers report lost connections and `SQLite`'s file errors without a code of their own.
fn by_text(text: &str) -> Kind {
    let text = text.to_lowercase();
    if text.contains("disk is full") || text.contains("no space left") {
        return Kind::Exhausted;
    }
    let signs = [
        "locked",
        "busy",
        "connection",
        "broken pipe",
        "timed out",
        "closed",
        "i/o error",
    ];
    if signs.iter().any(|sign| text.contains(sign)) {
        Kind::Unavailable
    } else {
        Kind::Internal
    }
}
