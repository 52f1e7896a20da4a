//! `bando evaluator`: the register that conflicts of interest are found with.

use bando_proto::v1;
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::tell_dry_run;
use crate::args::Paging;
use crate::errors::{Exit, Failure};
use crate::session::Session;
use crate::views::evaluator::Evaluator;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists the registered evaluators of the programme.
    #[command(after_help = "Examples:
  bando evaluator list
  bando evaluator list -o json")]
    List(Paging),
    /// Shows what the register knows of an evaluator.
    #[command(after_help = "Example:
  bando evaluator describe carlo.rossi")]
    Describe {
        /// The name on their token, UUID or full name.
        person: String,
    },
    /// Registers an evaluator.
    #[command(after_help = "Example:
  bando evaluator register carlo.rossi --title 'Carlo Rossi' --email carlo@ateneo.example --employer 90001010371")]
    Register {
        /// The name on their token.
        person: String,
        #[command(flatten)]
        known: Known,
    },
    /// Changes what is named of an evaluator; what they are assigned is looked at again.
    #[command(after_help = "Examples:
  bando evaluator update carlo.rossi --address 'via Roma 1, 40121 Bologna' --dry-run
  bando evaluator update \"$(bando evaluator list --limit 1 -o name)\" --relation '90001010371=consultant until 2026'")]
    Update {
        /// The name on their token, UUID or full name.
        person: String,
        #[command(flatten)]
        known: Known,
    },
}

/// What the register knows; an update leaves alone what is absent.
#[derive(Debug, Args)]
pub(crate) struct Known {
    /// First and family name.
    #[arg(long)]
    title: Option<String>,
    /// E-mail address.
    #[arg(long)]
    email: Option<String>,
    /// Partita IVA of the firm or body they work for.
    #[arg(long, value_name = "PARTITA_IVA")]
    employer: Option<String>,
    /// Street address.
    #[arg(long)]
    address: Option<String>,
    /// A firm they declare a relation to, and which; may be repeated, and replaces all of before.
    #[arg(long, value_name = "PARTITA_IVA=WHAT", value_parser = relation)]
    relation: Vec<(String, String)>,
}

fn relation(text: &str) -> Result<(String, String), String> {
    let (firm, what) = text
        .split_once('=')
        .ok_or_else(|| "a partita IVA, = and what relates them are expected".to_owned())?;
    Ok((firm.trim().to_owned(), what.trim().to_owned()))
}

impl Known {
    fn over(self, before: v1::Evaluator) -> v1::Evaluator {
        let relations = self.relation.into_iter();
        let relations: Vec<v1::Relation> = relations
            .map(|(firm, explanation)| v1::Relation { firm, explanation })
            .collect();
        v1::Evaluator {
            title: self.title.unwrap_or(before.title),
            email: self.email.unwrap_or(before.email),
            employer_partita_iva: self.employer.unwrap_or(before.employer_partita_iva),
            address: self.address.unwrap_or(before.address),
            relations: if relations.is_empty() {
                before.relations
            } else {
                relations
            },
            ..before
        }
    }
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::List(paging) => {
            let listed = all(paging.limit, session).await?;
            let rows: Vec<Evaluator> = listed.iter().map(Evaluator::from).collect();
            let none = "nobody is registered yet: bando evaluator register PERSON";
            session.output.list(&rows, none)
        }
        Command::Describe { person } => {
            let found = find(&person, session).await?;
            session.output.one(&Evaluator::from(&found))
        }
        Command::Register { person, known } => {
            let evaluator = known.over(v1::Evaluator {
                person,
                ..Default::default()
            });
            let request = v1::RegisterEvaluatorRequest {
                parent: session.programme()?,
                evaluator: Some(evaluator),
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let registered = session.evaluators()?.register_evaluator(request).await?;
            tell_dry_run(session);
            session.output.one(&Evaluator::from(registered.get_ref()))
        }
        Command::Update { person, known } => {
            let evaluator = known.over(find(&person, session).await?);
            let request = v1::UpdateEvaluatorRequest {
                evaluator: Some(evaluator),
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let updated = session.evaluators()?.update_evaluator(request).await?;
            tell_dry_run(session);
            session.output.one(&Evaluator::from(updated.get_ref()))
        }
    }
}

pub(super) async fn all(limit: usize, session: &Session) -> Result<Vec<v1::Evaluator>, Failure> {
    let (mut evaluators, parent) = (session.evaluators()?, session.programme()?);
    session
        .all(limit, async |page_size, page_token| {
            let request = v1::ListEvaluatorsRequest {
                parent: parent.clone(),
                page_size,
                page_token,
            };
            let page = evaluators.list_evaluators(request).await?.into_inner();
            Ok((page.evaluators, page.next_page_token))
        })
        .await
}

async fn find(person: &str, session: &Session) -> Result<v1::Evaluator, Failure> {
    if Uuid::try_parse(person).is_ok() || person.starts_with("programmes/") {
        let request = v1::GetEvaluatorRequest {
            name: session.name(person, "evaluators")?,
        };
        let found = session.evaluators()?.get_evaluator(request).await?;
        return Ok(found.into_inner());
    }
    session.speak_of(person);
    let listed = all(usize::MAX, session).await?;
    let found = listed.into_iter().find(|known| known.person == person);
    found.ok_or_else(|| {
        let message = format!("{person} is not in the register of evaluators");
        Failure::new(Exit::NotFound, "EVALUATOR_NOT_FOUND", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_leaves_alone_what_is_absent() {
        let before = v1::Evaluator {
            title: "Carlo Rossi".into(),
            email: "carlo@ateneo.example".into(),
            ..Default::default()
        };
        let known = Known {
            title: None,
            email: None,
            employer: None,
            address: Some("via Roma 1".into()),
            relation: Vec::new(),
        };

        let after = known.over(before.clone());

        let expected = v1::Evaluator {
            address: "via Roma 1".into(),
            ..before
        };
        assert_eq!(after, expected);
    }
}
