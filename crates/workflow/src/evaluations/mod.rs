//! Evaluations: assigned by the office or by lot, declared on and scored by their evaluator, taken
//! out of the count by a manager.

mod assignment;
mod consensus;
mod exclusion;
mod progress;
mod sheet;

use bando_domain::actor::{Actor, Role};
use bando_domain::conflict::{self, Firm, Flag};
use bando_domain::evaluation::{self, Evaluation, State};
use bando_domain::event::Personal;
use bando_domain::ids::{ApplicationId, CallId, EvaluationId};
use bando_domain::receipt::SealedContent;
use bando_store::{
    Consequences, Db, Page, PageQuery, Tx, Versioned, applications, calls, consortia, evaluations,
    evaluators, record, tokens,
};

use crate::authority::expect_programme;
use crate::context::{Command, Context};
use crate::error::Error;

pub use assignment::{Drawn, assign, draw, reassign};
pub use consensus::{confirm, propose, revise};
pub use exclusion::{Excluded, exclude};
pub use progress::{ApplicationProgress, EvaluatorProgress, ProgressPage, progress};
pub use sheet::{Declaration, Given, declare, score};

/// Longest reason, in characters.
const REASON_LIMIT: usize = 2_000;

/// Whether the actor sees every evaluation: an office role, and no evaluator.
fn sees_all(actor: &Actor) -> bool {
    actor.sees_all_consortia() && !actor.is(Role::Evaluator)
}

fn is_own(actor: &Actor, evaluation: &Evaluation) -> bool {
    actor.is(Role::Evaluator) && evaluation.evaluator == actor.person
}

/// An evaluation the actor may see: their own, or any for an office role; another's of the same
/// application where the call lets its evaluators see it after their own is signed.
pub async fn get(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    id: EvaluationId,
) -> Result<Versioned<Evaluation>, Error> {
    let hidden = || Error::NotFound(format!("evaluation {id}"));
    if !actor.sees_programme(call.programme()) {
        return Err(hidden());
    }
    let found = evaluations::get(cx.store.read(), id).await?;
    if found.value.call != *call {
        return Err(hidden());
    }
    let own = is_own(actor, &found.value);
    if own || sees_all(actor) || sees_others(cx, actor, call, found.value.application).await? {
        Ok(shown(actor, found))
    } else {
        Err(hidden())
    }
}

/// Whether an evaluator sees the other sheets of an application: theirs is signed, and the call
/// says so.
async fn sees_others(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    application: ApplicationId,
) -> Result<bool, Error> {
    if !actor.is(Role::Evaluator) {
        return Ok(false);
    }
    let db = cx.store.read();
    let own = evaluations::of_pair(db, application, &actor.person).await?;
    let is_signed =
        own.is_some_and(|own| own.value.state == State::Scored && !own.value.is_flagged());
    Ok(is_signed
        && calls::get(db, call)
            .await?
            .value
            .terms
            .rules
            .score_grid
            .evaluators_see_others)
}

/// What is shown of it: after a conflict an evaluator sees no scores, not even their own.
fn shown(actor: &Actor, mut found: Versioned<Evaluation>) -> Versioned<Evaluation> {
    let evaluation = &mut found.value;
    if evaluation.state == State::Conflicted && is_own(actor, evaluation) {
        evaluation.scores.clear();
        evaluation.details.earlier.clear();
        evaluation.details.agreement = None;
    }
    found
}

/// For office roles all; for an evaluator their own, and nothing that tells how many others there
/// are before they may see them.
pub async fn list(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    application: Option<ApplicationId>,
    page: &PageQuery,
) -> Result<Page<Versioned<Evaluation>>, Error> {
    expect_programme(actor, call.programme())?;
    let all = match application {
        _ if sees_all(actor) => true,
        Some(application) => sees_others(cx, actor, call, application).await?,
        None => false,
    };
    let own = (!all).then_some(actor.person.as_str());
    let found = evaluations::list(cx.store.read(), call, application, own, page).await?;
    Ok(found.map(|known| shown(actor, known)))
}

/// The evaluator's own evaluation, to act on it.
async fn own(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    id: EvaluationId,
) -> Result<Versioned<Evaluation>, Error> {
    let found = get(cx, actor, call, id).await?;
    if is_own(actor, &found.value) {
        // As stored: what is hidden from the reader stays in the row.
        return Ok(evaluations::get(cx.store.read(), id).await?);
    }
    Err(Error::Denied(
        "only the evaluator it is assigned to does this".to_owned(),
    ))
}

/// What is needed to declare a conflict of interest, and no more.
#[derive(Debug, Clone)]
pub struct Cover {
    pub evaluation: Versioned<Evaluation>,
    pub protocol: String,
    /// Who applies, with which project, as it was sealed.
    pub content: SealedContent,
}

