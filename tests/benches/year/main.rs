//! `make bench`: what the daemon does in a second and how small it stays, each figure beside the
//! ceiling or the limit it is held against, measured in the same run. Writes `target/bench.json`.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark reports and ends"
)]

mod bare;
mod ceiling;
mod postgres;
mod ranking;
mod rehearsal;
mod report;
mod submissions;
mod timers;

use std::time::Duration;

use anyhow::Context as _;
use bando_tests::daemon::{Office, opens_at};
use bando_tests::process::{Process, pause};
use report::{Limit, Report};

/// Applications stored when listing and memory are measured.
const APPLICATIONS: u32 = 100_000;
/// Submitted one after the other by a single client.
const ONE_BY_ONE: u32 = 500;
const CLIENTS: u32 = 64;

fn main() -> anyhow::Result<()> {
    // `cargo test --benches` only asks whether it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let mut report = Report::default();
    let runtime = tokio::runtime::Runtime::new()?;
    // One part alone, while it is worked on.
    let only = std::env::var("BANDO_BENCH_ONLY").ok();
    let is_wanted = |part| only.as_deref().is_none_or(|only| only == part);
    if is_wanted("ranking") {
        ranking::measure(&mut report);
    }
    if is_wanted("submissions") {
        runtime.block_on(run(&mut report))?;
    }
    if is_wanted("rehearsal") {
        rehearsal::measure(&mut report)?;
    }
    if is_wanted("timers") {
        runtime.block_on(timers::measure(&mut report))?;
    }
    report.write()
}

async fn run(report: &mut Report) -> anyhow::Result<()> {
    let applications = match std::env::var("BANDO_BENCH_APPLICATIONS") {
        Ok(text) => text.parse().context("BANDO_BENCH_APPLICATIONS")?,
        Err(_) => APPLICATIONS,
    };
    let folder = tempfile::Builder::new()
        .prefix("bando-bench")
        .tempdir_in(report::target()?)?;
    let process = Process::start(folder.path()).await?;
    pause(Duration::from_secs(2)).await;
    report.under(
        "resident memory idle",
        megabytes(process.resident()?),
        "MB",
        Limit(40.0),
    );

    let office = Office::move_in(&process.endpoint, folder.path()).await?;
    office.publish().await;
    office.turn_clock_to(opens_at()).await;
    let raw = ceiling::one_row_commits(folder.path())?;
    println!("ceiling: {raw:.0} one-row commits per second on this file system (SQLite, FULL)");

    let one = submissions::submit(&process.endpoint, &office, 1..=ONE_BY_ONE, 1).await?;
    report.over("submissions, 1 client, SQLite", one, "1/s", raw, 0.3);
    let rest = ONE_BY_ONE + 1..=applications.max(ONE_BY_ONE + CLIENTS);
    let many = submissions::submit(&process.endpoint, &office, rest, CLIENTS).await?;
    report.over("submissions, 64 clients, SQLite", many, "1/s", raw, 1.0);
    let stored = folder.path().join("bando.sqlite");
    for (group, reached) in [(1, one), (64, many)] {
        let bare = bare::submissions(&stored, folder.path(), group)?;
        println!(
            "the rows of a submission alone, {group} a commit: {bare:.0} submissions per second, \
             {:.2} of the ceiling; the daemon reaches {:.2} of them",
            bare / raw,
            reached / bare
        );
    }
    let memory = format!("resident memory after {applications} submissions");
    report.under(&memory, megabytes(process.resident()?), "MB", Limit(150.0));

    let listed = submissions::list(&office).await?;
    let stored = listed.rows;
    let name = format!("page of 50 of {stored} applications, p99");
    report.under(&name, listed.p99, "ms", Limit(10.0));
    let name = format!("last page of {stored} applications, p99");
    report.under(&name, listed.last_p99, "ms", Limit(10.0));

    drop(process);
    let mut starts = Vec::new();
    for _ in 0..5 {
        let again = Process::start(folder.path()).await?;
        starts.push(again.started_in.as_secs_f64() * 1_000.0);
    }
    starts.sort_by(f64::total_cmp);
    let name = format!("start to serving, {stored} applications stored");
    report.under(&name, starts[starts.len() / 2], "ms", Limit(300.0));
    postgres::measure(report).await
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
