//! What is proposed by the manager and decided by a second person, or by the same one in vain.

use bando_proto::v1;
use bando_tests::daemon::CALL;

use super::{Answer, People, Step, nothing_yet};

impl People {
    pub(super) async fn propose(&mut self, step: Step) -> Answer {
        let by = self.daemon.manager.secret.clone();
        match step {
            Step::Publication => {
                let request = v1::ProposePublicationRequest {
                    name: CALL.to_owned(),
                    etag: self.daemon.call().await.etag,
                    ..Default::default()
                };
                self.publication = Some(self.tell(&by, request).await?.name);
            }
            Step::Ranking => {
                let request = v1::ComputeRankingRequest {
                    parent: CALL.to_owned(),
                    ..Default::default()
                };
                let computed = self.tell(&by, request).await?;
                self.ranking = Some(computed.proposal.unwrap().name);
            }
            Step::Award => {
                let request = v1::ProposeAwardRequest {
                    parent: CALL.to_owned(),
                    act: "DD 1/2016".to_owned(),
                    ..Default::default()
                };
                self.award = Some(self.tell(&by, request).await?.name);
            }
        }
        Ok(())
    }

    /// The last proposal of a step, as it is now.
    async fn proposal(&self, step: Step) -> Result<v1::Proposal, String> {
        let known = match step {
            Step::Publication => &self.publication,
            Step::Ranking => &self.ranking,
            Step::Award => &self.award,
        };
        let Some(name) = known.clone() else {
            return nothing_yet();
        };
        let request = v1::GetProposalRequest { name };
        let found = self.daemon.manager.proposals().get_proposal(request).await;
        Ok(found.unwrap().into_inner())
    }

    pub(super) async fn approve(&mut self, step: Step, by: &str) -> Answer {
        let known = self.proposal(step).await?;
        let request = v1::ApproveProposalRequest {
            name: known.name,
            etag: known.etag,
            ..Default::default()
        };
        self.tell(by, request).await.map(drop)
    }

    pub(super) async fn reject(&mut self, step: Step) -> Answer {
        let known = self.proposal(step).await?;
        let request = v1::RejectProposalRequest {
            name: known.name,
            etag: known.etag,
            reason: "non ora".to_owned(),
            ..Default::default()
        };
        let by = self.daemon.approver.secret.clone();
        self.tell(&by, request).await.map(drop)
    }
}
