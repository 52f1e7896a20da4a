//! The formal check of an application, rule by rule and line by line.

use bando_proto::v1;
use serde::Serialize;

use super::{Text, euros, money, word};
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Check {
    rule_set_version: i32,
    findings: Vec<Finding>,
    budget_steps: Vec<BudgetStep>,
    eligible_cents: i64,
    grant_cents: i64,
    bounds: Vec<Bound>,
}

#[derive(Debug, Serialize)]
struct Finding {
    rule: String,
    verdict: String,
    officer: Option<String>,
    explanation: Text,
}

#[derive(Debug, Serialize)]
struct BudgetStep {
    category: String,
    rule: String,
    before_cents: i64,
    after_cents: i64,
    explanation: Text,
}

#[derive(Debug, Serialize)]
struct Bound {
    kind: String,
    limit_cents: i64,
    applied: bool,
}

impl From<&v1::Check> for Check {
    fn from(check: &v1::Check) -> Self {
        let step = |step: &v1::BudgetStep| BudgetStep {
            category: step.category.clone(),
            rule: step.rule.clone(),
            before_cents: step.before_cents,
            after_cents: step.after_cents,
            explanation: Text::of(step.explanation.as_ref()),
        };
        let bound = |bound: &v1::Bound| Bound {
            kind: bound.kind.clone(),
            limit_cents: bound.limit_cents,
            applied: bound.applied,
        };
        Self {
            rule_set_version: check.rule_set_version,
            findings: check.findings.iter().map(Finding::from).collect(),
            budget_steps: check.budget_steps.iter().map(step).collect(),
            eligible_cents: check.eligible_cents,
            grant_cents: check.grant_cents,
            bounds: check.bounds.iter().map(bound).collect(),
        }
    }
}

impl From<&v1::Finding> for Finding {
    fn from(finding: &v1::Finding) -> Self {
        let verdict = v1::Verdict::try_from(finding.verdict)
            .ok()
            .map(|verdict| verdict.as_str_name());
        Self {
            rule: finding.rule.clone(),
            verdict: word(verdict, "VERDICT_"),
            officer: super::some(&finding.officer),
            explanation: Text::of(finding.explanation.as_ref()),
        }
    }
}

impl Check {
    /// The rules that were not met, such as `E7 MIN_GRANT`.
    pub(super) fn failed_rules(&self) -> String {
        let failed = self
            .findings
            .iter()
            .filter(|finding| finding.verdict == "failed");
        failed
            .map(|finding| finding.rule.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub(super) fn describe(&self, sheet: Sheet) -> Sheet {
        sheet
            .rows(
                &format!("CHECK  rule set {}", self.rule_set_version),
                &self.findings,
            )
            .rows(
                &format!("ADMITTED COST  {}", euros(Some(self.eligible_cents))),
                &self.budget_steps,
            )
            .rows(
                &format!("GRANT  {}", euros(Some(self.grant_cents))),
                &self.bounds,
            )
    }
}

impl View for Check {
    fn text(&self) -> String {
        self.describe(Sheet::titled("check, as it would be opened"))
            .text()
    }

    fn name(&self) -> String {
        self.failed_rules()
    }
}

impl Row for Finding {
    const HEAD: &'static [&'static str] = &["RULE", "VERDICT", "BY", "EXPLANATION"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.rule.clone(),
            self.verdict.clone(),
            self.officer.clone().unwrap_or_else(|| "data".into()),
            self.explanation.en.clone(),
        ]
    }
}

impl Row for BudgetStep {
    const HEAD: &'static [&'static str] = &["CATEGORY", "RULE", "BEFORE", "AFTER", "EXPLANATION"];
    const NUMBERS: &'static [usize] = &[2, 3];

    fn cells(&self) -> Vec<String> {
        vec![
            self.category.clone(),
            self.rule.clone(),
            money(self.before_cents),
            money(self.after_cents),
            self.explanation.en.clone(),
        ]
    }
}

impl Row for Bound {
    const HEAD: &'static [&'static str] = &["BOUND", "LIMIT", "DECIDED"];
    const NUMBERS: &'static [usize] = &[1];

    fn cells(&self) -> Vec<String> {
        let decided = if self.applied { "yes" } else { "" };
        vec![self.kind.clone(), money(self.limit_cents), decided.into()]
    }
}
