//! What a consortium is asked during the check, each with a term of its own that runs from
//! recorded delivery: a clarification request (art. 6 of L. 241/1990), or the notice before a
//! rejection (art. 10-bis), which asks for observations.

mod decide;
#[cfg(test)]
pub(crate) mod tests;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use decide::{
    Refusal, accept, change_documents, close, deliver, expire, fail_delivery, give_notice, is_late,
    may_answer, may_change_documents, request, timers, timers_given_up,
};

use crate::application::DocumentChange;
use crate::ids::{ApplicationId, CallId, ClarificationId, ConsortiumId, DocumentId, LetterId};
use crate::programme::Text;
use crate::receipt::{SealedDocument, Signed};
use crate::term::Term;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clarification {
    pub id: ClarificationId,
    pub call: CallId,
    pub application: ApplicationId,
    pub consortium: ConsortiumId,
    pub purpose: Purpose,
    /// From 1, within the application and purpose.
    pub number: u32,
    pub state: State,
    /// Never empty; an answer names them by their place, from 1.
    pub items: Vec<Item>,
    pub term: Term,
    pub requested_by: String,
    pub requested_at: DateTime<Utc>,
    pub delivery: Option<Delivery>,
    /// The last instant in time; no term without a recorded delivery.
    pub due_at: Option<DateTime<Utc>>,
    /// Oldest first, each with its receipt.
    pub answers: Vec<Answer>,
    pub late_attempts: u32,
    /// When nothing was waited for any more: the last answer, the due instant or the decision.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why the office took it back.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    Clarification,
    NoticeBeforeRejection,
}

impl Purpose {
    pub const ALL: [Self; 2] = [Self::Clarification, Self::NoticeBeforeRejection];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clarification => "clarification",
            Self::NoticeBeforeRejection => "notice_before_rejection",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// No delivery is recorded: no term runs.
    Requested,
    /// The term runs.
    Delivered,
    AnsweredInPart,
    Answered,
    /// The term ended with something unanswered.
    Expired,
    /// The office has what it needs.
    Accepted,
    /// The office took it back.
    Closed,
}

impl State {
    pub const ALL: [Self; 7] = [
        Self::Requested,
        Self::Delivered,
        Self::AnsweredInPart,
        Self::Answered,
        Self::Expired,
        Self::Accepted,
        Self::Closed,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Delivered => "delivered",
            Self::AnsweredInPart => "answered_in_part",
            Self::Answered => "answered",
            Self::Expired => "expired",
            Self::Accepted => "accepted",
            Self::Closed => "closed",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether the consortium is still waited for.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Requested | Self::Delivered | Self::AnsweredInPart => true,
            Self::Answered | Self::Expired | Self::Accepted | Self::Closed => false,
        }
    }
}

/// One thing that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub kind: ItemKind,
    /// The rule of the check that it concerns.
    pub rule: String,
    pub text: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    Document,
    Value,
    Explanation,
    /// A ground for rejection, in a notice.
    Ground,
}

impl ItemKind {
    pub const ALL: [Self; 4] = [Self::Document, Self::Value, Self::Explanation, Self::Ground];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Value => "value",
            Self::Explanation => "explanation",
            Self::Ground => "ground",
        }
    }
}

/// What is known of the delivery of its letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub letter: LetterId,
    pub delivered: bool,
    pub at: DateTime<Utc>,
    /// Where the proof is kept, such as the id of a delivery receipt.
    pub evidence: String,
}

/// What the consortium answered at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// From 1.
    pub number: u32,
    pub received_at: DateTime<Utc>,
    pub texts: Vec<ItemAnswer>,
    pub receipt: Signed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemAnswer {
    /// Place of the item, from 1.
    pub item: u32,
    /// May be empty where documents are the answer.
    pub text: String,
    /// Those uploaded for the item since the answer before, by type, then hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<SealedDocument>,
}

/// What the receipt of an answer stands for, with what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedAnswer {
    pub application: ApplicationId,
    pub call: CallId,
    pub clarification: ClarificationId,
    pub purpose: Purpose,
    pub number: u32,
    pub answers: Vec<SealedItem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedItem {
    pub item: u32,
    pub asked: Item,
    pub text: String,
    /// The member is left out where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<SealedDocument>,
}

/// What happens to a clarification request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Requested {
        id: ClarificationId,
        call: CallId,
        application: ApplicationId,
        consortium: ConsortiumId,
        purpose: Purpose,
        number: u32,
        items: Vec<Item>,
        term: Term,
        by: String,
        at: DateTime<Utc>,
    },
    Delivered {
        letter: LetterId,
        at: DateTime<Utc>,
        evidence: String,
        due_at: DateTime<Utc>,
    },
    NotDelivered {
        letter: LetterId,
        at: DateTime<Utc>,
        evidence: String,
    },
    /// A document for an item came or went: whoever would answer sees that it changed.
    DocumentsChanged {
        item: u32,
        document: DocumentId,
        change: DocumentChange,
    },
    Answered {
        answer: Box<Answer>,
        complete: bool,
    },
    LateAnswered {
        at: DateTime<Utc>,
        refusal: Box<Signed>,
    },
    Expired {
        due_at: DateTime<Utc>,
    },
    Accepted {
        at: DateTime<Utc>,
    },
    Closed {
        at: DateTime<Utc>,
        reason: String,
    },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "requested",
            Self::Delivered { .. } => "delivered",
            Self::NotDelivered { .. } => "not_delivered",
            Self::DocumentsChanged { .. } => "documents_changed",
            Self::Answered { .. } => "answered",
            Self::LateAnswered { .. } => "late_answered",
            Self::Expired { .. } => "expired",
            Self::Accepted { .. } => "accepted",
            Self::Closed { .. } => "closed",
        }
    }
}

