//! `bando timer`: what happens at an instant.

use bando_proto::v1::{
    self, CancelTimerRequest, GetTimerRequest, ListTimersRequest, RetryTimerRequest,
};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::{filter, tell_dry_run};
use crate::args::Paging;
use crate::errors::Failure;
use crate::session::Session;
use crate::views::timer::Timer;

const STATES: [&str; 4] = ["waiting", "fired", "parked", "cancelled"];

/// A timer to act on.
#[derive(Debug, Args)]
pub(crate) struct Subject {
    /// UUID or full name of the timer.
    timer: String,
    /// Acts only on what was looked at under this etag.
    #[arg(long)]
    etag: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists timers in the order of their instants: the parked ones, then those that wait.
    #[command(after_help = "Examples:
  bando timer list
  bando timer list --state parked -o name
  bando timer list --all -o json
  bando timer list --watch")]
    List {
        /// Those that fired or were cancelled too.
        #[arg(long, conflicts_with = "state")]
        all: bool,
        /// Only those in this state.
        #[arg(long, value_parser = PossibleValuesParser::new(STATES))]
        state: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows a timer with what last went wrong.
    #[command(after_help = "Example:
  bando timer show \"$(bando timer list --limit 1 -o name)\"")]
    Show {
        /// UUID or full name of the timer.
        timer: String,
    },
    /// Lets a parked timer try again at once.
    #[command(after_help = "Example:
  bando timer retry 0190a000-0000-7000-8000-000000000001 --dry-run")]
    Retry {
        #[command(flatten)]
        subject: Subject,
    },
    /// Takes back what did not happen yet.
    #[command(after_help = "Example:
  bando timer cancel 0190a000-0000-7000-8000-000000000001 \\
    --reason 'the answer came by hand' --dry-run")]
    Cancel {
        #[command(flatten)]
        subject: Subject,
        /// Why; it becomes part of the record.
        #[arg(long)]
        reason: String,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List { all, state, paging } => list(all, state.as_deref(), paging, session).await,
        Command::Show { timer } => {
            let timer = get(&timer, session).await?;
            shown(&timer, session).await
        }
        Command::Retry { subject } => {
            let (name, etag) = known(subject, session).await?;
            let request = RetryTimerRequest {
                name,
                etag,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let retried = session.timers()?.retry_timer(request).await?;
            tell_dry_run(session);
            shown(retried.get_ref(), session).await
        }
        Command::Cancel { subject, reason } => {
            let (name, etag) = known(subject, session).await?;
            let request = CancelTimerRequest {
                name,
                etag,
                reason,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let cancelled = session.timers()?.cancel_timer(request).await?;
            tell_dry_run(session);
            shown(cancelled.get_ref(), session).await
        }
    }
}

async fn list(
    all_states: bool,
    state: Option<&str>,
    paging: Paging,
    session: &Session,
) -> Result<(), Failure> {
    let now = session.now().await?;
    let states: &[Option<&str>] = match (all_states, state) {
        (true, _) => &[None],
        (false, Some(state)) => &[Some(state)],
        (false, None) => &[Some("parked"), Some("waiting")],
    };
    let mut listed = Vec::new();
    for state in states {
        let left = paging.limit.saturating_sub(listed.len());
        if left == 0 {
            break;
        }
        listed.extend(all(&filter(&[("state", *state)]), left, session).await?);
    }
    let rows: Vec<Timer> = listed.iter().map(|timer| Timer::at(timer, now)).collect();
    session.output.list(&rows, "no timer is waiting")
}

async fn shown(timer: &v1::Timer, session: &Session) -> Result<(), Failure> {
    let now = session.now().await?;
    session.output.one(&Timer::at(timer, now))
}

async fn get(timer: &str, session: &Session) -> Result<v1::Timer, Failure> {
    let request = GetTimerRequest {
        name: session.name(timer, "timers")?,
    };
    Ok(session.timers()?.get_timer(request).await?.into_inner())
}

/// The name and the etag to act under: the given one, or that of now.
async fn known(subject: Subject, session: &Session) -> Result<(String, String), Failure> {
    let name = session.name(&subject.timer, "timers")?;
    match subject.etag {
        Some(etag) => Ok((name, etag)),
        None => Ok((name, get(&subject.timer, session).await?.etag)),
    }
}

pub(super) async fn all(
    filter: &str,
    limit: usize,
    session: &Session,
) -> Result<Vec<v1::Timer>, Failure> {
    let (mut timers, parent) = (session.timers()?, session.programme()?);
    session
        .all(limit, async |page_size, page_token| {
            let (parent, filter) = (parent.clone(), filter.to_owned());
            let request = ListTimersRequest {
                parent,
                page_size,
                page_token,
                filter,
            };
            let page = timers.list_timers(request).await?.into_inner();
            Ok((page.timers, page.next_page_token))
        })
        .await
}
