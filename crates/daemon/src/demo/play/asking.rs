//! June: two consortia are asked during the check. One answers in time, with a document; the other
//! one says nothing, and time ends its term.

use anyhow::{Context as _, bail};
use bando_proto::v1;
use chrono::{DateTime, TimeDelta, Utc};

use super::Play;
use crate::convert;
use crate::demo::plan::Part;

/// The statute that was sent cannot be read.
const ANSWERS: Part = Part::Ranked(4);
/// By its links it has too few independent members; they may be out of date.
const SILENT: Part = Part::TooFewIndependent;

/// When who answers does so, after it was asked.
const ANSWERED_AFTER: TimeDelta = TimeDelta::hours(5 * 24 + 18);
/// How long after the answer the officer reads it.
const READ_AFTER: TimeDelta = TimeDelta::hours(4);
/// A term ends at midnight; the office goes on in the morning.
const CONCLUDED_AFTER: TimeDelta = TimeDelta::hours(10);

/// A request that runs.
pub(super) struct Running {
    player: usize,
    clarification: String,
}

impl Play {
    /// Whom the officer asks for what, in both languages; `None` for all others.
    fn missing(&self, application: &v1::Application) -> Option<(usize, v1::ClarificationItem)> {
        let mut players = self.players.iter();
        let player = players.position(|player| player.consortium == application.consortium)?;
        let item = |kind: v1::ItemKind, rule: &str, it: &str, en: &str| v1::ClarificationItem {
            kind: kind.into(),
            rule: rule.to_owned(),
            text: Some(v1::Text {
                it: it.to_owned(),
                en: en.to_owned(),
            }),
            ..Default::default()
        };
        let part = self.players[player].role.part;
        let asked = if part == ANSWERS {
            let (it, en) = (
                "lo statuto vigente, leggibile",
                "the statute in force, legible",
            );
            item(v1::ItemKind::Document, "E2", it, en)
        } else if part == SILENT {
            let (it, en) = (
                "se i legami sono ancora in essere",
                "whether the links still hold",
            );
            let rule = super::decisions::failed(application);
            item(v1::ItemKind::Explanation, &rule, it, en)
        } else {
            return None;
        };
        Some((player, asked))
    }

    /// Asks the consortium where something is missing from its opened check.
    pub(super) async fn ask(&self, open: &v1::Application) -> anyhow::Result<Option<Running>> {
        let Some((player, item)) = self.missing(open) else {
            return Ok(None);
        };
        let request = v1::RequestClarificationRequest {
            parent: open.name.clone(),
            etag: open.etag.clone(),
            items: vec![item],
            ..Default::default()
        };
        let mut desk = self.office.officer.clarifications();
        let asked = desk.request_clarification(request).await?.into_inner();
        Ok(Some(Running {
            player,
            clarification: asked.name,
        }))
    }

    /// From the recorded delivery of the requests to the end of both checks.
    pub(super) async fn clarify(&mut self, asked: Vec<Running>) -> anyhow::Result<()> {
        let asked_at = self.now().await?;
        let due_at = self.deliver(&asked).await?;
        for running in &asked {
            if self.players[running.player].role.part == ANSWERS {
                self.advance(asked_at + ANSWERED_AFTER).await?;
                self.answer(running).await?;
            }
        }
        for running in &asked {
            if self.players[running.player].role.part == SILENT {
                self.advance(due_at + bando_domain::call::LAPSE_AFTER)
                    .await?;
                self.expire(running).await?;
            }
        }
        Ok(())
    }

