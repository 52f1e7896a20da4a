//! Acts about a call in the making: proposed by one person and carried out by another's approval,
//! or done at once where an outage leaves no time for a second person.

use bando_domain::application::{self, Application, State as ApplicationState};
use bando_domain::call::{self, Call, Cancellation};
use bando_domain::civil::resolve_deadline;
use bando_domain::consortium::Consortium;
use bando_domain::ids::{CallId, ConsortiumId};
use bando_domain::letter::LetterWanted;
use bando_domain::proposal::{Act, Proposal};
use bando_store::applications::Filter;
use bando_store::{Consequences, Db, PageQuery, Tx, Versioned, applications, consortia, record};
use chrono::{DateTime, Utc};

use crate::calls::{get, new_close, old_close};
use crate::clarifications;
use crate::context::{Command, Context};
use crate::correspondence;
use crate::error::Error;
use crate::proposals;

/// Applications read at a time.
const PAGE: u64 = 500;

/// Asks a second person to make a draft public.
pub async fn propose_publication(
    cx: &Context,
    command: &Command,
    id: &CallId,
    etag: &str,
) -> Result<Versioned<Proposal>, Error> {
    cx.once(command, || async {
        let before = get(cx, &command.actor, id).await?;
        cx.expect_etag(&before, etag).await?;
        call::publish(&before.value, command.received_at)?;
        cx.commit(command, async move |tx: &Tx| {
            proposals::ask(tx, &before.value, Act::Publication).await
        })
        .await
    })
    .await
}

/// Makes a call public: its dates become timers in the commit of the approval.
pub(crate) async fn publish(tx: &Tx, before: Versioned<Call>) -> Result<(), Error> {
    let event = call::publish(&before.value, tx.cause().at)?;
    let consequences = Consequences {
        timers: call::timers(&before.value, tx.cause().at),
        ..Consequences::default()
    };
    record(tx, Some(before), &event, consequences).await?;
    Ok(())
}

/// A later close as it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct LaterClose<'a> {
    /// In civil time of the call's zone.
    pub closes: &'a str,
    /// The number of the act that extends the call.
    pub act: &'a str,
    /// Why; may be empty.
    pub reason: &'a str,
}

/// Asks a second person to move the close to a later civil time of the call's zone. What time
/// itself proposed, and nobody decided, gives way to what a person asks for.
pub async fn propose_extension(
    cx: &Context,
    command: &Command,
    id: &CallId,
    etag: &str,
    wanted: LaterClose<'_>,
) -> Result<Versioned<Proposal>, Error> {
    let act = expect_act(wanted.act)?;
    let reason = match wanted.reason.trim() {
        "" => None,
        reason => Some(expect_reason(reason)?.to_owned()),
    };
    let closes = wanted.closes;
    cx.once(command, || async {
        let before = get(cx, &command.actor, id).await?;
        cx.expect_etag(&before, etag).await?;
        let call = before.value;
        let closes_at = resolve_deadline(closes, &call.terms.window.zone)
            .map_err(|error| Error::invalid("closes", "CIVIL_TIME", error.to_string()))?;
        let checked = applications::count_checked(cx.store.read(), id).await?;
        call::extend(
            &call,
            act,
            (closes_at, closes),
            checked,
            command.received_at,
        )?;
        let act = Act::Extension {
            closes_at,
            closes_text: closes.to_owned(),
            act: act.to_owned(),
            reason: reason.clone(),
        };
        cx.commit(command, async move |tx: &Tx| {
            for waiting in bando_store::proposals::pending_in(tx, &call.id).await? {
                if waiting.value.act.leaves_its_number() {
                    proposals::take_back(tx, waiting, "a person asks for another close").await?;
                }
            }
            proposals::ask(tx, &call, act).await
        })
        .await
    })
    .await
}

/// Moves the close in the commit of the approval: its timers are set anew, what had lapsed or
/// come late is a draft again, and everybody with an application is told.
pub(crate) async fn extend(
    tx: &Tx,
    before: Versioned<Call>,
    act: &str,
    close: (DateTime<Utc>, &str),
) -> Result<(), Error> {
    let was = before.value.terms.window.closes_at;
    let at = tx.cause().at;
    let checked = applications::count_checked(tx, &before.value.id).await?;
    let event = call::extend(&before.value, act, close, checked, at)?;
    let after = applied(&before.value, &event)?;
    let told = |owner: &Consortium, of: &Application| {
        correspondence::call_extended(&after, owner, of, (was, at > was), act)
    };
    for state in [ApplicationState::Lapsed, ApplicationState::Late] {
        for out in all_in(tx, &after.id, Some(state)).await? {
            let owner = owner_of(tx, out.value.consortium).await?;
            let letters = vec![told(&owner, &out.value)];
            let event = application::reopen(&out.value)?;
            record(tx, Some(out), &event, Consequences::letters(letters)).await?;
        }
    }
    // Those just reopened are drafts by now; their letter is queued once, under its key.
    let letters = letters_to_live(tx, &after, told).await?;
    let consequences = new_close(tx, &after, letters);
    record(tx, Some(before), &event, consequences).await?;
    Ok(())
}

/// Suspends a call at once: an outage does not wait for a second person. Its close does not come
/// while it lasts.
pub async fn suspend(
    cx: &Context,
    command: &Command,
    id: &CallId,
    etag: &str,
    reason: &str,
) -> Result<Versioned<Call>, Error> {
    let reason = expect_reason(reason)?;
    cx.once(command, || async {
        let before = get(cx, &command.actor, id).await?;
        cx.expect_etag(&before, etag).await?;
        let event = call::suspend(&before.value, reason, command.received_at)?;
        let reason = reason.to_owned();
        cx.commit(command, async move |tx: &Tx| {
            let after = applied(&before.value, &event)?;
            let told = |owner: &Consortium, of: &Application| {
                correspondence::call_suspended(&after, owner, of, tx.cause().at, &reason)
            };
            let consequences = Consequences {
                letters: letters_to_live(tx, &after, told).await?,
                cancelled: old_close(&after),
                ..Consequences::default()
            };
            Ok(record(tx, Some(before), &event, consequences).await?)
        })
        .await
    })
    .await
}

