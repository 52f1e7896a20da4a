//! Time in which the installation itself served nobody: it was down, or could not write. Whoever
//! would have submitted then gets that time back, by an extension that the daemon proposes and a
//! person approves.

use chrono::{DateTime, TimeDelta, Utc};

use super::outage::given_back;
use super::{Call, State};

/// An absence counts when it reaches into so long before a close.
pub const WATCHED_BEFORE_CLOSE: TimeDelta = TimeDelta::hours(24);
/// The installation marks each minute that it serves: a shorter silence is a start of the daemon.
const NOTICED_FROM: TimeDelta = TimeDelta::minutes(2);

/// Nobody was served after `from` and before `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absence {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

impl Absence {
    /// What lies between the last mark of service and now, if it is more than a restart.
    pub fn between(served_until: DateTime<Utc>, now: DateTime<Utc>) -> Option<Self> {
        (now - served_until > NOTICED_FROM).then_some(Self {
            from: served_until,
            until: now,
        })
    }

    /// Why an extension is proposed, in civil time of the call.
    pub fn reason(&self, call: &Call) -> String {
        let zone = call.terms.window.zone;
        let civil = |at: DateTime<Utc>| {
            let local = at.with_timezone(&zone.tz());
            local.format("%Y-%m-%d %H:%M:%S %:z").to_string()
        };
        let (from, until) = (civil(self.from), civil(self.until));
        format!("nobody was served from {from} to {until} ({zone})")
    }
}

/// The close that gives an absence back, with its text: later by its length, by the call's minimum
/// at least. `None` when it did not reach into the last day before the close, or when a close like
/// this is not extended. `proposed` is a close that an earlier absence led to and nobody has
/// decided on: this one comes on top.
pub fn make_up(
    call: &Call,
    absence: &Absence,
    proposed: Option<DateTime<Utc>>,
) -> Option<(DateTime<Utc>, String)> {
    let window = &call.terms.window;
    let (opens_at, closes_at) = (window.opens_at, window.closes_at);
    let may_move = match call.state {
        State::Published | State::Open | State::Closed => call.interruption().is_none(),
        State::Draft | State::Ranked | State::Awarded | State::Cancelled => false,
    };
    let reaches_in = absence.from <= closes_at
        && absence.until > opens_at
        && absence.until >= closes_at - WATCHED_BEFORE_CLOSE;
    if !may_move || !reaches_in {
        return None;
    }
    let length = absence.until - absence.from.max(opens_at);
    let base = proposed.map_or(closes_at, |proposed| proposed.max(closes_at));
    Some(given_back(call, base, length, absence.until))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{call, later};
    use super::super::{apply, outage};
    use super::*;

    const HOUR: i64 = 60;

    /// Closes on a Tuesday; none of the days that follow is a holiday.
    fn closing() -> Call {
        let mut call = call();
        call.terms.window.closes_at += TimeDelta::days(3);
        call
    }

    fn absence(call: &Call, from: i64, until: i64) -> Absence {
        Absence {
            from: later(call, from),
            until: later(call, until),
        }
    }

    fn moved(call: &Call, from: i64, until: i64) -> Option<TimeDelta> {
        let (closes_at, _) = make_up(call, &absence(call, from, until), None)?;
        Some(closes_at - call.terms.window.closes_at)
    }

    #[test]
    fn a_silence_of_more_than_two_marks_is_an_absence() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let silent = |micros: i64| {
            let since = NOTICED_FROM + TimeDelta::microseconds(micros);
            Absence::between(now - since, now).is_some()
        };

        assert!(!silent(0));
        assert!(silent(1));
        assert!(Absence::between(now + TimeDelta::hours(1), now).is_none());
    }

    #[test]
    fn only_an_absence_in_the_last_day_before_the_close_is_made_up_for() {
        let call = closing();
        let day = Some(TimeDelta::days(1));
        let minute_before = -24 * HOUR - 1;

        assert_eq!(moved(&call, -30 * HOUR, minute_before), None);
        assert_eq!(moved(&call, -30 * HOUR, -24 * HOUR), day);
        assert_eq!(moved(&call, -4 * HOUR, -HOUR), day);
        assert_eq!(moved(&call, 0, HOUR), Some(TimeDelta::hours(25)));
        assert_eq!(moved(&call, 1, HOUR), None);
    }

    #[test]
    fn it_gives_back_its_length_and_the_minimum_counts_from_its_end() {
        let call = closing();

        let long = moved(&call, -60 * HOUR, -HOUR);
        let over_the_close = moved(&call, -HOUR, 4 * HOUR);

        assert_eq!(long, Some(TimeDelta::hours(59)));
        assert_eq!(over_the_close, Some(TimeDelta::hours(28)));
    }

    #[test]
    fn time_before_the_opening_is_nobodys_loss() {
        let mut call = closing();
        call.terms.window.opens_at = later(&call, -30 * HOUR);

        assert_eq!(moved(&call, -90 * HOUR, -HOUR), Some(TimeDelta::hours(29)));
        assert_eq!(moved(&call, -90 * HOUR, -30 * HOUR), None);
    }

    #[test]
    fn a_second_absence_comes_on_top_of_what_was_proposed_for_the_first() {
        let call = closing();
        let first = make_up(&call, &absence(&call, -20 * HOUR, -15 * HOUR), None);
        let (first, _) = first.unwrap();

        let second = make_up(&call, &absence(&call, -10 * HOUR, -5 * HOUR), Some(first));

        assert_eq!(second.unwrap().0, first + TimeDelta::days(1));
    }

    #[test]
    fn a_suspended_call_and_one_that_is_decided_are_left_alone() {
        let call = closing();
        let event = outage::suspend(&call, "down", later(&call, -HOUR)).unwrap();
        let suspended = apply(Some(call.clone()), &event).unwrap();
        assert_eq!(moved(&suspended, -30, -10), None);
        for state in State::ALL {
            let call = Call {
                state,
                ..call.clone()
            };
            let may_move = matches!(state, State::Published | State::Open | State::Closed);
            assert_eq!(
                moved(&call, -30, -10).is_some(),
                may_move,
                "{}",
                state.as_str()
            );
        }
    }

    #[test]
    fn the_reason_is_in_civil_time() {
        let call = closing();

        let reason = absence(&call, -60, -30).reason(&call);

        assert_eq!(
            reason,
            "nobody was served from 1970-02-03 00:00:00 +01:00 to 1970-02-03 00:30:00 +01:00 \
             (Europe/Rome)"
        );
    }
}
