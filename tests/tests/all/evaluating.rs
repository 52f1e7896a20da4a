//! Evaluating over gRPC on the running daemon, on both databases: who may see what before and
//! after which declaration, who is drawn, and what happens when sheets or people do not go
//! together.

use bando_daemon::samples;
use bando_proto::v1;
use bando_tests::daemon::{CALL, TestDaemon};
use bando_tests::desk::Desk;
use bando_tests::evaluating::sheet;
use tonic::{Code, Status};

use crate::rankings::compute;
use crate::stories::reason;

/// The sample call, whose evaluators see the other sheets after their own and agree when more
/// than twenty points lie between them.
fn talking_call() -> String {
    let (_, file) = samples::CALL_2016;
    let keys = "evaluators_see_others = true\nconsensus.max_spread = 20\n";
    file.replacen(
        "[rules.score_grid]\n",
        &format!("[rules.score_grid]\n{keys}"),
        1,
    )
}

fn plain_call() -> String {
    samples::CALL_2016.1.to_owned()
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    reason(&answer.unwrap_err())
}

macro_rules! on_both_databases {
    ($($story:ident, $on_postgresql:ident;)+) => {$(
        #[tokio::test]
        async fn $story() {
            told::$story(TestDaemon::start().await).await;
        }

        #[tokio::test]
        async fn $on_postgresql() {
            told::$story(TestDaemon::on_postgresql().await).await;
        }
    )+};
}

on_both_databases! {
    an_application_opens_only_after_the_declaration,
        an_application_opens_only_after_the_declaration_on_postgresql;
    a_shared_mail_domain_stops_an_evaluator_until_a_manager_lifts_it,
        a_shared_mail_domain_stops_an_evaluator_until_a_manager_lifts_it_on_postgresql;
    a_conflict_ends_the_work_and_another_evaluator_takes_over,
        a_conflict_ends_the_work_and_another_evaluator_takes_over_on_postgresql;
    sheets_too_far_apart_are_revised_or_agreed_on_before_anything_is_ranked,
        sheets_too_far_apart_are_revised_or_agreed_on_before_anything_is_ranked_on_postgresql;
    evaluators_are_drawn_by_lot_and_drawn_again_only_where_one_is_missing,
        evaluators_are_drawn_by_lot_and_drawn_again_only_where_one_is_missing_on_postgresql;
    an_exclusion_tells_what_it_does_before_it_is_done,
        an_exclusion_tells_what_it_does_before_it_is_done_on_postgresql;
}

mod told {
    use super::*;

    pub(super) async fn an_application_opens_only_after_the_declaration(daemon: TestDaemon) {
        let (_, application) = daemon.admissible(&plain_call(), 1).await.remove(0);
        let carlo = daemon.person("carlo", v1::Role::Evaluator).await;
        let nobody = carlo.open_application(&application.name).await.unwrap_err();
        assert_eq!(nobody.code(), Code::NotFound);
        let assigned = daemon.assign(&application.name, "carlo").await.unwrap();

        let closed = carlo.open_application(&application.name).await.unwrap_err();
        assert_eq!(
            (closed.code(), reason(&closed).as_str()),
            (Code::FailedPrecondition, "CONFLICT_NOT_DECLARED")
        );
        assert_eq!(listed(&carlo).await, 0);
        let unseen = carlo.sign_off(&assigned, "8").await;
        assert_eq!(refused(unseen), "CONFLICT_NOT_DECLARED");
        let submission = v1::GetSubmissionRequest {
            name: application.name.clone(),
            number: 0,
        };
        let sealed = carlo.applications().get_submission(submission).await;
        assert_eq!(refused(sealed), "CONFLICT_NOT_DECLARED");
        let papers = v1::ListDocumentsRequest {
            parent: application.name.clone(),
            ..Default::default()
        };
        let closed = carlo.documents().list_documents(papers.clone()).await;
        assert_eq!(refused(closed), "CONFLICT_NOT_DECLARED");
        let request = v1::GetCoverRequest {
            name: assigned.name.clone(),
        };
        let cover = carlo.evaluations().get_cover(request).await.unwrap();
        let cover = cover.into_inner();
        assert_eq!(cover.consortium_title, "Consorzio 1 dell'Unità");
        assert_eq!(cover.members.len(), 10);
        assert_eq!(cover.project_title, "Insieme a Hannover");

        let declared = carlo.declare_free(&assigned).await.unwrap();

        assert!(carlo.open_application(&application.name).await.is_ok());
        assert!(carlo.documents().list_documents(papers).await.is_ok());
        assert_eq!(listed(&carlo).await, 1);
        let scored = carlo.sign_off(&declared, "8").await.unwrap();
        assert_eq!(scored.state(), v1::EvaluationState::Scored);
    }

