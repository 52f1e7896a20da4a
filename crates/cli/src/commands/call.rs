//! `bando call`: yearly editions of a programme.

use std::path::{Path, PathBuf};

use bando_domain::call_file::{self, Mistake, ParsedCall};
use bando_domain::ids::ProgrammeId;
use bando_domain::programme::Programme;
use bando_proto::v1;
use bando_proto::v1::{GetCallRequest, ListCallsRequest, LoadCallRequest};
use clap::Subcommand;
use tonic::Code;

use super::{call_acts, call_editions, call_rules, rehearse, tell_dry_run};
use crate::args::Paging;
use crate::errors::{Exit, Failure};
use crate::files;
use crate::names::{nearest, short_call};
use crate::session::Session;
use crate::views::call::Call;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Creates a draft call from its file, or replaces the terms of a draft.
    #[command(after_help = "Examples:
  bando call load config/calls/2027.toml
  bando call load config/calls/2027.toml --dry-run")]
    Load {
        /// The call's file (TOML).
        file: PathBuf,
    },
    /// Finds every mistake in a call's file, without a daemon; exit 6 when there are any.
    #[command(after_help = "Examples:
  bando call check config/calls/2027.toml
  bando call check config/calls/2027.toml --programme-file config/programmes/er-consortia.toml")]
    Check {
        /// The call's file (TOML).
        file: PathBuf,
        /// The file of its programme; looked for in ../programmes/ beside the call's file when
        /// absent.
        #[arg(long, value_name = "FILE")]
        programme_file: Option<PathBuf>,
    },
    /// Shows the whole calendar of a call's file, without a daemon: every stage, term, timer,
    /// reminder and routine, whom it concerns, and what is odd about its date.
    #[command(after_help = "Examples:
  bando call rehearse config/calls/2027.toml
  bando call rehearse config/calls/2027.toml -o json
  bando call rehearse config/calls/2027.toml -o ics > 2027.ics")]
    Rehearse(rehearse::Rehearse),
    /// Lists the calls of the programme.
    #[command(after_help = "Examples:
  bando call list
  bando call list -o yaml")]
    List(Paging),
    /// Shows a call with its window and rules.
    #[command(after_help = "Examples:
  bando call describe er/2016
  bando call describe 2016 --programme er -o json")]
    Describe {
        /// The call, such as er/2016.
        call: String,
    },
    #[command(flatten)]
    Act(call_acts::Command),
    /// Lists the versions of a call's rules, shows one, or proposes the next one.
    ///
    /// The proposal shows every value that differs and every live application whose verdict or
    /// grant changes; --dry-run shows the same and proposes nothing.
    #[command(after_help = "Examples:
  bando call rules er/2016
  bando call rules er/2016 --version 1
  bando call rules er/2016 --propose config/rules/2016-2.toml --dry-run
  bando call rules er/2016 --propose config/rules/2016-2.toml")]
    Rules(call_rules::Rules),
    /// Makes the next edition of a call as a draft, and shows what differs.
    ///
    /// The same budget and rules; every day moves to the same day of that year, or to the next
    /// working day. The numbers of its acts are to be stated in its file before it is published.
    #[command(after_help = "Examples:
  bando call clone er/2016 --year 2017 --dry-run
  bando call clone er/2016 --year 2017")]
    Clone(call_editions::Clone),
    /// Shows what differs between two editions: dates, budget and rules, line by line.
    #[command(after_help = "Examples:
  bando call diff er/2016 er/2027
  bando call diff er/2016 er/2027 -o json")]
    Diff(call_editions::Diff),
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Load { file } => load(file, session).await,
        Command::Check {
            file,
            programme_file,
        } => check(&file, programme_file, session),
        Command::Rehearse(wanted) => rehearse::run(&wanted, session),
        Command::List(paging) => list(paging, session).await,
        Command::Describe { call } => {
            let call = get(&session.call(&call)?, session).await?;
            session.output.one(&Call::from(&call))
        }
        Command::Act(command) => call_acts::run(command, session).await,
        Command::Rules(rules) => call_rules::run(rules, session).await,
        Command::Clone(wanted) => call_editions::clone(wanted, session).await,
        Command::Diff(wanted) => call_editions::diff(wanted, session).await,
    }
}

