//! `bandod rehearse`: the CI test of a call's file.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use bando_store::Settings;
use clap::{Parser, ValueEnum};

use super::say;
use crate::config::Log;
use crate::logs;
use crate::rehearsal::{self, MOST_APPLICATIONS, Pace, Wanted, files};

pub(super) const EXAMPLES: &str = "Examples:
  bandod rehearse --call config/calls/2027.toml
  bandod rehearse --call config/calls/2027.toml --applications 200 --seed 7 --letters /tmp/letters
  bandod rehearse --call config/calls/2027.toml -o json";

/// As `bando` ends when a check has findings.
const FINDINGS: u8 = 6;

#[derive(Debug, Parser)]
pub(super) struct Rehearse {
    /// The call's file (TOML).
    #[arg(long, value_name = "FILE")]
    call: PathBuf,
    /// The file of its programme; looked for in ../programmes/ beside the call's file when absent.
    #[arg(long, value_name = "FILE")]
    programme_file: Option<PathBuf>,
    /// Consortia that want to apply.
    #[arg(long, default_value_t = 50,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_APPLICATIONS)))]
    applications: u32,
    /// Decides who does what and when.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// An empty folder, or one that is made, for a file per letter.
    #[arg(long, value_name = "DIR")]
    letters: Option<PathBuf>,
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
}

pub(super) async fn run(options: Rehearse) -> anyhow::Result<ExitCode> {
    logs::start(&Log {
        filter: "error".to_owned(),
        json: None,
    });
    let files = match files::read(&options.call, options.programme_file.as_deref()) {
        Ok(files) => files,
        Err(files::Error::Mistakes(mistakes)) => {
            for mistake in &mistakes {
                print(&mistake.to_string())?;
            }
            say(&format!("error: {}", counted(mistakes.len(), "mistake")))?;
            return Ok(ExitCode::from(FINDINGS));
        }
        Err(files::Error::Other(error)) => return Err(error),
    };
    let folder = Temporary::make()?;
    let letters_dir = match &options.letters {
        Some(letters) => empty(letters)?,
        None => folder.0.join("letters"),
    };
    let data_dir = folder.0.join("data");
    let year = Wanted {
        files,
        applications: options.applications,
        seed: options.seed,
        letters_dir,
        database: Settings::Sqlite {
            file: data_dir.join("bando.sqlite"),
        },
        data_dir,
        pace: Pace::StepByStep,
        downtimes: Vec::new(),
        progress: |stage| {
            let _ = say(stage);
        },
    };
    let report = rehearsal::rehearse(year).await?.report;
    match options.output {
        Output::Table => print(report.text().trim_end())?,
        Output::Json => print(&serde_json::to_string_pretty(&report)?)?,
    }
    let findings = report.findings();
    if findings == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    say(&format!("error: {}", counted(findings, "finding")))?;
    Ok(ExitCode::from(FINDINGS))
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn print(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

fn empty(folder: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    if std::fs::read_dir(folder)?.next().is_some() {
        bail!(
            "{} is not empty: letters need an empty folder",
            folder.display()
        );
    }
    Ok(folder.canonicalize()?)
}

/// A folder of its own that is gone with the rehearsal.
struct Temporary(PathBuf);

impl Temporary {
    fn make() -> anyhow::Result<Self> {
        let name = format!("bando-rehearsal-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        Ok(Self(folder))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
