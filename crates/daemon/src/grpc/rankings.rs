//! `RankingService`, `ProposalService` and `AwardService`.

use bando_domain::proposal::{Proposal, State};
use bando_proto::v1;
use bando_proto::v1::award_service_server::AwardService;
use bando_proto::v1::proposal_service_server::ProposalService;
use bando_proto::v1::ranking_service_server::RankingService;
use bando_store::Versioned;
use bando_workflow::{Error, awards, mending, proposals, rankings, rule_changes};
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

impl Api {
    pub(super) async fn show_proposal(
        &self,
        known: &Versioned<Proposal>,
    ) -> Result<v1::Proposal, Error> {
        let number = proposals::ranking_number(&self.cx, &known.value).await?;
        let known = Versioned {
            version: known.version,
            value: rule_changes::as_of_now(&self.cx, known.value.clone()).await?,
        };
        Ok(convert::proposal(&known, number))
    }
}

#[tonic::async_trait]
impl RankingService for Api {
    async fn compute_ranking(
        &self,
        request: Request<v1::ComputeRankingRequest>,
    ) -> Result<Response<v1::ComputeRankingResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let computed = async {
            let call = names::call("parent", &message.parent)?;
            let computed = rankings::compute(&self.cx, &command, &call).await?;
            let number = computed.ranking.value.version;
            let proposal = convert::proposal(&computed.proposal, Some(number));
            let view = rankings::view(&self.cx, computed.ranking).await?;
            Ok(v1::ComputeRankingResponse {
                ranking: Some(convert::ranking(&view)),
                proposal: Some(proposal),
            })
        };
        computed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_ranking(
        &self,
        request: Request<v1::GetRankingRequest>,
    ) -> Result<Response<v1::Ranking>, Status> {
        let received = receive(request)?;
        let found = async {
            let (call, version) = names::ranking("name", &received.message.name)?;
            rankings::get(&self.cx, &received.caller.actor, &call, version).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::ranking(&found)))
    }

    async fn list_rankings(
        &self,
        request: Request<v1::ListRankingsRequest>,
    ) -> Result<Response<v1::ListRankingsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        // A call has few versions of its ranking: they are one page, whatever its size.
        let binding = page::binding(&received.caller.method, &message.parent, "");
        page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let call = names::call("parent", &message.parent)?;
            rankings::list(&self.cx, &received.caller.actor, &call).await
        };
        let listed = listed.await.map_err(|error| received.status(error))?;
        let rankings = listed.iter().map(convert::ranking_head).collect();
        let next_page_token = String::new();
        Ok(Response::new(v1::ListRankingsResponse {
            rankings,
            next_page_token,
        }))
    }

    async fn explain_ranking(
        &self,
        request: Request<v1::ExplainRankingRequest>,
    ) -> Result<Response<v1::ExplainRankingResponse>, Status> {
        let received = receive(request)?;
        let explained = async {
            let (call, version) = names::ranking("name", &received.message.name)?;
            let (of, id) = names::application("application", &received.message.application)?;
            if of != call {
                return Err(Error::NotFound(format!("application {id} in this ranking")));
            }
            rankings::explain(&self.cx, &received.caller.actor, &call, version, id).await
        };
        let (view, explained) = explained.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::explanation(&view, explained)))
    }

    async fn simulate_allocation(
        &self,
        request: Request<v1::SimulateAllocationRequest>,
    ) -> Result<Response<v1::SimulateAllocationResponse>, Status> {
        let received = receive(request)?;
        let simulated = async {
            let (call, version) = names::ranking("name", &received.message.name)?;
            let changes = convert::changes(&call, &received.message)?;
            rankings::simulate(&self.cx, &received.caller.actor, &call, version, &changes).await
        };
        let simulated = simulated.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::simulation(&simulated)))
    }

    async fn verify_ranking(
        &self,
        request: Request<v1::VerifyRankingRequest>,
    ) -> Result<Response<v1::VerifyRankingResponse>, Status> {
        let received = receive(request)?;
        let verified = async {
            let (call, version) = names::ranking("name", &received.message.name)?;
            rankings::verify(&self.cx, &received.caller.actor, &call, version).await
        };
        let verified = verified.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::verification(verified)))
    }

    async fn propose_annulment(
        &self,
        request: Request<v1::ProposeAnnulmentRequest>,
    ) -> Result<Response<v1::Proposal>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let proposed = async {
            let (call, version) = names::ranking("name", &message.name)?;
            let (act, reason) = (&message.act, &message.reason);
            let proposed =
                mending::propose_annulment(&self.cx, &command, &call, version, act, reason).await?;
            self.show_proposal(&proposed).await
        };
        proposed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }
}

