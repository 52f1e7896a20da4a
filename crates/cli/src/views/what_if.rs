//! Why a ranking is as it is, what it would be, and whether it holds.

use bando_proto::v1;
use serde::Serialize;

use super::{money, title};
use crate::names::{last, short_call};
use crate::output::{Row, Sheet, View, grid};

#[derive(Debug, Serialize)]
pub(crate) struct Explanation {
    ranking: String,
    application: String,
    consortium_title: String,
    protocol: String,
    criteria: Vec<Criterion>,
    total: String,
    excluded_evaluations: i32,
    outcome: String,
    position: i32,
    tie_broken_by: Option<String>,
    tied_with: Option<String>,
    threshold_of: Option<String>,
    threshold: Option<String>,
    eligible_cents: i64,
    steps: Vec<Step>,
    amount_cents: i64,
    left_before_cents: i64,
    left_after_cents: i64,
    gap_points: Option<String>,
    gap_budget_cents: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Criterion {
    code: String,
    weight: String,
    scores: Vec<String>,
    points: String,
    threshold: Option<String>,
}

#[derive(Debug, Serialize)]
struct Step {
    kind: String,
    change_cents: i64,
    result_cents: i64,
}

impl From<&v1::ExplainRankingResponse> for Explanation {
    fn from(wire: &v1::ExplainRankingResponse) -> Self {
        let criterion = |steps: &v1::CriterionSteps| Criterion {
            code: steps.criterion.clone(),
            weight: steps.weight.clone(),
            scores: steps
                .scores
                .iter()
                .map(|given| given.score.clone())
                .collect(),
            points: steps.points.clone(),
            threshold: super::some(&steps.threshold),
        };
        let step = |step: &v1::AmountStep| Step {
            kind: step.kind.clone(),
            change_cents: step.change_cents,
            result_cents: step.result_cents,
        };
        let missed = wire.missed.as_ref();
        Self {
            ranking: wire.ranking.clone(),
            application: wire.application.clone(),
            consortium_title: wire.consortium_title.clone(),
            protocol: wire.protocol.clone(),
            criteria: wire.criteria.iter().map(criterion).collect(),
            total: wire.total.clone(),
            excluded_evaluations: wire.excluded_evaluations,
            outcome: wire.outcome.clone(),
            position: wire.position,
            tie_broken_by: super::some(&wire.tie_broken_by),
            tied_with: super::some(&wire.tied_with),
            threshold_of: missed.map(|missed| missed.threshold_of.clone()),
            threshold: missed.map(|missed| missed.needed.clone()),
            eligible_cents: wire.eligible_cents,
            steps: wire.steps.iter().map(step).collect(),
            amount_cents: wire.amount_cents,
            left_before_cents: wire.left_before_cents,
            left_after_cents: wire.left_after_cents,
            gap_points: wire.gap.as_ref().and_then(|gap| super::some(&gap.points)),
            gap_budget_cents: wire.gap.as_ref().map(|gap| gap.budget_cents),
        }
    }
}

impl Explanation {
    fn amounts(&self) -> String {
        let start = vec![
            "eligible cost".to_owned(),
            String::new(),
            money(self.eligible_cents),
        ];
        let steps = self.steps.iter().map(|step| {
            let change = match step.change_cents {
                0 => "-".to_owned(),
                cents => money(cents),
            };
            vec![
                step.kind.replace('_', " "),
                change,
                money(step.result_cents),
            ]
        });
        let head = ["STEP", "CHANGE", "LEAVES"];
        grid(&head, &[1, 2], std::iter::once(start).chain(steps))
    }

    fn place(&self) -> String {
        let outcome = self.outcome.replace('_', " ");
        match self.position {
            0 => outcome,
            position => format!("{position}, {outcome}"),
        }
    }
}

impl Row for Criterion {
    const HEAD: &'static [&'static str] = &["CRITERION", "SCORES", "WEIGHT", "POINTS", "AT LEAST"];
    const NUMBERS: &'static [usize] = &[2, 3, 4];

    fn cells(&self) -> Vec<String> {
        vec![
            self.code.clone(),
            self.scores.join(" "),
            self.weight.clone(),
            self.points.clone(),
            self.threshold.clone().unwrap_or_default(),
        ]
    }
}

impl View for Explanation {
    fn text(&self) -> String {
        let tie = self.tie_broken_by.as_ref().zip(self.tied_with.as_ref());
        let tie = tie.map(|(key, with)| format!("after {with} at an equal total, by {key}"));
        let missed = self.threshold_of.as_ref().zip(self.threshold.as_ref());
        let missed = missed.map(|(of, least)| format!("the {of} needs {least}"));
        let points = self.gap_points.as_ref();
        let points = points.map(|points| format!("{points} points to the last funded; "));
        let gap = self.gap_budget_cents.map(|cents| {
            let points = points.unwrap_or_default();
            format!("{points}{} EUR more budget", money(cents))
        });
        let left = (self.position > 0).then(|| {
            let (before, after) = (money(self.left_before_cents), money(self.left_after_cents));
            format!("{before} EUR before this place, {after} EUR after it")
        });
        let excluded = (self.excluded_evaluations > 0)
            .then(|| format!("{} evaluations do not count", self.excluded_evaluations));
        Sheet::titled(&format!(
            "{} in ranking {} of {}",
            self.protocol,
            last(&self.ranking),
            short_call(&self.ranking)
        ))
        .field("consortium", &self.consortium_title)
        .field("place", self.place())
        .field("total", &self.total)
        .field("excluded", excluded.unwrap_or_default())
        .field("tie", tie.unwrap_or_default())
        .field("missed", missed.unwrap_or_default())
        .field("amount", format!("{} EUR", money(self.amount_cents)))
        .field("budget left", left.unwrap_or_default())
        .field("lacks", gap.unwrap_or_default())
        .rows(
            "POINTS (score x weight / scale, over the evaluators)",
            &self.criteria,
        )
        .section("FROM COST TO GRANT (EUR)", &self.amounts())
        .text()
    }

