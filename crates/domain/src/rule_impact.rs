//! What other rules would make of an application: its verdict by data and its grant, before and
//! after, to the cent. Nothing is decided by it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::application::State;
use crate::civil::Zone;
use crate::consortium::Profile;
use crate::eligibility::{self, Facts, Finding, FindingBy, Verdict};
use crate::grant;
use crate::ids::ApplicationId;
use crate::money::Eur;
use crate::project::Project;
use crate::rules::RuleSet;

/// What is judged: a sealed copy, or the working copy of a draft.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub profile: &'a Profile,
    pub project: &'a Project,
    pub received_at: DateTime<Utc>,
    pub zone: Zone,
}

/// What one version of the rules makes of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    pub rule_set_version: u32,
    /// Rules that fail by data; none leaves the application admissible as far as data say.
    pub failed: Vec<String>,
    pub eligible: Eur,
    pub grant: Eur,
}

/// An application that two versions judge differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    pub application: ApplicationId,
    /// Protocol number, or the first block of its id.
    pub label: String,
    pub consortium_title: String,
    pub state: State,
    pub before: Judged,
    pub after: Judged,
}

impl Judged {
    fn outcome(&self) -> (&[String], Eur, Eur) {
        (&self.failed, self.eligible, self.grant)
    }

    /// Whether both say the same, whatever their versions.
    pub fn agrees(&self, other: &Self) -> bool {
        self.outcome() == other.outcome()
    }
}

pub fn findings(case: Case<'_>, rules: &RuleSet) -> Vec<Finding> {
    let received_on = case.received_at.with_timezone(&case.zone.tz()).date_naive();
    eligibility::check(&Facts {
        profile: case.profile,
        project: case.project,
        rules,
        received_at: case.received_at,
        received_on,
    })
}

pub fn judge(case: Case<'_>, rules: &RuleSet) -> Judged {
    let grant = grant::of_project(case.project, rules);
    let failed = findings(case, rules)
        .into_iter()
        .filter(|finding| finding.verdict == Verdict::Failed)
        .map(|finding| finding.rule);
    Judged {
        rule_set_version: rules.version,
        failed: failed.collect(),
        eligible: grant.eligible,
        grant: grant.amount,
    }
}

/// Whether an application in a state still has something to gain or to lose by other rules. A
/// draft needs at least a cost and a participant to be judged.
pub fn is_live(state: State, project: &Project) -> bool {
    match state {
        State::Draft => !project.budget_lines.is_empty() && !project.participants.is_empty(),
        State::Submitted | State::UnderCheck | State::Admissible => true,
        State::Lapsed
        | State::Late
        | State::Withdrawn
        | State::Inadmissible
        | State::BelowThreshold
        | State::Waiting
        | State::Awarded
        | State::Cancelled => false,
    }
}

/// A check by newer rules with what officers found under the older ones, where data still leave it
/// to an officer.
pub fn with_earlier_officers(mut findings: Vec<Finding>, earlier: &[Finding]) -> Vec<Finding> {
    for known in earlier {
        let FindingBy::Officer { .. } = known.by else {
            continue;
        };
        if let Ok(kept) = eligibility::with_officer(findings.clone(), known.clone(), false) {
            findings = kept;
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{category, line, profile, project, rules};
    use crate::programme::Text;
    use crate::rules::CostKind;

    fn judged(cost: i64, change: impl FnOnce(&mut RuleSet)) -> Judged {
        let mut rules = rules();
        rules.cost_categories = vec![category("website", CostKind::External)];
        change(&mut rules);
        let (profile, project) = (profile(), project(vec![line("website", cost)]));
        let case = Case {
            profile: &profile,
            project: &project,
            received_at: DateTime::UNIX_EPOCH,
            zone: "Europe/Rome".parse().unwrap(),
        };
        judge(case, &rules)
    }

    #[test]
    fn a_higher_cap_changes_the_grant_of_whom_the_lower_one_bound() {
        let capped = |cap| move |rules: &mut RuleSet| rules.cost_categories[0].cap = Some(cap);
        let (low, high) = (Eur::euros(100_000), Eur::euros(120_000));

        let bound = judged(11_000_000, capped(low));
        assert!(!bound.agrees(&judged(11_000_000, capped(high))));
        assert_eq!(bound.grant, Eur::euros(40_000));
        assert_eq!(judged(11_000_000, capped(high)).grant, Eur::euros(44_000));
        let free = judged(9_000_000, capped(low));
        assert!(free.agrees(&judged(9_000_000, capped(high))));
    }

    #[test]
    fn a_higher_floor_turns_the_verdict() {
        let floor = |floor| move |rules: &mut RuleSet| rules.min_grant = Some(floor);

        let before = judged(8_000_000, floor(Eur::euros(30_000)));
        let after = judged(8_000_000, floor(Eur::euros(35_000)));

        assert!(!before.failed.contains(&"MIN_GRANT".to_owned()));
        assert!(after.failed.contains(&"MIN_GRANT".to_owned()));
        assert!(!before.agrees(&after));
    }

    #[test]
    fn another_version_number_alone_changes_nothing() {
        let other = judged(8_000_000, |rules| rules.version += 1);

        assert!(judged(8_000_000, |_| ()).agrees(&other));
    }

    #[test]
    fn what_an_officer_found_is_kept_where_data_still_leave_it_open() {
        let finding = |rule: &str, verdict, by| Finding {
            rule: rule.to_owned(),
            verdict,
            by,
            explanation: Text::new("", ""),
        };
        let officer = || FindingBy::Officer {
            person: "anna".to_owned(),
        };
        let earlier = [
            finding("E2", Verdict::Passed, officer()),
            finding("E3", Verdict::Passed, officer()),
        ];
        let renewed = vec![
            finding("E2", Verdict::OfficerNeeded, FindingBy::Data),
            finding("E3", Verdict::Failed, FindingBy::Data),
        ];

        let kept = with_earlier_officers(renewed, &earlier);

        assert_eq!(kept[0].by, officer());
        assert_eq!(kept[1].by, FindingBy::Data);
    }
}
