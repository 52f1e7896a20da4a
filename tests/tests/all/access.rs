//! Who may do what, and what nobody else sees.

use bando_daemon::grpc::TABLE;
use bando_daemon::samples;
use bando_proto::v1;
use bando_tests::daemon::{CALL, PROGRAMME, TestDaemon, consortium, person};
use bando_tests::desk::Desk;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request};

use crate::stories::reason;

/// Calls a method with an empty message; the gate looks at nothing else.
async fn call(daemon: &TestDaemon, method: &str, secret: Option<&str>) -> Code {
    let mut client = tonic::client::Grpc::new(daemon.channel.clone());
    client.ready().await.unwrap();
    let mut request = Request::new(v1::GetSelfRequest {});
    if let Some(secret) = secret {
        let value = format!("Bearer {secret}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    let codec = tonic_prost::ProstCodec::<v1::GetSelfRequest, v1::GetSelfRequest>::default();
    let path: PathAndQuery = method.parse().unwrap();
    match client.unary(request, path, codec).await {
        Ok(_) => Code::Ok,
        Err(status) => status.code(),
    }
}

#[tokio::test]
async fn every_method_needs_a_token() {
    let daemon = TestDaemon::start().await;
    for (method, _) in TABLE {
        assert_eq!(
            call(&daemon, method, None).await,
            Code::Unauthenticated,
            "{method}"
        );
        let wrong = call(&daemon, method, Some("bndo_nonsense")).await;
        assert_eq!(wrong, Code::Unauthenticated, "{method}");
    }
    let unknown = call(&daemon, "/bando.v1.CallService/DeleteCall", None).await;
    assert_eq!(unknown, Code::Unimplemented);
}

#[tokio::test]
async fn every_method_keeps_to_the_table_of_roles() {
    let daemon = TestDaemon::start().await;
    let roles = [
        (bando_domain::actor::Role::Admin, &daemon.admin),
        (bando_domain::actor::Role::Manager, &daemon.manager),
        (bando_domain::actor::Role::Officer, &daemon.officer),
        (bando_domain::actor::Role::Approver, &daemon.approver),
        (bando_domain::actor::Role::Auditor, &daemon.auditor),
    ];
    for (role, desk) in roles {
        let actor = bando_domain::actor::Actor {
            person: "p".into(),
            roles: vec![role],
            programme: None,
            consortium: None,
        };
        for (method, access) in TABLE {
            let code = call(&daemon, method, Some(&desk.secret)).await;
            let admitted = code != Code::PermissionDenied;
            assert_eq!(
                admitted,
                access.admits(&actor, false),
                "{role} {method}: {code:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_first_token_makes_tokens_and_nothing_else() {
    let daemon = TestDaemon::start().await;
    let file = daemon.running.bootstrap_token_file.clone().unwrap();
    let secret = std::fs::read_to_string(file).unwrap();
    let secret = secret.trim();
    for (method, _) in TABLE
        .iter()
        .filter(|(method, _)| !method.ends_with("/CreateToken"))
    {
        let code = call(&daemon, method, Some(secret)).await;
        assert_eq!(code, Code::PermissionDenied, "{method}");
    }
}

#[tokio::test]
async fn a_revoked_token_ends_at_once() {
    let daemon = TestDaemon::start().await;
    let viewer = daemon.person("vera", v1::Role::Viewer).await;
    let me = viewer
        .tokens()
        .get_self(v1::GetSelfRequest {})
        .await
        .unwrap()
        .into_inner();
    let request = v1::RevokeTokenRequest {
        name: me.name,
        etag: me.etag,
        ..Default::default()
    };
    daemon.admin.tokens().revoke_token(request).await.unwrap();

    let refusal = viewer
        .tokens()
        .get_self(v1::GetSelfRequest {})
        .await
        .unwrap_err();

    assert_eq!(refusal.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_secret_is_in_no_file_of_the_database() {
    let daemon = TestDaemon::start().await;
    let secret = daemon.officer.secret.split('_').nth(2).unwrap().to_owned();
    for file in ["bando.sqlite", "bando.sqlite-wal"] {
        let bytes = std::fs::read(daemon.folder.path().join(file)).unwrap();
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{file}");
    }
}

#[tokio::test]
async fn a_competitors_papers_do_not_exist() {
    let daemon = TestDaemon::open().await;
    let (one, other) = (daemon.applicant(1).await, daemon.applicant(2).await);
    let draft = one.draft().await;

    assert_eq!(
        other.get(&draft.name).await.unwrap_err().code(),
        Code::NotFound
    );
    let refusal = other.submit(&draft).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    let request = v1::GetConsortiumRequest {
        name: one.consortium.name.clone(),
        ..Default::default()
    };
    let refusal = other
        .desk
        .consortia()
        .get_consortium(request)
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    let request = v1::ListApplicationsRequest {
        parent: CALL.to_owned(),
        ..Default::default()
    };
    let listed = other
        .desk
        .applications()
        .list_applications(request)
        .await
        .unwrap();
    assert!(listed.into_inner().applications.is_empty());
    let request = v1::ListLettersRequest {
        parent: PROGRAMME.to_owned(),
        ..Default::default()
    };
    let letters = other
        .desk
        .letters()
        .list_letters(request)
        .await
        .unwrap()
        .into_inner()
        .letters;
    assert!(
        letters
            .iter()
            .all(|letter| letter.address.starts_with("consorzio2@"))
    );
}

#[tokio::test]
async fn two_programmes_do_not_see_each_other() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let everywhere = Desk::new(&daemon.channel, &daemon.admin.secret).unwrap();
    let manager = person(
        &daemon.channel,
        &everywhere,
        "tosca",
        &[v1::Role::Manager, v1::Role::Officer],
        "programmes/toscana",
        "",
    )
    .await
    .unwrap();
    let file = samples::PROGRAMME
        .1
        .replace("id = \"er\"", "id = \"toscana\"");
    let request = v1::LoadProgrammeRequest {
        file,
        ..Default::default()
    };
    manager.programmes().load_programme(request).await.unwrap();

    let request = v1::ListProgrammesRequest::default();
    let seen = manager
        .programmes()
        .list_programmes(request)
        .await
        .unwrap()
        .into_inner();
    let names: Vec<_> = seen
        .programmes
        .iter()
        .map(|known| known.name.as_str())
        .collect();
    assert_eq!(names, ["programmes/toscana"]);
    let request = v1::GetApplicationRequest { name: draft.name };
    let refusal = manager
        .applications()
        .get_application(request)
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    let request = v1::RegisterConsortiumRequest {
        parent: PROGRAMME.to_owned(),
        consortium: Some(consortium(9)),
        ..Default::default()
    };
    let refusal = manager
        .consortia()
        .register_consortium(request)
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
}

#[tokio::test]
async fn pages_walk_every_row_once_and_keep_to_their_listing() {
    let daemon = TestDaemon::start().await;
    for number in 1..=5 {
        daemon.applicant(number).await;
    }
    let page = async |page_token: String| {
        let request = v1::ListConsortiaRequest {
            parent: PROGRAMME.to_owned(),
            page_size: 2,
            page_token,
        };
        daemon
            .officer
            .consortia()
            .list_consortia(request)
            .await
            .unwrap()
            .into_inner()
    };
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let found = page(token).await;
        seen.extend(found.consortia.into_iter().map(|known| known.name));
        token = found.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 5);

    let page_token = page(String::new()).await.next_page_token;
    let request = v1::ListLettersRequest {
        parent: PROGRAMME.to_owned(),
        page_token,
        ..Default::default()
    };
    let refusal = daemon
        .officer
        .letters()
        .list_letters(request)
        .await
        .unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::InvalidArgument, "INVALID_FIELD")
    );
}
