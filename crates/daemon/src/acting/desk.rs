//! A person at their desk: gRPC clients that carry the person's token.

use anyhow::Context as _;
use bando_proto::v1;
use chrono::{DateTime, Utc};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::convert;

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

    /// What time it is by the daemon's clock.
    pub(crate) async fn now(&self) -> anyhow::Result<DateTime<Utc>> {
        let clock = self.clock().get_clock(v1::GetClockRequest {}).await?;
        let now = clock.into_inner().now.and_then(convert::read_instant);
        now.context("the daemon did not say what time it is")
    }

    /// Turns the daemon's clock to `to` and answers once nothing is due any more.
    pub(crate) async fn turn_clock_to(&self, to: DateTime<Utc>) -> anyhow::Result<()> {
        let request = v1::AdvanceClockRequest {
            to: Some(convert::instant(to)),
        };
        let mut clock = self.clock();
        loop {
            let turned = clock.advance_clock(request).await?.into_inner();
            if turned.now.and_then(convert::read_instant) >= Some(to) {
                return Ok(());
            }
        }
    }

    /// All applications of a call, by its name.
    pub(crate) async fn all_applications(
        &self,
        call: &str,
    ) -> anyhow::Result<Vec<v1::Application>> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = v1::ListApplicationsRequest {
                parent: call.to_owned(),
                page_size: 200,
                page_token,
                filter: String::new(),
            };
            let mut desk = self.applications();
            let page = desk.list_applications(request).await?.into_inner();
            all.extend(page.applications);
            if page.next_page_token.is_empty() {
                return Ok(all);
            }
            page_token = page.next_page_token;
        }
    }
}
