//! Whether the wall clock can be believed: it is held against a clock that only ever runs.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// From here on somebody should look.
pub const DRIFT: TimeDelta = TimeDelta::seconds(2);
/// Beyond this, nothing with a deadline happens by itself.
pub const JUMP: TimeDelta = TimeDelta::minutes(5);

/// What is to be thought of the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Agrees,
    /// Off by two seconds or more: an alarm, and everything goes on.
    Drifts {
        by: TimeDelta,
    },
    /// Off by more than five minutes: timers and schedules wait until it agrees again or a person
    /// confirms it. Submissions are judged by their instant all the same.
    Holds {
        by: TimeDelta,
    },
}

impl Standing {
    pub const fn holds(self) -> bool {
        matches!(self, Self::Holds { .. })
    }

    /// How far the wall clock is ahead; negative when it is behind.
    pub const fn by(self) -> TimeDelta {
        match self {
            Self::Agrees => TimeDelta::zero(),
            Self::Drifts { by } | Self::Holds { by } => by,
        }
    }
}

/// Where the two clocks stood when they were believed, and how far apart they are since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClockWatch {
    wall: DateTime<Utc>,
    steady: Duration,
}

impl ClockWatch {
    /// The watch begins at a reading of both; `mark` is the last instant the wall clock had shown
    /// before, if any: one that is behind its own past is off by that much.
    pub fn starting(wall: DateTime<Utc>, steady: Duration, mark: Option<DateTime<Utc>>) -> Self {
        let believed = mark.map_or(wall, |mark| mark.max(wall));
        Self {
            wall: believed,
            steady,
        }
    }

    /// What a reading of both clocks says. Their own steps back and forth add up to nothing.
    pub fn standing(&self, wall: DateTime<Utc>, steady: Duration) -> Standing {
        let ran = steady.saturating_sub(self.steady);
        let ran = TimeDelta::from_std(ran).unwrap_or(TimeDelta::MAX);
        let by = wall - self.wall - ran;
        if by.abs() > JUMP {
            Standing::Holds { by }
        } else if by.abs() >= DRIFT {
            Standing::Drifts { by }
        } else {
            Standing::Agrees
        }
    }

    /// A person says that the wall clock is right as it is.
    pub fn confirm(&mut self, wall: DateTime<Utc>, steady: Duration) {
        (self.wall, self.steady) = (wall, steady);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn start() -> DateTime<Utc> {
        "2027-03-28T00:30:00Z".parse().unwrap()
    }

    fn after(steady: Duration, off_by: TimeDelta) -> Standing {
        let watch = ClockWatch::starting(start(), HOUR, None);
        let ran = TimeDelta::from_std(steady).unwrap();
        watch.standing(start() + ran + off_by, HOUR + steady)
    }

    #[test]
    fn an_alarm_begins_at_two_seconds_and_the_hold_beyond_five_minutes() {
        let second = TimeDelta::seconds(1);
        let micro = TimeDelta::microseconds(1);
        for sign in [1, -1] {
            assert_eq!(after(HOUR, (DRIFT - micro) * sign), Standing::Agrees);
            assert_eq!(
                after(HOUR, DRIFT * sign),
                Standing::Drifts { by: DRIFT * sign }
            );
            assert_eq!(
                after(HOUR, JUMP * sign),
                Standing::Drifts { by: JUMP * sign }
            );
            let jumped = (JUMP + micro) * sign;
            assert_eq!(after(HOUR, jumped), Standing::Holds { by: jumped });
        }
        // Summer time begins in the hour: instants know nothing of it.
        assert_eq!(after(HOUR, second), Standing::Agrees);
    }

    #[test]
    fn a_clock_that_comes_back_agrees_again() {
        let watch = ClockWatch::starting(start(), HOUR, None);
        let (day, later) = (TimeDelta::days(1), HOUR * 2);

        assert!(watch.standing(start() + day, HOUR).holds());
        assert_eq!(
            watch.standing(start() + TimeDelta::hours(1), later),
            Standing::Agrees
        );
    }

    #[test]
    fn what_is_confirmed_is_believed_from_then_on() {
        let mut watch = ClockWatch::starting(start(), HOUR, None);
        let ahead = start() + TimeDelta::days(1);

        watch.confirm(ahead, HOUR);

        assert_eq!(watch.standing(ahead, HOUR), Standing::Agrees);
        assert!(watch.standing(start(), HOUR).holds());
    }

    #[test]
    fn a_clock_behind_its_own_past_is_off_from_the_start() {
        let mark = start() + TimeDelta::hours(1);
        let watch = ClockWatch::starting(start(), HOUR, Some(mark));

        let standing = watch.standing(start(), HOUR);

        assert_eq!(
            standing,
            Standing::Holds {
                by: -TimeDelta::hours(1)
            }
        );
        // A mark in the past only says that the daemon was down.
        let watch = ClockWatch::starting(start(), HOUR, Some(start() - TimeDelta::days(3)));
        assert_eq!(watch.standing(start(), HOUR), Standing::Agrees);
    }

    proptest! {
        #[test]
        fn only_how_far_apart_they_are_matters(
            ran in 0_u64..10_000_000, off in -1_000_i64..1_000,
        ) {
            let standing = after(Duration::from_secs(ran), TimeDelta::seconds(off));

            prop_assert_eq!(standing.holds(), off.abs() > 300);
            prop_assert_eq!(standing == Standing::Agrees, off.abs() < 2);
        }
    }
}
