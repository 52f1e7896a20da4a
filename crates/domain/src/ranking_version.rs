//! One version of a call's ranking as it is stored: computed by one person, put in force by the
//! approval of another, and never changed afterwards.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::allocation::Allocation;
use crate::ids::{CallId, RankingId};
use crate::money::Eur;
use crate::ranking::Ranked;
use crate::ranking_inputs::Inputs;
use crate::receipt;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankingVersion {
    pub id: RankingId,
    pub call: CallId,
    /// From 1 within the call.
    pub version: u32,
    pub state: State,
    pub rule_set_version: u32,
    pub budget: Eur,
    /// SHA-256 of everything it was computed from.
    pub inputs_sha256: String,
    /// Everything it was computed from; rankings of before version 0.2 did not keep it.
    #[serde(default)]
    pub inputs: Option<Inputs>,
    pub computed_by: String,
    pub computed_at: DateTime<Utc>,
    pub ranked: Ranked,
    pub allocation: Allocation,
    /// The version whose place it takes, and why.
    #[serde(default)]
    pub replaces: Option<Replaced>,
    /// Why it was annulled, once it is.
    #[serde(default)]
    pub annulment: Option<Annulment>,
}

/// Why a ranking in force was annulled, and by which act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annulment {
    pub act: String,
    pub reason: String,
}

/// An earlier version that was in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    pub version: u32,
    /// `None` for one that stays in force until this one is.
    pub annulment: Option<Annulment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Proposed,
    InForce,
    Rejected,
    Superseded,
    /// It was in force, and by the approval of a second person never counted.
    Annulled,
}

impl State {
    pub const ALL: [Self; 5] = [
        Self::Proposed,
        Self::InForce,
        Self::Rejected,
        Self::Superseded,
        Self::Annulled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::InForce => "in_force",
            Self::Rejected => "rejected",
            Self::Superseded => "superseded",
            Self::Annulled => "annulled",
        }
    }
}

/// What happens to a version of a ranking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Computed { ranking: Box<RankingVersion> },
    PutInForce,
    Rejected,
    Superseded,
    Annulled { annulment: Annulment },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Computed { .. } => "computed",
            Self::PutInForce => "put_in_force",
            Self::Rejected => "rejected",
            Self::Superseded => "superseded",
            Self::Annulled { .. } => "annulled",
        }
    }
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("version {version} of the ranking is {actual}, this needs {required}")]
    WrongState {
        version: u32,
        required: &'static str,
        actual: &'static str,
    },
    #[error("version {version} of the ranking did not keep its inputs: compute the next version")]
    WithoutInputs { version: u32 },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::WrongState { .. } => "RANKING_STATE",
            Self::WithoutInputs { .. } => "RANKING_WITHOUT_INPUTS",
        }
    }
}

pub fn put_in_force(ranking: &RankingVersion) -> Result<Event, Refusal> {
    expect_state(ranking, State::Proposed)?;
    Ok(Event::PutInForce)
}

pub fn reject(ranking: &RankingVersion) -> Result<Event, Refusal> {
    expect_state(ranking, State::Proposed)?;
    Ok(Event::Rejected)
}

/// A later version takes the place of this one.
pub fn supersede(ranking: &RankingVersion) -> Result<Event, Refusal> {
    match ranking.state {
        State::Proposed | State::InForce => Ok(Event::Superseded),
        State::Rejected | State::Superseded | State::Annulled => Err(Refusal::WrongState {
            version: ranking.version,
            required: "proposed or in_force",
            actual: ranking.state.as_str(),
        }),
    }
}

/// Takes a ranking out of force, by the approval of a second person.
pub fn annul(ranking: &RankingVersion, annulment: &Annulment) -> Result<Event, Refusal> {
    expect_state(ranking, State::InForce)?;
    Ok(Event::Annulled {
        annulment: annulment.clone(),
    })
}

/// The version that a new one takes the place of: the last that was in force, annulled or not.
pub fn replaced<'a>(
    earlier: impl DoubleEndedIterator<Item = &'a RankingVersion>,
) -> Option<Replaced> {
    let was_in_force =
        |known: &&RankingVersion| matches!(known.state, State::InForce | State::Annulled);
    let last = earlier.rev().find(was_in_force)?;
    Some(Replaced {
        version: last.version,
        annulment: last.annulment.clone(),
    })
}

/// The version after `event`; `None` before it was computed.
#[must_use]
pub fn apply(before: Option<RankingVersion>, event: &Event) -> Option<RankingVersion> {
    let state = match event {
        Event::Computed { ranking } => return Some((**ranking).clone()),
        Event::PutInForce => State::InForce,
        Event::Rejected => State::Rejected,
        Event::Superseded => State::Superseded,
        Event::Annulled { annulment } => {
            return before.map(|ranking| RankingVersion {
                state: State::Annulled,
                annulment: Some(annulment.clone()),
                ..ranking
            });
        }
    };
    before.map(|ranking| RankingVersion { state, ..ranking })
}

/// What a ranking that does not recompute differs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// The stored inputs do not have the stored hash.
    Inputs,
    /// The stored budget or rule set version is not that of the inputs.
    Head,
    Ranked,
    Allocation,
}

impl Difference {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::Head => "head",
            Self::Ranked => "ranked",
            Self::Allocation => "allocation",
        }
    }
}

impl RankingVersion {
    /// What it was computed from.
    pub fn kept_inputs(&self) -> Result<&Inputs, Refusal> {
        self.inputs.as_ref().ok_or(Refusal::WithoutInputs {
            version: self.version,
        })
    }

    /// Every part that does not follow from the stored inputs; empty when all of it does. Inputs
    /// that do not even suffice for a ranking are the first difference.
    pub fn verify(&self) -> Result<Vec<Difference>, Refusal> {
        let inputs = self.kept_inputs()?;
        let Ok(computed) = inputs.compute() else {
            return Ok(vec![Difference::Inputs]);
        };
        let hash = inputs.sha256().unwrap_or_default();
        let (budget, rules) = (inputs.budget, inputs.rules.version);
        let differs = [
            (Difference::Inputs, hash != self.inputs_sha256),
            (
                Difference::Head,
                (budget, rules) != (self.budget, self.rule_set_version),
            ),
            (Difference::Ranked, computed.ranked != self.ranked),
            (
                Difference::Allocation,
                computed.allocation != self.allocation,
            ),
        ];
        let found = differs.iter().filter(|(_, differs)| *differs);
        Ok(found.map(|(difference, _)| *difference).collect())
    }

    /// What two persons must agree on: the order, the amounts and what they come from.
    ///
    /// # Errors
    /// Never in practice: every part has a JSON form.
    pub fn payload_sha256(&self) -> Result<String, serde_json::Error> {
        let payload = (
            &self.call,
            self.version,
            &self.inputs_sha256,
            &self.ranked,
            &self.allocation,
        );
        // Rankings that replace none keep the hash they always had.
        if let Some(replaced) = &self.replaces {
            let payload = (payload, replaced);
            return Ok(receipt::sha256_hex(&receipt::canonical(&payload)?));
        }
        Ok(receipt::sha256_hex(&receipt::canonical(&payload)?))
    }
}

fn expect_state(ranking: &RankingVersion, required: State) -> Result<(), Refusal> {
    if ranking.state == required {
        return Ok(());
    }
    Err(Refusal::WrongState {
        version: ranking.version,
        required: required.as_str(),
        actual: ranking.state.as_str(),
    })
}
