//! Civil time: what a call states, in a zone, and the instant that means; and how instants, days
//! and amounts are printed in letters.

use std::fmt;
use std::str::FromStr;

use chrono::{
    DateTime, Datelike as _, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, Offset as _,
    TimeDelta, TimeZone as _, Timelike as _, Utc,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::money::Eur;

/// Languages of the letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    It,
    En,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::It, Self::En];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::It => "it",
            Self::En => "en",
        }
    }
}

/// Why a civil time has no single meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CivilError {
    #[error("`{0}` is no zone of the zone database, such as Europe/Rome")]
    UnknownZone(String),
    #[error("`{0}` is no civil time, such as 2027-05-31 16:00")]
    NotCivil(String),
    #[error("{civil} does not exist in {zone}: the clocks skip it; write the offset")]
    Skipped { civil: NaiveDateTime, zone: Zone },
    #[error("{civil} comes twice in {zone}: write the offset, {first} or {second}")]
    Twice {
        civil: NaiveDateTime,
        zone: Zone,
        first: FixedOffset,
        second: FixedOffset,
    },
    #[error("{zone} has no offset {offset} at {civil}")]
    WrongOffset {
        civil: NaiveDateTime,
        zone: Zone,
        offset: FixedOffset,
    },
}

/// A zone of the zone database, written by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(Tz);

impl Zone {
    /// The civil day of an instant.
    pub fn day(self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.tz()).date_naive()
    }

    pub const fn tz(self) -> Tz {
        self.0
    }

    pub fn as_str(&self) -> &'static str {
        self.0.name()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Zone {
    type Err = CivilError;
    fn from_str(text: &str) -> Result<Self, CivilError> {
        text.parse()
            .map(Self)
            .map_err(|_| CivilError::UnknownZone(text.to_owned()))
    }
}

impl TryFrom<String> for Zone {
    type Error = CivilError;
    fn try_from(text: String) -> Result<Self, CivilError> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.as_str().to_owned()
    }
}

/// An instant cut to microseconds, the finest both databases keep.
pub fn to_micros(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

/// The instant a stated deadline means: `2027-05-31 16:00`, seconds and a `T` allowed, with
/// ` +02:00` behind it where the clocks leave a doubt. A day alone means the following 00:00,
/// exclusive: its last microsecond is in time.
///
/// # Errors
/// A time that the zone skips or has twice without its offset, and what is no civil time.
pub fn resolve_deadline(text: &str, zone: &Zone) -> Result<DateTime<Utc>, CivilError> {
    let not_civil = || CivilError::NotCivil(text.to_owned());
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let midnight = day.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0));
        let end = resolve_single(midnight.ok_or_else(not_civil)?, *zone, None)?;
        return Ok(end - TimeDelta::microseconds(1));
    }
    let (civil, offset) = match text.rsplit_once(' ') {
        Some((civil, offset)) if offset.starts_with(['+', '-']) => {
            let offset = offset.parse::<FixedOffset>().map_err(|_| not_civil())?;
            (civil, Some(offset))
        }
        _ => (text, None),
    };
    let civil = civil.replacen('T', " ", 1);
    let civil = NaiveDateTime::parse_from_str(&civil, "%Y-%m-%d %H:%M:%S")
        .or_else(|_| NaiveDateTime::parse_from_str(&civil, "%Y-%m-%d %H:%M"))
        .map_err(|_| not_civil())?;
    resolve_single(civil, *zone, offset)
}

fn resolve_single(
    civil: NaiveDateTime,
    zone: Zone,
    offset: Option<FixedOffset>,
) -> Result<DateTime<Utc>, CivilError> {
    let found = zone.0.from_local_datetime(&civil);
    if let Some(offset) = offset {
        let meant = [found.earliest(), found.latest()]
            .into_iter()
            .flatten()
            .find(|at| at.offset().fix() == offset);
        return meant.map(|at| at.to_utc()).ok_or(CivilError::WrongOffset {
            civil,
            zone,
            offset,
        });
    }
    match found {
        LocalResult::Single(at) => Ok(at.to_utc()),
        LocalResult::None => Err(CivilError::Skipped { civil, zone }),
        LocalResult::Ambiguous(first, second) => Err(CivilError::Twice {
            civil,
            zone,
            first: first.offset().fix(),
            second: second.offset().fix(),
        }),
    }
}

