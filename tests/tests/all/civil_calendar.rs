//! When schedules fire, held against a table that another language makes of its own calendar.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use bando_domain::civil::Zone;
use bando_domain::cron_schedule::CronSchedule;
use chrono::{DateTime, TimeDelta};

const TESTS: &str = env!("CARGO_MANIFEST_DIR");

fn table() -> anyhow::Result<String> {
    let python = Path::new(TESTS).join(".venv/bin/python");
    let ended = Command::new(&python)
        .arg(Path::new(TESTS).join("clients/civil_fires.py"))
        .output()
        .with_context(|| format!("{} is missing: run `make setup`", python.display()))?;
    let complaint = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "{}: {complaint}", ended.status);
    Ok(String::from_utf8(ended.stdout)?)
}

/// What the daemon says: every instant from the first of the table's to its last.
fn evaluated(expression: &str, zone: &str, first: i64, last: i64) -> anyhow::Result<Vec<i64>> {
    let (cron, zone) = (CronSchedule::parse(expression)?, zone.parse::<Zone>()?);
    let instant = |second| DateTime::from_timestamp(second, 0).context("an instant");
    let mut after = instant(first)? - TimeDelta::microseconds(1);
    let mut found = Vec::new();
    while let Some(fire) = cron.next_after(&zone, after) {
        if fire.at > instant(last)? {
            break;
        }
        ensure!(fire.at > after, "{expression}: {} follows {after}", fire.at);
        found.push(fire.at.timestamp());
        after = fire.at;
    }
    Ok(found)
}

#[test]
fn schedules_fire_when_pythons_calendar_says_over_eleven_years_and_four_zones() -> anyhow::Result<()>
{
    let table = table()?;
    let mut lines = table.lines();
    assert_eq!(
        lines.next(),
        Some(chrono_tz::IANA_TZDB_VERSION),
        "tests/requirements.txt must name the tzdata of chrono-tz's version"
    );
    let (mut expressions, mut instants) = (0, 0);
    for line in lines {
        let [expression, zone, fires] = line.split('\t').collect::<Vec<_>>()[..] else {
            anyhow::bail!("no line of the table: {line}");
        };
        let wanted = fires.split(',').map(str::parse::<i64>);
        let wanted = wanted.collect::<Result<Vec<_>, _>>()?;
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else {
            anyhow::bail!("{expression} never fires");
        };

        let found = evaluated(expression, zone, *first, *last)?;

        let differs = wanted
            .iter()
            .zip(&found)
            .find(|(wanted, found)| wanted != found);
        assert_eq!(differs, None, "{expression} in {zone}: Python's, then ours");
        assert_eq!(wanted.len(), found.len(), "{expression} in {zone}");
        (expressions, instants) = (expressions + 1, instants + found.len());
    }
    assert!(
        expressions >= 72 && instants > 200_000,
        "{expressions}, {instants}"
    );
    Ok(())
}
