//! Results that are decided now and published at a later instant, to everybody at once.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Call, Event, Refusal, State, expect_state};
use crate::timer::{TimerKind, TimerWanted};

/// Decided results and the instant they become public at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Results {
    /// The act that awards; letters name it.
    pub act: String,
    pub publish_at: DateTime<Utc>,
    /// As it was stated, in civil time of the call's zone.
    pub publish_text: String,
    /// Instants it was to be published at before, oldest first, with the acts that moved them.
    pub moves: Vec<Move>,
    pub published_at: Option<DateTime<Utc>>,
}

/// An instant of publication that gave way to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    pub act: String,
    pub was: DateTime<Utc>,
}

/// Takes the ranking in force out of force: the call is closed again, and ranked anew.
pub fn annul_ranking(call: &Call) -> Result<Event, Refusal> {
    expect_state(call, State::Ranked)?;
    let ranking = call.ranking.ok_or(Refusal::WrongState {
        required: State::Ranked.as_str(),
        actual: call.state.as_str(),
    })?;
    Ok(Event::RankingAnnulled { ranking })
}

/// Holds the results of a call that is about to be awarded until `publish_at`.
pub fn hold_results(
    call: &Call,
    act: &str,
    (publish_at, publish_text): (DateTime<Utc>, &str),
) -> Result<Event, Refusal> {
    expect_state(call, State::Ranked)?;
    let results = Results {
        act: act.to_owned(),
        publish_at,
        publish_text: publish_text.to_owned(),
        moves: Vec::new(),
        published_at: None,
    };
    Ok(Event::ResultsHeld { results })
}

/// Moves the publication of results that are still held to another instant to come.
pub fn move_results(
    call: &Call,
    act: &str,
    (publish_at, publish_text): (DateTime<Utc>, &str),
    now: DateTime<Utc>,
) -> Result<Event, Refusal> {
    let results = call.results.as_ref().ok_or(Refusal::NoResultsHeld)?;
    if let Some(at) = results.published_at {
        return Err(Refusal::ResultsPublished { at });
    }
    if now >= results.publish_at {
        return Err(Refusal::ResultsPublished {
            at: results.publish_at,
        });
    }
    expect_to_come(publish_at, now)?;
    Ok(Event::ResultsMoved {
        act: act.to_owned(),
        publish_at,
        publish_text: publish_text.to_owned(),
    })
}

