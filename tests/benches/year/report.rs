//! What was measured, as lines and as `target/bench.json`.

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;

#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Measure>);

/// The largest value that will do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit(pub(crate) f64);

#[derive(Debug, Serialize)]
struct Measure {
    name: String,
    value: f64,
    unit: String,
    /// What the value is held against: measured in the same run, or the limit itself.
    ceiling: f64,
    /// `value / ceiling`.
    ratio: f64,
    /// The ratio that is aimed at: the least one of a rate, the largest one under a limit.
    target: f64,
    met: bool,
}

impl Report {
    /// A rate that should reach `target` times the ceiling.
    pub(crate) fn over(&mut self, name: &str, value: f64, unit: &str, ceiling: f64, target: f64) {
        let met = value / ceiling >= target;
        self.add(name, (value, unit), ceiling, target, met);
    }

    /// A cost that should stay under a limit.
    pub(crate) fn under(&mut self, name: &str, value: f64, unit: &str, limit: Limit) {
        let met = value <= limit.0;
        self.add(name, (value, unit), limit.0, 1.0, met);
    }

    fn add(
        &mut self,
        name: &str,
        (value, unit): (f64, &str),
        ceiling: f64,
        target: f64,
        met: bool,
    ) {
        let ratio = value / ceiling;
        let verdict = if met { "met" } else { "MISSED" };
        println!(
            "{name:<52} {value:>10.1} {unit:<4} of {ceiling:>10.1}  ratio {ratio:>6.2}  \
             target {target:.2}  {verdict}"
        );
        self.0.push(Measure {
            name: name.to_owned(),
            value,
            unit: unit.to_owned(),
            ceiling,
            ratio,
            target,
            met,
        });
    }

    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let path = target()?.join("bench.json");
        std::fs::write(&path, serde_json::to_vec_pretty(&self.0)?)?;
        println!("written: {}", path.display());
        Ok(())
    }
}

/// Cargo's target folder, on the disk that is measured.
pub(crate) fn target() -> anyhow::Result<PathBuf> {
    let mine = std::env::current_exe()?;
    let found = mine.ancestors().nth(3).context("a target folder")?;
    Ok(found.to_owned())
}
