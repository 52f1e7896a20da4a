//! Receipts: what was received, when and with which content, signed so that anybody can verify
//! it offline; and signed refusals of late attempts.
//!
//! The signed bytes are the RFC 8785 (JCS) form of the statement (proto/bando/v1/receipt.md).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, SecondsFormat, Utc};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::consortium::Profile;
use crate::document::Document;
use crate::ids::{ApplicationId, CallId, ClarificationId, EventId};
use crate::media_type::MediaType;
use crate::project::Project;

/// What a submission seals: the consortium as it stood and the project, without personal values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedContent {
    pub application: ApplicationId,
    pub call: CallId,
    pub rule_set_version: u32,
    pub consortium: Profile,
    pub project: Project,
    /// Its documents by type, then hash; the member is left out where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub documents: Vec<SealedDocument>,
}

/// A document as a submission seals it: by its hash, without its name, which may be personal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SealedDocument {
    #[serde(rename = "type")]
    pub document_type: String,
    /// Hexadecimal SHA-256 of the file.
    pub sha256: String,
    pub media_type: MediaType,
    /// In bytes.
    pub size: u64,
}

impl SealedDocument {
    /// The documents of a working copy or an answer in their sealed order.
    pub fn of<'a>(documents: impl IntoIterator<Item = &'a Document>) -> Vec<Self> {
        let mut sealed: Vec<Self> = documents
            .into_iter()
            .map(|known| Self {
                document_type: known.document_type.clone(),
                sha256: known.sha256.clone(),
                media_type: known.media_type,
                size: known.size,
            })
            .collect();
        sealed.sort();
        sealed
    }
}

/// What a signature stands for. Field names and forms are part of the published format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub kind: StatementKind,
    pub call: CallId,
    pub application: ApplicationId,
    /// What an answer was given to; absent where a submission is stated.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub clarification: Option<ClarificationId>,
    /// Protocol number; absent from a refusal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub protocol: Option<String>,
    /// RFC 3339, UTC, six decimals.
    pub received_at: String,
    /// The deadline it was held against, same form; absent from the receipt of an answer whose
    /// term had not begun.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closes_at: Option<String>,
    /// Hexadecimal SHA-256 of the canonical content.
    pub content_sha256: String,
    pub event: EventId,
    pub key_id: String,
    /// The act that admits what came after the deadline; absent from all other statements.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub admitted_by: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    Receipt,
    LateRefusal,
    /// An answer to a clarification request, or observations on a notice.
    AnswerReceipt,
    LateAnswerRefusal,
}

/// A statement with its Ed25519 signature (base64).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    pub statement: Statement,
    pub signature: String,
}

/// Why a receipt does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    #[error("the receipt was signed with key {receipt}, the public key is {given}")]
    OtherKey { receipt: String, given: String },
    #[error("the public key is not 32 bytes of base64")]
    BadKey,
    #[error("the signature is not 64 bytes of base64")]
    BadSignature,
    #[error("the signature does not match the statement")]
    Forged,
    #[error("the content's SHA-256 is {actual}, the receipt states {stated}")]
    OtherContent { stated: String, actual: String },
}

/// A value's RFC 8785 bytes.
///
/// # Errors
/// When the value holds what JSON cannot say (a map with keys that are no text).
pub fn canonical<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json_canonicalizer::to_vec(value)
}

/// Hexadecimal SHA-256.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// An instant as signed statements write it: `2016-05-31T13:59:59.999999Z`.
pub fn instant_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Names a public key: the first 16 hexadecimal digits of its SHA-256.
pub fn key_id(key: &VerifyingKey) -> String {
    hex(&Sha256::digest(key.as_bytes())[..8])
}

pub fn public_key_text(key: &VerifyingKey) -> String {
    BASE64.encode(key.as_bytes())
}

/// Signs a statement; the same statement always gives the same signature.
///
/// # Errors
/// When the statement cannot be written as canonical JSON.
pub fn sign(key: &SigningKey, statement: Statement) -> Result<Signed, serde_json::Error> {
    let signature = BASE64.encode(key.sign(&canonical(&statement)?).to_bytes());
    Ok(Signed {
        statement,
        signature,
    })
}

