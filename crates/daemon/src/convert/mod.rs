//! Between the wire and the domain. Reading may refuse, by field and rule; showing cannot fail.

mod asked;
mod calendar;
mod deadline;
mod document;
mod evaluation;
mod history;
mod ledger;
pub mod names;
mod programme_year;
mod ranking;
mod read;
mod register;
mod reminder;
mod routine;
mod rule_change;
mod show;

pub use asked::*;
pub use calendar::*;
pub use deadline::*;
pub use document::*;
pub use evaluation::*;
pub use history::*;
pub use ledger::*;
pub use programme_year::*;
pub use ranking::*;
pub use read::*;
pub use register::*;
pub use reminder::*;
pub use routine::*;
pub use rule_change::*;
pub use show::*;
