//! `bando application clarify`: what a consortium is asked during the check.

use std::path::PathBuf;

use bando_proto::v1::{self, GetAnswerRequest, ListClarificationsRequest};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;

use super::application::{self, Named};
use super::{filter, tell_dry_run};
use crate::args::Paging;
use crate::errors::{Exit, Failure};
use crate::files::{PUBLIC, Reserved};
use crate::session::Session;
use crate::views::clarification::Clarification;
use crate::views::receipt::Signed;

const STATES: [&str; 7] = [
    "requested",
    "delivered",
    "answered_in_part",
    "answered",
    "expired",
    "accepted",
    "closed",
];

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the requests of a call.
    #[command(after_help = "Examples:
  bando application clarify list er/2016
  bando application clarify list er/2016 --state answered -o json")]
    List {
        /// The call, such as er/2016.
        call: String,
        /// Only those in this state.
        #[arg(long, value_parser = PossibleValuesParser::new(STATES))]
        state: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Shows the last request to an application: items, delivery, due instant and answers.
    #[command(after_help = "Example:
  bando application clarify show ER-2016-0000001")]
    Show {
        #[command(flatten)]
        application: Named,
    },
    /// Asks the consortium for what is missing; its term runs from the delivery of the letter.
    #[command(after_help = "Examples:
  bando application clarify request ER-2016-0000001 --item 'document:E2:lo statuto // the statute'
  bando application clarify request ER-2016-0000001 --item 'value:E4:il fondo versato' --dry-run")]
    Request {
        #[command(flatten)]
        application: Named,
        /// KIND:RULE:TEXT, in Italian and after ` // ` in English; KIND is document, value or
        /// explanation.
        #[arg(long = "item", value_name = "ITEM", required = true, value_parser = item)]
        items: Vec<v1::ClarificationItem>,
        /// Asks only what was looked at under this etag of the application.
        #[arg(long)]
        etag: Option<String>,
    },
    /// Answers items of the last request and prints the receipt; observations on a notice too.
    ///
    /// Documents that were uploaded for an item (document add --item) are sealed with its answer,
    /// which may then be empty. An answer after the due instant is refused with a signed statement,
    /// which --save keeps too.
    #[command(after_help = "Examples:
  bando application clarify answer ER-2016-0000001 --text '1=in allegato' --save answer.json
  bando application clarify answer ER-2016-0000001 --text '1=si' --text '2=no' --dry-run")]
    Answer {
        #[command(flatten)]
        application: Named,
        /// ITEM=TEXT, the item by its number.
        #[arg(long = "text", value_name = "ANSWER", required = true, value_parser = answer_text)]
        texts: Vec<v1::ItemAnswer>,
        /// Answers only what was looked at under this etag of the request.
        #[arg(long)]
        etag: Option<String>,
        /// Writes the receipt, or the signed refusal, into a new file.
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
    },
    /// Ends the last request: the office has what it needs.
    #[command(after_help = "Example:
  bando application clarify accept ER-2016-0000001")]
    Accept {
        #[command(flatten)]
        application: Named,
        /// Accepts only what was looked at under this etag of the request.
        #[arg(long)]
        etag: Option<String>,
    },
    /// Takes the last request back while it is open.
    #[command(after_help = "Example:
  bando application clarify close ER-2016-0000001 --reason 'sent to a wrong address' --dry-run")]
    Close {
        #[command(flatten)]
        application: Named,
        /// Why; it goes into the letter.
        #[arg(long)]
        reason: String,
        /// Takes back only what was looked at under this etag of the request.
        #[arg(long)]
        etag: Option<String>,
    },
    /// Shows the receipt of an answer, and saves it with the content that was sealed.
    #[command(after_help = "Example:
  bando application clarify receipt ER-2016-0000001 --number 1 --save answer.json")]
    Receipt {
        #[command(flatten)]
        application: Named,
        /// Which answer, from 1.
        #[arg(long, default_value_t = 1)]
        #[arg(value_parser = clap::value_parser!(i32).range(1..))]
        number: i32,
        /// Writes the receipt into a new file.
        #[arg(long, value_name = "FILE")]
        save: Option<PathBuf>,
        /// Writes the sealed content (RFC 8785 JSON) into a new file.
        #[arg(long, value_name = "FILE")]
        content: Option<PathBuf>,
    },
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List {
            call,
            state,
            paging,
        } => {
            let (parent, filter) = (session.call(&call)?, filter(&[("state", state.as_deref())]));
            let listed = all(&parent, &filter, paging.limit, session).await?;
            let rows: Vec<Clarification> = listed.iter().map(Clarification::from).collect();
            session.output.list(&rows, "no request")
        }
        Command::Show { application } => {
            let asked = last_of(&application, session).await?;
            session.output.one(&Clarification::from(&asked))
        }
        Command::Request {
            application,
            items,
            etag,
        } => request(&application, items, etag, session).await,
        Command::Answer {
            application,
            texts,
            etag,
            save,
        } => answer(&application, texts, etag, save, session).await,
        Command::Accept { application, etag } => accept(&application, etag, session).await,
        Command::Close {
            application,
            reason,
            etag,
        } => close(&application, reason, etag, session).await,
        Command::Receipt {
            application,
            number,
            save,
            content,
        } => receipt(&application, number, save, content, session).await,
    }
}

