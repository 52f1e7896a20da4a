//! What a consortium is asked during the check, from the request to its end. Over gRPC on the
//! running daemon, on both databases.

mod documents;
mod terminal;

use bando_daemon::convert;
use bando_domain::receipt;
use bando_proto::v1;
use bando_tests::daemon::{
    Applicant, CALL, ONE_MICROSECOND, TestDaemon, closes_at, config, opens_at,
};
use chrono::{DateTime, TimeDelta, Utc};
use prost::Message as _;
use tempfile::TempDir;
use tonic::{Code, Status};
use tonic_types::pb;

use crate::stories::reason;

/// A call closed with one application under check.
struct Case {
    daemon: TestDaemon,
    applicant: Applicant,
    application: v1::Application,
}

impl Case {
    async fn of(daemon: TestDaemon) -> Self {
        let applicant = daemon.applicant(1).await;
        let draft = applicant.draft().await;
        let submitted = applicant.submit(&draft).await.unwrap().application.unwrap();
        // Monday 6 June 2016, 16:00 in Rome.
        daemon.turn_clock_to(closes_at() + TimeDelta::days(6)).await;
        let request = v1::OpenCheckRequest {
            name: submitted.name,
            etag: submitted.etag,
            ..Default::default()
        };
        let opened = daemon.officer.eligibility().open_check(request).await;
        Self {
            application: opened.unwrap().into_inner(),
            daemon,
            applicant,
        }
    }

    async fn sqlite() -> Self {
        Self::of(TestDaemon::open().await).await
    }

    /// The same, with its own rules in `[procedure]`.
    async fn with(procedure: &str) -> Self {
        let daemon = TestDaemon::start().await;
        let file = std::fs::read_to_string("../config/calls/2016.toml").unwrap();
        let file = file.replacen(
            "[window]",
            &format!("[procedure]\n{procedure}\n\n[window]"),
            1,
        );
        daemon.load_call(&file).await.unwrap();
        daemon.publish().await;
        daemon.turn_clock_to(opens_at()).await;
        Self::of(daemon).await
    }

    async fn reload(&self) -> v1::Application {
        self.applicant.get(&self.application.name).await.unwrap()
    }

    async fn request(&self, request_id: &str) -> Result<v1::Clarification, Status> {
        let item = |kind: v1::ItemKind, rule: &str, it: &str| v1::ClarificationItem {
            kind: kind.into(),
            rule: rule.to_owned(),
            text: Some(v1::Text {
                it: it.to_owned(),
                en: String::new(),
            }),
            ..Default::default()
        };
        let request = v1::RequestClarificationRequest {
            parent: self.application.name.clone(),
            etag: self.reload().await.etag,
            items: vec![
                item(v1::ItemKind::Document, "E2", "lo statuto vigente"),
                item(
                    v1::ItemKind::Explanation,
                    "E13",
                    "la posizione contributiva",
                ),
            ],
            request_id: request_id.to_owned(),
            validate_only: false,
        };
        let mut desk = self.daemon.officer.clarifications();
        Ok(desk.request_clarification(request).await?.into_inner())
    }

    /// Turns the clock until what was queued is sent.
    async fn sent(&self, kind: &str) -> v1::Letter {
        let now = self.daemon.now().await;
        self.turn(now + TimeDelta::minutes(1)).await;
        self.daemon.letters_of(kind).await.pop().unwrap()
    }

    async fn deliver(&self, kind: &str) -> Result<v1::Letter, Status> {
        let letter = self.sent(kind).await;
        let request = v1::RecordDeliveryRequest {
            name: letter.name,
            delivered_at: Some(convert::instant(self.daemon.now().await)),
            evidence: "PEC ricevuta 1".to_owned(),
            ..Default::default()
        };
        let mut desk = self.daemon.officer.letters();
        Ok(desk.record_delivery(request).await?.into_inner())
    }

    async fn asked(&self, name: &str) -> v1::Clarification {
        let request = v1::GetClarificationRequest {
            name: name.to_owned(),
        };
        let mut desk = self.applicant.desk.clarifications();
        desk.get_clarification(request).await.unwrap().into_inner()
    }