/// For office roles and the evaluator, while the evaluation is live.
pub async fn cover(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    id: EvaluationId,
) -> Result<Cover, Error> {
    let evaluation = get(cx, actor, call, id).await?;
    let own = is_own(actor, &evaluation.value) && evaluation.value.state.is_live();
    if !own && !sees_all(actor) {
        return Err(Error::NotFound(format!("the cover of evaluation {id}")));
    }
    let db = cx.store.read();
    let application = applications::get(db, evaluation.value.application).await?;
    let application = application.value;
    Ok(Cover {
        protocol: application.label(),
        content: sealed(db, &application).await?,
        evaluation,
    })
}

/// The sealed copy that is evaluated.
async fn sealed<D: Db>(
    db: &D,
    application: &bando_domain::application::Application,
) -> Result<SealedContent, Error> {
    let number = application.counted().map_or(0, |counted| counted.number);
    let text = applications::sealed_content(db, application.id, number).await?;
    Ok(serde_json::from_str(&text)?)
}

fn revealed(value: Option<&Personal>) -> Option<String> {
    value.map(|value| value.reveal().to_owned())
}

/// The consortium and its members, those of the sealed copy and all of the register: where they can
/// be reached stands only there.
async fn firms<D: Db>(
    db: &D,
    application: &bando_domain::application::Application,
) -> Result<Vec<Firm>, Error> {
    let owner = consortia::get(db, application.consortium).await?.value;
    let sealed = sealed(db, application).await?.consortium;
    let own = [&owner.profile, &sealed].map(|profile| Firm {
        partita_iva: profile.partita_iva.clone(),
        email: Some(owner.contact.email.reveal().to_owned()),
        address: revealed(owner.contact.address.as_ref()),
    });
    let members = sealed.members.iter().chain(&owner.profile.members);
    let members = members.map(|member| Firm {
        partita_iva: member.partita_iva.clone(),
        email: revealed(member.email.as_ref()),
        address: revealed(member.address.as_ref()),
    });
    Ok(own.into_iter().chain(members).collect())
}

/// What speaks against a person evaluating an application; nothing when they are not registered.
async fn flags<D: Db>(
    db: &D,
    application: &bando_domain::application::Application,
    person: &str,
) -> Result<Vec<Flag>, Error> {
    let people = [person.to_owned()];
    let programme = application.call.programme();
    let registered = evaluators::of_people(db, programme, &people).await?;
    let Some(registered) = registered.first() else {
        return Ok(Vec::new());
    };
    Ok(conflict::flags(
        &registered.value,
        &firms(db, application).await?,
    ))
}

/// Records what is found against a pair now and was not known; `Err` holds it with the flags.
async fn look_again(
    tx: &Tx,
    before: Versioned<Evaluation>,
) -> Result<Result<Versioned<Evaluation>, Versioned<Evaluation>>, Error> {
    let application = applications::get(tx, before.value.application).await?;
    let found = flags(tx, &application.value, &before.value.evaluator).await?;
    match evaluation::flag(&before.value, &found) {
        None => Ok(Ok(before)),
        Some(event) => {
            let flagged = record(tx, Some(before), &event, Consequences::default()).await?;
            Ok(Err(flagged))
        }
    }
}

/// Looks at every live evaluation of a person again, after the register changed.
pub(crate) async fn look_at_all_of(
    tx: &Tx,
    programme: &bando_domain::ids::ProgrammeId,
    person: &str,
) -> Result<(), Error> {
    for known in evaluations::live_of(tx, programme, person).await? {
        let (Ok(_) | Err(_)) = look_again(tx, known).await?;
    }
    Ok(())
}

/// Who evaluates a call has no token of its office.
async fn expect_outside_office<D: Db>(db: &D, call: &CallId, person: &str) -> Result<(), Error> {
    let call = calls::get(db, call).await?.value;
    let held = tokens::of_person(db, person).await?;
    Ok(evaluation::expect_outside_office(person, &held, &call)?)
}

/// A manager lets a pair stand in spite of its flags.
pub async fn lift_flags(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: EvaluationId,
    etag: &str,
    reason: &str,
) -> Result<Versioned<Evaluation>, Error> {
    expect_short(reason)?;
    cx.once(command, || async {
        let before = get(cx, &command.actor, call, id).await?;
        cx.expect_etag(&before, etag).await?;
        let (person, at) = (&command.actor.person, command.received_at);
        let event = evaluation::lift_flags(&before.value, reason, person, at)?;
        cx.commit(command, async move |tx: &Tx| {
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}

fn expect_short(reason: &str) -> Result<(), Error> {
    if reason.chars().count() <= REASON_LIMIT {
        return Ok(());
    }
    let rule = format!("at most {REASON_LIMIT} characters");
    Err(Error::invalid("reason", "TOO_LONG", rule))
}
