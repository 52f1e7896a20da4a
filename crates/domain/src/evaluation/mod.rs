//! One evaluator's work on one application: assigned, declared free of conflicts of interest,
//! scored once; and what takes it out of the count again.

mod decide;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::conflict::Flag;
use crate::event::Personal;
use crate::ids::{AgreementId, ApplicationId, CallId, EvaluationId};
use crate::scoring::Sheet;

pub use decide::{
    Refusal, assign, confirm, declare_conflict, declare_free, exclude, expect_outside_office, flag,
    lift_flags, may_open, propose_agreement, reassign, revise, score,
};

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
    #[serde(default)]
    pub details: Details,
}

/// What stands beside the scores; evaluations of before version 0.2 have none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// When the evaluator declared to be free of conflicts of interest.
    pub declared_at: Option<DateTime<Utc>>,
    /// The conflict of interest the evaluator declared.
    pub conflict: Option<Personal>,
    /// What speaks against this pair and was not lifted.
    pub flags: Vec<Flag>,
    /// Flags that a manager lifted, each with the reason.
    pub lifted: Vec<Lifted>,
    /// The evaluation whose work this one took over.
    pub replaces: Option<EvaluationId>,
    /// The evaluation that took over, and why.
    pub replaced_by: Option<EvaluationId>,
    pub reassigned_because: Option<String>,
    /// Sheets that were revised after sign-off, oldest first.
    pub earlier: Vec<Earlier>,
    pub agreement: Option<Agreement>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifted {
    pub flags: Vec<Flag>,
    pub reason: String,
    pub by: String,
    pub at: DateTime<Utc>,
}

/// A sheet as it was before its evaluator revised it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    pub scores: Vec<Score>,
    /// Why it was revised, and when.
    pub reason: String,
    pub revised_at: DateTime<Utc>,
}

/// One sheet proposed to all evaluators of an application in place of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    pub id: AgreementId,
    /// The evaluations it stands for: it holds only while exactly these are scored.
    pub of: Vec<EvaluationId>,
    pub scores: Vec<Score>,
    pub reason: String,
    pub proposed_by: String,
    pub proposed_at: DateTime<Utc>,
    /// When this evaluator confirmed it.
    #[serde(default)]
    pub confirmed_at: Option<DateTime<Utc>>,
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
    /// The evaluator has not declared anything; the application is closed to them.
    Assigned,
    /// Declared free of conflicts of interest; the application is open to them.
    Declared,
    Scored,
    Excluded,
    /// The evaluator declared a conflict of interest: it never counts.
    Conflicted,
    /// Given to another evaluator before it was scored.
    Reassigned,
}

impl State {
    pub const ALL: [Self; 6] = [
        Self::Assigned,
        Self::Declared,
        Self::Scored,
        Self::Excluded,
        Self::Conflicted,
        Self::Reassigned,
    ];

    /// Whether somebody still has to sign a sheet.
    pub const fn is_unsigned(self) -> bool {
        match self {
            Self::Assigned | Self::Declared => true,
            Self::Scored | Self::Excluded | Self::Conflicted | Self::Reassigned => false,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::Declared => "declared",
            Self::Scored => "scored",
            Self::Excluded => "excluded",
            Self::Conflicted => "conflicted",
            Self::Reassigned => "reassigned",
        }
    }

    /// Whether the work is being done or is done, and counts or will count.
    pub const fn is_live(self) -> bool {
        match self {
            Self::Assigned | Self::Declared | Self::Scored => true,
            Self::Excluded | Self::Conflicted | Self::Reassigned => false,
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
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        flags: Vec<Flag>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<EvaluationId>,
    },
    /// Something was found that speaks against the pair after it was assigned.
    Flagged {
        flags: Vec<Flag>,
    },
    FlagsLifted {
        reason: String,
        by: String,
        at: DateTime<Utc>,
    },
    /// The evaluator declares to be free of conflicts of interest for this application.
    Declared {
        at: DateTime<Utc>,
    },
    ConflictDeclared {
        reason: Personal,
        at: DateTime<Utc>,
    },
    /// The work is given to another evaluator.
    Reassigned {
        to: EvaluationId,
        reason: String,
    },
    /// The evaluator signs off.
    Scored {
        scores: Vec<Score>,
    },
    /// A change after sign-off, while the sheets of the application are too far apart.
    Revised {
        scores: Vec<Score>,
        reason: String,
        at: DateTime<Utc>,
    },
    AgreementProposed {
        agreement: Agreement,
    },
    AgreementConfirmed {
        at: DateTime<Utc>,
    },
    Excluded {
        reason: String,
    },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Assigned { .. } => "assigned",
            Self::Flagged { .. } => "flagged",
            Self::FlagsLifted { .. } => "flags_lifted",
            Self::Declared { .. } => "declared",
            Self::ConflictDeclared { .. } => "conflict_declared",
            Self::Reassigned { .. } => "reassigned",
            Self::Scored { .. } => "scored",
            Self::Revised { .. } => "revised",
            Self::AgreementProposed { .. } => "agreement_proposed",
            Self::AgreementConfirmed { .. } => "agreement_confirmed",
            Self::Excluded { .. } => "excluded",
        }
    }
}

