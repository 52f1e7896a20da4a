//! Deadlines: put together from calls, what consortia were asked, and the events of both, for the
//! office or as one consortium sees them.

use std::collections::HashMap;

use bando_domain::actor::Actor;
use bando_domain::application::{Application, State as ApplicationState};
use bando_domain::call::Call;
use bando_domain::clarification::Clarification;
use bando_domain::deadline::{self, Deadline, Happened, Subject, Trail};
use bando_domain::ids::{ApplicationId, CallId, ConsortiumId, ProgrammeId};
use bando_domain::proposal::Proposal;
use bando_store::applications::Filter;
use bando_store::{
    Db, Page, PageQuery, Versioned, applications, calls, clarifications, consortia, events,
    proposals,
};
use chrono::{DateTime, Utc};

use crate::authority::{expect_programme, own_only};
use crate::call_acts::{self, LaterClose};
use crate::calls::visible;
use crate::context::{Command, Context};
use crate::error::Error;

/// Rows read at a time.
const PAGE: u64 = 500;

/// Whose deadlines are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of a programme.
    Office,
    /// The close of each call, and what else is this consortium's own.
    Consortium(ConsortiumId),
}

/// Which deadlines are asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    pub call: Option<CallId>,
    pub consortium: Option<ConsortiumId>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

impl Wanted {
    fn holds(&self, deadline: &Deadline) -> bool {
        self.from.is_none_or(|from| deadline.at >= from)
            && self.to.is_none_or(|to| deadline.at <= to)
    }
}

/// Deadlines in order of their instants.
pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    wanted: &Wanted,
    page: &PageQuery,
) -> Result<Page<Versioned<Deadline>>, Error> {
    expect_programme(actor, programme)?;
    let scope = scope_of(cx, actor, programme, wanted.consortium).await?;
    let (db, now) = (cx.store.read(), cx.now());
    let found = match &wanted.call {
        Some(call) => of_call(db, &visible(cx, actor, call).await?, scope, now).await?,
        None => of_programme(db, programme, scope, now).await?,
    };
    let found = found.into_iter().filter(|known| wanted.holds(&known.value));
    Ok(paged(found, page))
}

/// Where a deadline stands in the order: by its instant, then by its name.
pub(crate) fn place(deadline: &Deadline) -> String {
    // Twenty digits, so that the order of the texts is that of the instants.
    format!("{:020} {}", deadline.at.timestamp_micros(), deadline.key())
}

fn paged(
    found: impl Iterator<Item = Versioned<Deadline>>,
    page: &PageQuery,
) -> Page<Versioned<Deadline>> {
    let mut placed: Vec<(String, Versioned<Deadline>)> = found
        .map(|known| (place(&known.value), known))
        .filter(|(place, _)| page.after.as_ref().is_none_or(|after| place > after))
        .collect();
    placed.sort_by(|(one, _), (other, _)| one.cmp(other));
    let size = usize::try_from(page.size).unwrap_or(usize::MAX);
    let is_last = placed.len() <= size;
    placed.truncate(size);
    let last = placed.last().map(|(place, _)| place.clone());
    Page {
        next: last.filter(|_| !is_last),
        rows: placed.into_iter().map(|(_, known)| known).collect(),
    }
}

/// A deadline the actor may see.
///
/// # Errors
/// `NotFound`.
pub async fn get(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    subject: Subject,
) -> Result<Versioned<Deadline>, Error> {
    let scope = scope_of(cx, actor, call.programme(), None).await?;
    let call = visible(cx, actor, call).await?;
    let found = of_call(cx.store.read(), &call, scope, cx.now()).await?;
    let mut found = found.into_iter();
    let found = found.find(|known| known.value.subject == subject);
    found.ok_or_else(|| Error::NotFound(format!("deadline {}/{subject}", call.value.id)))
}

/// Asks a second person to extend a deadline. Only the close of a call is extended so.
///
/// # Errors
/// `DEADLINE_FIXED` for every other, with the reason why.
pub async fn extend(
    cx: &Context,
    command: &Command,
    (call, subject): (&CallId, Subject),
    etag: &str,
    wanted: LaterClose<'_>,
) -> Result<Versioned<Proposal>, Error> {
    if subject != Subject::CallClose {
        get(cx, &command.actor, call, subject).await?;
        subject.expect_extensible()?;
    }
    call_acts::propose_extension(cx, command, call, etag, wanted).await
}

async fn scope_of(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    wanted: Option<ConsortiumId>,
) -> Result<Scope, Error> {
    let own = own_only(actor)?;
    let Some(wanted) = wanted else {
        return Ok(own.map_or(Scope::Office, Scope::Consortium));
    };
    let hidden = || Error::NotFound(format!("consortium {wanted}"));
    if own.is_some_and(|own| own != wanted) {
        return Err(hidden());
    }
    let known = consortia::get(cx.store.read(), wanted).await?;
    if known.value.programme != *programme {
        return Err(hidden());
    }
    Ok(Scope::Consortium(wanted))
}

