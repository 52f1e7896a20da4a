//! Bad input: the documented status with field and rule, and nothing changed.

use bando_daemon::samples;
use bando_proto::v1;
use bando_tests::daemon::{CALL, PROGRAMME, TestDaemon, closes_at, consortium, project};
use chrono::TimeDelta;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::stories::reason;

type OfProject = fn(&mut v1::Project);
type OfConsortium = fn(&mut v1::Profile, &mut v1::Contact);

/// What a refusal must say, and that nothing was changed by what was refused.
async fn check(
    daemon: &TestDaemon,
    events_before: i64,
    refusal: &Status,
    code: Code,
    why: &str,
    field: &str,
) {
    assert_eq!(
        (refusal.code(), reason(refusal).as_str()),
        (code, why),
        "{refusal:?}"
    );
    if !field.is_empty() {
        let fields: Vec<String> = refusal
            .get_details_bad_request()
            .map(|found| {
                found
                    .field_violations
                    .into_iter()
                    .map(|v| v.field)
                    .collect()
            })
            .unwrap_or_default();
        assert!(
            fields.iter().any(|found| found == field),
            "{field} not in {fields:?}"
        );
    }
    assert_eq!(
        daemon.events().await,
        events_before,
        "{field}: something changed"
    );
}

#[tokio::test]
async fn a_draft_is_refused_by_field_and_rule() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let before = daemon.events().await;
    let cases: [(&str, OfProject); 8] = [
        ("project.participants[0]", |p| {
            p.participants[0] = "00743110158".into();
        }),
        ("project.budget_lines[0].amount_cents", |p| {
            p.budget_lines[0].amount_cents = -1;
        }),
        ("project.budget_lines[0].amount_cents", |p| {
            p.budget_lines[0].amount_cents = i64::MAX;
        }),
        ("project.summary", |p| p.summary = "x".repeat(1_000_000)),
        ("project.title", |p| p.title = "due\nrighe".into()),
        ("project.activities[0].market", |p| {
            p.activities[0].market = "XX".into();
        }),
        ("project.starts_on", |p| p.starts_on = "31/12/2016".into()),
        ("project.requested_cents", |p| p.requested_cents = Some(-5)),
    ];
    for (field, change) in cases {
        let mut wrong = project(&applicant.consortium);
        change(&mut wrong);

        let refusal = applicant.create(wrong).await.unwrap_err();

        check(
            &daemon,
            before,
            &refusal,
            Code::InvalidArgument,
            "INVALID_FIELD",
            field,
        )
        .await;
    }
    let mut huge = project(&applicant.consortium);
    huge.summary = "x".repeat(10_000_000);
    let refusal = applicant.create(huge).await.unwrap_err();
    assert!(
        matches!(refusal.code(), Code::OutOfRange | Code::ResourceExhausted),
        "{refusal:?}"
    );
    assert_eq!(daemon.events().await, before);
}

#[tokio::test]
async fn a_consortium_is_refused_by_field_and_rule() {
    let daemon = TestDaemon::start().await;
    let before = daemon.events().await;
    let cases: [(&str, OfConsortium); 6] = [
        ("profile.partita_iva", |p, _| p.partita_iva = "123".into()),
        ("profile.members[3].share_cents", |p, _| {
            p.members[3].share_cents = -1;
        }),
        ("profile.members[1].partita_iva", |p, _| {
            p.members[1].partita_iva = p.members[0].partita_iva.clone();
        }),
        ("profile.fund_paid_cents", |p, _| {
            p.fund_paid_cents = p.fund_subscribed_cents + 1;
        }),
        ("contact.email", |_, c| {
            c.email = "a@b.it\r\nBcc: x@y.it".into();
        }),
        ("contact.language", |_, c| c.language = "fr".into()),
    ];
    for (field, change) in cases {
        let mut wrong = consortium(1);
        let (profile, contact) = (
            wrong.profile.as_mut().unwrap(),
            wrong.contact.as_mut().unwrap(),
        );
        change(profile, contact);
        let request = v1::RegisterConsortiumRequest {
            parent: PROGRAMME.to_owned(),
            consortium: Some(wrong),
            ..Default::default()
        };

        let refusal = daemon
            .officer
            .consortia()
            .register_consortium(request)
            .await
            .unwrap_err();

        check(
            &daemon,
            before,
            &refusal,
            Code::InvalidArgument,
            "INVALID_FIELD",
            field,
        )
        .await;
    }
    let request = v1::RegisterConsortiumRequest {
        parent: PROGRAMME.to_owned(),
        consortium: Some(consortium(1)),
        ..Default::default()
    };
    daemon
        .officer
        .consortia()
        .register_consortium(request.clone())
        .await
        .unwrap();
    let refusal = daemon
        .officer
        .consortia()
        .register_consortium(request)
        .await
        .unwrap_err();
    check(
        &daemon,
        before + 1,
        &refusal,
        Code::AlreadyExists,
        "CONSORTIUM_EXISTS",
        "",
    )
    .await;
}

