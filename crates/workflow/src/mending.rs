//! Mending what people get wrong: a check is opened again, a ranking annulled, what came late is
//! admitted. History is kept, and two persons decide where it changes who gets what.

use bando_domain::application::{self, Application, State, Submission};
use bando_domain::call::{self, Call};
use bando_domain::document::Document;
use bando_domain::eligibility;
use bando_domain::grant;
use bando_domain::ids::{ApplicationId, CallId, EventId, RankingId};
use bando_domain::proposal::{Act, Proposal};
use bando_domain::ranking_version::{self, Annulment};
use bando_domain::receipt::{
    SealedContent, SealedDocument, Statement, StatementKind, canonical, sha256_hex,
};
use bando_store::late_attempts::{self, LateAttempt};
use bando_store::{
    Consequences, Tx, Versioned, applications, calls, consortia, documents, letters, programmes,
    proposals as stored, protocol, rankings, record,
};
use chrono::Datelike as _;

use crate::applications::{Kept, View, statement};
use crate::authority::visible_application;
use crate::call_acts::{expect_act, expect_reason};
use crate::context::{Command, Context, Signer};
use crate::correspondence;
use crate::error::Error;
use crate::proposals;

/// Opens a concluded check again. A letter that told it inadmissible is taken back: from the queue
/// when it did not leave yet, else by another letter.
pub async fn reopen_check(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: ApplicationId,
    etag: &str,
    reason: &str,
) -> Result<View, Error> {
    let reason = expect_reason(reason)?.to_owned();
    let reopened: Kept = cx
        .once(command, || async {
            let before = visible_application(cx, &command.actor, call, id).await?;
            cx.expect_etag(&before, etag).await?;
            let (call, reason) = (call.clone(), reason.clone());
            cx.commit(command, async move |tx: &Tx| {
                calls::hold(tx, &call).await?;
                let call = calls::get(tx, &call).await?.value;
                expect_no_ranking_waits(tx, &call).await?;
                let event = application::reopen_check(&before.value, &call, &reason)?;
                let mut told = Vec::new();
                let key = correspondence::inadmissible_key(&before.value);
                if before.value.state == State::Inadmissible
                    && !letters::take_back(tx, &key).await?
                {
                    let owner = consortia::get(tx, before.value.consortium).await?.value;
                    told.push(correspondence::check_reopened(
                        &owner,
                        &before.value,
                        &reason,
                    ));
                }
                let told = Consequences::letters(told);
                Kept::of(tx, record(tx, Some(before), &event, told).await?).await
            })
            .await
        })
        .await?;
    reopened.shown(cx).await
}

/// What a ranking that waits for approval was computed from must stay as it was.
async fn expect_no_ranking_waits(tx: &Tx, call: &Call) -> Result<(), Error> {
    let waiting = stored::pending_in(tx, &call.id).await?;
    let ranking = waiting
        .iter()
        .find(|known| known.value.act.kind() == "ranking");
    match ranking {
        None => Ok(()),
        Some(known) => Err(Error::refused(
            "RANKING_PENDING",
            format!(
                "proposal {} to put a ranking in force waits for approval: reject it first",
                known.value.id
            ),
        )),
    }
}

/// Asks a second person to annul the ranking in force.
pub async fn propose_annulment(
    cx: &Context,
    command: &Command,
    id: &CallId,
    version: Option<u32>,
    act: &str,
    reason: &str,
) -> Result<Versioned<Proposal>, Error> {
    let annulment = Annulment {
        act: expect_act(act)?.to_owned(),
        reason: expect_reason(reason)?.to_owned(),
    };
    cx.once(command, || async {
        let call = crate::calls::get(cx, &command.actor, id).await?.value;
        call::annul_ranking(&call)?;
        let known = crate::rankings::get(cx, &command.actor, id, version).await?;
        let ranking = known.ranking.value;
        ranking_version::annul(&ranking, &annulment)?;
        let act = Act::Annulment {
            ranking: ranking.id,
            annulment: annulment.clone(),
        };
        cx.commit(command, async move |tx: &Tx| {
            proposals::ask(tx, &call, act).await
        })
        .await
    })
    .await
}

/// Takes the ranking out of force: the call is closed again, for its next version.
pub(crate) async fn annul(
    tx: &Tx,
    call: Versioned<Call>,
    ranking: RankingId,
    annulment: &Annulment,
) -> Result<(), Error> {
    let ranking = rankings::get(tx, ranking).await?;
    let event = ranking_version::annul(&ranking.value, annulment)?;
    let happened = call::annul_ranking(&call.value)?;
    record(tx, Some(ranking), &event, Consequences::default()).await?;
    record(tx, Some(call), &happened, Consequences::default()).await?;
    Ok(())
}

