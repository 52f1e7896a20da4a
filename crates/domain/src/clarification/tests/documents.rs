//! Documents in answer to what was asked.

use super::*;
use crate::document::MEGABYTE;
use crate::media_type::MediaType;

const ITEM: u32 = 1;

fn refused(known: &Clarification, item: u32, received_at: DateTime<Utc>) -> &'static str {
    match may_change_documents(known, item, received_at) {
        Ok(()) => "",
        Err(refusal) => refusal.reason(),
    }
}

#[test]
fn a_document_is_taken_to_the_last_instant_of_the_term_and_not_a_microsecond_longer() {
    let known = delivered();
    let due_at = known.due_at.unwrap();
    let late = due_at + TimeDelta::microseconds(1);

    assert_eq!(refused(&known, ITEM, due_at), "");
    assert_eq!(refused(&known, ITEM, late), "CLARIFICATION_LATE");
    assert_eq!(
        may_change_documents(&known, ITEM, late).unwrap_err(),
        Refusal::TermOver {
            due_at,
            received_at: late
        }
    );
}

#[test]
fn a_document_in_time_is_taken_although_the_timer_was_faster() {
    let known = expired();
    let due_at = known.due_at.unwrap();

    assert_eq!(refused(&known, ITEM, due_at), "");
    let late = due_at + TimeDelta::microseconds(1);
    assert_eq!(refused(&known, ITEM, late), "CLARIFICATION_LATE");
}

#[test]
fn before_a_delivery_is_recorded_no_document_is_late() {
    assert_eq!(refused(&requested(), ITEM, at("2030-01-01T00:00:00Z")), "");
}

#[test]
fn documents_are_for_items_that_were_asked_and_only_while_they_are_waited_for() {
    let now = at("2016-06-08T08:00:00Z");
    for item in [0, 3] {
        assert_eq!(refused(&delivered(), item, now), "UNKNOWN_ITEM", "{item}");
    }
    let in_part = answered(delivered(), &[2], now);
    assert_eq!(refused(&in_part, ITEM, now), "");
    let whole = answered(delivered(), &[1, 2], now);
    assert_eq!(refused(&whole, ITEM, now), "CLARIFICATION_STATE");
    let back = apply(
        Some(delivered()),
        &close(&delivered(), "a mistake", now).unwrap(),
    );
    assert_eq!(refused(&back.unwrap(), ITEM, now), "CLARIFICATION_STATE");
}

#[test]
fn an_answer_seals_its_documents_by_their_hash_and_without_any_reads_as_before() {
    let known = delivered();
    let mut texts = texts(&[1, 2]);
    let before = serde_json::to_string(&known.sealed(1, &texts)).unwrap();
    assert!(!before.contains("documents"), "{before}");
    texts[1].documents = vec![SealedDocument {
        document_type: "statute".into(),
        sha256: "ab".repeat(32),
        media_type: MediaType::Pdf,
        size: MEGABYTE,
    }];

    let sealed = known.sealed(1, &texts);

    assert_eq!(sealed.answers[0].documents, []);
    assert_eq!(sealed.answers[1].documents, texts[1].documents);
    let text = serde_json::to_string(&sealed).unwrap();
    assert!(text.contains(&"ab".repeat(32)), "{text}");
}
