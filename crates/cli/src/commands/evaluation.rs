//! `bando evaluation`: who evaluates what, what they declare and how they score.

use bando_proto::v1;
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::application;
use super::call;
use super::evaluation_acts::{
    assign, confirm, declare, draw, exclude, lift, propose, reassign, revise, score,
};
use super::sheet_file::SheetSource;
use crate::args::Paging;
use crate::errors::{Exit, Failure};
use crate::names::last;
use crate::session::Session;
use crate::views::evaluation::{Cover, Evaluation};
use crate::views::progress::Progress;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the evaluations of a call that this token sees.
    #[command(after_help = "Examples:
  bando evaluation list er/2016
  bando evaluation list er/2016 --application ER-2016-0000001 -o json")]
    List {
        /// The call, such as er/2016.
        call: String,
        /// Only those of this application.
        #[arg(long)]
        application: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows an evaluation: declaration, scores, what speaks against it, and its history.
    #[command(after_help = "Example:
  bando evaluation describe \"$(bando evaluation list er/2016 --limit 1 -o name)\"")]
    Describe {
        #[command(flatten)]
        evaluation: Named,
    },
    /// Shows who applies, and no more: what is needed to declare a conflict of interest.
    #[command(after_help = "Example:
  bando evaluation cover \"$(bando evaluation list er/2016 --limit 1 -o name)\"")]
    Cover {
        #[command(flatten)]
        evaluation: Named,
    },
    /// Shows how far a call is, per application and per evaluator.
    #[command(after_help = "Examples:
  bando evaluation progress er/2016
  bando evaluation progress er/2016 -o json")]
    Progress {
        /// The call, such as er/2016.
        call: String,
        #[command(flatten)]
        paging: Paging,
    },
    /// Assigns an application to an evaluator by hand.
    #[command(after_help = "Example:
  bando evaluation assign ER-2016-0000001 carlo.rossi --dry-run")]
    Assign {
        #[command(flatten)]
        application: application::Named,
        /// The name on the evaluator's token.
        evaluator: String,
    },
    /// Draws by lot the evaluators that applications still miss; the same seed draws the same.
    #[command(after_help = "Examples:
  bando evaluation draw er/2016 --dry-run
  bando evaluation draw er/2016 --among carlo.rossi,diana.bruni --seed 'Lotto Bologna 17-42-88'")]
    Draw {
        /// The call, such as er/2016.
        call: String,
        /// Registered evaluators to draw among; everybody registered when absent.
        #[arg(long, value_delimiter = ',', value_name = "PERSON,…")]
        among: Vec<String>,
        /// Any text, such as the numbers of a public lottery; drawn when absent.
        #[arg(long, default_value = "")]
        seed: String,
    },
    /// Gives work that is not scored, or that a conflict ended, to another evaluator.
    #[command(after_help = "Example:
  bando evaluation reassign \"$(bando evaluation list er/2016 --limit 1 -o name)\" --to diana.bruni --reason 'conflict declared'")]
    Reassign {
        #[command(flatten)]
        evaluation: Named,
        /// Who takes over.
        #[arg(long)]
        to: String,
        /// Why; it becomes part of the record.
        #[arg(long)]
        reason: String,
    },
    /// Lets an evaluator stand in spite of what speaks against them.
    #[command(after_help = "Example:
  bando evaluation lift \"$(bando evaluation list er/2016 --limit 1 -o name)\" --reason 'a domain of a mail provider'")]
    Lift {
        #[command(flatten)]
        evaluation: Named,
        /// Why; it becomes part of the record.
        #[arg(long)]
        reason: String,
    },
    /// Declares to have no conflict of interest, which opens the application, or to have one.
    #[command(after_help = "Examples:
  bando evaluation declare \"$(bando evaluation list er/2016 --limit 1 -o name)\" --none
  bando evaluation declare \"$(bando evaluation list er/2016 --limit 1 -o name)\" --conflict 'a cousin owns a member firm'")]
    Declare {
        #[command(flatten)]
        evaluation: Named,
        /// No conflict of interest.
        #[arg(long, required_unless_present = "conflict")]
        none: bool,
        /// The conflict of interest; it ends the evaluation.
        #[arg(long, value_name = "REASON", conflicts_with = "none")]
        conflict: Option<String>,
    },
    /// Signs off the scores, once.
    #[command(after_help = "\