#[tokio::test]
async fn an_update_needs_its_etag_and_keeps_to_its_mask() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let before = daemon.events().await;
    let titled = || v1::Project {
        title: "Altro".into(),
        ..Default::default()
    };

    let refusal = applicant
        .update(&draft.name, "", &["title"], titled())
        .await
        .unwrap_err();
    check(
        &daemon,
        before,
        &refusal,
        Code::InvalidArgument,
        "ETAG_REQUIRED",
        "etag",
    )
    .await;
    for paths in [&["state"][..], &["title", "award_cents"], &[]] {
        let refusal = applicant
            .update(&draft.name, &draft.etag, paths, titled())
            .await
            .unwrap_err();
        let reason = "INVALID_FIELD";
        check(
            &daemon,
            before,
            &refusal,
            Code::InvalidArgument,
            reason,
            "update_mask",
        )
        .await;
    }
    let refusal = applicant.get("programmes/er/calls/2016").await.unwrap_err();
    check(
        &daemon,
        before,
        &refusal,
        Code::InvalidArgument,
        "INVALID_FIELD",
        "name",
    )
    .await;
    let refusal = applicant.submit_as(&draft, "not-a-uuid").await.unwrap_err();
    check(
        &daemon,
        before,
        &refusal,
        Code::InvalidArgument,
        "INVALID_FIELD",
        "request_id",
    )
    .await;
}

#[tokio::test]
async fn a_closed_call_takes_no_draft_and_a_second_one_is_known() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    applicant.draft().await;
    let before = daemon.events().await;
    let refusal = applicant.create(v1::Project::default()).await.unwrap_err();
    check(
        &daemon,
        before,
        &refusal,
        Code::AlreadyExists,
        "APPLICATION_EXISTS",
        "",
    )
    .await;
    let late = daemon.applicant(2).await;
    daemon
        .turn_clock_to(closes_at() + TimeDelta::hours(1))
        .await;
    let before = daemon.events().await;

    let refusal = late.create(v1::Project::default()).await.unwrap_err();

    check(
        &daemon,
        before,
        &refusal,
        Code::FailedPrecondition,
        "CALL_CLOSED",
        "",
    )
    .await;
}

#[tokio::test]
async fn a_call_file_with_ten_mistakes_is_told_all_ten() {
    let daemon = TestDaemon::start().await;
    let before = daemon.events().await;
    let wrong = samples::CALL_2016
        .1
        .replace("zone = \"Europe/Rome\"", "zone = \"Europe/Bologna\"")
        .replace("budget = \"2000000.00\"", "budget = \"-5\"")
        .replace("rate_basis_points = 4000", "rate_basis_points = 40000")
        .replace("acceptance_days = 15", "acceptance_days = \"soon\"")
        .replace("min_grant = \"30000.00\"", "min_grant = \"30000.001\"")
        .replace("version = 1", "version = 0")
        .replace(
            "allocation = \"ranking_with_waiting_list\"",
            "allocation = \"lottery\"",
        )
        .replace("\"criterion:A\"", "\"criterion:Z\"")
        .replace("\"T-30d\"", "\"T-1 mese\"")
        .replace("minimum = 8", "minimun = 8");

    let refusal = daemon.load_call(&wrong).await.unwrap_err();

    check(
        &daemon,
        before,
        &refusal,
        Code::InvalidArgument,
        "FILE_INVALID",
        "",
    )
    .await;
    let found = refusal.get_details_bad_request().unwrap().field_violations;
    let all: Vec<_> = found
        .iter()
        .map(|v| format!("{}: {}", v.field, v.description))
        .collect();
    let all = all.join("\n");
    for value in [
        "Europe/Bologna",
        "-5",
        "40000",
        "soon",
        "30000.001",
        "lottery",
        "criterion:Z",
        "T-1 mese",
        "minimun",
        "rules.version",
    ] {
        assert!(all.contains(value), "{value} is not told in:\n{all}");
    }
}

#[tokio::test]
async fn lists_refuse_filters_and_sizes_that_mean_nothing() {
    let daemon = TestDaemon::open().await;
    let before = daemon.events().await;
    let list = async |filter: &str, page_size: i32, page_token: &str| {
        let request = v1::ListApplicationsRequest {
            parent: CALL.to_owned(),
            filter: filter.to_owned(),
            page_size,
            page_token: page_token.to_owned(),
        };
        daemon
            .officer
            .applications()
            .list_applications(request)
            .await
    };
    for (filter, size, token, field) in [
        ("colour = red", 0, "", "filter"),
        ("state = happy", 0, "", "filter"),
        ("", -1, "", "page_size"),
        ("", 0, "AAAA", "page_token"),
    ] {
        let refusal = list(filter, size, token).await.unwrap_err();
        check(
            &daemon,
            before,
            &refusal,
            Code::InvalidArgument,
            "INVALID_FIELD",
            field,
        )
        .await;
    }
    assert!(
        list("state = draft", 100_000, "").await.is_ok(),
        "sizes are brought within bounds"
    );
}
