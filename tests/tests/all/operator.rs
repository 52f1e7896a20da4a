//! A day of the office with the real `bando` against a running daemon.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output};

use bando_proto::v1;
use bando_tests::daemon::{Applicant, PROGRAMME, TestDaemon, closes_at};
use bando_tests::process::beside;
use serde_json::Value;

use crate::rankings::{compute, evaluated};

/// Somebody at a terminal, with a token of their own.
pub(crate) struct Terminal {
    server: String,
    pub(crate) folder: PathBuf,
    token_file: PathBuf,
}

impl Terminal {
    pub(crate) fn of(daemon: &TestDaemon, person: &str, secret: &str) -> Self {
        let token_file = daemon.folder.path().join(format!("{person}.token"));
        std::fs::write(&token_file, secret).unwrap();
        Self {
            server: daemon.running.endpoint.clone(),
            folder: daemon.folder.path().to_owned(),
            token_file,
        }
    }

    /// The tool, ready to be started here with `words`.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        self.at_home(beside("bando").unwrap(), words)
    }

    /// Any program, in this folder and with this token.
    pub(crate) fn at_home(&self, program: impl AsRef<OsStr>, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(&self.folder)
            .env("BANDO_SERVER", &self.server)
            .env("BANDO_TOKEN_FILE", &self.token_file);
        command
    }

    pub(crate) async fn run(&self, line: &str) -> Output {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.command(&words);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// What the command prints when it succeeds.
    pub(crate) async fn says(&self, line: &str) -> String {
        let output = self.run(line).await;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "bando {line}: {complaint}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) async fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.says(&format!("{line} -o json")).await).unwrap()
    }

    /// The exit code and the complaint of a command that must fail.
    pub(crate) async fn fails(&self, line: &str) -> (i32, String) {
        let output = self.run(line).await;
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "bando {line} succeeded");
        (output.status.code().unwrap(), complaint)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consortium_is_registered_from_its_file() {
    let daemon = TestDaemon::open().await;
    let officer = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    let sample = officer.says("consortium register --sample").await;
    std::fs::write(officer.folder.join("consortium.toml"), &sample).unwrap();

    let tried = officer
        .says("consortium register consortium.toml --dry-run -o name")
        .await;
    assert!(tried.starts_with(PROGRAMME), "{tried}");
    assert_eq!(officer.says("consortium list -o name").await, "");
    let name = officer
        .says("consortium register consortium.toml -o name")
        .await;
    assert_eq!(officer.says("consortium list -o name").await, name);

    let (code, complaint) = officer.fails("consortium register consortium.toml").await;
    assert_eq!(code, 5, "{complaint}");
    assert!(complaint.contains("CONSORTIUM_EXISTS"), "{complaint}");

    let wrong = sample
        .replace("language = \"it\"", "language = \"xx\"")
        .replace("seat_country = \"IT\"", "seat_country = \"Italy\"");
    std::fs::write(officer.folder.join("wrong.toml"), wrong).unwrap();
    let (_, complaint) = officer.fails("consortium register wrong.toml").await;
    for told in [
        "contact.language",
        "LANGUAGE",
        "profile.seat_country",
        "COUNTRY",
    ] {
        assert!(complaint.contains(told), "{told}: {complaint}");
    }
}

/// A consortium's own terminal, with a token that the administrator made at theirs.
async fn applicant_at_a_terminal(daemon: &TestDaemon) -> (Applicant, Terminal) {
    let applicant = daemon.applicant(1).await;
    let admin = Terminal::of(daemon, "luca", &daemon.admin.secret);
    let consortium = &applicant.consortium.name;
    admin
        .says(&format!(
            "token create --person giulia.rossi --role consortium --consortium {consortium} \
             --save giulia.secret"
        ))
        .await;
    let secret = std::fs::read_to_string(admin.folder.join("giulia.secret")).unwrap();
    let terminal = Terminal::of(daemon, "giulia", secret.trim());
    (applicant, terminal)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_application_is_submitted_and_withdrawn_at_the_terminal() {
    let daemon = TestDaemon::open().await;
    let (applicant, giulia) = applicant_at_a_terminal(&daemon).await;
    let draft = applicant.draft().await;
    let id = draft.name.rsplit('/').next().unwrap();

    giulia
        .says(&format!("application submit {id} --dry-run"))
        .await;
    let shown = giulia.json(&format!("application describe {id}")).await;
    assert_eq!(shown["state"], "draft", "{shown}");
    giulia
        .says(&format!("application submit {id} --save receipt.json"))
        .await;
    giulia.says("receipt verify receipt.json").await;
    let listed = giulia.json("application list 2016").await;
    assert_eq!(listed[0]["state"], "submitted", "{listed}");

    let forged = std::fs::read_to_string(giulia.folder.join("receipt.json"))
        .unwrap()
        .replace("ER-2016-0000001", "ER-2016-0000002");
    std::fs::write(giulia.folder.join("forged.json"), forged).unwrap();
    let (code, _) = giulia.fails("receipt verify forged.json").await;
    assert_eq!(code, 6);

    giulia
        .says("application withdraw ER-2016-0000001 --reason restructuring")
        .await;
    let after = applicant.get(&draft.name).await.unwrap();
    assert_eq!(after.state(), v1::ApplicationState::Withdrawn);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_attempt_saves_its_signed_refusal() {
    let daemon = TestDaemon::open().await;
    let (applicant, giulia) = applicant_at_a_terminal(&daemon).await;
    let draft = applicant.draft().await;
    daemon
        .turn_clock_to(closes_at() + chrono::TimeDelta::seconds(1))
        .await;

    let id = draft.name.rsplit('/').next().unwrap();
    let (code, complaint) = giulia
        .fails(&format!("application submit {id} --save refusal.json"))
        .await;

    assert_eq!(code, 5, "{complaint}");
    assert!(complaint.contains("CALL_CLOSED"), "{complaint}");
    giulia.says("receipt verify refusal.json").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_is_turned_over_a_season() {
    let daemon = TestDaemon::open().await;
    let marco = Terminal::of(&daemon, "marco", &daemon.manager.secret);

    let clock = marco.json("clock advance +80d").await;

    assert!(
        clock["now"].as_str().unwrap().starts_with("2016-06-23"),
        "{clock}"
    );
    let fired = marco.json("timer list --all").await;
    assert!(!fired.as_array().unwrap().is_empty());
    let ada = Terminal::of(&daemon, "ada", &daemon.auditor.secret);
    ada.says("audit verify").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ranking_is_explained_simulated_verified_and_annexed_at_the_terminal() {
    let daemon = TestDaemon::open().await;
    let all = evaluated(&daemon).await;
    let officer = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    daemon.score(&all[2].1.name, "elio", "8").await;
    let due = officer.json("today").await;
    assert_eq!(due[0]["action"], "bando ranking compute er/2016");
    compute(&daemon).await.unwrap();

    let due = officer.says("today").await;
    assert!(due.contains("ranking to approve"), "{due}");
    assert!(!due.contains("ranking to compute"), "{due}");
    let explained = officer
        .json("ranking explain er/2016 ER-2016-0000003")
        .await;
    assert_eq!(explained["position"], 3);
    let cut: i64 = explained["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["change_cents"].as_i64().unwrap())
        .sum();
    let eligible = explained["eligible_cents"].as_i64().unwrap();
    assert_eq!(eligible + cut, explained["amount_cents"].as_i64().unwrap());
    let simulated = officer
        .json("ranking simulate er/2016 --budget 84000.00 --decline ER-2016-0000001")
        .await;
    assert_eq!(simulated["granted_after_cents"], 8_400_000);
    assert_eq!(simulated["shifts"][0]["after"]["outcome"], "absent");
    let (code, complaint) = officer
        .fails("ranking simulate er/2016 --budget 1.600.000")
        .await;
    assert_eq!(code, 2, "{complaint}");
    let verified = officer.says("ranking verify er/2016").await;
    assert!(
        verified.contains("recomputes to the same places and cents"),
        "{verified}"
    );
    let table = officer.says("ranking annex er/2016 --form csv").await;
    assert_eq!(table.lines().count(), 4, "{table}");
    let page = officer.says("ranking annex er/2016 --form html").await;
    assert!(
        page.contains("NON IN VIGORE") && page.contains("<table>"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn completions_and_manual_pages_need_no_daemon() {
    let daemon = TestDaemon::start().await;
    let nobody = Terminal {
        server: "http://127.0.0.1:1".to_owned(),
        ..Terminal::of(&daemon, "nobody", "")
    };

    let script = nobody.says("completion bash").await;
    nobody.says("man pages").await;

    assert!(script.contains("simulate"), "{}", script.len());
    assert!(
        nobody
            .folder
            .join("pages/bando-ranking-explain.1")
            .is_file()
    );
}
