//! `bando clock`: whether the daemon's clock can be believed, and how it is turned in a rehearsal.

use bando_proto::v1::{AdvanceClockRequest, ConfirmClockRequest, GetClockRequest};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use prost_types::Timestamp;

use super::tell_dry_run;
use crate::errors::{Exit, Failure};
use crate::progress::Progress;
use crate::session::Session;
use crate::views::timer::Clock;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows the daemon's now, and whether it can be believed.
    #[command(after_help = "Example:
  bando clock show")]
    Show,
    /// Turns the clock forward; everything that is due on the way happens.
    #[command(after_help = "Examples:
  bando clock advance +1d
  bando clock advance +2h30m")]
    Advance {
        /// An instant such as 2016-05-31T14:00:00Z, or a step such as +1d, +2h30m or +45s.
        to: String,
    },
    /// Says, after a look at it, that the clock is right: timers that were held go on.
    #[command(after_help = "Examples:
  bando clock confirm --reason 'the time server was wrong until 09:40'
  bando clock confirm --reason 'checked against the wall' --dry-run")]
    Confirm {
        /// What was found, for the audit trail.
        #[arg(long)]
        reason: String,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Show => {
            let clock = session.clock()?.get_clock(GetClockRequest {}).await?;
            session.output.one(&Clock::from(&clock.into_inner()))
        }
        Command::Advance { to } => advance(&to, session).await,
        Command::Confirm { reason } => {
            let request = ConfirmClockRequest {
                reason,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let clock = session.clock()?.confirm_clock(request).await?;
            tell_dry_run(session);
            session.output.one(&Clock::from(&clock.into_inner()))
        }
    }
}

async fn advance(to: &str, session: &Session) -> Result<(), Failure> {
    if session.globals.watch {
        let message = "time is turned once: clock advance takes no --watch";
        return Err(Failure::new(Exit::Usage, "NOT_WATCHABLE", message));
    }
    if session.dry_run() {
        let message = "time cannot be tried out: clock advance takes no --dry-run";
        return Err(Failure::new(Exit::Usage, "NO_DRY_RUN", message));
    }
    let to = match to.strip_prefix('+') {
        Some(step) => {
            let step = length(step).ok_or_else(|| bad_instant(to))?;
            let now = session.clock()?.get_clock(GetClockRequest {}).await?;
            let now = crate::views::instant(now.into_inner().now.as_ref());
            now.and_then(|now| now.checked_add_signed(step))
                .ok_or_else(|| bad_instant(to))?
        }
        None => to.parse::<DateTime<Utc>>().map_err(|_| bad_instant(to))?,
    };
    let until = to;
    let nanos = i32::try_from(to.timestamp_subsec_micros() * 1_000).unwrap_or_default();
    let to = Timestamp {
        seconds: to.timestamp(),
        nanos,
    };
    let request = AdvanceClockRequest { to: Some(to) };
    let reached = |clock: &bando_proto::v1::Clock| {
        let now = clock.now.as_ref().map(|now| (now.seconds, now.nanos));
        now >= Some((to.seconds, to.nanos))
    };
    let mut progress = None;
    loop {
        let clock = session.clock()?.advance_clock(request).await?;
        let clock = clock.into_inner();
        if reached(&clock) {
            drop(progress);
            return session.output.one(&Clock::from(&clock));
        }
        if let Some(now) = crate::views::instant(clock.now.as_ref()) {
            let bar = progress.get_or_insert_with(|| Progress::time(now, until));
            bar.reached_instant(now);
        }
    }
}

/// A length such as `1d`, `2h30m` or `45s`.
fn length(text: &str) -> Option<TimeDelta> {
    let mut rest = text;
    let mut length = TimeDelta::zero();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest.get(..digits)?.parse().ok()?;
        let unit = rest.get(digits..=digits)?;
        let seconds = match unit {
            "d" => 86_400,
            "h" => 3_600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        length = length.checked_add(&TimeDelta::try_seconds(count.checked_mul(seconds)?)?)?;
        rest = rest.get(digits + 1..)?;
    }
    (length > TimeDelta::zero()).then_some(length)
}

fn bad_instant(text: &str) -> Failure {
    let message = format!(
        "`{text}` is no instant: 2016-05-31T14:00:00Z or a step such as +1d or +2h30m expected"
    );
    Failure::new(Exit::Usage, "INSTANT_INVALID", message).with_hint("bando clock advance +1d")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_made_of_days_hours_minutes_and_seconds() {
        let steps = [
            ("1d", 86_400),
            ("2h30m", 9_000),
            ("45s", 45),
            ("1d1s", 86_401),
        ];
        for (text, seconds) in steps {
            assert_eq!(length(text), Some(TimeDelta::seconds(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_step_is_refused() {
        for text in [
            "",
            "d",
            "1",
            "1w",
            "-1d",
            "0s",
            "99999999999999999999d",
            "9223372036854775807d",
            "1é",
        ] {
            assert_eq!(length(text), None, "{text}");
        }
    }
}