/// Resumes a suspended call; the close moves by what was lost, and everybody is told.
pub async fn resume(
    cx: &Context,
    command: &Command,
    id: &CallId,
    etag: &str,
    act: &str,
) -> Result<Versioned<Call>, Error> {
    let act = expect_act(act)?;
    cx.once(command, || async {
        let before = get(cx, &command.actor, id).await?;
        cx.expect_etag(&before, etag).await?;
        let event = call::resume(&before.value, act, command.received_at)?;
        let act = act.to_owned();
        cx.commit(command, async move |tx: &Tx| {
            let was = before.value.terms.window.closes_at;
            let after = applied(&before.value, &event)?;
            let told = |owner: &Consortium, of: &Application| {
                correspondence::call_resumed(&after, owner, of, was, &act)
            };
            let letters = letters_to_live(tx, &after, told).await?;
            let consequences = new_close(tx, &after, letters);
            Ok(record(tx, Some(before), &event, consequences).await?)
        })
        .await
    })
    .await
}

/// Asks a second person to withdraw a call.
pub async fn propose_cancellation(
    cx: &Context,
    command: &Command,
    id: &CallId,
    etag: &str,
    act: &str,
    reason: &str,
) -> Result<Versioned<Proposal>, Error> {
    let cancellation = Cancellation {
        act: expect_act(act)?.to_owned(),
        reason: expect_reason(reason)?.to_owned(),
    };
    cx.once(command, || async {
        let before = get(cx, &command.actor, id).await?;
        cx.expect_etag(&before, etag).await?;
        call::cancel(&before.value, &cancellation)?;
        let act = Act::Cancellation {
            cancellation: cancellation.clone(),
        };
        cx.commit(command, async move |tx: &Tx| {
            proposals::ask(tx, &before.value, act).await
        })
        .await
    })
    .await
}

/// Withdraws a call in the commit of the approval: applications end with it, its timers and what
/// else waited for a second person too, and everybody with an application is told. Receipts stay.
pub(crate) async fn cancel(
    tx: &Tx,
    before: Versioned<Call>,
    approved: &Proposal,
    cancellation: &Cancellation,
) -> Result<(), Error> {
    let event = call::cancel(&before.value, cancellation)?;
    let id = before.value.id.clone();
    let mut letters = Vec::new();
    for known in all_in(tx, &id, None).await? {
        let owner = owner_of(tx, known.value.consortium).await?;
        letters.push(correspondence::call_cancelled(
            &owner,
            &known.value,
            cancellation,
        ));
        clarifications::give_up(tx, known.value.id, "the call was cancelled").await?;
        if let Some(event) = application::cancel(&known.value) {
            record(tx, Some(known), &event, Consequences::default()).await?;
        }
    }
    for waiting in bando_store::proposals::pending_in(tx, &id).await? {
        if waiting.value.id != approved.id {
            proposals::take_back(tx, waiting, "the call is cancelled").await?;
        }
    }
    bando_store::timers::cancel_of_call(tx, &id).await?;
    record(tx, Some(before), &event, Consequences::letters(letters)).await?;
    Ok(())
}

/// The number of an act, as people write it.
pub(crate) fn expect_act(act: &str) -> Result<&str, Error> {
    let act = act.trim();
    if act.is_empty() || act.len() > 200 || act.chars().any(char::is_control) {
        let rule = "the number of the act, 1 to 200 bytes";
        return Err(Error::invalid("act", "REQUIRED", rule));
    }
    Ok(act)
}

pub(crate) fn expect_reason(reason: &str) -> Result<&str, Error> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 2_000 {
        let rule = "1 to 2,000 characters: it goes into the letters";
        return Err(Error::invalid("reason", "REASON_REQUIRED", rule));
    }
    Ok(reason)
}

pub(crate) fn applied(before: &Call, event: &call::Event) -> Result<Call, Error> {
    call::apply(Some(before.clone()), event).ok_or_else(|| {
        bando_store::Error::internal(format!("a call cannot begin with {}", event.kind())).into()
    })
}

/// A letter to everybody with a draft or a submitted application.
async fn letters_to_live(
    tx: &Tx,
    call: &Call,
    told: impl Fn(&Consortium, &Application) -> LetterWanted,
) -> Result<Vec<LetterWanted>, Error> {
    let mut letters = Vec::new();
    for state in [ApplicationState::Draft, ApplicationState::Submitted] {
        for known in all_in(tx, &call.id, Some(state)).await? {
            let owner = owner_of(tx, known.value.consortium).await?;
            letters.push(told(&owner, &known.value));
        }
    }
    Ok(letters)
}

async fn owner_of(tx: &Tx, id: ConsortiumId) -> Result<Consortium, Error> {
    Ok(consortia::get(tx, id).await?.value)
}

/// The applications of a call, in a state or all.
pub(crate) async fn all_in<D: Db>(
    db: &D,
    call: &CallId,
    state: Option<ApplicationState>,
) -> Result<Vec<Versioned<Application>>, Error> {
    let filter = Filter {
        state,
        ..Filter::default()
    };
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    let mut all = Vec::new();
    loop {
        let found = applications::list(db, call, &filter, &page).await?;
        all.extend(found.rows);
        match found.next {
            Some(next) => page.after = Some(next),
            None => return Ok(all),
        }
    }
}
