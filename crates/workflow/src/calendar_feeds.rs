//! Calendars of deadlines at secret addresses: for the office, or for one consortium.

use bando_domain::actor::{Actor, Role};
use bando_domain::calendar;
use bando_domain::calendar_feed::{self, CalendarFeed};
use bando_domain::civil::Language;
use bando_domain::ids::{CalendarFeedId, ConsortiumId, ProgrammeId};
use bando_domain::receipt::sha256_hex;
use bando_store::{
    Consequences, Kind, Page, PageQuery, Tx, Versioned, calendar_feeds, consortia, programmes,
    record,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::authority::{expect_programme, own_only};
use crate::context::{Command, Context};
use crate::deadlines::{self, Scope};
use crate::error::Error;
use crate::secrets;

/// Begins every address.
const PREFIX: &str = "bndc";
/// A calendar shows what passed for so long.
const SHOWN_BACK: TimeDelta = TimeDelta::days(366);

/// A feed just made. The secret is not kept: a repeated request answers without it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Created {
    pub feed: Versioned<CalendarFeed>,
    #[serde(skip)]
    pub secret: Option<String>,
}

/// A calendar as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub text: String,
    /// SHA-256 of the text: what is read again unchanged need not be sent.
    pub sha256: String,
}

/// Makes an address at which the deadlines of a consortium, or the office's, are read. A consortium
/// makes its own.
pub async fn create(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    consortium: Option<ConsortiumId>,
    language: Option<Language>,
) -> Result<Created, Error> {
    expect_programme(&command.actor, programme)?;
    let consortium = whose(&command.actor, consortium)?;
    cx.once(command, || async {
        let spoken = spoken(cx, programme, consortium).await?;
        let language = language.unwrap_or(spoken);
        let secret = secrets::fresh();
        let (programme, hidden) = (programme.clone(), sha256_hex(secret.as_bytes()));
        let mut created: Created = cx
            .commit(command, async move |tx: &Tx| {
                let event = calendar_feed::create(CalendarFeed {
                    id: CalendarFeedId(tx.new_id()),
                    programme,
                    consortium,
                    language,
                    secret_sha256: hidden,
                    created_by: tx.cause().actor.person.clone(),
                    created_at: tx.cause().at,
                    revoked_at: None,
                });
                let feed = record(tx, None, &event, Consequences::default()).await?;
                Ok(Created { feed, secret: None })
            })
            .await?;
        if !command.validate_only {
            let id = created.feed.value.id.0;
            created.secret = Some(secrets::text(PREFIX, id, &secret));
        }
        Ok(created)
    })
    .await
}

/// The consortium a feed is for: the one asked for, or its own.
fn whose(actor: &Actor, wanted: Option<ConsortiumId>) -> Result<Option<ConsortiumId>, Error> {
    let Some(own) = own_only(actor)? else {
        return Ok(wanted);
    };
    match wanted.filter(|wanted| *wanted != own) {
        Some(foreign) => Err(Error::NotFound(format!("consortium {foreign}"))),
        None => Ok(Some(own)),
    }
}

/// The language in which the reader is written to.
async fn spoken(
    cx: &Context,
    programme: &ProgrammeId,
    consortium: Option<ConsortiumId>,
) -> Result<Language, Error> {
    let db = cx.store.read();
    let Some(id) = consortium else {
        return Ok(programmes::get(db, programme).await?.value.language);
    };
    let known = consortia::get(db, id).await?.value;
    if known.programme != *programme {
        return Err(Error::NotFound(format!("consortium {id}")));
    }
    Ok(known.contact.language)
}

/// Without secrets: all of a programme, or a consortium's own.
pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    page: &PageQuery,
) -> Result<Page<Versioned<CalendarFeed>>, Error> {
    expect_programme(actor, programme)?;
    let own = own_only(actor)?;
    let found = calendar_feeds::list(cx.store.read(), programme, own, page).await?;
    Ok(found.map(|known| as_seen_by(actor, known)))
}

/// A consortium does not see who of the office made one for it.
fn as_seen_by(actor: &Actor, known: Versioned<CalendarFeed>) -> Versioned<CalendarFeed> {
    if !actor.is(Role::Consortium) || known.value.created_by == actor.person {
        return known;
    }
    Versioned {
        version: known.version,
        value: CalendarFeed {
            created_by: String::new(),
            ..known.value
        },
    }
}

/// A feed the actor may see.
///
/// # Errors
/// `NotFound`.
pub async fn get(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    id: CalendarFeedId,
) -> Result<Versioned<CalendarFeed>, Error> {
    let own = own_only(actor)?;
    let known = calendar_feeds::get(cx.store.read(), id).await?;
    let is_there = known.value.programme == *programme && actor.sees_programme(programme);
    if !is_there || own.is_some_and(|own| known.value.consortium != Some(own)) {
        return Err(Error::NotFound(format!("calendar {id}")));
    }
    Ok(as_seen_by(actor, known))
}

/// Ends an address at once.
pub async fn revoke(
    cx: &Context,
    command: &Command,
    (programme, id): (&ProgrammeId, CalendarFeedId),
    etag: &str,
) -> Result<Versioned<CalendarFeed>, Error> {
    cx.once(command, || async {
        get(cx, &command.actor, programme, id).await?;
        let before = calendar_feeds::get(cx.store.read(), id).await?;
        cx.expect_etag(&before, etag).await?;
        let (by, at) = (&command.actor.person, command.received_at);
        let event = calendar_feed::revoke(&before.value, by, at)?;
        let revoked = cx.commit(command, async move |tx: &Tx| {
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        });
        Ok(as_seen_by(&command.actor, revoked.await?))
    })
    .await
}

/// The calendar at an address; `None` for one that is unknown, mistyped or revoked.
pub async fn read(cx: &Context, address: &str) -> Result<Option<Shown>, Error> {
    let Some((id, secret)) = secrets::split(PREFIX, address) else {
        return Ok(None);
    };
    let feed = match calendar_feeds::get(cx.store.read(), id.into()).await {
        Ok(known) => known.value,
        Err(error) if error.kind == Kind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let given = sha256_hex(secret.as_bytes());
    let is_it = secrets::same(given.as_bytes(), feed.secret_sha256.as_bytes());
    if !is_it || feed.revoked_at.is_some() {
        return Ok(None);
    }
    let text = text(cx, &feed, cx.now()).await?;
    let sha256 = sha256_hex(text.as_bytes());
    Ok(Some(Shown { text, sha256 }))
}

async fn text(cx: &Context, feed: &CalendarFeed, now: DateTime<Utc>) -> Result<String, Error> {
    let db = cx.store.read();
    let programme = programmes::get(db, &feed.programme).await?.value;
    let scope = feed.consortium.map_or(Scope::Office, Scope::Consortium);
    let mut found = deadlines::of_programme(db, &feed.programme, scope, now).await?;
    found.retain(|known| known.value.at >= now - SHOWN_BACK);
    found.sort_by_key(|known| deadlines::place(&known.value));
    let entries: Vec<_> = found
        .iter()
        .map(|known| known.value.entry(feed.language))
        .collect();
    let name = programme.name.in_language(feed.language);
    Ok(calendar::render(name, &entries))
}
