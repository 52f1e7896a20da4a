//! Rankings and awards over gRPC on the running daemon: computed, approved, explained, asked "what
//! if" and computed again.

use bando_proto::v1;
use bando_tests::daemon::{Applicant, CALL, TestDaemon, closes_at};
use chrono::TimeDelta;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::stories::reason;

/// Three applications, checked and scored by three evaluators each, but for the last.
pub(crate) async fn evaluated(daemon: &TestDaemon) -> Vec<(Applicant, v1::Application)> {
    let mut all = Vec::new();
    for number in 1..=3 {
        let applicant = daemon.applicant(number).await;
        let draft = applicant.draft().await;
        let submitted = applicant.submit(&draft).await.unwrap().application.unwrap();
        all.push((applicant, submitted));
    }
    daemon.turn_clock_to(closes_at() + TimeDelta::days(5)).await;
    for (position, (_, application)) in all.iter_mut().enumerate() {
        *application = daemon.check(application).await;
        for evaluator in ["carlo", "diana", "elio"] {
            if position < 2 || evaluator != "elio" {
                daemon.score(&application.name, evaluator, "8").await;
            }
        }
    }
    all
}

pub(crate) async fn compute(daemon: &TestDaemon) -> Result<v1::ComputeRankingResponse, Status> {
    let request = v1::ComputeRankingRequest {
        parent: CALL.to_owned(),
        ..Default::default()
    };
    Ok(daemon
        .manager
        .rankings()
        .compute_ranking(request)
        .await?
        .into_inner())
}

