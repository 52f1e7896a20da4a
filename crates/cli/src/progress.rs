//! How far long work is, for a person at a terminal: on stderr, and nowhere else.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Rows that come so quickly that nobody needs to be told.
const QUICK: usize = 200;
/// How often it is drawn while nothing is heard.
const TICK: Duration = Duration::from_millis(200);

/// A bar or a count; gone without a trace when it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    from: Option<DateTime<Utc>>,
}

impl Progress {
    /// A count of rows that are read.
    pub(crate) fn rows(wanted: bool) -> Self {
        let bar = if wanted {
            ProgressBar::no_length().with_style(style("{pos} rows read, {elapsed}"))
        } else {
            ProgressBar::hidden()
        };
        Self { bar, from: None }
    }

    /// Work of unknown length.
    pub(crate) fn work(what: &'static str) -> Self {
        let bar = ProgressBar::new_spinner()
            .with_style(style("{spinner} {msg}, {elapsed}"))
            .with_message(what);
        bar.enable_steady_tick(TICK);
        Self { bar, from: None }
    }

    /// Bytes of a file on its way.
    pub(crate) fn bytes(total: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr())
            .with_style(style("{bar:40} {bytes} of {total_bytes}, {elapsed}"));
        Self { bar, from: None }
    }

    /// A stretch of time that is passed through.
    pub(crate) fn time(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        let bar =
            ProgressBar::with_draw_target(Some(seconds(to - from)), ProgressDrawTarget::stderr())
                .with_style(style("{bar:40} {percent} % {msg}, {elapsed}"));
        Self {
            bar,
            from: Some(from),
        }
    }

    pub(crate) fn reached(&self, rows: usize) {
        if rows > QUICK {
            self.bar
                .set_position(u64::try_from(rows).unwrap_or(u64::MAX));
        }
    }

    pub(crate) fn more_bytes(&self, count: usize) {
        self.bar.inc(u64::try_from(count).unwrap_or_default());
    }

    pub(crate) fn reached_instant(&self, now: DateTime<Utc>) {
        self.bar
            .set_message(now.format("%Y-%m-%d %H:%M UTC").to_string());
        if let Some(from) = self.from {
            self.bar.set_position(seconds(now - from));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn seconds(length: TimeDelta) -> u64 {
    u64::try_from(length.num_seconds()).unwrap_or_default()
}

/// A template of ours is sound; a plain bar stands in for one that is not.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
