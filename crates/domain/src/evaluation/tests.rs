use chrono::{DateTime, Utc};

use super::*;
use crate::conflict::FlagKind;
use crate::consensus::Standing;
use crate::identifiers::PartitaIva;

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn assigned() -> Evaluation {
    with(None, &[])
}

fn with(replaces: Option<EvaluationId>, flags: &[Flag]) -> Evaluation {
    let event = Event::Assigned {
        id: EvaluationId(uuid::Uuid::from_u128(1)),
        call: "er/2016".parse().unwrap(),
        application: ApplicationId(uuid::Uuid::from_u128(2)),
        evaluator: "e".into(),
        flags: flags.to_vec(),
        replaces,
    };
    apply(None, &event).unwrap()
}

fn a_flag() -> Flag {
    Flag {
        kind: FlagKind::SameMailDomain,
        firm: PartitaIva::from_seven(1, 34),
    }
}

fn after(evaluation: Evaluation, event: Result<Event, Refusal>) -> Evaluation {
    apply(Some(evaluation), &event.unwrap()).unwrap()
}

fn declared() -> Evaluation {
    let evaluation = assigned();
    let event = declare_free(&evaluation, NOW);
    after(evaluation, event)
}

fn scored() -> Evaluation {
    let evaluation = declared();
    let event = score(&evaluation, vec![]);
    after(evaluation, event)
}

#[test]
fn an_application_opens_and_is_scored_only_after_the_declaration() {
    let evaluation = assigned();

    assert_eq!(may_open(&evaluation), Err(Refusal::ConflictNotDeclared));
    assert_eq!(
        score(&evaluation, vec![]),
        Err(Refusal::ConflictNotDeclared)
    );
    assert_eq!(may_open(&declared()), Ok(()));
    assert!(score(&declared(), vec![]).is_ok());
}

#[test]
fn scores_are_given_once() {
    assert_eq!(
        score(&scored(), vec![]).unwrap_err().reason(),
        "EVALUATION_STATE"
    );
}

#[test]
fn a_declared_conflict_ends_it_at_any_time_and_hides_the_application() {
    for evaluation in [assigned(), declared(), scored()] {
        let event = declare_conflict(&evaluation, "a cousin runs a member firm", NOW);
        let conflicted = after(evaluation, event);

        assert_eq!(conflicted.state, State::Conflicted);
        assert!(conflicted.sheet().is_none());
        assert_eq!(
            may_open(&conflicted).unwrap_err().reason(),
            "EVALUATION_STATE"
        );
        assert!(declare_free(&conflicted, NOW).is_err());
    }
    assert_eq!(
        declare_conflict(&assigned(), " ", NOW),
        Err(Refusal::ReasonMissing)
    );
}

#[test]
fn a_flagged_pair_waits_for_a_manager() {
    let flagged = with(None, &[a_flag()]);
    assert_eq!(
        declare_free(&flagged, NOW).unwrap_err().reason(),
        "EVALUATOR_FLAGGED"
    );
    assert_eq!(
        score(&flagged, vec![]).unwrap_err().reason(),
        "EVALUATOR_FLAGGED"
    );

    let event = lift_flags(&flagged, "a domain of a provider", "marco", NOW);
    let lifted = after(flagged, event);

    assert!(declare_free(&lifted, NOW).is_ok());
    assert_eq!(flag(&lifted, &[a_flag()]), None);
    assert_eq!(
        lift_flags(&lifted, "again", "marco", NOW),
        Err(Refusal::NotFlagged)
    );
}

#[test]
fn what_is_found_later_closes_an_open_application_and_takes_a_signed_sheet_out() {
    let event = flag(&declared(), &[a_flag()]).unwrap();
    let closed = apply(Some(declared()), &event).unwrap();
    assert_eq!(closed.state, State::Assigned);

    let out = apply(Some(scored()), &event).unwrap();
    assert!(out.sheet().is_none());
    let event = lift_flags(&out, "checked", "marco", NOW);
    assert!(after(out, event).sheet().is_some());
}

#[test]
fn work_is_reassigned_before_it_is_scored_and_once() {
    let other = EvaluationId(uuid::Uuid::from_u128(9));
    assert!(reassign(&scored(), other, "ill").is_err());
    let event = reassign(&assigned(), other, "ill");
    let gone = after(assigned(), event);
    assert_eq!(gone.state, State::Reassigned);
    assert!(reassign(&gone, other, "ill").is_err());

    let event = declare_conflict(&assigned(), "kinship", NOW);
    let conflicted = after(assigned(), event);
    let event = reassign(&conflicted, other, "conflict");
    let replaced = after(conflicted, event);

    assert_eq!(replaced.state, State::Conflicted);
    assert!(reassign(&replaced, other, "conflict").is_err());
}

#[test]
fn a_signed_sheet_changes_with_a_reason_while_a_consensus_is_open_and_keeps_what_it_was() {
    let closed = revise(&scored(), vec![], "misread", &Standing::Within, NOW);
    assert_eq!(closed.unwrap_err().reason(), "CONSENSUS_NOT_OPEN");
    let unreasoned = revise(&scored(), vec![], "", &Standing::Open, NOW);
    assert_eq!(unreasoned, Err(Refusal::ReasonMissing));
    let new = vec![Score {
        criterion: "A".into(),
        score: Decimal::ONE,
        comment: String::new(),
    }];

    let event = revise(&scored(), new.clone(), "misread", &Standing::Open, NOW);
    let revised = after(scored(), event);

    assert_eq!(revised.scores, new);
    assert_eq!(revised.details.earlier.len(), 1);
    assert_eq!(revised.details.earlier[0].reason, "misread");
}

#[test]
fn an_excluded_evaluation_has_no_sheet_and_needs_a_reason() {
    assert!(scored().sheet().is_some());
    let event = exclude(&scored(), "kinship with a member");
    assert!(after(scored(), event).sheet().is_none());
    assert_eq!(exclude(&assigned(), "  "), Err(Refusal::ReasonMissing));
}

#[test]
fn events_of_before_are_read() {
    let stored = r#"{"event":"assigned","id":"00000000-0000-0000-0000-000000000001",
        "call":"er/2016","application":"00000000-0000-0000-0000-000000000002","evaluator":"e"}"#;

    let event: Event = serde_json::from_str(stored).unwrap();

    assert_eq!(apply(None, &event).unwrap(), assigned());
}
