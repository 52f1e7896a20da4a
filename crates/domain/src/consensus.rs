//! Sheets of one application that are too far apart are not averaged away: its evaluators revise
//! them with a reason, or all of them confirm one agreed sheet.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use crate::evaluation::{Agreement, Evaluation, Score, State};
use crate::ids::EvaluationId;
use crate::ranking_inputs::{Entry, Inputs};
use crate::rules::{ConsensusRule, ScoreGrid};
use crate::scoring::{self, Sheet};

/// How far the sheets of one application are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// Points between the highest and the lowest total.
    pub total: Decimal,
    /// The widest difference within one criterion, as a share of the scale: 0 to 1.
    pub criterion: Decimal,
}

/// `None` while there are not two sheets to compare.
pub fn spread(sheets: &[Sheet], grid: &ScoreGrid) -> Option<Spread> {
    if sheets.len() < 2 {
        return None;
    }
    let totals = sheets.iter().map(|sheet| total(sheet, grid));
    let criteria = grid.criteria.iter().map(|criterion| {
        let given = sheets.iter().map(|sheet| of(sheet, &criterion.code));
        width(given) / grid.scale
    });
    Some(Spread {
        total: width(totals),
        criterion: criteria.max().unwrap_or_default(),
    })
}

fn total(sheet: &Sheet, grid: &ScoreGrid) -> Decimal {
    let points = grid
        .criteria
        .iter()
        .map(|criterion| of(sheet, &criterion.code) * criterion.weight / grid.scale);
    points.sum()
}

fn of(sheet: &Sheet, criterion: &str) -> Decimal {
    let mut scores = sheet.scores.iter();
    let found = scores.find(|(code, _)| code == criterion);
    found.map(|(_, score)| *score).unwrap_or_default()
}

fn width(values: impl Iterator<Item = Decimal> + Clone) -> Decimal {
    let most = values.clone().max().unwrap_or_default();
    most - values.min().unwrap_or_default()
}

/// Over a bound, not at it.
pub fn is_over(spread: Spread, rule: &ConsensusRule) -> bool {
    let points = rule.max_spread.is_some_and(|most| spread.total > most);
    let share = rule
        .max_criterion_spread
        .is_some_and(|most| spread.criterion > Decimal::new(i64::from(most.0), 4));
    points || share
}

fn needs_consensus(sheets: &[Sheet], grid: &ScoreGrid) -> bool {
    let over = grid.consensus.as_ref().zip(spread(sheets, grid));
    over.is_some_and(|(rule, spread)| is_over(spread, rule))
}

/// Where the evaluations of one application stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Not all sheets are in.
    Incomplete,
    /// All are in, and near enough.
    Within,
    /// All are in, and too far apart.
    Open,
    /// An agreed sheet waits for the confirmation of these evaluators.
    Proposed { waiting_for: Vec<String> },
    /// Every evaluator confirmed one sheet.
    Agreed,
}

impl Standing {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Within => "within",
            Self::Open => "open",
            Self::Proposed { .. } => "proposed",
            Self::Agreed => "agreed",
        }
    }

    /// The evaluators who have not confirmed the sheet proposed to them.
    pub fn waiting_for(&self) -> &[String] {
        match self {
            Self::Proposed { waiting_for } => waiting_for,
            Self::Incomplete | Self::Within | Self::Open | Self::Agreed => &[],
        }
    }

    /// Whether sheets may still be revised, and an agreed one proposed.
    pub const fn is_open(&self) -> bool {
        match self {
            Self::Open | Self::Proposed { .. } => true,
            Self::Incomplete | Self::Within | Self::Agreed => false,
        }
    }
}

