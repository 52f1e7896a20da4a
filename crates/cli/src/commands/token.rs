//! `bando token`: API tokens of named persons.

use std::path::PathBuf;

use bando_proto::v1;
use bando_proto::v1::{CreateTokenRequest, GetSelfRequest, ListTokensRequest, RevokeTokenRequest};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::tell_dry_run;
use crate::args::Paging;
use crate::errors::{Exit, Failure};
use crate::files::{PRIVATE, Reserved};
use crate::names;
use crate::session::Session;
use crate::views::token::{Created, Token};

/// The roles a person can have.
const ROLES: [&str; 8] = [
    "officer",
    "manager",
    "approver",
    "evaluator",
    "consortium",
    "auditor",
    "viewer",
    "admin",
];

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a token; its secret is shown once, or saved.
    #[command(after_help = "Examples:
  bando token create --person anna.bianchi --role officer --role manager --save anna.token
  bando token create --person carlo.verdi --role approver --programme er --days 30
  bando token create --person corte.conti --role auditor --dry-run")]
    Create(Create),
    /// Lists tokens, without their secrets.
    #[command(after_help = "Example:
  bando token list")]
    List(Paging),
    /// Ends a token at once.
    #[command(after_help = "Example:
  bando token revoke \"$(bando token list --limit 1 -o name)\" --dry-run")]
    Revoke {
        /// UUID or full name of the token.
        token: String,
        /// Revokes only what was looked at under this etag.
        #[arg(long)]
        etag: Option<String>,
    },
    /// Shows whose token this is and what it may do.
    #[command(
        name = "self",
        after_help = "Example:
  bando token self"
    )]
    Own,
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Who holds it: two tokens of one person are one person.
    #[arg(long)]
    person: String,
    /// What the holder may be; give it again for a further role.
    #[arg(long = "role", required = true, value_parser = PossibleValuesParser::new(ROLES))]
    roles: Vec<String>,
    /// UUID or full name of the consortium, for the role consortium.
    #[arg(long)]
    consortium: Option<String>,
    /// Days it lives; 90 when absent.
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=366))]
    days: Option<i32>,
    /// Writes the secret into a new file that only you can read, and does not print it.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
}

pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Create(wanted) => create(wanted, session).await,
        Command::List(paging) => list(paging, session).await,
        Command::Revoke { token, etag } => revoke(&token, etag, session).await,
        Command::Own => {
            let own = session
                .tokens()?
                .get_self(GetSelfRequest {})
                .await?
                .into_inner();
            session.output.one(&Token::from(&own))
        }
    }
}

async fn create(wanted: Create, session: &Session) -> Result<(), Failure> {
    let save = wanted.save.clone().filter(|_| !session.dry_run());
    let request = CreateTokenRequest {
        days: wanted.days.unwrap_or_default(),
        token: Some(asked_for(wanted, session)?),
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let file = save
        .as_deref()
        .map(|path| Reserved::new(path, PRIVATE))
        .transpose()?;
    let created = session.tokens()?.create_token(request).await?.into_inner();
    tell_dry_run(session);
    let secret = Some(created.secret).filter(|secret| !secret.is_empty());
    let token = Token::from(&created.token.unwrap_or_default());
    match (file, secret) {
        (Some(file), Some(secret)) => {
            file.write(format!("{secret}\n").as_bytes())?;
            session.output.one(&Created {
                token,
                secret: None,
            })
        }
        (Some(_), None) => Err(Failure::new(
            Exit::Precondition,
            "SECRET_SHOWN_BEFORE",
            "this request made its token before, and a secret is shown once: nothing was saved",
        )
        .with_hint("bando token list")),
        (None, secret) => session.output.one(&Created { token, secret }),
    }
}

/// A token of admin alone is bound to no programme.
fn asked_for(wanted: Create, session: &Session) -> Result<v1::Token, Failure> {
    let is_admin_alone = wanted.roles.iter().all(|role| role == "admin");
    let programme = if is_admin_alone {
        String::new()
    } else {
        session.programme()?
    };
    let consortium = match &wanted.consortium {
        Some(consortium) => names::resource(consortium, &session.programme()?, "consortia")?,
        None => String::new(),
    };
    let roles = wanted.roles.iter().filter_map(|role| {
        v1::Role::from_str_name(&format!("ROLE_{}", role.to_ascii_uppercase())).map(i32::from)
    });
    Ok(v1::Token {
        roles: roles.collect(),
        person: wanted.person,
        programme,
        consortium,
        ..Default::default()
    })
}

async fn all(limit: usize, session: &Session) -> Result<Vec<v1::Token>, Failure> {
    let mut tokens = session.tokens()?;
    session
        .all(limit, async |page_size, page_token| {
            let request = ListTokensRequest {
                page_size,
                page_token,
            };
            let page = tokens.list_tokens(request).await?.into_inner();
            Ok((page.tokens, page.next_page_token))
        })
        .await
}

async fn list(paging: Paging, session: &Session) -> Result<(), Failure> {
    let rows: Vec<Token> = all(paging.limit, session)
        .await?
        .iter()
        .map(Token::from)
        .collect();
    session.output.list(&rows, "no token")
}

async fn revoke(token: &str, etag: Option<String>, session: &Session) -> Result<(), Failure> {
    let name = names::resource(token, "", "tokens")?;
    let etag = match etag {
        Some(etag) => etag,
        None => etag_of(&name, session).await?,
    };
    let (request_id, validate_only) = (session.request_id()?, session.dry_run());
    let request = RevokeTokenRequest {
        name,
        etag,
        request_id,
        validate_only,
    };
    let revoked = session.tokens()?.revoke_token(request).await?.into_inner();
    tell_dry_run(session);
    session.output.one(&Token::from(&revoked))
}

/// The service gets no single token: its etag comes from the list.
async fn etag_of(name: &str, session: &Session) -> Result<String, Failure> {
    let listed = all(usize::MAX, session).await?;
    let found = listed
        .into_iter()
        .find(|token| token.name == name)
        .ok_or_else(|| {
            Failure::new(
                Exit::NotFound,
                "TOKEN_NOT_FOUND",
                format!("there is no token {name}"),
            )
        });
    Ok(found?.etag)
}

#[cfg(test)]
mod tests {
    use bando_domain::actor::Role;

    use super::ROLES;

    #[test]
    fn every_role_but_time_itself_can_be_asked_for() {
        let roles: Vec<&str> = Role::ALL
            .iter()
            .filter(|role| **role != Role::System)
            .map(|r| r.as_str())
            .collect();

        assert_eq!(ROLES.to_vec(), roles);
    }
}
