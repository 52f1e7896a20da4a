//! Allocation: the budget divided down a ranking by one of the four policies in use.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::ApplicationId;
use crate::money::Eur;
use crate::ranking::{Candidate, Placed, Ranked};
use crate::rules::{AllocationPolicy, Band, RuleSet};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// In ranking order.
    pub entries: Vec<Allocated>,
    pub granted: Eur,
    pub left: Eur,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocated {
    pub position: u32,
    pub application: ApplicationId,
    pub outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Funded(Eur),
    FundedInPart { amount: Eur, full: Eur },
    Waiting { place: u32 },
}

impl Outcome {
    pub const fn amount(self) -> Eur {
        match self {
            Self::Funded(amount) | Self::FundedInPart { amount, .. } => amount,
            Self::Waiting { .. } => Eur::ZERO,
        }
    }

    /// `funded`, `funded_in_part` or `waiting`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Funded(_) => "funded",
            Self::FundedInPart { .. } => "funded_in_part",
            Self::Waiting { .. } => "waiting",
        }
    }
}

/// Divides the budget down the ranking by the call's policy. What is granted and what is left
/// always add up to the budget, and no grant is above what the formula gives.
pub fn allocate(ranked: &Ranked, budget: Eur, rules: &RuleSet) -> Allocation {
    let entitled = |placed: &Placed| entitlement(&placed.candidate, rules);
    let amounts = match &rules.allocation {
        AllocationPolicy::RankingWithWaitingList
        | AllocationPolicy::FirstCome
        | AllocationPolicy::PercentageBands(_) => {
            let wanted = ranked.entries.iter().map(entitled);
            until_exhaustion(wanted, budget, rules.smallest_grant())
        }
        AllocationPolicy::ProRata => {
            let wanted: Vec<Eur> = ranked.entries.iter().map(entitled).collect();
            pro_rata(&wanted, budget, rules.smallest_grant())
        }
    };
    let mut waiting = 0;
    let entries: Vec<Allocated> = ranked
        .entries
        .iter()
        .zip(amounts)
        .map(|(placed, amount)| {
            let full = entitled(placed);
            let outcome = if amount.is_zero() {
                waiting += 1;
                Outcome::Waiting { place: waiting }
            } else if amount == full {
                Outcome::Funded(amount)
            } else {
                Outcome::FundedInPart { amount, full }
            };
            Allocated {
                position: placed.position,
                application: placed.candidate.application,
                outcome,
            }
        })
        .collect();
    let granted = entries.iter().map(|entry| entry.outcome.amount()).sum();
    Allocation {
        entries,
        granted,
        left: budget.less(granted),
    }
}

/// What a candidate gets when the budget suffices: the grant of the formula, or the share of its
/// band. A band never cuts a grant under the call's smallest.
pub fn entitlement(candidate: &Candidate, rules: &RuleSet) -> Eur {
    let AllocationPolicy::PercentageBands(bands) = &rules.allocation else {
        return candidate.grant;
    };
    let by_band = band_of(candidate.score.total, bands)
        .map(|band| candidate.eligible.share(band.rate))
        .unwrap_or_default();
    by_band.max(rules.smallest_grant()).min(candidate.grant)
}

/// The best band whose total the score reaches.
pub fn band_of(total: Decimal, bands: &[Band]) -> Option<&Band> {
    bands.iter().find(|band| total >= band.min_total)
}

/// In ranking order. The first that does not fit gets what is left, if that is something and not
/// under the floor. Everybody after it waits, even one that would fit: the list is served in its
/// order when money returns, and a lower place never overtakes a higher one.
fn until_exhaustion(wanted: impl Iterator<Item = Eur>, budget: Eur, floor: Eur) -> Vec<Eur> {
    let (mut left, mut exhausted) = (budget, false);
    let serve = |full: Eur| {
        let amount = match full {
            _ if exhausted => Eur::ZERO,
            full if full <= left => full,
            _ if left >= floor => left,
            _ => Eur::ZERO,
        };
        exhausted |= full > left;
        left = left.less(amount);
        amount
    };
    wanted.map(serve).collect()
}

/// Everybody gets the same share of their grant, cut down to the cent. Who would fall under the
/// floor gets the floor, and the others share the rest. When the budget does not even suffice
/// for the floors, the lowest places wait.
fn pro_rata(wanted: &[Eur], budget: Eur, floor: Eur) -> Vec<Eur> {
    let least = |full: Eur| full.min(floor);
    let served = served(wanted.iter().map(|full| least(*full)), budget);
    let mut ascending: Vec<Eur> = wanted[..served].to_vec();
    ascending.sort_unstable();

    let mut money = i128::from(budget.as_cents());
    let mut grants: i128 = ascending
        .iter()
        .map(|full| i128::from(full.as_cents()))
        .sum();
    if grants <= money {
        return padded(wanted[..served].to_vec(), wanted.len());
    }
    let under_floor =
        |full: i128, least: i128, money: i128, grants: i128| full * money < least * grants;
    for full in ascending {
        let (full, least) = (
            i128::from(full.as_cents()),
            i128::from(least(full).as_cents()),
        );
        if !under_floor(full, least, money, grants) {
            break;
        }
        money -= least;
        grants -= full;
    }
    let cut = |full: &Eur| {
        let (cents, least) = (i128::from(full.as_cents()), least(*full));
        let share = if grants > 0 {
            cents * money / grants
        } else {
            0
        };
        Eur::cents(i64::try_from(share).unwrap_or_default()).clamp(least, *full)
    };
    padded(wanted[..served].iter().map(cut).collect(), wanted.len())
}

/// How many, from the top, can get their least.
fn served(leasts: impl Iterator<Item = Eur>, budget: Eur) -> usize {
    let mut left = budget;
    leasts
        .take_while(|least| {
            let fits = *least <= left;
            left = left.less(*least);
            fits
        })
        .count()
}

fn padded(mut amounts: Vec<Eur>, length: usize) -> Vec<Eur> {
    amounts.resize(length, Eur::ZERO);
    amounts
}