async fn load(file: PathBuf, session: &Session) -> Result<(), Failure> {
    let text = files::read_text(&file)?;
    let parent = match call_file::call_id(&text) {
        Some(id) => format!("programmes/{}", id.programme()),
        None => session.programme()?,
    };
    let request = LoadCallRequest {
        parent,
        file: text,
        file_name: files::name_of(&file),
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let call = session.calls()?.load_call(request).await?.into_inner();
    tell_dry_run(session);
    session.output.one(&Call::from(&call))
}

async fn list(paging: Paging, session: &Session) -> Result<(), Failure> {
    let rows: Vec<Call> = all(paging.limit, session)
        .await?
        .iter()
        .map(Call::from)
        .collect();
    session
        .output
        .list(&rows, "no call yet: bando call load FILE")
}

/// The calls of the default programme.
pub(super) async fn all(limit: usize, session: &Session) -> Result<Vec<v1::Call>, Failure> {
    let (mut calls, parent) = (session.calls()?, session.programme()?);
    session
        .all(limit, async |page_size, page_token| {
            let request = ListCallsRequest {
                parent: parent.clone(),
                page_size,
                page_token,
            };
            let page = calls.list_calls(request).await?.into_inner();
            Ok((page.calls, page.next_page_token))
        })
        .await
}

/// A call; when it is not there, the failure offers the nearest that is.
pub(super) async fn get(name: &str, session: &Session) -> Result<v1::Call, Failure> {
    match session
        .calls()?
        .get_call(GetCallRequest {
            name: name.to_owned(),
        })
        .await
    {
        Ok(call) => Ok(call.into_inner()),
        Err(status) if status.code() == Code::NotFound => {
            let known = all(1000, session).await.unwrap_or_default();
            let known: Vec<String> = known.iter().map(|call| short_call(&call.name)).collect();
            let failure = Failure::from(status);
            Err(match nearest(&short_call(name), &known) {
                Some(near) => failure.with_hint(format!("bando call describe {near}")),
                None => failure,
            })
        }
        Err(status) => Err(status.into()),
    }
}

fn check(file: &Path, given: Option<PathBuf>, session: &Session) -> Result<(), Failure> {
    read_call(file, given.as_deref(), session)?;
    report_mistakes(&files::name_of(file), &[], session)
}

/// A call's file, for the programme of the file `given` or of the folder beside it. Its mistakes
/// are shown, and end with exit 6.
pub(super) fn read_call(
    file: &Path,
    given: Option<&Path>,
    session: &Session,
) -> Result<ParsedCall, Failure> {
    let (name, text) = (files::name_of(file), files::read_text(file)?);
    let wanted = call_file::call_id(&text).map(|id| id.programme().clone());
    let programme = match given {
        Some(path) => read_programme(path, session)?,
        None => beside(file, wanted.as_ref())?,
    };
    match call_file::parse_call(&name, &text, &programme) {
        Ok(parsed) => Ok(parsed),
        Err(mistakes) => match report_mistakes(&name, &mistakes, session) {
            Err(failure) => Err(failure),
            Ok(()) => Err(findings(format!("{name} cannot be read"))),
        },
    }
}

fn read_programme(path: &Path, session: &Session) -> Result<Programme, Failure> {
    let name = files::name_of(path);
    match call_file::parse_programme(&name, &files::read_text(path)?) {
        Ok(programme) => Ok(programme),
        Err(mistakes) => match report_mistakes(&name, &mistakes, session) {
            Err(failure) => Err(failure),
            Ok(()) => Err(no_programme_file(path)),
        },
    }
}

/// The programme in the folder `programmes` beside the call's own folder: the one the call's
/// name says, or the only one when it says none.
fn beside(file: &Path, wanted: Option<&ProgrammeId>) -> Result<Programme, Failure> {
    let folder = match file.parent() {
        Some(folder) => folder.join("..").join("programmes"),
        None => return Err(no_programme_file(file)),
    };
    let entries = std::fs::read_dir(&folder).map_err(|_| no_programme_file(file))?;
    let mut found = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let text = std::fs::read_to_string(&path).ok()?;
        call_file::parse_programme(&files::name_of(&path), &text).ok()
    });
    found
        .find(|programme| wanted.is_none_or(|wanted| programme.id == *wanted))
        .ok_or_else(|| no_programme_file(file))
}

fn no_programme_file(file: &Path) -> Failure {
    let message = format!(
        "the programme of {} has no file in ../programmes/",
        file.display()
    );
    Failure::new(Exit::Usage, "PROGRAMME_FILE_MISSING", message).with_hint(format!(
        "bando call check {} --programme-file FILE",
        file.display()
    ))
}

/// Shows what is wrong in a file; ends with exit 6 when anything is.
pub(super) fn report_mistakes(
    file: &str,
    mistakes: &[Mistake],
    session: &Session,
) -> Result<(), Failure> {
    session
        .output
        .list(mistakes, &format!("{file}: no mistake"))?;
    match mistakes.len() {
        0 => Ok(()),
        1 => Err(findings(format!("{file} has 1 mistake"))),
        count => Err(findings(format!("{file} has {count} mistakes"))),
    }
}

fn findings(message: String) -> Failure {
    Failure::new(Exit::Findings, "FILE_INVALID", message)
}
