//! Evaluations: assigned by the office, scored by their evaluator, excluded by a manager.

use bando_domain::actor::{Actor, Role};
use bando_domain::evaluation::{self, Evaluation, Score};
use bando_domain::ids::{ApplicationId, CallId, EvaluationId};
use bando_domain::scoring;
use bando_store::{
    Consequences, Kind, Page, PageQuery, Tx, Versioned, applications, calls, evaluations, record,
};

use crate::authority::expect_programme;
use crate::context::{Command, Context};
use crate::error::Error;

/// Longest comment of one score, in characters.
const COMMENT_LIMIT: usize = 5_000;

/// An evaluation the actor may see: their own, or any for an office role.
pub async fn get(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    id: EvaluationId,
) -> Result<Versioned<Evaluation>, Error> {
    let hidden = || Error::NotFound(format!("evaluation {id}"));
    if !actor.sees_programme(call.programme()) {
        return Err(hidden());
    }
    let found = evaluations::get(cx.store.read(), id).await?;
    let own = actor.is(Role::Evaluator) && found.value.evaluator == actor.person;
    if found.value.call == *call && (own || actor.sees_all_consortia()) {
        Ok(found)
    } else {
        Err(hidden())
    }
}

pub async fn list(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    application: Option<ApplicationId>,
    page: &PageQuery,
) -> Result<Page<Versioned<Evaluation>>, Error> {
    expect_programme(actor, call.programme())?;
    let own = (!actor.sees_all_consortia()).then_some(actor.person.as_str());
    Ok(evaluations::list(cx.store.read(), call, application, own, page).await?)
}

pub async fn assign(
    cx: &Context,
    command: &Command,
    call: &CallId,
    application: ApplicationId,
    evaluator: &str,
) -> Result<Versioned<Evaluation>, Error> {
    expect_programme(&command.actor, call.programme())?;
    if evaluator.trim().is_empty() || evaluator.len() > 100 {
        return Err(Error::invalid(
            "evaluator",
            "REQUIRED",
            "the name on the evaluator's token",
        ));
    }
    cx.once(command, || async {
        let found = applications::get(cx.store.read(), application).await?.value;
        if found.call != *call {
            return Err(Error::NotFound(format!("application {application}")));
        }
        let evaluator = evaluator.to_owned();
        let named = evaluator.clone();
        let assigned = cx
            .commit(command, async move |tx: &Tx| {
                let id = EvaluationId(tx.new_id());
                let event = evaluation::assign(id, &found, &evaluator)?;
                Ok(record(tx, None, &event, Consequences::default()).await?)
            })
            .await;
        assigned.map_err(|error| match error {
            Error::Store(inner)
                if inner.kind == Kind::AlreadyExists && inner.message.contains("evaluat") =>
            {
                Error::Exists {
                    reason: "EVALUATION_EXISTS",
                    message: format!("the application is assigned to {named} already"),
                }
            }
            other => other,
        })
    })
    .await
}

/// What an evaluator signs off.
#[derive(Debug, Clone)]
pub struct Given {
    /// The declaration to be free of conflicts of interest for this application.
    pub free_of_conflict: bool,
    pub scores: Vec<Score>,
}

/// Gives the scores, once, with the declaration to be free of conflicts of interest.
pub async fn score(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: EvaluationId,
    etag: &str,
    given: Given,
) -> Result<Versioned<Evaluation>, Error> {
    cx.once(command, || async {
        let before = get(cx, &command.actor, call, id).await?;
        if before.value.evaluator != command.actor.person {
            return Err(Error::Denied(
                "only the evaluator it is assigned to scores it".to_owned(),
            ));
        }
        cx.expect_etag(&before, etag).await?;
        let grid = calls::get(cx.store.read(), call)
            .await?
            .value
            .terms
            .rules
            .score_grid;
        check(&given.scores, &grid)?;
        let event = evaluation::score(&before.value, given.free_of_conflict, given.scores.clone())?;
        cx.commit(command, async move |tx: &Tx| {
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}

fn check(scores: &[Score], grid: &bando_domain::rules::ScoreGrid) -> Result<(), Error> {
    let sheet: Vec<_> = scores
        .iter()
        .map(|s| (s.criterion.clone(), s.score))
        .collect();
    let mut violations = scoring::check_sheet(&sheet, grid);
    for (position, score) in scores.iter().enumerate() {
        if score.comment.chars().count() > COMMENT_LIMIT {
            violations.push(bando_domain::project::Violation::new(
                format!("scores[{position}].comment"),
                "TOO_LONG",
                format!("at most {COMMENT_LIMIT} characters"),
            ));
        }
    }
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_fields(violations))
    }
}

pub async fn exclude(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: EvaluationId,
    etag: &str,
    reason: &str,
) -> Result<Versioned<Evaluation>, Error> {
    cx.once(command, || async {
        let before = get(cx, &command.actor, call, id).await?;
        cx.expect_etag(&before, etag).await?;
        let event = evaluation::exclude(&before.value, reason)?;
        cx.commit(command, async move |tx: &Tx| {
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}