/// The instant at which something planned for a civil time happens: in a gap the first instant
/// after it, in an overlap the first occurrence.
pub fn resolve_fire(civil: NaiveDateTime, zone: &Zone) -> DateTime<Utc> {
    if let Some(at) = zone.0.from_local_datetime(&civil).earliest() {
        return at.to_utc();
    }
    // Gaps are at most a day long (zones that crossed the date line): the offset from before the
    // gap puts `civil` behind it, and no instant before that one has reached `civil` yet.
    let mut before = Utc.from_utc_datetime(&(civil - TimeDelta::hours(26)));
    let mut after = Utc.from_utc_datetime(&(civil + TimeDelta::hours(26)));
    while after - before > TimeDelta::microseconds(1) {
        let middle = to_micros(before + (after - before) / 2);
        if middle.with_timezone(&zone.0).naive_local() < civil {
            before = middle;
        } else {
            after = middle;
        }
    }
    after
}

const WEEKDAYS: [[&str; 7]; 2] = [
    [
        "lunedì",
        "martedì",
        "mercoledì",
        "giovedì",
        "venerdì",
        "sabato",
        "domenica",
    ],
    [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ],
];

const MONTHS: [[&str; 12]; 2] = [
    [
        "gennaio",
        "febbraio",
        "marzo",
        "aprile",
        "maggio",
        "giugno",
        "luglio",
        "agosto",
        "settembre",
        "ottobre",
        "novembre",
        "dicembre",
    ],
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
];

/// `venerdì 12 marzo 2027`, `Friday 12 March 2027`.
pub fn print_day(on: NaiveDate, language: Language) -> String {
    let row = match language {
        Language::It => 0,
        Language::En => 1,
    };
    let weekday = usize::try_from(on.weekday().num_days_from_monday()).unwrap_or(0);
    let month = usize::try_from(on.month0()).unwrap_or(0);
    format!(
        "{} {} {} {}",
        WEEKDAYS[row][weekday],
        on.day(),
        MONTHS[row][month],
        on.year()
    )
}

/// `venerdì 12 marzo 2027, ore 12:00 (Europe/Rome, UTC+1)`; seconds and their fraction only when
/// they are not zero.
pub fn print_instant(at: DateTime<Utc>, zone: &Zone, language: Language) -> String {
    let local = at.with_timezone(&zone.0);
    let day = print_day(local.date_naive(), language);
    let form = match (local.second(), local.nanosecond() / 1_000) {
        (0, 0) => "%H:%M",
        (_, 0) => "%H:%M:%S",
        (_, _) => "%H:%M:%S%.6f",
    };
    let hour = match language {
        Language::It => format!("ore {}", local.format(form)),
        Language::En => local.format(form).to_string(),
    };
    format!(
        "{day}, {hour} ({zone}, {})",
        print_offset(local.offset().fix())
    )
}

/// The last instant in time of a term: the end of a day as `…, ore 24:00 (…)`, never as its last
/// microsecond.
pub fn print_due(at: DateTime<Utc>, zone: &Zone, language: Language) -> String {
    let local = at.with_timezone(&zone.0);
    let following = at + TimeDelta::microseconds(1);
    let day = local.date_naive();
    if following.with_timezone(&zone.0).date_naive() == day {
        return print_instant(at, zone, language);
    }
    let day = print_day(day, language);
    let hour = match language {
        Language::It => "ore 24:00",
        Language::En => "24:00",
    };
    format!(
        "{day}, {hour} ({zone}, {})",
        print_offset(local.offset().fix())
    )
}

/// `UTC+1`, `UTC+5:30`, `UTC`.
fn print_offset(offset: FixedOffset) -> String {
    let minutes = offset.local_minus_utc() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    match (minutes.abs() / 60, minutes.abs() % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, rest) => format!("UTC{sign}{hours}:{rest:02}"),
    }
}

