//! `bando award`: decisions to fund.

use bando_proto::v1::{ListAwardsRequest, ProposeAwardRequest};
use clap::Subcommand;

use super::tell_dry_run;
use crate::args::Paging;
use crate::errors::Failure;
use crate::output;
use crate::session::Session;
use crate::views::award::Award;
use crate::views::proposal::Proposal;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the awards of a call.
    #[command(after_help = "Examples:
  bando award list er/2016
  bando award list er/2016 -o json")]
    List {
        /// The call, such as er/2016.
        call: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Proposes to award the grants of the ranking in force.
    ///
    /// It ends well once the proposal is made; a second person must then approve it.
    #[command(after_help = "Example:
  bando award propose er/2016 --act 'DD 14702/2016' --dry-run")]
    Propose {
        /// The call, such as er/2016.
        call: String,
        /// Number of the act that awards.
        #[arg(long)]
        act: String,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List { call, paging } => list(&call, paging, session).await,
        Command::Propose { call, act } => propose(&call, act, session).await,
    }
}

async fn list(call: &str, paging: Paging, session: &Session) -> Result<(), Failure> {
    let (mut awards, parent) = (session.awards()?, session.call(call)?);
    let listed = session
        .all(paging.limit, async |page_size, page_token| {
            let request = ListAwardsRequest {
                parent: parent.clone(),
                page_size,
                page_token,
            };
            let page = awards.list_awards(request).await?.into_inner();
            Ok((page.awards, page.next_page_token))
        })
        .await?;
    let rows: Vec<Award> = listed.iter().map(Award::from).collect();
    session.output.list(&rows, "no award yet")
}

async fn propose(call: &str, act: String, session: &Session) -> Result<(), Failure> {
    let request = ProposeAwardRequest {
        parent: session.call(call)?,
        act,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let proposal = session.awards()?.propose_award(request).await?.into_inner();
    tell_dry_run(session);
    let proposal = Proposal::from(&proposal);
    session.output.one(&proposal)?;
    if !session.dry_run() {
        output::talk(&proposal.next_step());
    }
    Ok(())
}
