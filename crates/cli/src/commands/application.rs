//! `bando application`: applications of a call, their submissions and receipts.

use std::path::PathBuf;

use bando_proto::v1;
use bando_proto::v1::{GetApplicationRequest, GetSubmissionRequest, ListApplicationsRequest};
use bando_proto::v1::{SubmitApplicationRequest, WithdrawApplicationRequest};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use tonic::Code;
use uuid::Uuid;

use super::{call, check, clarify, document, filter, mending, tell_dry_run};
use crate::args::Paging;
use crate::errors::{Exit, Failure};
use crate::files::{PUBLIC, Reserved};
use crate::names::{self, last};
use crate::session::Session;
use crate::views::application::Application;
use crate::views::receipt::Signed;

const STATES: [&str; 12] = [
    "draft",
    "submitted",
    "lapsed",
    "late",
    "withdrawn",
    "under_check",
    "admissible",
    "inadmissible",
    "below_threshold",
    "waiting",
    "awarded",
    "cancelled",
];

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the applications of a call.
    #[command(after_help = "Examples:
  bando application list er/2016
  bando application list er/2016 --state awarded -o json")]
    List {
        /// The call, such as er/2016.
        call: String,
        /// Only those in this state.
        #[arg(long, value_parser = PossibleValuesParser::new(STATES))]
        state: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows an application: project, check, outcome and receipts.
    #[command(after_help = "Examples:
  bando application describe ER-2016-0000001
  bando application describe ER-2016-0000001 --call er/2016 -o yaml")]
    Describe {
        #[command(flatten)]
        application: Named,
    },
    /// Seals the working copy and prints the receipt; the last submission in time counts.
    ///
    /// A submission after the close is refused with a signed statement, which --save keeps too.
    #[command(after_help = "Examples:
  bando application submit ER-2016-0000001 --dry-run
  bando application submit ER-2016-0000001 --call er/2016 --save receipt.json")]
    Submit {
        #[command(flatten)]
        application: Named,
        /// Submits only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
        /// Writes the receipt, or the signed refusal, into a new file.
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
    /// Takes a submitted application back, until its place in the ranking is decided.
    #[command(after_help = "Example:
  bando application withdraw ER-2016-0000001 --reason 'the fair was cancelled' --dry-run")]
    Withdraw {
        #[command(flatten)]
        application: Named,
        /// Why; it becomes part of the record.
        #[arg(long)]
        reason: String,
        /// Withdraws only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
    #[command(flatten)]
    Mend(mending::Command),
    /// Shows the receipt of a submission, and saves it with the content that was sealed.
    #[command(after_help = "Examples:
  bando application receipt ER-2016-0000001
  bando application receipt ER-2016-0000001 --save receipt.json --content content.json")]
    Receipt {
        #[command(flatten)]
        application: Named,
        /// Which submission, from 1; 0 is the one that counts.
        #[arg(long, default_value_t = 0)]
        #[arg(value_parser = clap::value_parser!(i32).range(0..))]
        number: i32,
        /// Writes the receipt into a new file.
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
        /// Writes the sealed content (RFC 8785 JSON) into a new file.
        #[arg(long, value_name = "FILE")]
        content: Option<PathBuf>,
    },
    /// The formal check: open it, record what an officer found, conclude it.
    #[command(subcommand)]
    Check(check::Command),
    /// What the consortium is asked during the check, and its answers.
    #[command(subcommand)]
    Clarify(clarify::Command),
    /// The documents of an application: add, list, get, remove, record what a signature is worth.
    #[command(subcommand)]
    Document(document::Command),
}

/// One application, as people name it.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// UUID, protocol number or full name.
    #[arg(value_name = "APPLICATION")]
    name: String,
    /// The call to look in; every call of the programme when absent.
    #[arg(long)]
    call: Option<String>,
}

impl Named {
    pub(crate) fn new(name: String, call: Option<String>) -> Self {
        Self { name, call }
    }

    /// One of a known call.
    pub(crate) fn in_call(name: String, call: &str) -> Self {
        let call = Some(call.to_owned());
        Self { name, call }
    }
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List {
            call,
            state,
            paging,
        } => list(&call, state.as_deref(), paging, session).await,
        Command::Describe { application } => {
            let application = find(&application, session).await?;
            let documents = document::all(&application.name, "", usize::MAX, session).await?;
            let shown = Application::from(&application).with_documents(&documents);
            session.output.one(&shown)
        }
        Command::Mend(command) => mending::run(command, session).await,
        Command::Submit {
            application,
            etag,
            save,
        } => submit(&application, etag, save, session).await,
        Command::Withdraw {
            application,
            reason,
            etag,
        } => withdraw(&application, reason, etag, session).await,
        Command::Receipt {
            application,
            number,
            save,
            content,
        } => receipt(&application, number, save, content, session).await,
        Command::Check(command) => Box::pin(check::run(command, session)).await,
        Command::Clarify(command) => Box::pin(clarify::run(command, session)).await,
        Command::Document(command) => document::run(command, session).await,
    }
}

async fn list(
    call: &str,
    state: Option<&str>,
    paging: Paging,
    session: &Session,
) -> Result<(), Failure> {
    let parent = session.call(call)?;
    let listed = all(&parent, &filter(&[("state", state)]), paging.limit, session).await?;
    let rows: Vec<Application> = listed.iter().map(Application::from).collect();
    session.output.list(&rows, "no application")
}

