//! `EligibilityService`.

use bando_proto::v1;
use bando_proto::v1::eligibility_service_server::EligibilityService;
use bando_workflow::{eligibility, mending};
use tonic::{Request, Response, Status};

use super::{Api, receive};
use crate::convert::{self, names};

#[tonic::async_trait]
impl EligibilityService for Api {
    async fn preview_check(
        &self,
        request: Request<v1::PreviewCheckRequest>,
    ) -> Result<Response<v1::Check>, Status> {
        let received = receive(request)?;
        let found = async {
            let (call, id) = names::application("name", &received.message.name)?;
            eligibility::preview(&self.cx, &received.caller.actor, &call, id).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::check(&found)))
    }

    async fn open_check(
        &self,
        request: Request<v1::OpenCheckRequest>,
    ) -> Result<Response<v1::Application>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let opened = async {
            let (call, id) = names::application("name", &message.name)?;
            eligibility::open(&self.cx, &command, &call, id, &message.etag).await
        };
        let opened = opened.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::application(&opened)))
    }

    async fn record_finding(
        &self,
        request: Request<v1::RecordFindingRequest>,
    ) -> Result<Response<v1::Application>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let found = async {
            let (call, id) = names::application("name", &message.name)?;
            let finding = eligibility::OfficerFinding {
                rule: message.rule,
                passed: message.passed,
                explanation: convert::text(message.explanation),
            };
            eligibility::record_finding(&self.cx, &command, &call, id, &message.etag, finding).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::application(&found)))
    }

    async fn conclude_check(
        &self,
        request: Request<v1::ConcludeCheckRequest>,
    ) -> Result<Response<v1::Application>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let concluded = async {
            let (call, id) = names::application("name", &message.name)?;
            let (etag, reason) = (&message.etag, &message.reason);
            eligibility::conclude(&self.cx, &command, &call, id, etag, reason).await
        };
        let concluded = concluded.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::application(&concluded)))
    }

    async fn reopen_check(
        &self,
        request: Request<v1::ReopenCheckRequest>,
    ) -> Result<Response<v1::Application>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let reopened = async {
            let (call, id) = names::application("name", &message.name)?;
            let (etag, reason) = (&message.etag, &message.reason);
            mending::reopen_check(&self.cx, &command, &call, id, etag, reason).await
        };
        let reopened = reopened.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::application(&reopened)))
    }
}
