//! Who evaluates what: by hand, by lot, or in place of somebody else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bando_domain::application::{Application, State as ApplicationState};
use bando_domain::call::{Assignment, Event as CallEvent};
use bando_domain::conflict;
use bando_domain::draw::{self, Seat};
use bando_domain::evaluation::{self, Evaluation};
use bando_domain::evaluator::Evaluator;
use bando_domain::ids::{ApplicationId, CallId, EvaluationId};
use bando_domain::progress;
use bando_domain::project::Violation;
use bando_domain::receipt::sha256_hex;
use bando_domain::rules::ScoreGrid;
use bando_store::{Consequences, Kind, Tx, Versioned, applications, evaluators, record};
use serde::{Deserialize, Serialize};

use super::{expect_outside_office, expect_short, firms, flags, get};
use crate::authority::expect_programme;
use crate::calls;
use crate::context::{Command, Context};
use crate::entropy;
use crate::error::Error;
use crate::rankings::{all_applications, all_evaluations};

/// Most people one lot is drawn among.
const PEOPLE_LIMIT: usize = 200;
/// Longest seed, in characters.
const SEED_LIMIT: usize = 100;

fn expect_person(evaluator: &str) -> Result<(), Error> {
    if evaluator.trim().is_empty() || evaluator.len() > 100 {
        let rule = "the name on the evaluator's token";
        return Err(Error::invalid("evaluator", "REQUIRED", rule));
    }
    Ok(())
}

/// Assigns an application to an evaluator by hand; what speaks against the pair is flagged.
pub async fn assign(
    cx: &Context,
    command: &Command,
    call: &CallId,
    application: ApplicationId,
    evaluator: &str,
) -> Result<Versioned<Evaluation>, Error> {
    expect_programme(&command.actor, call.programme())?;
    expect_person(evaluator)?;
    cx.once(command, || async {
        let db = cx.store.read();
        let found = applications::get(db, application).await?.value;
        if found.call != *call {
            return Err(Error::NotFound(format!("application {application}")));
        }
        expect_outside_office(db, call, evaluator).await?;
        let named = evaluator.to_owned();
        let assigned = cx
            .commit(command, async move |tx: &Tx| {
                let id = EvaluationId(tx.new_id());
                assign_in(tx, id, &found, &named, None).await
            })
            .await;
        assigned.map_err(|error| known_already(error, evaluator))
    })
    .await
}

async fn assign_in(
    tx: &Tx,
    id: EvaluationId,
    application: &Application,
    evaluator: &str,
    replaces: Option<EvaluationId>,
) -> Result<Versioned<Evaluation>, Error> {
    let flags = flags(tx, application, evaluator).await?;
    let event = evaluation::assign(id, application, evaluator, flags, replaces)?;
    Ok(record(tx, None, &event, Consequences::default()).await?)
}

fn known_already(error: Error, evaluator: &str) -> Error {
    match error {
        Error::Store(inner)
            if inner.kind == Kind::AlreadyExists && inner.message.contains("evaluat") =>
        {
            Error::Exists {
                reason: "EVALUATION_EXISTS",
                message: format!("the application is or was assigned to {evaluator} already"),
            }
        }
        other => other,
    }
}

/// Gives work that is not scored, or that a conflict ended, to another evaluator. Answers the new
/// evaluation.
pub async fn reassign(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: EvaluationId,
    etag: &str,
    (evaluator, reason): (&str, &str),
) -> Result<Versioned<Evaluation>, Error> {
    expect_person(evaluator)?;
    expect_short(reason)?;
    cx.once(command, || async {
        let db = cx.store.read();
        let before = get(cx, &command.actor, call, id).await?;
        cx.expect_etag(&before, etag).await?;
        expect_outside_office(db, call, evaluator).await?;
        let application = applications::get(db, before.value.application).await?.value;
        let (named, reason) = (evaluator.to_owned(), reason.to_owned());
        let assigned = cx
            .commit(command, async move |tx: &Tx| {
                let to = EvaluationId(tx.new_id());
                let event = evaluation::reassign(&before.value, to, &reason)?;
                record(tx, Some(before), &event, Consequences::default()).await?;
                assign_in(tx, to, &application, &named, Some(id)).await
            })
            .await;
        assigned.map_err(|error| known_already(error, evaluator))
    })
    .await
}

/// What a lot came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Drawn {
    pub call: CallId,
    pub seed: String,
    /// Nothing when nothing was missing.
    pub assigned: Vec<Versioned<Evaluation>>,
    /// Pairs that something speaks against.
    pub barred: Vec<Assignment>,
}

