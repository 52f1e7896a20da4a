//! `CallService`.

use bando_domain::call::Call;
use bando_proto::v1;
use bando_proto::v1::call_service_server::CallService;
use bando_store::Versioned;
use bando_workflow::call_acts::LaterClose;
use bando_workflow::{Error, call_acts, calls, editions, rankings, results, rule_changes};
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

impl Api {
    async fn show_call(&self, known: &Versioned<Call>) -> Result<v1::Call, Error> {
        let number = rankings::number_in_force(&self.cx, &known.value).await?;
        Ok(convert::call(known, number))
    }
}

#[tonic::async_trait]
impl CallService for Api {
    async fn list_calls(
        &self,
        request: Request<v1::ListCallsRequest>,
    ) -> Result<Response<v1::ListCallsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, "");
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let programme = names::programme("parent", &message.parent)?;
            let found = calls::list(&self.cx, &received.caller.actor, &programme, &query).await?;
            let mut calls = Vec::new();
            for known in &found.rows {
                calls.push(self.show_call(known).await?);
            }
            let next_page_token = page::token(&self.cx, &binding, found.next.as_ref());
            Ok(v1::ListCallsResponse {
                calls,
                next_page_token,
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_call(
        &self,
        request: Request<v1::GetCallRequest>,
    ) -> Result<Response<v1::Call>, Status> {
        let received = receive(request)?;
        let found = async {
            let id = names::call("name", &received.message.name)?;
            self.show_call(&calls::get(&self.cx, &received.caller.actor, &id).await?)
                .await
        };
        found
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn load_call(
        &self,
        request: Request<v1::LoadCallRequest>,
    ) -> Result<Response<v1::Call>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let loaded = async {
            let programme = names::programme("parent", &message.parent)?;
            let (name, file) = (&message.file_name, &message.file);
            self.show_call(&calls::load(&self.cx, &command, &programme, name, file).await?)
                .await
        };
        loaded
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn propose_publication(
        &self,
        request: Request<v1::ProposePublicationRequest>,
    ) -> Result<Response<v1::Proposal>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let proposed = async {
            let id = names::call("name", &message.name)?;
            let etag = &message.etag;
            let proposed = call_acts::propose_publication(&self.cx, &command, &id, etag).await?;
            self.show_proposal(&proposed).await
        };
        proposed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn propose_extension(
        &self,
        request: Request<v1::ProposeExtensionRequest>,
    ) -> Result<Response<v1::Proposal>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let proposed = async {
            let id = names::call("name", &message.name)?;
            let wanted = LaterClose {
                closes: &message.closes,
                act: &message.act,
                reason: &message.reason,
            };
            let etag = &message.etag;
            let proposed =
                call_acts::propose_extension(&self.cx, &command, &id, etag, wanted).await?;
            self.show_proposal(&proposed).await
        };
        proposed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn propose_cancellation(
        &self,
        request: Request<v1::ProposeCancellationRequest>,
    ) -> Result<Response<v1::Proposal>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let proposed = async {
            let id = names::call("name", &message.name)?;
            let (etag, act, reason) = (&message.etag, &message.act, &message.reason);
            let proposed =
                call_acts::propose_cancellation(&self.cx, &command, &id, etag, act, reason).await?;
            self.show_proposal(&proposed).await
        };
        proposed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn suspend_call(
        &self,
        request: Request<v1::SuspendCallRequest>,
    ) -> Result<Response<v1::Call>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let changed = async {
            let id = names::call("name", &message.name)?;
            let (etag, reason) = (&message.etag, &message.reason);
            let changed = call_acts::suspend(&self.cx, &command, &id, etag, reason).await?;
            self.show_call(&changed).await
        };
        changed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn resume_call(
        &self,
        request: Request<v1::ResumeCallRequest>,
    ) -> Result<Response<v1::Call>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let changed = async {
            let id = names::call("name", &message.name)?;
            let (etag, act) = (&message.etag, &message.act);
            let changed = call_acts::resume(&self.cx, &command, &id, etag, act).await?;
            self.show_call(&changed).await
        };
        changed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn move_publication(
        &self,
        request: Request<v1::MovePublicationRequest>,
    ) -> Result<Response<v1::Call>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let moved = async {
            let id = names::call("name", &message.name)?;
            let (etag, at, act) = (&message.etag, &message.publish_at, &message.act);
            let moved = results::move_publication(&self.cx, &command, &id, etag, at, act).await?;
            self.show_call(&moved).await
        };
        moved
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn list_rule_sets(
        &self,
        request: Request<v1::ListRuleSetsRequest>,
    ) -> Result<Response<v1::ListRuleSetsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, "");
        page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let call = names::call("parent", &message.parent)?;
            rule_changes::list(&self.cx, &received.caller.actor, &call).await
        };
        let listed = listed.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::ListRuleSetsResponse {
            rule_sets: listed.iter().map(convert::rule_set).collect(),
            next_page_token: String::new(),
        }))
    }

    async fn propose_rule_change(
        &self,
        request: Request<v1::ProposeRuleChangeRequest>,
    ) -> Result<Response<v1::Proposal>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let proposed = async {
            let id = names::call("name", &message.name)?;
            let (etag, name, file) = (&message.etag, &message.file_name, &message.file);
            let proposed = rule_changes::propose(&self.cx, &command, &id, etag, name, file).await?;
            Ok(convert::proposal(&proposed, None))
        };
        proposed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn clone_call(
        &self,
        request: Request<v1::CloneCallRequest>,
    ) -> Result<Response<v1::CloneCallResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let cloned = async {
            let id = names::call("name", &message.name)?;
            let cloned = editions::clone(&self.cx, &command, &id, message.year).await?;
            Ok(v1::CloneCallResponse {
                call: Some(self.show_call(&cloned.call).await?),
                differences: cloned.differences.iter().map(convert::difference).collect(),
            })
        };
        cloned
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn compare_calls(
        &self,
        request: Request<v1::CompareCallsRequest>,
    ) -> Result<Response<v1::CompareCallsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let compared = async {
            let id = names::call("name", &message.name)?;
            let other = names::call("other", &message.other)?;
            editions::compare(&self.cx, &received.caller.actor, &id, &other).await
        };
        let differences = compared.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::CompareCallsResponse {
            differences: differences.iter().map(convert::difference).collect(),
        }))
    }
}
