mod documents;

use chrono::TimeDelta;

use super::*;
use crate::application::{self, Application, Check, Conclusion, conclude_check, record_finding};
use crate::eligibility::{Finding, FindingBy, Verdict};
use crate::examples::{italian, project, rules};
use crate::procedure::Rules;
use crate::receipt::{Statement, StatementKind};
use crate::{budget, grant};

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn finding(rule: &str, verdict: Verdict) -> Finding {
    Finding {
        rule: rule.into(),
        verdict,
        by: FindingBy::Data,
        explanation: Text::new("perché", "because"),
    }
}

fn by_officer(rule: &str, verdict: Verdict) -> Finding {
    Finding {
        by: FindingBy::Officer {
            person: "anna".into(),
        },
        ..finding(rule, verdict)
    }
}

/// Under check: E2 waits for an officer, E7 failed by data.
fn application() -> Application {
    let project = project(vec![]);
    let drafted = application::Event::Drafted {
        id: ApplicationId(uuid::Uuid::from_u128(7)),
        call: "er/2016".parse().unwrap(),
        consortium: ConsortiumId(uuid::Uuid::from_u128(8)),
    };
    let check = Check {
        rule_set_version: 1,
        participants: 8,
        findings: vec![
            finding("E2", Verdict::OfficerNeeded),
            finding("E7", Verdict::Failed),
        ],
        budget: budget::admit(&project, &rules()),
        grant: grant::of_project(&project, &rules()),
    };
    let opened = application::Event::CheckOpened {
        check: Box::new(check),
    };
    application::apply(application::apply(None, &drafted), &opened).unwrap()
}

fn items() -> Vec<Item> {
    let item = |rule: &str| Item {
        kind: ItemKind::Document,
        rule: rule.into(),
        text: Text::new("lo statuto", "the statute"),
    };
    vec![item("E2"), item("E7")]
}

fn ask(rules: &Rules, asked: &[Clarification]) -> Result<Event, Refusal> {
    let by = ("anna", at("2016-06-06T08:00:00Z"));
    let id = ClarificationId(uuid::Uuid::from_u128(9));
    request(id, &application(), rules, asked, items(), by)
}

pub(crate) fn requested() -> Clarification {
    apply(None, &ask(&Rules::default(), &[]).unwrap()).unwrap()
}

fn letter() -> LetterId {
    LetterId(uuid::Uuid::from_u128(10))
}

pub(crate) fn delivered() -> Clarification {
    let known = requested();
    let event = deliver(
        &known,
        letter(),
        at("2016-06-07T08:00:00Z"),
        "PEC 1",
        italian(),
    );
    apply(Some(known), &event.unwrap()).unwrap()
}

fn texts(items: &[u32]) -> Vec<ItemAnswer> {
    let text = |item: &u32| ItemAnswer {
        item: *item,
        text: "ecco".into(),
        documents: Vec::new(),
    };
    items.iter().map(text).collect()
}

pub(crate) fn answered(known: Clarification, items: &[u32], at: DateTime<Utc>) -> Clarification {
    let complete = may_answer(&known, &texts(items), at).unwrap();
    let answer = Answer {
        number: 1,
        received_at: at,
        texts: texts(items),
        receipt: signed(&known),
    };
    let event = Event::Answered {
        answer: Box::new(answer),
        complete,
    };
    apply(Some(known), &event).unwrap()
}

fn signed(known: &Clarification) -> Signed {
    let statement = Statement {
        kind: StatementKind::AnswerReceipt,
        call: known.call.clone(),
        application: known.application,
        clarification: Some(known.id),
        protocol: Some("ER-2016-0000001".into()),
        received_at: String::new(),
        closes_at: None,
        content_sha256: String::new(),
        event: crate::ids::EventId(uuid::Uuid::nil()),
        key_id: String::new(),
        admitted_by: None,
    };
    Signed {
        statement,
        signature: String::new(),
    }
}

pub(crate) fn expired() -> Clarification {
    let known = delivered();
    let now = known.due_at.unwrap() + TimeDelta::minutes(1);
    apply(Some(known.clone()), &expire(&known, now).unwrap()).unwrap()
}

#[test]
fn no_term_runs_before_a_delivery_is_recorded() {
    let known = requested();

    assert!(timers(&known, &Rules::default(), at("2030-01-01T00:00:00Z")).is_empty());
    assert!(!is_late(&known, at("2030-01-01T00:00:00Z")));
    let refusal = expire(&known, at("2030-01-01T00:00:00Z")).unwrap_err();
    assert_eq!(refusal.reason(), "CLARIFICATION_STATE");
}

