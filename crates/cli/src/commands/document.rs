//! `bando application document`: files on their way in and out, and what is recorded about them.

use std::path::{Path, PathBuf};

use bando_domain::document::ScanState;
use bando_domain::media_type::MediaType;
use bando_domain::receipt::hex;
use bando_proto::v1;
use bando_proto::v1::upload_document_request::Part;
use bando_proto::v1::{DownloadDocumentRequest, GetDocumentRequest, ListDocumentsRequest};
use bando_proto::v1::{RecordVerificationRequest, RemoveDocumentRequest, UploadDocumentRequest};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, ValueEnum};
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use uuid::Uuid;

use super::application::{Named, find};
use super::{clarify, filter, tell_dry_run};
use crate::args::Paging;
use crate::errors::{Exit, Failure};
use crate::files::{self, PUBLIC, Reserved};
use crate::names::{self, last};
use crate::progress::Progress;
use crate::session::Session;
use crate::views::document::Document;

/// Bytes of one message; the daemon takes no more.
const CHUNK: usize = 64 * 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sends a file into the working copy, or for an item of the last request during the check; the
    /// call says which types and formats it takes.
    #[command(after_help = "Examples:
  bando application document add ER-2016-0000001 statuto.pdf --type statute --dry-run
  bando application document add ER-2016-0000001 statuto.pdf --type statute --item 1")]
    Add {
        /// UUID, protocol number or full name of the application.
        application: String,
        /// The file; its ending says its format.
        file: PathBuf,
        /// Code of the call's document type: `bando call describe` lists them.
        #[arg(long = "type", value_name = "CODE")]
        document_type: String,
        /// In answer to this item of the last request, from 1; it is sealed with the answer.
        #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
        item: Option<i32>,
        /// The call to look in; every call of the programme when absent.
        #[arg(long)]
        call: Option<String>,
    },
    /// Lists the documents of an application, or of a whole call.
    #[command(after_help = "Examples:
  bando application document list ER-2016-0000001
  bando application document list er/2016 --scan infected")]
    List {
        /// An application, or a call such as er/2016.
        of: String,
        /// Only those that stand so to the virus scanner.
        #[arg(long, value_parser = PossibleValuesParser::new(ScanState::ALL.map(ScanState::as_str)))]
        scan: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Saves a document into a new file, checked against its SHA-256.
    #[command(after_help = "Examples:
  bando application document get ER-2016-0000001 statute
  bando application document get ER-2016-0000001 statute --save statuto-1.pdf")]
    Get {
        #[command(flatten)]
        document: Which,
        /// Where to; under its own name in this folder when absent.
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
    /// Takes a document out of the working copy, or back before its answer; submissions keep it.
    #[command(after_help = "Example:
  bando application document remove ER-2016-0000001 \
\"$(bando application document list ER-2016-0000001 -o name)\" --dry-run")]
    Remove {
        #[command(flatten)]
        document: Which,
        /// Removes only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
    /// Records what an officer found about a signature with a tool of their own.
    #[command(after_help = "Example:
  bando application document verify ER-2016-0000001 \
\"$(bando application document list ER-2016-0000001 -o name)\" --result valid --signer 'Anna Rossi'")]
    Verify {
        #[command(flatten)]
        document: Which,
        #[arg(long, value_enum)]
        result: Finding,
        /// Who signed, as far as it could be read.
        #[arg(long, default_value = "")]
        signer: String,
        /// Why; needed unless the signature is valid.
        #[arg(long, default_value = "")]
        note: String,
        /// Records only about what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
}

/// One document, as people name it.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// UUID, protocol number or full name of the application.
    application: String,
    /// UUID or full name of the document, or its type or file name where only one has it.
    document: String,
    /// The call to look in; every call of the programme when absent.
    #[arg(long)]
    call: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Finding {
    Valid,
    Invalid,
    #[value(name = "not_verifiable")]
    NotVerifiable,
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Add {
            application,
            file,
            document_type,
            item,
            call,
        } => {
            let application = Named::new(application, call);
            let to = Destination::of(&application, item, session).await?;
            add(to, &file, document_type, session).await
        }
        Command::List { of, scan, paging } => list(&of, scan.as_deref(), paging, session).await,
        Command::Get { document, save } => get(&document, save, session).await,
        Command::Remove { document, etag } => remove(&document, etag, session).await,
        Command::Verify {
            document,
            result,
            signer,
            note,
            etag,
        } => {
            let (name, etag) = looked_at(&document, etag, session).await?;
            let request = RecordVerificationRequest {
                name,
                etag,
                result: match result {
                    Finding::Valid => v1::VerificationResult::Valid.into(),
                    Finding::Invalid => v1::VerificationResult::Invalid.into(),
                    Finding::NotVerifiable => v1::VerificationResult::NotVerifiable.into(),
                },
                signer,
                note,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let mut documents = session.documents()?;
            let verified = documents.record_verification(request).await?.into_inner();
            tell_dry_run(session);
            session.output.one(&Document::from(&verified))
        }
    }
}

