//! Everything a ranking and its allocation come from, kept with the ranking: whoever has it can
//! compute the same places and cents again, years later.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::allocation::{Allocation, allocate};
use crate::grant;
use crate::ids::{ApplicationId, EvaluationId};
use crate::money::Eur;
use crate::ranking::{Candidate, Ranked, rank};
use crate::receipt::{canonical, sha256_hex};
use crate::rules::RuleSet;
use crate::scoring::{self, Sheet};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    pub budget: Eur,
    pub rules: RuleSet,
    /// By application id, so that the order of collecting them plays no part.
    pub entries: Vec<Entry>,
}

/// One admissible application as it went into the ranking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub application: ApplicationId,
    pub protocol: String,
    pub received_at: DateTime<Utc>,
    /// Participating firms.
    pub participants: u32,
    pub eligible: Eur,
    /// What the consortium asked for, if it asked for an amount.
    pub requested: Option<Eur>,
    /// By evaluation id.
    pub sheets: Vec<Sheet>,
    /// Evaluations that were taken out with a reason.
    pub excluded: u32,
    /// The sheet that all its evaluators agreed on, which counts in place of each of theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed: Option<Vec<(String, Decimal)>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Computed {
    pub ranked: Ranked,
    pub allocation: Allocation,
    /// Under the rules' smallest cost or grant; only other rules than those of the check can
    /// bring an admissible application here.
    pub under_minimum: Vec<Candidate>,
}

/// The applications whose score cannot be computed, each with its refusal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", list(.0))]
pub struct Incomplete(pub Vec<(String, scoring::Refusal)>);

fn list(missing: &[(String, scoring::Refusal)]) -> String {
    let told: Vec<String> = missing
        .iter()
        .map(|(protocol, refusal)| format!("{protocol}: {refusal}"))
        .collect();
    told.join("; ")
}

impl Incomplete {
    /// Stable reason of the wire (proto/bando/v1/reasons.md): that of the first one.
    pub fn reason(&self) -> &'static str {
        let first = self.0.first();
        first.map_or("EVALUATION_MISSING", |(_, refusal)| refusal.reason())
    }
}

impl Inputs {
    pub fn new(budget: Eur, rules: RuleSet, mut entries: Vec<Entry>) -> Self {
        for entry in &mut entries {
            entry.sheets.sort_by_key(|sheet| sheet.evaluation);
        }
        entries.sort_by_key(|entry| entry.application);
        Self {
            budget,
            rules,
            entries,
        }
    }

    pub fn entry(&self, application: ApplicationId) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.application == application)
    }

    /// SHA-256 of the canonical JSON of everything here.
    ///
    /// # Errors
    /// Never in practice: every part has a JSON form.
    pub fn sha256(&self) -> Result<String, serde_json::Error> {
        Ok(sha256_hex(&canonical(self)?))
    }

    /// Scores, places and amounts.
    ///
    /// # Errors
    /// [`Incomplete`] names every application whose evaluations are not all there.
    pub fn compute(&self) -> Result<Computed, Incomplete> {
        let (mut candidates, mut under_minimum) = (Vec::new(), Vec::new());
        let mut missing = Vec::new();
        for entry in &self.entries {
            let grant = entry.grant(&self.rules);
            match entry.candidate(&grant, &self.rules) {
                Ok(candidate) if grant.under_min_cost || grant.under_min_grant => {
                    under_minimum.push(candidate);
                }
                Ok(candidate) => candidates.push(candidate),
                Err(refusal) => missing.push((entry.protocol.clone(), refusal)),
            }
        }
        if !missing.is_empty() {
            return Err(Incomplete(missing));
        }
        let ranked = rank(candidates, &self.rules);
        let allocation = allocate(&ranked, self.budget, &self.rules);
        Ok(Computed {
            ranked,
            allocation,
            under_minimum,
        })
    }
}

impl Entry {
    pub fn grant(&self, rules: &RuleSet) -> grant::Grant {
        grant::compute(self.eligible, self.participants, self.requested, rules)
    }

    /// The sheets as they count: each evaluator's own, or the agreed one in its place.
    pub fn counted(&self) -> Cow<'_, [Sheet]> {
        let Some(agreed) = &self.agreed else {
            return Cow::Borrowed(&self.sheets);
        };
        let counted = self.sheets.iter().map(|sheet| Sheet {
            evaluation: sheet.evaluation,
            scores: agreed.clone(),
        });
        counted.collect()
    }

    /// Takes an evaluation out of the count. What was agreed with it no longer stands.
    pub fn take_out(&mut self, evaluation: EvaluationId) {
        self.sheets.retain(|sheet| sheet.evaluation != evaluation);
        self.excluded += 1;
        self.agreed = None;
    }

    pub(crate) fn candidate(
        &self,
        grant: &grant::Grant,
        rules: &RuleSet,
    ) -> Result<Candidate, scoring::Refusal> {
        Ok(Candidate {
            application: self.application,
            protocol: self.protocol.clone(),
            received_at: self.received_at,
            participants: self.participants,
            grant: grant.amount,
            eligible: self.eligible,
            score: scoring::aggregate(&self.counted(), self.excluded, &rules.score_grid)?,
        })
    }
}