The file is TOML, a table per criterion; a score is exact, whole or in quotes:

  [A]
  score = \"7.5\"
  comment = \"clear choice of markets\"

Examples:
  bando evaluation score \"$(bando evaluation list er/2016 --limit 1 -o name)\" --sheet sheet.toml --dry-run
  bando evaluation score \"$(bando evaluation list er/2016 --limit 1 -o name)\" --points A=7.5 --points B=8 --comment 'A=clear'")]
    Score {
        #[command(flatten)]
        evaluation: Named,
        #[command(flatten)]
        sheet: SheetSource,
    },
    /// Changes a signed sheet while the sheets of its application are too far apart.
    #[command(after_help = "Example:
  bando evaluation revise \"$(bando evaluation list er/2016 --limit 1 -o name)\" --points A=7 --points B=8 --reason 'misread the annex'")]
    Revise {
        #[command(flatten)]
        evaluation: Named,
        #[command(flatten)]
        sheet: SheetSource,
        /// Why; it becomes part of the record.
        #[arg(long)]
        reason: String,
    },
    /// One sheet for all evaluators of an application.
    #[command(subcommand)]
    Consensus(Consensus),
    /// Takes an evaluation out of the count, and tells what that does.
    #[command(after_help = "Example:
  bando evaluation exclude \"$(bando evaluation list er/2016 --limit 1 -o name)\" --reason 'scored another application' --dry-run")]
    Exclude {
        #[command(flatten)]
        evaluation: Named,
        /// Why; it becomes part of the record.
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Consensus {
    /// Puts one sheet before all evaluators of an application.
    #[command(after_help = "Example:
  bando evaluation consensus propose ER-2016-0000001 --points A=7.5 --points B=8 --reason 'meeting of 20 June'")]
    Propose {
        #[command(flatten)]
        application: application::Named,
        #[command(flatten)]
        sheet: SheetSource,
        /// Why; it becomes part of the record.
        #[arg(long)]
        reason: String,
    },
    /// Confirms that sheet; once everybody did, it counts.
    #[command(after_help = "Example:
  bando evaluation consensus confirm \"$(bando evaluation list er/2016 --limit 1 -o name)\"")]
    Confirm {
        #[command(flatten)]
        evaluation: Named,
    },
}

/// One evaluation, as people name it.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// UUID or full name.
    #[arg(value_name = "EVALUATION")]
    name: String,
    /// The call to look in; every call of the programme when absent.
    #[arg(long = "in", value_name = "CALL")]
    call: Option<String>,
    /// Acts only on what was looked at under this etag.
    #[arg(long)]
    pub(super) etag: Option<String>,
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List {
            call,
            application,
            paging,
        } => list(&call, application, paging, session).await,
        Command::Describe { evaluation } => {
            let found = find(&evaluation, session).await?;
            session.output.one(&Evaluation::from(&found))
        }
        Command::Cover { evaluation } => {
            let name = find(&evaluation, session).await?.name;
            let request = v1::GetCoverRequest { name };
            let cover = session.evaluations()?.get_cover(request).await?;
            session.output.one(&Cover::from(cover.get_ref()))
        }
        Command::Progress { call, paging } => {
            let progress = progress(&session.call(&call)?, paging.limit, session).await?;
            session.output.one(&Progress::from(&progress))
        }
        Command::Assign {
            application,
            evaluator,
        } => assign(&application, evaluator, session).await,
        Command::Draw { call, among, seed } => draw(&call, among, seed, session).await,
        Command::Reassign {
            evaluation,
            to,
            reason,
        } => reassign(&evaluation, to, reason, session).await,
        Command::Lift { evaluation, reason } => lift(&evaluation, reason, session).await,
        Command::Declare {
            evaluation,
            conflict,
            none: _,
        } => declare(&evaluation, conflict, session).await,
        Command::Score { evaluation, sheet } => score(&evaluation, &sheet, session).await,
        Command::Revise {
            evaluation,
            sheet,
            reason,
        } => revise(&evaluation, &sheet, reason, session).await,
        Command::Consensus(Consensus::Propose {
            application,
            sheet,
            reason,
        }) => propose(&application, &sheet, reason, session).await,
        Command::Consensus(Consensus::Confirm { evaluation }) => {
            confirm(&evaluation, session).await
        }
        Command::Exclude { evaluation, reason } => exclude(&evaluation, reason, session).await,
    }
}

