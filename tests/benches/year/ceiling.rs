//! The ceiling of the write door: how many one-row transactions this file system takes.

use std::path::Path;
use std::time::{Duration, Instant};

use sea_orm::{ConnectOptions, ConnectionTrait as _, Database};

const MEASURED: Duration = Duration::from_secs(3);

/// One connection, one row per transaction, write-ahead log, `synchronous=FULL`.
pub(crate) async fn one_row_commits(folder: &Path) -> anyhow::Result<f64> {
    let file = folder.join("ceiling.sqlite");
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
    options.max_connections(1).sqlx_logging(false);
    let connection = Database::connect(options).await?;
    for statement in [
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "CREATE TABLE raw (id INTEGER PRIMARY KEY, value TEXT NOT NULL)",
    ] {
        connection.execute_unprepared(statement).await?;
    }
    let (started, mut commits) = (Instant::now(), 0_u32);
    while started.elapsed() < MEASURED {
        let insert = "INSERT INTO raw (value) VALUES ('one row of a hundred bytes or so, as an \
                      application might have in one of its forty')";
        connection.execute_unprepared(insert).await?;
        commits += 1;
    }
    let rate = f64::from(commits) / started.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(rate)
}
