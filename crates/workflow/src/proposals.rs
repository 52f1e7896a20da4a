//! Proposals: a second person approves exactly what was proposed, and it is carried out in the
//! same commit.

use crate::authority::expect_programme;
use crate::awards;
use crate::call_acts;
use crate::context::{Command, Context, Signer};
use crate::error::Error;
use crate::mending;
use crate::rule_changes;
use bando_domain::actor::{Actor, Role};
use bando_domain::call::Call;
use bando_domain::ids::{CallId, ProgrammeId, ProposalId};
use bando_domain::proposal::{self, Act, Proposal, Publication, State};
use bando_domain::ranking_version::{self, RankingVersion};
use bando_domain::receipt::sha256_hex;
use bando_domain::{call, ranking_version::State as RankingState};
use bando_store::{
    Consequences, Kind, Page, PageQuery, Tx, Versioned, calls, proposals, rankings, record,
};

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

/// Approves what was proposed and carries it out, under the act that is stated with the approval
/// where the proposal leaves its number to it.
pub async fn approve(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    id: ProposalId,
    etag: &str,
    stated_act: &str,
) -> Result<Versioned<Proposal>, Error> {
    let stated_act = match stated_act.trim() {
        "" => None,
        stated => Some(call_acts::expect_act(stated)?),
    };
    cx.once(command, || async {
        let before = get(cx, &command.actor, programme, id).await?;
        cx.expect_etag(&before, etag).await?;
        let stated_act = stated_act.map(ToOwned::to_owned);
        let (person, at) = (command.actor.person.clone(), command.received_at);
        let signer = cx.signer.clone();
        cx.commit(command, async move |tx: &Tx| {
            let payload = payload_now(tx, &before.value).await?;
            let event =
                proposal::approve(&before.value, &person, stated_act.as_deref(), &payload, at)?;
            // First the decision: whoever decides at the same time is stale before anything is done.
            let approved = record(tx, Some(before), &event, Consequences::default()).await?;
            Box::pin(carry_out(tx, &signer, &approved.value)).await?;
            Ok(approved)
        })
        .await
    })
    .await
}

/// SHA-256 of what the act would do to things as they are now.
async fn payload_now(tx: &Tx, proposal: &Proposal) -> Result<String, Error> {
    match &proposal.act {
        Act::Ranking { ranking } => {
            Ok(rankings::get(tx, *ranking).await?.value.payload_sha256()?)
        }
        Act::Award {
            ranking,
            act,
            publication,
        } => {
            let ranking = rankings::get(tx, *ranking).await?.value;
            award_payload(&ranking, act, publication.as_ref())
        }
        Act::Annulment { .. }
        | Act::LateAdmission { .. }
        | Act::Extension { .. }
        | Act::Publication
        | Act::Cancellation { .. }
        | Act::RuleChange { .. } => {
            let call = calls::get(tx, &proposal.call).await?.value;
            call_payload(&call, &proposal.act)
        }
    }
}

/// Does what was approved.
async fn carry_out(tx: &Tx, signer: &Signer, proposal: &Proposal) -> Result<(), Error> {
    let call = || calls::get(tx, &proposal.call);
    match &proposal.act {
        Act::Ranking { ranking } => put_in_force(tx, rankings::get(tx, *ranking).await?).await,
        Act::Award {
            ranking,
            act,
            publication,
        } => {
            let ranking = rankings::get(tx, *ranking).await?;
            awards::grant(tx, ranking, act, publication.as_ref()).await
        }
        Act::Annulment { ranking, annulment } => {
            mending::annul(tx, call().await?, *ranking, annulment).await
        }
        Act::LateAdmission {
            application,
            act,
            reason,
            ..
        } => mending::admit(tx, signer, *application, act, reason).await,
        Act::Extension {
            closes_at,
            closes_text,
            act,
            ..
        } => {
            let act = proposal.stated_act.as_ref().unwrap_or(act);
            call_acts::extend(tx, call().await?, act, (*closes_at, closes_text)).await
        }
        Act::Publication => call_acts::publish(tx, call().await?).await,
        Act::Cancellation { cancellation } => {
            call_acts::cancel(tx, call().await?, proposal, cancellation).await
        }
        Act::RuleChange { rules, .. } => rule_changes::put_in_force(tx, call().await?, rules).await,
    }
}

/// Asks a second person for an act about a call, in the transaction at hand. One of a kind waits
/// at a time; one whose time is over gives its place away.
pub(crate) async fn ask(tx: &Tx, call: &Call, act: Act) -> Result<Versioned<Proposal>, Error> {
    let payload = call_payload(call, &act)?;
    request(tx, &call.id, act, payload).await
}