    async fn answer(
        &self,
        name: &str,
        items: &[i32],
        request_id: &str,
    ) -> Result<v1::AnswerClarificationResponse, Status> {
        let answers = items.iter().map(|item| v1::ItemAnswer {
            item: *item,
            text: format!("risposta {item}"),
            ..Default::default()
        });
        let request = v1::AnswerClarificationRequest {
            name: name.to_owned(),
            etag: self.asked(name).await.etag,
            answers: answers.collect(),
            request_id: request_id.to_owned(),
            validate_only: false,
        };
        let mut desk = self.applicant.desk.clarifications();
        Ok(desk.answer_clarification(request).await?.into_inner())
    }

    async fn find(&self, rule: &str, passed: bool) -> Result<v1::Application, Status> {
        let application = self.reload().await;
        let request = v1::RecordFindingRequest {
            name: application.name,
            etag: application.etag,
            rule: rule.to_owned(),
            passed,
            explanation: Some(v1::Text {
                it: "visto".into(),
                en: "seen".into(),
            }),
            ..Default::default()
        };
        let mut desk = self.daemon.officer.eligibility();
        Ok(desk.record_finding(request).await?.into_inner())
    }

    async fn conclude(&self, reason: &str) -> Result<v1::Application, Status> {
        let application = self.reload().await;
        let request = v1::ConcludeCheckRequest {
            name: application.name,
            etag: application.etag,
            reason: reason.to_owned(),
            ..Default::default()
        };
        let mut desk = self.daemon.officer.eligibility();
        Ok(desk.conclude_check(request).await?.into_inner())
    }

    async fn turn(&self, to: DateTime<Utc>) {
        self.daemon.turn_clock_to(to).await;
    }

    async fn letters(&self, kind: &str) -> usize {
        self.daemon.letters_of(kind).await.len()
    }

    async fn public_key(&self) -> String {
        let mut desk = self.daemon.auditor.receipts();
        let listed = desk.list_receipt_keys(v1::ListReceiptKeysRequest {}).await;
        listed.unwrap().into_inner().keys.remove(0).public_key
    }
}

async fn on_postgres() -> Case {
    let folder = TempDir::new().unwrap();
    let mut config = config(folder.path()).unwrap();
    let url = bando_tests::postgres::fresh_database().await.unwrap();
    config.database = bando_store::Settings::Postgres {
        url,
        connections: 5,
    };
    let daemon = TestDaemon::start_with(folder, config).await.unwrap();
    daemon.publish().await;
    daemon.turn_clock_to(opens_at()).await;
    Case::of(daemon).await
}

fn due_at(asked: &v1::Clarification) -> DateTime<Utc> {
    asked.due_at.and_then(convert::read_instant).unwrap()
}

