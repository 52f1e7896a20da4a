//! What happens at an instant, and the hand-turned clock.

use bando_proto::v1;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{at, instant, seconds, some, word};
use crate::names::short_call;
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Timer {
    name: String,
    call: String,
    subject: Option<String>,
    kind: String,
    state: String,
    nominal_at: Option<String>,
    due_at: Option<String>,
    fired_at: Option<String>,
    attempts: i32,
    last_error: Option<String>,
    etag: String,
    #[serde(skip)]
    left: String,
    #[serde(skip)]
    late: String,
}

impl Timer {
    /// A timer as it stands at `now`.
    pub(crate) fn at(timer: &v1::Timer, now: DateTime<Utc>) -> Self {
        let state = v1::TimerState::try_from(timer.state).ok();
        let left = match (state, instant(timer.due_at.as_ref())) {
            (Some(v1::TimerState::Waiting), Some(due)) => left(due, now),
            _ => String::new(),
        };
        Self {
            name: timer.name.clone(),
            call: timer.call.clone(),
            subject: some(&timer.subject),
            kind: timer.kind.clone(),
            state: word(state.map(|state| state.as_str_name()), "TIMER_STATE_"),
            nominal_at: at(timer.nominal_at.as_ref()),
            due_at: at(timer.due_at.as_ref()),
            fired_at: at(timer.fired_at.as_ref()),
            attempts: timer.attempts,
            last_error: some(&timer.last_error),
            etag: timer.etag.clone(),
            left,
            late: late(timer, now),
        }
    }
}

impl Timer {
    /// The call, and the first block of what it is about within it.
    fn about(&self) -> String {
        let call = short_call(&self.call);
        match &self.subject {
            Some(subject) => format!("{call} {}", last_block(subject)),
            None => call,
        }
    }
}

/// The last block of an id: ids made together begin alike.
fn last_block(id: &str) -> &str {
    id.rsplit('-').next().unwrap_or(id)
}

impl Row for Timer {
    const HEAD: &'static [&'static str] =
        &["NEXT", "LEFT", "LAST", "LATE", "SUBJECT", "ACTION", "STATE"];
    const NUMBERS: &'static [usize] = &[1, 3];

    fn cells(&self) -> Vec<String> {
        vec![
            seconds(self.due_at.as_ref()),
            self.left.clone(),
            seconds(self.fired_at.as_ref()),
            self.late.clone(),
            self.about(),
            self.kind.replace('_', " "),
            self.state.clone(),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl View for Timer {
    fn text(&self) -> String {
        Sheet::titled(&self.kind.replace('_', " "))
            .field("name", &self.name)
            .field("about", self.about())
            .field("state", &self.state)
            .field("nominal at", seconds(self.nominal_at.as_ref()))
            .field("due at", seconds(self.due_at.as_ref()))
            .field("left", &self.left)
            .field("fired at", seconds(self.fired_at.as_ref()))
            .field("late", &self.late)
            .field("attempts", self.attempts.to_string())
            .field("last error", self.last_error.clone().unwrap_or_default())
            .field("etag", &self.etag)
            .text()
    }
}

/// How much later than its nominal time it fired, or is by now; nothing when it is in time.
fn late(timer: &v1::Timer, now: DateTime<Utc>) -> String {
    let is_over = timer.state() == v1::TimerState::Cancelled;
    let until = instant(timer.fired_at.as_ref()).unwrap_or(now);
    match instant(timer.nominal_at.as_ref()) {
        Some(nominal) if !is_over && until - nominal >= TimeDelta::seconds(1) => {
            span(until - nominal)
        }
        _ => String::new(),
    }
}

/// The daemon's hand-turned clock.
#[derive(Debug, Serialize)]
pub(crate) struct Clock {
    now: Option<String>,
    simulated: bool,
    standing: String,
    /// Of the wall clock against the monotonic one, in seconds.
    ahead_seconds: f64,
}

impl From<&v1::Clock> for Clock {
    fn from(clock: &v1::Clock) -> Self {
        let standing = v1::ClockStanding::try_from(clock.standing).ok();
        let ahead = TimeDelta::microseconds(clock.ahead_micros);
        Self {
            now: at(clock.now.as_ref()),
            simulated: clock.simulated,
            standing: word(
                standing.map(|standing| standing.as_str_name()),
                "CLOCK_STANDING_",
            ),
            ahead_seconds: ahead.as_seconds_f64(),
        }
    }
}

impl View for Clock {
    fn text(&self) -> String {
        let now = self.now.as_deref().unwrap_or("the clock shows nothing");
        let off = self.ahead_seconds;
        let told = match (self.standing.as_str(), off < 0.0) {
            ("agrees", _) => return now.to_owned(),
            (standing, true) => format!("{standing}: {:.1} s behind", -off),
            (standing, false) => format!("{standing}: {off:.1} s ahead"),
        };
        Sheet::titled(now).field("clock", told).text()
    }
}

/// How long until `due`: its two largest units, or that it is late.
pub(super) fn left(due: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let left = due - now;
    if left < TimeDelta::zero() {
        return format!("late {}", span(-left));
    }
    span(left)
}

fn span(length: TimeDelta) -> String {
    let (days, hours) = (length.num_days(), length.num_hours() % 24);
    let (minutes, seconds) = (length.num_minutes() % 60, length.num_seconds() % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(state: v1::TimerState) -> v1::Timer {
        v1::Timer {
            call: "programmes/er/calls/2016".into(),
            kind: "call_closes".into(),
            state: state.into(),
            due_at: Some(prost_types::Timestamp {
                seconds: 1_464_703_200,
                nanos: 0,
            }),
            nominal_at: Some(prost_types::Timestamp {
                seconds: 1_464_703_200,
                nanos: 0,
            }),
            ..Default::default()
        }
    }

    fn now(before: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_464_703_200 - before, 0).unwrap()
    }

    #[test]
    fn a_waiting_timer_says_how_long_is_left() {
        let cells = Timer::at(&timer(v1::TimerState::Waiting), now(3 * 3600 + 12 * 60)).cells();

        assert_eq!(
            cells,
            [
                "2016-05-31T14:00:00Z",
                "3 h 12 min",
                "",
                "",
                "er/2016",
                "call closes",
                "waiting"
            ]
        );
    }

    #[test]
    fn a_timer_that_should_have_fired_is_late_and_a_fired_one_has_nothing_left() {
        assert_eq!(
            Timer::at(&timer(v1::TimerState::Waiting), now(-90)).left,
            "late 1 min 30 s"
        );
        assert_eq!(Timer::at(&timer(v1::TimerState::Fired), now(-90)).left, "");
    }

    #[test]
    fn what_fired_late_says_by_how_much_and_what_was_cancelled_is_never_late() {
        let mut fired = timer(v1::TimerState::Fired);
        fired.fired_at = Some(prost_types::Timestamp {
            seconds: 1_464_703_265,
            nanos: 0,
        });

        assert_eq!(Timer::at(&fired, now(-9_000)).late, "1 min 5 s");
        assert_eq!(
            Timer::at(&timer(v1::TimerState::Parked), now(-90)).late,
            "1 min 30 s"
        );
        assert_eq!(
            Timer::at(&timer(v1::TimerState::Cancelled), now(-90)).late,
            ""
        );
    }

    #[test]
    fn a_length_has_its_two_largest_units() {
        let spans = [
            (59, "59 s"),
            (60, "1 min 0 s"),
            (90_000, "1 d 1 h"),
            (0, "0 s"),
        ];
        for (seconds, text) in spans {
            assert_eq!(span(TimeDelta::seconds(seconds)), text);
        }
    }
}
