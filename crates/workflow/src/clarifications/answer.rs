//! An answer: numbered, signed and sealed in one commit, or refused as late with a signed
//! statement that is remembered too.

use bando_domain::actor::Actor;
use bando_domain::application::Application;
use bando_domain::clarification::{self, Answer, Clarification, Event, ItemAnswer};
use bando_domain::consortium::Consortium;
use bando_domain::document::Document;
use bando_domain::ids::{ApplicationId, CallId, ClarificationId, DocumentId, EventId};
use bando_domain::letter::AnsweredDocument;
use bando_domain::project::Violation;
use bando_domain::receipt::{
    SealedDocument, Signed, Statement, StatementKind, canonical, instant_text, sha256_hex,
};
use bando_store::{
    Consequences, Tx, Versioned, applications, calls, clarifications, consortia, documents,
    programmes, protocol, record,
};
use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};

use super::{get, text_violation};
use crate::authority::expect_own;
use crate::context::{Command, Context, Signer};
use crate::correspondence::{self, Matter};
use crate::error::{Error, Refused};

/// What came of an attempt to answer. A late one is an answer too: it was recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Attempt {
    Received(Box<Answered>),
    Late(Box<Signed>),
}

/// A received answer with its receipt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answered {
    pub clarification: Versioned<Clarification>,
    pub receipt: Signed,
}

/// Everything an answer rests on, read before the transaction.
#[derive(Clone)]
struct Prepared {
    before: Versioned<Clarification>,
    application: Application,
    owner: Consortium,
    texts: Vec<ItemAnswer>,
    /// A change of them is a change of the request, which the transaction would find.
    documents: Vec<Document>,
    number: u32,
    content_sha256: String,
    year: i32,
}

/// Answers a request in whole or in part, or files observations on a notice.
pub async fn answer(
    cx: &Context,
    command: &Command,
    of: (&CallId, ApplicationId),
    id: ClarificationId,
    etag: &str,
    texts: Vec<ItemAnswer>,
) -> Result<Answered, Error> {
    expect_texts(&texts)?;
    let attempt = cx.once(command, || async {
        let before = get(cx, &command.actor, of, id).await?;
        expect_own(&command.actor, before.value.consortium)?;
        let prepared = prepare(cx, before, texts.clone(), command.received_at).await?;
        if clarification::is_late(&prepared.before.value, command.received_at) {
            return late(cx, command, prepared).await;
        }
        cx.expect_etag(&prepared.before, etag).await?;
        receive(cx, command, prepared).await
    });
    match attempt.await? {
        Attempt::Received(answered) => Ok(*answered),
        Attempt::Late(statement) => Err(refused_as_late(*statement)),
    }
}

async fn prepare(
    cx: &Context,
    before: Versioned<Clarification>,
    mut texts: Vec<ItemAnswer>,
    received_at: DateTime<Utc>,
) -> Result<Prepared, Error> {
    let (db, known) = (cx.store.read(), &before.value);
    let documents = to_seal(cx, known, &texts).await?;
    for answer in &mut texts {
        answer.documents = SealedDocument::of(for_item(&documents, answer.item));
    }
    expect_answers(&texts)?;
    let application = applications::get(db, known.application).await?.value;
    let owner = consortia::get(db, known.consortium).await?.value;
    let programme = programmes::get(db, known.call.programme()).await?.value;
    let number = known.answers.last().map_or(1, |last| last.number + 1);
    let content_sha256 = sha256_hex(&canonical(&known.sealed(number, &texts))?);
    let year = received_at.with_timezone(&programme.zone.tz()).year();
    Ok(Prepared {
        before,
        application,
        owner,
        texts,
        documents,
        number,
        content_sha256,
        year,
    })
}

