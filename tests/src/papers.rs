//! Files of consortia, and sending them.

use std::path::{Path, PathBuf};

use bando_proto::v1;
use bando_proto::v1::upload_document_request::Part;
use sha2::{Digest as _, Sha256};
use tonic::Status;

use crate::desk::Desk;

const CHUNK: usize = 64 * 1024;

/// A file that its owner is about to send, with what is said of it.
#[derive(Debug, Clone)]
pub struct Paper {
    pub header: v1::UploadHeader,
    pub bytes: Vec<u8>,
}

/// A small PDF with this text in it.
pub fn pdf(text: &str) -> Vec<u8> {
    let body = format!("%PDF-1.4\n1 0 obj\n<< /Title ({text}) >>\nendobj\n%%EOF\n");
    body.into_bytes()
}

/// A signed envelope's beginning, as DER writes it, around `content`.
pub fn p7m(content: &[u8]) -> Vec<u8> {
    let head = [
        0x30, 0x80, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02, 0xA0, 0x80,
    ];
    [&head[..], content].concat()
}

pub fn sha256(bytes: &[u8]) -> String {
    bando_domain::receipt::hex(&Sha256::digest(bytes))
}

impl Paper {
    /// For an application, by the file's ending.
    pub fn new(application: &str, document_type: &str, file_name: &str, bytes: Vec<u8>) -> Self {
        let media_type = bando_domain::media_type::MediaType::of_file_name(file_name);
        let media_type = media_type.expect("a known ending").mime().to_owned();
        let header = v1::UploadHeader {
            parent: application.to_owned(),
            document_type: document_type.to_owned(),
            file_name: file_name.to_owned(),
            media_type,
            size_bytes: i64::try_from(bytes.len()).expect("a small file"),
            sha256: sha256(&bytes),
            ..Default::default()
        };
        Self { header, bytes }
    }

    fn messages(&self) -> Vec<v1::UploadDocumentRequest> {
        let header = Part::Header(self.header.clone());
        let chunks = self.bytes.chunks(CHUNK);
        std::iter::once(header)
            .chain(chunks.map(|chunk| Part::Chunk(chunk.to_vec())))
            .map(|part| v1::UploadDocumentRequest { part: Some(part) })
            .collect()
    }

    pub async fn send(&self, desk: &Desk) -> Result<v1::Document, Status> {
        send(desk, self.messages()).await
    }
}

pub async fn send(
    desk: &Desk,
    messages: Vec<v1::UploadDocumentRequest>,
) -> Result<v1::Document, Status> {
    let messages = futures::stream::iter(messages);
    Ok(desk
        .documents()
        .upload_document(messages)
        .await?
        .into_inner())
}

/// Downloads a document to its end.
pub async fn download(desk: &Desk, name: &str) -> Result<Vec<u8>, Status> {
    let request = v1::DownloadDocumentRequest {
        name: name.to_owned(),
    };
    let mut stream = desk.documents().download_document(request).await?;
    let mut bytes = Vec::new();
    while let Some(piece) = stream.get_mut().message().await? {
        bytes.extend(piece.chunk);
    }
    Ok(bytes)
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
