//! An address at which a program reads a calendar of deadlines: whoever knows it may read, so it is
//! random, shown once, stored hashed and revocable.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::civil::Language;
use crate::ids::{CalendarFeedId, ConsortiumId, ProgrammeId};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarFeed {
    pub id: CalendarFeedId,
    pub programme: ProgrammeId,
    /// Whose deadlines; all of the programme where it is nobody's.
    pub consortium: Option<ConsortiumId>,
    pub language: Language,
    /// Hexadecimal SHA-256 of the secret.
    pub secret_sha256: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// What happens to a calendar feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Created { feed: Box<CalendarFeed> },
    Revoked { at: DateTime<Utc>, by: String },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Revoked { .. } => "revoked",
        }
    }
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the calendar was revoked at {at}")]
    AlreadyRevoked { at: DateTime<Utc> },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::AlreadyRevoked { .. } => "CALENDAR_REVOKED",
        }
    }
}

pub fn create(feed: CalendarFeed) -> Event {
    Event::Created {
        feed: Box::new(feed),
    }
}

pub fn revoke(feed: &CalendarFeed, by: &str, now: DateTime<Utc>) -> Result<Event, Refusal> {
    if let Some(at) = feed.revoked_at {
        return Err(Refusal::AlreadyRevoked { at });
    }
    Ok(Event::Revoked {
        at: now,
        by: by.to_owned(),
    })
}

/// The feed after `event`; `None` before it was created.
#[must_use]
pub fn apply(before: Option<CalendarFeed>, event: &Event) -> Option<CalendarFeed> {
    match event {
        Event::Created { feed } => Some((**feed).clone()),
        Event::Revoked { at, .. } => before.map(|feed| CalendarFeed {
            revoked_at: Some(*at),
            ..feed
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_revoked_once() {
        let feed = CalendarFeed {
            id: uuid::Uuid::from_u128(1).into(),
            programme: "er".parse().unwrap(),
            consortium: None,
            language: Language::It,
            secret_sha256: String::new(),
            created_by: "anna".to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            revoked_at: None,
        };
        let feed = apply(None, &create(feed)).unwrap();

        let event = revoke(&feed, "anna", DateTime::UNIX_EPOCH).unwrap();
        let revoked = apply(Some(feed), &event).unwrap();

        let again = revoke(&revoked, "anna", DateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(again.reason(), "CALENDAR_REVOKED");
    }
}