/// Asks a second person to let what was tried late count.
pub async fn propose_late_admission(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: ApplicationId,
    etag: &str,
    (act, reason): (&str, &str),
) -> Result<Versioned<Proposal>, Error> {
    let (act, reason) = (
        expect_act(act)?.to_owned(),
        expect_reason(reason)?.to_owned(),
    );
    cx.once(command, || async {
        let before = visible_application(cx, &command.actor, call, id).await?;
        cx.expect_etag(&before, etag).await?;
        let (call, act, reason) = (call.clone(), act.clone(), reason.clone());
        cx.commit(command, async move |tx: &Tx| {
            let call = calls::get(tx, &call).await?.value;
            expect_no_ranking_waits(tx, &call).await?;
            let (tried, _) = admissible(tx, &before.value, &call).await?;
            let act = Act::LateAdmission {
                application: id,
                attempted_at: tried.attempted_at,
                content_sha256: tried.content_sha256,
                act,
                reason,
            };
            proposals::ask(tx, &call, act).await
        })
        .await
    })
    .await
}

/// The content that was tried late and the documents it names, where it may be admitted: as
/// complete as what comes in time, and nothing bettered since.
async fn admissible(
    tx: &Tx,
    application: &Application,
    call: &Call,
) -> Result<(LateAttempt, Vec<Document>), Error> {
    let tried = late_attempts::find(tx, application.id).await?;
    let tried = tried.ok_or_else(|| {
        let message = "no content of a late attempt is kept: there is nothing to admit";
        Error::refused("NO_LATE_ATTEMPT", message)
    })?;
    let mut documents = documents::working(tx, &[application.id]).await?;
    let documents = documents.remove(&application.id).unwrap_or_default();
    let sealed: SealedContent = serde_json::from_str(&tried.content)?;
    let missing = eligibility::missing(
        &application.project,
        &documents,
        &sealed.consortium,
        &call.terms,
    );
    let current = SealedContent {
        project: application.project.clone(),
        documents: SealedDocument::of(&documents),
        ..sealed
    };
    let current = sha256_hex(&canonical(&current)?);
    let hashes = (tried.content_sha256.as_str(), current.as_str());
    application::may_admit_late(application, call, hashes, missing)?;
    Ok((tried, documents))
}

/// Admits what was tried late: sealed, numbered and signed in the commit of the approval. The
/// receipt states the instant of the attempt, the deadline it missed and the act that admits it.
pub(crate) async fn admit(
    tx: &Tx,
    signer: &Signer,
    id: ApplicationId,
    act: &str,
    reason: &str,
) -> Result<(), Error> {
    let before = applications::get(tx, id).await?;
    calls::hold(tx, &before.value.call).await?;
    let call = calls::get(tx, &before.value.call).await?.value;
    expect_no_ranking_waits(tx, &call).await?;
    let (tried, documents) = admissible(tx, &before.value, &call).await?;
    let event = EventId(tx.new_id());
    let submission = sealed(tx, signer, &before.value, &call, &tried, (event, act)).await?;
    let owner = consortia::get(tx, before.value.consortium).await?.value;
    let why = (act, reason);
    let letter = correspondence::late_admission(&call, &owner, &before.value, &submission, why);
    let consequences = Consequences {
        event: Some(event),
        letters: vec![letter],
        ..Consequences::default()
    };
    let number = submission.number;
    let happened = application::admit_late(submission, act, reason)?;
    let admitted = record(tx, Some(before), &happened, consequences).await?;
    applications::seal(tx, &admitted.value, tried.content).await?;
    documents::seal(tx, id, number, &documents).await?;
    Ok(())
}

async fn sealed(
    tx: &Tx,
    signer: &Signer,
    application: &Application,
    call: &Call,
    tried: &LateAttempt,
    (event, act): (EventId, &str),
) -> Result<Submission, Error> {
    let programme = programmes::get(tx, call.id.programme()).await?.value;
    let year = tx.cause().at.with_timezone(&programme.zone.tz()).year();
    let sha256 = tried.content_sha256.clone();
    let (at, key_id) = (tried.attempted_at, signer.key_id());
    let statement = Statement {
        kind: StatementKind::Receipt,
        protocol: Some(protocol::next(tx, call.id.programme(), year).await?),
        admitted_by: Some(act.to_owned()),
        ..statement(call, application, at, sha256, event, key_id)
    };
    Ok(Submission {
        number: application.counted().map_or(1, |last| last.number + 1),
        received_at: tried.attempted_at,
        receipt: signer.sign(statement)?,
        grant: grant::of_project(&application.project, &call.terms.rules).amount,
        programme_year: application.project.programme_year,
        indicators: application.project.indicators.clone(),
    })
}
