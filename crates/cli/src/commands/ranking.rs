//! `bando ranking`: rankings of a call with their allocation.

use bando_proto::v1::{ComputeRankingRequest, GetRankingRequest, ListRankingsRequest};
use clap::Subcommand;

use super::tell_dry_run;
use crate::args::Paging;
use crate::errors::Failure;
use crate::output;
use crate::session::Session;
use crate::views::proposal::Proposal;
use crate::views::ranking::{Computed, Ranking};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ranks all admissible applications, divides the budget and proposes the result.
    ///
    /// It ends well once the proposal is made; a second person must then approve it.
    #[command(after_help = "Example:
  bando ranking compute er/2016 --dry-run")]
    Compute {
        /// The call, such as er/2016.
        call: String,
    },
    /// Shows the ranking in force, or the newest, with its funding line.
    #[command(after_help = "Examples:
  bando ranking show er/2016
  bando ranking show er/2016 --version 1 -o json")]
    Show {
        /// The call, such as er/2016.
        call: String,
        /// This version, from 1.
        #[arg(long)]
        version: Option<u32>,
    },
    /// Lists the versions of a call's ranking.
    #[command(after_help = "Example:
  bando ranking list er/2016")]
    List {
        /// The call, such as er/2016.
        call: String,
        #[command(flatten)]
        paging: Paging,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Compute { call } => compute(&call, session).await,
        Command::Show { call, version } => {
            let version = version.map_or_else(|| "-".to_owned(), |version| version.to_string());
            let name = format!("{}/rankings/{version}", session.call(&call)?);
            let ranking = session
                .rankings()?
                .get_ranking(GetRankingRequest { name })
                .await?
                .into_inner();
            session.output.one(&Ranking::from(&ranking))
        }
        Command::List { call, paging } => list(&call, paging, session).await,
    }
}

async fn compute(call: &str, session: &Session) -> Result<(), Failure> {
    let request = ComputeRankingRequest {
        parent: session.call(call)?,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let computed = session
        .rankings()?
        .compute_ranking(request)
        .await?
        .into_inner();
    tell_dry_run(session);
    let computed = Computed {
        ranking: Ranking::from(&computed.ranking.unwrap_or_default()),
        proposal: computed
            .proposal
            .filter(|_| !session.dry_run())
            .as_ref()
            .map(Proposal::from),
    };
    session.output.one(&computed)?;
    if let Some(proposal) = &computed.proposal {
        output::talk(&proposal.next_step());
    }
    Ok(())
}

async fn list(call: &str, paging: Paging, session: &Session) -> Result<(), Failure> {
    let (mut rankings, parent) = (session.rankings()?, session.call(call)?);
    let listed = session
        .all(paging.limit, async |page_size, page_token| {
            let request = ListRankingsRequest {
                parent: parent.clone(),
                page_size,
                page_token,
            };
            let page = rankings.list_rankings(request).await?.into_inner();
            Ok((page.rankings, page.next_page_token))
        })
        .await?;
    let rows: Vec<Ranking> = listed.iter().map(Ranking::from).collect();
    session.output.list(&rows, "no ranking yet")
}
