//! `bando receipt`: verifies receipts offline, and fetches the keys that verify them.

use std::path::{Path, PathBuf};

use bando_domain::receipt::{self, Signed, VerifyError};
use bando_proto::v1::ListReceiptKeysRequest;
use clap::Subcommand;

use crate::errors::{Exit, Failure};
use crate::files::{self, PUBLIC, Reserved};
use crate::session::Session;
use crate::views::receipt::{Key, Verification};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verifies a receipt, or a signed refusal, against a public key; exit 6 when it does not hold.
    ///
    /// With --key no daemon is asked. The key is base64 of 32 bytes, a file with it, or the file
    /// that `bando receipt keys --save` writes. A receipt file holds the JSON object
    /// {"statement": …, "signature": …} that `bando application receipt --save` writes.
    #[command(after_help = "Examples:
  bando receipt verify receipt.json
  bando receipt verify receipt.json --content content.json --key keys.json")]
    Verify {
        /// The receipt's file.
        file: PathBuf,
        /// The sealed content, whose SHA-256 the receipt states.
        #[arg(long, value_name = "FILE")]
        content: Option<PathBuf>,
        /// The public key, or a file with it; the daemon's keys when absent.
        #[arg(long, value_name = "KEY or FILE")]
        key: Option<String>,
    },
    /// Lists the public keys that sign receipts, newest first.
    #[command(after_help = "Examples:
  bando receipt keys
  bando receipt keys --save keys.json")]
    Keys {
        /// Writes the keys into a new file.
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Verify { file, content, key } => {
            verify(&file, content.as_deref(), key.as_deref(), session).await
        }
        Command::Keys { save } => keys(save.as_deref(), session).await,
    }
}

async fn verify(
    file: &Path,
    content: Option<&Path>,
    key: Option<&str>,
    session: &Session,
) -> Result<(), Failure> {
    let receipt: Signed = serde_json::from_str(&files::read_text(file)?).map_err(|error| {
        let message = format!("{} is no receipt: {error}", file.display());
        Failure::new(Exit::Findings, "RECEIPT_MALFORMED", message)
    })?;
    let content = content.map(files::read_bytes).transpose()?;
    let public_keys = match key {
        Some(key) => given_keys(key)?,
        None => fetched(session)
            .await?
            .into_iter()
            .map(|key| key.public_key)
            .collect(),
    };
    let finding = finding(&receipt, &public_keys, content.as_deref());
    session.output.one(&Verification {
        valid: finding.is_none(),
        finding: finding.clone(),
        content_checked: content.is_some(),
        receipt,
    })?;
    match finding {
        None => Ok(()),
        Some(finding) => Err(Failure::new(Exit::Findings, "RECEIPT_INVALID", finding)),
    }
}

/// Why the receipt does not hold; `None` when it does.
fn finding(receipt: &Signed, public_keys: &[String], content: Option<&[u8]>) -> Option<String> {
    let mut refusal: Option<VerifyError> = None;
    let mut is_signed = false;
    for key in public_keys {
        match receipt::verify(receipt, key) {
            Ok(()) => is_signed = true,
            // A key that did not sign says nothing of one that did.
            Err(VerifyError::OtherKey { .. }) if refusal.is_some() => {}
            Err(error) => refusal = Some(error),
        }
    }
    if !is_signed {
        let none = || "there is no public key to verify it with".to_owned();
        return Some(refusal.map_or_else(none, |refusal| refusal.to_string()));
    }
    let content = content?;
    receipt::verify_content(receipt, content)
        .err()
        .map(|error| error.to_string())
}

/// The keys of an argument: a file of one of two forms, or the key itself.
fn given_keys(key: &str) -> Result<Vec<String>, Failure> {
    let path = Path::new(key);
    let text = if path.is_file() {
        files::read_text(path)?
    } else {
        key.to_owned()
    };
    let text = text.trim();
    if text.starts_with('[') {
        let keys: Vec<Key> = serde_json::from_str(text).map_err(|error| {
            Failure::new(
                Exit::Usage,
                "KEY_INVALID",
                format!("{key} holds no keys: {error}"),
            )
        })?;
        return Ok(keys.into_iter().map(|key| key.public_key).collect());
    }
    Ok(vec![text.to_owned()])
}

