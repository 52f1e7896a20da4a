//! Every reason for which a document is refused.

use chrono::{DateTime, Utc};

use crate::ids::DocumentId;
use crate::media_type::MediaType;

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the call takes no document of type `{given}`, it takes: {}", listed(.known))]
    UnknownType { given: String, known: Vec<String> },
    #[error("{} is not accepted for this type, accepted: {}", .given.as_str(), formats(.accepted))]
    FormatNotAccepted {
        given: MediaType,
        accepted: Vec<MediaType>,
    },
    #[error("the file is empty")]
    Empty,
    #[error("the file has {size} bytes, at most {limit} are taken")]
    FileTooLarge { size: u64, limit: u64 },
    #[error("the application would have {total} bytes of documents, at most {limit} are taken")]
    ApplicationTooLarge { total: u64, limit: u64 },
    #[error("the application would have {count} documents, at most {limit} are taken")]
    TooManyFiles { count: u32, limit: u32 },
    #[error("the same file is there for this type already, as document {id}")]
    Exists { id: DocumentId },
    #[error("{} was declared, the content begins like {found}", .declared.mime())]
    OtherContent { declared: MediaType, found: String },
    #[error("the archive cannot be read: {cause}")]
    ArchiveUnreadable { cause: String },
    #[error("entry `{entry}` of the archive leads out of its folder")]
    ArchivePath { entry: String },
    #[error("entry `{entry}` of the archive is a link")]
    ArchiveLink { entry: String },
    #[error(
        "the archive unpacks {packed} bytes to {unpacked}, at most {limit} times as many are taken"
    )]
    ArchiveRatio {
        packed: u64,
        unpacked: u64,
        limit: u64,
    },
    #[error("the archive has {count} entries, at most {limit} are taken")]
    ArchiveEntries { count: u64, limit: u64 },
    #[error("the document was removed at {at}")]
    Removed { at: DateTime<Utc> },
    #[error("the document is part of answer {number}, which has its receipt")]
    Answered { number: u32 },
    #[error("the document waits for the virus scanner")]
    InQuarantine,
    #[error("the virus scanner found `{signature}`: the document is never given out")]
    Infected { signature: String },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::UnknownType { .. } => "DOCUMENT_TYPE_UNKNOWN",
            Self::FormatNotAccepted { .. } => "DOCUMENT_FORMAT",
            Self::Empty => "DOCUMENT_EMPTY",
            Self::FileTooLarge { .. } => "DOCUMENT_TOO_LARGE",
            Self::ApplicationTooLarge { .. } => "DOCUMENTS_TOO_LARGE",
            Self::TooManyFiles { .. } => "DOCUMENTS_TOO_MANY",
            Self::Exists { .. } => "DOCUMENT_EXISTS",
            Self::OtherContent { .. } => "DOCUMENT_OTHER_CONTENT",
            Self::ArchiveUnreadable { .. } => "ARCHIVE_UNREADABLE",
            Self::ArchivePath { .. } => "ARCHIVE_PATH",
            Self::ArchiveLink { .. } => "ARCHIVE_LINK",
            Self::ArchiveRatio { .. } => "ARCHIVE_RATIO",
            Self::ArchiveEntries { .. } => "ARCHIVE_ENTRIES",
            Self::Removed { .. } => "DOCUMENT_REMOVED",
            Self::Answered { .. } => "DOCUMENT_ANSWERED",
            Self::InQuarantine => "DOCUMENT_IN_QUARANTINE",
            Self::Infected { .. } => "DOCUMENT_INFECTED",
        }
    }
}

fn listed(codes: &[String]) -> String {
    if codes.is_empty() {
        "none".to_owned()
    } else {
        codes.join(", ")
    }
}

fn formats(accepted: &[MediaType]) -> String {
    let names: Vec<&str> = accepted.iter().map(|known| known.as_str()).collect();
    names.join(", ")
}