#[tonic::async_trait]
impl ProposalService for Api {
    async fn list_proposals(
        &self,
        request: Request<v1::ListProposalsRequest>,
    ) -> Result<Response<v1::ListProposalsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, &message.filter);
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let programme = names::programme("parent", &message.parent)?;
            let [state] = convert::filter(&message.filter, ["state"])?;
            let state = convert::one_of("state of a proposal", state.as_ref(), |text| {
                State::ALL.into_iter().find(|state| state.as_str() == text)
            })?;
            let actor = &received.caller.actor;
            let found = proposals::list(&self.cx, actor, &programme, state, &query).await?;
            let mut proposals = Vec::new();
            for known in &found.rows {
                proposals.push(self.show_proposal(known).await?);
            }
            let next_page_token = page::token(&self.cx, &binding, found.next.as_ref());
            Ok(v1::ListProposalsResponse {
                proposals,
                next_page_token,
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_proposal(
        &self,
        request: Request<v1::GetProposalRequest>,
    ) -> Result<Response<v1::Proposal>, Status> {
        let received = receive(request)?;
        let found = async {
            let (programme, id) = names::proposal("name", &received.message.name)?;
            let actor = &received.caller.actor;
            self.show_proposal(&proposals::get(&self.cx, actor, &programme, id).await?)
                .await
        };
        found
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn approve_proposal(
        &self,
        request: Request<v1::ApproveProposalRequest>,
    ) -> Result<Response<v1::Proposal>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let approved = async {
            let (programme, id) = names::proposal("name", &message.name)?;
            let (etag, act) = (&message.etag, &message.act);
            let approved =
                proposals::approve(&self.cx, &command, &programme, id, etag, act).await?;
            self.show_proposal(&approved).await
        };
        approved
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn reject_proposal(
        &self,
        request: Request<v1::RejectProposalRequest>,
    ) -> Result<Response<v1::Proposal>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let rejected = async {
            let (programme, id) = names::proposal("name", &message.name)?;
            let (etag, reason) = (&message.etag, &message.reason);
            let rejected =
                proposals::reject(&self.cx, &command, &programme, id, etag, reason).await?;
            self.show_proposal(&rejected).await
        };
        rejected
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }
}

#[tonic::async_trait]
impl AwardService for Api {
    async fn propose_award(
        &self,
        request: Request<v1::ProposeAwardRequest>,
    ) -> Result<Response<v1::Proposal>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let proposed = async {
            let call = names::call("parent", &message.parent)?;
            let (act, publish_at) = (&message.act, &message.publish_at);
            let proposed = awards::propose(&self.cx, &command, &call, act, publish_at).await?;
            self.show_proposal(&proposed).await
        };
        proposed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn list_awards(
        &self,
        request: Request<v1::ListAwardsRequest>,
    ) -> Result<Response<v1::ListAwardsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, "");
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let call = names::call("parent", &message.parent)?;
            let found = awards::list(&self.cx, &received.caller.actor, &call, &query).await?;
            Ok(v1::ListAwardsResponse {
                awards: found.rows.iter().map(convert::award).collect(),
                next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_award(
        &self,
        request: Request<v1::GetAwardRequest>,
    ) -> Result<Response<v1::Award>, Status> {
        let received = receive(request)?;
        let found = async {
            let (call, id) = names::award("name", &received.message.name)?;
            awards::get(&self.cx, &received.caller.actor, &call, id).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::award(&found)))
    }
}
