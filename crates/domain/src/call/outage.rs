//! An interruption of the service while a call is open: nobody can submit, so nobody may lose
//! time. One person suspends and resumes, because an outage does not wait for a second one; how
//! much the close moves is computed here and is nobody's choice.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Call, Event, Refusal, State, expect_running};
use crate::term::past_holidays;

/// What a call gives back at least when its file does not say, in days.
pub const OUTAGE_DAYS: u32 = 1;

pub(super) const fn default_days() -> u32 {
    OUTAGE_DAYS
}

/// From `from` on, until `until` exclusive, nothing was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    pub from: DateTime<Utc>,
    /// `None` while it lasts.
    pub until: Option<DateTime<Utc>>,
    pub reason: String,
    /// The act that ended it and moved the close.
    pub act: Option<String>,
}

impl Outage {
    fn holds(&self, at: DateTime<Utc>) -> bool {
        at >= self.from && self.until.is_none_or(|until| at < until)
    }
}

impl Call {
    /// The outage that lasts now.
    pub fn interruption(&self) -> Option<&Outage> {
        let last = self.terms.window.outages.last();
        last.filter(|outage| outage.until.is_none())
    }

    /// The outage into which an instant falls, over by now or not.
    pub fn interrupted_at(&self, at: DateTime<Utc>) -> Option<&Outage> {
        let outages = &self.terms.window.outages;
        outages.iter().find(|outage| outage.holds(at))
    }
}

/// Suspends a call between its opening and its close.
pub fn suspend(call: &Call, reason: &str, now: DateTime<Utc>) -> Result<Event, Refusal> {
    if !matches!(call.state, State::Published | State::Open) {
        return Err(Refusal::WrongState {
            required: State::Open.as_str(),
            actual: call.state.as_str(),
        });
    }
    expect_running(call)?;
    let (opens_at, closes_at) = (call.terms.window.opens_at, call.terms.window.closes_at);
    if now < opens_at {
        return Err(Refusal::NotYetOpen { opens_at, now });
    }
    if now > closes_at {
        return Err(Refusal::ClosePassed { closes_at, now });
    }
    Ok(Event::Suspended {
        from: now,
        reason: reason.to_owned(),
    })
}

/// Resumes a suspended call. The close moves by the length of the outage, by the call's minimum
/// at least, and is never nearer than that minimum from now; up to the full minute, and past a
/// holiday as every term is: nobody chose that day (art. 2963 of the civil code).
pub fn resume(call: &Call, act: &str, now: DateTime<Utc>) -> Result<Event, Refusal> {
    let Some(outage) = call.interruption() else {
        return Err(Refusal::NotSuspended);
    };
    let closes_at = call.terms.window.closes_at;
    let (closes_at, closes_text) = given_back(call, closes_at, now - outage.from, now);
    Ok(Event::Resumed {
        at: now,
        act: act.to_owned(),
        closes_at,
        closes_text,
    })
}

/// The close that gives back `lost`, counted from a close, with the text that means it.
pub(super) fn given_back(
    call: &Call,
    closes_at: DateTime<Utc>,
    lost: TimeDelta,
    now: DateTime<Utc>,
) -> (DateTime<Utc>, String) {
    let window = &call.terms.window;
    let least = TimeDelta::days(i64::from(window.outage_days));
    let moved = (closes_at + lost).max(closes_at.max(now) + least);
    let saturday_rolls = call.terms.procedure.saturday_rolls;
    let moved = past_holidays(to_full_minute(moved), saturday_rolls, window.reckoning());
    let civil = moved.with_timezone(&window.zone.tz());
    (moved, civil.format("%Y-%m-%d %H:%M %:z").to_string())
}

fn to_full_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    match at.duration_trunc(TimeDelta::minutes(1)) {
        Ok(minute) if minute < at => minute + TimeDelta::minutes(1),
        Ok(_) | Err(_) => at,
    }
}

pub(super) fn begun(mut call: Call, from: DateTime<Utc>, reason: &str) -> Call {
    call.terms.window.outages.push(Outage {
        from,
        until: None,
        reason: reason.to_owned(),
        act: None,
    });
    call
}

