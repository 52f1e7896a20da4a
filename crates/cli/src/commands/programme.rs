//! `bando programme`: standing schemes.

use std::path::PathBuf;

use bando_domain::call_file;
use bando_proto::v1::{ListProgrammesRequest, LoadProgrammeRequest};
use clap::Subcommand;

use super::tell_dry_run;
use crate::args::Paging;
use crate::commands::call::report_mistakes;
use crate::errors::Failure;
use crate::files;
use crate::session::Session;
use crate::views::programme::Programme;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Creates a programme from its file, or replaces it by its changed file.
    #[command(after_help = "Examples:
  bando programme load config/programmes/er-consortia.toml
  bando programme load config/programmes/er-consortia.toml --dry-run")]
    Load {
        /// The programme's file (TOML).
        file: PathBuf,
    },
    /// Finds every mistake in a programme's file, without a daemon; exit 6 when there are any.
    #[command(after_help = "Example:
  bando programme check config/programmes/er-consortia.toml")]
    Check {
        /// The programme's file (TOML).
        file: PathBuf,
    },
    /// Lists the programmes that the token sees.
    #[command(after_help = "Example:
  bando programme list")]
    List(Paging),
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Load { file } => load(file, session).await,
        Command::Check { file } => check(file, session),
        Command::List(paging) => list(paging, session).await,
    }
}

async fn load(file: PathBuf, session: &Session) -> Result<(), Failure> {
    let request = LoadProgrammeRequest {
        file: files::read_text(&file)?,
        file_name: files::name_of(&file),
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let programme = session
        .programmes()?
        .load_programme(request)
        .await?
        .into_inner();
    tell_dry_run(session);
    session.output.one(&Programme::from(&programme))
}

fn check(file: PathBuf, session: &Session) -> Result<(), Failure> {
    let name = files::name_of(&file);
    let mistakes = call_file::parse_programme(&name, &files::read_text(&file)?)
        .err()
        .unwrap_or_default();
    report_mistakes(&name, &mistakes, session)
}

async fn list(paging: Paging, session: &Session) -> Result<(), Failure> {
    let mut programmes = session.programmes()?;
    let listed = session
        .all(paging.limit, async |page_size, page_token| {
            let request = ListProgrammesRequest {
                page_size,
                page_token,
            };
            let page = programmes.list_programmes(request).await?.into_inner();
            Ok((page.programmes, page.next_page_token))
        })
        .await?;
    let rows: Vec<Programme> = listed.iter().map(Programme::from).collect();
    session
        .output
        .list(&rows, "no programme yet: bando programme load FILE")
}
