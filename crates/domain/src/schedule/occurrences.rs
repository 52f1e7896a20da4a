//! When a schedule fires: its nominal times, which of those that passed still fire, and jitter.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use sha2::{Digest as _, Sha256};

use super::plan::Plan;
use super::{CatchUp, Schedule};
use crate::ids::ProgrammeId;

/// What fires this little late fires as if it were on time.
const ON_TIME: TimeDelta = TimeDelta::seconds(60);
/// Most nominal times looked at in one go: the rest of a long absence follows in the next.
const STRIDE: usize = 10_000;
/// The last second of the year 9999: no expression reaches beyond what both databases can tell.
const NEVER: DateTime<Utc> = match DateTime::from_timestamp(253_402_300_799, 0) {
    Some(at) => at,
    None => DateTime::<Utc>::MAX_UTC,
};

/// What is to be done about the nominal times that have passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The nominal time that fires now.
    pub fire: Option<DateTime<Utc>>,
    /// Nominal times before it that do not: how many, the first and the last.
    pub dropped: Option<(u32, DateTime<Utc>, DateTime<Utc>)>,
    /// The next nominal time after these.
    pub next: DateTime<Utc>,
}

/// One fire that lies ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upcoming {
    /// The civil time it is named after, in the schedule's zone.
    pub civil: NaiveDateTime,
    pub nominal_at: DateTime<Utc>,
    /// With its jitter.
    pub due_at: DateTime<Utc>,
}

/// The first nominal time after `after`.
pub fn first_after(plan: &Plan, after: DateTime<Utc>) -> DateTime<Utc> {
    let fire = plan.cron.next_after(&plan.zone, after);
    fire.map_or(NEVER, |fire| fire.at)
}

/// When a nominal time fires: up to the plan's jitter later, the same on every daemon, and before
/// the next nominal time.
pub fn due_at(programme: &ProgrammeId, plan: &Plan, nominal_at: DateTime<Utc>) -> DateTime<Utc> {
    if plan.jitter_seconds == 0 || nominal_at == NEVER {
        return nominal_at;
    }
    let room = first_after(plan, nominal_at) - nominal_at - TimeDelta::milliseconds(1);
    let longest = TimeDelta::seconds(i64::from(plan.jitter_seconds)).min(room);
    let digest = Sha256::new()
        .chain_update(programme.as_str())
        .chain_update([0])
        .chain_update(&plan.name)
        .chain_update([0])
        .chain_update(nominal_at.timestamp_micros().to_be_bytes())
        .finalize();
    let mut drawn = [0; 8];
    drawn[2..].copy_from_slice(&digest[..6]);
    let drawn = i64::from_be_bytes(drawn);
    nominal_at + TimeDelta::milliseconds(drawn % (longest.num_milliseconds() + 1))
}

/// What becomes of the nominal times of a schedule that passed by `now`: one fires at most, then
/// the schedule is looked at again.
pub fn due(schedule: &Schedule, now: DateTime<Utc>) -> Due {
    let plan = &schedule.plan;
    let late_from = now - ON_TIME;
    let window_from = now - TimeDelta::seconds(i64::from(plan.window_seconds));
    let mut dropped: Option<(u32, DateTime<Utc>, DateTime<Utc>)> = None;
    let mut nominal = schedule.next_fire_at;
    for _ in 0..STRIDE {
        let due_at = due_at(&schedule.programme, plan, nominal);
        if due_at > now {
            break;
        }
        let next = first_after(plan, nominal);
        let is_last = super::due_at(&schedule.programme, plan, next) > now;
        let on_time = due_at >= late_from;
        let in_window = due_at >= window_from;
        let fires = match plan.catch_up {
            CatchUp::Skip => on_time,
            CatchUp::Once => is_last && (on_time || in_window),
            CatchUp::All => on_time || in_window,
        };
        if fires {
            return Due {
                fire: Some(nominal),
                dropped,
                next,
            };
        }
        let (count, first) = dropped.map_or((0, nominal), |(count, first, _)| (count, first));
        dropped = Some((count + 1, first, nominal));
        nominal = next;
    }
    Due {
        fire: None,
        dropped,
        next: nominal,
    }
}

/// The next `count` fires after `after`.
pub fn preview(
    programme: &ProgrammeId,
    plan: &Plan,
    after: DateTime<Utc>,
    count: usize,
) -> Vec<Upcoming> {
    let mut found = Vec::with_capacity(count);
    let mut after = after;
    while found.len() < count {
        let Some(fire) = plan.cron.next_after(&plan.zone, after) else {
            return found;
        };
        after = fire.at;
        found.push(Upcoming {
            civil: fire.nominal,
            nominal_at: fire.at,
            due_at: due_at(programme, plan, fire.at),
        });
    }
    found
}

/// The nominal times of a span, both ends included, that are not among `fired`; `limit` at most.
pub fn unfired(
    plan: &Plan,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    fired: &[DateTime<Utc>],
    limit: usize,
) -> Vec<DateTime<Utc>> {
    let mut found = Vec::new();
    let mut nominal = first_after(plan, from - TimeDelta::microseconds(1));
    while nominal <= to && found.len() < limit {
        if !fired.contains(&nominal) {
            found.push(nominal);
        }
        nominal = first_after(plan, nominal);
    }
    found
}
