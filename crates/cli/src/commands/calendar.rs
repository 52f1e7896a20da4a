//! `bando calendar`: calendars of deadlines that other programs subscribe to.

use bando_proto::v1::{
    CreateCalendarFeedRequest, GetCalendarFeedRequest, ListCalendarFeedsRequest,
    RevokeCalendarFeedRequest,
};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;

use super::tell_dry_run;
use crate::args::Paging;
use crate::errors::Failure;
use crate::names;
use crate::session::Session;
use crate::views::calendar::{CalendarFeed, Created};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a calendar; the path at which it is read is shown once.
    ///
    /// Whoever knows the path may read it, on the daemon's administration listener or what stands
    /// before it. A consortium makes its own.
    #[command(after_help = "Examples:
  bando calendar create
  bando calendar create --consortium 0190a000-0000-7000-8000-000000000001 --language en
  bando calendar create --dry-run -o json")]
    Create {
        /// UUID or full name of the consortium whose deadlines it shows; the office's when absent.
        #[arg(long)]
        consortium: Option<String>,
        /// Its language; that of the consortium, or of the programme, when absent.
        #[arg(long, value_parser = PossibleValuesParser::new(["it", "en"]))]
        language: Option<String>,
    },
    /// Lists calendars, without their paths.
    #[command(after_help = "Example:
  bando calendar list")]
    List(Paging),
    /// Ends a calendar at once: its path answers as one that never was.
    #[command(after_help = "Example:
  bando calendar revoke \"$(bando calendar list --limit 1 -o name)\" --dry-run")]
    Revoke {
        /// UUID or full name of the calendar.
        calendar: String,
        /// Revokes only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Create {
            consortium,
            language,
        } => create(consortium, language, session).await,
        Command::List(paging) => list(paging, session).await,
        Command::Revoke { calendar, etag } => revoke(&calendar, etag, session).await,
    }
}

async fn create(
    consortium: Option<String>,
    language: Option<String>,
    session: &Session,
) -> Result<(), Failure> {
    let parent = session.programme()?;
    let consortium = match consortium {
        Some(consortium) => names::resource(&consortium, &parent, "consortia")?,
        None => String::new(),
    };
    let request = CreateCalendarFeedRequest {
        parent,
        consortium,
        language: language.unwrap_or_default(),
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let created = session.calendars()?.create_calendar_feed(request).await?;
    tell_dry_run(session);
    session.output.one(&Created::from(created.get_ref()))
}

async fn list(paging: Paging, session: &Session) -> Result<(), Failure> {
    let (mut calendars, parent) = (session.calendars()?, session.programme()?);
    let listed = session
        .all(paging.limit, async |page_size, page_token| {
            let request = ListCalendarFeedsRequest {
                parent: parent.clone(),
                page_size,
                page_token,
            };
            let page = calendars.list_calendar_feeds(request).await?.into_inner();
            Ok((page.calendars, page.next_page_token))
        })
        .await?;
    let rows: Vec<CalendarFeed> = listed.iter().map(CalendarFeed::from).collect();
    session.output.list(&rows, "no calendar")
}

async fn revoke(calendar: &str, etag: Option<String>, session: &Session) -> Result<(), Failure> {
    let name = session.name(calendar, "calendars")?;
    let etag = match etag {
        Some(etag) => etag,
        None => etag_of(&name, session).await?,
    };
    let request = RevokeCalendarFeedRequest {
        name,
        etag,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let revoked = session.calendars()?.revoke_calendar_feed(request).await?;
    tell_dry_run(session);
    session.output.one(&CalendarFeed::from(revoked.get_ref()))
}

async fn etag_of(name: &str, session: &Session) -> Result<String, Failure> {
    let request = GetCalendarFeedRequest {
        name: name.to_owned(),
    };
    let found = session.calendars()?.get_calendar_feed(request).await?;
    Ok(found.into_inner().etag)
}
