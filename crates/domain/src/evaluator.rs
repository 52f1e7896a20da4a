//! The register of evaluators of a programme: what is known of a person who scores, so that
//! conflicts of interest are found before anybody has to think of them.

use serde::{Deserialize, Serialize};

use crate::event::Personal;
use crate::identifiers::{EmailAddress, PartitaIva};
use crate::ids::{EvaluatorId, ProgrammeId};
use crate::project::Violation;

/// Most relations of one evaluator.
pub const RELATIONS_LIMIT: usize = 200;
const NAME_LIMIT: usize = 200;
const ADDRESS_LIMIT: usize = 300;
const EXPLANATION_LIMIT: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluator {
    pub id: EvaluatorId,
    pub programme: ProgrammeId,
    /// The name their token carries.
    pub person: String,
    pub details: Details,
}

/// What may change; all of it but the employer's number is personal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    pub name: Personal,
    pub email: Personal,
    /// The firm or body they work for.
    pub employer: Option<PartitaIva>,
    /// Street address; empty when not known.
    pub address: Personal,
    /// Firms they declare a relation to.
    pub relations: Vec<Relation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relation {
    pub firm: PartitaIva,
    /// Such as "co-author of a project in 2025" or "the firm of a cousin".
    pub explanation: Personal,
}

/// What happens to an entry of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Registered { evaluator: Box<Evaluator> },
    Amended { details: Box<Details> },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Registered { .. } => "registered",
            Self::Amended { .. } => "amended",
        }
    }
}

/// The entry after `event`; `None` before it was registered.
#[must_use]
pub fn apply(before: Option<Evaluator>, event: &Event) -> Option<Evaluator> {
    match event {
        Event::Registered { evaluator } => Some((**evaluator).clone()),
        Event::Amended { details } => before.map(|known| Evaluator {
            details: (**details).clone(),
            ..known
        }),
    }
}

/// What the register must never contain, by field.
pub fn malformed(person: &str, details: &Details) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut line = |field: String, text: &str, least: usize, most: usize| {
        let length = text.trim().chars().count();
        if length < least || length > most || text.chars().any(char::is_control) {
            let rule = format!("{least} to {most} characters, none of them a control character");
            violations.push(Violation::new(field, "NAME", rule));
        }
    };
    line("person".to_owned(), person, 1, 100);
    line("title".to_owned(), details.name.reveal(), 1, NAME_LIMIT);
    line(
        "address".to_owned(),
        details.address.reveal(),
        0,
        ADDRESS_LIMIT,
    );
    for (position, relation) in details.relations.iter().enumerate() {
        let field = format!("relations[{position}].explanation");
        line(field, relation.explanation.reveal(), 1, EXPLANATION_LIMIT);
    }
    if let Err(error) = EmailAddress::parse(details.email.reveal()) {
        violations.push(Violation::new("email", "EMAIL", error.to_string()));
    }
    if details.relations.len() > RELATIONS_LIMIT {
        let rule = format!("at most {RELATIONS_LIMIT} relations");
        violations.push(Violation::new("relations", "TOO_MANY", rule));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told() {
        let details = Details {
            name: Personal::new(""),
            email: Personal::new("nobody"),
            employer: None,
            address: Personal::new("x".repeat(301)),
            relations: vec![Relation {
                firm: PartitaIva::from_seven(1, 34),
                explanation: Personal::new(" "),
            }],
        };

        let fields: Vec<String> = malformed("carlo", &details)
            .into_iter()
            .map(|found| found.field)
            .collect();

        assert_eq!(
            fields,
            ["title", "address", "relations[0].explanation", "email"]
        );
    }
}
