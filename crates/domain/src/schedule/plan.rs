//! The plan of a schedule as a configuration says it: what fires, when, and what becomes of times
//! that were missed. All mistakes are told at once.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CatchUp, Overlap, Pause, ScheduleKind};
use crate::civil::Zone;
use crate::cron_schedule::CronSchedule;

/// A schedule's plan, with the zone it is evaluated in. Stored; only add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub name: String,
    pub kind: ScheduleKind,
    pub cron: CronSchedule,
    pub zone: Zone,
    /// Whether the zone is the programme's own.
    pub follows_programme: bool,
    pub catch_up: CatchUp,
    /// How long ago a missed nominal time may lie and still fire.
    pub window_seconds: u32,
    pub overlap: Overlap,
    pub jitter_seconds: u32,
    pub paused: bool,
    /// Of a backup: the program and its arguments.
    pub command: Vec<String>,
    pub time_limit_seconds: u32,
}

impl Plan {
    /// The plan in a programme: where no zone is written, the programme's own.
    #[must_use]
    pub fn in_zone(&self, zone: Zone) -> Self {
        Self {
            zone: if self.follows_programme {
                zone
            } else {
                self.zone
            },
            ..self.clone()
        }
    }

    pub(super) fn pause(&self, at: DateTime<Utc>) -> Option<Pause> {
        self.paused.then(|| Pause {
            by: String::new(),
            at,
            reason: "paused = true in the configuration".to_owned(),
        })
    }
}

/// One `[[schedules]]` entry as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Given {
    pub name: Option<String>,
    pub kind: Option<String>,
    pub cron: Option<String>,
    pub zone: Option<String>,
    pub catch_up: Option<String>,
    pub window: Option<String>,
    pub overlap: Option<String>,
    pub jitter: Option<String>,
    pub paused: Option<bool>,
    pub command: Option<Vec<String>>,
    pub time_limit: Option<String>,
}

/// What is wrong with an entry: the key, its value and the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// `schedules.backup.cron`
    pub key: String,
    pub value: String,
    pub rule: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?}: {}", self.key, self.value, self.rule)
    }
}

const MINUTE: u32 = 60;
const HOUR: u32 = 60 * MINUTE;
const DAY: u32 = 24 * HOUR;
/// Longest catch-up window: fires are remembered for a little longer.
const LONGEST_WINDOW: u32 = 366 * DAY;
const LONGEST_JITTER: u32 = DAY;
const LONGEST_COMMAND: u32 = 12 * HOUR;

/// Name, kind, expression, zone (`None`: the programme's), catch-up and window of what is shipped.
type Shipped = (
    &'static str,
    ScheduleKind,
    &'static str,
    Option<&'static str>,
    CatchUp,
    u32,
);

const SHIPPED: [Shipped; 6] = [
    (
        "officers-digest",
        ScheduleKind::OfficersDigest,
        "0 7 * * *",
        None,
        CatchUp::Once,
        DAY,
    ),
    (
        "weekly-report",
        ScheduleKind::WeeklyReport,
        "30 7 * * MON",
        None,
        CatchUp::Once,
        7 * DAY,
    ),
    (
        "reminders",
        ScheduleKind::Reminders,
        "0 6 * * *",
        None,
        CatchUp::Once,
        7 * DAY,
    ),
    (
        "checkpoint",
        ScheduleKind::Checkpoint,
        "0 1 * * *",
        Some("UTC"),
        CatchUp::Once,
        30 * DAY,
    ),
    (
        "retention",
        ScheduleKind::Retention,
        "0 2 * * *",
        Some("UTC"),
        CatchUp::Once,
        30 * DAY,
    ),
    (
        "roll-over",
        ScheduleKind::RollOver,
        "0 8 1 10 *",
        None,
        CatchUp::Once,
        90 * DAY,
    ),
];

/// The schedules every programme has unless its configuration says otherwise.
pub fn shipped() -> Vec<Plan> {
    plans(&[]).unwrap_or_default()
}

/// The plans of a configuration: what is shipped, changed by the entries of the same names, and
/// the other entries.
///
/// # Errors
/// Every mistake of every entry.
pub fn plans(given: &[Given]) -> Result<Vec<Plan>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut plans: Vec<Plan> = Vec::new();
    let mut own = Vec::new();
    for (place, entry) in given.iter().enumerate() {
        let name = entry.name.clone().unwrap_or_default();
        if !is_name(&name) {
            mistakes.push(Mistake {
                key: format!("schedules[{place}].name"),
                value: name,
                rule: "1 to 40 of a-z, 0-9 and -, not starting with -".to_owned(),
            });
            continue;
        }
        if own.contains(&name) {
            mistakes.push(Mistake {
                key: format!("schedules.{name}.name"),
                value: name,
                rule: "two schedules of one name".to_owned(),
            });
            continue;
        }
        own.push(name);
        let known = SHIPPED
            .iter()
            .find(|known| Some(known.0) == entry.name.as_deref());
        plans.extend(read(entry, known, &mut mistakes));
    }
    for known in &SHIPPED {
        if !own.iter().any(|name| name == known.0) {
            plans.extend(read(&Given::default(), Some(known), &mut mistakes));
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    plans.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(plans)
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('-')
}

/// Reads the fields of one entry, each with its own mistake.
struct Fields<'a> {
    name: String,
    mistakes: &'a mut Vec<Mistake>,
}

