//! For each refusal the command that helps next.

use tonic::Code;

use crate::errors::{Exit, Report};

/// What a run was about when it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spoken {
    /// Noun of the command, such as `proposal`.
    pub(crate) noun: &'static str,
    /// Default programme of this run.
    pub(crate) programme: String,
    /// `er/2016`
    pub(crate) call: Option<String>,
    /// The thing itself, as the user may name it again.
    pub(crate) subject: Option<String>,
    /// The number of the change, once drawn.
    pub(crate) request_id: Option<String>,
    /// The words of this run.
    pub(crate) command_line: Vec<String>,
}

impl Spoken {
    pub(crate) fn about(noun: &'static str, programme: &str) -> Self {
        Self {
            noun,
            programme: programme.to_owned(),
            call: None,
            subject: None,
            request_id: None,
            command_line: Vec::new(),
        }
    }

    fn of_call(&self, verb: &str) -> String {
        match &self.call {
            Some(call) => format!("bando call {verb} {call}"),
            None => "bando call list".into(),
        }
    }

    /// The list in which the noun's things are found.
    fn list(&self) -> String {
        let call = self.call.as_deref();
        match (self.noun, call) {
            ("application" | "evaluation" | "ranking" | "award", Some(call)) => {
                format!("bando {} list {call}", self.noun)
            }
            (
                "programme" | "consortium" | "evaluator" | "proposal" | "letter" | "token"
                | "timer" | "schedule" | "deadline" | "calendar",
                _,
            ) => {
                format!("bando {} list", self.noun)
            }
            _ => "bando call list".into(),
        }
    }

    /// The evaluation that was spoken of, else those of the call.
    fn of_evaluation(&self, verb: &str) -> String {
        match (self.noun, &self.subject, &self.call) {
            ("evaluation", Some(subject), _) => format!("bando evaluation {verb} {subject}"),
            (_, _, Some(call)) => format!("bando evaluation list {call}"),
            _ => "bando call list".into(),
        }
    }

    fn describe(&self) -> String {
        match (self.noun, &self.subject) {
            ("application" | "consortium" | "evaluation" | "evaluator", Some(subject)) => {
                format!("bando {} describe {subject}", self.noun)
            }
            ("call", _) => self.of_call("describe"),
            _ => self.list(),
        }
    }

    /// The same command under the number it had: it cannot happen twice.
    fn repeat(&self) -> Option<String> {
        let id = self.request_id.as_ref()?;
        if self
            .command_line
            .iter()
            .any(|word| word.starts_with("--request-id"))
        {
            return Some(line(&self.command_line));
        }
        Some(format!("{} --request-id {id}", line(&self.command_line)))
    }
}

