//! Calls: loaded from their files, published by a manager, opened and closed by time.

use bando_domain::actor::{Actor, Role};
use bando_domain::application::State as ApplicationState;
use bando_domain::call::{self, Call, State};
use bando_domain::call_file::{self, Mistake};
use bando_domain::civil::resolve_deadline;
use bando_domain::ids::{CallId, ProgrammeId, ProposalId};
use bando_domain::letter::LetterWanted;
use bando_domain::project::Violation;
use bando_domain::proposal::{self, Act, Proposal};
use bando_domain::rules::AllocationPolicy;
use bando_domain::timer::TimersCancelled;
use bando_store::applications::Filter;
use bando_store::{
    Consequences, Page, PageQuery, Tx, Versioned, applications, calls, consortia, programmes,
    record,
};
use chrono::{DateTime, Utc};

use crate::authority::expect_programme;
use crate::context::{Command, Context};
use crate::correspondence;
use crate::error::Error;
use crate::proposals;

/// Consortia written to per read when a call opens.
const PAGE: u64 = 500;

pub async fn get(cx: &Context, actor: &Actor, id: &CallId) -> Result<Versioned<Call>, Error> {
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

pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    page: &PageQuery,
) -> Result<Page<Versioned<Call>>, Error> {
    expect_programme(actor, programme)?;
    programmes::get(cx.store.read(), programme).await?;
    Ok(calls::list(cx.store.read(), programme, sees_drafts(actor), page).await?)
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

/// Publishes a draft: its dates become timers in the same commit.
pub async fn publish(
    cx: &Context,
    command: &Command,
    id: &CallId,
    etag: &str,
) -> Result<Versioned<Call>, Error> {
    cx.once(command, || async {
        let before = get(cx, &command.actor, id).await?;
        cx.expect_etag(&before, etag).await?;
        let event = call::publish(&before.value, command.received_at)?;
        let timers = call::timers(&before.value);
        cx.commit(command, async move |tx: &Tx| {
            let consequences = Consequences {
                timers,
                ..Consequences::default()
            };
            Ok(record(tx, Some(before), &event, consequences).await?)
        })
        .await
    })
    .await
}

/// Asks a second person to move the close to a later civil time of the call's zone.
pub async fn propose_extension(
    cx: &Context,
    command: &Command,
    id: &CallId,
    etag: &str,
    closes: &str,
    act: &str,
) -> Result<Versioned<Proposal>, Error> {
    let act = expect_act(act)?;
    cx.once(command, || async {
        let before = get(cx, &command.actor, id).await?;
        cx.expect_etag(&before, etag).await?;
        let call = before.value;
        let closes_at = resolve_deadline(closes, &call.terms.window.zone)
            .map_err(|error| Error::invalid("closes", "CIVIL_TIME", error.to_string()))?;
        let (person, at) = (command.actor.person.clone(), command.received_at);
        call::extend(&call, act, (closes_at, closes), at)?;
        let payload_sha256 = proposals::extension_payload(&call, closes_at, act)?;
        let act = Act::Extension {
            closes_at,
            closes_text: closes.to_owned(),
            act: act.to_owned(),
        };
        cx.commit(command, async move |tx: &Tx| {
            if bando_store::proposals::is_pending(tx, &call.id, act.kind()).await? {
                return Err(Error::Exists {
                    reason: "PROPOSAL_EXISTS",
                    message: "an extension of this call waits for approval already".to_owned(),
                });
            }
            let id = ProposalId(tx.new_id());
            let event = proposal::request(id, call.id, act, payload_sha256, &person, at);
            Ok(record(tx, None, &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}

/// The number of an act, as people write it.
pub(crate) fn expect_act(act: &str) -> Result<&str, Error> {
    let act = act.trim();
    if act.is_empty() || act.len() > 200 || act.chars().any(char::is_control) {
        return Err(Error::invalid(
            "act",
            "REQUIRED",
            "the number of the act, 1 to 200 bytes",
        ));
    }
    Ok(act)
}

/// Moves the close: its timers are set anew, and everybody with an application is told, in the
/// commit of the approval.
pub(crate) async fn extend(
    tx: &Tx,
    before: Versioned<Call>,
    act: &str,
    close: (DateTime<Utc>, &str),
) -> Result<(), Error> {
    let was = before.value.terms.window.closes_at;
    let event = call::extend(&before.value, act, close, tx.cause().at)?;
    let Some(after) = call::apply(Some(before.value.clone()), &event) else {
        return Err(bando_store::Error::internal("a call cannot begin with its extension").into());
    };
    let mut letters = Vec::new();
    for state in [ApplicationState::Draft, ApplicationState::Submitted] {
        letters.extend(told_of_extension(tx, &after, state, was, act).await?);
    }
    let consequences = new_close(tx, &after, letters);
    record(tx, Some(before), &event, consequences).await?;
    Ok(())
}

/// First come, first served: closes the call when the submission at hand spent its budget, in its
/// transaction.
pub(crate) async fn exhaust(tx: &Tx, before: Versioned<Call>) -> Result<(), Error> {
    if before.value.terms.rules.allocation != AllocationPolicy::FirstCome {
        return Ok(());
    }
    let claimed = applications::claimed(tx, &before.value.id).await?;
    let Some(event) = call::exhaust(&before.value, claimed, tx.cause().at) else {
        return Ok(());
    };
    if let Some(after) = call::apply(Some(before.value.clone()), &event) {
        let consequences = new_close(tx, &after, Vec::new());
        record(tx, Some(before), &event, consequences).await?;
    }
    Ok(())
}

/// The timers of a close that was moved take the place of the earlier ones.
fn new_close(tx: &Tx, after: &Call, letters: Vec<LetterWanted>) -> Consequences {
    let cancelled = call::TIMERS_OF_CLOSE.map(|kind| TimersCancelled {
        call: after.id.clone(),
        subject: String::new(),
        kind,
    });
    Consequences {
        letters,
        cancelled: cancelled.into(),
        timers: call::timers_of_close(after, tx.cause().at),
        ..Consequences::default()
    }
}

async fn told_of_extension(
    tx: &Tx,
    call: &Call,
    state: ApplicationState,
    was: DateTime<Utc>,
    act: &str,
) -> Result<Vec<LetterWanted>, Error> {
    let filter = Filter {
        state: Some(state),
        ..Filter::default()
    };
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    let mut letters = Vec::new();
    loop {
        let found = applications::list(tx, &call.id, &filter, &page).await?;
        for known in &found.rows {
            let owner = consortia::get(tx, known.value.consortium).await?.value;
            letters.push(correspondence::call_extended(
                call,
                &owner,
                &known.value,
                was,
                act,
            ));
        }
        match found.next {
            Some(next) => page.after = Some(next),
            None => return Ok(letters),
        }
    }
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
    if before.value.state != State::Open {
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
