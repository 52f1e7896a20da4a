//! Mending what people get wrong about an application: each an act with its reason, while no
//! ranking of the call is in force. Afterwards the ranking is annulled first.

use super::{Application, Event, Refusal, State, Submission, expect_state};
use crate::call::{self, Call};
use crate::eligibility::Finding;
use crate::project::Violation;

/// Opens a concluded check again. The conclusion was one person's, and nothing is allotted yet: so
/// one person reopens it, with a reason.
pub fn reopen_check(
    application: &Application,
    call: &Call,
    reason: &str,
) -> Result<Event, Refusal> {
    if !matches!(application.state, State::Admissible | State::Inadmissible) {
        return Err(Refusal::WrongState {
            required: "admissible or inadmissible",
            actual: application.state.as_str(),
        });
    }
    expect_unranked(call)?;
    Ok(Event::CheckReopened {
        reason: expect_reason(reason)?.to_owned(),
    })
}

/// Whether the content that was tried late may count as submitted at the instant of the attempt.
/// `tried` and `current` are the hashes of that content and of the working copy as it is now:
/// nothing may have been bettered since. What is `missing` is asked of it as of everybody.
pub fn may_admit_late(
    application: &Application,
    call: &Call,
    (tried, current): (&str, &str),
    missing: Vec<Violation>,
) -> Result<(), Refusal> {
    expect_state(application, State::Late)?;
    expect_unranked(call)?;
    if tried != current {
        return Err(Refusal::ContentChanged {
            tried: tried.to_owned(),
            current: current.to_owned(),
        });
    }
    if !missing.is_empty() {
        return Err(Refusal::Incomplete { missing });
    }
    Ok(())
}

/// Admits what [`may_admit_late`] allows, sealed as `submission`.
pub fn admit_late(submission: Submission, act: &str, reason: &str) -> Result<Event, Refusal> {
    Ok(Event::AdmittedLate {
        submission: Box::new(submission),
        act: act.to_owned(),
        reason: expect_reason(reason)?.to_owned(),
    })
}

fn expect_unranked(call: &Call) -> Result<(), Refusal> {
    match call.state {
        // Before the close nothing is checked and nobody is late: the application's state says it.
        call::State::Draft | call::State::Published | call::State::Open | call::State::Closed => {
            Ok(())
        }
        call::State::Ranked | call::State::Awarded => Err(Refusal::RankingInForce),
        call::State::Cancelled => Err(Refusal::CallCancelled),
    }
}

fn expect_reason(reason: &str) -> Result<&str, Refusal> {
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(Refusal::ActWithoutReason);
    }
    Ok(reason)
}

impl Application {
    /// As it is shown outside of the office until results are published: checked, and no more.
    #[must_use]
    pub fn before_results(self) -> Self {
        match self.state {
            State::BelowThreshold | State::Waiting | State::Awarded => Self {
                state: State::Admissible,
                placement: None,
                ..self
            },
            State::Draft
            | State::Submitted
            | State::Lapsed
            | State::Late
            | State::Withdrawn
            | State::UnderCheck
            | State::Admissible
            | State::Inadmissible
            | State::Cancelled => self,
        }
    }
}

/// A finding takes the place of the earlier one of its rule.
pub(super) fn record(application: &mut Application, finding: &Finding) {
    let Some(check) = &mut application.check else {
        return;
    };
    match check
        .findings
        .iter_mut()
        .find(|known| known.rule == finding.rule)
    {
        Some(known) => known.clone_from(finding),
        None => check.findings.push(finding.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::{Event, apply};
    use crate::call::tests::call;

    fn application(state: State) -> Application {
        let event = Event::Drafted {
            id: uuid::Uuid::nil().into(),
            call: "er/2016".parse().unwrap(),
            consortium: uuid::Uuid::nil().into(),
        };
        let drafted = apply(None, &event).unwrap();
        Application { state, ..drafted }
    }

    fn closed() -> Call {
        Call {
            state: call::State::Closed,
            ..call()
        }
    }

    fn in_state(state: call::State) -> Call {
        Call { state, ..call() }
    }

    #[test]
    fn a_concluded_check_is_opened_again_and_counted() {
        for state in [State::Admissible, State::Inadmissible] {
            let before = application(state);

            let event = reopen_check(&before, &closed(), " a mistake ").unwrap();
            let after = apply(Some(before), &event).unwrap();

            assert_eq!((after.state, after.reopened_checks), (State::UnderCheck, 1));
        }
    }

    #[test]
    fn a_check_is_opened_again_only_before_a_ranking_and_with_a_reason() {
        let concluded = application(State::Admissible);
        let reason = |application: &Application, state, why| {
            reopen_check(application, &in_state(state), why)
                .unwrap_err()
                .reason()
        };

        assert_eq!(
            reason(&concluded, call::State::Ranked, "x"),
            "RANKING_IN_FORCE"
        );
        assert_eq!(
            reason(&concluded, call::State::Awarded, "x"),
            "RANKING_IN_FORCE"
        );
        assert_eq!(
            reason(&concluded, call::State::Cancelled, "x"),
            "CALL_CANCELLED"
        );
        assert_eq!(
            reason(&concluded, call::State::Closed, " "),
            "REASON_REQUIRED"
        );
        let open = application(State::UnderCheck);
        assert_eq!(reason(&open, call::State::Closed, "x"), "APPLICATION_STATE");
    }

    #[test]
    fn only_what_was_tried_late_is_admitted() {
        let late = application(State::Late);
        let reason = |application: &Application, state, current| {
            may_admit_late(application, &in_state(state), ("a", current), Vec::new())
                .unwrap_err()
                .reason()
        };

        let same = ("a", "a");
        assert_eq!(may_admit_late(&late, &closed(), same, Vec::new()), Ok(()));
        let gap = Violation::new("title", "REQUIRED", "a title");
        let incomplete = may_admit_late(&late, &closed(), same, vec![gap]);
        assert_eq!(incomplete.unwrap_err().reason(), "APPLICATION_INCOMPLETE");
        assert_eq!(reason(&late, call::State::Closed, "b"), "CONTENT_CHANGED");
        assert_eq!(reason(&late, call::State::Ranked, "a"), "RANKING_IN_FORCE");
        let lapsed = application(State::Lapsed);
        assert_eq!(
            reason(&lapsed, call::State::Closed, "a"),
            "APPLICATION_STATE"
        );
    }

    #[test]
    fn a_decided_place_is_hidden_and_nothing_else() {
        let shown = |state| application(state).before_results().state;

        for state in [State::Awarded, State::Waiting, State::BelowThreshold] {
            assert_eq!(shown(state), State::Admissible);
        }
        for state in [State::Submitted, State::Inadmissible, State::Withdrawn] {
            assert_eq!(shown(state), state);
        }
    }
}
