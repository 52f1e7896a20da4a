//! Topics of reminders one by one: of two whom each concerns, one does its duty a second before the
//! letter leaves and is not reminded; the other is.

use bando_daemon::convert::read_instant;
use bando_proto::v1;
use bando_tests::daemon::{
    Applicant, PROGRAMME, TestDaemon, closes_at, consortium, opens_at, person,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::reminders::{preview, reminders, text_of, topic, with_reminders};

/// Nine in Rome on a day.
fn nine(day: &str) -> DateTime<Utc> {
    format!("{day}T07:00:00Z").parse().unwrap()
}

/// A second before the letters that are due at `due` leave.
async fn to_the_last_second(daemon: &TestDaemon, due: DateTime<Utc>) {
    daemon.turn_clock_to(due + TimeDelta::seconds(59)).await;
}

/// The letters of reminders that are due at `due`, once they left.
async fn sent(daemon: &TestDaemon, due: DateTime<Utc>) -> Vec<v1::Letter> {
    daemon.turn_clock_to(due + TimeDelta::minutes(3)).await;
    reminders(daemon).await
}

async fn submitted(daemon: &TestDaemon, number: u32) -> v1::Application {
    let applicant = daemon.applicant(number).await;
    let draft = applicant.draft().await;
    applicant.submit(&draft).await.unwrap().application.unwrap()
}

/// Puts an application under check.
async fn open(daemon: &TestDaemon, application: &v1::Application) -> v1::Application {
    let request = v1::OpenCheckRequest {
        name: application.name.clone(),
        etag: application.etag.clone(),
        ..Default::default()
    };
    let opened = daemon.officer.eligibility().open_check(request).await;
    opened.unwrap().into_inner()
}

async fn ask(daemon: &TestDaemon, of: &v1::Application) -> v1::Clarification {
    let request = v1::RequestClarificationRequest {
        parent: of.name.clone(),
        etag: of.etag.clone(),
        items: vec![v1::ClarificationItem {
            kind: v1::ItemKind::Document.into(),
            rule: "E2".to_owned(),
            text: Some(v1::Text {
                it: "lo statuto vigente".to_owned(),
                en: String::new(),
            }),
            ..Default::default()
        }],
        ..Default::default()
    };
    let mut desk = daemon.officer.clarifications();
    desk.request_clarification(request)
        .await
        .unwrap()
        .into_inner()
}

/// Two applications under check, both asked for something on Monday 6 June.
async fn two_asked(reminder: &str) -> (TestDaemon, [(v1::Application, v1::Clarification); 2]) {
    let daemon = with_reminders(TestDaemon::start().await, reminder).await;
    daemon.turn_clock_to(opens_at()).await;
    let (one, other) = (submitted(&daemon, 1).await, submitted(&daemon, 2).await);
    daemon.turn_clock_to(closes_at() + TimeDelta::days(6)).await;
    let mut asked = Vec::new();
    for application in [one, other] {
        let opened = open(&daemon, &application).await;
        let request = ask(&daemon, &opened).await;
        asked.push((application, request));
    }
    let asked = asked.try_into().unwrap();
    (daemon, asked)
}

/// The office takes a request back.
async fn take_back(daemon: &TestDaemon, asked: &v1::Clarification) {
    let request = v1::GetClarificationRequest {
        name: asked.name.clone(),
    };
    let mut desk = daemon.officer.clarifications();
    let known = desk.get_clarification(request).await.unwrap().into_inner();
    let request = v1::CloseClarificationRequest {
        name: known.name,
        etag: known.etag,
        reason: "found in the archive".to_owned(),
        ..Default::default()
    };
    desk.close_clarification(request).await.unwrap();
}

fn protocol(application: &v1::Application) -> String {
    let receipt = application.receipts.last().unwrap();
    receipt.protocol.clone()
}

/// The one letter to the office, which speaks of one application and not of the other.
fn only_of(letters: &[v1::Letter], one: &v1::Application, not_of: &v1::Application) -> String {
    let [letter] = letters else {
        panic!("{letters:?}")
    };
    assert_eq!(letter.state(), v1::LetterState::Sent);
    let text = text_of(letter);
    assert!(text.contains(&protocol(one)), "{text}");
    assert!(!text.contains(&protocol(not_of)), "{text}");
    text
}

#[tokio::test]
async fn a_suspension_about_to_end_is_told_of_unless_what_it_waits_for_came() {
    let reminder = topic("suspension_ending", "\"T-5d\"", "");
    let (daemon, [(one, answered), (other, _)]) = two_asked(&reminder).await;
    // Thirty days after Monday 6 June is 6 July; five days before is a Friday.
    let ahead = preview(
        &daemon,
        daemon.now().await,
        closes_at() + TimeDelta::days(60),
    )
    .await;
    let due = ahead.first().unwrap().at.and_then(read_instant).unwrap();
    assert_eq!(ahead[0].civil, "2016-07-01 09:00");
    to_the_last_second(&daemon, due).await;

    take_back(&daemon, &answered).await;

    only_of(&sent(&daemon, due).await, &other, &one);
}

#[tokio::test]
async fn a_request_without_recorded_delivery_is_told_of_until_it_is_recorded() {
    let reminder = topic("delivery_unrecorded", "\"T+3d\"", "");
    let (daemon, [(one, _), (other, _)]) = two_asked(&reminder).await;
    // Asked on Monday 6 June.
    let due = nine("2016-06-09");
    to_the_last_second(&daemon, due).await;
    let letters = daemon.letters_of("clarification_requested").await;
    let own = letters.iter().find(|letter| letter.application == one.name);

    let request = v1::RecordDeliveryRequest {
        name: own.unwrap().name.clone(),
        delivered_at: Some(bando_daemon::convert::instant(daemon.now().await)),
        evidence: "PEC ricevuta 1".to_owned(),
        ..Default::default()
    };
    daemon
        .officer
        .letters()
        .record_delivery(request)
        .await
        .unwrap();

    only_of(&sent(&daemon, due).await, &other, &one);
}

#[tokio::test]
async fn an_evaluator_is_told_of_as_late_until_the_sheet_is_signed_off() {
    let reminder = topic("evaluator_late", "\"T+10d\"", "");
    let daemon = with_reminders(TestDaemon::start().await, &reminder).await;
    daemon.turn_clock_to(opens_at()).await;
    let (one, other) = (submitted(&daemon, 1).await, submitted(&daemon, 2).await);
    daemon.turn_clock_to(closes_at() + TimeDelta::days(6)).await;
    for application in [&one, &other] {
        daemon.check(application).await;
    }
    daemon.register("elio", "elio@evaluators.example").await;
    let desk = daemon.person("elio", v1::Role::Evaluator).await;
    let assigned = daemon.assign(&one.name, "elio").await.unwrap();
    daemon.assign(&other.name, "elio").await.unwrap();
    // Assigned on Monday 6 June; ten days later is Thursday 16 June.
    let due = nine("2016-06-16");
    to_the_last_second(&daemon, due).await;

    let declared = desk.declare_free(&assigned).await.unwrap();
    desk.sign_off(&declared, "8").await.unwrap();

    let text = only_of(&sent(&daemon, due).await, &other, &one);
    assert!(text.contains("elio"), "{text}");
}

#[tokio::test]
async fn that_a_call_opened_is_told_to_who_has_not_begun() {
    let reminder = topic("call_opens", "\"T+7d\"", "");
    let daemon = with_reminders(TestDaemon::start().await, &reminder).await;
    daemon.turn_clock_to(opens_at()).await;
    let (one, _) = (daemon.applicant(1).await, daemon.applicant(2).await);
    // It opened on Monday 4 April.
    let due = nine("2016-04-11");
    to_the_last_second(&daemon, due).await;

    one.draft().await;

    told_to_the_second_alone(&sent(&daemon, due).await);
}

/// Of the letters to two consortia, the first one's is cancelled and the second one's was sent.
fn told_to_the_second_alone(letters: &[v1::Letter]) {
    let [first, second] = letters else {
        panic!("{letters:?}")
    };
    assert!(
        first.address.starts_with("consorzio1@"),
        "{}",
        first.address
    );
    assert_eq!(first.state(), v1::LetterState::Cancelled);
    assert!(
        second.address.starts_with("consorzio2@"),
        "{}",
        second.address
    );
    assert_eq!(second.state(), v1::LetterState::Sent);
}

/// A consortium with fewer members than the call asks for.
async fn small(daemon: &TestDaemon, number: u32) -> Applicant {
    let mut wanted = consortium(number);
    if let Some(profile) = wanted.profile.as_mut() {
        profile.members.truncate(2);
    }
    let request = v1::RegisterConsortiumRequest {
        parent: PROGRAMME.to_owned(),
        consortium: Some(wanted),
        ..Default::default()
    };
    let mut desk = daemon.officer.consortia();
    let consortium = desk
        .register_consortium(request)
        .await
        .unwrap()
        .into_inner();
    let (name, roles) = (format!("consorzio{number}"), [v1::Role::Consortium]);
    let made = person(
        &daemon.channel,
        &daemon.admin,
        &name,
        &roles,
        PROGRAMME,
        &consortium.name,
    );
    Applicant {
        desk: made.await.unwrap(),
        consortium,
    }
}

#[tokio::test]
async fn who_has_too_few_members_is_told_until_there_are_enough() {
    let reminder = topic("members_below_minimum", "\"T-7d\"", "");
    let daemon = with_reminders(TestDaemon::start().await, &reminder).await;
    daemon.turn_clock_to(opens_at()).await;
    let (one, _) = (small(&daemon, 1).await, small(&daemon, 2).await);
    // It closes on Tuesday 31 May.
    let due = nine("2016-05-24");
    to_the_last_second(&daemon, due).await;

    let mut grown = one.consortium.clone();
    grown.profile = consortium(1).profile;
    let request = v1::UpdateConsortiumRequest {
        consortium: Some(grown),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["profile".to_owned()],
        }),
        ..Default::default()
    };
    daemon
        .officer
        .consortia()
        .update_consortium(request)
        .await
        .unwrap();

    told_to_the_second_alone(&sent(&daemon, due).await);
}