/// `evaluations` are those of one application.
pub fn standing(evaluations: &[Evaluation], grid: &ScoreGrid) -> Standing {
    let sheets: Vec<Sheet> = evaluations.iter().filter_map(Evaluation::sheet).collect();
    let mut states = evaluations.iter().map(|known| known.state);
    let is_waited_for = states.any(|state| matches!(state, State::Assigned | State::Declared));
    let required = scoring::required(grid, excluded(evaluations));
    if is_waited_for || u32::try_from(sheets.len()).unwrap_or(u32::MAX) < required {
        return Standing::Incomplete;
    }
    if !needs_consensus(&sheets, grid) {
        return Standing::Within;
    }
    if agreed(evaluations).is_some() {
        return Standing::Agreed;
    }
    let mut waiting_for: Vec<String> = counting(evaluations)
        .filter(|known| {
            let agreement = known.details.agreement.as_ref();
            agreement.is_some_and(|agreement| agreement.confirmed_at.is_none())
        })
        .map(|known| known.evaluator.clone())
        .collect();
    waiting_for.sort();
    if proposed(evaluations).is_some() && !waiting_for.is_empty() {
        return Standing::Proposed { waiting_for };
    }
    Standing::Open
}

/// How many were taken out with a reason: so many fewer are required.
pub fn excluded(evaluations: &[Evaluation]) -> u32 {
    let excluded = evaluations
        .iter()
        .filter(|known| known.state == State::Excluded);
    u32::try_from(excluded.count()).unwrap_or(u32::MAX)
}

/// The sheet that counts in place of all others: confirmed by every evaluator whose sheet counts,
/// and by nobody whose sheet does not.
pub fn agreed(evaluations: &[Evaluation]) -> Option<&[Score]> {
    let agreement = proposed(evaluations)?;
    let all = counting(evaluations).all(|known| {
        let own = known.details.agreement.as_ref();
        own.is_some_and(|own| own.confirmed_at.is_some())
    });
    all.then_some(agreement.scores.as_slice())
}

/// The one proposal that all counting evaluations carry, if it stands for exactly these.
fn proposed(evaluations: &[Evaluation]) -> Option<&Agreement> {
    let agreement = counting(evaluations).next()?.details.agreement.as_ref()?;
    let of: BTreeSet<EvaluationId> = agreement.of.iter().copied().collect();
    let counted: BTreeSet<EvaluationId> = counting(evaluations).map(|known| known.id).collect();
    let same = counting(evaluations).all(|known| {
        let own = known.details.agreement.as_ref();
        own.is_some_and(|own| own.id == agreement.id)
    });
    (same && of == counted).then_some(agreement)
}

fn counting(evaluations: &[Evaluation]) -> impl Iterator<Item = &Evaluation> {
    evaluations.iter().filter(|known| known.sheet().is_some())
}

/// The applications whose sheets are too far apart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the sheets of {} are too far apart: their evaluators revise them or confirm an agreed one",
    .0.join(", ")
)]
pub struct Refusal(pub Vec<String>);

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        "CONSENSUS_OPEN"
    }
}

/// Nothing is ranked while a consensus is open.
pub fn expect_settled(inputs: &Inputs) -> Result<(), Refusal> {
    let open = inputs
        .entries
        .iter()
        .filter(|entry| is_open(entry, &inputs.rules.score_grid));
    let protocols: Vec<String> = open.map(|entry| entry.protocol.clone()).collect();
    if protocols.is_empty() {
        return Ok(());
    }
    Err(Refusal(protocols))
}

