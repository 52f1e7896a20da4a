//! What may happen to an evaluation, and what is refused.

use chrono::{DateTime, Utc};

use super::{Agreement, Evaluation, Event, Score, State};
use crate::application::{self, Application};
use crate::call::Call;
use crate::conflict::{Flag, kinds};
use crate::event::Personal;
use crate::ids::EvaluationId;
use crate::token::Token;

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the evaluation is {actual}, this needs {required}")]
    WrongState {
        required: &'static str,
        actual: &'static str,
    },
    #[error(
        "the evaluator has not declared to be free of conflicts of interest: the application \
         opens, and is scored, after that"
    )]
    ConflictNotDeclared,
    #[error("{} speaks against this evaluator here: a manager lifts it with a reason, or \
             another evaluator is assigned", kinds(.flags))]
    Flagged { flags: Vec<Flag> },
    #[error(
        "{person} holds or held a token of the office since the call opened: who sees every \
         application and every sheet does not evaluate"
    )]
    OfOffice { person: String },
    #[error("nothing speaks against this evaluator here, so nothing is lifted")]
    NotFlagged,
    #[error("only admissible applications are evaluated, this one is {actual}")]
    NotAdmissible { actual: &'static str },
    #[error("it needs a reason")]
    ReasonMissing,
    #[error("a signed sheet is revised only while the sheets of its application are too far apart")]
    ConsensusNotOpen,
    #[error("no agreed sheet waits for this evaluator's confirmation")]
    NothingToConfirm,
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "EVALUATION_STATE",
            Self::ConflictNotDeclared => "CONFLICT_NOT_DECLARED",
            Self::Flagged { .. } => "EVALUATOR_FLAGGED",
            Self::OfOffice { .. } => "EVALUATOR_IS_OFFICER",
            Self::NotFlagged => "EVALUATOR_NOT_FLAGGED",
            Self::NotAdmissible { .. } => "APPLICATION_STATE",
            Self::ReasonMissing => "REASON_REQUIRED",
            Self::ConsensusNotOpen | Self::NothingToConfirm => "CONSENSUS_NOT_OPEN",
        }
    }
}

/// Who evaluates a call has no token of its office; `tokens` are all that a person ever had.
pub fn expect_outside_office(person: &str, tokens: &[Token], call: &Call) -> Result<(), Refusal> {
    let (programme, since) = (call.id.programme(), call.terms.window.opens_at);
    let mut tokens = tokens.iter();
    if tokens.any(|token| token.showed_all_since(programme, since)) {
        return Err(Refusal::OfOffice {
            person: person.to_owned(),
        });
    }
    Ok(())
}

/// Assigns an application; `flags` is what speaks against the pair already.
pub fn assign(
    id: EvaluationId,
    application: &Application,
    evaluator: &str,
    flags: Vec<Flag>,
    replaces: Option<EvaluationId>,
) -> Result<Event, Refusal> {
    if application.state != application::State::Admissible {
        return Err(Refusal::NotAdmissible {
            actual: application.state.as_str(),
        });
    }
    Ok(Event::Assigned {
        id,
        call: application.call.clone(),
        application: application.id,
        evaluator: evaluator.to_owned(),
        flags,
        replaces,
    })
}

/// What is found now and neither stands nor was lifted; `None` when that is nothing.
pub fn flag(evaluation: &Evaluation, found: &[Flag]) -> Option<Event> {
    let details = &evaluation.details;
    let lifted = details.lifted.iter().flat_map(|lifted| &lifted.flags);
    let known: Vec<&Flag> = details.flags.iter().chain(lifted).collect();
    let new = found.iter().filter(|flag| !known.contains(flag));
    let flags: Vec<Flag> = new.cloned().collect();
    (evaluation.state.is_live() && !flags.is_empty()).then_some(Event::Flagged { flags })
}

/// A manager lets the pair stand in spite of its flags.
pub fn lift_flags(
    evaluation: &Evaluation,
    reason: &str,
    by: &str,
    at: DateTime<Utc>,
) -> Result<Event, Refusal> {
    expect_reason(reason)?;
    if !evaluation.state.is_live() {
        return Err(wrong_state("assigned, declared or scored", evaluation));
    }
    if !evaluation.is_flagged() {
        return Err(Refusal::NotFlagged);
    }
    Ok(Event::FlagsLifted {
        reason: reason.to_owned(),
        by: by.to_owned(),
        at,
    })
}

/// Whether the application is open to its evaluator.
pub fn may_open(evaluation: &Evaluation) -> Result<(), Refusal> {
    expect_unflagged(evaluation)?;
    match evaluation.state {
        State::Declared | State::Scored => Ok(()),
        State::Assigned => Err(Refusal::ConflictNotDeclared),
        State::Excluded | State::Conflicted | State::Reassigned => {
            Err(wrong_state("declared or scored", evaluation))
        }
    }
}

