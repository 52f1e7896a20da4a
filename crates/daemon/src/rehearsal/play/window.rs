//! The window: drafts, documents, submissions, withdrawals, and who comes too late.

use anyhow::{Context as _, bail};
use bando_domain::call::{Extension, LAPSE_AFTER};
use bando_domain::document::DocumentType;
use bando_domain::media_type::MediaType;
use bando_domain::reminder::Topic;
use bando_domain::rules::AllocationPolicy;
use bando_proto::v1;
use chrono::{DateTime, Utc};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::Play;
use crate::acting::papers;
use crate::convert;
use crate::rehearsal::record::{Attempt, Outcome};

/// What a consortium does at an instant, in the order in which it does them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Draft,
    Complete,
    Submit,
    Withdraw,
}

/// Formats in which the papers of the rehearsal are written, best first.
const FORMATS: [MediaType; 6] = [
    MediaType::Pdf,
    MediaType::P7m,
    MediaType::Png,
    MediaType::Jpg,
    MediaType::Docx,
    MediaType::Xlsx,
];

impl Play<'_> {
    pub(super) async fn run_window(&mut self) -> anyhow::Result<()> {
        let lapses_at = self.terms.window.closes_at + LAPSE_AFTER;
        for (at, player, deed) in self.deeds() {
            self.advance(at).await?;
            Box::pin(self.act(player, deed))
                .await
                .with_context(|| self.players[player].role.cast.title.clone())?;
        }
        self.advance(lapses_at).await?;
        let received = self.attempts.iter().filter(|attempt| attempt.is_received());
        self.tell(&format!(
            "the call is closed: {} submissions in {} attempts",
            received.count(),
            self.attempts.len()
        ));
        Ok(())
    }

    /// Every deed of every consortium in order.
    fn deeds(&self) -> Vec<(DateTime<Utc>, usize, Deed)> {
        let mut deeds = Vec::new();
        for (player, known) in self.players.iter().enumerate() {
            let role = &known.role;
            deeds.push((role.drafts_at, player, Deed::Draft));
            if let Some(at) = role.submits_at {
                // Who comes late has everything ready before the close.
                let ready_at = at.min(self.terms.window.closes_at);
                let completes_at = role.drafts_at + (ready_at - role.drafts_at) / 2;
                deeds.push((completes_at, player, Deed::Complete));
                deeds.push((at, player, Deed::Submit));
            }
            let again = role.submits_again_at.map(|at| (at, player, Deed::Submit));
            let withdrawal = role.withdraws_at.map(|at| (at, player, Deed::Withdraw));
            deeds.extend(again.into_iter().chain(withdrawal));
        }
        deeds.sort();
        deeds
    }

    async fn act(&mut self, player: usize, deed: Deed) -> anyhow::Result<()> {
        // The budget may be spent, and the call closed, before its stated close.
        let is_over = self.now().await? > self.terms.window.closes_at;
        match deed {
            Deed::Draft | Deed::Complete if is_over => Ok(()),
            Deed::Draft => self.draft(player).await,
            Deed::Complete => self.complete(player).await,
            Deed::Submit if self.players[player].application.is_none() => Ok(()),
            Deed::Submit => self.submit(player).await,
            Deed::Withdraw => self.withdraw(player).await,
        }
    }

    async fn draft(&mut self, player: usize) -> anyhow::Result<()> {
        let known = &self.players[player];
        let request = v1::CreateApplicationRequest {
            parent: self.call(),
            consortium: known.consortium.clone(),
            project: Some(v1::Project {
                title: known.role.cast.project.title.clone(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let created = known.desk.applications().create_application(request).await;
        self.players[player].application = Some(created?.into_inner());
        let now = self.now().await?;
        let (owner, id) = (
            self.players[player].owner(),
            self.players[player].id()?.to_string(),
        );
        self.done(Topic::CallOpens, &owner, now);
        self.done(Topic::NoDraft, &owner, now);
        self.arises(Topic::DraftNotSubmitted, &id, now);
        Ok(())
    }

    async fn complete(&mut self, player: usize) -> anyhow::Result<()> {
        let known = &self.players[player];
        let application = known.application.as_ref().context("there is no draft")?;
        let paths = bando_domain::project::Path::ALL
            .into_iter()
            .map(|path| path.as_str().to_owned());
        let request = v1::UpdateApplicationRequest {
            name: application.name.clone(),
            project: Some(known.role.cast.project.clone()),
            update_mask: Some(prost_types::FieldMask {
                paths: paths.collect(),
            }),
            etag: application.etag.clone(),
            ..Default::default()
        };
        let updated = known.desk.applications().update_application(request).await;
        self.players[player].application = Some(updated?.into_inner());
        self.send_documents(player).await
    }

    /// One of each mandatory type.
    async fn send_documents(&mut self, player: usize) -> anyhow::Result<()> {
        let known = &self.players[player];
        let application = known.application.as_ref().context("there is no draft")?;
        let name = application.name.clone();
        let asked = self.terms.documents.types.iter();
        for document in asked.filter(|document| document.mandatory) {
            let format = format_of(document)?;
            let text = format!("{}: {}", known.role.cast.title, document.code);
            let bytes = papers::content(format, &text)?;
            let file_name = format!("{}.{}", document.code, format.as_str());
            let header = papers::header(&name, &document.code, &file_name, &bytes)?;
            papers::send(&known.desk, header, bytes).await?;
        }
        self.look_again(player).await
    }

    /// Its application as it stands, with its etag.
    async fn look_again(&mut self, player: usize) -> anyhow::Result<()> {
        let known = &self.players[player];
        let application = known.application.as_ref().context("there is no draft")?;
        let request = v1::GetApplicationRequest {
            name: application.name.clone(),
        };
        let found = known.desk.applications().get_application(request).await?;
        self.players[player].application = Some(found.into_inner());
        Ok(())
    }

    async fn submit(&mut self, player: usize) -> anyhow::Result<()> {
        let at = self.now().await?;
        let known = &self.players[player];
        let application = known.application.as_ref().context("there is no draft")?;
        let request = v1::SubmitApplicationRequest {
            name: application.name.clone(),
            etag: application.etag.clone(),
            ..Default::default()
        };
        let (opens_at, closes_at) = (self.terms.window.opens_at, self.terms.window.closes_at);
        let id = known.id()?;
        let answer = known.desk.applications().submit_application(request).await;
        let outcome = match answer {
            Ok(answer) => {
                let answer = answer.into_inner();
                let receipt = answer.receipt.context("a submission has no receipt")?;
                self.players[player].application = answer.application;
                self.done(Topic::DraftNotSubmitted, &id.to_string(), at);
                Outcome::Received {
                    protocol: receipt.protocol,
                }
            }
            Err(status) if status.code() == Code::FailedPrecondition => Outcome::Refused {
                reason: reason_of(&status),
            },
            Err(status) => return Err(status.into()),
        };
        self.attempts.push(Attempt {
            application: id,
            at,
            opens_at,
            closes_at,
            outcome,
        });
        if self.terms.rules.allocation == AllocationPolicy::FirstCome {
            self.follow_the_close().await?;
        }
        Ok(())
    }

    /// First come, first served: the submission that spends the budget closes the call.
    async fn follow_the_close(&mut self) -> anyhow::Result<()> {
        let window = self.current_call().await?.window;
        let closes_at = window.and_then(|window| window.closes_at);
        let closes_at = closes_at.and_then(convert::read_instant);
        let closes_at = closes_at.context("the call has no close")?;
        let window = &mut self.terms.window;
        if closes_at != window.closes_at {
            window.extensions.push(Extension {
                act: None,
                was: window.closes_at,
                was_text: window.closes_text.clone(),
            });
            window.closes_at = closes_at;
        }
        Ok(())
    }

    async fn withdraw(&mut self, player: usize) -> anyhow::Result<()> {
        let known = &self.players[player];
        let Some(application) = &known.application else {
            return Ok(());
        };
        if application.receipts.is_empty() {
            return Ok(());
        }
        let request = v1::WithdrawApplicationRequest {
            name: application.name.clone(),
            etag: application.etag.clone(),
            reason: "il consorzio rinuncia al progetto".to_owned(),
            ..Default::default()
        };
        known
            .desk
            .applications()
            .withdraw_application(request)
            .await?;
        self.players[player].withdrawn = true;
        Ok(())
    }
}

fn format_of(document: &DocumentType) -> anyhow::Result<MediaType> {
    let mut formats = FORMATS.into_iter();
    let Some(found) = formats.find(|format| document.accepted.contains(format)) else {
        bail!("document `{}` accepts no format", document.code);
    };
    Ok(found)
}

/// The stable reason of a refusal.
fn reason_of(status: &Status) -> String {
    let details = status.get_error_details();
    let found = details.error_info().map(|told| told.reason.clone());
    found.unwrap_or_else(|| status.message().to_owned())
}
