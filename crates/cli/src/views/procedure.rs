//! What a call says of its procedure: how long it lasts, and what a consortium may be asked.

use bando_proto::v1;
use serde::Serialize;

use super::call::span;
use super::some;
use crate::output::Sheet;

#[derive(Debug, Serialize)]
pub(super) struct Rules {
    term_days: i32,
    saturday_rolls: bool,
    clarifications: i32,
    clarification_days: i32,
    due_time: Option<String>,
    reminders_minutes: Vec<i32>,
    notice_before_rejection: bool,
    observation_days: i32,
}

impl From<&v1::ProcedureRules> for Rules {
    fn from(rules: &v1::ProcedureRules) -> Self {
        Self {
            term_days: rules.term_days,
            saturday_rolls: rules.saturday_rolls,
            clarifications: rules.clarifications,
            clarification_days: rules.clarification_days,
            due_time: some(&rules.due_time),
            reminders_minutes: rules.reminders_minutes.clone(),
            notice_before_rejection: rules.notice_before_rejection,
            observation_days: rules.observation_days,
        }
    }
}

impl Rules {
    pub(super) fn describe(&self, sheet: Sheet) -> Sheet {
        let until = match &self.due_time {
            Some(time) => format!("at {time}"),
            None => "with its last day".to_owned(),
        };
        let rolled = if self.saturday_rolls {
            "Saturdays, Sundays and holidays"
        } else {
            "Sundays and holidays"
        };
        let notice = if self.notice_before_rejection {
            format!("given, {} days for observations", self.observation_days)
        } else {
            "not given".to_owned()
        };
        let reminders = self.reminders_minutes.iter().map(|minutes| span(*minutes));
        let asked = format!(
            "{} per application, {} days to answer from recorded delivery",
            self.clarifications, self.clarification_days
        );
        sheet.fields(
            "PROCEDURE",
            &[
                ("term", format!("{} days from the close", self.term_days)),
                ("requests", asked),
                ("notice", notice),
                ("a term ends", until),
                ("moved past", rolled.to_owned()),
                ("reminders", reminders.collect::<Vec<_>>().join(", ")),
            ],
        )
    }
}
