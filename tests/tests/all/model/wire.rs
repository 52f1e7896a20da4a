//! Requests that change something, as they go over the wire: each can be stamped with a request
//! id, rehearsed, sent again, and made to say something else.

use std::fmt::Debug;

use bando_proto::v1;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

pub(super) trait Mutation: Message + Clone + Debug + 'static {
    type Answer: Message + Default + 'static;
    const METHOD: &'static str;

    fn stamp(&mut self, request_id: &str, validate_only: bool);

    /// Makes it say something else.
    fn vary(&mut self);
}

/// What `other` says is well-formed, so that nothing but the request id speaks against it.
macro_rules! mutations {
    ($($request:ident => $answer:ident at $method:literal, other $vary:expr;)+) => {$(
        impl Mutation for v1::$request {
            type Answer = v1::$answer;
            const METHOD: &'static str = concat!("/bando.v1.", $method);

            fn stamp(&mut self, request_id: &str, validate_only: bool) {
                self.request_id = request_id.to_owned();
                self.validate_only = validate_only;
            }

            fn vary(&mut self) {
                let vary: fn(&mut Self) = $vary;
                vary(self);
            }
        }
    )+};
}

mutations! {
    ProposePublicationRequest => Proposal at "CallService/ProposePublication",
        other |r| r.etag.push('9');
    RegisterConsortiumRequest => Consortium at "ConsortiumService/RegisterConsortium",
        other |r| r.consortium.get_or_insert_default().contact.get_or_insert_default().email.push('x');
    CreateApplicationRequest => Application at "ApplicationService/CreateApplication",
        other |r| r.project.get_or_insert_default().title.push('!');
    UpdateApplicationRequest => Application at "ApplicationService/UpdateApplication",
        other |r| r.etag.push('9');
    SubmitApplicationRequest => SubmitApplicationResponse at "ApplicationService/SubmitApplication",
        other |r| r.etag.push('9');
    WithdrawApplicationRequest => Application at "ApplicationService/WithdrawApplication",
        other |r| r.etag.push('9');
    OpenCheckRequest => Application at "EligibilityService/OpenCheck",
        other |r| r.etag.push('9');
    RecordFindingRequest => Application at "EligibilityService/RecordFinding",
        other |r| r.passed = !r.passed;
    ConcludeCheckRequest => Application at "EligibilityService/ConcludeCheck",
        other |r| r.etag.push('9');
    ReopenCheckRequest => Application at "EligibilityService/ReopenCheck",
        other |r| r.etag.push('9');
    RequestClarificationRequest => Clarification at "ClarificationService/RequestClarification",
        other |r| r.etag.push('9');
    AnswerClarificationRequest => AnswerClarificationResponse at "ClarificationService/AnswerClarification",
        other |r| r.etag.push('9');
    AcceptClarificationRequest => Clarification at "ClarificationService/AcceptClarification",
        other |r| r.etag.push('9');
    CloseClarificationRequest => Clarification at "ClarificationService/CloseClarification",
        other |r| r.etag.push('9');
    RecordDeliveryRequest => Letter at "LetterService/RecordDelivery",
        other |r| r.evidence.push('x');
    AssignEvaluationRequest => Evaluation at "EvaluationService/AssignEvaluation",
        other |r| r.evaluator.push('x');
    ReassignEvaluationRequest => Evaluation at "EvaluationService/ReassignEvaluation",
        other |r| r.etag.push('9');
    DeclareConflictRequest => Evaluation at "EvaluationService/DeclareConflict",
        other |r| r.etag.push('9');
    ScoreEvaluationRequest => Evaluation at "EvaluationService/ScoreEvaluation",
        other |r| r.etag.push('9');
    ExcludeEvaluationRequest => Evaluation at "EvaluationService/ExcludeEvaluation",
        other |r| r.etag.push('9');
    ComputeRankingRequest => ComputeRankingResponse at "RankingService/ComputeRanking",
        other |r| r.parent.push('7');
    ProposeAwardRequest => Proposal at "AwardService/ProposeAward",
        other |r| r.act.push('7');
    ApproveProposalRequest => Proposal at "ProposalService/ApproveProposal",
        other |r| r.etag.push('9');
    RejectProposalRequest => Proposal at "ProposalService/RejectProposal",
        other |r| r.etag.push('9');
}

/// One answer on the wire: its bytes, or the refusal.
pub(super) type Wired = Result<Vec<u8>, Status>;

pub(super) async fn send<R: Mutation>(
    channel: Channel,
    secret: &str,
    request: R,
) -> Result<R::Answer, Status> {
    let mut client = Grpc::new(channel);
    let ready = client.ready().await;
    ready.map_err(|error| Status::unavailable(error.to_string()))?;
    let mut request = Request::new(request);
    let bearer = format!("Bearer {secret}").parse();
    let bearer = bearer.map_err(|_| Status::internal("a token is ASCII"))?;
    request.metadata_mut().insert("authorization", bearer);
    let codec = ProstCodec::<R, R::Answer>::default();
    let method = PathAndQuery::from_static(R::METHOD);
    Ok(client.unary(request, method, codec).await?.into_inner())
}

/// A request that was answered, to be sent again: as it was, or with other content.
pub(super) struct Sent {
    pub(super) what: String,
    again: Box<dyn Fn(Channel, bool) -> BoxFuture<'static, Wired>>,
    answer: Wired,
}

impl Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.what)
    }
}

impl Sent {
    pub(super) fn new<R: Mutation>(secret: &str, request: R, answer: Wired) -> Self {
        let secret = secret.to_owned();
        Self {
            what: format!("{} {request:?}", R::METHOD),
            again: Box::new(move |channel, other| {
                let (secret, mut request) = (secret.clone(), request.clone());
                if other {
                    request.vary();
                }
                async move {
                    let answer = send(channel, &secret, request).await;
                    answer.map(|answer| answer.encode_to_vec())
                }
                .boxed()
            }),
            answer,
        }
    }

    pub(super) async fn other(&self, channel: Channel) -> Wired {
        (self.again)(channel, true).await
    }

    /// Sends it again: the bytes of its answer are the same, a refusal that was kept included.
    pub(super) async fn expect_same(&self, channel: Channel) {
        let again = (self.again)(channel, false).await;
        match (&self.answer, &again) {
            (Ok(first), Ok(second)) => assert_eq!(first, second, "another answer to {self:?}"),
            (Err(first), Err(second)) => {
                let told = |status: &Status| (status.code(), status.message().to_owned());
                assert_eq!(told(first), told(second), "another refusal of {self:?}");
                assert_eq!(first.details(), second.details(), "of {self:?}");
            }
            (first, second) => panic!("{first:?}, then {second:?} to {self:?}"),
        }
    }
}
