//! One evaluator's work on one application: assigned, scored once, or excluded with a reason.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::{ApplicationId, CallId, EvaluationId};
use crate::scoring::Sheet;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    pub id: EvaluationId,
    pub call: CallId,
    pub application: ApplicationId,
    /// The evaluator's name as their token carries it.
    pub evaluator: String,
    pub state: State,
    pub scores: Vec<Score>,
    /// Why it does not count, once excluded.
    pub excluded_because: Option<String>,
}

/// One evaluator's points of one criterion, 0 to the grid's scale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    pub criterion: String,
    pub score: Decimal,
    pub comment: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Assigned,
    Scored,
    Excluded,
}

impl State {
    pub const ALL: [Self; 3] = [Self::Assigned, Self::Scored, Self::Excluded];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Scored => "scored",
            Self::Excluded => "excluded",
        }
    }
}

/// What happens to an evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Assigned {
        id: EvaluationId,
        call: CallId,
        application: ApplicationId,
        evaluator: String,
    },
    /// The evaluator signs off: no conflict of interest declared, and the scores.
    Scored {
        scores: Vec<Score>,
    },
    Excluded {
        reason: String,
    },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Assigned { .. } => "assigned",
            Self::Scored { .. } => "scored",
            Self::Excluded { .. } => "excluded",
        }
    }
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the evaluation is {actual}, this needs {required}")]
    WrongState {
        required: &'static str,
        actual: &'static str,
    },
    #[error("the evaluator must declare to be free of conflicts of interest before scoring")]
    ConflictNotDeclared,
    #[error("only admissible applications are evaluated, this one is {actual}")]
    NotAdmissible { actual: &'static str },
    #[error("an exclusion needs a reason")]
    ReasonMissing,
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "EVALUATION_STATE",
            Self::ConflictNotDeclared => "CONFLICT_NOT_DECLARED",
            Self::NotAdmissible { .. } => "APPLICATION_STATE",
            Self::ReasonMissing => "REASON_REQUIRED",
        }
    }
}

pub fn assign(
    id: EvaluationId,
    application: &crate::application::Application,
    evaluator: &str,
) -> Result<Event, Refusal> {
    if application.state != crate::application::State::Admissible {
        return Err(Refusal::NotAdmissible {
            actual: application.state.as_str(),
        });
    }
    Ok(Event::Assigned {
        id,
        call: application.call.clone(),
        application: application.id,
        evaluator: evaluator.to_owned(),
    })
}

/// Gives the scores, once. `free_of_conflict` is the evaluator's declaration for this application.
pub fn score(
    evaluation: &Evaluation,
    free_of_conflict: bool,
    scores: Vec<Score>,
) -> Result<Event, Refusal> {
    expect_state(evaluation, State::Assigned)?;
    if !free_of_conflict {
        return Err(Refusal::ConflictNotDeclared);
    }
    Ok(Event::Scored { scores })
}

/// Takes an evaluation out of the count, before or after it was scored.
pub fn exclude(evaluation: &Evaluation, reason: &str) -> Result<Event, Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    match evaluation.state {
        State::Assigned | State::Scored => Ok(Event::Excluded {
            reason: reason.to_owned(),
        }),
        State::Excluded => Err(Refusal::WrongState {
            required: "assigned or scored",
            actual: evaluation.state.as_str(),
        }),
    }
}

/// The evaluation after `event`; `None` before it was assigned.
#[must_use]
pub fn apply(before: Option<Evaluation>, event: &Event) -> Option<Evaluation> {
    match event {
        Event::Assigned {
            id,
            call,
            application,
            evaluator,
        } => Some(Evaluation {
            id: *id,
            call: call.clone(),
            application: *application,
            evaluator: evaluator.clone(),
            state: State::Assigned,
            scores: Vec::new(),
            excluded_because: None,
        }),
        Event::Scored { scores } => before.map(|evaluation| Evaluation {
            state: State::Scored,
            scores: scores.clone(),
            ..evaluation
        }),
        Event::Excluded { reason } => before.map(|evaluation| Evaluation {
            state: State::Excluded,
            excluded_because: Some(reason.clone()),
            ..evaluation
        }),
    }
}

impl Evaluation {
    /// The sheet that counts, if it was scored and not excluded.
    pub fn sheet(&self) -> Option<Sheet> {
        if self.state != State::Scored {
            return None;
        }
        let scores = self
            .scores
            .iter()
            .map(|s| (s.criterion.clone(), s.score))
            .collect();
        Some(Sheet {
            evaluation: self.id,
            scores,
        })
    }
}

fn expect_state(evaluation: &Evaluation, required: State) -> Result<(), Refusal> {
    if evaluation.state == required {
        return Ok(());
    }
    Err(Refusal::WrongState {
        required: required.as_str(),
        actual: evaluation.state.as_str(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assigned() -> Evaluation {
        let event = Event::Assigned {
            id: EvaluationId(uuid::Uuid::from_u128(1)),
            call: "er/2016".parse().unwrap(),
            application: ApplicationId(uuid::Uuid::from_u128(2)),
            evaluator: "e".into(),
        };
        apply(None, &event).unwrap()
    }

    #[test]
    fn scores_are_given_once_and_with_a_declaration() {
        let evaluation = assigned();
        assert_eq!(
            score(&evaluation, false, vec![]),
            Err(Refusal::ConflictNotDeclared)
        );

        let scored = apply(
            Some(evaluation.clone()),
            &score(&evaluation, true, vec![]).unwrap(),
        );

        assert_eq!(
            score(&scored.unwrap(), true, vec![]).unwrap_err().reason(),
            "EVALUATION_STATE"
        );
    }

    #[test]
    fn an_excluded_evaluation_has_no_sheet() {
        let evaluation = assigned();
        let scored = apply(Some(evaluation), &Event::Scored { scores: vec![] }).unwrap();
        assert!(scored.sheet().is_some());

        let event = exclude(&scored, "kinship with a member").unwrap();

        assert!(apply(Some(scored), &event).unwrap().sheet().is_none());
    }

    #[test]
    fn an_exclusion_without_a_reason_is_refused() {
        assert_eq!(exclude(&assigned(), "  "), Err(Refusal::ReasonMissing));
    }
}
