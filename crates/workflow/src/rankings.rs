//! Rankings: computed from the stored scores, proposed to a second person.

use std::collections::HashMap;

use bando_domain::actor::Actor;
use bando_domain::application::{Application, State as ApplicationState};
use bando_domain::call::{Call, State as CallState};
use bando_domain::evaluation::{Evaluation, State as EvaluationState};
use bando_domain::ids::{ApplicationId, CallId, ConsortiumId, ProposalId, RankingId};
use bando_domain::proposal::{self, Proposal};
use bando_domain::ranking::{self, Candidate};
use bando_domain::ranking_version::{self, Event, RankingVersion, State};
use bando_domain::{call, scoring};
use bando_store::applications::Filter;
use bando_store::{
    Consequences, PageQuery, Tx, Versioned, applications, consortia, evaluations, proposals,
    rankings, record,
};
use serde::{Deserialize, Serialize};

use crate::authority::expect_programme;
use crate::calls;
use crate::context::{Command, Context};
use crate::error::Error;

/// Rows read at a time.
const PAGE: u64 = 500;

/// A ranking with the names it is shown with.
#[derive(Debug, Clone)]
pub struct View {
    pub ranking: Versioned<RankingVersion>,
    /// Consortium names by application.
    pub titles: HashMap<ApplicationId, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Computed {
    pub ranking: Versioned<RankingVersion>,
    pub proposal: Versioned<Proposal>,
}

/// One version, or the one in force (else the newest) when `version` is `None`.
pub async fn get(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    version: Option<u32>,
) -> Result<View, Error> {
    expect_programme(actor, call.programme())?;
    let mut all = rankings::of_call(cx.store.read(), call).await?;
    let found = if let Some(version) = version {
        all.into_iter().find(|known| known.value.version == version)
    } else {
        let in_force = all
            .iter()
            .position(|known| known.value.state == State::InForce);
        match in_force {
            Some(position) => Some(all.swap_remove(position)),
            None => all.pop(),
        }
    };
    let ranking = found.ok_or_else(|| Error::NotFound(format!("a ranking of call {call}")))?;
    view(cx, ranking).await
}

pub async fn list(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
) -> Result<Vec<Versioned<RankingVersion>>, Error> {
    expect_programme(actor, call.programme())?;
    Ok(rankings::of_call(cx.store.read(), call).await?)
}

/// The number of the ranking in force of a call, for its name.
pub async fn number_in_force(cx: &Context, call: &Call) -> Result<Option<u32>, Error> {
    match call.ranking {
        None => Ok(None),
        Some(id) => Ok(Some(
            rankings::get(cx.store.read(), id).await?.value.version,
        )),
    }
}

pub async fn view(cx: &Context, ranking: Versioned<RankingVersion>) -> Result<View, Error> {
    let mut owners: HashMap<ApplicationId, ConsortiumId> = HashMap::new();
    for application in all_applications(cx, &ranking.value.call, None).await? {
        owners.insert(application.id, application.consortium);
    }
    let names = consortia::titles(cx.store.read(), owners.values().copied()).await?;
    let titles = owners
        .into_iter()
        .filter_map(|(id, owner)| Some((id, names.get(&owner)?.clone())))
        .collect();
    Ok(View { ranking, titles })
}

/// Ranks all admissible applications, divides the budget and asks a second person.
pub async fn compute(cx: &Context, command: &Command, call: &CallId) -> Result<Computed, Error> {
    cx.once(command, || async {
        let call = calls::get(cx, &command.actor, call).await?.value;
        expect_closed(&call)?;
        expect_checked(cx, &call.id).await?;
        let candidates = candidates(cx, &call).await?;
        let rules = call.terms.rules.clone();
        let budget = call.terms.budget;
        let inputs_sha256 = ranking::inputs_sha256(&candidates, budget, &rules);
        let ranked = ranking::rank(candidates, &rules);
        let allocation = ranking::allocate(&ranked, budget, &rules);
        let (person, at) = (command.actor.person.clone(), command.received_at);
        cx.commit(command, async move |tx: &Tx| {
            let earlier = rankings::of_call(tx, &call.id).await?;
            let version = earlier.last().map_or(1, |last| last.value.version + 1);
            replace_proposed(tx, &call.id, earlier).await?;
            let ranking = RankingVersion {
                id: RankingId(tx.new_id()),
                call: call.id.clone(),
                version,
                state: State::Proposed,
                rule_set_version: rules.version,
                budget,
                inputs_sha256,
                computed_by: person.clone(),
                computed_at: at,
                ranked,
                allocation,
            };
            let payload_sha256 = ranking.payload_sha256()?;
            let act = proposal::Act::Ranking {
                ranking: ranking.id,
            };
            let event = Event::Computed {
                ranking: Box::new(ranking),
            };
            let ranking = record(tx, None, &event, Consequences::default()).await?;
            let id = ProposalId(tx.new_id());
            let event = proposal::request(id, call.id, act, payload_sha256, &person, at);
            let proposal = record(tx, None, &event, Consequences::default()).await?;
            Ok(Computed { ranking, proposal })
        })
        .await
    })
    .await
}

/// A version that was only proposed gives way to the new one, its proposal with it.
async fn replace_proposed(
    tx: &Tx,
    call: &CallId,
    earlier: Vec<Versioned<RankingVersion>>,
) -> Result<(), Error> {
    let (at, person) = (tx.cause().at, tx.cause().actor.person.clone());
    for known in earlier {
        if known.value.state != State::Proposed {
            continue;
        }
        for pending in proposals::pending_about(tx, call.programme(), known.value.id).await? {
            let event = proposal::reject(&pending.value, &person, "a newer ranking", at)?;
            record(tx, Some(pending), &event, Consequences::default()).await?;
        }
        let event = ranking_version::supersede(&known.value)?;
        record(tx, Some(known), &event, Consequences::default()).await?;
    }
    Ok(())
}

fn expect_closed(call: &Call) -> Result<(), Error> {
    match call.state {
        CallState::Closed | CallState::Ranked => Ok(()),
        CallState::Draft | CallState::Published | CallState::Open | CallState::Awarded => {
            Err(call::Refusal::WrongState {
                required: "closed or ranked",
                actual: call.state.as_str(),
            }
            .into())
        }
    }
}

async fn expect_checked(cx: &Context, call: &CallId) -> Result<(), Error> {
    let db = cx.store.read();
    let submitted = applications::count_in(db, call, ApplicationState::Submitted).await?;
    let under_check = applications::count_in(db, call, ApplicationState::UnderCheck).await?;
    if submitted + under_check == 0 {
        return Ok(());
    }
    Err(Error::refused(
        "CHECKS_OPEN",
        format!(
            "{submitted} applications are not checked and {under_check} are under check: \
             all must be concluded before ranking"
        ),
    ))
}

async fn candidates(cx: &Context, call: &Call) -> Result<Vec<Candidate>, Error> {
    let mut by_application: HashMap<ApplicationId, Vec<Evaluation>> = HashMap::new();
    for evaluation in all_evaluations(cx, &call.id).await? {
        by_application
            .entry(evaluation.application)
            .or_default()
            .push(evaluation);
    }
    let admissible = all_applications(cx, &call.id, Some(ApplicationState::Admissible)).await?;
    let mut candidates = Vec::new();
    let mut missing = Vec::new();
    for application in admissible {
        let evaluations = by_application.remove(&application.id).unwrap_or_default();
        match candidate(call, &application, &evaluations) {
            Ok(candidate) => candidates.push(candidate),
            Err(refusal) => missing.push((application.label(), refusal)),
        }
    }
    let Some((_, first)) = missing.first() else {
        return Ok(candidates);
    };
    let list: Vec<String> = missing
        .iter()
        .map(|(label, refusal)| format!("{label}: {refusal}"))
        .collect();
    Err(Error::refused(first.reason(), list.join("; ")))
}

fn candidate(
    call: &Call,
    application: &Application,
    evaluations: &[Evaluation],
) -> Result<Candidate, scoring::Refusal> {
    let sheets: Vec<_> = evaluations.iter().filter_map(Evaluation::sheet).collect();
    let excluded = evaluations
        .iter()
        .filter(|known| known.state == EvaluationState::Excluded)
        .count();
    let excluded = u32::try_from(excluded).unwrap_or(u32::MAX);
    let score = scoring::aggregate(&sheets, excluded, &call.terms.rules.score_grid)?;
    let counted = application.counted();
    let check = application.check.as_ref();
    Ok(Candidate {
        application: application.id,
        protocol: application.label(),
        received_at: counted.map_or(call.terms.window.closes_at, |sealed| sealed.received_at),
        participants: check.map_or(0, |check| check.participants),
        grant: check.map(|check| check.grant.amount).unwrap_or_default(),
        eligible: check.map(|check| check.grant.eligible).unwrap_or_default(),
        score,
    })
}

async fn all_evaluations(cx: &Context, call: &CallId) -> Result<Vec<Evaluation>, Error> {
    let mut all = Vec::new();
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    loop {
        let found = evaluations::list(cx.store.read(), call, None, None, &page).await?;
        all.extend(found.rows.into_iter().map(|known| known.value));
        match found.next {
            Some(next) => page.after = Some(next),
            None => return Ok(all),
        }
    }
}

async fn all_applications(
    cx: &Context,
    call: &CallId,
    state: Option<ApplicationState>,
) -> Result<Vec<Application>, Error> {
    let filter = Filter {
        state,
        ..Filter::default()
    };
    let mut all = Vec::new();
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    loop {
        let found = applications::list(cx.store.read(), call, &filter, &page).await?;
        all.extend(found.rows.into_iter().map(|known| known.value));
        match found.next {
            Some(next) => page.after = Some(next),
            None => return Ok(all),
        }
    }
}