/// An instant of publication is still to come when it is stated.
pub fn expect_to_come(publish_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Refusal> {
    if publish_at > now {
        return Ok(());
    }
    Err(Refusal::PublicationPassed {
        proposed: publish_at,
        now,
    })
}

/// Publishes what is held and due; `None` when nothing is.
pub fn publish_results(call: &Call, now: DateTime<Utc>) -> Option<Event> {
    let results = call.results.as_ref()?;
    let is_due = results.published_at.is_none() && now >= results.publish_at;
    is_due.then_some(Event::ResultsPublished { at: now })
}

/// The timer of the publication that waits.
pub fn timer_of_results(call: &Call) -> Option<TimerWanted> {
    let results = call.results.as_ref()?;
    let kind = TimerKind::ResultsPublished;
    // The number of moves keeps an instant that was moved away and back a timer of its own.
    let timer = TimerWanted::new(&call.id, kind, results.publish_at).about(results.moves.len());
    Some(timer)
}

impl Call {
    /// Whether its results are decided and not for anybody outside of the office yet.
    pub fn holds_results(&self) -> bool {
        let waits = |results: &Results| results.published_at.is_none();
        self.results.as_ref().is_some_and(waits)
    }

    /// As it is shown outside of the office until results are published.
    #[must_use]
    pub fn before_results(self) -> Self {
        if !self.holds_results() {
            return self;
        }
        Self {
            state: State::Ranked,
            results: None,
            ..self
        }
    }
}

pub(super) fn applied(mut call: Call, event: &Event) -> Call {
    match event {
        Event::RankingAnnulled { .. } => {
            call.state = State::Closed;
            call.ranking = None;
        }
        Event::ResultsHeld { results } => call.results = Some(results.clone()),
        Event::ResultsMoved {
            act,
            publish_at,
            publish_text,
        } => {
            if let Some(results) = &mut call.results {
                results.moves.push(Move {
                    act: act.clone(),
                    was: std::mem::replace(&mut results.publish_at, *publish_at),
                });
                results.publish_text.clone_from(publish_text);
            }
        }
        Event::ResultsPublished { at } => {
            if let Some(results) = &mut call.results {
                results.published_at = Some(*at);
            }
        }
        Event::Loaded { .. }
        | Event::Published
        | Event::Opened
        | Event::Extended { .. }
        | Event::Exhausted { .. }
        | Event::Suspended { .. }
        | Event::Resumed { .. }
        | Event::RulesChanged { .. }
        | Event::Closed
        | Event::Ranked { .. }
        | Event::Awarded
        | Event::Cancelled { .. }
        | Event::AssignmentsDrawn { .. } => {}
    }
    call
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::call::apply;
    use crate::call::tests::call;
    use crate::ids::RankingId;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(100) + TimeDelta::minutes(minutes)
    }

    fn held() -> Call {
        let ranked = Call {
            state: State::Ranked,
            ranking: Some(RankingId(uuid::Uuid::nil())),
            ..call()
        };
        let event = hold_results(&ranked, "DD 1", (at(60), "later")).unwrap();
        let held = apply(Some(ranked), &event).unwrap();
        apply(Some(held), &Event::Awarded).unwrap()
    }

    #[test]
    fn held_results_look_undecided_until_they_are_published() {
        let before = held();
        assert_eq!(before.clone().before_results().state, State::Ranked);
        assert_eq!(
            publish_results(&before, at(60) - TimeDelta::microseconds(1)),
            None
        );

        let event = publish_results(&before, at(60)).unwrap();
        let after = apply(Some(before), &event).unwrap();

        assert_eq!(after.clone().before_results(), after);
        assert_eq!(publish_results(&after, at(61)), None);
    }

    #[test]
    fn a_publication_moved_away_and_back_has_a_timer_of_its_own() {
        let before = held();
        let moved = |call: &Call, minutes| {
            let event = move_results(call, "DD 2", (at(minutes), "moved"), at(0)).unwrap();
            apply(Some(call.clone()), &event).unwrap()
        };

        let back = moved(&moved(&before, 90), 60);

        let (first, last) = (timer_of_results(&before), timer_of_results(&back));
        assert_eq!(
            first.clone().unwrap().nominal_at,
            last.clone().unwrap().nominal_at
        );
        assert_ne!(first, last);
        assert_eq!(back.results.unwrap().moves.len(), 2);
    }

    #[test]
    fn a_publication_is_moved_to_come_and_before_it_happened() {
        let before = held();
        let refused = |to, now| {
            move_results(&before, "DD 2", (at(to), ""), at(now))
                .unwrap_err()
                .reason()
        };

        assert_eq!(refused(10, 10), "PUBLICATION_PASSED");
        assert_eq!(refused(90, 60), "RESULTS_PUBLISHED");
        assert_eq!(
            move_results(&call(), "DD 2", (at(90), ""), at(0)).unwrap_err(),
            Refusal::NoResultsHeld
        );
    }

    #[test]
    fn a_ranking_is_annulled_only_before_the_award() {
        let ranked = Call {
            state: State::Ranked,
            ranking: Some(RankingId(uuid::Uuid::nil())),
            ..call()
        };

        let event = annul_ranking(&ranked).unwrap();
        let after = apply(Some(ranked), &event).unwrap();

        assert_eq!((after.state, after.ranking), (State::Closed, None));
        assert_eq!(annul_ranking(&held()).unwrap_err().reason(), "CALL_STATE");
    }
}
