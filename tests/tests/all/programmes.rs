//! The multi-year programmes of a consortium and what an application states beyond its year, over
//! gRPC on the running daemon.

use bando_daemon::samples;
use bando_domain::receipt::sha256_hex;
use bando_proto::v1;
use bando_tests::daemon::{Applicant, TestDaemon, opens_at, project};
use bando_tests::desk::Desk;
use tonic::{Code, Status};

use crate::operator::Terminal;
use crate::stories::reason;

/// The sample call, which asks for the year of a programme and for indicators.
fn asking_call() -> String {
    let (_, file) = samples::CALL_2016;
    let keys = "multi_year_programme = \"required\"\nindicators = \"required\"\n";
    file.replacen("[rules]\n", &format!("[rules]\n{keys}"), 1)
}

fn programme(first_year: i32, last_year: i32) -> v1::MultiYearProgramme {
    v1::MultiYearProgramme {
        first_year,
        last_year,
        title: "Oltre confine".to_owned(),
        sector: "meccanica".to_owned(),
        markets: vec!["US".to_owned()],
        target_export_share_basis_points: 4_500,
        target_markets: 6,
    }
}

async fn agree(
    desk: &Desk,
    consortium: &v1::Consortium,
    programme: v1::MultiYearProgramme,
) -> Result<v1::Consortium, Status> {
    let request = v1::AgreeMultiYearProgrammeRequest {
        name: consortium.name.clone(),
        etag: consortium.etag.clone(),
        programme: Some(programme),
        ..Default::default()
    };
    let agreed = desk.consortia().agree_multi_year_programme(request).await?;
    Ok(agreed.into_inner())
}

fn of_year(first_year: i32, year: i32) -> v1::Project {
    v1::Project {
        programme_year: Some(v1::ProgrammeYear { first_year, year }),
        ..Default::default()
    }
}

fn indicators(share: i32, markets: &[&str]) -> v1::Project {
    v1::Project {
        indicators: Some(v1::Indicators {
            export_share_basis_points: Some(share),
            destination_markets: markets.iter().map(|code| (*code).to_owned()).collect(),
        }),
        ..Default::default()
    }
}

fn gaps(application: &v1::Application) -> Vec<(&str, &str)> {
    let gaps = application.missing.iter();
    gaps.map(|gap| (gap.field.as_str(), gap.rule.as_str()))
        .collect()
}

async fn annual_projects(
    desk: &Desk,
    applicant: &Applicant,
) -> Result<Vec<v1::AnnualProject>, Status> {
    let request = v1::ListAnnualProjectsRequest {
        parent: applicant.consortium.name.clone(),
        first_year: 2016,
        ..Default::default()
    };
    let listed = desk.consortia().list_annual_projects(request).await?;
    Ok(listed.into_inner().projects)
}

#[tokio::test]
async fn an_application_is_the_project_of_a_programmes_year() {
    the_project_of_a_year(TestDaemon::start().await).await;
}

#[tokio::test]
async fn an_application_is_the_project_of_a_programmes_year_on_postgresql() {
    the_project_of_a_year(TestDaemon::on_postgresql().await).await;
}

async fn the_project_of_a_year(daemon: TestDaemon) {
    let call = daemon.load_call(&asking_call()).await.unwrap();
    let rules = call.rules.unwrap();
    assert!(rules.multi_year_programme_required && rules.indicators_required);
    daemon.publish().await;
    daemon.turn_clock_to(opens_at()).await;
    let (applicant, other) = (daemon.applicant(1).await, daemon.applicant(2).await);
    let draft = applicant.draft().await;
    let needed = [("programme_year", "REQUIRED"), ("indicators", "REQUIRED")];
    assert_eq!(gaps(&draft), needed);
    let refused = applicant.submit(&draft).await.unwrap_err();
    assert_eq!(reason(&refused), "APPLICATION_INCOMPLETE");

    let agreed = agree(
        &applicant.desk,
        &applicant.consortium,
        programme(2016, 2018),
    )
    .await;
    let overlapping = agree(&applicant.desk, &agreed.unwrap(), programme(2018, 2019)).await;
    assert_eq!(reason(&overlapping.unwrap_err()), "PROGRAMME_OVERLAPS");
    let years = async |etag: &str, first_year, year| {
        let (paths, project) = (["programme_year"], of_year(first_year, year));
        applicant.update(&draft.name, etag, &paths, project).await
    };
    let unknown = years(&draft.etag, 2015, 2016).await.unwrap();
    assert_eq!(gaps(&unknown)[0].1, "UNKNOWN_PROGRAMME");
    let outside = years(&unknown.etag, 2016, 2019).await.unwrap();
    assert_eq!(gaps(&outside)[0].1, "YEAR_NOT_COVERED");
    let dated = years(&outside.etag, 2016, 2017).await.unwrap();
    assert_eq!(gaps(&dated), [("indicators", "REQUIRED")]);

    // A colleague who still looks at the first working copy states the indicators.
    let stated = async |share, markets: &[&str]| {
        let (paths, project) = (["indicators"], indicators(share, markets));
        applicant
            .update(&draft.name, &draft.etag, &paths, project)
            .await
    };
    let over = stated(10_001, &["DE"]).await.unwrap_err();
    assert_eq!(over.code(), Code::InvalidArgument);
    assert!(
        over.message().contains("export_share_basis_points"),
        "{over}"
    );
    let nowhere = stated(3_050, &["XX"]).await.unwrap_err();
    assert!(
        nowhere.message().contains("destination_markets[0]"),
        "{nowhere}"
    );
    let whole = stated(3_050, &["US", "DE", "US"]).await.unwrap();
    assert_eq!(gaps(&whole), []);
    assert_eq!(
        whole.project.as_ref().unwrap().programme_year.unwrap().year,
        2017
    );

    let submitted = applicant.submit(&whole).await.unwrap();
    let receipt = submitted.receipt.unwrap();
    let request = v1::GetSubmissionRequest {
        name: whole.name.clone(),
        number: 1,
    };
    let sealed = applicant.desk.applications().get_submission(request).await;
    let content = sealed.unwrap().into_inner().content;
    assert_eq!(sha256_hex(&content), receipt.content_sha256);
    let content: serde_json::Value = serde_json::from_slice(&content).unwrap();
    let project = &content["project"];
    assert_eq!(project["programme_year"]["year"], 2017);
    assert_eq!(project["indicators"]["export_share"], 3_050);
    assert_eq!(
        project["indicators"]["markets"],
        serde_json::json!(["DE", "US"])
    );

    // The working copy goes on; what was submitted is the project of its year.
    let after = submitted.application.unwrap();
    years(&after.etag, 2016, 2018).await.unwrap();
    for desk in [&daemon.officer, &applicant.desk] {
        let listed = annual_projects(desk, &applicant).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].application, whole.name);
        assert_eq!(listed[0].protocol, receipt.protocol);
        assert_eq!(listed[0].programme_year.unwrap().year, 2017);
        let markets = &listed[0].indicators.as_ref().unwrap().destination_markets;
        assert_eq!(markets, &["DE", "US"]);
    }
    let foreign = annual_projects(&other.desk, &applicant).await.unwrap_err();
    assert_eq!(foreign.code(), Code::NotFound);
    let second = applicant.create(self::project(&applicant.consortium)).await;
    assert_eq!(reason(&second.unwrap_err()), "APPLICATION_EXISTS");
    let chain = daemon.auditor.events();
    let chain = { chain }.verify_chain(v1::VerifyChainRequest {}).await;
    assert!(chain.unwrap().into_inner().valid);
}

