//! Between the wire and the domain. Reading may refuse, by field and rule; showing cannot fail.

mod ledger;
pub mod names;
mod read;
mod show;

pub use ledger::*;
pub use read::*;
pub use show::*;