async fn fetched(session: &Session) -> Result<Vec<Key>, Failure> {
    let listed = session
        .receipts()?
        .list_receipt_keys(ListReceiptKeysRequest {})
        .await?;
    let key = |key: bando_proto::v1::ReceiptKey| Key {
        key_id: key.key_id,
        public_key: key.public_key,
    };
    Ok(listed.into_inner().keys.into_iter().map(key).collect())
}

async fn keys(save: Option<&Path>, session: &Session) -> Result<(), Failure> {
    let keys = fetched(session).await?;
    if let Some(path) = save {
        let mut json = serde_json::to_vec_pretty(&keys).unwrap_or_default();
        json.push(b'\n');
        Reserved::new(path, PUBLIC)?.write(&json)?;
    }
    session.output.list(&keys, "no key")
}

#[cfg(test)]
mod tests {
    use bando_domain::ids::{ApplicationId, EventId};
    use bando_domain::receipt::{Statement, StatementKind, key_id, public_key_text, sign};
    use ed25519_dalek::SigningKey;
    use uuid::Uuid;

    use super::*;

    const CONTENT: &[u8] = br#"{"title":"x"}"#;

    fn key(seed: u8) -> (SigningKey, String) {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let public = public_key_text(&key.verifying_key());
        (key, public)
    }

    fn receipt(seed: u8) -> Signed {
        let (key, _) = key(seed);
        let statement = Statement {
            kind: StatementKind::Receipt,
            call: "er/2016".parse().unwrap(),
            application: ApplicationId(Uuid::from_u128(1)),
            clarification: None,
            protocol: Some("ER-2016-0000001".into()),
            received_at: "2016-05-31T13:59:59.999999Z".into(),
            closes_at: Some("2016-05-31T14:00:00.000000Z".into()),
            content_sha256: receipt::sha256_hex(CONTENT),
            event: EventId(Uuid::from_u128(2)),
            key_id: key_id(&key.verifying_key()),
            admitted_by: None,
        };
        sign(&key, statement).unwrap()
    }

    #[test]
    fn a_receipt_holds_when_one_of_the_keys_signed_it_whatever_their_order() {
        for seeds in [[7, 8], [8, 7]] {
            let keys = seeds.map(|seed| key(seed).1);
            assert_eq!(finding(&receipt(7), &keys, Some(CONTENT)), None);
        }
    }

    #[test]
    fn another_key_other_content_and_a_changed_instant_are_told() {
        let keys = [key(7).1];
        let mut forged = receipt(7);
        forged.statement.received_at = "2016-05-31T13:00:00.000000Z".into();

        assert!(
            finding(&receipt(8), &keys, None)
                .unwrap()
                .contains("was signed with key")
        );
        assert!(
            finding(&receipt(7), &keys, Some(b"{}"))
                .unwrap()
                .contains("SHA-256")
        );
        assert!(
            finding(&forged, &keys, None)
                .unwrap()
                .contains("does not match")
        );
        assert!(finding(&receipt(7), &[], None).is_some());
    }

    #[test]
    fn a_key_is_given_as_itself_as_a_file_and_as_a_saved_list() {
        let folder = tempfile::tempdir().unwrap();
        let (_, public) = key(7);
        let (plain, list) = (folder.path().join("key"), folder.path().join("keys.json"));
        std::fs::write(&plain, format!("{public}\n")).unwrap();
        let saved = [Key {
            key_id: "x".into(),
            public_key: public.clone(),
        }];
        std::fs::write(&list, serde_json::to_string(&saved).unwrap()).unwrap();

        for given in [
            public.as_str(),
            plain.to_str().unwrap(),
            list.to_str().unwrap(),
        ] {
            assert_eq!(given_keys(given).unwrap(), [public.as_str()]);
        }
    }
}