    async fn listed(desk: &Desk) -> usize {
        let request = v1::ListApplicationsRequest {
            parent: CALL.to_owned(),
            ..Default::default()
        };
        let listed = desk.applications().list_applications(request).await;
        listed.unwrap().into_inner().applications.len()
    }

    pub(super) async fn a_shared_mail_domain_stops_an_evaluator_until_a_manager_lifts_it(
        daemon: TestDaemon,
    ) {
        let (_, application) = daemon.admissible(&plain_call(), 1).await.remove(0);
        // The consortium's own domain is example.invalid.
        daemon.register("diana", "diana@mail.example.invalid").await;
        let diana = daemon.person("diana", v1::Role::Evaluator).await;
        let assigned = daemon.assign(&application.name, "diana").await.unwrap();
        assert_eq!(assigned.flags.len(), 1);
        assert_eq!(assigned.flags[0].kind, "same_mail_domain");

        let open = diana.open_application(&application.name).await;
        assert_eq!(refused(open), "EVALUATOR_FLAGGED");
        assert_eq!(
            refused(diana.declare_free(&assigned).await),
            "EVALUATOR_FLAGGED"
        );
        let at_once = v1::ScoreEvaluationRequest {
            name: assigned.name.clone(),
            etag: assigned.etag.clone(),
            free_of_conflict: true,
            scores: sheet("8"),
            ..Default::default()
        };
        let scored = diana.evaluations().score_evaluation(at_once.clone()).await;
        assert_eq!(refused(scored), "EVALUATOR_FLAGGED");
        assert_eq!(daemon.progress().await.applications[0].flagged, 1);
        let lift = v1::LiftFlagsRequest {
            name: assigned.name.clone(),
            etag: assigned.etag.clone(),
            reason: "dominio del fornitore di posta".to_owned(),
            ..Default::default()
        };
        let officer = daemon.officer.evaluations().lift_flags(lift.clone()).await;
        assert_eq!(officer.unwrap_err().code(), Code::PermissionDenied);

        let lifted = daemon.manager.evaluations().lift_flags(lift).await.unwrap();

        let lifted = lifted.into_inner();
        assert!(lifted.flags.is_empty());
        assert_eq!(lifted.lifted[0].by, "marco.neri");
        let at_once = v1::ScoreEvaluationRequest {
            etag: lifted.etag,
            ..at_once
        };
        let scored = diana.evaluations().score_evaluation(at_once).await.unwrap();
        assert!(scored.into_inner().declared_at.is_some());
    }

