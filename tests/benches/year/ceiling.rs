//! The ceiling of the write door: how many one-row transactions this file system takes.

use std::path::Path;
use std::time::{Duration, Instant};

const MEASURED: Duration = Duration::from_secs(3);

/// One connection, one row per transaction, write-ahead log, `synchronous=FULL`.
pub(crate) fn one_row_commits(folder: &Path) -> anyhow::Result<f64> {
    let connection = rusqlite::Connection::open(folder.join("ceiling.sqlite"))?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         CREATE TABLE raw (id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
    )?;
    let mut insert = connection.prepare(
        "INSERT INTO raw (value) VALUES ('one row of a hundred bytes or so, as an application \
         might have in one of its forty')",
    )?;
    let (started, mut commits) = (Instant::now(), 0_u32);
    while started.elapsed() < MEASURED {
        insert.execute(())?;
        commits += 1;
    }
    Ok(f64::from(commits) / started.elapsed().as_secs_f64())
}
