//! What may happen to a clarification request, and what it makes time do.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Clarification, Event, Item, ItemAnswer, Purpose, State};
use crate::application::{self, Application, DocumentChange};
use crate::call::LAPSE_AFTER;
use crate::ids::{ClarificationId, DocumentId, LetterId};
use crate::procedure::Rules;
use crate::term::Reckoning;
use crate::timer::{TimerKind, TimerWanted, TimersCancelled};

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the clarification request is {actual}, this needs {required}")]
    WrongState {
        required: &'static str,
        actual: &'static str,
    },
    #[error("the application is {actual}, a request needs {required}")]
    NotUnderCheck {
        required: &'static str,
        actual: &'static str,
    },
    #[error("the check has no rule `{0}`")]
    UnknownRule(String),
    #[error("the consortium is asked already: request {number} is {state}")]
    OneOpen { number: u32, state: &'static str },
    #[error("the application had {actual} clarification requests, the call allows {allowed}")]
    TooMany { allowed: u32, actual: u32 },
    #[error("there are {items} items, item {given} is none of them")]
    UnknownItem { items: usize, given: u32 },
    #[error("the term ends at {due_at}, it is {now}")]
    StillRuns {
        due_at: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    #[error("the term ended at {due_at}, the document was received at {received_at}")]
    TermOver {
        due_at: DateTime<Utc>,
        received_at: DateTime<Utc>,
    },
    #[error("the request is taken back without a reason")]
    ReasonMissing,
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "CLARIFICATION_STATE",
            Self::NotUnderCheck { .. } => "APPLICATION_STATE",
            Self::UnknownRule(_) => "UNKNOWN_RULE",
            Self::OneOpen { .. } => "CLARIFICATION_OPEN",
            Self::TooMany { .. } => "CLARIFICATION_LIMIT",
            Self::UnknownItem { .. } => "UNKNOWN_ITEM",
            Self::StillRuns { .. } => "CLARIFICATION_TERM_RUNS",
            Self::TermOver { .. } => "CLARIFICATION_LATE",
            Self::ReasonMissing => "REASON_REQUIRED",
        }
    }
}

/// Asks the consortium for what is missing, while its application is under check; as often as
/// the call says, and one request at a time.
pub fn request(
    id: ClarificationId,
    application: &Application,
    rules: &Rules,
    asked: &[Clarification],
    items: Vec<Item>,
    (by, at): (&str, DateTime<Utc>),
) -> Result<Event, Refusal> {
    expect_under_check(application)?;
    let of_check = |rule: &str| {
        let mut checks = application.check.iter();
        checks.any(|check| check.findings.iter().any(|finding| finding.rule == rule))
    };
    if let Some(unknown) = items.iter().find(|item| !of_check(&item.rule)) {
        return Err(Refusal::UnknownRule(unknown.rule.clone()));
    }
    if let Some(open) = asked.iter().find(|known| known.state.is_open()) {
        return Err(Refusal::OneOpen {
            number: open.number,
            state: open.state.as_str(),
        });
    }
    let is_request = |known: &&Clarification| known.purpose == Purpose::Clarification;
    let had = count(
        asked
            .iter()
            .filter(is_request)
            .filter(|known| known.counts())
            .count(),
    );
    if had >= rules.clarifications {
        return Err(Refusal::TooMany {
            allowed: rules.clarifications,
            actual: had,
        });
    }
    let purpose = Purpose::Clarification;
    Ok(ask(id, application, rules, asked, items, purpose, (by, at)))
}

/// Tells the consortium why its application would be rejected, and asks for observations.
pub fn give_notice(
    id: ClarificationId,
    application: &Application,
    rules: &Rules,
    asked: &[Clarification],
    grounds: Vec<Item>,
    (by, at): (&str, DateTime<Utc>),
) -> Result<Event, Refusal> {
    expect_under_check(application)?;
    let purpose = Purpose::NoticeBeforeRejection;
    Ok(ask(
        id,
        application,
        rules,
        asked,
        grounds,
        purpose,
        (by, at),
    ))
}