    pub(super) async fn a_conflict_ends_the_work_and_another_evaluator_takes_over(
        daemon: TestDaemon,
    ) {
        let (applicant, application) = daemon.admissible(&plain_call(), 1).await.remove(0);
        daemon.score(&application.name, "carlo", "8").await;
        daemon.score(&application.name, "diana", "8").await;
        let elio = daemon.person("elio", v1::Role::Evaluator).await;
        let assigned = daemon.assign(&application.name, "elio").await.unwrap();
        let declared = elio.declare_free(&assigned).await.unwrap();
        let scored = elio.sign_off(&declared, "2").await.unwrap();
        assert_eq!(
            refused(elio.declare_conflict(&scored, " ").await),
            "REASON_REQUIRED"
        );

        let ended = elio
            .declare_conflict(&scored, "un cugino è socio")
            .await
            .unwrap();

        assert_eq!(ended.state(), v1::EvaluationState::Conflicted);
        let hidden = elio.open_application(&application.name).await.unwrap_err();
        assert_eq!(hidden.code(), Code::NotFound);
        assert!(
            elio.evaluation(&ended.name)
                .await
                .unwrap()
                .scores
                .is_empty()
        );
        assert_eq!(refused(compute(&daemon).await), "EVALUATION_MISSING");
        let progress = daemon.progress().await.applications.remove(0);
        assert_eq!((progress.missing, progress.conflicted), (1, 1));
        let again = daemon.assign(&application.name, "elio").await;
        assert_eq!(refused(again), "EVALUATION_EXISTS");
        let request = v1::ReassignEvaluationRequest {
            name: ended.name.clone(),
            etag: ended.etag.clone(),
            evaluator: "franca".to_owned(),
            reason: "conflitto dichiarato".to_owned(),
            ..Default::default()
        };
        let officer = daemon.officer.clone();
        let new = officer.evaluations().reassign_evaluation(request).await;
        let new = new.unwrap().into_inner();
        assert_eq!(new.replaces, ended.name);
        let franca = daemon.person("franca", v1::Role::Evaluator).await;
        let declared = franca.declare_free(&new).await.unwrap();
        franca.sign_off(&declared, "9").await.unwrap();
        let ranking = compute(&daemon).await.unwrap().ranking.unwrap();
        assert_eq!(ranking.entries[0].total, "83.33");
        assert_eq!(daemon.progress().await.applications[0].missing, 0);
        nobody_else_learns_of_it(&applicant.desk, &application).await;
    }

    /// A consortium learns neither who evaluates it nor how many, nor of the conflict.
    async fn nobody_else_learns_of_it(desk: &Desk, application: &v1::Application) {
        let request = v1::ListEvaluationsRequest {
            parent: application.name.clone(),
            ..Default::default()
        };
        let listed = desk.evaluations().list_evaluations(request).await;
        assert_eq!(listed.unwrap_err().code(), Code::PermissionDenied);
        let request = v1::ListEventsRequest {
            parent: bando_tests::daemon::PROGRAMME.to_owned(),
            page_size: 1_000,
            ..Default::default()
        };
        let events = desk.events().list_events(request).await.unwrap();
        let told = format!("{:?}", events.into_inner().events);
        for name in ["carlo", "diana", "elio", "franca", "cugino"] {
            assert!(!told.contains(name), "{name} is told: {told}");
        }
        let own = format!(
            "{:?}",
            desk.open_application(&application.name).await.unwrap()
        );
        assert!(!own.contains("carlo") && !own.contains("franca"));
    }

    pub(super) async fn sheets_too_far_apart_are_revised_or_agreed_on_before_anything_is_ranked(
        daemon: TestDaemon,
    ) {
        let all = daemon.admissible(&talking_call(), 2).await;
        let people = ["carlo", "diana", "elio"];
        for (_, application) in &all {
            for (evaluator, score) in people.into_iter().zip(["5", "8", "8"]) {
                daemon.score(&application.name, evaluator, score).await;
            }
        }
        let refusal = compute(&daemon).await.unwrap_err();
        assert_eq!(reason(&refusal), "CONSENSUS_OPEN");
        let protocols: Vec<_> = daemon.progress().await.applications;
        for row in &protocols {
            assert!(refusal.message().contains(&row.protocol), "{refusal}");
            assert_eq!((row.consensus.as_str(), row.spread()), ("open", "30"));
        }

        revise(&daemon, &all[0].1, "carlo", "6").await;
        agree(&daemon, &all[1].1, &people, "7.5").await;

        let ranking = compute(&daemon).await.unwrap().ranking.unwrap();
        let totals: Vec<&str> = ranking.entries.iter().map(|e| e.total.as_str()).collect();
        assert_eq!(totals, ["75.00", "73.33"]);
        let verified = v1::VerifyRankingRequest {
            name: format!("{CALL}/rankings/-"),
        };
        let verified = daemon.auditor.rankings().verify_ranking(verified).await;
        assert!(verified.unwrap().into_inner().holds);
    }

    async fn evaluation_of(desk: &Desk, application: &v1::Application) -> v1::Evaluation {
        let mut own = desk.evaluations_of(CALL).await;
        own.retain(|known| known.name.starts_with(&application.name));
        own.remove(0)
    }

