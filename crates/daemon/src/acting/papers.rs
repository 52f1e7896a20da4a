//! Documents of one page that say what they are, and sending them.

use std::io::Write as _;

use anyhow::Context as _;
use bando_domain::media_type::MediaType;
use bando_domain::receipt::sha256_hex;
use bando_proto::v1;
use bando_proto::v1::upload_document_request::Part;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::desk::Desk;

/// How a signed envelope begins, in DER of indefinite length.
const ENVELOPE: [u8; 15] = [
    0x30, 0x80, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02, 0xA0, 0x80,
];
const JPG_HEAD: &[u8] = &[0xFF, 0xD8, 0xFF, 0xE0];
const PNG_HEAD: &[u8] = b"\x89PNG\r\n\x1A\n";

pub(crate) fn header(
    application: &str,
    document_type: &str,
    file_name: &str,
    bytes: &[u8],
) -> anyhow::Result<v1::UploadHeader> {
    let media_type = MediaType::of_file_name(file_name);
    Ok(v1::UploadHeader {
        parent: application.to_owned(),
        document_type: document_type.to_owned(),
        file_name: file_name.to_owned(),
        media_type: media_type.context("a known ending")?.mime().to_owned(),
        size_bytes: i64::try_from(bytes.len())?,
        sha256: sha256_hex(bytes),
        ..Default::default()
    })
}

pub(crate) async fn send(
    desk: &Desk,
    header: v1::UploadHeader,
    bytes: Vec<u8>,
) -> Result<v1::Document, tonic::Status> {
    let messages = [Part::Header(header), Part::Chunk(bytes)];
    let messages = messages.map(|part| v1::UploadDocumentRequest { part: Some(part) });
    let mut desk = desk.documents();
    let sent = desk.upload_document(futures::stream::iter(messages)).await;
    Ok(sent?.into_inner())
}

/// A file of a format in which a reader, where the format has readers for text, finds `text`.
///
/// # Errors
/// When an archive cannot be written.
pub(crate) fn content(format: MediaType, text: &str) -> anyhow::Result<Vec<u8>> {
    Ok(match format {
        MediaType::Pdf => page(text),
        MediaType::P7m => [&ENVELOPE[..], &page(text)].concat(),
        MediaType::Jpg => [JPG_HEAD, text.as_bytes()].concat(),
        MediaType::Png => [PNG_HEAD, text.as_bytes()].concat(),
        MediaType::Docx => archive("word/document.xml", text)?,
        MediaType::Xlsx => archive("xl/workbook.xml", text)?,
    })
}

fn archive(part: &str, text: &str) -> anyhow::Result<Vec<u8>> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in [("[Content_Types].xml", "<Types/>"), (part, text)] {
        archive.start_file(name, stored)?;
        archive.write_all(content.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

fn page(text: &str) -> Vec<u8> {
    let text = text.replace(['(', ')', '\\'], " ");
    let text = format!("BT /F1 14 Tf 72 760 Td ({text}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << \
         /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
    ];
    let mut pdf = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(pdf.len());
        pdf.extend([format!("{number} 0 obj\n{object}\nendobj\n")]);
    }
    let table = pdf.len();
    pdf.push_str("xref\n0 5\n0000000000 65535 f \n");
    for place in places {
        pdf.extend([format!("{place:010} 00000 n \n")]);
    }
    pdf.extend([format!(
        "trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    )]);
    pdf.into_bytes()
}
