//! Lengths of terms, counted forwards from a day or backwards from one. The day a length is counted
//! from does not count (art. 2963 of the civil code).

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike as _, Days, Months, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};

use crate::holidays::Holidays;

/// Longest length, in any unit: further off, no calendar of holidays can be trusted.
pub const LONGEST: u32 = 36_600;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Days,
    /// Days on which offices work.
    WorkingDays,
    /// By the calendar: to the same day of the month, or to its last where it is shorter.
    Months,
    Years,
}

impl Unit {
    pub const ALL: [Self; 4] = [Self::Days, Self::WorkingDays, Self::Months, Self::Years];

    /// As it is written behind a number, one or many.
    const fn words(self) -> [&'static str; 2] {
        match self {
            Self::Days => ["day", "days"],
            Self::WorkingDays => ["working day", "working days"],
            Self::Months => ["month", "months"],
            Self::Years => ["year", "years"],
        }
    }
}

/// `10 days`, `20 working days`, `3 months`, `1 year`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Length {
    amount: u32,
    unit: Unit,
}

/// Why a text is no length.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no length: 1 to {LONGEST} days, working days, months or years (at most 100 years), \
     such as \"10 days\""
)]
pub struct LengthError(pub String);

/// The days a term never ends on.
#[derive(Debug, Clone, Copy)]
pub struct Rolling<'h> {
    pub holidays: &'h Holidays,
    /// Whether a Saturday is one of them.
    pub saturday_rolls: bool,
}

impl Rolling<'_> {
    /// The day itself, or the next one a term may end on.
    pub fn forwards(self, from: NaiveDate) -> NaiveDate {
        self.until_allowed(from, |day| day + Days::new(1))
    }

    /// The day itself, or the last one before it that a term may end on.
    pub fn backwards(self, from: NaiveDate) -> NaiveDate {
        self.until_allowed(from, |day| day - Days::new(1))
    }

    fn until_allowed(self, mut day: NaiveDate, step: fn(NaiveDate) -> NaiveDate) -> NaiveDate {
        while self.holidays.contains(day) || (self.saturday_rolls && day.weekday() == Weekday::Sat)
        {
            day = step(day);
        }
        day
    }
}

impl Length {
    /// # Errors
    /// When it is zero or longer than a hundred years.
    pub fn new(amount: u32, unit: Unit) -> Result<Self, LengthError> {
        let most = match unit {
            Unit::Days | Unit::WorkingDays => LONGEST,
            Unit::Months => 1_200,
            Unit::Years => 100,
        };
        let length = Self { amount, unit };
        if (1..=most).contains(&amount) {
            Ok(length)
        } else {
            Err(LengthError(length.to_string()))
        }
    }

    pub const fn amount(self) -> u32 {
        self.amount
    }

    pub const fn unit(self) -> Unit {
        self.unit
    }

    /// The last day of a term that starts on `from`; where that is a holiday, the next day that is
    /// none. Working days are none anyway.
    pub fn end(self, from: NaiveDate, rolling: Rolling<'_>) -> NaiveDate {
        match self.unit {
            Unit::Days => rolling.forwards(from + Days::new(self.amount.into())),
            Unit::Months => rolling.forwards(from + Months::new(self.amount)),
            Unit::Years => rolling.forwards(from + Months::new(self.amount * 12)),
            Unit::WorkingDays => {
                let days = from.iter_days().skip(1);
                self.working_day(days, rolling, from)
            }
        }
    }

    /// The last day to do something that must be done so long before `until`; where that is a
    /// holiday, the day before it that is none: a term counted backwards never gets shorter.
    pub fn start(self, until: NaiveDate, rolling: Rolling<'_>) -> NaiveDate {
        match self.unit {
            Unit::Days => rolling.backwards(until - Days::new(self.amount.into())),
            Unit::Months => rolling.backwards(until - Months::new(self.amount)),
            Unit::Years => rolling.backwards(until - Months::new(self.amount * 12)),
            Unit::WorkingDays => {
                let days = std::iter::successors(until.pred_opt(), NaiveDate::pred_opt);
                self.working_day(days, rolling, until)
            }
        }
    }

    fn working_day(
        self,
        days: impl Iterator<Item = NaiveDate>,
        rolling: Rolling<'_>,
        otherwise: NaiveDate,
    ) -> NaiveDate {
        let before = usize::try_from(self.amount - 1).unwrap_or(usize::MAX);
        let mut working = days.filter(|day| rolling.holidays.is_working_day(*day));
        // Only beyond the years a date can have is there none.
        working.nth(before).unwrap_or(otherwise)
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, many] = self.unit.words();
        let word = if self.amount == 1 { one } else { many };
        write!(f, "{} {word}", self.amount)
    }
}

impl FromStr for Length {
    type Err = LengthError;

    fn from_str(text: &str) -> Result<Self, LengthError> {
        let wrong = || LengthError(text.to_owned());
        let (amount, word) = text.split_once(' ').ok_or_else(wrong)?;
        let is_plain = amount.bytes().all(|byte| byte.is_ascii_digit());
        let amount: u32 = amount.parse().map_err(|_| wrong())?;
        let unit = Unit::ALL
            .into_iter()
            .find(|unit| unit.words().contains(&word))
            .filter(|_| is_plain)
            .ok_or_else(wrong)?;
        Self::new(amount, unit).map_err(|_| wrong())
    }
}

