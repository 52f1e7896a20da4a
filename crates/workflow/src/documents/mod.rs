//! Documents of applications: added, read, removed by their consortium, verified by an officer.

mod blobs;
mod contents;
mod quarantine;
mod scanner;
mod sweep;
mod upload;

use std::collections::HashMap;
use std::io;

use bando_domain::actor::{Actor, Role};
use bando_domain::application::{self, DocumentChange};
use bando_domain::call::Call;
use bando_domain::clarification;
use bando_domain::document::{
    self, Asked, Document, NOTE_LIMIT, Refusal, ScanState, Verification, VerificationResult,
};
use bando_domain::event::Personal;
use bando_domain::ids::{ApplicationId, CallId, DocumentId};
use bando_store::documents::Filter;
use bando_store::{
    Consequences, Db, Kind, Page, PageQuery, Tx, Versioned, applications, calls, clarifications,
    documents, record,
};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncReadExt as _;

use crate::authority::{expect_own, expect_programme, own_only, visible_application};
use crate::context::{Command, Context};
use crate::error::Error;

pub use blobs::{Blobs, ORPHAN_AFTER};
pub use quarantine::Quarantine;
pub use scanner::Scanner;
pub use sweep::{Swept, sweep};
pub use upload::{Begun, Upload, begin};

/// Largest piece of a file on its way in or out, in bytes.
pub const CHUNK: usize = 64 * 1024;

/// A document as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    pub document: Versioned<Document>,
    /// Numbers of the submissions that hold it.
    pub submissions: Vec<u32>,
    /// Number of the answer that holds it.
    pub answer: Option<u32>,
    pub scan: ScanState,
}

/// Where a document is: its call, its application, itself.
#[derive(Debug, Clone)]
pub struct Place {
    pub call: CallId,
    pub application: ApplicationId,
    pub id: DocumentId,
}

pub async fn get(cx: &Context, actor: &Actor, place: &Place) -> Result<View, Error> {
    let found = visible(cx, actor, place).await?;
    view(cx.store.read(), found, cx.scanner.is_some()).await
}

/// The documents of one application, or with `None` of a whole call.
pub async fn list(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    application: Option<ApplicationId>,
    scan: Option<ScanState>,
    page: &PageQuery,
) -> Result<Page<View>, Error> {
    let mut filter = Filter {
        application,
        consortium: None,
        scan,
    };
    if let Some(id) = application {
        visible_application(cx, actor, call, id).await?;
    } else {
        expect_programme(actor, call.programme())?;
        filter.consortium = own_only(actor)?;
    }
    let unscanned = if cx.scanner.is_some() {
        ScanState::Pending
    } else {
        ScanState::NotScanned
    };
    let is_unscanned = matches!(scan, Some(ScanState::Pending | ScanState::NotScanned));
    if is_unscanned && scan != Some(unscanned) {
        return Ok(Page {
            rows: Vec::new(),
            next: None,
        });
    }
    let found = documents::list(cx.store.read(), call, &filter, page).await?;
    let next = found.next.clone();
    Ok(Page {
        rows: views(cx.store.read(), found.rows, cx.scanner.is_some()).await?,
        next,
    })
}

/// The bytes of a document, checked on their way out.
pub async fn download(
    cx: &Context,
    actor: &Actor,
    place: &Place,
) -> Result<BoxStream<'static, Result<Vec<u8>, Error>>, Error> {
    let shown = get(cx, actor, place).await?;
    let document = shown.document.value;
    if shown.submissions.is_empty() {
        document::expect_present(&document)?;
    }
    let by_owner = actor.is(Role::Consortium) && actor.consortium == Some(document.consortium);
    document::may_read(&document, cx.scanner.is_some(), by_owner)?;
    let opened = cx.blobs.read(&document.sha256).await;
    let file = opened.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => damaged(&document, "its file is not there"),
        _ => disk(error),
    })?;
    let outgoing = Outgoing {
        file,
        hasher: Sha256::new(),
        document,
    };
    Ok(stream::try_unfold(outgoing, Outgoing::next).boxed())
}

/// A file on its way out.
struct Outgoing {
    file: tokio::fs::File,
    hasher: Sha256,
    document: Document,
}

impl Outgoing {
    /// The next piece; at the end the whole must have had its hash.
    async fn next(mut self) -> Result<Option<(Vec<u8>, Self)>, Error> {
        let mut piece = vec![0; CHUNK];
        let count = self.file.read(&mut piece).await.map_err(disk)?;
        if count == 0 {
            let hash = bando_domain::receipt::hex(&self.hasher.finalize());
            if hash == self.document.sha256 {
                return Ok(None);
            }
            return Err(damaged(&self.document, &format!("its SHA-256 is {hash}")));
        }
        piece.truncate(count);
        self.hasher.update(&piece);
        Ok(Some((piece, self)))
    }
}

