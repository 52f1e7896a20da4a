//! A document of an application: a file of a stated format for a type that the call lists. What it
//! is about is here; its bytes lie apart, once, under their SHA-256.

mod refusal;
mod rules;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::event::Personal;
use crate::ids::{ApplicationId, CallId, ClarificationId, ConsortiumId, DocumentId};
use crate::media_type::MediaType;
use crate::project::Violation;

pub use refusal::Refusal;
pub use rules::{DocumentRules, DocumentType, Limits, MEGABYTE};

/// Longest file name, in characters.
pub const FILE_NAME_LIMIT: usize = 200;
/// Longest note on a verification, in characters.
pub const NOTE_LIMIT: usize = 2_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub id: DocumentId,
    pub application: ApplicationId,
    pub call: CallId,
    pub consortium: ConsortiumId,
    /// Code of the call's document type.
    pub document_type: String,
    /// As its owner named it: people's names stand in such names.
    pub file_name: Personal,
    pub media_type: MediaType,
    pub size: u64,
    /// Hexadecimal; where the bytes lie.
    pub sha256: String,
    /// What is inside that an officer should know before opening it.
    pub marks: Vec<Mark>,
    pub added_by: String,
    pub added_at: DateTime<Utc>,
    /// Taken out of the working copy; a submission that sealed it keeps it.
    pub removed_at: Option<DateTime<Utc>>,
    /// `None` until a scanner has looked at it.
    pub scan: Option<Scan>,
    pub verification: Option<Verification>,
    /// What it answers; `None` where it belongs to the working copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
}

/// What the consortium was asked for, during the check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub clarification: ClarificationId,
    /// Place of the item, from 1.
    pub item: u32,
}

/// Active content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// An office file with macros.
    Macros,
    /// A PDF with scripts.
    Script,
    /// A PDF that starts programs.
    Launch,
}

impl Mark {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Macros => "macros",
            Self::Script => "script",
            Self::Launch => "launch",
        }
    }
}

/// What the scanner said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    pub at: DateTime<Utc>,
    pub verdict: ScanVerdict,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum ScanVerdict {
    Clean,
    Infected {
        /// As the scanner names what it found.
        signature: String,
    },
}

/// How a document stands to the scanner, as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScanState {
    /// No scanner is configured.
    NotScanned,
    /// In quarantine until the scanner has looked at it.
    Pending,
    Clean,
    Infected,
}

impl ScanState {
    pub const ALL: [Self; 4] = [Self::NotScanned, Self::Pending, Self::Clean, Self::Infected];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotScanned => "not_scanned",
            Self::Pending => "pending_scan",
            Self::Clean => "clean",
            Self::Infected => "infected",
        }
    }
}

/// What an officer found about a signature, with a tool of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    pub result: VerificationResult,
    /// Who signed, as far as it could be read.
    pub signer: Option<Personal>,
    /// The officer.
    pub by: String,
    pub at: DateTime<Utc>,
    pub note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerificationResult {
    Valid,
    Invalid,
    NotVerifiable,
}

impl VerificationResult {
    pub const ALL: [Self; 3] = [Self::Valid, Self::Invalid, Self::NotVerifiable];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::NotVerifiable => "not_verifiable",
        }
    }
}

/// What is said of a file before its first byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub document_type: String,
    pub file_name: String,
    pub media_type: MediaType,
    pub size: u64,
    /// Hexadecimal, lower case.
    pub sha256: String,
    /// `None` for the working copy.
    pub asked: Option<Asked>,
}

/// What happens to a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Added { document: Box<Document> },
    Removed { at: DateTime<Utc> },
    Scanned { scan: Scan },
    Verified { verification: Verification },
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Added { .. } => "document_added",
            Self::Removed { .. } => "document_removed",
            Self::Scanned { .. } => "document_scanned",
            Self::Verified { .. } => "document_verified",
        }
    }
}

