//! What happens by the calendar.

use bando_proto::v1;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::timer::left;
use super::{at, instant, seconds, some, word};
use crate::names::last;
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Schedule {
    name: String,
    kind: String,
    cron: String,
    zone: String,
    catch_up: String,
    window_seconds: i64,
    overlap: String,
    jitter_seconds: i64,
    paused: bool,
    paused_by: Option<String>,
    paused_at: Option<String>,
    pause_reason: Option<String>,
    next_fire_at: Option<String>,
    due_at: Option<String>,
    last_fire_at: Option<String>,
    dropped: i64,
    command: Vec<String>,
    etag: String,
    fires: Vec<Fire>,
    #[serde(skip)]
    left: String,
}

impl Schedule {
    /// A schedule as it stands at `now`.
    pub(crate) fn at(schedule: &v1::Schedule, now: DateTime<Utc>) -> Self {
        let due = instant(schedule.due_at.as_ref()).filter(|_| !schedule.paused);
        Self {
            name: schedule.name.clone(),
            kind: schedule.kind.clone(),
            cron: schedule.cron.clone(),
            zone: schedule.zone.clone(),
            catch_up: schedule.catch_up.clone(),
            window_seconds: schedule.window_seconds,
            overlap: schedule.overlap.clone(),
            jitter_seconds: schedule.jitter_seconds,
            paused: schedule.paused,
            paused_by: some(&schedule.paused_by),
            paused_at: at(schedule.paused_at.as_ref()),
            pause_reason: some(&schedule.pause_reason),
            next_fire_at: at(schedule.next_fire_at.as_ref()),
            due_at: at(schedule.due_at.as_ref()),
            last_fire_at: at(schedule.last_fire_at.as_ref()),
            dropped: schedule.dropped,
            command: schedule.command.clone(),
            etag: schedule.etag.clone(),
            fires: schedule.fires.iter().map(Fire::from).collect(),
            left: due.map(|due| left(due, now)).unwrap_or_default(),
        }
    }

    fn next(&self) -> String {
        if self.paused {
            return "paused".to_owned();
        }
        seconds(self.due_at.as_ref())
    }

    fn pause(&self) -> String {
        if !self.paused {
            return String::new();
        }
        let by = self.paused_by.as_deref().unwrap_or("the configuration");
        let reason = self.pause_reason.as_deref().unwrap_or_default();
        format!("{} by {by}: {reason}", seconds(self.paused_at.as_ref()))
    }
}

impl Row for Schedule {
    const HEAD: &'static [&'static str] = &[
        "NEXT", "LEFT", "LAST", "DROPPED", "CRON", "ZONE", "SCHEDULE", "ACTION",
    ];
    const NUMBERS: &'static [usize] = &[1, 3];

    fn cells(&self) -> Vec<String> {
        vec![
            self.next(),
            self.left.clone(),
            seconds(self.last_fire_at.as_ref()),
            self.dropped.to_string(),
            self.cron.clone(),
            self.zone.clone(),
            last(&self.name).to_owned(),
            self.kind.replace('_', " "),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl View for Schedule {
    fn text(&self) -> String {
        let length = |seconds: i64| {
            left(
                DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds),
                DateTime::UNIX_EPOCH,
            )
        };
        let missed = match self.catch_up.as_str() {
            "skip" => "skip".to_owned(),
            policy => format!("{policy}, within {}", length(self.window_seconds)),
        };
        let jitter = match self.jitter_seconds {
            0 => String::new(),
            seconds => format!("up to {}", length(seconds)),
        };
        let sheet = Sheet::titled(last(&self.name))
            .field("name", &self.name)
            .field("action", self.kind.replace('_', " "))
            .field("cron", &self.cron)
            .field("zone", &self.zone)
            .field("next", self.next())
            .field("left", &self.left)
            .field("last", seconds(self.last_fire_at.as_ref()))
            .field("paused", self.pause())
            .field("missed", missed)
            .field("overlap", &self.overlap)
            .field("jitter", jitter)
            .field("dropped", self.dropped.to_string())
            .field("command", self.command.join(" "))
            .field("etag", &self.etag);
        sheet.rows("FIRES", &self.fires).text()
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Fire {
    name: String,
    origin: String,
    nominal_at: Option<String>,
    state: String,
    made_at: Option<String>,
    person: Option<String>,
    ended_at: Option<String>,
    detail: Option<String>,
}

impl From<&v1::Fire> for Fire {
    fn from(fire: &v1::Fire) -> Self {
        let state = v1::FireState::try_from(fire.state).ok();
        Self {
            name: fire.name.clone(),
            origin: fire.origin.clone(),
            nominal_at: at(fire.nominal_at.as_ref()),
            state: word(state.map(|state| state.as_str_name()), "FIRE_STATE_"),
            made_at: at(fire.made_at.as_ref()),
            person: some(&fire.person),
            ended_at: at(fire.ended_at.as_ref()),
            detail: some(&fire.detail),
        }
    }
}

impl Row for Fire {
    const HEAD: &'static [&'static str] =
        &["NOMINAL", "FIRED", "STATE", "ORIGIN", "PERSON", "DETAIL"];

    fn cells(&self) -> Vec<String> {
        vec![
            seconds(self.nominal_at.as_ref()),
            seconds(self.made_at.as_ref()),
            self.state.clone(),
            self.origin.clone(),
            self.person.clone().unwrap_or_default(),
            self.detail.clone().unwrap_or_default(),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl View for Fire {
    fn text(&self) -> String {
        Sheet::titled(&format!("{} {}", self.origin, self.state))
            .field("name", &self.name)
            .field("nominal at", seconds(self.nominal_at.as_ref()))
            .field("asked for by", self.person.clone().unwrap_or_default())
            .field("at", seconds(self.made_at.as_ref()))
            .field("ended at", seconds(self.ended_at.as_ref()))
            .field("detail", self.detail.clone().unwrap_or_default())
            .text()
    }
}

/// A fire that lies ahead.
#[derive(Debug, Serialize)]
pub(crate) struct Upcoming {
    civil: String,
    nominal_at: Option<String>,
    due_at: Option<String>,
}

impl From<&v1::UpcomingFire> for Upcoming {
    fn from(fire: &v1::UpcomingFire) -> Self {
        Self {
            civil: fire.civil.clone(),
            nominal_at: at(fire.nominal_at.as_ref()),
            due_at: at(fire.due_at.as_ref()),
        }
    }
}

impl Row for Upcoming {
    const HEAD: &'static [&'static str] = &["CIVIL", "NOMINAL", "DUE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.civil.clone(),
            seconds(self.nominal_at.as_ref()),
            seconds(self.due_at.as_ref()),
        ]
    }

    fn name(&self) -> String {
        self.nominal_at.clone().unwrap_or_default()
    }
}
