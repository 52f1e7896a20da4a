//! `bando award`: decisions to fund.

use bando_proto::v1::{ListAwardsRequest, MovePublicationRequest, ProposeAwardRequest};
use clap::Subcommand;

use super::{call, tell_dry_run, tell_proposed};
use crate::args::Paging;
use crate::confirm::Confirmation;
use crate::errors::Failure;
use crate::session::Session;
use crate::views::award::Award;
use crate::views::call::Call;

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
  bando award propose er/2016 --act 'DD 14702/2016' --confirm er/2016
  bando award propose er/2016 --act 'DD 14702/2016' --publish-at '2016-09-05 09:00' --dry-run")]
    Propose {
        /// The call, such as er/2016.
        call: String,
        /// Number of the act that awards.
        #[arg(long)]
        act: String,
        /// When the results are published, in civil time of the call's zone; at once when absent.
        /// Until then nobody outside of the office sees them, and no letter leaves.
        #[arg(
            long,
            value_name = "TIME",
            default_value = "",
            hide_default_value = true
        )]
        publish_at: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Moves the publication of decided results to another instant to come, under an act.
    #[command(after_help = "Example:
  bando award reschedule er/2016 --publish-at '2016-09-12 09:00' --act 'DD 15001/2016' --dry-run")]
    Reschedule {
        /// The call, such as er/2016.
        call: String,
        /// The new instant, in civil time of the call's zone.
        #[arg(long, value_name = "TIME")]
        publish_at: String,
        /// Number of the act that moves it.
        #[arg(long)]
        act: String,
        /// Moves only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List { call, paging } => list(&call, paging, session).await,
        Command::Propose {
            call,
            act,
            publish_at,
            confirmation,
        } => propose(&call, (act, publish_at), &confirmation, session).await,
        Command::Reschedule {
            call,
            publish_at,
            act,
            etag,
        } => {
            let name = session.call(&call)?;
            let request = MovePublicationRequest {
                etag: match etag {
                    Some(etag) => etag,
                    None => call::get(&name, session).await?.etag,
                },
                name,
                publish_at,
                act,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let moved = session.calls()?.move_publication(request).await?;
            tell_dry_run(session);
            session.output.one(&Call::from(moved.get_ref()))
        }
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
    (act, publish_at): (String, String),
    confirmation: &Confirmation,
    session: &Session,
) -> Result<(), Failure> {
    let parent = session.call(call)?;
    let what = "asks for the award of all its grants";
    confirmation.expect(what, &parent, session).await?;
    let request = ProposeAwardRequest {
        parent,
        act,
        publish_at,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let proposed = session.awards()?.propose_award(request).await?;
    tell_proposed(proposed.get_ref(), session)
}
