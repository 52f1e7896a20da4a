//! Letters of the ledger.

use bando_proto::v1;
use serde::Serialize;

use super::{at, seconds, some, title, word};
use crate::mime;
use crate::names::{last, short_call};
use crate::output::{Row, Sheet, View, clean_lines};

#[derive(Debug, Serialize)]
pub(crate) struct Letter {
    name: String,
    kind: String,
    state: String,
    recipient: String,
    address: String,
    language: String,
    call: Option<String>,
    application: Option<String>,
    message_id: Option<String>,
    queued_at: Option<String>,
    sent_at: Option<String>,
    attempts: i32,
    last_answer: Option<String>,
    delivered_at: Option<String>,
    delivery_evidence: Option<String>,
    subject: Option<String>,
    /// The text part, once the letter was written and asked for by itself.
    text: Option<String>,
    key: String,
}

impl From<&v1::Letter> for Letter {
    fn from(letter: &v1::Letter) -> Self {
        Self {
            name: letter.name.clone(),
            kind: letter.kind.clone(),
            state: state(letter.state),
            recipient: letter.recipient.clone(),
            address: letter.address.clone(),
            language: letter.language.clone(),
            call: some(&letter.call),
            application: some(&letter.application),
            message_id: some(&letter.message_id),
            queued_at: at(letter.queued_at.as_ref()),
            sent_at: at(letter.sent_at.as_ref()),
            attempts: letter.attempts,
            last_answer: some(&letter.last_answer),
            delivered_at: at(letter.delivered_at.as_ref()),
            delivery_evidence: some(&letter.delivery_evidence),
            subject: some(&letter.subject),
            text: mime::text_of(&letter.message),
            key: letter.key.clone(),
        }
    }
}

fn state(value: i32) -> String {
    let state = v1::LetterState::try_from(value)
        .ok()
        .map(|state| state.as_str_name());
    word(state, "LETTER_STATE_")
}

impl Row for Letter {
    const HEAD: &'static [&'static str] =
        &["ID", "KIND", "STATE", "QUEUED", "SENT", "CALL", "RECIPIENT"];

    fn cells(&self) -> Vec<String> {
        vec![
            last(&self.name).to_owned(),
            self.kind.clone(),
            self.state.clone(),
            seconds(self.queued_at.as_ref()),
            seconds(self.sent_at.as_ref()),
            self.call.as_deref().map(short_call).unwrap_or_default(),
            title(&self.recipient),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl View for Letter {
    fn text(&self) -> String {
        let sheet = Sheet::titled(self.subject.as_deref().unwrap_or(&self.kind))
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("state", &self.state)
            .field("recipient", &self.recipient)
            .field("address", &self.address)
            .field("language", &self.language)
            .field(
                "call",
                self.call.as_deref().map(short_call).unwrap_or_default(),
            )
            .field("application", self.application.clone().unwrap_or_default())
            .field("queued at", seconds(self.queued_at.as_ref()))
            .field("sent at", seconds(self.sent_at.as_ref()))
            .field("attempts", self.attempts.to_string())
            .field("last answer", self.last_answer.clone().unwrap_or_default())
            .field(
                if self.state == "bounced" {
                    "came back at"
                } else {
                    "delivered at"
                },
                seconds(self.delivered_at.as_ref()),
            )
            .field(
                "evidence",
                self.delivery_evidence.clone().unwrap_or_default(),
            )
            .field("message id", self.message_id.clone().unwrap_or_default())
            .field("cause", &self.key);
        match &self.text {
            Some(text) => sheet.section("TEXT", &clean_lines(text)).text(),
            None => sheet.text(),
        }
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// How many letters are in one state.
#[derive(Debug, Serialize)]
pub(crate) struct Count {
    state: String,
    count: i64,
}

impl From<&v1::LetterCount> for Count {
    fn from(count: &v1::LetterCount) -> Self {
        Self {
            state: state(count.state),
            count: count.count,
        }
    }
}

impl Row for Count {
    const HEAD: &'static [&'static str] = &["STATE", "LETTERS"];
    const NUMBERS: &'static [usize] = &[1];

    fn cells(&self) -> Vec<String> {
        vec![self.state.clone(), self.count.to_string()]
    }
}
