//! The term of a request: it begins with a recorded delivery, reminds, and ends by time.

use bando_domain::application::State as ApplicationState;
use bando_domain::clarification::{self, Clarification, State};
use bando_domain::ids::{ClarificationId, LetterId};
use bando_domain::letter::{Delivered, Recipient};
use bando_domain::timer::Timer;
use bando_store::applications::Outline;
use bando_store::{
    Change, Consequences, Tx, Versioned, applications, calls, clarifications, consortia, letters,
    record, record_all,
};

use super::give_up;
use crate::correspondence::{self, Matter};
use crate::error::Error;

/// A request with what its letters say of its application, and to whom.
struct Case {
    before: Versioned<Clarification>,
    application: Outline,
    recipient: Recipient,
}

impl Case {
    async fn of(tx: &Tx, id: ClarificationId) -> Result<Self, Error> {
        let found = Self::all(tx, vec![id]).await?.pop();
        found.ok_or_else(|| missing(id))
    }

    /// In order of their ids, each once.
    async fn all(tx: &Tx, mut ids: Vec<ClarificationId>) -> Result<Vec<Self>, Error> {
        ids.sort_unstable();
        ids.dedup();
        let mut found = clarifications::by_ids(tx, ids.iter().copied()).await?;
        found.sort_unstable_by_key(|known| known.value.id);
        if let Some(id) = ids.iter().find(|id| {
            found
                .binary_search_by_key(*id, |known| known.value.id)
                .is_err()
        }) {
            return Err(missing(*id));
        }
        let of = found.iter().map(|known| known.value.application);
        let outlines = applications::outlines(tx, of).await?;
        let owners = found.iter().map(|known| known.value.consortium);
        let recipients = consortia::recipients(tx, owners).await?;
        let case = |before: Versioned<Clarification>| {
            let known = &before.value;
            let application = outlines.get(&known.application)?.clone();
            let recipient = recipients.get(&known.consortium)?.clone();
            Some(Self {
                before,
                application,
                recipient,
            })
        };
        Ok(found.into_iter().filter_map(case).collect())
    }

    fn is_under_check(&self) -> bool {
        self.application.state == ApplicationState::UnderCheck
    }

    fn matter<'a>(&self, known: &'a Clarification) -> Matter<'a> {
        Matter {
            recipient: self.recipient.clone(),
            application: self.application.clone(),
            known,
        }
    }
}

fn missing(id: ClarificationId) -> Error {
    bando_store::Error::not_found(format!("clarification {id}")).into()
}

/// The delivery of a request's letter was recorded: its term and its timers come from there.
pub(crate) async fn term_begins(
    tx: &Tx,
    id: ClarificationId,
    letter: LetterId,
    delivered: &Delivered,
) -> Result<(), Error> {
    let case = Case::of(tx, id).await?;
    let call = calls::get(tx, &case.before.value.call).await?.value;
    let (known, by) = (&case.before.value, call.terms.window.reckoning());
    let event = clarification::deliver(known, letter, delivered.at, &delivered.evidence, by);
    let Some(event) = event else {
        return Ok(());
    };
    let Some(after) = clarification::apply(Some(known.clone()), &event) else {
        return Err(bando_store::Error::internal("a delivery comes to a request").into());
    };
    let due_at = after.due_at.into_iter();
    let told = due_at.map(|due| correspondence::term_runs(case.matter(&after), delivered.at, due));
    let consequences = Consequences {
        letters: told.collect(),
        timers: clarification::timers(&after, &call.terms.procedure, tx.cause().at),
        ..Consequences::default()
    };
    record(tx, Some(case.before.clone()), &event, consequences).await?;
    Ok(())
}

/// A request's letter came back: no term runs, and the officers are told by their digest.
pub(crate) async fn letter_came_back(
    tx: &Tx,
    id: ClarificationId,
    letter: LetterId,
    notice: &Delivered,
) -> Result<(), Error> {
    let before = clarifications::get(tx, id).await?;
    let (at, evidence) = (notice.at, &notice.evidence);
    if let Some(event) = clarification::fail_delivery(&before.value, letter, at, evidence) {
        record(tx, Some(before), &event, Consequences::default()).await?;
    }
    Ok(())
}

/// Reminds the consortium of what is unanswered; a request that was answered or taken back needs
/// no reminder.
pub(crate) async fn remind(tx: &Tx, timer: &Timer) -> Result<(), Error> {
    let case = Case::of(tx, subject(timer)?).await?;
    let known = &case.before.value;
    let (Some(delivered_at), Some(due_at)) = (known.delivered_at(), known.due_at) else {
        return Ok(());
    };
    let is_waited_for = known.state.is_open() && case.is_under_check();
    if !is_waited_for || tx.cause().at > due_at {
        return Ok(());
    }
    let (matter, nominal_at) = (case.matter(known), timer.nominal_at);
    let letter = correspondence::answer_reminder(matter, nominal_at, delivered_at, due_at);
    Ok(letters::queue(tx, &letter).await?)
}

/// Ends the terms of requests that are not answered, and tells the consortia. One that was
/// answered or taken back meanwhile stays as it is.
pub(crate) async fn expire(tx: &Tx, timers: &[Timer]) -> Result<(), Error> {
    if timers.is_empty() {
        return Ok(());
    }
    let ids = timers.iter().map(subject).collect::<Result<_, _>>()?;
    let mut changes = Vec::with_capacity(timers.len());
    for case in Case::all(tx, ids).await? {
        let known = &case.before.value;
        let runs = matches!(known.state, State::Delivered | State::AnsweredInPart);
        let Some(due_at) = known.due_at.filter(|_| runs) else {
            continue;
        };
        if !case.is_under_check() {
            let reason = "the application is not under check any more";
            give_up(tx, known.application, reason).await?;
            continue;
        }
        let event = clarification::expire(known, tx.cause().at)?;
        let letter = correspondence::term_expired(case.matter(known), due_at);
        changes.push(Change {
            before: case.before,
            event,
            consequences: Consequences::letters(vec![letter]),
        });
    }
    Ok(record_all(tx, changes).await?)
}

fn subject(timer: &Timer) -> Result<ClarificationId, Error> {
    Ok(timer
        .subject
        .parse()
        .map_err(bando_store::Error::internal)?)
}
