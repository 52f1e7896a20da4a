//! `bando call publish|extend|cancel|suspend|resume`: acts about a call in the making. What two
//! persons must want answers the proposal; what an outage leaves no time for answers the call.

use bando_proto::v1;
use bando_proto::v1::{
    ProposeCancellationRequest, ProposeExtensionRequest, ProposePublicationRequest,
    ResumeCallRequest, SuspendCallRequest,
};
use clap::{Args, Subcommand};

use super::{call, tell_dry_run, tell_proposed};
use crate::confirm::Confirmation;
use crate::errors::Failure;
use crate::session::Session;
use crate::views::call::Call;

/// The call an act is about.
#[derive(Debug, Args)]
pub(crate) struct Subject {
    /// The call, such as er/2016.
    call: String,
    /// Acts only on what was looked at under this etag.
    #[arg(long)]
    etag: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Asks a second person to make a draft public.
    ///
    /// It exits 8 once the proposal is made; on approval the timers of its window and its
    /// reminders are set.
    #[command(after_help = "Examples:
  bando call publish er/2027 --dry-run
  bando call publish er/2027")]
    Publish(Subject),
    /// Asks a second person to move the close to a later civil time, before or after it passed.
    ///
    /// It exits 8 once the proposal is made; on approval a closed call is open again, lapsed
    /// applications are drafts again and everybody with an application is told. Refused once an
    /// application was checked.
    #[command(after_help = "Example:
  bando call extend er/2016 --to '2016-06-10 16:00' --act 'DD 77/2016' --dry-run")]
    Extend {
        #[command(flatten)]
        subject: Subject,
        /// The new close, in civil time of the call's zone; a day alone is its last instant.
        #[arg(long, value_name = "TIME")]
        to: String,
        /// The number of the act that extends the call.
        #[arg(long)]
        act: String,
        /// Why; it becomes part of the record.
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// Suspends an open call at once, while the service is down.
    ///
    /// Submissions are refused, drafts can still be worked on, the close does not come.
    #[command(after_help = "Example:
  bando call suspend er/2016 --reason 'the portal does not answer'")]
    Suspend {
        #[command(flatten)]
        subject: Subject,
        /// Why; it goes into the letters.
        #[arg(long)]
        reason: String,
    },
    /// Resumes a suspended call; the close moves by what was lost.
    ///
    /// By the length of the outage, and by the days that the call's file promises at least.
    #[command(after_help = "Examples:
  bando call resume er/2016 --act 'DD 78/2016' --dry-run
  bando call resume er/2016 --act 'DD 78/2016'")]
    Resume {
        #[command(flatten)]
        subject: Subject,
        /// The number of the act that records the outage.
        #[arg(long)]
        act: String,
    },
    /// Asks a second person to withdraw a call, until it is awarded.
    ///
    /// On approval its live applications end, its timers stop and everybody with an application is
    /// told; receipts stay valid. It cannot be undone.
    #[command(after_help = "Examples:
  bando call cancel er/2016 --act 'DGR 900/2016' --reason 'the funds were cut' --dry-run
  bando call cancel er/2016 --act 'DGR 900/2016' --reason 'the funds were cut' --confirm er/2016")]
    Cancel {
        #[command(flatten)]
        subject: Subject,
        /// The number of the act that cancels the call.
        #[arg(long)]
        act: String,
        /// Why; it goes into the letters.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Publish(subject) => {
            let (name, etag) = subject.resolve(session).await?;
            let request = ProposePublicationRequest {
                name,
                etag,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let mut calls = session.calls()?;
            proposed(calls.propose_publication(request).await?, session)
        }
        Command::Extend {
            subject,
            to,
            act,
            reason,
        } => {
            let (name, etag) = subject.resolve(session).await?;
            let request = ProposeExtensionRequest {
                name,
                etag,
                closes: to,
                act,
                reason,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            proposed(session.calls()?.propose_extension(request).await?, session)
        }
        Command::Suspend { subject, reason } => {
            let (name, etag) = subject.resolve(session).await?;
            let request = SuspendCallRequest {
                name,
                etag,
                reason,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            changed(session.calls()?.suspend_call(request).await?, session)
        }
        Command::Resume { subject, act } => {
            let (name, etag) = subject.resolve(session).await?;
            let request = ResumeCallRequest {
                name,
                etag,
                act,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            changed(session.calls()?.resume_call(request).await?, session)
        }
        Command::Cancel {
            subject,
            act,
            reason,
            confirmation,
        } => {
            let (name, etag) = subject.resolve(session).await?;
            let what = "asks to end the call for everybody";
            confirmation.expect(what, &name, session).await?;
            let request = ProposeCancellationRequest {
                name,
                etag,
                act,
                reason,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let mut calls = session.calls()?;
            proposed(calls.propose_cancellation(request).await?, session)
        }
    }
}

impl Subject {
    /// The call's resource name and the etag to act on.
    async fn resolve(self, session: &Session) -> Result<(String, String), Failure> {
        let name = session.call(&self.call)?;
        let etag = match self.etag {
            Some(etag) => etag,
            None => call::get(&name, session).await?.etag,
        };
        Ok((name, etag))
    }
}

pub(super) fn proposed(
    answer: tonic::Response<v1::Proposal>,
    session: &Session,
) -> Result<(), Failure> {
    tell_proposed(answer.get_ref(), session)
}

fn changed(answer: tonic::Response<v1::Call>, session: &Session) -> Result<(), Failure> {
    tell_dry_run(session);
    session.output.one(&Call::from(answer.get_ref()))
}