/// Answered in two parts and in time; late afterwards is nothing but a wrong state.
async fn answered_in_time(case: &Case) {
    let asked = case.request("").await.unwrap();
    assert_eq!(asked.state(), v1::ClarificationState::Requested);
    assert!(asked.due_at.is_none(), "no term without a delivery");
    case.turn(case.daemon.now().await + TimeDelta::days(1))
        .await;
    let letter = case.deliver("clarification_requested").await.unwrap();
    assert_eq!(letter.state(), v1::LetterState::Delivered);

    let running = case.asked(&asked.name).await;
    // Ten days from Tuesday the 7th: the end of Friday the 17th in Rome.
    assert_eq!(
        due_at(&running).to_rfc3339(),
        "2016-06-17T21:59:59.999999+00:00"
    );
    assert_eq!(case.letters("clarification_due").await, 1);
    let blocked = case.conclude("").await.unwrap_err();
    assert_eq!(reason(&blocked), "CLARIFICATION_OPEN");

    let part = case.answer(&asked.name, &[2], "").await.unwrap();
    let state = part.clarification.unwrap().state();
    assert_eq!(state, v1::ClarificationState::AnsweredInPart);
    case.turn(due_at(&running) - TimeDelta::days(3)).await;
    assert_eq!(
        case.letters("clarification_due").await,
        2,
        "five days before"
    );
    case.turn(due_at(&running)).await;
    assert_eq!(case.letters("clarification_due").await, 4);

    let id = "6f1c1d1e-3b1a-4a53-9d28-3c1f2f7d0001";
    let whole = case.answer(&asked.name, &[1], id).await.unwrap();
    let again = case.answer(&asked.name, &[1], id).await;
    assert!(
        again.is_err(),
        "the etag moved on, so this is another request under the same id"
    );
    assert_eq!(
        whole.clarification.as_ref().unwrap().state(),
        v1::ClarificationState::Answered
    );
    let receipt = convert::read_statement(&whole.receipt.unwrap()).unwrap();
    assert_eq!(receipt::verify(&receipt, &case.public_key().await), Ok(()));
    let request = v1::GetAnswerRequest {
        name: asked.name.clone(),
        number: 2,
    };
    let mut desk = case.applicant.desk.clarifications();
    let sealed = desk.get_answer(request).await.unwrap().into_inner();
    assert_eq!(receipt::verify_content(&receipt, &sealed.content), Ok(()));
    assert_eq!(case.letters("answer_receipt").await, 2);

    case.turn(due_at(&running) + TimeDelta::days(2)).await;
    assert_eq!(case.letters("clarification_expired").await, 0);
    assert_eq!(
        case.asked(&asked.name).await.state(),
        v1::ClarificationState::Answered
    );
    let procedure = case.reload().await.procedure.unwrap();
    // From the 6th to the 17th of June.
    assert_eq!((procedure.suspended_days, procedure.suspended), (11, false));
    case.find("E2", true).await.unwrap();
    case.find("E13", true).await.unwrap();
    let concluded = case.conclude("").await.unwrap();
    assert_eq!(concluded.state(), v1::ApplicationState::Admissible);
}

#[tokio::test]
async fn an_answer_in_parts_and_in_time_ends_with_an_admissible_application() {
    answered_in_time(&Case::sqlite().await).await;
}

#[tokio::test]
async fn the_same_is_so_on_postgresql() {
    answered_in_time(&on_postgres().await).await;
}

async fn expires(case: &Case) {
    let asked = case.request("").await.unwrap();
    case.deliver("clarification_requested").await.unwrap();
    let running = case.asked(&asked.name).await;
    case.answer(&asked.name, &[1], "").await.unwrap();
    case.turn(due_at(&running) + ONE_MICROSECOND).await;

    let refusal = case.answer(&asked.name, &[2], "").await.unwrap_err();

    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::FailedPrecondition, "CLARIFICATION_LATE")
    );
    let details = pb::Status::decode(refusal.details()).unwrap().details;
    let mut details = details.iter();
    let signed = details.find(|any| any.type_url.ends_with("SignedStatement"));
    let signed = v1::SignedStatement::decode(signed.unwrap().value.as_slice()).unwrap();
    assert_eq!(signed.kind(), v1::StatementKind::LateAnswerRefusal);
    let signed = convert::read_statement(&signed).unwrap();
    assert_eq!(receipt::verify(&signed, &case.public_key().await), Ok(()));
    let late = case.asked(&asked.name).await;
    assert_eq!(
        (late.state(), late.late_attempts),
        (v1::ClarificationState::AnsweredInPart, 1),
        "the instant decided: the timer has not fired yet"
    );

    case.turn(due_at(&running) + TimeDelta::minutes(2)).await;
    let expired = case.asked(&asked.name).await;
    assert_eq!(expired.state(), v1::ClarificationState::Expired);
    assert_eq!(expired.ended_at, running.due_at);
    assert_eq!(case.letters("clarification_expired").await, 1);
    assert_eq!(case.letters("late_answer").await, 1);
    let second = case.request("").await.unwrap_err();
    assert_eq!(reason(&second), "CLARIFICATION_LIMIT");
    case.find("E13", false).await.unwrap();
    let concluded = case.conclude("").await.unwrap();
    assert_eq!(concluded.state(), v1::ApplicationState::Inadmissible);
}

#[tokio::test]
async fn a_term_that_ends_unanswered_expires_and_a_late_answer_is_refused_and_remembered() {
    expires(&Case::sqlite().await).await;
}

