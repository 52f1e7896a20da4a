//! The first layer of the server: takes the receipt instant, recognises the caller, and lets a
//! call through only where the table says so.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{self, Poll};
use std::time::Duration;

use bando_domain::actor::Actor;
use bando_domain::ids::TokenId;
use bando_workflow::{Context, tokens};
use chrono::{DateTime, Utc};
use tonic::body::Body;
use tonic::codegen::http;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::Instrument as _;

use super::policy;
use super::status;

/// Longest life of an upload: 20 MB over a slow line.
pub(super) const LONGEST_UPLOAD: Duration = Duration::from_mins(10);
/// Longest life of every other request; drafts lapse well after it.
const LONGEST_REQUEST: Duration = Duration::from_secs(30);

/// Who calls, what and when; handlers find it in the request's extensions.
#[derive(Debug, Clone)]
pub struct Caller {
    pub actor: Actor,
    /// The token it calls with.
    pub token: TokenId,
    /// The full method, such as `/bando.v1.CallService/GetCall`.
    pub method: String,
    /// Taken before any queue.
    pub received_at: DateTime<Utc>,
    /// Names this request in logs and in errors.
    pub request: String,
}

#[derive(Debug)]
pub struct Gate {
    cx: Context,
    reflection: bool,
    count: AtomicU64,
}

impl Gate {
    pub fn new(cx: Context, reflection: bool) -> Self {
        Self {
            cx,
            reflection,
            count: AtomicU64::new(0),
        }
    }

    fn next_request(&self, at: DateTime<Utc>) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{:x}-{count:x}", at.timestamp_micros())
    }

    /// `Ok(None)` for what needs no caller: health, and reflection where it is on.
    async fn admit(
        &self,
        method: &str,
        authorization: Option<&http::HeaderValue>,
        received_at: DateTime<Utc>,
        number: &str,
    ) -> Result<Option<Caller>, Status> {
        if method.starts_with("/grpc.health.v1.Health/") {
            return Ok(None);
        }
        if method.starts_with("/grpc.reflection.") && self.reflection {
            return Ok(None);
        }
        let Some((_, access)) = policy::TABLE.iter().find(|(known, _)| *known == method) else {
            return Err(status::plain(
                Code::Unimplemented,
                "UNKNOWN_METHOD",
                "no such method",
            ));
        };
        let unauthenticated =
            |message: &str| status::plain(Code::Unauthenticated, "UNAUTHENTICATED", message);
        let secret = authorization
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or_else(|| unauthenticated("a token is needed: authorization: Bearer …"))?;
        let known = tokens::authenticate(&self.cx, secret.trim(), self.cx.now())
            .await
            .map_err(|error| status::from_error(error, number))?;
        let Some((token, actor)) = known else {
            return Err(unauthenticated(
                "the token is not valid, revoked or expired",
            ));
        };
        if !access.admits(&actor, token.bootstrap) {
            tracing::warn!(person = actor.person, method, "refused by role");
            let message = format!("this is for {}", access.describe());
            return Err(status::plain(
                Code::PermissionDenied,
                "ROLE_REQUIRED",
                &message,
            ));
        }
        let (method, request) = (method.to_owned(), number.to_owned());
        Ok(Some(Caller {
            actor,
            token: token.id,
            method,
            received_at,
            request,
        }))
    }
}

/// How long an answer may take: an upload is answered after its last byte.
fn patience(method: &str) -> Duration {
    if method.ends_with("/UploadDocument") {
        LONGEST_UPLOAD
    } else {
        LONGEST_REQUEST
    }
}

#[derive(Debug, Clone)]
pub struct GateLayer(pub Arc<Gate>);

impl<S> Layer<S> for GateLayer {
    type Service = Gated<S>;
    fn layer(&self, inner: S) -> Gated<S> {
        Gated {
            inner,
            gate: self.0.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Gated<S> {
    inner: S,
    gate: Arc<Gate>,
}

type Answering<E> = Pin<Box<dyn Future<Output = Result<http::Response<Body>, E>> + Send>>;

impl<S> Service<http::Request<Body>> for Gated<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = Answering<S::Error>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let received_at = self.gate.cx.now();
        let fresh = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, fresh);
        let gate = self.gate.clone();
        let number = gate.next_request(received_at);
        let span = tracing::info_span!("rpc", request = number, method = request.uri().path());
        let answering = async move {
            let method = request.uri().path().to_owned();
            let authorization = request.headers().get(http::header::AUTHORIZATION).cloned();
            match gate
                .admit(&method, authorization.as_ref(), received_at, &number)
                .await
            {
                Err(refused) => {
                    tracing::info!(code = ?refused.code(), "refused");
                    Ok(refused.into_http())
                }
                Ok(caller) => {
                    if let Some(caller) = caller {
                        request.extensions_mut().insert(caller);
                    }
                    let answering = ready.call(request);
                    let Ok(answer) = tokio::time::timeout(patience(&method), answering).await
                    else {
                        return Ok(Status::deadline_exceeded("Timeout expired").into_http());
                    };
                    tracing::debug!("answered");
                    answer
                }
            }
        };
        Box::pin(answering.instrument(span))
    }
}
