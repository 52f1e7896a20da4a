//! Reminders on the running daemon: once each, in one letter a day, to whom they concern.

use bando_daemon::convert::instant;
use bando_domain::civil::Zone;
use bando_proto::v1;
use bando_tests::daemon::{
    Applicant, CALL, PROGRAMME, TestDaemon, closes_at, consortium, opens_at, person, serve, until,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::operator::Terminal;
use crate::rankings::approval;

/// A daemon whose call has these reminders and no others.
pub(crate) async fn with_reminders(daemon: TestDaemon, reminders: &str) -> TestDaemon {
    let file = bando_daemon::samples::CALL_2016.1;
    let (before, after) = file.split_once("[[reminders]]").unwrap();
    let (_, after) = after.split_once("[document_limits]").unwrap();
    let file = format!("{before}{reminders}\n[document_limits]{after}");
    daemon.load_call(&file).await.unwrap();
    daemon.publish().await;
    daemon
}

pub(crate) fn topic(name: &str, offsets: &str, more: &str) -> String {
    format!("[[reminders]]\ntopic = {name:?}\noffsets = [{offsets}]\n{more}\n")
}

/// The letters of reminders, oldest first and by address, with their texts where they were sent.
pub(crate) async fn reminders(daemon: &TestDaemon) -> Vec<v1::Letter> {
    let mut letters = Vec::new();
    for letter in daemon.letters_of("reminder").await {
        let request = v1::GetLetterRequest { name: letter.name };
        let found = daemon.officer.letters().get_letter(request).await;
        letters.push(found.unwrap().into_inner());
    }
    letters.sort_by_key(|letter| (queued_at(letter), letter.address.clone()));
    letters
}

fn queued_at(letter: &v1::Letter) -> DateTime<Utc> {
    bando_daemon::convert::read_instant(letter.queued_at.unwrap()).unwrap()
}

fn civil(letters: &[v1::Letter]) -> Vec<String> {
    let printed = letters.iter().map(|letter| {
        let at = queued_at(letter).with_timezone(&rome());
        at.format("%a %m-%d %H:%M").to_string()
    });
    printed.collect()
}

fn rome() -> impl chrono::TimeZone<Offset: std::fmt::Display> {
    let zone: Zone = "Europe/Rome".parse().unwrap();
    zone.tz()
}

/// The same daemon after a while in which none ran.
async fn down_until(daemon: TestDaemon, to: DateTime<Utc>) -> TestDaemon {
    let TestDaemon {
        running,
        folder,
        config,
        office,
    } = daemon;
    running.stop().await.unwrap();
    let running = serve(&config).await.unwrap();
    running.cx.clock.simulated().unwrap().turn_to(to);
    let office = office.again(&running.endpoint).await.unwrap();
    let daemon = TestDaemon {
        running,
        folder,
        config,
        office,
    };
    daemon.turn_clock_to(to + TimeDelta::minutes(2)).await;
    daemon
}

#[tokio::test]
async fn a_reminder_that_falls_on_a_holiday_goes_out_on_the_working_day_before() {
    // The call closes on Tuesday 31 May: 1 May is a Sunday and a holiday, 28 May a Saturday.
    let offsets = "\"T-30d\", \"T-3d\", \"T-1d\", \"T-4h\"";
    let daemon = TestDaemon::start().await;
    let daemon = with_reminders(daemon, &topic("draft_not_submitted", offsets, "")).await;
    daemon.turn_clock_to(opens_at()).await;
    daemon.applicant(1).await.draft().await;

    daemon.turn_clock_to(closes_at()).await;

    let letters = reminders(&daemon).await;
    assert_eq!(
        civil(&letters),
        [
            "Fri 04-29 09:00",
            "Fri 05-27 09:00",
            "Mon 05-30 09:00",
            "Tue 05-31 12:00"
        ]
    );
    assert!(letters.iter().all(|l| l.state() == v1::LetterState::Sent));
}

#[tokio::test]
async fn what_is_due_to_one_address_on_a_day_stands_in_one_letter() {
    folded(TestDaemon::start().await).await;
}

#[tokio::test]
async fn what_is_due_to_one_address_on_a_day_stands_in_one_letter_on_postgresql_too() {
    folded(TestDaemon::start_on_postgres().await).await;
}

async fn folded(daemon: TestDaemon) {
    let all = [
        topic("draft_not_submitted", "\"T-7d\", \"T-4h\"", ""),
        topic("members_below_minimum", "\"T-7d\"", ""),
        topic("accreditation", "\"T-7d\"", ""),
        topic("no_draft", "\"T-7d\"", ""),
    ];
    let daemon = with_reminders(daemon, &all.concat()).await;
    daemon.turn_clock_to(opens_at()).await;
    let drafting = without_accreditation(&daemon, 1).await;
    drafting.draft().await;
    daemon.applicant(2).await;

    daemon.turn_clock_to(closes_at() - TimeDelta::days(6)).await;

    let letters = reminders(&daemon).await;
    let [folded, other] = letters.as_slice() else {
        panic!("{letters:?}")
    };
    assert!(folded.address.starts_with("consorzio1@"));
    assert!(
        folded.subject.contains("2 promemoria"),
        "{}",
        folded.subject
    );
    let text = text_of(folded);
    assert!(text.contains("Domanda non ancora presentata"), "{text}");
    assert!(text.contains("Accreditamento regionale"), "{text}");
    assert!(!text.contains("consorziate in numero"), "{text}");
    assert!(other.address.starts_with("consorzio2@"));
    assert!(other.subject.contains("nessuna domanda iniziata"));

    daemon.turn_clock_to(closes_at()).await;
    let all = reminders(&daemon).await;
    assert_eq!(all.len(), 3, "four hours before the close comes by itself");
    let subject = &all[2].subject;
    assert!(subject.contains("non ancora presentata"), "{subject}");
}

/// A consortium with members enough and no accreditation.
pub(crate) async fn without_accreditation(daemon: &TestDaemon, number: u32) -> Applicant {
    let mut wanted = consortium(number);
    if let Some(profile) = wanted.profile.as_mut() {
        profile.accreditation = v1::Accreditation::Unspecified.into();
    }
    let request = v1::RegisterConsortiumRequest {
        parent: PROGRAMME.to_owned(),
        consortium: Some(wanted),
        ..Default::default()
    };
    let registered = daemon
        .officer
        .consortia()
        .register_consortium(request)
        .await;
    let consortium = registered.unwrap().into_inner();
    let (name, roles) = (format!("consorzio{number}"), [v1::Role::Consortium]);
    let desk = person(
        &daemon.channel,
        &daemon.admin,
        &name,
        &roles,
        PROGRAMME,
        &consortium.name,
    )
    .await
    .unwrap();
    Applicant { desk, consortium }
}

/// The text of a mail, its quoted-printable lines joined and decoded.
pub(crate) fn text_of(letter: &v1::Letter) -> String {
    let mail = String::from_utf8(letter.message.clone()).unwrap();
    let joined = mail.replace("=\r\n", "");
    let text = joined.split("text/html").next().unwrap_or_default();
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'=');
        let code = code.and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn a_duty_done_a_second_before_its_letter_leaves_is_not_reminded_of() {
    done_meanwhile(TestDaemon::start().await).await;
}

#[tokio::test]
async fn a_duty_done_a_second_before_is_not_reminded_of_on_postgresql_either() {
    done_meanwhile(TestDaemon::start_on_postgres().await).await;
}

async fn done_meanwhile(daemon: TestDaemon) {
    let all = [
        topic("draft_not_submitted", "\"T-1d\"", ""),
        topic("accreditation", "\"T-1d\"", ""),
    ];
    let daemon = with_reminders(daemon, &all.concat()).await;
    daemon.turn_clock_to(opens_at()).await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let both = without_accreditation(&daemon, 2).await;
    let other = both.draft().await;
    let due = closes_at() - TimeDelta::hours(24 + 7);
    daemon.turn_clock_to(due + TimeDelta::seconds(59)).await;
    let queued = reminders(&daemon).await;
    assert_eq!(queued.len(), 2);
    assert!(queued.iter().all(|l| l.state() == v1::LetterState::Queued));

    for (applicant, draft) in [(&applicant, &draft), (&both, &other)] {
        applicant.submit(draft).await.unwrap();
    }
    daemon.turn_clock_to(due + TimeDelta::minutes(2)).await;

    let letters = reminders(&daemon).await;
    assert_eq!(letters[0].state(), v1::LetterState::Cancelled);
    assert_eq!(letters[1].state(), v1::LetterState::Sent);
    let text = text_of(&letters[1]);
    assert!(text.contains("Accreditamento regionale"), "{text}");
    assert!(!text.contains("non ancora presentata"), "{text}");
}

#[tokio::test]
async fn a_daemon_that_was_down_reminds_late_and_says_so_or_skips_by_its_policy() {
    down_over_a_reminder(TestDaemon::start().await).await;
}

#[tokio::test]
async fn a_daemon_that_was_down_reminds_by_its_policy_on_postgresql_too() {
    down_over_a_reminder(TestDaemon::start_on_postgres().await).await;
}

async fn down_over_a_reminder(daemon: TestDaemon) {
    let all = [
        // Three of them are due while it is down: only the last one is still worth a letter.
        topic("draft_not_submitted", "\"T-8d\", \"T-7d\", \"T-6d\"", ""),
        topic("accreditation", "\"T-7d\"", "lateness = \"skip\""),
        topic("no_draft", "\"T-7d\"", "lateness_within = \"1d\""),
    ];
    let daemon = with_reminders(daemon, &all.concat()).await;
    daemon.turn_clock_to(opens_at()).await;
    without_accreditation(&daemon, 1).await.draft().await;
    daemon.applicant(2).await;
    daemon.turn_clock_to(closes_at() - TimeDelta::days(9)).await;

    let back = closes_at() - TimeDelta::days(5);
    let daemon = down_until(daemon, back).await;

    let letters = reminders(&daemon).await;
    let [late] = letters.as_slice() else {
        panic!("{letters:?}")
    };
    assert!(late.address.starts_with("consorzio1@"));
    let text = text_of(late);
    assert!(
        text.contains("era previsto per mercoledì 25 maggio"),
        "{text}"
    );
    assert!(!text.contains("Accreditamento"), "{text}");
}

#[tokio::test]
async fn a_daemon_that_was_down_over_the_close_reminds_nobody_of_it() {
    let daemon = TestDaemon::start().await;
    let daemon = with_reminders(daemon, &topic("draft_not_submitted", "\"T-1d\"", "")).await;
    daemon.turn_clock_to(opens_at()).await;
    let applicant = daemon.applicant(1).await;
    applicant.draft().await;
    daemon.turn_clock_to(closes_at() - TimeDelta::days(2)).await;

    let daemon = down_until(daemon, closes_at() + TimeDelta::days(1)).await;

    until(async || !daemon.letters_of("lapsed").await.is_empty()).await;
    assert!(reminders(&daemon).await.is_empty());
}

async fn extend(daemon: &TestDaemon, closes: &str) {
    let request = v1::ProposeExtensionRequest {
        name: CALL.to_owned(),
        etag: daemon.call().await.etag,
        closes: closes.to_owned(),
        act: "DD 77/2016".to_owned(),
        ..Default::default()
    };
    let proposed = daemon.officer.calls().propose_extension(request).await;
    let request = approval(&proposed.unwrap().into_inner());
    let approved = daemon.approver.proposals().approve_proposal(request).await;
    approved.unwrap();
}

#[tokio::test]
async fn an_extension_a_minute_before_the_close_re_times_the_reminders() {
    // Seven days later to the hour: the new T-14d falls on the instant of the old T-7d, which
    // went out long ago, and the new T-7d on that of the old close.
    extended(TestDaemon::start().await, TimeDelta::minutes(-1)).await;
}

#[tokio::test]
async fn an_extension_a_day_after_the_close_re_times_the_reminders_on_postgresql() {
    extended(TestDaemon::start_on_postgres().await, TimeDelta::days(1)).await;
}

async fn extended(daemon: TestDaemon, after: TimeDelta) {
    let offsets = "\"T-14d\", \"T-3d\", \"T-4h\"";
    let daemon = with_reminders(daemon, &topic("draft_not_submitted", offsets, "")).await;
    daemon.turn_clock_to(opens_at()).await;
    daemon.applicant(1).await.draft().await;
    daemon.turn_clock_to(closes_at() + after).await;
    let before = reminders(&daemon).await.len();

    extend(&daemon, "2016-06-07 16:00").await;
    daemon.turn_clock_to(closes_at() + TimeDelta::days(8)).await;

    let letters = reminders(&daemon).await;
    assert_eq!(before, 3);
    // 4 June is a Saturday.
    assert_eq!(
        civil(&letters[before..]),
        ["Fri 06-03 09:00", "Tue 06-07 12:00"]
    );
    let subject = &letters[before].subject;
    assert!(subject.contains("7 giugno 2016"), "{subject}");
}

#[tokio::test]
async fn a_reminder_whose_timer_was_cancelled_comes_when_the_new_close_has_it_at_the_same_instant()
{
    let daemon = TestDaemon::start().await;
    let offsets = "\"T-14d\", \"T-7d\"";
    let daemon = with_reminders(daemon, &topic("draft_not_submitted", offsets, "")).await;
    daemon.turn_clock_to(opens_at()).await;
    daemon.applicant(1).await.draft().await;
    daemon
        .turn_clock_to(closes_at() - TimeDelta::days(10))
        .await;
    assert_eq!(civil(&reminders(&daemon).await), ["Tue 05-17 09:00"]);

    // The old T-7d and the new T-14d are one instant, and so are their timers.
    extend(&daemon, "2016-06-07 16:00").await;
    daemon.turn_clock_to(closes_at() + TimeDelta::days(8)).await;

    let letters = reminders(&daemon).await;
    assert_eq!(
        civil(&letters),
        ["Tue 05-17 09:00", "Tue 05-24 09:00", "Tue 05-31 09:00"]
    );
}

#[tokio::test]
async fn while_a_call_is_suspended_nobody_is_told_to_hurry() {
    let daemon = TestDaemon::start().await;
    let daemon = with_reminders(daemon, &topic("draft_not_submitted", "\"T-1d\"", "")).await;
    daemon.turn_clock_to(opens_at()).await;
    daemon.applicant(1).await.draft().await;
    let due = closes_at() - TimeDelta::hours(24 + 7);
    daemon.turn_clock_to(due).await;
    assert_eq!(reminders(&daemon).await.len(), 1);
    let request = v1::SuspendCallRequest {
        name: CALL.to_owned(),
        etag: daemon.call().await.etag,
        reason: "the portal is down".to_owned(),
        ..Default::default()
    };
    daemon.officer.calls().suspend_call(request).await.unwrap();

    daemon.turn_clock_to(due + TimeDelta::minutes(2)).await;

    let letters = reminders(&daemon).await;
    assert_eq!(letters[0].state(), v1::LetterState::Cancelled);
    let request = v1::ResumeCallRequest {
        name: CALL.to_owned(),
        etag: daemon.call().await.etag,
        act: "DD 78/2016".to_owned(),
        ..Default::default()
    };
    daemon.officer.calls().resume_call(request).await.unwrap();
    daemon.turn_clock_to(closes_at() + TimeDelta::days(2)).await;
    let letters = reminders(&daemon).await;
    assert_eq!(letters.len(), 2, "before the new close it comes again");
    assert_eq!(letters[1].state(), v1::LetterState::Sent);
}

pub(crate) async fn preview(
    daemon: &TestDaemon,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<v1::Reminder> {
    let request = v1::PreviewRemindersRequest {
        call: CALL.to_owned(),
        from: Some(instant(from)),
        to: Some(instant(to)),
    };
    let previewed = daemon.officer.reminders().preview_reminders(request).await;
    previewed.unwrap().into_inner().reminders
}

#[tokio::test]
async fn what_is_previewed_is_what_goes_out() {
    let daemon = TestDaemon::open().await;
    daemon.applicant(1).await.draft().await;
    daemon.applicant(2).await;
    let (from, to) = (opens_at(), closes_at());

    let previewed = preview(&daemon, from, to).await;
    daemon.turn_clock_to(to).await;

    let told: Vec<(String, i32)> = previewed
        .iter()
        .filter(|known| known.recipients > 0)
        .map(|known| (known.civil[5..].to_owned(), known.recipients))
        .collect();
    let letters = reminders(&daemon).await;
    let mut sent: Vec<String> = letters
        .iter()
        .map(|letter| {
            let at = queued_at(letter).with_timezone(&rome());
            at.format("%m-%d %H:%M").to_string()
        })
        .collect();
    sent.sort();
    let expected: Vec<String> = told
        .iter()
        .flat_map(|(civil, count)| {
            std::iter::repeat_n(civil.clone(), usize::try_from(*count).unwrap())
        })
        .collect();
    assert_eq!(sent, expected);
    assert_eq!(sent.len(), 8, "six of the draft, two of the one without");
    let waiting = previewed
        .iter()
        .filter(|known| known.topic == "accreditation");
    assert!(waiting.clone().count() > 0 && waiting.clone().all(|known| known.recipients == 0));
}

#[tokio::test]
async fn a_preview_that_ends_before_it_begins_is_refused() {
    let daemon = TestDaemon::open().await;
    let request = v1::PreviewRemindersRequest {
        call: CALL.to_owned(),
        from: Some(instant(closes_at())),
        to: Some(instant(opens_at())),
    };

    let refused = daemon.officer.reminders().preview_reminders(request).await;

    let status = refused.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert!(status.message().contains("to"), "{status}");
}

#[tokio::test]
async fn the_office_is_reminded_of_what_waits_for_it_once_each() {
    office(TestDaemon::start().await).await;
}

#[tokio::test]
async fn the_office_is_reminded_once_each_on_postgresql_too() {
    office(TestDaemon::start_on_postgres().await).await;
}

async fn office(daemon: TestDaemon) {
    let all = [
        topic("proposal_expiring", "\"T-5d\", \"T-1d\"", ""),
        topic("procedure_ending", "\"T-30d\", \"T+1d\"", ""),
        topic("letter_failed", "\"T0\"", ""),
    ];
    let daemon = with_reminders(daemon, &all.concat()).await;
    daemon.turn_clock_to(opens_at()).await;
    let applicant = daemon.applicant(1).await;
    applicant.submit(&applicant.draft().await).await.unwrap();
    let receipt = daemon.letters_of("receipt").await.remove(0);
    daemon.turn_clock_to(opens_at() + TimeDelta::days(1)).await;
    let request = v1::RecordNonDeliveryRequest {
        name: receipt.name,
        at: Some(instant(daemon.now().await)),
        evidence: "DSN 1".to_owned(),
        ..Default::default()
    };
    let recorded = daemon.officer.letters().record_non_delivery(request).await;
    recorded.unwrap();
    let request = v1::ProposeExtensionRequest {
        name: CALL.to_owned(),
        etag: daemon.call().await.etag,
        closes: "2016-06-10 16:00".to_owned(),
        act: "DD 77/2016".to_owned(),
        ..Default::default()
    };
    let proposed = daemon.officer.calls().propose_extension(request).await;
    proposed.unwrap();

    daemon.turn_clock_to(closes_at() - TimeDelta::days(1)).await;

    let letters = reminders(&daemon).await;
    // It came back on Tuesday 5 April; the proposal expires on Thursday 5 May.
    assert_eq!(
        civil(&letters),
        ["Wed 04-06 09:00", "Fri 04-29 09:00", "Wed 05-04 09:00"]
    );
    assert!(
        letters
            .iter()
            .all(|l| l.address == "consorzi@regione.example")
    );
    assert!(letters[0].subject.contains("lettera non recapitata"));
    assert!(letters[1].subject.contains("proposta in scadenza"));
    let ahead = preview(&daemon, closes_at(), closes_at() + TimeDelta::days(120)).await;
    let topics: Vec<&str> = ahead.iter().map(|known| known.topic.as_str()).collect();
    assert_eq!(topics, ["procedure_ending", "procedure_ending"]);

    // Ninety days after the close: Monday 29 August; thirty days before it is a Saturday.
    daemon
        .turn_clock_to(closes_at() + TimeDelta::days(100))
        .await;
    let letters = reminders(&daemon).await;
    assert_eq!(civil(&letters[3..]), ["Fri 07-29 09:00", "Tue 08-30 09:00"]);
    let over = text_of(&letters[4]);
    assert!(over.contains("è decorso"), "{over}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_ahead_is_shown_at_the_terminal() {
    let daemon = TestDaemon::open().await;
    daemon.applicant(1).await.draft().await;
    let anna = Terminal::of(&daemon, "anna", &daemon.officer.secret);

    let table = anna.says("reminder preview er/2016").await;
    let rows = anna.json("reminder preview er/2016").await;

    assert!(table.contains("draft not submitted"), "{table}");
    let ahead = preview(&daemon, opens_at(), closes_at() + TimeDelta::days(400)).await;
    let rows = rows.as_array().unwrap();
    assert!(!rows.is_empty() && rows.len() <= ahead.len(), "{rows:?}");
    assert!(rows.iter().any(|row| row["topic"] == "draft_not_submitted"));
}
