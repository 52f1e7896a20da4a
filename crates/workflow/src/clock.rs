//! The only home of the wall clock. Everything else is told what time it is.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use bando_domain::civil::to_micros;
use chrono::{DateTime, Utc};

/// What time it is, cut to microseconds.
pub trait Clock: Debug + Send + Sync {
    fn now(&self) -> DateTime<Utc>;
    /// The hand-turned clock, if this is one.
    fn simulated(&self) -> Option<&SimulatedClock> {
        None
    }
}

/// How long ago a file was written, by the machine's own clock: a hand-turned one says nothing
/// about files.
#[expect(clippy::disallowed_methods, reason = "the wall clock's one home")]
pub(crate) fn age(written: SystemTime) -> Duration {
    SystemTime::now()
        .duration_since(written)
        .unwrap_or_default()
}

#[derive(Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the wall clock's one home")]
    fn now(&self) -> DateTime<Utc> {
        to_micros(Utc::now())
    }
}

/// A clock that moves only when it is turned, and never backwards.
#[derive(Debug)]
pub struct SimulatedClock {
    micros: AtomicI64,
}

impl SimulatedClock {
    pub fn starting_at(at: DateTime<Utc>) -> Self {
        Self {
            micros: AtomicI64::new(at.timestamp_micros()),
        }
    }

    /// Turns the clock to `at`; an earlier instant leaves it where it is.
    pub fn turn_to(&self, at: DateTime<Utc>) {
        self.micros
            .fetch_max(at.timestamp_micros(), Ordering::SeqCst);
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros.load(Ordering::SeqCst)).unwrap_or_default()
    }

    fn simulated(&self) -> Option<&SimulatedClock> {
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_simulated_clock_never_turns_back() {
        let clock = SimulatedClock::starting_at(DateTime::UNIX_EPOCH + TimeDelta::hours(2));

        clock.turn_to(DateTime::UNIX_EPOCH);

        assert_eq!(clock.now(), DateTime::UNIX_EPOCH + TimeDelta::hours(2));
    }
}
