//! What holds for every command of `bando`: watching, confirming, exit codes, and what is drawn
//! only for a person at a terminal.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use bando_domain::receipt::Signed;
use bando_proto::v1;
use bando_tests::daemon::TestDaemon;
use bando_tests::process::beside;
use serde_json::Value;
use tempfile::TempDir;

use crate::operator::Terminal;
use crate::rankings::{approval, compute, evaluated};
use crate::structure::receipt_vector::{VECTORS, vector};

/// A command that runs on, and the lines it prints.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line, once it comes.
    async fn next(mut self) -> (Self, String) {
        let next = tokio::task::spawn_blocking(move || {
            let line = self.lines.next().unwrap().unwrap();
            (self, line)
        });
        next.await.unwrap()
    }

    /// Interrupts it, as Ctrl-C does, and answers its exit code.
    fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code()
    }
}

/// Runs the tool on a terminal of its own, with `typed` at its keyboard.
async fn at_a_terminal(terminal: &Terminal, line: &str, typed: &str) -> Output {
    let line = format!("{} {line}", beside("bando").unwrap().display());
    let mut command = terminal.at_home("script", &["-qec", &line, "/dev/null"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let typed = typed.to_owned();
    let run = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        let mut keyboard = child.stdin.take().unwrap();
        keyboard.write_all(typed.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(keyboard);
        output
    });
    run.await.unwrap()
}

/// A daemon whose ranking is in force.
async fn ranked() -> TestDaemon {
    let daemon = TestDaemon::open().await;
    let all = evaluated(&daemon).await;
    daemon.score(&all[2].1.name, "elio", "8").await;
    let proposal = compute(&daemon).await.unwrap().proposal.unwrap();
    let mut desk = daemon.approver.proposals();
    desk.approve_proposal(approval(&proposal)).await.unwrap();
    daemon
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watched_list_is_printed_once_per_change_until_it_is_interrupted() {
    let daemon = TestDaemon::start().await;
    let anna = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    let words = ["call", "list", "--watch", "-o", "jsonl"];
    let (running, first) = Running::start(anna.command(&words)).next().await;
    let state = |line: &str| -> Value {
        let call: Value = serde_json::from_str(line).unwrap();
        call["state"].clone()
    };
    assert_eq!(state(&first), "draft");

    daemon.publish().await;
    let (running, second) = running.next().await;

    assert_eq!(
        state(&second),
        "published",
        "what did not change is not printed"
    );
    assert_eq!(running.interrupt(), Some(130));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_not_watched() {
    let daemon = TestDaemon::start().await;
    let marco = Terminal::of(&daemon, "marco", &daemon.manager.secret);

    let (code, complaint) = marco.fails("call publish er/2016 --watch").await;

    assert_eq!(code, 2, "{complaint}");
    assert!(complaint.contains("NOT_WATCHABLE"), "{complaint}");
    assert_eq!(daemon.call().await.state(), v1::CallState::Draft);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_severe_act_without_a_terminal_names_the_exact_command_that_confirms_it() {
    let daemon = ranked().await;
    let anna = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    let act = ["award", "propose", "er/2016", "--act", "DD 1/2016"];
    let run = |words: Vec<&str>| {
        let output = anna.command(&words).stdin(Stdio::null()).output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };

    let (code, refused) = run(act.to_vec());
    let (wrong, mismatch) = run([&act[..], &["--confirm", "er/2017"]].concat());
    let tried = run([&act[..], &["--dry-run"]].concat());

    assert_eq!(
        (code, wrong, tried.0),
        (2, 2, 0),
        "{refused} {mismatch} {}",
        tried.1
    );
    let hint = "bando award propose er/2016 --act 'DD 1/2016' --confirm er/2016";
    assert!(refused.contains(hint), "{refused}");
    assert!(
        mismatch.contains("er/2016") && mismatch.contains("er/2017"),
        "{mismatch}"
    );
    assert_eq!(anna.says("proposal list --state pending -o name").await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposal_exits_8_and_its_approval_is_asked_for_at_a_terminal() {
    let daemon = ranked().await;
    let anna = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    let paola = Terminal::of(&daemon, "paola", &daemon.approver.secret);
    let propose = "award propose er/2016 --act DD-1 --confirm er/2016 -o name";
    let proposed = anna.run(propose).await;
    assert_eq!(proposed.status.code(), Some(8), "{proposed:?}");
    let name = String::from_utf8(proposed.stdout).unwrap();
    let approve = format!("proposal approve {}", name.trim());

    let mistyped = at_a_terminal(&paola, &approve, "er/2017\n").await;
    assert_eq!(mistyped.status.code(), Some(2), "{mistyped:?}");
    assert_eq!(daemon.call().await.state(), v1::CallState::Ranked);

    let approved = at_a_terminal(&paola, &approve, "er/2016\n").await;
    let told = String::from_utf8_lossy(&approved.stdout);
    assert!(told.contains("Type er/2016 to go on"), "{told}");
    assert!(approved.status.success(), "{told}");
    assert_eq!(daemon.call().await.state(), v1::CallState::Awarded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_drawn_into_a_pipe() {
    let daemon = TestDaemon::open().await;
    let ada = Terminal::of(&daemon, "ada", &daemon.auditor.secret);

    let piped = ada.run("audit verify").await;
    let drawn = at_a_terminal(&ada, "audit verify", "").await;

    assert!(piped.stderr.is_empty(), "{piped:?}");
    assert!(!piped.stdout.contains(&0x1b));
    let drawn = String::from_utf8_lossy(&drawn.stdout);
    assert!(drawn.contains("recomputing the chain"), "{drawn:?}");
}

/// What bash offers after `words`, with the completions of the tool loaded.
fn offered(folder: &std::path::Path, words: &str, at: usize) -> String {
    let script = format!(
        "source completions.bash && complete -p bando >&2 && COMP_WORDS=({words}) \
         && COMP_CWORD={at} && _bando bando \"${{COMP_WORDS[{at}]}}\" '' && echo \"${{COMPREPLY[@]}}\""
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &script])
        .current_dir(folder)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    assert!(complaint.contains("_bando"), "{complaint}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bash_loads_the_completions_and_every_command_has_its_page() {
    let daemon = TestDaemon::start().await;
    let nobody = Terminal::of(&daemon, "nobody", "");
    let script = nobody.says("completion bash").await;
    std::fs::write(nobody.folder.join("completions.bash"), script).unwrap();
    nobody.says("man pages").await;

    let nouns = offered(&nobody.folder, "bando ''", 1);
    let page = |words: &[&str]| {
        nobody
            .folder
            .join(format!("pages/bando-{}.1", words.join("-")))
    };
    let mut pages = 0;
    let is_command = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase()) && *word != "help";
    for noun in nouns.split_whitespace().filter(is_command) {
        assert!(page(&[noun]).is_file(), "{noun}");
        let verbs = offered(&nobody.folder, &format!("bando {noun} ''"), 2);
        let shells = ["bash", "elvish", "fish", "powershell", "zsh"];
        for verb in verbs.split_whitespace().filter(is_command) {
            assert!(
                shells.contains(&verb) || page(&[noun, verb]).is_file(),
                "{noun} {verb}"
            );
            pages += 1;
        }
    }
    assert!(pages > 30, "{nouns}");
    assert_eq!(
        offered(&nobody.folder, "bando ranking sim", 2).trim(),
        "simulate"
    );
}

#[test]
fn the_terminal_verifies_the_vectors_offline() {
    for name in VECTORS {
        let (vector, folder) = (vector(name), TempDir::new().unwrap());
        let write = |file: &str, bytes: &[u8]| {
            std::fs::write(folder.path().join(file), bytes).unwrap();
        };
        write("content.json", vector.content.as_bytes());
        let verifies = |receipt: &Signed| {
            write("receipt.json", &serde_json::to_vec(receipt).unwrap());
            let words = [
                "receipt",
                "verify",
                "receipt.json",
                "--content",
                "content.json",
            ];
            let mut command = Command::new(beside("bando").unwrap());
            let command = command.args(words).args(["--key", &vector.public_key]);
            // Nobody answers there, and nobody is asked.
            let command = command.env("BANDO_SERVER", "http://127.0.0.1:1");
            let output = command.current_dir(folder.path()).output().unwrap();
            output.status.code()
        };
        for signed in vector.statements.iter().map(|signature| &signature.signed) {
            assert_eq!(verifies(signed), Some(0), "{name}");
            let mut forged = signed.clone();
            forged.statement.received_at = "2016-01-01T00:00:00.000000Z".into();
            assert_eq!(verifies(&forged), Some(6), "{name}");
        }
    }
}
