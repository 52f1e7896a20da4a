//! Ranking and award, each by two persons; the results are held and published later.

use anyhow::Context as _;
use bando_domain::reminder::Topic;
use bando_proto::v1;
use chrono::TimeDelta;

use super::{Play, morning};

/// From one act to the next.
const RANKED_AFTER: TimeDelta = TimeDelta::days(5);
const APPROVED_AFTER: TimeDelta = TimeDelta::days(1);
const AWARDED_AFTER: TimeDelta = TimeDelta::days(7);
const PUBLISHED_AFTER: TimeDelta = TimeDelta::days(6);

impl Play<'_> {
    pub(super) async fn rank_and_award(&mut self) -> anyhow::Result<()> {
        let zone = self.terms.window.zone;
        self.advance(morning(zone, self.now().await? + RANKED_AFTER))
            .await?;
        let request = v1::ComputeRankingRequest {
            parent: self.call(),
            ..Default::default()
        };
        let mut desk = self.office.manager.rankings();
        let computed = desk.compute_ranking(request).await?.into_inner();
        let proposal = computed
            .proposal
            .context("a ranking without its proposal")?;
        self.decide(proposal).await?;
        self.tell("the ranking is in force by two persons");
        self.advance(self.now().await? + AWARDED_AFTER).await?;
        let publish_at = morning(zone, self.now().await? + PUBLISHED_AFTER);
        let civil = publish_at.with_timezone(&zone.tz());
        let request = v1::ProposeAwardRequest {
            parent: self.call(),
            act: "Atto di prova".to_owned(),
            publish_at: civil.format("%Y-%m-%d %H:%M").to_string(),
            ..Default::default()
        };
        let mut desk = self.office.manager.awards();
        let proposal = desk.propose_award(request).await?.into_inner();
        self.decide(proposal).await?;
        self.advance(publish_at).await?;
        self.tell("the grants are awarded by two persons, and the results are public");
        Ok(())
    }

    /// A day later, by the second person.
    async fn decide(&mut self, proposal: v1::Proposal) -> anyhow::Result<()> {
        let now = self.now().await?;
        let id = proposal.name.rsplit('/').next().unwrap_or_default();
        let id = id.to_owned();
        self.arises(Topic::ProposalExpiring, &id, now);
        self.advance(now + APPROVED_AFTER).await?;
        self.approve(proposal).await?;
        self.done(Topic::ProposalExpiring, &id, now + APPROVED_AFTER);
        Ok(())
    }
}
