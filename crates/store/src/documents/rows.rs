//! Documents to rows and back.

use bando_domain::document::{
    Asked, Document, Scan, ScanVerdict, Verification, VerificationResult,
};
use bando_domain::event::Personal;
use bando_domain::media_type::MediaType;
use sea_orm::{EntityTrait as _, IntoActiveModel as _};

use crate::calls::by_name;
use crate::door::Tx;
use crate::error::Error;
use crate::record::Versioned;
use crate::tables::documents::{Column, Entity, Model};
use crate::tables::{Json, save_row};

pub(super) const CLEAN: &str = "clean";
pub(super) const INFECTED: &str = "infected";

pub(super) async fn save(
    document: &Document,
    tx: &Tx,
    exists: bool,
    version: i64,
) -> Result<(), Error> {
    let (scan, verification) = (document.scan.as_ref(), document.verification.as_ref());
    let item = document.asked.map(|asked| i32::try_from(asked.item));
    let row = Model {
        id: document.id.0,
        version,
        application: document.application.0,
        call: document.call.to_string(),
        consortium: document.consortium.0,
        document_type: document.document_type.clone(),
        file_name: document.file_name.reveal().to_owned(),
        media_type: document.media_type.as_str().to_owned(),
        size_bytes: i64::try_from(document.size).map_err(Error::internal)?,
        sha256: document.sha256.clone(),
        marks: Json::of(&document.marks)?,
        added_by: document.added_by.clone(),
        added_at: document.added_at,
        removed_at: document.removed_at,
        scan_verdict: scan.map(|scan| verdict(&scan.verdict).to_owned()),
        scan_signature: document.signature().map(ToOwned::to_owned),
        scanned_at: scan.map(|scan| scan.at),
        verification: verification.map(|known| known.result.as_str().to_owned()),
        verification_signer: verification
            .and_then(|known| known.signer.as_ref())
            .map(|signer| signer.reveal().to_owned()),
        verification_note: verification.map(|known| known.note.clone()),
        verified_by: verification.map(|known| known.by.clone()),
        verified_at: verification.map(|known| known.at),
        clarification: document.asked.map(|asked| asked.clarification.0),
        item: item.transpose().map_err(Error::internal)?,
    };
    save_row!(tx, Entity, Column, row, exists, version, document.id.0)
}

const fn verdict(verdict: &ScanVerdict) -> &'static str {
    match verdict {
        ScanVerdict::Clean => CLEAN,
        ScanVerdict::Infected { .. } => INFECTED,
    }
}

pub(super) fn read(row: Model) -> Result<Versioned<Document>, Error> {
    let scan = match (row.scan_verdict.as_deref(), row.scanned_at) {
        (None, _) | (_, None) => None,
        (Some(CLEAN), Some(at)) => Some(Scan {
            at,
            verdict: ScanVerdict::Clean,
        }),
        (Some(INFECTED), Some(at)) => Some(Scan {
            at,
            verdict: ScanVerdict::Infected {
                signature: row.scan_signature.unwrap_or_default(),
            },
        }),
        (Some(other), Some(_)) => {
            return Err(Error::internal(format!(
                "`{other}` is stored by a newer version"
            )));
        }
    };
    let verification = match (row.verification, row.verified_by, row.verified_at) {
        (Some(result), Some(by), Some(at)) => Some(Verification {
            result: by_name(VerificationResult::ALL, VerificationResult::as_str, &result)?,
            signer: row.verification_signer.map(Personal::new),
            by,
            at,
            note: row.verification_note.unwrap_or_default(),
        }),
        _ => None,
    };
    let asked = match (row.clarification, row.item) {
        (Some(clarification), Some(item)) => Some(Asked {
            clarification: clarification.into(),
            item: u32::try_from(item).map_err(Error::internal)?,
        }),
        _ => None,
    };
    let value = Document {
        id: row.id.into(),
        application: row.application.into(),
        call: row.call.parse().map_err(Error::internal)?,
        consortium: row.consortium.into(),
        document_type: row.document_type,
        file_name: Personal::new(row.file_name),
        media_type: by_name(MediaType::ALL, MediaType::as_str, &row.media_type)?,
        size: u64::try_from(row.size_bytes).map_err(Error::internal)?,
        sha256: row.sha256,
        marks: row.marks.read()?,
        added_by: row.added_by,
        added_at: row.added_at,
        removed_at: row.removed_at,
        scan,
        verification,
        asked,
    };
    Ok(Versioned {
        version: row.version,
        value,
    })
}
