//! `TimerService`.

use bando_domain::timer::TimerState;
use bando_proto::v1;
use bando_proto::v1::timer_service_server::TimerService;
use bando_workflow::timers;
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

#[tonic::async_trait]
impl TimerService for Api {
    async fn list_timers(
        &self,
        request: Request<v1::ListTimersRequest>,
    ) -> Result<Response<v1::ListTimersResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, &message.filter);
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let programme = names::programme("parent", &message.parent)?;
            let [state] = convert::filter(&message.filter, ["state"])?;
            let state = convert::one_of("state of a timer", state.as_ref(), |text| {
                TimerState::ALL
                    .into_iter()
                    .find(|state| state.as_str() == text)
            })?;
            let actor = &received.caller.actor;
            let found = timers::list(&self.cx, actor, &programme, state, &query).await?;
            Ok(v1::ListTimersResponse {
                timers: found.rows.iter().map(convert::timer).collect(),
                next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
            })
        };
        listed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }
    async fn get_timer(
        &self,
        request: Request<v1::GetTimerRequest>,
    ) -> Result<Response<v1::Timer>, Status> {
        let received = receive(request)?;
        let found = async {
            let (programme, id) = names::timer("name", &received.message.name)?;
            timers::get(&self.cx, &received.caller.actor, &programme, id).await
        };
        let timer = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::timer(&timer)))
    }

    async fn retry_timer(
        &self,
        request: Request<v1::RetryTimerRequest>,
    ) -> Result<Response<v1::Timer>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let retried = async {
            let (programme, id) = names::timer("name", &message.name)?;
            timers::retry(&self.cx, &command, (&programme, id), &message.etag).await
        };
        let timer = retried.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::timer(&timer)))
    }

    async fn cancel_timer(
        &self,
        request: Request<v1::CancelTimerRequest>,
    ) -> Result<Response<v1::Timer>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let cancelled = async {
            let (programme, id) = names::timer("name", &message.name)?;
            let (etag, reason) = (&message.etag, &message.reason);
            timers::cancel(&self.cx, &command, (&programme, id), etag, reason).await
        };
        let timer = cancelled.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::timer(&timer)))
    }
}
