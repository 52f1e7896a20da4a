//! `bando audit`: proofs over the whole audit trail.

use bando_proto::v1::VerifyChainRequest;
use clap::Subcommand;

use crate::errors::{Exit, Failure};
use crate::progress::Progress;
use crate::session::Session;
use crate::views::event::Chain;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Recomputes the chain of events; exit 6 names the first revision that does not hold.
    #[command(after_help = "Examples:
  bando audit verify
  bando audit verify -o json")]
    Verify,
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    let Command::Verify = command;
    let mut events = session.events()?;
    let progress = Progress::work("recomputing the chain");
    let verified = events.verify_chain(VerifyChainRequest {}).await;
    drop(progress);
    let response = verified?.into_inner();
    session.output.one(&Chain::from(&response))?;
    if response.valid {
        return Ok(());
    }
    let message = format!(
        "revision {} does not hold: {}",
        response.first_bad_revision, response.finding
    );
    let after = response.first_bad_revision.saturating_sub(1).max(0);
    Err(
        Failure::new(Exit::Findings, "CHAIN_BROKEN", message).with_hint(format!(
            "bando event list --after {after} --limit 5 -o json"
        )),
    )
}
