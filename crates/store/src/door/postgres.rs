//! The write door on `PostgreSQL`: each closure is its own transaction, run again when two meet.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use sea_orm::{DatabaseConnection, TransactionTrait as _};
use tokio::sync::watch;

use super::link::Link;
use super::{Failure, Tx, Work};
use crate::act::Act;
use crate::error::{Error, Kind};

const ATTEMPTS: u32 = 10;

#[derive(Debug)]
pub(super) struct Writer {
    pool: DatabaseConnection,
    committed: watch::Sender<u64>,
}

impl Writer {
    pub(super) fn new(pool: DatabaseConnection, committed: watch::Sender<u64>) -> Self {
        Self { pool, committed }
    }

    pub(super) async fn run<T, E, F>(&self, act: Act, work: F, rehearsal: bool) -> Result<T, E>
    where
        F: for<'t> Work<'t, T, E> + Clone + Send + 'static,
        T: Send + 'static,
        E: Failure,
    {
        // Spawned, so that a caller that goes away does not leave a half-done transaction.
        let (pool, committed) = (self.pool.clone(), self.committed.clone());
        let running = tokio::spawn(async move {
            let mut attempt = 1;
            loop {
                let outcome = once(&pool, act.clone(), work.clone(), rehearsal).await;
                let conflict = matches!(&outcome, Err(error)
                    if error.store().is_some_and(|inner| inner.kind == Kind::Conflict));
                if conflict && attempt < ATTEMPTS {
                    attempt += 1;
                    continue;
                }
                if outcome.is_ok() && !rehearsal {
                    committed.send_modify(|count| *count += 1);
                }
                return outcome;
            }
        });
        match running.await {
            Ok(Err(error))
                if error
                    .store()
                    .is_some_and(|inner| inner.kind == Kind::Conflict) =>
            {
                let message = format!("gave up after {ATTEMPTS} conflicting attempts");
                Err(Error::new(Kind::Unavailable, message).into())
            }
            Ok(outcome) => outcome,
            Err(gone) => Err(Error::internal(format!("the write ended: {gone}")).into()),
        }
    }
}

async fn once<T, E, F>(
    pool: &DatabaseConnection,
    act: Act,
    work: F,
    rehearsal: bool,
) -> Result<T, E>
where
    F: for<'t> Work<'t, T, E>,
    E: Failure,
{
    let transaction = pool.begin().await.map_err(Error::from)?;
    let limit = act.limit();
    let tx = Tx::new(Link::Postgres(transaction), act);
    let running = AssertUnwindSafe(work(&tx)).catch_unwind();
    let outcome = match tokio::time::timeout(limit, running).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Error::internal("a write panicked").into()),
        Err(_) => {
            let message = format!("a write took more than {limit:?}");
            Err(Error::new(Kind::Unavailable, message).into())
        }
    };
    let Link::Postgres(transaction) = tx.connection else {
        return Err(Error::internal("a transaction of another database").into());
    };
    if rehearsal || outcome.is_err() {
        // A transaction the server already ended cannot be rolled back; nothing is left of it.
        let _ = transaction.rollback().await;
        return outcome;
    }
    transaction.commit().await.map_err(|error| {
        let error = Error::from(error);
        match error.kind {
            Kind::Conflict | Kind::Exhausted => error,
            _ => Error::new(Kind::Unavailable, error.message),
        }
    })?;
    outcome
}
