//! The tables of `tests/cases`, which an office can read and extend.

use bando_domain::allocation::Outcome;
use bando_domain::explanation::explain;
use bando_domain::ids::{ApplicationId, EvaluationId};
use bando_domain::money::{BasisPoints, Eur};
use bando_domain::programme::Text;
use bando_domain::ranking_inputs::{Computed, Entry, Inputs};
use bando_domain::rules::{Aggregation, AllocationPolicy, Band, Criterion, RuleSet, TieBreak};
use bando_domain::scoring::Sheet;
use bando_domain::simulation::{Changes, Standing, change, compare};
use chrono::{DateTime, TimeDelta};
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    budget: Decimal,
    #[serde(default)]
    rules: Rules,
    applications: Vec<Application>,
    expect: Vec<Expected>,
}

/// What is different from the 2016 call.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Rules {
    allocation: Option<String>,
    #[serde(default)]
    bands: Vec<(Decimal, u32)>,
    min_grant: Option<Decimal>,
    max_grant: Option<Decimal>,
    per_firm: Option<Decimal>,
    threshold: Option<Decimal>,
    evaluators: Option<u32>,
    median: Option<bool>,
    /// Code, weight and, if it has one, the smallest points of each criterion.
    criteria: Option<Vec<Vec<String>>>,
    tie_breaks: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Application {
    protocol: String,
    /// Costs after caps.
    eligible: Decimal,
    requested: Option<Decimal>,
    #[serde(default = "ten")]
    firms: u32,
    /// Seconds after the first one.
    #[serde(default)]
    received: i64,
    /// One row per evaluator, one score per criterion.
    scores: Vec<Vec<Decimal>>,
    #[serde(default)]
    excluded: u32,
    /// One score per criterion that all evaluators agreed on.
    agreed: Option<Vec<Decimal>>,
}