/// Asks a second person for an act with its payload. One of a kind about a call, and one about a
/// ranking, waits at a time; one whose time is over gives its place away.
pub(crate) async fn request(
    tx: &Tx,
    call: &CallId,
    act: Act,
    payload_sha256: String,
) -> Result<Versioned<Proposal>, Error> {
    for waiting in proposals::pending_in(tx, call).await? {
        let known = &waiting.value;
        let in_the_way = match act.ranking() {
            Some(ranking) => known.act.ranking() == Some(ranking),
            None => known.act.kind() == act.kind(),
        };
        if !in_the_way {
            continue;
        }
        let Some(event) = proposal::expire(known, tx.cause().at) else {
            return Err(waits_already(known));
        };
        record(tx, Some(waiting), &event, Consequences::default()).await?;
    }
    let (id, person) = (ProposalId(tx.new_id()), &tx.cause().actor.person);
    let event = proposal::request(id, call.clone(), act, payload_sha256, person, tx.cause().at);
    let asked = record(tx, None, &event, Consequences::default()).await;
    asked.map_err(|error| match error.kind {
        // Somebody asked for the same at the same time: run again, it is found and named.
        Kind::AlreadyExists => bando_store::Error::new(Kind::Conflict, error.message).into(),
        Kind::NotFound
        | Kind::Stale
        | Kind::Unavailable
        | Kind::Exhausted
        | Kind::Conflict
        | Kind::Internal => error.into(),
    })
}

fn waits_already(known: &Proposal) -> Error {
    let (id, kind, person) = (known.id, known.act.kind(), &known.requested_by);
    Error::Exists {
        reason: "PROPOSAL_EXISTS",
        message: format!(
            "proposal {id} ({kind}), asked for by {person}, waits for approval already"
        ),
    }
}

fn call_payload(call: &Call, act: &Act) -> Result<String, Error> {
    let payload = act.call_payload(call)?;
    payload.ok_or_else(|| {
        bando_store::Error::internal(format!("a {} is not about the call alone", act.kind())).into()
    })
}

/// Ends what waits though its time is over; once a day.
pub(crate) async fn expire_all(tx: &Tx, programme: &ProgrammeId) -> Result<(), Error> {
    for waiting in proposals::overdue(tx, programme).await? {
        let Some(event) = proposal::expire(&waiting.value, tx.cause().at) else {
            continue;
        };
        give_up_ranking(tx, &waiting.value).await?;
        record(tx, Some(waiting), &event, Consequences::default()).await?;
    }
    Ok(())
}

/// Rejects what waits because something else made it pointless.
pub(crate) async fn take_back(
    tx: &Tx,
    waiting: Versioned<Proposal>,
    reason: &str,
) -> Result<(), Error> {
    let (person, at) = (&tx.cause().actor.person, tx.cause().at);
    let event = proposal::reject(&waiting.value, person, reason, at)?;
    give_up_ranking(tx, &waiting.value).await?;
    record(tx, Some(waiting), &event, Consequences::default()).await?;
    Ok(())
}

/// A ranking whose proposal ends without approval is no longer proposed.
async fn give_up_ranking(tx: &Tx, proposal: &Proposal) -> Result<(), Error> {
    if let Act::Ranking { ranking } = &proposal.act {
        let ranking = rankings::get(tx, *ranking).await?;
        let event = ranking_version::reject(&ranking.value)?;
        record(tx, Some(ranking), &event, Consequences::default()).await?;
    }
    Ok(())
}

/// SHA-256 of what an award would do: the ranking as it is now, under its act.
pub(crate) fn award_payload(
    ranking: &RankingVersion,
    act: &str,
    publication: Option<&Publication>,
) -> Result<String, Error> {
    let ranking = ranking.payload_sha256()?;
    let payload = match publication {
        None => format!("{ranking} {act}"),
        Some(publication) => format!("{ranking} {act} {}", publication.at.to_rfc3339()),
    };
    Ok(sha256_hex(payload.as_bytes()))
}

/// The ranking in force gives way; the call takes the new one.
async fn put_in_force(tx: &Tx, ranking: Versioned<RankingVersion>) -> Result<(), Error> {
    calls::hold(tx, &ranking.value.call).await?;
    crate::rankings::expect_checked(tx, &ranking.value.call).await?;
    let call = calls::get(tx, &ranking.value.call).await?;
    let (computed_by, in_force) = (
        ranking.value.rule_set_version,
        call.value.terms.rules.version,
    );
    if computed_by != in_force {
        return Err(Error::refused(
            "RANKING_OUTDATED",
            format!(
                "the ranking was computed by version {computed_by} of the rules, version \
                 {in_force} is in force: compute it again"
            ),
        ));
    }
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
            give_up_ranking(tx, &before.value).await?;
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}
