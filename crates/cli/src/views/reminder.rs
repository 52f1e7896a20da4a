//! Reminders that will go out.

use bando_proto::v1;
use serde::Serialize;

use super::{at, some, word};
use crate::output::Row;

#[derive(Debug, Serialize)]
pub(crate) struct Reminder {
    topic: String,
    offset: String,
    at: Option<String>,
    civil: String,
    zone: String,
    audience: String,
    counted_from: Option<String>,
    not_after: Option<String>,
    subject: Option<String>,
    recipients: i32,
}

impl From<&v1::Reminder> for Reminder {
    fn from(reminder: &v1::Reminder) -> Self {
        let audience = v1::ReminderAudience::try_from(reminder.audience).ok();
        Self {
            topic: reminder.topic.clone(),
            offset: reminder.offset.clone(),
            at: at(reminder.at.as_ref()),
            civil: reminder.civil.clone(),
            zone: reminder.zone.clone(),
            audience: word(
                audience.map(|audience| audience.as_str_name()),
                "REMINDER_AUDIENCE_",
            ),
            counted_from: at(reminder.counted_from.as_ref()),
            not_after: at(reminder.not_after.as_ref()),
            subject: some(&reminder.subject),
            recipients: reminder.recipients,
        }
    }
}

impl Row for Reminder {
    const HEAD: &'static [&'static str] = &["WHEN", "ZONE", "TOPIC", "OFFSET", "TO", "RECIPIENTS"];
    const NUMBERS: &'static [usize] = &[5];

    fn cells(&self) -> Vec<String> {
        vec![
            self.civil.clone(),
            self.zone.clone(),
            self.topic.replace('_', " "),
            self.offset.clone(),
            self.audience.clone(),
            self.recipients.to_string(),
        ]
    }

    /// The topic with its offset: a reminder is no resource.
    fn name(&self) -> String {
        format!("{}/{}", self.topic, self.offset)
    }
}
