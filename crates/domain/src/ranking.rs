//! Ranking and allocation: a total, deterministic order by the published keys, and the budget
//! divided down it.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::ApplicationId;
use crate::money::Eur;
use crate::receipt::{canonical, sha256_hex};
use crate::rules::{AllocationPolicy, RuleSet, TieBreak};
use crate::scoring::Score;

/// An admissible application with everything its place depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub application: ApplicationId,
    pub protocol: String,
    pub received_at: DateTime<Utc>,
    /// Participating firms.
    pub participants: u32,
    /// By the grant formula, before the budget.
    pub grant: Eur,
    pub eligible: Eur,
    pub score: Score,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranked {
    /// Best first.
    pub entries: Vec<Placed>,
    /// By protocol number, with the first threshold each one missed.
    pub below_threshold: Vec<(Candidate, BelowReason)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// From 1.
    pub position: u32,
    pub candidate: Candidate,
    /// The key that put it after the entry above, where the totals are equal.
    pub tie_broken_by: Option<TieBreak>,
}

/// The threshold that was missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BelowReason {
    /// `total`, or the criterion's code.
    pub of: String,
    pub needed: Decimal,
    pub actual: Decimal,
}

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
}

/// Orders the candidates that reach every threshold: by total, then by the published keys, then
/// by protocol number. The order of the input plays no part.
pub fn rank(mut candidates: Vec<Candidate>, rules: &RuleSet) -> Ranked {
    let mut keys = rules.tie_breaks.clone();
    keys.push(TieBreak::ProtocolNumber);
    candidates.sort_by(|one, other| place(one, other, &keys));
    let mut ranked = Ranked {
        entries: Vec::new(),
        below_threshold: Vec::new(),
    };
    for candidate in candidates {
        if let Some(reason) = below(&candidate, rules) {
            ranked.below_threshold.push((candidate, reason));
            continue;
        }
        let above = ranked
            .entries
            .last()
            .map(|placed: &Placed| &placed.candidate);
        let tie_broken_by = above.and_then(|above| deciding_key(above, &candidate, &keys));
        let position = u32::try_from(ranked.entries.len() + 1).unwrap_or(u32::MAX);
        ranked.entries.push(Placed {
            position,
            candidate,
            tie_broken_by,
        });
    }
    ranked
        .below_threshold
        .sort_by(|(one, _), (other, _)| by_protocol(one, other));
    ranked
}

fn place(one: &Candidate, other: &Candidate, keys: &[TieBreak]) -> Ordering {
    let by_total = other.score.total.cmp(&one.score.total);
    let by_keys = keys.iter().map(|key| compare(one, other, key));
    by_total
        .then_with(|| by_keys.fold(Ordering::Equal, Ordering::then))
        .then_with(|| one.application.cmp(&other.application))
}

fn compare(one: &Candidate, other: &Candidate, key: &TieBreak) -> Ordering {
    match key {
        TieBreak::Criterion(code) => other.score.points(code).cmp(&one.score.points(code)),
        TieBreak::MoreParticipants => other.participants.cmp(&one.participants),
        TieBreak::LowerGrant => one.grant.cmp(&other.grant),
        TieBreak::EarlierSubmission => one.received_at.cmp(&other.received_at),
        TieBreak::ProtocolNumber => by_protocol(one, other),
    }
}

/// Protocol numbers are padded; a register that outgrew its padding has longer numbers.
fn by_protocol(one: &Candidate, other: &Candidate) -> Ordering {
    let key = |candidate: &Candidate| (candidate.protocol.len(), candidate.protocol.clone());
    key(one).cmp(&key(other))
}

fn deciding_key(above: &Candidate, below: &Candidate, keys: &[TieBreak]) -> Option<TieBreak> {
    if above.score.total != below.score.total {
        return None;
    }
    keys.iter()
        .find(|key| compare(above, below, key).is_ne())
        .cloned()
}

fn below(candidate: &Candidate, rules: &RuleSet) -> Option<BelowReason> {
    let grid = &rules.score_grid;
    let missed = |of: &str, needed: Decimal, actual: Decimal| {
        (actual < needed).then(|| BelowReason {
            of: of.to_owned(),
            needed,
            actual,
        })
    };
    let by_criterion = grid.criteria.iter().find_map(|criterion| {
        let actual = candidate.score.points(&criterion.code);
        missed(&criterion.code, criterion.threshold?, actual)
    });
    by_criterion.or_else(|| missed("total", grid.threshold, candidate.score.total))
}

