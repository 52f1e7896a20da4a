//! What two persons do to a call: publish it, extend it, cancel it. Each is decided when it is
//! proposed and again when it is approved.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Call, Event, Refusal, State, expect_running, expect_state};

/// Stands in a cloned call for the number of an act that is not known yet.
pub const ACT_TO_BE_STATED: &str = "ACT TO BE STATED";

/// Why a call was cancelled, and by which act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub act: String,
    pub reason: String,
}

/// Makes a draft public, before the instant at which it would open.
pub fn publish(call: &Call, now: DateTime<Utc>) -> Result<Event, Refusal> {
    expect_state(call, State::Draft)?;
    let opens_at = call.terms.window.opens_at;
    if now > opens_at {
        return Err(Refusal::OpeningPassed { opens_at, now });
    }
    expect_act_stated(&call.terms.act)?;
    expect_act_stated(&call.terms.rules.act)?;
    Ok(Event::Published)
}

pub(super) fn expect_act_stated(act: &str) -> Result<(), Refusal> {
    if !act.starts_with(ACT_TO_BE_STATED) {
        return Ok(());
    }
    Err(Refusal::ActMissing {
        stated: act.to_owned(),
    })
}

/// Moves the close to a later instant, before or after it passed: decided on the instants, not on
/// whether a timer had fired. Once `checked` applications have been looked into, nobody may
/// answer to what the office has seen.
pub fn extend(
    call: &Call,
    act: &str,
    (closes_at, closes_text): (DateTime<Utc>, &str),
    checked: u64,
    now: DateTime<Utc>,
) -> Result<Event, Refusal> {
    if !matches!(call.state, State::Published | State::Open | State::Closed) {
        return Err(Refusal::WrongState {
            required: "published, open or closed",
            actual: call.state.as_str(),
        });
    }
    expect_running(call)?;
    if checked > 0 {
        return Err(Refusal::ChecksOpened { checked });
    }
    let window = &call.terms.window;
    if window.extensions.iter().any(|known| known.act.is_none()) {
        return Err(Refusal::BudgetSpent {
            at: window.closes_at,
        });
    }
    if closes_at <= window.closes_at {
        return Err(Refusal::NotLater {
            closes_at: window.closes_at,
            proposed: closes_at,
        });
    }
    if closes_at <= now {
        return Err(Refusal::ExtensionPassed {
            proposed: closes_at,
            now,
        });
    }
    Ok(Event::Extended {
        act: act.to_owned(),
        closes_at,
        closes_text: closes_text.to_owned(),
    })
}

/// Withdraws a call before anything is awarded.
pub fn cancel(call: &Call, cancellation: &Cancellation) -> Result<Event, Refusal> {
    match call.state {
        State::Draft | State::Published | State::Open | State::Closed | State::Ranked => {
            Ok(Event::Cancelled {
                cancellation: cancellation.clone(),
            })
        }
        State::Awarded | State::Cancelled => Err(Refusal::WrongState {
            required: "draft, published, open, closed or ranked",
            actual: call.state.as_str(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::super::tests::{call, later};
    use super::super::{Extension, apply};
    use super::*;

    #[test]
    fn an_extension_keeps_the_close_it_replaces() {
        let before = call();
        let new = later(&before, 60);

        let event = extend(&before, "DD 1", (new, "later"), 0, later(&before, 0)).unwrap();
        let after = apply(Some(before.clone()), &event).unwrap();

        assert_eq!(after.terms.window.closes_at, new);
        assert_eq!(
            after.terms.window.extensions[0].was,
            before.terms.window.closes_at
        );
        assert!(after.receives(new) && !after.receives(new + TimeDelta::microseconds(1)));
    }

    #[test]
    fn an_extension_after_the_close_opens_the_call_again() {
        let closed = Call {
            state: State::Closed,
            ..call()
        };
        let close = (later(&closed, 60), "later");

        let event = extend(&closed, "DD 1", close, 0, later(&closed, 30)).unwrap();

        let after = apply(Some(closed), &event).unwrap();
        assert_eq!(after.state, State::Open);
        assert_eq!(after.terms.window.closes_at, close.0);
    }

    #[test]
    fn an_extension_is_later_than_the_close_and_than_now() {
        let before = call();
        let reason = |minutes, now| {
            let close = (later(&before, minutes), "");
            let refused = extend(&before, "DD 1", close, 0, later(&before, now));
            refused.unwrap_err().reason()
        };

        assert_eq!(reason(0, -1), "EXTENSION_NOT_LATER");
        assert_eq!(reason(60, 60), "EXTENSION_PASSED");
        assert_eq!(reason(60, 61), "EXTENSION_PASSED");
    }

    #[test]
    fn an_extension_comes_too_late_once_a_check_was_opened_or_the_budget_was_spent() {
        let mut call = call();
        let extended = |call: &Call, checked| {
            let close = (later(call, 60), "");
            let refused = extend(call, "DD 1", close, checked, later(call, 1));
            refused.unwrap_err().reason()
        };
        assert_eq!(extended(&call, 1), "CHECKS_OPENED");
        call.terms.window.extensions.push(Extension {
            act: None,
            was: later(&call, 30),
            was_text: String::new(),
        });
        assert_eq!(extended(&call, 0), "BUDGET_SPENT");
        call.state = State::Ranked;
        assert_eq!(extended(&call, 0), "CALL_STATE");
    }

    #[test]
    fn a_call_whose_act_is_not_stated_is_not_published() {
        let mut draft = Call {
            state: State::Draft,
            ..call()
        };
        let before = draft.terms.window.opens_at;
        assert!(publish(&draft, before).is_ok());
        draft.terms.rules.act = format!("{ACT_TO_BE_STATED} (was DGR 1)");

        let refusal = publish(&draft, before).unwrap_err();

        assert_eq!(refusal.reason(), "ACT_MISSING");
    }

    #[test]
    fn a_call_is_cancelled_until_it_is_awarded() {
        let cancellation = Cancellation {
            act: "DGR 2".to_owned(),
            reason: "no funds".to_owned(),
        };
        for state in State::ALL {
            let call = Call { state, ..call() };

            let cancelled = cancel(&call, &cancellation);

            let is_final = matches!(state, State::Awarded | State::Cancelled);
            assert_eq!(cancelled.is_err(), is_final, "{}", state.as_str());
            if let Ok(event) = cancelled {
                let after = apply(Some(call), &event).unwrap();
                assert_eq!(after.state, State::Cancelled);
                assert_eq!(after.cancellation.as_ref(), Some(&cancellation));
            }
        }
    }
}
