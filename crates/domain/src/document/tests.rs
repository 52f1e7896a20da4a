use super::*;
use crate::programme::Text;

fn rules() -> DocumentRules {
    let one = |code: &str, mandatory: bool, largest: Option<u64>| DocumentType {
        code: code.into(),
        name: Text::new(code, code),
        mandatory,
        accepted: vec![MediaType::Pdf, MediaType::P7m],
        largest,
    };
    DocumentRules {
        types: vec![
            one("form", true, None),
            one("statute", true, Some(10)),
            one("other", false, None),
        ],
        limits: Limits {
            file: 100,
            application: 150,
            files: 3,
        },
    }
}

fn offered(document_type: &str, size: u64, hash: u8) -> Offered {
    Offered {
        document_type: document_type.into(),
        file_name: "Statuto.pdf".into(),
        media_type: MediaType::Pdf,
        size,
        sha256: format!("{hash:02x}").repeat(32),
        asked: None,
    }
}

fn document(document_type: &str, size: u64, hash: u8) -> Document {
    let offered = offered(document_type, size, hash);
    Document {
        id: DocumentId(uuid::Uuid::from_u128(hash.into())),
        application: ApplicationId(uuid::Uuid::nil()),
        call: "er/2016".parse().unwrap(),
        consortium: ConsortiumId(uuid::Uuid::nil()),
        document_type: offered.document_type,
        file_name: Personal::new(offered.file_name),
        media_type: offered.media_type,
        size,
        sha256: offered.sha256,
        marks: Vec::new(),
        added_by: "ada".into(),
        added_at: DateTime::UNIX_EPOCH,
        removed_at: None,
        scan: None,
        verification: None,
        asked: offered.asked,
    }
}

fn reason(present: &[Document], offered: &Offered) -> &'static str {
    match may_add(&rules(), present, offered) {
        Ok(()) => "",
        Err(refusal) => refusal.reason(),
    }
}

#[test]
fn every_limit_holds_to_the_byte() {
    let present = [document("form", 60, 1)];

    assert_eq!(reason(&[], &offered("form", 100, 2)), "");
    assert_eq!(reason(&[], &offered("form", 101, 2)), "DOCUMENT_TOO_LARGE");
    assert_eq!(reason(&[], &offered("statute", 10, 2)), "");
    assert_eq!(
        reason(&[], &offered("statute", 11, 2)),
        "DOCUMENT_TOO_LARGE"
    );
    assert_eq!(reason(&[], &offered("form", 0, 2)), "DOCUMENT_EMPTY");
    assert_eq!(reason(&present, &offered("other", 90, 2)), "");
    assert_eq!(
        reason(&present, &offered("other", 91, 2)),
        "DOCUMENTS_TOO_LARGE"
    );
    let three = [1, 2, 3].map(|hash| document("other", 1, hash));
    assert_eq!(reason(&three, &offered("form", 1, 4)), "DOCUMENTS_TOO_MANY");
    assert_eq!(reason(&three[..2], &offered("form", 1, 4)), "");
}

#[test]
fn a_type_may_not_be_larger_than_the_call_allows() {
    let mut rules = rules();
    rules.types[0].largest = Some(1_000);

    let refusal = may_add(&rules, &[], &offered("form", 101, 1)).unwrap_err();

    assert_eq!(
        refusal,
        Refusal::FileTooLarge {
            size: 101,
            limit: 100
        }
    );
}

#[test]
fn a_call_takes_what_it_lists_in_the_formats_it_lists() {
    let mut image = offered("form", 1, 1);
    image.media_type = MediaType::Png;

    assert_eq!(
        reason(&[], &offered("budget", 1, 1)),
        "DOCUMENT_TYPE_UNKNOWN"
    );
    assert_eq!(reason(&[], &image), "DOCUMENT_FORMAT");
}

#[test]
fn the_same_file_serves_a_type_once_and_two_types_twice() {
    let present = [document("form", 5, 1)];

    assert_eq!(reason(&present, &offered("form", 5, 1)), "DOCUMENT_EXISTS");
    assert_eq!(reason(&present, &offered("statute", 5, 1)), "");
}

#[test]
fn what_is_mandatory_and_not_there_is_named() {
    let missing = rules().missing(&[document("other", 1, 1), document("form", 1, 2)]);

    assert_eq!(missing.len(), 1);
    assert_eq!(
        (missing[0].field.as_str(), missing[0].rule.as_str()),
        ("documents[statute]", "REQUIRED")
    );
    assert!(DocumentRules::default().missing(&[]).is_empty());
}

