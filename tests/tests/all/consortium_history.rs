//! What happened to a consortium, read back from its events.

use bando_proto::v1;
use bando_proto::v1::history_line::What;
use bando_proto::v1::record_change_request::Change;
use bando_tests::daemon::{Applicant, TestDaemon};
use bando_tests::desk::Desk;
use tonic::{Code, Status};

use crate::operator::Terminal;

async fn page(
    desk: &Desk,
    applicant: &Applicant,
    page_token: String,
) -> Result<v1::ListHistoryResponse, Status> {
    let request = v1::ListHistoryRequest {
        parent: applicant.consortium.name.clone(),
        page_size: 2,
        page_token,
    };
    let listed = desk.consortia().list_history(request).await?;
    Ok(listed.into_inner())
}

async fn record(daemon: &TestDaemon, known: &v1::Consortium, change: Change) -> v1::Consortium {
    let request = v1::RecordChangeRequest {
        name: known.name.clone(),
        etag: known.etag.clone(),
        change: Some(change),
        ..Default::default()
    };
    let recorded = daemon.officer.consortia().record_change(request).await;
    recorded.unwrap().into_inner()
}

/// A member leaves, two are linked, and an address is corrected.
async fn some_history(daemon: &TestDaemon) -> (Applicant, Vec<String>) {
    let applicant = daemon.applicant(1).await;
    let members = applicant.consortium.profile.iter();
    let members = members.flat_map(|profile| &profile.members);
    let firms: Vec<String> = members.map(|member| member.partita_iva.clone()).collect();
    let left = Change::MemberLeft(v1::MemberLeft {
        partita_iva: firms[3].clone(),
        left_on: "2016-04-01".to_owned(),
    });
    let linked = Change::LinkDeclared(v1::Link {
        one: firms[0].clone(),
        other: firms[1].clone(),
        since: "2015-01-01".to_owned(),
        ..Default::default()
    });
    let mut known = applicant.consortium.clone();
    for change in [left, linked] {
        known = record(daemon, &known, change).await;
    }
    let request = v1::CorrectAddressRequest {
        name: known.name,
        etag: known.etag,
        email: "nuovo@example.invalid".to_owned(),
        reason: "typed wrongly".to_owned(),
        ..Default::default()
    };
    let mut desk = daemon.officer.consortia();
    desk.correct_address(request).await.unwrap();
    (applicant, firms)
}

#[tokio::test]
async fn the_history_tells_every_change_with_its_day_page_by_page() {
    told(TestDaemon::open().await).await;
}

#[tokio::test]
async fn the_history_tells_every_change_with_its_day_page_by_page_on_postgresql() {
    told(crate::consortia::on_postgres().await).await;
}

async fn told(daemon: TestDaemon) {
    let (applicant, firms) = some_history(&daemon).await;
    let other = daemon.applicant(2).await;

    let first = page(&daemon.officer, &applicant, String::new())
        .await
        .unwrap();
    let token = first.next_page_token.clone();
    let second = page(&daemon.officer, &applicant, token.clone())
        .await
        .unwrap();
    let own = page(&applicant.desk, &applicant, String::new())
        .await
        .unwrap();
    let foreign = page(&other.desk, &applicant, String::new()).await;

    assert_eq!(own.entries, first.entries);
    assert_eq!(foreign.unwrap_err().code(), Code::NotFound);
    assert_eq!(second.next_page_token, "");
    let entries: Vec<_> = first.entries.iter().chain(&second.entries).collect();
    let events: Vec<_> = entries.iter().map(|entry| entry.event.as_str()).collect();
    let expected = [
        "registered",
        "member_left",
        "link_declared",
        "address_corrected",
    ];
    assert_eq!(events, expected);
    let etags: Vec<_> = entries.iter().map(|entry| entry.etag.as_str()).collect();
    assert_eq!(etags, ["1", "2", "3", "4"]);
    let joined = |line: &&v1::HistoryLine| matches!(line.what, Some(What::MemberJoined(_)));
    assert_eq!(entries[0].lines.iter().filter(joined).count(), 10);
    let what = |place: usize| entries[place].lines[0].what.clone().unwrap();
    let left = v1::MemberLeft {
        partita_iva: firms[3].clone(),
        left_on: "2016-04-01".to_owned(),
    };
    assert_eq!(what(1), What::MemberLeft(left));
    let What::LinkDeclared(link) = what(2) else {
        panic!("{:?}", what(2))
    };
    assert_eq!(link.since, "2015-01-01");
    let corrected = v1::AddressCorrected {
        email: "nuovo@example.invalid".to_owned(),
        reason: "typed wrongly".to_owned(),
    };
    assert_eq!(what(3), What::AddressCorrected(corrected));
    assert!(entries.iter().all(|entry| entry.recorded_at.is_some()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_terminal_shows_the_history_and_what_followed_a_corrected_address() {
    let daemon = TestDaemon::open().await;
    let officer = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    let (applicant, firms) = some_history(&daemon).await;
    let firm = &applicant.consortium.profile.as_ref().unwrap().partita_iva;

    let shown = officer.says(&format!("consortium history {firm}")).await;
    let all = officer.json(&format!("consortium history {firm}")).await;
    let followed = officer
        .json(&format!("letter redirections --consortium {firm}"))
        .await;

    assert!(
        shown.contains("member_left") && shown.contains(&firms[3]),
        "{shown}"
    );
    assert!(
        shown.contains("nuovo@example.invalid: typed wrongly"),
        "{shown}"
    );
    let all = all.as_array().unwrap();
    let left = all
        .iter()
        .find(|line| line["what"] == "member_left")
        .unwrap();
    assert_eq!(left["day"], "2016-04-01");
    assert_eq!(followed, serde_json::json!([]), "nothing waited for it");
}