/// What a file is for.
struct Destination {
    application: String,
    /// Empty for the working copy.
    clarification: String,
    item: i32,
}

impl Destination {
    async fn of(named: &Named, item: Option<i32>, session: &Session) -> Result<Self, Failure> {
        let Some(item) = item else {
            return Ok(Self {
                application: find(named, session).await?.name,
                clarification: String::new(),
                item: 0,
            });
        };
        let asked = clarify::last_of(named, session).await?;
        Ok(Self {
            application: asked.application,
            clarification: asked.name,
            item,
        })
    }
}

async fn add(
    to: Destination,
    file: &Path,
    document_type: String,
    session: &Session,
) -> Result<(), Failure> {
    let header = header(to, file, document_type, session).await?;
    let total = u64::try_from(header.size_bytes).unwrap_or_default();
    let opened = File::open(file).await;
    let opened = opened.map_err(|error| files::unreadable(file, &error))?;
    let progress = Progress::bytes(total);
    let first = futures::stream::once(async { Some(Part::Header(header)) });
    let pieces = futures::stream::unfold(opened, |mut file| async {
        let mut piece = vec![0; CHUNK];
        // A file that cannot be read on ends early, and the daemon says what is missing.
        let count = file
            .read(&mut piece)
            .await
            .ok()
            .filter(|count| *count > 0)?;
        piece.truncate(count);
        Some((Some(Part::Chunk(piece)), file))
    });
    let messages = first.chain(pieces).map(move |part| {
        if let Some(Part::Chunk(piece)) = &part {
            progress.more_bytes(piece.len());
        }
        UploadDocumentRequest { part }
    });
    let mut documents = session.documents()?;
    let added = documents.upload_document(messages).await?.into_inner();
    tell_dry_run(session);
    session.output.one(&Document::from(&added))
}

/// What is said of a file: its whole is read once for that.
async fn header(
    to: Destination,
    path: &Path,
    document_type: String,
    session: &Session,
) -> Result<v1::UploadHeader, Failure> {
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(media_type) = MediaType::of_file_name(&file_name) else {
        let known = MediaType::ALL.map(MediaType::as_str).join(", ");
        let message = format!("{} ends in none of: {known}", path.display());
        return Err(Failure::new(Exit::Usage, "FORMAT_UNKNOWN", message));
    };
    let unreadable = |error| files::unreadable(path, &error);
    let mut file = File::open(path).await.map_err(unreadable)?;
    let (mut hasher, mut size, mut piece) = (Sha256::new(), 0_usize, vec![0; CHUNK]);
    loop {
        let count = file.read(&mut piece).await.map_err(unreadable)?;
        if count == 0 {
            break;
        }
        hasher.update(&piece[..count]);
        size += count;
    }
    Ok(v1::UploadHeader {
        parent: to.application,
        document_type,
        file_name: file_name.into_owned(),
        media_type: media_type.mime().to_owned(),
        size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
        sha256: hex(&hasher.finalize()),
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
        clarification: to.clarification,
        item: to.item,
    })
}

async fn list(
    of: &str,
    scan: Option<&str>,
    paging: Paging,
    session: &Session,
) -> Result<(), Failure> {
    let parent = match call_of(of) {
        Some(call) => format!("{}/applications/-", session.call(call)?),
        None => found(of, None, session).await?,
    };
    let listed = all(&parent, &filter(&[("scan", scan)]), paging.limit, session).await?;
    let rows: Vec<Document> = listed.iter().map(Document::from).collect();
    session.output.list(&rows, "no document")
}

/// The text itself when it names a call rather than an application.
fn call_of(text: &str) -> Option<&str> {
    let parts = text.split('/').count();
    let is_call = match text.strip_prefix("programmes/") {
        Some(_) => parts == 4,
        None => parts == 2,
    };
    is_call.then_some(text)
}

