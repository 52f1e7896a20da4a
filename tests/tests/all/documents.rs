//! Documents: sent, refused, counted, kept once, sealed, read by whom they are for.

mod quarantine;
mod refusals;
mod terminal;

use bando_proto::v1;
use bando_proto::v1::upload_document_request::Part;
use bando_store::Settings;
use bando_tests::daemon::{
    Applicant, CALL, Office, TestDaemon, closes_at, config, opens_at, serve, until,
};
use bando_tests::papers::{Paper, download, files, p7m, pdf, send, sha256};
use bando_tests::process::Process;
use chrono::TimeDelta;
use futures::StreamExt as _;
use tempfile::TempDir;
use tonic::Code;

use crate::stories::reason;

/// The sample call as it is: with its mandatory list.
pub(crate) const FILE: &str = bando_daemon::samples::CALL_2016.1;

/// An open call that asks for what its file says, changed by `edit`.
pub(crate) async fn open_with(
    config: impl FnOnce(&mut bando_daemon::config::Config),
    edit: impl FnOnce(&str) -> String,
) -> TestDaemon {
    let folder = TempDir::new().unwrap();
    let mut settings = self::config(folder.path()).unwrap();
    config(&mut settings);
    let daemon = TestDaemon::start_with(folder, settings).await.unwrap();
    daemon.load_call_with_documents(&edit(FILE)).await.unwrap();
    daemon.publish().await;
    daemon.turn_clock_to(opens_at()).await;
    daemon
}

pub(crate) async fn open() -> TestDaemon {
    open_with(|_| {}, ToOwned::to_owned).await
}

/// The two mandatory documents of the sample call.
pub(crate) fn mandatory(application: &str, number: u32) -> [Paper; 2] {
    let form = p7m(&pdf(&format!("scheda {number}")));
    let statute = pdf(&format!("statuto {number}"));
    [
        Paper::new(application, "project_form", "scheda.pdf.p7m", form),
        Paper::new(application, "statute", "Statuto di Anna.pdf", statute),
    ]
}

async fn listed(daemon: &TestDaemon, parent: &str, filter: &str) -> Vec<v1::Document> {
    let request = v1::ListDocumentsRequest {
        parent: parent.to_owned(),
        filter: filter.to_owned(),
        ..Default::default()
    };
    let answer = daemon.officer.documents().list_documents(request).await;
    answer.unwrap().into_inner().documents
}

/// Sends what is mandatory and submits; the whole way of a consortium.
async fn submitted(applicant: &Applicant, number: u32) -> v1::Application {
    let draft = applicant.draft().await;
    for paper in mandatory(&draft.name, number) {
        paper.send(&applicant.desk).await.unwrap();
    }
    let ready = applicant.get(&draft.name).await.unwrap();
    assert_eq!(ready.missing, []);
    applicant.submit(&ready).await.unwrap().application.unwrap()
}

/// The main story, on whatever database.
async fn a_submission_seals_its_documents(daemon: &TestDaemon) {
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let missing: Vec<&str> = draft.missing.iter().map(|gap| gap.field.as_str()).collect();
    assert_eq!(missing, ["documents[project_form]", "documents[statute]"]);
    let refusal = applicant.submit(&draft).await.unwrap_err();
    assert_eq!(reason(&refusal), "APPLICATION_INCOMPLETE");

    let [form, statute] = mandatory(&draft.name, 1);
    let added = form.send(&applicant.desk).await.unwrap();
    assert_eq!(added.sha256, form.header.sha256);
    assert_eq!(added.scan(), v1::DocumentScan::NotScanned);
    let added = statute.send(&applicant.desk).await.unwrap();
    let looked_at_before = applicant.submit(&draft).await.unwrap_err();
    assert_eq!(reason(&looked_at_before), "ETAG_MISMATCH");
    let ready = applicant.get(&draft.name).await.unwrap();
    let submitted = applicant.submit(&ready).await.unwrap();

    let request = v1::GetSubmissionRequest {
        name: draft.name.clone(),
        number: 1,
    };
    let sealed = applicant.desk.applications().get_submission(request).await;
    let content = sealed.unwrap().into_inner().content;
    assert_eq!(
        sha256(&content),
        submitted.receipt.unwrap().content_sha256,
        "the receipt stands for the documents too"
    );
    let content = String::from_utf8(content).unwrap();
    for paper in [&form, &statute] {
        assert!(content.contains(&paper.header.sha256), "{content}");
    }
    assert!(!content.contains("Anna"), "names of files are not sealed");

    let names = remove(&applicant, &added).await;
    assert!(names.is_empty(), "a removed one stays in the submission");
    let kept = listed(daemon, &draft.name, "").await;
    assert_eq!(kept.len(), 2);
    let mut kept = kept.into_iter();
    let removed = kept.find(|one| one.name == added.name).unwrap();
    assert_eq!(removed.submissions, [1]);
    assert!(removed.removed_at.is_some());
    let bytes = download(&daemon.officer, &removed.name).await.unwrap();
    assert_eq!(bytes, statute.bytes);
    let after = applicant.get(&draft.name).await.unwrap();
    assert_eq!(after.missing[0].field, "documents[statute]");
}

