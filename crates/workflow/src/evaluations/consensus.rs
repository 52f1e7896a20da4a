//! What happens when the sheets of an application are too far apart.

use bando_domain::consensus::{self, Standing};
use bando_domain::evaluation::{self, Agreement, Evaluation, Score};
use bando_domain::ids::{AgreementId, ApplicationId, CallId, EvaluationId};
use bando_domain::rules::ScoreGrid;
use bando_store::{Consequences, Tx, Versioned, applications, evaluations, record};

use super::sheet::{check, grid};
use super::{expect_short, own};
use crate::authority::expect_programme;
use crate::context::{Command, Context};
use crate::error::Error;

async fn together(
    tx: &Tx,
    application: ApplicationId,
    grid: &ScoreGrid,
) -> Result<(Standing, Vec<Versioned<Evaluation>>), Error> {
    let found = evaluations::of_applications(tx, [application]).await?;
    let values: Vec<Evaluation> = found.iter().map(|known| known.value.clone()).collect();
    Ok((consensus::standing(&values, grid), found))
}

/// Changes a signed sheet, with a reason; what it was stays on record.
pub async fn revise(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: EvaluationId,
    etag: &str,
    (scores, reason): (Vec<Score>, &str),
) -> Result<Versioned<Evaluation>, Error> {
    expect_short(reason)?;
    cx.once(command, || async {
        let before = own(cx, &command.actor, call, id).await?;
        cx.expect_etag(&before, etag).await?;
        let grid = grid(cx, call).await?;
        check(&scores, &grid)?;
        let (scores, reason) = (scores.clone(), reason.to_owned());
        cx.commit(command, async move |tx: &Tx| {
            let (standing, _) = together(tx, before.value.application, &grid).await?;
            let at = tx.cause().at;
            let event = evaluation::revise(&before.value, scores, &reason, &standing, at)?;
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}

/// Puts one sheet before all evaluators of an application. Answers their evaluations.
pub async fn propose(
    cx: &Context,
    command: &Command,
    call: &CallId,
    application: ApplicationId,
    scores: &[Score],
    reason: &str,
) -> Result<Vec<Versioned<Evaluation>>, Error> {
    expect_programme(&command.actor, call.programme())?;
    expect_short(reason)?;
    cx.once(command, || async {
        let found = applications::get(cx.store.read(), application).await?.value;
        if found.call != *call {
            return Err(Error::NotFound(format!("application {application}")));
        }
        let grid = grid(cx, call).await?;
        check(scores, &grid)?;
        let (scores, reason) = (scores.to_vec(), reason.to_owned());
        cx.commit(command, async move |tx: &Tx| {
            let (standing, found) = together(tx, application, &grid).await?;
            let counted = found
                .into_iter()
                .filter(|known| known.value.sheet().is_some());
            let counted: Vec<Versioned<Evaluation>> = counted.collect();
            let agreement = Agreement {
                id: AgreementId(tx.new_id()),
                of: counted.iter().map(|known| known.value.id).collect(),
                scores,
                reason,
                proposed_by: tx.cause().actor.person.clone(),
                proposed_at: tx.cause().at,
                confirmed_at: None,
            };
            let event = evaluation::propose_agreement(&standing, agreement)?;
            let mut proposed = Vec::new();
            for known in counted {
                proposed.push(record(tx, Some(known), &event, Consequences::default()).await?);
            }
            Ok(proposed)
        })
        .await
    })
    .await
}

/// The evaluator confirms the sheet proposed to all; once everybody did, it counts for each.
pub async fn confirm(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: EvaluationId,
    etag: &str,
) -> Result<Versioned<Evaluation>, Error> {
    cx.once(command, || async {
        let before = own(cx, &command.actor, call, id).await?;
        cx.expect_etag(&before, etag).await?;
        let event = evaluation::confirm(&before.value, command.received_at)?;
        cx.commit(command, async move |tx: &Tx| {
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}
