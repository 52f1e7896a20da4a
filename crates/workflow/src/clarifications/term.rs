//! The term of a request: it begins with a recorded delivery, reminds, and ends by time.

use bando_domain::application::{Application, State as ApplicationState};
use bando_domain::clarification::{self, Clarification, State};
use bando_domain::consortium::Consortium;
use bando_domain::ids::{ClarificationId, LetterId};
use bando_domain::letter::Delivered;
use bando_domain::timer::Timer;
use bando_store::{
    Consequences, Tx, Versioned, applications, calls, clarifications, consortia, letters, record,
};

use super::give_up;
use crate::correspondence::{self, Matter};
use crate::error::Error;

/// A request with those whom its letters concern.
struct Case {
    before: Versioned<Clarification>,
    application: Application,
    owner: Consortium,
}

impl Case {
    async fn of(tx: &Tx, id: ClarificationId) -> Result<Self, Error> {
        let before = clarifications::get(tx, id).await?;
        let application = applications::get(tx, before.value.application).await?.value;
        let owner = consortia::get(tx, before.value.consortium).await?.value;
        Ok(Self {
            before,
            application,
            owner,
        })
    }

    fn is_under_check(&self) -> bool {
        self.application.state == ApplicationState::UnderCheck
    }

    fn matter<'a>(&'a self, known: &'a Clarification) -> Matter<'a> {
        Matter {
            owner: &self.owner,
            application: &self.application,
            known,
        }
    }
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
    let (known, zone) = (&case.before.value, &call.terms.window.zone);
    let event = clarification::deliver(known, letter, delivered.at, &delivered.evidence, zone);
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

/// Ends the term of a request that is not answered, and tells the consortium. One that was
/// answered or taken back meanwhile stays as it is.
pub(crate) async fn expire(tx: &Tx, timer: &Timer) -> Result<(), Error> {
    let case = Case::of(tx, subject(timer)?).await?;
    let known = &case.before.value;
    let runs = matches!(known.state, State::Delivered | State::AnsweredInPart);
    let Some(due_at) = known.due_at.filter(|_| runs) else {
        return Ok(());
    };
    if !case.is_under_check() {
        return give_up(
            tx,
            known.application,
            "the application is not under check any more",
        )
        .await;
    }
    let event = clarification::expire(known, tx.cause().at)?;
    let letter = correspondence::term_expired(case.matter(known), due_at);
    let consequences = Consequences::letters(vec![letter]);
    record(tx, Some(case.before.clone()), &event, consequences).await?;
    Ok(())
}

fn subject(timer: &Timer) -> Result<ClarificationId, Error> {
    Ok(timer
        .subject
        .parse()
        .map_err(bando_store::Error::internal)?)
}
