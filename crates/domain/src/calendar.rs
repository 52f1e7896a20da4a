//! Calendars that other programs read (iCalendar, RFC 5545). Folding and escaping are a library's;
//! nothing of an entry is drawn or taken from a clock, so that the same entries are the same text.

use chrono::{DateTime, Utc};
use icalendar::{Calendar, Component as _, Event, EventLike as _, EventStatus};

/// How firm an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Confirmed,
    /// It is suspended and will move.
    Tentative,
    Cancelled,
}

/// One instant of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The same for as long as it is the same thing, wherever it moves.
    pub uid: String,
    /// When this form of it was made.
    pub stamp: DateTime<Utc>,
    pub at: DateTime<Utc>,
    pub summary: String,
    pub description: String,
    pub category: String,
    /// Raised with every change.
    pub sequence: u32,
    pub status: Status,
}

/// A calendar with its entries in the order given.
pub fn render(name: &str, entries: &[Entry]) -> String {
    let mut calendar = Calendar::new();
    calendar.name(name);
    for entry in entries {
        calendar.push(event(entry));
    }
    calendar.to_string()
}

fn event(entry: &Entry) -> Event {
    let mut event = Event::new();
    event
        .uid(&entry.uid)
        .timestamp(entry.stamp)
        .starts(entry.at)
        .ends(entry.at)
        .summary(&entry.summary)
        .description(&entry.description)
        .add_property("CATEGORIES", &entry.category)
        .sequence(entry.sequence)
        .status(match entry.status {
            Status::Confirmed => EventStatus::Confirmed,
            Status::Tentative => EventStatus::Tentative,
            Status::Cancelled => EventStatus::Cancelled,
        });
    event.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_is_the_same_each_time_and_escapes_its_texts() {
        let at: DateTime<Utc> = "2027-06-23T14:00:00Z".parse().unwrap();
        let entry = Entry {
            uid: "er.2027.close@bando".to_owned(),
            stamp: at,
            at,
            summary: "the call closes; all of it, at last".to_owned(),
            description:
                "one line\nand another that is long enough to be folded at its 75th octet, è"
                    .to_owned(),
            category: "call_close".to_owned(),
            sequence: 3,
            status: Status::Cancelled,
        };

        let text = render("2027 call", std::slice::from_ref(&entry));

        assert_eq!(text, render("2027 call", &[entry]));
        assert!(text.starts_with("BEGIN:VCALENDAR\r\n"), "{text}");
        for line in [
            "DTSTART:20270623T140000Z\r\n",
            "DTSTAMP:20270623T140000Z\r\n",
            "UID:er.2027.close@bando\r\n",
            "SEQUENCE:3\r\n",
            "STATUS:CANCELLED\r\n",
            "SUMMARY:the call closes\\; all of it\\, at last\r\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
    }
}
