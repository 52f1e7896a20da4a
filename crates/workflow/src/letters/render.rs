//! A letter's facts and its language make a subject, a text and an HTML page.
//!
//! Facts come from outside: every text among them is brought to one line before a template sees
//! it, so that no name can add a line, a header or a direction of its own.

use std::collections::BTreeMap;

use bando_domain::civil::{Language, Zone};
use bando_domain::ids::CallId;
use bando_domain::letter::{LetterKind, LetterWanted};
use bando_domain::programme::{Programme, Text};
use minijinja::{Value, context};

use super::templates::{self, Part};

/// The longest subject, in characters.
pub const SUBJECT_LIMIT: usize = 150;

/// A letter in its recipient's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line of at most [`SUBJECT_LIMIT`] characters.
    pub subject: String,
    /// Complete by itself: it holds every fact and address of the HTML.
    pub text: String,
    pub html: String,
}

/// What a letter says besides its own facts.
#[derive(Debug, Clone)]
pub struct RenderContext<'a> {
    pub programme: &'a Programme,
    /// Required by every kind but the officers' digest and the weekly report.
    pub call: Option<CallHeading>,
}

/// The call a letter is about; instants are printed in its zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallHeading {
    pub id: CallId,
    pub title: Text,
    pub zone: Zone,
    /// The act that publishes the call.
    pub act: String,
}

/// Why a letter cannot be written. No variant repeats an address or a name: errors are logged.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("a {} letter needs its call", .0.as_str())]
    NoCall(LetterKind),
    #[error("the letter's facts are no JSON: {0}")]
    Facts(#[from] serde_json::Error),
    #[error("the embedded letter templates do not parse: {0}")]
    Broken(String),
    #[error("the letter's template does not render: {0:#}")]
    Template(#[from] minijinja::Error),
    #[error("the {0} is not one plain e-mail address")]
    Address(&'static str),
    #[error("the {header} `{value}` is not of the form <local@domain>")]
    MessageId { header: &'static str, value: String },
    #[error("a mail cannot be dated {0}")]
    Date(chrono::DateTime<chrono::Utc>),
    #[error("the mail cannot be built: {0}")]
    Mail(#[from] lettre::error::Error),
}

/// Writes a letter in the language of its recipient.
///
/// # Errors
/// `NoCall` when the kind needs a call and `context` has none; `Template` when a template asks for
/// what the facts lack.
pub fn render(letter: &LetterWanted, context: &RenderContext<'_>) -> Result<Rendered, RenderError> {
    let (kind, language) = (letter.facts.kind(), letter.recipient.language);
    let facts = values(letter, context)?;
    let part = |part, values: Value| -> Result<String, RenderError> {
        Ok(templates::template(kind, language, part)?.render(values)?)
    };

    let subject = clip(
        &one_line(&part(Part::Subject, facts.clone())?),
        SUBJECT_LIMIT,
    );
    let values = context! { subject => &subject, ..facts };
    Ok(Rendered {
        text: part(Part::Text, values.clone())?,
        html: part(Part::Html, values)?,
        subject,
    })
}

/// What a template may name: the letter's facts, the recipient, the programme and the call.
pub(super) fn values(
    letter: &LetterWanted,
    context: &RenderContext<'_>,
) -> Result<Value, RenderError> {
    let (kind, language) = (letter.facts.kind(), letter.recipient.language);
    let call = match (&context.call, kind) {
        (Some(call), _) => call_values(call, language),
        (None, LetterKind::OfficersDigest | LetterKind::WeeklyReport) => Value::from(()),
        (None, _) => return Err(RenderError::NoCall(kind)),
    };
    let zone = context
        .call
        .as_ref()
        .map_or(&context.programme.zone, |call| &call.zone);
    Ok(context! {
        language => language.as_str(),
        zone => zone.as_str(),
        recipient => one_line(&letter.recipient.name),
        programme => programme_values(context.programme, language),
        call,
        ..cleaned(serde_json::to_value(&letter.facts)?)
    })
}

fn programme_values(programme: &Programme, language: Language) -> Value {
    context! {
        id => programme.id.as_str(),
        name => one_line(programme.name.in_language(language)),
        authority => one_line(programme.authority.in_language(language)),
        reply_to => programme.reply_to.as_str(),
    }
}

fn call_values(call: &CallHeading, language: Language) -> Value {
    let id = call.id.to_string();
    let title = one_line(call.title.in_language(language));
    context! { heading => format!("{id} – {title}"), id, title, act => one_line(&call.act) }
}

/// The same value with every text on one line.
fn cleaned(json: serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::from(()),
        serde_json::Value::Bool(yes) => Value::from(yes),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(whole) => Value::from(whole),
            None => Value::from(number.to_string()),
        },
        serde_json::Value::String(text) => Value::from(one_line(&text)),
        serde_json::Value::Array(items) => items.into_iter().map(cleaned).collect(),
        serde_json::Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| (key, cleaned(value)));
            Value::from(fields.collect::<BTreeMap<_, _>>())
        }
    }
}

/// A text without line breaks, control characters and invisible marks of direction; runs of white
/// space become one space.
pub(super) fn one_line(text: &str) -> String {
    let kept = text.chars().filter(|c| !is_mark_of_direction(*c));
    let spaced: String = kept.map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The marks that reorder what surrounds them (Unicode bidirectional algorithm, UAX #9).
fn is_mark_of_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// At most `limit` characters, the last an ellipsis when something was cut.
pub(super) fn clip(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_has_no_breaks_controls_or_marks_of_direction() {
        let text = "  a\r\nBcc: b\u{0}\u{2028}c\u{202e}d\u{85}\te ";

        assert_eq!(one_line(text), "a Bcc: b cd e");
    }

    #[test]
    fn one_line_keeps_names_of_any_script() {
        let name = "Consorzio L’Unità D'Oro 🍅 שלום <b>";

        assert_eq!(one_line(name), name);
    }

    #[test]
    fn a_clipped_text_ends_with_an_ellipsis_within_the_limit() {
        assert_eq!(clip("città", 5), "città");
        assert_eq!(clip("città aperta", 7), "città…");
    }
}
