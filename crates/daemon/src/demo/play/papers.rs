//! The documents a call asks for, sent with a project; one comes damaged and is refused.

use anyhow::{Context as _, bail};
use bando_proto::v1;
use bando_proto::v1::upload_document_request::Part as Piece;
use tonic::Code;

use super::Play;
use crate::demo::desk::Desk;
use crate::demo::plan::Part;

/// What is mandatory: type and file name.
const MANDATORY: [(&str, &str); 2] = [
    ("project_form", "scheda_progetto.pdf.p7m"),
    ("statute", "statuto.pdf"),
];

/// How a signed envelope begins, in DER of indefinite length.
const ENVELOPE: [u8; 15] = [
    0x30, 0x80, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02, 0xA0, 0x80,
];

impl Play {
    pub(super) async fn send_documents(&mut self, player: usize) -> anyhow::Result<()> {
        let known = &self.players[player];
        let application = known.application.as_ref().context("there is no draft")?;
        let (title, name) = (known.role.cast.title.clone(), application.name.clone());
        let desk = known.desk.clone();
        let is_damaged = known.role.part == Part::Ranked(2);
        for (document_type, file_name) in MANDATORY {
            let bytes = content(document_type, &title);
            let header = header(&name, document_type, file_name, &bytes)?;
            if is_damaged && document_type == "statute" {
                self.send_damaged(&desk, &header, &bytes, &title).await?;
            }
            send(&desk, header, bytes).await?;
            self.documents += 1;
        }
        let request = v1::GetApplicationRequest { name };
        let ready = desk.applications().get_application(request).await?;
        self.players[player].application = Some(ready.into_inner());
        Ok(())
    }

    /// The statute again, for what was asked.
    pub(super) async fn send_in_answer(
        &mut self,
        player: usize,
        asked: &v1::Clarification,
    ) -> anyhow::Result<()> {
        let known = &self.players[player];
        let bytes = content("statute", &format!("{} vigente", known.role.cast.title));
        let mut header = header(&asked.application, "statute", "statuto_vigente.pdf", &bytes)?;
        header.clarification.clone_from(&asked.name);
        header.item = 1;
        send(&known.desk, header, bytes).await?;
        self.documents += 1;
        self.clarifications.documents += 1;
        Ok(())
    }

    /// A byte is lost on the way: the daemon's hash is not the one that was stated.
    async fn send_damaged(
        &mut self,
        desk: &Desk,
        header: &v1::UploadHeader,
        bytes: &[u8],
        title: &str,
    ) -> anyhow::Result<()> {
        let mut damaged = bytes.to_vec();
        if let Some(last) = damaged.last_mut() {
            *last ^= 1;
        }
        let Err(status) = send(desk, header.clone(), damaged).await else {
            bail!("a damaged document of {title} was taken");
        };
        if status.code() != Code::DataLoss {
            return Err(status.into());
        }
        self.documents_refused += 1;
        let what = format!("a document of {title} comes damaged and is refused for its hash");
        self.tell(&what).await
    }
}

fn header(
    application: &str,
    document_type: &str,
    file_name: &str,
    bytes: &[u8],
) -> anyhow::Result<v1::UploadHeader> {
    let media_type = bando_domain::media_type::MediaType::of_file_name(file_name);
    Ok(v1::UploadHeader {
        parent: application.to_owned(),
        document_type: document_type.to_owned(),
        file_name: file_name.to_owned(),
        media_type: media_type.context("a known ending")?.mime().to_owned(),
        size_bytes: i64::try_from(bytes.len())?,
        sha256: bando_domain::receipt::sha256_hex(bytes),
        ..Default::default()
    })
}

async fn send(
    desk: &Desk,
    header: v1::UploadHeader,
    bytes: Vec<u8>,
) -> Result<v1::Document, tonic::Status> {
    let messages = [Piece::Header(header), Piece::Chunk(bytes)];
    let messages = messages.map(|part| v1::UploadDocumentRequest { part: Some(part) });
    let mut desk = desk.documents();
    let sent = desk.upload_document(futures::stream::iter(messages)).await;
    Ok(sent?.into_inner())
}

/// One page that says what it is; the form comes in a signed envelope.
fn content(document_type: &str, title: &str) -> Vec<u8> {
    let title = title.replace(['(', ')', '\\'], " ");
    let text = format!("BT /F1 14 Tf 72 760 Td ({title}: {document_type}) Tj ET");
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
    let pdf = pdf.into_bytes();
    if document_type == "project_form" {
        return [&ENVELOPE[..], &pdf].concat();
    }
    pdf
}