/// Removes a document; answers those of the working copy that still have its hash.
async fn remove(applicant: &Applicant, document: &v1::Document) -> Vec<String> {
    let request = v1::RemoveDocumentRequest {
        name: document.name.clone(),
        etag: document.etag.clone(),
        ..Default::default()
    };
    let mut desk = applicant.desk.documents();
    desk.remove_document(request).await.unwrap();
    let (parent, _) = document.name.split_once("/documents/").unwrap();
    let request = v1::ListDocumentsRequest {
        parent: parent.to_owned(),
        ..Default::default()
    };
    let all = desk.list_documents(request).await.unwrap().into_inner();
    let same = |one: &v1::Document| one.sha256 == document.sha256 && one.removed_at.is_none();
    let all = all.documents.into_iter().filter(same);
    all.map(|one| one.name).collect()
}

#[tokio::test]
async fn the_documents_of_a_submission_are_sealed_with_it() {
    a_submission_seals_its_documents(&open().await).await;
}

#[tokio::test]
async fn the_documents_of_a_submission_are_sealed_with_it_on_postgresql() {
    let url = bando_tests::postgres::fresh_database().await.unwrap();
    let on_postgres = |config: &mut bando_daemon::config::Config| {
        config.database = Settings::Postgres {
            url,
            connections: 8,
        };
    };
    let daemon = open_with(on_postgres, ToOwned::to_owned).await;

    a_submission_seals_its_documents(&daemon).await;
    let applicant = daemon.applicant(2).await;
    let draft = applicant.draft().await;
    let papers: Vec<Paper> = (0..12)
        .map(|number| Paper::new(&draft.name, "annex", "a.pdf", pdf(&format!("a{number}"))))
        .collect();
    let sent = papers.iter().map(|paper| paper.send(&applicant.desk));
    let sent = futures::future::join_all(sent).await;

    assert!(sent.iter().all(Result::is_ok), "at once: {sent:?}");
}

#[tokio::test]
async fn a_large_file_comes_back_as_it_went_and_lies_there_once() {
    let daemon = open().await;
    let (first, second) = (daemon.applicant(1).await, daemon.applicant(2).await);
    let mut bytes = pdf("grande");
    bytes.extend((0..5_000_000_u32).map(|number| number.to_le_bytes()[1]));
    for applicant in [&first, &second] {
        let draft = applicant.draft().await;
        let paper = Paper::new(&draft.name, "annex", "grande.pdf", bytes.clone());
        let added = paper.send(&applicant.desk).await.unwrap();

        let back = download(&applicant.desk, &added.name).await.unwrap();

        assert!(back == bytes, "{} bytes came back", back.len());
    }
    let blobs = daemon.config.documents.folder.clone();
    let hash = sha256(&bytes);
    assert_eq!(files(&blobs), [blobs.join(&hash[..2]).join(&hash)]);
}

