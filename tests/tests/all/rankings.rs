//! A ranking explained, asked "what if" and computed again, over gRPC on the running daemon.

use bando_proto::v1;
use bando_tests::daemon::{CALL, TestDaemon};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::stories::{compute, evaluated};

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
