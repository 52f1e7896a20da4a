//! The formal check: findings of officers, and its conclusion.

use super::{Application, Check, Event, Refusal, State, expect_state};
use crate::clarification::{self, Clarification, Item, ItemKind, Purpose};
use crate::eligibility::{self, Finding, Overall, Verdict};
use crate::procedure;

/// Records what an officer found where data cannot decide, or where the consortium was asked:
/// what it answered, or that it did not, is then looked at by a person.
pub fn record_finding(
    application: &Application,
    asked: &[Clarification],
    finding: Finding,
) -> Result<Event, Refusal> {
    let check = open_check_of(application)?;
    let about_it = |known: &&Clarification| known.rules().contains(&finding.rule.as_str());
    let mut concerned = asked.iter().filter(about_it);
    if let Some(open) = concerned.clone().find(|known| known.state.is_open()) {
        return Err(still_open(open));
    }
    let was_asked = concerned.any(Clarification::counts);
    eligibility::with_officer(check.findings.clone(), finding.clone(), was_asked)?;
    Ok(Event::FindingRecorded { finding })
}

/// What the end of a check comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conclusion {
    Decided(Event),
    /// The consortium is told first why its application would be rejected.
    NoticeFirst(Vec<Item>),
}

/// Ends the check: admissible when every rule passed, inadmissible when one failed. Where the call
/// gives notice before a rejection, every failed rule was in a notice whose term is over.
pub fn conclude_check(
    application: &Application,
    rules: &procedure::Rules,
    asked: &[Clarification],
    reason: &str,
) -> Result<Conclusion, Refusal> {
    let check = open_check_of(application)?;
    if let Some(open) = asked.iter().find(|known| known.state.is_open()) {
        return Err(still_open(open));
    }
    let failed = match eligibility::verdict(&check.findings) {
        Overall::Admissible => return Ok(Conclusion::Decided(Event::FoundAdmissible)),
        Overall::Open(rules) => return Err(Refusal::FindingsOpen { rules }),
        Overall::Inadmissible(failed) => failed,
    };
    let notices = || {
        let of_purpose = |known: &&Clarification| {
            known.purpose == Purpose::NoticeBeforeRejection
                && known.state != clarification::State::Closed
        };
        asked.iter().filter(of_purpose)
    };
    let was_told = |rule: &String| notices().any(|known| known.rules().contains(&rule.as_str()));
    if rules.notice_before_rejection && !failed.iter().all(was_told) {
        return Ok(Conclusion::NoticeFirst(grounds(&check.findings)));
    }
    let were_observed = notices().any(|known| !known.answers.is_empty());
    if were_observed && reason.trim().is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    Ok(Conclusion::Decided(Event::FoundInadmissible {
        rules: failed,
        reason: reason.to_owned(),
    }))
}

/// The failed rules, each a ground for rejection.
fn grounds(findings: &[Finding]) -> Vec<Item> {
    let failed = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Failed);
    let ground = |finding: &Finding| Item {
        kind: ItemKind::Ground,
        rule: finding.rule.clone(),
        text: finding.explanation.clone(),
    };
    failed.map(ground).collect()
}

fn still_open(open: &Clarification) -> Refusal {
    Refusal::ClarificationOpen {
        number: open.number,
        state: open.state.as_str(),
    }
}

fn open_check_of(application: &Application) -> Result<&Check, Refusal> {
    expect_state(application, State::UnderCheck)?;
    application.check.as_ref().ok_or(Refusal::WrongState {
        required: State::UnderCheck.as_str(),
        actual: application.state.as_str(),
    })
}