    fn name(&self) -> String {
        self.application.clone()
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Simulation {
    ranking: String,
    budget_before_cents: i64,
    budget_after_cents: i64,
    granted_before_cents: i64,
    granted_after_cents: i64,
    funded_before: i32,
    funded_after: i32,
    shifts: Vec<Shift>,
}

#[derive(Debug, Serialize)]
struct Shift {
    application: String,
    consortium_title: String,
    protocol: String,
    before: Standing,
    after: Standing,
    gain_cents: i64,
}

#[derive(Debug, Serialize)]
struct Standing {
    outcome: String,
    position: i32,
    amount_cents: i64,
}

impl From<Option<&v1::Standing>> for Standing {
    fn from(wire: Option<&v1::Standing>) -> Self {
        let wire = wire.cloned().unwrap_or_default();
        Self {
            outcome: wire.outcome,
            position: wire.position,
            amount_cents: wire.amount_cents,
        }
    }
}

impl From<&v1::SimulateAllocationResponse> for Simulation {
    fn from(wire: &v1::SimulateAllocationResponse) -> Self {
        let shift = |shift: &v1::Shift| Shift {
            application: shift.application.clone(),
            consortium_title: shift.consortium_title.clone(),
            protocol: shift.protocol.clone(),
            before: Standing::from(shift.before.as_ref()),
            after: Standing::from(shift.after.as_ref()),
            gain_cents: shift.gain_cents,
        };
        Self {
            ranking: wire.ranking.clone(),
            budget_before_cents: wire.budget_before_cents,
            budget_after_cents: wire.budget_after_cents,
            granted_before_cents: wire.granted_before_cents,
            granted_after_cents: wire.granted_after_cents,
            funded_before: wire.funded_before,
            funded_after: wire.funded_after,
            shifts: wire.shifts.iter().map(shift).collect(),
        }
    }
}

impl Standing {
    fn place(&self) -> String {
        match self.position {
            0 => String::new(),
            position => position.to_string(),
        }
    }

    fn outcome(&self) -> String {
        self.outcome.replace('_', " ")
    }
}

impl Row for Shift {
    const HEAD: &'static [&'static str] = &[
        "POS",
        "THEN",
        "CONSORTIUM",
        "PROTOCOL",
        "BEFORE",
        "AFTER",
        "GAIN",
        "WAS",
        "WOULD BE",
    ];
    const NUMBERS: &'static [usize] = &[0, 1, 4, 5, 6];

    fn cells(&self) -> Vec<String> {
        let gain = match self.gain_cents {
            0 => "-".to_owned(),
            cents if cents > 0 => format!("+{}", money(cents)),
            cents => money(cents),
        };
        vec![
            self.before.place(),
            self.after.place(),
            title(&self.consortium_title),
            self.protocol.clone(),
            money(self.before.amount_cents),
            money(self.after.amount_cents),
            gain,
            self.before.outcome(),
            self.after.outcome(),
        ]
    }
}

impl View for Simulation {
    fn text(&self) -> String {
        let change = |before: i64, after: i64| format!("{} → {} EUR", money(before), money(after));
        let count = |wanted: fn(i64) -> bool| {
            let shifts = self.shifts.iter();
            shifts
                .filter(|shift| wanted(shift.gain_cents))
                .count()
                .to_string()
        };
        Sheet::titled(&format!(
            "What if: ranking {} of {} (nothing is changed)",
            last(&self.ranking),
            short_call(&self.ranking)
        ))
        .field(
            "budget",
            change(self.budget_before_cents, self.budget_after_cents),
        )
        .field(
            "granted",
            change(self.granted_before_cents, self.granted_after_cents),
        )
        .field(
            "funded",
            format!("{} → {}", self.funded_before, self.funded_after),
        )
        .field("gain", count(|cents| cents > 0))
        .field("lose", count(|cents| cents < 0))
        .rows("BEFORE AND AFTER (EUR)", &self.shifts)
        .text()
    }

    fn name(&self) -> String {
        self.ranking.clone()
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Verification {
    ranking: String,
    holds: bool,
    differences: Vec<String>,
    inputs_sha256: String,
    applications: i32,
    changed_since: Vec<String>,
}

impl From<&v1::VerifyRankingResponse> for Verification {
    fn from(wire: &v1::VerifyRankingResponse) -> Self {
        Self {
            ranking: wire.ranking.clone(),
            holds: wire.holds,
            differences: wire.differences.clone(),
            inputs_sha256: wire.inputs_sha256.clone(),
            applications: wire.applications,
            changed_since: wire.changed_since.clone(),
        }
    }
}

impl View for Verification {
    fn text(&self) -> String {
        let result = if self.holds {
            "recomputes to the same places and cents"
        } else {
            "DOES NOT follow from its inputs"
        };
        Sheet::titled(&format!(
            "Ranking {} of {} {result}",
            last(&self.ranking),
            short_call(&self.ranking)
        ))
        .field("applications", self.applications.to_string())
        .field("inputs SHA-256", &self.inputs_sha256)
        .field("differs in", self.differences.join(", "))
        .field("changed since", self.changed_since.join(", "))
        .text()
    }

    fn name(&self) -> String {
        self.ranking.clone()
    }
}
