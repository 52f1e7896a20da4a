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
use crate::error::Error;
use crate::secrets;

/// Begins every token.
const PREFIX: &str = "bndo";
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
        let secret = secrets::fresh();
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
            created.secret = Some(secrets::text(PREFIX, created.token.value.id.0, &secret));
        }
        Ok(created)
    })
    .await
}

/// A token that may do nothing but create tokens: for the first start, or on the machine itself
/// when all others are lost.
pub async fn bootstrap(cx: &Context) -> Result<String, Error> {
    let secret = secrets::fresh();
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
    Ok(secrets::text(PREFIX, created.value.id.0, &secret))
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
    let Some((id, secret)) = secrets::split(PREFIX, text) else {
        return Ok(None);
    };
    let known = match tokens::get(cx.store.read(), id.into()).await {
        Ok(known) => known.value,
        Err(error) if error.kind == bando_store::Kind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let given = sha256_hex(secret.as_bytes());
    if !secrets::same(given.as_bytes(), known.secret_sha256.as_bytes()) || !known.is_live(now) {
        return Ok(None);
    }
    let actor = known.actor();
    Ok(Some((known, actor)))
}
