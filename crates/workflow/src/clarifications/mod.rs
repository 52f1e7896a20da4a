//! What a consortium is asked during the check: asked by an officer, answered by the consortium,
//! ended by time.

mod answer;
mod term;

use bando_domain::actor::Actor;
use bando_domain::application::{self, Application};
use bando_domain::clarification::{self, Clarification, Item};
use bando_domain::ids::{ApplicationId, CallId, ClarificationId};
use bando_domain::project::Violation;
use bando_store::clarifications::Filter;
use bando_store::{
    Consequences, Db, Page, PageQuery, Tx, Versioned, calls, clarifications, consortia, record,
};

use crate::authority::{own_only, visible_application};
use crate::calls as call_cases;
use crate::context::{Command, Context};
use crate::correspondence::{self, Matter};
use crate::error::Error;

pub use answer::{Answered, answer, sealed};
pub(crate) use term::{expire, letter_came_back, remind, term_begins};

/// Most items of a request.
const ITEMS_LIMIT: usize = 50;
/// Longest text of an item or an answer, in characters.
pub(crate) const TEXT_LIMIT: usize = 4_000;

pub async fn get(
    cx: &Context,
    actor: &Actor,
    (call, application): (&CallId, ApplicationId),
    id: ClarificationId,
) -> Result<Versioned<Clarification>, Error> {
    visible_application(cx, actor, call, application).await?;
    let found = clarifications::get(cx.store.read(), id).await?;
    if found.value.application == application {
        return Ok(found);
    }
    Err(Error::NotFound(format!("clarification {id}")))
}

/// The requests of a call, or of one application of it.
pub async fn list(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    mut filter: Filter,
    page: &PageQuery,
) -> Result<Page<Versioned<Clarification>>, Error> {
    let call = call_cases::get(cx, actor, call).await?.value;
    if let Some(own) = own_only(actor)? {
        filter.consortium = Some(own);
    }
    Ok(clarifications::list(cx.store.read(), &call.id, &filter, page).await?)
}

/// Everything an application was asked.
pub(crate) async fn asked_of<D: Db>(
    db: &D,
    application: ApplicationId,
) -> Result<Vec<Clarification>, Error> {
    let found = clarifications::of_application(db, application).await?;
    Ok(found.into_iter().map(|known| known.value).collect())
}

/// Asks the consortium for what is missing. The etag is the application's, as it was looked at.
pub async fn request(
    cx: &Context,
    command: &Command,
    call: &CallId,
    application: ApplicationId,
    etag: &str,
    items: Vec<Item>,
) -> Result<Versioned<Clarification>, Error> {
    expect_items(&items)?;
    cx.once(command, || async {
        let before = visible_application(cx, &command.actor, call, application).await?;
        cx.expect_etag(&before, etag).await?;
        let (person, items) = (command.actor.person.clone(), items.clone());
        cx.commit(command, async move |tx: &Tx| {
            let call = calls::get(tx, &before.value.call).await?.value;
            let asked = asked_of(tx, application).await?;
            let id = ClarificationId(tx.new_id());
            let by = (person.as_str(), tx.cause().at);
            let rules = &call.terms.procedure;
            let event = clarification::request(id, &before.value, rules, &asked, items, by)?;
            Ok(ask(tx, before, id, &event).await?.1)
        })
        .await
    })
    .await
}

/// Records a request and writes it to the consortium, all in the transaction at hand. The
/// application's own event keeps its check from being concluded by somebody else meanwhile.
pub(crate) async fn ask(
    tx: &Tx,
    before: Versioned<Application>,
    id: ClarificationId,
    event: &clarification::Event,
) -> Result<(Versioned<Application>, Versioned<Clarification>), Error> {
    let owner = consortia::get(tx, before.value.consortium).await?.value;
    let asked = application::Event::Asked { clarification: id };
    let application = record(tx, Some(before), &asked, Consequences::default()).await?;
    let Some(known) = clarification::apply(None, event) else {
        return Err(bando_store::Error::internal("a request does not begin itself").into());
    };
    let matter = Matter::of(&owner, &application.value, &known);
    let letter = correspondence::requested(matter);
    let consequences = Consequences::letters(vec![letter]);
    let requested = record::<Clarification>(tx, None, event, consequences).await?;
    Ok((application, requested))
}