/// The clarification request after `event`; `None` before it was made.
#[must_use]
pub fn apply(before: Option<Clarification>, event: &Event) -> Option<Clarification> {
    if let Event::Requested { .. } = event {
        return requested(event);
    }
    let mut known = before?;
    match event {
        // A document is an aggregate of its own; the version it makes here keeps an answer from
        // being given without it.
        Event::Requested { .. } | Event::DocumentsChanged { .. } => {}
        Event::Delivered {
            letter,
            at,
            evidence,
            due_at,
        } => {
            if known.state == State::Requested {
                known.state = State::Delivered;
            }
            known.due_at = Some(*due_at);
            known.delivery = Some(delivery(*letter, true, *at, evidence));
        }
        Event::NotDelivered {
            letter,
            at,
            evidence,
        } => known.delivery = Some(delivery(*letter, false, *at, evidence)),
        Event::Answered { answer, complete } => {
            known.state = if *complete {
                State::Answered
            } else {
                State::AnsweredInPart
            };
            known.ended_at = complete.then_some(answer.received_at);
            known.answers.push((**answer).clone());
        }
        Event::LateAnswered { .. } => known.late_attempts += 1,
        Event::Expired { due_at } => {
            known.state = State::Expired;
            known.ended_at = Some(*due_at);
        }
        Event::Accepted { at } => {
            known.state = State::Accepted;
            known.ended_at = known.ended_at.or(Some(*at));
        }
        Event::Closed { at, reason } => {
            known.state = State::Closed;
            known.ended_at = known.ended_at.or(Some(*at));
            known.reason = Some(reason.clone());
        }
    }
    Some(known)
}

fn requested(event: &Event) -> Option<Clarification> {
    let Event::Requested {
        id,
        call,
        application,
        consortium,
        purpose,
        number,
        items,
        term,
        by,
        at,
    } = event
    else {
        return None;
    };
    Some(Clarification {
        id: *id,
        call: call.clone(),
        application: *application,
        consortium: *consortium,
        purpose: *purpose,
        number: *number,
        state: State::Requested,
        items: items.clone(),
        term: *term,
        requested_by: by.clone(),
        requested_at: *at,
        delivery: None,
        due_at: None,
        answers: Vec::new(),
        late_attempts: 0,
        ended_at: None,
        reason: None,
    })
}

fn delivery(letter: LetterId, delivered: bool, at: DateTime<Utc>, evidence: &str) -> Delivery {
    Delivery {
        letter,
        delivered,
        at,
        evidence: evidence.to_owned(),
    }
}

impl Clarification {
    /// When its letter was delivered, by the record.
    pub fn delivered_at(&self) -> Option<DateTime<Utc>> {
        let delivery = self.delivery.as_ref()?;
        delivery.delivered.then_some(delivery.at)
    }

    /// Whether it counts among the requests of its application: not when the office took it back
    /// before anybody was known to have it.
    pub fn counts(&self) -> bool {
        self.state != State::Closed || self.delivered_at().is_some()
    }

    /// Items without an answer, by their place from 1.
    pub fn unanswered(&self) -> Vec<(u32, &Item)> {
        let answered = |item: u32| {
            let mut texts = self.answers.iter().flat_map(|answer| &answer.texts);
            texts.any(|text| text.item == item)
        };
        let numbered = (1..).zip(&self.items);
        numbered.filter(|(item, _)| !answered(*item)).collect()
    }

    /// The rules of the check that it concerns, each once.
    pub fn rules(&self) -> Vec<&str> {
        let mut rules: Vec<&str> = self.items.iter().map(|item| item.rule.as_str()).collect();
        rules.sort_unstable();
        rules.dedup();
        rules
    }

    /// What the receipt of the answer of that number stands for.
    pub fn sealed(&self, number: u32, texts: &[ItemAnswer]) -> SealedAnswer {
        let asked = |item: u32| usize::try_from(item).ok()?.checked_sub(1);
        let answers = texts.iter().filter_map(|answer| {
            let known = self.items.get(asked(answer.item)?)?;
            Some(SealedItem {
                item: answer.item,
                asked: known.clone(),
                text: answer.text.clone(),
                documents: answer.documents.clone(),
            })
        });
        SealedAnswer {
            application: self.application,
            call: self.call.clone(),
            clarification: self.id,
            purpose: self.purpose,
            number,
            answers: answers.collect(),
        }
    }
}
