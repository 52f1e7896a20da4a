//! Two persons at once: of two conclusions and two approvals one is carried out, the other is told
//! who came first; and parts of one draft merge. Over gRPC, on both databases.

use bando_proto::v1;
use bando_tests::daemon::{CALL, TestDaemon, closes_at, opens_at};
use chrono::TimeDelta;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::rankings::{approval, compute, evaluated};
use crate::stories::reason;

/// Runs a story on SQLite and on PostgreSQL, each from an open call.
async fn on_both(story: impl AsyncFn(TestDaemon)) {
    for daemon in [
        TestDaemon::start().await,
        TestDaemon::start_on_postgres().await,
    ] {
        daemon.publish().await;
        daemon.turn_clock_to(opens_at()).await;
        Box::pin(story(daemon)).await;
    }
}

/// The one that was refused, with what it was told.
fn refused<T>(outcomes: [Result<T, Status>; 2]) -> Status {
    let refusals: Vec<Status> = outcomes.into_iter().filter_map(Result::err).collect();
    assert_eq!(
        refusals.len(),
        1,
        "one is carried out, one refused: {refusals:?}"
    );
    refusals.into_iter().next().unwrap()
}

/// Who changed what since, as the refusal tells it.
fn told(refusal: &Status) -> String {
    assert_eq!(
        (refusal.code(), reason(refusal).as_str()),
        (Code::Aborted, "ETAG_MISMATCH"),
        "{refusal}"
    );
    let info = refusal.get_details_error_info().unwrap();
    info.metadata["change_1"].clone()
}

#[tokio::test]
async fn of_two_officers_who_conclude_at_once_one_is_told_of_the_other_and_one_letter_leaves() {
    on_both(async |daemon| {
        let applicant = daemon.applicant(1).await;
        let draft = applicant.draft().await;
        let submitted = applicant.submit(&draft).await.unwrap().application.unwrap();
        daemon.turn_clock_to(closes_at() + TimeDelta::days(1)).await;
        let request = v1::OpenCheckRequest {
            name: submitted.name.clone(),
            etag: submitted.etag.clone(),
            ..Default::default()
        };
        let mut anna = daemon.officer.eligibility();
        let mut open = anna.open_check(request).await.unwrap().into_inner();
        for rule in ["E2", "E13"] {
            let request = v1::RecordFindingRequest {
                name: open.name,
                etag: open.etag,
                rule: rule.to_owned(),
                passed: false,
                explanation: Some(v1::Text {
                    it: "manca".into(),
                    en: "missing".into(),
                }),
                ..Default::default()
            };
            open = anna.record_finding(request).await.unwrap().into_inner();
        }
        let second = daemon.person("bruno.gialli", v1::Role::Officer).await;
        let mut bruno = second.eligibility();
        let request = v1::ConcludeCheckRequest {
            name: open.name,
            etag: open.etag,
            ..Default::default()
        };

        let (one, other) = tokio::join!(
            anna.conclude_check(request.clone()),
            bruno.conclude_check(request)
        );

        let told = told(&refused([one, other]));
        assert!(told.starts_with("found_inadmissible by "), "{told}");
        assert_eq!(daemon.letters_of("inadmissible").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn of_two_approvers_at_once_one_awards_and_everybody_gets_one_letter() {
    on_both(async |daemon| {
        let all = evaluated(&daemon).await;
        daemon.score(&all[2].1.name, "elio", "8").await;
        let ranking = compute(&daemon).await.unwrap().proposal.unwrap();
        daemon.approve(&ranking).await.unwrap();
        let request = v1::ProposeAwardRequest {
            parent: CALL.to_owned(),
            act: "DD 1/2016".to_owned(),
            ..Default::default()
        };
        let proposed = daemon.manager.awards().propose_award(request).await;
        let proposal = proposed.unwrap().into_inner();
        let second = daemon.person("piero.bruni", v1::Role::Approver).await;
        let (mut paola, mut piero) = (daemon.approver.proposals(), second.proposals());

        let (one, other) = tokio::join!(
            paola.approve_proposal(approval(&proposal)),
            piero.approve_proposal(approval(&proposal))
        );

        let told = told(&refused([one, other]));
        assert!(told.starts_with("approved by p"), "{told}");
        assert_eq!(daemon.letters_of("awarded").await.len(), 3);
        let request = v1::ListAwardsRequest {
            parent: CALL.to_owned(),
            ..Default::default()
        };
        let mut desk = daemon.officer.awards();
        let awards = desk.list_awards(request).await.unwrap().into_inner().awards;
        assert_eq!(awards.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn members_who_edit_one_draft_at_once_lose_nothing_but_the_same_part() {
    on_both(async |daemon| {
        let applicant = daemon.applicant(1).await;
        let draft = applicant.draft().await;
        let whole = v1::Project {
            title: "Titolo nuovo".into(),
            summary: "Sintesi nuova".into(),
            sector: "agroalimentare".into(),
            starts_on: "2016-02-01".into(),
            ends_on: "2016-11-30".into(),
            ..draft.project.clone().unwrap()
        };
        let parts = [
            "title",
            "summary",
            "sector",
            "starts_on",
            "ends_on",
            "title",
        ];
        let edits = parts.map(|part| {
            let (applicant, draft, whole) = (applicant.clone(), draft.clone(), whole.clone());
            tokio::spawn(async move {
                let edited = applicant
                    .update(&draft.name, &draft.etag, &[part], whole)
                    .await;
                (part, edited.err())
            })
        });
        let mut refusals = Vec::new();
        for edit in edits {
            let (part, refusal) = edit.await.unwrap();
            refusals.extend(refusal.map(|refusal| (part, refusal)));
        }

        let [(part, refusal)] = &refusals[..] else {
            panic!("one of the two titles is refused, nothing else: {refusals:?}")
        };
        assert_eq!(*part, "title");
        assert!(
            told(refusal).contains("edited by consorzio1"),
            "{refusal:?}"
        );
        let merged = applicant.get(&draft.name).await.unwrap().project.unwrap();
        assert_eq!(merged, whole);
    })
    .await;
}
