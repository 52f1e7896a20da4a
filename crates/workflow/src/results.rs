//! Results that are decided now and published later: held from everybody outside of the office,
//! then told to all of them in one commit.

use bando_domain::call::{self, Call};
use bando_domain::civil::resolve_deadline;
use bando_domain::ids::CallId;
use bando_domain::proposal::Publication;
use bando_domain::timer::{TimerKind, TimersCancelled};
use bando_store::{Consequences, Tx, Versioned, calls, record};
use chrono::{DateTime, Utc};

use crate::awards;
use crate::call_acts::{applied, expect_act};
use crate::calls::get;
use crate::context::{Command, Context};
use crate::error::Error;

/// The instant of a publication as it is stated, in civil time of the call's zone; none when
/// nothing is stated.
pub(crate) fn stated(
    call: &Call,
    text: &str,
    now: DateTime<Utc>,
) -> Result<Option<Publication>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let at = instant(call, text)?;
    call::expect_to_come(at, now)?;
    let text = text.to_owned();
    Ok(Some(Publication { at, text }))
}

fn instant(call: &Call, text: &str) -> Result<DateTime<Utc>, Error> {
    resolve_deadline(text, &call.terms.window.zone)
        .map_err(|error| Error::invalid("publish_at", "CIVIL_TIME", error.to_string()))
}

/// Holds the results of the award at hand; a timer publishes them.
pub(crate) async fn hold(
    tx: &Tx,
    before: Versioned<Call>,
    act: &str,
    publication: &Publication,
) -> Result<Versioned<Call>, Error> {
    let until = (publication.at, publication.text.as_str());
    let event = call::hold_results(&before.value, act, until)?;
    let after = applied(&before.value, &event)?;
    let consequences = Consequences {
        timers: call::timer_of_results(&after).into_iter().collect(),
        ..Consequences::default()
    };
    Ok(record(tx, Some(before), &event, consequences).await?)
}

/// Moves the publication to another civil time of the call's zone, under an act.
pub async fn move_publication(
    cx: &Context,
    command: &Command,
    id: &CallId,
    etag: &str,
    publish_at: &str,
    act: &str,
) -> Result<Versioned<Call>, Error> {
    let act = expect_act(act)?;
    cx.once(command, || async {
        let before = get(cx, &command.actor, id).await?;
        cx.expect_etag(&before, etag).await?;
        let until = (instant(&before.value, publish_at)?, publish_at);
        let event = call::move_results(&before.value, act, until, command.received_at)?;
        let after = applied(&before.value, &event)?;
        let moves = before.value.results.as_ref().map(|known| known.moves.len());
        let cancelled = moves.map(|number| TimersCancelled {
            call: id.clone(),
            subject: number.to_string(),
            kind: TimerKind::ResultsPublished,
        });
        let consequences = Consequences {
            cancelled: cancelled.into_iter().collect(),
            timers: call::timer_of_results(&after).into_iter().collect(),
            ..Consequences::default()
        };
        cx.commit(command, async move |tx: &Tx| {
            Ok(record(tx, Some(before), &event, consequences).await?)
        })
        .await
    })
    .await
}

/// Publishes what is due, in the transaction of its timer: every letter is queued at once.
pub(crate) async fn publish(tx: &Tx, id: &CallId) -> Result<(), Error> {
    let before = calls::get(tx, id).await?;
    let Some(event) = call::publish_results(&before.value, tx.cause().at) else {
        return Ok(());
    };
    let act = before.value.results.as_ref().map(|known| known.act.clone());
    let act = act.unwrap_or_default();
    let letters = awards::letters_held(tx, &before.value, &act).await?;
    record(tx, Some(before), &event, Consequences::letters(letters)).await?;
    Ok(())
}
