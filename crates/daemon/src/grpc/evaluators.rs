//! `EvaluatorService`.

use bando_proto::v1;
use bando_proto::v1::evaluator_service_server::EvaluatorService;
use bando_workflow::evaluators;
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

#[tonic::async_trait]
impl EvaluatorService for Api {
    async fn list_evaluators(
        &self,
        request: Request<v1::ListEvaluatorsRequest>,
    ) -> Result<Response<v1::ListEvaluatorsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, "");
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let programme = names::programme("parent", &message.parent)?;
            let actor = &received.caller.actor;
            let found = evaluators::list(&self.cx, actor, &programme, &query).await?;
            Ok(v1::ListEvaluatorsResponse {
                evaluators: found.rows.iter().map(convert::evaluator).collect(),
                next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_evaluator(
        &self,
        request: Request<v1::GetEvaluatorRequest>,
    ) -> Result<Response<v1::Evaluator>, Status> {
        let received = receive(request)?;
        let found = async {
            let (programme, id) = names::evaluator("name", &received.message.name)?;
            evaluators::get(&self.cx, &received.caller.actor, &programme, id).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::evaluator(&found)))
    }

    async fn register_evaluator(
        &self,
        request: Request<v1::RegisterEvaluatorRequest>,
    ) -> Result<Response<v1::Evaluator>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let registered = async {
            let programme = names::programme("parent", &message.parent)?;
            let wire = convert::required("evaluator", message.evaluator)?;
            let person = wire.person.clone();
            let details = convert::evaluator_details(wire)?;
            evaluators::register(&self.cx, &command, &programme, &person, details).await
        };
        let registered = registered.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::evaluator(&registered)))
    }

    async fn update_evaluator(
        &self,
        request: Request<v1::UpdateEvaluatorRequest>,
    ) -> Result<Response<v1::Evaluator>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let updated = async {
            let wire = convert::required("evaluator", message.evaluator)?;
            let (programme, id) = names::evaluator("evaluator.name", &wire.name)?;
            let etag = wire.etag.clone();
            let details = convert::evaluator_details(wire)?;
            evaluators::update(&self.cx, &command, &programme, id, &etag, details).await
        };
        let updated = updated.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::evaluator(&updated)))
    }
}
