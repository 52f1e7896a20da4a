//! What the office does about one application: its check and what it asks.

use bando_daemon::convert;
use bando_proto::v1;
use bando_tests::daemon::until;
use chrono::{DateTime, Utc};

use super::{Answer, People, nothing_yet};
use crate::model::acts::RULES;

impl People {
    pub(super) async fn open_check(&mut self, who: usize) -> Answer {
        let seen = self.now(who).await?;
        let request = v1::OpenCheckRequest {
            name: seen.name,
            etag: seen.etag,
            ..Default::default()
        };
        self.officer_tells(request).await
    }

    async fn officer_tells<R: super::Mutation>(&mut self, request: R) -> Answer {
        let by = self.daemon.officer.secret.clone();
        self.tell(&by, request).await.map(drop)
    }

    pub(super) async fn find(&mut self, who: usize, rule: usize, passed: bool) -> Answer {
        let seen = self.now(who).await?;
        let request = v1::RecordFindingRequest {
            name: seen.name,
            etag: seen.etag,
            rule: RULES[rule].to_owned(),
            passed,
            explanation: Some(text("visto", "seen")),
            ..Default::default()
        };
        self.officer_tells(request).await
    }

    pub(super) async fn conclude(&mut self, who: usize) -> Answer {
        let seen = self.now(who).await?;
        let request = v1::ConcludeCheckRequest {
            name: seen.name,
            etag: seen.etag,
            ..Default::default()
        };
        self.officer_tells(request).await
    }

    /// A letter that did not leave yet would be taken back instead of being followed by another.
    pub(super) async fn reopen(&mut self, who: usize) -> Answer {
        let seen = self.now(who).await?;
        self.wait_for_letters().await;
        let request = v1::ReopenCheckRequest {
            name: seen.name,
            etag: seen.etag,
            reason: "errore".to_owned(),
            ..Default::default()
        };
        self.officer_tells(request).await
    }

    /// Until nothing is on its way any more.
    pub(in crate::model) async fn wait_for_letters(&self) {
        until(async || {
            let letters = self.daemon.letters().await;
            letters.iter().all(|letter| {
                let state = letter.state();
                // A reminder waits a minute for others of its day.
                let waits = state == v1::LetterState::Queued && letter.kind == "reminder";
                waits || state != v1::LetterState::Queued && state != v1::LetterState::Sending
            })
        })
        .await;
    }

    /// What the consortium was asked last.
    pub(super) async fn asked(&self, who: usize) -> Result<v1::Clarification, String> {
        let mut asked = self.now(who).await?.clarifications;
        asked.sort_by_key(|asked| asked.number);
        asked.pop().map_or_else(nothing_yet, Ok)
    }

    pub(super) async fn ask(&mut self, who: usize) -> Answer {
        let seen = self.now(who).await?;
        let item = |rule: &str| v1::ClarificationItem {
            kind: v1::ItemKind::Explanation.into(),
            rule: rule.to_owned(),
            text: Some(text("che cosa manca", "what is missing")),
            ..Default::default()
        };
        let request = v1::RequestClarificationRequest {
            parent: seen.name,
            etag: seen.etag,
            items: RULES.iter().map(|rule| item(rule)).collect(),
            ..Default::default()
        };
        self.officer_tells(request).await
    }

    /// The letter of what was asked last arrived now.
    pub(super) async fn deliver(&mut self, who: usize, now: DateTime<Utc>) -> Answer {
        let asked = self.asked(who).await?;
        self.wait_for_letters().await;
        let id = asked.name.rsplit('/').next().unwrap();
        let key = format!("clarification_requested/{id}");
        let mut letters = self.daemon.letters().await.into_iter();
        let request = v1::RecordDeliveryRequest {
            name: letters.find(|letter| letter.key == key).unwrap().name,
            delivered_at: Some(convert::instant(now)),
            evidence: "PEC 1".to_owned(),
            ..Default::default()
        };
        self.officer_tells(request).await
    }

    pub(super) async fn accept_answer(&mut self, who: usize) -> Answer {
        let asked = self.asked(who).await?;
        let request = v1::AcceptClarificationRequest {
            name: asked.name,
            etag: asked.etag,
            ..Default::default()
        };
        self.officer_tells(request).await
    }

    pub(super) async fn take_back(&mut self, who: usize) -> Answer {
        let asked = self.asked(who).await?;
        let request = v1::CloseClarificationRequest {
            name: asked.name,
            etag: asked.etag,
            reason: "non serve".to_owned(),
            ..Default::default()
        };
        self.officer_tells(request).await
    }
}

fn text(it: &str, en: &str) -> v1::Text {
    v1::Text {
        it: it.to_owned(),
        en: en.to_owned(),
    }
}
