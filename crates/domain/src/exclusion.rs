//! What taking an evaluation out of the count does to its application: told before it is done.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::consensus;
use crate::ids::{ApplicationId, EvaluationId};
use crate::ranking_inputs::{Computed, Entry, Inputs};
use crate::rules::RuleSet;
use crate::{ranking, scoring};

/// An application before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    pub before: Side,
    pub after: Side,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// Evaluations that are required, and that are in.
    pub required: u32,
    pub present: u32,
    /// `None` while too few are in.
    pub total: Option<Decimal>,
    pub reaches_threshold: Option<bool>,
    /// The place in a ranking computed now; `None` when there is none, or when another
    /// application is not evaluated.
    pub position: Option<u32>,
    /// Whether the sheets that count are too far apart.
    pub consensus_open: bool,
}

/// `None` when the application would not be ranked at all.
pub fn effect(
    inputs: &Inputs,
    application: ApplicationId,
    evaluation: EvaluationId,
) -> Option<Effect> {
    let before = side(inputs, application)?;
    let mut without = inputs.clone();
    let entry = without
        .entries
        .iter_mut()
        .find(|entry| entry.application == application)?;
    entry.take_out(evaluation);
    let after = side(&without, application)?;
    Some(Effect { before, after })
}

fn side(inputs: &Inputs, application: ApplicationId) -> Option<Side> {
    let entry = inputs.entry(application)?;
    let grid = &inputs.rules.score_grid;
    let candidate = entry
        .candidate(&entry.grant(&inputs.rules), &inputs.rules)
        .ok();
    let reaches = |rules: &RuleSet| {
        let candidate = candidate.as_ref()?;
        Some(ranking::below(candidate, rules).is_none())
    };
    Some(Side {
        required: scoring::required(grid, entry.excluded),
        present: u32::try_from(entry.sheets.len()).unwrap_or(u32::MAX),
        reaches_threshold: reaches(&inputs.rules),
        total: candidate.as_ref().map(|known| known.score.total),
        position: inputs
            .compute()
            .ok()
            .and_then(|computed| position(&computed, entry)),
        consensus_open: consensus::is_open(entry, grid),
    })
}

fn position(computed: &Computed, entry: &Entry) -> Option<u32> {
    let mut places = computed.ranked.entries.iter();
    let found = places.find(|placed| placed.candidate.application == entry.application);
    found.map(|placed| placed.position)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::examples::{rules, sheet};
    use crate::money::Eur;
    use crate::scoring::Sheet;

    fn entry(number: u128, sheets: Vec<Sheet>) -> Entry {
        Entry {
            application: ApplicationId(Uuid::from_u128(number)),
            protocol: format!("{number}"),
            received_at: DateTime::UNIX_EPOCH,
            participants: 10,
            eligible: Eur::euros(100_000),
            requested: None,
            sheets,
            excluded: 0,
            agreed: None,
        }
    }

    #[test]
    fn an_exclusion_tells_the_total_the_threshold_and_the_place_before_and_after() {
        let mut rules = rules();
        rules.score_grid.threshold = Decimal::from(60);
        let one = entry(1, vec![sheet(1, "3"), sheet(2, "8"), sheet(3, "8")]);
        let two = entry(2, vec![sheet(4, "5"), sheet(5, "5"), sheet(6, "9")]);
        let inputs = Inputs::new(Eur::euros(1_000_000), rules, vec![one, two]);
        let (first, low) = (
            inputs.entries[0].application,
            EvaluationId(Uuid::from_u128(1)),
        );
        let second = inputs.entries[1].application;

        let effect = effect(&inputs, first, low).unwrap();

        assert_eq!(effect.before.total, Some("63.33".parse().unwrap()));
        assert_eq!(effect.before.position, Some(1));
        assert_eq!(effect.after.total, Some("80.00".parse().unwrap()));
        assert_eq!((effect.after.required, effect.after.present), (2, 2));
        let high = EvaluationId(Uuid::from_u128(6));
        let lost = super::effect(&inputs, second, high).unwrap();
        assert_eq!(lost.before.reaches_threshold, Some(true));
        assert_eq!(lost.after.reaches_threshold, Some(false));
        assert_eq!((lost.before.position, lost.after.position), (Some(2), None));
    }

    #[test]
    fn an_exclusion_that_completes_an_application_gives_it_a_total() {
        let one = entry(1, vec![sheet(2, "8"), sheet(3, "8")]);
        let inputs = Inputs::new(Eur::euros(1_000_000), rules(), vec![one]);
        let unscored = EvaluationId(Uuid::from_u128(9));

        let effect = effect(&inputs, inputs.entries[0].application, unscored).unwrap();

        assert_eq!(effect.before.total, None);
        assert_eq!(effect.after.total, Some("80.00".parse().unwrap()));
    }
}
