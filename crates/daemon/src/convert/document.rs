//! Documents, to and from the wire.

use bando_domain::document::{Asked, Mark, Offered, ScanState, VerificationResult};
use bando_domain::media_type::MediaType;
use bando_domain::project::Violation;
use bando_proto::v1;
use bando_workflow::Error;
use bando_workflow::documents::{Found, View};

use super::{count, etag, instant, names};

pub fn document(view: &View) -> v1::Document {
    let document = &view.document.value;
    let application = names::of_application(&document.call, document.application);
    v1::Document {
        name: format!("{application}/documents/{}", document.id),
        document_type: document.document_type.clone(),
        file_name: document.file_name.reveal().to_owned(),
        media_type: document.media_type.mime().to_owned(),
        size_bytes: bytes(document.size),
        sha256: document.sha256.clone(),
        marks: document
            .marks
            .iter()
            .map(|mark| Mark::as_str(*mark).to_owned())
            .collect(),
        added_by: document.added_by.clone(),
        added_at: Some(instant(document.added_at)),
        removed_at: document.removed_at.map(instant),
        submissions: view
            .submissions
            .iter()
            .map(|number| count(*number))
            .collect(),
        scan: scan(view.scan).into(),
        scan_signature: document.signature().unwrap_or_default().to_owned(),
        scanned_at: document.scan.as_ref().map(|scan| instant(scan.at)),
        verification: document
            .verification
            .as_ref()
            .map(|known| v1::Verification {
                result: result(known.result).into(),
                signer: known
                    .signer
                    .as_ref()
                    .map(|signer| signer.reveal().to_owned())
                    .unwrap_or_default(),
                by: known.by.clone(),
                at: Some(instant(known.at)),
                note: known.note.clone(),
            }),
        etag: etag(view.document.version),
        clarification: document
            .asked
            .map(|asked| format!("{application}/clarifications/{}", asked.clarification))
            .unwrap_or_default(),
        item: document.asked.map_or(0, |asked| count(asked.item)),
        answer: view.answer.map_or(0, count),
    }
}

/// Sizes are small by the limits of the domain.
pub fn bytes(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn scan(state: ScanState) -> v1::DocumentScan {
    match state {
        ScanState::NotScanned => v1::DocumentScan::NotScanned,
        ScanState::Pending => v1::DocumentScan::PendingScan,
        ScanState::Clean => v1::DocumentScan::Clean,
        ScanState::Infected => v1::DocumentScan::Infected,
    }
}

fn result(result: VerificationResult) -> v1::VerificationResult {
    match result {
        VerificationResult::Valid => v1::VerificationResult::Valid,
        VerificationResult::Invalid => v1::VerificationResult::Invalid,
        VerificationResult::NotVerifiable => v1::VerificationResult::NotVerifiable,
    }
}

/// What a first message says of a file; every wrong field at once.
pub fn offered(header: &v1::UploadHeader) -> Result<Offered, Error> {
    let media_type = MediaType::of_mime(&header.media_type);
    let size = u64::try_from(header.size_bytes);
    let (Some(media_type), Ok(size)) = (media_type, size) else {
        let mut wrong = Vec::new();
        if media_type.is_none() {
            let known = MediaType::ALL.map(MediaType::mime).join(", ");
            let explanation = format!("one of {known}");
            wrong.push(Violation::new("media_type", "UNKNOWN", explanation));
        }
        if size.is_err() {
            wrong.push(Violation::new("size_bytes", "NEGATIVE", "not negative"));
        }
        return Err(Error::invalid_fields(wrong));
    };
    Ok(Offered {
        document_type: header.document_type.clone(),
        file_name: header.file_name.clone(),
        media_type,
        size,
        sha256: header.sha256.clone(),
        asked: asked(header)?,
    })
}

/// What a file is said to answer, which is something its application was asked.
fn asked(header: &v1::UploadHeader) -> Result<Option<Asked>, Error> {
    if header.clarification.is_empty() {
        return match header.item {
            0 => Ok(None),
            _ => Err(Error::invalid(
                "item",
                "NOT_EXPECTED",
                "only with a request",
            )),
        };
    }
    let (call, application, clarification) =
        names::clarification("clarification", &header.clarification)?;
    if header.parent != names::of_application(&call, application) {
        let explanation = format!("a request to {}", header.parent);
        return Err(Error::invalid("clarification", "NAME", explanation));
    }
    let item = u32::try_from(header.item).ok().filter(|item| *item > 0);
    let missing = || Error::invalid("item", "REQUIRED", "the place of an item, from 1");
    let item = item.ok_or_else(missing)?;
    Ok(Some(Asked {
        clarification,
        item,
    }))
}

pub fn finding(message: &v1::RecordVerificationRequest) -> Result<Found, Error> {
    let result = match message.result() {
        v1::VerificationResult::Valid => VerificationResult::Valid,
        v1::VerificationResult::Invalid => VerificationResult::Invalid,
        v1::VerificationResult::NotVerifiable => VerificationResult::NotVerifiable,
        v1::VerificationResult::Unspecified => {
            let explanation = "valid, invalid or not verifiable";
            return Err(Error::invalid("result", "REQUIRED", explanation));
        }
    };
    Ok(Found {
        result,
        signer: message.signer.clone(),
        note: message.note.clone(),
    })
}
