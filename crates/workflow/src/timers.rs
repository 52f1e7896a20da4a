//! Timers as persons see and steer them.

use bando_domain::actor::Actor;
use bando_domain::event::SubjectKind;
use bando_domain::ids::{ProgrammeId, TimerId};
use bando_domain::timer::{self, Event, Timer, TimerState};
use bando_store::{Page, PageQuery, Tx, timers};

use crate::authority::expect_programme;
use crate::call_acts::expect_reason;
use crate::context::{Command, Context, etag_version};
use crate::error::Error;

pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    state: Option<TimerState>,
    page: &PageQuery,
) -> Result<Page<Timer>, Error> {
    expect_programme(actor, programme)?;
    Ok(timers::list(cx.store.read(), programme, state, page).await?)
}

pub async fn get(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    id: TimerId,
) -> Result<Timer, Error> {
    expect_programme(actor, programme)?;
    Ok(timers::get(cx.store.read(), programme, id).await?)
}

/// Lets a parked timer try again at once.
pub async fn retry(
    cx: &Context,
    command: &Command,
    (programme, id): (&ProgrammeId, TimerId),
    etag: &str,
) -> Result<Timer, Error> {
    change(cx, command, (programme, id), etag, |known| {
        Ok(timer::retry(known)?)
    })
    .await
}

/// Takes back what did not happen yet.
pub async fn cancel(
    cx: &Context,
    command: &Command,
    (programme, id): (&ProgrammeId, TimerId),
    etag: &str,
    reason: &str,
) -> Result<Timer, Error> {
    let reason = expect_reason(reason)?;
    change(cx, command, (programme, id), etag, |known| {
        Ok(timer::cancel(known, reason)?)
    })
    .await
}

async fn change(
    cx: &Context,
    command: &Command,
    (programme, id): (&ProgrammeId, TimerId),
    etag: &str,
    decide: impl Fn(&Timer) -> Result<Event, Error> + Send + Sync,
) -> Result<Timer, Error> {
    cx.once(command, || async {
        let known = get(cx, &command.actor, programme, id).await?;
        let seen = etag_version(etag)?;
        if seen != known.version {
            return Err(cx.stale(SubjectKind::Timer, id.to_string(), seen).await?);
        }
        let event = decide(&known)?;
        let programme = programme.clone();
        cx.commit(command, async move |tx: &Tx| {
            timers::record(tx, &known, &event).await?;
            Ok(timers::get(tx, &programme, known.id).await?)
        })
        .await
    })
    .await
}
