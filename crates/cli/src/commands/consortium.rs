//! `bando consortium`: applicant organisations and their members.

use std::path::PathBuf;

use bando_proto::v1;
use bando_proto::v1::{GetConsortiumRequest, ListConsortiaRequest, RegisterConsortiumRequest};
use clap::Subcommand;

use super::{consortium_file, tell_dry_run};
use crate::args::Paging;
use crate::errors::{Exit, Failure};
use crate::files;
use crate::output;
use crate::session::Session;
use crate::views::consortium::Consortium;

/// Digits of a partita IVA.
const PARTITA_IVA: usize = 11;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the consortia of the programme.
    #[command(after_help = "Examples:
  bando consortium list
  bando consortium list -o json")]
    List(Paging),
    /// Shows a consortium with its members and links.
    #[command(after_help = "Example:
  bando consortium describe 90001010371")]
    Describe {
        /// UUID, partita IVA or full name of the consortium.
        consortium: String,
    },
    /// Registers a consortium from its file.
    #[command(after_help = "\
The file is TOML, or JSON with the same keys (a name ending in .json, or a text starting with {).
`--sample` prints a whole one with every key explained:

  title, partita_iva, form, seat_country, seat_region, fund_subscribed, fund_paid,
  statute_forbids_profit, active, sme_majority_of_directors, accreditation (may be absent)
  [contact]    legal_representative, email, language
  [[members]]  partita_iva, title, region, artisan, size, share, joined_on
  [[links]]    one, other (may be absent)

Amounts are euros, exact: \"1250.00\" in quotes, or whole. Days are \"2014-01-01\".

Examples:
  bando consortium register --sample > consortium.toml
  bando consortium register consortium.toml --dry-run
  bando consortium register consortium.toml")]
    Register {
        /// The consortium's file (TOML or JSON); `-` reads standard input.
        #[arg(required_unless_present = "sample")]
        file: Option<PathBuf>,
        /// Prints a sample file and registers nothing.
        #[arg(long, conflicts_with = "file")]
        sample: bool,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List(paging) => {
            let listed = all(paging.limit, session).await?;
            let rows: Vec<Consortium> = listed.iter().map(Consortium::from).collect();
            session
                .output
                .list(&rows, "no consortium yet: bando consortium register FILE")
        }
        Command::Describe { consortium } => {
            let found = find(&consortium, session).await?;
            session.output.one(&Consortium::from(&found))
        }
        Command::Register {
            file: Some(file), ..
        } => register(file, session).await,
        Command::Register { file: None, .. } => output::raw(consortium_file::SAMPLE.as_bytes()),
    }
}

async fn register(file: PathBuf, session: &Session) -> Result<(), Failure> {
    let consortium = consortium_file::read(&file, &files::read_text(&file)?)?;
    let request = RegisterConsortiumRequest {
        parent: session.programme()?,
        consortium: Some(consortium),
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let registered = session
        .consortia()?
        .register_consortium(request)
        .await?
        .into_inner();
    tell_dry_run(session);
    session.output.one(&Consortium::from(&registered))
}

async fn all(limit: usize, session: &Session) -> Result<Vec<v1::Consortium>, Failure> {
    let (mut consortia, parent) = (session.consortia()?, session.programme()?);
    session
        .all(limit, async |page_size, page_token| {
            let request = ListConsortiaRequest {
                parent: parent.clone(),
                page_size,
                page_token,
            };
            let page = consortia.list_consortia(request).await?.into_inner();
            Ok((page.consortia, page.next_page_token))
        })
        .await
}

async fn find(text: &str, session: &Session) -> Result<v1::Consortium, Failure> {
    if text.len() != PARTITA_IVA || !text.bytes().all(|b| b.is_ascii_digit()) {
        let request = GetConsortiumRequest {
            name: session.name(text, "consortia")?,
        };
        return Ok(session
            .consortia()?
            .get_consortium(request)
            .await?
            .into_inner());
    }
    let listed = all(usize::MAX, session).await?;
    let has_number = |consortium: &v1::Consortium| {
        consortium
            .profile
            .as_ref()
            .is_some_and(|profile| profile.partita_iva == text)
    };
    listed.into_iter().find(has_number).ok_or_else(|| {
        let message = format!("no consortium has the partita IVA {text}");
        Failure::new(Exit::NotFound, "CONSORTIUM_NOT_FOUND", message)
    })
}
