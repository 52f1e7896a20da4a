//! The write door: `Store::write(closure)` is the only way to change anything. Nobody is answered
//! before COMMIT.

pub(crate) mod columns;
mod connect;
pub(crate) mod direct;
mod link;
mod postgres;
mod sqlite;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bando_domain::event::Cause;
use link::Link;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction};
use tokio::sync::watch;
use uuid::Uuid;

use crate::act::Act;
use crate::error::Error;
use crate::lock::FolderLock;

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settings {
    Sqlite { file: PathBuf },
    Postgres { url: String, connections: u32 },
}

/// The database behind its one door.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    reader: Reader,
    door: Door,
    committed: watch::Sender<u64>,
    _lock: Option<FolderLock>,
}

#[derive(Debug)]
enum Door {
    Sqlite(sqlite::Writer),
    Postgres(postgres::Writer),
}

/// Connections that only read.
#[derive(Debug, Clone)]
pub struct Reader {
    connection: Link<DatabaseConnection>,
}

/// Something that can be read from: the reader, or a transaction in progress.
pub trait Db: Send + Sync {
    #[doc(hidden)]
    type Connection: ConnectionTrait;
    #[doc(hidden)]
    fn connection(&self) -> &Self::Connection;
}

impl Db for Reader {
    type Connection = Link<DatabaseConnection>;
    fn connection(&self) -> &Self::Connection {
        &self.connection
    }
}

impl Db for Tx {
    type Connection = Link<DatabaseTransaction>;
    fn connection(&self) -> &Self::Connection {
        &self.connection
    }
}

/// A transaction in progress, together with the act it belongs to.
#[derive(Debug)]
pub struct Tx {
    connection: Link<DatabaseTransaction>,
    act: Act,
    drawn: AtomicU64,
}

impl Tx {
    fn new(connection: Link<DatabaseTransaction>, act: Act) -> Self {
        Self {
            connection,
            act,
            drawn: AtomicU64::new(0),
        }
    }

    pub fn cause(&self) -> &Cause {
        self.act.cause()
    }

    /// The next id of the act; the same on every run of the closure.
    pub fn new_id(&self) -> Uuid {
        self.act.id(self.drawn.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn new_salt(&self) -> [u8; 16] {
        self.act.salt(self.drawn.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.connection, Link::Postgres(_))
    }
}

/// What a closure may fail with: any error that can carry a store error.
pub trait Failure: From<Error> + Send + 'static {
    /// The store error inside, if that is what it is.
    fn store(&self) -> Option<&Error>;
}

impl Failure for Error {
    fn store(&self) -> Option<&Error> {
        Some(self)
    }
}

/// The body of a write: an `async move |tx: &Tx|` closure over clonable inputs with no effect but
/// the database. It may run several times.
pub trait Work<'t, T, E>: FnOnce(&'t Tx) -> Self::Running {
    type Running: Future<Output = Result<T, E>> + Send + 't;
}

impl<'t, T, E, F, R> Work<'t, T, E> for F
where
    F: FnOnce(&'t Tx) -> R,
    R: Future<Output = Result<T, E>> + Send + 't,
{
    type Running = R;
}

impl Store {
    /// Opens the database, takes the folder's lock on `SQLite` and brings the schema up to date.
    ///
    /// # Errors
    /// `AlreadyExists` when another daemon holds the data folder; `Unavailable` when the server
    /// cannot be reached.
    pub async fn open(settings: &Settings) -> Result<Self, Error> {
        let lock = match settings {
            Settings::Sqlite { file } => Some(FolderLock::take(file)?),
            Settings::Postgres { .. } => None,
        };
        Self::connect(settings, lock).await
    }

    /// Opens the database beside a daemon that holds the folder, for one short act; `SQLite`'s own
    /// locks keep the two apart.
    ///
    /// # Errors
    /// As `open`, but for the lock.
    pub async fn open_beside(settings: &Settings) -> Result<Self, Error> {
        Self::connect(settings, None).await
    }

    async fn connect(settings: &Settings, lock: Option<FolderLock>) -> Result<Self, Error> {
        let (committed, _) = watch::channel(0);
        let (reader, door) = match settings {
            Settings::Sqlite { file } => {
                let writer = connect::sqlite_writer(file)?;
                connect::migrated(&writer).await?;
                let reader = Link::Sqlite(connect::sqlite_reader(file)?);
                let writer = sqlite::Writer::start(writer, file.clone(), committed.clone())?;
                (reader, Door::Sqlite(writer))
            }
            Settings::Postgres { url, connections } => {
                let pool = connect::postgres(url, *connections).await?;
                crate::migrations::run(&pool).await?;
                let writer = postgres::Writer::new(pool.clone(), committed.clone());
                (Link::Postgres(pool), Door::Postgres(writer))
            }
        };
        let reader = Reader { connection: reader };
        Ok(Self {
            inner: Arc::new(Inner {
                reader,
                door,
                committed,
                _lock: lock,
            }),
        })
    }

    pub fn read(&self) -> &Reader {
        &self.inner.reader
    }

    /// Runs `work` in a transaction and answers once it is committed.
    ///
    /// # Errors
    /// What `work` answers; `Unavailable` when the commit failed or the database is busy or down,
    /// `Exhausted` when there is no room.
    pub async fn write<T, E, F>(&self, act: Act, work: F) -> Result<T, E>
    where
        F: for<'t> Work<'t, T, E> + Clone + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        self.run(act, work, false).await
    }

    /// Runs `work` as `write` would and rolls it back: what would happen, with nothing changed.
    ///
    /// # Errors
    /// As `write`.
    pub async fn rehearse<T, E, F>(&self, act: Act, work: F) -> Result<T, E>
    where
        F: for<'t> Work<'t, T, E> + Clone + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        self.run(act, work, true).await
    }

    async fn run<T, E, F>(&self, act: Act, work: F, rehearsal: bool) -> Result<T, E>
    where
        F: for<'t> Work<'t, T, E> + Clone + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        match &self.inner.door {
            Door::Sqlite(writer) => writer.run(act, work, rehearsal).await,
            Door::Postgres(writer) => writer.run(act, work, rehearsal).await,
        }
    }

    /// Changes after every commit: what waits for new work wakes up by it.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.inner.committed.subscribe()
    }

    /// Numbers and chains committed events that wait for it; how many it did. Nothing to do on
    /// `SQLite`, where the writer does it in the same commit.
    ///
    /// # Errors
    /// As `write`.
    pub async fn sequence(&self, act: Act) -> Result<u64, Error> {
        match &self.inner.door {
            Door::Sqlite(_) => Ok(0),
            Door::Postgres(_) => {
                self.write(act, async move |tx: &Tx| crate::chain::sequence(tx).await)
                    .await
            }
        }
    }
}

/// An empty database that is gone with its connection, as migrations take it.
#[cfg(test)]
pub(crate) async fn in_memory() -> DatabaseConnection {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let direct = direct::Direct::new(vec![connection]);
    direct.for_migrations().await.unwrap()
}
