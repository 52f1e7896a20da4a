//! What must hold after any trouble, asked of the running daemon as a client.

use std::collections::{BTreeMap, BTreeSet};

use bando_daemon::convert;
use bando_proto::v1;
use chrono::{DateTime, Utc};
use prost_types::Timestamp;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::daemon::{Office, PROGRAMME, until};

impl Office {
    /// Every event of the programme that is numbered, in order.
    pub async fn trail(&self) -> Vec<v1::Event> {
        let mut request = v1::ListEventsRequest {
            parent: PROGRAMME.to_owned(),
            page_size: 1_000,
            ..Default::default()
        };
        let (mut desk, mut trail) = (self.auditor.events(), Vec::new());
        loop {
            let listed = desk.list_events(request.clone()).await;
            let page = listed.expect("events").into_inner();
            trail.extend(page.events);
            if page.next_page_token.is_empty() {
                return trail;
            }
            request.page_token = page.next_page_token;
        }
    }

    pub async fn timers(&self) -> Vec<v1::Timer> {
        let mut request = v1::ListTimersRequest {
            parent: PROGRAMME.to_owned(),
            page_size: 1_000,
            ..Default::default()
        };
        let (mut desk, mut timers) = (self.officer.timers(), Vec::new());
        loop {
            let listed = desk.list_timers(request.clone()).await;
            let page = listed.expect("timers").into_inner();
            timers.extend(page.timers);
            if page.next_page_token.is_empty() {
                return timers;
            }
            request.page_token = page.next_page_token;
        }
    }

    /// Waits until time's own work is done, then looks: the chain is valid; every timer fired,
    /// gave way, lies ahead or is parked; no letter is on its way, due, without its event, or
    /// there twice.
    pub async fn expect_order(&self) {
        until(async || self.at_rest().await).await;
        let chain = self.verified().await;
        assert!(chain.valid, "the chain: {}", chain.finding);
        let (trail, letters) = (self.trail().await, self.letters().await);
        expect_gap_free(&trail);
        let keys: BTreeSet<&str> = letters.iter().map(|letter| letter.key.as_str()).collect();
        assert_eq!(keys.len(), letters.len(), "a letter is there twice");
        let causes = Causes::of(&trail);
        for letter in &letters {
            assert!(causes.explain(letter), "nothing caused {letter:?}");
        }
    }

    /// Whether the daemon says of itself that it serves.
    pub async fn serves(&self) -> bool {
        let mut health = HealthClient::new(self.channel.clone());
        let asked = health.check(HealthCheckRequest::default()).await;
        asked.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving)
    }

    async fn verified(&self) -> v1::VerifyChainResponse {
        let request = v1::VerifyChainRequest {};
        let report = self.auditor.events().verify_chain(request).await;
        report.expect("a report").into_inner()
    }

    async fn at_rest(&self) -> bool {
        let now = self.now().await;
        let ahead = |due: Option<Timestamp>| at(due).is_some_and(|due| due > now);
        let timers = self.timers().await;
        let resting = timers.iter().all(|timer| match timer.state() {
            v1::TimerState::Waiting => ahead(timer.due_at),
            v1::TimerState::Fired => at(timer.fired_at) >= at(timer.nominal_at),
            v1::TimerState::Cancelled | v1::TimerState::Parked => true,
            v1::TimerState::Unspecified => false,
        });
        let letters = self.letters().await;
        let written = letters.iter().all(|letter| match letter.state() {
            // Tried before and waiting to be tried again, or waiting for others of its minute.
            v1::LetterState::Queued => letter.attempts > 0 || letter.kind == "reminder",
            v1::LetterState::Sending | v1::LetterState::Unspecified => false,
            v1::LetterState::Draft
            | v1::LetterState::Held
            | v1::LetterState::Sent
            | v1::LetterState::Uncertain
            | v1::LetterState::Delivered
            | v1::LetterState::Bounced
            | v1::LetterState::Failed
            | v1::LetterState::Expired
            | v1::LetterState::Cancelled
            | v1::LetterState::Parked => true,
        });
        resting && written
    }
}

fn at(instant: Option<Timestamp>) -> Option<DateTime<Utc>> {
    instant.and_then(convert::read_instant)
}

/// Revisions are gap-free over the installation; the programme's own rise.
fn expect_gap_free(trail: &[v1::Event]) {
    let mut versions: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    let mut last = 0;
    for event in trail {
        assert!(event.revision > last, "{} after {last}", event.revision);
        last = event.revision;
        let subject = (event.subject_kind.as_str(), event.subject.as_str());
        let version = versions.entry(subject).or_default();
        *version += 1;
        assert_eq!(
            *version, event.version,
            "a version of {subject:?} is missing"
        );
    }
}

/// What happened, by what a letter would be caused by.
struct Causes<'a> {
    of_subject: BTreeMap<(&'a str, &'a str), usize>,
    instants: BTreeSet<DateTime<Utc>>,
}

impl<'a> Causes<'a> {
    fn of(trail: &'a [v1::Event]) -> Self {
        let mut of_subject = BTreeMap::new();
        for event in trail {
            let happened = (event.subject.as_str(), event.kind.as_str());
            *of_subject.entry(happened).or_default() += 1;
        }
        let instants = trail.iter().filter_map(|event| at(event.at)).collect();
        Self {
            of_subject,
            instants,
        }
    }

    /// Whether the event that causes a letter of this kind happened.
    fn explain(&self, letter: &v1::Letter) -> bool {
        let about = |resource: &str| resource.rsplit('/').next().unwrap_or_default().to_owned();
        let application = about(&letter.application);
        let call = letter.call.replace("programmes/", "").replace("/calls", "");
        let times = |subject: &str, kind: &str| {
            let found = self.of_subject.get(&(subject, kind));
            found.copied().unwrap_or_default()
        };
        match letter.kind.as_str() {
            "receipt" => {
                let number = letter
                    .key
                    .rsplit('/')
                    .next()
                    .and_then(|text| text.parse().ok());
                number.is_some_and(|number: usize| times(&application, "submitted") >= number)
            }
            "late_refusal" => times(&application, "late_attempted") > 0,
            "lapsed" => times(&application, "lapsed") > 0,
            "inadmissible" => times(&application, "found_inadmissible") > 0,
            "awarded" | "awarded_in_part" | "waiting_list" | "below_threshold" => {
                times(&application, "placed") > 0
            }
            "call_opened" => times(&call, "opened") > 0,
            "call_extended" => times(&call, "extended") > 0,
            // Time's own: a timer or a schedule, which are no events.
            "draft_reminder" | "reminder" | "clarification_due" | "officers_digest"
            | "weekly_report" => true,
            // A letter is queued in the commit of its event, at the same instant.
            _ => at(letter.queued_at).is_some_and(|queued| self.instants.contains(&queued)),
        }
    }
}
