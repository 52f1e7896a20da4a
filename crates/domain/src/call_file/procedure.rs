//! `[procedure]`: the term of the procedure, and what may stop it. Every key may be left out.

use chrono::NaiveTime;

use super::reader::{Read, Value};
use super::reminders::{OFFSETS_LIMIT, minutes_of};
use super::values::{text, whole};
use crate::procedure::Rules;

/// Longest term of a consortium, in days.
const DAYS_LIMIT: u32 = 90;
/// Longest procedure, in days (L. 241/1990 art. 2 c. 4).
const PROCEDURE_LIMIT: u32 = 180;
/// Most clarification requests per application.
const REQUESTS_LIMIT: u32 = 10;

pub(super) fn read(value: &Value<'_>) -> Read<Rules> {
    let section = value.section()?;
    let term_days = section.optional("term_days", whole(1..=PROCEDURE_LIMIT));
    let saturday_rolls = section.optional("saturday_rolls", yes_or_no);
    let clarifications = section.optional("clarifications", whole(0..=REQUESTS_LIMIT));
    let clarification_days = section.optional("clarification_days", whole(1..=DAYS_LIMIT));
    let due_time = section.optional("due_time", time_of_day);
    let reminders = section.optional("reminders", reminders);
    let notice = section.optional("notice_before_rejection", yes_or_no);
    let observation_days = section.optional("observation_days", whole(1..=DAYS_LIMIT));
    let default = Rules::default();
    Ok(Rules {
        term_days: term_days?.unwrap_or(default.term_days),
        saturday_rolls: saturday_rolls?.unwrap_or(default.saturday_rolls),
        clarifications: clarifications?.unwrap_or(default.clarifications),
        clarification_days: clarification_days?.unwrap_or(default.clarification_days),
        due_time: due_time?,
        reminders: reminders?.unwrap_or(default.reminders),
        notice_before_rejection: notice?.unwrap_or(default.notice_before_rejection),
        observation_days: observation_days?.unwrap_or(default.observation_days),
    })
}

fn yes_or_no(value: &Value<'_>) -> Read<bool> {
    let known = value.raw().as_bool();
    known.ok_or_else(|| value.refuse("must be true or false"))
}

fn time_of_day(value: &Value<'_>) -> Read<NaiveTime> {
    let time = NaiveTime::parse_from_str(text(value)?, "%H:%M");
    time.map_err(|_| value.refuse("must be a time of the day in quotes, such as \"16:00\""))
}

/// May be empty: then nobody is reminded.
fn reminders(value: &Value<'_>) -> Read<Vec<u32>> {
    minutes_of(&value.elements(0..=OFFSETS_LIMIT)?)
}

#[cfg(test)]
mod tests {
    use crate::call_file::tests::{CALL, check_one, edited, parse, parsed};
    use crate::procedure::Rules;

    fn with(section: &str) -> String {
        edited(
            CALL,
            "[window]",
            &format!("[procedure]\n{section}\n[window]"),
        )
    }

    #[test]
    fn a_call_that_says_nothing_has_the_practice() {
        assert_eq!(parsed(CALL).terms.procedure, Rules::default());
        assert_eq!(parsed(&with("")).terms.procedure, Rules::default());
    }

    #[test]
    fn every_key_is_taken() {
        let text = with(
            "term_days = 180\nsaturday_rolls = true\nclarifications = 2\nclarification_days = 5\n\
             due_time = \"16:00\"\nreminders = [\"T-4h\"]\nnotice_before_rejection = true\n\
             observation_days = 15",
        );

        let expected = Rules {
            term_days: 180,
            saturday_rolls: true,
            clarifications: 2,
            clarification_days: 5,
            due_time: chrono::NaiveTime::from_hms_opt(16, 0, 0),
            reminders: vec![240],
            notice_before_rejection: true,
            observation_days: 15,
        };
        assert_eq!(parsed(&text).terms.procedure, expected);
    }

    #[test]
    fn what_is_out_of_bounds_is_told_by_its_key() {
        for (line, key, rule) in [
            ("term_days = 0", "procedure.term_days", "from 1 to 180"),
            ("term_days = 181", "procedure.term_days", "from 1 to 180"),
            (
                "clarifications = 11",
                "procedure.clarifications",
                "from 0 to 10",
            ),
            (
                "clarification_days = 0",
                "procedure.clarification_days",
                "from 1 to 90",
            ),
            (
                "observation_days = 91",
                "procedure.observation_days",
                "from 1 to 90",
            ),
            (
                "saturday_rolls = 1",
                "procedure.saturday_rolls",
                "true or false",
            ),
            (
                "due_time = \"25:00\"",
                "procedure.due_time",
                "a time of the day",
            ),
            (
                "due_time = \"16\"",
                "procedure.due_time",
                "a time of the day",
            ),
            (
                "reminders = [\"T-5d\", \"T-120h\"]",
                "procedure.reminders[1]",
                "must differ",
            ),
            (
                "reminders = [\"5d\"]",
                "procedure.reminders[0]",
                "T- and whole days",
            ),
        ] {
            check_one(parse(&with(line)).unwrap_err(), line, key, rule);
        }
        assert!(
            parsed(&with("reminders = []"))
                .terms
                .procedure
                .reminders
                .is_empty()
        );
    }
}
