//! Applications as their consortium works on them: drafted, edited, submitted, withdrawn.

mod annual;
mod submit;

use std::collections::HashMap;

use bando_domain::actor::{Actor, Role};
use bando_domain::application::{self, Application, State};
use bando_domain::call::Call;
use bando_domain::clarification::Clarification;
use bando_domain::consortium::Consortium;
use bando_domain::document::Document;
use bando_domain::eligibility;
use bando_domain::event::SubjectKind;
use bando_domain::ids::{ApplicationId, CallId, ConsortiumId};
use bando_domain::procedure::{self, ProcedureTerm};
use bando_domain::project::{Path, Project, Violation};
use bando_store::applications::Filter;
use bando_store::{
    Consequences, Db, Kind, Page, PageQuery, Tx, Versioned, applications, calls, consortia, record,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::authority::{expect_own, own_only, visible_application};
use crate::calls as call_cases;
use crate::clarifications;
use crate::context::{Command, Context, etag_version};
use crate::correspondence;
use crate::documents;
use crate::error::Error;

pub use annual::{AnnualProject, annual_projects};
pub(crate) use submit::statement;
pub use submit::{Submitted, sealed, submit};

/// An application as it is shown: with its consortium's name and what a submission still needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    pub application: Versioned<Application>,
    pub consortium_title: String,
    pub missing: Vec<Violation>,
    /// Where its procedure stands, while it runs; only where one application is asked for.
    #[serde(default)]
    pub procedure: Option<ProcedureTerm>,
    /// What the consortium was asked; only where one application is asked for.
    #[serde(default)]
    pub asked: Vec<Versioned<Clarification>>,
}

pub async fn get(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    id: ApplicationId,
) -> Result<View, Error> {
    let found = visible_application(cx, actor, call, id).await?;
    if actor.sees_all_consortia() {
        return view(cx.store.read(), found, cx.now()).await;
    }
    let call = calls::get(cx.store.read(), call).await?.value;
    let found = as_seen_outside(&call, found);
    view(cx.store.read(), found, cx.now()).await
}

/// An application as its consortium and its evaluators see it while results are held.
fn as_seen_outside(call: &Call, known: Versioned<Application>) -> Versioned<Application> {
    if !call.holds_results() {
        return known;
    }
    Versioned {
        version: known.version,
        value: known.value.before_results(),
    }
}

pub async fn list(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    mut filter: Filter,
    page: &PageQuery,
) -> Result<Page<View>, Error> {
    // Outside of the office a state is asked of what is shown, not of what is decided.
    let call = call_cases::visible(cx, actor, call).await?.value;
    if actor.is(Role::Evaluator) {
        filter.evaluator = Some(actor.person.clone());
    } else if let Some(own) = own_only(actor)? {
        filter.consortium = Some(own);
    }
    let is_held = call.holds_results() && !actor.sees_all_consortia();
    let wanted = filter.state.take_if(|_| is_held);
    let mut found = applications::list(cx.store.read(), &call.id, &filter, page).await?;
    if let Some(wanted) = wanted {
        let is_shown =
            |known: &Versioned<Application>| known.value.clone().before_results().state == wanted;
        found.rows.retain(is_shown);
    }
    let found = found.map(|known| {
        if actor.sees_all_consortia() {
            known
        } else {
            as_seen_outside(&call, known)
        }
    });
    let drafts = Drafts::of(cx, &call, &found.rows).await?;
    let owners = found.rows.iter().map(|known| known.value.consortium);
    let titles = consortia::titles(cx.store.read(), owners).await?;
    let now = cx.now();
    Ok(found.map(|application| {
        let title = titles.get(&application.value.consortium);
        View {
            consortium_title: title.cloned().unwrap_or_default(),
            missing: drafts.missing(&application.value, &call, now),
            application,
            procedure: None,
            asked: Vec::new(),
        }
    }))
}

