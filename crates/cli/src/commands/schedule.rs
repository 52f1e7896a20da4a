//! `bando schedule`: what happens by the calendar.

use bando_proto::v1::{
    self, BackfillScheduleRequest, GetScheduleRequest, ListSchedulesRequest, PauseScheduleRequest,
    PreviewScheduleRequest, ResumeScheduleRequest, TriggerScheduleRequest,
};
use clap::{Args, Subcommand};
use prost_types::Timestamp;

use super::{instant, tell_dry_run};
use crate::errors::Failure;
use crate::session::Session;
use crate::views::schedule::{Fire, Schedule, Upcoming};

/// A schedule to act on.
#[derive(Debug, Args)]
pub(crate) struct Subject {
    /// Its name, such as officers-digest.
    schedule: String,
    /// Acts only on what was looked at under this etag.
    #[arg(long)]
    etag: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the schedules of the programme with their next turn.
    #[command(after_help = "Examples:
  bando schedule list
  bando schedule list -o json")]
    List,
    /// Shows a schedule with its latest fires.
    #[command(after_help = "Example:
  bando schedule show officers-digest")]
    Show {
        /// Its name, such as officers-digest.
        schedule: String,
    },
    /// Shows when a schedule fires next, in civil time and as instants.
    #[command(after_help = "Examples:
  bando schedule preview weekly-report
  bando schedule preview officers-digest --count 5 --after 2027-03-26T00:00:00+01:00")]
    Preview {
        /// Its name, such as officers-digest.
        schedule: String,
        /// How many fires.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(i32).range(1..=100))]
        count: i32,
        /// After this instant, with its offset; now when absent.
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        after: Option<Timestamp>,
    },
    /// Stops a schedule until it is resumed; what passes meanwhile does not fire later.
    #[command(after_help = "Example:
  bando schedule pause officers-digest --reason 'the office is closed' --dry-run")]
    Pause {
        #[command(flatten)]
        subject: Subject,
        /// Why; it becomes part of the record.
        #[arg(long)]
        reason: String,
    },
    /// Lets a paused schedule go on from now.
    #[command(after_help = "Example:
  bando schedule resume officers-digest --dry-run")]
    Resume {
        #[command(flatten)]
        subject: Subject,
    },
    /// Fires a schedule once, now; its calendar stays as it is.
    #[command(after_help = "Example:
  bando schedule trigger backup --reason 'before the upgrade' --dry-run")]
    Trigger {
        #[command(flatten)]
        subject: Subject,
        /// Why; it becomes part of the record.
        #[arg(long)]
        reason: String,
    },
    /// Fires the nominal times of a span of the past that did not fire, each once.
    #[command(after_help = "Example:
  bando schedule backfill checkpoint \\
    --from 2027-05-01T00:00:00Z --to 2027-05-04T00:00:00Z --dry-run")]
    Backfill {
        #[command(flatten)]
        subject: Subject,
        /// The first instant of the span, with its offset.
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        from: Timestamp,
        /// The last instant of the span, with its offset.
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        to: Timestamp,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List => list(session).await,
        Command::Show { schedule } => {
            let found = get(&schedule, session).await?;
            shown(&found, session).await
        }
        Command::Preview {
            schedule,
            count,
            after,
        } => preview(&schedule, count, after, session).await,
        Command::Pause { subject, reason } => {
            let (name, etag) = known(subject, session).await?;
            let request = PauseScheduleRequest {
                name,
                etag,
                reason,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let paused = session.schedules()?.pause_schedule(request).await?;
            tell_dry_run(session);
            shown(paused.get_ref(), session).await
        }
        Command::Resume { subject } => {
            let (name, etag) = known(subject, session).await?;
            let request = ResumeScheduleRequest {
                name,
                etag,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let resumed = session.schedules()?.resume_schedule(request).await?;
            tell_dry_run(session);
            shown(resumed.get_ref(), session).await
        }
        Command::Trigger { subject, reason } => {
            let (name, etag) = known(subject, session).await?;
            let request = TriggerScheduleRequest {
                name,
                etag,
                reason,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let fire = session.schedules()?.trigger_schedule(request).await?;
            tell_dry_run(session);
            session.output.one(&Fire::from(fire.get_ref()))
        }
        Command::Backfill { subject, from, to } => {
            let (name, etag) = known(subject, session).await?;
            let request = BackfillScheduleRequest {
                name,
                etag,
                from: Some(from),
                to: Some(to),
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let asked = session.schedules()?.backfill_schedule(request).await?;
            tell_dry_run(session);
            let rows: Vec<Fire> = asked.get_ref().fires.iter().map(Fire::from).collect();
            session.output.list(&rows, "no fire")
        }
    }
}

async fn list(session: &Session) -> Result<(), Failure> {
    let now = session.now().await?;
    let request = ListSchedulesRequest {
        parent: session.programme()?,
    };
    let listed = session.schedules()?.list_schedules(request).await?;
    let schedules = listed.into_inner().schedules;
    let rows: Vec<Schedule> = schedules
        .iter()
        .map(|schedule| Schedule::at(schedule, now))
        .collect();
    session.output.list(&rows, "no schedule")
}

async fn shown(schedule: &v1::Schedule, session: &Session) -> Result<(), Failure> {
    let now = session.now().await?;
    session.output.one(&Schedule::at(schedule, now))
}

async fn preview(
    schedule: &str,
    count: i32,
    after: Option<Timestamp>,
    session: &Session,
) -> Result<(), Failure> {
    let request = PreviewScheduleRequest {
        name: session.schedule(schedule)?,
        count,
        after,
    };
    let previewed = session.schedules()?.preview_schedule(request).await?;
    let fires = previewed.into_inner().fires;
    let rows: Vec<Upcoming> = fires.iter().map(Upcoming::from).collect();
    session.output.list(&rows, "it never fires again")
}

async fn get(schedule: &str, session: &Session) -> Result<v1::Schedule, Failure> {
    let request = GetScheduleRequest {
        name: session.schedule(schedule)?,
    };
    let found = session.schedules()?.get_schedule(request).await?;
    Ok(found.into_inner())
}

/// The name and the etag to act under: the given one, or that of now.
async fn known(subject: Subject, session: &Session) -> Result<(String, String), Failure> {
    let name = session.schedule(&subject.schedule)?;
    match subject.etag {
        Some(etag) => Ok((name, etag)),
        None => Ok((name, get(&subject.schedule, session).await?.etag)),
    }
}