/// The consortium takes a document out of its working copy, or back before its answer.
pub async fn remove(
    cx: &Context,
    command: &Command,
    place: &Place,
    etag: &str,
) -> Result<View, Error> {
    let is_scanned = cx.scanner.is_some();
    let removed: Result<Kept, Error> = cx
        .once(command, || async {
            let known = visible(cx, &command.actor, place).await?;
            expect_own(&command.actor, known.value.consortium)?;
            cx.expect_etag(&known, etag).await?;
            let at = command.received_at;
            let id = known.value.id;
            let answers = documents::answers(cx.store.read(), &[id]).await?;
            let event = document::remove(&known.value, answers.get(&id).copied(), at)?;
            cx.commit(command, async move |tx: &Tx| {
                let (application, asked) = (known.value.application, known.value.asked);
                change(tx, application, asked, id, DocumentChange::Removed).await?;
                let removed = record(tx, Some(known), &event, Consequences::default()).await?;
                Kept::of(tx, removed, is_scanned).await
            })
            .await
        })
        .await;
    removed?.shown(cx).await
}

/// What an officer found about a signature.
#[derive(Debug, Clone)]
pub struct Found {
    pub result: VerificationResult,
    /// Empty when it could not be read.
    pub signer: String,
    pub note: String,
}

/// Writes down an officer's finding about a document's signature.
pub async fn verify(
    cx: &Context,
    command: &Command,
    place: &Place,
    etag: &str,
    found: Found,
) -> Result<View, Error> {
    expect_finding(&found)?;
    let is_scanned = cx.scanner.is_some();
    let verified: Result<Kept, Error> = cx
        .once(command, || async {
            let known = visible(cx, &command.actor, place).await?;
            cx.expect_etag(&known, etag).await?;
            let signer = found.signer.trim();
            let verification = Verification {
                result: found.result,
                signer: (!signer.is_empty()).then(|| Personal::new(signer)),
                by: command.actor.person.clone(),
                at: command.received_at,
                note: found.note.clone(),
            };
            let event = document::verify(verification);
            cx.commit(command, async move |tx: &Tx| {
                let verified = record(tx, Some(known), &event, Consequences::default()).await?;
                Kept::of(tx, verified, is_scanned).await
            })
            .await
        })
        .await;
    verified?.shown(cx).await
}

fn expect_finding(found: &Found) -> Result<(), Error> {
    let is_reason_needed = found.result != VerificationResult::Valid;
    if is_reason_needed && found.note.trim().is_empty() {
        let explanation = "a signature that is not valid needs a note that says why";
        return Err(Error::invalid("note", "REQUIRED", explanation));
    }
    let too_long = [
        ("note", &found.note, NOTE_LIMIT),
        (
            "signer",
            &found.signer,
            bando_domain::consortium::NAME_LIMIT,
        ),
    ]
    .into_iter()
    .find(|(_, text, limit)| text.chars().count() > *limit);
    match too_long {
        Some((field, _, limit)) => {
            let explanation = format!("at most {limit} characters");
            Err(Error::invalid(field, "TOO_LONG", explanation))
        }
        None => Ok(()),
    }
}

/// Says in the history of what a document belongs to that it came or went; refused while it may
/// not.
async fn change(
    tx: &Tx,
    application: ApplicationId,
    asked: Option<Asked>,
    document: DocumentId,
    change: DocumentChange,
) -> Result<Call, Error> {
    match asked {
        None => change_application(tx, application, document, change).await,
        Some(asked) => change_answer(tx, asked, document, change).await,
    }
}

async fn change_application(
    tx: &Tx,
    application: ApplicationId,
    document: DocumentId,
    change: DocumentChange,
) -> Result<Call, Error> {
    let at = tx.cause().at;
    applications::hold(tx, application).await?;
    let before = applications::get(tx, application).await?;
    let call = calls::get(tx, &before.value.call).await?.value;
    let event = application::change_documents(&before.value, &call, document, change, at)?;
    record(tx, Some(before), &event, Consequences::default()).await?;
    Ok(call)
}

async fn change_answer(
    tx: &Tx,
    asked: Asked,
    document: DocumentId,
    change: DocumentChange,
) -> Result<Call, Error> {
    clarifications::hold(tx, asked.clarification).await?;
    let before = clarifications::get(tx, asked.clarification).await?;
    let call = calls::get(tx, &before.value.call).await?.value;
    let (known, at) = (&before.value, tx.cause().at);
    let event = clarification::change_documents(known, asked.item, document, change, at)?;
    record(tx, Some(before), &event, Consequences::default()).await?;
    Ok(call)
}

