//! Deadlines to the wire.

use bando_domain::civil::Language;
use bando_domain::deadline::{Change, Deadline, Edge, Standing};
use bando_proto::v1;
use bando_store::Versioned;
use chrono::{DateTime, Utc};

use super::{etag, instant, names};

pub fn deadline(known: &Versioned<Deadline>) -> v1::Deadline {
    let deadline = &known.value;
    let programme = deadline.call.programme();
    let consortium = deadline.consortium;
    let application = deadline.application;
    v1::Deadline {
        name: names::of_deadline(&deadline.call, deadline.subject),
        kind: deadline.subject.kind().to_owned(),
        title: Some(v1::Text {
            it: deadline.title.it.clone(),
            en: deadline.title.en.clone(),
        }),
        call: names::of_call(&deadline.call),
        application: application
            .map(|id| names::of_application(&deadline.call, id))
            .unwrap_or_default(),
        consortium: consortium
            .map(|id| names::of_consortium(programme, id))
            .unwrap_or_default(),
        at: Some(instant(deadline.at)),
        civil: civil(deadline, deadline.at),
        zone: deadline.zone.to_string(),
        printed: Some(v1::Text {
            it: deadline.printed(Language::It),
            en: deadline.printed(Language::En),
        }),
        edge: edge(deadline.edge).into(),
        act: deadline.act.clone().unwrap_or_default(),
        standing: standing(deadline.standing).into(),
        sequence: i32::try_from(deadline.sequence).unwrap_or(i32::MAX),
        stated_at: Some(instant(deadline.stated_at)),
        etag: etag(known.version),
    }
}

/// Seconds and their fraction only where there are some.
fn civil(deadline: &Deadline, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&deadline.zone.tz()).naive_local();
    let text = local.format("%Y-%m-%d %H:%M:%S%.f").to_string();
    text.strip_suffix(":00")
        .map(ToOwned::to_owned)
        .unwrap_or(text)
}

pub fn deadline_change(change: &Change) -> v1::DeadlineChange {
    v1::DeadlineChange {
        kind: change.kind.as_str().to_owned(),
        from: Some(instant(change.from)),
        to: change.to.map(instant),
        act: change.act.clone().unwrap_or_default(),
        reason: change.reason.clone().unwrap_or_default(),
        requested_by: change.requested_by.clone(),
        approved_by: change.approved_by.clone().unwrap_or_default(),
        at: Some(instant(change.at)),
    }
}

const fn edge(edge: Edge) -> v1::DeadlineEdge {
    match edge {
        Edge::InTime => v1::DeadlineEdge::InTime,
        Edge::HappensAt => v1::DeadlineEdge::HappensAt,
    }
}

const fn standing(standing: Standing) -> v1::DeadlineStanding {
    match standing {
        Standing::Running => v1::DeadlineStanding::Running,
        Standing::Suspended => v1::DeadlineStanding::Suspended,
        Standing::Met => v1::DeadlineStanding::Met,
        Standing::Passed => v1::DeadlineStanding::Passed,
        Standing::Cancelled => v1::DeadlineStanding::Cancelled,
    }
}
