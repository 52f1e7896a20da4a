//! Letters about what a consortium is asked, at each stage.

use bando_domain::application::Application;
use bando_domain::clarification::{Clarification, Item, Purpose};
use bando_domain::consortium::Consortium;
use bando_domain::ids::EventId;
use bando_domain::letter::{AnsweredDocument, Asked, AskedItem, Facts, LetterWanted, Recipient};
use bando_domain::receipt::Signed;
use bando_store::applications::Outline;
use chrono::{DateTime, Utc};

use super::{project, recipient};

/// Whose letter it is and what it is about.
#[derive(Debug)]
pub(crate) struct Matter<'a> {
    pub(crate) recipient: Recipient,
    pub(crate) application: Outline,
    pub(crate) known: &'a Clarification,
}

impl<'a> Matter<'a> {
    pub(crate) fn of(
        owner: &Consortium,
        application: &Application,
        known: &'a Clarification,
    ) -> Self {
        Self {
            recipient: recipient(owner),
            application: Outline {
                id: application.id,
                call: application.call.clone(),
                state: application.state,
                label: application.label(),
                project: project(application),
            },
            known,
        }
    }

    fn letter(&self, key: String, facts: Facts) -> LetterWanted {
        let call = &self.application.call;
        LetterWanted {
            key,
            programme: call.programme().clone(),
            call: Some(call.clone()),
            application: Some(self.application.id),
            recipient: self.recipient.clone(),
            facts,
            not_after: None,
        }
    }

    fn key(&self, stage: &str) -> String {
        format!("{stage}/{}", self.known.id)
    }

    fn asked(&self) -> Asked {
        Asked {
            clarification: self.known.id,
            application: self.application.label.clone(),
            project: self.application.project.clone(),
            is_notice: self.known.purpose == Purpose::NoticeBeforeRejection,
        }
    }

    fn unanswered(&self) -> Vec<AskedItem> {
        let unanswered = self.known.unanswered();
        let items = unanswered.into_iter();
        items
            .map(|(number, item)| asked_item(number, item))
            .collect()
    }
}

fn asked_item(number: u32, item: &Item) -> AskedItem {
    AskedItem {
        item: number,
        kind: item.kind,
        rule: item.rule.clone(),
        text: item.text.clone(),
    }
}

/// The request itself: its delivery begins the term.
pub(crate) fn requested(matter: Matter<'_>) -> LetterWanted {
    let (asked, items) = (matter.asked(), matter.unanswered());
    let term_days = matter.known.term.days;
    match matter.known.purpose {
        Purpose::Clarification => matter.letter(
            matter.key("clarification_requested"),
            Facts::ClarificationRequested {
                asked,
                items,
                term_days,
            },
        ),
        Purpose::NoticeBeforeRejection => matter.letter(
            matter.key("rejection_notice"),
            Facts::RejectionNotice {
                asked,
                items,
                term_days,
            },
        ),
    }
}

/// The term runs, from this delivery until this instant.
pub(crate) fn term_runs(
    matter: Matter<'_>,
    delivered_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> LetterWanted {
    due(
        matter,
        "delivered".to_owned(),
        (delivered_at, due_at),
        false,
    )
}

/// So many minutes are left, and something is unanswered.
pub(crate) fn answer_reminder(
    matter: Matter<'_>,
    nominal_at: DateTime<Utc>,
    delivered_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> LetterWanted {
    let minutes = (due_at - nominal_at).num_minutes();
    due(matter, minutes.to_string(), (delivered_at, due_at), true)
}

fn due(
    matter: Matter<'_>,
    occurrence: String,
    (delivered_at, due_at): (DateTime<Utc>, DateTime<Utc>),
    is_reminder: bool,
) -> LetterWanted {
    let key = format!("{}/{occurrence}", matter.key("clarification_due"));
    LetterWanted {
        not_after: Some(due_at),
        ..matter.letter(
            key,
            Facts::ClarificationDue {
                asked: matter.asked(),
                items: matter.unanswered(),
                delivered_at,
                due_at,
                is_reminder,
            },
        )
    }
}

/// The receipt of an answer; `matter` is the request with that answer in it.
pub(crate) fn answer_receipt(
    matter: Matter<'_>,
    received_at: DateTime<Utc>,
    receipt: &Signed,
    documents: Vec<AnsweredDocument>,
) -> LetterWanted {
    let stated = &receipt.statement;
    let number = matter.known.answers.last().map_or(1, |last| last.number);
    matter.letter(
        format!("{}/{number}", matter.key("answer_receipt")),
        Facts::AnswerReceipt {
            asked: matter.asked(),
            items: match matter.known.purpose {
                Purpose::Clarification => matter.unanswered(),
                Purpose::NoticeBeforeRejection => Vec::new(),
            },
            answer_protocol: stated.protocol.clone().unwrap_or_default(),
            received_at,
            content_sha256: stated.content_sha256.clone(),
            due_at: matter.known.due_at,
            documents,
        },
    )
}

pub(crate) fn late_answer(
    matter: Matter<'_>,
    event: EventId,
    received_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> LetterWanted {
    matter.letter(
        format!("late_answer/{event}"),
        Facts::LateAnswer {
            asked: matter.asked(),
            received_at,
            due_at,
        },
    )
}

pub(crate) fn term_expired(matter: Matter<'_>, due_at: DateTime<Utc>) -> LetterWanted {
    matter.letter(
        matter.key("clarification_expired"),
        Facts::ClarificationExpired {
            asked: matter.asked(),
            items: matter.unanswered(),
            due_at,
        },
    )
}

/// The office needs nothing more, or took the request back for a reason.
pub(crate) fn request_closed(matter: Matter<'_>, reason: Option<&str>) -> LetterWanted {
    matter.letter(
        matter.key("clarification_closed"),
        Facts::ClarificationClosed {
            asked: matter.asked(),
            is_accepted: reason.is_none(),
            reason: reason.unwrap_or_default().to_owned(),
        },
    )
}
