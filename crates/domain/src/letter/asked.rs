//! What letters tell of a request and its answer. Stored with the letter: only add.

use serde::{Deserialize, Serialize};

use crate::clarification::ItemKind;
use crate::ids::ClarificationId;
use crate::programme::Text;

/// What all letters about a request tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub clarification: ClarificationId,
    pub application: String,
    pub project: String,
    /// Whether it is the notice before a rejection, which asks for observations.
    pub is_notice: bool,
}

/// One thing asked, by its place from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedItem {
    pub item: u32,
    pub kind: ItemKind,
    pub rule: String,
    pub text: Text,
}

/// A document of an answer, without its file name, in which people's names stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredDocument {
    /// Place of the item it answers, from 1.
    pub item: u32,
    /// What the call calls its type.
    pub name: Text,
    pub sha256: String,
}
