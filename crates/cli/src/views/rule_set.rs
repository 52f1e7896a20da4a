//! A call's rule set: limits, cost categories, score grid.

use bando_proto::v1;
use serde::Serialize;

use super::{Text, euros, percent, shown};
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct RuleSet {
    version: i32,
    act: String,
    effective_on: String,
    rate_basis_points: i32,
    min_eligible_cost_cents: Option<i64>,
    min_grant_cents: Option<i64>,
    max_grant_cents: Option<i64>,
    max_grant_per_participant_cents: Option<i64>,
    members_minimum: i32,
    members_artisan_minimum: i32,
    members_max_outside_region_basis_points: i32,
    cost_categories: Vec<CostCategory>,
    score_grid: Option<ScoreGrid>,
    tie_breaks: Vec<String>,
    allocation: String,
    multi_year_programme_required: bool,
    indicators_required: bool,
}

#[derive(Debug, Serialize)]
struct CostCategory {
    code: String,
    title: Text,
    kind: String,
    cap_cents: Option<i64>,
    cap_share_basis_points: Option<i32>,
    cap_share_of: Vec<String>,
    flat_rate_basis_points: Option<i32>,
}

#[derive(Debug, Serialize)]
struct ScoreGrid {
    scale: String,
    criteria: Vec<Criterion>,
    threshold: String,
    evaluators_per_application: i32,
    aggregation: String,
    decimals: i32,
    rounding: String,
    comments_required: bool,
    evaluators_see_others: bool,
    consensus_max_spread: Option<String>,
    consensus_max_criterion_spread_basis_points: Option<i32>,
}

#[derive(Debug, Serialize)]
struct Criterion {
    code: String,
    title: Text,
    weight: String,
    threshold: Option<String>,
}

impl From<&v1::RuleSet> for RuleSet {
    fn from(rules: &v1::RuleSet) -> Self {
        Self {
            version: rules.version,
            act: rules.act.clone(),
            effective_on: rules.effective_on.clone(),
            rate_basis_points: rules.rate_basis_points,
            min_eligible_cost_cents: rules.min_eligible_cost_cents,
            min_grant_cents: rules.min_grant_cents,
            max_grant_cents: rules.max_grant_cents,
            max_grant_per_participant_cents: rules.max_grant_per_participant_cents,
            members_minimum: rules.members_minimum,
            members_artisan_minimum: rules.members_artisan_minimum,
            members_max_outside_region_basis_points: rules.members_max_outside_region_basis_points,
            cost_categories: rules
                .cost_categories
                .iter()
                .map(CostCategory::from)
                .collect(),
            score_grid: rules.score_grid.as_ref().map(ScoreGrid::from),
            tie_breaks: rules.tie_breaks.clone(),
            allocation: rules.allocation.clone(),
            multi_year_programme_required: rules.multi_year_programme_required,
            indicators_required: rules.indicators_required,
        }
    }
}

impl From<&v1::CostCategory> for CostCategory {
    fn from(category: &v1::CostCategory) -> Self {
        Self {
            code: category.code.clone(),
            title: Text::of(category.title.as_ref()),
            kind: category.kind.clone(),
            cap_cents: category.cap_cents,
            cap_share_basis_points: category.cap_share_basis_points,
            cap_share_of: category.cap_share_of.clone(),
            flat_rate_basis_points: category.flat_rate_basis_points,
        }
    }
}

impl From<&v1::ScoreGrid> for ScoreGrid {
    fn from(grid: &v1::ScoreGrid) -> Self {
        let criterion = |criterion: &v1::Criterion| Criterion {
            code: criterion.code.clone(),
            title: Text::of(criterion.title.as_ref()),
            weight: criterion.weight.clone(),
            threshold: criterion.threshold.clone(),
        };
        Self {
            scale: grid.scale.clone(),
            criteria: grid.criteria.iter().map(criterion).collect(),
            threshold: grid.threshold.clone(),
            evaluators_per_application: grid.evaluators_per_application,
            aggregation: grid.aggregation.clone(),
            decimals: grid.decimals,
            rounding: grid.rounding.clone(),
            comments_required: grid.comments_required,
            evaluators_see_others: grid.evaluators_see_others,
            consensus_max_spread: grid.consensus_max_spread.clone(),
            consensus_max_criterion_spread_basis_points: grid
                .consensus_max_criterion_spread_basis_points,
        }
    }
}