/// The office has what it needs, although not all may be answered.
pub async fn accept(
    cx: &Context,
    command: &Command,
    of: (&CallId, ApplicationId),
    id: ClarificationId,
    etag: &str,
) -> Result<Versioned<Clarification>, Error> {
    cx.once(command, || async {
        let before = get(cx, &command.actor, of, id).await?;
        cx.expect_etag(&before, etag).await?;
        let event = clarification::accept(&before.value, command.received_at)?;
        cx.commit(command, async move |tx: &Tx| {
            end(tx, before, &event, None).await
        })
        .await
    })
    .await
}

/// The office takes an open request back.
pub async fn close(
    cx: &Context,
    command: &Command,
    of: (&CallId, ApplicationId),
    id: ClarificationId,
    etag: &str,
    reason: &str,
) -> Result<Versioned<Clarification>, Error> {
    expect_reason(reason)?;
    cx.once(command, || async {
        let before = get(cx, &command.actor, of, id).await?;
        cx.expect_etag(&before, etag).await?;
        let event = clarification::close(&before.value, reason, command.received_at)?;
        let reason = reason.to_owned();
        cx.commit(command, async move |tx: &Tx| {
            end(tx, before, &event, Some(&reason)).await
        })
        .await
    })
    .await
}

async fn end(
    tx: &Tx,
    before: Versioned<Clarification>,
    event: &clarification::Event,
    reason: Option<&str>,
) -> Result<Versioned<Clarification>, Error> {
    let known = &before.value;
    let owner = consortia::get(tx, known.consortium).await?.value;
    let application = bando_store::applications::get(tx, known.application).await?;
    let matter = Matter::of(&owner, &application.value, known);
    let letter = correspondence::request_closed(matter, reason);
    let consequences = Consequences {
        letters: vec![letter],
        cancelled: clarification::timers_given_up(known),
        ..Consequences::default()
    };
    Ok(record(tx, Some(before), event, consequences).await?)
}

/// An application whose check is over in another way is not waited for any more; nobody is written
/// to about it.
pub(crate) async fn give_up(
    tx: &Tx,
    application: ApplicationId,
    reason: &str,
) -> Result<(), Error> {
    let asked = clarifications::of_application(tx, application).await?;
    for known in asked {
        if !known.value.state.is_open() {
            continue;
        }
        let event = clarification::close(&known.value, reason, tx.cause().at)?;
        let consequences = Consequences {
            cancelled: clarification::timers_given_up(&known.value),
            ..Consequences::default()
        };
        record(tx, Some(known), &event, consequences).await?;
    }
    Ok(())
}

fn expect_items(items: &[Item]) -> Result<(), Error> {
    let mut violations = Vec::new();
    if items.is_empty() {
        violations.push(Violation::new("items", "REQUIRED", "at least one item"));
    }
    if items.len() > ITEMS_LIMIT {
        let explanation = format!("at most {ITEMS_LIMIT} items");
        violations.push(Violation::new("items", "TOO_MANY", explanation));
    }
    for (position, item) in items.iter().enumerate() {
        for (language, text) in [("it", &item.text.it), ("en", &item.text.en)] {
            let field = format!("items[{position}].text.{language}");
            violations.extend(text_violation(field, text));
        }
    }
    if violations.is_empty() {
        return Ok(());
    }
    Err(Error::invalid_fields(violations))
}

/// What is wrong with a text that goes into a letter or into the record.
pub(crate) fn text_violation(field: String, text: &str) -> Option<Violation> {
    if text.trim().is_empty() {
        return Some(Violation::new(field, "REQUIRED", "must be stated"));
    }
    if text.chars().count() > TEXT_LIMIT {
        let explanation = format!("at most {TEXT_LIMIT} characters");
        return Some(Violation::new(field, "TOO_LONG", explanation));
    }
    let is_control = |c: char| c.is_control() && c != '\n';
    text.chars()
        .any(is_control)
        .then(|| Violation::new(field, "CONTROL_CHARACTER", "no control characters"))
}

fn expect_reason(reason: &str) -> Result<(), Error> {
    match text_violation("reason".to_owned(), reason) {
        None => Ok(()),
        Some(violation) => Err(Error::invalid_fields(vec![violation])),
    }
}
