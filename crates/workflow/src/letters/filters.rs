//! How a letter prints a value: instants in the call's zone, amounts, shares and names in the
//! reader's language.

use bando_domain::call::State as CallState;
use bando_domain::civil::{Language, Zone, print_day, print_due, print_eur, print_instant};
use bando_domain::money::{BasisPoints, Eur};
use bando_domain::timer::TimerKind;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, HtmlEscape, State, Value};

pub(super) fn add_to(environment: &mut Environment<'static>) {
    environment.add_filter("instant", instant);
    environment.add_filter("instant_beside", instant_beside);
    environment.add_filter("due", due);
    environment.add_filter("day", day);
    environment.add_filter("eur", eur);
    environment.add_filter("percent", percent);
    environment.add_filter("decimal", decimal);
    environment.add_filter("call_state", call_state);
    environment.add_filter("timer_kind", timer_kind);
    environment.add_filter("name", name);
}

/// An RFC 3339 instant in the letter's zone, or in the one named.
fn instant(state: &State, at: &str, zone: Option<&str>) -> Result<String, Error> {
    let zone = match zone {
        Some(zone) => zone.to_owned(),
        None => text_of(state, "zone")?,
    };
    Ok(print_instant(
        parsed(at)?,
        &parse_zone(&zone)?,
        language(state)?,
    ))
}

/// The last instant in time of a term, in the letter's zone, or in the one named.
fn due(state: &State, at: &str, zone: Option<&str>) -> Result<String, Error> {
    let zone = match zone {
        Some(zone) => parse_zone(zone)?,
        None => parse_zone(&text_of(state, "zone")?)?,
    };
    Ok(print_due(parsed(at)?, &zone, language(state)?))
}

/// An instant to be held against another: to the microsecond when less than a second parts them.
fn instant_beside(state: &State, at: &str, other: &str) -> Result<String, Error> {
    let printed = instant(state, at, None)?;
    let (at, other) = (parsed(at)?, parsed(other)?);
    if (at - other).abs() >= TimeDelta::seconds(1) {
        return Ok(printed);
    }
    Ok(printed)
}

fn day(state: &State, on: &str) -> Result<String, Error> {
    let on: NaiveDate = on
        .parse()
        .map_err(|_| refused(format!("`{on}` is not a day")))?;
    Ok(print_day(on, language(state)?))
}

/// An amount given in cents.
fn eur(state: &State, cents: i64) -> Result<String, Error> {
    Ok(print_eur(Eur::cents(cents), language(state)?))
}

/// A share given in basis points.
fn percent(state: &State, basis_points: u32) -> Result<String, Error> {
    decimal(state, &BasisPoints(basis_points).to_string())
}

/// An exact decimal with the reader's separator.
fn decimal(state: &State, number: &str) -> Result<String, Error> {
    Ok(match language(state)? {
        Language::It => number.replace('.', ","),
        Language::En => number.to_owned(),
    })
}

/// The state of a call in words; a state this binary does not know stands as it is.
fn call_state(state: &State, name: &str) -> Result<String, Error> {
    let Some(known) = CallState::ALL
        .into_iter()
        .find(|known| known.as_str() == name)
    else {
        return Ok(name.to_owned());
    };
    let words = match (language(state)?, known) {
        (Language::En, known) => known.as_str(),
        (Language::It, CallState::Draft) => "in bozza",
        (Language::It, CallState::Published) => "pubblicato",
        (Language::It, CallState::Open) => "aperto",
        (Language::It, CallState::Closed) => "chiuso",
        (Language::It, CallState::Ranked) => "graduatoria approvata",
        (Language::It, CallState::Awarded) => "contributi concessi",
        (Language::It, CallState::Cancelled) => "revocato",
    };
    Ok(words.to_owned())
}

/// What a timer does, in words.
fn timer_kind(state: &State, kind: &str) -> Result<String, Error> {
    let Some(known) = TimerKind::parse(kind) else {
        return Ok(kind.to_owned());
    };
    let words = match (language(state)?, known) {
        (Language::En, TimerKind::CallOpens) => "the call opens",
        (Language::En, TimerKind::CallCloses) => "the call closes",
        (Language::En, TimerKind::DraftsLapse) => "drafts lapse",
        (Language::En, TimerKind::DraftReminder) => "drafts are reminded",
        (Language::En, TimerKind::Reminder) => "consortia are reminded",
        (Language::En, TimerKind::ReminderSweep) => "the office is reminded",
        (Language::En, TimerKind::ClarificationReminder) => "answers are reminded",
        (Language::En, TimerKind::ClarificationDue) => "terms for answers end",
        (Language::En, TimerKind::ResultsPublished) => "results are published",
        (Language::It, TimerKind::CallOpens) => "apertura del bando",
        (Language::It, TimerKind::CallCloses) => "chiusura del bando",
        (Language::It, TimerKind::DraftsLapse) => "decadenza delle bozze",
        (Language::It, TimerKind::DraftReminder) => "promemoria per le bozze",
        (Language::It, TimerKind::Reminder) => "promemoria ai consorzi",
        (Language::It, TimerKind::ReminderSweep) => "promemoria all’ufficio",
        (Language::It, TimerKind::ClarificationReminder) => "promemoria per le risposte",
        (Language::It, TimerKind::ClarificationDue) => "scadenza dei termini di risposta",
        (Language::It, TimerKind::ResultsPublished) => "pubblicazione degli esiti",
    };
    Ok(words.to_owned())
}

/// A name of any script, isolated so that it does not reorder the words around it.
fn name(state: &State, text: &str) -> Value {
    if matches!(state.auto_escape(), AutoEscape::Html) {
        return Value::from_safe_string(format!("<bdi>{}</bdi>", HtmlEscape(text)));
    }
    if text.chars().any(is_right_to_left) {
        return Value::from(format!("\u{2068}{text}\u{2069}"));
    }
    Value::from(text)
}

/// The blocks of the scripts written from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}'
        | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

fn parsed(at: &str) -> Result<DateTime<Utc>, Error> {
    at.parse()
        .map_err(|_| refused(format!("`{at}` is not an instant")))
}

fn parse_zone(zone: &str) -> Result<Zone, Error> {
    zone.parse()
        .map_err(|_| refused(format!("`{zone}` is not a time zone")))
}

fn language(state: &State) -> Result<Language, Error> {
    let code = text_of(state, "language")?;
    Language::ALL
        .into_iter()
        .find(|language| language.as_str() == code)
        .ok_or_else(|| refused(format!("`{code}` is not a language of the letters")))
}

fn text_of(state: &State, variable: &str) -> Result<String, Error> {
    let value = state.lookup(variable).unwrap_or_default();
    let text = value
        .as_str()
        .ok_or_else(|| refused(format!("no `{variable}` in the letter")))?;
    Ok(text.to_owned())
}

fn refused(what: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}