#[tokio::test]
async fn an_expiry_is_the_same_on_postgresql() {
    expires(&on_postgres().await).await;
}

#[tokio::test]
async fn without_a_recorded_delivery_nothing_ever_expires() {
    let case = Case::sqlite().await;
    let asked = case.request("").await.unwrap();
    let letter = case.sent("clarification_requested").await;
    let request = v1::RecordNonDeliveryRequest {
        name: letter.name,
        at: Some(convert::instant(case.daemon.now().await)),
        evidence: "avviso di mancata consegna".to_owned(),
        ..Default::default()
    };
    let mut desk = case.daemon.officer.letters();
    let bounced = desk.record_non_delivery(request).await.unwrap();
    assert_eq!(bounced.into_inner().state(), v1::LetterState::Bounced);

    case.turn(closes_at() + TimeDelta::days(80)).await;

    let waiting = case.asked(&asked.name).await;
    assert_eq!(waiting.state(), v1::ClarificationState::Requested);
    assert!(!waiting.delivery.unwrap().delivered);
    let procedure = case.reload().await.procedure.unwrap();
    assert_eq!((procedure.suspended_days, procedure.suspended), (30, false));
    case.answer(&asked.name, &[1, 2], "").await.unwrap();
    assert_eq!(
        case.asked(&asked.name).await.state(),
        v1::ClarificationState::Answered
    );
}

#[tokio::test]
async fn a_request_sent_twice_under_one_id_is_one_request_with_one_letter() {
    let case = Case::sqlite().await;
    let (etag, id) = (
        case.reload().await.etag,
        "6f1c1d1e-3b1a-4a53-9d28-3c1f2f7d0002",
    );
    let request = v1::RequestClarificationRequest {
        parent: case.application.name.clone(),
        etag,
        items: vec![v1::ClarificationItem {
            kind: v1::ItemKind::Value.into(),
            rule: "E13".into(),
            text: Some(v1::Text {
                it: "il dato".into(),
                en: "the value".into(),
            }),
            ..Default::default()
        }],
        request_id: id.to_owned(),
        validate_only: false,
    };
    let mut desk = case.daemon.officer.clarifications();

    let first = desk.request_clarification(request.clone()).await.unwrap();
    let again = desk.request_clarification(request).await.unwrap();

    assert_eq!(first.into_inner(), again.into_inner());
    assert_eq!(case.letters("clarification_requested").await, 1);
}

