//! An award: the decision to fund an application, in whole or in part.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{ApplicationId, AwardId, CallId, ConsortiumId, RankingId};
use crate::money::Eur;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    pub id: AwardId,
    pub call: CallId,
    pub application: ApplicationId,
    pub consortium: ConsortiumId,
    pub ranking: RankingId,
    /// Place in the ranking, from 1.
    pub position: u32,
    pub amount: Eur,
    /// What the rules would have given had the budget sufficed; equal to `amount` in full.
    pub full: Eur,
    /// The act that awards it.
    pub act: String,
    pub rule_set_version: u32,
    pub awarded_at: DateTime<Utc>,
    /// Days to accept it, from its notice.
    pub acceptance_days: u32,
}

impl Award {
    pub fn is_partial(&self) -> bool {
        self.amount < self.full
    }
}

/// What happens to an award.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Granted { award: Box<Award> },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Granted { .. } => "granted",
        }
    }
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the budget is {budget}: {awarded} is awarded, {allotted} more is not there")]
    OverBudget {
        budget: Eur,
        awarded: Eur,
        allotted: Eur,
    },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::OverBudget { .. } => "OVER_BUDGET",
        }
    }
}

/// Whether a call's budget holds what is allotted beside what it has awarded.
pub fn expect_within(budget: Eur, awarded: Eur, allotted: Eur) -> Result<(), Refusal> {
    if awarded.plus(allotted) > budget {
        return Err(Refusal::OverBudget {
            budget,
            awarded,
            allotted,
        });
    }
    Ok(())
}

/// The award after `event`.
#[must_use]
pub fn apply(_before: Option<Award>, event: &Event) -> Option<Award> {
    match event {
        Event::Granted { award } => Some((**award).clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cent_may_be_awarded_and_not_one_more() {
        let (budget, awarded) = (Eur::euros(350_000), Eur::euros(250_000));

        let last = expect_within(budget, awarded, Eur::euros(100_000));
        let over = expect_within(budget, awarded, Eur::cents(10_000_001));

        assert_eq!(last, Ok(()));
        assert_eq!(over.unwrap_err().reason(), "OVER_BUDGET");
    }
}