pub(crate) fn approval(proposal: &v1::Proposal) -> v1::ApproveProposalRequest {
    v1::ApproveProposalRequest {
        name: proposal.name.clone(),
        etag: proposal.etag.clone(),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_missing_evaluation_is_not_zero_and_an_excluded_one_lets_the_ranking_through() {
    let daemon = TestDaemon::open().await;
    let all = evaluated(&daemon).await;
    let refusal = compute(&daemon).await.unwrap_err();
    assert_eq!(reason(&refusal), "EVALUATION_MISSING");

    let request = v1::AssignEvaluationRequest {
        parent: all[2].1.name.clone(),
        evaluator: "elio".to_owned(),
        ..Default::default()
    };
    let assigned = daemon
        .officer
        .evaluations()
        .assign_evaluation(request)
        .await
        .unwrap();
    let assigned = assigned.into_inner();
    let request = v1::ExcludeEvaluationRequest {
        name: assigned.name,
        etag: assigned.etag,
        reason: "parentela con una consorziata".to_owned(),
        ..Default::default()
    };
    daemon
        .manager
        .evaluations()
        .exclude_evaluation(request)
        .await
        .unwrap();

    let ranking = compute(&daemon).await.unwrap().ranking.unwrap();
    assert_eq!(ranking.entries.len(), 3);
}

#[tokio::test]
async fn two_tokens_of_one_person_do_not_approve_and_a_second_person_awards() {
    let daemon = TestDaemon::open().await;
    let all = evaluated(&daemon).await;
    daemon.score(&all[2].1.name, "elio", "8").await;
    let proposal = compute(&daemon).await.unwrap().proposal.unwrap();
    let second_token = daemon.person("marco.neri", v1::Role::Approver).await;

    let refusal = second_token
        .proposals()
        .approve_proposal(approval(&proposal))
        .await
        .unwrap_err();

    assert_eq!(reason(&refusal), "SECOND_PERSON_REQUIRED");
    daemon
        .approver
        .proposals()
        .approve_proposal(approval(&proposal))
        .await
        .unwrap();
    let request = v1::ProposeAwardRequest {
        parent: CALL.to_owned(),
        act: "DD 1/2016".to_owned(),
        ..Default::default()
    };
    let proposal = daemon
        .manager
        .awards()
        .propose_award(request)
        .await
        .unwrap()
        .into_inner();
    daemon
        .approver
        .proposals()
        .approve_proposal(approval(&proposal))
        .await
        .unwrap();
    assert_eq!(daemon.letters_of("awarded").await.len(), 3);
    let awarded = all[0]
        .0
        .get(&all[0].1.name)
        .await
        .unwrap()
        .placement
        .unwrap();
    assert_eq!(
        (awarded.outcome.as_str(), awarded.amount_cents),
        ("awarded", 4_200_000)
    );
}

#[tokio::test]
async fn an_application_withdrawn_after_the_ranking_makes_the_award_outdated() {
    let daemon = TestDaemon::open().await;
    let all = evaluated(&daemon).await;
    daemon.score(&all[2].1.name, "elio", "8").await;
    let proposal = compute(&daemon).await.unwrap().proposal.unwrap();
    daemon
        .approver
        .proposals()
        .approve_proposal(approval(&proposal))
        .await
        .unwrap();
    let request = v1::ProposeAwardRequest {
        parent: CALL.to_owned(),
        act: "DD 1/2016".to_owned(),
        ..Default::default()
    };
    let proposal = daemon
        .manager
        .awards()
        .propose_award(request)
        .await
        .unwrap()
        .into_inner();
    let (applicant, application) = &all[0];
    let request = v1::WithdrawApplicationRequest {
        name: application.name.clone(),
        etag: applicant.get(&application.name).await.unwrap().etag,
        reason: "rinuncia".to_owned(),
        ..Default::default()
    };
    applicant
        .desk
        .applications()
        .withdraw_application(request)
        .await
        .unwrap();

    let refusal = daemon
        .approver
        .proposals()
        .approve_proposal(approval(&proposal))
        .await
        .unwrap_err();

    assert_eq!(reason(&refusal), "RANKING_OUTDATED");
    assert_eq!(daemon.letters_of("awarded").await.len(), 0);
}

/// Three applications in a ranking that is only proposed.
async fn ranked() -> (TestDaemon, v1::Ranking) {
    let daemon = TestDaemon::open().await;
    let all = evaluated(&daemon).await;
    daemon.score(&all[2].1.name, "elio", "8").await;
    let ranking = compute(&daemon).await.unwrap().ranking.unwrap();
    (daemon, ranking)
}

#[tokio::test]
async fn an_explanation_goes_from_the_sheets_to_the_cents_and_adds_up() {
    let (daemon, ranking) = ranked().await;
    let second = &ranking.entries[1];
    let request = v1::ExplainRankingRequest {
        name: ranking.name.clone(),
        application: second.application.clone(),
    };

    let explained = daemon
        .officer
        .rankings()
        .explain_ranking(request)
        .await
        .unwrap()
        .into_inner();

    assert_eq!(explained.total, second.total);
    assert!(
        explained
            .criteria
            .iter()
            .all(|steps| steps.scores.len() == 3)
    );
    let cut: i64 = explained.steps.iter().map(|step| step.change_cents).sum();
    assert_eq!(explained.eligible_cents + cut, explained.amount_cents);
    assert_eq!(explained.amount_cents, second.amount_cents);
    assert_eq!(explained.tied_with, ranking.entries[0].protocol);
    assert_eq!(explained.tie_broken_by, second.tie_broken_by);
    let spent = ranking.entries[0].amount_cents;
    assert_eq!(explained.left_before_cents, ranking.budget_cents - spent);

    let request = v1::ExplainRankingRequest {
        name: ranking.name,
        application: format!("{CALL}/applications/{}", uuid::Uuid::nil()),
    };
    let refusal = daemon
        .officer
        .rankings()
        .explain_ranking(request)
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
}

#[tokio::test]
async fn a_simulation_shows_who_loses_and_changes_nothing() {
    let (daemon, ranking) = ranked().await;
    let full = ranking.entries[0].amount_cents;
    let unchanged = v1::SimulateAllocationRequest {
        name: ranking.name.clone(),
        ..Default::default()
    };
    let smaller = v1::SimulateAllocationRequest {
        budget_cents: Some(full * 2),
        ..unchanged.clone()
    };
    let declined = v1::SimulateAllocationRequest {
        declined_applications: vec![ranking.entries[0].application.clone()],
        ..smaller.clone()
    };
    let mut desk = daemon.officer.rankings();

    let identity = desk
        .simulate_allocation(unchanged)
        .await
        .unwrap()
        .into_inner();
    assert!(identity.shifts.iter().all(|shift| shift.gain_cents == 0));
    assert_eq!(identity.granted_after_cents, ranking.granted_cents);
    let smaller = desk
        .simulate_allocation(smaller)
        .await
        .unwrap()
        .into_inner();
    let gains: Vec<i64> = smaller
        .shifts
        .iter()
        .map(|shift| shift.gain_cents)
        .collect();
    assert_eq!(gains, [0, 0, -full]);
    assert_eq!((smaller.funded_before, smaller.funded_after), (3, 2));
    let declined = desk
        .simulate_allocation(declined)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(declined.shifts[0].after.as_ref().unwrap().outcome, "absent");
    assert_eq!(declined.shifts[2].gain_cents, 0);

    let request = v1::GetRankingRequest {
        name: ranking.name.clone(),
    };
    assert_eq!(
        desk.get_ranking(request).await.unwrap().into_inner(),
        ranking
    );
}

#[tokio::test]
async fn a_simulation_names_every_field_that_is_wrong() {
    let (daemon, ranking) = ranked().await;
    let request = v1::SimulateAllocationRequest {
        name: ranking.name,
        budget_cents: Some(-1),
        rate_basis_points: Some(10_001),
        threshold: Some("sixty".to_owned()),
        ..Default::default()
    };

    let refusal = daemon
        .officer
        .rankings()
        .simulate_allocation(request)
        .await
        .unwrap_err();

    let told = refusal.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = told
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["budget_cents", "rate_basis_points", "threshold"]);
}

#[tokio::test]
async fn a_ranking_recomputes_and_tells_what_was_changed_since() {
    let (daemon, ranking) = ranked().await;
    let request = v1::VerifyRankingRequest {
        name: ranking.name.clone(),
    };
    let mut desk = daemon.officer.rankings();
    let verified = desk
        .verify_ranking(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(
        verified.holds && verified.changed_since.is_empty(),
        "{verified:?}"
    );
    assert_eq!(verified.inputs_sha256, ranking.inputs_sha256);

    let request_of_list = v1::ListEvaluationsRequest {
        parent: ranking.entries[0].application.clone(),
        ..Default::default()
    };
    let listed = daemon
        .officer
        .evaluations()
        .list_evaluations(request_of_list)
        .await
        .unwrap();
    let evaluation = listed.into_inner().evaluations.remove(0);
    let exclusion = v1::ExcludeEvaluationRequest {
        name: evaluation.name,
        etag: evaluation.etag,
        reason: "conflitto emerso dopo la graduatoria".to_owned(),
        ..Default::default()
    };
    daemon
        .manager
        .evaluations()
        .exclude_evaluation(exclusion)
        .await
        .unwrap();

    let verified = desk.verify_ranking(request).await.unwrap().into_inner();
    assert!(verified.holds, "{verified:?}");
    assert_eq!(
        verified.changed_since,
        [ranking.entries[0].protocol.clone()]
    );
}