/// The documents for the items that are answered now, without those of an earlier answer.
async fn to_seal(
    cx: &Context,
    known: &Clarification,
    texts: &[ItemAnswer],
) -> Result<Vec<Document>, Error> {
    let db = cx.store.read();
    let mut present = documents::of_clarification(db, known.id).await?;
    let ids: Vec<DocumentId> = present.iter().map(|document| document.id).collect();
    let sealed = documents::answers(db, &ids).await?;
    let is_answered = |item: u32| texts.iter().any(|answer| answer.item == item);
    present.retain(|document| {
        let is_meant = document.asked.is_some_and(|asked| is_answered(asked.item));
        is_meant && !sealed.contains_key(&document.id)
    });
    Ok(present)
}

fn for_item(documents: &[Document], item: u32) -> impl Iterator<Item = &Document> {
    let is_for = move |asked: bando_domain::document::Asked| asked.item == item;
    documents
        .iter()
        .filter(move |document| document.asked.is_some_and(is_for))
}

async fn receive(cx: &Context, command: &Command, prepared: Prepared) -> Result<Attempt, Error> {
    let (signer, received_at) = (cx.signer.clone(), command.received_at);
    cx.commit(command, async move |tx: &Tx| {
        let known = &prepared.before.value;
        let complete = clarification::may_answer(known, &prepared.texts, received_at)?;
        let event = EventId(tx.new_id());
        let protocol = protocol::next(tx, known.call.programme(), prepared.year).await?;
        let statement = Statement {
            kind: StatementKind::AnswerReceipt,
            protocol: Some(protocol),
            ..statement(&prepared, received_at, event, &signer)
        };
        let receipt = signer.sign(statement)?;
        let answer = Answer {
            number: prepared.number,
            received_at,
            texts: prepared.texts.clone(),
            receipt: receipt.clone(),
        };
        let happened = Event::Answered {
            answer: Box::new(answer),
            complete,
        };
        let Some(after) = clarification::apply(Some(known.clone()), &happened) else {
            return Err(bando_store::Error::internal("an answer comes to a request").into());
        };
        let named = named(tx, &prepared).await?;
        let matter = matter(&prepared, &after);
        let letter = correspondence::answer_receipt(matter, received_at, &receipt, named);
        let consequences = Consequences {
            event: Some(event),
            letters: vec![letter],
            cancelled: if complete {
                clarification::timers_given_up(known)
            } else {
                Vec::new()
            },
            ..Consequences::default()
        };
        let before = Some(prepared.before.clone());
        let clarification = record(tx, before, &happened, consequences).await?;
        let (id, number) = (clarification.value.id, prepared.number);
        let sealed: Vec<DocumentId> = prepared.documents.iter().map(|one| one.id).collect();
        documents::seal_answer(tx, id, number, &sealed).await?;
        Ok(Attempt::Received(Box::new(Answered {
            clarification,
            receipt,
        })))
    })
    .await
}

/// The documents of an answer as its letter names them.
async fn named(tx: &Tx, prepared: &Prepared) -> Result<Vec<AnsweredDocument>, Error> {
    if prepared.documents.is_empty() {
        return Ok(Vec::new());
    }
    let call = calls::get(tx, &prepared.before.value.call).await?.value;
    let rules = &call.terms.documents;
    let name = |item: u32, sealed: &SealedDocument| AnsweredDocument {
        item,
        name: rules.name_of(&sealed.document_type),
        sha256: sealed.sha256.clone(),
    };
    let of_answer = |answer: &ItemAnswer| -> Vec<AnsweredDocument> {
        let documents = answer.documents.iter();
        documents.map(|sealed| name(answer.item, sealed)).collect()
    };
    Ok(prepared.texts.iter().flat_map(of_answer).collect())
}