    /// The letters were delivered: both terms run from there and end at the same instant.
    async fn deliver(&mut self, asked: &[Running]) -> anyhow::Result<DateTime<Utc>> {
        let now = self.now().await?;
        let request = v1::ListLettersRequest {
            parent: super::PROGRAMME.to_owned(),
            page_size: 100,
            filter: "kind = clarification_requested".to_owned(),
            ..Default::default()
        };
        let mut desk = self.office.officer.letters();
        for letter in desk.list_letters(request).await?.into_inner().letters {
            let request = v1::RecordDeliveryRequest {
                name: letter.name,
                delivered_at: Some(convert::instant(now)),
                evidence: "ricevuta di avvenuta consegna".to_owned(),
                ..Default::default()
            };
            desk.record_delivery(request).await?;
        }
        let mut due_at = None;
        for running in asked {
            due_at = self.asked(running).await?.due_at;
        }
        let due_at = due_at.and_then(convert::read_instant);
        let due_at = due_at.context("no term runs after a recorded delivery")?;
        let zone = &"Europe/Rome".parse::<bando_domain::civil::Zone>()?;
        let until = due_at.with_timezone(&zone.tz()).format("%-d %B, %H:%M");
        self.advance(now + TimeDelta::minutes(1)).await?;
        self.tell(&format!(
            "anna.bianchi records the delivery of {} requests: answers are in time until {until}",
            asked.len()
        ))
        .await?;
        Ok(due_at)
    }

    async fn asked(&self, running: &Running) -> anyhow::Result<v1::Clarification> {
        let request = v1::GetClarificationRequest {
            name: running.clarification.clone(),
        };
        let mut desk = self.office.officer.clarifications();
        Ok(desk.get_clarification(request).await?.into_inner())
    }

    async fn answer(&mut self, running: &Running) -> anyhow::Result<()> {
        let asked = self.asked(running).await?;
        self.send_in_answer(running.player, &asked).await?;
        let player = &self.players[running.player];
        let (desk, title) = (player.desk.clone(), player.role.cast.title.clone());
        let request = v1::AnswerClarificationRequest {
            name: asked.name,
            etag: self.asked(running).await?.etag,
            answers: vec![v1::ItemAnswer {
                item: 1,
                text: "si allega lo statuto vigente".to_owned(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let answered = desk.clarifications().answer_clarification(request).await?;
        let answered = answered.into_inner();
        let receipt = answered.receipt.context("an answer has no receipt")?;
        self.advance(self.now().await? + TimeDelta::minutes(1))
            .await?;
        self.tell(&format!(
            "{title} answers {} in time, with a document",
            receipt.protocol
        ))
        .await?;
        self.answers.push(receipt);
        self.clarifications.answered += 1;
        let ended = self.go_on(&asked.application, READ_AFTER).await?;
        if ended.state() != v1::ApplicationState::Admissible {
            bail!("{title} answered and is not admissible");
        }
        self.tell(&format!(
            "anna.bianchi reads the statute of {title}: admissible"
        ))
        .await
    }

    /// Nobody answered: the request has ended by itself, and the check goes on with what is there.
    async fn expire(&mut self, running: &Running) -> anyhow::Result<()> {
        let title = self.players[running.player].role.cast.title.clone();
        let asked = self.asked(running).await?;
        if asked.state() != v1::ClarificationState::Expired {
            bail!("the request to {title} did not expire");
        }
        self.clarifications.expired += 1;
        self.tell(&format!(
            "the term of {title} ends without an answer: the request expires by itself"
        ))
        .await?;
        let ended = self.go_on(&asked.application, CONCLUDED_AFTER).await?;
        if ended.state() != v1::ApplicationState::Inadmissible {
            bail!("{title} did not answer and is not inadmissible");
        }
        let failed = super::decisions::failed(&ended);
        self.tell(&format!(
            "anna.bianchi concludes on what is on record: {title} is inadmissible ({failed})"
        ))
        .await
    }

    /// The officer looks at the application again and ends its check.
    async fn go_on(
        &mut self,
        application: &str,
        after: TimeDelta,
    ) -> anyhow::Result<v1::Application> {
        self.advance(self.now().await? + after).await?;
        let request = v1::GetApplicationRequest {
            name: application.to_owned(),
        };
        let mut desk = self.office.officer.applications();
        let open = desk.get_application(request).await?.into_inner();
        let ended = self.conclude(open).await?;
        self.advance(self.now().await? + TimeDelta::minutes(1))
            .await?;
        Ok(ended)
    }
}
