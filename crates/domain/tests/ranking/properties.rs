//! What holds for every ranking under every policy.

use bando_domain::ids::{ApplicationId, EvaluationId};
use bando_domain::money::{BasisPoints, Eur};
use bando_domain::ranking_inputs::{Entry, Inputs};
use bando_domain::rules::{AllocationPolicy, Band};
use bando_domain::scoring::Sheet;
use bando_domain::simulation::{Changes, change, compare};
use chrono::{DateTime, TimeDelta};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::cases::check_consistent;

fn policy() -> impl Strategy<Value = AllocationPolicy> {
    let band = |total: i64, rate| Band {
        min_total: Decimal::from(total),
        rate: BasisPoints(rate),
    };
    let bands = vec![band(80, 4_000), band(60, 3_000), band(0, 2_500)];
    prop_oneof![
        Just(AllocationPolicy::RankingWithWaitingList),
        Just(AllocationPolicy::ProRata),
        Just(AllocationPolicy::FirstCome),
        Just(AllocationPolicy::PercentageBands(bands)),
    ]
}

prop_compose! {
    fn entry()(
        score in 0_i64..=10,
        received in 0_i64..20,
        participants in 1_u32..30,
        cents in 7_500_000_i64..60_000_000,
        requested in prop::option::of(3_000_000_i64..20_000_000),
    ) -> (i64, i64, u32, i64, Option<i64>) {
        (score, received, participants, cents, requested)
    }
}

prop_compose! {
    fn inputs()(
        policy in policy(),
        parts in prop::collection::vec(entry(), 0..30),
        floor in prop_oneof![Just(None), Just(Some(Eur::euros(30_000)))],
        budget in 0_i64..400_000_000,
    ) -> Inputs {
        let mut rules = super::office::rules();
        rules.allocation = policy;
        rules.min_grant = floor;
        rules.score_grid.evaluators_per_application = 1;
        let sheet = |number: u128, score: i64| Sheet {
            evaluation: EvaluationId(Uuid::from_u128(number)),
            scores: rules
                .score_grid
                .criteria
                .iter()
                .map(|criterion| (criterion.code.clone(), Decimal::from(score)))
                .collect(),
        };
        let entries = (1_u128..).zip(parts).map(|(number, parts)| {
            let (score, received, participants, cents, requested) = parts;
            Entry {
                application: ApplicationId(Uuid::from_u128(number)),
                protocol: format!("{number:07}"),
                received_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(received),
                participants,
                eligible: Eur::cents(cents),
                requested: requested.map(Eur::cents),
                sheets: vec![sheet(number, score)],
                excluded: 0,
                agreed: None,
            }
        });
        let entries = entries.collect();
        Inputs::new(Eur::cents(budget), rules, entries)
    }
}

proptest! {
    #[test]
    fn the_budget_is_never_overspent_and_every_grant_is_within_its_bounds(inputs in inputs()) {
        let computed = inputs.compute().unwrap();

        let allocation = &computed.allocation;
        prop_assert_eq!(allocation.granted.plus(allocation.left), inputs.budget);
        let floor = inputs.rules.min_grant.unwrap_or_default();
        for (entry, placed) in allocation.entries.iter().zip(&computed.ranked.entries) {
            let amount = entry.outcome.amount();
            prop_assert!(amount <= placed.candidate.grant);
            prop_assert!(amount.is_zero() || amount >= floor);
        }
        check_consistent(&inputs, &computed);
    }

    /// Serving in an order, nobody loses by a larger budget. Sharing, more budget may bring one
    /// more in at the expense of the others, but what is granted in all does not fall by more
    /// than the cents cut off.
    #[test]
    fn a_larger_budget_grants_no_less(inputs in inputs(), more in 0_i64..50_000_000) {
        let before = inputs.compute().unwrap();
        let budget = Some(inputs.budget.plus(Eur::cents(more)));
        let larger = change(&inputs, &Changes { budget, ..Changes::default() }).unwrap();

        let after = larger.compute().unwrap();

        let shifts = compare(&inputs, &before, &after);
        if inputs.rules.allocation == AllocationPolicy::ProRata {
            let cents = i64::try_from(shifts.len()).unwrap();
            let (granted, earlier) = (after.allocation.granted, before.allocation.granted);
            prop_assert!(granted.as_cents() + cents >= earlier.as_cents());
            let funded = |computed: &bando_domain::ranking_inputs::Computed| {
                let entries = computed.allocation.entries.iter();
                entries.filter(|entry| !entry.outcome.amount().is_zero()).count()
            };
            if funded(&before) == funded(&after) {
                prop_assert!(shifts.iter().all(|shift| shift.gain_cents() >= 0));
            }
        } else {
            prop_assert!(shifts.iter().all(|shift| shift.gain_cents() >= 0));
        }
    }

    #[test]
    fn the_order_of_the_input_plays_no_part(inputs in inputs(), turn in 0_usize..30) {
        let mut entries = inputs.entries.clone();
        entries.reverse();
        let turn = turn.min(entries.len());
        entries.rotate_left(turn);

        let again = Inputs::new(inputs.budget, inputs.rules.clone(), entries);

        prop_assert_eq!(again.sha256().unwrap(), inputs.sha256().unwrap());
        prop_assert_eq!(again.compute().unwrap(), inputs.compute().unwrap());
    }

    #[test]
    fn a_share_is_the_same_for_all_up_to_the_floor(inputs in inputs()) {
        let mut inputs = inputs;
        inputs.rules.allocation = AllocationPolicy::ProRata;
        inputs.rules.min_grant = None;

        let computed = inputs.compute().unwrap();

        let wanted: i128 =
            computed.ranked.entries.iter().map(|e| i128::from(e.candidate.grant.as_cents())).sum();
        let budget = i128::from(inputs.budget.as_cents());
        if wanted > budget && budget >= i128::try_from(inputs.entries.len()).unwrap() {
            for (entry, placed) in computed.allocation.entries.iter().zip(&computed.ranked.entries) {
                let exact = i128::from(placed.candidate.grant.as_cents()) * budget / wanted;
                let given = i128::from(entry.outcome.amount().as_cents());
                prop_assert!((given - exact).abs() <= 1, "{given} for {exact}");
            }
        }
    }

    #[test]
    fn a_declined_grant_goes_down_the_list(inputs in inputs(), who in 0_usize..30) {
        let Some(entry) = inputs.entries.get(who) else { return Ok(()) };
        let before = inputs.compute().unwrap();
        let declined = vec![entry.application];
        let changed = change(&inputs, &Changes { declined, ..Changes::default() }).unwrap();

        let after = changed.compute().unwrap();

        let shifts = compare(&inputs, &before, &after);
        let others = shifts.iter().filter(|shift| shift.application != entry.application);
        if inputs.rules.allocation != AllocationPolicy::ProRata {
            for shift in others {
                prop_assert!(shift.gain_cents() >= 0);
            }
        }
    }
}