/// The command that helps after `report`; `None` when none does.
pub(crate) fn hint(report: &Report, spoken: &Spoken) -> Option<String> {
    let applications = |state: &str| match &spoken.call {
        Some(call) => format!("bando application list {call}{state}"),
        None => "bando call list".into(),
    };
    match report.code.as_str() {
        "UNREACHABLE" => {
            let elsewhere = || "bando --server http://127.0.0.1:7443 call list".into();
            return Some(spoken.repeat().unwrap_or_else(elsewhere));
        }
        "CALL_CLOSED" | "CALL_NOT_OPEN" | "CALL_STILL_OPEN" | "CALL_STATE" | "OPENING_PASSED"
        | "CALL_SUSPENDED" | "CALL_NOT_SUSPENDED" | "CALL_CANCELLED" | "BUDGET_SPENT"
        | "CLOSE_PASSED" | "NO_RESULTS_HELD" | "RESULTS_PUBLISHED" | "PUBLICATION_PASSED" => {
            return Some(spoken.of_call("describe"));
        }
        "ACT_MISSING" | "ACT_STATED" => {
            return Some(match (spoken.noun, &spoken.subject) {
                ("proposal", Some(proposal)) => format!("bando proposal describe {proposal}"),
                _ => spoken.of_call("describe"),
            });
        }
        "CALENDAR_REVOKED" => return Some("bando calendar list".into()),
        "DEADLINE_FIXED" => return Some("bando deadline list".into()),
        "CHECKS_OPENED" => return Some(applications("")),
        "CLARIFICATION_OPEN"
        | "CLARIFICATION_LIMIT"
        | "CLARIFICATION_STATE"
        | "CLARIFICATION_LATE"
        | "UNKNOWN_ITEM" => {
            return spoken
                .subject
                .as_ref()
                .map(|subject| format!("bando application clarify show {subject}"));
        }
        "LETTER_STATE" | "DELIVERY_IMPOSSIBLE" => return Some("bando letter list".into()),
        "TIMER_STATE" => return Some("bando timer list --all".into()),
        "SCHEDULE_STATE" | "BACKFILL_SPAN" | "BACKFILL_EMPTY" => {
            return Some("bando schedule list".into());
        }
        "CHECKS_OPEN" => return Some(applications(" --state under_check")),
        "EVALUATION_MISSING" | "CONSENSUS_OPEN" | "CONSENSUS_NOT_OPEN" => {
            let progress = |call| format!("bando evaluation progress {call}");
            return Some(spoken.call.as_ref().map_or_else(|| spoken.list(), progress));
        }
        "CONFLICT_NOT_DECLARED" => return Some(spoken.of_evaluation("cover")),
        "EVALUATOR_FLAGGED" => return Some(spoken.of_evaluation("describe")),
        "EVALUATORS_TOO_FEW" => return Some("bando evaluator list".into()),
        "SECOND_PERSON_REQUIRED" => return Some("bando token self".into()),
        "PROPOSAL_CHANGED" | "PROPOSAL_EXPIRED" | "PROPOSAL_EXISTS" | "PROPOSAL_STATE"
        | "RANKING_PENDING" => {
            return Some("bando proposal list --state pending".into());
        }
        "RANKING_OUTDATED" | "RANKING_STATE" | "OVER_BUDGET" => {
            return spoken
                .call
                .as_ref()
                .map(|call| format!("bando ranking show {call}"));
        }
        "DOCUMENT_TYPE_UNKNOWN" | "DOCUMENT_FORMAT" => return Some(spoken.of_call("describe")),
        "DOCUMENT_EXISTS"
        | "DOCUMENT_REMOVED"
        | "DOCUMENT_NOT_FOUND"
        | "DOCUMENTS_TOO_LARGE"
        | "DOCUMENTS_TOO_MANY"
        | "DOCUMENT_INFECTED"
        | "DOCUMENT_IN_QUARANTINE" => {
            return Some(match &spoken.subject {
                Some(subject) => format!("bando application document list {subject}"),
                None => "bando call list".into(),
            });
        }
        "RANKING_IN_FORCE" => {
            let annul = |call: &String| {
                format!(
                    "bando ranking annul {call} --act 'NUMBER OF THE ACT' --reason '…' --dry-run"
                )
            };
            return spoken.call.as_ref().map(annul);
        }
        "CLOCK_BACKWARDS" | "CLOCK_AGREES" => return Some("bando clock show".into()),
        "CLOCK_REAL" => return Some("bando timer list".into()),
        _ => {}
    }
    by_class(report, spoken)
}

fn by_class(report: &Report, spoken: &Spoken) -> Option<String> {
    match report.exit.exit {
        Exit::Access if report.exit.status == Some(Code::Unauthenticated) => {
            Some("bando --token-file FILE token self".into())
        }
        Exit::Access => Some("bando token self".into()),
        Exit::NotFound => Some(spoken.list()),
        Exit::Precondition => Some(spoken.describe()),
        Exit::Unavailable if report.retryable => spoken.repeat(),
        Exit::Done
        | Exit::Failure
        | Exit::Usage
        | Exit::Findings
        | Exit::Unavailable
        | Exit::AwaitsApproval
        | Exit::Interrupted => None,
    }
}

/// The words of a run as a line that a shell takes back.
pub(crate) fn line(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("bando {}", words.join(" "))
}

