//! What a consortium is asked, and where the procedure of its application stands.

use bando_proto::v1;
use serde::Serialize;

use super::receipt::Signed;
use super::{Text, at, seconds, some, title, word};
use crate::names::{last, short_call};
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Clarification {
    name: String,
    application: String,
    purpose: String,
    number: i32,
    state: String,
    items: Vec<Item>,
    term_days: i32,
    requested_by: String,
    requested_at: Option<String>,
    delivery: Option<Delivery>,
    due_at: Option<String>,
    answers: Vec<Answer>,
    late_attempts: i32,
    ended_at: Option<String>,
    reason: Option<String>,
    etag: String,
}

#[derive(Debug, Serialize)]
struct Item {
    #[serde(rename = "item")]
    number: i32,
    kind: String,
    rule: String,
    text: Text,
    answered: bool,
}

#[derive(Debug, Serialize)]
struct Delivery {
    letter: String,
    delivered: bool,
    at: Option<String>,
    evidence: String,
}

#[derive(Debug, Serialize)]
struct Answer {
    number: i32,
    received_at: Option<String>,
    answers: Vec<ItemAnswer>,
    receipt: Signed,
}

#[derive(Debug, Serialize)]
struct ItemAnswer {
    item: i32,
    text: String,
    documents: Vec<AnsweredDocument>,
}

#[derive(Debug, Serialize)]
struct AnsweredDocument {
    document_type: String,
    sha256: String,
    media_type: String,
    size_bytes: i64,
}

impl From<&v1::Clarification> for Clarification {
    fn from(asked: &v1::Clarification) -> Self {
        let delivery = |delivery: &v1::LetterDelivery| Delivery {
            letter: delivery.letter.clone(),
            delivered: delivery.delivered,
            at: at(delivery.at.as_ref()),
            evidence: delivery.evidence.clone(),
        };
        Self {
            name: asked.name.clone(),
            application: asked.application.clone(),
            purpose: purpose(asked.purpose),
            number: asked.number,
            state: state(asked.state),
            items: asked.items.iter().map(Item::from).collect(),
            term_days: asked.term_days,
            requested_by: asked.requested_by.clone(),
            requested_at: at(asked.requested_at.as_ref()),
            delivery: asked.delivery.as_ref().map(delivery),
            due_at: at(asked.due_at.as_ref()),
            answers: asked.answers.iter().map(Answer::from).collect(),
            late_attempts: asked.late_attempts,
            ended_at: at(asked.ended_at.as_ref()),
            reason: some(&asked.reason),
            etag: asked.etag.clone(),
        }
    }
}

impl From<&v1::ClarificationItem> for Item {
    fn from(item: &v1::ClarificationItem) -> Self {
        let kind = v1::ItemKind::try_from(item.kind).ok();
        Self {
            number: item.item,
            kind: word(kind.map(|kind| kind.as_str_name()), "ITEM_KIND_"),
            rule: item.rule.clone(),
            text: Text::of(item.text.as_ref()),
            answered: item.answered,
        }
    }
}

impl From<&v1::Answer> for Answer {
    fn from(answer: &v1::Answer) -> Self {
        let text = |text: &v1::ItemAnswer| ItemAnswer {
            item: text.item,
            text: text.text.clone(),
            documents: text.documents.iter().map(AnsweredDocument::from).collect(),
        };
        Self {
            number: answer.number,
            received_at: at(answer.received_at.as_ref()),
            answers: answer.answers.iter().map(text).collect(),
            receipt: Signed::from(&answer.receipt.clone().unwrap_or_default()),
        }
    }
}

impl From<&v1::AnsweredDocument> for AnsweredDocument {
    fn from(document: &v1::AnsweredDocument) -> Self {
        Self {
            document_type: document.document_type.clone(),
            sha256: document.sha256.clone(),
            media_type: document.media_type.clone(),
            size_bytes: document.size_bytes,
        }
    }
}

pub(crate) fn state(value: i32) -> String {
    let state = v1::ClarificationState::try_from(value).ok();
    word(
        state.map(|state| state.as_str_name()),
        "CLARIFICATION_STATE_",
    )
}

fn purpose(value: i32) -> String {
    let purpose = v1::ClarificationPurpose::try_from(value).ok();
    word(
        purpose.map(|purpose| purpose.as_str_name()),
        "CLARIFICATION_PURPOSE_",
    )
}

impl Row for Clarification {
    const HEAD: &'static [&'static str] = &[
        "ID",
        "APPLICATION",
        "PURPOSE",
        "STATE",
        "REQUESTED",
        "DUE",
        "ITEMS",
    ];

    fn cells(&self) -> Vec<String> {
        let answered = self.items.iter().filter(|item| item.answered).count();
        vec![
            last(&self.name).to_owned(),
            last(&self.application).to_owned(),
            self.purpose.replace('_', " "),
            self.state.clone(),
            seconds(self.requested_at.as_ref()),
            seconds(self.due_at.as_ref()),
            format!("{answered} of {}", self.items.len()),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Row for Item {
    const HEAD: &'static [&'static str] = &["ITEM", "KIND", "RULE", "ANSWERED", "TEXT"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.number.to_string(),
            self.kind.clone(),
            self.rule.clone(),
            if self.answered { "yes" } else { "no" }.to_owned(),
            title(&self.text.en),
        ]
    }
}