#[test]
fn the_term_runs_from_the_recorded_delivery_with_timers_of_its_own() {
    let known = delivered();

    let due_at = at("2016-06-17T21:59:59.999999Z");
    assert_eq!(known.due_at, Some(due_at));
    let timers = timers(&known, &Rules::default(), at("2016-06-13T08:00:00Z"));
    let wanted: Vec<_> = timers
        .iter()
        .map(|timer| (timer.kind.as_str(), due_at - timer.nominal_at))
        .collect();
    let expected = [
        ("clarification_reminder", TimeDelta::days(2)),
        ("clarification_reminder", TimeDelta::days(1)),
        ("clarification_due", -TimeDelta::seconds(60)),
    ];
    assert_eq!(wanted, expected, "the one of five days before has passed");
    assert!(
        timers
            .iter()
            .all(|timer| timer.subject == known.id.to_string())
    );
}

#[test]
fn a_letter_that_came_back_starts_no_term_and_a_later_delivery_does() {
    let known = requested();
    let event = fail_delivery(&known, letter(), at("2016-06-07T08:00:00Z"), "bounce").unwrap();

    let bounced = apply(Some(known), &event).unwrap();

    assert_eq!((bounced.state, bounced.due_at), (State::Requested, None));
    assert!(!bounced.delivery.as_ref().unwrap().delivered);
    assert!(
        deliver(
            &bounced,
            letter(),
            at("2016-06-08T08:00:00Z"),
            "PEC 2",
            italian()
        )
        .is_some()
    );
}

#[test]
fn a_delivery_is_recorded_once() {
    let known = delivered();

    let again = deliver(
        &known,
        letter(),
        at("2016-06-09T08:00:00Z"),
        "PEC 2",
        italian(),
    );

    assert_eq!(again, None);
}

#[test]
fn the_last_instant_is_in_time_and_the_next_microsecond_is_late() {
    let known = delivered();
    let due_at = known.due_at.unwrap();

    assert!(!is_late(&known, due_at));
    assert!(is_late(&known, due_at + TimeDelta::microseconds(1)));
}

#[test]
fn an_answer_received_in_time_counts_although_the_timer_was_faster() {
    let known = expired();
    let due_at = known.due_at.unwrap();

    let answered = answered(known.clone(), &[1, 2], due_at);

    assert_eq!(answered.state, State::Answered);
    assert!(is_late(&known, due_at + TimeDelta::microseconds(1)));
}

#[test]
fn answers_in_part_add_up() {
    let known = answered(delivered(), &[2], at("2016-06-08T08:00:00Z"));
    assert_eq!(known.state, State::AnsweredInPart);
    assert_eq!(known.unanswered()[0].0, 1);
    assert_eq!(known.ended_at, None);

    let known = answered(known, &[1], at("2016-06-09T08:00:00Z"));

    assert_eq!(known.state, State::Answered);
    assert_eq!(known.ended_at, Some(at("2016-06-09T08:00:00Z")));
    let refusal = may_answer(&known, &texts(&[1]), at("2016-06-09T08:00:00Z")).unwrap_err();
    assert_eq!(refusal.reason(), "CLARIFICATION_STATE");
}

#[test]
fn an_answer_names_items_that_were_asked() {
    for item in [0, 3] {
        let refusal = may_answer(&delivered(), &texts(&[item]), at("2016-06-08T08:00:00Z"));
        assert_eq!(refusal.unwrap_err().reason(), "UNKNOWN_ITEM");
    }
}

#[test]
fn a_term_expires_after_its_last_instant_and_only_while_something_is_unanswered() {
    let known = delivered();
    let due_at = known.due_at.unwrap();
    assert_eq!(
        expire(&known, due_at).unwrap_err().reason(),
        "CLARIFICATION_TERM_RUNS"
    );
    let answered = answered(known, &[1, 2], at("2016-06-08T08:00:00Z"));
    assert!(expire(&answered, due_at + TimeDelta::days(1)).is_err());
    assert!(timers(&answered, &Rules::default(), at("2016-06-08T08:00:00Z")).is_empty());
}

#[test]
fn a_consortium_is_asked_once_unless_the_call_says_otherwise() {
    let ended = expired();
    let twice = Rules {
        clarifications: 2,
        ..Rules::default()
    };

    let refusal = ask(&Rules::default(), std::slice::from_ref(&ended)).unwrap_err();
    let second = ask(&twice, std::slice::from_ref(&ended)).unwrap();
    let while_open = ask(&twice, &[delivered()]).unwrap_err();

    assert_eq!(refusal.reason(), "CLARIFICATION_LIMIT");
    assert!(matches!(second, Event::Requested { number: 2, .. }));
    assert_eq!(while_open.reason(), "CLARIFICATION_OPEN");
}

#[test]
fn a_request_that_never_arrived_and_was_taken_back_does_not_count() {
    let known = requested();
    assert_eq!(
        close(&known, " ", at("2016-06-08T08:00:00Z"))
            .unwrap_err()
            .reason(),
        "REASON_REQUIRED"
    );
    let event = close(&known, "wrong address", at("2016-06-08T08:00:00Z")).unwrap();
    let closed = apply(Some(known), &event).unwrap();

    assert!(matches!(
        ask(&Rules::default(), &[closed]),
        Ok(Event::Requested { number: 2, .. })
    ));
}

