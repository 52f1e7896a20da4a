//! A call's calendar, as a list and as iCalendar.

use bando_domain::calendar::{self, Status};
use bando_domain::ids::CallId;
use bando_domain::rehearsal::{self, Kind};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::output::Row;

#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    at: String,
    civil: String,
    zone: String,
    kind: &'static str,
    subject: String,
    audience: &'static str,
    warnings: Vec<String>,
    #[serde(skip)]
    weekday: String,
}

impl From<&rehearsal::Entry> for Entry {
    fn from(entry: &rehearsal::Entry) -> Self {
        Self {
            at: entry.at.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string(),
            civil: entry.civil.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
            zone: entry.zone.to_string(),
            kind: entry.kind.as_str(),
            subject: entry.subject.clone(),
            audience: entry.audience.as_str(),
            warnings: entry.warnings.clone(),
            weekday: entry.civil.format("%a").to_string(),
        }
    }
}

impl Row for Entry {
    const HEAD: &'static [&'static str] =
        &["DATE", "DAY", "TIME", "KIND", "WHAT", "WHOM", "WARNINGS"];

    fn cells(&self) -> Vec<String> {
        let (date, time) = self.civil.split_once('T').unwrap_or_default();
        // Whole minutes as such; the microsecond before midnight as it is.
        let time = time.strip_suffix(":00").unwrap_or(time);
        vec![
            date.to_owned(),
            self.weekday.clone(),
            time.to_owned(),
            self.kind.to_owned(),
            self.subject.clone(),
            self.audience.to_owned(),
            self.warnings.join("; "),
        ]
    }

    fn name(&self) -> String {
        format!("{} {}", self.at, self.subject)
    }
}

/// As a person reads it: of a routine the first time alone, and how often it comes.
pub(crate) fn brief(entries: &[rehearsal::Entry]) -> Vec<Entry> {
    let mut rows = Vec::new();
    let mut told: Vec<&str> = Vec::new();
    for entry in entries {
        let mut row = Entry::from(entry);
        if entry.kind == Kind::Schedule {
            if told.contains(&entry.subject.as_str()) {
                continue;
            }
            told.push(&entry.subject);
            let same = |other: &&rehearsal::Entry| {
                other.kind == Kind::Schedule && other.subject == entry.subject
            };
            let times = entries.iter().filter(same).count();
            if times > 1 {
                row.subject = format!("{} (first of {times})", entry.subject);
            }
        }
        rows.push(row);
    }
    rows
}

/// The same file for the same calendar: its stamps are those of the events.
pub(crate) fn calendar(call: &CallId, title: &str, entries: &[rehearsal::Entry]) -> String {
    let entries: Vec<_> = entries.iter().map(|entry| dated(call, entry)).collect();
    calendar::render(title, &entries)
}

fn dated(call: &CallId, entry: &rehearsal::Entry) -> calendar::Entry {
    calendar::Entry {
        uid: uid(call, entry),
        stamp: entry.at,
        at: entry.at,
        summary: format!("{call}: {}", entry.subject),
        description: described(entry),
        category: entry.kind.as_str().to_owned(),
        sequence: 0,
        status: Status::Confirmed,
    }
}

/// Another date of the same thing is another event: nothing of a rehearsal ever moves.
fn uid(call: &CallId, entry: &rehearsal::Entry) -> String {
    let subject = entry
        .subject
        .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let at: DateTime<Utc> = entry.at;
    format!(
        "{}-{}-{subject}@{call}",
        entry.kind.as_str(),
        at.timestamp_micros()
    )
}

fn described(entry: &rehearsal::Entry) -> String {
    let mut lines = vec![format!("for {}", entry.audience.as_str())];
    lines.extend(
        entry
            .warnings
            .iter()
            .map(|warning| format!("look: {warning}")),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use bando_domain::rehearsal::Audience;

    use super::*;

    fn entry() -> rehearsal::Entry {
        let at: DateTime<Utc> = "2027-06-23T14:00:00Z".parse().unwrap();
        rehearsal::Entry {
            at,
            civil: "2027-06-23T16:00:00".parse().unwrap(),
            zone: "Europe/Rome".parse().unwrap(),
            kind: Kind::Stage,
            subject: "the call closes; all of it, at last".to_owned(),
            audience: Audience::Consortia,
            warnings: vec!["in August".to_owned()],
        }
    }

    #[test]
    fn a_row_shows_civil_time_with_its_weekday() {
        let cells = Entry::from(&entry()).cells();

        assert_eq!(cells[..3], ["2027-06-23", "Wed", "16:00"]);
        assert_eq!(cells[6], "in August");
    }

    #[test]
    fn a_person_reads_a_routine_once() {
        let fire = rehearsal::Entry {
            kind: Kind::Schedule,
            subject: "officers-digest".to_owned(),
            ..entry()
        };

        let rows = brief(&[fire.clone(), entry(), fire]);

        let subjects: Vec<_> = rows.iter().map(|row| row.subject.as_str()).collect();
        assert_eq!(subjects, ["officers-digest (first of 2)", &entry().subject]);
    }

    #[test]
    fn a_calendar_is_the_same_each_time_and_escapes_its_texts() {
        let call: CallId = "er/2027".parse().unwrap();
        let text = calendar(&call, "2027 call", &[entry()]);

        assert_eq!(text, calendar(&call, "2027 call", &[entry()]));
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n"), "{text}");
        assert!(text.contains("DTSTART:20270623T140000Z\r\n"), "{text}");
        assert!(
            text.contains("the call closes\\; all of it\\, at last"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
    }
}
