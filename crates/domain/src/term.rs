//! Terms in days: the day they start from is not counted, holidays inside them are, and a last day
//! that is a holiday moves to the next day that is none (art. 2963 of the civil code).

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use serde::{Deserialize, Serialize};

use crate::civil::{Zone, resolve_fire};
use crate::holidays::Holidays;
use crate::length::Rolling;

/// A length of time that ends in a deadline. Stored with what it was set for: only add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    pub days: u32,
    /// Whether a last day on a Saturday moves too: only where the call says so.
    pub saturday_rolls: bool,
    /// The civil time of the last day at which it ends; its end when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_time: Option<NaiveTime>,
}

/// What the days of a call's terms are counted by.
#[derive(Debug, Clone, Copy)]
pub struct Reckoning<'c> {
    pub zone: &'c Zone,
    pub holidays: &'c Holidays,
}

impl Term {
    /// The last day of a term that starts on a day, which is not counted.
    pub fn last_day(&self, from: NaiveDate, holidays: &Holidays) -> NaiveDate {
        let last = from + Days::new(u64::from(self.days));
        first_allowed(last, holidays, self.saturday_rolls)
    }

    /// The last instant in time of a term that starts at an instant.
    pub fn ends_at(&self, from: DateTime<Utc>, by: Reckoning<'_>) -> DateTime<Utc> {
        let last = self.last_day(civil_day(from, by.zone), by.holidays);
        match self.due_time {
            Some(time) => in_favour(last, time, *by.zone),
            None => end_of_day(last, by.zone),
        }
    }
}

/// An instant that nobody stated, on a day that is no holiday: itself, or the same hour of the next
/// such day.
pub fn past_holidays(at: DateTime<Utc>, saturday_rolls: bool, by: Reckoning<'_>) -> DateTime<Utc> {
    let civil = at.with_timezone(&by.zone.tz()).naive_local();
    let on = first_allowed(civil.date(), by.holidays, saturday_rolls);
    if on == civil.date() {
        return at;
    }
    in_favour(on, civil.time(), *by.zone)
}

fn first_allowed(on: NaiveDate, holidays: &Holidays, saturday_rolls: bool) -> NaiveDate {
    let rolling = Rolling {
        holidays,
        saturday_rolls,
    };
    rolling.forwards(on)
}

/// The last instant of a civil day.
pub fn end_of_day(on: NaiveDate, zone: &Zone) -> DateTime<Utc> {
    in_favour(on + Days::new(1), NaiveTime::MIN, *zone) - TimeDelta::microseconds(1)
}

/// The civil day of an instant.
pub fn civil_day(at: DateTime<Utc>, zone: &Zone) -> NaiveDate {
    at.with_timezone(&zone.tz()).date_naive()
}

