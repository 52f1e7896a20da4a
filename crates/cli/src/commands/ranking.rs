//! `bando ranking`: rankings of a call with their allocation.

use std::path::PathBuf;

use bando_domain::money::Eur;
use bando_proto::v1::{
    ComputeRankingRequest, ExplainRankingRequest, GetRankingRequest, ListRankingsRequest,
    ProposeAnnulmentRequest, SimulateAllocationRequest, VerifyRankingRequest,
};
use clap::{Args, Subcommand};

use super::application::{Named, find};
use super::{annex, awaits_approval, tell_dry_run, tell_proposed};
use crate::args::Paging;
use crate::confirm::Confirmation;
use crate::errors::{Exit, Failure};
use crate::files::Reserved;
use crate::output;
use crate::session::Session;
use crate::views::proposal::Proposal;
use crate::views::ranking::{Computed, Ranking};
use crate::views::what_if::{Explanation, Simulation, Verification};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ranks all admissible applications, divides the budget and proposes the result.
    ///
    /// It exits 8 once the proposal is made: a second person must then approve it.
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
    /// Writes the ranking as the annex of the act: an open table, or a page that prints well.
    #[command(after_help = "Examples:
  bando ranking annex er/2016 --form csv > ranking.csv
  bando ranking annex er/2016 --form html --save ranking.html")]
    Annex {
        /// The call, such as er/2016.
        call: String,
        /// This version, from 1; the one in force, or the newest, when absent.
        #[arg(long)]
        version: Option<u32>,
        #[arg(long, value_enum)]
        form: annex::Form,
        /// Language of the headings.
        #[arg(long, value_enum, default_value_t = annex::Language::It)]
        language: annex::Language,
        /// Writes a new file instead of stdout.
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
    /// Explains an application's place and its cents, step by step.
    #[command(after_help = "Examples:
  bando ranking explain er/2016 ER-2016-0000001
  bando ranking explain er/2016 ER-2016-0000001 -o json")]
    Explain {
        /// The call, such as er/2016.
        call: String,
        /// UUID, protocol number or full name of the application.
        application: String,
        /// This version, from 1; the one in force, or the newest, when absent.
        #[arg(long)]
        version: Option<u32>,
    },
    /// Shows who would gain and who would lose under other numbers; changes nothing.
    #[command(after_help = "Examples:
  bando ranking simulate er/2016 --budget 1600000
  bando ranking simulate er/2016 --rate-basis-points 3500 --threshold 65 -o json")]
    Simulate(Simulate),
    /// Asks a second person to annul the ranking in force, before the award.
    ///
    /// It exits 8 once the proposal is made; on approval the call is closed again, and the next
    /// version says which it replaces and why.
    #[command(after_help = "Examples:
  bando ranking annul er/2016 --act 'DD 88/2016' --reason 'a sheet was counted twice' --dry-run
  bando ranking annul er/2016 --act 'DD 88/2016' --reason 'a sheet was counted twice' --confirm er/2016")]
    Annul {
        /// The call, such as er/2016.
        call: String,
        /// The number of the act that annuls it.
        #[arg(long)]
        act: String,
        /// Why; it becomes part of the record and of the next version.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Computes a ranking once more from its stored inputs; exit 6 when it differs.
    #[command(after_help = "Example:
  bando ranking verify er/2016")]
    Verify {
        /// The call, such as er/2016.
        call: String,
        /// This version, from 1; the one in force, or the newest, when absent.
        #[arg(long)]
        version: Option<u32>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The call, such as er/2016.
    call: String,
    /// This version, from 1; the one in force, or the newest, when absent.
    #[arg(long)]
    version: Option<u32>,
    /// Another budget, in euros.
    #[arg(long, value_name = "EUR", value_parser = amount)]
    budget: Option<Eur>,
    /// Another co-financing rate: 4000 is 40 %.
    #[arg(long, value_name = "BP", value_parser = clap::value_parser!(i32).range(1..=10_000))]
    rate_basis_points: Option<i32>,
    /// Another smallest grant, in euros; 0 takes it away.
    #[arg(long, value_name = "EUR", value_parser = amount)]
    min_grant: Option<Eur>,
    /// Another largest grant, in euros; 0 takes it away.
    #[arg(long, value_name = "EUR", value_parser = amount)]
    max_grant: Option<Eur>,
    /// Another smallest total that is ranked.
    #[arg(long, value_name = "POINTS")]
    threshold: Option<String>,
    /// An evaluation that no longer counts (its full name); may be repeated.
    #[arg(long, value_name = "EVALUATION")]
    annul: Vec<String>,
    /// An application that gives up its place; may be repeated.
    #[arg(long, value_name = "APPLICATION")]
    decline: Vec<String>,
}

fn amount(text: &str) -> Result<Eur, String> {
    let rule = "euros with at most two decimals and no separators, such as 1600000 or 1600000.50";
    Eur::parse(text).ok_or_else(|| rule.to_owned())
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Compute { call } => compute(&call, session).await,
        Command::Show { call, version } => {
            let name = name(&call, version, session)?;
            let ranking = session
                .rankings()?
                .get_ranking(GetRankingRequest { name })
                .await?
                .into_inner();
            session.output.one(&Ranking::from(&ranking))
        }
        Command::List { call, paging } => list(&call, paging, session).await,
        Command::Explain {
            call,
            application,
            version,
        } => {
            let named = Named::in_call(application, &call);
            let request = ExplainRankingRequest {
                application: find(&named, session).await?.name,
                name: name(&call, version, session)?,
            };
            let explained = session.rankings()?.explain_ranking(request).await?;
            session.output.one(&Explanation::from(explained.get_ref()))
        }
        Command::Annex {
            call,
            version,
            form,
            language,
            save,
        } => {
            let name = name(&call, version, session)?;
            let reserved = save.map(|path| Reserved::new(&path, 0o644)).transpose()?;
            let mut rankings = session.rankings()?;
            let ranking = rankings.get_ranking(GetRankingRequest { name }).await?;
            let text = annex::render(ranking.get_ref(), form, language)?;
            match reserved {
                Some(file) => file.write(&text),
                None => output::raw(&text),
            }
        }
        Command::Annul {
            call,
            act,
            reason,
            confirmation,
        } => {
            let what = "asks to annul the ranking in force";
            confirmation
                .expect(what, &session.call(&call)?, session)
                .await?;
            let request = ProposeAnnulmentRequest {
                name: name(&call, None, session)?,
                act,
                reason,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let proposed = session.rankings()?.propose_annulment(request).await?;
            tell_proposed(proposed.get_ref(), session)
        }
        Command::Simulate(wanted) => simulate(wanted, session).await,
        Command::Verify { call, version } => {
            let name = name(&call, version, session)?;
            let mut rankings = session.rankings()?;
            let verified = rankings
                .verify_ranking(VerifyRankingRequest { name })
                .await?;
            let verified = verified.get_ref();
            session.output.one(&Verification::from(verified))?;
            if verified.holds {
                return Ok(());
            }
            let message = format!("it differs in: {}", verified.differences.join(", "));
            Err(Failure::new(Exit::Findings, "RANKING_BROKEN", message))
        }
    }
}

fn name(call: &str, version: Option<u32>, session: &Session) -> Result<String, Failure> {
    let version = version.map_or_else(|| "-".to_owned(), |version| version.to_string());
    Ok(format!("{}/rankings/{version}", session.call(call)?))
}

async fn simulate(wanted: Simulate, session: &Session) -> Result<(), Failure> {
    let mut declined_applications = Vec::new();
    for application in wanted.decline {
        let named = Named::in_call(application, &wanted.call);
        declined_applications.push(find(&named, session).await?.name);
    }
    let request = SimulateAllocationRequest {
        name: name(&wanted.call, wanted.version, session)?,
        budget_cents: wanted.budget.map(Eur::as_cents),
        rate_basis_points: wanted.rate_basis_points,
        min_grant_cents: wanted.min_grant.map(Eur::as_cents),
        max_grant_cents: wanted.max_grant.map(Eur::as_cents),
        threshold: wanted.threshold,
        annulled_evaluations: wanted.annul,
        declined_applications,
    };
    let simulated = session.rankings()?.simulate_allocation(request).await?;
    session.output.one(&Simulation::from(simulated.get_ref()))
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
    match &computed.proposal {
        Some(proposal) => awaits_approval(proposal, session),
        None => Ok(()),
    }
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