/// Verifies a signed statement against a base64 public key, offline.
///
/// # Errors
/// Another key, malformed key or signature, or a signature that does not match.
pub fn verify(signed: &Signed, public_key: &str) -> Result<(), VerifyError> {
    let key: [u8; 32] = decode(public_key).ok_or(VerifyError::BadKey)?;
    let key = VerifyingKey::from_bytes(&key).map_err(|_| VerifyError::BadKey)?;
    let given = key_id(&key);
    if signed.statement.key_id != given {
        return Err(VerifyError::OtherKey {
            receipt: signed.statement.key_id.clone(),
            given,
        });
    }
    let signature: [u8; 64] = decode(&signed.signature).ok_or(VerifyError::BadSignature)?;
    let bytes = canonical(&signed.statement).map_err(|_| VerifyError::Forged)?;
    key.verify_strict(&bytes, &Signature::from_bytes(&signature))
        .map_err(|_| VerifyError::Forged)
}

/// Checks that `content` (canonical JSON) is what the statement was signed for.
///
/// # Errors
/// `OtherContent` with both hashes.
pub fn verify_content(signed: &Signed, content: &[u8]) -> Result<(), VerifyError> {
    let actual = sha256_hex(content);
    if signed.statement.content_sha256 == actual {
        return Ok(());
    }
    Err(VerifyError::OtherContent {
        stated: signed.statement.content_sha256.clone(),
        actual,
    })
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64.decode(text.trim()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_names_its_documents_and_without_any_reads_as_before() {
        let sealed = |document_type: &str, sha256: &str| SealedDocument {
            document_type: document_type.into(),
            sha256: sha256.into(),
            media_type: MediaType::Pdf,
            size: 7,
        };
        let mut content = SealedContent {
            application: ApplicationId(uuid::Uuid::from_u128(1)),
            call: "er/2016".parse().unwrap(),
            rule_set_version: 1,
            consortium: crate::examples::profile(),
            project: Project::default(),
            documents: Vec::new(),
        };
        let before = String::from_utf8(canonical(&content).unwrap()).unwrap();
        assert!(!before.contains("documents"));
        assert_eq!(
            serde_json::from_str::<SealedContent>(&before).unwrap(),
            content
        );

        content.documents = vec![sealed("form", "ab"), sealed("statute", "aa")];
        let text = String::from_utf8(canonical(&content).unwrap()).unwrap();

        let named = r#""documents":[{"media_type":"pdf","sha256":"ab","size":7,"type":"form"},"#;
        assert!(text.contains(named), "{text}");
    }

    fn signed() -> (SigningKey, Signed) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let statement = Statement {
            kind: StatementKind::Receipt,
            call: "er/2016".parse().unwrap(),
            application: ApplicationId(uuid::Uuid::from_u128(1)),
            clarification: None,
            protocol: Some("ER-2016-0000001".into()),
            received_at: "2016-05-31T14:00:00.000000Z".into(),
            closes_at: Some("2016-05-31T14:00:00.000000Z".into()),
            content_sha256: sha256_hex(b"{}"),
            event: EventId(uuid::Uuid::from_u128(2)),
            key_id: key_id(&key.verifying_key()),
            admitted_by: None,
        };
        (key.clone(), sign(&key, statement).unwrap())
    }

    #[test]
    fn a_receipt_verifies_against_its_own_key_and_content() {
        let (key, signed) = signed();

        assert_eq!(
            verify(&signed, &public_key_text(&key.verifying_key())),
            Ok(())
        );
        assert_eq!(verify_content(&signed, b"{}"), Ok(()));
    }

    #[test]
    fn a_receipt_with_another_instant_is_forged() {
        let (key, mut signed) = signed();
        signed.statement.received_at = "2016-05-31T13:00:00.000000Z".into();

        let refusal = verify(&signed, &public_key_text(&key.verifying_key()));

        assert_eq!(refusal, Err(VerifyError::Forged));
    }

    #[test]
    fn a_receipt_of_another_key_names_both() {
        let (_, signed) = signed();
        let other = SigningKey::from_bytes(&[8; 32]).verifying_key();

        let refusal = verify(&signed, &public_key_text(&other)).unwrap_err();

        assert!(matches!(refusal, VerifyError::OtherKey { .. }));
    }

    #[test]
    fn other_content_is_told_by_its_hash() {
        let (_, signed) = signed();

        assert!(verify_content(&signed, b"{ }").is_err());
    }
}
