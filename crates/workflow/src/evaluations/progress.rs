//! How far the evaluating of a call is: per application, and per evaluator.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bando_domain::actor::Actor;
use bando_domain::application::State as ApplicationState;
use bando_domain::evaluation::{Evaluation, State};
use bando_domain::ids::{ApplicationId, CallId};
use bando_domain::progress::{self, Progress};
use bando_store::applications::Filter;
use bando_store::evaluations::Workload;
use bando_store::{Page, PageQuery, applications, consortia, evaluations, evaluators};

use crate::calls;
use crate::context::Context;
use crate::error::Error;

#[derive(Debug, Clone)]
pub struct ApplicationProgress {
    pub application: ApplicationId,
    pub protocol: String,
    pub consortium_title: String,
    pub progress: Progress,
}

/// The open and done work of one evaluator in a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EvaluatorProgress {
    pub person: String,
    /// Whether conflicts can be found without them: they are in the register.
    pub registered: bool,
    pub to_declare: u64,
    pub to_score: u64,
    pub scored: u64,
    pub conflicted: u64,
    /// Live ones that wait for a manager.
    pub flagged: u64,
}

#[derive(Debug)]
pub struct ProgressPage {
    pub call: CallId,
    pub applications: Page<ApplicationProgress>,
    /// On the first page only.
    pub evaluators: Vec<EvaluatorProgress>,
}

/// For office roles: admissible applications in order of creation.
pub async fn progress(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    page: &PageQuery,
) -> Result<ProgressPage, Error> {
    let call = calls::get(cx, actor, call).await?.value;
    let db = cx.store.read();
    let filter = Filter {
        state: Some(ApplicationState::Admissible),
        ..Filter::default()
    };
    let found = applications::list(db, &call.id, &filter, page).await?;
    let ids = found.rows.iter().map(|known| known.value.id);
    let mut by_application: HashMap<ApplicationId, Vec<Evaluation>> = HashMap::new();
    for known in evaluations::of_applications(db, ids).await? {
        let of_application = by_application.entry(known.value.application).or_default();
        of_application.push(known.value);
    }
    let owners = found.rows.iter().map(|known| known.value.consortium);
    let titles = consortia::titles(db, owners).await?;
    let applications = found.map(|known| {
        let evaluations = by_application.remove(&known.value.id).unwrap_or_default();
        let title = titles.get(&known.value.consortium).cloned();
        ApplicationProgress {
            application: known.value.id,
            protocol: known.value.label(),
            consortium_title: title.unwrap_or_default(),
            progress: progress::progress(&evaluations, &call.terms.rules.score_grid),
        }
    });
    let evaluators = if page.after.is_none() {
        of_evaluators(cx, &call.id).await?
    } else {
        Vec::new()
    };
    Ok(ProgressPage {
        call: call.id,
        applications,
        evaluators,
    })
}

async fn of_evaluators(cx: &Context, call: &CallId) -> Result<Vec<EvaluatorProgress>, Error> {
    let db = cx.store.read();
    let mut all: BTreeMap<String, EvaluatorProgress> = BTreeMap::new();
    for row in evaluations::workload(db, call).await? {
        add(all.entry(row.evaluator.clone()).or_default(), &row);
    }
    let people: Vec<String> = all.keys().cloned().collect();
    let known = evaluators::of_people(db, call.programme(), &people).await?;
    let known: BTreeSet<String> = known.into_iter().map(|one| one.value.person).collect();
    let named = all.into_iter().map(|(person, work)| EvaluatorProgress {
        registered: known.contains(&person),
        person,
        ..work
    });
    Ok(named.collect())
}

fn add(work: &mut EvaluatorProgress, row: &Workload) {
    if row.flagged && row.state.is_live() {
        work.flagged += row.count;
    }
    match row.state {
        State::Assigned => work.to_declare += row.count,
        State::Declared => work.to_score += row.count,
        State::Scored => work.scored += row.count,
        State::Conflicted => work.conflicted += row.count,
        State::Excluded | State::Reassigned => {}
    }
}