impl Row for CostCategory {
    const HEAD: &'static [&'static str] = &["CODE", "KIND", "CAP", "SHARE", "OF", "FLAT", "TITLE"];
    const NUMBERS: &'static [usize] = &[2, 3, 5];

    fn cells(&self) -> Vec<String> {
        let of = match (self.cap_share_basis_points, self.cap_share_of.is_empty()) {
            (None, _) => String::new(),
            (Some(_), true) => "all others".into(),
            (Some(_), false) => self.cap_share_of.join(" "),
        };
        vec![
            self.code.clone(),
            self.kind.clone(),
            euros(self.cap_cents),
            percent(self.cap_share_basis_points),
            of,
            percent(self.flat_rate_basis_points),
            self.title.en.clone(),
        ]
    }
}

impl Row for Criterion {
    const HEAD: &'static [&'static str] = &["CODE", "WEIGHT", "THRESHOLD", "TITLE"];
    const NUMBERS: &'static [usize] = &[1, 2];

    fn cells(&self) -> Vec<String> {
        vec![
            self.code.clone(),
            self.weight.clone(),
            shown(self.threshold.as_ref()),
            self.title.en.clone(),
        ]
    }
}

impl RuleSet {
    /// What an application must state beside its project.
    fn asked_for(&self) -> String {
        let asked = [
            (self.multi_year_programme_required, "multi-year programme"),
            (self.indicators_required, "indicators"),
        ];
        let asked = asked.into_iter().filter(|(is_asked, _)| *is_asked);
        asked.map(|(_, what)| what).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn describe(&self, sheet: Sheet) -> Sheet {
        let least = |count: i32| format!("at least {count}");
        let outside = percent(Some(self.members_max_outside_region_basis_points));
        let sheet = sheet
            .fields(
                &format!("RULE SET {}", self.version),
                &[
                    ("act", self.act.clone()),
                    ("effective on", self.effective_on.clone()),
                    ("rate", percent(Some(self.rate_basis_points))),
                    ("min eligible cost", euros(self.min_eligible_cost_cents)),
                    ("min grant", euros(self.min_grant_cents)),
                    ("max grant", euros(self.max_grant_cents)),
                    (
                        "per participant",
                        euros(self.max_grant_per_participant_cents),
                    ),
                    ("members", least(self.members_minimum)),
                    ("all artisan", least(self.members_artisan_minimum)),
                    ("outside region", format!("at most {outside}")),
                    ("tie-breaks", self.tie_breaks.join(", ")),
                    ("allocation", self.allocation.clone()),
                    ("asks for", self.asked_for()),
                ],
            )
            .rows("COST CATEGORIES", &self.cost_categories);
        match &self.score_grid {
            Some(grid) => sheet.rows(&grid.headline(), &grid.criteria),
            None => sheet,
        }
    }
}

impl View for RuleSet {
    fn text(&self) -> String {
        self.describe(Sheet::titled(&format!("rule set {}", self.version)))
            .text()
    }

    fn name(&self) -> String {
        self.version.to_string()
    }
}

/// A version of the rules among others.
#[derive(Debug, Serialize)]
pub(crate) struct RuleSetHead {
    version: i32,
    act: String,
    effective_on: String,
    rate_basis_points: i32,
    allocation: String,
}

impl From<&v1::RuleSet> for RuleSetHead {
    fn from(rules: &v1::RuleSet) -> Self {
        Self {
            version: rules.version,
            act: rules.act.clone(),
            effective_on: rules.effective_on.clone(),
            rate_basis_points: rules.rate_basis_points,
            allocation: rules.allocation.clone(),
        }
    }
}

impl Row for RuleSetHead {
    const HEAD: &'static [&'static str] =
        &["VERSION", "IN FORCE FROM", "ACT", "RATE", "ALLOCATION"];
    const NUMBERS: &'static [usize] = &[0, 3];

    fn cells(&self) -> Vec<String> {
        vec![
            self.version.to_string(),
            self.effective_on.clone(),
            self.act.clone(),
            percent(Some(self.rate_basis_points)),
            self.allocation.clone(),
        ]
    }
}

impl ScoreGrid {
    fn headline(&self) -> String {
        format!(
            "SCORE GRID  0 to {} per criterion, {} of {} evaluators, {} decimals ({}), threshold {}",
            self.scale,
            self.aggregation,
            self.evaluators_per_application,
            self.decimals,
            self.rounding,
            self.threshold
        )
    }
}
