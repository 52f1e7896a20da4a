//! `bando proposal`: acts that wait for a second person.

use bando_proto::v1;
use bando_proto::v1::{ApproveProposalRequest, GetProposalRequest};
use bando_proto::v1::{ListProposalsRequest, RejectProposalRequest};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;

use super::{filter, tell_dry_run};
use crate::args::Paging;
use crate::confirm::Confirmation;
use crate::errors::Failure;
use crate::session::Session;
use crate::views::proposal::Proposal;

/// Kinds of proposals whose approval is not simply taken back.
const SEVERE: [&str; 3] = ["award", "annulment", "cancellation"];

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists proposals.
    #[command(after_help = "Examples:
  bando proposal list
  bando proposal list --state pending -o json")]
    List {
        /// Only those in this state.
        #[arg(long, value_parser = PossibleValuesParser::new(["pending"]))]
        state: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows a proposal.
    #[command(after_help = "Example:
  bando proposal describe \"$(bando proposal list --limit 1 -o name)\"")]
    Describe {
        /// UUID or full name of the proposal.
        proposal: String,
    },
    /// Approves a proposal and carries it out. Whoever asked for it cannot.
    ///
    /// An award, an annulment or a cancellation is confirmed by the code of its call.
    #[command(after_help = "Examples:
  bando proposal approve \"$(bando proposal list --state pending --limit 1 -o name)\" --dry-run
  bando proposal approve 0190a000-0000-7000-8000-000000000001
  bando proposal approve 0190a000-0000-7000-8000-000000000001 --act 'DD 80/2016'")]
    Approve {
        /// UUID or full name of the proposal.
        proposal: String,
        /// The number of the act, where the daemon proposed what had none yet.
        #[arg(long, default_value = "")]
        act: String,
        /// Approves only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Rejects a proposal; whoever asked for it takes it back this way.
    #[command(after_help = "Example:
  bando proposal reject \"$(bando proposal list --state pending --limit 1 -o name)\" --reason 'a score is missing'")]
    Reject {
        /// UUID or full name of the proposal.
        proposal: String,
        /// Why; it becomes part of the record.
        #[arg(long)]
        reason: String,
        /// Rejects only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List { state, paging } => list(state.as_deref(), paging, session).await,
        Command::Describe { proposal } => {
            let found = get(&session.name(&proposal, "proposals")?, session).await?;
            session.output.one(&Proposal::from(&found))
        }
        Command::Approve {
            proposal,
            act,
            etag,
            confirmation,
        } => approve(&proposal, (act, etag), &confirmation, session).await,
        Command::Reject {
            proposal,
            reason,
            etag,
        } => reject(&proposal, reason, etag, session).await,
    }
}

async fn list(state: Option<&str>, paging: Paging, session: &Session) -> Result<(), Failure> {
    let listed = all(&filter(&[("state", state)]), paging.limit, session).await?;
    let rows: Vec<Proposal> = listed.iter().map(Proposal::from).collect();
    session.output.list(&rows, "no proposal")
}

pub(super) async fn all(
    filter: &str,
    limit: usize,
    session: &Session,
) -> Result<Vec<v1::Proposal>, Failure> {
    let (mut proposals, parent) = (session.proposals()?, session.programme()?);
    session
        .all(limit, async |page_size, page_token| {
            let (parent, filter) = (parent.clone(), filter.to_owned());
            let request = ListProposalsRequest {
                parent,
                page_size,
                page_token,
                filter,
            };
            let page = proposals.list_proposals(request).await?.into_inner();
            Ok((page.proposals, page.next_page_token))
        })
        .await
}

async fn get(name: &str, session: &Session) -> Result<v1::Proposal, Failure> {
    let request = GetProposalRequest {
        name: name.to_owned(),
    };
    Ok(session
        .proposals()?
        .get_proposal(request)
        .await?
        .into_inner())
}

async fn etag_of(name: &str, given: Option<String>, session: &Session) -> Result<String, Failure> {
    match given {
        Some(etag) => Ok(etag),
        None => Ok(get(name, session).await?.etag),
    }
}

async fn approve(
    proposal: &str,
    (act, etag): (String, Option<String>),
    confirmation: &Confirmation,
    session: &Session,
) -> Result<(), Failure> {
    let name = session.name(proposal, "proposals")?;
    let known = get(&name, session).await?;
    if SEVERE.contains(&known.kind.as_str()) {
        let what = format!("carries out: {}", known.detail);
        confirmation.expect(&what, &known.call, session).await?;
    }
    let request = ApproveProposalRequest {
        etag: etag.unwrap_or(known.etag),
        name,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
        act,
    };
    let approved = session
        .proposals()?
        .approve_proposal(request)
        .await?
        .into_inner();
    tell_dry_run(session);
    session.output.one(&Proposal::from(&approved))
}

async fn reject(
    proposal: &str,
    reason: String,
    etag: Option<String>,
    session: &Session,
) -> Result<(), Failure> {
    let name = session.name(proposal, "proposals")?;
    let request = RejectProposalRequest {
        etag: etag_of(&name, etag, session).await?,
        name,
        reason,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let rejected = session
        .proposals()?
        .reject_proposal(request)
        .await?
        .into_inner();
    tell_dry_run(session);
    session.output.one(&Proposal::from(&rejected))
}
