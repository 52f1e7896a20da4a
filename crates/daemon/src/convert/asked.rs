//! What a consortium is asked, and where its procedure stands: from and to the wire.

use bando_domain::clarification::{
    Answer, Clarification, Item, ItemAnswer, ItemKind, Purpose, State,
};
use bando_domain::ids::{ApplicationId, CallId, ClarificationId};
use bando_domain::procedure::{ProcedureTerm, Rules, Suspension};
use bando_domain::programme::Text;
use bando_domain::project::Violation;
use bando_domain::receipt::SealedDocument;
use bando_proto::v1;
use bando_store::Versioned;
use bando_workflow::Error;
use chrono::{DateTime, Utc};
use prost_types::Timestamp;

use super::{bytes, count, etag, instant, names, read_instant, show_text, statement};

/// An instant that must be stated.
pub fn required_instant(field: &str, at: Option<Timestamp>) -> Result<DateTime<Utc>, Error> {
    let read = at.and_then(read_instant);
    read.ok_or_else(|| Error::invalid(field, "REQUIRED", "an instant is expected"))
}

/// An instant that may be stated.
pub fn optional_instant(
    field: &str,
    at: Option<Timestamp>,
) -> Result<Option<DateTime<Utc>>, Error> {
    at.map(|at| required_instant(field, Some(at))).transpose()
}

/// The items of a request; every one that breaks a rule is told.
pub fn items(wire: Vec<v1::ClarificationItem>) -> Result<Vec<Item>, Error> {
    let mut violations = Vec::new();
    let mut items = Vec::new();
    for (position, item) in wire.into_iter().enumerate() {
        let kind = match item.kind() {
            v1::ItemKind::Document => ItemKind::Document,
            v1::ItemKind::Value => ItemKind::Value,
            v1::ItemKind::Explanation => ItemKind::Explanation,
            v1::ItemKind::Unspecified | v1::ItemKind::Ground => {
                let field = format!("items[{position}].kind");
                let known = "`document`, `value` or `explanation`";
                violations.push(Violation::new(field, "UNKNOWN", known));
                continue;
            }
        };
        let text = item.text.unwrap_or_default();
        let en = if text.en.trim().is_empty() {
            text.it.clone()
        } else {
            text.en
        };
        items.push(Item {
            kind,
            rule: item.rule,
            text: Text { it: text.it, en },
        });
    }
    if violations.is_empty() {
        return Ok(items);
    }
    Err(Error::invalid_fields(violations))
}

pub fn item_answers(wire: Vec<v1::ItemAnswer>) -> Result<Vec<ItemAnswer>, Error> {
    let read = |(position, answer): (usize, v1::ItemAnswer)| {
        let field = format!("answers[{position}].item");
        let item = u32::try_from(answer.item)
            .map_err(|_| Error::invalid(field, "NEGATIVE", "must not be negative"))?;
        Ok(ItemAnswer {
            item,
            text: answer.text,
            documents: Vec::new(),
        })
    };
    wire.into_iter().enumerate().map(read).collect()
}

pub fn clarification(known: &Versioned<Clarification>) -> v1::Clarification {
    let asked = &known.value;
    let unanswered = asked.unanswered();
    let is_answered = |item: u32| !unanswered.iter().any(|(open, _)| *open == item);
    let items = (1..).zip(&asked.items);
    v1::Clarification {
        name: name(&asked.call, asked.application, asked.id),
        purpose: purpose(asked.purpose).into(),
        number: count(asked.number),
        state: state(asked.state).into(),
        items: items
            .map(|(number, item)| v1::ClarificationItem {
                item: count(number),
                kind: item_kind(item.kind).into(),
                rule: item.rule.clone(),
                text: Some(show_text(&item.text)),
                answered: is_answered(number),
            })
            .collect(),
        term_days: count(asked.term.days),
        requested_by: asked.requested_by.clone(),
        requested_at: Some(instant(asked.requested_at)),
        delivery: asked.delivery.as_ref().map(|delivery| v1::LetterDelivery {
            letter: format!(
                "programmes/{}/letters/{}",
                asked.call.programme(),
                delivery.letter
            ),
            delivered: delivery.delivered,
            at: Some(instant(delivery.at)),
            evidence: delivery.evidence.clone(),
        }),
        due_at: asked.due_at.map(instant),
        answers: asked
            .answers
            .iter()
            .map(|found| answer(found, Vec::new()))
            .collect(),
        late_attempts: count(asked.late_attempts),
        ended_at: asked.ended_at.map(instant),
        reason: asked.reason.clone().unwrap_or_default(),
        application: names::of_application(&asked.call, asked.application),
        etag: etag(known.version),
    }
}

