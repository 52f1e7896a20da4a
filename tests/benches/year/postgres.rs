//! Submissions on PostgreSQL, beside pgbench running the same statements on the same server.

use std::process::Command;

use anyhow::{Context as _, ensure};
use bando_tests::daemon::{Office, opens_at};
use bando_tests::postgres::Cluster;
use bando_tests::process::Process;
use bando_tests::raw::Raw;
use serde_json::json;

use crate::report::{Report, target};
use crate::submissions;

const APPLICATIONS: u32 = 2_000;
const CLIENTS: u32 = 32;
const SECONDS: &str = "8";

pub(crate) async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let cluster = Cluster::of_its_own().await?;
    let url = cluster.create_database()?;
    let folder = tempfile::Builder::new()
        .prefix("bando-bench")
        .tempdir_in(target()?)?;
    let process = Process::start_on(folder.path(), Some(&url)).await?;
    let office = Office::move_in(&process.endpoint, folder.path()).await?;
    office.publish().await;
    office.turn_clock_to(opens_at()).await;
    let rate = submissions::submit(&process.endpoint, &office, 1..=APPLICATIONS, CLIENTS).await?;
    drop(process);
    let ceiling = same_statements(&cluster, &url).await?;
    report.over(
        "submissions, 32 clients, PostgreSQL",
        rate,
        "1/s",
        ceiling,
        0.5,
    );
    Ok(())
}

/// Transactions per second of pgbench with the statements of a submission.
async fn same_statements(cluster: &Cluster, url: &str) -> anyhow::Result<f64> {
    let raw = Raw::postgres(url).await?;
    raw.execute_unprepared(
        "CREATE TABLE bench AS SELECT row_number() OVER () AS n, id, consortium FROM applications; \
         CREATE UNIQUE INDEX ON bench (n); CREATE SEQUENCE bench_number START 1000; ANALYZE",
    )
    .await?;
    let script = target()?.join("submission.sql");
    let quoted = |text: String| format!("'{}'", text.replace('\'', "''"));
    let receipt = json!({ "statement": "x".repeat(800) }).to_string();
    let answer = json!({ "view": "x".repeat(12_000) }).to_string();
    let statements = include_str!("submission.sql")
        .replace(":receipt", &quoted(receipt))
        .replace(":answer", &quoted(answer))
        .replace(":content", &quoted("x".repeat(6_000)));
    std::fs::write(&script, statements)?;
    let clients = CLIENTS.to_string();
    let applications = format!("applications={APPLICATIONS}");
    let run = Command::new(cluster.program("pgbench"))
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .args(["--client", &clients, "--time", SECONDS])
        .args(["--define", &applications])
        .arg("--file")
        .arg(&script)
        .arg(url)
        .output()?;
    let said = String::from_utf8_lossy(&run.stdout);
    let trouble = String::from_utf8_lossy(&run.stderr);
    ensure!(run.status.success(), "pgbench: {trouble}");
    let line = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = line.and_then(|line| line.split_whitespace().next());
    Ok(rate.context("pgbench names no rate")?.parse()?)
}