fn expect_under_check(application: &Application) -> Result<(), Refusal> {
    if application.state == application::State::UnderCheck {
        return Ok(());
    }
    Err(Refusal::NotUnderCheck {
        required: application::State::UnderCheck.as_str(),
        actual: application.state.as_str(),
    })
}

fn ask(
    id: ClarificationId,
    application: &Application,
    rules: &Rules,
    asked: &[Clarification],
    items: Vec<Item>,
    purpose: Purpose,
    (by, at): (&str, DateTime<Utc>),
) -> Event {
    let before = asked.iter().filter(|known| known.purpose == purpose);
    Event::Requested {
        id,
        call: application.call.clone(),
        application: application.id,
        consortium: application.consortium,
        purpose,
        number: before.map(|known| known.number).max().unwrap_or(0) + 1,
        items,
        term: rules.term_for(purpose),
        by: by.to_owned(),
        at,
    }
}

/// The delivery of its letter is recorded: the term runs from there. `None` when nothing waits for
/// a term any more.
pub fn deliver(
    known: &Clarification,
    letter: LetterId,
    at: DateTime<Utc>,
    evidence: &str,
    by: Reckoning<'_>,
) -> Option<Event> {
    let waits = known.state.is_open() && known.due_at.is_none();
    waits.then(|| Event::Delivered {
        letter,
        at,
        evidence: evidence.to_owned(),
        due_at: known.term.ends_at(at, by),
    })
}

/// Its letter could not be delivered: no term runs, and the office must reach the consortium in
/// another way. `None` when that changes nothing any more.
pub fn fail_delivery(
    known: &Clarification,
    letter: LetterId,
    at: DateTime<Utc>,
    evidence: &str,
) -> Option<Event> {
    let waits = known.state.is_open() && known.due_at.is_none();
    waits.then(|| Event::NotDelivered {
        letter,
        at,
        evidence: evidence.to_owned(),
    })
}

/// Whether an answer received at `received_at` is late and must be remembered and refused with a
/// signed statement. The instants decide: whether the term's timer had fired plays no part.
pub fn is_late(known: &Clarification, received_at: DateTime<Utc>) -> bool {
    let was_waited_for = known.state.is_open() || known.state == State::Expired;
    was_waited_for && known.due_at.is_some_and(|due_at| received_at > due_at)
}

/// Adds or removes a document for an item: while an answer to it would be received.
pub fn change_documents(
    known: &Clarification,
    item: u32,
    document: DocumentId,
    change: DocumentChange,
    received_at: DateTime<Utc>,
) -> Result<Event, Refusal> {
    may_change_documents(known, item, received_at)?;
    Ok(Event::DocumentsChanged {
        item,
        document,
        change,
    })
}

pub fn may_change_documents(
    known: &Clarification,
    item: u32,
    received_at: DateTime<Utc>,
) -> Result<(), Refusal> {
    if let Some(due_at) = known.due_at
        && is_late(known, received_at)
    {
        return Err(Refusal::TermOver {
            due_at,
            received_at,
        });
    }
    expect_waited_for(known, received_at)?;
    expect_item(known, item)
}

/// Whether these texts may be received as an answer, and whether with them all is answered.
/// Observations on a notice are filed once and answer it as a whole.
pub fn may_answer(
    known: &Clarification,
    texts: &[ItemAnswer],
    received_at: DateTime<Utc>,
) -> Result<bool, Refusal> {
    expect_waited_for(known, received_at)?;
    for text in texts {
        expect_item(known, text.item)?;
    }
    let answered_now = |item: u32| texts.iter().any(|text| text.item == item);
    let all = known
        .unanswered()
        .iter()
        .all(|(item, _)| answered_now(*item));
    Ok(match known.purpose {
        Purpose::Clarification => all,
        Purpose::NoticeBeforeRejection => true,
    })
}