    async fn revise(daemon: &TestDaemon, application: &v1::Application, who: &str, score: &str) {
        let desk = daemon.person(who, v1::Role::Evaluator).await;
        let known = evaluation_of(&desk, application).await;
        let mut request = v1::ReviseEvaluationRequest {
            name: known.name,
            etag: known.etag,
            scores: sheet(score),
            ..Default::default()
        };
        let unreasoned = desk.evaluations().revise_evaluation(request.clone()).await;
        assert_eq!(refused(unreasoned), "REASON_REQUIRED");
        "letto male l'allegato".clone_into(&mut request.reason);

        let revised = desk.evaluations().revise_evaluation(request.clone()).await;

        let revised = revised.unwrap().into_inner();
        assert_eq!(revised.earlier[0].scores, sheet("5"));
        request.etag = revised.etag;
        let settled = desk.evaluations().revise_evaluation(request).await;
        assert_eq!(refused(settled), "CONSENSUS_NOT_OPEN");
    }

    async fn agree(
        daemon: &TestDaemon,
        application: &v1::Application,
        people: &[&str],
        score: &str,
    ) {
        let request = v1::ProposeConsensusRequest {
            parent: application.name.clone(),
            scores: sheet(score),
            reason: "seduta del nucleo del 20 giugno".to_owned(),
            ..Default::default()
        };
        let proposed = daemon
            .manager
            .evaluations()
            .propose_consensus(request)
            .await;
        assert_eq!(
            proposed.unwrap().into_inner().evaluations.len(),
            people.len()
        );
        for (position, who) in people.iter().enumerate() {
            assert_eq!(refused(compute(daemon).await), "CONSENSUS_OPEN");
            let progress = daemon.progress().await.applications;
            let row = progress
                .iter()
                .find(|row| row.application == application.name);
            assert_eq!(row.unwrap().waiting_for, people[position..]);
            let desk = daemon.person(who, v1::Role::Evaluator).await;
            let known = evaluation_of(&desk, application).await;
            let request = v1::ConfirmConsensusRequest {
                name: known.name,
                etag: known.etag,
                ..Default::default()
            };
            let confirmed = desk.evaluations().confirm_consensus(request).await;
            assert!(
                confirmed
                    .unwrap()
                    .into_inner()
                    .agreed
                    .unwrap()
                    .confirmed_at
                    .is_some()
            );
        }
    }

    pub(super) async fn evaluators_are_drawn_by_lot_and_drawn_again_only_where_one_is_missing(
        daemon: TestDaemon,
    ) {
        daemon.admissible(&plain_call(), 4).await;
        for person in ["carlo", "diana", "elio", "franca"] {
            daemon
                .register(person, &format!("{person}@ateneo.example"))
                .await;
        }
        daemon.register("gino", "gino@example.invalid").await;
        let mut request = v1::DrawAssignmentsRequest {
            parent: CALL.to_owned(),
            evaluators: ["carlo", "diana", "elio", "gino", "ugo"]
                .map(Into::into)
                .to_vec(),
            seed: "Lotto Bologna 17-42-88".to_owned(),
            validate_only: true,
            ..Default::default()
        };
        let unknown = draw(&daemon, &request).await.unwrap_err();
        assert!(unknown.message().contains("evaluators[4]"), "{unknown}");
        request.evaluators = ["carlo", "diana", "gino"].map(Into::into).to_vec();
        let few = draw(&daemon, &request).await;
        assert_eq!(refused(few), "EVALUATORS_TOO_FEW");
        let people = ["carlo", "diana", "elio", "franca", "gino"];
        request.evaluators = people.map(Into::into).to_vec();

        let dry = draw(&daemon, &request).await.unwrap();

        assert!(daemon.officer.evaluations_of(CALL).await.is_empty());
        request.validate_only = false;
        let drawn = draw(&daemon, &request).await.unwrap();
        assert_eq!(pairs(&drawn), pairs(&dry));
        assert_eq!((drawn.evaluations.len(), drawn.barred.len()), (12, 4));
        let progress = daemon.progress().await;
        assert!(progress.applications.iter().all(|row| row.missing == 0));
        let loads: Vec<i64> = progress
            .evaluators
            .iter()
            .map(|one| one.to_declare)
            .collect();
        assert_eq!(loads, [3, 3, 3, 3]);
        let nothing = draw(&daemon, &request).await.unwrap();
        assert!(nothing.evaluations.is_empty());
        logged_once(&daemon).await;

        let carlo = daemon.person("carlo", v1::Role::Evaluator).await;
        let own = carlo.evaluations_of(CALL).await.remove(0);
        carlo.declare_conflict(&own, "lite pendente").await.unwrap();
        let again = draw(&daemon, &request).await.unwrap();
        assert_eq!(again.evaluations.len(), 1);
        assert_ne!(again.evaluations[0].evaluator, "carlo");
    }