/// What is there beside a document that is offered, and counts with it against the limits.
async fn beside<D: Db>(
    db: &D,
    application: ApplicationId,
    asked: Option<Asked>,
) -> Result<Vec<Document>, Error> {
    if let Some(asked) = asked {
        return Ok(documents::of_clarification(db, asked.clarification).await?);
    }
    let mut present = documents::working(db, &[application]).await?;
    Ok(present.remove(&application).unwrap_or_default())
}

/// The working copies' documents, where the call asks for any.
pub(crate) async fn working<D: Db>(
    db: &D,
    call: &Call,
    applications: &[ApplicationId],
) -> Result<HashMap<ApplicationId, Vec<Document>>, Error> {
    if !call.terms.documents.has_mandatory() {
        return Ok(HashMap::new());
    }
    Ok(documents::working(db, applications).await?)
}

async fn visible(cx: &Context, actor: &Actor, place: &Place) -> Result<Versioned<Document>, Error> {
    visible_application(cx, actor, &place.call, place.application).await?;
    let found = documents::get(cx.store.read(), place.id).await?;
    if found.value.application != place.application {
        return Err(Error::NotFound(format!("document {}", place.id)));
    }
    Ok(found)
}

/// What a request was answered, as it is kept: whole, so that a repeat gets the first answer
/// whatever happened since.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Shown(Box<View>),
    /// Kept by earlier versions: the document alone.
    Alone(Box<Versioned<Document>>),
}

impl Kept {
    async fn of(tx: &Tx, changed: Versioned<Document>, is_scanned: bool) -> Result<Self, Error> {
        Ok(Self::Shown(Box::new(view(tx, changed, is_scanned).await?)))
    }

    async fn shown(self, cx: &Context) -> Result<View, Error> {
        match self {
            Self::Shown(shown) => Ok(*shown),
            Self::Alone(found) => view(cx.store.read(), *found, cx.scanner.is_some()).await,
        }
    }
}

async fn view<D: Db>(db: &D, found: Versioned<Document>, is_scanned: bool) -> Result<View, Error> {
    let id = found.value.id;
    let mut shown = views(db, vec![found], is_scanned).await?;
    shown
        .pop()
        .ok_or_else(|| Error::NotFound(format!("document {id}")))
}

/// `is_scanned` says whether a scanner is configured.
async fn views<D: Db>(
    db: &D,
    found: Vec<Versioned<Document>>,
    is_scanned: bool,
) -> Result<Vec<View>, Error> {
    let ids: Vec<DocumentId> = found.iter().map(|known| known.value.id).collect();
    let mut submissions = documents::submissions(db, &ids).await?;
    let answers = documents::answers(db, &ids).await?;
    Ok(found
        .into_iter()
        .map(|document| View {
            submissions: submissions.remove(&document.value.id).unwrap_or_default(),
            answer: answers.get(&document.value.id).copied(),
            scan: document.value.scan_state(is_scanned),
            document,
        })
        .collect())
}

/// The bytes are not, or no longer, what was received.
fn damaged(document: &Document, what: &str) -> Error {
    tracing::error!(document = %document.id, what, "a document is damaged");
    Error::Damaged {
        reason: "DOCUMENT_DAMAGED",
        message: format!("document {} is damaged: {what}", document.id),
    }
}

/// Trouble of the folder where the bytes lie.
fn disk(error: io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Kind::Exhausted,
        _ => Kind::Internal,
    };
    Error::Store(bando_store::Error::new(kind, format!("documents: {error}")))
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let (reason, message) = (refusal.reason(), refusal.to_string());
        match refusal {
            Refusal::Exists { .. } => Self::Exists { reason, message },
            Refusal::UnknownType { .. }
            | Refusal::FormatNotAccepted { .. }
            | Refusal::Empty
            | Refusal::FileTooLarge { .. }
            | Refusal::ApplicationTooLarge { .. }
            | Refusal::TooManyFiles { .. }
            | Refusal::OtherContent { .. }
            | Refusal::ArchiveUnreadable { .. }
            | Refusal::ArchivePath { .. }
            | Refusal::ArchiveLink { .. }
            | Refusal::ArchiveRatio { .. }
            | Refusal::ArchiveEntries { .. }
            | Refusal::Removed { .. }
            | Refusal::Answered { .. }
            | Refusal::InQuarantine
            | Refusal::Infected { .. } => Self::refused(reason, message),
        }
    }
}
