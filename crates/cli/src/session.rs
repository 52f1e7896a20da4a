//! What one run of the tool carries: its options, its output, its connection and what it spoke
//! about, so that an error can name the command that helps.

use std::cell::{OnceCell, RefCell};

use bando_proto::v1::calendar_service_client as calendars;
use bando_proto::v1::clarification_service_client as clarifications;
use bando_proto::v1::clock_service_client::ClockServiceClient;
use bando_proto::v1::deadline_service_client as deadlines;
use bando_proto::v1::document_service_client as documents;
use bando_proto::v1::eligibility_service_client as eligibility;
use bando_proto::v1::reminder_service_client as reminders;
use bando_proto::v1::{GetClockRequest, application_service_client as applications};
use bando_proto::v1::{award_service_client as awards, call_service_client as calls};
use bando_proto::v1::{consortium_service_client as consortia, event_service_client as events};
use bando_proto::v1::{
    evaluation_service_client as evaluations, evaluator_service_client as evaluators,
};
use bando_proto::v1::{letter_service_client as letters, programme_service_client as programmes};
use bando_proto::v1::{proposal_service_client as proposals, ranking_service_client as rankings};
use bando_proto::v1::{receipt_service_client as receipts, schedule_service_client as schedules};
use bando_proto::v1::{timer_service_client as timers, token_service_client as tokens};
use chrono::{DateTime, Utc};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::args::Globals;
use crate::client::{self, LARGEST_ANSWER, Wire};
use crate::errors::{Exit, Failure};
use crate::hints::Spoken;
use crate::names;
use crate::output::{self, Output};
use crate::progress::Progress;
use crate::views;

/// Seconds that a file may be on its way.
const FILE_SECONDS: u64 = 600;
/// Rows asked for at a time.
const PAGE: i32 = 50;

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) globals: Globals,
    pub(crate) output: Output,
    wire: OnceCell<Wire>,
    request_id: OnceCell<Uuid>,
    spoken: RefCell<Spoken>,
}

impl Session {
    pub(crate) fn new(globals: Globals, noun: &'static str) -> Self {
        let output = Output::new(globals.output, globals.colour_is_welcome());
        let spoken = RefCell::new(Spoken::about(noun, &globals.programme));
        Self {
            globals,
            output,
            wire: OnceCell::new(),
            request_id: OnceCell::new(),
            spoken,
        }
    }

    /// What errors need to know of this run.
    pub(crate) fn spoken(&self) -> Spoken {
        let mut spoken = self.spoken.borrow().clone();
        spoken.request_id = self.request_id.get().map(Uuid::to_string);
        spoken
    }

    /// The resource name of a call.
    pub(crate) fn call(&self, text: &str) -> Result<String, Failure> {
        let name = names::call(text, &self.globals.programme)?;
        self.spoken.borrow_mut().call = Some(names::short_call(&name));
        Ok(name)
    }

    /// The resource name of something in `collection` of the programme.
    pub(crate) fn name(&self, text: &str, collection: &'static str) -> Result<String, Failure> {
        let name = names::resource(text, &self.programme()?, collection)?;
        self.speak_of(names::last(&name));
        Ok(name)
    }

    /// The resource name of a deadline; a call alone means its close.
    pub(crate) fn deadline(&self, text: &str) -> Result<String, Failure> {
        let name = names::deadline(text, &self.globals.programme)?;
        let mut spoken = self.spoken.borrow_mut();
        spoken.call = Some(names::short_call(&name));
        spoken.subject = Some(text.to_owned());
        drop(spoken);
        Ok(name)
    }

    /// The resource name of a schedule of the programme.
    pub(crate) fn schedule(&self, text: &str) -> Result<String, Failure> {
        let name = names::schedule(text, &self.programme()?)?;
        self.speak_of(names::last(&name));
        Ok(name)
    }

    /// Remembers what the command is about, as the user would name it.
    pub(crate) fn speak_of(&self, subject: &str) {
        self.spoken.borrow_mut().subject = Some(subject.to_owned());
    }

    /// `programmes/er`
    pub(crate) fn programme(&self) -> Result<String, Failure> {
        names::programme(&self.globals.programme)
    }

    pub(crate) const fn dry_run(&self) -> bool {
        self.globals.dry_run
    }

    /// The number of this run's one change.
    pub(crate) fn request_id(&self) -> Result<String, Failure> {
        if self.globals.watch {
            let message = "a change is made once: --watch repeats only what reads";
            return Err(Failure::new(Exit::Usage, "NOT_WATCHABLE", message));
        }
        if let Some(id) = self.request_id.get() {
            return Ok(id.to_string());
        }
        let id = match self.globals.request_id {
            Some(id) => id,
            None => random_id()?,
        };
        Ok(self.request_id.get_or_init(|| id).to_string())
    }

