//! Evaluations, their progress and the register of evaluators, both ways.

use bando_domain::conflict::Flag;
use bando_domain::evaluation::{Agreement, Earlier, Evaluation, Lifted, Score, State};
use bando_domain::evaluator::{Details, Evaluator, Relation};
use bando_domain::event::Personal;
use bando_domain::exclusion::{Effect, Side};
use bando_domain::ids::EvaluationId;
use bando_proto::v1;
use bando_store::Versioned;
use bando_workflow::Error;
use bando_workflow::evaluations::{
    ApplicationProgress, Cover, Declaration, Drawn, EvaluatorProgress, Excluded, ProgressPage,
};

use super::read::Reader;
use super::{count, etag, instant, names};

const fn state(state: State) -> v1::EvaluationState {
    match state {
        State::Assigned => v1::EvaluationState::Assigned,
        State::Declared => v1::EvaluationState::Declared,
        State::Scored => v1::EvaluationState::Scored,
        State::Excluded => v1::EvaluationState::Excluded,
        State::Conflicted => v1::EvaluationState::Conflicted,
        State::Reassigned => v1::EvaluationState::Reassigned,
    }
}

pub fn evaluation(known: &Versioned<Evaluation>) -> v1::Evaluation {
    let evaluation = &known.value;
    let details = &evaluation.details;
    let application = names::of_application(&evaluation.call, evaluation.application);
    let other = |id: Option<EvaluationId>| {
        id.map(|id| format!("{application}/evaluations/{id}"))
            .unwrap_or_default()
    };
    let conflict = details.conflict.as_ref().map(Personal::reveal);
    v1::Evaluation {
        name: other(Some(evaluation.id)),
        evaluator: evaluation.evaluator.clone(),
        state: state(evaluation.state).into(),
        scores: show_scores(&evaluation.scores),
        excluded_because: evaluation.excluded_because.clone().unwrap_or_default(),
        etag: etag(known.version),
        declared_at: details.declared_at.map(instant),
        conflict: conflict.unwrap_or_default().to_owned(),
        flags: flags(&details.flags),
        lifted: details.lifted.iter().map(lifted).collect(),
        replaces: other(details.replaces),
        replaced_by: other(details.replaced_by),
        reassigned_because: details.reassigned_because.clone().unwrap_or_default(),
        earlier: details.earlier.iter().map(earlier).collect(),
        agreed: details.agreement.as_ref().map(agreed),
        effect: None,
    }
}

fn show_scores(scores: &[Score]) -> Vec<v1::Score> {
    let scores = scores.iter();
    scores
        .map(|score| v1::Score {
            criterion: score.criterion.clone(),
            score: score.score.to_string(),
            comment: score.comment.clone(),
        })
        .collect()
}

fn flags(flags: &[Flag]) -> Vec<v1::Flag> {
    let flags = flags.iter();
    flags
        .map(|flag| v1::Flag {
            kind: flag.kind.as_str().to_owned(),
            firm: flag.firm.to_string(),
        })
        .collect()
}

fn lifted(lifted: &Lifted) -> v1::LiftedFlags {
    v1::LiftedFlags {
        flags: flags(&lifted.flags),
        reason: lifted.reason.clone(),
        by: lifted.by.clone(),
        at: Some(instant(lifted.at)),
    }
}

fn earlier(earlier: &Earlier) -> v1::EarlierSheet {
    v1::EarlierSheet {
        scores: show_scores(&earlier.scores),
        reason: earlier.reason.clone(),
        revised_at: Some(instant(earlier.revised_at)),
    }
}

fn agreed(agreement: &Agreement) -> v1::AgreedSheet {
    v1::AgreedSheet {
        scores: show_scores(&agreement.scores),
        reason: agreement.reason.clone(),
        proposed_by: agreement.proposed_by.clone(),
        proposed_at: Some(instant(agreement.proposed_at)),
        confirmed_at: agreement.confirmed_at.map(instant),
    }
}

pub fn excluded(excluded: &Excluded) -> v1::Evaluation {
    v1::Evaluation {
        effect: excluded.effect.as_ref().map(effect),
        ..evaluation(&excluded.evaluation)
    }
}

fn effect(effect: &Effect) -> v1::ExclusionEffect {
    let side = |side: &Side| v1::ExclusionSide {
        required: count(side.required),
        present: count(side.present),
        total: side.total.map(|total| total.to_string()),
        reaches_threshold: side.reaches_threshold,
        position: side.position.map(count),
        consensus_open: side.consensus_open,
    };
    v1::ExclusionEffect {
        before: Some(side(&effect.before)),
        after: Some(side(&effect.after)),
    }
}

