//! The play from the first token to the last letter, stage by stage.

mod amending;
mod asking;
mod decisions;
mod evaluating;
mod opening;
mod papers;
mod window;

use anyhow::{Context as _, bail};
use bando_domain::civil::Zone;
use bando_domain::receipt;
use bando_proto::v1;
use chrono::{DateTime, Utc};
use tonic::transport::Channel;

use super::plan::{self, Role};
use super::summary::{self, Clarifications, ExcludedOne, LetterCounts, RuleChange, Summary};
use super::timeline::{Timeline, all_letters};
use super::{Stage, begins_at};
use crate::acting::desk::Desk;
use crate::convert;

const PROGRAMME: &str = "programmes/er";
const CALL: &str = "programmes/er/calls/2016";

/// The people of the office, each with a token of their own.
struct Office {
    officer: Desk,
    manager: Desk,
    approver: Desk,
    auditor: Desk,
    evaluators: Vec<(String, Desk)>,
}

/// One consortium in the play.
struct Player {
    role: Role,
    desk: Desk,
    consortium: String,
    /// Name and etag of its application, once drafted.
    application: Option<v1::Application>,
}

struct Play {
    office: Office,
    players: Vec<Player>,
    timeline: Timeline,
    late_refused: usize,
    conflicts_reassigned: usize,
    excluded: Vec<ExcludedOne>,
    documents: usize,
    documents_refused: usize,
    rule_change: Option<RuleChange>,
    clarifications: Clarifications,
    /// Receipts of answers.
    answers: Vec<v1::SignedStatement>,
}

pub(super) async fn play(stage: &Stage) -> anyhow::Result<Summary> {
    let channel = Channel::from_shared(stage.endpoint.clone())?
        .connect()
        .await?;
    let zone: Zone = "Europe/Rome".parse().context("the play's zone")?;
    let timeline = Timeline::new(zone);
    let (office, players) = opening::prepare(stage, &channel, plan::make(stage.seed)).await?;
    let mut play = Play {
        office,
        players,
        timeline,
        late_refused: 0,
        conflicts_reassigned: 0,
        excluded: Vec::new(),
        documents: 0,
        documents_refused: 0,
        rule_change: None,
        clarifications: Clarifications::default(),
        answers: Vec::new(),
    };
    play.opening_told().await?;
    let stated = play.publish_and_open().await?;
    let closes_at = play.run_window(stated).await?;
    play.check_all(closes_at).await?;
    play.evaluate(closes_at).await?;
    let ranking = play.rank_and_award(closes_at).await?;
    let summary = play.sum_up(stage, &ranking).await?;
    play.timeline.end();
    for line in summary::print(&ranking, &stage.endpoint, &stage.data_dir) {
        play.timeline.line(&line)?;
    }
    Ok(summary)
}

impl Play {
    /// Turns the clock to `to` and answers once nothing is due any more.
    async fn advance(&self, to: DateTime<Utc>) -> anyhow::Result<()> {
        self.office.manager.turn_clock_to(to).await
    }

    async fn now(&self) -> anyhow::Result<DateTime<Utc>> {
        self.office.manager.now().await
    }

    async fn tell(&mut self, what: &str) -> anyhow::Result<()> {
        let now = self.now().await?;
        self.timeline.tell(&self.office.officer, now, what).await
    }

    /// All applications of the call.
    async fn applications(&self) -> anyhow::Result<Vec<v1::Application>> {
        self.office.officer.all_applications(CALL).await
    }

