//! Scores in exact decimals: per criterion the evaluators' points are aggregated and rounded as
//! published, and the total is their sum. A missing evaluation is never zero.

use std::collections::BTreeSet;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::ids::EvaluationId;
use crate::project::Violation;
use crate::rules::{Aggregation, Criterion, Rounding, ScoreGrid};

/// One evaluator's scores, 0 to the grid's scale, by criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sheet {
    pub evaluation: EvaluationId,
    pub scores: Vec<(String, Decimal)>,
}

/// Aggregated points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// In the order of the grid.
    pub criteria: Vec<CriterionScore>,
    pub total: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriterionScore {
    pub code: String,
    pub points: Decimal,
}

impl Score {
    pub fn points(&self, criterion: &str) -> Decimal {
        let found = self.criteria.iter().find(|score| score.code == criterion);
        found.map(|score| score.points).unwrap_or_default()
    }
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{present} evaluations are in, {required} are required")]
    EvaluationMissing { required: u32, present: u32 },
    #[error("evaluation {0} is counted twice")]
    EvaluationTwice(EvaluationId),
    #[error("evaluation {evaluation} breaks the grid: {field}: {explanation}")]
    SheetMalformed {
        evaluation: EvaluationId,
        field: String,
        explanation: String,
    },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::EvaluationMissing { .. } => "EVALUATION_MISSING",
            Self::EvaluationTwice(_) => "EVALUATION_TWICE",
            Self::SheetMalformed { .. } => "SHEET_MALFORMED",
        }
    }
}

/// Aggregates the sheets of one application. `excluded` evaluations were taken out with a reason
/// and need not be there, but one sheet at least must be.
pub fn aggregate(sheets: &[Sheet], excluded: u32, grid: &ScoreGrid) -> Result<Score, Refusal> {
    let present = u32::try_from(sheets.len()).unwrap_or(u32::MAX);
    let required = required(grid, excluded);
    if present < required {
        return Err(Refusal::EvaluationMissing { required, present });
    }
    let mut seen = BTreeSet::new();
    for sheet in sheets {
        if !seen.insert(sheet.evaluation) {
            return Err(Refusal::EvaluationTwice(sheet.evaluation));
        }
        if let Some(violation) = check_sheet(&sheet.scores, grid).into_iter().next() {
            return Err(Refusal::SheetMalformed {
                evaluation: sheet.evaluation,
                field: violation.field,
                explanation: violation.explanation,
            });
        }
    }
    let criteria: Vec<CriterionScore> = grid
        .criteria
        .iter()
        .map(|criterion| CriterionScore {
            code: criterion.code.clone(),
            points: points(sheets, criterion, grid),
        })
        .collect();
    let total = criteria.iter().map(|score| score.points).sum();
    Ok(Score { criteria, total })
}

/// Sheets that must be there when so many evaluations were taken out with a reason.
pub fn required(grid: &ScoreGrid, excluded: u32) -> u32 {
    let required = grid.evaluators_per_application;
    required.saturating_sub(excluded).max(1)
}

/// `Σ score × weight ÷ (scale × evaluators)`, divided last, then rounded.
fn points(sheets: &[Sheet], criterion: &Criterion, grid: &ScoreGrid) -> Decimal {
    let mut scores: Vec<Decimal> = sheets
        .iter()
        .flat_map(|sheet| &sheet.scores)
        .filter(|(code, _)| *code == criterion.code)
        .map(|(_, score)| *score)
        .collect();
    let (sum, count) = match grid.aggregation {
        Aggregation::Mean => (scores.iter().sum::<Decimal>(), scores.len()),
        Aggregation::Median => {
            scores.sort();
            let middle = scores.len() / 2;
            match scores.len() % 2 {
                0 => (scores[middle - 1] + scores[middle], 2),
                _ => (scores[middle], 1),
            }
        }
    };
    let exact = sum * criterion.weight / (grid.scale * Decimal::from(count));
    let strategy = match grid.rounding {
        Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
        Rounding::Down => RoundingStrategy::ToZero,
    };
    let mut points = exact.round_dp_with_strategy(grid.decimals, strategy);
    points.rescale(grid.decimals);
    points
}

