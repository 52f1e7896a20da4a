//! The gRPC services. A handler parses, calls one use case and answers.

mod applications;
mod calendars;
mod calls;
mod clarifications;
mod clock;
mod consortia;
mod deadlines;
mod documents;
mod eligibility;
mod evaluations;
mod evaluators;
mod gate;
mod ledger;
mod page;
mod policy;
mod programmes;
mod rankings;
mod reminders;
mod schedules;
mod status;
mod timers;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use bando_domain::ids::RequestId;
use bando_domain::receipt::sha256_hex;
use bando_proto::v1;
use bando_store::requests::RequestKey;
use bando_workflow::schedule::Timekeeper;
use bando_workflow::{Command, Context, Error};
use prost::Message;
use tonic::service::Routes;
use tonic::{Request, Status};

pub use gate::{Caller, Gate, GateLayer};
pub use policy::{Access, TABLE};

/// Largest message taken in.
const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// What handlers work with.
#[derive(Debug, Clone)]
pub struct Api {
    cx: Context,
    timekeeper: Arc<Timekeeper>,
}

/// A call let through by the gate.
struct Received<T> {
    caller: Caller,
    message: T,
}

fn receive<T>(request: Request<T>) -> Result<Received<T>, Status> {
    let caller = request.extensions().get::<Caller>().cloned();
    let caller =
        caller.ok_or_else(|| Status::internal("the gate let an unknown caller through"))?;
    Ok(Received {
        caller,
        message: request.into_inner(),
    })
}

impl<T: Message> Received<T> {
    /// The command of a mutation; `request_id` is optional, but must be a UUID.
    fn command(&self, request_id: &str, validate_only: bool) -> Result<Command, Status> {
        let request = match request_id {
            "" => None,
            text => {
                let id: RequestId = text
                    .parse()
                    .map_err(|_| status::invalid("request_id", "UUID", "a UUID is expected"))?;
                Some(RequestKey {
                    person: self.caller.actor.person.clone(),
                    id,
                    method: self.caller.method.clone(),
                    body_sha256: sha256_hex(&self.message.encode_to_vec()),
                })
            }
        };
        Ok(Command {
            actor: self.caller.actor.clone(),
            received_at: self.caller.received_at,
            request,
            validate_only,
        })
    }
}

impl<T> Received<T> {
    fn status(&self, error: Error) -> Status {
        status::from_error(error, &self.caller.request)
    }
}

impl Api {
    pub fn new(cx: Context, timekeeper: Arc<Timekeeper>) -> Self {
        Self { cx, timekeeper }
    }

    /// All services.
    pub fn routes(&self) -> Routes {
        macro_rules! limited {
            ($server:ty) => {
                <$server>::new(self.clone()).max_decoding_message_size(MESSAGE_LIMIT)
            };
        }
        Routes::new(limited!(
            v1::programme_service_server::ProgrammeServiceServer<_>
        ))
        .add_service(limited!(v1::call_service_server::CallServiceServer<_>))
        .add_service(limited!(
            v1::consortium_service_server::ConsortiumServiceServer<_>
        ))
        .add_service(limited!(
            v1::application_service_server::ApplicationServiceServer<_>
        ))
        .add_service(limited!(
            v1::document_service_server::DocumentServiceServer<_>
        ))
        .add_service(limited!(
            v1::eligibility_service_server::EligibilityServiceServer<_>
        ))
        .add_service(limited!(
            v1::clarification_service_server::ClarificationServiceServer<_>
        ))
        .add_service(limited!(
            v1::evaluation_service_server::EvaluationServiceServer<_>
        ))
        .add_service(limited!(
            v1::evaluator_service_server::EvaluatorServiceServer<_>
        ))
        .add_service(limited!(
            v1::ranking_service_server::RankingServiceServer<_>
        ))
        .add_service(limited!(
            v1::proposal_service_server::ProposalServiceServer<_>
        ))
        .add_service(limited!(v1::award_service_server::AwardServiceServer<_>))
        .add_service(limited!(v1::letter_service_server::LetterServiceServer<_>))
        .add_service(limited!(v1::timer_service_server::TimerServiceServer<_>))
        .add_service(limited!(
            v1::schedule_service_server::ScheduleServiceServer<_>
        ))
        .add_service(limited!(
            v1::reminder_service_server::ReminderServiceServer<_>
        ))
        .add_service(limited!(
            v1::deadline_service_server::DeadlineServiceServer<_>
        ))
        .add_service(limited!(
            v1::calendar_service_server::CalendarServiceServer<_>
        ))
        .add_service(limited!(v1::event_service_server::EventServiceServer<_>))
        .add_service(limited!(
            v1::receipt_service_server::ReceiptServiceServer<_>
        ))
        .add_service(limited!(v1::token_service_server::TokenServiceServer<_>))
        .add_service(limited!(v1::clock_service_server::ClockServiceServer<_>))
    }
}

/// The transport with its limits; what comes over them is shed, never queued.
pub fn server() -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .max_concurrent_streams(64)
        .concurrency_limit_per_connection(32)
        .load_shed(true)
        .timeout(gate::LONGEST_UPLOAD)
        .http2_max_header_list_size(16 * 1024)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .max_connection_age(Duration::from_mins(30))
        .max_connection_age_grace(Duration::from_secs(30))
}

/// Names of the services that health answers for.
pub fn service_names() -> Vec<String> {
    let mut names: Vec<String> = TABLE
        .iter()
        .filter_map(|(method, _)| method.trim_start_matches('/').split('/').next())
        .map(ToOwned::to_owned)
        .collect();
    names.dedup();
    names
}
