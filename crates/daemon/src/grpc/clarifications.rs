//! `ClarificationService`.

use bando_domain::clarification::State;
use bando_proto::v1;
use bando_proto::v1::clarification_service_server::ClarificationService;
use bando_store::clarifications::Filter;
use bando_workflow::{Error, clarifications};
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

#[tonic::async_trait]
impl ClarificationService for Api {
    async fn list_clarifications(
        &self,
        request: Request<v1::ListClarificationsRequest>,
    ) -> Result<Response<v1::ListClarificationsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, &message.filter);
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let (call, application) = names::call_or_application("parent", &message.parent)?;
            let [state] = convert::filter(&message.filter, ["state"])?;
            let state = convert::one_of("state of a request", state.as_ref(), State::parse)?;
            let filter = Filter {
                state,
                application,
                consortium: None,
            };
            let actor = &received.caller.actor;
            let found = clarifications::list(&self.cx, actor, &call, filter, &query).await?;
            Ok(v1::ListClarificationsResponse {
                clarifications: found.rows.iter().map(convert::clarification).collect(),
                next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_clarification(
        &self,
        request: Request<v1::GetClarificationRequest>,
    ) -> Result<Response<v1::Clarification>, Status> {
        let received = receive(request)?;
        let found = async {
            let (call, of, id) = names::clarification("name", &received.message.name)?;
            clarifications::get(&self.cx, &received.caller.actor, (&call, of), id).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::clarification(&found)))
    }

    async fn request_clarification(
        &self,
        request: Request<v1::RequestClarificationRequest>,
    ) -> Result<Response<v1::Clarification>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let requested = async {
            let (call, id) = names::application("parent", &message.parent)?;
            let items = convert::items(message.items)?;
            clarifications::request(&self.cx, &command, &call, id, &message.etag, items).await
        };
        let requested = requested.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::clarification(&requested)))
    }

    async fn answer_clarification(
        &self,
        request: Request<v1::AnswerClarificationRequest>,
    ) -> Result<Response<v1::AnswerClarificationResponse>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let answered = async {
            let (call, of, id) = names::clarification("name", &message.name)?;
            let (etag, texts) = (&message.etag, convert::item_answers(message.answers)?);
            clarifications::answer(&self.cx, &command, (&call, of), id, etag, texts).await
        };
        let answered = answered.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::AnswerClarificationResponse {
            clarification: Some(convert::clarification(&answered.clarification)),
            receipt: Some(convert::statement(&answered.receipt)),
        }))
    }

    async fn accept_clarification(
        &self,
        request: Request<v1::AcceptClarificationRequest>,
    ) -> Result<Response<v1::Clarification>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let accepted = async {
            let (call, of, id) = names::clarification("name", &message.name)?;
            clarifications::accept(&self.cx, &command, (&call, of), id, &message.etag).await
        };
        let accepted = accepted.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::clarification(&accepted)))
    }

    async fn close_clarification(
        &self,
        request: Request<v1::CloseClarificationRequest>,
    ) -> Result<Response<v1::Clarification>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let closed = async {
            let (call, of, id) = names::clarification("name", &message.name)?;
            let (etag, reason) = (&message.etag, &message.reason);
            clarifications::close(&self.cx, &command, (&call, of), id, etag, reason).await
        };
        let closed = closed.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::clarification(&closed)))
    }

    async fn get_answer(
        &self,
        request: Request<v1::GetAnswerRequest>,
    ) -> Result<Response<v1::Answer>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let found = async {
            let (call, of, id) = names::clarification("name", &message.name)?;
            let number = u32::try_from(message.number)
                .map_err(|_| Error::invalid("number", "NEGATIVE", "must not be negative"))?;
            let actor = &received.caller.actor;
            clarifications::sealed(&self.cx, actor, (&call, of), id, number).await
        };
        let (answer, content) = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::answer(
            &answer,
            content.into_bytes(),
        )))
    }
}