/// Whether the sheets of an entry are too far apart and none was agreed.
pub fn is_open(entry: &Entry, grid: &ScoreGrid) -> bool {
    entry.agreed.is_none() && needs_consensus(&entry.sheets, grid)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::evaluation::Details;
    use crate::examples::{grid, sheet};
    use crate::ids::{AgreementId, ApplicationId};
    use crate::money::BasisPoints;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn strict(points: &str) -> ScoreGrid {
        ScoreGrid {
            consensus: Some(ConsensusRule {
                max_spread: Some(decimal(points)),
                max_criterion_spread: None,
            }),
            ..grid()
        }
    }

    fn scored(number: u128, score: &str) -> Evaluation {
        let scores = sheet(number, score).scores.into_iter();
        Evaluation {
            id: EvaluationId(Uuid::from_u128(number)),
            call: "er/2016".parse().unwrap(),
            application: ApplicationId(Uuid::nil()),
            evaluator: format!("e{number}"),
            state: State::Scored,
            scores: scores
                .map(|(criterion, score)| Score {
                    criterion,
                    score,
                    comment: String::new(),
                })
                .collect(),
            excluded_because: None,
            details: Details::default(),
        }
    }

    fn agree(evaluations: &mut [Evaluation], confirmed: usize) {
        let of: Vec<EvaluationId> = evaluations.iter().map(|known| known.id).collect();
        let scores = evaluations[0].scores.clone();
        for (position, evaluation) in evaluations.iter_mut().enumerate() {
            evaluation.details.agreement = Some(Agreement {
                id: AgreementId(Uuid::nil()),
                of: of.clone(),
                scores: scores.clone(),
                reason: "talked over".into(),
                proposed_by: "marco".into(),
                proposed_at: DateTime::UNIX_EPOCH,
                confirmed_at: (position < confirmed).then_some(DateTime::UNIX_EPOCH),
            });
        }
    }

    #[test]
    fn a_spread_is_measured_in_points_and_per_criterion_in_shares_of_the_scale() {
        let spread = spread(&[sheet(1, "4"), sheet(2, "9"), sheet(3, "6")], &grid()).unwrap();

        assert_eq!(spread.total, decimal("50"));
        assert_eq!(spread.criterion, decimal("0.5"));
        assert_eq!(super::spread(&[sheet(1, "4")], &grid()), None);
    }

    #[test]
    fn the_bound_itself_is_near_enough() {
        let mut evaluations = [scored(1, "4"), scored(2, "9"), scored(3, "6")];

        assert_eq!(standing(&evaluations, &strict("50")), Standing::Within);
        assert_eq!(standing(&evaluations, &strict("49.99")), Standing::Open);
        assert_eq!(standing(&evaluations, &grid()), Standing::Within);

        let mut per_criterion = grid();
        per_criterion.consensus = Some(ConsensusRule {
            max_spread: None,
            max_criterion_spread: Some(BasisPoints(5_000)),
        });
        assert_eq!(standing(&evaluations, &per_criterion), Standing::Within);
        evaluations[0].scores[0].score = decimal("3.99");
        assert_eq!(standing(&evaluations, &per_criterion), Standing::Open);
    }

    #[test]
    fn nothing_is_judged_before_all_are_in() {
        let mut evaluations = [scored(1, "1"), scored(2, "9"), scored(3, "6")];
        assert_eq!(
            standing(&evaluations[..2], &strict("5")),
            Standing::Incomplete
        );

        evaluations[2].state = State::Declared;
        assert_eq!(standing(&evaluations, &strict("5")), Standing::Incomplete);
        evaluations[2].state = State::Excluded;
        assert_eq!(standing(&evaluations, &strict("5")), Standing::Open);
    }

    #[test]
    fn an_agreed_sheet_counts_once_everybody_confirmed_it() {
        let mut evaluations = [scored(1, "4"), scored(2, "9"), scored(3, "6")];
        agree(&mut evaluations, 2);
        let waiting_for = vec!["e3".to_owned()];
        assert_eq!(
            standing(&evaluations, &strict("5")),
            Standing::Proposed { waiting_for }
        );
        assert_eq!(agreed(&evaluations), None);

        agree(&mut evaluations, 3);

        assert_eq!(standing(&evaluations, &strict("5")), Standing::Agreed);
        assert_eq!(agreed(&evaluations), Some(&*evaluations[0].scores));
    }

    #[test]
    fn an_agreed_sheet_falls_with_any_evaluation_it_was_agreed_by() {
        let mut evaluations = [scored(1, "4"), scored(2, "9"), scored(3, "6")];
        agree(&mut evaluations, 3);

        evaluations[2].state = State::Excluded;

        assert_eq!(agreed(&evaluations), None);
        assert_eq!(standing(&evaluations, &strict("5")), Standing::Open);
    }
}
