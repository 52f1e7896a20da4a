//! `TokenService`.

use bando_proto::v1;
use bando_proto::v1::token_service_server::TokenService;
use bando_workflow::{Error, tokens};
use tonic::{Request, Response, Status};

use super::{Api, page, receive};
use crate::convert::{self, names};

/// Life of a token in days, when none is asked for.
const DEFAULT_DAYS: u32 = 90;

fn wanted(message: v1::CreateTokenRequest) -> Result<tokens::Wanted, Error> {
    let token = convert::required("token", message.token)?;
    let days = u32::try_from(message.days)
        .map_err(|_| Error::invalid("days", "NEGATIVE", "must not be negative"))?;
    let programme = match token.programme.as_str() {
        "" => None,
        name => Some(names::programme("token.programme", name)?),
    };
    let consortium = match token.consortium.as_str() {
        "" => None,
        name => Some(names::consortium("token.consortium", name)?.1),
    };
    Ok(tokens::Wanted {
        person: token.person,
        roles: convert::roles(&token.roles)?,
        programme,
        consortium,
        days: if days == 0 { DEFAULT_DAYS } else { days },
    })
}

#[tonic::async_trait]
impl TokenService for Api {
    async fn create_token(
        &self,
        request: Request<v1::CreateTokenRequest>,
    ) -> Result<Response<v1::CreateTokenResponse>, Status> {
        let received = receive(request)?;
        let message = received.message.clone();
        let command = received.command(&message.request_id, message.validate_only)?;
        let created = async { tokens::create(&self.cx, &command, wanted(message)?).await };
        let created = created.await.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::CreateTokenResponse {
            token: Some(convert::token(&created.token)),
            secret: created.secret.unwrap_or_default(),
        }))
    }

    async fn list_tokens(
        &self,
        request: Request<v1::ListTokensRequest>,
    ) -> Result<Response<v1::ListTokensResponse>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let binding = page::binding(&received.caller.method, "", "");
        let query = page::query(&self.cx, &binding, message.page_size, &message.page_token)?;
        let found = tokens::list(&self.cx, &query).await;
        let found = found.map_err(|error| received.status(error))?;
        Ok(Response::new(v1::ListTokensResponse {
            tokens: found.rows.iter().map(convert::token).collect(),
            next_page_token: page::token(&self.cx, &binding, found.next.as_ref()),
        }))
    }

    async fn revoke_token(
        &self,
        request: Request<v1::RevokeTokenRequest>,
    ) -> Result<Response<v1::Token>, Status> {
        let received = receive(request)?;
        let message = &received.message;
        let command = received.command(&message.request_id, message.validate_only)?;
        let revoked = async {
            let id = names::token("name", &message.name)?;
            tokens::revoke(&self.cx, &command, id, &message.etag).await
        };
        let revoked = revoked.await.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::token(&revoked)))
    }

    async fn get_self(
        &self,
        request: Request<v1::GetSelfRequest>,
    ) -> Result<Response<v1::Token>, Status> {
        let received = receive(request)?;
        let found = tokens::get(&self.cx, received.caller.token).await;
        let found = found.map_err(|error| received.status(error))?;
        Ok(Response::new(convert::token(&found)))
    }
}
