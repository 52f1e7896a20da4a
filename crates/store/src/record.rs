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
    let id = consequences.event.unwrap_or_else(|| EventId(tx.new_id()));
    let about = value.about();
    let payload = serde_json::to_value(event)?;
    let entry = chain::Entry {
        id,
        kind: A::event_kind(event),
        subject_kind: A::KIND,
        version,
    };
    chain::append(tx, entry, &about, payload).await?;
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
