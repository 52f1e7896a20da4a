//! The grant: a share of the eligible cost, under every bound the call's rules contain, cut down
//! to the cent.

use serde::{Deserialize, Serialize};

use crate::budget;
use crate::money::Eur;
use crate::project::Project;
use crate::rules::RuleSet;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    pub eligible: Eur,
    pub amount: Eur,
    /// Every bound the rules and the request contain; a bound they do not contain is absent.
    pub bounds: Vec<Bound>,
    /// The eligible cost is under the call's smallest.
    pub under_min_cost: bool,
    /// The amount is under the call's smallest.
    pub under_min_grant: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    pub kind: BoundKind,
    pub limit: Eur,
    /// Whether it decided the amount; several do when they are equal.
    pub applied: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundKind {
    /// The co-financing rate of the eligible cost.
    Rate,
    /// The ceiling per participating firm, times the participants.
    PerParticipant,
    MaxGrant,
    /// What the consortium asked for.
    Requested,
}

impl BoundKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::PerParticipant => "per_participant",
            Self::MaxGrant => "max_grant",
            Self::Requested => "requested",
        }
    }
}

impl Grant {
    /// What the consortium asked for, where it asked for an amount.
    pub fn requested(&self) -> Option<Eur> {
        let asked = |bound: &&Bound| bound.kind == BoundKind::Requested;
        self.bounds.iter().find(asked).map(|bound| bound.limit)
    }
}

/// The grant of a project under the rules.
pub fn of_project(project: &Project, rules: &RuleSet) -> Grant {
    let participants = u32::try_from(project.participants.len()).unwrap_or(u32::MAX);
    let eligible = budget::admit(project, rules).eligible;
    compute(eligible, participants, project.requested, rules)
}

/// The smallest of all bounds on the grant for an eligible cost.
pub fn compute(eligible: Eur, participants: u32, requested: Option<Eur>, rules: &RuleSet) -> Grant {
    let by_rate = eligible.share(rules.rate);
    let per_participant = rules
        .max_grant_per_participant
        .map(|quota| quota.times(participants));
    let limits = [
        (BoundKind::Rate, Some(by_rate)),
        (BoundKind::PerParticipant, per_participant),
        (BoundKind::MaxGrant, rules.max_grant),
        (BoundKind::Requested, requested),
    ];
    let present = || {
        limits
            .iter()
            .filter_map(|(kind, limit)| Some((*kind, (*limit)?)))
    };
    let amount = present().map(|(_, limit)| limit).min().unwrap_or(by_rate);
    let bounds = present()
        .map(|(kind, limit)| Bound {
            kind,
            limit,
            applied: limit == amount,
        })
        .collect();
    Grant {
        eligible,
        amount,
        bounds,
        under_min_cost: rules
            .min_eligible_cost
            .is_some_and(|least| eligible < least),
        under_min_grant: rules.min_grant.is_some_and(|least| amount < least),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::budget::admit;
    use crate::examples::{category, line, project, rules};
    use crate::money::BasisPoints;
    use crate::rules::CostKind;

    fn grant(cost: i64, rate: u32, participants: u32, change: impl FnOnce(&mut RuleSet)) -> Grant {
        let mut rules = rules();
        rules.cost_categories = vec![category("fairs", CostKind::External)];
        rules.rate = BasisPoints(rate);
        rules.min_eligible_cost = Some(Eur::euros(30_000));
        rules.min_grant = None;
        rules.max_grant = Some(Eur::euros(150_000));
        rules.max_grant_per_participant = Some(Eur::euros(10_000));
        change(&mut rules);
        let project = project(vec![line("fairs", cost)]);
        compute(admit(&project, &rules).eligible, participants, None, &rules)
    }

    #[test]
    fn the_published_vectors_are_reproduced() {
        assert!(grant(2_999_999, 4_000, 20, |_| ()).under_min_cost);
        let check = |cost, rate, firms, expected| {
            let found = grant(cost, rate, firms, |_| ());
            assert!(!found.under_min_cost);
            assert_eq!(
                found.amount,
                Eur::cents(expected),
                "{cost} at {rate}, {firms} firms"
            );
        };
        check(3_000_000, 4_000, 20, 1_200_000);
        check(37_500_000, 4_000, 15, 15_000_000);
        check(37_500_000, 4_000, 8, 8_000_000);
        check(50_000_000, 5_000, 20, 15_000_000);
        check(3_333_333, 4_000, 20, 1_333_333);
    }

    #[test]
    fn a_grant_under_the_floor_is_told() {
        let floor = |rules: &mut RuleSet| rules.min_grant = Some(Eur::euros(30_000));

        assert!(grant(7_499_999, 4_000, 20, floor).under_min_grant);
        assert!(!grant(7_500_000, 4_000, 20, floor).under_min_grant);
    }

    #[test]
    fn only_bounds_of_the_rules_are_named_and_the_binding_ones_marked() {
        let found = grant(40_000_000, 4_000, 20, |rules| {
            rules.max_grant_per_participant = None;
        });

        let kinds: Vec<_> = found.bounds.iter().map(|b| (b.kind, b.applied)).collect();
        assert_eq!(
            kinds,
            [(BoundKind::Rate, false), (BoundKind::MaxGrant, true)]
        );
    }

    proptest! {
        #[test]
        fn a_grant_is_within_every_bound(
            cost in 0_i64..10_000_000_000,
            rate in 0_u32..=10_000,
            firms in 0_u32..200,
            requested in proptest::option::of(0_i64..50_000_000),
        ) {
            let mut rules = rules();
            rules.cost_categories = vec![category("fairs", CostKind::External)];
            rules.rate = BasisPoints(rate);
            let admitted = admit(&project(vec![line("fairs", cost)]), &rules);

            let found = compute(admitted.eligible, firms, requested.map(Eur::cents), &rules);

            prop_assert!(found.bounds.iter().all(|bound| found.amount <= bound.limit));
            prop_assert!(found.bounds.iter().any(|bound| bound.applied));
            prop_assert!(found.amount <= found.eligible);
        }
    }
}