/// Every rule of the grid that a sheet breaks, by field.
pub fn check_sheet(scores: &[(String, Decimal)], grid: &ScoreGrid) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut seen = BTreeSet::new();
    for (position, (code, score)) in scores.iter().enumerate() {
        let field = |name: &str| format!("scores[{position}].{name}");
        if grid.criterion(code).is_none() {
            let text = format!("the grid has no criterion `{code}`");
            violations.push(Violation::new(
                field("criterion"),
                "UNKNOWN_CRITERION",
                text,
            ));
        }
        if !seen.insert(code.as_str()) {
            let text = format!("criterion `{code}` is scored twice");
            violations.push(Violation::new(field("criterion"), "CRITERION_TWICE", text));
        }
        if *score < Decimal::ZERO || *score > grid.scale {
            let text = format!("{score} is not within 0 to {}", grid.scale);
            violations.push(Violation::new(field("score"), "SCORE_OUT_OF_RANGE", text));
        }
        if score.normalize().scale() > 6 {
            let text = "at most six decimals".to_owned();
            violations.push(Violation::new(field("score"), "SCORE_TOO_FINE", text));
        }
    }
    for criterion in &grid.criteria {
        if !seen.contains(criterion.code.as_str()) {
            let text = format!("criterion `{}` is not scored", criterion.code);
            violations.push(Violation::new("scores", "CRITERION_MISSING", text));
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{grid, sheet};

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_mean_of_three_is_rounded_once_per_criterion() {
        let sheets = [sheet(1, "7"), sheet(2, "7"), sheet(3, "8")];

        let score = aggregate(&sheets, 0, &grid()).unwrap();

        // 22 × 25 ÷ 30 = 18.333…
        assert_eq!(score.points("A"), decimal("18.33"));
        assert_eq!(score.total, score.criteria.iter().map(|c| c.points).sum());
    }

    #[test]
    fn rounding_is_the_published_one() {
        let check = |rounding, expected: &str| {
            let mut grid = grid();
            grid.rounding = rounding;
            grid.decimals = 0;
            grid.criteria[0].weight = decimal("25");
            // 3 × 25 × 3 ÷ 30 = 7.5
            let sheets = [sheet(1, "3"), sheet(2, "3"), sheet(3, "3")];
            let score = aggregate(&sheets, 0, &grid).unwrap();
            assert_eq!(score.points("A"), decimal(expected), "{rounding:?}");
        };
        check(Rounding::HalfUp, "8");
        check(Rounding::HalfEven, "8");
        check(Rounding::Down, "7");
    }

    #[test]
    fn a_median_ignores_the_outlier() {
        let mut grid = grid();
        grid.aggregation = Aggregation::Median;
        let sheets = [sheet(1, "0"), sheet(2, "8"), sheet(3, "8")];

        assert_eq!(
            aggregate(&sheets, 0, &grid).unwrap().points("A"),
            decimal("20.00")
        );
    }

    #[test]
    fn a_missing_evaluation_is_not_zero() {
        let sheets = [sheet(1, "7"), sheet(2, "7")];

        let refusal = aggregate(&sheets, 0, &grid()).unwrap_err();

        assert_eq!(
            refusal,
            Refusal::EvaluationMissing {
                required: 3,
                present: 2
            }
        );
        assert!(aggregate(&sheets, 1, &grid()).is_ok());
        assert!(aggregate(&[], 3, &grid()).is_err());
    }

    #[test]
    fn one_evaluation_counts_once() {
        let sheets = [sheet(1, "7"), sheet(1, "7"), sheet(2, "7")];

        assert_eq!(
            aggregate(&sheets, 0, &grid()).unwrap_err().reason(),
            "EVALUATION_TWICE"
        );
    }

    #[test]
    fn a_sheet_names_every_rule_it_breaks() {
        let scores = [
            ("A".to_owned(), decimal("10.5")),
            ("A".to_owned(), decimal("1")),
            ("Z".to_owned(), decimal("-1")),
        ];

        let rules: Vec<_> = check_sheet(&scores, &grid())
            .into_iter()
            .map(|found| found.rule)
            .collect();

        assert_eq!(
            rules,
            [
                "SCORE_OUT_OF_RANGE",
                "CRITERION_TWICE",
                "UNKNOWN_CRITERION",
                "SCORE_OUT_OF_RANGE",
                "CRITERION_MISSING",
            ]
        );
    }
}