    /// All pages of a list, up to `limit` rows; tells when there are more.
    pub(crate) async fn all<T>(
        &self,
        limit: usize,
        mut page: impl AsyncFnMut(i32, String) -> Result<(Vec<T>, String), Status>,
    ) -> Result<Vec<T>, Failure> {
        let (mut rows, mut token) = (Vec::new(), String::new());
        let progress = self.progress();
        loop {
            let wanted = limit.saturating_sub(rows.len());
            let size = i32::try_from(wanted).map_or(PAGE, |wanted| wanted.clamp(1, PAGE));
            let (more, next) = page(size, token).await?;
            rows.extend(more);
            progress.reached(rows.len());
            if rows.len() > limit || (rows.len() == limit && !next.is_empty()) {
                rows.truncate(limit);
                output::talk(&format!(
                    "only the first {limit} are shown: --limit shows more"
                ));
                return Ok(rows);
            }
            if next.is_empty() {
                return Ok(rows);
            }
            token = next;
        }
    }

    /// Tells a person at a terminal how far a longer reading is.
    pub(crate) fn progress(&self) -> Progress {
        Progress::rows(!self.globals.watch)
    }

    /// The daemon's now: of its hand-turned clock when it has one.
    pub(crate) async fn now(&self) -> Result<DateTime<Utc>, Failure> {
        match self.clock()?.get_clock(GetClockRequest {}).await {
            Ok(clock) => Ok(views::instant(clock.into_inner().now.as_ref()).unwrap_or_default()),
            Err(status) if status.code() == Code::Unimplemented => Ok(wall_clock()),
            Err(status) => Err(status.into()),
        }
    }

    fn wire(&self) -> Result<Wire, Failure> {
        if let Some(wire) = self.wire.get() {
            return Ok(wire.clone());
        }
        let wire = client::dial(&self.globals)?;
        Ok(self.wire.get_or_init(|| wire).clone())
    }

    pub(crate) fn applications(
        &self,
    ) -> Result<applications::ApplicationServiceClient<Wire>, Failure> {
        let client = applications::ApplicationServiceClient::new(self.wire()?);
        Ok(client.max_decoding_message_size(LARGEST_ANSWER))
    }

    pub(crate) fn eligibility(
        &self,
    ) -> Result<eligibility::EligibilityServiceClient<Wire>, Failure> {
        self.wire().map(eligibility::EligibilityServiceClient::new)
    }

    pub(crate) fn awards(&self) -> Result<awards::AwardServiceClient<Wire>, Failure> {
        self.wire().map(awards::AwardServiceClient::new)
    }

    pub(crate) fn calls(&self) -> Result<calls::CallServiceClient<Wire>, Failure> {
        self.wire().map(calls::CallServiceClient::new)
    }

    pub(crate) fn clarifications(
        &self,
    ) -> Result<clarifications::ClarificationServiceClient<Wire>, Failure> {
        self.wire()
            .map(clarifications::ClarificationServiceClient::new)
    }

    pub(crate) fn clock(&self) -> Result<ClockServiceClient<Wire>, Failure> {
        self.wire().map(ClockServiceClient::new)
    }

    pub(crate) fn consortia(&self) -> Result<consortia::ConsortiumServiceClient<Wire>, Failure> {
        let client = consortia::ConsortiumServiceClient::new(self.wire()?);
        Ok(client.max_decoding_message_size(LARGEST_ANSWER))
    }

    pub(crate) fn calendars(&self) -> Result<calendars::CalendarServiceClient<Wire>, Failure> {
        self.wire().map(calendars::CalendarServiceClient::new)
    }

    pub(crate) fn deadlines(&self) -> Result<deadlines::DeadlineServiceClient<Wire>, Failure> {
        self.wire().map(deadlines::DeadlineServiceClient::new)
    }

    /// Files take their time: a client that waits longer for its answers.
    pub(crate) fn documents(&self) -> Result<documents::DocumentServiceClient<Wire>, Failure> {
        let mut globals = self.globals.clone();
        globals.timeout = globals.timeout.max(FILE_SECONDS);
        client::dial(&globals).map(documents::DocumentServiceClient::new)
    }

    pub(crate) fn evaluations(
        &self,
    ) -> Result<evaluations::EvaluationServiceClient<Wire>, Failure> {
        let client = evaluations::EvaluationServiceClient::new(self.wire()?);
        Ok(client.max_decoding_message_size(LARGEST_ANSWER))
    }

