//! `DeadlineService`.

use bando_proto::v1;
use bando_proto::v1::deadline_service_server::DeadlineService;
use bando_workflow::call_acts::LaterClose;
use bando_workflow::{Error, deadlines};
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

fn wanted(message: &v1::ListDeadlinesRequest) -> Result<deadlines::Wanted, Error> {
    let programme = names::programme("parent", &message.parent)?;
    let elsewhere = |field: &str| {
        let explanation = format!("something of {} is expected", message.parent);
        Err(Error::invalid(field, "NAME", explanation))
    };
    let call = match message.call.as_str() {
        "" => None,
        name => Some(names::call("call", name)?),
    };
    if call
        .as_ref()
        .is_some_and(|call| *call.programme() != programme)
    {
        return elsewhere("call");
    }
    let consortium = match message.consortium.as_str() {
        "" => None,
        name => Some(names::consortium("consortium", name)?),
    };
    if consortium.as_ref().is_some_and(|(of, _)| *of != programme) {
        return elsewhere("consortium");
    }
    let wanted = deadlines::Wanted {
        call,
        consortium: consortium.map(|(_, id)| id),
        from: convert::optional_instant("from", message.from)?,
        to: convert::optional_instant("to", message.to)?,
    };
    if let (Some(from), Some(to)) = (wanted.from, wanted.to)
        && to < from
    {
        let explanation = format!("{to} is before from, {from}");
        return Err(Error::invalid("to", "ORDER", explanation));
    }
    Ok(wanted)
}

/// Everything that narrows the listing a page belongs to.
fn narrowed(message: &v1::ListDeadlinesRequest) -> String {
    let instant = |at: Option<prost_types::Timestamp>| {
        at.map_or_else(String::new, |at| format!("{}.{:09}", at.seconds, at.nanos))
    };
    let (from, to) = (instant(message.from), instant(message.to));
    format!("{} {} {from} {to}", message.call, message.consortium)
}

#[tonic::async_trait]
impl DeadlineService for Api {
    async fn list_deadlines(
        &self,
        request: Request<v1::ListDeadlinesRequest>,
    ) -> Result<Response<v1::ListDeadlinesResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let narrowed = narrowed(message);
        let binding = page::binding(&received.caller.method, &message.parent, &narrowed);
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let wanted = wanted(message)?;
            let programme = names::programme("parent", &message.parent)?;
            let actor = &received.caller.actor;
            deadlines::list(&self.cx, actor, &programme, &wanted, &query).await
        };
        let found = listed.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::ListDeadlinesResponse {
            deadlines: found.rows.iter().map(convert::deadline).collect(),
            next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
        }))
    }

    async fn get_deadline(
        &self,
        request: Request<v1::GetDeadlineRequest>,
    ) -> Result<Response<v1::Deadline>, Status> {
        let received = receive(request)?;
        let found = async {
            let (call, subject) = names::deadline("name", &received.message.name)?;
            deadlines::get(&self.cx, &received.caller.actor, &call, subject).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::deadline(&found)))
    }

    async fn extend_deadline(
        &self,
        request: Request<v1::ExtendDeadlineRequest>,
    ) -> Result<Response<v1::Proposal>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let proposed = async {
            let (call, subject) = names::deadline("name", &message.name)?;
            let wanted = LaterClose {
                closes: &message.to,
                act: &message.act,
                reason: &message.reason,
            };
            let (etag, of) = (&message.etag, (&call, subject));
            let proposed = deadlines::extend(&self.cx, &command, of, etag, wanted).await?;
            self.show_proposal(&proposed).await
        };
        proposed
            .await
            .map(Response::new)
            .map_err(|error| received.status(error))
    }

    async fn get_deadline_history(
        &self,
        request: Request<v1::GetDeadlineHistoryRequest>,
    ) -> Result<Response<v1::GetDeadlineHistoryResponse>, Status> {
        let received = receive(request)?;
        let found = async {
            let (call, subject) = names::deadline("name", &received.message.name)?;
            deadlines::get(&self.cx, &received.caller.actor, &call, subject).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        let changes = found.value.changes.iter().map(convert::deadline_change);
        Ok(Response::new(v1::GetDeadlineHistoryResponse {
            changes: changes.collect(),
        }))
    }
}
