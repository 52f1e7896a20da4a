//! What is refused, each with a reason of its own, and that nothing of it stays on disk.

use std::io::Write as _;

use bando_proto::v1;
use bando_proto::v1::upload_document_request::Part;
use bando_tests::daemon::{Applicant, TestDaemon, closes_at};
use bando_tests::papers::{Paper, files, pdf, send, sha256};
use chrono::TimeDelta;
use tonic::Code;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{open, open_with};
use crate::stories::reason;

type Archive = ZipWriter<std::io::Cursor<Vec<u8>>>;

fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)
}

fn docx(add: impl FnOnce(&mut Archive)) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["[Content_Types].xml", "word/document.xml"] {
        archive.start_file(name, stored()).unwrap();
        archive.write_all(b"<x/>").unwrap();
    }
    add(&mut archive);
    archive.finish().unwrap().into_inner()
}

/// The archive with its last entry said to unpack to a billion bytes.
fn bomb(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut windows = bytes.windows(4);
    let at = windows.rposition(|four| four == b"PK\x01\x02").unwrap();
    bytes[at + 24..at + 28].copy_from_slice(&1_000_000_000_u32.to_le_bytes());
    bytes
}

async fn drafted(daemon: &TestDaemon) -> (Applicant, String) {
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    (applicant, draft.name)
}

async fn refused(applicant: &Applicant, paper: &Paper) -> (Code, String) {
    let refusal = paper.send(&applicant.desk).await.unwrap_err();
    (refusal.code(), reason(&refusal))
}