#[test]
fn only_rules_of_the_check_are_asked_about_and_only_during_it() {
    let mut items = items();
    items[0].rule = "E99".into();
    let (id, by) = (
        ClarificationId(uuid::Uuid::nil()),
        ("anna", at("2016-06-06T08:00:00Z")),
    );
    let mut done = application();

    let unknown = request(id, &done, &Rules::default(), &[], items, by).unwrap_err();
    done.state = application::State::Admissible;
    let over = request(id, &done, &Rules::default(), &[], super::tests::items(), by).unwrap_err();

    assert_eq!(
        (unknown.reason(), over.reason()),
        ("UNKNOWN_RULE", "APPLICATION_STATE")
    );
}

#[test]
fn a_check_is_not_concluded_while_the_consortium_is_waited_for() {
    let refusal = conclude_check(&application(), &Rules::default(), &[delivered()], "");
    assert_eq!(refusal.unwrap_err().reason(), "CLARIFICATION_OPEN");
    let finding = by_officer("E2", Verdict::Failed);
    let refusal = record_finding(&application(), &[delivered()], finding).unwrap_err();
    assert_eq!(refusal.reason(), "CLARIFICATION_OPEN");

    let concluded = conclude_check(&application(), &Rules::default(), &[expired()], "").unwrap();

    let found = application::Event::FoundInadmissible {
        rules: vec!["E7".into()],
        reason: String::new(),
    };
    assert_eq!(concluded, Conclusion::Decided(found));
}

#[test]
fn what_was_asked_about_is_decided_by_an_officer_even_where_data_had_failed_it() {
    let answered = answered(delivered(), &[1, 2], at("2016-06-08T08:00:00Z"));
    let passed = by_officer("E7", Verdict::Passed);

    assert!(record_finding(&application(), &[answered], passed.clone()).is_ok());
    let refusal = record_finding(&application(), &[], passed).unwrap_err();
    assert_eq!(refusal.reason(), "FINDING_DECIDED_BY_DATA");
}

fn notice(items: Vec<Item>) -> Clarification {
    let by = ("anna", at("2016-06-06T08:00:00Z"));
    let id = ClarificationId(uuid::Uuid::from_u128(11));
    let event = give_notice(id, &application(), &Rules::default(), &[], items, by).unwrap();
    let known = apply(None, &event).unwrap();
    let event = deliver(
        &known,
        letter(),
        at("2016-06-07T08:00:00Z"),
        "PEC 1",
        italian(),
    );
    apply(Some(known), &event.unwrap()).unwrap()
}

#[test]
fn where_the_call_gives_notice_a_failed_rule_is_told_before_it_is_decided() {
    let rules = Rules {
        notice_before_rejection: true,
        ..Rules::default()
    };
    let first = conclude_check(&application(), &rules, &[], "").unwrap();
    let Conclusion::NoticeFirst(grounds) = first else {
        panic!("{first:?}")
    };
    assert_eq!(grounds[0].rule, "E7");

    let told = notice(grounds);
    let refusal = conclude_check(&application(), &rules, std::slice::from_ref(&told), "");
    assert_eq!(refusal.unwrap_err().reason(), "CLARIFICATION_OPEN");

    let observed = answered(told, &[1], at("2016-06-08T08:00:00Z"));
    assert_eq!(observed.state, State::Answered);
    let silent = conclude_check(&application(), &rules, std::slice::from_ref(&observed), " ");
    assert_eq!(silent.unwrap_err().reason(), "REASON_REQUIRED");
    let decided = conclude_check(&application(), &rules, &[observed], "the statute says no");
    assert!(matches!(decided, Ok(Conclusion::Decided(_))));
}

#[test]
fn a_ground_that_no_notice_named_needs_another_notice() {
    let rules = Rules {
        notice_before_rejection: true,
        ..Rules::default()
    };
    let ended = answered(
        notice(vec![items().remove(0)]),
        &[1],
        at("2016-06-08T08:00:00Z"),
    );

    let conclusion = conclude_check(&application(), &rules, &[ended], "because").unwrap();

    assert!(matches!(conclusion, Conclusion::NoticeFirst(_)));
}

#[test]
fn an_open_request_is_taken_back_and_an_answered_one_accepted() {
    let now = at("2016-06-09T08:00:00Z");
    assert!(accept(&delivered(), now).is_err());
    let part = answered(delivered(), &[1], at("2016-06-08T08:00:00Z"));

    let accepted = apply(Some(part.clone()), &accept(&part, now).unwrap()).unwrap();

    assert_eq!(
        (accepted.state, accepted.ended_at),
        (State::Accepted, Some(now))
    );
    assert!(close(&accepted, "no", now).is_err());
}
