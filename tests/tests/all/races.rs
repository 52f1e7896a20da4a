//! Two who want the same last money at once: a thousand seeds of each race, on both databases.
//! A seed says who wants what and how they interleave; `BANDO_SEED=7` tries that one alone, and
//! `BANDO_RACES=20000` more of them.

mod awards;
mod first_come;

use std::sync::Arc;

use bando_domain::actor::{Actor, Role};
use bando_domain::consortium;
use bando_domain::ids::{CallId, ConsortiumId};
use bando_store::Consequences;
use bando_tests::seed::{Dice, from_environment};
use bando_workflow::clock::SimulatedClock;
use bando_workflow::documents::Blobs;
use bando_workflow::entropy::Entropy;
use bando_workflow::{Command, Context, Signer};
use futures::StreamExt as _;
use tempfile::TempDir;

use crate::store_contract::fixture::{Backend, Bed, consortium, now};

/// Races beside each other; each has a call of its own.
const LANES: usize = 4;

/// What every race of one database stands on.
#[derive(Clone)]
struct Track {
    bed: Bed,
    cx: Context,
    consortia: Vec<ConsortiumId>,
}

impl Track {
    async fn lay(backend: Backend, folder: &TempDir, consortia: u32) -> Self {
        let bed = Bed::make(backend, folder).await.unwrap();
        let cx = Context {
            store: bed.store.clone(),
            clock: Arc::new(SimulatedClock::starting_at(now())),
            signer: Arc::new(Signer::new(&[7; 32])),
            blobs: Blobs::open(folder.path().join("blobs")).unwrap(),
            scanner: None,
            plans: [].into(),
            entropy: Entropy::System,
        };
        let mut registered = Vec::new();
        for number in 1..=consortia {
            // Far from the numbers of the bed's own consortium.
            let consortium = consortium(bed.programme.clone(), 100 + number);
            registered.push(consortium.id);
            let event = consortium::Event::Registered {
                consortium: Box::new(consortium),
            };
            bed.put::<consortium::Consortium>(None, event)
                .await
                .unwrap();
        }
        Self {
            bed,
            cx,
            consortia: registered,
        }
    }

    /// A call of its own for every seed.
    fn call_id(&self, seed: u64) -> CallId {
        format!("{}/race-{seed}", self.bed.programme)
            .parse()
            .unwrap()
    }

    /// What the schema counts as awarded.
    async fn awarded(&self, call: &CallId) -> i64 {
        let sql = format!("SELECT awarded_cents FROM calls WHERE id = '{call}'");
        self.bed.number(&sql).await
    }

    async fn expect_chain(&self) {
        self.bed.sequence().await;
        let report = bando_store::events::verify(self.bed.store.read())
            .await
            .unwrap();
        assert_eq!(report.finding, None);
    }
}

fn person(name: &str, role: Role, consortium: Option<ConsortiumId>) -> Command {
    Command {
        actor: Actor {
            person: name.to_owned(),
            roles: vec![role],
            programme: None,
            consortium,
        },
        received_at: now(),
        request: None,
        validate_only: false,
    }
}

/// Lets others go first, as often as the seed says.
async fn after<T>(turns: u64, racing: impl Future<Output = T>) -> T {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
    racing.await
}

/// Runs two acts at once, each a few turns late.
async fn at_once<A, B>(
    dice: &mut Dice,
    one: impl Future<Output = A> + Send + 'static,
    other: impl Future<Output = B> + Send + 'static,
) -> (A, B)
where
    A: Send + 'static,
    B: Send + 'static,
{
    let (first, second) = (dice.below(12), dice.below(12));
    let one = tokio::spawn(after(first, one));
    let other = tokio::spawn(after(second, other));
    (one.await.unwrap(), other.await.unwrap())
}

/// Runs `race` for every seed, some of them beside each other; a failure names the seed that
/// repeats it.
async fn every_seed<F, R>(race: F)
where
    F: Fn(u64) -> R,
    R: Future<Output = ()> + Send + 'static,
{
    let count = from_environment("BANDO_RACES").unwrap_or(1_000);
    let seeds = match from_environment("BANDO_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..count,
    };
    futures::stream::iter(seeds)
        .map(|seed| (seed, tokio::spawn(race(seed))))
        .map(async |(seed, running)| (seed, running.await))
        .buffer_unordered(LANES)
        .for_each(async |(seed, ran)| {
            assert!(ran.is_ok(), "repeat this with BANDO_SEED={seed}");
        })
        .await;
}

fn no_consequences() -> Consequences {
    Consequences::default()
}
