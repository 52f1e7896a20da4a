//! What an import came to.

use bando_proto::v1;
use serde::Serialize;

use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Imported {
    consortia: i32,
    members: i32,
    links: i32,
}

/// One cell that breaks a rule.
#[derive(Debug, Serialize)]
pub(crate) struct RefusedRow {
    line: i64,
    field: String,
    value: String,
    rule: String,
    explanation: String,
}

impl From<&v1::ImportConsortiaResponse> for Imported {
    fn from(answer: &v1::ImportConsortiaResponse) -> Self {
        Self {
            consortia: answer.consortia,
            members: answer.members,
            links: answer.links,
        }
    }
}

impl From<&v1::RefusedRow> for RefusedRow {
    fn from(row: &v1::RefusedRow) -> Self {
        Self {
            line: row.line,
            field: row.field.clone(),
            value: row.value.clone(),
            rule: row.rule.clone(),
            explanation: row.explanation.clone(),
        }
    }
}

impl View for Imported {
    fn text(&self) -> String {
        Sheet::titled("Import")
            .field("consortia", self.consortia.to_string())
            .field("members", self.members.to_string())
            .field("links", self.links.to_string())
            .text()
    }
}

impl Row for RefusedRow {
    const HEAD: &'static [&'static str] = &["LINE", "FIELD", "VALUE", "RULE", "EXPLANATION"];
    const NUMBERS: &'static [usize] = &[0];

    fn cells(&self) -> Vec<String> {
        vec![
            self.line.to_string(),
            self.field.clone(),
            self.value.clone(),
            self.rule.clone(),
            self.explanation.clone(),
        ]
    }
}
