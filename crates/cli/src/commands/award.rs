//! `bando award`: decisions to fund.

use bando_proto::v1::{ListAwardsRequest, ProposeAwardRequest};
use clap::Subcommand;

use super::tell_proposed;
use crate::args::Paging;
use crate::confirm::Confirmation;
use crate::errors::Failure;
use crate::session::Session;
use crate::views::award::Award;

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
    /// It exits 8 once the proposal is made: a second person must then approve it.
    #[command(after_help = "Examples:
  bando award propose er/2016 --act 'DD 14702/2016' --dry-run
  bando award propose er/2016 --act 'DD 14702/2016' --confirm er/2016")]
    Propose {
        /// The call, such as er/2016.
        call: String,
        /// Number of the act that awards.
        #[arg(long)]
        act: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List { call, paging } => list(&call, paging, session).await,
        Command::Propose {
            call,
            act,
            confirmation,
        } => propose(&call, act, &confirmation, session).await,
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

async fn propose(
    call: &str,
    act: String,
    confirmation: &Confirmation,
    session: &Session,
) -> Result<(), Failure> {
    let parent = session.call(call)?;
    let what = "asks for the award of all its grants";
    confirmation.expect(what, &parent, session).await?;
    let request = ProposeAwardRequest {
        parent,
        act,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let proposed = session.awards()?.propose_award(request).await?;
    tell_proposed(proposed.get_ref(), session)
}
