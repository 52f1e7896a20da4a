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
    let order = Order::of(rules);
    candidates.sort_unstable_by(|one, other| order.place(one, other));
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
        let tie_broken_by = above.and_then(|above| order.deciding_key(above, &candidate));
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

/// The published keys of a call, first to last.
struct Order<'a> {
    first_come: bool,
    keys: Vec<&'a TieBreak>,
}

impl<'a> Order<'a> {
    fn of(rules: &'a RuleSet) -> Self {
        let last = std::iter::once(&TieBreak::ProtocolNumber);
        Self {
            first_come: rules.allocation == AllocationPolicy::FirstCome,
            keys: rules.tie_breaks.iter().chain(last).collect(),
        }
    }

    fn before_keys(&self, one: &Candidate, other: &Candidate) -> Ordering {
        if self.first_come {
            return one.received_at.cmp(&other.received_at);
        }
        other.score.total.cmp(&one.score.total)
    }

    fn place(&self, one: &Candidate, other: &Candidate) -> Ordering {
        self.before_keys(one, other)
            .then_with(|| {
                let mut decisions = self.keys.iter().map(|key| compare(one, other, key));
                decisions
                    .find(|order| order.is_ne())
                    .unwrap_or(Ordering::Equal)
            })
            .then_with(|| one.application.cmp(&other.application))
    }

    fn deciding_key(&self, above: &Candidate, below: &Candidate) -> Option<TieBreak> {
        if self.before_keys(above, below).is_ne() {
            return None;
        }
        let decides = |key: &&&TieBreak| compare(above, below, key).is_ne();
        self.keys.iter().find(decides).map(|key| (**key).clone())
    }
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
    let lengths = one.protocol.len().cmp(&other.protocol.len());
    lengths.then_with(|| one.protocol.cmp(&other.protocol))
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
