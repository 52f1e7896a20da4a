//! April and May: drafts, reminders, submissions, a withdrawal; the close and who came too late.

use anyhow::{Context as _, bail};
use bando_domain::civil::Zone;
use bando_proto::v1;
use chrono::{DateTime, TimeDelta, Utc};
use tonic::Code;

use super::{CALL, Play};
use crate::demo::plan::{AMENDED_AFTER, Part, Role};

/// How long before the stated close the call is extended, and by how much.
const EXTENDED_BEFORE: TimeDelta = TimeDelta::days(4);
const EXTENDED_BY: TimeDelta = TimeDelta::days(3);

/// What a consortium does at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Draft,
    Complete,
    Submit,
    Withdraw,
}

impl Play {
    /// Answers the close that counted in the end.
    pub(super) async fn run_window(
        &mut self,
        stated: DateTime<Utc>,
    ) -> anyhow::Result<DateTime<Utc>> {
        let extends_at = stated - EXTENDED_BEFORE;
        let closes_at = stated + EXTENDED_BY;
        let amends_at = self.now().await? + AMENDED_AFTER;
        for (at, player, deed) in self.deeds(closes_at).await? {
            if at >= amends_at && self.now().await? < amends_at {
                self.amend(amends_at).await?;
            }
            if at >= extends_at && self.now().await? < extends_at {
                self.extend(extends_at, closes_at).await?;
            }
            self.advance(at).await?;
            match deed {
                Deed::Draft => self.draft(player).await?,
                Deed::Complete => self.complete(player).await?,
                Deed::Submit => self.submit(player, at == closes_at).await?,
                Deed::Withdraw => self.withdraw(player).await?,
            }
        }
        self.advance(closes_at + TimeDelta::seconds(1)).await?;
        self.tell("the call closes by itself").await?;
        for player in 0..self.players.len() {
            if self.players[player].role.part == Part::Late {
                self.submit_late(player).await?;
            }
        }
        self.advance(closes_at + bando_domain::call::LAPSE_AFTER)
            .await?;
        self.tell("what was never submitted lapses").await?;
        Ok(closes_at)
    }

    /// The portal was down for an afternoon: an officer asks for more time, an approver grants it.
    async fn extend(&mut self, at: DateTime<Utc>, closes_at: DateTime<Utc>) -> anyhow::Result<()> {
        self.advance(at).await?;
        let mut desk = self.office.officer.calls();
        let request = v1::GetCallRequest {
            name: CALL.to_owned(),
        };
        let call = desk.get_call(request).await?.into_inner();
        let window = call.window.context("a call without its window")?;
        let zone: Zone = window.zone.parse()?;
        let closes = closes_at.with_timezone(&zone.tz()).format("%Y-%m-%d %H:%M");
        let closes = closes.to_string();
        let request = v1::ProposeExtensionRequest {
            name: call.name,
            etag: call.etag,
            closes,
            act: "DD Demo 0/2016".to_owned(),
            ..Default::default()
        };
        let proposal = desk.propose_extension(request).await?.into_inner();
        self.tell("anna.bianchi proposes three more days after an outage of the portal")
            .await?;
        self.approve(proposal).await?;
        self.tell("paola.verdi approves it: the close moves, whoever has an application is told")
            .await
    }

    /// Every deed of every consortium in order. One submits twice, and the last one at the very
    /// instant of the close.
    async fn deeds(
        &self,
        closes_at: DateTime<Utc>,
    ) -> anyhow::Result<Vec<(DateTime<Utc>, usize, Deed)>> {
        let opened_at = self.now().await?;
        let mut deeds = Vec::new();
        for (player, known) in self.players.iter().enumerate() {
            let role: &Role = &known.role;
            let drafts_at = opened_at + role.drafts_after;
            deeds.push((drafts_at, player, Deed::Draft));
            let last = role.part == Part::Ranked(1);
            let submits_at = match role.submits_after {
                Some(_) if last => Some(closes_at),
                Some(after) => Some(opened_at + after),
                None => None,
            };
            let completes_at = submits_at.map_or(drafts_at + TimeDelta::days(3), |at| {
                at - TimeDelta::hours(2)
            });
            if role.part != Part::Lapses {
                deeds.push((completes_at, player, Deed::Complete));
            }
            if let Some(at) = submits_at {
                deeds.push((at, player, Deed::Submit));
            }
            if role.part == Part::Ranked(3) {
                let again = closes_at - TimeDelta::hours(20);
                deeds.push((again, player, Deed::Submit));
            }
            if role.part == Part::Withdraws {
                deeds.push((closes_at - TimeDelta::hours(6), player, Deed::Withdraw));
            }
        }
        deeds.sort();
        Ok(deeds)
    }

