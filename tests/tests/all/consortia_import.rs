//! Consortia and members from a table: all of it, or nothing with every reason.

use bando_domain::identifiers::PartitaIva;
use bando_proto::v1;
use bando_tests::daemon::{PROGRAMME, TestDaemon};
use tonic::Status;

use crate::consortia::on_postgres;
use crate::operator::Terminal;

const HEAD: &str = "kind;consortium;partita_iva;title;region;form;country;fund_subscribed;\
fund_paid;statute_forbids_profit;active;sme_majority_of_directors;accreditation;since;until;\
representative;email;language;artisan;size;share;joined_on;left_on;other";

fn number(seven: u32) -> String {
    PartitaIva::from_seven(seven, 36).to_string()
}

fn consortium(seven: u32) -> String {
    format!(
        "consortium;{};;Consorzio {seven} «è» 🍝;Emilia-Romagna;consortium;IT;20000;10000,00;yes;yes;yes;\
entry;2015-01-01;2018-12-31;Anna D'Este;c{seven}@example.invalid;it;;;;;;",
        number(seven)
    )
}

fn member(consortium: u32, seven: u32) -> String {
    format!(
        "member;{};{};\"Impresa; d'arte \"\"{seven}\"\"\";Emilia-Romagna;;;;;;;;;;;;;;no;micro;\
1250,00;2014-01-01;;",
        number(consortium),
        number(seven)
    )
}

async fn import(
    daemon: &TestDaemon,
    file: &str,
    request_id: &str,
    validate_only: bool,
) -> Result<v1::ImportConsortiaResponse, Status> {
    let request = v1::ImportConsortiaRequest {
        parent: PROGRAMME.to_owned(),
        file: file.as_bytes().to_vec(),
        request_id: request_id.to_owned(),
        validate_only,
    };
    let answer = daemon.officer.consortia().import_consortia(request).await?;
    Ok(answer.into_inner())
}

async fn registered(daemon: &TestDaemon) -> usize {
    let request = v1::ListConsortiaRequest {
        parent: PROGRAMME.to_owned(),
        page_size: 1_000,
        ..Default::default()
    };
    let listed = daemon.officer.consortia().list_consortia(request).await;
    listed.unwrap().into_inner().consortia.len()
}

/// A thousand consortia with twelve members each.
fn a_thousand() -> String {
    let mut file = vec![format!("\u{feff}{HEAD}")];
    for one in 1..=1_000 {
        file.push(consortium(one * 1_000));
        file.extend((1..=12).map(|position| member(one * 1_000, one * 1_000 + position)));
    }
    file.join("\r\n")
}

async fn all_or_nothing(daemon: TestDaemon) {
    let before = daemon.events().await;
    let bad = a_thousand().replace(&member(500_000, 500_007), &member(500_000, 500_006));
    let refused = import(&daemon, &bad, "", false).await.unwrap();
    assert_eq!(refused.refused_count, 1);
    let row = &refused.refused[0];
    assert_eq!(
        (
            row.line,
            row.field.as_str(),
            row.value.as_str(),
            row.rule.as_str()
        ),
        (
            6_496,
            "partita_iva",
            number(500_006).as_str(),
            "MEMBERSHIP_STATE"
        )
    );
    assert_eq!(daemon.events().await, before, "nothing was written");

    let id = "0190a000-0000-7000-8000-00000000000a";
    let good = a_thousand();
    let tried = import(&daemon, &good, "", true).await.unwrap();
    assert_eq!(daemon.events().await, before, "a dry run writes nothing");
    let written = import(&daemon, &good, id, false).await.unwrap();
    let again = import(&daemon, &good, id, false).await.unwrap();

    assert_eq!((written.consortia, written.members), (1_000, 12_000));
    assert_eq!((&tried, &again), (&written, &written));
    assert_eq!(daemon.events().await, before + 1_000);
    let twice = import(&daemon, &good, "", false).await.unwrap();
    assert_eq!(twice.refused_count, 1_000);
    assert_eq!(twice.refused[0].rule, "CONSORTIUM_EXISTS");

    let more = [HEAD.to_owned(), member(1_000, 1_013), member(7, 8)].join("\n");
    let refused = import(&daemon, &more, "", false).await.unwrap();
    assert_eq!(refused.refused_count, 1);
    assert_eq!(refused.refused[0].rule, "UNKNOWN_CONSORTIUM");
    let more = [HEAD.to_owned(), member(1_000, 1_013)].join("\n");
    let added = import(&daemon, &more, "", false).await.unwrap();
    assert_eq!((added.consortia, added.members), (0, 1));
    let chain = daemon
        .auditor
        .events()
        .verify_chain(v1::VerifyChainRequest {})
        .await;
    assert!(chain.unwrap().into_inner().valid);
}

#[tokio::test]
async fn an_import_writes_all_rows_or_none_on_sqlite() {
    all_or_nothing(TestDaemon::open().await).await;
}

#[tokio::test]
async fn an_import_writes_all_rows_or_none_on_postgresql() {
    all_or_nothing(on_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tool_tells_every_refused_row_and_writes_nothing() {
    let daemon = TestDaemon::open().await;
    let officer = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    let rows = [
        HEAD.to_owned(),
        consortium(1_000),
        member(1_000, 1_001),
        member(1_000, 1_002).replace("1250,00", "much"),
        member(1_000, 1_003).replace("2014-01-01", "2014-13-01"),
        consortium(2_000).replace("@example.invalid", ""),
        consortium(1_000),
        member(3_000, 3_001),
        member(1_000, 1_004).replace(";micro;", ";tiny;"),
    ];
    std::fs::write(officer.folder.join("bad.csv"), rows.join("\r\n")).unwrap();

    let output = officer.run("consortium import bad.csv -o json").await;

    assert_eq!(output.status.code(), Some(6));
    let told: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let told: Vec<_> = told
        .iter()
        .map(|row| {
            (
                row["line"].as_u64().unwrap(),
                row["field"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (4, "share"),
            (5, "joined_on"),
            (6, "email"),
            (7, "consortium"),
            (8, "consortium"),
            (9, "size"),
        ]
    );
    assert_eq!(registered(&daemon).await, 0);

    let sample = officer.says("consortium import --sample").await;
    std::fs::write(officer.folder.join("sample.csv"), sample).unwrap();
    let tried = officer.json("consortium import sample.csv --dry-run").await;
    assert_eq!(registered(&daemon).await, 0);
    let written = officer.json("consortium import sample.csv").await;
    assert_eq!(tried, written);
    assert_eq!(
        (written["members"].as_i64(), written["links"].as_i64()),
        (Some(3), Some(1))
    );
    assert_eq!(registered(&daemon).await, 1);
}