pub fn cover(cover: &Cover) -> v1::Cover {
    let known = evaluation(&cover.evaluation);
    let profile = &cover.content.consortium;
    let members = profile.members.iter().map(|member| v1::CoverMember {
        partita_iva: member.partita_iva.to_string(),
        title: member.name.clone(),
    });
    v1::Cover {
        protocol: cover.protocol.clone(),
        consortium_title: profile.name.clone(),
        partita_iva: profile.partita_iva.to_string(),
        members: members.collect(),
        project_title: cover.content.project.title.clone(),
        state: known.state,
        flags: known.flags,
        etag: known.etag,
        name: known.name,
    }
}

pub fn drawn(drawn: &Drawn) -> v1::DrawAssignmentsResponse {
    let barred = drawn.barred.iter().map(|pair| v1::BarredPair {
        application: names::of_application(&drawn.call, pair.application),
        evaluator: pair.evaluator.clone(),
    });
    v1::DrawAssignmentsResponse {
        seed: drawn.seed.clone(),
        evaluations: drawn.assigned.iter().map(evaluation).collect(),
        barred: barred.collect(),
    }
}

pub fn progress(page: &ProgressPage, next_page_token: String) -> v1::ListProgressResponse {
    let rows = page.applications.rows.iter();
    v1::ListProgressResponse {
        applications: rows
            .map(|row| {
                let application = names::of_application(&page.call, row.application);
                application_progress(row, application)
            })
            .collect(),
        next_page_token,
        evaluators: page.evaluators.iter().map(evaluator_progress).collect(),
    }
}

fn application_progress(row: &ApplicationProgress, application: String) -> v1::ApplicationProgress {
    let progress = &row.progress;
    let spread = progress.spread.map(|spread| spread.total.normalize());
    v1::ApplicationProgress {
        application,
        protocol: row.protocol.clone(),
        consortium_title: row.consortium_title.clone(),
        required: count(progress.required),
        assigned: count(progress.assigned),
        declared: count(progress.declared),
        scored: count(progress.scored),
        conflicted: count(progress.conflicted),
        excluded: count(progress.excluded),
        flagged: count(progress.flagged),
        missing: count(progress.missing),
        spread: spread.map(|points| points.to_string()),
        consensus: progress.consensus.as_str().to_owned(),
        waiting_for: progress.consensus.waiting_for().to_vec(),
    }
}

fn evaluator_progress(work: &EvaluatorProgress) -> v1::EvaluatorProgress {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    v1::EvaluatorProgress {
        person: work.person.clone(),
        registered: work.registered,
        to_declare: count(work.to_declare),
        to_score: count(work.to_score),
        scored: count(work.scored),
        conflicted: count(work.conflicted),
        flagged: count(work.flagged),
    }
}

pub fn declaration(wire: v1::ConflictDeclaration, reason: &str) -> Result<Declaration, Error> {
    match wire {
        v1::ConflictDeclaration::Unspecified => Err(Error::invalid(
            "declaration",
            "REQUIRED",
            "none or conflict is declared",
        )),
        v1::ConflictDeclaration::None => Ok(Declaration::Free),
        v1::ConflictDeclaration::Conflict => Ok(Declaration::Conflict {
            reason: reason.to_owned(),
        }),
    }
}

pub fn evaluator(known: &Versioned<Evaluator>) -> v1::Evaluator {
    let evaluator = &known.value;
    let details = &evaluator.details;
    let employer = details.employer.as_ref();
    let relations = details.relations.iter().map(|relation| v1::Relation {
        firm: relation.firm.to_string(),
        explanation: relation.explanation.reveal().to_owned(),
    });
    v1::Evaluator {
        name: format!(
            "programmes/{}/evaluators/{}",
            evaluator.programme, evaluator.id
        ),
        person: evaluator.person.clone(),
        title: details.name.reveal().to_owned(),
        email: details.email.reveal().to_owned(),
        employer_partita_iva: employer.map(ToString::to_string).unwrap_or_default(),
        address: details.address.reveal().to_owned(),
        relations: relations.collect(),
        etag: etag(known.version),
    }
}

/// What the register keeps of a person.
pub fn evaluator_details(wire: v1::Evaluator) -> Result<Details, Error> {
    let mut reader = Reader::default();
    let employer = match wire.employer_partita_iva.as_str() {
        "" => None,
        text => reader.text(
            "evaluator.employer_partita_iva".to_owned(),
            "PARTITA_IVA",
            text,
        ),
    };
    let relations = reader.rows(
        "evaluator.relations",
        wire.relations,
        |reader, row, wire| {
            let firm = reader.text(format!("{row}.firm"), "PARTITA_IVA", &wire.firm)?;
            Some(Relation {
                firm,
                explanation: Personal::new(wire.explanation.trim()),
            })
        },
    );
    let details = Details {
        name: Personal::new(wire.title.trim()),
        email: Personal::new(wire.email.trim()),
        employer,
        address: Personal::new(wire.address.trim()),
        relations,
    };
    reader.finish(details, |_| Vec::new())
}
