//! `proto/bando/v1/reasons.md` lists exactly the reasons and field rules that the code can give.

use std::collections::BTreeSet;

use super::{files, root, without_tests};

type Names = BTreeSet<String>;

#[test]
fn the_reasons_of_the_code_and_of_the_document_are_the_same() {
    let mut given = Names::new();
    for (_, text) in files("crates/domain/src", "rs") {
        for body in without_tests(&text).split("fn reason").skip(1) {
            given.extend(literals(function(body)));
        }
    }
    for folder in [
        "crates/workflow/src",
        "crates/daemon/src/grpc",
        "crates/daemon/src/convert",
    ] {
        for (_, text) in files(folder, "rs") {
            let source = without_tests(&text);
            for before in ["Error::refused(", "reason:"] {
                given.extend(source.split(before).skip(1).filter_map(next_literal));
            }
        }
    }
    for file in ["status.rs", "gate.rs"] {
        let path = root().join("crates/daemon/src/grpc").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        given.extend(literals(without_tests(&text)));
    }

    assert!(given.len() > 30, "the scanner found only {given:?}");
    assert_same(&given, &table("## Reasons"));
}

#[test]
fn the_field_rules_of_the_code_and_of_the_document_are_the_same() {
    let mut given = Names::new();
    for folder in [
        "crates/domain/src",
        "crates/workflow/src",
        "crates/daemon/src",
    ] {
        for (_, text) in files(folder, "rs") {
            let source = without_tests(&text);
            for before in ["Violation::new(", "Error::invalid(", "status::invalid("] {
                given.extend(source.split(before).skip(1).filter_map(second_literal));
            }
        }
    }

    assert!(given.len() > 15, "the scanner found only {given:?}");
    let listed = table("## Field rules");
    let missing: Vec<_> = given.difference(&listed).collect();
    assert!(missing.is_empty(), "not in reasons.md: {missing:?}");
    let source: String = [
        "crates/domain/src",
        "crates/workflow/src",
        "crates/daemon/src",
    ]
    .iter()
    .flat_map(|folder| files(folder, "rs"))
    .map(|(_, text)| without_tests(&text).to_owned())
    .collect();
    for name in listed {
        assert!(
            source.contains(&format!("\"{name}\"")),
            "no code gives the field rule {name}"
        );
    }
}

fn assert_same(given: &Names, listed: &Names) {
    let missing: Vec<_> = given.difference(listed).collect();
    assert!(missing.is_empty(), "not in reasons.md: {missing:?}");
    let left_over: Vec<_> = listed.difference(given).collect();
    assert!(
        left_over.is_empty(),
        "in reasons.md, but no code gives them: {left_over:?}"
    );
}

/// The names in the first column of the tables under a heading.
fn table(heading: &str) -> Names {
    let text = std::fs::read_to_string(root().join("proto/bando/v1/reasons.md")).unwrap();
    let (_, rest) = text.split_once(&format!("{heading}\n")).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut names = Names::new();
    for row in rows {
        assert_eq!(
            row.matches(" | ").count(),
            if heading == "## Reasons" { 3 } else { 1 },
            "{row}"
        );
        let name = row.split('`').next().unwrap().to_owned();
        assert!(names.insert(name), "listed twice: {row}");
    }
    names
}

/// A function's text, from its name to its closing brace.
fn function(text: &str) -> &str {
    let mut depth = 0;
    for (position, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => return &text[..position],
            '}' => depth -= 1,
            _ => {}
        }
    }
    text
}

/// Every string in capitals, as reasons and rules are written.
fn literals(text: &str) -> impl Iterator<Item = String> {
    text.split('"')
        .skip(1)
        .step_by(2)
        .filter(|word| is_name(word))
        .map(str::to_owned)
}

fn is_name(word: &str) -> bool {
    word.len() > 3
        && word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// The string that comes next, if nothing else stands before it.
fn next_literal(text: &str) -> Option<String> {
    let (word, _) = text.trim_start().strip_prefix('"')?.split_once('"')?;
    is_name(word).then(|| word.to_owned())
}

/// The string in capitals among the arguments of the call that begins here.
fn second_literal(text: &str) -> Option<String> {
    let mut depth = 1;
    let end = text.find(|character: char| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    literals(&text[..end]).next()
}