pub(super) async fn all(
    parent: &str,
    filter: &str,
    limit: usize,
    session: &Session,
) -> Result<Vec<v1::Clarification>, Failure> {
    let mut clarifications = session.clarifications()?;
    session
        .all(limit, async |page_size, page_token| {
            let request = ListClarificationsRequest {
                parent: parent.to_owned(),
                page_size,
                page_token,
                filter: filter.to_owned(),
            };
            let page = clarifications
                .list_clarifications(request)
                .await?
                .into_inner();
            Ok((page.clarifications, page.next_page_token))
        })
        .await
}

/// The last thing an application was asked.
pub(super) async fn last_of(
    named: &Named,
    session: &Session,
) -> Result<v1::Clarification, Failure> {
    let found = application::find(named, session).await?;
    let asked = all(&found.name, "", usize::MAX, session).await?;
    asked.into_iter().next_back().ok_or_else(|| {
        let message = "the application was asked nothing";
        Failure::new(Exit::NotFound, "CLARIFICATION_NOT_FOUND", message)
    })
}

async fn request(
    named: &Named,
    items: Vec<v1::ClarificationItem>,
    etag: Option<String>,
    session: &Session,
) -> Result<(), Failure> {
    let found = application::find(named, session).await?;
    let request = v1::RequestClarificationRequest {
        parent: found.name,
        etag: etag.unwrap_or(found.etag),
        items,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let mut desk = session.clarifications()?;
    let asked = desk.request_clarification(request).await?.into_inner();
    tell_dry_run(session);
    session.output.one(&Clarification::from(&asked))
}

async fn answer(
    named: &Named,
    answers: Vec<v1::ItemAnswer>,
    etag: Option<String>,
    save: Option<PathBuf>,
    session: &Session,
) -> Result<(), Failure> {
    let asked = last_of(named, session).await?;
    let save = save.filter(|_| !session.dry_run());
    let file = save.map(|path| Reserved::new(&path, PUBLIC)).transpose()?;
    let request = v1::AnswerClarificationRequest {
        name: asked.name,
        etag: etag.unwrap_or(asked.etag),
        answers,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let answered = match session
        .clarifications()?
        .answer_clarification(request)
        .await
    {
        Ok(answered) => answered.into_inner(),
        Err(status) => return Err(application::refused(Failure::from(status), file)),
    };
    tell_dry_run(session);
    let receipt = Signed::from(&answered.receipt.unwrap_or_default());
    if let Some(file) = file {
        file.write(&receipt.file())?;
    }
    session.output.one(&receipt)
}

async fn accept(named: &Named, etag: Option<String>, session: &Session) -> Result<(), Failure> {
    let asked = last_of(named, session).await?;
    let request = v1::AcceptClarificationRequest {
        name: asked.name,
        etag: etag.unwrap_or(asked.etag),
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let mut desk = session.clarifications()?;
    let accepted = desk.accept_clarification(request).await?.into_inner();
    tell_dry_run(session);
    session.output.one(&Clarification::from(&accepted))
}

async fn close(
    named: &Named,
    reason: String,
    etag: Option<String>,
    session: &Session,
) -> Result<(), Failure> {
    let asked = last_of(named, session).await?;
    let request = v1::CloseClarificationRequest {
        name: asked.name,
        etag: etag.unwrap_or(asked.etag),
        reason,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let mut desk = session.clarifications()?;
    let closed = desk.close_clarification(request).await?.into_inner();
    tell_dry_run(session);
    session.output.one(&Clarification::from(&closed))
}

async fn receipt(
    named: &Named,
    number: i32,
    save: Option<PathBuf>,
    content: Option<PathBuf>,
    session: &Session,
) -> Result<(), Failure> {
    let name = last_of(named, session).await?.name;
    let mut desk = session.clarifications()?;
    let answer = desk.get_answer(GetAnswerRequest { name, number }).await?;
    let answer = answer.into_inner();
    let receipt = Signed::from(&answer.receipt.unwrap_or_default());
    if let Some(path) = save {
        Reserved::new(&path, PUBLIC)?.write(&receipt.file())?;
    }
    if let Some(path) = content {
        Reserved::new(&path, PUBLIC)?.write(&answer.content)?;
    }
    session.output.one(&receipt)
}

fn item(text: &str) -> Result<v1::ClarificationItem, String> {
    let form = "KIND:RULE:TEXT expected, such as 'document:E2:lo statuto // the statute'";
    let mut parts = text.splitn(3, ':').map(str::trim);
    let (Some(kind), Some(rule), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(form.to_owned());
    };
    let kind = match kind {
        "document" => v1::ItemKind::Document,
        "value" => v1::ItemKind::Value,
        "explanation" => v1::ItemKind::Explanation,
        other => {
            return Err(format!(
                "`{other}` is not document, value or explanation; {form}"
            ));
        }
    };
    let (it, en) = text.split_once(" // ").unwrap_or((text, ""));
    Ok(v1::ClarificationItem {
        kind: kind.into(),
        rule: rule.to_owned(),
        text: Some(v1::Text {
            it: it.trim().to_owned(),
            en: en.trim().to_owned(),
        }),
        ..Default::default()
    })
}

fn answer_text(text: &str) -> Result<v1::ItemAnswer, String> {
    let form = "ITEM=TEXT expected, such as '1=in allegato'";
    let (item, text) = text.split_once('=').ok_or(form)?;
    Ok(v1::ItemAnswer {
        item: item.trim().parse().map_err(|_| form)?,
        text: text.trim().to_owned(),
        ..Default::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_says_its_kind_its_rule_and_its_text_in_one_or_two_languages() {
        let both = item("document:E2:lo statuto: art. 3 // the statute").unwrap();
        let one = item("value:E4:il fondo").unwrap();

        assert_eq!(
            (both.kind(), both.rule.as_str()),
            (v1::ItemKind::Document, "E2")
        );
        let text = both.text.unwrap();
        assert_eq!(
            (text.it.as_str(), text.en.as_str()),
            ("lo statuto: art. 3", "the statute")
        );
        assert_eq!(one.text.unwrap().en, "");
        for wrong in ["", "document:E2", "paper:E2:x"] {
            assert!(item(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_answer_names_its_item() {
        let answer = answer_text("2=a=b").unwrap();

        assert_eq!((answer.item, answer.text.as_str()), (2, "a=b"));
        assert!(answer_text("yes").is_err() && answer_text("x=yes").is_err());
    }
}
