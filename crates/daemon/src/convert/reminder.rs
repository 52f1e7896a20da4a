//! Reminders to the wire.

use bando_domain::reminder::Audience;
use bando_proto::v1;
use bando_workflow::reminders::Previewed;

use super::instant;

pub fn reminder(known: &Previewed) -> v1::Reminder {
    let occurrence = &known.occurrence;
    let audience = match occurrence.audience {
        Audience::Consortia => v1::ReminderAudience::Consortia,
        Audience::Officers => v1::ReminderAudience::Officers,
    };
    v1::Reminder {
        topic: occurrence.topic.as_str().to_owned(),
        offset: occurrence.offset.to_string(),
        at: Some(instant(occurrence.nominal_at)),
        civil: occurrence.civil().format("%Y-%m-%d %H:%M").to_string(),
        zone: occurrence.zone.to_string(),
        audience: audience.into(),
        counted_from: Some(instant(occurrence.anchor_at)),
        not_after: occurrence.not_after.map(instant),
        subject: known.subject.clone(),
        recipients: i32::try_from(known.recipients).unwrap_or(i32::MAX),
    }
}