/// Whether a file that is offered fits what the call takes, beside those that are there: in the
/// working copy, or in answer to the same request.
pub fn may_add(
    rules: &DocumentRules,
    present: &[Document],
    offered: &Offered,
) -> Result<(), Refusal> {
    let known = rules.of_type(&offered.document_type)?;
    known.expect_format(offered.media_type)?;
    known.expect_size(&rules.limits, offered.size)?;
    rules.limits.expect_room(present, offered.size)?;
    let same = |known: &&Document| {
        known.sha256 == offered.sha256
            && known.document_type == offered.document_type
            && known.asked == offered.asked
    };
    match present.iter().find(same) {
        Some(known) => Err(Refusal::Exists { id: known.id }),
        None => Ok(()),
    }
}

/// Takes a document out of the working copy, or back before the answer it was meant for; `answer`
/// is the number of the one that holds it.
pub fn remove(
    document: &Document,
    answer: Option<u32>,
    at: DateTime<Utc>,
) -> Result<Event, Refusal> {
    expect_present(document)?;
    if let Some(number) = answer {
        return Err(Refusal::Answered { number });
    }
    Ok(Event::Removed { at })
}

/// Writes down what an officer found; they may correct themselves.
pub fn verify(verification: Verification) -> Event {
    Event::Verified { verification }
}

/// Whether the bytes may be read: never what is infected, and by others than its owner nothing
/// that a scanner has still to look at. Where there is no scanner, the state says so and they may.
pub fn may_read(document: &Document, has_scanner: bool, by_owner: bool) -> Result<(), Refusal> {
    match document.scan_state(has_scanner) {
        ScanState::Infected => Err(Refusal::Infected {
            signature: document.signature().unwrap_or_default().to_owned(),
        }),
        ScanState::Pending if !by_owner => Err(Refusal::InQuarantine),
        ScanState::Pending | ScanState::Clean | ScanState::NotScanned => Ok(()),
    }
}

/// The document after `event`; `None` before it was added.
#[must_use]
pub fn apply(before: Option<Document>, event: &Event) -> Option<Document> {
    if let Event::Added { document } = event {
        return Some((**document).clone());
    }
    let document = before?;
    Some(match event {
        Event::Added { .. } => document,
        Event::Removed { at } => Document {
            removed_at: Some(*at),
            ..document
        },
        Event::Scanned { scan } => Document {
            scan: Some(scan.clone()),
            ..document
        },
        Event::Verified { verification } => Document {
            verification: Some(verification.clone()),
            ..document
        },
    })
}

impl Document {
    pub fn scan_state(&self, has_scanner: bool) -> ScanState {
        match self.scan.as_ref().map(|scan| &scan.verdict) {
            Some(ScanVerdict::Clean) => ScanState::Clean,
            Some(ScanVerdict::Infected { .. }) => ScanState::Infected,
            None if has_scanner => ScanState::Pending,
            None => ScanState::NotScanned,
        }
    }

    /// What the scanner found in it.
    pub fn signature(&self) -> Option<&str> {
        match self.scan.as_ref().map(|scan| &scan.verdict) {
            Some(ScanVerdict::Infected { signature }) => Some(signature),
            Some(ScanVerdict::Clean) | None => None,
        }
    }
}

pub fn expect_present(document: &Document) -> Result<(), Refusal> {
    match document.removed_at {
        Some(at) => Err(Refusal::Removed { at }),
        None => Ok(()),
    }
}

/// What must never be said of a file.
pub fn malformed(offered: &Offered) -> Vec<Violation> {
    let mut found = Vec::new();
    let name = &offered.file_name;
    let is_one_name = !name.trim().is_empty()
        && name.chars().count() <= FILE_NAME_LIMIT
        && !name.chars().any(|c| c.is_control() || "/\\".contains(c));
    if !is_one_name {
        let explanation =
            format!("one file name of 1 to {FILE_NAME_LIMIT} characters, without a folder");
        found.push(Violation::new("file_name", "FILE_NAME", explanation));
    } else if MediaType::of_file_name(name) != Some(offered.media_type) {
        let ending = offered.media_type.as_str();
        let explanation = format!(
            "the name of {} ends in .{ending}",
            offered.media_type.mime()
        );
        found.push(Violation::new("file_name", "FILE_NAME", explanation));
    }
    let is_hash = offered.sha256.len() == 64
        && offered
            .sha256
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !is_hash {
        let explanation = "64 hexadecimal digits in lower case";
        found.push(Violation::new("sha256", "SHA256", explanation));
    }
    found
}

#[cfg(test)]
mod tests;
