//! Calendars of public holidays, as data: a country is a file (`config/holidays/*.toml`).

use std::sync::{Arc, LazyLock};

use chrono::{Datelike as _, NaiveDate, TimeDelta, Weekday};
use serde::{Deserialize, Serialize};

use crate::programme::Text;

/// The calendars that are shipped, by the name a call gives.
const SHIPPED: [(&str, &str); 1] = [(
    "it",
    include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../config/holidays/it.toml"
    )),
)];

static ITALIAN: LazyLock<Holidays> = LazyLock::new(|| {
    let (_, text) = SHIPPED[0];
    toml::from_str(text).unwrap_or_else(|error| unreachable!("the calendar of Italy: {error}"))
});

/// A calendar that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HolidayError {
    #[error("`{0}` is no weekday, such as \"SUN\"")]
    Weekday(String),
    #[error("`{0}` is no month and day, such as \"12-25\"")]
    MonthDay(String),
    #[error("a holiday stands either `on` a day of the year or so many days after `easter`")]
    When,
    #[error("a holiday ends before it begins: from {from} until {until}")]
    Years { from: i32, until: i32 },
    #[error("{0} days from Easter is more than a year away")]
    FarFromEaster(i32),
    #[error("every day of the week is closed: nothing could ever be done")]
    NeverOpen,
}

/// Which days are holidays, and which days offices work. Stored with a call: only add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Holidays(Arc<Calendar>);

#[derive(Debug, PartialEq, Eq)]
struct Calendar {
    weekly: Vec<Weekday>,
    closed: Vec<Weekday>,
    days: Vec<Holiday>,
}

/// A holiday of every year, or of some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holiday {
    when: When,
    name: Text,
    from: Option<i32>,
    until: Option<i32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    On {
        month: u32,
        day: u32,
    },
    /// Days after Easter Sunday of the western churches.
    Easter(i32),
}

impl Holidays {
    /// Days of the week that are holidays, days of the week on which offices do not work, and the
    /// holidays of the year.
    ///
    /// # Errors
    /// When no day is left on which anything could be done.
    pub(crate) fn new(
        weekly: Vec<Weekday>,
        closed: Vec<Weekday>,
        days: Vec<Holiday>,
    ) -> Result<Self, HolidayError> {
        let all = (0..7).filter_map(|day| Weekday::try_from(day).ok());
        let shut = |day: Weekday| closed.contains(&day) || weekly.contains(&day);
        if all.into_iter().all(shut) {
            return Err(HolidayError::NeverOpen);
        }
        Ok(Self(Arc::new(Calendar {
            weekly,
            closed,
            days,
        })))
    }

    /// Those of Italy.
    pub fn italian() -> Self {
        ITALIAN.clone()
    }

    pub fn are_italian(&self) -> bool {
        *self == *ITALIAN
    }

    /// A shipped calendar by its name, such as `it`.
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, text) = SHIPPED.into_iter().find(|(known, _)| *known == name)?;
        toml::from_str(text).ok()
    }

    /// The name of the shipped calendar it is; `None` for one of a call's own.
    pub fn shipped_name(&self) -> Option<&'static str> {
        Self::names().find(|name| Self::shipped(name).as_ref() == Some(self))
    }

    /// The names of all shipped calendars.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHIPPED.into_iter().map(|(name, _)| name)
    }

    pub fn contains(&self, on: NaiveDate) -> bool {
        self.0.weekly.contains(&on.weekday()) || self.name(on).is_some()
    }

    /// The name of a holiday; `None` for other days and for those of every week.
    pub fn name(&self, on: NaiveDate) -> Option<&Text> {
        let is_on = |holiday: &&Holiday| holiday.is_on(on);
        self.0.days.iter().find(is_on).map(|holiday| &holiday.name)
    }

    /// A day on which offices work.
    pub fn is_working_day(&self, on: NaiveDate) -> bool {
        !self.0.closed.contains(&on.weekday()) && !self.contains(on)
    }
}

impl Default for Holidays {
    fn default() -> Self {
        Self::italian()
    }
}

impl Holiday {
    fn is_on(&self, on: NaiveDate) -> bool {
        let year = on.year();
        let in_force = self.from.is_none_or(|from| year >= from)
            && self.until.is_none_or(|until| year <= until);
        in_force
            && match self.when {
                When::On { month, day } => (on.month(), on.day()) == (month, day),
                When::Easter(days) => {
                    // Counted back from the day: the holiday may be in the year after its Easter.
                    let easter = on - TimeDelta::days(days.into());
                    computus::gregorian_naive(easter.year()).is_ok_and(|found| found == easter)
                }
            }
    }
}

/// A calendar as it is written in a file and in the stored call.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    weekly: Vec<String>,
    closed: Vec<String>,
    #[serde(default)]
    days: Vec<Stated>,
}

/// A holiday as it is written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stated {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) on: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) easter: Option<i32>,
    pub(crate) name: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<i32>,
}

impl TryFrom<Written> for Holidays {
    type Error = HolidayError;

    fn try_from(written: Written) -> Result<Self, HolidayError> {
        let weekdays = |names: Vec<String>| -> Result<Vec<Weekday>, HolidayError> {
            let read = names
                .into_iter()
                .map(|name| weekday(&name).ok_or(HolidayError::Weekday(name)));
            read.collect()
        };
        let days = written.days.into_iter().map(Holiday::try_from);
        Self::new(
            weekdays(written.weekly)?,
            weekdays(written.closed)?,
            days.collect::<Result<_, _>>()?,
        )
    }
}

