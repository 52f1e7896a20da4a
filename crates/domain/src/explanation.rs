//! Why an application has its place and its cents: every step from the sheets to the amount. The
//! steps add up.

use rust_decimal::Decimal;

use crate::allocation::{Outcome, entitlement};
use crate::grant::BoundKind;
use crate::ids::{ApplicationId, EvaluationId};
use crate::money::Eur;
use crate::ranking::{BelowReason, Candidate};
use crate::ranking_inputs::{Computed, Entry, Inputs};
use crate::rules::{AllocationPolicy, RuleSet, TieBreak};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub application: ApplicationId,
    pub protocol: String,
    /// In the order of the grid; their points add up to `total`.
    pub criteria: Vec<CriterionSteps>,
    pub total: Decimal,
    /// Evaluations taken out with a reason.
    pub excluded: u32,
    /// Whether the scores are those of one sheet that all evaluators agreed on.
    pub by_agreement: bool,
    pub standing: Explained,
    /// From the eligible cost to the amount: `eligible` and the steps add up to `amount`.
    pub eligible: Eur,
    pub steps: Vec<Step>,
    pub amount: Eur,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriterionSteps {
    pub code: String,
    pub weight: Decimal,
    pub scores: Vec<(EvaluationId, Decimal)>,
    pub points: Decimal,
    pub threshold: Option<Decimal>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explained {
    Placed {
        position: u32,
        outcome: Outcome,
        /// The protocol number of the entry above with an equal total, and the key that put this
        /// one after it.
        tie: Option<(String, TieBreak)>,
        /// What the places above leave of the budget.
        left_before: Eur,
        left_after: Eur,
        /// What a waiting application lacks.
        gap: Option<Gap>,
    },
    BelowThreshold(BelowReason),
    UnderMinimum,
}

/// What separates a waiting application from the funded ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Points to the total of the last funded one; `None` where points do not decide the order.
    pub points: Option<Decimal>,
    /// Budget that would have to be added for it to be funded in full (under pro-rata: at all).
    pub budget: Eur,
}

/// One cut on the way from the eligible cost to the amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub kind: StepKind,
    /// Never positive.
    pub change_cents: i64,
    /// What is left after it.
    pub result: Eur,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    Bound(BoundKind),
    /// The percentage of the total's band.
    Band,
    /// What the budget did not suffice for.
    Budget,
    /// Not ranked.
    NotRanked,
}

impl StepKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bound(kind) => kind.as_str(),
            Self::Band => "band",
            Self::Budget => "budget",
            Self::NotRanked => "not_ranked",
        }
    }
}

/// `None` when the application is not part of the ranking.
pub fn explain(
    inputs: &Inputs,
    computed: &Computed,
    application: ApplicationId,
) -> Option<Explanation> {
    let entry = inputs.entry(application)?;
    let (candidate, standing) = standing(inputs, computed, application)?;
    let amount = match &standing {
        Explained::Placed { outcome, .. } => outcome.amount(),
        Explained::BelowThreshold(_) | Explained::UnderMinimum => Eur::ZERO,
    };
    let ranked = matches!(standing, Explained::Placed { .. });
    Some(Explanation {
        application,
        protocol: entry.protocol.clone(),
        criteria: criteria(entry, candidate, &inputs.rules),
        total: candidate.score.total,
        excluded: entry.excluded,
        by_agreement: entry.agreed.is_some(),
        standing,
        eligible: entry.eligible,
        steps: steps(entry, candidate, &inputs.rules, ranked.then_some(amount)),
        amount,
    })
}

fn criteria(entry: &Entry, candidate: &Candidate, rules: &RuleSet) -> Vec<CriterionSteps> {
    let sheets = entry.counted();
    let explained = rules.score_grid.criteria.iter().map(|criterion| {
        let given = sheets.iter().filter_map(|sheet| {
            let mut scores = sheet.scores.iter();
            let found = scores.find(|(code, _)| *code == criterion.code);
            found.map(|(_, score)| (sheet.evaluation, *score))
        });
        CriterionSteps {
            code: criterion.code.clone(),
            weight: criterion.weight,
            scores: given.collect(),
            points: candidate.score.points(&criterion.code),
            threshold: criterion.threshold,
        }
    });
    explained.collect()
}

