//! What an evaluator does: declares, and signs off the scores.

use bando_domain::evaluation::{self, Evaluation, Score, State};
use bando_domain::ids::{CallId, EvaluationId};
use bando_domain::project::Violation;
use bando_domain::rules::ScoreGrid;
use bando_domain::scoring;
use bando_store::{Consequences, Tx, Versioned, calls, record};
use serde::{Deserialize, Serialize};

use super::{expect_outside_office, expect_short, look_again, own};
use crate::context::{Command, Context};
use crate::error::Error;

/// Longest comment of one score, in characters.
const COMMENT_LIMIT: usize = 5_000;

/// What an evaluator declares for one application.
#[derive(Debug, Clone)]
pub enum Declaration {
    Free,
    Conflict { reason: String },
}

/// Either what was asked for, or what was found against the pair instead: it is recorded, and the
/// answer is the refusal.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Attempt {
    Done(Box<Versioned<Evaluation>>),
    Flagged(Box<Versioned<Evaluation>>),
}

impl Attempt {
    fn answer(self) -> Result<Versioned<Evaluation>, Error> {
        match self {
            Self::Done(done) => Ok(*done),
            Self::Flagged(flagged) => Err(evaluation::Refusal::Flagged {
                flags: flagged.value.details.flags,
            }
            .into()),
        }
    }
}

/// Declares, before the application opens, to be free of conflicts of interest or to have one.
pub async fn declare(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: EvaluationId,
    etag: &str,
    declaration: &Declaration,
) -> Result<Versioned<Evaluation>, Error> {
    if let Declaration::Conflict { reason } = declaration {
        expect_short(reason)?;
    }
    let attempt: Attempt = cx
        .once(command, || async {
            let before = own(cx, &command.actor, call, id).await?;
            cx.expect_etag(&before, etag).await?;
            let declaration = declaration.clone();
            cx.commit(command, async move |tx: &Tx| match &declaration {
                Declaration::Free => declare_free(tx, before).await,
                Declaration::Conflict { reason } => {
                    let at = tx.cause().at;
                    let event = evaluation::declare_conflict(&before.value, reason, at)?;
                    let ended = record(tx, Some(before), &event, Consequences::default()).await?;
                    Ok(Attempt::Done(Box::new(ended)))
                }
            })
            .await
        })
        .await?;
    attempt.answer()
}

async fn declare_free(tx: &Tx, before: Versioned<Evaluation>) -> Result<Attempt, Error> {
    expect_outside_office(tx, &before.value.call, &before.value.evaluator).await?;
    let before = match look_again(tx, before).await? {
        Ok(before) => before,
        Err(flagged) => return Ok(Attempt::Flagged(Box::new(flagged))),
    };
    let event = evaluation::declare_free(&before.value, tx.cause().at)?;
    let declared = record(tx, Some(before), &event, Consequences::default()).await?;
    Ok(Attempt::Done(Box::new(declared)))
}

/// What an evaluator signs off.
#[derive(Debug, Clone)]
pub struct Given {
    /// The declaration to be free of conflicts of interest, when it was not made before: it is
    /// recorded by itself, in the same commit.
    pub free_of_conflict: bool,
    pub scores: Vec<Score>,
}

/// Gives the scores, once.
pub async fn score(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: EvaluationId,
    etag: &str,
    given: Given,
) -> Result<Versioned<Evaluation>, Error> {
    let attempt: Attempt = cx
        .once(command, || async {
            let before = own(cx, &command.actor, call, id).await?;
            cx.expect_etag(&before, etag).await?;
            check(&given.scores, &grid(cx, call).await?)?;
            let given = given.clone();
            cx.commit(command, async move |tx: &Tx| {
                score_in(tx, before, given.clone()).await
            })
            .await
        })
        .await?;
    attempt.answer()
}

async fn score_in(
    tx: &Tx,
    mut before: Versioned<Evaluation>,
    given: Given,
) -> Result<Attempt, Error> {
    if before.value.state == State::Assigned && given.free_of_conflict {
        match declare_free(tx, before).await? {
            Attempt::Done(declared) => before = *declared,
            flagged @ Attempt::Flagged(_) => return Ok(flagged),
        }
    } else {
        expect_outside_office(tx, &before.value.call, &before.value.evaluator).await?;
        before = match look_again(tx, before).await? {
            Ok(before) => before,
            Err(flagged) => return Ok(Attempt::Flagged(Box::new(flagged))),
        };
    }
    let event = evaluation::score(&before.value, given.scores)?;
    let scored = record(tx, Some(before), &event, Consequences::default()).await?;
    Ok(Attempt::Done(Box::new(scored)))
}

pub(super) async fn grid(cx: &Context, call: &CallId) -> Result<ScoreGrid, Error> {
    let call = calls::get(cx.store.read(), call).await?.value;
    Ok(call.terms.rules.score_grid)
}

/// Everything that is wrong with a sheet, by field.
pub(super) fn check(scores: &[Score], grid: &ScoreGrid) -> Result<(), Error> {
    let mut violations = scoring::check_sheet(&evaluation::plain(scores), grid);
    for (position, score) in scores.iter().enumerate() {
        let field = || format!("scores[{position}].comment");
        if score.comment.chars().count() > COMMENT_LIMIT {
            let rule = format!("at most {COMMENT_LIMIT} characters");
            violations.push(Violation::new(field(), "TOO_LONG", rule));
        }
        if grid.comments_required && score.comment.trim().is_empty() {
            let rule = format!(
                "the call asks for a comment on criterion `{}`",
                score.criterion
            );
            violations.push(Violation::new(field(), "REQUIRED", rule));
        }
    }
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_fields(violations))
    }
}
