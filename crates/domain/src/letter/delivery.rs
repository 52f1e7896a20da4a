//! A letter's delivery, as it is recorded by the proof the mail system gives.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Letter, LetterState};

/// A delivery, or the notice that there was none, with where its proof is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivered {
    pub at: DateTime<Utc>,
    pub evidence: String,
}

/// What a recorded delivery says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryOutcome {
    Delivered,
    NotDelivered,
}

impl DeliveryOutcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::NotDelivered => "not_delivered",
        }
    }
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the letter is {actual}, this needs {required}")]
    WrongState {
        required: &'static str,
        actual: &'static str,
    },
    #[error("the letter was queued at {queued_at} and it is {now}: {given} is not between them")]
    ImpossibleDelivery {
        queued_at: DateTime<Utc>,
        given: DateTime<Utc>,
        now: DateTime<Utc>,
    },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "LETTER_STATE",
            Self::ImpossibleDelivery { .. } => "DELIVERY_IMPOSSIBLE",
        }
    }
}

/// The state of a letter after its delivery is recorded. What came back may be delivered after
/// all; what was delivered stays so, whatever notice comes later.
pub fn record_delivery(
    letter: &Letter,
    outcome: DeliveryOutcome,
    at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<LetterState, Refusal> {
    let (after, required) = match outcome {
        DeliveryOutcome::Delivered => (LetterState::Delivered, "sent, uncertain or bounced"),
        DeliveryOutcome::NotDelivered => (LetterState::Bounced, "sent or uncertain"),
    };
    let may = match letter.state {
        LetterState::Sent | LetterState::Uncertain => true,
        LetterState::Bounced => outcome == DeliveryOutcome::Delivered,
        LetterState::Draft
        | LetterState::Held
        | LetterState::Queued
        | LetterState::Sending
        | LetterState::Delivered
        | LetterState::Failed
        | LetterState::Expired
        | LetterState::Cancelled
        | LetterState::Parked => false,
    };
    if !may {
        return Err(Refusal::WrongState {
            required,
            actual: letter.state.as_str(),
        });
    }
    if at < letter.queued_at || at > now {
        return Err(Refusal::ImpossibleDelivery {
            queued_at: letter.queued_at,
            given: at,
            now,
        });
    }
    Ok(after)
}
