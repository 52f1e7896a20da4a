//! The evaluation: sheets around what the plan thinks of each application; one evaluator has a
//! conflict of interest, and another takes over.

use bando_domain::reminder::Topic;
use bando_domain::rules::{Criterion, ScoreGrid};
use bando_domain::scoring::Sheet;
use bando_proto::v1;
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{Play, id_of, morning};
use crate::convert;

/// From the end of the checks to the assignment, and to the sheets.
const ASSIGNED_AFTER: TimeDelta = TimeDelta::days(2);
const SCORED_AFTER: TimeDelta = TimeDelta::days(8);
/// One sheet is late: the office is reminded of it.
const LAST_SCORED_AFTER: TimeDelta = TimeDelta::days(12);

/// An evaluation that somebody has to sign.
struct Seat {
    assigned: v1::Evaluation,
    evaluator: usize,
    place: usize,
    level: u32,
    application: String,
}

impl Play<'_> {
    pub(super) async fn evaluate(&mut self) -> anyhow::Result<()> {
        let zone = self.terms.window.zone;
        self.advance(morning(zone, self.now().await? + ASSIGNED_AFTER))
            .await?;
        let mut admissible = self.applications().await?;
        admissible.retain(|found| found.state() == v1::ApplicationState::Admissible);
        let mut seats = Box::pin(self.assign_all(&admissible)).await?;
        self.tell("evaluators are assigned");
        let assigned_at = self.now().await?;
        let last = seats.pop();
        self.advance(morning(zone, assigned_at + SCORED_AFTER))
            .await?;
        for seat in seats {
            self.score(seat).await?;
        }
        self.advance(morning(zone, assigned_at + LAST_SCORED_AFTER))
            .await?;
        if let Some(seat) = last {
            self.score(seat).await?;
        }
        self.tell(&format!("{} applications are evaluated", admissible.len()));
        Ok(())
    }

    async fn assign_all(&mut self, admissible: &[v1::Application]) -> anyhow::Result<Vec<Seat>> {
        let now = self.now().await?;
        let evaluators = self.terms.rules.score_grid.evaluators_per_application;
        let evaluators = usize::try_from(evaluators)?;
        // The last seat of the second application, or of the only one.
        let conflict = (admissible.len().min(2).saturating_sub(1), evaluators - 1);
        let mut seats = Vec::new();
        for (turn, application) in admissible.iter().enumerate() {
            let level = self.players[self.player_of(application)?].role.level;
            for seat in 0..evaluators {
                let mut evaluator = turn + seat;
                let mut assigned = self.assign(application, evaluator, now).await?;
                if (turn, seat) == conflict {
                    evaluator = turn + evaluators;
                    assigned = self.replace(assigned, turn + seat, evaluator).await?;
                }
                seats.push(Seat {
                    assigned,
                    evaluator,
                    place: seat,
                    level,
                    application: application.name.clone(),
                });
            }
        }
        Ok(seats)
    }

    async fn assign(
        &mut self,
        application: &v1::Application,
        evaluator: usize,
        now: DateTime<Utc>,
    ) -> anyhow::Result<v1::Evaluation> {
        let request = v1::AssignEvaluationRequest {
            parent: application.name.clone(),
            evaluator: self.evaluator(evaluator).0.clone(),
            ..Default::default()
        };
        let mut officer = self.office.officer.evaluations();
        let assigned = officer.assign_evaluation(request).await?.into_inner();
        self.arises(Topic::EvaluatorLate, last_part(&assigned.name), now);
        Ok(assigned)
    }

    fn evaluator(&self, number: usize) -> &(String, crate::acting::desk::Desk) {
        &self.office.evaluators[number % self.office.evaluators.len()]
    }

    /// Declares a conflict of interest; the officer gives the seat to somebody else.
    async fn replace(
        &mut self,
        assigned: v1::Evaluation,
        evaluator: usize,
        successor: usize,
    ) -> anyhow::Result<v1::Evaluation> {
        let now = self.now().await?;
        self.done(Topic::EvaluatorLate, last_part(&assigned.name), now);
        let request = v1::DeclareConflictRequest {
            name: assigned.name,
            etag: assigned.etag,
            declaration: v1::ConflictDeclaration::Conflict.into(),
            reason: "un cugino è socio di una consorziata".to_owned(),
            ..Default::default()
        };
        let mut desk = self.evaluator(evaluator).1.evaluations();
        let ended = desk.declare_conflict(request).await?.into_inner();
        let request = v1::ReassignEvaluationRequest {
            name: ended.name,
            etag: ended.etag,
            evaluator: self.evaluator(successor).0.clone(),
            reason: "conflitto di interessi dichiarato".to_owned(),
            ..Default::default()
        };
        let mut officer = self.office.officer.evaluations();
        let assigned = officer.reassign_evaluation(request).await?.into_inner();
        self.arises(Topic::EvaluatorLate, last_part(&assigned.name), now);
        self.conflicts += 1;
        Ok(assigned)
    }

    /// Declares to be free of conflicts of interest and signs the sheet.
    async fn score(&mut self, seat: Seat) -> anyhow::Result<()> {
        let scores = scores(&self.terms.rules.score_grid, seat.level, seat.place);
        let wire = scores.iter().map(|(criterion, score)| v1::Score {
            criterion: criterion.clone(),
            score: score.to_string(),
            comment: "valutazione sintetica".to_owned(),
        });
        let id = last_part(&seat.assigned.name).to_owned();
        let request = v1::ScoreEvaluationRequest {
            name: seat.assigned.name.clone(),
            etag: seat.assigned.etag.clone(),
            free_of_conflict: true,
            scores: wire.collect(),
            ..Default::default()
        };
        let mut desk = self.evaluator(seat.evaluator).1.evaluations();
        desk.score_evaluation(request).await?;
        let now = self.now().await?;
        self.done(Topic::EvaluatorLate, &id, now);
        let (_, _, evaluation) = convert::names::evaluation("name", &seat.assigned.name)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let sheets = self.sheets.entry(id_of(&seat.application)?).or_default();
        sheets.push(Sheet { evaluation, scores });
        Ok(())
    }
}

/// Around the level of the application; where sheets must not be apart, the very same.
fn scores(grid: &ScoreGrid, level: u32, seat: usize) -> Vec<(String, Decimal)> {
    let off = match (grid.consensus.is_some(), seat % 3) {
        (true, _) | (false, 1) => 0,
        (false, 0) => -20,
        (false, _) => 20,
    };
    let level = (i64::from(level) + off).clamp(0, 1_000);
    let score = |criterion: &Criterion| {
        let score = grid.scale * Decimal::new(level, 3);
        (criterion.code.clone(), score.round_dp(2).min(grid.scale))
    };
    grid.criteria.iter().map(score).collect()
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}
