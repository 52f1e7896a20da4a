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
pub fn rank(candidates: Vec<Candidate>, rules: &RuleSet) -> Ranked {
    let (mut below_threshold, mut reaching) = (Vec::new(), Vec::with_capacity(candidates.len()));
    for candidate in candidates {
        match below(&candidate, rules) {
            Some(reason) => below_threshold.push((candidate, reason)),
            None => reaching.push(candidate),
        }
    }
    below_threshold.sort_by(|(one, _), (other, _)| by_protocol(one, other));
    Ranked {
        entries: Order::of(rules).placed(reaching),
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

    /// The candidates in order. Their keys stand together as numbers, smallest first, so that a
    /// million of them are sorted without a look at the candidates themselves.
    fn placed(&self, candidates: Vec<Candidate>) -> Vec<Placed> {
        let scale = candidates.iter().flat_map(decimals).max().unwrap_or(0);
        let width = self.keys.len() + 1;
        let mut numbers: Vec<i128> = Vec::with_capacity(candidates.len() * width);
        for candidate in &candidates {
            numbers.push(self.first_key(candidate, scale));
            let keys = self.keys.iter();
            numbers.extend(keys.map(|key| number(candidate, key, scale)));
        }
        let row = |index: usize| &numbers[index * width..(index + 1) * width];
        let mut order: Vec<usize> = (0..candidates.len()).collect();
        order.sort_unstable_by(|one, other| {
            let (left, right) = (&candidates[*one], &candidates[*other]);
            row(*one)
                .cmp(row(*other))
                .then_with(|| by_protocol(left, right))
                .then_with(|| left.application.cmp(&right.application))
        });
        let decided: Vec<Option<TieBreak>> = order
            .iter()
            .enumerate()
            .map(|(place, index)| {
                let above = order.get(place.checked_sub(1)?)?;
                self.deciding_key(row(*above), row(*index))
            })
            .collect();
        let mut waiting: Vec<Option<Candidate>> = candidates.into_iter().map(Some).collect();
        let best_first = order.into_iter().filter_map(|index| waiting[index].take());
        (1..)
            .zip(best_first.zip(decided))
            .map(|(position, (candidate, tie_broken_by))| Placed {
                position,
                candidate,
                tie_broken_by,
            })
            .collect()
    }

    fn first_key(&self, candidate: &Candidate, scale: u32) -> i128 {
        if self.first_come {
            return candidate.received_at.timestamp_micros().into();
        }
        -at_scale(candidate.score.total, scale)
    }

    /// The first key after the total in which two neighbours of equal totals differ.
    fn deciding_key(&self, above: &[i128], below: &[i128]) -> Option<TieBreak> {
        if above.first() != below.first() {
            return None;
        }
        let pairs = above.iter().zip(below).skip(1).zip(&self.keys);
        let decides = pairs.into_iter().find(|((above, below), _)| above != below);
        Some(decides.map_or(TieBreak::ProtocolNumber, |(_, key)| (**key).clone()))
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

    proptest! {
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
