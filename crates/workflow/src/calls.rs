//! Calls: loaded from their files, opened and closed by time.

use crate::authority::expect_programme;
use crate::context::{Command, Context};
use crate::correspondence;
use crate::error::Error;
use bando_domain::actor::{Actor, Role};
use bando_domain::call::{self, Call, State};
use bando_domain::call_file::{self, Mistake};
use bando_domain::ids::{CallId, ProgrammeId};
use bando_domain::letter::LetterWanted;
use bando_domain::project::Violation;
use bando_domain::rules::AllocationPolicy;
use bando_domain::timer::TimersCancelled;
use bando_store::{
    Consequences, Page, PageQuery, Tx, Versioned, applications, calls, consortia, programmes,
    record,
};

/// Consortia written to per read when a call opens.
const PAGE: u64 = 500;

pub async fn get(cx: &Context, actor: &Actor, id: &CallId) -> Result<Versioned<Call>, Error> {
    let found = visible(cx, actor, id).await?;
    Ok(as_seen_by(actor, found))
}

/// A call the actor may see, with what is decided and not published.
pub(crate) async fn visible(
    cx: &Context,
    actor: &Actor,
    id: &CallId,
) -> Result<Versioned<Call>, Error> {
    let hidden = || Error::NotFound(format!("call {id}"));
    if !actor.sees_programme(id.programme()) {
        return Err(hidden());
    }
    let found = calls::get(cx.store.read(), id).await?;
    if found.value.state == State::Draft && !sees_drafts(actor) {
        return Err(hidden());
    }
    Ok(found)
}

/// A call as an actor sees it: that its results are decided is the office's own until they are
/// published.
fn as_seen_by(actor: &Actor, known: Versioned<Call>) -> Versioned<Call> {
    if actor.sees_all_consortia() || actor.is(Role::System) {
        return known;
    }
    Versioned {
        version: known.version,
        value: known.value.before_results(),
    }
}

pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    page: &PageQuery,
) -> Result<Page<Versioned<Call>>, Error> {
    expect_programme(actor, programme)?;
    programmes::get(cx.store.read(), programme).await?;
    let found = calls::list(cx.store.read(), programme, sees_drafts(actor), page).await?;
    Ok(found.map(|known| as_seen_by(actor, known)))
}

fn sees_drafts(actor: &Actor) -> bool {
    actor.is_any(&[
        Role::Officer,
        Role::Manager,
        Role::Approver,
        Role::Auditor,
        Role::Viewer,
        Role::System,
    ])
}

/// Creates a draft call from its file, or replaces the terms of a draft.
pub async fn load(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    file_name: &str,
    file: &str,
) -> Result<Versioned<Call>, Error> {
    expect_programme(&command.actor, programme)?;
    let programme = programmes::get(cx.store.read(), programme).await?;
    let parsed = call_file::parse_call(file_name, file, &programme.value).map_err(mistakes)?;
    cx.once(command, || async {
        let before = calls::find(cx.store.read(), &parsed.id).await?;
        let known = before.as_ref().map(|known| &known.value);
        let event = call::load(known, parsed.id.clone(), parsed.terms.clone())?;
        cx.commit(command, async move |tx: &Tx| {
            Ok(record(tx, before, &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}

/// First come, first served: closes the call when the submission at hand spent its budget, in its
/// transaction.
pub(crate) async fn exhaust(tx: &Tx, before: &Versioned<Call>) -> Result<(), Error> {
    if before.value.terms.rules.allocation != AllocationPolicy::FirstCome {
        return Ok(());
    }
    let claimed = applications::claimed(tx, &before.value.id).await?;
    // Two may be written in another order than they were received in: nobody is refused who came
    // before one that was accepted.
    let last = claimed.last_received_at.unwrap_or(tx.cause().at);
    let Some(event) = call::exhaust(&before.value, claimed.amount, last) else {
        return Ok(());
    };
    if let Some(after) = call::apply(Some(before.value.clone()), &event) {
        let consequences = new_close(tx, &after, Vec::new());
        record(tx, Some(before.clone()), &event, consequences).await?;
    }
    Ok(())
}

/// The timers of a close that was moved take the place of the earlier ones.
pub(crate) fn new_close(tx: &Tx, after: &Call, letters: Vec<LetterWanted>) -> Consequences {
    Consequences {
        letters,
        cancelled: old_close(after),
        timers: call::timers_of_close(after, tx.cause().at),
        ..Consequences::default()
    }
}

/// The timers that hang on the close as it stood.
pub(crate) fn old_close(call: &Call) -> Vec<TimersCancelled> {
    call::timers_of_close_cancelled(call)
}

/// Opens a call in the transaction of its timer and writes to every consortium. A call that is
/// open already stays as it is.
pub(crate) async fn open(tx: &Tx, id: &CallId) -> Result<(), Error> {
    let before = calls::get(tx, id).await?;
    if before.value.state != State::Published {
        return Ok(());
    }
    let event = call::open(&before.value, tx.cause().at)?;
    let mut letters = Vec::new();
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    loop {
        let found = consortia::list(tx, id.programme(), None, &page).await?;
        let written = found
            .rows
            .iter()
            .map(|known| correspondence::call_opened(&before.value, &known.value));
        letters.extend(written);
        match found.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    record(tx, Some(before), &event, Consequences::letters(letters)).await?;
    Ok(())
}

/// Closes a call in the transaction of its timer. A call that was never opened, because the
/// daemon was down over its whole window, is opened first: its history stays whole.
pub(crate) async fn close(tx: &Tx, id: &CallId) -> Result<(), Error> {
    let mut before = calls::get(tx, id).await?;
    if before.value.state == State::Published {
        let event = call::open(&before.value, tx.cause().at)?;
        before = record(tx, Some(before), &event, Consequences::default()).await?;
    }
    if before.value.state != State::Open || before.value.interruption().is_some() {
        return Ok(());
    }
    let event = call::close(&before.value, tx.cause().at)?;
    record(tx, Some(before), &event, Consequences::default()).await?;
    Ok(())
}

/// All mistakes of a file, each as a violation with its place and value.
pub(crate) fn mistakes(found: Vec<Mistake>) -> Error {
    let violations = found.into_iter().map(|mistake| {
        let place = match mistake.line {
            Some(line) => format!("{}:{line}", mistake.file),
            None => mistake.file,
        };
        let explanation = format!("{place}: {}: {}", mistake.value, mistake.rule);
        Violation::new(mistake.key, "FILE_RULE", explanation)
    });
    Error::Invalid {
        reason: "FILE_INVALID",
        violations: violations.collect(),
    }
}