    async fn draw(
        daemon: &TestDaemon,
        request: &v1::DrawAssignmentsRequest,
    ) -> Result<v1::DrawAssignmentsResponse, Status> {
        let mut desk = daemon.officer.evaluations();
        Ok(desk.draw_assignments(request.clone()).await?.into_inner())
    }

    fn pairs(drawn: &v1::DrawAssignmentsResponse) -> Vec<(String, String)> {
        let pair = |known: &v1::Evaluation| {
            let (application, _) = known.name.split_once("/evaluations/").unwrap();
            (application.to_owned(), known.evaluator.clone())
        };
        drawn.evaluations.iter().map(pair).collect()
    }

    /// The audit trail of the call holds the seed, the people and the result.
    async fn logged_once(daemon: &TestDaemon) {
        let request = v1::ListEventsRequest {
            parent: bando_tests::daemon::PROGRAMME.to_owned(),
            page_size: 1_000,
            ..Default::default()
        };
        let events = daemon.auditor.events().list_events(request).await.unwrap();
        let mut drawn = events.into_inner().events;
        drawn.retain(|event| event.kind == "assignments_drawn");
        assert_eq!(drawn.len(), 1);
        let told = format!("{:?}", drawn[0]);
        for part in ["Lotto Bologna 17-42-88", "gino", "franca"] {
            assert!(told.contains(part), "{part} is not in {told}");
        }
    }

    pub(super) async fn an_exclusion_tells_what_it_does_before_it_is_done(daemon: TestDaemon) {
        let all = daemon.admissible(&plain_call(), 2).await;
        for (score, (_, application)) in ["7", "7.5"].into_iter().zip(&all) {
            for evaluator in ["carlo", "diana"] {
                daemon.score(&application.name, evaluator, score).await;
            }
        }
        let low = daemon.score(&all[0].1.name, "elio", "6").await;
        let high = daemon.score(&all[1].1.name, "elio", "3.1").await;
        let mut request = v1::ExcludeEvaluationRequest {
            name: high.name.clone(),
            etag: high.etag.clone(),
            reason: "valutazione su altra domanda".to_owned(),
            validate_only: true,
            ..Default::default()
        };
        let mut desk = daemon.manager.evaluations();
        let dry = desk.exclude_evaluation(request.clone()).await.unwrap();
        let effect = dry.into_inner().effect.unwrap();

        let (before, after) = (effect.before.unwrap(), effect.after.unwrap());
        assert_eq!((before.total(), before.position()), ("60.33", 2));
        assert_eq!((after.total(), after.position()), ("75.00", 1));
        assert_eq!((after.required, after.present), (2, 2));
        let known = daemon.officer.evaluation(&high.name).await.unwrap();
        assert_eq!(known.state(), v1::EvaluationState::Scored);
        request.validate_only = false;
        let done = desk.exclude_evaluation(request).await.unwrap().into_inner();
        assert_eq!(done.effect.unwrap().after.unwrap(), after);
        let ranking = compute(&daemon).await.unwrap().ranking.unwrap();
        assert_eq!(ranking.entries[0].total, "75.00");
        assert!(low.effect.is_none());
    }
}

#[tokio::test]
async fn nobody_sees_other_sheets_before_their_own_is_signed() {
    let daemon = TestDaemon::start().await;
    let (_, application) = daemon.admissible(&talking_call(), 1).await.remove(0);
    let other = daemon.score(&application.name, "carlo", "8").await;
    let diana = daemon.person("diana", v1::Role::Evaluator).await;
    let assigned = daemon.assign(&application.name, "diana").await.unwrap();
    let declared = diana.declare_free(&assigned).await.unwrap();
    assert_eq!(diana.evaluations_of(&application.name).await.len(), 1);
    let hidden = diana.evaluation(&other.name).await.unwrap_err();
    assert_eq!(hidden.code(), Code::NotFound);

    let scored = diana.sign_off(&declared, "7").await.unwrap();

    assert_eq!(diana.evaluations_of(&application.name).await.len(), 2);
    assert_eq!(
        diana.evaluation(&other.name).await.unwrap().scores,
        sheet("8")
    );
    diana
        .declare_conflict(&scored, "lite pendente")
        .await
        .unwrap();
    assert_eq!(diana.evaluations_of(&application.name).await.len(), 1);
    assert!(diana.evaluation(&other.name).await.is_err());
}