#[tokio::test]
async fn a_call_that_asks_for_nothing_takes_an_application_without_them() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;

    let submitted = applicant.submit(&draft).await.unwrap();

    let request = v1::GetSubmissionRequest {
        name: draft.name,
        number: 1,
    };
    assert!(submitted.receipt.is_some());
    let sealed = applicant.desk.applications().get_submission(request).await;
    let content = String::from_utf8(sealed.unwrap().into_inner().content).unwrap();
    for key in ["programme_year", "indicators", "address", "email"] {
        assert!(!content.contains(key), "{key} in {content}");
    }
    assert_eq!(
        annual_projects(&daemon.officer, &applicant).await.unwrap(),
        []
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programmes_are_agreed_and_listed_at_the_terminal() {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let officer = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    let firm = &applicant.consortium.profile.as_ref().unwrap().partita_iva;
    let agree = |years: &str, share: &str| {
        format!(
            "consortium programme agree {firm} --years {years} --title Oltre --sector meccanica \
             --market US --market JP --export-share {share} --target-markets 6"
        )
    };

    officer
        .says(&(agree("2016-2018", "45.5") + " --dry-run"))
        .await;
    let list = format!("consortium programme list {firm}");
    assert_eq!(officer.json(&list).await, serde_json::json!([]));
    officer.says(&agree("2016-2018", "45.5")).await;
    // Of the same first year it is changed, not added.
    officer.says(&agree("2016-2017", "50")).await;
    officer.says(&agree("2018-2020", "60")).await;
    let (code, complaint) = officer.fails(&agree("2019-2021", "1")).await;
    assert_eq!(code, 5, "{complaint}");
    assert!(complaint.contains("PROGRAMME_OVERLAPS"), "{complaint}");
    let (code, _) = officer.fails(&agree("2018-2016", "1")).await;
    assert_eq!(code, 2);

    let listed = officer.json(&list).await;
    let years: Vec<_> = listed.as_array().unwrap().iter().collect();
    assert_eq!(years.len(), 2);
    assert_eq!(years[0]["last_year"], 2017);
    assert_eq!(years[0]["target_export_share_basis_points"], 5_000);
    assert_eq!(years[1]["markets"], serde_json::json!(["JP", "US"]));
    let shown = officer.says(&list).await;
    assert!(
        shown.contains("2016-2017") && shown.contains("50.00 %"),
        "{shown}"
    );

    let draft = applicant.draft().await;
    let paths = ["programme_year", "indicators"];
    let stated = v1::Project {
        indicators: indicators(3_050, &["DE"]).indicators,
        ..of_year(2018, 2019)
    };
    applicant
        .update(&draft.name, &draft.etag, &paths, stated)
        .await
        .unwrap();
    let projects = format!("consortium programme projects {firm}");
    let all = officer.json(&projects).await;
    assert_eq!(all[0]["programme_year"]["year"], 2019);
    assert_eq!(all[0]["state"], "draft");
    let of_2016 = officer.json(&format!("{projects} --first-year 2016")).await;
    assert_eq!(of_2016, serde_json::json!([]));
    let shown = officer
        .says(&format!("application describe {}", draft.name))
        .await;
    assert!(shown.contains("2019 of the programme from 2018"), "{shown}");
    assert!(shown.contains("export 30.5 %, 1 markets: DE"), "{shown}");
}
