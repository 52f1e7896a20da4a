//! `--watch`: a reading that is repeated, and shown again whenever its answer changed.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::errors::{Exit, Failure};
use crate::output::{self, Output};

/// Between one reading and the next.
const TURN: Duration = Duration::from_secs(1);
/// Clears a terminal and goes to its first line.
const CLEAR: &[u8] = b"\x1b[2J\x1b[H";

tokio::task_local! {
    /// What the turn at hand would have printed.
    static SNAPSHOT: RefCell<Snapshot>;
}

/// What one reading says: data, and talk beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    data: Vec<u8>,
    talk: String,
}

/// Keeps data for the turn's snapshot; `false` outside of a turn.
pub(crate) fn keeps(data: &[u8]) -> bool {
    let keep = |snapshot: &RefCell<Snapshot>| snapshot.borrow_mut().data.extend_from_slice(data);
    SNAPSHOT.try_with(keep).is_ok()
}

/// The same for talk.
pub(crate) fn keeps_talk(text: &str) -> bool {
    let keep = |snapshot: &RefCell<Snapshot>| snapshot.borrow_mut().talk.extend([text, "\n"]);
    SNAPSHOT.try_with(keep).is_ok()
}

/// Runs one reading and takes what it would have printed.
pub(crate) async fn turn<T>(reading: impl Future<Output = T>) -> (T, Snapshot) {
    let turn = async {
        let outcome = reading.await;
        (outcome, SNAPSHOT.with(RefCell::take))
    };
    SNAPSHOT.scope(RefCell::default(), turn).await
}

/// Repeats a reading until it fails or is interrupted. A daemon that does not answer is waited
/// for: whoever watches wants to see it come back.
pub(crate) async fn repeat(
    output: Output,
    mut reading: impl AsyncFnMut() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut shown = None;
    let mut trouble = None;
    loop {
        turns.tick().await;
        let (outcome, snapshot) = turn(reading()).await;
        match outcome {
            Err(Failure::Told(report)) if report.exit.exit == Exit::Unavailable => {
                if trouble.as_ref() != Some(&report.message) {
                    output::talk(&format!("{}: still watching", report.message));
                    trouble = Some(report.message);
                }
                continue;
            }
            Err(failure) => {
                show(output, &snapshot)?;
                return Err(failure);
            }
            Ok(()) => {}
        }
        if trouble.take().is_some() || shown.as_ref() != Some(&snapshot) {
            show(output, &snapshot)?;
            shown = Some(snapshot);
        }
    }
}

fn show(output: Output, snapshot: &Snapshot) -> Result<(), Failure> {
    if output.is_drawn() {
        output::raw(CLEAR)?;
    }
    output::raw(&snapshot.data)?;
    if !snapshot.talk.is_empty() {
        output::talk(snapshot.talk.trim_end());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_takes_what_would_have_been_printed() {
        let (outcome, snapshot) = turn(async {
            output::raw(b"er/2016\n").unwrap();
            output::talk("only the first 1 are shown");
            7
        })
        .await;

        assert_eq!(outcome, 7);
        assert_eq!(snapshot.data, b"er/2016\n");
        assert_eq!(snapshot.talk, "only the first 1 are shown\n");
        assert!(!keeps(b"outside"));
    }
}
