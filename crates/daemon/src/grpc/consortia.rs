//! `ConsortiumService`.

use bando_proto::v1;
use bando_proto::v1::consortium_service_server::ConsortiumService;
use bando_workflow::{applications, consortia};
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
            let on = convert::day("on", &received.message.on)?;
            consortia::get_on(&self.cx, &received.caller.actor, &programme, id, on).await
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

    async fn record_change(
        &self,
        request: Request<v1::RecordChangeRequest>,
    ) -> Result<Response<v1::Consortium>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let recorded = async {
            let (programme, id) = names::consortium("name", &message.name)?;
            let change = convert::register_change(message.change)?;
            consortia::record_change(&self.cx, &command, &programme, id, &message.etag, change)
                .await
        };
        let recorded = recorded.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::consortium(&recorded)))
    }

    async fn agree_multi_year_programme(
        &self,
        request: Request<v1::AgreeMultiYearProgrammeRequest>,
    ) -> Result<Response<v1::Consortium>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let agreed = async {
            let (programme, id) = names::consortium("name", &message.name)?;
            let agreed = convert::multi_year_programme(message.programme)?;
            consortia::agree_programme(&self.cx, &command, &programme, id, &message.etag, agreed)
                .await
        };
        let agreed = agreed.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::consortium(&agreed)))
    }

    async fn list_annual_projects(
        &self,
        request: Request<v1::ListAnnualProjectsRequest>,
    ) -> Result<Response<v1::ListAnnualProjectsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let filter = message.first_year.to_string();
        let binding = page::binding(&received.caller.method, &message.parent, &filter);
        page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let (programme, id) = names::consortium("parent", &message.parent)?;
            let first_year = convert::first_year(message.first_year)?;
            let actor = &received.caller.actor;
            applications::annual_projects(&self.cx, actor, &programme, id, first_year).await
        };
        let listed = listed.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::ListAnnualProjectsResponse {
            projects: listed.iter().map(convert::annual_project).collect(),
            next_page_token: String::new(),
        }))
    }

    async fn list_history(
        &self,
        request: Request<v1::ListHistoryRequest>,
    ) -> Result<Response<v1::ListHistoryResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, "");
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let (programme, id) = names::consortium("parent", &message.parent)?;
            let actor = &received.caller.actor;
            consortia::history(&self.cx, actor, &programme, id, &query).await
        };
        let listed = listed.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::ListHistoryResponse {
            entries: listed.rows.iter().map(convert::history_entry).collect(),
            next_page_token: page::token(&self.cx, &binding, listed.next.as_ref()),
        }))
    }

    async fn correct_address(
        &self,
        request: Request<v1::CorrectAddressRequest>,
    ) -> Result<Response<v1::CorrectAddressResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let corrected = async {
            let (programme, id) = names::consortium("name", &message.name)?;
            let correction = consortia::Correction {
                email: message.email.clone(),
                reason: message.reason.clone(),
            };
            consortia::correct_address(
                &self.cx,
                &command,
                &programme,
                id,
                &message.etag,
                correction,
            )
            .await
        };
        let corrected = corrected.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::corrected(&corrected)))
    }

    async fn import_consortia(
        &self,
        request: Request<v1::ImportConsortiaRequest>,
    ) -> Result<Response<v1::ImportConsortiaResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let imported = async {
            let programme = names::programme("parent", &message.parent)?;
            consortia::import(&self.cx, &command, &programme, &message.file).await
        };
        let imported = imported.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::imported(&imported)))
    }
}
