//! A person at their desk: gRPC clients that carry the person's token.

use bando_proto::v1;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

pub type Authorised = InterceptedService<Channel, Bearer>;

/// Adds the token to every request.
#[derive(Debug, Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.0.clone());
        Ok(request)
    }
}

#[derive(Debug, Clone)]
pub struct Desk {
    channel: Channel,
    bearer: Bearer,
    pub secret: String,
}

macro_rules! clients {
    ($($name:ident => $module:ident :: $client:ident),+ $(,)?) => {$(
        pub fn $name(&self) -> v1::$module::$client<Authorised> {
            v1::$module::$client::with_interceptor(self.channel.clone(), self.bearer.clone())
        }
    )+};
}

impl Desk {
    pub fn new(channel: &Channel, secret: &str) -> anyhow::Result<Self> {
        let bearer = Bearer(format!("Bearer {secret}").parse()?);
        Ok(Self {
            channel: channel.clone(),
            bearer,
            secret: secret.to_owned(),
        })
    }

    clients!(
        programmes => programme_service_client::ProgrammeServiceClient,
        calls => call_service_client::CallServiceClient,
        consortia => consortium_service_client::ConsortiumServiceClient,
        applications => application_service_client::ApplicationServiceClient,
        documents => document_service_client::DocumentServiceClient,
        eligibility => eligibility_service_client::EligibilityServiceClient,
        clarifications => clarification_service_client::ClarificationServiceClient,
        evaluations => evaluation_service_client::EvaluationServiceClient,
        evaluators => evaluator_service_client::EvaluatorServiceClient,
        rankings => ranking_service_client::RankingServiceClient,
        calendars => calendar_service_client::CalendarServiceClient,
        deadlines => deadline_service_client::DeadlineServiceClient,
        reminders => reminder_service_client::ReminderServiceClient,
        proposals => proposal_service_client::ProposalServiceClient,
        awards => award_service_client::AwardServiceClient,
        letters => letter_service_client::LetterServiceClient,
        timers => timer_service_client::TimerServiceClient,
        schedules => schedule_service_client::ScheduleServiceClient,
        events => event_service_client::EventServiceClient,
        receipts => receipt_service_client::ReceiptServiceClient,
        tokens => token_service_client::TokenServiceClient,
        clock => clock_service_client::ClockServiceClient,
    );
}
