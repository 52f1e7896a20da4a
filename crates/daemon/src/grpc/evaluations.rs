//! `EvaluationService`.

use bando_domain::ids::{ApplicationId, CallId};
use bando_proto::v1;
use bando_proto::v1::evaluation_service_server::EvaluationService;
use bando_workflow::{Error, evaluations};
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

/// A call, or one application of it.
fn parent(name: &str) -> Result<(CallId, Option<ApplicationId>), Error> {
    if name.contains("/applications/") {
        let (call, application) = names::application("parent", name)?;
        return Ok((call, Some(application)));
    }
    Ok((names::call("parent", name)?, None))
}

#[tonic::async_trait]
impl EvaluationService for Api {
    async fn list_evaluations(
        &self,
        request: Request<v1::ListEvaluationsRequest>,
    ) -> Result<Response<v1::ListEvaluationsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, "");
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let (call, application) = parent(&message.parent)?;
            let actor = &received.caller.actor;
            let found = evaluations::list(&self.cx, actor, &call, application, &query).await?;
            Ok(v1::ListEvaluationsResponse {
                evaluations: found.rows.iter().map(convert::evaluation).collect(),
                next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_evaluation(
        &self,
        request: Request<v1::GetEvaluationRequest>,
    ) -> Result<Response<v1::Evaluation>, Status> {
        let received = receive(request)?;
        let found = async {
            let (call, _, id) = names::evaluation("name", &received.message.name)?;
            evaluations::get(&self.cx, &received.caller.actor, &call, id).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::evaluation(&found)))
    }

    async fn get_cover(
        &self,
        request: Request<v1::GetCoverRequest>,
    ) -> Result<Response<v1::Cover>, Status> {
        let received = receive(request)?;
        let found = async {
            let (call, _, id) = names::evaluation("name", &received.message.name)?;
            evaluations::cover(&self.cx, &received.caller.actor, &call, id).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::cover(&found)))
    }

    async fn list_progress(
        &self,
        request: Request<v1::ListProgressRequest>,
    ) -> Result<Response<v1::ListProgressResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, "");
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let call = names::call("parent", &message.parent)?;
            let actor = &received.caller.actor;
            let found = evaluations::progress(&self.cx, actor, &call, &query).await?;
            let next = page::token(&self.cx, &binding, found.applications.next.as_ref());
            Ok(convert::progress(&found, next))
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn assign_evaluation(
        &self,
        request: Request<v1::AssignEvaluationRequest>,
    ) -> Result<Response<v1::Evaluation>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let assigned = async {
            let (call, id) = names::application("parent", &message.parent)?;
            evaluations::assign(&self.cx, &command, &call, id, &message.evaluator).await
        };
        let assigned = assigned.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::evaluation(&assigned)))
    }

    async fn score_evaluation(
        &self,
        request: Request<v1::ScoreEvaluationRequest>,
    ) -> Result<Response<v1::Evaluation>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let scored = async {
            let (call, _, id) = names::evaluation("name", &message.name)?;
            let given = evaluations::Given {
                free_of_conflict: message.free_of_conflict,
                scores: convert::scores(message.scores)?,
            };
            evaluations::score(&self.cx, &command, &call, id, &message.etag, given).await
        };
        let scored = scored.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::evaluation(&scored)))
    }

    async fn draw_assignments(
        &self,
        request: Request<v1::DrawAssignmentsRequest>,
    ) -> Result<Response<v1::DrawAssignmentsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let done = async {
            let call = names::call("parent", &message.parent)?;
            let people = &message.evaluators;
            evaluations::draw(&self.cx, &command, &call, people, &message.seed).await
        };
        let done = done.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::drawn(&done)))
    }

    async fn reassign_evaluation(
        &self,
        request: Request<v1::ReassignEvaluationRequest>,
    ) -> Result<Response<v1::Evaluation>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let done = async {
            let (call, _, id) = names::evaluation("name", &message.name)?;
            let to = (message.evaluator.as_str(), message.reason.as_str());
            evaluations::reassign(&self.cx, &command, &call, id, &message.etag, to).await
        };
        let done = done.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::evaluation(&done)))
    }

    async fn lift_flags(
        &self,
        request: Request<v1::LiftFlagsRequest>,
    ) -> Result<Response<v1::Evaluation>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let done = async {
            let (call, _, id) = names::evaluation("name", &message.name)?;
            let (etag, reason) = (&message.etag, &message.reason);
            evaluations::lift_flags(&self.cx, &command, &call, id, etag, reason).await
        };
        let done = done.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::evaluation(&done)))
    }

    async fn declare_conflict(
        &self,
        request: Request<v1::DeclareConflictRequest>,
    ) -> Result<Response<v1::Evaluation>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let done = async {
            let (call, _, id) = names::evaluation("name", &message.name)?;
            let declared = convert::declaration(message.declaration(), &message.reason)?;
            evaluations::declare(&self.cx, &command, &call, id, &message.etag, &declared).await
        };
        let done = done.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::evaluation(&done)))
    }

    async fn revise_evaluation(
        &self,
        request: Request<v1::ReviseEvaluationRequest>,
    ) -> Result<Response<v1::Evaluation>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let done = async {
            let (call, _, id) = names::evaluation("name", &message.name)?;
            let sheet = (convert::scores(message.scores)?, message.reason.as_str());
            evaluations::revise(&self.cx, &command, &call, id, &message.etag, sheet).await
        };
        let done = done.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::evaluation(&done)))
    }

    async fn propose_consensus(
        &self,
        request: Request<v1::ProposeConsensusRequest>,
    ) -> Result<Response<v1::ProposeConsensusResponse>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let done = async {
            let (call, id) = names::application("parent", &message.parent)?;
            let (scores, reason) = (convert::scores(message.scores)?, &message.reason);
            evaluations::propose(&self.cx, &command, &call, id, &scores, reason).await
        };
        let done = done.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::ProposeConsensusResponse {
            evaluations: done.iter().map(convert::evaluation).collect(),
        }))
    }

    async fn confirm_consensus(
        &self,
        request: Request<v1::ConfirmConsensusRequest>,
    ) -> Result<Response<v1::Evaluation>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let done = async {
            let (call, _, id) = names::evaluation("name", &message.name)?;
            evaluations::confirm(&self.cx, &command, &call, id, &message.etag).await
        };
        let done = done.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::evaluation(&done)))
    }

    async fn exclude_evaluation(
        &self,
        request: Request<v1::ExcludeEvaluationRequest>,
    ) -> Result<Response<v1::Evaluation>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let excluded = async {
            let (call, _, id) = names::evaluation("name", &message.name)?;
            let (etag, reason) = (&message.etag, &message.reason);
            evaluations::exclude(&self.cx, &command, &call, id, etag, reason).await
        };
        let excluded = excluded.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::excluded(&excluded)))
    }
}
