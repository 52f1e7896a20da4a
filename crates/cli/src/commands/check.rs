//! `bando application check`: the formal check of an application, from its opening to its end.

use bando_proto::v1;
use bando_proto::v1::{
    ConcludeCheckRequest, OpenCheckRequest, PreviewCheckRequest, RecordFindingRequest,
};
use clap::{Args, Subcommand};

use super::application::{Named, find};
use super::tell_dry_run;
use crate::errors::Failure;
use crate::output;
use crate::session::Session;
use crate::views::application::Application;
use crate::views::check::Check;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows what the rules say of the working copy as it stands; nothing is opened or kept.
    #[command(after_help = "Example:
  bando application check preview ER-2016-0000001")]
    Preview {
        #[command(flatten)]
        application: Named,
    },
    /// Opens the check of a submitted application once its call is closed: data decide what they can.
    #[command(after_help = "Example:
  bando application check open ER-2016-0000001 --dry-run")]
    Open {
        #[command(flatten)]
        application: Named,
        /// Opens only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
    /// Records what an officer found about a rule that data cannot decide, or that the consortium was
    /// asked about; a later finding takes the place of an earlier one.
    #[command(after_help = "Examples:
  bando application check find ER-2016-0000001 E2 --passed
  bando application check find ER-2016-0000001 E13 --failed \
--text 'il DURC non è regolare // contributions are unpaid' --dry-run")]
    Find {
        #[command(flatten)]
        application: Named,
        /// The rule of the check, such as E2.
        rule: String,
        #[command(flatten)]
        found: Found,
        /// Why, in Italian and after ` // ` in English; needed when it failed, and part of the letter
        /// then.
        #[arg(long, default_value = "")]
        text: String,
        /// Records only about what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
    /// Ends the check: admissible, or inadmissible with a letter.
    ///
    /// Where the call gives notice before a rejection and none was given, it is given now: the
    /// application stays under check until observations are filed or their term is over.
    #[command(after_help = "Examples:
  bando application check conclude ER-2016-0000001 --dry-run
  bando application check conclude ER-2016-0000001 --reason 'the statute does not say so'")]
    Conclude {
        #[command(flatten)]
        application: Named,
        /// Why observations on a notice change nothing; it goes into the letter.
        #[arg(long, default_value = "")]
        reason: String,
        /// Concludes only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
}

/// One of the two.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Found {
    /// The rule is met.
    #[arg(long)]
    passed: bool,
    /// The rule is not met.
    #[arg(long)]
    failed: bool,
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Preview { application } => {
            let name = find(&application, session).await?.name;
            let mut desk = session.eligibility()?;
            let check = desk.preview_check(PreviewCheckRequest { name }).await?;
            session.output.one(&Check::from(check.get_ref()))
        }
        Command::Open { application, etag } => {
            let known = find(&application, session).await?;
            let request = OpenCheckRequest {
                name: known.name,
                etag: etag.unwrap_or(known.etag),
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let opened = session.eligibility()?.open_check(request).await?;
            show(opened.get_ref(), session)
        }
        Command::Find {
            application,
            rule,
            found,
            text,
            etag,
        } => {
            let known = find(&application, session).await?;
            let request = RecordFindingRequest {
                name: known.name,
                etag: etag.unwrap_or(known.etag),
                rule,
                passed: found.passed && !found.failed,
                explanation: Some(both(&text)),
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let recorded = session.eligibility()?.record_finding(request).await?;
            show(recorded.get_ref(), session)
        }
        Command::Conclude {
            application,
            reason,
            etag,
        } => {
            let known = find(&application, session).await?;
            let request = ConcludeCheckRequest {
                name: known.name,
                etag: etag.unwrap_or(known.etag),
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
                reason,
            };
            let concluded = session.eligibility()?.conclude_check(request).await?;
            let application = concluded.get_ref();
            if application.state() == v1::ApplicationState::UnderCheck {
                output::talk("notice before the rejection: the application stays under check");
            }
            show(application, session)
        }
    }
}

fn show(application: &v1::Application, session: &Session) -> Result<(), Failure> {
    tell_dry_run(session);
    session.output.one(&Application::from(application))
}

/// Without English the Italian text stands for both.
fn both(text: &str) -> v1::Text {
    let (it, en) = text.split_once(" // ").unwrap_or((text, text));
    v1::Text {
        it: it.trim().to_owned(),
        en: en.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_one_language_stands_for_both() {
        let one = both("visto lo statuto");
        let two = both("visto // seen");

        assert_eq!(
            (one.it.as_str(), one.en.as_str()),
            ("visto lo statuto", "visto lo statuto")
        );
        assert_eq!((two.it.as_str(), two.en.as_str()), ("visto", "seen"));
    }
}
