//! Who does what in the play. The plan fixes every outcome before anybody acts, for every seed:
//! who is funded, who waits, who fails which rule.

use bando_domain::civil::Language;
use bando_domain::money::{BasisPoints, Eur};
use chrono::TimeDelta;
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;

use super::cast::{self, Cast};

pub(super) const FUNDED: usize = 18;
pub(super) const WAITING: usize = 3;
/// Places of the two ranked applications with equal totals, from 0.
const TIE: (usize, usize) = (6, 7);
/// The place whose grant is capped, from 0.
const CAPPED: usize = 2;
/// What the first seventeen get together is about this; the eighteenth gets the rest.
const FIRST_SEVENTEEN: i64 = 1_950_000;

/// What becomes of a consortium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Ranked, at this place from 0: funded or on the waiting list.
    Ranked(usize),
    BelowThreshold,
    /// Its grant falls under the floor.
    BelowFloor,
    TooFewIndependent,
    TooManyOutside,
    /// Never submits.
    Lapses,
    Withdraws,
    /// Tries one second after the close.
    Late,
}

/// One consortium's part.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) part: Part,
    pub(super) cast: Cast,
    pub(super) lines: Vec<Line>,
    /// Mean score per criterion, 0 to 10, in the order A to E.
    pub(super) scores: [Decimal; 5],
    /// After the opening.
    pub(super) drafts_after: TimeDelta,
    /// After the opening; `None` for who never submits in time.
    pub(super) submits_after: Option<TimeDelta>,
}

/// A planned cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) activity: &'static str,
    pub(super) category: &'static str,
    pub(super) description: &'static str,
    pub(super) amount: Eur,
}

/// Shares of the external cost, in basis points; together they are the whole.
const SPLIT: [(&str, &str, &str, u32); 6] = [
    ("A1", "fairs_abroad", "stand, transport and set-up", 3_500),
    (
        "A1",
        "fairs_abroad",
        "interpreters and hostesses at the stand",
        1_000,
    ),
    (
        "A2",
        "incoming",
        "travel and lodging of foreign buyers",
        2_000,
    ),
    (
        "A3",
        "communication",
        "catalogue and campaign in the market's language",
        1_500,
    ),
    (
        "A3",
        "consultancy",
        "market study and matching of partners",
        1_000,
    ),
    (
        "A4",
        "fairs_italy",
        "shared stand at an international fair",
        1_000,
    ),
];

/// Staff on top, in basis points of the external cost; under its ceiling in the call.
const STAFF: u32 = 1_000;
/// After the opening: the first day of the second version of the rules.
pub(super) const AMENDED_AFTER: TimeDelta = TimeDelta::days(36);
/// More than the first version of the rules admits for a website, less than the second.
const WEBSITE: Eur = Eur::euros(14_000);
/// What the flat rate of the 2016 call adds, in basis points of the external cost.
const FLAT: u32 = 500;

/// The whole plan, in the order in which consortia are registered.
pub(super) fn make(seed: u64) -> Vec<Role> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut parts: Vec<Part> = (0..FUNDED + WAITING).map(Part::Ranked).collect();
    parts.extend([
        Part::BelowThreshold,
        Part::BelowFloor,
        Part::TooFewIndependent,
        Part::TooManyOutside,
        Part::Lapses,
        Part::Withdraws,
        Part::Late,
    ]);
    parts.shuffle(&mut random);
    let grants = grants(&mut random);
    (1..)
        .zip(parts)
        .map(|(number, part)| role(number, part, &grants, &mut random))
        .collect()
}

/// Targets of the ranked places: the first seventeen leave a rest that is over the floor and
/// under what the eighteenth would get.
fn grants(random: &mut ChaCha8Rng) -> Vec<i64> {
    let weights: Vec<i64> = (0..16).map(|_| random.random_range(850..=1_150)).collect();
    let all: i64 = weights.iter().sum();
    let shared = FIRST_SEVENTEEN - 150_000 + random.random_range(-8_000..=8_000);
    let mut grants: Vec<i64> = weights.iter().map(|weight| shared * weight / all).collect();
    grants.insert(CAPPED, 170_000);
    grants.extend((0..=WAITING).map(|_| random.random_range(105_000..=130_000)));
    grants
}

