//! The weekly report: what the last seven days brought, and what the next fourteen will.

use bando_domain::letter::{Ahead, Facts, ReportLine};
use bando_domain::programme::Programme;
use bando_domain::schedule::FireState;
use bando_domain::timer::TimerKind;
use bando_store::{Tx, events, fires, letters, proposals, timers};
use chrono::TimeDelta;

use super::{Occasion, digest};
use crate::correspondence;
use crate::error::Error;

/// Instants ahead that one letter lists.
const AHEAD: u64 = 40;

/// Tells the officers about the week; silent when no call runs.
pub(super) async fn send(
    tx: &Tx,
    programme: &Programme,
    occasion: Occasion,
) -> Result<String, Error> {
    let now = tx.cause().at;
    let (since, until) = (now - TimeDelta::days(7), now + TimeDelta::days(14));
    let id = &programme.id;
    let mut calls = Vec::new();
    for line in digest::lines(tx, programme).await? {
        let call = line.call.parse().map_err(bando_store::Error::internal)?;
        let received = events::count_since(tx, &call, "submitted", since).await?;
        calls.push(ReportLine { line, received });
    }
    if calls.is_empty() {
        return Ok("no call runs".to_owned());
    }
    let facts = Facts::WeeklyReport {
        from: programme.zone.day(since),
        to: programme.zone.day(now),
        calls,
        letters_sent: letters::count_sent_since(tx, id, since).await?,
        fires_failed: fires::count_since(tx, id, FireState::Failed, since).await?,
        fires_dropped: fires::count_since(tx, id, FireState::Dropped, since).await?,
        timers_parked: timers::count_parked(tx, id).await?,
        proposals_pending: proposals::count_pending(tx, id).await?,
        ahead: ahead(tx, programme, until).await?,
        zone: programme.zone.to_string(),
    };
    let key = format!("{}{}", programme.zone.day(now), occasion.mark());
    let wanted = correspondence::to_officers(programme, &key, None, &facts);
    for letter in &wanted {
        letters::queue(tx, letter).await?;
    }
    Ok(format!("{} letters", wanted.len()))
}

/// What the daemon will do by itself, one line for many of a kind at one instant.
async fn ahead(
    tx: &Tx,
    programme: &Programme,
    until: chrono::DateTime<chrono::Utc>,
) -> Result<Vec<Ahead>, Error> {
    let mut lines: Vec<Ahead> = Vec::new();
    for timer in timers::ahead(tx, &programme.id, until, AHEAD * 5).await? {
        let Some(kind) = TimerKind::parse(&timer.kind) else {
            continue;
        };
        let call = timer.call.to_string();
        let same =
            |line: &&mut Ahead| line.at == timer.due_at && line.kind == kind && line.call == call;
        if let Some(line) = lines.iter_mut().find(same) {
            line.count += 1;
            continue;
        }
        lines.push(Ahead {
            at: timer.due_at,
            kind,
            call,
            count: 1,
        });
    }
    lines.truncate(usize::try_from(AHEAD).unwrap_or(usize::MAX));
    Ok(lines)
}
