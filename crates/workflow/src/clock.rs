//! The only home of the wall clock. Everything else is told what time it is.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bando_domain::civil::to_micros;
use bando_domain::clock_watch::{ClockWatch, Standing};
use chrono::{DateTime, Utc};

/// What time it is, cut to microseconds.
pub trait Clock: Debug + Send + Sync {
    fn now(&self) -> DateTime<Utc>;
    /// The hand-turned clock, if this is one.
    fn simulated(&self) -> Option<&SimulatedClock> {
        None
    }
    /// Whether it can be believed.
    fn standing(&self) -> Standing {
        Standing::Agrees
    }
    /// A person says that it is right.
    fn confirm(&self) {}
}

/// How long ago a file was written, by the machine's own clock: a hand-turned one says nothing
/// about files.
#[expect(clippy::disallowed_methods, reason = "the wall clock's one home")]
pub(crate) fn age(written: SystemTime) -> Duration {
    SystemTime::now()
        .duration_since(written)
        .unwrap_or_default()
}

/// The machine's clock, watched beside its monotonic one.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    watch: Mutex<ClockWatch>,
}

impl SystemClock {
    /// `mark` is the last instant this installation is known to have seen.
    pub fn starting(mark: Option<DateTime<Utc>>) -> Self {
        Self {
            started: Instant::now(),
            watch: Mutex::new(ClockWatch::starting(wall(), Duration::ZERO, mark)),
        }
    }

    /// Does `then` with the watch and a reading of both clocks.
    fn reading<T>(&self, then: impl FnOnce(&mut ClockWatch, DateTime<Utc>, Duration) -> T) -> T {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        then(&mut watch, wall(), self.started.elapsed())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        wall()
    }

    fn standing(&self) -> Standing {
        self.reading(|watch, wall, steady| watch.standing(wall, steady))
    }

    fn confirm(&self) {
        self.reading(ClockWatch::confirm);
    }
}

#[expect(clippy::disallowed_methods, reason = "the wall clock's one home")]
fn wall() -> DateTime<Utc> {
    to_micros(Utc::now())
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