/// `€ 25.000,00` in Italian, `€25,000.00` in English.
pub fn print_eur(amount: Eur, language: Language) -> String {
    let plain = amount.to_string();
    let plain = plain.trim_end_matches(" EUR");
    match language {
        Language::En => format!("€{plain}"),
        Language::It => {
            let swapped = plain.chars().map(|character| match character {
                ',' => '.',
                '.' => ',',
                other => other,
            });
            format!("€ {}", swapped.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rome() -> Zone {
        "Europe/Rome".parse().unwrap()
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_published_vectors_are_reproduced() {
        let file = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/vectors/civil_instants.csv"
        ));
        let mut checked = 0;
        for line in file.lines().skip(1) {
            let [civil, zone, expected] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let civil = civil.parse().unwrap();
            assert_eq!(
                resolve_fire(civil, &zone.parse().unwrap()),
                utc(expected),
                "{line}"
            );
            checked += 1;
        }
        assert_eq!(checked, 214);
    }

    #[test]
    fn a_deadline_means_one_instant() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                resolve_deadline(text, &rome()).unwrap(),
                utc(expected),
                "{text}"
            );
        };
        check("2016-05-31 16:00", "2016-05-31T14:00:00Z");
        check("2016-05-31T16:00:30", "2016-05-31T14:00:30Z");
        check("2016-05-31", "2016-05-31T21:59:59.999999Z");
        check("2027-10-31 02:30 +02:00", "2027-10-31T00:30:00Z");
        check("2027-10-31 02:30 +01:00", "2027-10-31T01:30:00Z");
    }

    #[test]
    fn a_deadline_in_a_gap_or_overlap_is_refused_without_its_offset() {
        let refusal = |text: &str| resolve_deadline(text, &rome()).unwrap_err();

        assert!(matches!(
            refusal("2027-03-28 02:30"),
            CivilError::Skipped { .. }
        ));
        assert!(matches!(
            refusal("2027-10-31 02:30"),
            CivilError::Twice { .. }
        ));
        assert!(matches!(
            refusal("2027-10-31 02:30 +03:00"),
            CivilError::WrongOffset { .. }
        ));
        assert!(matches!(
            refusal("2027-05-31 16:00 +01:00"),
            CivilError::WrongOffset { .. }
        ));
        assert!(matches!(refusal("31/05/2027"), CivilError::NotCivil(_)));
    }

    #[test]
    fn instants_print_with_weekday_zone_and_offset() {
        let at = utc("2027-03-12T11:00:00Z");

        let italian = print_instant(at, &rome(), Language::It);
        let english = print_instant(at + TimeDelta::microseconds(1), &rome(), Language::En);

        assert_eq!(
            italian,
            "venerdì 12 marzo 2027, ore 12:00 (Europe/Rome, UTC+1)"
        );
        assert_eq!(
            english,
            "Friday 12 March 2027, 12:00:00.000001 (Europe/Rome, UTC+1)"
        );
    }

    #[test]
    fn the_end_of_a_day_prints_as_its_twenty_fourth_hour() {
        let end = utc("2016-06-17T21:59:59.999999Z");

        let italian = print_due(end, &rome(), Language::It);
        let english = print_due(utc("2016-06-17T14:00:00Z"), &rome(), Language::En);

        assert_eq!(
            italian,
            "venerdì 17 giugno 2016, ore 24:00 (Europe/Rome, UTC+2)"
        );
        assert_eq!(english, "Friday 17 June 2016, 16:00 (Europe/Rome, UTC+2)");
    }

    #[test]
    fn amounts_print_as_each_language_writes_them() {
        assert_eq!(
            print_eur(Eur::cents(2_500_050), Language::It),
            "€ 25.000,50"
        );
        assert_eq!(print_eur(Eur::cents(2_500_050), Language::En), "€25,000.50");
    }

    #[test]
    fn a_zone_has_a_name_of_the_database() {
        assert_eq!(rome().to_string(), "Europe/Rome");
        assert!("Europe/Bologna".parse::<Zone>().is_err());
    }
}
