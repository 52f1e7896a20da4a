//! Documents of an application, and what a call asks for.

use bando_domain::document::MEGABYTE;
use bando_domain::media_type::MediaType;
use bando_proto::v1;
use serde::Serialize;

use super::{Text, at, seconds, some, title, word};
use crate::names::last;
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "keys are those of the wire")]
pub(crate) struct Document {
    name: String,
    document_type: String,
    file_name: String,
    media_type: String,
    size_bytes: i64,
    sha256: String,
    marks: Vec<String>,
    added_by: String,
    added_at: Option<String>,
    removed_at: Option<String>,
    submissions: Vec<i32>,
    scan: String,
    scan_signature: Option<String>,
    scanned_at: Option<String>,
    verification: Option<Verification>,
    etag: String,
    clarification: Option<String>,
    item: Option<i32>,
    answer: Option<i32>,
}

#[derive(Debug, Serialize)]
struct Verification {
    result: String,
    signer: Option<String>,
    by: String,
    at: Option<String>,
    note: Option<String>,
}

impl From<&v1::Document> for Document {
    fn from(document: &v1::Document) -> Self {
        let scan = v1::DocumentScan::try_from(document.scan).ok();
        let verification = |known: &v1::Verification| Verification {
            result: word(
                v1::VerificationResult::try_from(known.result)
                    .ok()
                    .map(|result| result.as_str_name()),
                "VERIFICATION_RESULT_",
            ),
            signer: some(&known.signer),
            by: known.by.clone(),
            at: at(known.at.as_ref()),
            note: some(&known.note),
        };
        Self {
            name: document.name.clone(),
            document_type: document.document_type.clone(),
            file_name: document.file_name.clone(),
            media_type: document.media_type.clone(),
            size_bytes: document.size_bytes,
            sha256: document.sha256.clone(),
            marks: document.marks.clone(),
            added_by: document.added_by.clone(),
            added_at: at(document.added_at.as_ref()),
            removed_at: at(document.removed_at.as_ref()),
            submissions: document.submissions.clone(),
            scan: word(scan.map(|scan| scan.as_str_name()), "DOCUMENT_SCAN_"),
            scan_signature: some(&document.scan_signature),
            scanned_at: at(document.scanned_at.as_ref()),
            verification: document.verification.as_ref().map(verification),
            etag: document.etag.clone(),
            clarification: some(&document.clarification),
            item: (document.item > 0).then_some(document.item),
            answer: (document.answer > 0).then_some(document.answer),
        }
    }
}

impl Document {
    /// Where it stands and what to know before opening it, in few words.
    fn note(&self) -> String {
        let submissions = self.submissions.iter().map(|number| format!("in {number}"));
        let removed = self.removed_at.is_some().then(|| "removed".to_owned());
        let found = self.scan_signature.clone();
        let signature = self
            .verification
            .as_ref()
            .map(|known| format!("signature {}", known.result));
        let asked = self.item.map(|item| match self.answer {
            Some(answer) => format!("for item {item} in answer {answer}"),
            None => format!("for item {item}"),
        });
        let all = removed.into_iter().chain(submissions);
        let all = all.chain(asked).chain(found);
        let all = all.chain(signature).chain(self.marks.iter().cloned());
        all.collect::<Vec<_>>().join(", ")
    }
}

impl Row for Document {
    const HEAD: &'static [&'static str] =
        &["ID", "TYPE", "FILE", "BYTES", "SHA-256", "SCAN", "NOTE"];
    const NUMBERS: &'static [usize] = &[3];

    fn cells(&self) -> Vec<String> {
        vec![
            last(&self.name).to_owned(),
            self.document_type.clone(),
            title(&self.file_name),
            self.size_bytes.to_string(),
            self.sha256.chars().take(12).collect(),
            self.scan.clone(),
            self.note(),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl View for Document {
    fn text(&self) -> String {
        let sheet = Sheet::titled(&format!("{}  {}", self.document_type, self.file_name))
            .field("name", &self.name)
            .field("media type", &self.media_type)
            .field("bytes", self.size_bytes.to_string())
            .field("SHA-256", &self.sha256)
            .field("inside", self.marks.join(", "))
            .field("added by", &self.added_by)
            .field("added", seconds(self.added_at.as_ref()))
            .field("removed", seconds(self.removed_at.as_ref()))
            .field("scan", &self.scan)
            .field("found", self.scan_signature.clone().unwrap_or_default())
            .field("answers", self.clarification.clone().unwrap_or_default())
            .field(
                "item",
                self.item.map_or_else(String::new, |it| it.to_string()),
            )
            .field(
                "in answer",
                self.answer.map_or_else(String::new, |it| it.to_string()),
            )
            .field("etag", &self.etag);
        let Some(known) = &self.verification else {
            return sheet.text();
        };
        sheet
            .field("signature", &known.result)
            .field("signer", known.signer.clone().unwrap_or_default())
            .field("verified by", &known.by)
            .field("verified", seconds(known.at.as_ref()))
            .field("note", known.note.clone().unwrap_or_default())
            .text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// A type of document that a call lists.
#[derive(Debug, Serialize)]
pub(crate) struct DocumentType {
    code: String,
    title: Text,
    mandatory: bool,
    accepted: Vec<String>,
    max_bytes: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct DocumentLimits {
    file_bytes: i64,
    application_bytes: i64,
    files: i32,
}

impl From<&v1::DocumentType> for DocumentType {
    fn from(known: &v1::DocumentType) -> Self {
        Self {
            code: known.code.clone(),
            title: Text::of(known.title.as_ref()),
            mandatory: known.mandatory,
            accepted: known.accepted.clone(),
            max_bytes: known.max_bytes,
        }
    }
}

impl From<&v1::DocumentLimits> for DocumentLimits {
    fn from(limits: &v1::DocumentLimits) -> Self {
        Self {
            file_bytes: limits.file_bytes,
            application_bytes: limits.application_bytes,
            files: limits.files,
        }
    }
}

impl Row for DocumentType {
    const HEAD: &'static [&'static str] = &["CODE", "TITLE", "MANDATORY", "ACCEPTED", "MAX"];

    fn cells(&self) -> Vec<String> {
        let short = |mime: &String| match MediaType::of_mime(mime) {
            Some(known) => known.as_str().to_owned(),
            None => mime.clone(),
        };
        let megabytes = u64::try_from(self.max_bytes).unwrap_or_default() / MEGABYTE;
        vec![
            self.code.clone(),
            title(&self.title.en),
            if self.mandatory { "yes" } else { "no" }.to_owned(),
            self.accepted
                .iter()
                .map(short)
                .collect::<Vec<_>>()
                .join(", "),
            format!("{megabytes} MB"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_what_an_officer_must_know_before_opening_a_document() {
        let document = v1::Document {
            name: "programmes/er/calls/2016/applications/1/documents/2".into(),
            removed_at: Some(prost_types::Timestamp::default()),
            submissions: vec![1, 3],
            marks: vec!["macros".into()],
            verification: Some(v1::Verification {
                result: v1::VerificationResult::NotVerifiable.into(),
                ..Default::default()
            }),
            scan: v1::DocumentScan::PendingScan.into(),
            ..Default::default()
        };

        let cells = Document::from(&document).cells();

        assert_eq!(cells[5], "pending_scan");
        assert_eq!(
            cells[6],
            "removed, in 1, in 3, signature not_verifiable, macros"
        );
    }
}
