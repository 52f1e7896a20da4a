//! A file on its way in: decided on what is said of it before its first byte, checked against it
//! after its last, and again with the application as it stands when it is committed.

use bando_domain::application::{self, DocumentChange};
use bando_domain::clarification;
use bando_domain::document::{self, Document, Mark, Offered};
use bando_domain::event::Personal;
use bando_domain::ids::{ApplicationId, CallId, ConsortiumId, DocumentId};
use bando_store::{Consequences, Tx, calls, record};

use super::blobs::{Incoming, Whole};
use super::{CHUNK, Kept, View, beside, change, contents, disk};
use crate::authority::{expect_own, visible_application};
use crate::clarifications;
use crate::context::{Command, Context};
use crate::error::Error;

/// What comes of a first message.
#[derive(Debug)]
pub enum Begun {
    /// The request was carried out before.
    Answered(Box<View>),
    Receiving(Box<Upload>),
}

/// A file that is being received. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct Upload {
    cx: Context,
    command: Command,
    application: ApplicationId,
    consortium: ConsortiumId,
    offered: Offered,
    incoming: Incoming,
}

/// Decides on what is said of a file whether it will be taken: into the working copy, or for an
/// item of what the consortium was asked.
pub async fn begin(
    cx: &Context,
    command: &Command,
    call: &CallId,
    application: ApplicationId,
    offered: Offered,
) -> Result<Begun, Error> {
    let malformed = document::malformed(&offered);
    if !malformed.is_empty() {
        return Err(Error::invalid_fields(malformed));
    }
    let known = visible_application(cx, &command.actor, call, application)
        .await?
        .value;
    expect_own(&command.actor, known.consortium)?;
    if let Some(added) = cx.answered::<Kept>(command).await? {
        return Ok(Begun::Answered(Box::new(added.shown(cx).await?)));
    }
    let (call_id, call) = (call, calls::get(cx.store.read(), call).await?.value);
    match offered.asked {
        None => application::may_change_documents(&known, &call, command.received_at)?,
        Some(asked) => {
            let (actor, id) = (&command.actor, asked.clarification);
            let asked_for = clarifications::get(cx, actor, (call_id, application), id).await?;
            let item = asked.item;
            clarification::may_change_documents(&asked_for.value, item, command.received_at)?;
        }
    }
    let present = beside(cx.store.read(), application, offered.asked).await?;
    document::may_add(&call.terms.documents, &present, &offered)?;
    Ok(Begun::Receiving(Box::new(Upload {
        cx: cx.clone(),
        command: command.clone(),
        application,
        consortium: known.consortium,
        offered,
        incoming: cx.blobs.incoming().await.map_err(disk)?,
    })))
}

impl Upload {
    pub async fn chunk(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() > CHUNK {
            let explanation = format!("{} bytes, at most {CHUNK} are taken", bytes.len());
            return Err(Error::invalid("chunk", "TOO_MANY", explanation));
        }
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.incoming.size().saturating_add(more) > self.offered.size {
            return Err(self.other_size("more"));
        }
        self.incoming.write(bytes).await.map_err(disk)
    }

    /// Takes the file in, now that all of it has come.
    pub async fn finish(self) -> Result<View, Error> {
        if self.incoming.size() != self.offered.size {
            return Err(self.other_size(&self.incoming.size().to_string()));
        }
        let Self {
            cx,
            command,
            application,
            consortium,
            offered,
            incoming,
        } = self;
        let whole = incoming.whole().await.map_err(disk)?;
        if whole.sha256 != offered.sha256 {
            let (stated, actual) = (&offered.sha256, &whole.sha256);
            return Err(Error::Damaged {
                reason: "DOCUMENT_HASH_MISMATCH",
                message: format!("the SHA-256 of what came is {actual}, {stated} was stated"),
            });
        }
        let (whole, marks) = look_into(whole, &offered).await?;
        if !command.validate_only {
            whole.keep().await.map_err(disk)?;
        }
        let is_scanned = cx.scanner.is_some();
        let added: Kept = cx
            .once(&command, || async {
                let (offered, marks) = (offered.clone(), marks.clone());
                cx.commit(&command, async move |tx: &Tx| {
                    let added = add(tx, application, consortium, offered, marks).await?;
                    Kept::of(tx, added, is_scanned).await
                })
                .await
            })
            .await?;
        added.shown(&cx).await
    }

    fn other_size(&self, came: &str) -> Error {
        let stated = self.offered.size;
        Error::Damaged {
            reason: "DOCUMENT_SIZE_MISMATCH",
            message: format!("{stated} bytes were stated, {came} came"),
        }
    }
}

/// Reading a file blocks, so it is done apart.
async fn look_into(whole: Whole, offered: &Offered) -> Result<(Whole, Vec<Mark>), Error> {
    let declared = offered.media_type;
    let looked = tokio::task::spawn_blocking(move || {
        let marks = contents::check(whole.path(), declared, &whole.head, &whole.active)?;
        Ok((whole, marks))
    });
    looked.await.map_err(bando_store::Error::internal)?
}

async fn add(
    tx: &Tx,
    application: ApplicationId,
    consortium: ConsortiumId,
    offered: Offered,
    marks: Vec<Mark>,
) -> Result<bando_store::Versioned<Document>, Error> {
    let (id, at) = (DocumentId(tx.new_id()), tx.cause().at);
    let asked = offered.asked;
    let call = change(tx, application, asked, id, DocumentChange::Added).await?;
    let present = beside(tx, application, asked).await?;
    document::may_add(&call.terms.documents, &present, &offered)?;
    let document = Document {
        id,
        application,
        call: call.id,
        consortium,
        document_type: offered.document_type,
        file_name: Personal::new(offered.file_name),
        media_type: offered.media_type,
        size: offered.size,
        sha256: offered.sha256,
        marks,
        added_by: tx.cause().actor.person.clone(),
        added_at: at,
        removed_at: None,
        scan: None,
        verification: None,
        asked,
    };
    let event = document::Event::Added {
        document: Box::new(document),
    };
    Ok(record(tx, None, &event, Consequences::default()).await?)
}
