//! Rankings: computed from the stored scores, proposed to a second person.

use std::collections::HashMap;

use bando_domain::actor::Actor;
use bando_domain::application::{Application, State as ApplicationState};
use bando_domain::call;
use bando_domain::call::{Call, State as CallState};
use bando_domain::consensus;
use bando_domain::evaluation::{self, Evaluation};
use bando_domain::explanation::{self, Explanation};
use bando_domain::ids::{ApplicationId, CallId, ConsortiumId, ProposalId, RankingId};
use bando_domain::proposal::{self, Proposal};
use bando_domain::ranking_inputs::{self, Entry, Inputs};
use bando_domain::ranking_version::{self, Difference, Event, RankingVersion, State};
use bando_domain::simulation::{self, Changes, Shift};
use bando_store::applications::Filter;
use bando_store::{
    Consequences, Db, PageQuery, Tx, Versioned, applications, consortia, evaluations, proposals,
    rankings, record,
};
use serde::{Deserialize, Serialize};

use crate::authority::expect_programme;
use crate::calls;
use crate::context::{Command, Context};
use crate::error::Error;
use crate::rule_changes;

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
        expect_checked(cx.store.read(), &call.id).await?;
        expect_checked_by_rules_in_force(cx, &call).await?;
        let inputs = inputs(cx, &call).await?;
        let computed = inputs.compute()?;
        consensus::expect_settled(&inputs)?;
        expect_over_minimum(&computed)?;
        let inputs_sha256 = inputs.sha256()?;
        let (person, at) = (command.actor.person.clone(), command.received_at);
        cx.commit(command, async move |tx: &Tx| {
            let earlier = rankings::of_call(tx, &call.id).await?;
            let version = earlier.last().map_or(1, |last| last.value.version + 1);
            let replaces = ranking_version::replaced(earlier.iter().map(|known| &known.value));
            replace_proposed(tx, &call.id, earlier).await?;
            let ranking = RankingVersion {
                id: RankingId(tx.new_id()),
                call: call.id.clone(),
                version,
                state: State::Proposed,
                rule_set_version: inputs.rules.version,
                budget: inputs.budget,
                inputs_sha256,
                inputs: Some(inputs),
                computed_by: person.clone(),
                computed_at: at,
                ranked: computed.ranked,
                allocation: computed.allocation,
                replaces,
                annulment: None,
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
        CallState::Draft
        | CallState::Published
        | CallState::Open
        | CallState::Awarded
        | CallState::Cancelled => Err(call::Refusal::WrongState {
            required: "closed or ranked",
            actual: call.state.as_str(),
        }
        .into()),
    }
}

pub(crate) async fn expect_checked<D: Db>(db: &D, call: &CallId) -> Result<(), Error> {
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

/// Where the rules changed after a check, and would judge it otherwise, it is made again.
async fn expect_checked_by_rules_in_force(cx: &Context, call: &Call) -> Result<(), Error> {
    let outdated = rule_changes::outdated(cx, call).await?;
    if outdated.is_empty() {
        return Ok(());
    }
    Err(Error::refused(
        "CHECK_OUTDATED",
        format!(
            "version {} of the rules judges {} otherwise than their checks: check them again",
            call.terms.rules.version,
            outdated.join(", ")
        ),
    ))
}

/// What a ranking of the call would be computed from now.
pub(crate) async fn inputs(cx: &Context, call: &Call) -> Result<Inputs, Error> {
    let entries = entries(cx, call, Some(ApplicationState::Admissible)).await?;
    let (budget, rules) = (call.terms.budget, call.terms.rules.clone());
    Ok(Inputs::new(budget, rules, entries))
}

/// The applications of a call, in a state or all, each with what a ranking takes from it.
async fn entries(
    cx: &Context,
    call: &Call,
    state: Option<ApplicationState>,
) -> Result<Vec<Entry>, Error> {
    let mut by_application: HashMap<ApplicationId, Vec<Evaluation>> = HashMap::new();
    for evaluation in all_evaluations(cx, &call.id).await? {
        let of_application = by_application.entry(evaluation.application).or_default();
        of_application.push(evaluation);
    }
    let found = all_applications(cx, &call.id, state).await?;
    let entries = found.iter().map(|application| {
        let evaluations = by_application.remove(&application.id).unwrap_or_default();
        entry(call, application, &evaluations)
    });
    Ok(entries.collect())
}

fn entry(call: &Call, application: &Application, evaluations: &[Evaluation]) -> Entry {
    let counted = application.counted();
    let check = application.check.as_ref();
    Entry {
        application: application.id,
        protocol: application.label(),
        received_at: counted.map_or(call.terms.window.closes_at, |sealed| sealed.received_at),
        participants: check.map_or(0, |check| check.participants),
        eligible: check.map(|check| check.grant.eligible).unwrap_or_default(),
        requested: check.and_then(|check| check.grant.requested()),
        sheets: evaluations.iter().filter_map(Evaluation::sheet).collect(),
        excluded: consensus::excluded(evaluations),
        agreed: consensus::agreed(evaluations).map(evaluation::plain),
    }
}

/// An application that was admissible under the rules of its check and is not under these.
fn expect_over_minimum(computed: &ranking_inputs::Computed) -> Result<(), Error> {
    let Some(first) = computed.under_minimum.first() else {
        return Ok(());
    };
    Err(Error::refused(
        "CHECK_OUTDATED",
        format!(
            "{} is under the smallest cost or grant of the rules in force ({}): check it again",
            first.protocol, first.grant
        ),
    ))
}

/// Why one application has its place and its cents in a version of the ranking.
pub async fn explain(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    version: Option<u32>,
    application: ApplicationId,
) -> Result<(View, Explanation), Error> {
    let view = get(cx, actor, call, version).await?;
    let ranking = &view.ranking.value;
    let inputs = ranking.kept_inputs()?;
    let computed = inputs.compute()?;
    let explained = explanation::explain(inputs, &computed, application)
        .ok_or_else(|| Error::NotFound(format!("application {application} in this ranking")))?;
    Ok((view, explained))
}

/// A version of the ranking before and after some changes; nothing is decided by it.
#[derive(Debug)]
pub struct Simulated {
    pub view: View,
    pub before: ranking_inputs::Computed,
    pub changed: Inputs,
    pub after: ranking_inputs::Computed,
    pub shifts: Vec<Shift>,
}

pub async fn simulate(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    version: Option<u32>,
    changes: &Changes,
) -> Result<Simulated, Error> {
    let view = get(cx, actor, call, version).await?;
    let ranking = &view.ranking.value;
    let inputs = ranking.kept_inputs()?;
    let before = inputs.compute()?;
    let other = simulation::change(inputs, changes).map_err(|refusal| {
        let field = match refusal {
            simulation::Refusal::UnknownEvaluation(_) => "annulled_evaluations",
            simulation::Refusal::UnknownApplication(_) => "declined_applications",
        };
        Error::invalid(field, "NOT_IN_RANKING", refusal.to_string())
    })?;
    let after = other.compute()?;
    let shifts = simulation::compare(inputs, &before, &after);
    Ok(Simulated {
        before,
        changed: other,
        after,
        shifts,
        view,
    })
}

/// Whether a version follows from its inputs, and whether those are still what is stored today.
#[derive(Debug)]
pub struct Verified {
    pub view: View,
    pub differences: Vec<Difference>,
    /// Protocol numbers whose data today differ from what went into the ranking: changed since.
    pub changed_since: Vec<String>,
}

pub async fn verify(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    version: Option<u32>,
) -> Result<Verified, Error> {
    let view = get(cx, actor, call, version).await?;
    let ranking = &view.ranking.value;
    let differences = ranking.verify()?;
    let call = calls::get(cx, actor, &ranking.call).await?.value;
    let today = entries(cx, &call, None).await?;
    let today = Inputs::new(ranking.budget, call.terms.rules.clone(), today);
    let inputs = ranking.kept_inputs()?;
    let changed = inputs
        .entries
        .iter()
        .filter(|known| today.entry(known.application) != Some(known));
    let changed_since = changed.map(|known| known.protocol.clone()).collect();
    Ok(Verified {
        view,
        differences,
        changed_since,
    })
}

pub(crate) async fn all_evaluations(cx: &Context, call: &CallId) -> Result<Vec<Evaluation>, Error> {
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

pub(crate) async fn all_applications(
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
