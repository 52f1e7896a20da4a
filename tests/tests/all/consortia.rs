//! A consortium over the years, over gRPC on the running daemon.

use bando_daemon::config::Mail;
use bando_daemon::convert;
use bando_proto::v1;
use bando_proto::v1::record_change_request::Change;
use bando_tests::daemon::{Applicant, TestDaemon, closes_at, config, opens_at};
use bando_tests::desk::Desk;
use bando_tests::smtp::MailServer;
use chrono::TimeDelta;
use tonic::{Code, Status};

use crate::stories::reason;

async fn record(
    desk: &Desk,
    consortium: &v1::Consortium,
    change: Change,
) -> Result<v1::Consortium, Status> {
    let request = v1::RecordChangeRequest {
        name: consortium.name.clone(),
        etag: consortium.etag.clone(),
        change: Some(change),
        ..Default::default()
    };
    Ok(desk.consortia().record_change(request).await?.into_inner())
}

fn left(firm: &str, on: &str) -> Change {
    Change::MemberLeft(v1::MemberLeft {
        partita_iva: firm.to_owned(),
        left_on: on.to_owned(),
    })
}

fn firms(consortium: &v1::Consortium) -> Vec<String> {
    let profile = consortium.profile.iter();
    profile
        .flat_map(|profile| &profile.members)
        .map(|member| member.partita_iva.clone())
        .collect()
}

async fn on(daemon: &TestDaemon, applicant: &Applicant, day: &str) -> v1::Profile {
    let request = v1::GetConsortiumRequest {
        name: applicant.consortium.name.clone(),
        on: day.to_owned(),
    };
    let found = daemon.officer.consortia().get_consortium(request).await;
    found.unwrap().into_inner().profile.unwrap()
}

async fn verdict(daemon: &TestDaemon, application: &v1::Application, rule: &str) -> v1::Verdict {
    let request = v1::OpenCheckRequest {
        name: application.name.clone(),
        etag: application.etag.clone(),
        ..Default::default()
    };
    let opened = daemon.officer.eligibility().open_check(request).await;
    let check = opened.unwrap().into_inner().check.unwrap();
    let found = check.findings.iter().find(|finding| finding.rule == rule);
    found.unwrap().verdict()
}

/// Runs a story on both databases.
macro_rules! on_both {
    ($($name:ident: $story:path;)+) => {$(
        mod $name {
            use super::*;

            #[tokio::test]
            async fn on_sqlite() {
                $story(TestDaemon::open().await).await;
            }

            #[tokio::test]
            async fn on_postgresql() {
                $story(on_postgres().await).await;
            }
        }
    )+};
}

pub(crate) async fn on_postgres() -> TestDaemon {
    let folder = tempfile::TempDir::new().unwrap();
    let mut config = config(folder.path()).unwrap();
    let url = bando_tests::postgres::fresh_database().await.unwrap();
    config.database = bando_store::Settings::Postgres {
        url,
        connections: 8,
    };
    let daemon = TestDaemon::start_with(folder, config).await.unwrap();
    daemon.publish().await;
    daemon.turn_clock_to(opens_at()).await;
    daemon
}

on_both! {
    requirements_are_judged_at_the_date_of_application: judged_at_the_date;
    what_does_not_fit_the_register_is_refused_by_field: refused_by_field;
    a_mailbox_that_bounced_holds_letters_until_it_is_corrected: a_bad_mailbox_holds;
}

async fn judged_at_the_date(daemon: TestDaemon) {
    let applicant = daemon.applicant(1).await;
    let members = firms(&applicant.consortium);
    let link = |one: usize, other: usize| {
        Change::LinkDeclared(v1::Link {
            one: members[one].clone(),
            other: members[other].clone(),
            since: "2015-01-01".to_owned(),
            ..Default::default()
        })
    };
    let granted = Change::AccreditationGranted(v1::Accredited {
        level: v1::Accreditation::Entry.into(),
        since: "2014-01-01".to_owned(),
        until: "2016-05-31".to_owned(),
    });
    // Ten members of which eight are independent while both links hold; nine remain in June.
    let mut consortium = applicant.consortium.clone();
    for change in [link(0, 1), link(1, 2), granted] {
        consortium = record(&daemon.officer, &consortium, change).await.unwrap();
    }
    let draft = applicant.draft().await;
    daemon
        .turn_clock_to(closes_at() - TimeDelta::minutes(1))
        .await;
    let submitted = applicant.submit(&draft).await.unwrap();
    let submitted = submitted.application.unwrap();
    // After the day of the application things change.
    daemon
        .turn_clock_to(closes_at() + TimeDelta::days(30))
        .await;
    for firm in &members[3..6] {
        let change = left(firm, "2016-06-15");
        consortium = record(&applicant.desk, &consortium, change).await.unwrap();
    }

    let current = applicant.get(&submitted.name).await.unwrap();
    assert_eq!(verdict(&daemon, &current, "E7").await, v1::Verdict::Passed);
    let current = applicant.get(&submitted.name).await.unwrap();
    let findings = current.check.unwrap().findings;
    let e9 = findings
        .iter()
        .find(|finding| finding.rule == "E9")
        .unwrap();
    assert_eq!(e9.verdict(), v1::Verdict::Passed, "it held on its last day");

    let (then, now) = (
        on(&daemon, &applicant, "2016-05-31").await,
        on(&daemon, &applicant, "2016-06-15").await,
    );
    assert_eq!((then.members.len(), then.links.len()), (10, 2));
    assert_eq!(then.accreditation(), v1::Accreditation::Entry);
    assert_eq!(now.members.len(), 7);
    assert_eq!(now.accreditation(), v1::Accreditation::Unspecified);
    let request = v1::GetSubmissionRequest {
        name: submitted.name.clone(),
        number: 1,
    };
    let sealed = applicant.desk.applications().get_submission(request).await;
    let sealed: serde_json::Value =
        serde_json::from_slice(&sealed.unwrap().into_inner().content).unwrap();
    assert_eq!(
        sealed["consortium"]["members"].as_array().unwrap().len(),
        10
    );
    let chain = daemon
        .auditor
        .events()
        .verify_chain(v1::VerifyChainRequest {})
        .await;
    assert!(chain.unwrap().into_inner().valid);
}