/// What the drafts of a page are judged by.
struct Drafts {
    owners: HashMap<ConsortiumId, Consortium>,
    documents: HashMap<ApplicationId, Vec<Document>>,
}

impl Drafts {
    async fn of(
        cx: &Context,
        call: &Call,
        listed: &[Versioned<Application>],
    ) -> Result<Self, Error> {
        let drafts = listed.iter().map(|known| &known.value);
        let drafts = drafts.filter(|application| application.state == State::Draft);
        let (ids, owners): (Vec<_>, Vec<_>) = drafts
            .map(|application| (application.id, application.consortium))
            .unzip();
        if ids.is_empty() {
            return Ok(Self {
                owners: HashMap::new(),
                documents: HashMap::new(),
            });
        }
        let db = cx.store.read();
        let owners = consortia::by_ids(db, owners).await?;
        let owners = owners
            .into_iter()
            .map(|known| (known.value.id, known.value));
        Ok(Self {
            owners: owners.collect(),
            documents: documents::working(db, call, &ids).await?,
        })
    }

    /// Nothing for what is no draft.
    fn missing(
        &self,
        application: &Application,
        call: &Call,
        now: DateTime<Utc>,
    ) -> Vec<Violation> {
        let owner = self.owners.get(&application.consortium);
        match owner {
            Some(owner) if application.state == State::Draft => {
                let own = self.documents.get(&application.id);
                missing(
                    application,
                    own.map_or(&[], Vec::as_slice),
                    call,
                    owner,
                    now,
                )
            }
            _ => Vec::new(),
        }
    }
}

/// Starts the one working copy of a consortium in a call.
pub async fn create(
    cx: &Context,
    command: &Command,
    call: &CallId,
    consortium: ConsortiumId,
    project: Project,
) -> Result<View, Error> {
    expect_own(&command.actor, consortium)?;
    check(&project)?;
    cx.once(command, || async {
        let call = call_cases::get(cx, &command.actor, call).await?;
        let owner = consortia::get(cx.store.read(), consortium).await?;
        if owner.value.programme != *call.value.id.programme() {
            return Err(Error::NotFound(format!("consortium {consortium}")));
        }
        let known =
            applications::of_consortium(cx.store.read(), &call.value.id, consortium).await?;
        if let Some(known) = known {
            return Err(exists(known));
        }
        let at = command.received_at;
        let (call, project) = (call.value, project.clone());
        let terms = call.clone();
        let drafted = cx
            .commit(command, async move |tx: &Tx| {
                let id = ApplicationId(tx.new_id());
                let event = application::draft(id, &terms, consortium, at)?;
                let drafted =
                    record::<Application>(tx, None, &event, Consequences::default()).await?;
                let paths = drafted.value.project.differences(&project);
                if paths.is_empty() {
                    return Ok(shown(drafted, &[], &terms, Some(&owner.value), at));
                }
                let next = drafted.version + 1;
                let event = application::edit(&drafted.value, &terms, next, &paths, &project, at)?;
                let edited = record(tx, Some(drafted), &event, Consequences::default()).await?;
                Ok(shown(edited, &[], &terms, Some(&owner.value), at))
            })
            .await;
        match drafted {
            Err(Error::Store(inner)) if inner.kind == Kind::AlreadyExists => {
                let db = cx.store.read();
                match applications::of_consortium(db, &call.id, consortium).await? {
                    Some(known) if command.request.is_none() => Err(exists(known)),
                    _ => Err(Error::Store(inner)),
                }
            }
            outcome => outcome,
        }
    })
    .await
}

fn exists(known: ApplicationId) -> Error {
    Error::Exists {
        reason: "APPLICATION_EXISTS",
        message: format!("the consortium has application {known} in this call"),
    }
}

