//! What if: the same ranking under another budget, another rule, without an evaluation or
//! without an application. Nothing is decided by it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::allocation::Outcome;
use crate::ids::{ApplicationId, EvaluationId};
use crate::money::{BasisPoints, Eur};
use crate::ranking_inputs::{Computed, Inputs};

/// What is different; nothing, unless told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    pub budget: Option<Eur>,
    pub rate: Option<BasisPoints>,
    /// Zero takes the floor away.
    pub min_grant: Option<Eur>,
    /// Zero takes the ceiling away.
    pub max_grant: Option<Eur>,
    /// Smallest total that is ranked.
    pub threshold: Option<Decimal>,
    /// Evaluations that no longer count.
    pub annulled: Vec<EvaluationId>,
    /// Applications that give up their place.
    pub declined: Vec<ApplicationId>,
}

/// A change that names something the ranking does not contain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("evaluation {0} does not count in this ranking")]
    UnknownEvaluation(EvaluationId),
    #[error("application {0} is not in this ranking")]
    UnknownApplication(ApplicationId),
}

/// The inputs as the changes leave them.
pub fn change(inputs: &Inputs, changes: &Changes) -> Result<Inputs, Refusal> {
    let mut after = inputs.clone();
    let some = |amount: Eur| (!amount.is_zero()).then_some(amount);
    after.budget = changes.budget.unwrap_or(inputs.budget);
    after.rules.rate = changes.rate.unwrap_or(inputs.rules.rate);
    if let Some(least) = changes.min_grant {
        after.rules.min_grant = some(least);
    }
    if let Some(most) = changes.max_grant {
        after.rules.max_grant = some(most);
    }
    if let Some(threshold) = changes.threshold {
        after.rules.score_grid.threshold = threshold;
    }
    for annulled in &changes.annulled {
        let counts = |entry: &&mut crate::ranking_inputs::Entry| {
            let mut sheets = entry.sheets.iter();
            sheets.any(|sheet| sheet.evaluation == *annulled)
        };
        let entry = after.entries.iter_mut().find(counts);
        let entry = entry.ok_or(Refusal::UnknownEvaluation(*annulled))?;
        entry.take_out(*annulled);
    }
    for declined in &changes.declined {
        if inputs.entry(*declined).is_none() {
            return Err(Refusal::UnknownApplication(*declined));
        }
        after.entries.retain(|entry| entry.application != *declined);
    }
    Ok(after)
}

/// Where an application stands in one computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Placed {
        position: u32,
        outcome: Outcome,
    },
    BelowThreshold,
    /// Under the smallest cost or grant of these rules.
    UnderMinimum,
    /// Not part of the computation.
    Absent,
}

impl Standing {
    pub const fn amount(self) -> Eur {
        match self {
            Self::Placed { outcome, .. } => outcome.amount(),
            Self::BelowThreshold | Self::UnderMinimum | Self::Absent => Eur::ZERO,
        }
    }

    pub const fn position(self) -> Option<u32> {
        match self {
            Self::Placed { position, .. } => Some(position),
            Self::BelowThreshold | Self::UnderMinimum | Self::Absent => None,
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placed { outcome, .. } => outcome.as_str(),
            Self::BelowThreshold => "below_threshold",
            Self::UnderMinimum => "under_minimum",
            Self::Absent => "absent",
        }
    }
}

/// One application before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    pub application: ApplicationId,
    pub protocol: String,
    pub before: Standing,
    pub after: Standing,
}

impl Shift {
    /// Cents gained; negative when lost.
    pub const fn gain_cents(&self) -> i64 {
        self.after.amount().as_cents() - self.before.amount().as_cents()
    }
}

/// Every application of `inputs` before and after, in the order it had before.
pub fn compare(inputs: &Inputs, before: &Computed, after: &Computed) -> Vec<Shift> {
    let (stood, stands) = (standings(before), standings(after));
    let absent = |standings: &BTreeMap<ApplicationId, Standing>, id: ApplicationId| {
        standings.get(&id).copied().unwrap_or(Standing::Absent)
    };
    let mut shifts: Vec<Shift> = inputs
        .entries
        .iter()
        .map(|entry| Shift {
            application: entry.application,
            protocol: entry.protocol.clone(),
            before: absent(&stood, entry.application),
            after: absent(&stands, entry.application),
        })
        .collect();
    shifts.sort_by(|one, other| {
        let place = |shift: &Shift| shift.before.position().unwrap_or(u32::MAX);
        (place(one), &one.protocol).cmp(&(place(other), &other.protocol))
    });
    shifts
}

fn standings(computed: &Computed) -> BTreeMap<ApplicationId, Standing> {
    let placed = computed.allocation.entries.iter().map(|entry| {
        let (position, outcome) = (entry.position, entry.outcome);
        (entry.application, Standing::Placed { position, outcome })
    });
    let below = computed.ranked.below_threshold.iter();
    let below = below.map(|(candidate, _)| (candidate.application, Standing::BelowThreshold));
    let under = computed.under_minimum.iter();
    let under = under.map(|candidate| (candidate.application, Standing::UnderMinimum));
    placed.chain(below).chain(under).collect()
}
