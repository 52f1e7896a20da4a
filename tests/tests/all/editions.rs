//! The next edition of a call, over gRPC on the running daemon, on both databases.

use bando_proto::v1;
use bando_tests::daemon::{CALL, PROGRAMME, TestDaemon};
use tonic::Status;

use crate::stories::reason;

fn cloning(year: i32, request_id: &str) -> v1::CloneCallRequest {
    v1::CloneCallRequest {
        name: CALL.to_owned(),
        year,
        request_id: request_id.to_owned(),
        validate_only: false,
    }
}

async fn clone(
    daemon: &TestDaemon,
    request: v1::CloneCallRequest,
) -> Result<v1::CloneCallResponse, Status> {
    Ok(daemon
        .officer
        .calls()
        .clone_call(request)
        .await?
        .into_inner())
}

#[tokio::test]
async fn the_next_edition_is_a_draft_with_its_differences_and_is_made_once() {
    for daemon in [
        TestDaemon::start().await,
        TestDaemon::start_on_postgres().await,
    ] {
        let events = daemon.events().await;
        let mut tried = cloning(2027, "");
        tried.validate_only = true;
        clone(&daemon, tried).await.unwrap();
        assert_eq!(daemon.events().await, events);
        let id = "0190a000-0000-7000-8000-000000000042";

        let cloned = clone(&daemon, cloning(2027, id)).await.unwrap();
        let repeated = clone(&daemon, cloning(2027, id)).await.unwrap();
        let again = clone(&daemon, cloning(2027, "")).await.unwrap_err();

        assert_eq!(cloned, repeated);
        assert_eq!(reason(&again), "CALL_EXISTS");
        let draft = cloned.call.unwrap();
        assert_eq!(draft.name, "programmes/er/calls/2027");
        assert_eq!(draft.state(), v1::CallState::Draft);
        let opens = cloned
            .differences
            .iter()
            .find(|found| found.key == "window.opens_text")
            .unwrap();
        assert_eq!(
            (opens.before.as_str(), opens.after.as_str()),
            ("2016-04-04 10:00", "2027-04-05 10:00")
        );
        let request = v1::CompareCallsRequest {
            name: CALL.to_owned(),
            other: draft.name.clone(),
        };
        let compared = daemon.auditor.calls().compare_calls(request).await.unwrap();
        assert_eq!(compared.into_inner().differences, cloned.differences);
        let request = v1::ProposePublicationRequest {
            name: draft.name,
            etag: draft.etag,
            ..Default::default()
        };
        let unstated = daemon.manager.calls().propose_publication(request).await;
        assert_eq!(reason(&unstated.unwrap_err()), "ACT_MISSING");
        let own_year = clone(&daemon, cloning(2016, "")).await.unwrap_err();
        assert_eq!(reason(&own_year), "EDITION_YEAR");
        let request = v1::ListCallsRequest {
            parent: PROGRAMME.to_owned(),
            ..Default::default()
        };
        let calls = daemon.officer.calls().list_calls(request).await.unwrap();
        assert_eq!(calls.into_inner().calls.len(), 2);
    }
}
