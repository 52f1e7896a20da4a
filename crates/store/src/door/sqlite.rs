//! The write door on `SQLite`: one task owns the one write connection and commits what is already
//! queued together (group commit), each closure in its own savepoint.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio::sync::{mpsc, oneshot, watch};

use super::direct::Direct;
use super::link::Link;
use super::{Failure, Tx, Work};
use crate::act::Act;
use crate::error::{Error, Kind};

/// Most closures of one commit.
const GROUP: usize = 64;
/// Longest work of one commit before it is made.
const GROUP_TIME: Duration = Duration::from_millis(2);
/// Writes that may wait; more are told to come back.
const QUEUE: usize = 4_096;
/// Takes the write lock at once: a lock taken later could be refused half-way.
const BEGIN: &str = "BEGIN IMMEDIATE";

#[derive(Debug)]
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    pub(super) fn start(
        connection: Direct,
        file: PathBuf,
        committed: watch::Sender<u64>,
    ) -> Result<Self, Error> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("bando-writer".to_owned())
            .spawn(move || serve(connection, &file, jobs, &committed))
            .map_err(Error::internal)?;
        Ok(Self { queue })
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

/// A queued write, with its types erased.
trait Job: Send + Any {
    fn act(&self) -> Act;
    fn run(&mut self, tx: &Tx) -> Ran;
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

    fn run(&mut self, tx: &Tx) -> Ran {
        let running = AssertUnwindSafe((self.work.clone())(tx)).catch_unwind();
        // Whatever reaches the database is done when it is asked: there is nothing to wait for.
        let outcome = match running.now_or_never() {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(Error::internal("a write panicked").into()),
            None => Err(Error::internal("a write waited for something else").into()),
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

fn serve(
    mut connection: Direct,
    file: &Path,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    committed: &watch::Sender<u64>,
) {
    while let Some(first) = jobs.blocking_recv() {
        let intact = group(&connection, first, &mut jobs, committed);
        if !intact {
            tracing::warn!("the write connection is opened again");
            match super::connect::sqlite_writer(file) {
                Ok(fresh) => connection = fresh,
                Err(error) => tracing::error!(%error, "the database cannot be opened again"),
            }
        }
    }
}

/// Commits one group; `false` when the connection must be replaced.
fn group(
    connection: &Direct,
    first: Box<dyn Job>,
    jobs: &mut mpsc::Receiver<Box<dyn Job>>,
    committed: &watch::Sender<u64>,
) -> bool {
    if let Err(error) = steer(connection, BEGIN) {
        first.answer(Err(error));
        return false;
    }
    let started = Instant::now();
    let mut done = Vec::new();
    let mut next = Some(first);
    let mut intact = true;
    while let Some(mut job) = next.take() {
        intact = run(connection, job.as_mut());
        done.push(job);
        if !intact {
            break;
        }
        if done.len() < GROUP && started.elapsed() < GROUP_TIME {
            next = jobs.try_recv().ok();
        }
    }
    if !intact {
        roll_back(connection);
        return alone(connection, done, committed);
    }
    let outcome = steer(connection, "COMMIT");
    if outcome.is_err() {
        roll_back(connection);
    }
    committed.send_modify(|count| *count += 1);
    let intact = outcome.is_ok();
    for job in done {
        job.answer(outcome.clone());
    }
    intact
}

/// Runs each job of a broken group in a transaction of its own, so that the one that broke it
/// does not take the others with it.
fn alone(connection: &Direct, jobs: Vec<Box<dyn Job>>, committed: &watch::Sender<u64>) -> bool {
    let mut all_intact = true;
    for mut job in jobs {
        let outcome = steer(connection, BEGIN).and_then(|()| {
            if run(connection, job.as_mut()) {
                steer(connection, "COMMIT")
            } else {
                Err(Error::new(Kind::Unavailable, "the transaction was ended"))
            }
        });
        if outcome.is_err() {
            roll_back(connection);
        }
        all_intact &= outcome.is_ok();
        committed.send_modify(|count| *count += 1);
        job.answer(outcome);
    }
    all_intact
}

/// Runs a job in a savepoint of its own; `false` when the whole transaction cannot go on.
fn run(connection: &Direct, job: &mut dyn Job) -> bool {
    if steer(connection, "SAVEPOINT job").is_err() {
        return false;
    }
    let act = job.act();
    connection.set_deadline(Some(Instant::now() + act.limit()));
    let tx = Tx::new(Link::Sqlite(connection.clone()), act);
    let ran = job.run(&tx);
    connection.set_deadline(None);
    let ended = match ran {
        Ran::Keep => steer(connection, "RELEASE job"),
        Ran::Undo => {
            steer(connection, "ROLLBACK TO job").and_then(|()| steer(connection, "RELEASE job"))
        }
        Ran::Broken => return false,
    };
    ended.is_ok()
}

fn steer(connection: &Direct, statement: &str) -> Result<(), Error> {
    connection.steer(statement).map_err(unavailable)
}

/// Nothing to do where `SQLite` ended the transaction by itself.
fn roll_back(connection: &Direct) {
    if !connection.is_outside_transaction() {
        let _ = steer(connection, "ROLLBACK");
    }
}

fn unavailable(error: sea_orm::DbErr) -> Error {
    let error = Error::from(error);
    match error.kind {
        Kind::Exhausted => error,
        _ => Error::new(Kind::Unavailable, error.message),
    }
}