pub(super) fn ended(mut call: Call, at: DateTime<Utc>, act: &str) -> Call {
    if let Some(outage) = call.terms.window.outages.last_mut() {
        outage.until = Some(at);
        outage.act = Some(act.to_owned());
    }
    call
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, later};
    use super::super::{apply, close};
    use super::*;
    use crate::civil::resolve_deadline;

    fn suspended(minutes: i64) -> Call {
        let mut call = call();
        // A Tuesday: none of the days that follow is a holiday.
        call.terms.window.closes_at += TimeDelta::days(3);
        let event = suspend(&call, "the portal is down", later(&call, minutes)).unwrap();
        apply(Some(call), &event).unwrap()
    }

    fn resumed(before: Call, minutes: i64) -> Call {
        let now = later(&before, minutes);
        let event = resume(&before, "DD 3", now).unwrap();
        apply(Some(before), &event).unwrap()
    }

    #[test]
    fn a_suspended_call_receives_nothing_and_does_not_close() {
        let call = suspended(-10);
        let instant = TimeDelta::microseconds(1);

        assert!(call.receives(later(&call, -10) - instant));
        assert!(!call.receives(later(&call, -10)));
        assert!(call.interrupted_at(later(&call, 5_000)).is_some());
        let refusal = close(&call, later(&call, 1)).unwrap_err();
        assert_eq!(refusal.reason(), "CALL_SUSPENDED");
    }

    #[test]
    fn a_short_outage_gives_back_the_minimum_and_a_long_one_its_length() {
        let minutes_of_a_day = 24 * 60;
        let check = |from, until, expected| {
            let before = suspended(from);
            let after = resumed(before.clone(), until);
            assert_eq!(
                after.terms.window.closes_at,
                later(&before, expected),
                "{from} to {until}"
            );
        };
        check(-600, -590, minutes_of_a_day);
        // Three days, all before the close.
        check(
            -5 * minutes_of_a_day,
            -2 * minutes_of_a_day,
            3 * minutes_of_a_day,
        );
        // It began a minute before the close and lasted five days: a minute would be too short.
        check(-1, 5 * minutes_of_a_day - 1, 6 * minutes_of_a_day - 1);
    }

    #[test]
    fn a_close_that_would_fall_on_a_holiday_moves_past_it() {
        let closing = |on: &str, saturday_rolls| {
            let mut call = call();
            call.terms.window.closes_at = on.parse().unwrap();
            call.terms.procedure.saturday_rolls = saturday_rolls;
            let event = suspend(&call, "down", later(&call, -20)).unwrap();
            let window = resumed(apply(Some(call), &event).unwrap(), -10)
                .terms
                .window;
            let meant = resolve_deadline(&window.closes_text, &window.zone).unwrap();
            assert_eq!(meant, window.closes_at);
            window.closes_at.to_rfc3339()
        };
        // A day later is the Republic's, a Sunday, a Saturday.
        assert_eq!(
            closing("2016-06-01T10:00:00Z", false),
            "2016-06-03T10:00:00+00:00"
        );
        assert_eq!(
            closing("2016-06-11T10:00:00Z", false),
            "2016-06-13T10:00:00+00:00"
        );
        assert_eq!(
            closing("2016-06-10T10:00:00Z", false),
            "2016-06-11T10:00:00+00:00"
        );
        assert_eq!(
            closing("2016-06-10T10:00:00Z", true),
            "2016-06-13T10:00:00+00:00"
        );
    }

    #[test]
    fn what_came_in_the_outage_stays_outside_the_window_for_ever() {
        let after = resumed(suspended(-60), -30);

        assert!(!after.receives(later(&suspended(-60), -45)));
        assert!(after.receives(later(&suspended(-60), -30)));
        let outage = &after.terms.window.outages[0];
        assert_eq!(outage.act.as_deref(), Some("DD 3"));
        assert_eq!(after.terms.window.extensions.len(), 1);
    }

    #[test]
    fn the_new_close_is_a_full_minute_that_its_text_means() {
        let before = suspended(-60);
        let now = later(&before, -30) + TimeDelta::microseconds(7);
        let later_close = Call {
            terms: super::super::Terms {
                window: super::super::Window {
                    outage_days: 0,
                    ..before.terms.window.clone()
                },
                ..before.terms.clone()
            },
            ..before
        };

        let event = resume(&later_close, "DD 3", now).unwrap();

        let window = apply(Some(later_close), &event).unwrap().terms.window;
        assert_eq!(window.closes_at, to_full_minute(window.closes_at));
        let meant = resolve_deadline(&window.closes_text, &window.zone).unwrap();
        assert_eq!(meant, window.closes_at);
    }

    #[test]
    fn only_an_open_call_is_suspended_and_only_a_suspended_one_resumed() {
        let call = call();
        let reason = |call: &Call, minutes| {
            let refused = suspend(call, "down", later(call, minutes));
            refused.unwrap_err().reason()
        };

        assert_eq!(reason(&call, 1), "CLOSE_PASSED");
        assert_eq!(reason(&call, -31 * 24 * 60), "CALL_NOT_OPEN");
        assert_eq!(reason(&suspended(-10), -5), "CALL_SUSPENDED");
        assert_eq!(
            resume(&call, "DD 3", later(&call, -1))
                .unwrap_err()
                .reason(),
            "CALL_NOT_SUSPENDED"
        );
        let closed = Call {
            state: State::Closed,
            ..call
        };
        assert_eq!(reason(&closed, -1), "CALL_STATE");
    }
}