/// Changes the named parts of the working copy. The etag is stale only where a named part changed
/// since, so that several people of one consortium can work at once.
pub async fn update(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: ApplicationId,
    etag: &str,
    paths: &[Path],
    project: &Project,
) -> Result<View, Error> {
    check(project)?;
    cx.once(command, || async {
        let before = visible_application(cx, &command.actor, call, id).await?;
        expect_own(&command.actor, before.value.consortium)?;
        expect_parts(cx, &before, etag, paths).await?;
        let call = calls::get(cx.store.read(), call).await?.value;
        let next = before.version + 1;
        let at = command.received_at;
        let event = application::edit(&before.value, &call, next, paths, project, at)?;
        let owner = consortia::get(cx.store.read(), before.value.consortium)
            .await?
            .value;
        let documents = documents_of(cx.store.read(), &call, id).await?;
        cx.commit(command, async move |tx: &Tx| {
            let edited = record(tx, Some(before), &event, Consequences::default()).await?;
            Ok(shown(edited, &documents, &call, Some(&owner), at))
        })
        .await
    })
    .await
}

async fn expect_parts(
    cx: &Context,
    known: &Versioned<Application>,
    etag: &str,
    paths: &[Path],
) -> Result<(), Error> {
    let seen = etag_version(etag)?;
    let changed = |path: &Path| {
        known
            .value
            .edited
            .get(path)
            .is_some_and(|version| *version > seen)
    };
    if seen <= known.version && !paths.iter().any(changed) {
        return Ok(());
    }
    let subject = known.value.id.to_string();
    Err(cx.stale(SubjectKind::Application, subject, seen).await?)
}

pub async fn withdraw(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: ApplicationId,
    etag: &str,
    reason: &str,
) -> Result<View, Error> {
    if reason.trim().is_empty() || reason.chars().count() > 2_000 {
        return Err(Error::invalid(
            "reason",
            "REASON_REQUIRED",
            "1 to 2,000 characters",
        ));
    }
    let withdrawn: Kept = cx
        .once(command, || async {
            let before = visible_application(cx, &command.actor, call, id).await?;
            expect_own(&command.actor, before.value.consortium)?;
            let held = calls::get(cx.store.read(), call).await?.value;
            if held.holds_results() && before.value.placement.is_some() {
                return Err(Error::refused(
                    "RESULTS_HELD",
                    "the results of the call are decided and are published at a later instant",
                ));
            }
            cx.expect_etag(&before, etag).await?;
            let event = application::withdraw(&before.value, reason)?;
            cx.commit(command, async move |tx: &Tx| {
                clarifications::give_up(tx, id, "the application was withdrawn").await?;
                let withdrawn = record(tx, Some(before), &event, Consequences::default()).await?;
                Kept::of(tx, withdrawn).await
            })
            .await
        })
        .await?;
    withdrawn.shown(cx).await
}

/// Lapses every draft that was never submitted; each by itself, so that one bad case does not
/// hold up another. Answers how many failed.
pub(crate) async fn lapse_all(cx: &Context, call: &CallId) -> Result<u64, Error> {
    let drafts = applications::ids_in(cx.store.read(), call, State::Draft).await?;
    let mut failed = 0;
    for id in drafts {
        if let Err(error) = lapse(cx, call, id).await {
            tracing::error!(application = %id, %error, "the draft could not lapse");
            failed += 1;
        }
    }
    Ok(failed)
}

async fn lapse(cx: &Context, call: &CallId, id: ApplicationId) -> Result<(), Error> {
    let command = Command::of_time(cx.now());
    let call = call.clone();
    cx.store
        .write(cx.act(&command), async move |tx: &Tx| {
            let call = calls::get(tx, &call).await?.value;
            let before = applications::get(tx, id).await?;
            if before.value.state != State::Draft {
                return Ok(());
            }
            let owner = consortia::get(tx, before.value.consortium).await?.value;
            let event = application::lapse(&before.value, &call, tx.cause().at)?;
            let letter = correspondence::lapsed(&call, &owner, &before.value);
            record(
                tx,
                Some(before),
                &event,
                Consequences::letters(vec![letter]),
            )
            .await?;
            Ok(())
        })
        .await
}

