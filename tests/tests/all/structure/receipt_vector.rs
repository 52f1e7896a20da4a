//! The published test vectors of receipts: what they show is what the code signs.

use bando_domain::clarification::SealedAnswer;
use bando_domain::receipt::SealedContent;

use bando_domain::receipt::{
    Signed, canonical, hex, key_id, public_key_text, sha256_hex, sign, verify, verify_content,
};
use ed25519_dalek::SigningKey;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::root;

/// Submissions, answers to a clarification request, observations on a notice before a rejection.
pub(crate) const VECTORS: [&str; 3] = ["receipt", "answer_receipt", "observations_receipt"];

#[derive(Deserialize)]
pub(crate) struct Vector {
    secret_key: String,
    pub(crate) public_key: String,
    key_id: String,
    pub(crate) content: String,
    pub(crate) statements: Vec<Signature>,
}

#[derive(Deserialize)]
pub(crate) struct Signature {
    pub(crate) signed: Signed,
    signed_bytes: String,
}

pub(crate) fn vector(name: &str) -> Vector {
    let path = root().join(format!("tests/vectors/{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_code_signs_the_vectors_byte_for_byte() {
    for name in VECTORS {
        let vector = vector(name);
        let key = SigningKey::from_bytes(&[7; 32]);
        assert_eq!(vector.secret_key, hex(&key.to_bytes()));
        assert_eq!(vector.public_key, public_key_text(&key.verifying_key()));
        assert_eq!(vector.key_id, key_id(&key.verifying_key()));
        assert!(vector.statements.len() >= 2, "{name}");

        for Signature {
            signed,
            signed_bytes,
        } in vector.statements
        {
            let statement = signed.statement.clone();
            let bytes = String::from_utf8(canonical(&statement).unwrap()).unwrap();
            assert_eq!((signed_bytes, &vector.key_id), (bytes, &statement.key_id));
            let content = vector.content.as_bytes();
            assert_eq!(statement.content_sha256, sha256_hex(content));
            assert_eq!(sign(&key, statement).unwrap(), signed);
            assert_eq!(verify(&signed, &vector.public_key), Ok(()));
            assert_eq!(verify_content(&signed, content), Ok(()));
        }
    }
}

#[test]
fn the_contents_are_what_submissions_and_answers_seal() {
    assert_seals::<SealedContent>("receipt");
    assert_seals::<SealedAnswer>("answer_receipt");
    assert_seals::<SealedAnswer>("observations_receipt");
}

fn assert_seals<T: Serialize + DeserializeOwned>(name: &str) {
    let content = vector(name).content;

    let sealed: T = serde_json::from_str(&content).unwrap();

    let again = String::from_utf8(canonical(&sealed).unwrap()).unwrap();
    assert_eq!(again, content);
}

#[test]
fn the_document_shows_the_vector() {
    let document = std::fs::read_to_string(root().join("proto/bando/v1/receipt.md")).unwrap();
    let file = std::fs::read_to_string(root().join("tests/vectors/receipt.json")).unwrap();

    assert!(document.contains(&format!("```json\n{file}```")));
}
