//! `bando consortium`: applicant organisations and their members.

use std::path::PathBuf;

use bando_proto::v1;
use bando_proto::v1::{
    GetConsortiumRequest, ListConsortiaRequest, ListHistoryRequest, RegisterConsortiumRequest,
};
use clap::Subcommand;

use super::{
    consortium_file as file, consortium_import as import, consortium_register as register,
    tell_dry_run,
};
use crate::args::Paging;
use crate::errors::{Exit, Failure};
use crate::files;
use crate::output;
use crate::session::Session;
use crate::views::consortium::Consortium;
use crate::views::history;

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
    #[command(after_help = "Examples:
  bando consortium describe 90001010371
  bando consortium describe 90001010371 --on 2016-05-31")]
    Describe {
        /// UUID, partita IVA or full name of the consortium.
        consortium: String,
        /// Shows who was a member, which links held, which fund and accreditation on this day.
        #[arg(long, value_name = "DAY")]
        on: Option<String>,
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
    /// Registers consortia, members and links from a table (CSV): all of it, or nothing.
    ///
    /// Every refused row is told with its line, column, value and rule, and exit 6.
    #[command(after_help = "\
The first line names the columns, in any order; commas or semicolons separate; UTF-8. The column
`kind` says what a row is, `consortium` is the partita IVA of the consortium it is about:

  consortium  title, form, country, region, fund_subscribed, fund_paid, statute_forbids_profit,
              active, sme_majority_of_directors, accreditation with since and until (may be empty),
              representative, email, language, address (may be empty)
  member      partita_iva, title, region, artisan, size, share, joined_on, left_on, address, email (may
              be empty)
  link        partita_iva, other, since and until (may be empty)

Yes or no is `yes` or `no`, days are 2014-01-01, amounts are euros such as 1250.00. Members and
links may be of a consortium that is registered already.

Examples:
  bando consortium import --sample > consortia.csv
  bando consortium import config/consortia.csv --dry-run
  bando consortium import config/consortia.csv")]
    Import {
        /// The table.
        #[arg(required_unless_present = "sample")]
        file: Option<PathBuf>,
        /// Prints a sample table and imports nothing.
        #[arg(long, conflicts_with = "file")]
        sample: bool,
    },
    /// What happened to a consortium, oldest first, with its days and who recorded it.
    #[command(after_help = "Examples:
  bando consortium history 90001010371
  bando consortium history 90001010371 --limit 20 -o jsonl")]
    History {
        /// UUID, partita IVA or full name of the consortium.
        consortium: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Members that join, leave or change their share.
    #[command(subcommand)]
    Member(register::Member),
    /// Links between firms that are not independent of one another.
    #[command(subcommand)]
    Link(register::Link),
    /// The regional accreditation.
    #[command(subcommand)]
    Accreditation(register::Accreditation),
    /// The consortium fund.
    #[command(subcommand)]
    Fund(register::Fund),
    /// What the members agreed to reach together over some years.
    #[command(subcommand)]
    Programme(register::Programme),
    /// Corrects where letters go; what could not be delivered follows.
    ///
    /// Letters to the old address that are held, queued, bounced or failed go to the new one; an
    /// uncertain letter waits for a person.
    #[command(after_help = "Example:
  bando consortium correct-address 90001010371 --email nuovo@esempio.example \
--reason 'typed wrongly, told by telephone'")]
    CorrectAddress {
        #[command(flatten)]
        whose: register::Whose,
        /// The new address.
        #[arg(long)]
        email: String,
        /// Why; it stays in the audit trail.
        #[arg(long)]
        reason: String,
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
        Command::Describe { consortium, on } => {
            let mut found = find(&consortium, session).await?;
            if let Some(on) = on {
                let name = found.name;
                let request = GetConsortiumRequest { name, on };
                found = session
                    .consortia()?
                    .get_consortium(request)
                    .await?
                    .into_inner();
            }
            session.output.one(&Consortium::from(&found))
        }
        Command::Register {
            file: Some(file), ..
        } => register(file, session).await,
        Command::Register { file: None, .. } => output::raw(file::SAMPLE.as_bytes()),
        Command::Import {
            file: Some(file), ..
        } => import::import(file, session).await,
        Command::Import { file: None, .. } => output::raw(import::SAMPLE.as_bytes()),
        Command::History { consortium, paging } => {
            history(&consortium, paging.limit, session).await
        }
        Command::Member(act) => register::member(act, session).await,
        Command::Link(act) => register::link(act, session).await,
        Command::Accreditation(act) => register::accreditation(act, session).await,
        Command::Fund(act) => register::fund(act, session).await,
        Command::Programme(act) => register::programme(act, session).await,
        Command::CorrectAddress {
            whose,
            email,
            reason,
        } => register::correct_address(whose, email, reason, session).await,
    }
}

async fn register(file: PathBuf, session: &Session) -> Result<(), Failure> {
    let consortium = file::read(&file, &files::read_text(&file)?)?;
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
    show_changed(&registered, session)
}

async fn history(consortium: &str, limit: usize, session: &Session) -> Result<(), Failure> {
    let parent = find(consortium, session).await?.name;
    let mut consortia = session.consortia()?;
    let listed = session
        .all(limit, async |page_size, page_token| {
            let request = ListHistoryRequest {
                parent: parent.clone(),
                page_size,
                page_token,
            };
            let page = consortia.list_history(request).await?.into_inner();
            Ok((page.entries, page.next_page_token))
        })
        .await?;
    let rows: Vec<_> = listed.iter().flat_map(history::lines).collect();
    session.output.list(&rows, "no history")
}

pub(super) fn show_changed(consortium: &v1::Consortium, session: &Session) -> Result<(), Failure> {
    tell_dry_run(session);
    session.output.one(&Consortium::from(consortium))
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

pub(super) async fn find(text: &str, session: &Session) -> Result<v1::Consortium, Failure> {
    if text.len() != PARTITA_IVA || !text.bytes().all(|b| b.is_ascii_digit()) {
        let request = GetConsortiumRequest {
            name: session.name(text, "consortia")?,
            on: String::new(),
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