/// Divides the budget down the ranking by the call's policy. What is granted and what is left
/// always add up to the budget.
pub fn allocate(ranked: &Ranked, budget: Eur, rules: &RuleSet) -> Allocation {
    match rules.allocation {
        AllocationPolicy::RankingWithWaitingList => until_exhaustion(ranked, budget, rules),
    }
}

/// In ranking order. The first that does not fit gets what is left, if that is something and not
/// under the floor. Everybody after it waits, even one that would fit: the list is served in its
/// order when money returns, and a lower place never overtakes a higher one.
fn until_exhaustion(ranked: &Ranked, budget: Eur, rules: &RuleSet) -> Allocation {
    let floor = rules.min_grant.unwrap_or(Eur::cents(1)).max(Eur::cents(1));
    let (mut left, mut exhausted, mut waiting) = (budget, false, 0);
    let mut entries = Vec::with_capacity(ranked.entries.len());
    for placed in &ranked.entries {
        let full = placed.candidate.grant;
        let outcome = if !exhausted && !full.is_zero() && full <= left {
            Outcome::Funded(full)
        } else if !exhausted && full > left && left >= floor {
            Outcome::FundedInPart { amount: left, full }
        } else {
            waiting += 1;
            Outcome::Waiting { place: waiting }
        };
        exhausted |= full > left;
        left = left.less(outcome.amount());
        let (position, application) = (placed.position, placed.candidate.application);
        entries.push(Allocated {
            position,
            application,
            outcome,
        });
    }
    let granted = entries.iter().map(|entry| entry.outcome.amount()).sum();
    Allocation {
        entries,
        granted,
        left,
    }
}

