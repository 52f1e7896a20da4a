//! What `bando evaluation` asks the daemon to change.

use bando_proto::v1;

use super::application;
use super::evaluation::{Named, find};
use super::sheet_file::SheetSource;
use super::{evaluator, tell_dry_run};
use crate::errors::Failure;
use crate::output;
use crate::session::Session;
use crate::views::evaluation::Evaluation;
use crate::views::progress::Drawn;

/// The name of the evaluation, and the etag to act under.
async fn target(named: &Named, session: &Session) -> Result<(String, String), Failure> {
    let found = find(named, session).await?;
    Ok((found.name, named.etag.clone().unwrap_or(found.etag)))
}

fn show(changed: &v1::Evaluation, session: &Session) -> Result<(), Failure> {
    tell_dry_run(session);
    session.output.one(&Evaluation::from(changed))
}

pub(super) async fn assign(
    named: &application::Named,
    evaluator: String,
    session: &Session,
) -> Result<(), Failure> {
    let request = v1::AssignEvaluationRequest {
        parent: application::find(named, session).await?.name,
        evaluator,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let assigned = session.evaluations()?.assign_evaluation(request).await?;
    show(assigned.get_ref(), session)
}

pub(super) async fn draw(
    call: &str,
    among: Vec<String>,
    seed: String,
    session: &Session,
) -> Result<(), Failure> {
    let parent = session.call(call)?;
    let evaluators = if among.is_empty() {
        let registered = evaluator::all(usize::MAX, session).await?;
        registered.into_iter().map(|one| one.person).collect()
    } else {
        among
    };
    let request = v1::DrawAssignmentsRequest {
        parent,
        evaluators,
        seed,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let drawn = session.evaluations()?.draw_assignments(request).await?;
    tell_dry_run(session);
    session.output.one(&Drawn::from(drawn.get_ref()))?;
    if session.dry_run() {
        let seed = &drawn.get_ref().seed;
        output::talk(&format!("--seed '{seed}' draws the same"));
    }
    Ok(())
}

pub(super) async fn reassign(
    named: &Named,
    evaluator: String,
    reason: String,
    session: &Session,
) -> Result<(), Failure> {
    let (name, etag) = target(named, session).await?;
    let request = v1::ReassignEvaluationRequest {
        name,
        etag,
        evaluator,
        reason,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let assigned = session.evaluations()?.reassign_evaluation(request).await?;
    show(assigned.get_ref(), session)
}

pub(super) async fn lift(named: &Named, reason: String, session: &Session) -> Result<(), Failure> {
    let (name, etag) = target(named, session).await?;
    let request = v1::LiftFlagsRequest {
        name,
        etag,
        reason,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let lifted = session.evaluations()?.lift_flags(request).await?;
    show(lifted.get_ref(), session)
}

pub(super) async fn declare(
    named: &Named,
    conflict: Option<String>,
    session: &Session,
) -> Result<(), Failure> {
    let (name, etag) = target(named, session).await?;
    let declaration = match conflict {
        None => v1::ConflictDeclaration::None,
        Some(_) => v1::ConflictDeclaration::Conflict,
    };
    let request = v1::DeclareConflictRequest {
        name,
        etag,
        declaration: declaration.into(),
        reason: conflict.unwrap_or_default(),
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let declared = session.evaluations()?.declare_conflict(request).await?;
    show(declared.get_ref(), session)
}

pub(super) async fn score(
    named: &Named,
    sheet: &SheetSource,
    session: &Session,
) -> Result<(), Failure> {
    let scores = sheet.read()?;
    let (name, etag) = target(named, session).await?;
    let request = v1::ScoreEvaluationRequest {
        name,
        etag,
        free_of_conflict: false,
        scores,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let signed = session.evaluations()?.score_evaluation(request).await?;
    show(signed.get_ref(), session)
}

pub(super) async fn revise(
    named: &Named,
    sheet: &SheetSource,
    reason: String,
    session: &Session,
) -> Result<(), Failure> {
    let scores = sheet.read()?;
    let (name, etag) = target(named, session).await?;
    let request = v1::ReviseEvaluationRequest {
        name,
        etag,
        scores,
        reason,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let revised = session.evaluations()?.revise_evaluation(request).await?;
    show(revised.get_ref(), session)
}

pub(super) async fn propose(
    named: &application::Named,
    sheet: &SheetSource,
    reason: String,
    session: &Session,
) -> Result<(), Failure> {
    let request = v1::ProposeConsensusRequest {
        scores: sheet.read()?,
        parent: application::find(named, session).await?.name,
        reason,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let proposed = session.evaluations()?.propose_consensus(request).await?;
    tell_dry_run(session);
    let asked = proposed.get_ref().evaluations.iter();
    let rows: Vec<Evaluation> = asked.map(Evaluation::from).collect();
    session.output.list(&rows, "nobody is asked to confirm it")
}

pub(super) async fn confirm(named: &Named, session: &Session) -> Result<(), Failure> {
    let (name, etag) = target(named, session).await?;
    let request = v1::ConfirmConsensusRequest {
        name,
        etag,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let confirmed = session.evaluations()?.confirm_consensus(request).await?;
    show(confirmed.get_ref(), session)
}

pub(super) async fn exclude(
    named: &Named,
    reason: String,
    session: &Session,
) -> Result<(), Failure> {
    let (name, etag) = target(named, session).await?;
    let request = v1::ExcludeEvaluationRequest {
        name,
        etag,
        reason,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let excluded = session.evaluations()?.exclude_evaluation(request).await?;
    show(excluded.get_ref(), session)
}
