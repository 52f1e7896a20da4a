//! `ClockService`.

use std::time::Duration;

use bando_domain::clock_watch::Standing;
use bando_proto::v1;
use bando_proto::v1::clock_service_server::ClockService;
use bando_workflow::clock_acts;
use tonic::{Request, Response, Status};

use super::{Api, receive, status};
use crate::convert;

/// Real time that turning may take in one call: well under the server's deadline.
const PATIENCE: Duration = Duration::from_secs(15);

impl Api {
    fn clock(&self) -> Response<v1::Clock> {
        let standing = self.cx.clock.standing();
        let word = match standing {
            Standing::Agrees => v1::ClockStanding::Agrees,
            Standing::Drifts { .. } => v1::ClockStanding::Drifts,
            Standing::Holds { .. } => v1::ClockStanding::Holds,
        };
        Response::new(v1::Clock {
            now: Some(convert::instant(self.cx.now())),
            simulated: self.cx.clock.simulated().is_some(),
            standing: word.into(),
            ahead_micros: standing.by().num_microseconds().unwrap_or(i64::MAX),
        })
    }
}

#[tonic::async_trait]
impl ClockService for Api {
    async fn get_clock(
        &self,
        request: Request<v1::GetClockRequest>,
    ) -> Result<Response<v1::Clock>, Status> {
        receive(request)?;
        Ok(self.clock())
    }

    async fn advance_clock(
        &self,
        request: Request<v1::AdvanceClockRequest>,
    ) -> Result<Response<v1::Clock>, Status> {
        let received = receive(request)?;
        let to = received.message.to.and_then(convert::read_instant);
        let to = to.ok_or_else(|| status::invalid("to", "REQUIRED", "an instant is expected"))?;
        if to < self.cx.now() {
            let explanation = format!("{to} is before now, {}", self.cx.now());
            return Err(status::invalid("to", "CLOCK_BACKWARDS", &explanation));
        }
        self.timekeeper
            .advance(to, PATIENCE)
            .await
            .map_err(|error| received.status(error))?;
        Ok(self.clock())
    }

    async fn confirm_clock(
        &self,
        request: Request<v1::ConfirmClockRequest>,
    ) -> Result<Response<v1::Clock>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        clock_acts::confirm(&self.cx, &command, &message.reason)
            .await
            .map_err(|error| received.status(error))?;
        Ok(self.clock())
    }
}