/// Every deadline of a programme's published calls.
pub(crate) async fn of_programme<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    scope: Scope,
    now: DateTime<Utc>,
) -> Result<Vec<Versioned<Deadline>>, Error> {
    let mut found = Vec::new();
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    loop {
        let listed = calls::list(db, programme, false, &page).await?;
        for call in &listed.rows {
            found.extend(of_call(db, call, scope, now).await?);
        }
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return Ok(found),
        }
    }
}

/// Every deadline of a call, each with the version of the row it follows from.
async fn of_call<D: Db>(
    db: &D,
    call: &Versioned<Call>,
    scope: Scope,
    now: DateTime<Utc>,
) -> Result<Vec<Versioned<Deadline>>, Error> {
    let trail = trail(db, &call.value).await?;
    let versioned = |value: Deadline, version: i64| Versioned { version, value };
    let own = deadline::of_call(&call.value, &trail, now).into_iter();
    let mut found: Vec<_> = own.map(|known| versioned(known, call.version)).collect();
    let asked = asked(db, &call.value.id, scope).await?;
    for application in concerned(db, &call.value, &asked, scope).await? {
        let (version, application) = (application.version, application.value);
        let of_it = asked.get(&application.id).map_or(&[][..], Vec::as_slice);
        for known in of_it {
            let term = deadline::of_clarification(&call.value, &application, &known.value, now);
            found.extend(term.map(|term| versioned(term, known.version)));
        }
        let of_it: Vec<Clarification> = of_it.iter().map(|known| known.value.clone()).collect();
        let term = deadline::of_procedure(&call.value, &application, &of_it, &trail, now);
        found.extend(term.map(|term| versioned(term, version)));
    }
    let Scope::Consortium(_) = scope else {
        for waiting in proposals::pending_in(db, &call.value.id).await? {
            let expiry = deadline::of_proposal(&call.value, &waiting.value, now);
            found.extend(expiry.map(|expiry| versioned(expiry, waiting.version)));
        }
        return Ok(found);
    };
    found.retain(|known| !known.value.subject.is_of_the_office());
    let seen = found.into_iter().map(|known| Versioned {
        version: known.version,
        value: known.value.without_persons(),
    });
    Ok(seen.collect())
}

/// What is on record about the deadlines of a call.
async fn trail<D: Db>(db: &D, call: &Call) -> Result<Trail, Error> {
    let events = events::of_subject::<Call, D>(db, &call.id.to_string()).await?;
    let events = events.into_iter().map(|(recorded, event)| Happened {
        at: recorded.at,
        person: recorded.person,
        event,
    });
    Ok(Trail {
        events: events.collect(),
        extensions: proposals::of_kind(db, &call.id, "extension").await?,
    })
}

type Asked = HashMap<ApplicationId, Vec<Versioned<Clarification>>>;

/// What was asked in a call, by application.
async fn asked<D: Db>(db: &D, call: &CallId, scope: Scope) -> Result<Asked, Error> {
    let filter = clarifications::Filter {
        consortium: consortium_of(scope),
        ..clarifications::Filter::default()
    };
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    let mut found = Asked::new();
    loop {
        let listed = clarifications::list(db, call, &filter, &page).await?;
        for known in listed.rows {
            let own = found.entry(known.value.application).or_default();
            own.push(known);
        }
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return Ok(found),
        }
    }
}

/// The applications that a deadline may be about: those whose procedure runs or ended with the
/// call, and those that were asked for something.
async fn concerned<D: Db>(
    db: &D,
    call: &Call,
    asked: &Asked,
    scope: Scope,
) -> Result<Vec<Versioned<Application>>, Error> {
    let running = [
        ApplicationState::Submitted,
        ApplicationState::UnderCheck,
        ApplicationState::Admissible,
        ApplicationState::Cancelled,
    ];
    let mut found = Vec::new();
    match scope {
        Scope::Office => {
            for state in running {
                found.extend(all_of(db, &call.id, Some(state), scope).await?);
            }
        }
        // That its results are decided shows nowhere before they are published.
        Scope::Consortium(_) => {
            let own = all_of(db, &call.id, None, scope).await?;
            found.extend(own.into_iter().map(|known| as_published(call, known)));
        }
    }
    for id in asked.keys() {
        if !found.iter().any(|known| known.value.id == *id) {
            found.push(applications::get(db, *id).await?);
        }
    }
    Ok(found)
}

fn as_published(call: &Call, known: Versioned<Application>) -> Versioned<Application> {
    if !call.holds_results() {
        return known;
    }
    Versioned {
        version: known.version,
        value: known.value.before_results(),
    }
}

async fn all_of<D: Db>(
    db: &D,
    call: &CallId,
    state: Option<ApplicationState>,
    scope: Scope,
) -> Result<Vec<Versioned<Application>>, Error> {
    let filter = Filter {
        state,
        consortium: consortium_of(scope),
        ..Filter::default()
    };
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    let mut found = Vec::new();
    loop {
        let listed = applications::list(db, call, &filter, &page).await?;
        found.extend(listed.rows);
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return Ok(found),
        }
    }
}

const fn consortium_of(scope: Scope) -> Option<ConsortiumId> {
    match scope {
        Scope::Office => None,
        Scope::Consortium(id) => Some(id),
    }
}