fn role(number: u32, part: Part, grants: &[i64], random: &mut ChaCha8Rng) -> Role {
    let target = match part {
        Part::Ranked(place) => grants.get(place).copied().unwrap_or(100_000),
        Part::BelowFloor => 27_000 + random.random_range(0..=2_000),
        Part::BelowThreshold
        | Part::TooFewIndependent
        | Part::TooManyOutside
        | Part::Lapses
        | Part::Withdraws
        | Part::Late => random.random_range(60_000..=120_000),
    };
    let submits_after = match part {
        Part::Lapses | Part::Late => None,
        // Before the rules change, so that the change is seen to concern a submission.
        Part::Withdraws => Some(
            TimeDelta::days(random.random_range(24..=33))
                + TimeDelta::minutes(random.random_range(0..=420)),
        ),
        Part::Ranked(_)
        | Part::BelowThreshold
        | Part::BelowFloor
        | Part::TooFewIndependent
        | Part::TooManyOutside => Some(
            TimeDelta::days(random.random_range(24..=55))
                + TimeDelta::minutes(random.random_range(0..=420)),
        ),
    };
    let language = if number.is_multiple_of(4) {
        Language::En
    } else {
        Language::It
    };
    Role {
        part,
        cast: cast::make(number, part, language, random),
        lines: lines(part, target),
        scores: scores(part, random),
        drafts_after: TimeDelta::days(random.random_range(1..=20))
            + TimeDelta::minutes(random.random_range(0..=420)),
        submits_after,
    }
}

/// Lines in whole euros whose grant at 40 % comes out at, or just under, the target.
fn lines(part: Part, target: i64) -> Vec<Line> {
    let eligible = target * 10_000 / 4_000;
    let external = eligible * 10_000 / i64::from(10_000 + STAFF + FLAT);
    let whole_euros = |share: u32| Eur::euros(external).share(BasisPoints(share)).as_cents() / 100;
    let line = |(activity, category, description, share)| Line {
        activity,
        category,
        description,
        amount: Eur::euros(whole_euros(share)),
    };
    let mut lines: Vec<Line> = SPLIT.into_iter().map(line).collect();
    lines.push(line(("A2", "staff", "project coordination", STAFF)));
    if part == Part::Withdraws {
        lines.push(Line {
            activity: "A3",
            category: "website",
            description: "website in the market's language",
            amount: WEBSITE,
        });
    }
    lines
}

/// Means in tenths. Equal totals are rare by design: places lie a point apart, but for the tie,
/// whose two differ in criterion A.
fn scores(part: Part, random: &mut ChaCha8Rng) -> [Decimal; 5] {
    let tenths = |value: i64| Decimal::new(value, 1);
    let (base, shift) = match part {
        Part::Ranked(place) if place == TIE.1 => (level(TIE.0), 1),
        Part::Ranked(place) if place == TIE.0 => (level(place), 3),
        Part::Ranked(place) => (level(place), random.random_range(0..=3)),
        Part::BelowThreshold => (52, random.random_range(0..=3)),
        Part::BelowFloor
        | Part::TooFewIndependent
        | Part::TooManyOutside
        | Part::Lapses
        | Part::Withdraws
        | Part::Late => (70, 0),
    };
    let other = random.random_range(0..=2);
    // A and B weigh the same, so do D and E: what one gains the other loses.
    [
        tenths(base + shift),
        tenths(base - shift),
        tenths(base),
        tenths(base + other),
        tenths(base - other),
    ]
}