impl Row for Answer {
    const HEAD: &'static [&'static str] = &["ANSWER", "PROTOCOL", "RECEIVED", "ITEMS", "DOCUMENTS"];

    fn cells(&self) -> Vec<String> {
        let items: Vec<String> = self.answers.iter().map(|it| it.item.to_string()).collect();
        vec![
            self.number.to_string(),
            self.receipt.statement.protocol.clone().unwrap_or_default(),
            seconds(self.received_at.as_ref()),
            items.join(", "),
            self.documents(),
        ]
    }
}

impl Answer {
    /// Each with the beginning of its hash, as a list of documents shows it.
    fn documents(&self) -> String {
        let documents = self.answers.iter().flat_map(|answer| &answer.documents);
        let short = |document: &AnsweredDocument| {
            let hash: String = document.sha256.chars().take(12).collect();
            format!("{} {hash}", document.document_type)
        };
        documents.map(short).collect::<Vec<_>>().join(", ")
    }
}

impl View for Clarification {
    fn text(&self) -> String {
        let delivery = match &self.delivery {
            Some(known) if known.delivered => seconds(known.at.as_ref()),
            Some(known) => format!("came back {}", seconds(known.at.as_ref())),
            None => "not recorded: no term runs".to_owned(),
        };
        let evidence = self.delivery.as_ref().map(|known| known.evidence.clone());
        let late = (self.late_attempts > 0).then(|| self.late_attempts.to_string());
        let heading = format!(
            "{}  {}",
            short_call(&self.name),
            self.purpose.replace('_', " ")
        );
        Sheet::titled(&heading)
            .field("name", &self.name)
            .field("state", &self.state)
            .field("requested by", &self.requested_by)
            .field("requested at", seconds(self.requested_at.as_ref()))
            .field("term", format!("{} days from delivery", self.term_days))
            .field("delivered", delivery)
            .field("evidence", evidence.unwrap_or_default())
            .field("due at", seconds(self.due_at.as_ref()))
            .field("ended at", seconds(self.ended_at.as_ref()))
            .field("late attempts", late.unwrap_or_default())
            .field("reason", self.reason.clone().unwrap_or_default())
            .field("etag", &self.etag)
            .rows("ITEMS", &self.items)
            .rows("ANSWERS", &self.answers)
            .text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// The term of a procedure.
#[derive(Debug, Serialize)]
pub(crate) struct Procedure {
    started_at: Option<String>,
    days: i32,
    suspended_days: i32,
    suspended: bool,
    ends_at: Option<String>,
    suspensions: Vec<Suspension>,
}

#[derive(Debug, Serialize)]
struct Suspension {
    clarification: String,
    purpose: String,
    from: Option<String>,
    until: Option<String>,
    days: i32,
}

impl From<&v1::ProcedureTerm> for Procedure {
    fn from(term: &v1::ProcedureTerm) -> Self {
        let suspension = |stop: &v1::Suspension| Suspension {
            clarification: stop.clarification.clone(),
            purpose: purpose(stop.purpose),
            from: at(stop.from.as_ref()),
            until: at(stop.until.as_ref()),
            days: stop.days,
        };
        Self {
            started_at: at(term.started_at.as_ref()),
            days: term.days,
            suspended_days: term.suspended_days,
            suspended: term.suspended,
            ends_at: at(term.ends_at.as_ref()),
            suspensions: term.suspensions.iter().map(suspension).collect(),
        }
    }
}

impl Row for Suspension {
    const HEAD: &'static [&'static str] = &["FROM", "UNTIL", "DAYS", "BECAUSE OF"];
    const NUMBERS: &'static [usize] = &[2];

    fn cells(&self) -> Vec<String> {
        vec![
            seconds(self.from.as_ref()),
            seconds(self.until.as_ref()),
            self.days.to_string(),
            self.purpose.replace('_', " "),
        ]
    }
}

impl Procedure {
    pub(super) fn describe(&self, sheet: Sheet) -> Sheet {
        let added = match self.suspended_days {
            0 => String::new(),
            days => format!(" and {days} of suspension"),
        };
        let now = if self.suspended {
            ", suspended now"
        } else {
            ""
        };
        sheet
            .field(
                "procedure",
                format!("{} days from the close{added}{now}", self.days),
            )
            .field("procedure ends", seconds(self.ends_at.as_ref()))
            .rows("SUSPENSIONS", &self.suspensions)
    }
}
