//! What the window of its call lets an application do, and what the call's own fate makes of it.

use chrono::{DateTime, Utc};

use super::{Application, Event, Refusal, State, expect_state};
use crate::call::{Call, LAPSE_AFTER};

/// Whether an attempt at `received_at` is late and must be remembered and refused with a signed
/// statement.
pub fn is_late(application: &Application, call: &Call, received_at: DateTime<Utc>) -> bool {
    let tried_to_submit = matches!(
        application.state,
        State::Draft | State::Submitted | State::Lapsed | State::Late
    );
    let is_late = received_at > call.terms.window.closes_at;
    tried_to_submit && is_late && call.interrupted_at(received_at).is_none()
}

/// A draft that was never submitted lapses once nothing received in time can still arrive.
pub fn lapse(application: &Application, call: &Call, now: DateTime<Utc>) -> Result<Event, Refusal> {
    expect_state(application, State::Draft)?;
    if let Some(outage) = call.interruption() {
        return Err(Refusal::CallSuspended {
            since: outage.from,
            received_at: now,
        });
    }
    if now < call.terms.window.closes_at + LAPSE_AFTER {
        return Err(Refusal::CallNotOpen {
            opens_at: call.terms.window.opens_at,
            closes_at: call.terms.window.closes_at,
            now,
        });
    }
    Ok(Event::Lapsed)
}

/// The call was extended after its close: whoever did not come in time gets the same new term,
/// whether they had tried or not.
pub fn reopen(application: &Application) -> Result<Event, Refusal> {
    if matches!(application.state, State::Lapsed | State::Late) {
        return Ok(Event::Reopened);
    }
    Err(Refusal::WrongState {
        required: "lapsed or late",
        actual: application.state.as_str(),
    })
}

/// What the call's cancellation makes of an application; `None` for one that was out of it before,
/// which stays what it is.
pub fn cancel(application: &Application) -> Option<Event> {
    match application.state {
        State::Draft | State::Submitted | State::UnderCheck | State::Admissible => {
            Some(Event::Cancelled)
        }
        State::Lapsed
        | State::Late
        | State::Withdrawn
        | State::Inadmissible
        | State::BelowThreshold
        | State::Waiting
        | State::Awarded
        | State::Cancelled => None,
    }
}

/// While the call is suspended drafts may be worked on, even past the close that will move.
pub(super) fn expect_window_for_drafts(call: &Call, now: DateTime<Utc>) -> Result<(), Refusal> {
    if call.interruption().is_some() {
        return Ok(());
    }
    expect_instant(call, now)
}

pub(super) fn expect_window(call: &Call, now: DateTime<Utc>) -> Result<(), Refusal> {
    if let Some(outage) = call.interrupted_at(now) {
        return Err(Refusal::CallSuspended {
            since: outage.from,
            received_at: now,
        });
    }
    expect_instant(call, now)
}

fn expect_instant(call: &Call, now: DateTime<Utc>) -> Result<(), Refusal> {
    let (opens_at, closes_at) = (call.terms.window.opens_at, call.terms.window.closes_at);
    if call.state == crate::call::State::Cancelled {
        return Err(Refusal::CallCancelled);
    }
    if now > closes_at {
        return Err(Refusal::CallClosed {
            closes_at,
            received_at: now,
        });
    }
    if now < opens_at || call.state == crate::call::State::Draft {
        return Err(Refusal::CallNotOpen {
            opens_at,
            closes_at,
            now,
        });
    }
    Ok(())
}