fn nothing_is_left(daemon: &TestDaemon) {
    let left = files(&daemon.config.documents.folder);
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn bytes_that_are_not_what_was_stated_are_lost_data_and_leave_nothing() {
    let daemon = open().await;
    let (applicant, draft) = drafted(&daemon).await;
    let paper = Paper::new(&draft, "annex", "a.pdf", pdf("a"));
    let events = daemon.events().await;
    let with = |change: fn(&mut Paper)| {
        let mut changed = paper.clone();
        change(&mut changed);
        changed
    };
    let other_hash = with(|paper| paper.header.sha256 = sha256(b"something else"));
    let too_few = with(|paper| paper.header.size_bytes += 1);
    let too_many = with(|paper| paper.header.size_bytes -= 1);

    for (paper, expected) in [
        (other_hash, "DOCUMENT_HASH_MISMATCH"),
        (too_few, "DOCUMENT_SIZE_MISMATCH"),
        (too_many, "DOCUMENT_SIZE_MISMATCH"),
    ] {
        assert_eq!(
            refused(&applicant, &paper).await,
            (Code::DataLoss, expected.into())
        );
    }

    nothing_is_left(&daemon);
    assert_eq!(daemon.events().await, events);
}

#[tokio::test]
async fn each_kind_of_bad_content_has_its_own_reason_and_leaves_nothing() {
    let daemon = open().await;
    let (applicant, draft) = drafted(&daemon).await;
    let office = |bytes: Vec<u8>| Paper::new(&draft, "annex", "a.docx", bytes);
    let path = docx(|archive| archive.start_file("../x", stored()).unwrap());
    let link = docx(|archive| {
        archive
            .add_symlink("word/l", "/etc/passwd", stored())
            .unwrap();
    });
    let many = docx(|archive| {
        for number in 0..3_000 {
            archive
                .start_file(format!("word/{number}"), stored())
                .unwrap();
        }
    });
    let program = Paper::new(
        &draft,
        "annex",
        "fattura.pdf",
        b"MZ\x90\0\x03\0\0\0".to_vec(),
    );

    for (paper, expected) in [
        (office(path), "ARCHIVE_PATH"),
        (office(link), "ARCHIVE_LINK"),
        (office(many), "ARCHIVE_ENTRIES"),
        (office(bomb(docx(|_| {}))), "ARCHIVE_RATIO"),
        (program, "DOCUMENT_OTHER_CONTENT"),
    ] {
        let (code, reason) = refused(&applicant, &paper).await;
        assert_eq!(
            (code, reason.as_str()),
            (Code::FailedPrecondition, expected)
        );
    }

    nothing_is_left(&daemon);
    assert!(office(docx(|_| {})).send(&applicant.desk).await.is_ok());
}

#[tokio::test]
async fn limits_of_file_type_and_application_are_those_of_the_call() {
    let small = |file: &str| {
        file.replace("file_megabytes = 20", "file_megabytes = 2")
            .replace("application_megabytes = 100", "application_megabytes = 3")
            .replace("files = 200", "files = 4")
            .replacen("mandatory = true", "mandatory = true\nmax_megabytes = 1", 1)
    };
    let daemon = open_with(|_| {}, small).await;
    let (applicant, draft) = drafted(&daemon).await;
    let megabyte = 1024 * 1024;
    let paper = |document_type: &str, text: &str, size: usize| {
        let mut bytes = pdf(text);
        bytes.resize(size, b' ');
        Paper::new(&draft, document_type, "a.pdf", bytes)
    };

    let over_type = paper("project_form", "a", megabyte + 1);
    assert_eq!(
        refused(&applicant, &over_type).await.1,
        "DOCUMENT_TOO_LARGE"
    );
    let over_file = paper("annex", "a", 2 * megabyte + 1);
    assert_eq!(
        refused(&applicant, &over_file).await.1,
        "DOCUMENT_TOO_LARGE"
    );
    paper("project_form", "a", megabyte)
        .send(&applicant.desk)
        .await
        .unwrap();
    paper("annex", "b", 2 * megabyte - 1_000)
        .send(&applicant.desk)
        .await
        .unwrap();
    let over_all = paper("annex", "c", 1_001);
    assert_eq!(
        refused(&applicant, &over_all).await.1,
        "DOCUMENTS_TOO_LARGE"
    );
    for text in ["d", "e"] {
        paper("annex", text, 200)
            .send(&applicant.desk)
            .await
            .unwrap();
    }
    assert_eq!(
        refused(&applicant, &paper("annex", "f", 200)).await.1,
        "DOCUMENTS_TOO_MANY"
    );
    let unknown = paper("budget", "g", 200);
    assert_eq!(
        refused(&applicant, &unknown).await.1,
        "DOCUMENT_TYPE_UNKNOWN"
    );
    let empty = Paper::new(&draft, "annex", "a.pdf", Vec::new());
    assert_eq!(refused(&applicant, &empty).await.1, "DOCUMENT_EMPTY");
    let picture = Paper::new(&draft, "statute", "a.png", b"\x89PNG\r\n\x1A\n".to_vec());
    assert_eq!(refused(&applicant, &picture).await.1, "DOCUMENT_FORMAT");
}

#[tokio::test]
async fn a_stream_begins_with_one_header_and_goes_on_in_small_chunks() {
    let daemon = open().await;
    let (applicant, draft) = drafted(&daemon).await;
    let paper = Paper::new(&draft, "annex", "a.pdf", pdf("a"));
    let part = |part: Part| v1::UploadDocumentRequest { part: Some(part) };
    let header = || part(Part::Header(paper.header.clone()));
    let chunk = |size: usize| part(Part::Chunk(vec![b' '; size]));
    let mut large = paper.header.clone();
    large.size_bytes = 70_000;

    for messages in [
        vec![],
        vec![chunk(1)],
        vec![v1::UploadDocumentRequest { part: None }],
        vec![header(), header()],
        vec![part(Part::Header(large)), chunk(65_537)],
    ] {
        let refusal = send(&applicant.desk, messages.clone()).await.unwrap_err();
        assert_eq!(
            refusal.code(),
            Code::InvalidArgument,
            "{messages:?}: {refusal}"
        );
    }

    let mut malformed = paper.clone();
    malformed.header.media_type = "text/html".into();
    malformed.header.size_bytes = -1;
    let refusal = malformed.send(&applicant.desk).await.unwrap_err();
    assert!(refusal.message().contains("and 1 more"), "{refusal}");
    nothing_is_left(&daemon);
}

#[tokio::test]
async fn documents_change_only_while_the_working_copy_may() {
    let daemon = open().await;
    let (applicant, draft) = drafted(&daemon).await;
    let added = Paper::new(&draft, "annex", "a.pdf", pdf("a"))
        .send(&applicant.desk)
        .await
        .unwrap();
    daemon
        .turn_clock_to(closes_at() + TimeDelta::seconds(1))
        .await;

    let late = Paper::new(&draft, "annex", "b.pdf", pdf("b"));
    assert_eq!(
        refused(&applicant, &late).await,
        (Code::FailedPrecondition, "CALL_CLOSED".into())
    );
    let request = v1::RemoveDocumentRequest {
        name: added.name,
        etag: added.etag,
        ..Default::default()
    };
    let refusal = applicant
        .desk
        .documents()
        .remove_document(request)
        .await
        .unwrap_err();
    assert_eq!(reason(&refusal), "CALL_CLOSED");
}
