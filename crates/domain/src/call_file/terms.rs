//! The top of a call's file: its id, act, budget, window, reminders and acceptance term.

use chrono::{DateTime, NaiveDate, Utc};

use super::ParsedCall;
use super::procedure;
use super::reader::{Read, Section, Value};
use super::rule_set::{Surroundings, rule_set};
use super::{documents, holidays, reminders, values};
use crate::call::{OUTAGE_DAYS, Terms, Window};
use crate::civil::{Zone, resolve_deadline};
use crate::ids::{CallId, ProgrammeId};
use crate::programme::Programme;
use crate::rules::RuleSet;

/// Longest acceptance term, in days.
const DAYS_LIMIT: u32 = 366;
/// Most days that an outage may give back at least.
const OUTAGE_DAYS_LIMIT: u32 = 60;
const INSTANT_FORM: &str =
    "must be a civil time from 2000 to 2199 in quotes, such as \"2027-06-23 16:00\"";

pub(super) fn read(top: &Section<'_>, programme: &Programme) -> Read<ParsedCall> {
    let id = top.required("id", |value| call_id(value, &programme.id));
    let title = top.required("title", values::both_languages);
    let act = top.required("act", values::line);
    let window = top.required("window", window);
    let budget = top.required("budget", values::amount_above_zero);
    let closes_on = window.as_ref().map(|(_, day)| *day).map_err(|noted| *noted);
    let around = Surroundings {
        region: &programme.region,
        budget,
        closes_on,
    };
    let rules = top.required("rules", |value| rule_set(value, &around));
    let acceptance_days = top.required("acceptance_days", values::whole(1..=DAYS_LIMIT));
    let payment_limit = top.optional("payment_limit", values::day);
    let reminders = top.required("reminders", |value| {
        reminders::read(value, window.as_ref().ok().map(|(window, _)| window))
    });
    let documents = documents::read(top);
    let procedure = top.optional("procedure", procedure::read);
    let terms = Terms {
        title: title?,
        act: act?,
        window: window?.0,
        budget: budget?,
        rules: rules?,
        former_rules: Vec::new(),
        acceptance_days: acceptance_days?,
        payment_limit: payment_limit?,
        reminders: reminders?,
        documents: documents?,
        procedure: procedure?.unwrap_or_default(),
    };
    Ok(ParsedCall { id: id?, terms })
}

/// A new version of the rules of a running call: `[rules]` alone, checked against its budget.
pub(super) fn read_rules(top: &Section<'_>, programme: &Programme, call: &Terms) -> Read<RuleSet> {
    let kept = |value: &Value<'_>| -> Read<()> {
        Err(value.refuse("is no rule and stays as published: only [rules] can change"))
    };
    for key in [
        "id",
        "title",
        "act",
        "budget",
        "window",
        "reminders",
        "acceptance_days",
        "payment_limit",
    ] {
        // A key that is there is noted as a mistake.
        let _ = top.optional(key, kept);
    }
    let around = Surroundings {
        region: &programme.region,
        budget: Ok(call.budget),
        // Rules may change after the close too.
        closes_on: Ok(NaiveDate::MAX),
    };
    top.required("rules", |value| rule_set(value, &around))
}

fn call_id(value: &Value<'_>, programme: &ProgrammeId) -> Read<CallId> {
    let id: Result<CallId, _> = values::text(value)?.parse();
    id.ok()
        .filter(|id| id.programme() == programme)
        .ok_or_else(|| {
            value.refuse(format!(
                "must be `{programme}/` and a code of the call: 1 to 40 of a-z, 0-9 and -, not \
             starting with -"
            ))
        })
}

/// `[window]`, and the civil day of the close.
fn window(value: &Value<'_>) -> Read<(Window, NaiveDate)> {
    let section = value.section()?;
    let zone = section.required("zone", values::zone);
    let opens = section.required("opens", |value| opening(value, zone));
    let closes = section.required("closes", |value| close(value, zone));
    if let (Ok(opens), Ok(closes)) = (&opens, &closes)
        && closes.at <= opens.at
    {
        let rule = format!("must be after the opening, {}", opens.text);
        return Err(section.refuse("closes", rule));
    }
    let holidays = section.optional("holidays", holidays::read);
    let outage_days = section.optional("outage_days", values::whole(1..=OUTAGE_DAYS_LIMIT));
    let (zone, opens, closes) = (zone?, opens?, closes?);
    let window = Window {
        zone,
        holidays: holidays?.unwrap_or_default(),
        opens_at: opens.at,
        closes_at: closes.at,
        opens_text: opens.text,
        closes_text: closes.text,
        extensions: Vec::new(),
        outages: Vec::new(),
        outage_days: outage_days?.unwrap_or(OUTAGE_DAYS),
    };
    Ok((window, closes.day))
}

