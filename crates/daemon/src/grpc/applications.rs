//! `ApplicationService`.

use bando_domain::application::State;
use bando_proto::v1;
use bando_proto::v1::application_service_server::ApplicationService;
use bando_store::applications::Filter;
use bando_workflow::{Error, applications, mending};
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

fn filter(text: &str) -> Result<Filter, Error> {
    let [state, consortium] = convert::filter(text, ["state", "consortium"])?;
    let consortium = consortium
        .map(|name| names::consortium("filter", &name))
        .transpose()?
        .map(|(_, id)| id);
    let state = convert::one_of("state of an application", state.as_ref(), State::parse)?;
    Ok(Filter {
        state,
        consortium,
        evaluator: None,
    })
}

#[tonic::async_trait]
impl ApplicationService for Api {
    async fn list_applications(
        &self,
        request: Request<v1::ListApplicationsRequest>,
    ) -> Result<Response<v1::ListApplicationsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, &message.filter);
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let call = names::call("parent", &message.parent)?;
            let (actor, filter) = (&received.caller.actor, filter(&message.filter)?);
            let found = applications::list(&self.cx, actor, &call, filter, &query).await?;
            Ok(v1::ListApplicationsResponse {
                applications: found.rows.iter().map(convert::application).collect(),
                next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_application(
        &self,
        request: Request<v1::GetApplicationRequest>,
    ) -> Result<Response<v1::Application>, Status> {
        let received = receive(request)?;
        let found = async {
            let (call, id) = names::application("name", &received.message.name)?;
            applications::get(&self.cx, &received.caller.actor, &call, id).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::application(&found)))
    }

    async fn create_application(
        &self,
        request: Request<v1::CreateApplicationRequest>,
    ) -> Result<Response<v1::Application>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let created = async {
            let call = names::call("parent", &message.parent)?;
            let (_, consortium) = names::consortium("consortium", &message.consortium)?;
            let project = convert::project(message.project.unwrap_or_default())?;
            applications::create(&self.cx, &command, &call, consortium, project).await
        };
        let created = created.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::application(&created)))
    }

    async fn update_application(
        &self,
        request: Request<v1::UpdateApplicationRequest>,
    ) -> Result<Response<v1::Application>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let updated = async {
            let (call, id) = names::application("name", &message.name)?;
            let paths = convert::paths(message.update_mask.as_ref())?;
            let project = convert::project(message.project.unwrap_or_default())?;
            let etag = &message.etag;
            applications::update(&self.cx, &command, &call, id, etag, &paths, &project).await
        };
        let updated = updated.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::application(&updated)))
    }

    async fn submit_application(
        &self,
        request: Request<v1::SubmitApplicationRequest>,
    ) -> Result<Response<v1::SubmitApplicationResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let submitted = async {
            let (call, id) = names::application("name", &message.name)?;
            Box::pin(applications::submit(
                &self.cx,
                &command,
                &call,
                id,
                &message.etag,
            ))
            .await
        };
        let submitted = submitted.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::SubmitApplicationResponse {
            application: Some(convert::application(&submitted.view)),
            receipt: Some(convert::statement(&submitted.receipt)),
        }))
    }

    async fn withdraw_application(
        &self,
        request: Request<v1::WithdrawApplicationRequest>,
    ) -> Result<Response<v1::Application>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let withdrawn = async {
            let (call, id) = names::application("name", &message.name)?;
            let (etag, reason) = (&message.etag, &message.reason);
            applications::withdraw(&self.cx, &command, &call, id, etag, reason).await
        };
        let withdrawn = withdrawn.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::application(&withdrawn)))
    }

    async fn get_submission(
        &self,
        request: Request<v1::GetSubmissionRequest>,
    ) -> Result<Response<v1::Submission>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let found = async {
            let (call, id) = names::application("name", &message.name)?;
            let number = u32::try_from(message.number)
                .map_err(|_| Error::invalid("number", "NEGATIVE", "must not be negative"))?;
            applications::sealed(&self.cx, &received.caller.actor, &call, id, number).await
        };
        let (submission, content) = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::Submission {
            number: convert::count(submission.number),
            received_at: Some(convert::instant(submission.received_at)),
            receipt: Some(convert::statement(&submission.receipt)),
            content: content.into_bytes(),
        }))
    }

    async fn propose_late_admission(
        &self,
        request: Request<v1::ProposeLateAdmissionRequest>,
    ) -> Result<Response<v1::Proposal>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let proposed = async {
            let (call, id) = names::application("name", &message.name)?;
            let why = (message.act.as_str(), message.reason.as_str());
            let etag = &message.etag;
            let proposed =
                mending::propose_late_admission(&self.cx, &command, &call, id, etag, why).await?;
            self.show_proposal(&proposed).await
        };
        proposed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }
}