/// SHA-256 of everything a ranking and its allocation are computed from, whatever the order.
pub fn inputs_sha256(candidates: &[Candidate], budget: Eur, rules: &RuleSet) -> String {
    let mut sorted: Vec<&Candidate> = candidates.iter().collect();
    sorted.sort_by_key(|candidate| candidate.application);
    // Every part has a JSON form: text keys, integers and decimals as text.
    canonical(&(sorted, budget, rules))
        .map(|bytes| sha256_hex(&bytes))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::examples::{candidate, rules};

    fn outcomes(grants: &[i64], budget: i64, floor: i64) -> Vec<Outcome> {
        let mut rules = rules();
        rules.min_grant = Some(Eur::euros(floor));
        let candidates = (1..).zip(grants).map(|(number, grant)| {
            let total = 100 - i64::from(number);
            candidate(number, &total.to_string(), Eur::euros(*grant))
        });
        let ranked = rank(candidates.collect(), &rules);
        let allocation = allocate(&ranked, Eur::euros(budget), &rules);
        allocation
            .entries
            .into_iter()
            .map(|entry| entry.outcome)
            .collect()
    }

    #[test]
    fn the_last_that_does_not_fit_gets_what_is_left() {
        let euros = Eur::euros;

        assert_eq!(
            outcomes(&[100, 100, 100, 10], 250, 30),
            [
                Outcome::Funded(euros(100)),
                Outcome::Funded(euros(100)),
                Outcome::FundedInPart {
                    amount: euros(50),
                    full: euros(100)
                },
                Outcome::Waiting { place: 1 },
            ]
        );
    }

    #[test]
    fn what_is_left_under_the_floor_is_not_given_and_nobody_overtakes() {
        assert_eq!(
            outcomes(&[100, 100, 20], 129, 30),
            [
                Outcome::Funded(Eur::euros(100)),
                Outcome::Waiting { place: 1 },
                Outcome::Waiting { place: 2 },
            ]
        );
    }

    #[test]
    fn a_budget_spent_to_the_cent_leaves_the_rest_waiting() {
        assert_eq!(
            outcomes(&[100, 100], 100, 30),
            [
                Outcome::Funded(Eur::euros(100)),
                Outcome::Waiting { place: 1 }
            ]
        );
    }

    #[test]
    fn equal_totals_are_broken_by_the_first_key_that_differs() {
        let mut rules = rules();
        rules.tie_breaks = vec![TieBreak::Criterion("A".into()), TieBreak::LowerGrant];
        let one = candidate(1, "70", Eur::euros(90));
        let other = candidate(2, "70", Eur::euros(80));

        let ranked = rank(vec![one, other], &rules);

        assert_eq!(ranked.entries[0].candidate.protocol, "ER-2016-0000002");
        assert_eq!(ranked.entries[1].tie_broken_by, Some(TieBreak::LowerGrant));
        assert_eq!(ranked.entries[0].tie_broken_by, None);
    }

    #[test]
    fn the_protocol_number_always_decides() {
        let mut rules = rules();
        rules.tie_breaks = vec![];

        let ranked = rank(
            vec![
                candidate(2, "70", Eur::euros(80)),
                candidate(1, "70", Eur::euros(80)),
            ],
            &rules,
        );

        assert_eq!(ranked.entries[0].candidate.protocol, "ER-2016-0000001");
        assert_eq!(
            ranked.entries[1].tie_broken_by,
            Some(TieBreak::ProtocolNumber)
        );
    }

    #[test]
    fn the_threshold_is_inclusive_and_a_criterion_may_have_its_own() {
        let mut rules = rules();
        rules.score_grid.threshold = "60".parse().unwrap();
        let ranked = rank(
            vec![
                candidate(1, "60", Eur::euros(1)),
                candidate(2, "59.99", Eur::euros(1)),
            ],
            &rules,
        );
        assert_eq!(ranked.entries.len(), 1);
        assert_eq!(ranked.below_threshold[0].1.of, "total");

        rules.score_grid.criteria[0].threshold = Some("61".parse().unwrap());
        let ranked = rank(vec![candidate(1, "60", Eur::euros(1))], &rules);

        assert_eq!(ranked.below_threshold[0].1.of, "A");
    }

    prop_compose! {
        fn candidates()(parts in prop::collection::vec((0_u32..5, 0_i64..150_000), 0..40))
            -> Vec<Candidate>
        {
            (1..).zip(parts).map(|(number, (score, grant))| {
                candidate(number, &(60 + score).to_string(), Eur::euros(grant))
            }).collect()
        }
    }

    proptest! {
        #[test]
        fn the_budget_is_never_overspent_and_every_grant_is_within_its_bounds(
            candidates in candidates(),
            budget in 0_i64..2_000_000,
            floor in 0_i64..50_000,
        ) {
            let mut rules = rules();
            rules.min_grant = Some(Eur::euros(floor));
            let candidates: Vec<_> =
                candidates.into_iter().filter(|c| c.grant >= Eur::euros(floor)).collect();
            let budget = Eur::euros(budget);

            let ranked = rank(candidates, &rules);
            let allocation = allocate(&ranked, budget, &rules);

            prop_assert_eq!(allocation.granted.plus(allocation.left), budget);
            for (entry, placed) in allocation.entries.iter().zip(&ranked.entries) {
                let amount = entry.outcome.amount();
                prop_assert!(amount <= placed.candidate.grant);
                prop_assert!(amount.is_zero() || amount >= Eur::euros(floor));
            }
        }

        #[test]
        fn the_ranking_does_not_depend_on_the_order_of_the_input(
            candidates in candidates(),
            seed in any::<u64>(),
        ) {
            let mut shuffled = candidates.clone();
            shuffled.sort_by_key(|c| sha256_hex(format!("{seed}{}", c.protocol).as_bytes()));
            let rules = rules();

            prop_assert_eq!(
                inputs_sha256(&candidates, Eur::ZERO, &rules),
                inputs_sha256(&shuffled, Eur::ZERO, &rules)
            );
            prop_assert_eq!(rank(candidates, &rules), rank(shuffled, &rules));
        }

        #[test]
        fn a_larger_budget_grants_no_less(
            candidates in candidates(),
            budget in 0_i64..2_000_000,
            more in 0_i64..200_000,
        ) {
            let rules = rules();
            let ranked = rank(candidates, &rules);

            let small = allocate(&ranked, Eur::euros(budget), &rules);
            let large = allocate(&ranked, Eur::euros(budget + more), &rules);

            for (small, large) in small.entries.iter().zip(&large.entries) {
                prop_assert!(small.outcome.amount() <= large.outcome.amount());
            }
        }
    }
}
