//! `CalendarService`.

use bando_domain::civil::Language;
use bando_proto::v1;
use bando_proto::v1::calendar_service_server::CalendarService;
use bando_workflow::{Error, calendar_feeds};
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::admin::calendars;
use crate::convert::{self, names};

fn language(text: &str) -> Result<Option<Language>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
    let found = Language::ALL
        .into_iter()
        .find(|known| known.as_str() == text);
    let refuse = || Error::invalid("language", "LANGUAGE", "`it` or `en` is expected");
    found.map(Some).ok_or_else(refuse)
}

#[tonic::async_trait]
impl CalendarService for Api {
    async fn create_calendar_feed(
        &self,
        request: Request<v1::CreateCalendarFeedRequest>,
    ) -> Result<Response<v1::CreateCalendarFeedResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let created = async {
            let programme = names::programme("parent", &message.parent)?;
            let consortium = match message.consortium.as_str() {
                "" => None,
                name => Some(names::consortium("consortium", name)?),
            };
            if consortium.as_ref().is_some_and(|(of, _)| *of != programme) {
                let explanation = format!("a consortium of {} is expected", message.parent);
                return Err(Error::invalid("consortium", "NAME", explanation));
            }
            let (of, language) = (consortium.map(|(_, id)| id), language(&message.language)?);
            calendar_feeds::create(&self.cx, &command, &programme, of, language).await
        };
        let created = created.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::CreateCalendarFeedResponse {
            calendar: Some(convert::calendar_feed(&created.feed)),
            path: created
                .secret
                .map(|secret| calendars::path(&secret))
                .unwrap_or_default(),
        }))
    }

    async fn list_calendar_feeds(
        &self,
        request: Request<v1::ListCalendarFeedsRequest>,
    ) -> Result<Response<v1::ListCalendarFeedsResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, &message.parent, "");
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let listed = async {
            let programme = names::programme("parent", &message.parent)?;
            calendar_feeds::list(&self.cx, &received.caller.actor, &programme, &query).await
        };
        let found = listed.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::ListCalendarFeedsResponse {
            calendars: found.rows.iter().map(convert::calendar_feed).collect(),
            next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
        }))
    }

    async fn get_calendar_feed(
        &self,
        request: Request<v1::GetCalendarFeedRequest>,
    ) -> Result<Response<v1::CalendarFeed>, Status> {
        let received = receive(request)?;
        let found = async {
            let (programme, id) = names::calendar("name", &received.message.name)?;
            calendar_feeds::get(&self.cx, &received.caller.actor, &programme, id).await
        };
        let found = found.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::calendar_feed(&found)))
    }

    async fn revoke_calendar_feed(
        &self,
        request: Request<v1::RevokeCalendarFeedRequest>,
    ) -> Result<Response<v1::CalendarFeed>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let revoked = async {
            let (programme, id) = names::calendar("name", &message.name)?;
            calendar_feeds::revoke(&self.cx, &command, (&programme, id), &message.etag).await
        };
        let revoked = revoked.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::calendar_feed(&revoked)))
    }
}
