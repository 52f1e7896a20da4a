//! The eligibility check: rules E1 to E14 of the practice, each a finding with its explanation.
//! Data decide what they can; the rest waits for an officer. Form comes apart: what a draft must
//! never contain, and what it still misses before it can be submitted.

mod form;
mod profile_form;
mod programme_form;
mod requirements;

use serde::{Deserialize, Serialize};

pub use form::{malformed, missing};
pub use profile_form::{
    malformed_fund, malformed_link, malformed_member, malformed_profile, malformed_programme,
    malformed_reach, malformed_share,
};
pub use requirements::{Facts, check, independent_members_of};

use crate::programme::Text;

/// Rules on amounts.
const AMOUNTS: [&str; 2] = ["MIN_COST", "MIN_GRANT"];

/// What the check of one rule came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `E1` to `E14`, `MIN_COST`, `MIN_GRANT`.
    pub rule: String,
    pub verdict: Verdict,
    pub by: FindingBy,
    pub explanation: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Passed,
    Failed,
    /// Data cannot decide.
    OfficerNeeded,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum FindingBy {
    Data,
    Officer { person: String },
}

/// What all findings together come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overall {
    Admissible,
    /// The rules that failed.
    Inadmissible(Vec<String>),
    /// The rules that need an officer first.
    Open(Vec<String>),
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the check has no rule `{0}`")]
    UnknownRule(String),
    #[error("rule {0} is decided by data, not by an officer")]
    DecidedByData(String),
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::UnknownRule(_) => "UNKNOWN_RULE",
            Self::DecidedByData(_) => "FINDING_DECIDED_BY_DATA",
        }
    }
}

/// Inadmissible as soon as one rule failed: nobody needs to look at the rest.
pub fn verdict(findings: &[Finding]) -> Overall {
    let with = |wanted: Verdict| -> Vec<String> {
        let found = findings.iter().filter(|finding| finding.verdict == wanted);
        found.map(|finding| finding.rule.clone()).collect()
    };
    let failed = with(Verdict::Failed);
    if !failed.is_empty() {
        return Overall::Inadmissible(failed);
    }
    let open = with(Verdict::OfficerNeeded);
    if !open.is_empty() {
        return Overall::Open(open);
    }
    Overall::Admissible
}

/// The findings with an officer's in its place. An officer may decide again what an officer
/// decided, and what data decided only where the consortium `was_asked` about it: an answer can
/// show that the data were wrong. Amounts follow from the formula and are never decided again.
pub fn with_officer(
    mut findings: Vec<Finding>,
    officer: Finding,
    was_asked: bool,
) -> Result<Vec<Finding>, Refusal> {
    let Some(known) = findings.iter_mut().find(|known| known.rule == officer.rule) else {
        return Err(Refusal::UnknownRule(officer.rule));
    };
    let may_decide_again = was_asked && !AMOUNTS.contains(&known.rule.as_str());
    let by_data = known.by == FindingBy::Data && known.verdict != Verdict::OfficerNeeded;
    if by_data && !may_decide_again {
        return Err(Refusal::DecidedByData(officer.rule));
    }
    *known = officer;
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(rule: &str, verdict: Verdict) -> Finding {
        let explanation = Text::new("perché", "because");
        Finding {
            rule: rule.into(),
            verdict,
            by: FindingBy::Data,
            explanation,
        }
    }

    fn officer(rule: &str, verdict: Verdict) -> Finding {
        let by = FindingBy::Officer {
            person: "anna".into(),
        };
        Finding {
            by,
            ..finding(rule, verdict)
        }
    }

    #[test]
    fn one_failed_rule_decides_even_while_others_are_open() {
        let findings = [
            finding("E2", Verdict::OfficerNeeded),
            finding("E7", Verdict::Failed),
        ];

        assert_eq!(verdict(&findings), Overall::Inadmissible(vec!["E7".into()]));
    }

    #[test]
    fn an_open_rule_keeps_the_check_open() {
        let findings = [
            finding("E2", Verdict::OfficerNeeded),
            finding("E7", Verdict::Passed),
        ];

        assert_eq!(verdict(&findings), Overall::Open(vec!["E2".into()]));
    }

    #[test]
    fn an_officer_decides_only_what_data_left_open() {
        let findings = vec![
            finding("E2", Verdict::OfficerNeeded),
            finding("E7", Verdict::Failed),
        ];

        let decided =
            with_officer(findings.clone(), officer("E2", Verdict::Passed), false).unwrap();
        assert_eq!(decided[0].verdict, Verdict::Passed);
        let again = with_officer(decided, officer("E2", Verdict::Failed), false).unwrap();
        assert_eq!(again[0].verdict, Verdict::Failed);

        let refusal =
            with_officer(findings.clone(), officer("E7", Verdict::Passed), false).unwrap_err();
        assert_eq!(refusal.reason(), "FINDING_DECIDED_BY_DATA");
        let refusal = with_officer(findings, officer("E99", Verdict::Passed), true).unwrap_err();
        assert_eq!(refusal.reason(), "UNKNOWN_RULE");
    }
    #[test]
    fn an_answer_may_show_that_data_were_wrong_but_never_changes_an_amount() {
        let findings = vec![
            finding("E7", Verdict::Failed),
            finding("MIN_GRANT", Verdict::Failed),
        ];

        let decided = with_officer(findings.clone(), officer("E7", Verdict::Passed), true).unwrap();
        let refusal =
            with_officer(findings, officer("MIN_GRANT", Verdict::Passed), true).unwrap_err();

        assert_eq!(decided[0].verdict, Verdict::Passed);
        assert_eq!(refusal.reason(), "FINDING_DECIDED_BY_DATA");
    }
}
