//! What a shell and a manual need of `bando`: no daemon is asked.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Cli;
use crate::errors::{Exit, Failure};
use crate::output;

/// Prints the completions of a shell.
pub(crate) fn completion(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bando", &mut script);
    output::raw(&script)
}

/// Writes a manual page per command into a folder, which is made.
pub(crate) fn man(folder: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .map_err(|error| unwritable(folder, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let message = format!("{} cannot be written: {error}", path.display());
    Failure::new(Exit::Failure, "FILE_UNWRITABLE", message)
}
