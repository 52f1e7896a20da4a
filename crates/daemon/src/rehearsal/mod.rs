//! A call's whole year before it happens: the real daemon on a fresh data folder and a hand-turned
//! clock, synthetic consortia made by the rules of the call's file, and at the end every invariant
//! checked over what the daemon says of itself.

mod cast;
pub mod files;
mod gather;
mod house;
pub mod invariants;
mod plan;
mod play;
pub mod record;
pub mod report;

use std::path::PathBuf;

use bando_domain::call_file::ParsedCall;
use bando_domain::programme::Programme;
use bando_store::Settings;
use chrono::{DateTime, TimeDelta, Utc};

use record::Record;
pub use report::Report;

/// Most applications of one rehearsal: the synthetic register has no more numbers.
pub const MOST_APPLICATIONS: u32 = 5_000;

/// The files that are rehearsed, as they were read.
#[derive(Debug, Clone)]
pub struct Files {
    /// Name and text of the programme's file.
    pub programme: (String, String),
    /// Name and text of the call's file.
    pub call: (String, String),
    pub parsed_programme: Programme,
    pub parsed: ParsedCall,
}

/// A year to be rehearsed.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub files: Files,
    /// Consortia that want to apply, 1 to [`MOST_APPLICATIONS`].
    pub applications: u32,
    /// Decides who does what and when; with [`Pace::StepByStep`] also every id.
    pub seed: u64,
    /// Empty or not there yet: what the daemon keeps.
    pub data_dir: PathBuf,
    /// Empty or not there yet: a file per letter.
    pub letters_dir: PathBuf,
    pub database: Settings,
    pub pace: Pace,
    /// When the daemon is stopped, and for how long.
    pub downtimes: Vec<Downtime>,
    /// Told of each stage as it is over.
    pub progress: fn(&str),
}

/// What makes timers fire and letters leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Turning the clock alone, one after the other: the same seed gives the same bytes.
    StepByStep,
    /// The daemon's own loops too, as in real use.
    ByItself,
}

/// A time in which the daemon does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Downtime {
    pub from: DateTime<Utc>,
    pub lasting: TimeDelta,
}

impl Downtime {
    pub fn until(&self) -> DateTime<Utc> {
        self.from + self.lasting
    }

    /// Whether something due at that instant had to wait.
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        (self.from..=self.until()).contains(&at)
    }
}

/// A year that was played.
#[derive(Debug, Clone)]
pub struct Rehearsed {
    pub report: Report,
    /// What the report was made of.
    pub record: Record,
}

/// Plays the year and checks it.
///
/// # Errors
/// Whatever the daemon refuses that the play did not expect; a broken invariant is no error but a
/// finding of the report.
pub async fn rehearse(wanted: Wanted) -> anyhow::Result<Rehearsed> {
    let (record, stages) = play::play(&wanted).await?;
    let report = Report::of(&wanted, &record, &stages);
    Ok(Rehearsed { report, record })
}
