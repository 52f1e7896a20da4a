//! What the source promises about itself: the arrows between crates, the purity of the rules, the
//! documents beside the contract, the size of files.
#![expect(
    clippy::unwrap_used,
    reason = "a check that cannot read the source has failed"
)]

mod reasons;
pub(crate) mod receipt_vector;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

type Names = &'static [&'static str];
type Arrow = (&'static str, Names, Names, Names);

/// For each crate: ours it may depend on, what it may not name, what may not be anywhere beneath.
const ARROWS: [Arrow; 6] = [
    (
        "bando-domain",
        &[],
        &["getrandom", "rand"],
        &[
            "tokio", "sea-orm", "sqlx", "tonic", "prost", "lettre", "futures",
        ],
    ),
    (
        "bando-store",
        &["bando-domain"],
        &[],
        &["tonic", "prost", "lettre", "minijinja"],
    ),
    (
        "bando-workflow",
        &["bando-domain", "bando-store"],
        &["sea-orm", "sea-orm-migration", "sqlx"],
        &["tonic", "prost"],
    ),
    ("bando-proto", &[], &[], &["sea-orm", "lettre"]),
    (
        "bando-daemon",
        &[
            "bando-domain",
            "bando-store",
            "bando-workflow",
            "bando-proto",
        ],
        &["sea-orm", "sea-orm-migration", "sqlx"],
        &[],
    ),
    (
        "bando-cli",
        &["bando-domain", "bando-proto"],
        &[],
        &["sea-orm", "sqlx", "lettre"],
    ),
];

const LONGEST_FILE: usize = 600;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Files below `folder` that end in `.extension`, as path from the root and text.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} holds no .{extension}");
    found.sort();
    found
}

/// A source file without its tests.
pub(crate) fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or(text)
}

fn needed(package: &Package) -> BTreeSet<&str> {
    let runs = |kind| matches!(kind, DependencyKind::Normal | DependencyKind::Build);
    let dependencies = package.dependencies.iter();
    dependencies
        .filter(|one| runs(one.kind))
        .map(|one| one.name.as_str())
        .collect()
}

#[test]
fn the_arrows_between_crates_are_the_published_ones() {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(["--locked".to_owned()])
        .exec()
        .unwrap();
    let members = metadata.workspace_packages();
    let ours: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let known = ARROWS
        .iter()
        .map(|(name, ..)| *name)
        .chain(["bando-tests"])
        .collect();
    assert_eq!(
        ours, known,
        "a new crate needs its row here and an answer in DESIGN.md"
    );

    for (name, may, not_named, not_beneath) in ARROWS {
        let package = members
            .iter()
            .find(|member| member.name.as_str() == name)
            .unwrap();
        let named = needed(package);
        let own: BTreeSet<&str> = named.intersection(&ours).copied().collect();
        let strangers: Vec<_> = own
            .difference(&may.iter().copied().collect())
            .copied()
            .collect();
        assert!(
            strangers.is_empty(),
            "{name} may not depend on {strangers:?}"
        );
        for word in not_named {
            assert!(!named.contains(word), "{name} names {word}");
        }
        let beneath = beneath(&metadata, package);
        for word in not_beneath {
            assert!(!beneath.contains(*word), "{name} stands on {word}");
        }
    }
}

/// Every package that a crate's running code is built from.
fn beneath(metadata: &cargo_metadata::Metadata, package: &Package) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().unwrap();
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut open = vec![&package.id];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let runs = |one: &&cargo_metadata::NodeDep| {
            one.dep_kinds
                .iter()
                .any(|kind| kind.kind == DependencyKind::Normal)
        };
        open.extend(nodes[id].deps.iter().filter(runs).map(|one| &one.pkg));
    }
    seen.into_iter()
        .map(|id| metadata[id].name.to_string())
        .collect()
}

#[test]
fn the_rules_read_no_clock_no_file_and_no_environment() {
    let impure = [
        "async fn",
        "std::fs",
        "std::env",
        "std::net",
        "std::process",
        "std::thread",
        "Utc::now",
        "Local::now",
        "SystemTime",
        "Instant::now",
        "now_v7",
        "new_v4",
        "f64",
        "f32",
    ];
    for (name, text) in files("crates/domain/src", "rs") {
        for word in impure {
            assert!(!without_tests(&text).contains(word), "{name} has {word}");
        }
    }
}

#[test]
fn every_method_of_the_wire_says_who_may_call_it() {
    let mut methods = 0;
    for (name, text) in files("proto/bando/v1", "proto") {
        let mut comment = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(method) = line.strip_prefix("rpc ") {
                methods += 1;
                assert!(
                    comment.contains("For "),
                    "{name}: {method} does not say for whom it is"
                );
            }
            match line.strip_prefix("//") {
                Some(words) => comment.push_str(words),
                None => comment.clear(),
            }
        }
    }
    assert!(methods > 40, "only {methods} methods were found");
}

/// On SQLite a row is known by the names of its columns: a tuple would come in their order.
#[test]
fn rows_of_more_than_one_column_are_read_by_name() {
    for (name, text) in files("crates/store/src", "rs") {
        for before in text
            .split(".into_tuple()")
            .collect::<Vec<_>>()
            .split_last()
            .unwrap()
            .1
        {
            let query = before.rsplit(".select_only()").next().unwrap();
            assert!(
                !query.contains(".columns(") && query.matches(".column(").count() <= 1,
                "{name}: a tuple of several columns; give it a model"
            );
        }
    }
}

#[test]
fn no_source_file_is_too_long_to_read() {
    for (name, text) in files("crates", "rs") {
        let lines = text.lines().count();
        assert!(
            lines <= LONGEST_FILE,
            "{name} has {lines} lines, more than {LONGEST_FILE}"
        );
    }
}