/// A word as a shell takes it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Parser as _;
    use tonic::Status;

    use super::*;
    use crate::args::Cli;
    use crate::args::tests::words;
    use crate::errors::Failure;

    const NOUNS: [&str; 17] = [
        "evaluation",
        "evaluator",
        "call",
        "programme",
        "consortium",
        "application",
        "ranking",
        "proposal",
        "award",
        "letter",
        "timer",
        "schedule",
        "event",
        "receipt",
        "audit",
        "token",
        "clock",
    ];
    /// Every reason that a client can get.
    fn reasons() -> Vec<String> {
        let list = include_str!("../../../proto/bando/v1/reasons.md");
        let rows = list.lines().filter_map(|line| line.strip_prefix("| `"));
        let mut reasons: Vec<String> = rows
            .filter_map(|row| Some(row.split_once('`')?.0.to_owned()))
            .collect();
        assert!(reasons.len() > 40, "{reasons:?}");
        reasons.extend(["", "UNREACHABLE"].map(Into::into));
        reasons
    }

    /// The commands that stand in the texts of the tool itself, with something for each value.
    fn told(source: &str) -> Vec<String> {
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        let code = code.replace("\\\\\n", " ").replace("\\\n", " ");
        let code = code.replace("\\n", "\n");
        let mut told = Vec::new();
        for line in code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
        {
            for (place, _) in line.match_indices("bando ") {
                let before = line[..place].chars().next_back();
                let after = line[place + "bando ".len()..].chars().next();
                let is_told = matches!(before, Some('"' | ' ') | None)
                    && after.is_some_and(|c| c.is_ascii_lowercase() || c == '-');
                if is_told {
                    let end = line[place..]
                        .find(['"', '`'])
                        .map_or(line.len(), |end| place + end);
                    let command = &line[place..end];
                    // Help that quotes a quote is an example, which has a test of its own.
                    if !command.contains('\\') || end == line.len() {
                        told.push(command.trim_end_matches(['\\', ' ']).to_owned());
                    }
                }
            }
        }
        told
    }

    fn with_values(command: &str) -> String {
        let mut filled = String::new();
        let mut rest = command;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap();
            let value = match name {
                "id" => "0190a000-0000-7000-8000-000000000001",
                // A filter that may be left out.
                "state" => "",
                "verb" => "describe",
                _ => "1",
            };
            filled.extend([before, value]);
            rest = after;
        }
        filled + rest
    }

    /// But those of `today`, whose own test runs through all of them.
    fn sources(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if !path.ends_with("tests.rs")
                && !path.ends_with("commands/today.rs")
                && !path.ends_with("dry_run.rs")
            {
                found.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }

    #[test]
    fn every_command_in_the_texts_of_the_tool_parses() {
        let mut texts = Vec::new();
        sources(
            concat!(env!("CARGO_MANIFEST_DIR"), "/src").as_ref(),
            &mut texts,
        );
        let told: BTreeSet<String> = texts.iter().flat_map(|text| told(text)).collect();

        assert!(told.len() > 60, "{told:?}");
        for command in told {
            let line = with_values(&command);
            let parsed = Cli::try_parse_from(words(&line));
            assert!(parsed.is_ok(), "{command}: {}", parsed.unwrap_err());
        }
    }

    fn report(code: Code, reason: &str) -> Report {
        let Failure::Told(mut report) = Failure::from(Status::new(code, "no")) else {
            panic!("nothing to tell")
        };
        if !reason.is_empty() {
            report.code = reason.to_owned();
        }
        *report
    }

    fn spoken(noun: &'static str) -> Spoken {
        let mut spoken = Spoken::about(noun, "er");
        spoken.subject = Some("0190a000-0000-7000-8000-000000000001".into());
        spoken.call = Some("er/2016".into());
        spoken.request_id = Some("0190a000-0000-7000-8000-000000000002".into());
        spoken.command_line = ["award", "propose", "er/2016", "--act", "DD 1/2016"]
            .map(Into::into)
            .into();
        spoken
    }

    #[test]
    fn every_hint_is_a_command_that_parses() {
        let (mut hints, reasons) = (BTreeSet::new(), reasons());
        for code in (0..=16).map(Code::from_i32) {
            for (noun, reason) in NOUNS
                .iter()
                .flat_map(|noun| reasons.iter().map(move |reason| (*noun, reason)))
            {
                let report = report(code, reason);
                hints.extend(hint(&report, &spoken(noun)));
                hints.extend(hint(&report, &Spoken::about(noun, "er")));
            }
        }

        assert!(hints.len() > NOUNS.len());
        for hint in hints {
            let parsed = Cli::try_parse_from(words(&hint));
            assert!(parsed.is_ok(), "{hint}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn a_closed_call_is_shown() {
        let hint = hint(
            &report(Code::FailedPrecondition, "CALL_CLOSED"),
            &spoken("application"),
        );

        assert_eq!(hint.as_deref(), Some("bando call describe er/2016"));
    }

    #[test]
    fn a_change_that_timed_out_is_repeated_under_its_own_number() {
        let hint = hint(&report(Code::DeadlineExceeded, ""), &spoken("award"));

        assert_eq!(
            hint.as_deref(),
            Some(
                "bando award propose er/2016 --act 'DD 1/2016' \
                 --request-id 0190a000-0000-7000-8000-000000000002"
            )
        );
    }

    #[test]
    fn a_reading_that_timed_out_needs_no_number() {
        assert_eq!(
            hint(&report(Code::Unavailable, ""), &Spoken::about("call", "er")),
            None
        );
    }
}
