//! What the rows of a submission cost by themselves: copied from the daemon's database into an
//! empty one of the same tables and indexes, by nothing but prepared statements. Between this and
//! what the daemon reaches lies all that makes rows a submission: calls over the network, rules,
//! receipts, and what is read to decide.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;

/// Submissions copied.
const COPIED: u32 = 4_000;

/// The tables that a submission inserts into, and which of their rows are those of one.
const ROWS: [(&str, &str); 7] = [
    ("submissions", "application = ?1"),
    ("activities", "application = ?1"),
    ("participants", "application = ?1"),
    ("budget_lines", "application = ?1"),
    ("events", "id = ?2"),
    ("event_chain", "event = ?2"),
    ("letters", "id = ?3"),
];

/// Submissions per second of `stored`, `group` of them in each commit, which is as durable as the
/// daemon's.
pub(crate) fn submissions(stored: &Path, folder: &Path, group: usize) -> anyhow::Result<f64> {
    let mut copy = Connection::open(folder.join(format!("bare-{group}.sqlite")))?;
    copy.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; \
         PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000",
    )?;
    copy.execute("ATTACH ? AS stored", [stored.display().to_string()])?;
    for (table, _) in ROWS {
        same_table(&copy, table)?;
    }
    let chosen = chosen(&copy)?;
    let started = Instant::now();
    for group in chosen.chunks(group) {
        let commit = copy.transaction()?;
        for (application, event, letter) in group {
            for (table, own) in ROWS {
                let mut insert = commit.prepare_cached(&format!(
                    "INSERT INTO {table} SELECT * FROM stored.{table} \
                     WHERE {own} AND ?1 = ?1 AND ?2 = ?2 AND ?3 = ?3"
                ))?;
                insert.execute((application, event, letter))?;
            }
        }
        commit.commit()?;
    }
    let taken = started.elapsed().as_secs_f64();
    Ok(f64::from(u32::try_from(chosen.len())?) / taken)
}

fn same_table(copy: &Connection, table: &str) -> anyhow::Result<()> {
    let mut found = copy.prepare(
        "SELECT sql FROM stored.sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL \
         AND type IN ('table', 'index') ORDER BY type DESC",
    )?;
    let statements = found.query_map([table], |row| row.get::<_, String>(0))?;
    for statement in statements {
        copy.execute_batch(&statement?)?;
    }
    Ok(())
}

type Chosen = (Vec<u8>, Vec<u8>, Vec<u8>);

/// Submitted applications, each with its event and the letter of its receipt.
fn chosen(copy: &Connection) -> anyhow::Result<Vec<Chosen>> {
    let mut found = copy.prepare(
        "SELECT letters.application, events.id, letters.id FROM stored.letters, stored.events \
         WHERE letters.kind = 'receipt' AND events.kind = 'submitted' \
         AND events.subject_kind = 'application' AND events.subject = lower(substr(hex(letters.application), 1, 8) || '-' || \
             substr(hex(letters.application), 9, 4) || '-' || \
             substr(hex(letters.application), 13, 4) || '-' || \
             substr(hex(letters.application), 17, 4) || '-' || \
             substr(hex(letters.application), 21)) \
         LIMIT ?",
    )?;
    let rows = found.query_map([COPIED], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
