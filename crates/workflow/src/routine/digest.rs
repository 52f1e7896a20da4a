//! The officers' digest: where every running call stands, and what waits for a person.

use bando_domain::application::State as ApplicationState;
use bando_domain::call::{Call, State as CallState};
use bando_domain::clarification::State as Asked;
use bando_domain::letter::{DigestLine, LetterState};
use bando_domain::programme::Programme;
use bando_domain::schedule::FireState;
use bando_store::{Tx, applications, clarifications, fires, letters, proposals, timers};
use chrono::TimeDelta;

use super::{Occasion, published};
use crate::correspondence::{self, DigestCounts};
use crate::error::Error;

/// Tells the officers where every running call stands; silent when none runs.
pub(super) async fn send(
    tx: &Tx,
    programme: &Programme,
    occasion: Occasion,
) -> Result<String, Error> {
    let lines = lines(tx, programme).await?;
    if lines.is_empty() {
        return Ok("no call runs".to_owned());
    }
    let in_state = letters::counts(tx, &programme.id).await?;
    let count = |wanted: LetterState| {
        in_state
            .iter()
            .find(|(state, _)| *state == wanted)
            .map_or(0, |(_, count)| *count)
    };
    let yesterday = tx.cause().at - TimeDelta::days(1);
    let counts = DigestCounts {
        letters_failed: count(LetterState::Failed),
        letters_uncertain: count(LetterState::Uncertain),
        timers_parked: timers::count_parked(tx, &programme.id).await?,
        proposals_pending: proposals::count_pending(tx, &programme.id).await?,
        documents_infected: bando_store::documents::count_infected(tx, &programme.id).await?,
        fires_failed: fires::count_since(tx, &programme.id, FireState::Failed, yesterday).await?,
    };
    let on = programme.zone.day(tx.cause().at);
    let wanted = correspondence::digests(programme, on, &occasion.mark(), &lines, &counts);
    for letter in &wanted {
        letters::queue(tx, letter).await?;
    }
    Ok(format!("{} letters", wanted.len()))
}

/// One line for each running call.
pub(super) async fn lines(tx: &Tx, programme: &Programme) -> Result<Vec<DigestLine>, Error> {
    let mut lines = Vec::new();
    for call in published(tx, programme).await? {
        let is_over = matches!(call.state, CallState::Awarded | CallState::Cancelled);
        if !is_over {
            lines.push(line(tx, &call).await?);
        }
    }
    Ok(lines)
}

async fn line(tx: &Tx, call: &Call) -> Result<DigestLine, Error> {
    let id = &call.id;
    let asked = async |state| clarifications::count_under_check(tx, id, state).await;
    let unrecorded = asked(Asked::Requested).await?;
    let running = asked(Asked::Delivered).await? + asked(Asked::AnsweredInPart).await?;
    Ok(DigestLine {
        call: id.to_string(),
        state: call.state.as_str().to_owned(),
        closes_at: call.terms.window.closes_at,
        zone: call.terms.window.zone.to_string(),
        drafts: applications::count_in(tx, id, ApplicationState::Draft).await?,
        submitted: applications::count_in(tx, id, ApplicationState::Submitted).await?,
        under_check: applications::count_in(tx, id, ApplicationState::UnderCheck).await?,
        clarifications_open: unrecorded + running,
        clarifications_ended: asked(Asked::Answered).await? + asked(Asked::Expired).await?,
        deliveries_unrecorded: unrecorded,
    })
}