async fn refused_by_field(daemon: TestDaemon) {
    let applicant = daemon.applicant(1).await;
    let consortium = &applicant.consortium;
    let members = firms(consortium);

    let never = record(
        &daemon.officer,
        consortium,
        left("00743110157", "2016-01-01"),
    )
    .await;
    let before = record(&daemon.officer, consortium, left(&members[0], "2009-01-01")).await;
    let over = Change::FundChanged(v1::FundChanged {
        subscribed_cents: 1_999_999,
        paid_cents: 1_999_999,
        since: "2016-01-01".to_owned(),
    });
    let over = record(&daemon.officer, consortium, over).await;
    let own = Change::AccreditationRenewed(v1::AccreditationRenewed {
        until: "2020-01-01".to_owned(),
    });
    let own = record(&applicant.desk, consortium, own).await;
    let gone = record(&daemon.officer, consortium, left(&members[0], "2016-01-01")).await;
    let gone = gone.unwrap();
    let twice = record(&daemon.officer, &gone, left(&members[0], "2016-02-01")).await;
    let stale = record(&daemon.officer, consortium, left(&members[1], "2016-01-01")).await;
    let nonsense = record(&daemon.officer, &gone, left("1", "soon")).await;

    assert_eq!(reason(&never.unwrap_err()), "MEMBERSHIP_STATE");
    let before = before.unwrap_err();
    assert_eq!(reason(&before), "DATE_ORDER");
    assert!(before.message().contains("2010-01-01"), "{before}");
    assert_eq!(reason(&over.unwrap_err()), "SHARES_OVER_FUND");
    assert_eq!(own.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(reason(&twice.unwrap_err()), "MEMBERSHIP_STATE");
    assert_eq!(reason(&stale.unwrap_err()), "ETAG_MISMATCH");
    assert_eq!(reason(&nonsense.unwrap_err()), "INVALID_FIELD");
    let draft = applicant.draft().await;
    assert!(
        draft.missing.iter().any(|gap| gap.rule == "NOT_A_MEMBER"),
        "a firm that left cannot take part"
    );
}

/// A letter that the relay refuses for good fails; with the corrected address it goes out under the
/// same Message-ID, and its old attempt is not repeated.
#[tokio::test]
async fn letters_that_failed_follow_a_corrected_address() {
    let folder = tempfile::TempDir::new().unwrap();
    let server = MailServer::start(folder.path(), "550").unwrap();
    let mut config = config(folder.path()).unwrap();
    config.mail = Mail::Smtp(server.relay());
    let daemon = TestDaemon::start_with(folder, config).await.unwrap();
    let applicant = daemon.applicant(1).await;
    // Published on the eve, so that no month of digests is mailed first.
    daemon.turn_clock_to(opens_at() - TimeDelta::hours(1)).await;
    daemon.publish().await;
    daemon.turn_clock_to(opens_at()).await;
    let failed = daemon.letters_of("call_opened").await.remove(0);
    assert_eq!(failed.state(), v1::LetterState::Failed);
    let request = |reason: &str| v1::CorrectAddressRequest {
        name: applicant.consortium.name.clone(),
        etag: applicant.consortium.etag.clone(),
        email: "nuovo@example.invalid".to_owned(),
        reason: reason.to_owned(),
        ..Default::default()
    };

    let mut desk = daemon.officer.consortia();
    let silent = desk.correct_address(request(" ")).await.unwrap_err();
    let mut own = applicant.desk.consortia();
    let own = own.correct_address(request("mine")).await.unwrap_err();
    assert_eq!(own.code(), Code::PermissionDenied);
    let corrected = desk
        .correct_address(request("typed wrongly"))
        .await
        .unwrap();
    daemon
        .turn_clock_to(opens_at() + TimeDelta::minutes(1))
        .await;

    assert_eq!(reason(&silent), "REASON_REQUIRED");
    assert_eq!(
        corrected.into_inner().letters,
        std::slice::from_ref(&failed.name)
    );
    let sent = daemon.letters_of("call_opened").await.remove(0);
    assert_eq!(sent.state(), v1::LetterState::Sent);
    assert_eq!(sent.address, "nuovo@example.invalid");
    assert_eq!(
        (&sent.key, &sent.message_id),
        (&failed.key, &failed.message_id)
    );
    let taken = server.taken().unwrap();
    let to = |address: &str| {
        let all = taken.iter().filter(|mail| mail.rcpt_to == [address]);
        all.map(|mail| mail.answer.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(to("consorzio1@example.invalid"), ["550"]);
    assert_eq!(to("nuovo@example.invalid"), ["250"]);
}

async fn bounced(daemon: &TestDaemon, letter: &v1::Letter) -> v1::Letter {
    let request = v1::RecordNonDeliveryRequest {
        name: letter.name.clone(),
        at: Some(convert::instant(daemon.now().await)),
        evidence: "mancata consegna".to_owned(),
        ..Default::default()
    };
    let mut desk = daemon.officer.letters();
    desk.record_non_delivery(request)
        .await
        .unwrap()
        .into_inner()
}

async fn a_bad_mailbox_holds(daemon: TestDaemon) {
    let (applicant, other) = (daemon.applicant(1).await, daemon.applicant(2).await);
    let minute = async |number: i64| {
        daemon
            .turn_clock_to(opens_at() + TimeDelta::minutes(number))
            .await;
    };
    applicant.submit(&applicant.draft().await).await.unwrap();
    minute(1).await;
    let sent = daemon.letters_of("receipt").await.remove(0);
    let back = bounced(&daemon, &sent).await;
    let again = applicant
        .submit(&submitted(&applicant).await)
        .await
        .unwrap();
    minute(2).await;
    other.submit(&other.draft().await).await.unwrap();
    minute(3).await;

    let receipts = daemon.letters_of("receipt").await;
    let states: Vec<_> = receipts.iter().map(v1::Letter::state).collect();
    assert_eq!(
        states,
        [
            v1::LetterState::Bounced,
            v1::LetterState::Held,
            v1::LetterState::Sent
        ]
    );
    assert!(again.receipt.is_some(), "a held letter holds up nothing");
    let request = v1::CorrectAddressRequest {
        name: applicant.consortium.name.clone(),
        etag: applicant.consortium.etag.clone(),
        email: "nuovo@example.invalid".to_owned(),
        reason: "the mailbox was closed".to_owned(),
        ..Default::default()
    };
    let corrected = daemon.officer.consortia().correct_address(request).await;
    assert_eq!(corrected.unwrap().into_inner().letters.len(), 2);
    let redirected = async |desk: &Desk| {
        let request = v1::ListRedirectionsRequest {
            parent: bando_tests::daemon::PROGRAMME.to_owned(),
            ..Default::default()
        };
        let listed = desk.letters().list_redirections(request).await;
        listed.unwrap().into_inner().redirections
    };
    let followed = redirected(&daemon.officer).await;
    let told: Vec<_> = followed
        .iter()
        .map(|known| (known.letter.as_str(), known.state(), known.number))
        .collect();
    assert_eq!(
        told,
        [
            (back.name.as_str(), v1::LetterState::Bounced, 1),
            (receipts[1].name.as_str(), v1::LetterState::Held, 1)
        ]
    );
    assert_eq!(followed[0].was_to, "consorzio1@example.invalid");
    assert_eq!(followed[0].goes_to, "nuovo@example.invalid");
    assert_eq!(redirected(&applicant.desk).await, followed);
    assert_eq!(redirected(&other.desk).await, []);
    minute(4).await;

    let receipts = daemon.letters_of("receipt").await;
    for (letter, before) in receipts.iter().zip([&back, &receipts[1]]) {
        assert_eq!(letter.state(), v1::LetterState::Sent);
        assert_eq!(letter.address, "nuovo@example.invalid");
        assert_eq!(letter.message_id, before.message_id);
    }
    let back = bounced(&daemon, &receipts[0]).await;
    assert_eq!(back.state(), v1::LetterState::Bounced, "once more");
    let chain = daemon
        .auditor
        .events()
        .verify_chain(v1::VerifyChainRequest {})
        .await;
    assert!(chain.unwrap().into_inner().valid);
}

async fn submitted(applicant: &Applicant) -> v1::Application {
    let request = v1::ListApplicationsRequest {
        parent: bando_tests::daemon::CALL.to_owned(),
        ..Default::default()
    };
    let listed = applicant
        .desk
        .applications()
        .list_applications(request)
        .await;
    listed.unwrap().into_inner().applications.remove(0)
}
