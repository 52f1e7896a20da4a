//! June: three of five evaluators per application. One of them finds a cousin among the members,
//! another scores what was not hers to score.

use anyhow::Context as _;
use bando_proto::v1;
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::Play;
use crate::demo::summary::{self, ExcludedOne};

/// The application whose third evaluator declares a conflict, in order of creation.
const CONFLICT: usize = 4;
/// The application that a fourth evaluator scores in place of another.
const MISTAKEN: usize = 7;
/// What the mistaken sheet gives for every criterion.
const MISTAKEN_SCORE: &str = "2";

impl Play {
    /// The scores of the three lie around the planned mean.
    pub(super) async fn evaluate(&mut self, closes_at: DateTime<Utc>) -> anyhow::Result<()> {
        self.advance(closes_at + TimeDelta::days(20)).await?;
        let mut admissible = self.applications().await?;
        admissible.retain(|found| found.state() == v1::ApplicationState::Admissible);
        for (turn, application) in admissible.iter().enumerate() {
            for seat in 0..3 {
                if (turn, seat) == (CONFLICT, 2) {
                    self.conflict(turn, application).await?;
                } else {
                    let assigned = self.assign(application, turn + seat).await?;
                    self.declare_and_score(&assigned, application, turn + seat, seat)
                        .await?;
                }
            }
            self.timeline.step();
        }
        let mistaken = admissible.get(MISTAKEN).context("too few to be mistaken")?;
        let excluded = self.score_by_mistake(mistaken).await?;
        self.advance(closes_at + TimeDelta::days(45)).await?;
        let all = admissible.len();
        self.tell(&format!(
            "{all} admissible applications are scored by three evaluators each"
        ))
        .await?;
        self.exclude(excluded).await
    }

    async fn assign(
        &self,
        application: &v1::Application,
        evaluator: usize,
    ) -> anyhow::Result<v1::Evaluation> {
        let people = &self.office.evaluators;
        let request = v1::AssignEvaluationRequest {
            parent: application.name.clone(),
            evaluator: people[evaluator % people.len()].0.clone(),
            ..Default::default()
        };
        let mut officer = self.office.officer.evaluations();
        Ok(officer.assign_evaluation(request).await?.into_inner())
    }

    async fn declare_and_score(
        &self,
        assigned: &v1::Evaluation,
        application: &v1::Application,
        evaluator: usize,
        seat: usize,
    ) -> anyhow::Result<()> {
        let mut players = self.players.iter();
        let player = players.find(|player| player.consortium == application.consortium);
        let means = player.context("an application of nobody")?.role.scores;
        // Half a point below, at, and half a point above the mean.
        let off = Decimal::new(i64::try_from(seat)? * 5 - 5, 1);
        let scores = means.map(|mean| (mean + off).to_string());
        self.sign_off(assigned, evaluator, &scores).await?;
        Ok(())
    }

    /// Declares to be free of conflicts of interest, then scores.
    async fn sign_off(
        &self,
        assigned: &v1::Evaluation,
        evaluator: usize,
        scores: &[String],
    ) -> anyhow::Result<v1::Evaluation> {
        let people = &self.office.evaluators;
        let mut desk = people[evaluator % people.len()].1.evaluations();
        let request = v1::DeclareConflictRequest {
            name: assigned.name.clone(),
            etag: assigned.etag.clone(),
            declaration: v1::ConflictDeclaration::None.into(),
            ..Default::default()
        };
        let declared = desk.declare_conflict(request).await?.into_inner();
        let criteria = ["A", "B", "C", "D", "E"].iter().zip(scores);
        let scores = criteria.map(|(code, score)| v1::Score {
            criterion: (*code).to_owned(),
            score: score.clone(),
            comment: "valutazione sintetica".to_owned(),
        });
        let request = v1::ScoreEvaluationRequest {
            name: declared.name,
            etag: declared.etag,
            scores: scores.collect(),
            ..Default::default()
        };
        Ok(desk.score_evaluation(request).await?.into_inner())
    }

    /// The third evaluator has a cousin among the members: somebody else takes over.
    async fn conflict(&mut self, turn: usize, application: &v1::Application) -> anyhow::Result<()> {
        let assigned = self.assign(application, turn + 2).await?;
        let people = &self.office.evaluators;
        let (person, desk) = &people[(turn + 2) % people.len()];
        let successor = people[(turn + 3) % people.len()].0.clone();
        let request = v1::DeclareConflictRequest {
            name: assigned.name,
            etag: assigned.etag,
            declaration: v1::ConflictDeclaration::Conflict.into(),
            reason: "un cugino è socio di una consorziata".to_owned(),
            ..Default::default()
        };
        let ended = desk.evaluations().declare_conflict(request).await?;
        let ended = ended.into_inner();
        let told = format!(
            "{person} declares a conflict of interest over {}: {successor} takes over",
            application.consortium_title
        );
        let request = v1::ReassignEvaluationRequest {
            name: ended.name,
            etag: ended.etag,
            evaluator: successor,
            reason: "conflitto di interessi dichiarato".to_owned(),
            ..Default::default()
        };
        let mut officer = self.office.officer.evaluations();
        let assigned = officer.reassign_evaluation(request).await?.into_inner();
        self.declare_and_score(&assigned, application, turn + 3, 2)
            .await?;
        self.conflicts_reassigned += 1;
        self.tell(&told).await
    }

    /// A fourth evaluator scores an application that another one was meant for.
    async fn score_by_mistake(
        &self,
        application: &v1::Application,
    ) -> anyhow::Result<v1::Evaluation> {
        let fourth = MISTAKEN + 3;
        let assigned = self.assign(application, fourth).await?;
        let scores = vec![MISTAKEN_SCORE.to_owned(); 5];
        self.sign_off(&assigned, fourth, &scores).await
    }

    async fn exclude(&mut self, mistaken: v1::Evaluation) -> anyhow::Result<()> {
        let request = v1::ExcludeEvaluationRequest {
            name: mistaken.name,
            etag: mistaken.etag,
            reason: "ha valutato un'altra domanda".to_owned(),
            ..Default::default()
        };
        let mut manager = self.office.manager.evaluations();
        let excluded = manager.exclude_evaluation(request).await?.into_inner();
        let effect = excluded.effect.context("an exclusion without its effect")?;
        let excluded = ExcludedOne::of(&excluded.evaluator, &effect);
        self.tell(&format!(
            "marco.neri excludes the sheet of {}: it scored another application",
            excluded.evaluator
        ))
        .await?;
        self.timeline.line(&summary::exclusion(&excluded))?;
        self.excluded.push(excluded);
        Ok(())
    }
}
