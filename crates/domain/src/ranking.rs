//! Ranking: a total, deterministic order by the published keys.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::ApplicationId;
use crate::money::Eur;
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

/// Orders the candidates that reach every threshold: by total, then by the published keys, then
/// by protocol number. Where the call serves first come, first served, the receipt instant comes
/// before them all and the total decides nothing but the threshold. The order of the input plays
/// no part.
pub fn rank(mut candidates: Vec<Candidate>, rules: &RuleSet) -> Ranked {
    // Most reach the threshold: they stay where they are, the others leave.
    let mut reasons = Vec::new();
    let misses = |candidate: &mut Candidate| match below(candidate, rules) {
        Some(reason) => {
            reasons.push(reason);
            true
        }
        None => false,
    };
    let below: Vec<Candidate> = candidates.extract_if(.., misses).collect();
    let mut below_threshold: Vec<_> = below.into_iter().zip(reasons).collect();
    below_threshold.sort_by(|(one, _), (other, _)| by_protocol(one, other));
    Ranked {
        entries: Order::of(rules).placed(candidates),
        below_threshold,
    }
}

/// The published keys of a call, first to last: what comes before the tie-breaks, and they.
struct Order<'a> {
    first_come: bool,
    keys: Vec<&'a TieBreak>,
}

impl<'a> Order<'a> {
    fn of(rules: &'a RuleSet) -> Self {
        let by_number = |key: &&TieBreak| **key != TieBreak::ProtocolNumber;
        Self {
            first_come: rules.allocation == AllocationPolicy::FirstCome,
            // Nothing after the protocol number ever decides.
            keys: rules.tie_breaks.iter().take_while(by_number).collect(),
        }
    }

    /// The candidates in order. The keys of a candidate are packed into one number as far as they
    /// fit, so that a million are sorted without a look at the candidates themselves.
    fn placed(&self, candidates: Vec<Candidate>) -> Vec<Placed> {
        let scale = candidates.iter().flat_map(decimals).max().unwrap_or(0);
        let packing = Packing::of(&candidates, self.keys.len() + 1, |candidate, key| {
            self.key(candidate, key, scale)
        });
        let mut order: Vec<(u128, u32)> = (0..)
            .zip(&candidates)
            .map(|(index, candidate)| {
                let key = |key| self.key(candidate, key, scale);
                (packing.packed(key), index)
            })
            .collect();
        let candidate = |index: u32| &candidates[index as usize];
        order.sort_unstable_by(|(packed, one), (other_packed, other)| {
            packed.cmp(other_packed).then_with(|| {
                let (one, other) = (candidate(*one), candidate(*other));
                let unpacked = packing.packs()..=self.keys.len();
                unpacked
                    .map(|key| self.key(one, key, scale).cmp(&self.key(other, key, scale)))
                    .find(|ordering| ordering.is_ne())
                    .unwrap_or(Ordering::Equal)
                    .then_with(|| by_protocol(one, other))
                    .then_with(|| one.application.cmp(&other.application))
            })
        });
        let mut placed: Vec<Placed> = Vec::with_capacity(candidates.len());
        let mut waiting: Vec<Option<Candidate>> = candidates.into_iter().map(Some).collect();
        let best_first = order
            .into_iter()
            .filter_map(|(_, index)| waiting[index as usize].take());
        for (position, candidate) in (1..).zip(best_first) {
            let above = placed.last().map(|above| &above.candidate);
            let tie_broken_by = above.and_then(|above| self.deciding_key(above, &candidate, scale));
            placed.push(Placed {
                position,
                candidate,
                tie_broken_by,
            });
        }
        placed
    }

    /// What a key compares, smaller being better; 0 is what comes before the tie-breaks.
    fn key(&self, candidate: &Candidate, key: usize, scale: u32) -> i128 {
        match key.checked_sub(1) {
            Some(tie_break) => number(candidate, self.keys[tie_break], scale),
            None if self.first_come => candidate.received_at.timestamp_micros().into(),
            None => -at_scale(candidate.score.total, scale),
        }
    }

    /// The first key after the total in which two neighbours of equal totals differ.
    fn deciding_key(&self, above: &Candidate, below: &Candidate, scale: u32) -> Option<TieBreak> {
        let differs = |key| self.key(above, key, scale) != self.key(below, key, scale);
        if differs(0) {
            return None;
        }
        let decides = (1..=self.keys.len()).find(|key| differs(*key));
        Some(decides.map_or(TieBreak::ProtocolNumber, |key| self.keys[key - 1].clone()))
    }
}

/// How the first keys of all candidates stand in one number that sorts as they do.
struct Packing {
    /// Of each packed key: its smallest value, and the bits its values take above it.
    keys: Vec<(i128, u32)>,
}