/// Where the clocks have a time twice, the later instant: in favour of who must be in time. Where
/// they skip it, the first instant after.
fn in_favour(on: NaiveDate, time: NaiveTime, zone: Zone) -> DateTime<Utc> {
    let civil = on.and_time(time);
    match zone.tz().from_local_datetime(&civil).latest() {
        Some(at) => at.to_utc(),
        None => resolve_fire(civil, &zone),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::examples::italian;

    fn term(days: u32) -> Term {
        Term {
            days,
            saturday_rolls: false,
            due_time: None,
        }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_published_vectors_of_days_are_reproduced() {
        let file = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/vectors/terms.csv"
        ));
        let mut checked = 0;
        for line in file.lines().skip(1) {
            let [start, amount, unit, expected] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            if unit != "days" {
                continue;
            }
            let ends = term(amount.parse().unwrap()).last_day(day(start), &Holidays::italian());
            assert_eq!(ends, day(expected), "{line}");
            checked += 1;
        }
        assert!(checked > 200, "{checked}");
    }

    #[test]
    fn a_term_of_ten_days_rolls_past_the_holidays_of_the_practice() {
        for (delivered, due) in [
            ("2026-03-26", "2026-04-07"), // Easter
            ("2026-12-15", "2026-12-28"), // Christmas, Santo Stefano and a Sunday
            ("2027-09-24", "2027-10-05"), // San Francesco is new
            ("2026-04-15", "2026-04-27"), // the Liberation on a Saturday
            ("2026-05-22", "2026-06-01"), // the day before the Republic is none
        ] {
            assert_eq!(
                term(10).last_day(day(delivered), &Holidays::italian()),
                day(due),
                "{delivered}"
            );
        }
    }

    #[test]
    fn a_saturday_counts_as_any_day_unless_the_call_says_otherwise() {
        let rolls = Term {
            saturday_rolls: true,
            ..term(10)
        };
        assert_eq!(
            term(10).last_day(day("2016-06-15"), &Holidays::italian()),
            day("2016-06-25")
        );
        assert_eq!(
            rolls.last_day(day("2016-06-15"), &Holidays::italian()),
            day("2016-06-27")
        );
    }

    #[test]
    fn an_instant_on_a_holiday_moves_to_the_same_hour_of_the_next_day_that_is_none() {
        let moved = |at: &str, saturday_rolls| {
            let at: DateTime<Utc> = at.parse().unwrap();
            past_holidays(at, saturday_rolls, italian()).to_rfc3339()
        };
        let saturday = "2016-06-04T14:00:00+00:00";
        assert_eq!(
            moved("2016-06-01T14:00:00Z", false),
            "2016-06-01T14:00:00+00:00"
        );
        assert_eq!(
            moved("2016-06-02T14:00:00Z", false),
            "2016-06-03T14:00:00+00:00"
        );
        assert_eq!(moved(saturday, false), saturday);
        assert_eq!(moved(saturday, true), "2016-06-06T14:00:00+00:00");
        // Saturday 23:30 in UTC is Sunday in Rome; the clocks are set forward in that night.
        assert_eq!(
            moved("2016-03-26T23:30:00Z", false),
            "2016-03-28T22:30:00+00:00"
        );
    }

    #[test]
    fn a_term_ends_with_its_last_day_or_at_the_hour_the_call_gives() {
        let delivered = "2016-06-13T08:30:00Z".parse().unwrap();
        let hour = Term {
            due_time: NaiveTime::from_hms_opt(16, 0, 0),
            ..term(10)
        };

        let (end, at_hour) = (
            term(10).ends_at(delivered, italian()),
            hour.ends_at(delivered, italian()),
        );

        assert_eq!(end.to_rfc3339(), "2016-06-23T21:59:59.999999+00:00");
        assert_eq!(at_hour.to_rfc3339(), "2016-06-23T14:00:00+00:00");
    }

    #[test]
    fn the_civil_day_of_the_delivery_counts_not_the_day_in_utc() {
        // 00:30 of the 14th in Rome.
        let delivered = "2016-06-13T22:30:00Z".parse().unwrap();

        let end = term(10).ends_at(delivered, italian());

        assert_eq!(end.to_rfc3339(), "2016-06-24T21:59:59.999999+00:00");
    }

    #[test]
    fn an_hour_that_comes_twice_is_the_later_one_and_a_skipped_one_the_next_instant() {
        let half_past_two = NaiveTime::from_hms_opt(2, 30, 0).unwrap();

        let twice = in_favour(day("2027-10-31"), half_past_two, *italian().zone);
        let skipped = in_favour(day("2027-03-28"), half_past_two, *italian().zone);

        assert_eq!(twice.to_rfc3339(), "2027-10-31T01:30:00+00:00");
        assert_eq!(skipped.to_rfc3339(), "2027-03-28T01:00:00+00:00");
    }

    proptest! {
        #[test]
        fn a_last_day_is_no_holiday_and_never_more_than_four_days_away(
            start in 0_i64..40_000, days in 1_u32..200
        ) {
            let from = day("2000-01-01") + Days::new(u64::try_from(start).unwrap());
            let last = term(days).last_day(from, &Holidays::italian());
            let counted = (last - from).num_days() - i64::from(days);

            prop_assert!(!Holidays::italian().contains(last));
            prop_assert!((0..=4).contains(&counted), "{} days more", counted);
        }

        #[test]
        fn a_later_delivery_never_ends_earlier(start in 0_i64..10_000_000, more in 0_i64..100_000) {
            let from = DateTime::from_timestamp(1_400_000_000 + start * 60, 0).unwrap();
            let later = from + TimeDelta::minutes(more);

            prop_assert!(term(10).ends_at(from, italian()) <= term(10).ends_at(later, italian()));
            // A civil day may have 23 hours.
            let least = from + TimeDelta::days(10) - TimeDelta::hours(1);
            prop_assert!(term(10).ends_at(from, italian()) > least);
        }
    }
}
