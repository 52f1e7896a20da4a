//! June to September: checks, evaluations, ranking, award; each act by whom it belongs to.

use anyhow::Context as _;
use bando_domain::money::Eur;
use bando_proto::v1;
use chrono::{DateTime, TimeDelta, Utc};

use super::{CALL, Play};
use crate::demo::summary;

/// A fifth less than there is.
const WHAT_IF_BUDGET: Eur = Eur::euros(1_600_000);

/// Rules an officer decides in the play, with what they looked at.
const LOOKED_AT: [(&str, &str, &str); 2] = [
    (
        "E2",
        "oggetto sociale conforme allo statuto depositato",
        "object read in the statute",
    ),
    (
        "E13",
        "DURC regolare, nessun divieto",
        "DURC regular, no bans",
    ),
];

impl Play {
    pub(super) async fn check_all(&mut self, closes_at: DateTime<Utc>) -> anyhow::Result<()> {
        self.advance(closes_at + TimeDelta::days(6)).await?;
        let submitted: Vec<v1::Application> = self
            .applications()
            .await?
            .into_iter()
            .filter(|found| found.state() == v1::ApplicationState::Submitted)
            .collect();
        let all = submitted.len();
        let mut asked = Vec::new();
        for application in submitted {
            let open = self.open_check(application).await?;
            match self.ask(&open).await? {
                Some(running) => asked.push(running),
                None => {
                    self.conclude(open).await?;
                }
            }
            self.timeline.step();
        }
        self.advance(self.now().await? + TimeDelta::minutes(1))
            .await?;
        let after = self.applications().await?;
        let refused: Vec<String> = after
            .iter()
            .filter(|found| found.state() == v1::ApplicationState::Inadmissible)
            .map(|found| format!("{} ({})", found.consortium_title, failed(found)))
            .collect();
        let what = format!(
            "anna.bianchi checks {all} applications and asks {} consortia for what is missing",
            asked.len()
        );
        self.tell(&what).await?;
        for refused in refused {
            self.timeline
                .line(&format!("                  inadmissible: {refused}"))?;
        }
        self.clarify(asked).await
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

    /// Writes down what the officer looked at, unless data said no already, and ends the check.
    pub(super) async fn conclude(
        &self,
        mut open: v1::Application,
    ) -> anyhow::Result<v1::Application> {
        let mut desk = self.office.officer.eligibility();
        let already_failed = !failed(&open).is_empty();
        for (rule, it, en) in LOOKED_AT {
            if already_failed {
                break;
            }
            let request = v1::RecordFindingRequest {
                name: open.name,
                etag: open.etag,
                rule: rule.to_owned(),
                passed: true,
                explanation: Some(v1::Text {
                    it: it.to_owned(),
                    en: en.to_owned(),
                }),
                ..Default::default()
            };
            open = desk.record_finding(request).await?.into_inner();
        }
        let request = v1::ConcludeCheckRequest {
            name: open.name,
            etag: open.etag,
            ..Default::default()
        };
        Ok(desk.conclude_check(request).await?.into_inner())
    }

    /// Ranking and award: proposed by one person, approved by another.
    pub(super) async fn rank_and_award(
        &mut self,
        closes_at: DateTime<Utc>,
    ) -> anyhow::Result<v1::Ranking> {
        self.advance(closes_at + TimeDelta::days(55)).await?;
        let request = v1::ComputeRankingRequest {
            parent: CALL.to_owned(),
            ..Default::default()
        };
        let mut desk = self.office.manager.rankings();
        let computed = desk.compute_ranking(request).await?.into_inner();
        let proposal = computed
            .proposal
            .context("a ranking without its proposal")?;
        self.tell("marco.neri computes the ranking and proposes it")
            .await?;
        let ranking = computed.ranking.unwrap_or_default();
        let tie = ranking
            .entries
            .iter()
            .find(|entry| !entry.tie_broken_by.is_empty());
        if let Some(tie) = tie {
            let text = format!(
                "                  tie at {} points between places {} and {}, broken by {}",
                tie.total,
                tie.position - 1,
                tie.position,
                tie.tie_broken_by
            );
            self.timeline.line(&text)?;
        }
        self.what_if().await?;
        self.advance(self.now().await? + TimeDelta::days(1)).await?;
        self.approve(proposal).await?;
        self.tell("paola.verdi approves it: the ranking is in force")
            .await?;
        self.advance(closes_at + TimeDelta::days(97)).await?;
        let request = v1::ProposeAwardRequest {
            parent: CALL.to_owned(),
            act: "DD Demo 1/2016".to_owned(),
            ..Default::default()
        };
        let proposal = self
            .office
            .manager
            .awards()
            .propose_award(request)
            .await?
            .into_inner();
        self.tell("marco.neri proposes the award under act DD Demo 1/2016")
            .await?;
        self.advance(self.now().await? + TimeDelta::days(1)).await?;
        self.approve(proposal).await?;
        self.advance(self.now().await? + TimeDelta::minutes(1))
            .await?;
        self.tell("paola.verdi approves it: the grants are awarded")
            .await?;
        let request = v1::GetRankingRequest {
            name: format!("{CALL}/rankings/-"),
        };
        Ok(self
            .office
            .officer
            .rankings()
            .get_ranking(request)
            .await?
            .into_inner())
    }

    /// The question before the decision: what if the budget were smaller?
    async fn what_if(&mut self) -> anyhow::Result<()> {
        let request = v1::SimulateAllocationRequest {
            name: format!("{CALL}/rankings/-"),
            budget_cents: Some(WHAT_IF_BUDGET.as_cents()),
            ..Default::default()
        };
        let mut desk = self.office.officer.rankings();
        let simulated = desk.simulate_allocation(request).await?.into_inner();
        for line in summary::what_if(&simulated) {
            self.timeline.line(&line)?;
        }
        Ok(())
    }

    pub(super) async fn approve(&self, proposal: v1::Proposal) -> anyhow::Result<()> {
        let request = v1::ApproveProposalRequest {
            name: proposal.name,
            etag: proposal.etag,
            ..Default::default()
        };
        self.office
            .approver
            .proposals()
            .approve_proposal(request)
            .await?;
        Ok(())
    }
}

/// Rules that failed, joined.
pub(super) fn failed(application: &v1::Application) -> String {
    let findings = application.check.iter().flat_map(|check| &check.findings);
    let failed = findings.filter(|finding| finding.verdict() == v1::Verdict::Failed);
    failed
        .map(|finding| finding.rule.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
