//! How far the evaluating of an application is, and what it still needs.

use crate::consensus::{self, Spread, Standing};
use crate::evaluation::{Evaluation, State};
use crate::rules::ScoreGrid;
use crate::scoring::{self, Sheet};

/// Counts over the evaluations of one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Sheets that must be there.
    pub required: u32,
    /// To be declared on.
    pub assigned: u32,
    /// Declared and not scored.
    pub declared: u32,
    /// Scored, flagged or not.
    pub scored: u32,
    pub conflicted: u32,
    pub excluded: u32,
    /// Live ones that something speaks against: they do not count until a manager lifts it.
    pub flagged: u32,
    /// Evaluators to be found.
    pub missing: u32,
    pub spread: Option<Spread>,
    pub consensus: Standing,
}

/// `evaluations` are those of one application.
pub fn progress(evaluations: &[Evaluation], grid: &ScoreGrid) -> Progress {
    let count = |holds: &dyn Fn(&Evaluation) -> bool| {
        let counted = evaluations.iter().filter(|known| holds(known)).count();
        u32::try_from(counted).unwrap_or(u32::MAX)
    };
    let in_state = |state: State| count(&|known| known.state == state);
    let excluded = in_state(State::Excluded);
    let required = scoring::required(grid, excluded);
    let live = count(&|known| known.state.is_live());
    let sheets: Vec<Sheet> = evaluations.iter().filter_map(Evaluation::sheet).collect();
    Progress {
        required,
        assigned: in_state(State::Assigned),
        declared: in_state(State::Declared),
        scored: in_state(State::Scored),
        conflicted: in_state(State::Conflicted),
        excluded,
        flagged: count(&|known| known.state.is_live() && known.is_flagged()),
        missing: required.saturating_sub(live),
        spread: consensus::spread(&sheets, grid),
        consensus: consensus::standing(evaluations, grid),
    }
}
