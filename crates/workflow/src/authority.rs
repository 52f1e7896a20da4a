//! Whose papers an actor may see and change. A foreign object does not exist for them.

use bando_domain::actor::{Actor, Role};
use bando_domain::application::Application;
use bando_domain::evaluation;
use bando_domain::ids::{ApplicationId, CallId, ConsortiumId, ProgrammeId};
use bando_store::{Versioned, applications, evaluations};

use crate::context::Context;
use crate::error::Error;

pub(crate) fn expect_programme(actor: &Actor, programme: &ProgrammeId) -> Result<(), Error> {
    if actor.sees_programme(programme) {
        return Ok(());
    }
    Err(Error::NotFound(format!("programme {programme}")))
}

/// An application the actor may read: office roles, its consortium, and evaluators who declared to
/// be free of conflicts of interest. Everything that belongs to an application is read after this.
///
/// # Errors
/// `CONFLICT_NOT_DECLARED` or `EVALUATOR_FLAGGED` for an evaluator it is not open to yet.
pub(crate) async fn visible_application(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    id: ApplicationId,
) -> Result<Versioned<Application>, Error> {
    let hidden = || Error::NotFound(format!("application {id}"));
    if !actor.sees_programme(call.programme()) {
        return Err(hidden());
    }
    let found = applications::get(cx.store.read(), id).await?;
    if found.value.call != *call {
        return Err(hidden());
    }
    if actor.sees_consortium(found.value.consortium) && !actor.is(Role::Evaluator) {
        return Ok(found);
    }
    if !actor.is(Role::Evaluator) {
        return Err(hidden());
    }
    let own = evaluations::of_pair(cx.store.read(), id, &actor.person).await?;
    let own = own.filter(|own| own.value.state.is_live());
    evaluation::may_open(&own.ok_or_else(hidden)?.value)?;
    Ok(found)
}

/// Only the consortium itself acts for itself.
pub(crate) fn expect_own(actor: &Actor, consortium: ConsortiumId) -> Result<(), Error> {
    if actor.is(Role::Consortium) && actor.consortium == Some(consortium) {
        return Ok(());
    }
    Err(Error::Denied(
        "only the consortium itself may do this".to_owned(),
    ))
}

/// The consortium a listing is narrowed to: none for office roles, its own for a consortium.
pub(crate) fn own_only(actor: &Actor) -> Result<Option<ConsortiumId>, Error> {
    if actor.sees_all_consortia() {
        return Ok(None);
    }
    match actor.consortium {
        Some(own) if actor.is(Role::Consortium) => Ok(Some(own)),
        _ => Err(Error::Denied("this token sees no consortia".to_owned())),
    }
}
