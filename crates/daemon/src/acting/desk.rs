//! A person at their desk: gRPC clients that carry the person's token.

use anyhow::Context as _;
use bando_proto::v1;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

type Authorised = InterceptedService<Channel, Bearer>;

/// Adds the token to every request.
#[derive(Debug, Clone)]
pub(crate) struct Bearer {
    token: MetadataValue<Ascii>,
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request
            .metadata_mut()
            .insert("authorization", self.token.clone());
        Ok(request)
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Desk {
    channel: Channel,
    bearer: Bearer,
}

macro_rules! clients {
    ($($name:ident => $module:ident :: $client:ident),+ $(,)?) => {$(
        pub(crate) fn $name(&self) -> v1::$module::$client<Authorised> {
            v1::$module::$client::with_interceptor(self.channel.clone(), self.bearer.clone())
        }
    )+};
}

impl Desk {
    pub(crate) fn new(channel: &Channel, secret: &str) -> anyhow::Result<Self> {
        let token = format!("Bearer {secret}")
            .parse()
            .context("the token is no header")?;
        Ok(Self {
            channel: channel.clone(),
            bearer: Bearer { token },
        })
    }

    clients!(
        programmes => programme_service_client::ProgrammeServiceClient,
        calls => call_service_client::CallServiceClient,
        consortia => consortium_service_client::ConsortiumServiceClient,
        applications => application_service_client::ApplicationServiceClient,
        documents => document_service_client::DocumentServiceClient,
        clarifications => clarification_service_client::ClarificationServiceClient,
        eligibility => eligibility_service_client::EligibilityServiceClient,
        evaluations => evaluation_service_client::EvaluationServiceClient,
        rankings => ranking_service_client::RankingServiceClient,
        proposals => proposal_service_client::ProposalServiceClient,
        awards => award_service_client::AwardServiceClient,
        letters => letter_service_client::LetterServiceClient,
        timers => timer_service_client::TimerServiceClient,
        events => event_service_client::EventServiceClient,
        receipts => receipt_service_client::ReceiptServiceClient,
        tokens => token_service_client::TokenServiceClient,
        clock => clock_service_client::ClockServiceClient,
    );
}
