//! The database: the only place with SQL. One door for writing, one writer per aggregate that
//! commits row, event, letters and timers together, and repositories to read.

mod act;
pub mod applications;
pub mod awards;
pub mod calendar_feeds;
pub mod calls;
mod chain;
pub mod checkpoints;
pub mod clarifications;
pub mod consortia;
pub mod documents;
mod door;
mod error;
pub mod evaluations;
pub mod evaluators;
pub mod events;
pub mod fires;
pub mod installation;
pub mod late_attempts;
pub mod letters;
mod lock;
mod migrations;
mod page;
pub mod programmes;
pub mod proposals;
pub mod protocol;
pub mod rankings;
mod record;
pub mod redirections;
pub mod reminders;
pub mod requests;
pub mod schedules;
pub mod serving;
mod tables;
pub mod timers;
pub mod tokens;

pub use act::Act;
pub use chain::ChainReport;
pub use door::{Db, Failure, Reader, Settings, Store, Tx, Work};
pub use error::{Error, Kind};
pub use page::{Page, PageQuery};
pub use record::{Aggregate, Change, Changed, Consequences, Versioned, record, record_all};
