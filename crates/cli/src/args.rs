//! The command line: global options and one group of commands per noun of the office.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use uuid::Uuid;

use crate::commands::{
    application, audit, award, calendar, call, clock, consortium, deadline, evaluation, evaluator,
    event, letter, programme, proposal, ranking, receipt, reminder, schedule, timer, token,
};
use crate::output::Format;

const EXAMPLES: &str = "\
Examples:
  bando call list
  bando application list er/2016 --state submitted
  bando ranking show er/2016 -o json

Names: a call is er/2016, or 2016 within --programme. Everything else is named by its UUID or by
its full name, such as programmes/er/proposals/UUID; an application also by its protocol number,
a consortium also by its partita IVA.

Data goes to stdout, everything else to stderr. Exit codes: 0 done, 1 failure, 2 usage, 3 not
found, 4 access, 5 precondition or conflict, 6 findings, 7 unavailable or timed out, 8 proposed:
a second person must approve it before it is done, 130 interrupted.";

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold());

/// Runs co-financing calls: a client of the daemon bandod.
#[derive(Debug, Parser)]
#[command(name = "bando", version, styles = STYLES, after_help = EXAMPLES)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes, before or after its name.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// Where the daemon listens; https:// for TLS.
    #[arg(long, global = true, value_name = "URL", env = "BANDO_SERVER")]
    #[arg(default_value = "http://127.0.0.1:7443")]
    pub(crate) server: String,
    /// File with the API token; `-` reads it from standard input.
    #[arg(long, global = true, value_name = "FILE", env = "BANDO_TOKEN_FILE")]
    token_file: Option<OsString>,
    /// Certificates (PEM) to trust instead of the machine's own.
    #[arg(long, global = true, value_name = "FILE", env = "BANDO_CA")]
    ca: Option<OsString>,
    /// Programme of names that do not carry one.
    #[arg(
        long,
        global = true,
        value_name = "CODE",
        env = "BANDO_PROGRAMME",
        default_value = "er"
    )]
    pub(crate) programme: String,
    /// Form of the data on stdout, and of an error on stderr.
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
    /// Runs everything on the daemon and commits nothing.
    #[arg(short = 'n', long, global = true)]
    pub(crate) dry_run: bool,
    /// Reads again every second and shows it whenever it changed, until it is interrupted.
    #[arg(long, global = true)]
    pub(crate) watch: bool,
    /// Numbers the change, so that a repeat gets the same answer; drawn when absent.
    #[arg(long, global = true, value_name = "UUID")]
    pub(crate) request_id: Option<Uuid>,
    /// Seconds to wait for one answer of the daemon.
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 60)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
    /// Prints without colours; so does the environment variable `NO_COLOR`.
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Taken only to be refused: other users of the machine can read a command line.
    ///
    /// Its id is its own, since commands have an argument `token`.
    #[arg(id = "secret", long = "token")]
    #[arg(global = true, hide = true, num_args = 0..=1, default_missing_value = "")]
    pub(crate) token: Option<String>,
}

impl Globals {
    /// An empty value, as an environment variable may have, is none.
    pub(crate) fn token_file(&self) -> Option<&Path> {
        self.token_file
            .as_deref()
            .filter(|file| !file.is_empty())
            .map(Path::new)
    }

    pub(crate) fn ca(&self) -> Option<&Path> {
        self.ca
            .as_deref()
            .filter(|file| !file.is_empty())
            .map(Path::new)
    }

    /// Whether a terminal may be sent colours at all.
    pub(crate) fn colour_is_welcome(&self) -> bool {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        !self.no_color
            && set("NO_COLOR").is_none()
            && set("TERM").as_deref() != Some(OsStr::new("dumb"))
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Yearly editions of a programme: load, check, publish, look.
    #[command(subcommand)]
    Call(call::Command),
    /// Standing schemes: load and list.
    #[command(subcommand)]
    Programme(programme::Command),
    /// Applicant organisations and their members.
    #[command(subcommand)]
    Consortium(consortium::Command),
    /// Applications of a call, their submissions and receipts.
    #[command(subcommand)]
    Application(application::Command),
    /// Who evaluates what, what they declare and how they score.
    #[command(subcommand)]
    Evaluation(evaluation::Command),
    /// The register of evaluators that conflicts of interest are found with.
    #[command(subcommand)]
    Evaluator(evaluator::Command),
    /// Rankings of a call with their allocation.
    #[command(subcommand)]
    Ranking(ranking::Command),
    /// Acts that wait for a second person.
    #[command(subcommand)]
    Proposal(proposal::Command),
    /// Decisions to fund.
    #[command(subcommand)]
    Award(award::Command),
    /// The ledger of letters.
    #[command(subcommand)]
    Letter(letter::Command),
    /// Until when something may be done, under which act, and what moved it.
    #[command(subcommand)]
    Deadline(deadline::Command),
    /// Calendars of deadlines that other programs subscribe to.
    #[command(subcommand)]
    Calendar(calendar::Command),
    /// What happens at an instant.
    #[command(subcommand)]
    Timer(timer::Command),
    /// What happens by the calendar.
    #[command(subcommand)]
    Schedule(schedule::Command),
    /// The reminders that a call's file declares.
    #[command(subcommand)]
    Reminder(reminder::Command),
    /// The audit trail, event by event.
    #[command(subcommand)]
    Event(event::Command),
    /// Receipts of submissions and the keys that verify them.
    #[command(subcommand)]
    Receipt(receipt::Command),
    /// Proofs over the whole audit trail.
    #[command(subcommand)]
    Audit(audit::Command),
    /// API tokens of named persons.
    #[command(subcommand)]
    Token(token::Command),
    /// The hand-turned clock of a rehearsal.
    #[command(subcommand)]
    Clock(clock::Command),
    /// What waits for somebody of the office: acts to approve, checks, letters, timers.
    #[command(after_help = "Example:
  bando today")]
    Today,
    /// Prints the completions of a shell.
    #[command(after_help = "Example:
  bando completion bash > bando.bash")]
    Completion {
        /// The shell.
        shell: Shell,
    },
    /// Writes a manual page per command into a folder.
    #[command(after_help = "Example:
  bando man /usr/local/share/man/man1")]
    Man {
        /// The folder; it is made when absent.
        folder: PathBuf,
    },
}

impl Command {
    /// The noun whose list helps when a name is not found.
    pub(crate) const fn noun(&self) -> &'static str {
        match self {
            // The last three are about no noun, and reminders stand in the file of their call: the
            // list of calls is where everything begins.
            Self::Call(_)
            | Self::Reminder(_)
            | Self::Today
            | Self::Completion { .. }
            | Self::Man { .. } => "call",
            Self::Programme(_) => "programme",
            Self::Consortium(_) => "consortium",
            Self::Application(_) => "application",
            Self::Evaluation(_) => "evaluation",
            Self::Evaluator(_) => "evaluator",
            Self::Ranking(_) => "ranking",
            Self::Proposal(_) => "proposal",
            Self::Award(_) => "award",
            Self::Letter(_) => "letter",
            Self::Deadline(_) => "deadline",
            Self::Calendar(_) => "calendar",
            Self::Timer(_) => "timer",
            Self::Schedule(_) => "schedule",
            Self::Event(_) => "event",
            Self::Receipt(_) => "receipt",
            Self::Audit(_) => "audit",
            Self::Token(_) => "token",
            Self::Clock(_) => "clock",
        }
    }
}

/// How much a list shows.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Paging {
    /// Most rows to show.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) limit: usize,
}

#[cfg(test)]
pub(crate) mod tests;
