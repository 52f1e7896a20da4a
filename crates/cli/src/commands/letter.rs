//! `bando letter`: the ledger of letters.

use bando_proto::v1::{
    self, CountLettersRequest, GetLetterRequest, ListLettersRequest, ListRedirectionsRequest,
    RecordDeliveryRequest, RecordNonDeliveryRequest,
};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use prost_types::Timestamp;
use tonic::Response;

use super::{consortium, filter, instant, tell_dry_run};
use crate::args::Paging;
use crate::errors::{Exit, Failure};
use crate::output;
use crate::session::Session;
use crate::views::history::Redirection;
use crate::views::letter::{Count, Letter};

const STATES: [&str; 12] = [
    "draft",
    "held",
    "queued",
    "sending",
    "sent",
    "uncertain",
    "delivered",
    "bounced",
    "failed",
    "expired",
    "cancelled",
    "parked",
];

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists letters.
    #[command(after_help = "Examples:
  bando letter list --limit 20
  bando letter list --kind receipt --state sent
  bando letter list --state uncertain -o json")]
    List {
        /// Only those in this state.
        #[arg(long, value_parser = PossibleValuesParser::new(STATES))]
        state: Option<String>,
        /// Only those of this kind, such as receipt or awarded.
        #[arg(long)]
        kind: Option<String>,
        /// Only those about this application, by its full name.
        #[arg(long, value_name = "NAME")]
        application: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows a letter with its text.
    #[command(after_help = "Examples:
  bando letter show \"$(bando letter list --limit 1 -o name)\"
  bando letter show \"$(bando letter list --limit 1 -o name)\" --raw > letter.eml")]
    Show {
        /// UUID or full name of the letter.
        letter: String,
        /// Prints the whole message (RFC 5322) as it was frozen, and nothing else.
        #[arg(long)]
        raw: bool,
    },
    /// Writes down when a sent letter was delivered; the term of a request begins there.
    #[command(after_help = "Example:
  bando letter delivered 01541f2e-8a00-7000-8000-000000000001 \\
    --at 2016-06-07T10:12:00+02:00 --evidence 'PEC opec2016.1' --dry-run")]
    Delivered {
        /// UUID or full name of the letter.
        letter: String,
        /// The instant the proof gives, with its offset.
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        at: Timestamp,
        /// Where the proof is kept, such as the id of the delivery receipt.
        #[arg(long)]
        evidence: String,
    },
    /// Writes down that a sent letter came back; no term begins.
    #[command(after_help = "Example:
  bando letter undelivered 01541f2e-8a00-7000-8000-000000000001 \\
    --at 2016-06-07T10:12:00+02:00 --evidence 'notice opec2016.2' --dry-run")]
    Undelivered {
        /// UUID or full name of the letter.
        letter: String,
        /// When the notice of it came, with its offset.
        #[arg(long, value_name = "INSTANT", value_parser = instant)]
        at: Timestamp,
        /// Where the notice is kept.
        #[arg(long)]
        evidence: String,
    },
    /// Lists the letters that followed a corrected address.
    #[command(after_help = "Examples:
  bando letter redirections
  bando letter redirections --consortium 90001010371 -o json")]
    Redirections {
        /// Only those of this consortium: UUID, partita IVA or full name.
        #[arg(long)]
        consortium: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Counts the letters in each state.
    #[command(after_help = "Example:
  bando letter count")]
    Count,
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List {
            state,
            kind,
            application,
            paging,
        } => {
            let terms = [
                ("state", state),
                ("kind", kind),
                ("application", application),
            ];
            let terms: Vec<_> = terms
                .iter()
                .map(|(key, value)| (*key, value.as_deref()))
                .collect();
            list(&filter(&terms), paging, session).await
        }
        Command::Show { letter, raw } => show(&letter, raw, session).await,
        Command::Delivered {
            letter,
            at,
            evidence,
        } => {
            let request = RecordDeliveryRequest {
                name: session.name(&letter, "letters")?,
                delivered_at: Some(at),
                evidence,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            recorded(session.letters()?.record_delivery(request).await?, session)
        }
        Command::Undelivered {
            letter,
            at,
            evidence,
        } => {
            let request = RecordNonDeliveryRequest {
                name: session.name(&letter, "letters")?,
                at: Some(at),
                evidence,
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            recorded(
                session.letters()?.record_non_delivery(request).await?,
                session,
            )
        }
        Command::Redirections { consortium, paging } => {
            redirections(consortium.as_deref(), paging, session).await
        }
        Command::Count => count(session).await,
    }
}

fn recorded(letter: Response<v1::Letter>, session: &Session) -> Result<(), Failure> {
    tell_dry_run(session);
    session.output.one(&Letter::from(letter.get_ref()))
}

async fn list(filter: &str, paging: Paging, session: &Session) -> Result<(), Failure> {
    let (mut letters, parent) = (session.letters()?, session.programme()?);
    let listed = session
        .all(paging.limit, async |page_size, page_token| {
            let (parent, filter) = (parent.clone(), filter.to_owned());
            let request = ListLettersRequest {
                parent,
                page_size,
                page_token,
                filter,
            };
            let page = letters.list_letters(request).await?.into_inner();
            Ok((page.letters, page.next_page_token))
        })
        .await?;
    let rows: Vec<Letter> = listed.iter().map(Letter::from).collect();
    session.output.list(&rows, "no letter")
}

async fn redirections(of: Option<&str>, paging: Paging, session: &Session) -> Result<(), Failure> {
    let of = match of {
        Some(text) => Some(consortium::find(text, session).await?.name),
        None => None,
    };
    let wanted = filter(&[("consortium", of.as_deref())]);
    let (mut letters, parent) = (session.letters()?, session.programme()?);
    let listed = session
        .all(paging.limit, async |page_size, page_token| {
            let request = ListRedirectionsRequest {
                parent: parent.clone(),
                page_size,
                page_token,
                filter: wanted.clone(),
            };
            let page = letters.list_redirections(request).await?.into_inner();
            Ok((page.redirections, page.next_page_token))
        })
        .await?;
    let rows: Vec<Redirection> = listed.iter().map(Redirection::from).collect();
    session
        .output
        .list(&rows, "no letter followed another address")
}

async fn show(letter: &str, raw: bool, session: &Session) -> Result<(), Failure> {
    let name = session.name(letter, "letters")?;
    let letter = session
        .letters()?
        .get_letter(GetLetterRequest { name })
        .await?
        .into_inner();
    if !raw {
        return session.output.one(&Letter::from(&letter));
    }
    if letter.message.is_empty() {
        let message = "the letter is not written yet: it has no message";
        return Err(Failure::new(
            Exit::Precondition,
            "LETTER_NOT_WRITTEN",
            message,
        ));
    }
    output::raw(&letter.message)
}

async fn count(session: &Session) -> Result<(), Failure> {
    let request = CountLettersRequest {
        parent: session.programme()?,
    };
    let counted = session
        .letters()?
        .count_letters(request)
        .await?
        .into_inner();
    let rows: Vec<Count> = counted.counts.iter().map(Count::from).collect();
    session.output.list(&rows, "no letter")
}
