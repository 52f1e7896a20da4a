//! `bandod`: the daemon.

use std::process::ExitCode;

use bando_daemon::commands;
use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = commands::Arguments::parse();
    match commands::run(arguments) {
        Ok(code) => code,
        Err(error) => commands::report(&error),
    }
}