impl Fields<'_> {
    fn wrong(&mut self, key: &str, value: impl Into<String>, rule: impl Into<String>) {
        self.mistakes.push(Mistake {
            key: format!("schedules.{}.{key}", self.name),
            value: value.into(),
            rule: rule.into(),
        });
    }

    /// One of a few words.
    fn word<T: Copy>(
        &mut self,
        key: &str,
        given: Option<&String>,
        all: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        let given = given?;
        let found = all.iter().copied().find(|known| word(*known) == given);
        if found.is_none() {
            let words: Vec<_> = all.iter().map(|known| word(*known)).collect();
            self.wrong(key, given, format!("one of {}", words.join(", ")));
        }
        found
    }

    /// A length such as `30s`, `15m`, `2h` or `7d`.
    fn length(&mut self, key: &str, given: Option<&String>, most: u32) -> Option<u32> {
        let given = given?;
        match seconds(given) {
            Some(seconds) if seconds <= most => return Some(seconds),
            Some(_) => self.wrong(key, given, format!("at most {}", spoken(most))),
            None => self.wrong(key, given, "a length such as 30s, 15m, 2h or 7d"),
        }
        None
    }
}

fn read(given: &Given, known: Option<&Shipped>, mistakes: &mut Vec<Mistake>) -> Option<Plan> {
    let before = mistakes.len();
    let name = given.name.as_deref().or(known.map(|known| known.0))?;
    let mut fields = Fields {
        name: name.to_owned(),
        mistakes,
    };
    let kind = kind(given, known, &mut fields);
    let cron = cron(given, known, &mut fields);
    let written = given.zone.as_deref().or(known.and_then(|known| known.3));
    let zone = zone(written, &mut fields);
    let catch_up = fields
        .word(
            "catch_up",
            given.catch_up.as_ref(),
            &CatchUp::ALL,
            CatchUp::as_str,
        )
        .unwrap_or(known.map_or(CatchUp::Once, |known| known.4));
    let overlap = fields
        .word(
            "overlap",
            given.overlap.as_ref(),
            &Overlap::ALL,
            Overlap::as_str,
        )
        .unwrap_or(Overlap::Skip);
    let window = fields.length("window", given.window.as_ref(), LONGEST_WINDOW);
    let jitter = fields.length("jitter", given.jitter.as_ref(), LONGEST_JITTER);
    let limit = fields.length("time_limit", given.time_limit.as_ref(), LONGEST_COMMAND);
    if limit == Some(0) {
        fields.wrong("time_limit", "0", "at least a second");
    }
    let command = given.command.clone().unwrap_or_default();
    if let Some(kind) = kind {
        expect_command(kind, given, &command, &mut fields);
    }
    if fields.mistakes.len() > before {
        return None;
    }
    Some(Plan {
        name: name.to_owned(),
        kind: kind?,
        cron: cron?,
        zone: zone?,
        follows_programme: written.is_none(),
        catch_up,
        window_seconds: window.unwrap_or(known.map_or(DAY, |known| known.5)),
        overlap,
        jitter_seconds: jitter.unwrap_or(0),
        paused: given.paused.unwrap_or(false),
        command,
        time_limit_seconds: limit.unwrap_or(HOUR),
    })
}

fn kind(given: &Given, known: Option<&Shipped>, fields: &mut Fields<'_>) -> Option<ScheduleKind> {
    let all = &ScheduleKind::ALL;
    match (&given.kind, known) {
        (Some(written), known) => {
            let kind = fields.word("kind", Some(written), all, ScheduleKind::as_str)?;
            if let Some(known) = known
                && known.1 != kind
            {
                let rule = format!("{} is shipped and does {}", known.0, known.1.as_str());
                fields.wrong("kind", written, rule);
            }
            Some(kind)
        }
        (None, Some(known)) => Some(known.1),
        (None, None) => {
            let words: Vec<_> = all.iter().map(|kind| kind.as_str()).collect();
            let rule = format!("required: one of {}", words.join(", "));
            fields.wrong("kind", "", rule);
            None
        }
    }
}

fn cron(given: &Given, known: Option<&Shipped>, fields: &mut Fields<'_>) -> Option<CronSchedule> {
    let text = given.cron.as_deref().or(known.map(|known| known.2));
    let Some(text) = text else {
        fields.wrong("cron", "", "required: five fields, or @daily and the like");
        return None;
    };
    match CronSchedule::parse(text) {
        Ok(cron) => Some(cron),
        Err(error) => {
            fields.wrong("cron", text, error.to_string());
            None
        }
    }
}

/// Without a written one a zone that stands for the programme's until there is a programme.
fn zone(written: Option<&str>, fields: &mut Fields<'_>) -> Option<Zone> {
    let text = written.unwrap_or("UTC");
    match text.parse() {
        Ok(zone) => Some(zone),
        Err(error) => {
            fields.wrong("zone", text, format!("{error}"));
            None
        }
    }
}

fn expect_command(kind: ScheduleKind, given: &Given, command: &[String], fields: &mut Fields<'_>) {
    if !kind.runs_a_command() {
        if given.command.is_some() {
            let rule = format!("a {} runs no command", kind.as_str());
            fields.wrong("command", command.join(" "), rule);
        }
        if let Some(limit) = &given.time_limit {
            let rule = format!("a {} runs no command", kind.as_str());
            fields.wrong("time_limit", limit, rule);
        }
        return;
    }
    let is_absolute = command
        .first()
        .is_some_and(|program| program.starts_with('/'));
    if !is_absolute {
        let rule = "required: the absolute path of a program and its arguments, as an array";
        fields.wrong("command", command.join(" "), rule);
    }
}

fn seconds(text: &str) -> Option<u32> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let factor = match unit {
        "s" => 1,
        "m" => MINUTE,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u32 = plain.then(|| number.parse().ok())??;
    number.checked_mul(factor)
}

fn spoken(seconds: u32) -> String {
    for (factor, unit) in [(DAY, "d"), (HOUR, "h"), (MINUTE, "m")] {
        if seconds.is_multiple_of(factor) {
            return format!("{}{unit}", seconds / factor);
        }
    }
    format!("{seconds}s")
}
