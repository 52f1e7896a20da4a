//! `bando reminder`: the reminders that will go out.

use bando_proto::v1::PreviewRemindersRequest;
use clap::Subcommand;
use prost_types::Timestamp;

use super::instant;
use crate::errors::Failure;
use crate::session::Session;
use crate::views::reminder::Reminder;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the reminders of a call between two instants, with how many each goes to as of now.
    #[command(after_help = "Examples:
  bando reminder preview er/2027
  bando reminder preview er/2027 --from 2027-05-01T00:00:00Z --to 2027-06-23T14:00:00Z -o json")]
    Preview {
        /// The call, such as `er/2027`.
        call: String,
        /// From this instant on; now when absent.
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        from: Option<Timestamp>,
        /// Until this instant; a year later when absent.
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        to: Option<Timestamp>,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    let Command::Preview { call, from, to } = command;
    let call = session.call(&call)?;
    let request = PreviewRemindersRequest { call, from, to };
    let previewed = session.reminders()?.preview_reminders(request).await?;
    let previewed = previewed.into_inner().reminders;
    let rows: Vec<Reminder> = previewed.iter().map(Reminder::from).collect();
    session.output.list(&rows, "no reminder")
}
