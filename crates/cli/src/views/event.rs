//! Events of the audit trail, and the finding over its whole chain.

use bando_proto::v1;
use serde::Serialize;

use super::{at, seconds, some};
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Event {
    name: String,
    revision: i64,
    subject_kind: String,
    subject: String,
    version: i64,
    kind: String,
    at: Option<String>,
    person: String,
    call: Option<String>,
    /// The JSON itself, not its text.
    payload: serde_json::Value,
    chain_hash: String,
    request_id: Option<String>,
}

impl From<&v1::Event> for Event {
    fn from(event: &v1::Event) -> Self {
        let text = || serde_json::Value::String(event.payload.clone());
        Self {
            name: event.name.clone(),
            revision: event.revision,
            subject_kind: event.subject_kind.clone(),
            subject: event.subject.clone(),
            version: event.version,
            kind: event.kind.clone(),
            at: at(event.at.as_ref()),
            person: event.person.clone(),
            call: some(&event.call),
            payload: serde_json::from_str(&event.payload).unwrap_or_else(|_| text()),
            chain_hash: event.chain_hash.clone(),
            request_id: some(&event.request_id),
        }
    }
}

impl Row for Event {
    const HEAD: &'static [&'static str] = &["REVISION", "AT", "PERSON", "SUBJECT", "EVENT", "ID"];
    const NUMBERS: &'static [usize] = &[0];

    fn cells(&self) -> Vec<String> {
        vec![
            self.revision.to_string(),
            seconds(self.at.as_ref()),
            self.person.clone(),
            self.subject_kind.clone(),
            self.kind.clone(),
            self.subject.clone(),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Chain {
    pub(crate) valid: bool,
    pub(crate) events: i64,
    pub(crate) head: String,
    /// The first revision that does not hold.
    pub(crate) first_bad_revision: Option<i64>,
    pub(crate) finding: Option<String>,
    /// Signed heads of the chain that still hold.
    pub(crate) checkpoints: i64,
}

impl From<&v1::VerifyChainResponse> for Chain {
    fn from(response: &v1::VerifyChainResponse) -> Self {
        Self {
            valid: response.valid,
            events: response.events,
            head: response.head.clone(),
            first_bad_revision: (!response.valid).then_some(response.first_bad_revision),
            finding: some(&response.finding),
            checkpoints: response.checkpoints,
        }
    }
}

impl View for Chain {
    fn text(&self) -> String {
        let revision = self.first_bad_revision.map(|revision| revision.to_string());
        Sheet::titled(if self.valid { "valid" } else { "NOT VALID" })
            .field("events", self.events.to_string())
            .field("head", &self.head)
            .field("checkpoints", self.checkpoints.to_string())
            .field("first bad revision", revision.unwrap_or_default())
            .field("finding", self.finding.clone().unwrap_or_default())
            .text()
    }
}