pub fn answer(answer: &Answer, content: Vec<u8>) -> v1::Answer {
    let texts = answer.texts.iter().map(|text| v1::ItemAnswer {
        item: count(text.item),
        text: text.text.clone(),
        documents: text.documents.iter().map(answered_document).collect(),
    });
    v1::Answer {
        number: count(answer.number),
        received_at: Some(instant(answer.received_at)),
        answers: texts.collect(),
        receipt: Some(statement(&answer.receipt)),
        content,
    }
}

fn answered_document(sealed: &SealedDocument) -> v1::AnsweredDocument {
    v1::AnsweredDocument {
        document_type: sealed.document_type.clone(),
        sha256: sealed.sha256.clone(),
        media_type: sealed.media_type.mime().to_owned(),
        size_bytes: bytes(sealed.size),
    }
}

pub fn procedure_rules(rules: &Rules) -> v1::ProcedureRules {
    let due_time = rules.due_time.map(|time| time.format("%H:%M").to_string());
    let reminders = rules.reminders.iter();
    v1::ProcedureRules {
        term_days: count(rules.term_days),
        saturday_rolls: rules.saturday_rolls,
        clarifications: count(rules.clarifications),
        clarification_days: count(rules.clarification_days),
        due_time: due_time.unwrap_or_default(),
        reminders_minutes: reminders.map(|minutes| count(*minutes)).collect(),
        notice_before_rejection: rules.notice_before_rejection,
        observation_days: count(rules.observation_days),
    }
}

pub fn procedure(call: &CallId, of: ApplicationId, term: &ProcedureTerm) -> v1::ProcedureTerm {
    let suspension = |stop: &Suspension| v1::Suspension {
        clarification: name(call, of, stop.because_of),
        purpose: purpose(stop.purpose).into(),
        from: Some(instant(stop.from)),
        until: stop.until.map(instant),
        days: count(stop.days),
    };
    v1::ProcedureTerm {
        started_at: Some(instant(term.started_at)),
        days: count(term.days),
        suspended_days: count(term.suspended_days),
        suspended: term.is_suspended,
        ends_at: Some(instant(term.ends_at)),
        suspensions: term.suspensions.iter().map(suspension).collect(),
    }
}

fn name(call: &CallId, application: ApplicationId, id: ClarificationId) -> String {
    let application = names::of_application(call, application);
    format!("{application}/clarifications/{id}")
}

fn purpose(purpose: Purpose) -> v1::ClarificationPurpose {
    match purpose {
        Purpose::Clarification => v1::ClarificationPurpose::Clarification,
        Purpose::NoticeBeforeRejection => v1::ClarificationPurpose::NoticeBeforeRejection,
    }
}

fn item_kind(kind: ItemKind) -> v1::ItemKind {
    match kind {
        ItemKind::Document => v1::ItemKind::Document,
        ItemKind::Value => v1::ItemKind::Value,
        ItemKind::Explanation => v1::ItemKind::Explanation,
        ItemKind::Ground => v1::ItemKind::Ground,
    }
}

fn state(state: State) -> v1::ClarificationState {
    match state {
        State::Requested => v1::ClarificationState::Requested,
        State::Delivered => v1::ClarificationState::Delivered,
        State::AnsweredInPart => v1::ClarificationState::AnsweredInPart,
        State::Answered => v1::ClarificationState::Answered,
        State::Expired => v1::ClarificationState::Expired,
        State::Accepted => v1::ClarificationState::Accepted,
        State::Closed => v1::ClarificationState::Closed,
    }
}
