//! The published test vector of receipts: what the document shows is what the code signs.

use bando_domain::receipt::{
    Signed, canonical, hex, key_id, public_key_text, sha256_hex, sign, verify, verify_content,
};
use ed25519_dalek::SigningKey;
use serde::Deserialize;

use super::root;

#[derive(Deserialize)]
struct Vector {
    secret_key: String,
    public_key: String,
    key_id: String,
    content: String,
    statements: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    signed: Signed,
    signed_bytes: String,
}

fn vector() -> Vector {
    let path = root().join("tests/vectors/receipt.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_code_signs_the_vector_byte_for_byte() {
    let vector = vector();
    let key = SigningKey::from_bytes(&[7; 32]);
    assert_eq!(vector.secret_key, hex(&key.to_bytes()));
    assert_eq!(vector.public_key, public_key_text(&key.verifying_key()));
    assert_eq!(vector.key_id, key_id(&key.verifying_key()));
    assert_eq!(vector.statements.len(), 2);

    for Signature {
        signed,
        signed_bytes,
    } in vector.statements
    {
        let statement = signed.statement.clone();
        let bytes = String::from_utf8(canonical(&statement).unwrap()).unwrap();
        assert_eq!((signed_bytes, &vector.key_id), (bytes, &statement.key_id));
        assert_eq!(
            statement.content_sha256,
            sha256_hex(vector.content.as_bytes())
        );
        assert_eq!(sign(&key, statement).unwrap(), signed);
        assert_eq!(verify(&signed, &vector.public_key), Ok(()));
        assert_eq!(verify_content(&signed, vector.content.as_bytes()), Ok(()));
    }
}

#[test]
fn the_vectors_content_is_what_a_submission_seals() {
    let content = vector().content;

    let sealed: bando_domain::receipt::SealedContent = serde_json::from_str(&content).unwrap();

    assert_eq!(
        String::from_utf8(canonical(&sealed).unwrap()).unwrap(),
        content
    );
}

#[test]
fn the_document_shows_the_vector() {
    let document = std::fs::read_to_string(root().join("proto/bando/v1/receipt.md")).unwrap();
    let file = std::fs::read_to_string(root().join("tests/vectors/receipt.json")).unwrap();

    assert!(document.contains(&format!("```json\n{file}```")));
}