impl TryFrom<Stated> for Holiday {
    type Error = HolidayError;

    fn try_from(written: Stated) -> Result<Self, HolidayError> {
        let when = match (written.on, written.easter) {
            (Some(on), None) => month_and_day(&on).ok_or(HolidayError::MonthDay(on))?,
            (None, Some(days)) if days.abs() <= 366 => When::Easter(days),
            (None, Some(days)) => return Err(HolidayError::FarFromEaster(days)),
            (Some(_), Some(_)) | (None, None) => return Err(HolidayError::When),
        };
        if let (Some(from), Some(until)) = (written.from, written.until)
            && until < from
        {
            return Err(HolidayError::Years { from, until });
        }
        Ok(Self {
            when,
            name: written.name,
            from: written.from,
            until: written.until,
        })
    }
}

impl From<Holidays> for Written {
    fn from(holidays: Holidays) -> Self {
        let weekdays = |days: &[Weekday]| {
            let names = days.iter().map(|day| day.to_string().to_uppercase());
            names.collect()
        };
        let calendar = &holidays.0;
        let days = calendar.days.iter().map(|holiday| {
            let (on, easter) = match holiday.when {
                When::On { month, day } => (Some(format!("{month:02}-{day:02}")), None),
                When::Easter(days) => (None, Some(days)),
            };
            Stated {
                on,
                easter,
                name: holiday.name.clone(),
                from: holiday.from,
                until: holiday.until,
            }
        });
        Self {
            weekly: weekdays(&calendar.weekly),
            closed: weekdays(&calendar.closed),
            days: days.collect(),
        }
    }
}

/// By its English name in three letters and capitals, as cron expressions name it too.
pub(crate) fn weekday(name: &str) -> Option<Weekday> {
    let is_name = name.len() == 3 && name.bytes().all(|byte| byte.is_ascii_uppercase());
    is_name.then(|| name.parse().ok()).flatten()
}

/// A day that some year has.
fn month_and_day(text: &str) -> Option<When> {
    let leap_year = NaiveDate::parse_from_str(&format!("2000-{text}"), "%Y-%m-%d").ok()?;
    let is_written_out = text.len() == 5;
    is_written_out.then(|| When::On {
        month: leap_year.month(),
        day: leap_year.day(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_holidays_of_italy_are_those_of_the_law() {
        let italian = Holidays::italian();

        for (on, is_holiday) in [
            ("2026-04-05", true), // Easter
            ("2026-04-06", true),
            ("2026-04-03", false), // Good Friday is none
            ("2025-10-04", false),
            ("2026-10-04", true),
            ("2027-10-04", true),
            ("2027-03-29", true),  // Easter Monday
            ("2027-06-24", false), // a patron saint is none
            ("2027-06-26", false), // nor is a Saturday
            ("2027-06-27", true),
        ] {
            assert_eq!(italian.contains(day(on)), is_holiday, "{on}");
        }
        assert!(!italian.is_working_day(day("2027-06-26")));
        let name = italian.name(day("2027-10-04")).unwrap();
        assert_eq!(name.en, "Saint Francis of Assisi");
    }

    #[test]
    fn another_country_is_a_file() {
        let portuguese: Holidays = toml::from_str(
            r#"weekly = []
               closed = ["SAT", "SUN"]
               days = [
                 { easter = -2, name = { it = "Venerdì santo", en = "Good Friday" } },
                 { easter = 60, name = { it = "Corpus Domini", en = "Corpus Christi" } },
                 { on = "10-05", until = 2030, name = { it = "Repubblica", en = "Republic" } },
               ]"#,
        )
        .unwrap();

        assert!(portuguese.contains(day("2027-03-26")));
        assert!(portuguese.contains(day("2027-05-27")));
        assert!(portuguese.contains(day("2030-10-05")));
        assert!(!portuguese.contains(day("2031-10-05")));
        assert!(!portuguese.contains(day("2027-06-27")), "a Sunday");
        let stored = serde_json::to_string(&portuguese).unwrap();
        assert_eq!(
            serde_json::from_str::<Holidays>(&stored).unwrap(),
            portuguese
        );
    }

    #[test]
    fn what_cannot_be_a_calendar_is_refused_with_its_rule() {
        let refusal = |text: &str| toml::from_str::<Holidays>(text).unwrap_err().to_string();
        let with = |day: &str| format!("weekly = []\nclosed = []\n[[days]]\n{day}\n");
        let named = |day: &str| with(&format!("{day}\nname = {{ it = \"a\", en = \"a\" }}"));

        for (text, rule) in [
            (
                "weekly = [\"Sunday\"]\nclosed = []".to_owned(),
                "no weekday",
            ),
            ("weekly = [\"7\"]\nclosed = []".to_owned(), "no weekday"),
            (named("on = \"02-30\""), "no month and day"),
            (named("on = \"2-3\""), "no month and day"),
            (named(""), "either `on`"),
            (named("on = \"02-03\"\neaster = 1"), "either `on`"),
            (named("easter = 400"), "more than a year"),
            (
                named("on = \"02-03\"\nfrom = 2030\nuntil = 2029"),
                "ends before it begins",
            ),
            (
                "weekly = [\"SUN\"]\nclosed = [\"MON\", \"TUE\", \"WED\", \"THU\", \"FRI\", \"SAT\"]"
                    .to_owned(),
                "every day of the week",
            ),
        ] {
            let refused = refusal(&text);
            assert!(refused.contains(rule), "{text}: {refused}");
        }
    }
}
