//! `[window] holidays`: a shipped calendar by its name, or a calendar of the call's own.

use toml::de::DeValue;

use super::reader::{Read, Section, Value};
use super::values;
use crate::holidays::{Holiday, HolidayError, Holidays, Stated, weekday};

/// Most holidays of a calendar.
const HOLIDAYS_LIMIT: usize = 100;

pub(super) fn read(value: &Value<'_>) -> Read<Holidays> {
    if let DeValue::String(name) = value.raw() {
        return Holidays::shipped(name).ok_or_else(|| {
            let shipped: Vec<_> = Holidays::names().collect();
            let shipped = shipped.join(", ");
            value.refuse(format!(
                "must be the name of a calendar ({shipped}) or a calendar"
            ))
        });
    }
    let section = value.section()?;
    let weekly = section.required("weekly", weekdays);
    let closed = section.required("closed", weekdays);
    let days = section.optional("days", |value| {
        let days = value.sections(0..=HOLIDAYS_LIMIT)?;
        super::reader::all(days.iter().map(holiday).collect())
    });
    let found = Holidays::new(weekly?, closed?, days?.unwrap_or_default());
    found.map_err(|error| section.refuse("closed", told(&error)))
}

fn weekdays(value: &Value<'_>) -> Read<Vec<chrono::Weekday>> {
    let named = |value: &Value<'_>| {
        let name = values::text(value)?;
        weekday(name).ok_or_else(|| value.refuse(told(&HolidayError::Weekday(name.to_owned()))))
    };
    super::reader::all(value.elements(0..=7)?.iter().map(named).collect())
}

fn holiday(section: &Section<'_>) -> Read<Holiday> {
    let on = section.optional("on", |value| values::text(value).map(str::to_owned));
    let easter = section.optional("easter", whole);
    let name = section.required("name", values::both_languages);
    let from = section.optional("from", whole);
    let until = section.optional("until", whole);
    let stated = Stated {
        on: on?,
        easter: easter?,
        name: name?,
        from: from?,
        until: until?,
    };
    Holiday::try_from(stated).map_err(|error| {
        let key = match &error {
            HolidayError::FarFromEaster(_) => "easter",
            HolidayError::Years { .. } => "until",
            HolidayError::MonthDay(_)
            | HolidayError::When
            | HolidayError::Weekday(_)
            | HolidayError::NeverOpen => "on",
        };
        section.refuse(key, told(&error))
    })
}

fn told(error: &HolidayError) -> String {
    format!("cannot be: {error}")
}

/// A whole number of either sign.
fn whole(value: &Value<'_>) -> Read<i32> {
    let number = match value.raw() {
        DeValue::Integer(number) => i32::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    };
    number.ok_or_else(|| value.refuse("must be a whole number"))
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use crate::call_file::tests::{CALL, check_one, edited, parse, parsed};
    use crate::holidays::Holidays;

    fn with(holidays: &str) -> String {
        let zone = "zone = \"Europe/Rome\"";
        edited(CALL, zone, &format!("{zone}\n{holidays}"))
    }

    /// A calendar of the call's own has to follow the keys of its window.
    fn with_own(calendar: &str) -> String {
        format!("{CALL}\n{calendar}")
    }

    const OWN: &str = "[window.holidays]\nweekly = [\"SUN\"]\nclosed = [\"SAT\", \"SUN\"]\n\
                       [[window.holidays.days]]\neaster = -2\nname.it = \"Venerdì santo\"\n\
                       name.en = \"Good Friday\"\n";

    #[test]
    fn a_call_that_says_nothing_has_the_holidays_of_italy() {
        assert_eq!(parsed(CALL).terms.window.holidays, Holidays::italian());
        let named = parsed(&with("holidays = \"it\""));
        assert_eq!(named.terms.window.holidays, Holidays::italian());
    }

    #[test]
    fn a_call_may_have_a_calendar_of_its_own() {
        let holidays = parsed(&with_own(OWN)).terms.window.holidays;

        let on = |text: &str| holidays.contains(text.parse::<NaiveDate>().unwrap());
        assert!(on("2016-03-25") && on("2016-03-27"));
        assert!(!holidays.are_italian());
        assert!(!on("2016-06-02") && !on("2016-12-26"), "{holidays:?}");
    }

    #[test]
    fn terms_end_by_the_calendar_of_their_call() {
        let ends = |text: &str| {
            let window = parsed(text).terms.window;
            let term = crate::term::Term {
                days: 10,
                saturday_rolls: false,
                due_time: None,
            };
            let delivered = "2016-05-23T08:00:00Z".parse().unwrap();
            term.ends_at(delivered, window.reckoning()).to_rfc3339()
        };

        // 2 June is the day of the Republic, in Italy.
        assert_eq!(ends(CALL), "2016-06-03T21:59:59.999999+00:00");
        assert_eq!(ends(&with_own(OWN)), "2016-06-02T21:59:59.999999+00:00");
    }

    #[test]
    fn a_calendar_is_stored_with_its_call_only_where_it_is_not_that_of_italy() {
        let stored = |text: &str| serde_json::to_value(parsed(text).terms.window).unwrap();

        assert_eq!(stored(CALL).get("holidays"), None);
        let own = stored(&with_own(OWN));
        let again: crate::call::Window = serde_json::from_value(own.clone()).unwrap();
        assert_eq!(serde_json::to_value(again).unwrap(), own);
        assert_eq!(own["holidays"]["days"][0]["easter"], -2);
    }

    #[test]
    fn what_is_no_calendar_is_told_by_its_key() {
        let day = "[[window.holidays.days]]\n";
        let names = "name.it = \"a\"\nname.en = \"a\"\n";
        let open = "[window.holidays]\nweekly = []\nclosed = []\n";
        for (text, key, rule) in [
            (with("holidays = \"fr\""), "window.holidays", "(it)"),
            (with("holidays = 1"), "window.holidays", "a table"),
            (
                with_own("[window.holidays]\nclosed = []\n"),
                "window.holidays.weekly",
                "must be given",
            ),
            (
                with_own("[window.holidays]\nweekly = [\"Sunday\"]\nclosed = []\n"),
                "window.holidays.weekly[0]",
                "no weekday",
            ),
            (
                with_own(&format!("{open}{day}on = \"02-30\"\n{names}")),
                "window.holidays.days[0].on",
                "no month and day",
            ),
            (
                with_own(&format!("{open}{day}{names}")),
                "window.holidays.days[0].on",
                "either `on`",
            ),
            (
                with_own(&format!("{open}{day}easter = 400\n{names}")),
                "window.holidays.days[0].easter",
                "more than a year away",
            ),
            (
                with_own(&format!(
                    "{open}{day}easter = 1\nfrom = 2020\nuntil = 2019\n{names}"
                )),
                "window.holidays.days[0].until",
                "ends before it begins",
            ),
        ] {
            check_one(parse(&text).unwrap_err(), &text, key, rule);
        }
    }
}
