//! Who evaluates: assigned by the office, declared and scored by themselves.

use bando_proto::v1;
use bando_tests::evaluating::sheet;

use super::{Answer, People, nothing_yet, told};
use crate::model::acts::{EVALUATORS, SCORES};

impl People {
    fn application(&self, who: usize) -> Result<String, String> {
        let name = self.parties[who].application.clone();
        name.map_or_else(nothing_yet, Ok)
    }

    async fn evaluation(&self, who: usize, evaluator: usize) -> Result<v1::Evaluation, String> {
        let name = self.application(who)?;
        let all = self.daemon.officer.evaluations_of(&name).await;
        let mut all = all.into_iter();
        let own = all.find(|found| found.evaluator == EVALUATORS[evaluator]);
        own.map_or_else(nothing_yet, Ok)
    }

    pub(super) async fn assign(&mut self, who: usize, evaluator: usize) -> Answer {
        let request = v1::AssignEvaluationRequest {
            parent: self.application(who)?,
            evaluator: EVALUATORS[evaluator].to_owned(),
            ..Default::default()
        };
        let by = self.daemon.officer.secret.clone();
        self.tell(&by, request).await.map(drop)
    }

    pub(super) async fn read(&self, who: usize, evaluator: usize) -> Answer {
        let name = self.application(who)?;
        let opened = self.evaluators[evaluator].open_application(&name).await;
        opened.map(drop).map_err(|status| told(&status))
    }

    pub(super) async fn declare(&mut self, who: usize, evaluator: usize, free: bool) -> Answer {
        let known = self.evaluation(who, evaluator).await?;
        let (declaration, reason) = if free {
            (v1::ConflictDeclaration::None, "")
        } else {
            (v1::ConflictDeclaration::Conflict, "parentela")
        };
        let request = v1::DeclareConflictRequest {
            name: known.name,
            etag: known.etag,
            declaration: declaration.into(),
            reason: reason.to_owned(),
            ..Default::default()
        };
        let by = self.evaluators[evaluator].secret.clone();
        self.tell(&by, request).await.map(drop)
    }

    pub(super) async fn score(&mut self, who: usize, evaluator: usize) -> Answer {
        let known = self.evaluation(who, evaluator).await?;
        let request = v1::ScoreEvaluationRequest {
            name: known.name,
            etag: known.etag,
            scores: sheet(SCORES[who]),
            ..Default::default()
        };
        let by = self.evaluators[evaluator].secret.clone();
        self.tell(&by, request).await.map(drop)
    }

    pub(super) async fn exclude(&mut self, who: usize, evaluator: usize) -> Answer {
        let known = self.evaluation(who, evaluator).await?;
        let request = v1::ExcludeEvaluationRequest {
            name: known.name,
            etag: known.etag,
            reason: "parentela con una consorziata".to_owned(),
            ..Default::default()
        };
        let by = self.daemon.manager.secret.clone();
        self.tell(&by, request).await.map(drop)
    }

    pub(super) async fn reassign(&mut self, who: usize, from: usize, to: usize) -> Answer {
        let known = self.evaluation(who, from).await?;
        let request = v1::ReassignEvaluationRequest {
            name: known.name,
            etag: known.etag,
            evaluator: EVALUATORS[to].to_owned(),
            reason: "indisponibile".to_owned(),
            ..Default::default()
        };
        let by = self.daemon.officer.secret.clone();
        self.tell(&by, request).await.map(drop)
    }
}
