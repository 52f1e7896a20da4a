//! The store's contract: every case runs on SQLite and on PostgreSQL, each on a fresh database.
#![expect(clippy::unwrap_used, reason = "a case that cannot go on has failed")]

mod asked;
pub(crate) mod fixture;
mod queues;
mod trail;
mod writing;

use std::pin::Pin;

use fixture::{Backend, Bed};

type Case = Box<dyn Fn(Bed) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

fn case<F, R>(run: F) -> Case
where
    F: Fn(Bed) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    Box::new(move |bed| Box::pin(run(bed)))
}

fn writing_cases() -> Vec<(&'static str, Case)> {
    vec![
        (
            "one commit holds row, event, letters and timers",
            case(writing::one_commit),
        ),
        (
            "an error in the closure rolls everything back",
            case(writing::an_error_rolls_back),
        ),
        (
            "a stale version is refused",
            case(writing::a_stale_version_is_refused),
        ),
        (
            "a rehearsal commits nothing",
            case(writing::a_rehearsal_commits_nothing),
        ),
        (
            "a panic takes only its own write with it",
            case(writing::a_panic_takes_its_own_write),
        ),
        (
            "protocol numbers have no gap",
            case(writing::protocol_numbers_have_no_gap),
        ),
        (
            "one application per consortium and call",
            case(writing::one_application_per_call),
        ),
        (
            "request answers are kept once",
            case(writing::request_answers_are_kept_once),
        ),
        (
            "events replayed give the row",
            case(trail::events_replayed_give_the_row),
        ),
        (
            "events of a clarification request replayed give its row",
            case(asked::events_replayed_give_the_request),
        ),
        (
            "what an answer sealed refuses change",
            case(asked::what_an_answer_sealed_refuses_change),
        ),
        (
            "personal values stay out of payloads",
            case(trail::personal_values_stay_out),
        ),
        (
            "revisions follow commits without a gap",
            case(trail::revisions_have_no_gap),
        ),
        (
            "a watcher never misses an event",
            case(trail::a_watcher_misses_nothing),
        ),
        (
            "the trail refuses change",
            case(trail::the_trail_refuses_change),
        ),
        (
            "a changed event breaks the chain",
            case(trail::a_changed_event_breaks_the_chain),
        ),
        (
            "an erased personal value leaves the chain whole",
            case(trail::erasing_keeps_the_chain),
        ),
    ]
}

fn queue_cases() -> Vec<(&'static str, Case)> {
    vec![
        (
            "a letter key queues once",
            case(queues::a_letter_key_queues_once),
        ),
        (
            "letters go through their states",
            case(queues::letters_go_through_their_states),
        ),
        (
            "a crash leaves a letter uncertain",
            case(queues::a_crash_leaves_a_letter_uncertain),
        ),
        (
            "a letter is claimed by one postman",
            case(queues::a_letter_is_claimed_once),
        ),
        (
            "timers are unique by call, kind and time",
            case(queues::timers_are_unique),
        ),
        (
            "each subject has timers of its own",
            case(queues::each_subject_has_timers_of_its_own),
        ),
        (
            "a due timer is claimed once",
            case(queues::a_due_timer_is_claimed_once),
        ),
        (
            "an old lease cannot finish",
            case(queues::an_old_lease_cannot_finish),
        ),
        ("a fire happens once", case(queues::a_fire_happens_once)),
        (
            "the same plan again changes nothing and another is not retroactive",
            case(queues::the_same_plan_again_changes_nothing_and_another_is_not_retroactive),
        ),
    ]
}

/// Four eyes, as the database holds them by itself.
fn proposal_cases() -> Vec<(&'static str, Case)> {
    vec![
        (
            "nobody approves their own act",
            case(writing::nobody_approves_their_own_act),
        ),
        (
            "a proposal keeps what was asked for",
            case(writing::a_proposal_keeps_its_act),
        ),
    ]
}

/// Runs every case and names each that failed.
async fn run_all(backend: Backend) {
    let mut failed = Vec::new();
    let cases = [writing_cases(), queue_cases(), proposal_cases()];
    for (name, run) in cases.into_iter().flatten() {
        let folder = tempfile::tempdir().unwrap();
        let bed = Bed::make(backend, &folder).await.unwrap();
        if tokio::spawn(run(bed)).await.is_err() {
            failed.push(name);
        }
    }
    assert!(
        failed.is_empty(),
        "on {backend:?} these do not hold: {failed:#?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_holds_on_sqlite() {
    run_all(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_holds_on_postgresql() {
    run_all(Backend::Postgres).await;
}