pub(super) async fn all(
    parent: &str,
    filter: &str,
    limit: usize,
    session: &Session,
) -> Result<Vec<v1::Application>, Failure> {
    let mut applications = session.applications()?;
    session
        .all(limit, async |page_size, page_token| {
            let request = ListApplicationsRequest {
                parent: parent.to_owned(),
                page_size,
                page_token,
                filter: filter.to_owned(),
            };
            let page = applications.list_applications(request).await?.into_inner();
            Ok((page.applications, page.next_page_token))
        })
        .await
}

async fn submit(
    application: &Named,
    etag: Option<String>,
    save: Option<PathBuf>,
    session: &Session,
) -> Result<(), Failure> {
    let found = find(application, session).await?;
    let save = save.filter(|_| !session.dry_run());
    let file = save.map(|path| Reserved::new(&path, PUBLIC)).transpose()?;
    let request = SubmitApplicationRequest {
        name: found.name,
        etag: etag.unwrap_or(found.etag),
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let submitted = match session.applications()?.submit_application(request).await {
        Ok(submitted) => submitted.into_inner(),
        Err(status) => return Err(refused(Failure::from(status), file)),
    };
    tell_dry_run(session);
    let Some(receipt) = submitted.receipt.as_ref().map(Signed::from) else {
        let application = submitted.application.unwrap_or_default();
        return session.output.one(&Application::from(&application));
    };
    if let Some(file) = file {
        file.write(&receipt.file())?;
    }
    session.output.one(&receipt)
}

/// Keeps the signed refusal of a late attempt where the receipt was to go.
pub(super) fn refused(failure: Failure, file: Option<Reserved>) -> Failure {
    let Failure::Told(report) = &failure else {
        return failure;
    };
    let (Some(statement), Some(file)) = (report.statement(), file) else {
        return failure;
    };
    match file.write(&statement.file()) {
        Ok(()) => failure,
        Err(unwritten) => unwritten,
    }
}

async fn withdraw(
    application: &Named,
    reason: String,
    etag: Option<String>,
    session: &Session,
) -> Result<(), Failure> {
    let found = find(application, session).await?;
    let request = WithdrawApplicationRequest {
        name: found.name,
        etag: etag.unwrap_or(found.etag),
        reason,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let withdrawn = session
        .applications()?
        .withdraw_application(request)
        .await?
        .into_inner();
    tell_dry_run(session);
    session.output.one(&Application::from(&withdrawn))
}

async fn receipt(
    application: &Named,
    number: i32,
    save: Option<PathBuf>,
    content: Option<PathBuf>,
    session: &Session,
) -> Result<(), Failure> {
    let name = find(application, session).await?.name;
    let request = GetSubmissionRequest { name, number };
    let submission = session
        .applications()?
        .get_submission(request)
        .await?
        .into_inner();
    let receipt = Signed::from(&submission.receipt.unwrap_or_default());
    if let Some(path) = save {
        Reserved::new(&path, PUBLIC)?.write(&receipt.file())?;
    }
    if let Some(path) = content {
        Reserved::new(&path, PUBLIC)?.write(&submission.content)?;
    }
    session.output.one(&receipt)
}

/// The application that a full name, a UUID or a protocol number stands for.
pub(super) async fn find(named: &Named, session: &Session) -> Result<v1::Application, Failure> {
    let text = named.name.as_str();
    if text.starts_with("programmes/") {
        session.call(&text.split('/').take(4).collect::<Vec<_>>().join("/"))?;
        session.speak_of(text);
        return get(text, session).await;
    }
    session.speak_of(text);
    let calls = match &named.call {
        Some(call) => vec![session.call(call)?],
        None => call::all(1000, session)
            .await?
            .into_iter()
            .map(|call| call.name)
            .collect(),
    };
    for call in &calls {
        let found = match Uuid::try_parse(text) {
            Ok(id) => by_id(call, id, session).await?,
            Err(_) => by_protocol(call, text, session).await?,
        };
        if let Some(found) = found {
            session.call(call)?;
            return Ok(found);
        }
    }
    Err(not_found(text, &calls))
}

async fn get(name: &str, session: &Session) -> Result<v1::Application, Failure> {
    let request = GetApplicationRequest {
        name: name.to_owned(),
    };
    Ok(session
        .applications()?
        .get_application(request)
        .await?
        .into_inner())
}

async fn by_id(
    call: &str,
    id: Uuid,
    session: &Session,
) -> Result<Option<v1::Application>, Failure> {
    let request = GetApplicationRequest {
        name: format!("{call}/applications/{id}"),
    };
    match session.applications()?.get_application(request).await {
        Ok(application) => Ok(Some(application.into_inner())),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

async fn by_protocol(
    call: &str,
    protocol: &str,
    session: &Session,
) -> Result<Option<v1::Application>, Failure> {
    let listed = all(call, "", usize::MAX, session).await?;
    Ok(listed.into_iter().find(|application| {
        application
            .receipts
            .iter()
            .any(|receipt| receipt.protocol == protocol)
    }))
}

fn not_found(text: &str, calls: &[String]) -> Failure {
    let searched: Vec<String> = calls.iter().map(|call| names::short_call(call)).collect();
    let searched = match searched.len() {
        0 => "there is no call to look in".to_owned(),
        _ => format!("looked in {}", searched.join(", ")),
    };
    let message = format!("no application `{}`: {searched}", last(text));
    let failure = Failure::new(Exit::NotFound, "APPLICATION_NOT_FOUND", message);
    match calls {
        [call] => failure.with_hint(format!(
            "bando application list {}",
            names::short_call(call)
        )),
        _ => failure,
    }
}
