//! The only writer of aggregates: checks the version they were loaded at, writes the row, appends
//! the event, queues letters under their keys and sets timers, all in the transaction at hand.

use std::future::Future;

use bando_domain::event::SubjectKind;
use bando_domain::ids::{CallId, ConsortiumId, EventId, ProgrammeId};
use bando_domain::letter::LetterWanted;
use bando_domain::timer::{TimerWanted, TimersCancelled};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::door::Tx;
use crate::error::Error;
use crate::{chain, letters, timers};

/// An aggregate with the version it was loaded at, from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Versioned<A> {
    pub version: i64,
    pub value: A,
}

/// What an event is about, for finding and for showing it.
#[derive(Debug, Clone)]
pub struct About {
    pub subject: String,
    pub programme: Option<ProgrammeId>,
    pub call: Option<CallId>,
    pub consortium: Option<ConsortiumId>,
}

/// What an event causes beside the row.
#[derive(Debug, Clone, Default)]
pub struct Consequences {
    /// Id of the event, when it had to be known before (a receipt signs it).
    pub event: Option<EventId>,
    pub letters: Vec<LetterWanted>,
    /// Waiting timers that give way before `timers` are set.
    pub cancelled: Vec<TimersCancelled>,
    pub timers: Vec<TimerWanted>,
}

impl Consequences {
    pub fn letters(letters: Vec<LetterWanted>) -> Self {
        Self {
            letters,
            ..Self::default()
        }
    }
}

/// One of the changes that `record_all` makes together.
#[derive(Debug, Clone)]
pub struct Change<A: Aggregate> {
    pub before: Versioned<A>,
    pub event: A::Event,
    pub consequences: Consequences,
}

/// An aggregate as it was, as it is and the version that makes.
#[derive(Debug)]
pub struct Changed<A> {
    pub before: A,
    pub after: A,
    pub version: i64,
}

/// Something whose state is a row and whose history is events.
pub trait Aggregate: Clone + Send + Sync + Sized {
    type Event: Serialize + DeserializeOwned + Send + Sync;
    const KIND: SubjectKind;

    fn about(&self) -> About;
    fn event_kind(event: &Self::Event) -> &'static str;
    /// The state after `event`; `None` when the event cannot come first.
    fn apply(before: Option<Self>, event: &Self::Event) -> Option<Self>;
    /// Writes the rows: inserts at version 1, else updates where the version is still the one
    /// before, and answers `Stale` when it is not.
    fn save(
        &self,
        tx: &Tx,
        before: Option<&Self>,
        version: i64,
    ) -> impl Future<Output = Result<(), Error>> + Send;
    /// Writes the rows of many that were there before; where many change at one instant, in a
    /// statement for all of them.
    fn save_all(tx: &Tx, all: &[Changed<Self>]) -> impl Future<Output = Result<(), Error>> + Send {
        async move {
            for changed in all {
                let before = Some(&changed.before);
                changed.after.save(tx, before, changed.version).await?;
            }
            Ok(())
        }
    }
}

/// Applies `event` to `before` and commits everything it means with the transaction.
///
/// # Errors
/// `Stale` when the row changed since `before` was read; `AlreadyExists` when a new one is not.
pub async fn record<A: Aggregate>(
    tx: &Tx,
    before: Option<Versioned<A>>,
    event: &A::Event,
    consequences: Consequences,
) -> Result<Versioned<A>, Error> {
    let version = before.as_ref().map_or(1, |known| known.version + 1);
    let before = before.map(|known| known.value);
    let Some(value) = A::apply(before.clone(), event) else {
        return Err(Error::internal(format!(
            "{} cannot begin with {}",
            A::KIND.as_str(),
            A::event_kind(event)
        )));
    };
    value.save(tx, before.as_ref(), version).await?;
    let entry = entry::<A>(tx, event, &consequences, version);
    chain::append(tx, entry, &value.about(), serde_json::to_value(event)?).await?;
    for letter in &consequences.letters {
        letters::queue(tx, letter).await?;
    }
    for cancelled in &consequences.cancelled {
        timers::cancel(tx, cancelled).await?;
    }
    for timer in &consequences.timers {
        timers::set(tx, timer).await?;
    }
    Ok(Versioned { version, value })
}

/// The same for many aggregates of one kind that were there before, with a statement for all rows
/// of a table instead of one for each.
///
/// # Errors
/// `Stale` when one of them changed since it was read: nothing of all this stands then.
pub async fn record_all<A: Aggregate>(tx: &Tx, changes: Vec<Change<A>>) -> Result<(), Error> {
    if changes.is_empty() {
        return Ok(());
    }
    let (mut all, mut events) = (Vec::new(), Vec::new());
    let mut caused = Consequences::default();
    for change in changes {
        let (before, version) = (change.before.value, change.before.version + 1);
        let (event, consequences) = (change.event, change.consequences);
        let Some(after) = A::apply(Some(before.clone()), &event) else {
            let kind = A::event_kind(&event);
            let message = format!("{} does not go on with {kind}", A::KIND.as_str());
            return Err(Error::internal(message));
        };
        let entry = entry::<A>(tx, &event, &consequences, version);
        events.push((entry, after.about(), serde_json::to_value(&event)?));
        caused.letters.extend(consequences.letters);
        caused.cancelled.extend(consequences.cancelled);
        caused.timers.extend(consequences.timers);
        all.push(Changed {
            before,
            after,
            version,
        });
    }
    A::save_all(tx, &all).await?;
    chain::append_all(tx, events).await?;
    letters::queue_all(tx, &caused.letters).await?;
    for cancelled in &caused.cancelled {
        timers::cancel(tx, cancelled).await?;
    }
    for timer in &caused.timers {
        timers::set(tx, timer).await?;
    }
    Ok(())
}

fn entry<A: Aggregate>(
    tx: &Tx,
    event: &A::Event,
    consequences: &Consequences,
    version: i64,
) -> chain::Entry {
    chain::Entry {
        id: consequences.event.unwrap_or_else(|| EventId(tx.new_id())),
        kind: A::event_kind(event),
        subject_kind: A::KIND,
        version,
    }
}
