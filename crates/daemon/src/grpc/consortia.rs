//! `ConsortiumService`.

use bando_proto::v1;
use bando_proto::v1::consortium_service_server::ConsortiumService;
use bando_workflow::consortia;
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

#[tonic::async_trait]
impl ConsortiumService for Api {
    async fn list_consortia(
        &self,
        request: Request<v1::ListConsortiaRequest>,
    ) -> Result<Response<v1::ListConsortiaResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, "");
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let programme = names::programme("parent", &message.parent)?;
            let actor = &received.caller.actor;
            let found = consortia::list(&self.cx, actor, &programme, &query).await?;
            Ok(v1::ListConsortiaResponse {
                consortia: found.rows.iter().map(convert::consortium).collect(),
                next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_consortium(
        &self,
        request: Request<v1::GetConsortiumRequest>,
    ) -> Result<Response<v1::Consortium>, Status> {
        let received = receive(request)?;
        let found = async {
            let (programme, id) = names::consortium("name", &received.message.name)?;
            consortia::get(&self.cx, &received.caller.actor, &programme, id).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::consortium(&found)))
    }

    async fn register_consortium(
        &self,
        request: Request<v1::RegisterConsortiumRequest>,
    ) -> Result<Response<v1::Consortium>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let registered = async {
            let programme = names::programme("parent", &message.parent)?;
            let wire = convert::required("consortium", message.consortium)?;
            let given = convert::consortium_details(wire.profile, wire.contact)?;
            let profile = convert::required("profile", given.profile)?;
            let contact = convert::required("contact", given.contact)?;
            consortia::register(&self.cx, &command, &programme, profile, contact).await
        };
        let registered = registered.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::consortium(&registered)))
    }

    async fn update_consortium(
        &self,
        request: Request<v1::UpdateConsortiumRequest>,
    ) -> Result<Response<v1::Consortium>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let updated = async {
            let wire = convert::required("consortium", message.consortium)?;
            let (programme, id) = names::consortium("consortium.name", &wire.name)?;
            let parts = convert::consortium_parts(message.update_mask.as_ref())?;
            let change = convert::consortium_details(
                wire.profile.filter(|_| parts.profile),
                wire.contact.filter(|_| parts.contact),
            )?;
            if parts.profile {
                convert::required("profile", change.profile.as_ref())?;
            }
            if parts.contact {
                convert::required("contact", change.contact.as_ref())?;
            }
            consortia::update(&self.cx, &command, &programme, id, &wire.etag, change).await
        };
        let updated = updated.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::consortium(&updated)))
    }
}
