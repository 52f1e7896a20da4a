//! One file per noun of the office; each verb asks the daemon, or the rules themselves, and shows
//! the answer.

pub(crate) mod annex;
pub(crate) mod application;
pub(crate) mod audit;
pub(crate) mod award;
pub(crate) mod calendar;
pub(crate) mod call;
pub(crate) mod call_acts;
mod call_editions;
mod call_rules;
mod check;
mod clarify;
pub(crate) mod clock;
pub(crate) mod consortium;
mod consortium_file;
mod consortium_import;
mod consortium_register;
pub(crate) mod deadline;
pub(crate) mod document;
pub(crate) mod evaluation;
mod evaluation_acts;
pub(crate) mod evaluator;
pub(crate) mod event;
pub(crate) mod letter;
mod mending;
pub(crate) mod programme;
pub(crate) mod proposal;
pub(crate) mod ranking;
pub(crate) mod receipt;
mod rehearse;
pub(crate) mod reminder;
pub(crate) mod schedule;
mod sheet_file;
pub(crate) mod shell;
pub(crate) mod timer;
pub(crate) mod today;
pub(crate) mod token;

use bando_proto::v1;
use chrono::DateTime;
use clap::Parser as _;
use prost_types::Timestamp;

use crate::args::{Cli, Command};
use crate::errors::{Exit, Failure};
use crate::hints;
use crate::output;
use crate::session::Session;
use crate::views::proposal::Proposal;
use crate::watch;

/// Runs one command to its end, or until it is interrupted, and tells what went wrong.
pub(crate) async fn run(cli: Cli) -> Exit {
    let session = Session::new(cli.globals, cli.command.noun());
    let outcome = tokio::select! {
        outcome = perform(cli.command, &session) => outcome,
        _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
    };
    let Err(failure) = outcome else {
        return Exit::Done;
    };
    let exit = failure.exit();
    if let Failure::Told(mut report) = failure {
        if report.code == "UNREACHABLE" {
            report.message = format!("{} ({})", report.message, session.globals.server);
        }
        let mut spoken = session.spoken();
        spoken.command_line = std::env::args().skip(1).collect();
        if report.hint.is_none() {
            report.hint = hints::hint(&report, &spoken);
        }
        report.request_id = report.request_id.or(spoken.request_id);
        session.output.error(&report);
    }
    exit
}

/// Runs a command once, or again and again when it is watched.
async fn perform(command: Command, session: &Session) -> Result<(), Failure> {
    if !session.globals.watch {
        return Box::pin(execute(command, session)).await;
    }
    // The words of the run say the same each time; the first reading is parsed already.
    let mut parsed = Some(command);
    watch::repeat(session.output, async || {
        let command = parsed.take().unwrap_or_else(|| Cli::parse().command);
        Box::pin(execute(command, session)).await
    })
    .await
}

async fn execute(command: Command, session: &Session) -> Result<(), Failure> {
    if session.globals.token.is_some() {
        let message = "a secret is never taken from the command line, where others can read it";
        return Err(Failure::new(Exit::Usage, "TOKEN_ON_COMMAND_LINE", message)
            .with_hint("bando --token-file FILE token self"));
    }
    match command {
        Command::Call(command) => call::run(command, session).await,
        Command::Programme(command) => programme::run(command, session).await,
        Command::Consortium(command) => consortium::run(command, session).await,
        Command::Application(command) => application::run(command, session).await,
        Command::Evaluation(command) => evaluation::run(command, session).await,
        Command::Evaluator(command) => evaluator::run(command, session).await,
        Command::Ranking(command) => ranking::run(command, session).await,
        Command::Proposal(command) => proposal::run(command, session).await,
        Command::Award(command) => award::run(command, session).await,
        Command::Letter(command) => letter::run(command, session).await,
        Command::Calendar(command) => calendar::run(command, session).await,
        Command::Deadline(command) => deadline::run(command, session).await,
        Command::Timer(command) => timer::run(command, session).await,
        Command::Schedule(command) => schedule::run(command, session).await,
        Command::Reminder(command) => reminder::run(command, session).await,
        Command::Event(command) => event::run(command, session).await,
        Command::Receipt(command) => receipt::run(command, session).await,
        Command::Audit(command) => audit::run(command, session).await,
        Command::Token(command) => token::run(command, session).await,
        Command::Clock(command) => clock::run(command, session).await,
        Command::Today => today::run(session).await,
        Command::Completion { shell } => shell::completion(shell),
        Command::Man { folder } => shell::man(&folder),
    }
}

/// Tells, after a change that was only tried, that nothing happened.
fn tell_dry_run(session: &Session) {
    if session.dry_run() {
        output::talk("dry run: nothing was changed");
    }
}

/// Shows what was asked of a second person. The act itself is not done: the exit code says so.
fn tell_proposed(proposal: &v1::Proposal, session: &Session) -> Result<(), Failure> {
    let proposal = Proposal::from(proposal);
    tell_dry_run(session);
    session.output.one(&proposal)?;
    awaits_approval(&proposal, session)
}

/// Says who must act next, unless the proposal was only tried.
fn awaits_approval(proposal: &Proposal, session: &Session) -> Result<(), Failure> {
    if session.dry_run() {
        return Ok(());
    }
    output::talk(&proposal.next_step());
    Err(Failure::AwaitsApproval)
}

/// An instant as an option of a command.
fn instant(text: &str) -> Result<Timestamp, String> {
    let form = "an instant with its offset expected, such as 2016-06-07T10:12:00+02:00";
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| form)?;
    Ok(Timestamp {
        seconds: at.timestamp(),
        nanos: i32::try_from(at.timestamp_subsec_nanos()).map_err(|_| form)?,
    })
}

/// A list filter of the terms that are given: `state = sent AND kind = receipt`.
fn filter(terms: &[(&str, Option<&str>)]) -> String {
    let given = terms
        .iter()
        .filter_map(|(key, value)| value.map(|v| format!("{key} = {v}")));
    given.collect::<Vec<_>>().join(" AND ")
}

#[cfg(test)]
mod dry_run;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_joins_only_what_is_given() {
        assert_eq!(filter(&[("state", None), ("kind", None)]), "");
        assert_eq!(
            filter(&[("state", Some("sent")), ("kind", Some("receipt"))]),
            "state = sent AND kind = receipt"
        );
    }
}
