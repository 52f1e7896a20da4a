//! The files an officer writes: a programme and its yearly calls, in TOML. One reading finds
//! every mistake in a file and says where it is, what is written there and which rule it breaks.
//!
//! Amounts are exact text in euros (`budget = "2000000.00"`) or whole euros (`budget = 2000000`),
//! shares are whole basis points (`rate_basis_points = 4000` is 40 %), points are whole numbers
//! or exact text (`weight = "12.5"`), dates are text (`"2016-04-04"`), instants are civil time in
//! the zone of the call (`"2016-05-31 16:00"`, with its offset where daylight saving leaves a
//! doubt). A floating-point number is never right.

mod cap_bases;
mod costs;
mod documents;
mod grid;
mod holidays;
mod policy;
mod procedure;
mod programme;
mod reader;
mod reminders;
mod rule_set;
mod terms;
mod values;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};
use toml::de::DeTable;

use crate::call::Terms;
use crate::ids::CallId;
use crate::programme::Programme;
use crate::rules::RuleSet;

/// Largest file that is read, in bytes.
pub const LARGEST_FILE: usize = 256 * 1024;

/// A call's file, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedCall {
    pub id: CallId,
    pub terms: Terms,
}

/// One thing that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    /// The file's name as the caller gave it.
    pub file: String,
    /// Dotted path from the top of the file, counting from 0, such as
    /// `rules.cost_categories[2].cap`; empty when the text is not TOML.
    pub key: String,
    /// Line in the file, from 1; `None` for what is missing at the top of the file.
    pub line: Option<usize>,
    /// What the file says there, as written and cut to one short line; empty when it is missing.
    pub value: String,
    /// What it must be.
    pub rule: String,
}

impl fmt::Display for Mistake {
    /// `config/calls/2027.toml:12: budget = "-5": must be …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        let parts = [self.key.as_str(), self.value.as_str()];
        let written: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if !written.is_empty() {
            write!(f, ": {}", written.join(" = "))?;
        }
        write!(f, ": {}", self.rule)
    }
}

/// Reads a call's file for `programme`; `file` is only the name that mistakes carry.
///
/// Errors with every mistake found, in the order of the lines; text that is not TOML is reported
/// alone, because what follows it cannot be told apart.
pub fn parse_call(
    file: &str,
    text: &str,
    programme: &Programme,
) -> Result<ParsedCall, Vec<Mistake>> {
    reader::read(file, text, |top| terms::read(top, programme))
}

/// Reads a new version of the rules of a running call, a file with `[rules]` alone; errors as
/// [`parse_call`] does.
pub fn parse_rules(
    file: &str,
    text: &str,
    programme: &Programme,
    call: &Terms,
) -> Result<RuleSet, Vec<Mistake>> {
    reader::read(file, text, |top| terms::read_rules(top, programme, call))
}

/// Reads a programme's file; errors as [`parse_call`] does.
pub fn parse_programme(file: &str, text: &str) -> Result<Programme, Vec<Mistake>> {
    reader::read(file, text, programme::read)
}

/// The id a call's file states, which tells the programme [`parse_call`] needs; `None` when the
/// file states no valid one.
pub fn call_id(text: &str) -> Option<CallId> {
    if text.len() > LARGEST_FILE {
        return None;
    }
    let (top, _) = DeTable::parse_recoverable(text);
    top.get_ref().get("id")?.get_ref().as_str()?.parse().ok()
}

/// The mistakes for a person to read, one a line.
pub fn render_mistakes(mistakes: &[Mistake]) -> String {
    mistakes
        .iter()
        .map(Mistake::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
