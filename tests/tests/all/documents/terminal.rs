//! Documents at the terminal, with the real `bando`.

use bando_tests::papers::{p7m, pdf};

use super::open;
use crate::operator::Terminal;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_are_added_listed_saved_verified_and_removed_at_the_terminal() {
    let daemon = open().await;
    let applicant = daemon.applicant(1).await;
    let giulia = Terminal::of(&daemon, "giulia", &applicant.desk.secret);
    let anna = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    let draft = applicant.draft().await;
    let id = draft.name.rsplit('/').next().unwrap();
    let shown = anna.says(&format!("application describe {id}")).await;
    assert!(shown.contains("documents[statute]"), "{shown}");
    let statute = pdf("statuto");
    std::fs::write(giulia.folder.join("statuto.pdf"), &statute).unwrap();
    std::fs::write(giulia.folder.join("scheda.pdf.p7m"), p7m(b"x")).unwrap();
    std::fs::write(giulia.folder.join("falso.pdf"), "MZ a program").unwrap();

    let add = |words: &str| format!("application document add {id} {words}");
    giulia
        .says(&add("statuto.pdf --type statute --dry-run"))
        .await;
    let list = format!("application document list {id} -o name");
    assert_eq!(giulia.says(&list).await, "");
    giulia.says(&add("statuto.pdf --type statute")).await;
    giulia
        .says(&add("scheda.pdf.p7m --type project_form"))
        .await;
    let (code, complaint) = giulia.fails(&add("falso.pdf --type annex")).await;
    assert!(
        code == 5 && complaint.contains("DOCUMENT_OTHER_CONTENT"),
        "{complaint}"
    );
    let (code, complaint) = giulia.fails(&add("statuto.pdf --type annexe")).await;
    assert!(
        code == 5 && complaint.contains("bando call describe er/2016"),
        "{complaint}"
    );
    let (code, _) = giulia.fails(&add("giulia.token --type annex")).await;
    assert_eq!(code, 2, "a file of no known format");

    let get = format!("application document get {id} statute --save copia.pdf");
    anna.says(&get).await;
    assert_eq!(
        std::fs::read(anna.folder.join("copia.pdf")).unwrap(),
        statute
    );
    let (_, complaint) = anna.fails(&get).await;
    assert!(
        complaint.contains("copia.pdf"),
        "nothing is replaced: {complaint}"
    );

    let verify = format!("application document verify {id} project_form --result not_verifiable");
    let (code, _) = anna.fails(&verify).await;
    assert_eq!(code, 2, "without a note");
    let verified = anna.json(&format!("{verify} --note illeggibile")).await;
    assert_eq!(verified["verification"]["result"], "not_verifiable");
    let described = anna.json(&format!("application describe {id}")).await;
    assert_eq!(
        described["documents"][0]["scan"], "not_scanned",
        "{described}"
    );
    assert_eq!(described["missing"], serde_json::json!([]));

    giulia
        .says(&format!("application document remove {id} statuto.pdf"))
        .await;
    let call = anna.json("application document list er/2016").await;
    assert_eq!(call.as_array().unwrap().len(), 1);
    let (code, complaint) = giulia
        .fails(&format!("application document get {id} statute"))
        .await;
    assert!(
        code == 3 && complaint.contains("DOCUMENT_NOT_FOUND"),
        "{complaint}"
    );
    let asked_for = anna.says("call describe er/2016").await;
    assert!(asked_for.contains("project_form"), "{asked_for}");
}
