use std::io::Write as _;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

type Archive = ZipWriter<std::io::Cursor<Vec<u8>>>;

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)
}

/// A word file with whatever `add` puts beside its parts.
fn docx(add: impl FnOnce(&mut Archive)) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in [PARTS_LIST, "word/document.xml"] {
        archive.start_file(name, options()).unwrap();
        archive.write_all(b"<x/>").unwrap();
    }
    add(&mut archive);
    archive.finish().unwrap().into_inner()
}

fn checked(bytes: &[u8], declared: MediaType) -> Result<Vec<Mark>, Error> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let mut active = ActiveNames::default();
    active.look(bytes);
    check(
        file.path(),
        declared,
        &bytes[..bytes.len().min(512)],
        &active,
    )
}

fn reason(bytes: &[u8]) -> &'static str {
    match checked(bytes, MediaType::Docx) {
        Err(Error::Refused(refused)) => refused.reason,
        other => panic!("refused by a rule, but {other:?}"),
    }
}

/// The declared sizes of the last entry made `packed` and `unpacked`.
fn with_sizes(mut bytes: Vec<u8>, unpacked: u32) -> Vec<u8> {
    let signature = b"PK\x01\x02";
    let at = bytes
        .windows(4)
        .rposition(|window| window == signature)
        .unwrap();
    bytes[at + 24..at + 28].copy_from_slice(&unpacked.to_le_bytes());
    bytes
}

#[test]
fn an_office_file_passes_and_its_macros_are_told() {
    let plain = docx(|_| {});
    let macros = docx(|archive| {
        archive
            .start_file("word/vbaProject.bin", options())
            .unwrap();
    });

    assert_eq!(checked(&plain, MediaType::Docx).unwrap(), []);
    assert_eq!(checked(&macros, MediaType::Docx).unwrap(), [Mark::Macros]);
}

#[test]
fn a_word_file_is_no_table_and_an_archive_is_neither() {
    assert!(checked(&docx(|_| {}), MediaType::Xlsx).is_err());
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("readme.txt", options()).unwrap();

    let bytes = archive.finish().unwrap().into_inner();

    assert_eq!(reason(&bytes), "DOCUMENT_OTHER_CONTENT");
}

#[test]
fn each_trick_of_an_archive_has_its_own_reason() {
    let path = docx(|archive| archive.start_file("../x", options()).unwrap());
    let link = docx(|archive| {
        archive
            .add_symlink("word/link", "/etc/passwd", options())
            .unwrap();
    });
    let many = docx(|archive| {
        for number in 0..3_000 {
            archive
                .start_file(format!("word/{number}"), options())
                .unwrap();
        }
    });
    let bomb = with_sizes(docx(|_| {}), 1_000_000_000);
    let torn = {
        let whole = docx(|_| {});
        whole[..whole.len() - 30].to_vec()
    };

    assert_eq!(reason(&path), "ARCHIVE_PATH");
    assert_eq!(reason(&link), "ARCHIVE_LINK");
    assert_eq!(reason(&many), "ARCHIVE_ENTRIES");
    assert_eq!(reason(&bomb), "ARCHIVE_RATIO");
    assert_eq!(reason(&torn), "ARCHIVE_UNREADABLE");
    assert_eq!(reason(b"MZ\x90\0 a program"), "DOCUMENT_OTHER_CONTENT");
}

#[test]
fn a_name_leads_out_by_the_rules_of_any_system() {
    for name in [
        "../x",
        "a/../../x",
        "..\\x",
        "a\\..\\x",
        "/etc/x",
        "\\x",
        "C:\\x",
        "c:x",
        "",
        "a\0b",
    ] {
        assert!(leads_out(name), "{name:?}");
    }
    for name in ["word/document.xml", "a..b", "..a/b", "[Content_Types].xml"] {
        assert!(!leads_out(name), "{name:?}");
    }
}

#[test]
fn active_content_of_a_pdf_is_told_wherever_it_is_cut() {
    let text: &[u8] = b"%PDF-1.7 << /S /JavaScript /F /Launch >> /JSON /Launched";
    for cut in 0..text.len() {
        let mut active = ActiveNames::default();
        active.look(&text[..cut]);
        active.look(&text[cut..]);
        assert_eq!(active.marks(), [Mark::Script, Mark::Launch], "cut at {cut}");
    }
    let mut byte_by_byte = ActiveNames::default();
    for byte in text {
        byte_by_byte.look(&[*byte]);
    }
    assert_eq!(byte_by_byte.marks(), [Mark::Script, Mark::Launch]);

    let quiet: &[u8] = b"%PDF-1.7 /JSON /Launched /JavaScripts";
    assert_eq!(checked(quiet, MediaType::Pdf).unwrap(), []);
}
