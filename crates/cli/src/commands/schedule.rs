//! `bando schedule`: what happens by the calendar.

use bando_proto::v1::ListSchedulesRequest;
use clap::Subcommand;

use crate::errors::Failure;
use crate::session::Session;
use crate::views::timer::Schedule;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the schedules of the programme with their next turn.
    #[command(after_help = "Example:
  bando schedule list")]
    List,
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    let Command::List = command;
    let now = session.now().await?;
    let request = ListSchedulesRequest {
        parent: session.programme()?,
    };
    let listed = session
        .schedules()?
        .list_schedules(request)
        .await?
        .into_inner();
    let rows: Vec<Schedule> = listed
        .schedules
        .iter()
        .map(|schedule| Schedule::at(schedule, now))
        .collect();
    session.output.list(&rows, "no schedule")
}
