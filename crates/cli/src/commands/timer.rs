//! `bando timer`: what happens at an instant.

use bando_proto::v1::{self, ListTimersRequest};
use clap::Subcommand;

use super::filter;
use crate::args::Paging;
use crate::errors::Failure;
use crate::session::Session;
use crate::views::timer::Timer;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists timers in the order of their instants.
    #[command(after_help = "Examples:
  bando timer list
  bando timer list --all -o json
  bando timer list --watch")]
    List {
        /// Those that fired or were cancelled too.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        paging: Paging,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    let Command::List { all, paging } = command;
    list(all, paging, session).await
}

async fn list(all_states: bool, paging: Paging, session: &Session) -> Result<(), Failure> {
    let now = session.now().await?;
    let filter = filter(&[("state", (!all_states).then_some("waiting"))]);
    let listed = all(&filter, paging.limit, session).await?;
    let rows: Vec<Timer> = listed.iter().map(|timer| Timer::at(timer, now)).collect();
    session.output.list(&rows, "no timer is waiting")
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
