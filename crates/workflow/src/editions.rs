//! Editions of a call beside one another: the next one as a draft, and what differs between two.

use bando_domain::actor::Actor;
use bando_domain::call::{self, Call};
use bando_domain::difference::{self, Difference};
use bando_domain::ids::CallId;
use bando_store::{Consequences, Tx, Versioned, calls, record};
use serde::{Deserialize, Serialize};

use crate::calls::get;
use crate::context::{Command, Context};
use crate::error::Error;

/// A draft and what it has otherwise than the edition it was cloned from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cloned {
    pub call: Versioned<Call>,
    pub differences: Vec<Difference>,
}

/// Makes the edition of `year` as a draft.
pub async fn clone(
    cx: &Context,
    command: &Command,
    id: &CallId,
    year: i32,
) -> Result<Cloned, Error> {
    cx.once(command, || async {
        let from = get(cx, &command.actor, id).await?.value;
        cx.commit(command, async move |tx: &Tx| {
            clone_in(tx, &from, year).await
        })
        .await
    })
    .await
}

/// Makes the edition of `year` as a draft, within a transaction at hand.
pub(crate) async fn clone_in(tx: &Tx, from: &Call, year: i32) -> Result<Cloned, Error> {
    let (id, terms) = call::next_edition(from, year)?;
    let differences = difference::of_terms(&from.terms, &terms)?;
    if let Some(known) = calls::find(tx, &id).await? {
        return Err(Error::Exists {
            reason: "CALL_EXISTS",
            message: format!("call {id} is there already, {}", known.value.state.as_str()),
        });
    }
    let event = call::load(None, id, terms)?;
    let call = record::<Call>(tx, None, &event, Consequences::default()).await?;
    Ok(Cloned { call, differences })
}

/// What `other` has otherwise than `id`: dates, budget and rules.
pub async fn compare(
    cx: &Context,
    actor: &Actor,
    id: &CallId,
    other: &CallId,
) -> Result<Vec<Difference>, Error> {
    let before = get(cx, actor, id).await?.value.terms;
    let after = get(cx, actor, other).await?.value.terms;
    Ok(difference::of_terms(&before, &after)?)
}
