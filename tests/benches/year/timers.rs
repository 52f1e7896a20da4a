//! Timers: ten thousand of one instant, and a million that lie ahead.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bando_daemon::convert;
use bando_domain::actor::Actor;
use bando_domain::event::Cause;
use bando_domain::timer::TimerKind;
use bando_proto::v1;
use bando_store::{Act, Settings, Store, Tx, timers};
use bando_tests::daemon::Office;
use bando_tests::postgres::Cluster;
use bando_tests::process::{Process, pause};
use bando_tests::raw::Raw;
use bando_tests::terms::{self, Original};
use chrono::{DateTime, TimeDelta, Utc};

use crate::report::{Limit, Report, target};

const AT_ONCE: u32 = 10_000;
/// The best of so many counts: others use the machine too.
const ROUNDS: u32 = 3;
const AHEAD: u32 = 1_000_000;
const CLAIMS: usize = 200;
/// Timers the daemon claims at a time.
const CLAIMED: u64 = 250;
/// How long a round may take before it has failed.
const PATIENCE: Duration = Duration::from_mins(2);
/// Terms that have not ended.
const OPEN: &str = "SELECT count(*) FROM timers WHERE state = 'waiting' \
                    AND due_at < '2090-01-01' AND kind = 'clarification_due'";

/// Where the daemon keeps its data.
struct Place<'a> {
    name: &'a str,
    folder: &'a Path,
    settings: Settings,
}

impl Place<'_> {
    fn url(&self) -> Option<&str> {
        match &self.settings {
            Settings::Sqlite { .. } => None,
            Settings::Postgres { url, .. } => Some(url),
        }
    }

    async fn raw(&self) -> anyhow::Result<Raw> {
        match &self.settings {
            Settings::Sqlite { file } => Raw::sqlite(file),
            Settings::Postgres { url, .. } => Raw::postgres(url).await,
        }
    }
}

pub(crate) async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new()
        .prefix("bando-bench")
        .tempdir_in(target()?)?;
    let on_sqlite = Place {
        name: "SQLite",
        folder: folder.path(),
        settings: Settings::Sqlite {
            file: folder.path().join("bando.sqlite"),
        },
    };
    measure_at(report, &on_sqlite).await?;
    let cluster = Cluster::of_its_own().await?;
    let url = cluster.create_database()?;
    let folder = tempfile::Builder::new()
        .prefix("bando-bench")
        .tempdir_in(target()?)?;
    let on_postgres = Place {
        name: "PostgreSQL",
        folder: folder.path(),
        settings: Settings::Postgres {
            url,
            connections: 8,
        },
    };
    measure_at(report, &on_postgres).await
}

async fn measure_at(report: &mut Report, place: &Place<'_>) -> anyhow::Result<()> {
    let process = Process::start_on(place.folder, place.url()).await?;
    let office = Office::move_in(&process.endpoint, place.folder).await?;
    let original = terms::ended(&office).await?;
    let raw = place.raw().await?;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        rounds.push(fire(&office, &raw, &original, round * AT_ONCE).await?);
    }
    let best = rounds
        .into_iter()
        .min_by(|one, other| one.all.total_cmp(&other.all));
    let best = best.context("a round")?;
    let name = format!("10,000 terms end at once, {}: all fired", place.name);
    report.under(&name, best.all, "s", Limit(1.0));
    let name = format!("10,000 terms end at once, {}: p99 late", place.name);
    report.under(&name, best.p99, "s", Limit(1.0));
    let (rate, ceiling) = (f64::from(AT_ONCE) / best.all, bare(&raw, &original).await?);
    let name = format!("terms ended, {}, beside the bare rows", place.name);
    report.over(&name, rate, "1/s", ceiling, 0.3);

    pause(Duration::from_secs(2)).await;
    let before = process.resident()?;
    raw.execute_unprepared(&ahead(&raw)).await?;
    pause(Duration::from_secs(3)).await;
    let name = format!("memory, 1,000,000 timers ahead, {}", place.name);
    let grown = Limit(super::megabytes(before) * 1.1);
    report.under(&name, super::megabytes(process.resident()?), "MB", grown);
    drop(process);
    terms::copy(&raw, &original, ROUNDS * AT_ONCE, CLAIMS_OF).await?;
    let name = format!("claim of 250 of 1,000,000 timers, {}, p99", place.name);
    report.under(&name, claim(&place.settings).await?, "ms", Limit(5.0));
    Ok(())
}

const CLAIMS_OF: u32 = 50_000;

/// Seconds until all had fired, and until all but one in a hundred had, as seen from beside.
struct Fired {
    all: f64,
    p99: f64,
}

