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

/// The award after `event`.
#[must_use]
pub fn apply(_before: Option<Award>, event: &Event) -> Option<Award> {
    match event {
        Event::Granted { award } => Some((**award).clone()),
    }
}
