//! The rehearsal of a whole year, as an office runs it over its call's file.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::ensure;
use bando_tests::process::beside;

use crate::report::{Limit, Report, target};

const CALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/calls/2027.toml");

/// The best of three: others use the machine too.
pub(crate) fn measure(report: &mut Report) -> anyhow::Result<()> {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let letters = tempfile::tempdir_in(target()?)?;
        best = best.min(seconds(letters.path())?);
    }
    let name = "rehearsal of a year with 50 applications";
    report.under(name, best, "s", Limit(5.0));
    Ok(())
}

fn seconds(letters: &Path) -> anyhow::Result<f64> {
    let started = Instant::now();
    let ended = Command::new(beside("bandod")?)
        .args([
            "rehearse",
            "--call",
            CALL,
            "--applications",
            "50",
            "--seed",
            "1",
        ])
        .arg("--letters")
        .arg(letters)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()?;
    ensure!(ended.success(), "the rehearsal ended with {ended}");
    Ok(started.elapsed().as_secs_f64())
}