#[test]
fn a_scanner_never_makes_anybody_miss_a_deadline() {
    let mut infected = document("statute", 1, 1);
    infected.scan = Some(Scan {
        at: DateTime::UNIX_EPOCH,
        verdict: ScanVerdict::Infected {
            signature: "Eicar".into(),
        },
    });

    assert!(
        rules()
            .missing(&[infected, document("form", 1, 2)])
            .is_empty()
    );
}

#[test]
fn what_is_infected_is_given_to_nobody_and_what_waits_to_its_owner_alone() {
    let waiting = document("form", 1, 1);
    let with = |verdict| Document {
        scan: Some(Scan {
            at: DateTime::UNIX_EPOCH,
            verdict,
        }),
        ..waiting.clone()
    };
    let clean = with(ScanVerdict::Clean);
    let infected = with(ScanVerdict::Infected {
        signature: "Eicar".into(),
    });
    let (scanner, none, owner, office) = (true, false, true, false);

    assert!(may_read(&waiting, scanner, owner).is_ok());
    assert_eq!(
        may_read(&waiting, scanner, office),
        Err(Refusal::InQuarantine)
    );
    assert!(may_read(&waiting, none, office).is_ok());
    assert_eq!(waiting.scan_state(none), ScanState::NotScanned);
    for has_scanner in [true, false] {
        assert!(may_read(&clean, has_scanner, office).is_ok());
        for by_owner in [true, false] {
            let refusal = may_read(&infected, has_scanner, by_owner).unwrap_err();
            assert_eq!(refusal.reason(), "DOCUMENT_INFECTED");
        }
    }
}

#[test]
fn a_document_is_removed_once() {
    let present = document("form", 1, 1);
    let event = remove(&present, None, DateTime::UNIX_EPOCH).unwrap();
    let removed = apply(Some(present), &event).unwrap();

    assert_eq!(
        remove(&removed, None, DateTime::UNIX_EPOCH)
            .unwrap_err()
            .reason(),
        "DOCUMENT_REMOVED"
    );
}

#[test]
fn a_document_that_an_answer_holds_is_not_taken_back() {
    let present = document("form", 1, 1);

    let refusal = remove(&present, Some(2), DateTime::UNIX_EPOCH).unwrap_err();

    assert_eq!(refusal, Refusal::Answered { number: 2 });
}

#[test]
fn the_same_file_may_answer_two_items_but_one_item_once() {
    let asked = |item| Asked {
        clarification: ClarificationId(uuid::Uuid::from_u128(3)),
        item,
    };
    let mut present = document("form", 10, 1);
    present.asked = Some(asked(1));
    let mut again = offered("form", 10, 1);
    again.asked = Some(asked(2));
    assert_eq!(reason(&[present.clone()], &again), "");

    again.asked = Some(asked(1));

    assert_eq!(reason(&[present], &again), "DOCUMENT_EXISTS");
}

#[test]
fn a_file_name_is_one_name_with_the_ending_of_its_format() {
    let mut file = offered("form", 1, 1);
    let mut rules_of = |name: &str, sha256: &str| {
        file.file_name = name.into();
        file.sha256 = sha256.into();
        malformed(&file)
            .into_iter()
            .map(|found| found.rule)
            .collect::<Vec<_>>()
    };
    let hash = "ab".repeat(32);

    assert!(rules_of("L'atto è qui.PDF", &hash).is_empty());
    for name in ["", " ", "../x.pdf", "a\\b.pdf", "a\nb.pdf", "x.exe", "x"] {
        assert_eq!(rules_of(name, &hash), ["FILE_NAME"], "{name}");
    }
    assert_eq!(
        rules_of(&format!("{}.pdf", "x".repeat(197)), &hash),
        ["FILE_NAME"]
    );
    for hash in ["", "AB", &"AB".repeat(32), &"zz".repeat(32)] {
        assert_eq!(rules_of("x.pdf", hash), ["SHA256"], "{hash}");
    }
}

#[test]
fn an_event_keeps_names_apart_as_personal() {
    let event = Event::Added {
        document: Box::new(document("form", 1, 1)),
    };

    let payload = serde_json::to_value(&event).unwrap();

    assert_eq!(payload["document"]["file_name"]["personal"], "Statuto.pdf");
    let read: Event = serde_json::from_value(payload).unwrap();
    assert_eq!(read, event);
}
