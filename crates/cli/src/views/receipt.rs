//! Signed statements, in the form of a receipt file, and the keys that verify them.

use bando_proto::v1;
use serde::{Deserialize, Serialize};

use super::{some, word};
use crate::output::{Row, Sheet, View};

/// A statement with its signature: the same JSON as [`bando_domain::receipt::Signed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Signed {
    pub(crate) statement: Statement,
    pub(crate) signature: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Statement {
    pub(crate) kind: String,
    pub(crate) call: String,
    pub(crate) application: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clarification: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) protocol: Option<String>,
    pub(crate) received_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) closes_at: Option<String>,
    pub(crate) content_sha256: String,
    pub(crate) event: String,
    pub(crate) key_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) admitted_by: Option<String>,
}

impl From<&v1::SignedStatement> for Signed {
    fn from(wire: &v1::SignedStatement) -> Self {
        let kind = v1::StatementKind::try_from(wire.kind)
            .ok()
            .map(|kind| kind.as_str_name());
        Self {
            statement: Statement {
                kind: word(kind, "STATEMENT_KIND_"),
                call: wire.call.clone(),
                application: wire.application.clone(),
                clarification: some(&wire.clarification),
                protocol: some(&wire.protocol),
                received_at: wire.received_at.clone(),
                closes_at: some(&wire.closes_at),
                content_sha256: wire.content_sha256.clone(),
                event: wire.event.clone(),
                key_id: wire.key_id.clone(),
                admitted_by: some(&wire.admitted_by),
            },
            signature: wire.signature.clone(),
        }
    }
}

impl Signed {
    /// The content of a receipt file.
    pub(crate) fn file(&self) -> Vec<u8> {
        // Texts alone always make JSON.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

impl View for Signed {
    fn text(&self) -> String {
        let statement = &self.statement;
        let title = match &statement.protocol {
            Some(protocol) => format!("{} {protocol}", statement.kind),
            None => statement.kind.clone(),
        };
        Sheet::titled(&title)
            .field("call", &statement.call)
            .field("application", &statement.application)
            .field(
                "clarification",
                statement.clarification.as_deref().unwrap_or_default(),
            )
            .field("received at", &statement.received_at)
            .field(
                "closes at",
                statement.closes_at.as_deref().unwrap_or_default(),
            )
            .field(
                "admitted by",
                statement.admitted_by.as_deref().unwrap_or_default(),
            )
            .field("content SHA-256", &statement.content_sha256)
            .field("event", &statement.event)
            .field("key", &statement.key_id)
            .field("signature", &self.signature)
            .text()
    }
}

impl Row for Signed {
    const HEAD: &'static [&'static str] = &["PROTOCOL", "RECEIVED", "CONTENT SHA-256"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.statement.protocol.clone().unwrap_or_default(),
            self.statement.received_at.clone(),
            self.statement.content_sha256.clone(),
        ]
    }
}

/// A public key; what `bando receipt keys --save` writes and `bando receipt verify --key` reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) key_id: String,
    pub(crate) public_key: String,
}

impl Row for Key {
    const HEAD: &'static [&'static str] = &["KEY", "PUBLIC KEY"];

    fn cells(&self) -> Vec<String> {
        vec![self.key_id.clone(), self.public_key.clone()]
    }
}

/// What a verification found.
#[derive(Debug, Serialize)]
pub(crate) struct Verification {
    pub(crate) valid: bool,
    /// Why it does not hold.
    pub(crate) finding: Option<String>,
    /// Whether the sealed content was compared too.
    pub(crate) content_checked: bool,
    pub(crate) receipt: bando_domain::receipt::Signed,
}

impl View for Verification {
    fn text(&self) -> String {
        let statement = &self.receipt.statement;
        let verdict = if self.valid { "valid" } else { "NOT VALID" };
        let content = match (self.valid, self.content_checked) {
            (_, false) => "not compared (--content FILE compares it)",
            (true, true) => "matches",
            (false, true) => "",
        };
        Sheet::titled(verdict)
            .field("finding", self.finding.clone().unwrap_or_default())
            .field("protocol", statement.protocol.clone().unwrap_or_default())
            .field("call", statement.call.to_string())
            .field("application", statement.application.to_string())
            .field("received at", &statement.received_at)
            .field(
                "closes at",
                statement.closes_at.as_deref().unwrap_or_default(),
            )
            .field("content", content)
            .field("key", &statement.key_id)
            .text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(protocol: &str, kind: v1::StatementKind) -> v1::SignedStatement {
        v1::SignedStatement {
            kind: kind.into(),
            call: "er/2016".into(),
            application: "00000000-0000-0000-0000-000000000001".into(),
            protocol: protocol.into(),
            received_at: "2016-05-31T14:00:00.000000Z".into(),
            closes_at: "2016-05-31T14:00:00.000000Z".into(),
            content_sha256: "ab".into(),
            event: "00000000-0000-0000-0000-000000000002".into(),
            key_id: "cd".into(),
            signature: "ef".into(),
            clarification: String::new(),
            admitted_by: String::new(),
        }
    }

    #[test]
    fn a_receipt_file_is_the_published_form_with_and_without_protocol() {
        let refusal = v1::StatementKind::LateRefusal;
        let answer = v1::SignedStatement {
            clarification: "00000000-0000-0000-0000-000000000003".into(),
            closes_at: String::new(),
            ..wire("ER-2016-0000002", v1::StatementKind::AnswerReceipt)
        };
        for wire in [
            wire("ER-2016-0000001", v1::StatementKind::Receipt),
            wire("", refusal),
            wire("", v1::StatementKind::LateAnswerRefusal),
            answer,
        ] {
            let file = Signed::from(&wire).file();

            let published: bando_domain::receipt::Signed = serde_json::from_slice(&file).unwrap();

            let again = serde_json::to_value(&published).unwrap();
            assert_eq!(
                again,
                serde_json::from_slice::<serde_json::Value>(&file).unwrap()
            );
        }
    }
}
