//! Checkpoints: the head of the audit chain, signed. Who rewrites the database, chain and all,
//! cannot rewrite what was signed before.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::receipt::{canonical, instant_text, key_id};

/// A signed head of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub revision: i64,
    /// Hexadecimal hash of the chain after that revision.
    pub chain_hash: String,
    pub at: DateTime<Utc>,
    pub key_id: String,
    /// Base64.
    pub signature: String,
}

/// What is signed, as RFC 8785 bytes. Its form is published; never changed.
#[derive(Serialize)]
struct Statement<'a> {
    kind: &'static str,
    revision: i64,
    chain_hash: &'a str,
    at: String,
    key_id: &'a str,
}

fn bytes(checkpoint: &Checkpoint) -> Result<Vec<u8>, serde_json::Error> {
    canonical(&Statement {
        kind: "checkpoint",
        revision: checkpoint.revision,
        chain_hash: &checkpoint.chain_hash,
        at: instant_text(checkpoint.at),
        key_id: &checkpoint.key_id,
    })
}

/// Signs the head of the chain.
///
/// # Errors
/// When the statement cannot be written as canonical JSON.
pub fn sign(
    key: &SigningKey,
    (revision, chain_hash): (i64, String),
    at: DateTime<Utc>,
) -> Result<Checkpoint, serde_json::Error> {
    let mut checkpoint = Checkpoint {
        revision,
        chain_hash,
        at,
        key_id: key_id(&key.verifying_key()),
        signature: String::new(),
    };
    checkpoint.signature = BASE64.encode(key.sign(&bytes(&checkpoint)?).to_bytes());
    Ok(checkpoint)
}

/// Whether a checkpoint was signed with `key`. One of another key is not judged: `None`.
pub fn is_signed_by(checkpoint: &Checkpoint, key: &VerifyingKey) -> Option<bool> {
    if checkpoint.key_id != key_id(key) {
        return None;
    }
    let signature = BASE64.decode(&checkpoint.signature).ok();
    let signature: Option<[u8; 64]> = signature.and_then(|bytes| bytes.try_into().ok());
    let (Some(signature), Ok(bytes)) = (signature, bytes(checkpoint)) else {
        return Some(false);
    };
    let signature = Signature::from_bytes(&signature);
    Some(key.verify_strict(&bytes, &signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_holds_until_a_single_value_of_it_is_changed() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let signed = sign(&key, (12, "ab".repeat(32)), DateTime::UNIX_EPOCH).unwrap();
        let verdict = |checkpoint: &Checkpoint| is_signed_by(checkpoint, &key.verifying_key());

        let mut other = signed.clone();
        other.revision = 13;
        let mut foreign = signed.clone();
        foreign.key_id = "0".repeat(16);

        assert_eq!(verdict(&signed), Some(true));
        assert_eq!(verdict(&other), Some(false));
        assert_eq!(verdict(&foreign), None);
    }
}
