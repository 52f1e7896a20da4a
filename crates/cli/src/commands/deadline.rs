//! `bando deadline`: until when something may be done, and what moved it.

use bando_proto::v1::{
    self, ExtendDeadlineRequest, GetDeadlineHistoryRequest, GetDeadlineRequest,
    ListDeadlinesRequest,
};
use clap::{Args, Subcommand};
use prost_types::Timestamp;

use super::{call_acts::proposed, instant};
use crate::args::Paging;
use crate::errors::Failure;
use crate::names;
use crate::session::Session;
use crate::views::deadline::{Change, Deadline};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists deadlines in the order of their instants.
    #[command(after_help = "Examples:
  bando deadline list
  bando deadline list --call er/2027 --from 2027-06-01T00:00:00Z --to 2027-06-30T22:00:00Z
  bando deadline list --consortium 0190a000-0000-7000-8000-000000000001 -o json")]
    List(List),
    /// Shows a deadline with its zone, its edge and its act.
    #[command(after_help = "Examples:
  bando deadline show er/2027
  bando deadline show er/2027/payment-limit -o json")]
    Show {
        /// The deadline, such as er/2027/close; a call alone means its close.
        deadline: String,
    },
    /// Asks a second person to extend the close of a call, before or after it passed.
    ///
    /// It exits 8 once the proposal is made; on approval its timers and reminders are set anew and
    /// everybody with an application is told. Other deadlines are not extended.
    #[command(after_help = "Example:
  bando deadline extend er/2016 --to '2016-06-10 16:00' --act 'DD 77/2016' \\
    --reason 'a strike of the carriers' --dry-run")]
    Extend {
        /// The deadline, such as er/2016/close; a call alone means its close.
        deadline: String,
        /// The new instant, in civil time of its zone; a day alone is its last instant.
        #[arg(long, value_name = "TIME")]
        to: String,
        /// The number of the act that extends it.
        #[arg(long)]
        act: String,
        /// Why; it becomes part of the record.
        #[arg(long, default_value = "")]
        reason: String,
        /// Acts only on what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
    /// Lists what moved or suspended a deadline, oldest first.
    #[command(after_help = "Examples:
  bando deadline history er/2016
  bando deadline history er/2016/results -o json")]
    History {
        /// The deadline, such as er/2016/close; a call alone means its close.
        deadline: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those of this call.
    #[arg(long)]
    call: Option<String>,
    /// UUID or full name of a consortium: as it sees them.
    #[arg(long)]
    consortium: Option<String>,
    /// From this instant on.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    from: Option<Timestamp>,
    /// Until this instant.
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    to: Option<Timestamp>,
    #[command(flatten)]
    paging: Paging,
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List(wanted) => list(wanted, session).await,
        Command::Show { deadline } => {
            let found = get(&session.deadline(&deadline)?, session).await?;
            session.output.one(&Deadline::from(&found))
        }
        Command::Extend {
            deadline,
            to,
            act,
            reason,
            etag,
        } => {
            let name = session.deadline(&deadline)?;
            let etag = match etag {
                Some(etag) => etag,
                None => get(&name, session).await?.etag,
            };
            let request = ExtendDeadlineRequest {
                name,
                etag,
                to,
                act,
                reason,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let mut deadlines = session.deadlines()?;
            proposed(deadlines.extend_deadline(request).await?, session)
        }
        Command::History { deadline } => {
            let name = session.deadline(&deadline)?;
            let request = GetDeadlineHistoryRequest { name };
            let found = session.deadlines()?.get_deadline_history(request).await?;
            let found = found.into_inner().changes;
            let rows: Vec<Change> = found.iter().map(Change::from).collect();
            session.output.list(&rows, "nothing moved it")
        }
    }
}

async fn list(wanted: List, session: &Session) -> Result<(), Failure> {
    let parent = session.programme()?;
    let call = match &wanted.call {
        Some(call) => session.call(call)?,
        None => String::new(),
    };
    let consortium = match &wanted.consortium {
        Some(consortium) => names::resource(consortium, &parent, "consortia")?,
        None => String::new(),
    };
    let mut deadlines = session.deadlines()?;
    let listed = session
        .all(wanted.paging.limit, async |page_size, page_token| {
            let request = ListDeadlinesRequest {
                parent: parent.clone(),
                page_size,
                page_token,
                call: call.clone(),
                consortium: consortium.clone(),
                from: wanted.from,
                to: wanted.to,
            };
            let page = deadlines.list_deadlines(request).await?.into_inner();
            Ok((page.deadlines, page.next_page_token))
        })
        .await?;
    let rows: Vec<Deadline> = listed.iter().map(Deadline::from).collect();
    session.output.list(&rows, "no deadline")
}

async fn get(name: &str, session: &Session) -> Result<v1::Deadline, Failure> {
    let request = GetDeadlineRequest {
        name: name.to_owned(),
    };
    let found = session.deadlines()?.get_deadline(request).await?;
    Ok(found.into_inner())
}
