//! Rehearsals of whole years: every call's file that is shipped holds what it promises, the same
//! seed gives the same bytes, and a year that breaks an invariant ends with exit code 6.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bando_daemon::rehearsal::{Files, Pace, Report, Wanted, files, rehearse};
use bando_store::Settings;
use bando_tests::process::beside;
use tempfile::TempDir;

fn calls() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/calls")
}

fn shipped(name: &str) -> Files {
    files::read(&calls().join(name), None).unwrap()
}

fn wanted(files: Files, folder: &TempDir) -> Wanted {
    let data_dir = folder.path().join("data");
    Wanted {
        files,
        applications: 10,
        seed: 1,
        letters_dir: folder.path().join("letters"),
        database: Settings::Sqlite {
            file: data_dir.join("bando.sqlite"),
        },
        data_dir,
        pace: Pace::StepByStep,
        downtimes: Vec::new(),
        progress: |_| {},
    }
}

/// Fails with every finding that there is.
fn expect_green(report: &Report) {
    assert_eq!(report.findings(), 0, "{}", report.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shipped_call_rehearses_without_a_finding() {
    let mut names: Vec<_> = std::fs::read_dir(calls())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        let folder = TempDir::new().unwrap();

        let report = Box::pin(rehearse(wanted(shipped(&name), &folder)))
            .await
            .unwrap_or_else(|error| panic!("{name}: {error:#}"))
            .report;

        expect_green(&report);
        let awarded = report.stages.iter().find(|stage| stage.stage == "awarded");
        assert!(awarded.unwrap().count >= 3, "{}", report.text());
    }
}

/// The shipped file of 2027 with other words in it.
fn changed(changes: &[(&str, &str)]) -> Files {
    let shipped = shipped("2027.toml");
    let (name, mut text) = shipped.call;
    for (word, other) in changes {
        assert!(text.contains(word), "{word}");
        text = text.replace(word, other);
    }
    files::parse(shipped.programme, (name, text)).unwrap()
}

async fn expect_changed_to_be_green(changes: &[(&str, &str)]) {
    let folder = TempDir::new().unwrap();
    let rehearsed = Box::pin(rehearse(wanted(changed(changes), &folder))).await;
    expect_green(&rehearsed.unwrap().report);
}

const ALLOCATION: &str = "allocation = \"ranking_with_waiting_list\"";
const BUDGET: &str = "budget = \"1000000.00\"";

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_divided_pro_rata_rehearses_without_a_finding() {
    let policy = (ALLOCATION, "allocation = \"pro_rata\"");
    expect_changed_to_be_green(&[policy, (BUDGET, "budget = \"200000.00\"")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_closes_when_its_budget_is_spent_rehearses_without_a_finding() {
    let policy = (ALLOCATION, "allocation = \"first_come\"");
    expect_changed_to_be_green(&[policy, (BUDGET, "budget = \"200000.00\"")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn percentage_bands_rehearse_without_a_finding() {
    let bands = "allocation = \"percentage_bands\"\nbands = [\
                 { min_total = \"80\", rate_basis_points = 5000 }, \
                 { min_total = \"60\", rate_basis_points = 4000 }]";
    expect_changed_to_be_green(&[(ALLOCATION, bands)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_file_may_ask_for_rehearses_without_a_finding() {
    expect_changed_to_be_green(&[
        (
            "multi_year_programme = \"optional\"",
            "multi_year_programme = \"required\"",
        ),
        ("indicators = \"optional\"", "indicators = \"required\""),
        ("aggregation = \"mean\"", "aggregation = \"median\""),
        ("# comments_required = true", "comments_required = true"),
        ("# consensus.max_spread = 20 ", "consensus.max_spread = 20 "),
        ("weight = 20", "weight = 20\nthreshold = 14"),
        ("# due_time = \"16:00\"", "due_time = \"16:00\""),
        (
            "notice_before_rejection = false",
            "notice_before_rejection = true",
        ),
        ("mandatory = false", "mandatory = true"),
        (
            "accepted = [\"pdf\", \"p7m\", \"docx\", ",
            "accepted = [\"docx\", ",
        ),
        ("saturday_rolls = false", "saturday_rolls = true"),
    ])
    .await;
}

fn letters(folder: &TempDir) -> BTreeMap<String, Vec<u8>> {
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read(entry.path()).unwrap())
    };
    let folder = std::fs::read_dir(folder.path().join("letters")).unwrap();
    folder.map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_report_and_the_same_letters_and_another_one_others() {
    let play = async |seed| {
        let folder = TempDir::new().unwrap();
        let wanted = Wanted {
            applications: 3,
            seed,
            ..wanted(shipped("2027.toml"), &folder)
        };
        let report = Box::pin(rehearse(wanted)).await.unwrap().report;
        expect_green(&report);
        (serde_json::to_string(&report).unwrap(), letters(&folder))
    };

    let (first, again, other) = (play(5).await, play(5).await, play(6).await);

    assert!(first.1.len() > 100);
    assert_eq!(first, again);
    assert_ne!(first.1, other.1);
}

/// `bandod rehearse` with these arguments.
fn bandod(arguments: &[&str]) -> Command {
    let mut command = Command::new(beside("bandod").unwrap());
    command.arg("rehearse").args(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_year_with_a_file_among_its_letters_that_is_no_letter_ends_with_exit_code_6() {
    let folder = TempDir::new().unwrap();
    let letters = folder.path().join("letters");
    let call = calls().join("2022.toml");
    let arguments = [
        "--applications",
        "1",
        "--letters",
        letters.to_str().unwrap(),
    ];
    let mut rehearsal = bandod(&arguments).arg("--call").arg(call).spawn().unwrap();
    let mut progress = BufReader::new(rehearsal.stderr.take().unwrap()).lines();
    progress
        .find(|line| line.as_ref().unwrap() == "the call is open")
        .unwrap()
        .unwrap();

    std::fs::write(letters.join("stray.eml"), "").unwrap();

    let told: Vec<String> = progress.map(Result::unwrap).collect();
    let mut report = String::new();
    let mut stdout = rehearsal.stdout.take().unwrap();
    stdout.read_to_string(&mut report).unwrap();
    assert_eq!(rehearsal.wait().unwrap().code(), Some(6), "{report}");
    assert_eq!(told.last().unwrap(), "error: 1 finding");
    let finding = "LETTERS_LEFT_ONCE: every letter left once as one file, or had become useless\n  \
                   er/2022, stray.eml: expected a letter, found none\n";
    assert!(report.ends_with(finding), "{report}");
}

#[test]
fn a_bad_call_file_is_told_with_every_mistake_and_exit_code_6() {
    let folder = TempDir::new().unwrap();
    let programmes = calls().join("../programmes/er-consortia.toml");
    let call = folder.path().join("bad.toml");
    let text = std::fs::read_to_string(calls().join("2027.toml")).unwrap();
    let text = text.replace("budget = \"1000000.00\"", "budget = \"-5\"");
    std::fs::write(&call, text.replace("scale = 10", "scale = 0")).unwrap();

    let mut command = bandod(&["--call", call.to_str().unwrap()]);
    let ended = command
        .arg("--programme-file")
        .arg(programmes)
        .output()
        .unwrap();

    let told = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(6), "{told}");
    let mistakes: Vec<&str> = told.lines().collect();
    assert_eq!(mistakes.len(), 2, "{told}");
    assert!(mistakes[0].contains("bad.toml:12: budget = "), "{told}");
    assert!(mistakes[1].contains("rules.score_grid.scale"), "{told}");
}

#[test]
fn a_programme_found_beside_the_call_is_told_with_its_mistakes_too() {
    let folder = TempDir::new().unwrap();
    let copy = |from: &str, to: &str, edit: fn(String) -> String| {
        let text = std::fs::read_to_string(calls().join(from)).unwrap();
        let to = folder.path().join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::write(&to, edit(text)).unwrap();
        to
    };
    copy(
        "../programmes/er-consortia.toml",
        "programmes/er.toml",
        |text| format!("colour = \"red\"\n{text}"),
    );
    let call = copy("2027.toml", "calls/2027.toml", |text| text);

    let ended = bandod(&["--call", call.to_str().unwrap()])
        .output()
        .unwrap();

    let told = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(6), "{told}");
    assert!(told.contains("er.toml:1: colour = "), "{told}");
}
