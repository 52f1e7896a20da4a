//! The installation's own service: the mark that says until when anybody was served, and the
//! extension that the daemon proposes when that reached into the last day before a close.

use bando_domain::call::{self, ACT_TO_BE_STATED, Absence, Call};
use bando_domain::ids::ProposalId;
use bando_domain::proposal::{Act, Proposal};
use bando_store::{
    PageQuery, Tx, Versioned, applications, calls, programmes, proposals as waiting, serving,
};
use chrono::{DateTime, Utc};

use crate::context::{Command, Context};
use crate::error::Error;
use crate::proposals;

/// Calls read at a time.
const PAGE: u64 = 500;

/// Raises the mark of service. What lay between it and now without anybody being served is
/// recorded, and extensions are proposed, in the same commit: once, whoever of several replicas or
/// restarts comes first.
pub async fn look(cx: &Context) -> Result<(), Error> {
    // What the clock says is no instant to judge an absence by.
    if cx.clock.standing().holds() {
        return Ok(());
    }
    let act = cx.act(&Command::of_time(cx.now()));
    let made_up = cx
        .store
        .write(act, async move |tx: &Tx| {
            let Some(served_until) = serving::raise(tx).await? else {
                return Ok(None);
            };
            let Some(absence) = Absence::between(served_until, tx.cause().at) else {
                return Ok(None);
            };
            let proposed = Box::pin(make_up(tx, &absence)).await?;
            serving::record_absence(tx, &absence, &proposed).await?;
            Ok::<_, Error>(Some((absence, proposed.len())))
        })
        .await?;
    if let Some((Absence { from, until }, proposed)) = made_up {
        tracing::warn!(%from, %until, proposed, "nobody was served: extensions are proposed");
    }
    Ok(())
}

/// While the daemon runs: a simulated clock is turned, and time that was skipped is no absence.
pub async fn go_on(cx: &Context) -> Result<(), Error> {
    if cx.clock.simulated().is_none() {
        return look(cx).await;
    }
    let act = cx.act(&Command::of_time(cx.now()));
    let raised = cx.store.write(act, async move |tx: &Tx| {
        serving::raise(tx).await?;
        Ok::<_, Error>(())
    });
    raised.await
}

/// Proposes to extend every call whose last day before the close it reached into.
async fn make_up(tx: &Tx, absence: &Absence) -> Result<Vec<ProposalId>, Error> {
    let mut proposed = Vec::new();
    for programme in programmes::all(tx).await? {
        let mut page = PageQuery {
            size: PAGE,
            after: None,
        };
        loop {
            let found = calls::list(tx, &programme.value.id, false, &page).await?;
            for known in &found.rows {
                proposed.extend(propose(tx, &known.value, absence).await?);
            }
            match found.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
    }
    Ok(proposed)
}

/// Asks for an approval of what gives the time back; nothing where a person asked for an extension
/// that waits, or where none is possible any more.
async fn propose(tx: &Tx, call: &Call, absence: &Absence) -> Result<Option<ProposalId>, Error> {
    let earlier = extension_in(tx, call).await?;
    let is_a_persons = |known: &Versioned<Proposal>| !known.value.act.leaves_its_number();
    if earlier.as_ref().is_some_and(is_a_persons) {
        tracing::warn!(call = %call.id, "a person's extension waits: none is proposed");
        return Ok(None);
    }
    let proposed = earlier.as_ref().and_then(|known| close_of(&known.value));
    let Some((closes_at, closes_text)) = call::make_up(call, absence, proposed) else {
        return Ok(None);
    };
    let checked = applications::count_checked(tx, &call.id).await?;
    let close = (closes_at, closes_text.as_str());
    if let Err(refusal) = call::extend(call, ACT_TO_BE_STATED, close, checked, tx.cause().at) {
        tracing::warn!(call = %call.id, %refusal, "no extension is proposed");
        return Ok(None);
    }
    let mut reason = absence.reason(call);
    if let Some(earlier) = earlier {
        if let Some(before) = reason_of(&earlier.value) {
            reason = format!("{before}; {reason}");
        }
        proposals::take_back(tx, earlier, "nobody was served once more").await?;
    }
    let act = Act::Extension {
        closes_at,
        closes_text,
        act: ACT_TO_BE_STATED.to_owned(),
        reason: Some(reason),
    };
    let asked = proposals::ask(tx, call, act).await?;
    Ok(Some(asked.value.id))
}

/// The extension of a call that somebody asked for and that may still be approved.
async fn extension_in(tx: &Tx, call: &Call) -> Result<Option<Versioned<Proposal>>, Error> {
    let pending = waiting::pending_in(tx, &call.id).await?.into_iter();
    let mut extensions = pending.filter(|known| {
        let is_live = known.value.expires_at >= tx.cause().at;
        is_live && close_of(&known.value).is_some()
    });
    Ok(extensions.next())
}

fn close_of(proposal: &Proposal) -> Option<DateTime<Utc>> {
    extension(proposal).map(|(closes_at, _)| closes_at)
}

fn reason_of(proposal: &Proposal) -> Option<String> {
    extension(proposal).and_then(|(_, reason)| reason)
}

fn extension(proposal: &Proposal) -> Option<(DateTime<Utc>, Option<String>)> {
    match &proposal.act {
        Act::Extension {
            closes_at, reason, ..
        } => Some((*closes_at, reason.clone())),
        Act::Ranking { .. }
        | Act::Award { .. }
        | Act::Annulment { .. }
        | Act::LateAdmission { .. }
        | Act::Publication
        | Act::Cancellation { .. }
        | Act::RuleChange { .. } => None,
    }
}