    pub(crate) fn evaluators(&self) -> Result<evaluators::EvaluatorServiceClient<Wire>, Failure> {
        let client = evaluators::EvaluatorServiceClient::new(self.wire()?);
        Ok(client.max_decoding_message_size(LARGEST_ANSWER))
    }

    pub(crate) fn events(&self) -> Result<events::EventServiceClient<Wire>, Failure> {
        let client = events::EventServiceClient::new(self.wire()?);
        Ok(client.max_decoding_message_size(LARGEST_ANSWER))
    }

    pub(crate) fn letters(&self) -> Result<letters::LetterServiceClient<Wire>, Failure> {
        let client = letters::LetterServiceClient::new(self.wire()?);
        Ok(client.max_decoding_message_size(LARGEST_ANSWER))
    }

    pub(crate) fn programmes(&self) -> Result<programmes::ProgrammeServiceClient<Wire>, Failure> {
        self.wire().map(programmes::ProgrammeServiceClient::new)
    }

    pub(crate) fn proposals(&self) -> Result<proposals::ProposalServiceClient<Wire>, Failure> {
        self.wire().map(proposals::ProposalServiceClient::new)
    }

    pub(crate) fn rankings(&self) -> Result<rankings::RankingServiceClient<Wire>, Failure> {
        let client = rankings::RankingServiceClient::new(self.wire()?);
        Ok(client.max_decoding_message_size(LARGEST_ANSWER))
    }

    pub(crate) fn receipts(&self) -> Result<receipts::ReceiptServiceClient<Wire>, Failure> {
        self.wire().map(receipts::ReceiptServiceClient::new)
    }

    pub(crate) fn reminders(&self) -> Result<reminders::ReminderServiceClient<Wire>, Failure> {
        self.wire().map(reminders::ReminderServiceClient::new)
    }

    pub(crate) fn schedules(&self) -> Result<schedules::ScheduleServiceClient<Wire>, Failure> {
        self.wire().map(schedules::ScheduleServiceClient::new)
    }

    pub(crate) fn timers(&self) -> Result<timers::TimerServiceClient<Wire>, Failure> {
        self.wire().map(timers::TimerServiceClient::new)
    }

    pub(crate) fn tokens(&self) -> Result<tokens::TokenServiceClient<Wire>, Failure> {
        self.wire().map(tokens::TokenServiceClient::new)
    }
}

fn random_id() -> Result<Uuid, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(
            Exit::Failure,
            "NO_RANDOMNESS",
            format!("no random bytes: {error}"),
        )
    })?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a table says how long until an instant"
)]
fn wall_clock() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Cli;

    fn session(words: &[&str]) -> Session {
        let words = ["bando", "call", "list"].iter().chain(words);
        Session::new(Cli::try_parse_from(words).unwrap().globals, "call")
    }

    /// A list of `total` numbers that gives at most two at a time.
    async fn listed(total: usize, limit: usize) -> (Vec<usize>, usize) {
        let mut asked = 0;
        let rows = session(&[])
            .all(limit, async |size, token| {
                asked += 1;
                let from: usize = token.parse().unwrap_or(0);
                let to = total.min(from + 2.min(usize::try_from(size).unwrap()));
                let next = if to < total {
                    to.to_string()
                } else {
                    String::new()
                };
                Ok(((from..to).collect(), next))
            })
            .await
            .unwrap();
        (rows, asked)
    }

    #[tokio::test]
    async fn a_list_is_read_page_by_page_to_its_end() {
        assert_eq!(listed(5, 1000).await, (vec![0, 1, 2, 3, 4], 3));
        assert_eq!(listed(0, 1000).await, (vec![], 1));
    }

    #[tokio::test]
    async fn a_list_ends_at_its_limit() {
        assert_eq!(listed(5, 3).await, (vec![0, 1, 2], 2));
        assert_eq!(listed(3, 3).await, (vec![0, 1, 2], 2));
    }

    #[test]
    fn a_run_has_one_request_id_given_or_drawn() {
        let given = "0190a000-0000-7000-8000-000000000001";
        assert_eq!(
            session(&["--request-id", given]).request_id().unwrap(),
            given
        );

        let drawn = session(&[]);
        assert_eq!(drawn.request_id().unwrap(), drawn.request_id().unwrap());
        assert_eq!(drawn.spoken().request_id, Some(drawn.request_id().unwrap()));
        assert_ne!(
            drawn.request_id().unwrap(),
            session(&[]).request_id().unwrap()
        );
    }
}
