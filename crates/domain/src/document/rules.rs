//! What a call asks for and takes, by its file (`[[documents]]`, `[document_limits]`).

use serde::{Deserialize, Serialize};

use super::{Document, Refusal};
use crate::media_type::MediaType;
use crate::programme::Text;
use crate::project::Violation;

/// The unit of the call file's sizes, in bytes.
pub const MEGABYTE: u64 = 1024 * 1024;

/// A call takes the documents it lists and no others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentRules {
    pub types: Vec<DocumentType>,
    #[serde(default)]
    pub limits: Limits,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentType {
    /// Short code, such as `statute`.
    pub code: String,
    pub name: Text,
    /// Without one of this type nothing is submitted.
    pub mandatory: bool,
    /// Never empty.
    pub accepted: Vec<MediaType>,
    /// Largest file of this type, in bytes, where it is less than the call's.
    pub largest: Option<u64>,
}

/// Over all types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of one file.
    pub file: u64,
    /// Bytes of one application's working copy.
    pub application: u64,
    /// Files of one application's working copy.
    pub files: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file: 20 * MEGABYTE,
            application: 100 * MEGABYTE,
            files: 200,
        }
    }
}

impl DocumentRules {
    pub(super) fn of_type(&self, code: &str) -> Result<&DocumentType, Refusal> {
        self.types
            .iter()
            .find(|known| known.code == code)
            .ok_or_else(|| Refusal::UnknownType {
                given: code.to_owned(),
                known: self.types.iter().map(|known| known.code.clone()).collect(),
            })
    }

    /// What the call calls a type; a type that it lists no more keeps its code.
    pub fn name_of(&self, code: &str) -> Text {
        let mut known = self.types.iter();
        let known = known.find(|known| known.code == code);
        known.map_or_else(|| Text::new(code, code), |known| known.name.clone())
    }

    /// The mandatory types that no document of the working copy serves. One that a scanner found
    /// infected serves: a scanner never makes anybody miss a deadline.
    pub fn missing(&self, present: &[Document]) -> Vec<Violation> {
        let mandatory = self.types.iter().filter(|known| known.mandatory);
        let absent =
            mandatory.filter(|known| present.iter().all(|one| one.document_type != known.code));
        absent
            .map(|known| {
                let explanation = format!("the document `{}` is missing", known.name.en);
                Violation::new(
                    format!("documents[{}]", known.code),
                    "REQUIRED",
                    explanation,
                )
            })
            .collect()
    }

    pub fn has_mandatory(&self) -> bool {
        self.types.iter().any(|known| known.mandatory)
    }
}

impl DocumentType {
    pub(super) fn expect_format(&self, given: MediaType) -> Result<(), Refusal> {
        if self.accepted.contains(&given) {
            return Ok(());
        }
        Err(Refusal::FormatNotAccepted {
            given,
            accepted: self.accepted.clone(),
        })
    }

    pub(super) fn expect_size(&self, limits: &Limits, size: u64) -> Result<(), Refusal> {
        if size == 0 {
            return Err(Refusal::Empty);
        }
        let limit = self.largest.unwrap_or(limits.file).min(limits.file);
        if size > limit {
            return Err(Refusal::FileTooLarge { size, limit });
        }
        Ok(())
    }
}

impl Limits {
    pub(super) fn expect_room(&self, present: &[Document], size: u64) -> Result<(), Refusal> {
        let count = u32::try_from(present.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        if count > self.files {
            return Err(Refusal::TooManyFiles {
                count,
                limit: self.files,
            });
        }
        let total = present
            .iter()
            .fold(size, |sum, known| sum.saturating_add(known.size));
        if total > self.application {
            return Err(Refusal::ApplicationTooLarge {
                total,
                limit: self.application,
            });
        }
        Ok(())
    }
}
