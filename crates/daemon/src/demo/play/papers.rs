//! The documents a call asks for, sent with a project; one comes damaged and is refused.

use anyhow::{Context as _, bail};
use bando_domain::media_type::MediaType;
use bando_proto::v1;
use tonic::Code;

use super::Play;
use crate::acting::desk::Desk;
use crate::acting::papers::{self, header, send};
use crate::demo::plan::Part;

/// What is mandatory: type and file name.
const MANDATORY: [(&str, &str); 2] = [
    ("project_form", "scheda_progetto.pdf.p7m"),
    ("statute", "statuto.pdf"),
];

impl Play {
    pub(super) async fn send_documents(&mut self, player: usize) -> anyhow::Result<()> {
        let known = &self.players[player];
        let application = known.application.as_ref().context("there is no draft")?;
        let (title, name) = (known.role.cast.title.clone(), application.name.clone());
        let desk = known.desk.clone();
        let is_damaged = known.role.part == Part::Ranked(2);
        for (document_type, file_name) in MANDATORY {
            let bytes = content(document_type, &title)?;
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
        let bytes = content("statute", &format!("{} vigente", known.role.cast.title))?;
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

/// The form comes in a signed envelope.
fn content(document_type: &str, title: &str) -> anyhow::Result<Vec<u8>> {
    let format = match document_type {
        "project_form" => MediaType::P7m,
        _ => MediaType::Pdf,
    };
    papers::content(format, &format!("{title}: {document_type}"))
}