/// What a request was answered, as it is kept: whole, so that a repeat gets the first answer
/// whatever happened since.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Kept {
    Shown(Box<View>),
    /// Kept by earlier versions: the application alone.
    Alone(Box<Versioned<Application>>),
}

impl Kept {
    pub(crate) async fn of(tx: &Tx, changed: Versioned<Application>) -> Result<Self, Error> {
        let shown = view(tx, changed, tx.cause().at).await?;
        Ok(Self::Shown(Box::new(shown)))
    }

    pub(crate) async fn shown(self, cx: &Context) -> Result<View, Error> {
        match self {
            Self::Shown(shown) => Ok(*shown),
            Self::Alone(found) => view(cx.store.read(), *found, cx.now()).await,
        }
    }
}

async fn view<D: Db>(
    db: &D,
    found: Versioned<Application>,
    now: DateTime<Utc>,
) -> Result<View, Error> {
    let call = calls::get(db, &found.value.call).await?.value;
    let owner = consortia::get(db, found.value.consortium).await?.value;
    let documents = documents_of(db, &call, found.value.id).await?;
    let asked = bando_store::clarifications::of_application(db, found.value.id).await?;
    let known: Vec<Clarification> = asked.iter().map(|known| known.value.clone()).collect();
    let procedure = procedure::of_application(&call, &found.value, &known, now);
    Ok(View {
        procedure,
        asked,
        ..shown(found, &documents, &call, Some(&owner), now)
    })
}

/// The working copy's documents, where the call asks for any.
async fn documents_of<D: Db>(
    db: &D,
    call: &Call,
    id: ApplicationId,
) -> Result<Vec<Document>, Error> {
    let mut found = documents::working(db, call, &[id]).await?;
    Ok(found.remove(&id).unwrap_or_default())
}

fn shown(
    application: Versioned<Application>,
    documents: &[Document],
    call: &Call,
    consortium: Option<&Consortium>,
    now: DateTime<Utc>,
) -> View {
    let can_submit = matches!(application.value.state, State::Draft | State::Submitted);
    let missing = match consortium {
        Some(owner) if can_submit => missing(&application.value, documents, call, owner, now),
        _ => Vec::new(),
    };
    let consortium_title = consortium
        .map(|known| known.profile.name.clone())
        .unwrap_or_default();
    View {
        application,
        consortium_title,
        missing,
        procedure: None,
        asked: Vec::new(),
    }
}

/// What keeps the working copy from being submitted now.
fn missing(
    application: &Application,
    documents: &[Document],
    call: &Call,
    owner: &Consortium,
    now: DateTime<Utc>,
) -> Vec<Violation> {
    let standing = owner.profile.on(call.terms.window.zone.day(now));
    eligibility::missing(&application.project, documents, &standing, &call.terms)
}

fn check(project: &Project) -> Result<(), Error> {
    let violations = malformed(project);
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_fields(violations))
    }
}

/// What a working copy must never contain; fields are named from the request.
pub fn malformed(project: &Project) -> Vec<Violation> {
    let mut violations = eligibility::malformed(project);
    for violation in &mut violations {
        violation.field.insert_str(0, "project.");
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_an_earlier_version_was_the_application_alone() {
        let call: CallId = "er/2016".parse().unwrap();
        let drafted = application::Event::Drafted {
            id: ApplicationId(uuid::Uuid::nil()),
            call,
            consortium: ConsortiumId(uuid::Uuid::nil()),
        };
        let alone = Versioned {
            version: 1,
            value: application::apply(None, &drafted).unwrap(),
        };
        let kept = serde_json::to_value(&alone).unwrap();

        let read: Kept = serde_json::from_value(kept).unwrap();

        assert!(matches!(read, Kept::Alone(found) if found.value == alone.value));
    }
}