/// The evaluation after `event`; `None` before it was assigned.
#[must_use]
pub fn apply(before: Option<Evaluation>, event: &Event) -> Option<Evaluation> {
    if let Event::Assigned {
        id,
        call,
        application,
        evaluator,
        flags,
        replaces,
    } = event
    {
        return Some(Evaluation {
            id: *id,
            call: call.clone(),
            application: *application,
            evaluator: evaluator.clone(),
            state: State::Assigned,
            scores: Vec::new(),
            excluded_because: None,
            details: Details {
                flags: flags.clone(),
                replaces: *replaces,
                ..Details::default()
            },
        });
    }
    before.map(|evaluation| after(evaluation, event))
}

fn after(mut evaluation: Evaluation, event: &Event) -> Evaluation {
    let details = &mut evaluation.details;
    match event {
        Event::Assigned { .. } => {}
        Event::Flagged { flags } => {
            details.flags.extend(flags.iter().cloned());
            if evaluation.state == State::Declared {
                evaluation.state = State::Assigned;
                details.declared_at = None;
            }
        }
        Event::FlagsLifted { reason, by, at } => details.lifted.push(Lifted {
            flags: std::mem::take(&mut details.flags),
            reason: reason.clone(),
            by: by.clone(),
            at: *at,
        }),
        Event::Declared { at } => {
            evaluation.state = State::Declared;
            details.declared_at = Some(*at);
        }
        Event::ConflictDeclared { reason, .. } => {
            evaluation.state = State::Conflicted;
            details.conflict = Some(reason.clone());
        }
        Event::Reassigned { to, reason } => {
            if evaluation.state != State::Conflicted {
                evaluation.state = State::Reassigned;
            }
            details.replaced_by = Some(*to);
            details.reassigned_because = Some(reason.clone());
        }
        Event::Scored { scores } => {
            evaluation.state = State::Scored;
            evaluation.scores.clone_from(scores);
        }
        Event::Revised { scores, reason, at } => {
            details.earlier.push(Earlier {
                scores: std::mem::replace(&mut evaluation.scores, scores.clone()),
                reason: reason.clone(),
                revised_at: *at,
            });
            details.agreement = None;
        }
        Event::AgreementProposed { agreement } => details.agreement = Some(agreement.clone()),
        Event::AgreementConfirmed { at } => {
            if let Some(agreement) = &mut details.agreement {
                agreement.confirmed_at = Some(*at);
            }
        }
        Event::Excluded { reason } => {
            evaluation.state = State::Excluded;
            evaluation.excluded_because = Some(reason.clone());
        }
    }
    evaluation
}

impl Evaluation {
    /// Whether something speaks against the pair that no manager has lifted.
    pub const fn is_flagged(&self) -> bool {
        !self.details.flags.is_empty()
    }

    /// The sheet that counts: scored, not taken out, and nothing standing against the pair.
    pub fn sheet(&self) -> Option<Sheet> {
        if self.state != State::Scored || self.is_flagged() {
            return None;
        }
        Some(Sheet {
            evaluation: self.id,
            scores: plain(&self.scores),
        })
    }
}

/// Scores without their comments.
pub fn plain(scores: &[Score]) -> Vec<(String, Decimal)> {
    let scores = scores.iter();
    scores
        .map(|score| (score.criterion.clone(), score.score))
        .collect()
}
