//! A check from its opening to its end at the terminal, with the real `bando`.

use bando_tests::papers::{pdf, sha256};

use super::*;
use crate::operator::Terminal;

/// One submitted application of a closed call.
async fn submitted() -> (TestDaemon, Applicant, String) {
    let daemon = TestDaemon::open().await;
    let applicant = daemon.applicant(1).await;
    let draft = applicant.draft().await;
    applicant.submit(&draft).await.unwrap();
    daemon.turn_clock_to(closes_at() + TimeDelta::days(6)).await;
    let id = draft.name.rsplit('/').next().unwrap().to_owned();
    (daemon, applicant, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_is_opened_asked_about_answered_with_a_document_and_concluded_at_the_terminal() {
    let (daemon, applicant, id) = submitted().await;
    let anna = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    let giulia = Terminal::of(&daemon, "giulia", &applicant.desk.secret);
    let shown = anna.json("call describe er/2016").await;
    assert_eq!(shown["procedure"]["clarification_days"], 10, "{shown}");
    let text = anna.says("call describe er/2016").await;
    assert!(text.contains("90 days from the close"), "{text}");

    let (code, _) = anna.fails(&format!("application check find {id} E2")).await;
    assert_eq!(code, 2, "neither passed nor failed");
    anna.says(&format!("application check open {id} --dry-run"))
        .await;
    let open = anna.json(&format!("application check open {id}")).await;
    assert_eq!(open["state"], "under_check", "{open}");
    let item = "--item document:E2:statuto --item value:E13:DURC";
    anna.says(&format!("application clarify request {id} {item}"))
        .await;

    let statute = pdf("statuto");
    std::fs::write(giulia.folder.join("statuto.pdf"), &statute).unwrap();
    let add = format!("application document add {id} statuto.pdf --type statute --item 1");
    giulia.says(&add).await;
    let list = format!("application document list {id}");
    assert!(giulia.says(&list).await.contains("for item 1"));
    let answer = format!("application clarify answer {id} --text 1= --text 2=regolare");
    giulia.says(&format!("{answer} --save answer.json")).await;
    giulia.says("receipt verify answer.json").await;
    let asked = anna.says(&format!("application clarify show {id}")).await;
    let short: String = sha256(&statute).chars().take(12).collect();
    assert!(asked.contains(&format!("statute {short}")), "{asked}");
    let list = anna.says(&list).await;
    assert!(list.contains("for item 1 in answer 1"), "{list}");

    let (code, complaint) = anna
        .fails(&format!("application check conclude {id}"))
        .await;
    assert!(
        code == 5 && complaint.contains("FINDINGS_OPEN"),
        "{complaint}"
    );
    for rule in ["E2", "E13"] {
        let find = format!("application check find {id} {rule} --passed --text visto");
        anna.says(&find).await;
    }
    let concluded = anna.json(&format!("application check conclude {id}")).await;
    assert_eq!(concluded["state"], "admissible", "{concluded}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_finding_says_why_and_the_conclusion_may_too() {
    let (daemon, _, id) = submitted().await;
    let anna = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    let preview = anna.json(&format!("application check preview {id}")).await;
    assert_eq!(preview["rule_set_version"], 1, "{preview}");
    anna.says(&format!("application check open {id}")).await;
    let find = format!("application check find {id} E2");
    let (code, complaint) = anna.fails(&format!("{find} --failed")).await;
    assert!(
        code == 2 && complaint.contains("explanation"),
        "{complaint}"
    );

    anna.says(&format!("{find} --failed --text scopo-di-lucro"))
        .await;
    anna.says(&format!("application check find {id} E13 --passed"))
        .await;
    let conclude = format!("application check conclude {id} --reason motivato");
    let concluded = anna.json(&conclude).await;

    assert_eq!(concluded["state"], "inadmissible", "{concluded}");
    let findings = concluded["check"]["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["rule"] == "E2");
    assert_eq!(found.unwrap()["explanation"]["it"], "scopo-di-lucro");
}
