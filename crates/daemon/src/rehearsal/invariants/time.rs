//! Timers, schedules, and the chain of what happened.

use std::collections::BTreeSet;

use bando_domain::timer::TimerState;
use chrono::{DateTime, Utc};

use super::Finding;
use crate::rehearsal::record::{Record, Schedule, Timer};

pub(super) fn timers_fired_once(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for timer in &record.timers {
        let subject = format!("{} {}", timer.kind, timer.subject);
        let subject = format!("{} of {:?}", subject.trim_end(), timer.nominal_at);
        if !seen.insert((&timer.kind, &timer.subject, timer.nominal_at)) {
            found.push(Finding::new(&subject, "one timer", "two"));
        }
        found.extend(wrong(record, timer).map(|(expected, actual)| Finding {
            subject,
            expected,
            actual,
        }));
    }
    found
}

/// What is expected of a timer and not so.
fn wrong(record: &Record, timer: &Timer) -> Option<(String, String)> {
    let due_at = timer.due_at;
    match timer.state {
        TimerState::Waiting if due_at > record.ended_at => None,
        TimerState::Waiting | TimerState::Parked => {
            let state = timer.state.as_str().to_owned();
            Some((format!("fired at {due_at:?}"), state))
        }
        TimerState::Cancelled => None,
        TimerState::Fired => {
            let fired_at = timer.fired_at;
            let is_early = fired_at.is_none_or(|at| at < due_at);
            let is_late = fired_at.is_some_and(|at| at > due_at && !waited(record, due_at, at));
            if is_early || is_late {
                return Some((format!("fired at {due_at:?}"), format!("at {fired_at:?}")));
            }
            let tries = timer.attempts;
            (tries != 1).then(|| ("once".to_owned(), format!("{tries} times")))
        }
    }
}

/// Whether the daemon was down from when it was due until it fired.
fn waited(record: &Record, due_at: DateTime<Utc>, fired_at: DateTime<Utc>) -> bool {
    let down = record.downtimes.iter();
    let mut down = down.filter(|down| down.covers(due_at));
    down.any(|down| fired_at == down.until())
}

pub(super) fn schedules_fired_once(record: &Record) -> Vec<Finding> {
    let told = |schedule: &Schedule| {
        let expected = caught_up(record, &schedule.expected);
        let fired = &schedule.fired;
        let lost = expected.iter().filter(|at| !fired.contains(at));
        let lost = lost.map(|at| Finding::new(&schedule.name, format!("a fire of {at:?}"), "none"));
        let stray = fired.iter().filter(|at| !expected.contains(at));
        let stray = stray.map(|at| Finding::new(&schedule.name, "no fire", format!("{at:?}")));
        let twice = fired.windows(2).filter(|two| two[0] >= two[1]);
        let twice = twice.map(|two| Finding::new(&schedule.name, "one fire", format!("{two:?}")));
        lost.chain(stray).chain(twice).collect::<Vec<_>>()
    };
    record.schedules.iter().flat_map(told).collect()
}

/// The nominal times without those that a downtime left out: of them the last one alone fires.
fn caught_up(record: &Record, nominal: &[DateTime<Utc>]) -> Vec<DateTime<Utc>> {
    let is_overtaken = |at: &DateTime<Utc>| {
        let down = record.downtimes.iter().filter(|down| down.covers(*at));
        let mut later = down.flat_map(|down| nominal.iter().filter(|other| down.covers(**other)));
        later.any(|other| other > at)
    };
    let kept = nominal.iter().filter(|at| !is_overtaken(at));
    kept.copied().collect()
}

pub(super) fn chain_verifies(record: &Record) -> Vec<Finding> {
    let chain = &record.chain;
    if chain.valid && chain.events > 0 {
        return Vec::new();
    }
    let actual = if chain.valid {
        "no events"
    } else {
        &chain.finding
    };
    vec![Finding::new("the audit chain", "valid", actual)]
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::rehearsal::Downtime;
    use crate::rehearsal::invariants::example::{at, record};

    const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

    fn found(change: impl FnOnce(&mut Timer)) -> usize {
        let mut record = record();
        change(&mut record.timers[0]);
        timers_fired_once(&record).len()
    }

    #[test]
    fn a_timer_that_fired_early_late_twice_or_never_is_found() {
        assert_eq!(found(|timer| timer.fired_at = Some(timer.due_at)), 0);
        assert_eq!(
            found(|timer| timer.fired_at = Some(timer.due_at - MICROSECOND)),
            1
        );
        assert_eq!(
            found(|timer| timer.fired_at = Some(timer.due_at + MICROSECOND)),
            1
        );
        assert_eq!(found(|timer| timer.fired_at = None), 1);
        assert_eq!(found(|timer| timer.attempts = 2), 1);
        assert_eq!(found(|timer| timer.state = TimerState::Waiting), 1);
        assert_eq!(found(|timer| timer.state = TimerState::Parked), 1);
    }

    #[test]
    fn a_timer_of_a_downtime_fires_when_the_daemon_is_back() {
        let mut record = record();
        let (from, lasting) = (at("2016-04-03T00:00:00Z"), TimeDelta::days(3));
        let down = Downtime { from, lasting };
        record.timers[0].fired_at = Some(down.until());
        assert_eq!(timers_fired_once(&record).len(), 1);

        record.downtimes = vec![down];
        assert_eq!(timers_fired_once(&record), []);

        record.timers[0].fired_at = Some(down.until() + TimeDelta::seconds(1));
        assert_eq!(timers_fired_once(&record).len(), 1);
    }

    #[test]
    fn two_timers_of_one_identity_are_found() {
        let mut record = record();
        let copy = record.timers[0].clone();
        record.timers.push(copy);

        assert_eq!(timers_fired_once(&record)[0].actual, "two");
    }

    #[test]
    fn a_fire_that_is_lost_stray_or_double_is_found() {
        let mut lost = record();
        lost.schedules[0].fired.remove(1);
        assert_eq!(schedules_fired_once(&lost)[0].actual, "none");

        let mut stray = record();
        stray.schedules[0]
            .fired
            .insert(0, at("2016-01-01T00:00:00Z"));
        assert_eq!(schedules_fired_once(&stray)[0].expected, "no fire");

        let mut twice = record();
        let again = twice.schedules[0].fired[2];
        twice.schedules[0].fired.push(again);
        assert_eq!(schedules_fired_once(&twice)[0].expected, "one fire");
    }

    #[test]
    fn of_a_downtime_the_last_nominal_time_fires_alone() {
        let mut record = record();
        record.downtimes = vec![Downtime {
            from: at("2016-04-01T12:00:00Z"),
            lasting: TimeDelta::days(2),
        }];
        assert_eq!(schedules_fired_once(&record).len(), 1);

        record.schedules[0].fired.remove(1);
        assert_eq!(schedules_fired_once(&record), []);
    }

    #[test]
    fn a_chain_that_does_not_verify_or_is_empty_is_found() {
        let mut broken = record();
        broken.chain.valid = false;
        broken.chain.finding = "revision 7".to_owned();
        assert_eq!(chain_verifies(&broken)[0].actual, "revision 7");

        let mut empty = record();
        empty.chain.events = 0;
        assert_eq!(chain_verifies(&empty)[0].actual, "no events");
    }
}
