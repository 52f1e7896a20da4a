//! What must be true every so often and at the end, whatever happened before.

use std::collections::{BTreeMap, BTreeSet};

use bando_proto::v1;
use bando_tests::daemon::{CALL, TestDaemon, until};
use chrono::{DateTime, Utc};

use super::acts::{BUDGET_CENTS, CONSORTIA, closes_at};
use super::people::People;
use super::reducer::Model;

pub(super) async fn expect_truth(people: &People, model: &Model) {
    let daemon = &people.daemon;
    daemon.expect_order().await;
    expect_within_budget(daemon, model).await;
    expect_edges(people).await;
    expect_letters(people, model).await;
    expect_receipts(people, model).await;
}

async fn expect_within_budget(daemon: &TestDaemon, model: &Model) {
    let request = v1::ListAwardsRequest {
        parent: CALL.to_owned(),
        page_size: 100,
        ..Default::default()
    };
    let listed = daemon.officer.awards().list_awards(request).await.unwrap();
    let awards = listed.into_inner().awards;
    let sum: i64 = awards.iter().map(|award| award.amount_cents).sum();
    assert!(sum <= BUDGET_CENTS, "{sum} of {BUDGET_CENTS}");
    let papers = model.visible().papers.into_iter().flatten();
    let modelled: i64 = papers.map(|paper| paper.amount_cents).sum();
    assert_eq!(sum, modelled);
}

/// Each application's events lead along the edges there are to the state it shows.
async fn expect_edges(people: &People) {
    let mut shown = BTreeMap::new();
    for (who, name) in people.applications() {
        let seen = people.now(who).await.unwrap();
        let id = name.rsplit('/').next().unwrap().to_owned();
        shown.insert(id, (placed_alike(seen.state()), seen.etag));
    }
    let stories = async || {
        let mut stories: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for event in people.daemon.trail().await {
            if event.subject_kind == "application" {
                stories.entry(event.subject).or_default().push(event.kind);
            }
        }
        stories
    };
    // One event makes one version. PostgreSQL numbers them a moment after their commit.
    until(async || {
        let stories = stories().await;
        let told = |id: &str| stories.get(id).map_or(0, Vec::len).to_string();
        shown.iter().all(|(id, (_, etag))| told(id) == *etag)
    })
    .await;
    for (id, story) in stories().await {
        let (state, _) = shown[&id];
        assert_eq!(replayed(&story), Ok(state), "{id}: {story:?}");
    }
}

/// Every event that promises a letter has its one, and no other letter of its kind is there; what
/// lies in the folder has one Message-ID each, and is what was sent.
async fn expect_letters(people: &People, model: &Model) {
    people.wait_for_letters().await;
    let letters = people.daemon.letters().await;
    for (who, name) in people.applications() {
        let promised = &model.papers[who].as_ref().unwrap().letters;
        let own = letters.iter().filter(|letter| letter.application == name);
        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        for letter in own.filter(|letter| !BY_TIME.contains(&letter.kind.as_str())) {
            *found.entry(&letter.kind).or_default() += 1;
        }
        assert_eq!(&found, promised, "letters to consortium {who}");
    }
    let mut lying = BTreeSet::new();
    for entry in std::fs::read_dir(people.daemon.folder.path().join("letters")).unwrap() {
        let message = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let id = message_id(&message);
        assert!(lying.insert(id.clone()), "{id} is there twice");
    }
    let left = |letter: &v1::Letter| {
        matches!(
            letter.state(),
            v1::LetterState::Sent | v1::LetterState::Delivered
        )
    };
    let odd: Vec<&v1::Letter> = letters
        .iter()
        .filter(|letter| lying.contains(&letter.message_id) != left(letter))
        .collect();
    assert!(
        odd.is_empty(),
        "what lies in the folder is what was sent: {odd:#?}"
    );
    assert!(
        lying.len() == letters.iter().filter(|letter| left(letter)).count(),
        "nobody knows of some in the folder"
    );
}

/// Reminders and what begins a term come as time goes on; the model does not count them.
const BY_TIME: [&str; 3] = ["draft_reminder", "reminder", "clarification_due"];

fn message_id(message: &str) -> String {
    let line = message.lines().find(|line| line.starts_with("Message-ID:"));
    let id = line.unwrap().trim_start_matches("Message-ID:").trim();
    id.trim_matches(['<', '>'])
        .split('@')
        .next()
        .unwrap()
        .to_owned()
}

/// One receipt per submission, none after the close; protocol numbers without a gap.
async fn expect_receipts(people: &People, model: &Model) {
    let mut numbers = Vec::new();
    for (who, _) in people.applications() {
        let seen = people.now(who).await.unwrap();
        for receipt in &seen.receipts {
            let received: DateTime<Utc> = receipt.received_at.parse().unwrap();
            assert!(received <= closes_at(), "{receipt:?}");
        }
        let answers = seen.clarifications.iter().flat_map(|asked| &asked.answers);
        let answers = answers.filter_map(|answer| answer.receipt.as_ref());
        let all = seen.receipts.iter().chain(answers);
        numbers.extend(all.map(|receipt| receipt.protocol.clone()));
    }
    numbers.sort();
    let papers = model.papers.iter().flatten();
    let promised: usize = papers.map(|paper| paper.numbers).sum();
    let gapless = (1..=promised).map(|number| format!("ER-2016-{number:07}"));
    assert_eq!(numbers, gapless.collect::<Vec<_>>());
    assert!(people.applications().count() <= CONSORTIA);
}

/// An award gives each of its applications one of three places with the same event.
const fn placed_alike(state: v1::ApplicationState) -> v1::ApplicationState {
    match state {
        v1::ApplicationState::Waiting | v1::ApplicationState::BelowThreshold => {
            v1::ApplicationState::Awarded
        }
        other => other,
    }
}

/// The state that a story of events leads to, along the edges there are; the event that has none.
fn replayed(story: &[String]) -> Result<v1::ApplicationState, (v1::ApplicationState, String)> {
    use v1::ApplicationState as State;
    let mut state = State::Unspecified;
    for kind in story {
        state = match (state, kind.as_str()) {
            (State::Unspecified, "drafted") => State::Draft,
            (State::Draft | State::Submitted, "edited") => state,
            (State::Draft, "submitted") | (State::Submitted, "submitted" | "late_attempted") => {
                State::Submitted
            }
            (State::Draft | State::Lapsed | State::Late, "late_attempted") => State::Late,
            (State::Draft, "lapsed") => State::Lapsed,
            (State::Submitted | State::UnderCheck | State::Admissible, "withdrawn") => {
                State::Withdrawn
            }
            (State::Submitted, "check_opened")
            | (State::UnderCheck, "finding_recorded" | "asked")
            | (State::Admissible | State::Inadmissible, "check_reopened") => State::UnderCheck,
            (State::UnderCheck, "found_admissible") => State::Admissible,
            (State::UnderCheck, "found_inadmissible") => State::Inadmissible,
            (State::Admissible, "placed") => State::Awarded,
            _ => return Err((state, kind.clone())),
        };
    }
    Ok(state)
}
