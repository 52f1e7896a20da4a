//! API tokens: made by an admin, shown once, recognised by their hash.

use std::collections::BTreeSet;

use bando_domain::actor::{Actor, Role};
use bando_domain::call::State as CallState;
use bando_domain::ids::{CallId, ConsortiumId, ProgrammeId, TokenId};
use bando_domain::receipt::sha256_hex;
use bando_domain::token::{self, Token};
use bando_store::{
    Consequences, Page, PageQuery, Tx, Versioned, calls, consortia, evaluations, programmes,
    record, tokens,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::context::{Command, Context};
use crate::entropy;
use crate::error::Error;

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Characters of the secret: 43 of 62 are more than 256 bits.
const SECRET_LENGTH: usize = 43;
/// Life of a bootstrap token, in days.
const BOOTSTRAP_DAYS: u32 = 30;

/// What a new token is for.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub person: String,
    pub roles: Vec<Role>,
    pub programme: Option<ProgrammeId>,
    pub consortium: Option<ConsortiumId>,
    pub days: u32,
}

/// A token just made. The secret is not kept: a repeated request answers without it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Created {
    pub token: Versioned<Token>,
    #[serde(skip)]
    pub secret: Option<String>,
}

pub async fn create(cx: &Context, command: &Command, wanted: Wanted) -> Result<Created, Error> {
    cx.once(command, || async {
        expect_subjects(cx, &wanted).await?;
        expect_no_evaluator(cx, &wanted).await?;
        let secret = fresh_secret();
        let (wanted, hidden) = (wanted.clone(), secret.clone());
        let mut created: Created = cx
            .commit(command, async move |tx: &Tx| {
                let id = TokenId(tx.new_id());
                let event = token::create(made(id, &wanted, &hidden, tx, false), wanted.days)?;
                let token = record(tx, None, &event, Consequences::default()).await?;
                Ok(Created {
                    token,
                    secret: None,
                })
            })
            .await?;
        if !command.validate_only {
            created.secret = Some(text(created.token.value.id, &secret));
        }
        Ok(created)
    })
    .await
}

/// A token that may do nothing but create tokens: for the first start, or on the machine itself
/// when all others are lost.
pub async fn bootstrap(cx: &Context) -> Result<String, Error> {
    let secret = fresh_secret();
    let hidden = secret.clone();
    let wanted = Wanted {
        person: "bootstrap".to_owned(),
        roles: vec![Role::Admin],
        programme: None,
        consortium: None,
        days: BOOTSTRAP_DAYS,
    };
    let command = Command::of_time(cx.now());
    let created: Versioned<Token> = cx
        .store
        .write(cx.act(&command), async move |tx: &Tx| {
            let id = TokenId(tx.new_id());
            let event = token::create(made(id, &wanted, &hidden, tx, true), wanted.days)?;
            Ok::<_, Error>(record(tx, None, &event, Consequences::default()).await?)
        })
        .await?;
    Ok(text(created.value.id, &secret))
}

/// Whether this installation never had a token.
pub async fn none_yet(cx: &Context) -> Result<bool, Error> {
    Ok(!tokens::any(cx.store.read()).await?)
}

fn made(id: TokenId, wanted: &Wanted, secret: &str, tx: &Tx, bootstrap: bool) -> Token {
    let now = tx.cause().at;
    Token {
        id,
        person: wanted.person.clone(),
        roles: wanted.roles.clone(),
        programme: wanted.programme.clone(),
        consortium: wanted.consortium,
        secret_sha256: sha256_hex(secret.as_bytes()),
        created_by: tx.cause().actor.person.clone(),
        created_at: now,
        expires_at: now + TimeDelta::days(i64::from(wanted.days)),
        revoked_at: None,
        bootstrap,
    }
}

/// Who evaluates a call that is not awarded gets no token that shows its other sheets.
async fn expect_no_evaluator(cx: &Context, wanted: &Wanted) -> Result<(), Error> {
    let Some(programme) = &wanted.programme else {
        return Ok(());
    };
    if wanted
        .roles
        .iter()
        .all(|role| matches!(role, Role::Evaluator | Role::Consortium))
    {
        return Ok(());
    }
    let db = cx.store.read();
    let work = evaluations::live_of(db, programme, &wanted.person).await?;
    let in_calls: BTreeSet<CallId> = work.into_iter().map(|known| known.value.call).collect();
    for call in in_calls {
        if calls::get(db, &call).await?.value.state != CallState::Awarded {
            let message = format!(
                "{} evaluates call {call}, which is not awarded",
                wanted.person
            );
            return Err(Error::refused("EVALUATOR_IS_OFFICER", message));
        }
    }
    Ok(())
}

