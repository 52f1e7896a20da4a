//! An entry of the register of evaluators.

use bando_proto::v1;
use serde::Serialize;

use super::{shown, some};
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Evaluator {
    name: String,
    person: String,
    title: String,
    email: String,
    employer_partita_iva: Option<String>,
    address: Option<String>,
    relations: Vec<Relation>,
    etag: String,
}

#[derive(Debug, Serialize)]
struct Relation {
    firm: String,
    explanation: String,
}

impl From<&v1::Evaluator> for Evaluator {
    fn from(wire: &v1::Evaluator) -> Self {
        let relations = wire.relations.iter().map(|relation| Relation {
            firm: relation.firm.clone(),
            explanation: relation.explanation.clone(),
        });
        Self {
            name: wire.name.clone(),
            person: wire.person.clone(),
            title: wire.title.clone(),
            email: wire.email.clone(),
            employer_partita_iva: some(&wire.employer_partita_iva),
            address: some(&wire.address),
            relations: relations.collect(),
            etag: wire.etag.clone(),
        }
    }
}

impl Row for Evaluator {
    const HEAD: &'static [&'static str] = &["PERSON", "NAME", "E-MAIL", "EMPLOYER", "RELATIONS"];
    const NUMBERS: &'static [usize] = &[4];

    fn cells(&self) -> Vec<String> {
        vec![
            self.person.clone(),
            self.title.clone(),
            self.email.clone(),
            shown(self.employer_partita_iva.as_ref()),
            self.relations.len().to_string(),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl View for Evaluator {
    fn text(&self) -> String {
        let sheet = Sheet::titled(&format!("{} ({})", self.title, self.person))
            .field("name", &self.name)
            .field("e-mail", &self.email)
            .field("employer", shown(self.employer_partita_iva.as_ref()))
            .field("address", shown(self.address.as_ref()));
        let relations = self.relations.iter();
        relations
            .fold(sheet, |sheet, relation| {
                let told = format!("{}: {}", relation.firm, relation.explanation);
                sheet.field("relation", told)
            })
            .field("etag", &self.etag)
            .text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