    async fn draft(&mut self, player: usize) -> anyhow::Result<()> {
        let known = &self.players[player];
        let request = v1::CreateApplicationRequest {
            parent: CALL.to_owned(),
            consortium: known.consortium.clone(),
            project: Some(v1::Project {
                title: title(&known.role),
                sector: known.role.cast.sector.to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let created = known
            .desk
            .applications()
            .create_application(request)
            .await?
            .into_inner();
        let what = format!(
            "{} starts a draft; {} things are missing",
            known.role.cast.title,
            created.missing.len()
        );
        self.players[player].application = Some(created);
        self.tell(&what).await
    }

    /// Fills in what is missing, part by part, as a portal's form would.
    async fn complete(&mut self, player: usize) -> anyhow::Result<()> {
        let project = project(&self.players[player].role);
        for paths in [
            &[
                "summary",
                "starts_on",
                "ends_on",
                "activities",
                "participants",
            ][..],
            &["budget_lines", "declarations"][..],
        ] {
            let known = &self.players[player];
            let application = known.application.as_ref().context("there is no draft")?;
            let request = v1::UpdateApplicationRequest {
                name: application.name.clone(),
                project: Some(project.clone()),
                update_mask: Some(prost_types::FieldMask {
                    paths: paths.iter().map(|path| (*path).to_owned()).collect(),
                }),
                etag: application.etag.clone(),
                ..Default::default()
            };
            let mut desk = known.desk.applications();
            let updated = desk.update_application(request).await?.into_inner();
            self.players[player].application = Some(updated);
        }
        self.send_documents(player).await?;
        self.timeline.step();
        Ok(())
    }

    async fn submit(&mut self, player: usize, at_the_close: bool) -> anyhow::Result<()> {
        let known = &self.players[player];
        let application = known.application.as_ref().context("there is no draft")?;
        let request = v1::SubmitApplicationRequest {
            name: application.name.clone(),
            etag: application.etag.clone(),
            ..Default::default()
        };
        let answer = known.desk.applications().submit_application(request).await;
        let answer = answer
            .with_context(|| known.role.cast.title.clone())?
            .into_inner();
        let receipt = answer.receipt.context("a submission has no receipt")?;
        let again = application.receipts.len();
        let how = match (at_the_close, again) {
            (true, _) => " at the instant of the close",
            (false, 0) => "",
            (false, _) => " again: the last one counts",
        };
        let what = format!(
            "{} submits {}{how}",
            known.role.cast.title, receipt.protocol
        );
        self.players[player].application = answer.application;
        self.tell(&what).await
    }

    async fn withdraw(&mut self, player: usize) -> anyhow::Result<()> {
        let known = &self.players[player];
        let application = known.application.as_ref().context("there is no draft")?;
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
        let what = format!("{} withdraws its application", known.role.cast.title);
        self.tell(&what).await
    }

    /// One second too late: refused with a signed statement.
    async fn submit_late(&mut self, player: usize) -> anyhow::Result<()> {
        let known = &self.players[player];
        let application = known.application.as_ref().context("there is no draft")?;
        let request = v1::SubmitApplicationRequest {
            name: application.name.clone(),
            etag: application.etag.clone(),
            ..Default::default()
        };
        let Err(status) = known.desk.applications().submit_application(request).await else {
            bail!("{} was not refused after the close", known.role.cast.title);
        };
        if status.code() != Code::FailedPrecondition {
            return Err(status.into());
        }
        self.late_refused += 1;
        let what = format!(
            "{} tries one second late and is refused, signed",
            known.role.cast.title
        );
        self.tell(&what).await?;
        Ok(())
    }
}

fn title(role: &Role) -> String {
    format!(
        "Progetto Demo: {} verso {}",
        role.cast.sector,
        role.cast.markets.join(", ")
    )
}

fn project(role: &Role) -> v1::Project {
    let [first, second, third] = role.cast.markets;
    let activity = |code: &str, kind: v1::ActivityKind, title: &str, market: &str| v1::Activity {
        code: code.to_owned(),
        kind: kind.into(),
        title: title.to_owned(),
        market: market.to_owned(),
    };
    v1::Project {
        title: title(role),
        summary: format!(
            "Progetto sintetico di dimostrazione: {} imprese insieme nei mercati {first}, {second} \
             e {third}.",
            role.cast.participants.len()
        ),
        sector: role.cast.sector.to_owned(),
        starts_on: "2016-01-01".to_owned(),
        ends_on: "2016-12-31".to_owned(),
        activities: vec![
            activity(
                "A1",
                v1::ActivityKind::Exhibition,
                "Fiera di settore",
                first,
            ),
            activity(
                "A2",
                v1::ActivityKind::IncomingMission,
                "Incoming di operatori",
                second,
            ),
            activity(
                "A3",
                v1::ActivityKind::Communication,
                "Campagna nel mercato",
                third,
            ),
            activity("A4", v1::ActivityKind::B2b, "Incontri b2b in fiera", "IT"),
        ],
        participants: role.cast.participants.clone(),
        budget_lines: role
            .lines
            .iter()
            .map(|line| v1::BudgetLine {
                activity: line.activity.to_owned(),
                category: line.category.to_owned(),
                description: line.description.to_owned(),
                amount_cents: line.amount.as_cents(),
            })
            .collect(),
        requested_cents: None,
        declarations: [
            "requirements_held",
            "no_unrecovered_aid",
            "no_double_funding",
        ]
        .map(ToOwned::to_owned)
        .to_vec(),
        programme_year: None,
        indicators: Some(v1::Indicators {
            export_share_basis_points: Some(export_share(role)),
            destination_markets: role.cast.markets.map(ToOwned::to_owned).to_vec(),
        }),
    }
}

/// Synthetic: the more firms go together, the more they export already.
fn export_share(role: &Role) -> i32 {
    i32::try_from(2_000 + 125 * role.cast.participants.len()).unwrap_or(i32::MAX)
}