/// An instant as the file states it.
struct Stated {
    at: DateTime<Utc>,
    day: NaiveDate,
    text: String,
}

fn opening(value: &Value<'_>, zone: Read<Zone>) -> Read<Stated> {
    let text = values::text(value)?;
    if values::parse_day(text).is_some() {
        return Err(value.refuse(INSTANT_FORM));
    }
    let day = civil_day(text).ok_or_else(|| value.refuse(INSTANT_FORM))?;
    let at = instant(value, text, zone)?;
    Ok(Stated {
        at,
        day,
        text: text.to_owned(),
    })
}

/// A close given as a day alone is the last microsecond of that day.
fn close(value: &Value<'_>, zone: Read<Zone>) -> Read<Stated> {
    let text = values::text(value)?;
    let Some(day) = values::parse_day(text) else {
        return opening(value, zone);
    };
    let at = instant(value, text, zone)?;
    Ok(Stated {
        at,
        day,
        text: text.to_owned(),
    })
}

fn instant(value: &Value<'_>, text: &str, zone: Read<Zone>) -> Read<DateTime<Utc>> {
    resolve_deadline(text, &zone?).map_err(|error| value.refuse(format!("{INSTANT_FORM}: {error}")))
}

/// The day that a civil time begins with.
fn civil_day(text: &str) -> Option<NaiveDate> {
    values::parse_day(text.get(..10)?)
}

#[cfg(test)]
mod tests {
    use crate::call_file::tests::{CALL, accept, check, edited, parsed};

    #[test]
    fn the_window_is_civil_time_of_its_zone() {
        let window = parsed(CALL).terms.window;

        assert_eq!(window.opens_at.to_rfc3339(), "2016-04-04T08:00:00+00:00");
        assert_eq!(window.closes_at.to_rfc3339(), "2016-05-31T14:00:00+00:00");
        assert_eq!(window.closes_text, "2016-05-31 16:00");
    }

    #[test]
    fn a_close_given_as_a_day_alone_is_its_last_microsecond() {
        let window = parsed(&edited(CALL, "2016-05-31 16:00", "2016-05-31"))
            .terms
            .window;

        assert_eq!(
            window.closes_at.to_rfc3339(),
            "2016-05-31T21:59:59.999999+00:00"
        );
    }

    #[test]
    fn an_outage_gives_back_a_day_unless_the_file_says_more() {
        let closes = "closes = \"2016-05-31 16:00\"";
        assert_eq!(parsed(CALL).terms.window.outage_days, 1);
        let text = edited(CALL, closes, &format!("{closes}\noutage_days = 3"));
        assert_eq!(parsed(&text).terms.window.outage_days, 3);
        let none = format!("{closes}\noutage_days = 0");
        check(&[(closes, &none, "window.outage_days", "from 1 to 60")]);
    }

    #[test]
    fn the_window_is_checked_against_its_zone() {
        let (opens, closes) = ("\"2016-04-04 10:00\"", "\"2016-05-31 16:00\"");
        check(&[
            (
                closes,
                opens,
                "window.closes",
                "must be after the opening, 2016-04-04 10:00",
            ),
            (
                closes,
                "\"2016-04-03\"",
                "window.closes",
                "must be after the opening",
            ),
            (
                closes,
                "2016-05-31T16:00:00",
                "window.closes",
                "must be text in quotes",
            ),
            (
                closes,
                "\"2016-02-30 16:00\"",
                "window.closes",
                "must be a civil time",
            ),
            (
                opens,
                "\"2016-04-04\"",
                "window.opens",
                "must be a civil time",
            ),
            (
                opens,
                "\"1016-04-04 10:00\"",
                "window.opens",
                "must be a civil time",
            ),
            (
                opens,
                "\"2016-03-27 02:30\"",
                "window.opens",
                "must be a civil time",
            ),
            (
                "Europe/Rome",
                "Europe/Roma",
                "window.zone",
                "such as \"Europe/Rome\"",
            ),
        ]);
        accept(&[
            (closes, "\"2016-04-04 10:01\""),
            (opens, "\"2016-03-27 03:00\""),
        ]);
    }

    #[test]
    fn an_hour_that_comes_twice_needs_its_offset() {
        let closes = "\"2016-05-31 16:00\"";
        check(&[(
            closes,
            "\"2016-10-30 02:30\"",
            "window.closes",
            "must be a civil time",
        )]);

        let window = parsed(&edited(CALL, closes, "\"2016-10-30 02:30 +01:00\""))
            .terms
            .window;

        assert_eq!(window.closes_at.to_rfc3339(), "2016-10-30T01:30:00+00:00");
    }
}
