//! Cron expressions on the civil calendar: evaluated as if there were no clock changes, then
//! resolved in the zone, in a gap the first instant after it and in an overlap once.

use std::str::FromStr as _;

use chrono::{DateTime, NaiveDateTime, Utc};
use cron::Schedule;
use serde::{Deserialize, Serialize};

use crate::civil::{Zone, resolve_fire};

/// Why an expression is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    #[error("`{0}`: five fields expected (minute hour day month weekday), or @daily and the like")]
    FieldCount(String),
    #[error("`{0}`: weekdays are written by name, such as MON-FRI")]
    NumericWeekday(String),
    #[error(
        "`{0}`: day of month and day of week together mean different things to different crons"
    )]
    BothDays(String),
    #[error("`{0}` is no cron expression: {1}")]
    Malformed(String, String),
    #[error("`{0}` never fires")]
    Never(String),
}

/// One fire: the civil time it is named after, and the instant it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fire {
    pub nominal: NaiveDateTime,
    pub at: DateTime<Utc>,
}

/// Written and stored as its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CronSchedule {
    text: String,
    schedule: Schedule,
}

impl PartialEq for CronSchedule {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for CronSchedule {}

impl TryFrom<String> for CronSchedule {
    type Error = CronError;
    fn try_from(text: String) -> Result<Self, CronError> {
        Self::parse(&text)
    }
}

impl From<CronSchedule> for String {
    fn from(schedule: CronSchedule) -> Self {
        schedule.text
    }
}

const SHORTHANDS: [(&str, &str); 6] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * MON"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

impl CronSchedule {
    /// # Errors
    /// Names the rule that is broken; an expression that never fires is refused too.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let text = text.trim();
        let expression = SHORTHANDS
            .into_iter()
            .find(|(shorthand, _)| *shorthand == text)
            .map_or(text, |(_, expression)| expression);
        let fields: Vec<&str> = expression.split_whitespace().collect();
        let &[_, _, day_of_month, _, day_of_week] = fields.as_slice() else {
            return Err(CronError::FieldCount(text.to_owned()));
        };
        if day_of_week.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(CronError::NumericWeekday(text.to_owned()));
        }
        let open = |field: &str| field == "*" || field == "?";
        if !open(day_of_month) && !open(day_of_week) {
            return Err(CronError::BothDays(text.to_owned()));
        }
        let schedule = Schedule::from_str(&format!("0 {}", fields.join(" ")))
            .map_err(|error| CronError::Malformed(text.to_owned(), error.to_string()))?;
        // Any calendar repeats within eight years of a leap year.
        if schedule.after(&DateTime::UNIX_EPOCH).next().is_none() {
            return Err(CronError::Never(text.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            schedule,
        })
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first fire after `after`; strictly later, whatever the clocks do.
    pub fn next_after(&self, zone: &Zone, after: DateTime<Utc>) -> Option<Fire> {
        // No civil time up to the one that the clocks show now resolves to later: one in a gap
        // becomes the gap's end, which then lies behind, and one that comes twice its first.
        let civil = after.with_timezone(&zone.tz()).naive_local();
        self.schedule
            .after(&civil.and_utc())
            .map(|nominal| nominal.naive_utc())
            .map(|nominal| Fire {
                nominal,
                at: resolve_fire(nominal, zone),
            })
            .find(|fire| fire.at > after)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike as _, TimeDelta};
    use proptest::prelude::*;

    use super::*;

    fn fires(expression: &str, zone: &str, year: i32) -> Vec<Fire> {
        let (schedule, zone): (_, Zone) = (
            CronSchedule::parse(expression).unwrap(),
            zone.parse().unwrap(),
        );
        let mut after = resolve_fire(
            chrono::NaiveDate::from_ymd_opt(year, 1, 1)
                .unwrap()
                .and_hms_opt(0, 0, 0)
                .unwrap(),
            &zone,
        ) - TimeDelta::microseconds(1);
        let mut found = Vec::new();
        while let Some(fire) = schedule.next_after(&zone, after) {
            if fire.nominal.year() > year {
                break;
            }
            after = fire.at;
            found.push(fire);
        }
        found
    }

    #[test]
    fn a_daily_schedule_in_the_gap_and_the_overlap_fires_every_day_once() {
        let found = fires("30 2 * * *", "Europe/Rome", 2027);

        assert_eq!(found.len(), 365);
        let gap = found
            .iter()
            .find(|fire| fire.nominal.to_string().starts_with("2027-03-28"));
        assert_eq!(gap.unwrap().at.to_rfc3339(), "2027-03-28T01:00:00+00:00");
    }

    #[test]
    fn what_is_refused_names_its_rule() {
        let refusal = |text: &str| CronSchedule::parse(text).unwrap_err();

        assert!(matches!(refusal("0 0 7 * * *"), CronError::FieldCount(_)));
        assert!(matches!(refusal("0 0 7 * * * *"), CronError::FieldCount(_)));
        assert!(matches!(
            refusal("0 7 * * 1-5"),
            CronError::NumericWeekday(_)
        ));
        assert!(matches!(refusal("0 7 1 * MON"), CronError::BothDays(_)));
        assert!(matches!(refusal("0 0 30 2 *"), CronError::Never(_)));
        assert!(matches!(refusal("61 7 * * *"), CronError::Malformed(..)));
    }

    #[test]
    fn weekdays_by_name_fire_on_those_days() {
        let found = fires("0 7 * * MON-FRI", "Europe/Rome", 2027);

        assert!(
            found
                .iter()
                .all(|fire| fire.nominal.weekday().num_days_from_monday() < 5)
        );
        assert_eq!(found.len(), 261);
    }

    proptest! {
        #[test]
        fn fires_are_strictly_increasing_and_keep_their_civil_time(
            minute in 0_u32..60,
            hour in 0_u32..24,
            every in prop::sample::select(vec!["*", "*/2", "*/3"]),
            year in 2026_i32..2037,
            zone in prop::sample::select(vec![
                "Europe/Rome", "Europe/Lisbon", "America/Santiago", "Australia/Lord_Howe",
            ]),
        ) {
            let found = fires(&format!("{minute} {hour} {every} * *"), zone, year);
            let zone: Zone = zone.parse().unwrap();

            prop_assert!(found.is_sorted_by(|one, next| one.at < next.at));
            for fire in found {
                let local = fire.at.with_timezone(&zone.tz()).naive_local();
                prop_assert!(local == fire.nominal || local - fire.nominal <= TimeDelta::hours(1));
            }
        }
    }
}