async fn list(
    call: &str,
    application: Option<String>,
    paging: Paging,
    session: &Session,
) -> Result<(), Failure> {
    let parent = match application {
        None => session.call(call)?,
        Some(named) => {
            let named = application::Named::in_call(named, call);
            application::find(&named, session).await?.name
        }
    };
    let listed = all(&parent, paging.limit, session).await?;
    let rows: Vec<Evaluation> = listed.iter().map(Evaluation::from).collect();
    session.output.list(&rows, "no evaluation")
}

async fn all(
    parent: &str,
    limit: usize,
    session: &Session,
) -> Result<Vec<v1::Evaluation>, Failure> {
    let mut evaluations = session.evaluations()?;
    session
        .all(limit, async |page_size, page_token| {
            let request = v1::ListEvaluationsRequest {
                parent: parent.to_owned(),
                page_size,
                page_token,
            };
            let page = evaluations.list_evaluations(request).await?.into_inner();
            Ok((page.evaluations, page.next_page_token))
        })
        .await
}

/// The evaluation that a full name or a UUID stands for.
pub(super) async fn find(named: &Named, session: &Session) -> Result<v1::Evaluation, Failure> {
    let text = named.name.as_str();
    session.speak_of(last(text));
    if text.starts_with("programmes/") {
        session.call(&text.split('/').take(4).collect::<Vec<_>>().join("/"))?;
        let request = v1::GetEvaluationRequest {
            name: text.to_owned(),
        };
        let mut evaluations = session.evaluations()?;
        return Ok(evaluations.get_evaluation(request).await?.into_inner());
    }
    if Uuid::try_parse(text).is_err() {
        let message = format!("`{text}` is no evaluation: a UUID or its full name expected");
        return Err(Failure::new(Exit::Usage, "NAME_INVALID", message));
    }
    let calls = if let Some(call) = &named.call {
        vec![session.call(call)?]
    } else {
        let found = call::all(1000, session).await?;
        found.into_iter().map(|call| call.name).collect()
    };
    for call in &calls {
        let listed = all(call, usize::MAX, session).await?;
        let found = listed.into_iter().find(|known| last(&known.name) == text);
        if let Some(found) = found {
            session.call(call)?;
            return Ok(found);
        }
    }
    let message = format!("no evaluation `{text}` that this token sees");
    Err(Failure::new(
        Exit::NotFound,
        "EVALUATION_NOT_FOUND",
        message,
    ))
}

pub(super) async fn progress(
    call: &str,
    limit: usize,
    session: &Session,
) -> Result<v1::ListProgressResponse, Failure> {
    let mut desk = session.evaluations()?;
    let mut people = Vec::new();
    let applications = session
        .all(limit, async |page_size, page_token| {
            let request = v1::ListProgressRequest {
                parent: call.to_owned(),
                page_size,
                page_token,
            };
            let page = desk.list_progress(request).await?.into_inner();
            people.extend(page.evaluators);
            Ok((page.applications, page.next_page_token))
        })
        .await?;
    Ok(v1::ListProgressResponse {
        applications,
        next_page_token: String::new(),
        evaluators: people,
    })
}
