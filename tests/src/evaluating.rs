//! What people of a call's evaluation do, each as one act.

use bando_proto::v1;
use bando_store::Settings;
use chrono::TimeDelta;
use tempfile::TempDir;
use tonic::Status;

use crate::daemon::{Applicant, CALL, Office, PROGRAMME, TestDaemon, closes_at, config, opens_at};
use crate::desk::Desk;
use crate::postgres;

/// A sheet with one score for every criterion of the sample call.
pub fn sheet(score: &str) -> Vec<v1::Score> {
    let criteria = ["A", "B", "C", "D", "E"].map(|criterion| v1::Score {
        criterion: criterion.to_owned(),
        score: score.to_owned(),
        comment: String::new(),
    });
    criteria.to_vec()
}

impl TestDaemon {
    /// The same, on a fresh database of PostgreSQL.
    pub async fn on_postgresql() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut config = config(folder.path()).expect("a configuration");
        let url = postgres::fresh_database().await.expect("a database");
        config.database = Settings::Postgres {
            url,
            connections: 8,
        };
        let daemon = Self::start_with(folder, config).await;
        daemon.expect("the daemon starts")
    }
}

impl Office {
    /// Publishes the call of `file`, has `number` consortia submit, and finds all admissible.
    pub async fn admissible(&self, file: &str, number: u32) -> Vec<(Applicant, v1::Application)> {
        self.load_call(file).await.expect("the call is loaded");
        self.publish().await;
        self.turn_clock_to(opens_at()).await;
        let mut all = Vec::new();
        for number in 1..=number {
            let applicant = self.applicant(number).await;
            let draft = applicant.draft().await;
            let submitted = applicant.submit(&draft).await.expect("it is submitted");
            all.push((applicant, submitted.application.expect("an application")));
        }
        self.turn_clock_to(closes_at() + TimeDelta::days(5)).await;
        for (_, application) in &mut all {
            *application = self.check(application).await;
        }
        all
    }

    /// Puts a person into the register of evaluators.
    pub async fn register(&self, person: &str, email: &str) -> v1::Evaluator {
        let evaluator = v1::Evaluator {
            person: person.to_owned(),
            title: format!("{person} Rossi"),
            email: email.to_owned(),
            ..Default::default()
        };
        let request = v1::RegisterEvaluatorRequest {
            parent: PROGRAMME.to_owned(),
            evaluator: Some(evaluator),
            ..Default::default()
        };
        let registered = self.officer.evaluators().register_evaluator(request).await;
        registered.expect("it is registered").into_inner()
    }

    pub async fn assign(
        &self,
        application: &str,
        evaluator: &str,
    ) -> Result<v1::Evaluation, Status> {
        let request = v1::AssignEvaluationRequest {
            parent: application.to_owned(),
            evaluator: evaluator.to_owned(),
            ..Default::default()
        };
        let assigned = self.officer.evaluations().assign_evaluation(request).await;
        Ok(assigned?.into_inner())
    }

    /// Assigns, declares and scores, as if it were one thing.
    pub async fn score(&self, application: &str, evaluator: &str, score: &str) -> v1::Evaluation {
        let desk = self.person(evaluator, v1::Role::Evaluator).await;
        let assigned = self.assign(application, evaluator).await;
        let declared = desk.declare_free(&assigned.expect("an assignment")).await;
        let scored = desk
            .sign_off(&declared.expect("a declaration"), score)
            .await;
        scored.expect("scores")
    }

    pub async fn progress(&self) -> v1::ListProgressResponse {
        let request = v1::ListProgressRequest {
            parent: CALL.to_owned(),
            ..Default::default()
        };
        let listed = self.officer.evaluations().list_progress(request).await;
        listed.expect("the progress").into_inner()
    }
}

impl Desk {
    pub async fn declare_free(
        &self,
        evaluation: &v1::Evaluation,
    ) -> Result<v1::Evaluation, Status> {
        let request = v1::DeclareConflictRequest {
            name: evaluation.name.clone(),
            etag: evaluation.etag.clone(),
            declaration: v1::ConflictDeclaration::None.into(),
            ..Default::default()
        };
        Ok(self
            .evaluations()
            .declare_conflict(request)
            .await?
            .into_inner())
    }

    pub async fn declare_conflict(
        &self,
        evaluation: &v1::Evaluation,
        reason: &str,
    ) -> Result<v1::Evaluation, Status> {
        let request = v1::DeclareConflictRequest {
            name: evaluation.name.clone(),
            etag: evaluation.etag.clone(),
            declaration: v1::ConflictDeclaration::Conflict.into(),
            reason: reason.to_owned(),
            ..Default::default()
        };
        Ok(self
            .evaluations()
            .declare_conflict(request)
            .await?
            .into_inner())
    }

    /// Gives one score for every criterion.
    pub async fn sign_off(
        &self,
        evaluation: &v1::Evaluation,
        score: &str,
    ) -> Result<v1::Evaluation, Status> {
        let request = v1::ScoreEvaluationRequest {
            name: evaluation.name.clone(),
            etag: evaluation.etag.clone(),
            scores: sheet(score),
            ..Default::default()
        };
        Ok(self
            .evaluations()
            .score_evaluation(request)
            .await?
            .into_inner())
    }

    pub async fn evaluation(&self, name: &str) -> Result<v1::Evaluation, Status> {
        let request = v1::GetEvaluationRequest {
            name: name.to_owned(),
        };
        Ok(self
            .evaluations()
            .get_evaluation(request)
            .await?
            .into_inner())
    }

    /// Evaluations of a call or an application that this desk sees.
    pub async fn evaluations_of(&self, parent: &str) -> Vec<v1::Evaluation> {
        let request = v1::ListEvaluationsRequest {
            parent: parent.to_owned(),
            ..Default::default()
        };
        let listed = self.evaluations().list_evaluations(request).await;
        listed.expect("evaluations").into_inner().evaluations
    }

    pub async fn open_application(&self, name: &str) -> Result<v1::Application, Status> {
        let request = v1::GetApplicationRequest {
            name: name.to_owned(),
        };
        Ok(self
            .applications()
            .get_application(request)
            .await?
            .into_inner())
    }
}
