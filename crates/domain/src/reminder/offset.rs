//! How long before or after something: `T-30d`, `T-4h`, `T-90m`, `T0`, `T+1d`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest offset, in days.
pub const LIMIT_DAYS: u32 = 366;

/// The forms of an offset, for whoever wrote another one.
pub const FORM: &str = "must be a time before the end, on its day or after it: T- and whole days, \
                        hours or minutes above zero, up to 366 days, such as \"T-30d\", \"T-4h\" \
                        or \"T-90m\"; \"T0\"; or T+ and whole days, such as \"T+1d\"";

const DAY: u32 = 24 * 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Offset {
    /// So many civil days before, at the reminder's hour.
    DaysBefore(u32),
    /// To the minute.
    MinutesBefore(u32),
    OnTheDay,
    DaysAfter(u32),
}

impl Offset {
    /// Minutes before, as far as it is before.
    pub const fn minutes_before(self) -> Option<u32> {
        match self {
            Self::DaysBefore(days) => days.checked_mul(DAY),
            Self::MinutesBefore(minutes) => Some(minutes),
            Self::OnTheDay | Self::DaysAfter(_) => None,
        }
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DaysBefore(days) => write!(f, "T-{days}d"),
            Self::MinutesBefore(minutes) if minutes % 60 == 0 => write!(f, "T-{}h", minutes / 60),
            Self::MinutesBefore(minutes) => write!(f, "T-{minutes}m"),
            Self::OnTheDay => f.write_str("T0"),
            Self::DaysAfter(days) => write!(f, "T+{days}d"),
        }
    }
}

/// Not an offset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` {FORM}")]
pub struct NotAnOffset(String);

impl FromStr for Offset {
    type Err = NotAnOffset;

    fn from_str(text: &str) -> Result<Self, NotAnOffset> {
        parse(text).ok_or_else(|| NotAnOffset(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Offset> {
    if text == "T0" {
        return Some(Offset::OnTheDay);
    }
    if let Some(rest) = text.strip_prefix("T+") {
        let days = number(rest.strip_suffix('d')?)?;
        return (days <= LIMIT_DAYS).then_some(Offset::DaysAfter(days));
    }
    let rest = text.strip_prefix("T-")?;
    let unit = rest.chars().last()?;
    let number = number(rest.strip_suffix(unit)?)?;
    let offset = match unit {
        'd' => Offset::DaysBefore(number),
        'h' => Offset::MinutesBefore(number.checked_mul(60)?),
        'm' => Offset::MinutesBefore(number),
        _ => return None,
    };
    (offset.minutes_before()? <= LIMIT_DAYS * DAY).then_some(offset)
}

/// Digits alone, above zero.
fn number(digits: &str) -> Option<u32> {
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

impl TryFrom<String> for Offset {
    type Error = NotAnOffset;
    fn try_from(text: String) -> Result<Self, NotAnOffset> {
        text.parse()
    }
}

impl From<Offset> for String {
    fn from(offset: Offset) -> Self {
        offset.to_string()
    }
}
