//! The write door on `SQLite`: one task owns the one write connection and commits what is already
//! queued together (group commit), each closure in its own savepoint.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait as _,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{Failure, Tx, Work};
use crate::act::Act;
use crate::error::{Error, Kind};

/// Most closures of one commit.
const GROUP: usize = 64;
/// Longest work of one commit before it is made.
const GROUP_TIME: Duration = Duration::from_millis(2);
/// How long one run of a closure may take.
const LIMIT: Duration = Duration::from_secs(5);
/// Writes that may wait; more are told to come back.
const QUEUE: usize = 4_096;

#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    pub(super) fn start(
        connection: DatabaseConnection,
        file: PathBuf,
        committed: watch::Sender<u64>,
    ) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        tokio::spawn(serve(connection, file, jobs, committed));
        Self { queue }
    }

    pub(super) async fn run<T, E, F>(&self, act: Act, work: F, rehearsal: bool) -> Result<T, E>
    where
        F: for<'t> Work<'t, T, E> + Clone + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        let (answer, answered) = oneshot::channel();
        let job = Pending {
            act,
            work,
            rehearsal,
            outcome: None,
            answer,
        };
        if self.queue.try_send(Box::new(job)).is_err() {
            return Err(Error::new(Kind::Unavailable, "too many writes are waiting").into());
        }
        match answered.await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::new(Kind::Unavailable, "the writer stopped").into()),
        }
    }
}

/// What became of one run of a job.
enum Ran {
    Keep,
    Undo,
    /// The database ended the whole transaction by itself.
    Broken,
}

type Running<'a> = Pin<Box<dyn Future<Output = Ran> + Send + 'a>>;

/// A queued write, with its types erased.
trait Job: Send + Any {
    fn act(&self) -> Act;
    fn run<'a>(&'a mut self, tx: &'a Tx) -> Running<'a>;
    /// Answers the caller: with the outcome of the last run, or with why it was not committed.
    fn answer(self: Box<Self>, committed: Result<(), Error>);
}

struct Pending<T, E, F> {
    act: Act,
    work: F,
    rehearsal: bool,
    outcome: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Pending<T, E, F>
where
    F: for<'t> Work<'t, T, E> + Clone + Send + 'static,
    T: Send + 'static,
    E: Failure,
{
    fn act(&self) -> Act {
        self.act.clone()
    }

    fn run<'a>(&'a mut self, tx: &'a Tx) -> Running<'a> {
        let running = (self.work.clone())(tx);
        Box::pin(async move {
            let running = AssertUnwindSafe(running).catch_unwind();
            let outcome = match tokio::time::timeout(LIMIT, running).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(Error::internal("a write panicked").into()),
                Err(_) => Err(Error::new(Kind::Unavailable, "a write took more than 5 s").into()),
            };
            let ran = match &outcome {
                Ok(_) if self.rehearsal => Ran::Undo,
                Ok(_) => Ran::Keep,
                Err(error) => match error.store().map(|inner| inner.kind) {
                    Some(Kind::Exhausted | Kind::Unavailable) => Ran::Broken,
                    _ => Ran::Undo,
                },
            };
            self.outcome = Some(outcome);
            ran
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), Error>) {
        let outcome = match (committed, self.outcome) {
            (Err(error), Some(Ok(_)) | None) => Err(error.into()),
            (_, Some(outcome)) => outcome,
            (Ok(()), None) => Err(Error::internal("a write was not run").into()),
        };
        // A caller that went away finds the answer by its request id.
        let _ = self.answer.send(outcome);
    }
}

async fn serve(
    mut connection: DatabaseConnection,
    file: PathBuf,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    committed: watch::Sender<u64>,
) {
    while let Some(first) = jobs.recv().await {
        let intact = group(&connection, first, &mut jobs, &committed).await;
        if !intact {
            tracing::warn!("the write connection is opened again");
            match super::connect::sqlite_writer(&file).await {
                Ok(fresh) => connection = fresh,
                Err(error) => tracing::error!(%error, "the database cannot be opened again"),
            }
        }
    }
}

/// Commits one group; `false` when the connection must be replaced.
async fn group(
    connection: &DatabaseConnection,
    first: Box<dyn Job>,
    jobs: &mut mpsc::Receiver<Box<dyn Job>>,
    committed: &watch::Sender<u64>,
) -> bool {
    let transaction = match begin(connection).await {
        Ok(transaction) => transaction,
        Err(error) => {
            first.answer(Err(error));
            return false;
        }
    };
    let started = Instant::now();
    let mut done = Vec::new();
    let mut next = Some(first);
    let mut intact = true;
    while let Some(mut job) = next.take() {
        intact = run(&transaction, job.as_mut()).await;
        done.push(job);
        if !intact {
            break;
        }
        if done.len() < GROUP && started.elapsed() < GROUP_TIME {
            next = jobs.try_recv().ok();
        }
    }
    if !intact {
        let _ = transaction.rollback().await;
        return alone(connection, done, committed).await;
    }
    let outcome = transaction.commit().await.map_err(unavailable);
    let intact = outcome.is_ok();
    committed.send_modify(|count| *count += 1);
    for job in done {
        job.answer(outcome.clone());
    }
    intact
}

/// Runs each job of a broken group in a transaction of its own, so that the one that broke it
/// does not take the others with it.
async fn alone(
    connection: &DatabaseConnection,
    jobs: Vec<Box<dyn Job>>,
    committed: &watch::Sender<u64>,
) -> bool {
    let mut all_intact = true;
    for mut job in jobs {
        let outcome = match begin(connection).await {
            Err(error) => Err(error),
            Ok(transaction) => {
                if run(&transaction, job.as_mut()).await {
                    transaction.commit().await.map_err(unavailable)
                } else {
                    let _ = transaction.rollback().await;
                    Err(Error::new(Kind::Unavailable, "the transaction was ended"))
                }
            }
        };
        all_intact &= outcome.is_ok();
        committed.send_modify(|count| *count += 1);
        job.answer(outcome);
    }
    all_intact
}

async fn run(transaction: &DatabaseTransaction, job: &mut dyn Job) -> bool {
    let Ok(savepoint) = transaction.begin().await else {
        return false;
    };
    let tx = Tx::new(savepoint, job.act());
    let ran = job.run(&tx).await;
    let ended = match ran {
        Ran::Keep => tx.transaction.commit().await,
        Ran::Undo => tx.transaction.rollback().await,
        Ran::Broken => return false,
    };
    ended.is_ok()
}

async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, Error> {
    let immediate = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    connection
        .begin_with_options(immediate)
        .await
        .map_err(unavailable)
}

/// A begin or commit that failed is "not done, try again", unless there is no room.
fn unavailable(error: sea_orm::DbErr) -> Error {
    let error = Error::from(error);
    match error.kind {
        Kind::Exhausted => error,
        _ => Error::new(Kind::Unavailable, error.message),
    }
}