#[tokio::test]
async fn a_call_that_does_not_say_so_never_shows_other_sheets() {
    let daemon = TestDaemon::start().await;
    let (_, application) = daemon.admissible(&plain_call(), 1).await.remove(0);
    let other = daemon.score(&application.name, "carlo", "8").await;
    daemon.score(&application.name, "diana", "7").await;

    let diana = daemon.person("diana", v1::Role::Evaluator).await;

    assert_eq!(diana.evaluations_of(&application.name).await.len(), 1);
    assert!(diana.evaluation(&other.name).await.is_err());
}

#[tokio::test]
async fn who_evaluates_holds_no_token_of_the_office_and_the_other_way_round() {
    let daemon = TestDaemon::start().await;
    let (_, application) = daemon.admissible(&plain_call(), 1).await.remove(0);
    for officer in ["anna.bianchi", "ada.conti"] {
        let refusal = daemon.assign(&application.name, officer).await;
        assert_eq!(refused(refusal), "EVALUATOR_IS_OFFICER", "{officer}");
    }
    daemon.assign(&application.name, "carlo").await.unwrap();
    let token = v1::Token {
        person: "carlo".to_owned(),
        roles: vec![v1::Role::Viewer.into()],
        programme: bando_tests::daemon::PROGRAMME.to_owned(),
        ..Default::default()
    };
    let request = v1::CreateTokenRequest {
        token: Some(token),
        days: 30,
        ..Default::default()
    };

    let refusal = daemon.admin.tokens().create_token(request).await;

    assert_eq!(refused(refusal), "EVALUATOR_IS_OFFICER");
}

#[tokio::test]
async fn what_the_register_learns_later_takes_a_signed_sheet_out_of_the_count() {
    let daemon = TestDaemon::start().await;
    let (_, application) = daemon.admissible(&plain_call(), 1).await.remove(0);
    let known = daemon.register("carlo", "carlo@ateneo.example").await;
    for evaluator in ["carlo", "diana", "elio"] {
        daemon.score(&application.name, evaluator, "8").await;
    }
    let member = bando_tests::daemon::consortium(1)
        .profile
        .unwrap()
        .members
        .remove(3);
    let request = v1::UpdateEvaluatorRequest {
        evaluator: Some(v1::Evaluator {
            employer_partita_iva: member.partita_iva.clone(),
            ..known
        }),
        ..Default::default()
    };
    daemon
        .officer
        .evaluators()
        .update_evaluator(request)
        .await
        .unwrap();

    let all = daemon.officer.evaluations_of(&application.name).await;
    let carlo = all.iter().find(|known| known.evaluator == "carlo").unwrap();
    assert_eq!(carlo.flags[0].kind, "same_partita_iva");
    assert_eq!(carlo.flags[0].firm, member.partita_iva);
    assert_eq!(refused(compute(&daemon).await), "EVALUATION_MISSING");
}

#[tokio::test]
async fn a_call_may_ask_for_a_comment_on_every_score() {
    let daemon = TestDaemon::start().await;
    let file = plain_call().replacen(
        "[rules.score_grid]\n",
        "[rules.score_grid]\ncomments_required = true\n",
        1,
    );
    let (_, application) = daemon.admissible(&file, 1).await.remove(0);
    let carlo = daemon.person("carlo", v1::Role::Evaluator).await;
    let assigned = daemon.assign(&application.name, "carlo").await.unwrap();
    let declared = carlo.declare_free(&assigned).await.unwrap();

    let refusal = carlo.sign_off(&declared, "8").await.unwrap_err();

    assert_eq!(refusal.code(), Code::InvalidArgument);
    assert!(refusal.message().contains("scores[0].comment"), "{refusal}");
}