fn expect_waited_for(known: &Clarification, received_at: DateTime<Utc>) -> Result<(), Refusal> {
    // Received in time although the term's timer was faster.
    let expired_meanwhile = known.state == State::Expired && !is_late(known, received_at);
    if known.state.is_open() || expired_meanwhile {
        return Ok(());
    }
    Err(wrong_state(
        known,
        "requested, delivered or answered_in_part",
    ))
}

fn expect_item(known: &Clarification, item: u32) -> Result<(), Refusal> {
    let items = known.items.len();
    if item >= 1 && usize::try_from(item).is_ok_and(|item| item <= items) {
        return Ok(());
    }
    Err(Refusal::UnknownItem { items, given: item })
}

/// The term ended with something unanswered.
pub fn expire(known: &Clarification, now: DateTime<Utc>) -> Result<Event, Refusal> {
    match (known.state, known.due_at) {
        (State::Delivered | State::AnsweredInPart, Some(due_at)) if now > due_at => {
            Ok(Event::Expired { due_at })
        }
        (State::Delivered | State::AnsweredInPart, Some(due_at)) => {
            Err(Refusal::StillRuns { due_at, now })
        }
        (
            State::Requested
            | State::Delivered
            | State::AnsweredInPart
            | State::Answered
            | State::Expired
            | State::Accepted
            | State::Closed,
            _,
        ) => Err(wrong_state(known, "delivered or answered_in_part")),
    }
}

/// The office has what it needs, although not all may be answered.
pub fn accept(known: &Clarification, at: DateTime<Utc>) -> Result<Event, Refusal> {
    let has_answers = !known.answers.is_empty();
    match known.state {
        State::AnsweredInPart | State::Answered | State::Expired if has_answers => {
            Ok(Event::Accepted { at })
        }
        State::Requested
        | State::Delivered
        | State::AnsweredInPart
        | State::Answered
        | State::Expired
        | State::Accepted
        | State::Closed => Err(wrong_state(known, "answered, at least in part")),
    }
}

/// The office takes an open request back.
pub fn close(known: &Clarification, reason: &str, at: DateTime<Utc>) -> Result<Event, Refusal> {
    if !known.state.is_open() {
        return Err(wrong_state(
            known,
            "requested, delivered or answered_in_part",
        ));
    }
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    Ok(Event::Closed {
        at,
        reason: reason.to_owned(),
    })
}

/// The timers of a running term that are still to come: reminders, and its end once nothing
/// received in time can still arrive.
pub fn timers(known: &Clarification, rules: &Rules, now: DateTime<Utc>) -> Vec<TimerWanted> {
    let Some(due_at) = known.due_at.filter(|_| known.state.is_open()) else {
        return Vec::new();
    };
    let wanted = |kind, at| TimerWanted::new(&known.call, kind, at).about(known.id);
    let reminders = rules.reminders.iter().map(|minutes| {
        let at = due_at - TimeDelta::minutes(i64::from(*minutes));
        wanted(TimerKind::ClarificationReminder, at)
    });
    let mut timers: Vec<TimerWanted> = reminders.filter(|timer| timer.nominal_at > now).collect();
    timers.push(wanted(TimerKind::ClarificationDue, due_at + LAPSE_AFTER));
    timers
}

/// The timers that have nothing to do any more once the request is answered or taken back.
pub fn timers_given_up(known: &Clarification) -> Vec<TimersCancelled> {
    let kinds = [
        TimerKind::ClarificationReminder,
        TimerKind::ClarificationDue,
    ];
    let given_up = kinds.map(|kind| TimersCancelled {
        call: known.call.clone(),
        subject: known.id.to_string(),
        kind,
    });
    given_up.into()
}

fn wrong_state(known: &Clarification, required: &'static str) -> Refusal {
    Refusal::WrongState {
        required,
        actual: known.state.as_str(),
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
