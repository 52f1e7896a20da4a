//! `bando application reopen|admit-late`: mending what people got wrong about an application.

use bando_proto::v1::{ProposeLateAdmissionRequest, ReopenCheckRequest};
use clap::Subcommand;

use super::application::{Named, find};
use super::{tell_dry_run, tell_proposed};
use crate::errors::Failure;
use crate::session::Session;
use crate::views::application::Application;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Opens a concluded check again, while no ranking of the call is in force.
    ///
    /// Its findings stay until they are recorded anew. A consortium that was told it is inadmissible
    /// is told so.
    #[command(after_help = "Example:
  bando application reopen ER-2016-0000001 --reason 'the statute was read wrongly' --dry-run")]
    Reopen {
        #[command(flatten)]
        application: Named,
        /// Why; it becomes part of the record and of the letter.
        #[arg(long)]
        reason: String,
        /// Opens only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
    /// Asks a second person to admit an application that was tried after the close.
    ///
    /// It exits 8 once the proposal is made; on approval the very content that was tried counts as
    /// submitted at that instant, with a receipt that names the act.
    #[command(after_help = "Example:
  bando application admit-late 0190a000-0000-7000-8000-000000000001 --call er/2016 --act 'DD 91/2016' --reason 'the portal answered late' --dry-run")]
    AdmitLate {
        #[command(flatten)]
        application: Named,
        /// The number of the act that admits it.
        #[arg(long)]
        act: String,
        /// Why; it becomes part of the record and of the letter.
        #[arg(long)]
        reason: String,
        /// Admits only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Reopen {
            application,
            reason,
            etag,
        } => {
            let found = find(&application, session).await?;
            let request = ReopenCheckRequest {
                name: found.name,
                etag: etag.unwrap_or(found.etag),
                reason,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let reopened = session.eligibility()?.reopen_check(request).await?;
            tell_dry_run(session);
            session.output.one(&Application::from(reopened.get_ref()))
        }
        Command::AdmitLate {
            application,
            act,
            reason,
            etag,
        } => {
            let found = find(&application, session).await?;
            let request = ProposeLateAdmissionRequest {
                name: found.name,
                etag: etag.unwrap_or(found.etag),
                act,
                reason,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let mut applications = session.applications()?;
            let proposed = applications.propose_late_admission(request).await?;
            tell_proposed(proposed.get_ref(), session)
        }
    }
}
