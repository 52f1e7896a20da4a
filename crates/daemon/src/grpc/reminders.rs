//! `ReminderService`.

use bando_proto::v1;
use bando_proto::v1::reminder_service_server::ReminderService;
use bando_workflow::reminders;
use chrono::TimeDelta;
use tonic::{Request, Response, Status};

use super::{Api, receive};
use crate::convert::{self, names};

/// How far a preview looks that does not say it.
const A_YEAR: TimeDelta = TimeDelta::days(366);

#[tonic::async_trait]
impl ReminderService for Api {
    async fn preview_reminders(
        &self,
        request: Request<v1::PreviewRemindersRequest>,
    ) -> Result<Response<v1::PreviewRemindersResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let previewed = async {
            let call = names::call("call", &message.call)?;
            let from = convert::optional_instant("from", message.from)?;
            let from = from.unwrap_or_else(|| self.cx.now());
            let to = convert::optional_instant("to", message.to)?.unwrap_or(from + A_YEAR);
            reminders::preview(&self.cx, &received.caller.actor, &call, from, to).await
        };
        let previewed = previewed.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::PreviewRemindersResponse {
            reminders: previewed.iter().map(convert::reminder).collect(),
        }))
    }
}