const fn ten() -> u32 {
    10
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
struct Expected {
    protocol: String,
    outcome: String,
    total: Decimal,
    #[serde(default)]
    amount: Decimal,
    tie: Option<String>,
}

fn eur(amount: Decimal) -> Eur {
    Eur::cents((amount * Decimal::ONE_HUNDRED).try_into().unwrap())
}

fn euros(amount: Eur) -> Decimal {
    Decimal::new(amount.as_cents(), 2)
}

impl Rules {
    fn over(self, mut rules: RuleSet) -> RuleSet {
        let band = |(min_total, rate)| Band {
            min_total,
            rate: BasisPoints(rate),
        };
        rules.allocation = match self.allocation.as_deref() {
            None | Some("ranking_with_waiting_list") => AllocationPolicy::RankingWithWaitingList,
            Some("pro_rata") => AllocationPolicy::ProRata,
            Some("first_come") => AllocationPolicy::FirstCome,
            Some("percentage_bands") => {
                AllocationPolicy::PercentageBands(self.bands.into_iter().map(band).collect())
            }
            Some(other) => panic!("no policy {other}"),
        };
        let bound = |changed: Option<Decimal>, known| changed.map(eur).or(known);
        rules.min_grant = bound(self.min_grant, rules.min_grant);
        rules.max_grant = bound(self.max_grant, rules.max_grant);
        rules.max_grant_per_participant = self.per_firm.map(eur);
        let grid = &mut rules.score_grid;
        grid.threshold = self.threshold.unwrap_or_default();
        grid.evaluators_per_application = self.evaluators.unwrap_or(1);
        grid.scale = Decimal::TEN;
        if self.median == Some(true) {
            grid.aggregation = Aggregation::Median;
        }
        let even = || {
            ["A", "B"]
                .map(|code| vec![code.to_owned(), "50".to_owned()])
                .to_vec()
        };
        let criterion = |row: Vec<String>| Criterion {
            code: row[0].clone(),
            name: Text::new(&row[0], &row[0]),
            weight: row[1].parse().unwrap(),
            threshold: row.get(2).map(|least| least.parse().unwrap()),
        };
        let criteria = self.criteria.unwrap_or_else(even);
        grid.criteria = criteria.into_iter().map(criterion).collect();
        let keys = self.tie_breaks.unwrap_or_default();
        rules.tie_breaks = keys.iter().map(|key| tie_break(key)).collect();
        rules
    }
}

fn tie_break(key: &str) -> TieBreak {
    match key {
        "more_participants" => TieBreak::MoreParticipants,
        "lower_grant" => TieBreak::LowerGrant,
        "earlier_submission" => TieBreak::EarlierSubmission,
        "protocol_number" => TieBreak::ProtocolNumber,
        other => TieBreak::Criterion(other.strip_prefix("criterion:").unwrap().to_owned()),
    }
}

fn entry(number: u128, application: Application, rules: &RuleSet) -> Entry {
    let scores = |scores: Vec<Decimal>| {
        let criteria = rules.score_grid.criteria.iter();
        let codes = criteria.map(|criterion| criterion.code.clone());
        codes.zip(scores).collect::<Vec<_>>()
    };
    let sheet = |(position, given): (u128, Vec<Decimal>)| Sheet {
        evaluation: EvaluationId(Uuid::from_u128(number * 100 + position)),
        scores: scores(given),
    };
    Entry {
        application: ApplicationId(Uuid::from_u128(number)),
        protocol: application.protocol,
        received_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(application.received),
        participants: application.firms,
        eligible: eur(application.eligible),
        requested: application.requested.map(eur),
        sheets: (0..).zip(application.scores).map(sheet).collect(),
        excluded: application.excluded,
        agreed: application.agreed.map(scores),
    }
}

fn found(inputs: &Inputs, computed: &Computed) -> Vec<Expected> {
    let placed = computed
        .ranked
        .entries
        .iter()
        .zip(&computed.allocation.entries);
    let mut found: Vec<Expected> = placed
        .map(|(placed, entry)| Expected {
            protocol: placed.candidate.protocol.clone(),
            outcome: match entry.outcome {
                Outcome::Waiting { place } => format!("waiting {place}"),
                Outcome::Funded(_) | Outcome::FundedInPart { .. } => entry.outcome.as_str().into(),
            },
            total: placed.candidate.score.total,
            amount: euros(entry.outcome.amount()),
            tie: placed.tie_broken_by.as_ref().map(|key| match key {
                TieBreak::Criterion(code) => format!("criterion:{code}"),
                TieBreak::MoreParticipants => "more_participants".into(),
                TieBreak::LowerGrant => "lower_grant".into(),
                TieBreak::EarlierSubmission => "earlier_submission".into(),
                TieBreak::ProtocolNumber => "protocol_number".into(),
            }),
        })
        .collect();
    for shift in compare(inputs, computed, computed) {
        let total = || explain(inputs, computed, shift.application).unwrap().total;
        if !matches!(shift.before, Standing::Placed { .. }) {
            found.push(Expected {
                protocol: shift.protocol.clone(),
                outcome: shift.before.as_str().into(),
                total: total(),
                amount: Decimal::ZERO,
                tie: None,
            });
        }
    }
    found
}

/// Whatever a case is about: its explanations add up and an unchanged simulation changes nothing.
pub(crate) fn check_consistent(inputs: &Inputs, computed: &Computed) {
    let unchanged = change(inputs, &Changes::default()).unwrap();
    assert_eq!(unchanged, *inputs);
    assert_eq!(unchanged.compute().unwrap(), *computed);
    for entry in &inputs.entries {
        let explained = explain(inputs, computed, entry.application).unwrap();
        let points: Decimal = explained.criteria.iter().map(|steps| steps.points).sum();
        assert_eq!(points, explained.total);
        let cut: i64 = explained.steps.iter().map(|step| step.change_cents).sum();
        assert_eq!(
            explained.eligible.as_cents() + cut,
            explained.amount.as_cents()
        );
        assert!(explained.steps.iter().all(|step| step.change_cents <= 0));
    }
}

fn check(text: &str) {
    let table: Table = toml::from_str(text).unwrap();
    for case in table.case {
        let rules = case.rules.over(super::office::rules());
        let entries = (1..).zip(case.applications);
        let entries = entries
            .map(|(number, given)| entry(number, given, &rules))
            .collect();
        let inputs = Inputs::new(eur(case.budget), rules, entries);

        let computed = inputs.compute().unwrap();

        assert_eq!(found(&inputs, &computed), case.expect, "{}", case.name);
        check_consistent(&inputs, &computed);
    }
}

macro_rules! tables {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            check(include_str!(concat!("../../../../tests/cases/", stringify!($name), ".toml")));
        }
    )*};
}

tables!(scoring ties caps ranking_with_waiting_list pro_rata first_come percentage_bands);
