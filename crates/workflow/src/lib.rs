//! What the office does: one use case per verb, letters and their postman, the schedule. Time is
//! just another caller.

pub mod applications;
mod authority;
pub mod awards;
pub mod calendar_feeds;
pub mod call_acts;
pub mod calls;
pub mod clarifications;
pub mod clock;
pub mod clock_acts;
pub mod consortia;
mod context;
mod correspondence;
pub mod deadlines;
pub mod documents;
pub mod editions;
pub mod eligibility;
pub mod entropy;
mod error;
pub mod evaluations;
pub mod evaluators;
pub mod events;
mod firing;
pub mod ledger;
pub mod letters;
pub mod mailer;
pub mod mending;
pub mod postman;
pub mod programmes;
pub mod proposals;
pub mod rankings;
pub mod reminders;
pub mod results;
mod routine;
pub mod rule_changes;
pub mod schedule;
pub mod schedules;
mod secrets;
pub mod serving;
mod timer_firing;
pub mod timers;
pub mod tokens;

pub use context::{Command, Context, Signer};
pub use error::{Change, Error, Refused};
