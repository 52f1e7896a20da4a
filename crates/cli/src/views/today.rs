//! What waits for somebody of the office.

use serde::Serialize;

use crate::output::Row;

#[derive(Debug, Serialize)]
pub(crate) struct Duty {
    pub(crate) what: String,
    pub(crate) subject: String,
    pub(crate) due: String,
    /// A command that does it, or shows it.
    pub(crate) action: String,
}

impl Row for Duty {
    const HEAD: &'static [&'static str] = &["WHAT", "SUBJECT", "DUE", "DO"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.what.clone(),
            self.subject.clone(),
            self.due.clone(),
            self.action.clone(),
        ]
    }
}
