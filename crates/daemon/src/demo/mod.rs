//! The 2016 call of the practice, played through gRPC on a simulated clock: officers, consortia
//! and evaluators are synthetic, the daemon is the real one.

mod cast;
mod plan;
mod play;
mod summary;
mod timeline;

use std::path::PathBuf;

use chrono::{DateTime, Utc};

pub use summary::{LetterCounts, Summary, Tie};

/// What the play needs: a daemon served on a fresh data folder with a simulated clock.
#[derive(Debug, Clone)]
pub struct Stage {
    pub endpoint: String,
    /// The token of the first start.
    pub bootstrap_token: String,
    pub data_dir: PathBuf,
    pub letters_dir: PathBuf,
    pub seed: u64,
}

/// When the play begins: Monday 11 January 2016, 09:00 in Bologna.
pub fn begins_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_452_499_200, 0).unwrap_or_default()
}

/// Plays the year and answers its summary, once no letter is left to send.
///
/// # Errors
/// Whatever the daemon refuses that the play did not expect.
pub async fn play(stage: &Stage) -> anyhow::Result<Summary> {
    play::play(stage).await
}
