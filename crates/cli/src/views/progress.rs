//! How far the evaluating of a call is, and what a lot came to.

use bando_proto::v1;
use serde::Serialize;

use super::title;
use crate::names::last;
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Progress {
    applications: Vec<Applied>,
    evaluators: Vec<Evaluator>,
}

#[derive(Debug, Serialize)]
struct Applied {
    application: String,
    protocol: String,
    consortium_title: String,
    required: i32,
    assigned: i32,
    declared: i32,
    scored: i32,
    conflicted: i32,
    excluded: i32,
    flagged: i32,
    missing: i32,
    spread: Option<String>,
    consensus: String,
    waiting_for: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Evaluator {
    person: String,
    registered: bool,
    to_declare: i64,
    to_score: i64,
    scored: i64,
    conflicted: i64,
    flagged: i64,
}

impl From<&v1::ListProgressResponse> for Progress {
    fn from(wire: &v1::ListProgressResponse) -> Self {
        let applications = wire.applications.iter().map(|row| Applied {
            application: row.application.clone(),
            protocol: row.protocol.clone(),
            consortium_title: row.consortium_title.clone(),
            required: row.required,
            assigned: row.assigned,
            declared: row.declared,
            scored: row.scored,
            conflicted: row.conflicted,
            excluded: row.excluded,
            flagged: row.flagged,
            missing: row.missing,
            spread: row.spread.clone(),
            consensus: row.consensus.clone(),
            waiting_for: row.waiting_for.clone(),
        });
        let evaluators = wire.evaluators.iter().map(|work| Evaluator {
            person: work.person.clone(),
            registered: work.registered,
            to_declare: work.to_declare,
            to_score: work.to_score,
            scored: work.scored,
            conflicted: work.conflicted,
            flagged: work.flagged,
        });
        Self {
            applications: applications.collect(),
            evaluators: evaluators.collect(),
        }
    }
}

impl Row for Applied {
    const HEAD: &'static [&'static str] = &[
        "PROTOCOL",
        "CONSORTIUM",
        "NEEDS",
        "ASSIGNED",
        "DECLARED",
        "SCORED",
        "CONFLICTS",
        "EXCLUDED",
        "FLAGGED",
        "MISSING",
        "SPREAD",
        "CONSENSUS",
    ];
    const NUMBERS: &'static [usize] = &[2, 3, 4, 5, 6, 7, 8, 9, 10];

    fn cells(&self) -> Vec<String> {
        let consensus = match self.waiting_for.as_slice() {
            [] => self.consensus.clone(),
            people => format!("{}, waits for {}", self.consensus, people.join(", ")),
        };
        vec![
            self.protocol.clone(),
            title(&self.consortium_title),
            self.required.to_string(),
            self.assigned.to_string(),
            self.declared.to_string(),
            self.scored.to_string(),
            self.conflicted.to_string(),
            self.excluded.to_string(),
            self.flagged.to_string(),
            self.missing.to_string(),
            self.spread.clone().unwrap_or_default(),
            consensus,
        ]
    }

    fn name(&self) -> String {
        self.application.clone()
    }
}

impl Row for Evaluator {
    const HEAD: &'static [&'static str] = &[
        "EVALUATOR",
        "REGISTERED",
        "TO DECLARE",
        "TO SCORE",
        "SCORED",
        "CONFLICTS",
        "FLAGGED",
    ];
    const NUMBERS: &'static [usize] = &[2, 3, 4, 5, 6];

    fn cells(&self) -> Vec<String> {
        let registered = if self.registered { "yes" } else { "no" };
        vec![
            self.person.clone(),
            registered.to_owned(),
            self.to_declare.to_string(),
            self.to_score.to_string(),
            self.scored.to_string(),
            self.conflicted.to_string(),
            self.flagged.to_string(),
        ]
    }

    fn name(&self) -> String {
        self.person.clone()
    }
}

impl View for Progress {
    fn text(&self) -> String {
        Sheet::titled(&format!(
            "{} admissible applications",
            self.applications.len()
        ))
        .rows("APPLICATIONS", &self.applications)
        .rows("EVALUATORS", &self.evaluators)
        .text()
    }

    fn name(&self) -> String {
        let names = self.applications.iter().map(|row| row.application.clone());
        names.collect::<Vec<_>>().join("\n")
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Drawn {
    seed: String,
    assigned: Vec<Pair>,
    barred: Vec<Pair>,
}

#[derive(Debug, Serialize)]
struct Pair {
    application: String,
    evaluator: String,
}

impl From<&v1::DrawAssignmentsResponse> for Drawn {
    fn from(wire: &v1::DrawAssignmentsResponse) -> Self {
        let assigned = wire.evaluations.iter().map(|known| Pair {
            application: application_of(&known.name).to_owned(),
            evaluator: known.evaluator.clone(),
        });
        let barred = wire.barred.iter().map(|pair| Pair {
            application: pair.application.clone(),
            evaluator: pair.evaluator.clone(),
        });
        Self {
            seed: wire.seed.clone(),
            assigned: assigned.collect(),
            barred: barred.collect(),
        }
    }
}

/// The application of an evaluation's name.
pub(super) fn application_of(evaluation: &str) -> &str {
    evaluation
        .split_once("/evaluations/")
        .map_or(evaluation, |(application, _)| application)
}

impl Row for Pair {
    const HEAD: &'static [&'static str] = &["APPLICATION", "EVALUATOR"];

    fn cells(&self) -> Vec<String> {
        vec![last(&self.application).to_owned(), self.evaluator.clone()]
    }

    fn name(&self) -> String {
        self.application.clone()
    }
}

impl View for Drawn {
    fn text(&self) -> String {
        let sheet = Sheet::titled(&format!("{} drawn", self.assigned.len()));
        sheet
            .field("seed", &self.seed)
            .rows("ASSIGNED", &self.assigned)
            .rows("BARRED BY WHAT SPEAKS AGAINST THEM", &self.barred)
            .text()
    }

    fn name(&self) -> String {
        self.seed.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whom_an_agreed_sheet_waits_for() {
        let wire = v1::ListProgressResponse {
            applications: vec![v1::ApplicationProgress {
                consensus: "proposed".into(),
                waiting_for: vec!["carlo".into(), "diana".into()],
                ..Default::default()
            }],
            ..Default::default()
        };

        let text = Progress::from(&wire).text();

        assert!(text.contains("proposed, waits for carlo, diana"), "{text}");
    }
}