async fn fire(office: &Office, raw: &Raw, of: &Original, first: u32) -> anyhow::Result<Fired> {
    // Letters of the round before would only keep the postman busy.
    raw.execute_unprepared("UPDATE letters SET state = 'cancelled' WHERE state = 'queued'")
        .await?;
    let now = office.now().await;
    terms::copy(raw, of, first, AT_ONCE).await?;
    let started = Instant::now();
    let mut clock = office.manager.clock();
    let request = v1::AdvanceClockRequest {
        to: Some(convert::instant(now + TimeDelta::milliseconds(1))),
    };
    let turning = tokio::spawn(async move { clock.advance_clock(request).await.map(|_| ()) });
    let mut p99 = None;
    let all = loop {
        let open = raw.number(OPEN).await?;
        let elapsed = started.elapsed();
        if open <= i64::from(AT_ONCE / 100) {
            p99.get_or_insert(elapsed);
        }
        if open == 0 {
            break elapsed;
        }
        ensure!(elapsed < PATIENCE, "{open} of {AT_ONCE} timers still wait");
        pause(Duration::from_millis(10)).await;
    };
    raw.execute_unprepared("UPDATE letters SET state = 'cancelled' WHERE state = 'queued'")
        .await?;
    turning.await??;
    let expired = "SELECT count(*) FROM clarifications WHERE state = 'expired'";
    let written = "SELECT count(*) FROM letters WHERE kind = 'clarification_expired'";
    let wanted = i64::from(first + AT_ONCE) + 1;
    for sql in [expired, written] {
        let found = raw.number(sql).await?;
        ensure!(found == wanted, "{sql}: {found}, not {wanted}");
    }
    Ok(Fired {
        all: all.as_secs_f64(),
        p99: p99.unwrap_or(all).as_secs_f64(),
    })
}

/// Terms a second when nothing is decided: the rows of an ended term copied within the database,
/// in as many transactions as the daemon makes.
async fn bare(raw: &Raw, of: &Original) -> anyhow::Result<f64> {
    let subject = of.clarification.as_str();
    let copied = async |table: &str, original: String, own: &[(&str, &str)]| {
        let columns = raw.columns(table).await?;
        let values = columns.iter().map(|column| {
            let own = own.iter().find(|(name, _)| name == column);
            own.map_or_else(
                || format!("{table}.{column}"),
                |(_, value)| (*value).to_owned(),
            )
        });
        let values: Vec<String> = values.collect();
        anyhow::Ok(format!(
            "INSERT INTO bare_{table} SELECT {} FROM {table}, many WHERE {table}.{original} \
             AND many.number >= :from AND many.number < :to",
            values.join(", ")
        ))
    };
    let id = raw.uuid("many.id");
    let event =
        format!("id = (SELECT id FROM events WHERE subject = '{subject}' AND kind = 'expired')");
    let letter = format!("key = 'clarification_expired/{subject}'");
    let statements = [
        copied("events", event, &[("id", &id), ("subject", "many.id")]).await?,
        copied(
            "letters",
            letter,
            &[("id", &id), ("key", "many.id"), ("message_id", "many.id")],
        )
        .await?,
        format!(
            "UPDATE clarifications SET version = version + 1, state = 'expired' WHERE id IN \
             (SELECT {id} FROM many WHERE number >= :from AND number < :to)"
        ),
        format!(
            "UPDATE timers SET lease_token = lease_token + 1, attempts = 1 WHERE id IN \
             (SELECT {id} FROM many WHERE number >= :from AND number < :to)"
        ),
    ];
    for table in ["events", "letters"] {
        raw.execute_unprepared(&raw.twin(table).await?).await?;
    }
    let first = i64::from((ROUNDS - 1) * AT_ONCE);
    let (started, step) = (Instant::now(), i64::try_from(CLAIMED)?);
    let mut from = first;
    while from < first + i64::from(AT_ONCE) {
        let to = from + step;
        let all = statements.join(";\n");
        let all = all.replace(":from", &from.to_string());
        let all = all.replace(":to", &to.to_string());
        raw.execute_unprepared(&format!("BEGIN;\n{all};\nCOMMIT"))
            .await?;
        from = to;
    }
    Ok(f64::from(AT_ONCE) / started.elapsed().as_secs_f64())
}

/// Timers of the decades to come, second by second.
fn ahead(raw: &Raw) -> String {
    let (id, at) = match raw {
        Raw::Sqlite(_) => (
            "randomblob(16)",
            "strftime('%Y-%m-%dT%H:%M:%S.000000+00:00', 4070908800 + i, 'unixepoch')",
        ),
        Raw::Postgres(_) => (
            "gen_random_uuid()",
            "TIMESTAMPTZ '2099-01-01T00:00:00Z' + i * INTERVAL '1 second'",
        ),
    };
    format!(
        "INSERT INTO timers (id, programme, call, subject, kind, nominal_at, due_at, state, \
         attempts, lease_token, version) \
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {AHEAD}) \
         SELECT {id}, 'er', 'er/2016', 'ahead', 'clarification_due', {at}, {at}, 'waiting', \
         0, 0, 0 FROM n"
    )
}

/// Milliseconds of a claim with its commit, as the daemon makes it.
async fn claim(settings: &Settings) -> anyhow::Result<f64> {
    let store = Store::open_beside(settings).await?;
    let mut taken = Vec::with_capacity(CLAIMS);
    for number in 0..CLAIMS {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&u64::try_from(number)?.to_be_bytes());
        let cause = Cause {
            at: "2017-01-01T00:00:00Z".parse::<DateTime<Utc>>()?,
            actor: Actor::system(),
            request: None,
        };
        let act = Act::new(cause, seed);
        let started = Instant::now();
        let claimed = store
            .write(act.clone(), async move |tx: &Tx| {
                timers::claim(tx, &[TimerKind::ClarificationDue], CLAIMED).await
            })
            .await?;
        taken.push(started.elapsed());
        let own = claimed.clone();
        store
            .write(act, async move |tx: &Tx| timers::fired(tx, &own).await)
            .await?;
        ensure!(
            u64::try_from(claimed.len())? == CLAIMED,
            "{} claimed",
            claimed.len()
        );
    }
    Ok(crate::submissions::p99(taken))
}
