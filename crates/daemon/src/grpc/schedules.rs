//! `ScheduleService`.

use bando_proto::v1;
use bando_proto::v1::schedule_service_server::ScheduleService;
use bando_workflow::{Error, schedules};
use tonic::{Request, Response, Status};

use super::{Api, receive};
use crate::convert::{self, names};

/// Fires that one preview shows, and where nothing is said.
const PREVIEWED: (i32, i32) = (100, 10);

fn previewed(count: i32) -> Result<usize, Error> {
    let (most, usual) = PREVIEWED;
    let count = if count == 0 { usual } else { count };
    match usize::try_from(count) {
        Ok(count @ 1..) if count <= usize::try_from(most).unwrap_or(1) => Ok(count),
        _ => Err(Error::invalid(
            "count",
            "OUT_OF_RANGE",
            format!("1 to {most}"),
        )),
    }
}

#[tonic::async_trait]
impl ScheduleService for Api {
    async fn list_schedules(
        &self,
        request: Request<v1::ListSchedulesRequest>,
    ) -> Result<Response<v1::ListSchedulesResponse>, Status> {
        let received = receive(request)?;
        let listed = async {
            let programme = names::programme("parent", &received.message.parent)?;
            schedules::list(&self.cx, &received.caller.actor, &programme).await
        };
        let found = listed.await.map_err(|error| received.status(error))?;
        let schedules = found.iter().map(convert::schedule).collect();
        Ok(Response::new(v1::ListSchedulesResponse { schedules }))
    }

    async fn get_schedule(
        &self,
        request: Request<v1::GetScheduleRequest>,
    ) -> Result<Response<v1::Schedule>, Status> {
        let received = receive(request)?;
        let found = async {
            let (programme, name) = names::schedule("name", &received.message.name)?;
            schedules::get(&self.cx, &received.caller.actor, &programme, &name).await
        };
        let view = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::Schedule {
            fires: view.fires.iter().map(convert::fire).collect(),
            ..convert::schedule(&view.schedule)
        }))
    }

    async fn preview_schedule(
        &self,
        request: Request<v1::PreviewScheduleRequest>,
    ) -> Result<Response<v1::PreviewScheduleResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let previewed = async {
            let (programme, name) = names::schedule("name", &message.name)?;
            let after = message.after.and_then(convert::read_instant);
            let span = (after, previewed(message.count)?);
            let actor = &received.caller.actor;
            schedules::preview(&self.cx, actor, &programme, &name, span).await
        };
        let found = previewed.await.map_err(|error| received.status(error))?;
        let fires = found.iter().map(convert::upcoming_fire).collect();
        Ok(Response::new(v1::PreviewScheduleResponse { fires }))
    }

    async fn pause_schedule(
        &self,
        request: Request<v1::PauseScheduleRequest>,
    ) -> Result<Response<v1::Schedule>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let paused = async {
            let (programme, name) = names::schedule("name", &message.name)?;
            let (etag, reason) = (&message.etag, &message.reason);
            schedules::pause(&self.cx, &command, (&programme, &name), etag, reason).await
        };
        let schedule = paused.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::schedule(&schedule)))
    }

    async fn resume_schedule(
        &self,
        request: Request<v1::ResumeScheduleRequest>,
    ) -> Result<Response<v1::Schedule>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let resumed = async {
            let (programme, name) = names::schedule("name", &message.name)?;
            schedules::resume(&self.cx, &command, (&programme, &name), &message.etag).await
        };
        let schedule = resumed.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::schedule(&schedule)))
    }

    async fn trigger_schedule(
        &self,
        request: Request<v1::TriggerScheduleRequest>,
    ) -> Result<Response<v1::Fire>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let triggered = async {
            let (programme, name) = names::schedule("name", &message.name)?;
            let (etag, reason) = (&message.etag, &message.reason);
            schedules::trigger(&self.cx, &command, (&programme, &name), etag, reason).await
        };
        let fire = triggered.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::fire(&fire)))
    }

    async fn backfill_schedule(
        &self,
        request: Request<v1::BackfillScheduleRequest>,
    ) -> Result<Response<v1::BackfillScheduleResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let asked = async {
            let (programme, name) = names::schedule("name", &message.name)?;
            let from = convert::required_instant("from", message.from)?;
            let to = convert::required_instant("to", message.to)?;
            let named = (&programme, name.as_str());
            schedules::backfill(&self.cx, &command, named, &message.etag, (from, to)).await
        };
        let fires = asked.await.map_err(|error| received.status(error))?;
        let fires = fires.iter().map(convert::fire).collect();
        Ok(Response::new(v1::BackfillScheduleResponse { fires }))
    }
}
