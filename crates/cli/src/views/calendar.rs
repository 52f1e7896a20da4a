//! A calendar of deadlines that other programs subscribe to.

use bando_proto::v1;
use serde::Serialize;

use super::{at, seconds, shown, some};
use crate::names::last;
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct CalendarFeed {
    name: String,
    consortium: Option<String>,
    language: String,
    created_at: Option<String>,
    created_by: Option<String>,
    revoked_at: Option<String>,
    etag: String,
}

impl From<&v1::CalendarFeed> for CalendarFeed {
    fn from(known: &v1::CalendarFeed) -> Self {
        Self {
            name: known.name.clone(),
            consortium: some(&known.consortium),
            language: known.language.clone(),
            created_at: at(known.created_at.as_ref()),
            created_by: some(&known.created_by),
            revoked_at: at(known.revoked_at.as_ref()),
            etag: known.etag.clone(),
        }
    }
}

impl CalendarFeed {
    fn whose(&self) -> String {
        match &self.consortium {
            Some(consortium) => format!("consortium {}", last(consortium)),
            None => "office".to_owned(),
        }
    }

    fn sheet(&self) -> Sheet {
        Sheet::titled("calendar")
            .field("name", &self.name)
            .field("of", self.whose())
            .field("language", &self.language)
            .field("created at", seconds(self.created_at.as_ref()))
            .field("created by", shown(self.created_by.as_ref()))
            .field("revoked at", seconds(self.revoked_at.as_ref()))
            .field("etag", &self.etag)
    }
}

impl Row for CalendarFeed {
    const HEAD: &'static [&'static str] = &["ID", "OF", "LANGUAGE", "CREATED", "REVOKED"];

    fn cells(&self) -> Vec<String> {
        vec![
            last(&self.name).to_owned(),
            self.whose(),
            self.language.clone(),
            seconds(self.created_at.as_ref()),
            seconds(self.revoked_at.as_ref()),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl View for CalendarFeed {
    fn text(&self) -> String {
        self.sheet().text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// A calendar just made, with what is shown once.
#[derive(Debug, Serialize)]
pub(crate) struct Created {
    #[serde(flatten)]
    calendar: CalendarFeed,
    path: Option<String>,
}

impl From<&v1::CreateCalendarFeedResponse> for Created {
    fn from(created: &v1::CreateCalendarFeedResponse) -> Self {
        let calendar = created.calendar.clone().unwrap_or_default();
        Self {
            calendar: CalendarFeed::from(&calendar),
            path: some(&created.path),
        }
    }
}

impl View for Created {
    fn text(&self) -> String {
        self.calendar
            .sheet()
            .field("path, shown once", shown(self.path.as_ref()))
            .text()
    }

    fn name(&self) -> String {
        self.calendar.name.clone()
    }
}
