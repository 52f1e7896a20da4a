//! A submission: sealed, numbered and signed in one commit, or refused as late with a signed
//! statement that is remembered too.

use std::sync::Arc;

use bando_domain::actor::Actor;
use bando_domain::application::{self, Application, Event, Submission};
use bando_domain::call::Call;
use bando_domain::consortium::{Consortium, Profile};
use bando_domain::document::Document;
use bando_domain::eligibility;
use bando_domain::grant;
use bando_domain::ids::{ApplicationId, CallId, EventId};
use bando_domain::receipt::{
    SealedContent, SealedDocument, Signed, Statement, StatementKind, canonical, instant_text,
    sha256_hex,
};
use bando_store::late_attempts::{self, LateAttempt};
use bando_store::{
    Consequences, Tx, Versioned, applications, calls, consortia, documents, programmes, protocol,
    record,
};
use chrono::{DateTime, Datelike as _, Utc};
use serde::{Deserialize, Serialize};

use super::View;
use crate::authority::{expect_own, visible_application};
use crate::calls as call_cases;
use crate::context::{Command, Context};
use crate::correspondence;
use crate::error::{Error, Refused};

/// What came of an attempt to submit. A late one is an answer too: it was recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Attempt {
    Received(Box<Submitted>),
    Late(Box<Signed>),
}

/// A received submission with its receipt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Submitted {
    pub view: View,
    pub receipt: Signed,
}

/// Everything a submission rests on, read and computed before the transaction.
#[derive(Clone)]
struct Prepared {
    draft: Versioned<Application>,
    /// A change of them is a change of the draft, which the transaction would find.
    documents: Vec<Document>,
    owner: Versioned<Consortium>,
    call: Versioned<Call>,
    /// The consortium as it stood on the day of receipt.
    standing: Profile,
    content: String,
    content_sha256: String,
    year: i32,
}

pub async fn submit(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: ApplicationId,
    etag: &str,
) -> Result<Submitted, Error> {
    let attempt = cx.once(command, || async {
        let draft = visible_application(cx, &command.actor, call, id).await?;
        expect_own(&command.actor, draft.value.consortium)?;
        let prepared = prepare(cx, draft, command.received_at).await?;
        let (draft, call) = (&prepared.draft, &prepared.call.value);
        if application::is_late(&draft.value, call, command.received_at) {
            return Box::pin(late(cx, command, prepared)).await;
        }
        cx.expect_etag(draft, etag).await?;
        Box::pin(receive(cx, command, prepared)).await
    });
    match attempt.await? {
        Attempt::Received(submitted) => Ok(*submitted),
        Attempt::Late(statement) => Err(refused_as_late(*statement)),
    }
}

async fn prepare(
    cx: &Context,
    draft: Versioned<Application>,
    received_at: DateTime<Utc>,
) -> Result<Prepared, Error> {
    let db = cx.store.read();
    let known = calls::get(db, &draft.value.call).await?;
    let call = &known.value;
    let owner = consortia::get(db, draft.value.consortium).await?;
    let programme = programmes::get(db, call.id.programme()).await?.value;
    let documents = if call.terms.documents.types.is_empty() {
        Vec::new()
    } else {
        let mut found = documents::working(db, &[draft.value.id]).await?;
        found.remove(&draft.value.id).unwrap_or_default()
    };
    let standing = owner
        .value
        .profile
        .on(call.terms.window.zone.day(received_at));
    let content = SealedContent {
        application: draft.value.id,
        call: call.id.clone(),
        rule_set_version: call.terms.rules.version,
        consortium: standing.without_personal(),
        project: draft.value.project.clone(),
        documents: SealedDocument::of(&documents),
    };
    let bytes = canonical(&content)?;
    let content_sha256 = sha256_hex(&bytes);
    let content = String::from_utf8(bytes).map_err(bando_store::Error::internal)?;
    let year = received_at.with_timezone(&programme.zone.tz()).year();
    Ok(Prepared {
        draft,
        documents,
        owner,
        call: known,
        standing,
        content,
        content_sha256,
        year,
    })
}

