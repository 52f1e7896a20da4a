//! A programme: a standing scheme with its sender, language and time zone; parent of calls.

use serde::{Deserialize, Serialize};

use crate::civil::{Language, Zone};
use crate::identifiers::EmailAddress;
use crate::ids::ProgrammeId;

/// A text in both languages of the letters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub it: String,
    pub en: String,
}

impl Text {
    pub fn new(it: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            it: it.into(),
            en: en.into(),
        }
    }

    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::It => &self.it,
            Language::En => &self.en,
        }
    }
}

/// A standing scheme, as its file says it (`config/programmes/*.toml`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programme {
    pub id: ProgrammeId,
    pub name: Text,
    /// The body that runs it, as printed in letters.
    pub authority: Text,
    /// Region of the legal seat and of the members, as its official name.
    pub region: String,
    pub language: Language,
    pub zone: Zone,
    /// ISO 4217; only EUR is supported.
    pub currency: String,
    pub sender: EmailAddress,
    /// A mailbox somebody reads: answers to our letters go there.
    pub reply_to: EmailAddress,
    /// Where the officers' digest goes.
    pub officers: Vec<EmailAddress>,
}

/// What happens to a programme: it is loaded, and loaded again when its file changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Loaded { programme: Box<Programme> },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Loaded { .. } => "loaded",
        }
    }
}

/// The programme after `event`.
#[must_use]
pub fn apply(_before: Option<Programme>, event: &Event) -> Programme {
    match event {
        Event::Loaded { programme } => (**programme).clone(),
    }
}