    /// Waits for the last letter, then counts everything over the wire.
    async fn sum_up(&mut self, stage: &Stage, ranking: &v1::Ranking) -> anyhow::Result<Summary> {
        let until = self.now().await?;
        self.advance(until).await?;
        let applications = self.applications().await?;
        let in_state = |state: v1::ApplicationState| {
            applications
                .iter()
                .filter(|found| found.state() == state)
                .count()
        };
        let below_floor = applications
            .iter()
            .filter(|found| failed_only(found))
            .count();
        let granted: Vec<&v1::RankingEntry> = ranking
            .entries
            .iter()
            .filter(|entry| entry.amount_cents > 0)
            .collect();
        let partial = granted
            .iter()
            .find(|entry| entry.amount_cents < entry.full_cents);
        Ok(Summary {
            call: "er/2016".to_owned(),
            seed: stage.seed,
            budget_cents: ranking.budget_cents,
            granted_cents: ranking.granted_cents,
            funded: in_state(v1::ApplicationState::Awarded),
            waiting: in_state(v1::ApplicationState::Waiting),
            inadmissible: in_state(v1::ApplicationState::Inadmissible) - below_floor,
            below_threshold: in_state(v1::ApplicationState::BelowThreshold),
            below_floor,
            lapsed: in_state(v1::ApplicationState::Lapsed),
            withdrawn: in_state(v1::ApplicationState::Withdrawn),
            late_refused: self.late_refused,
            conflicts_reassigned: self.conflicts_reassigned,
            excluded: self.excluded.clone(),
            documents: self.documents,
            documents_refused: self.documents_refused,
            rule_change: self.rule_change.clone(),
            clarifications: self.clarifications.clone(),
            grants_cents: granted.iter().map(|entry| entry.amount_cents).collect(),
            partial_cents: partial.map(|entry| (entry.full_cents, entry.amount_cents)),
            tie: summary::tie(ranking),
            letters: self.letters().await?,
            letters_dir: stage.letters_dir.display().to_string(),
            events: self.events().await?,
            receipts_verified: self.verify_receipts(&applications).await?,
            simulated_from: begins_at().to_rfc3339(),
            simulated_to: until.to_rfc3339(),
            wall_seconds: 0.0,
        })
    }

    async fn letters(&self) -> anyhow::Result<LetterCounts> {
        let letters = all_letters(&self.office.officer).await?;
        let count = |states: &[v1::LetterState]| {
            let of_them = letters.iter();
            of_them
                .filter(|letter| states.contains(&letter.state()))
                .count()
        };
        Ok(LetterCounts {
            queued: letters.len(),
            sent: count(&[v1::LetterState::Sent, v1::LetterState::Delivered]),
            failed: count(&[v1::LetterState::Failed]),
        })
    }

    async fn events(&self) -> anyhow::Result<i64> {
        let request = v1::ListEventsRequest {
            parent: PROGRAMME.to_owned(),
            page_size: 1,
            ..Default::default()
        };
        Ok(self
            .office
            .auditor
            .events()
            .list_events(request)
            .await?
            .into_inner()
            .total_size)
    }

    /// Verifies every receipt against the daemon's public key, as anybody could offline.
    async fn verify_receipts(&self, applications: &[v1::Application]) -> anyhow::Result<usize> {
        let mut desk = self.office.auditor.receipts();
        let keys = desk
            .list_receipt_keys(v1::ListReceiptKeysRequest {})
            .await?
            .into_inner()
            .keys;
        let key = keys.first().context("the daemon has no receipt key")?;
        let mut verified = 0;
        let submissions = applications.iter().flat_map(|found| &found.receipts);
        for signed in submissions.chain(&self.answers) {
            let signed = convert::read_statement(signed).context("a receipt is malformed")?;
            if let Err(error) = receipt::verify(&signed, &key.public_key) {
                bail!("receipt {:?}: {error}", signed.statement.protocol);
            }
            verified += 1;
        }
        Ok(verified)
    }
}

/// Inadmissible for the floor of the grant and for nothing else.
fn failed_only(application: &v1::Application) -> bool {
    let Some(check) = &application.check else {
        return false;
    };
    let mut failed = check
        .findings
        .iter()
        .filter(|finding| finding.verdict() == v1::Verdict::Failed);
    application.state() == v1::ApplicationState::Inadmissible
        && failed
            .next()
            .is_some_and(|finding| finding.rule == "MIN_GRANT")
        && failed.next().is_none()
}
