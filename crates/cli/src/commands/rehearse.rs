//! `bando call rehearse`: a call's calendar from its file alone.

use std::path::PathBuf;

use bando_domain::{rehearsal, schedule};
use clap::Args;

use super::call::read_call;
use crate::errors::Failure;
use crate::output::talk;
use crate::session::Session;
use crate::views::rehearsal::{Entry, brief, calendar};

#[derive(Debug, Args)]
pub(crate) struct Rehearse {
    /// The call's file (TOML).
    file: PathBuf,
    /// The file of its programme; looked for in ../programmes/ beside the call's file when absent.
    #[arg(long, value_name = "FILE")]
    programme_file: Option<PathBuf>,
}

pub(super) fn run(wanted: &Rehearse, session: &Session) -> Result<(), Failure> {
    let parsed = read_call(&wanted.file, wanted.programme_file.as_deref(), session)?;
    let entries = rehearsal::rehearse(&parsed, &schedule::shipped());
    let rows: Vec<Entry> = if session.output.is_for_people() {
        brief(&entries)
    } else {
        entries.iter().map(Entry::from).collect()
    };
    let write = || calendar(&parsed.id, &parsed.terms.title.en, &entries);
    session.output.dated(&rows, "nothing ever happens", write)?;
    let odd = entries
        .iter()
        .filter(|entry| !entry.warnings.is_empty())
        .count();
    if odd > 0 {
        talk(&format!(
            "{odd} of {} dates deserve a second look",
            entries.len()
        ));
    }
    Ok(())
}