/// Draws the evaluators that admissible applications still miss among `people`, who must be
/// registered: without their data nobody knows what speaks against them.
pub async fn draw(
    cx: &Context,
    command: &Command,
    call: &CallId,
    people: &[String],
    seed: &str,
) -> Result<Drawn, Error> {
    check(people, seed)?;
    cx.once(command, || async {
        let call = calls::get(cx, &command.actor, call).await?;
        let registered = registered(cx, &call.value.id, people).await?;
        for person in people {
            expect_outside_office(cx.store.read(), &call.value.id, person).await?;
        }
        let grid = &call.value.terms.rules.score_grid;
        let lot = Lot::look(cx, &call.value.id, grid, &registered).await?;
        let seed = match seed {
            "" => fresh_seed(),
            told => told.to_owned(),
        };
        let pairs = draw::draw(&seed, &lot.seats, &lot.load)?;
        let (drawn, barred) = (assignments(pairs), lot.barred);
        let event = CallEvent::AssignmentsDrawn {
            seed: seed.clone(),
            evaluators: lot.load.into_keys().collect(),
            drawn: drawn.clone(),
            barred: barred.clone(),
        };
        let mut applications = lot.applications;
        cx.commit(command, async move |tx: &Tx| {
            let id = call.value.id.clone();
            let mut assigned = Vec::new();
            if !drawn.is_empty() {
                record(tx, Some(call), &event, Consequences::default()).await?;
            }
            for pair in &drawn {
                let Some(application) = applications.get_mut(&pair.application) else {
                    continue;
                };
                let id = EvaluationId(tx.new_id());
                let event = evaluation::assign(id, application, &pair.evaluator, Vec::new(), None)?;
                assigned.push(record(tx, None, &event, Consequences::default()).await?);
            }
            Ok(Drawn {
                call: id,
                seed,
                assigned,
                barred,
            })
        })
        .await
    })
    .await
}

/// Sixteen hexadecimal digits that nobody chose.
fn fresh_seed() -> String {
    sha256_hex(&entropy::seed())[..16].to_owned()
}

fn check(people: &[String], seed: &str) -> Result<(), Error> {
    let mut violations = Vec::new();
    let mut refuse = |field: String, rule: &'static str, explanation: String| {
        violations.push(Violation::new(field, rule, explanation));
    };
    if people.is_empty() {
        let explanation = "at least one evaluator to draw among".to_owned();
        refuse("evaluators".to_owned(), "REQUIRED", explanation);
    }
    if people.len() > PEOPLE_LIMIT {
        let explanation = format!("at most {PEOPLE_LIMIT} evaluators");
        refuse("evaluators".to_owned(), "TOO_MANY", explanation);
    }
    let mut named = BTreeSet::new();
    for (position, person) in people.iter().enumerate() {
        if !named.insert(person) {
            let field = format!("evaluators[{position}]");
            refuse(field, "DUPLICATE", format!("{person} is named twice"));
        }
    }
    if seed.chars().count() > SEED_LIMIT {
        let explanation = format!("at most {SEED_LIMIT} characters");
        refuse("seed".to_owned(), "TOO_LONG", explanation);
    }
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_fields(violations))
    }
}

/// The entries of the register of all these people.
async fn registered(
    cx: &Context,
    call: &CallId,
    people: &[String],
) -> Result<Vec<Evaluator>, Error> {
    let found = evaluators::of_people(cx.store.read(), call.programme(), people).await?;
    let known: BTreeSet<&str> = found.iter().map(|one| one.value.person.as_str()).collect();
    let unknown = people.iter().enumerate();
    let violations: Vec<Violation> = unknown
        .filter(|(_, person)| !known.contains(person.as_str()))
        .map(|(position, person)| {
            let field = format!("evaluators[{position}]");
            let rule = format!("{person} is not in the register of evaluators");
            Violation::new(field, "UNKNOWN", rule)
        })
        .collect();
    if violations.is_empty() {
        Ok(found.into_iter().map(|one| one.value).collect())
    } else {
        Err(Error::invalid_fields(violations))
    }
}

/// Everything a lot is drawn from.
struct Lot {
    seats: Vec<Seat>,
    load: BTreeMap<String, u32>,
    barred: Vec<Assignment>,
    applications: HashMap<ApplicationId, Application>,
}

impl Lot {
    async fn look(
        cx: &Context,
        call: &CallId,
        grid: &ScoreGrid,
        people: &[Evaluator],
    ) -> Result<Self, Error> {
        let mut by_application: HashMap<ApplicationId, Vec<Evaluation>> = HashMap::new();
        let mut load: BTreeMap<String, u32> =
            people.iter().map(|one| (one.person.clone(), 0)).collect();
        for known in all_evaluations(cx, call).await? {
            if let Some(has) = load.get_mut(&known.evaluator)
                && known.state.is_live()
            {
                *has += 1;
            }
            by_application
                .entry(known.application)
                .or_default()
                .push(known);
        }
        let (mut seats, mut barred, mut applications) = (Vec::new(), Vec::new(), HashMap::new());
        for found in all_applications(cx, call, Some(ApplicationState::Admissible)).await? {
            let known = by_application.remove(&found.id).unwrap_or_default();
            let missing = progress::progress(&known, grid).missing;
            if missing == 0 {
                continue;
            }
            let firms = firms(cx.store.read(), &found).await?;
            let flagged = people
                .iter()
                .filter(|one| !conflict::flags(one, &firms).is_empty());
            let flagged: BTreeSet<String> = flagged.map(|one| one.person.clone()).collect();
            barred.extend(flagged.iter().map(|person| Assignment {
                application: found.id,
                evaluator: person.clone(),
            }));
            let before = known.into_iter().map(|known| known.evaluator);
            seats.push(Seat {
                application: found.id,
                protocol: found.label(),
                missing,
                barred: flagged.into_iter().chain(before).collect(),
            });
            applications.insert(found.id, found);
        }
        barred.sort();
        Ok(Self {
            seats,
            load,
            barred,
            applications,
        })
    }
}

fn assignments(pairs: Vec<(ApplicationId, String)>) -> Vec<Assignment> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(application, evaluator)| Assignment {
            application,
            evaluator,
        })
        .collect()
}