#[tokio::test]
async fn a_foreign_consortium_finds_no_document_and_an_evaluator_only_what_is_assigned() {
    let daemon = open().await;
    let (owner, stranger) = (daemon.applicant(1).await, daemon.applicant(2).await);
    let application = submitted(&owner, 1).await;
    let document = listed(&daemon, &application.name, "").await.remove(0);
    let get = async |desk: &bando_tests::desk::Desk| {
        let request = v1::GetDocumentRequest {
            name: document.name.clone(),
        };
        desk.documents().get_document(request).await
    };

    let evaluator = daemon.person("carla.gallo", v1::Role::Evaluator).await;
    for desk in [&stranger.desk, &evaluator] {
        assert_eq!(get(desk).await.unwrap_err().code(), Code::NotFound);
        let refusal = download(desk, &document.name).await.unwrap_err();
        assert_eq!(refusal.code(), Code::NotFound);
        let parent = application.name.clone();
        let request = v1::ListDocumentsRequest {
            parent,
            ..Default::default()
        };
        let refusal = desk.documents().list_documents(request).await.unwrap_err();
        assert_eq!(refusal.code(), Code::NotFound);
    }
    let paper = Paper::new(&application.name, "annex", "a.pdf", pdf("a"));
    let refusal = paper.send(&stranger.desk).await.unwrap_err();
    assert_eq!(refusal.code(), Code::NotFound);
    let refusal = paper.send(&daemon.officer).await.unwrap_err();
    assert_eq!(refusal.code(), Code::PermissionDenied);

    let all = v1::ListDocumentsRequest {
        parent: format!("{CALL}/applications/-"),
        ..Default::default()
    };
    let seen = async |desk: &bando_tests::desk::Desk| {
        let listed = desk.documents().list_documents(all.clone()).await;
        listed.unwrap().into_inner().documents.len()
    };
    assert_eq!(seen(&owner.desk).await, 2);
    assert_eq!(seen(&stranger.desk).await, 0);
    assert_eq!(seen(&daemon.auditor).await, 2);
    let request = v1::AssignEvaluationRequest {
        parent: application.name.clone(),
        evaluator: "carla.gallo".into(),
        ..Default::default()
    };
    daemon
        .turn_clock_to(closes_at() + TimeDelta::hours(1))
        .await;
    let checked = daemon
        .check(&owner.get(&application.name).await.unwrap())
        .await;
    assert_eq!(checked.state(), v1::ApplicationState::Admissible);
    let mut desk = daemon.officer.evaluations();
    let assigned = desk.assign_evaluation(request).await.unwrap().into_inner();
    for refusal in [
        get(&evaluator).await.map(|_| ()),
        download(&evaluator, &document.name).await.map(|_| ()),
    ] {
        let refusal = refusal.unwrap_err();
        assert_eq!(
            (refusal.code(), reason(&refusal).as_str()),
            (Code::FailedPrecondition, "CONFLICT_NOT_DECLARED")
        );
    }
    let declaration = v1::DeclareConflictRequest {
        name: assigned.name,
        etag: assigned.etag,
        declaration: v1::ConflictDeclaration::None.into(),
        ..Default::default()
    };
    let mut desk = evaluator.evaluations();
    desk.declare_conflict(declaration).await.unwrap();
    assert!(get(&evaluator).await.is_ok());
    assert!(download(&evaluator, &document.name).await.is_ok());
}

#[tokio::test]
async fn the_same_request_adds_once_and_a_rehearsal_adds_nothing() {
    let daemon = open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let mut paper = Paper::new(&draft.name, "annex", "a.pdf", pdf("a"));
    paper.header.validate_only = true;
    let events = daemon.events().await;
    paper.send(&applicant.desk).await.unwrap();
    assert_eq!(daemon.events().await, events);
    assert_eq!(
        files(&daemon.config.documents.folder),
        [""; 0].map(std::path::PathBuf::from)
    );

    paper.header.validate_only = false;
    paper.header.request_id = "0190c3f0-0000-7000-8000-000000000009".into();
    let first = paper.send(&applicant.desk).await.unwrap();
    let only_the_header = vec![v1::UploadDocumentRequest {
        part: Some(Part::Header(paper.header.clone())),
    }];
    let again = send(&applicant.desk, only_the_header).await.unwrap();

    assert_eq!(first, again);
    paper.header.request_id = String::new();
    let refusal = paper.send(&applicant.desk).await.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::AlreadyExists, "DOCUMENT_EXISTS")
    );
}