async fn expect_subjects(cx: &Context, wanted: &Wanted) -> Result<(), Error> {
    if let Some(programme) = &wanted.programme
        && programmes::find(cx.store.read(), programme)
            .await?
            .is_none()
        && wanted.consortium.is_some()
    {
        let explanation = format!("programme {programme} does not exist");
        return Err(Error::invalid("token.programme", "UNKNOWN", explanation));
    }
    let Some(id) = wanted.consortium else {
        return Ok(());
    };
    let found = consortia::get(cx.store.read(), id).await;
    let fits = found.is_ok_and(|known| Some(&known.value.programme) == wanted.programme.as_ref());
    if fits {
        return Ok(());
    }
    let explanation = format!("consortium {id} does not exist in this programme");
    Err(Error::invalid("token.consortium", "UNKNOWN", explanation))
}

pub async fn list(cx: &Context, page: &PageQuery) -> Result<Page<Versioned<Token>>, Error> {
    Ok(tokens::list(cx.store.read(), page).await?)
}

pub async fn get(cx: &Context, id: TokenId) -> Result<Versioned<Token>, Error> {
    Ok(tokens::get(cx.store.read(), id).await?)
}

pub async fn revoke(
    cx: &Context,
    command: &Command,
    id: TokenId,
    etag: &str,
) -> Result<Versioned<Token>, Error> {
    cx.once(command, || async {
        let before = tokens::get(cx.store.read(), id).await?;
        cx.expect_etag(&before, etag).await?;
        let event = token::revoke(&before.value, &command.actor.person, command.received_at)?;
        cx.commit(command, async move |tx: &Tx| {
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}

/// Who holds a token's text; `None` for anything that is not a live token. A mistyped one is
/// told by its check sum before any database read.
pub async fn authenticate(
    cx: &Context,
    text: &str,
    now: DateTime<Utc>,
) -> Result<Option<(Token, Actor)>, Error> {
    let Some((id, secret)) = split(text) else {
        return Ok(None);
    };
    let known = match tokens::get(cx.store.read(), id).await {
        Ok(known) => known.value,
        Err(error) if error.kind == bando_store::Kind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let given = sha256_hex(secret.as_bytes());
    if !same(given.as_bytes(), known.secret_sha256.as_bytes()) || !known.is_live(now) {
        return Ok(None);
    }
    let actor = known.actor();
    Ok(Some((known, actor)))
}

/// Compares without telling by its time where the difference is.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn fresh_secret() -> String {
    let mut secret = String::with_capacity(SECRET_LENGTH);
    while secret.len() < SECRET_LENGTH {
        // 248 is the largest multiple of 62 in a byte: below it every character is as likely.
        let fair = entropy::seed().into_iter().filter(|byte| *byte < 248);
        let room = SECRET_LENGTH - secret.len();
        secret.extend(
            fair.take(room)
                .map(|byte| char::from(BASE62[usize::from(byte) % 62])),
        );
    }
    secret
}

/// `bndo_<id>_<secret>_<check sum>`.
fn text(id: TokenId, secret: &str) -> String {
    let body = format!("bndo_{}_{secret}", id.0.simple());
    let sum = crc32fast::hash(body.as_bytes());
    format!("{body}_{sum:08x}")
}

fn split(text: &str) -> Option<(TokenId, &str)> {
    let (body, sum) = text.rsplit_once('_')?;
    if format!("{:08x}", crc32fast::hash(body.as_bytes())) != sum {
        return None;
    }
    let mut parts = body.splitn(3, '_');
    let (prefix, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    if prefix != "bndo" || secret.len() != SECRET_LENGTH {
        return None;
    }
    Some((uuid::Uuid::try_parse(id).ok()?.into(), secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_as_it_was_written() {
        let (id, secret) = (TokenId(uuid::Uuid::from_u128(5)), fresh_secret());

        assert_eq!(split(&text(id, &secret)), Some((id, secret.as_str())));
    }

    #[test]
    fn one_wrong_character_is_told_by_the_check_sum() {
        let written = text(TokenId(uuid::Uuid::from_u128(5)), &fresh_secret());
        let wrong = written.replacen("bndo_0", "bndo_1", 1);

        assert_eq!(split(&wrong), None);
    }

    #[test]
    fn two_secrets_are_not_the_same() {
        assert_ne!(fresh_secret(), fresh_secret());
    }
}