fn level(place: usize) -> i64 {
    92 - i64::try_from(place).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use bando_domain::allocation::{Outcome, allocate};
    use bando_domain::budget::admit;
    use bando_domain::call::Terms;
    use bando_domain::call_file::{parse_call, parse_programme, parse_rules};
    use bando_domain::grant;
    use bando_domain::ids::ApplicationId;
    use bando_domain::project::{BudgetLine, Project};
    use bando_domain::ranking::{Candidate, rank};
    use bando_domain::rules::{RuleSet, TieBreak};
    use bando_domain::scoring::{CriterionScore, Score};
    use chrono::DateTime;

    use super::*;
    use crate::samples;

    fn grant_of(role: &Role, rules: &RuleSet) -> grant::Grant {
        let line = |line: &Line| BudgetLine {
            activity: line.activity.to_owned(),
            category: line.category.to_owned(),
            description: line.description.to_owned(),
            amount: line.amount,
        };
        let budget_lines = role.lines.iter().map(line).collect();
        let project = Project {
            budget_lines,
            ..Project::default()
        };
        grant::compute(admit(&project, rules).eligible, 10, None, rules)
    }

    /// The call with its first version of the rules, and the second.
    fn call() -> (Terms, RuleSet) {
        let (name, text) = samples::PROGRAMME;
        let programme = parse_programme(name, text).unwrap();
        let (name, text) = samples::CALL_2016;
        let terms = parse_call(name, text, &programme).unwrap().terms;
        let (name, text) = samples::RULES_2016_2;
        let changed = parse_rules(name, text, &programme, &terms).unwrap();
        (terms, changed)
    }

    #[test]
    fn for_every_seed_the_rule_change_concerns_the_one_who_withdraws_and_nobody_else() {
        let (terms, changed) = call();
        for seed in 0..300 {
            for role in make(seed) {
                let (before, after) = (grant_of(&role, &terms.rules), grant_of(&role, &changed));
                let withdraws = role.part == Part::Withdraws;
                assert_eq!(after.amount > before.amount, withdraws, "seed {seed}");
                let early = role.submits_after < Some(AMENDED_AFTER);
                assert!(early || !withdraws, "seed {seed}");
            }
        }
    }

    #[test]
    fn every_seed_ends_with_eighteen_funded_a_partial_last_one_and_a_tie() {
        let (terms, rules) = call();
        let rules = &rules;
        for seed in 0..300 {
            let plan = make(seed);
            assert_eq!(plan.len(), 28);
            let mut candidates = Vec::new();
            for (number, role) in (1_u32..).zip(&plan) {
                let grant = grant_of(role, rules);
                let floor = matches!(role.part, Part::BelowFloor);
                assert_eq!(grant.under_min_grant, floor, "seed {seed} {:?}", role.part);
                let Part::Ranked(_) = role.part else { continue };
                let criteria: Vec<_> = rules
                    .score_grid
                    .criteria
                    .iter()
                    .zip(role.scores)
                    .map(|(criterion, score)| CriterionScore {
                        code: criterion.code.clone(),
                        points: score * criterion.weight / rules.score_grid.scale,
                    })
                    .collect();
                let total = criteria.iter().map(|score| score.points).sum();
                candidates.push(Candidate {
                    application: ApplicationId(uuid::Uuid::from_u128(u128::from(number))),
                    protocol: format!("{number:07}"),
                    received_at: DateTime::UNIX_EPOCH,
                    participants: 10,
                    grant: grant.amount,
                    eligible: grant.eligible,
                    score: Score { criteria, total },
                });
            }
            let ranked = rank(candidates, rules);
            let ties: Vec<_> = ranked
                .entries
                .iter()
                .filter_map(|entry| entry.tie_broken_by.clone())
                .collect();
            assert_eq!(ties, [TieBreak::Criterion("A".into())], "seed {seed}");
            let allocation = allocate(&ranked, terms.budget, rules);
            let funded = allocation
                .entries
                .iter()
                .filter(|e| !e.outcome.amount().is_zero())
                .count();
            assert_eq!(funded, FUNDED, "seed {seed}");
            let last = &allocation.entries[FUNDED - 1];
            let Outcome::FundedInPart { amount, .. } = last.outcome else {
                panic!("seed {seed}: {last:?}")
            };
            assert!(Some(amount) >= rules.min_grant);
            let capped = allocation
                .entries
                .iter()
                .filter(|entry| entry.outcome.amount() == Eur::euros(150_000))
                .count();
            assert_eq!(capped, 1, "seed {seed}");
        }
    }
}