#[tokio::test]
async fn an_officers_finding_about_a_signature_is_a_fact_and_is_shown() {
    let daemon = open().await;
    let applicant = daemon.applicant(1).await;
    let application = submitted(&applicant, 1).await;
    let form = listed(&daemon, &application.name, "").await.remove(0);
    let mut request = v1::RecordVerificationRequest {
        name: form.name.clone(),
        etag: form.etag.clone(),
        result: v1::VerificationResult::Invalid.into(),
        signer: "Anna Rossi".into(),
        ..Default::default()
    };
    let mut desk = daemon.officer.documents();
    let refusal = desk.record_verification(request.clone()).await.unwrap_err();
    assert_eq!(refusal.code(), Code::InvalidArgument, "without a note");
    request.note = "certificato scaduto".into();
    let refusal = applicant
        .desk
        .documents()
        .record_verification(request.clone())
        .await
        .unwrap_err();
    assert_eq!(reason(&refusal), "ROLE_REQUIRED");

    let verified = desk
        .record_verification(request.clone())
        .await
        .unwrap()
        .into_inner();

    let finding = verified.verification.unwrap();
    assert_eq!(
        (
            finding.result(),
            finding.by.as_str(),
            finding.signer.as_str()
        ),
        (
            v1::VerificationResult::Invalid,
            "anna.bianchi",
            "Anna Rossi"
        )
    );
    let stale = desk.record_verification(request).await.unwrap_err();
    assert_eq!(reason(&stale), "ETAG_MISMATCH");
    let listed = daemon
        .auditor
        .events()
        .list_events(v1::ListEventsRequest {
            parent: "programmes/er".into(),
            filter: "kind = document_verified".into(),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    let payload = &listed.events[0].payload;
    assert!(
        payload.contains("certificato scaduto") && !payload.contains("Rossi"),
        "{payload}"
    );
}

#[tokio::test]
async fn what_is_damaged_on_disk_is_never_given_out_as_whole() {
    let daemon = open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let paper = Paper::new(&draft.name, "annex", "a.pdf", pdf("a"));
    let added = paper.send(&applicant.desk).await.unwrap();
    let file = files(&daemon.config.documents.folder).remove(0);
    let mut bytes = paper.bytes.clone();
    bytes[20] ^= 1;
    std::fs::write(&file, bytes).unwrap();

    let refusal = download(&applicant.desk, &added.name).await.unwrap_err();
    assert_eq!(
        (refusal.code(), reason(&refusal).as_str()),
        (Code::DataLoss, "DOCUMENT_DAMAGED")
    );

    std::fs::remove_file(&file).unwrap();
    let refusal = download(&applicant.desk, &added.name).await.unwrap_err();
    assert_eq!(refusal.code(), Code::DataLoss);
}

#[tokio::test]
async fn a_daemon_killed_in_the_middle_of_an_upload_leaves_no_document_and_takes_it_again() {
    let folder = TempDir::new().unwrap();
    let mut process = Process::start(folder.path()).await.unwrap();
    let office = Office::move_in(&process.endpoint, folder.path()).await;
    let office = office.unwrap();
    office.publish().await;
    office.turn_clock_to(opens_at()).await;
    let applicant = office.applicant(1).await;
    let draft = applicant.draft().await;
    let mut paper = Paper::new(&draft.name, "annex", "a.pdf", pdf("a"));
    paper.header.request_id = "0190c3f0-0000-7000-8000-00000000000a".into();
    let half = [
        Part::Header(paper.header.clone()),
        Part::Chunk(paper.bytes[..20].to_vec()),
    ];
    let half = half.map(|part| v1::UploadDocumentRequest { part: Some(part) });
    let half = futures::stream::iter(half).chain(futures::stream::pending());
    let blobs = folder.path().join("blobs");
    let mut desk = applicant.desk.documents();
    let killing = async {
        until(async || {
            files(&blobs)
                .iter()
                .any(|file| file.metadata().unwrap().len() > 0)
        })
        .await;
        process.kill();
    };
    let (cut, ()) = tokio::join!(desk.upload_document(half), killing);
    assert!(cut.is_err());

    let left = files(&blobs);
    assert_eq!(left.len(), 1);
    assert!(left[0].starts_with(blobs.join("incoming")), "{left:?}");
    make_old(&left[0]);
    let process = Process::start(folder.path()).await.unwrap();
    let office = office.again(&process.endpoint).await.unwrap();
    office.turn_clock_to(opens_at()).await;
    let desk = bando_tests::desk::Desk::new(&office.channel, &applicant.desk.secret).unwrap();
    let added = paper.send(&desk).await.unwrap();

    assert_eq!(download(&desk, &added.name).await.unwrap(), paper.bytes);
    until(async || !left[0].exists()).await;
}

/// As if it had been written two days ago.
fn make_old(path: &std::path::Path) {
    let two_days = std::time::Duration::from_hours(48);
    let file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written - two_days).unwrap();
}

#[tokio::test]
async fn a_start_sweeps_what_is_old_and_belongs_to_nobody() {
    let daemon = open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    let mut added = Vec::new();
    for text in ["resta", "va via"] {
        let paper = Paper::new(&draft.name, "annex", "a.pdf", pdf(text));
        added.push(paper.send(&applicant.desk).await.unwrap());
    }
    remove(&applicant, &added[1]).await;
    let blobs = daemon.config.documents.folder.clone();
    let orphan = "ab".repeat(32);
    std::fs::create_dir_all(blobs.join("ab")).unwrap();
    let strays = [
        blobs.join("ab").join(&orphan),
        blobs.join("incoming/dead.part"),
        blobs.join("incoming/young.part"),
    ];
    for stray in &strays {
        std::fs::write(stray, "x").unwrap();
    }
    let (config, folder) = (daemon.config.clone(), daemon.folder);
    daemon.running.stop().await.unwrap();
    for file in files(&blobs) {
        if file != strays[2] {
            make_old(&file);
        }
    }

    let running = serve(&config).await.unwrap();
    let kept = blobs.join(&added[0].sha256[..2]).join(&added[0].sha256);
    until(async || files(&blobs).len() == 2).await;

    let mut expected = vec![kept, strays[2].clone()];
    expected.sort();
    assert_eq!(files(&blobs), expected);
    running.stop().await.unwrap();
    drop(folder);
}
