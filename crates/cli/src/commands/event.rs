//! `bando event`: the audit trail, event by event.

use bando_proto::v1::ListEventsRequest;
use clap::Subcommand;

use super::filter;
use crate::args::Paging;
use crate::errors::Failure;
use crate::session::Session;
use crate::views::event::Event;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists events in the order of their revisions.
    #[command(after_help = "Examples:
  bando event list --limit 20
  bando event list --subject er/2016
  bando event list --kind submitted --after 100 -o json")]
    List {
        /// Only those about this: a call such as er/2016, or a full name.
        #[arg(long, value_name = "NAME")]
        subject: Option<String>,
        /// Only those of this kind, such as submitted.
        #[arg(long)]
        kind: Option<String>,
        /// Only those after this revision.
        #[arg(long, value_name = "REVISION", default_value_t = 0)]
        #[arg(value_parser = clap::value_parser!(i64).range(0..))]
        after: i64,
        #[command(flatten)]
        paging: Paging,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    let Command::List {
        subject,
        kind,
        after,
        paging,
    } = command;
    let subject = match subject {
        Some(name) if name.starts_with("programmes/") => Some(name),
        Some(call) => Some(session.call(&call)?),
        None => None,
    };
    let filter = filter(&[("subject", subject.as_deref()), ("kind", kind.as_deref())]);
    let (mut events, parent) = (session.events()?, session.programme()?);
    let listed = session
        .all(paging.limit, async |page_size, page_token| {
            let request = ListEventsRequest {
                parent: parent.clone(),
                page_size,
                page_token,
                filter: filter.clone(),
                after_revision: after,
            };
            let page = events.list_events(request).await?.into_inner();
            Ok((page.events, page.next_page_token))
        })
        .await?;
    let rows: Vec<Event> = listed.iter().map(Event::from).collect();
    session.output.list(&rows, "no event")
}
