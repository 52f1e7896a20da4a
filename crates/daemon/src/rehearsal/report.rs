//! What a rehearsal came to: counts per stage, letters per kind, and every invariant. The same seed
//! gives the same report, byte for byte.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bando_domain::application::State;
use bando_domain::letter::LetterState;
use bando_domain::money::Eur;
use bando_domain::receipt::instant_text;
use chrono::{DateTime, Utc};
use serde::Serialize;

use super::Wanted;
use super::invariants::{Finding, TABLE};
use super::record::{Outcome, Record};

/// What the play counts as it goes.
#[derive(Debug, Clone)]
pub struct Stages {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub registered: usize,
    /// Evaluators with a conflict of interest.
    pub conflicts: usize,
}

#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub call: String,
    pub seed: u64,
    pub from: String,
    pub until: String,
    /// In the order of the year.
    pub stages: Vec<Stage>,
    pub budget_cents: i64,
    pub granted_cents: i64,
    /// By kind.
    pub letters: BTreeMap<&'static str, Letters>,
    pub events: i64,
    pub invariants: Vec<Checked>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Stage {
    pub stage: &'static str,
    pub count: usize,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Letters {
    pub sent: usize,
    /// Of no use any more when they would have left.
    pub useless: usize,
}

/// An invariant with what breaks it.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    pub name: &'static str,
    pub says: &'static str,
    pub findings: Vec<Finding>,
}

impl Report {
    pub(super) fn of(wanted: &Wanted, record: &Record, stages: &Stages) -> Self {
        let mut letters: BTreeMap<&'static str, Letters> = BTreeMap::new();
        for letter in &record.letters {
            let of_kind = letters.entry(letter.kind.as_str()).or_default();
            match letter.state {
                LetterState::Cancelled | LetterState::Expired => of_kind.useless += 1,
                _ => of_kind.sent += usize::from(letter.has_left()),
            }
        }
        let checked = TABLE.map(|invariant| Checked {
            name: invariant.name,
            says: invariant.says,
            findings: (invariant.check)(record),
        });
        let granted: Eur = record.awards.iter().map(|award| award.amount).sum();
        Self {
            call: record.call.to_string(),
            seed: wanted.seed,
            from: instant_text(stages.from),
            until: instant_text(stages.until),
            stages: counted(record, stages),
            budget_cents: record.terms.budget.as_cents(),
            granted_cents: granted.as_cents(),
            letters,
            events: record.chain.events,
            invariants: checked.into(),
        }
    }

    /// How many findings there are.
    pub fn findings(&self) -> usize {
        let checked = self.invariants.iter();
        checked.map(|checked| checked.findings.len()).sum()
    }

    /// For a person.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "Rehearsal of call {}, seed {}", self.call, self.seed)?;
        writeln!(text, "from {} to {}\n", self.from, self.until)?;
        writeln!(text, "{:<28} {:>8}", "STAGE", "COUNT")?;
        for stage in &self.stages {
            writeln!(text, "{:<28} {:>8}", stage.stage, stage.count)?;
        }
        let (budget, granted) = (
            Eur::cents(self.budget_cents),
            Eur::cents(self.granted_cents),
        );
        writeln!(text, "\nBudget {budget}; granted {granted}\n")?;
        writeln!(text, "{:<28} {:>8} {:>8}", "LETTERS", "SENT", "USELESS")?;
        for (kind, letters) in &self.letters {
            let (sent, useless) = (letters.sent, letters.useless);
            writeln!(text, "{kind:<28} {sent:>8} {useless:>8}")?;
        }
        writeln!(text, "\n{:<28} {:>8}", "INVARIANT", "FINDINGS")?;
        for checked in &self.invariants {
            writeln!(text, "{:<28} {:>8}", checked.name, checked.findings.len())?;
        }
        for checked in self.invariants.iter().filter(|it| !it.findings.is_empty()) {
            writeln!(text, "\n{}: {}", checked.name, checked.says)?;
            for found in &checked.findings {
                let (subject, expected, actual) = (&found.subject, &found.expected, &found.actual);
                let call = &self.call;
                writeln!(
                    text,
                    "  {call}, {subject}: expected {expected}, found {actual}"
                )?;
            }
        }
        Ok(())
    }
}

fn counted(record: &Record, stages: &Stages) -> Vec<Stage> {
    let stage = |stage, count| Stage { stage, count };
    let attempts = |received: bool| {
        let attempts = record.attempts.iter();
        let of_them =
            attempts.filter(|one| matches!(one.outcome, Outcome::Received { .. }) == received);
        of_them.count()
    };
    let ended = |states: &[State]| {
        let applications = record.applications.iter();
        applications
            .filter(|one| states.contains(&one.state))
            .count()
    };
    let answered = record.asked.iter().filter(|asked| asked.answers > 0);
    let sheets: usize = record.sheets.values().map(Vec::len).sum();
    vec![
        stage("consortia registered", stages.registered),
        stage("applications drafted", record.applications.len()),
        stage("submissions received", attempts(true)),
        stage("attempts refused as late", attempts(false)),
        stage("withdrawn", ended(&[State::Withdrawn])),
        stage("lapsed", ended(&[State::Lapsed])),
        stage("asked for clarification", record.asked.len()),
        stage("answered", answered.count()),
        stage("inadmissible", ended(&[State::Inadmissible])),
        stage("sheets signed", sheets),
        stage("conflicts of interest", stages.conflicts),
        stage("below the threshold", ended(&[State::BelowThreshold])),
        stage("awarded", ended(&[State::Awarded])),
        stage("on the waiting list", ended(&[State::Waiting])),
        stage(
            "timers fired",
            record
                .timers
                .iter()
                .filter(|it| it.fired_at.is_some())
                .count(),
        ),
        stage(
            "schedules fired",
            record.schedules.iter().map(|it| it.fired.len()).sum(),
        ),
    ]
}