/// The evaluator declares to be free of conflicts of interest for this application.
pub fn declare_free(evaluation: &Evaluation, at: DateTime<Utc>) -> Result<Event, Refusal> {
    expect_state(evaluation, State::Assigned)?;
    expect_unflagged(evaluation)?;
    Ok(Event::Declared { at })
}

/// The evaluator declares a conflict of interest, whenever it becomes known to them.
pub fn declare_conflict(
    evaluation: &Evaluation,
    reason: &str,
    at: DateTime<Utc>,
) -> Result<Event, Refusal> {
    expect_reason(reason)?;
    if !evaluation.state.is_live() {
        return Err(wrong_state("assigned, declared or scored", evaluation));
    }
    Ok(Event::ConflictDeclared {
        reason: Personal::new(reason),
        at,
    })
}

/// Gives the scores, once, after the declaration.
pub fn score(evaluation: &Evaluation, scores: Vec<Score>) -> Result<Event, Refusal> {
    if evaluation.state == State::Assigned {
        expect_unflagged(evaluation)?;
        return Err(Refusal::ConflictNotDeclared);
    }
    expect_state(evaluation, State::Declared)?;
    expect_unflagged(evaluation)?;
    Ok(Event::Scored { scores })
}

/// Changes a signed sheet, with a reason, while the sheets of the application are too far apart.
pub fn revise(
    evaluation: &Evaluation,
    scores: Vec<Score>,
    reason: &str,
    consensus: &crate::consensus::Standing,
    at: DateTime<Utc>,
) -> Result<Event, Refusal> {
    expect_state(evaluation, State::Scored)?;
    expect_unflagged(evaluation)?;
    expect_reason(reason)?;
    if !consensus.is_open() {
        return Err(Refusal::ConsensusNotOpen);
    }
    Ok(Event::Revised {
        scores,
        reason: reason.to_owned(),
        at,
    })
}

/// Puts one sheet before the evaluators of an application whose sheets are too far apart.
pub fn propose_agreement(
    consensus: &crate::consensus::Standing,
    agreement: Agreement,
) -> Result<Event, Refusal> {
    expect_reason(&agreement.reason)?;
    if !consensus.is_open() {
        return Err(Refusal::ConsensusNotOpen);
    }
    Ok(Event::AgreementProposed { agreement })
}

pub fn confirm(evaluation: &Evaluation, at: DateTime<Utc>) -> Result<Event, Refusal> {
    expect_state(evaluation, State::Scored)?;
    match &evaluation.details.agreement {
        Some(agreement) if agreement.confirmed_at.is_none() => Ok(Event::AgreementConfirmed { at }),
        Some(_) | None => Err(Refusal::NothingToConfirm),
    }
}

/// Gives work that is not scored to another evaluator; after a conflict it asks for that.
pub fn reassign(evaluation: &Evaluation, to: EvaluationId, reason: &str) -> Result<Event, Refusal> {
    expect_reason(reason)?;
    let is_open = match evaluation.state {
        State::Assigned | State::Declared => true,
        State::Conflicted => evaluation.details.replaced_by.is_none(),
        State::Scored | State::Excluded | State::Reassigned => false,
    };
    if !is_open {
        let required = "assigned, declared or conflicted, and not reassigned yet";
        return Err(wrong_state(required, evaluation));
    }
    Ok(Event::Reassigned {
        to,
        reason: reason.to_owned(),
    })
}

/// Takes an evaluation out of the count, before or after it was scored: one fewer is required.
pub fn exclude(evaluation: &Evaluation, reason: &str) -> Result<Event, Refusal> {
    expect_reason(reason)?;
    match evaluation.state {
        State::Assigned | State::Declared | State::Scored | State::Conflicted => {
            Ok(Event::Excluded {
                reason: reason.to_owned(),
            })
        }
        State::Excluded | State::Reassigned => Err(wrong_state(
            "assigned, declared, scored or conflicted",
            evaluation,
        )),
    }
}

fn expect_reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    Ok(())
}

fn expect_unflagged(evaluation: &Evaluation) -> Result<(), Refusal> {
    if evaluation.state.is_live() && evaluation.is_flagged() {
        return Err(Refusal::Flagged {
            flags: evaluation.details.flags.clone(),
        });
    }
    Ok(())
}

fn expect_state(evaluation: &Evaluation, required: State) -> Result<(), Refusal> {
    if evaluation.state == required {
        return Ok(());
    }
    Err(wrong_state(required.as_str(), evaluation))
}

const fn wrong_state(required: &'static str, evaluation: &Evaluation) -> Refusal {
    Refusal::WrongState {
        required,
        actual: evaluation.state.as_str(),
    }
}
