//! A first-come call whose last submissions come at once.

use bando_domain::actor::Role;
use bando_domain::allocation::allocate;
use bando_domain::application::{self, Application};
use bando_domain::call::{self, Call};
use bando_domain::document::DocumentRules;
use bando_domain::grant;
use bando_domain::ids::{ApplicationId, CallId};
use bando_domain::project::{Path, Project};
use bando_domain::ranking::{Candidate, Placed, Ranked};
use bando_domain::rules::AllocationPolicy;
use bando_domain::scoring::Score;
use bando_store::{Error, Tx, Versioned, applications, calls, record};
use bando_tests::seed::Dice;
use bando_workflow::Command;
use bando_workflow::applications as use_applications;
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

use super::{Track, after, every_seed, no_consequences, person};
use crate::store_contract::fixture::{self, Backend, act, now};

/// Who comes at once; the budget is enough for two of them and the smallest part of a third.
const COMERS: u32 = 4;

/// Of consortia that agreed on no multi-year programme.
fn project() -> Project {
    Project {
        programme_year: None,
        ..fixture::project()
    }
}

async fn stage(track: &Track, seed: u64) -> (Call, Vec<Versioned<Application>>) {
    let id = track.call_id(seed);
    let mut terms = track.bed.call.value.terms.clone();
    terms.rules.allocation = AllocationPolicy::FirstCome;
    // Nobody waits for a file here.
    terms.documents = DocumentRules::default();
    let each = grant::of_project(&project(), &terms.rules).amount;
    terms.budget = each.plus(each).plus(terms.rules.smallest_grant());
    let consortia = track.consortia.clone();
    let staged = track.bed.store.write(act(), async move |tx: &Tx| {
        let loaded = call::Event::Loaded {
            id,
            terms: Box::new(terms),
        };
        // Of its history only what the race stands on.
        let known = record::<Call>(tx, None, &loaded, no_consequences()).await?;
        let opened = call::Event::Opened;
        let known = record(tx, Some(known), &opened, no_consequences()).await?;
        let mut drafts = Vec::new();
        for consortium in consortia {
            let drafted = application::Event::Drafted {
                id: ApplicationId(tx.new_id()),
                call: known.value.id.clone(),
                consortium,
            };
            let draft = record::<Application>(tx, None, &drafted, no_consequences()).await?;
            let edited = application::Event::Edited {
                version: draft.version + 1,
                paths: Path::ALL.to_vec(),
                project: Box::new(project()),
            };
            drafts.push(record(tx, Some(draft), &edited, no_consequences()).await?);
        }
        Ok::<_, Error>((known.value, drafts))
    });
    staged.await.unwrap()
}

/// The instant of an accepted submission; `None` for one that came after the budget was spent.
async fn submits(
    track: Track,
    command: Command,
    call: CallId,
    draft: Versioned<Application>,
) -> Option<DateTime<Utc>> {
    let (id, etag) = (draft.value.id, draft.version.to_string());
    match use_applications::submit(&track.cx, &command, &call, id, &etag).await {
        Ok(submitted) => {
            let counted = submitted.view.application.value.counted().cloned();
            counted.map(|sealed| sealed.received_at)
        }
        Err(bando_workflow::Error::Refused(refused)) if refused.reason == "CALL_CLOSED" => None,
        Err(error) => panic!("{error:?}"),
    }
}

async fn race(track: &Track, seed: u64) {
    let (call, drafts) = stage(track, seed).await;
    let mut dice = Dice::new(seed);
    let mut running = Vec::new();
    for draft in &drafts {
        let consortium = draft.value.consortium;
        let mut command = person("consorzio", Role::Consortium, Some(consortium));
        // Few instants, so that some come at the very same one.
        let at = i64::try_from(dice.below(6)).unwrap();
        command.received_at = now() + TimeDelta::microseconds(at);
        let turns = dice.below(12);
        let received_at = command.received_at;
        let submitting = submits(track.clone(), command, call.id.clone(), draft.clone());
        running.push((received_at, tokio::spawn(after(turns, submitting))));
    }
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for (received_at, running) in running {
        match running.await.unwrap() {
            Some(_) => accepted.push(received_at),
            None => refused.push(received_at),
        }
    }
    expect_fair(track, &call, &accepted, &refused).await;
    expect_within_budget(track, &call, &drafts).await;
}

/// The close tells the accepted from the refused, and it came with the submission that spent the
/// budget.
async fn expect_fair(
    track: &Track,
    before: &Call,
    accepted: &[DateTime<Utc>],
    refused: &[DateTime<Utc>],
) {
    let known = calls::get(track.bed.store.read(), &before.id)
        .await
        .unwrap();
    let window = known.value.terms.window;
    assert_eq!(window.extensions.len(), 1, "closed early, once");
    assert!(accepted.contains(&window.closes_at));
    assert!(accepted.iter().all(|at| *at <= window.closes_at));
    assert!(refused.iter().all(|at| *at > window.closes_at));
    assert!(accepted.len() >= 3, "there was money for a third");
}

async fn expect_within_budget(track: &Track, call: &Call, drafts: &[Versioned<Application>]) {
    let rules = &call.terms.rules;
    let mut received = Vec::new();
    for draft in drafts {
        let found = applications::get(track.bed.store.read(), draft.value.id)
            .await
            .unwrap();
        received.extend(
            found
                .value
                .counted()
                .map(|sealed| (found.value.id, sealed.clone())),
        );
    }
    let protocols: std::collections::BTreeSet<_> = received
        .iter()
        .map(|(_, sealed)| sealed.protocol().to_owned())
        .collect();
    assert_eq!(protocols.len(), received.len());
    received.sort_by_key(|(_, sealed)| (sealed.received_at, sealed.protocol().to_owned()));
    let placed =
        |(position, (application, sealed)): (u32, (ApplicationId, application::Submission))| {
            Placed {
                position,
                candidate: Candidate {
                    application,
                    protocol: sealed.protocol().to_owned(),
                    received_at: sealed.received_at,
                    participants: 8,
                    grant: sealed.grant,
                    eligible: sealed.grant,
                    score: Score {
                        criteria: Vec::new(),
                        total: 0.into(),
                    },
                },
                tie_broken_by: None,
            }
        };
    let ranked = Ranked {
        entries: (1..).zip(received).map(placed).collect(),
        below_threshold: Vec::new(),
    };
    let allocation = allocate(&ranked, call.terms.budget, rules);
    assert_eq!(allocation.granted, call.terms.budget, "spent to the cent");
}

async fn last_submissions(backend: Backend) {
    let folder = TempDir::new().unwrap();
    let track = Track::lay(backend, &folder, COMERS).await;
    every_seed(|seed| {
        let track = track.clone();
        async move { race(&track, seed).await }
    })
    .await;
    track.expect_chain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_submissions_of_a_first_come_call_never_spend_more_on_sqlite() {
    last_submissions(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_submissions_of_a_first_come_call_never_spend_more_on_postgresql() {
    last_submissions(Backend::Postgres).await;
}