pub(super) async fn all(
    parent: &str,
    filter: &str,
    limit: usize,
    session: &Session,
) -> Result<Vec<v1::Document>, Failure> {
    let mut documents = session.documents()?;
    session
        .all(limit, async |page_size, page_token| {
            let request = ListDocumentsRequest {
                parent: parent.to_owned(),
                page_size,
                page_token,
                filter: filter.to_owned(),
            };
            let page = documents.list_documents(request).await?.into_inner();
            Ok((page.documents, page.next_page_token))
        })
        .await
}

async fn get(which: &Which, save: Option<PathBuf>, session: &Session) -> Result<(), Failure> {
    let name = named(which, session).await?;
    let mut documents = session.documents()?;
    let request = GetDocumentRequest { name: name.clone() };
    let document = documents.get_document(request).await?.into_inner();
    let path = save.unwrap_or_else(|| PathBuf::from(&document.file_name));
    let mut file = Reserved::new(&path, PUBLIC)?;
    let total = u64::try_from(document.size_bytes).unwrap_or_default();
    let progress = Progress::bytes(total);
    let request = DownloadDocumentRequest { name };
    let mut pieces = documents.download_document(request).await?.into_inner();
    let mut hasher = Sha256::new();
    while let Some(piece) = pieces.message().await? {
        hasher.update(&piece.chunk);
        file.append(&piece.chunk)?;
        progress.more_bytes(piece.chunk.len());
    }
    drop(progress);
    let came = hex(&hasher.finalize());
    if came != document.sha256 {
        let message = format!(
            "the SHA-256 of what came is {came}, not {}",
            document.sha256
        );
        return Err(Failure::new(Exit::Failure, "DOCUMENT_DAMAGED", message));
    }
    file.keep()?;
    session.output.one(&Document::from(&document))
}

async fn remove(which: &Which, etag: Option<String>, session: &Session) -> Result<(), Failure> {
    let (name, etag) = looked_at(which, etag, session).await?;
    let request = RemoveDocumentRequest {
        name,
        etag,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let mut documents = session.documents()?;
    let removed = documents.remove_document(request).await?.into_inner();
    tell_dry_run(session);
    session.output.one(&Document::from(&removed))
}

/// A document with the etag given, or the one it has now.
async fn looked_at(
    which: &Which,
    etag: Option<String>,
    session: &Session,
) -> Result<(String, String), Failure> {
    let name = named(which, session).await?;
    if let Some(etag) = etag {
        return Ok((name, etag));
    }
    let request = GetDocumentRequest { name: name.clone() };
    let found = session.documents()?.get_document(request).await?;
    Ok((name, found.into_inner().etag))
}

async fn found(text: &str, call: Option<String>, session: &Session) -> Result<String, Failure> {
    let named = Named::new(text.to_owned(), call);
    Ok(find(&named, session).await?.name)
}

/// The full name of a document, looked up where it is named by its type or file.
async fn named(which: &Which, session: &Session) -> Result<String, Failure> {
    let text = which.document.as_str();
    let application = found(&which.application, which.call.clone(), session).await?;
    if Uuid::try_parse(text).is_ok() || text.starts_with("programmes/") {
        return names::resource(text, &application, "documents");
    }
    let listed = all(&application, "", usize::MAX, session).await?;
    let present = listed.iter().filter(|one| one.removed_at.is_none());
    let same: Vec<&v1::Document> = present
        .filter(|one| one.document_type == text || one.file_name == text)
        .collect();
    match same.as_slice() {
        [only] => Ok(only.name.clone()),
        [] => Err(not_named(text, "no document is", &application)),
        [..] => Err(not_named(text, "more than one document is", &application)),
    }
}

fn not_named(text: &str, how_many: &str, application: &str) -> Failure {
    let id = last(application);
    let message = format!("{how_many} `{text}` in application {id}");
    Failure::new(Exit::NotFound, "DOCUMENT_NOT_FOUND", message)
        .with_hint(format!("bando application document list {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_told_from_an_application() {
        for text in ["er/2016", "programmes/er/calls/2016"] {
            assert_eq!(call_of(text), Some(text));
        }
        let id = "0190a000-0000-7000-8000-000000000001";
        let full = format!("programmes/er/calls/2016/applications/{id}");
        for text in ["ER-2016-0000001", id, &full] {
            assert_eq!(call_of(text), None, "{text}");
        }
    }
}
