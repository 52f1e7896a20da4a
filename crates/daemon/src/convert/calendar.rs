//! Calendar feeds to the wire.

use bando_domain::calendar_feed::CalendarFeed;
use bando_proto::v1;
use bando_store::Versioned;

use super::{etag, instant, names};

pub fn calendar_feed(known: &Versioned<CalendarFeed>) -> v1::CalendarFeed {
    let feed = &known.value;
    v1::CalendarFeed {
        name: names::of_calendar(&feed.programme, feed.id),
        consortium: feed
            .consortium
            .map(|id| names::of_consortium(&feed.programme, id))
            .unwrap_or_default(),
        language: feed.language.as_str().to_owned(),
        created_at: Some(instant(feed.created_at)),
        created_by: feed.created_by.clone(),
        revoked_at: feed.revoked_at.map(instant),
        etag: etag(known.version),
    }
}