fn standing<'a>(
    inputs: &Inputs,
    computed: &'a Computed,
    application: ApplicationId,
) -> Option<(&'a Candidate, Explained)> {
    let is_it = |candidate: &Candidate| candidate.application == application;
    if let Some(candidate) = computed.under_minimum.iter().find(|known| is_it(known)) {
        return Some((candidate, Explained::UnderMinimum));
    }
    let below = &computed.ranked.below_threshold;
    if let Some((candidate, reason)) = below.iter().find(|(known, _)| is_it(known)) {
        return Some((candidate, Explained::BelowThreshold(reason.clone())));
    }
    let ranked = &computed.ranked.entries;
    let index = ranked.iter().position(|placed| is_it(&placed.candidate))?;
    let (placed, allotted) = (&ranked[index], computed.allocation.entries.get(index)?);
    let above = computed.allocation.entries[..index].iter();
    let left_before = inputs
        .budget
        .less(above.map(|entry| entry.outcome.amount()).sum());
    let protocol_above = || ranked[index - 1].candidate.protocol.clone();
    let tie = placed.tie_broken_by.clone();
    let explained = Explained::Placed {
        position: placed.position,
        outcome: allotted.outcome,
        tie: tie.map(|key| (protocol_above(), key)),
        left_before,
        left_after: left_before.less(allotted.outcome.amount()),
        gap: matches!(allotted.outcome, Outcome::Waiting { .. })
            .then(|| gap(inputs, computed, index)),
    };
    Some((&placed.candidate, explained))
}

fn gap(inputs: &Inputs, computed: &Computed, index: usize) -> Gap {
    let places = &computed.ranked.entries;
    let rules = &inputs.rules;
    let needs = |candidate: &Candidate| {
        let full = entitlement(candidate, rules);
        match rules.allocation {
            AllocationPolicy::ProRata => full.min(rules.smallest_grant()),
            AllocationPolicy::RankingWithWaitingList
            | AllocationPolicy::FirstCome
            | AllocationPolicy::PercentageBands(_) => full,
        }
    };
    let through_here = places[..=index].iter();
    let needed: Eur = through_here.map(|placed| needs(&placed.candidate)).sum();
    let last_funded = || {
        let funded = computed.allocation.entries.iter().zip(places);
        funded
            .filter(|(entry, _)| !entry.outcome.amount().is_zero())
            .map(|(_, placed)| placed.candidate.score.total)
            .next_back()
    };
    let own = places[index].candidate.score.total;
    let by_points = rules.allocation != AllocationPolicy::FirstCome;
    Gap {
        points: by_points
            .then(last_funded)
            .flatten()
            .map(|total| (total - own).max(Decimal::ZERO)),
        budget: needed.less(inputs.budget),
    }
}

/// Each bound in the order of the formula, then the band, then the budget.
fn steps(entry: &Entry, candidate: &Candidate, rules: &RuleSet, amount: Option<Eur>) -> Vec<Step> {
    let mut running = entry.eligible;
    let mut cut = |kind: StepKind, limit: Eur| {
        let result = running.min(limit);
        let change_cents = result.as_cents() - running.as_cents();
        running = result;
        Step {
            kind,
            change_cents,
            result,
        }
    };
    let grant = entry.grant(rules);
    let mut steps: Vec<Step> = grant
        .bounds
        .iter()
        .map(|bound| cut(StepKind::Bound(bound.kind), bound.limit))
        .collect();
    let Some(amount) = amount else {
        steps.push(cut(StepKind::NotRanked, Eur::ZERO));
        return steps;
    };
    if matches!(rules.allocation, AllocationPolicy::PercentageBands(_)) {
        steps.push(cut(StepKind::Band, entitlement(candidate, rules)));
    }
    steps.push(cut(StepKind::Budget, amount));
    steps
}