async fn receive(cx: &Context, command: &Command, prepared: Prepared) -> Result<Attempt, Error> {
    let (signer, received_at) = (cx.signer.clone(), command.received_at);
    // Run again in a transaction of its own where others broke the first: shared, not copied.
    let prepared = Arc::new(prepared);
    cx.commit(command, async move |tx: &Tx| {
        let Prepared {
            draft,
            documents,
            owner,
            standing,
            content,
            content_sha256,
            year,
            call,
        } = prepared.as_ref();
        let sealed_under = call.value.terms.rules.version;
        // Decided here, on the window as it stands in this transaction.
        let changed = calls::changed(tx, call).await?;
        let known = changed.as_ref().unwrap_or(call);
        let call = &known.value;
        if call.terms.rules.version != sealed_under {
            // The content names the rules it was sealed under: it is made again.
            return Err(bando_store::Error::stale(format!("call {}", call.id)).into());
        }
        consortia::expect_version(tx, owner.value.id, owner.version).await?;
        let rules = &call.terms.rules;
        let missing = eligibility::missing(&draft.value.project, documents, standing, &call.terms);
        application::may_submit(&draft.value, call, missing, received_at)?;
        let grant = grant::of_project(&draft.value.project, rules).amount;
        let event = EventId(tx.new_id());
        let number = draft.value.counted().map_or(1, |last| last.number + 1);
        let protocol = protocol::next(tx, call.id.programme(), *year).await?;
        let statement = Statement {
            kind: StatementKind::Receipt,
            protocol: Some(protocol),
            ..statement(
                call,
                &draft.value,
                received_at,
                content_sha256.clone(),
                event,
                signer.key_id(),
            )
        };
        let receipt = signer.sign(statement)?;
        let submission = Submission {
            number,
            received_at,
            receipt: receipt.clone(),
            grant,
            programme_year: draft.value.project.programme_year,
            indicators: draft.value.project.indicators.clone(),
        };
        let letter = correspondence::receipt(call, &owner.value, &draft.value, &submission);
        let consequences = Consequences {
            event: Some(event),
            letters: vec![letter],
            ..Consequences::default()
        };
        let happened = Event::Submitted {
            submission: Box::new(submission),
        };
        let sealed = record(tx, Some(draft.clone()), &happened, consequences).await?;
        applications::seal(tx, &sealed.value, content.clone()).await?;
        documents::seal(tx, sealed.value.id, number, documents).await?;
        call_cases::exhaust(tx, known).await?;
        let view = View {
            application: sealed,
            consortium_title: owner.value.profile.name.clone(),
            // Nothing is, or it would not have been received.
            missing: Vec::new(),
            procedure: None,
            asked: Vec::new(),
        };
        Ok(Attempt::Received(Box::new(Submitted { view, receipt })))
    })
    .await
}

async fn late(cx: &Context, command: &Command, prepared: Prepared) -> Result<Attempt, Error> {
    let (signer, received_at) = (cx.signer.clone(), command.received_at);
    cx.commit(command, async move |tx: &Tx| {
        let Prepared {
            draft,
            owner,
            content,
            content_sha256,
            ..
        } = prepared;
        let attempt = LateAttempt {
            attempted_at: received_at,
            content_sha256: content_sha256.clone(),
            content,
        };
        let call = calls::get(tx, &draft.value.call).await?.value;
        if !application::is_late(&draft.value, &call, received_at) {
            // The call was extended or suspended meanwhile: decided again from the beginning.
            return Err(bando_store::Error::stale(format!("call {}", call.id)).into());
        }
        let event = EventId(tx.new_id());
        let key_id = signer.key_id();
        let statement = statement(
            &call,
            &draft.value,
            received_at,
            content_sha256,
            event,
            key_id,
        );
        let refusal = signer.sign(statement)?;
        let letter =
            correspondence::late_refusal(&call, &owner.value, &draft.value, event, received_at);
        let consequences = Consequences {
            event: Some(event),
            letters: vec![letter],
            ..Consequences::default()
        };
        let happened = Event::LateAttempted {
            at: received_at,
            refusal: Box::new(refusal.clone()),
        };
        let tried = record(tx, Some(draft), &happened, consequences).await?;
        late_attempts::keep(tx, tried.value.id, &attempt).await?;
        Ok(Attempt::Late(Box::new(refusal)))
    })
    .await
}

pub(crate) fn statement(
    call: &Call,
    application: &Application,
    received_at: DateTime<Utc>,
    content_sha256: String,
    event: EventId,
    key_id: String,
) -> Statement {
    Statement {
        kind: StatementKind::LateRefusal,
        call: call.id.clone(),
        application: application.id,
        clarification: None,
        protocol: None,
        received_at: instant_text(received_at),
        closes_at: Some(instant_text(call.terms.window.closes_at)),
        content_sha256,
        event,
        key_id,
        admitted_by: None,
    }
}

fn refused_as_late(statement: Signed) -> Error {
    let message = format!(
        "the call closed at {}, the submission was received at {}",
        statement.statement.closes_at.as_deref().unwrap_or_default(),
        statement.statement.received_at
    );
    Error::Refused(Box::new(Refused {
        reason: "CALL_CLOSED",
        message,
        violations: Vec::new(),
        statement: Some(statement),
    }))
}

/// A sealed submission: itself and its canonical bytes. Number 0 means the one that counts.
pub async fn sealed(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    id: ApplicationId,
    number: u32,
) -> Result<(Submission, String), Error> {
    let found = visible_application(cx, actor, call, id).await?.value;
    let submission = match number {
        0 => found.counted(),
        number => found
            .submissions
            .iter()
            .find(|known| known.number == number),
    };
    let submission = submission
        .cloned()
        .ok_or_else(|| Error::NotFound(format!("submission {number} of application {id}")))?;
    let content = applications::sealed_content(cx.store.read(), id, submission.number).await?;
    Ok((submission, content))
}
