//! What commands show: the wire's messages as stable objects for programs and as text for people.
//!
//! Keys are those of the wire in `snake_case`; what is absent is `null`; instants are RFC 3339 in
//! UTC; money is whole cents.

pub(crate) mod application;
pub(crate) mod award;
pub(crate) mod calendar;
pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod clarification;
pub(crate) mod comparison;
pub(crate) mod consortium;
pub(crate) mod deadline;
pub(crate) mod document;
pub(crate) mod evaluation;
pub(crate) mod evaluator;
pub(crate) mod event;
pub(crate) mod history;
pub(crate) mod import;
pub(crate) mod letter;
pub(crate) mod mistake;
mod procedure;
pub(crate) mod programme;
pub(crate) mod programme_year;
pub(crate) mod progress;
pub(crate) mod proposal;
pub(crate) mod ranking;
pub(crate) mod receipt;
pub(crate) mod rehearsal;
pub(crate) mod reminder;
pub(crate) mod rule_set;
pub(crate) mod schedule;
pub(crate) mod timer;
pub(crate) mod today;
pub(crate) mod token;
pub(crate) mod what_if;

use bando_domain::money::{BasisPoints, Eur};
use bando_proto::v1;
use chrono::{DateTime, SecondsFormat, Utc};
use prost_types::Timestamp;
use serde::Serialize;

/// Longest title in a table, in characters.
const TITLE: usize = 40;

/// A text in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Text {
    pub(crate) it: String,
    pub(crate) en: String,
}

impl Text {
    pub(crate) fn of(text: Option<&v1::Text>) -> Self {
        text.map(|text| Self {
            it: text.it.clone(),
            en: text.en.clone(),
        })
        .unwrap_or_default()
    }
}

/// An instant of the wire; `None` when it is absent or out of range.
pub(crate) fn instant(at: Option<&Timestamp>) -> Option<DateTime<Utc>> {
    let at = at?;
    DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?)
}

/// An instant as data: RFC 3339 in UTC.
fn at(at: Option<&Timestamp>) -> Option<String> {
    instant(at).map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// An instant as a table shows it: to the second, or nothing.
fn seconds(at: Option<&String>) -> String {
    let Some(at) = at else { return String::new() };
    match at.split_once('.') {
        Some((seconds, _)) => format!("{seconds}Z"),
        None => at.clone(),
    }
}

/// An instant of the wire as a table shows it.
pub(crate) fn seconds_of(wire: Option<&Timestamp>) -> String {
    seconds(at(wire).as_ref())
}

/// `1,234.56`
pub(crate) fn money(cents: i64) -> String {
    Eur::cents(cents)
        .to_string()
        .trim_end_matches(" EUR")
        .to_owned()
}

/// `1,234.56 EUR`, or nothing.
fn euros(cents: Option<i64>) -> String {
    cents
        .map(|cents| Eur::cents(cents).to_string())
        .unwrap_or_default()
}

/// `40 %`, or nothing.
fn percent(basis_points: Option<i32>) -> String {
    let shown = basis_points.and_then(|points| u32::try_from(points).ok());
    shown
        .map(|points| BasisPoints(points).to_string())
        .unwrap_or_default()
}

/// `None` for an empty text of the wire.
fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A text that may be absent, as a table shows it.
fn shown(text: Option<&String>) -> String {
    text.cloned().unwrap_or_default()
}

/// A title cut to the width of a column.
fn title(text: &str) -> String {
    if text.chars().count() <= TITLE {
        return text.to_owned();
    }
    text.chars().take(TITLE - 1).chain(['…']).collect()
}

/// A value of an enumeration as one lower-case word: `CALL_STATE_OPEN` → `open`. A value this
/// tool does not know, or none at all, is `unknown`.
fn word(name: Option<&'static str>, prefix: &str) -> String {
    match name.and_then(|name| name.strip_prefix(prefix)) {
        None | Some("UNSPECIFIED") => "unknown".into(),
        Some(value) => value.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_keeps_its_microseconds_as_data_and_loses_them_in_a_table() {
        let late = Timestamp {
            seconds: 1_464_703_200,
            nanos: 1_000,
        };

        let data = at(Some(&late));

        assert_eq!(data.as_deref(), Some("2016-05-31T14:00:00.000001Z"));
        assert_eq!(seconds(data.as_ref()), "2016-05-31T14:00:00Z");
        assert_eq!(at(None), None);
    }

    #[test]
    fn money_has_groups_and_cents() {
        assert_eq!(money(15_000_000), "150,000.00");
        assert_eq!(euros(Some(123_456)), "1,234.56 EUR");
        assert_eq!(euros(None), "");
    }

    #[test]
    fn an_enumeration_is_one_word() {
        let open = v1::CallState::Open.as_str_name();

        assert_eq!(word(Some(open), "CALL_STATE_"), "open");
        assert_eq!(word(None, "CALL_STATE_"), "unknown");
        assert_eq!(
            word(
                Some(v1::CallState::Unspecified.as_str_name()),
                "CALL_STATE_"
            ),
            "unknown"
        );
    }

    #[test]
    fn a_long_title_is_cut_to_its_column() {
        assert_eq!(title(&"à".repeat(41)), format!("{}…", "à".repeat(39)));
        assert_eq!(title(&"à".repeat(40)), "à".repeat(40));
    }
}