#[tokio::test]
async fn a_delivery_is_recorded_once_and_within_what_is_possible() {
    let case = Case::sqlite().await;
    case.request("").await.unwrap();
    let letter = case.sent("clarification_requested").await;
    let at = |at: DateTime<Utc>| v1::RecordDeliveryRequest {
        name: letter.name.clone(),
        delivered_at: Some(convert::instant(at)),
        evidence: "PEC".to_owned(),
        ..Default::default()
    };
    let now = case.daemon.now().await;
    let mut desk = case.daemon.officer.letters();
    for impossible in [now - TimeDelta::days(1), now + ONE_MICROSECOND] {
        let refusal = desk.record_delivery(at(impossible)).await.unwrap_err();
        assert_eq!(reason(&refusal), "DELIVERY_IMPOSSIBLE");
    }
    desk.record_delivery(at(now)).await.unwrap();

    let again = desk.record_delivery(at(now)).await.unwrap_err();
    let own = case.applicant.desk.letters().record_delivery(at(now)).await;

    assert_eq!(reason(&again), "LETTER_STATE");
    assert_eq!(own.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn where_the_call_says_so_a_rejection_is_noticed_first_and_observations_are_weighed() {
    let case = Case::with("notice_before_rejection = true").await;
    case.find("E2", false).await.unwrap();
    let noticed = case.conclude("").await.unwrap();
    assert_eq!(noticed.state(), v1::ApplicationState::UnderCheck);
    let notice = &noticed.clarifications[0];
    assert_eq!(
        notice.purpose(),
        v1::ClarificationPurpose::NoticeBeforeRejection
    );
    assert_eq!(
        (notice.items.len(), notice.items[0].rule.as_str()),
        (1, "E2")
    );
    assert_eq!(case.letters("rejection_notice").await, 1);
    case.deliver("rejection_notice").await.unwrap();
    let blocked = case.conclude("because").await.unwrap_err();
    assert_eq!(reason(&blocked), "CLARIFICATION_OPEN");

    case.turn(case.daemon.now().await + TimeDelta::days(2))
        .await;
    let filed = case.answer(&notice.name, &[1], "").await.unwrap();
    assert_eq!(
        filed.clarification.unwrap().state(),
        v1::ClarificationState::Answered
    );
    let procedure = case.reload().await.procedure.unwrap();
    assert_eq!((procedure.suspended_days, procedure.suspended), (12, true));
    let silent = case.conclude("").await.unwrap_err();
    assert_eq!(reason(&silent), "REASON_REQUIRED");
    let concluded = case.conclude("lo statuto non lo prevede").await.unwrap();

    assert_eq!(concluded.state(), v1::ApplicationState::Inadmissible);
    assert_eq!(case.letters("inadmissible").await, 1);
}

#[tokio::test]
async fn a_notice_without_observations_expires_and_the_rejection_needs_no_further_reason() {
    let case = Case::with("notice_before_rejection = true\nobservation_days = 5").await;
    case.find("E2", false).await.unwrap();
    case.conclude("").await.unwrap();
    case.deliver("rejection_notice").await.unwrap();
    case.turn(case.daemon.now().await + TimeDelta::days(6))
        .await;

    let concluded = case.conclude("").await.unwrap();

    assert_eq!(concluded.state(), v1::ApplicationState::Inadmissible);
    assert_eq!(case.letters("clarification_expired").await, 1);
}

#[tokio::test]
async fn a_term_ends_by_the_calendar_of_holidays_of_its_call() {
    let calendar = "[window.holidays]\nweekly = [\"SUN\"]\nclosed = [\"SAT\", \"SUN\"]\n\
                    [[window.holidays.days]]\non = \"06-17\"\nname.it = \"Patrono\"\n\
                    name.en = \"Patron saint\"";
    let case = Case::with(calendar).await;
    let asked = case.request("").await.unwrap();
    case.turn(case.daemon.now().await + TimeDelta::days(1))
        .await;
    case.deliver("clarification_requested").await.unwrap();

    // Ten days from Tuesday the 7th would be Friday the 17th, which is a holiday there.
    let running = case.asked(&asked.name).await;
    assert_eq!(
        due_at(&running).to_rfc3339(),
        "2016-06-18T21:59:59.999999+00:00"
    );
    let window = case.daemon.call().await.window.unwrap();
    assert_eq!(window.holidays, "own");
}

#[tokio::test]
async fn a_withdrawn_application_is_not_waited_for() {
    let case = Case::sqlite().await;
    let asked = case.request("").await.unwrap();
    case.deliver("clarification_requested").await.unwrap();
    let application = case.reload().await;
    let request = v1::WithdrawApplicationRequest {
        name: application.name,
        etag: application.etag,
        reason: "non interessa".to_owned(),
        ..Default::default()
    };
    let mut desk = case.applicant.desk.applications();
    desk.withdraw_application(request).await.unwrap();

    case.turn(closes_at() + TimeDelta::days(30)).await;

    let closed = case.asked(&asked.name).await;
    assert_eq!(closed.state(), v1::ClarificationState::Closed);
    assert_eq!(case.letters("clarification_expired").await, 0);
    assert_eq!(case.letters("clarification_due").await, 1);
}

#[tokio::test]
async fn a_consortium_sees_no_requests_of_another() {
    let case = Case::sqlite().await;
    let asked = case.request("").await.unwrap();
    let other = case.daemon.applicant(2).await.desk;

    let request = v1::GetClarificationRequest { name: asked.name };
    let hidden = other.clarifications().get_clarification(request).await;
    let request = v1::ListClarificationsRequest {
        parent: CALL.to_owned(),
        ..Default::default()
    };
    let listed = other.clarifications().list_clarifications(request).await;

    assert_eq!(hidden.unwrap_err().code(), Code::NotFound);
    assert!(listed.unwrap().into_inner().clarifications.is_empty());
}
