//! The check: what data decide, what an officer looks at, what consortia are asked and answer, or
//! do not.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use bando_domain::call::LAPSE_AFTER;
use bando_domain::reminder::Topic;
use bando_proto::v1;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Play, morning};
use crate::convert;
use crate::rehearsal::plan::Part;

/// From the close to the check.
const CHECKED_AFTER: TimeDelta = TimeDelta::days(3);
/// From a recorded delivery to an answer, where the term is not shorter.
const ANSWERED_AFTER: TimeDelta = TimeDelta::days(2);
/// From the request to the record of its delivery.
const DELIVERED_AFTER: TimeDelta = TimeDelta::minutes(30);
/// A clarification, then at most a notice, then the decision.
const MOST_ROUNDS: usize = 4;

impl Play<'_> {
    pub(super) async fn check_all(&mut self) -> anyhow::Result<()> {
        let zone = self.terms.window.zone;
        let now = self.now().await?;
        self.advance(morning(
            zone,
            now.max(self.terms.window.closes_at) + CHECKED_AFTER,
        ))
        .await?;
        let mut applications = self.applications().await?;
        applications.retain(|found| found.state() == v1::ApplicationState::Submitted);
        let mut waiting = Vec::new();
        for application in applications {
            let player = self.player_of(&application)?;
            let open = self.open_check(application).await?;
            if self.is_asked(player, &open) {
                self.ask(&open).await?;
                waiting.push(player);
            } else if !self.conclude(player, open).await? {
                waiting.push(player);
            }
        }
        for _ in 0..MOST_ROUNDS {
            if waiting.is_empty() {
                self.tell("every check is concluded");
                return Ok(());
            }
            waiting = Box::pin(self.wait_for(waiting)).await?;
        }
        bail!("{} checks do not come to an end", waiting.len())
    }

    pub(crate) fn player_of(&self, application: &v1::Application) -> anyhow::Result<usize> {
        let mut players = self.players.iter();
        let found = players.position(|player| player.consortium == application.consortium);
        found.context("an application of nobody")
    }

    /// From the delivery of what was asked to the end of its term: whose check goes on after it.
    async fn wait_for(&mut self, waiting: Vec<usize>) -> anyhow::Result<Vec<usize>> {
        self.advance(self.now().await? + DELIVERED_AFTER).await?;
        let due_at = self.deliver(&waiting).await?;
        let answers_at = (self.now().await? + ANSWERED_AFTER).min(due_at);
        self.advance(answers_at).await?;
        let mut silent = Vec::new();
        let mut still = Vec::new();
        for player in waiting {
            if self.answer(player).await? {
                let open = self.application(player).await?;
                if !self.conclude(player, open).await? {
                    still.push(player);
                }
            } else {
                silent.push(player);
            }
        }
        let zone = self.terms.window.zone;
        self.advance(morning(zone, due_at + LAPSE_AFTER)).await?;
        for player in silent {
            let open = self.application(player).await?;
            if !self.conclude(player, open).await? {
                still.push(player);
            }
        }
        Ok(still)
    }

    async fn application(&self, player: usize) -> anyhow::Result<v1::Application> {
        let application = self.players[player].application.as_ref();
        let request = v1::GetApplicationRequest {
            name: application.context("there is no draft")?.name.clone(),
        };
        let mut desk = self.office.officer.applications();
        Ok(desk.get_application(request).await?.into_inner())
    }

    async fn open_check(&self, application: v1::Application) -> anyhow::Result<v1::Application> {
        let request = v1::OpenCheckRequest {
            name: application.name,
            etag: application.etag,
            ..Default::default()
        };
        let mut desk = self.office.officer.eligibility();
        Ok(desk.open_check(request).await?.into_inner())
    }

    fn is_asked(&self, player: usize, open: &v1::Application) -> bool {
        let asks = matches!(self.players[player].role.part, Part::Answers | Part::Silent);
        asks && self.terms.procedure.clarifications > 0 && !rule_to_ask(open).is_empty()
    }

    async fn ask(&mut self, open: &v1::Application) -> anyhow::Result<()> {
        let item = v1::ClarificationItem {
            kind: v1::ItemKind::Explanation.into(),
            rule: rule_to_ask(open),
            text: Some(v1::Text {
                it: "un chiarimento su questo punto".to_owned(),
                en: "an explanation of this point".to_owned(),
            }),
            ..Default::default()
        };
        let request = v1::RequestClarificationRequest {
            parent: open.name.clone(),
            etag: open.etag.clone(),
            items: vec![item],
            ..Default::default()
        };
        let mut desk = self.office.officer.clarifications();
        desk.request_clarification(request).await?;
        Ok(())
    }

    /// What is asked of an application and still runs.
    async fn running(&self, player: usize) -> anyhow::Result<Option<v1::Clarification>> {
        let asked = self.application(player).await?.clarifications;
        Ok(asked.into_iter().find(|known| known.ended_at.is_none()))
    }

    /// Records the delivery of every letter that a term hangs on; when the last of them ends.
    async fn deliver(&mut self, waiting: &[usize]) -> anyhow::Result<DateTime<Utc>> {
        let now = self.now().await?;
        let letters = self.letters_of_requests().await?;
        let mut last = now;
        for player in waiting {
            let asked = self.running(*player).await?;
            let asked = asked.context("nothing is asked of who is waited for")?;
            let id = asked.name.rsplit('/').next().unwrap_or_default().to_owned();
            let requested_at = asked.requested_at.and_then(convert::read_instant);
            self.arises(Topic::DeliveryUnrecorded, &id, requested_at.unwrap_or(now));
            let name = letters.get(&id).context("a request without its letter")?;
            let request = v1::RecordDeliveryRequest {
                name: name.clone(),
                delivered_at: Some(convert::instant(now)),
                evidence: "ricevuta di avvenuta consegna".to_owned(),
                ..Default::default()
            };
            let mut desk = self.office.officer.letters();
            desk.record_delivery(request).await?;
            self.done(Topic::DeliveryUnrecorded, &id, now);
            let due_at = self.running(*player).await?.and_then(|known| known.due_at);
            let due_at = due_at.and_then(convert::read_instant);
            last = last.max(due_at.context("no term runs after a recorded delivery")?);
        }
        Ok(last)
    }

    /// Names of the letters that terms hang on, by the id of the request.
    async fn letters_of_requests(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut found = BTreeMap::new();
        for kind in ["clarification_requested", "rejection_notice"] {
            let mut page_token = String::new();
            loop {
                let request = v1::ListLettersRequest {
                    parent: self.programme(),
                    page_size: 500,
                    page_token,
                    filter: format!("kind = {kind}"),
                };
                let mut desk = self.office.officer.letters();
                let page = desk.list_letters(request).await?.into_inner();
                for letter in page.letters {
                    let id = letter.key.rsplit('/').next().unwrap_or_default();
                    found.insert(id.to_owned(), letter.name);
                }
                if page.next_page_token.is_empty() {
                    break;
                }
                page_token = page.next_page_token;
            }
        }
        Ok(found)
    }

    /// Whoever answers does so; `false` for whoever says nothing.
    async fn answer(&mut self, player: usize) -> anyhow::Result<bool> {
        let Some(asked) = self.running(player).await? else {
            return Ok(false);
        };
        let answers = self.players[player].role.part == Part::Answers;
        if !answers || asked.purpose() != v1::ClarificationPurpose::Clarification {
            return Ok(false);
        }
        let answer = v1::ItemAnswer {
            item: 1,
            text: "si conferma quanto dichiarato".to_owned(),
            ..Default::default()
        };
        let request = v1::AnswerClarificationRequest {
            name: asked.name,
            etag: asked.etag,
            answers: vec![answer],
            ..Default::default()
        };
        let mut desk = self.players[player].desk.clarifications();
        desk.answer_clarification(request).await?;
        Ok(true)
    }

    /// Writes down what the officer looked at, unless data said no already, and ends the check;
    /// `false` where the consortium is given notice first.
    async fn conclude(&mut self, player: usize, mut open: v1::Application) -> anyhow::Result<bool> {
        let was_silent =
            self.players[player].role.part == Part::Silent && !open.clarifications.is_empty();
        let mut desk = self.office.officer.eligibility();
        for rule in with_verdict(&open, v1::Verdict::OfficerNeeded) {
            if !with_verdict(&open, v1::Verdict::Failed).is_empty() {
                break;
            }
            let (it, en) = if was_silent {
                ("nessun chiarimento ricevuto", "no explanation was received")
            } else {
                ("verificato sugli atti", "verified on the record")
            };
            let request = v1::RecordFindingRequest {
                name: open.name,
                etag: open.etag,
                rule,
                passed: !was_silent,
                explanation: Some(v1::Text {
                    it: it.to_owned(),
                    en: en.to_owned(),
                }),
                ..Default::default()
            };
            open = desk.record_finding(request).await?.into_inner();
        }
        self.players[player].rejected = !with_verdict(&open, v1::Verdict::Failed).is_empty();
        let request = v1::ConcludeCheckRequest {
            name: open.name,
            etag: open.etag,
            ..Default::default()
        };
        let ended = desk.conclude_check(request).await?.into_inner();
        Ok(ended.state() != v1::ApplicationState::UnderCheck)
    }
}

fn with_verdict(application: &v1::Application, verdict: v1::Verdict) -> Vec<String> {
    let findings = application.check.iter().flat_map(|check| &check.findings);
    let found = findings.filter(|finding| finding.verdict() == verdict);
    found.map(|finding| finding.rule.clone()).collect()
}

/// What an officer would have to decide, else nothing is asked.
fn rule_to_ask(open: &v1::Application) -> String {
    let mut rules = with_verdict(open, v1::Verdict::OfficerNeeded).into_iter();
    rules.next().unwrap_or_default()
}