impl Packing {
    fn of(
        candidates: &[Candidate],
        keys: usize,
        value: impl Fn(&Candidate, usize) -> i128,
    ) -> Self {
        let mut ranges = vec![(i128::MAX, i128::MIN); keys];
        for candidate in candidates {
            for (key, (smallest, largest)) in ranges.iter_mut().enumerate() {
                let value = value(candidate, key);
                *smallest = value.min(*smallest);
                *largest = value.max(*largest);
            }
        }
        let mut left = u128::BITS;
        let packed = ranges.into_iter().map_while(|(smallest, largest)| {
            let width = largest
                .abs_diff(smallest)
                .checked_ilog2()
                .map_or(0, |bit| bit + 1);
            left = left.checked_sub(width)?;
            Some((smallest, width))
        });
        Self {
            keys: packed.collect(),
        }
    }

    /// How many keys are in it, from the first.
    fn packs(&self) -> usize {
        self.keys.len()
    }

    fn packed(&self, value: impl Fn(usize) -> i128) -> u128 {
        let keys = self.keys.iter().enumerate();
        keys.fold(0, |packed, (key, (smallest, width))| {
            // A single key may fill the number, and shifting by all of it is no shift.
            let room = packed.checked_shl(*width).unwrap_or(0);
            room | value(key).abs_diff(*smallest)
        })
    }
}

/// Decimals of everything a candidate is compared by.
fn decimals(candidate: &Candidate) -> impl Iterator<Item = u32> + '_ {
    let points = candidate.score.criteria.iter().map(|score| score.points);
    points
        .chain([candidate.score.total])
        .map(|points| points.scale())
}

/// A decimal as a whole number of `10^-scale`.
fn at_scale(mut decimal: Decimal, scale: u32) -> i128 {
    decimal.rescale(scale);
    decimal.mantissa()
}

/// What a key compares, smaller being better.
fn number(candidate: &Candidate, key: &TieBreak, scale: u32) -> i128 {
    match key {
        TieBreak::Criterion(code) => -at_scale(candidate.score.points(code), scale),
        TieBreak::MoreParticipants => -i128::from(candidate.participants),
        TieBreak::LowerGrant => candidate.grant.as_cents().into(),
        TieBreak::EarlierSubmission => candidate.received_at.timestamp_micros().into(),
        TieBreak::ProtocolNumber => 0,
    }
}

/// Protocol numbers are padded; a register that outgrew its padding has longer numbers.
fn by_protocol(one: &Candidate, other: &Candidate) -> Ordering {
    let lengths = one.protocol.len().cmp(&other.protocol.len());
    lengths.then_with(|| one.protocol.cmp(&other.protocol))
}

/// The first threshold a candidate misses.
pub(crate) fn below(candidate: &Candidate, rules: &RuleSet) -> Option<BelowReason> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::examples::{candidate, rules};
    use crate::receipt::sha256_hex;

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

    #[test]
    fn first_come_is_in_the_order_of_receipt_whatever_the_total() {
        let mut rules = rules();
        rules.allocation = AllocationPolicy::FirstCome;
        let mut best = candidate(1, "90", Eur::euros(1));
        best.received_at += chrono::TimeDelta::seconds(1);

        let ranked = rank(vec![best, candidate(2, "70", Eur::euros(1))], &rules);

        assert_eq!(ranked.entries[0].candidate.protocol, "ER-2016-0000002");
        assert_eq!(ranked.entries[1].tie_broken_by, None);
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

    /// Values so far apart that not all keys fit into one number, or just so.
    fn far_apart() -> impl Strategy<Value = i64> {
        let wide = prop::num::i64::ANY.prop_map(|value| value / 1_000);
        prop_oneof![Just(0), Just(1), -9_i64..9, wide]
    }

    proptest! {
        #[test]
        fn candidates_stand_in_the_order_of_their_keys_however_far_apart(
            parts in prop::collection::vec((far_apart(), far_apart(), any::<u32>(), 0_u32..3), 0..30),
        ) {
            let mut rules = rules();
            rules.tie_breaks = vec![
                TieBreak::LowerGrant,
                TieBreak::EarlierSubmission,
                TieBreak::MoreParticipants,
            ];
            let candidates: Vec<Candidate> = (1..).zip(&parts).map(|(number, part)| {
                let (grant, micros, participants, score) = *part;
                let total = (60 + score).to_string();
                let received_at = DateTime::from_timestamp_micros(micros).unwrap();
                Candidate {
                    received_at,
                    participants,
                    ..candidate(number, &total, Eur::cents(grant))
                }
            }).collect();
            let mut expected = candidates.clone();
            expected.sort_by_key(|c| {
                let total = std::cmp::Reverse(c.score.total);
                let participants = std::cmp::Reverse(c.participants);
                (total, c.grant, c.received_at, participants, c.protocol.clone())
            });

            let ranked = rank(candidates, &rules);

            let placed = ranked.entries.into_iter().map(|placed| placed.candidate);
            prop_assert_eq!(placed.collect::<Vec<_>>(), expected);
        }

        #[test]
        fn the_ranking_does_not_depend_on_the_order_of_the_input(
            candidates in candidates(),
            seed in any::<u64>(),
        ) {
            let mut shuffled = candidates.clone();
            shuffled.sort_by_key(|c| sha256_hex(format!("{seed}{}", c.protocol).as_bytes()));
            let rules = rules();

            prop_assert_eq!(rank(candidates, &rules), rank(shuffled, &rules));
        }
    }
}