async fn late(cx: &Context, command: &Command, prepared: Prepared) -> Result<Attempt, Error> {
    let (signer, received_at) = (cx.signer.clone(), command.received_at);
    cx.commit(command, async move |tx: &Tx| {
        let known = &prepared.before.value;
        let event = EventId(tx.new_id());
        let refusal = signer.sign(statement(&prepared, received_at, event, &signer))?;
        let due_at = known.due_at.unwrap_or(received_at);
        let matter = matter(&prepared, known);
        let letter = correspondence::late_answer(matter, event, received_at, due_at);
        let consequences = Consequences {
            event: Some(event),
            letters: vec![letter],
            ..Consequences::default()
        };
        let happened = Event::LateAnswered {
            at: received_at,
            refusal: Box::new(refusal.clone()),
        };
        record(tx, Some(prepared.before.clone()), &happened, consequences).await?;
        Ok(Attempt::Late(Box::new(refusal)))
    })
    .await
}

fn matter<'a>(prepared: &'a Prepared, known: &'a Clarification) -> Matter<'a> {
    Matter::of(&prepared.owner, &prepared.application, known)
}

/// A late refusal; a receipt differs in kind and number.
fn statement(
    prepared: &Prepared,
    received_at: DateTime<Utc>,
    event: EventId,
    signer: &Signer,
) -> Statement {
    let known = &prepared.before.value;
    Statement {
        kind: StatementKind::LateAnswerRefusal,
        call: known.call.clone(),
        application: known.application,
        clarification: Some(known.id),
        protocol: None,
        received_at: instant_text(received_at),
        closes_at: known.due_at.map(instant_text),
        content_sha256: prepared.content_sha256.clone(),
        event,
        key_id: signer.key_id(),
        admitted_by: None,
    }
}

fn refused_as_late(statement: Signed) -> Error {
    let message = format!(
        "the term ended at {}, the answer was received at {}",
        statement.statement.closes_at.as_deref().unwrap_or_default(),
        statement.statement.received_at
    );
    Error::Refused(Box::new(Refused {
        reason: "CLARIFICATION_LATE",
        message,
        violations: Vec::new(),
        statement: Some(statement),
    }))
}

fn expect_texts(texts: &[ItemAnswer]) -> Result<(), Error> {
    let mut violations = Vec::new();
    if texts.is_empty() {
        violations.push(Violation::new("answers", "REQUIRED", "at least one answer"));
    }
    for (position, answer) in texts.iter().enumerate() {
        if !answer.text.is_empty() {
            let field = format!("answers[{position}].text");
            violations.extend(text_violation(field, &answer.text));
        }
        let mut before = texts.iter().take(position);
        if before.any(|other| other.item == answer.item) {
            let field = format!("answers[{position}].item");
            violations.push(Violation::new(field, "DUPLICATE", "each item once"));
        }
    }
    if violations.is_empty() {
        return Ok(());
    }
    Err(Error::invalid_fields(violations))
}

/// An item is answered by a text, by documents or by both.
fn expect_answers(texts: &[ItemAnswer]) -> Result<(), Error> {
    let says_nothing = |answer: &ItemAnswer| answer.text.is_empty() && answer.documents.is_empty();
    let empty = texts.iter().enumerate();
    let empty = empty.filter(|(_, answer)| says_nothing(answer));
    let violations: Vec<Violation> = empty
        .map(|(position, _)| {
            let explanation = "a text, or a document uploaded for the item";
            let field = format!("answers[{position}].text");
            Violation::new(field, "REQUIRED", explanation)
        })
        .collect();
    if violations.is_empty() {
        return Ok(());
    }
    Err(Error::invalid_fields(violations))
}

/// An answer with the canonical bytes its receipt stands for.
pub async fn sealed(
    cx: &Context,
    actor: &Actor,
    of: (&CallId, ApplicationId),
    id: ClarificationId,
    number: u32,
) -> Result<(Answer, String), Error> {
    let known = get(cx, actor, of, id).await?.value;
    let mut answers = known.answers.into_iter();
    let answer = answers.find(|answer| answer.number == number);
    let missing = || Error::NotFound(format!("answer {number} to clarification {id}"));
    let answer = answer.ok_or_else(missing)?;
    let content = clarifications::sealed_content(cx.store.read(), id, number).await?;
    Ok((answer, content))
}
