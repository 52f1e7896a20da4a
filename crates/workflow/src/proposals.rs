//! Proposals: a second person approves exactly what was proposed, and it is carried out in the
//! same commit.

use bando_domain::actor::{Actor, Role};
use bando_domain::call::Call;
use bando_domain::ids::{ProgrammeId, ProposalId};
use bando_domain::proposal::{self, Act, Proposal, State};
use bando_domain::ranking_version::{self, RankingVersion};
use bando_domain::receipt::{canonical, sha256_hex};
use bando_domain::{call, ranking_version::State as RankingState};
use bando_store::{
    Consequences, Page, PageQuery, Tx, Versioned, calls, proposals, rankings, record,
};
use chrono::{DateTime, Utc};

use crate::authority::expect_programme;
use crate::awards;
use crate::calls as call_cases;
use crate::context::{Command, Context};
use crate::error::Error;

pub async fn get(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    id: ProposalId,
) -> Result<Versioned<Proposal>, Error> {
    let hidden = || Error::NotFound(format!("proposal {id}"));
    if !actor.sees_programme(programme) {
        return Err(hidden());
    }
    let found = proposals::get(cx.store.read(), id).await?;
    if found.value.call.programme() == programme {
        Ok(found)
    } else {
        Err(hidden())
    }
}

/// The number of the ranking a proposal is about, for its name.
pub async fn ranking_number(cx: &Context, proposal: &Proposal) -> Result<Option<u32>, Error> {
    let Some(ranking) = proposal.act.ranking() else {
        return Ok(None);
    };
    let ranking = rankings::get(cx.store.read(), ranking).await?;
    Ok(Some(ranking.value.version))
}

pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    state: Option<State>,
    page: &PageQuery,
) -> Result<Page<Versioned<Proposal>>, Error> {
    expect_programme(actor, programme)?;
    Ok(proposals::list(cx.store.read(), programme, state, page).await?)
}

pub async fn approve(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    id: ProposalId,
    etag: &str,
) -> Result<Versioned<Proposal>, Error> {
    cx.once(command, || async {
        let before = get(cx, &command.actor, programme, id).await?;
        cx.expect_etag(&before, etag).await?;
        let (person, at) = (command.actor.person.clone(), command.received_at);
        cx.commit(command, async move |tx: &Tx| {
            let approve = |payload: String| proposal::approve(&before.value, &person, &payload, at);
            let event = match &before.value.act {
                Act::Ranking { ranking } => {
                    let ranking = rankings::get(tx, *ranking).await?;
                    let event = approve(ranking.value.payload_sha256()?)?;
                    put_in_force(tx, ranking).await?;
                    event
                }
                Act::Award { ranking, act } => {
                    let ranking = rankings::get(tx, *ranking).await?;
                    let event = approve(award_payload(&ranking.value, act)?)?;
                    awards::grant(tx, ranking, act).await?;
                    event
                }
                Act::Extension {
                    closes_at,
                    closes_text,
                    act,
                } => {
                    let call = calls::get(tx, &before.value.call).await?;
                    let event = approve(extension_payload(&call.value, *closes_at, act)?)?;
                    call_cases::extend(tx, call, act, (*closes_at, closes_text)).await?;
                    event
                }
            };
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}

/// SHA-256 of what an award would do: the ranking as it is now, under its act.
pub(crate) fn award_payload(ranking: &RankingVersion, act: &str) -> Result<String, Error> {
    let ranking = ranking.payload_sha256()?;
    Ok(sha256_hex(format!("{ranking} {act}").as_bytes()))
}

/// SHA-256 of what an extension would do to the call as it is now.
pub(crate) fn extension_payload(
    call: &Call,
    closes_at: DateTime<Utc>,
    act: &str,
) -> Result<String, Error> {
    let payload = (&call.id, call.terms.window.closes_at, closes_at, act);
    Ok(sha256_hex(&canonical(&payload)?))
}

/// The ranking in force gives way; the call takes the new one.
async fn put_in_force(tx: &Tx, ranking: Versioned<RankingVersion>) -> Result<(), Error> {
    let call = calls::get(tx, &ranking.value.call).await?;
    let happened = call::rank(&call.value, ranking.value.id)?;
    for earlier in rankings::of_call(tx, &ranking.value.call).await? {
        if earlier.value.state == RankingState::InForce {
            let event = ranking_version::supersede(&earlier.value)?;
            record(tx, Some(earlier), &event, Consequences::default()).await?;
        }
    }
    let event = ranking_version::put_in_force(&ranking.value)?;
    record(tx, Some(ranking), &event, Consequences::default()).await?;
    record(tx, Some(call), &happened, Consequences::default()).await?;
    Ok(())
}

/// An approver rejects, or the requester takes it back.
pub async fn reject(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    id: ProposalId,
    etag: &str,
    reason: &str,
) -> Result<Versioned<Proposal>, Error> {
    cx.once(command, || async {
        let before = get(cx, &command.actor, programme, id).await?;
        let actor = &command.actor;
        if !actor.is(Role::Approver) && before.value.requested_by != actor.person {
            return Err(Error::Denied(
                "only an approver or who asked for it".to_owned(),
            ));
        }
        cx.expect_etag(&before, etag).await?;
        let event = proposal::reject(&before.value, &actor.person, reason, command.received_at)?;
        cx.commit(command, async move |tx: &Tx| {
            if let Act::Ranking { ranking } = &before.value.act {
                let ranking = rankings::get(tx, *ranking).await?;
                let event = ranking_version::reject(&ranking.value)?;
                record(tx, Some(ranking), &event, Consequences::default()).await?;
            }
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}