impl TryFrom<String> for Length {
    type Error = LengthError;

    fn try_from(text: String) -> Result<Self, LengthError> {
        text.parse()
    }
}

impl From<Length> for String {
    fn from(length: Length) -> Self {
        length.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn length(text: &str) -> Length {
        text.parse().unwrap()
    }

    fn ends(text: &str, from: &str) -> NaiveDate {
        let holidays = Holidays::italian();
        length(text).end(day(from), rolling(&holidays))
    }

    fn starts(text: &str, until: &str) -> NaiveDate {
        let holidays = Holidays::italian();
        length(text).start(day(until), rolling(&holidays))
    }

    fn rolling(holidays: &Holidays) -> Rolling<'_> {
        Rolling {
            holidays,
            saturday_rolls: false,
        }
    }

    #[test]
    fn every_published_vector_is_reproduced() {
        let file = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/vectors/terms.csv"
        ));
        let mut checked = 0;
        for line in file.lines().skip(1) {
            let [start, amount, unit, expected] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let written = format!("{amount} {}", unit.replace('_', " "));
            assert_eq!(ends(&written, start), day(expected), "{line}");
            checked += 1;
        }
        assert_eq!(checked, 400);
    }

    #[test]
    fn months_end_on_the_same_day_or_the_last_of_a_shorter_month() {
        assert_eq!(ends("1 month", "2028-01-31"), day("2028-02-29"));
        assert_eq!(ends("1 month", "2027-03-15"), day("2027-04-15"));
        assert_eq!(ends("1 year", "2028-02-29"), day("2029-02-28"));
        // 28 February 2027 is a Sunday.
        assert_eq!(ends("1 month", "2027-01-31"), day("2027-03-01"));
        assert_eq!(
            ends("12 months", "2027-05-04"),
            ends("1 year", "2027-05-04")
        );
    }

    #[test]
    fn a_term_counted_backwards_ends_before_a_holiday_never_after() {
        // 25 April 2027 is a Sunday and the Liberation; 24 is a Saturday and counts.
        assert_eq!(starts("10 days", "2027-05-05"), day("2027-04-24"));
        // Easter and its Monday.
        assert_eq!(starts("1 day", "2027-03-30"), day("2027-03-27"));
        assert_eq!(starts("1 working day", "2027-03-30"), day("2027-03-26"));
        assert_eq!(starts("1 month", "2028-03-31"), day("2028-02-29"));
        assert_eq!(starts("2 years", "2028-02-29"), day("2026-02-28"));
    }

    #[test]
    fn a_saturday_is_avoided_only_where_it_rolls() {
        let holidays = Holidays::italian();
        let rolls = Rolling {
            saturday_rolls: true,
            ..rolling(&holidays)
        };
        let ten = length("10 days");

        assert_eq!(ends("10 days", "2027-06-16"), day("2027-06-26"));
        assert_eq!(ten.end(day("2027-06-16"), rolls), day("2027-06-28"));
        assert_eq!(ten.start(day("2027-07-06"), rolls), day("2027-06-25"));
    }

    #[test]
    fn what_is_no_length_is_refused() {
        for text in [
            "",
            "10",
            "days",
            "10days",
            "0 days",
            "-1 days",
            "+1 days",
            "1.5 days",
            "10 weeks",
            "10  days",
            "36601 days",
            "1201 months",
            "101 years",
            "T-1 mese",
        ] {
            assert_eq!(text.parse::<Length>(), Err(LengthError(text.to_owned())));
        }
    }

    prop_compose! {
        fn lengths()(amount in 1_u32..100, unit in prop::sample::select(&Unit::ALL[..])) -> Length {
            Length::new(amount, unit).unwrap()
        }
    }

    prop_compose! {
        fn days()(day in 0_u64..40_000) -> NaiveDate {
            NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + Days::new(day)
        }
    }

    proptest! {
        #[test]
        fn a_later_start_never_ends_earlier(length in lengths(), from in days(), more in 0_u64..400) {
            let holidays = Holidays::italian();
            let later = from + Days::new(more);

            prop_assert!(
                length.end(from, rolling(&holidays)) <= length.end(later, rolling(&holidays))
            );
            prop_assert!(
                length.start(from, rolling(&holidays)) <= length.start(later, rolling(&holidays))
            );
        }

        #[test]
        fn an_end_is_no_holiday_and_lies_outside(length in lengths(), from in days()) {
            let holidays = Holidays::italian();
            let (end, start) = (
                length.end(from, rolling(&holidays)),
                length.start(from, rolling(&holidays)),
            );

            prop_assert!(start < from && from < end);
            prop_assert!(!holidays.contains(start) && !holidays.contains(end));
        }

        #[test]
        fn a_length_is_read_as_it_is_written(length in lengths()) {
            prop_assert_eq!(length.to_string().parse(), Ok(length));
        }

        /// Counted there and back in working days, a working day is itself again.
        #[test]
        fn working_days_count_the_same_both_ways(amount in 1_u32..60, from in days()) {
            let holidays = Holidays::italian();
            prop_assume!(holidays.is_working_day(from));
            let length = Length::new(amount, Unit::WorkingDays).unwrap();

            let end = length.end(from, rolling(&holidays));

            prop_assert_eq!(length.start(end, rolling(&holidays)), from);
        }
    }
}
