//! The only home of randomness: the operating system's, and for rehearsals a seed's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

/// Where the seeds of acts come from, and with them every id.
#[derive(Debug, Clone, Default)]
pub enum Entropy {
    #[default]
    System,
    /// The same ids again for the same acts in the same order. Secrets never come from here.
    Rehearsed(Arc<Rehearsed>),
}

/// A stream of seeds that is the same for the same number.
#[derive(Debug)]
pub struct Rehearsed {
    seed: u64,
    drawn: AtomicU64,
}

impl Entropy {
    pub fn rehearsed(seed: u64) -> Self {
        Self::Rehearsed(Arc::new(Rehearsed {
            seed,
            drawn: AtomicU64::new(0),
        }))
    }

    /// 32 bytes for an act, never the same twice in one installation.
    pub(crate) fn seed_of_act(&self) -> [u8; 32] {
        match self {
            Self::System => seed(),
            Self::Rehearsed(stream) => stream.next(),
        }
    }
}

impl Rehearsed {
    fn next(&self) -> [u8; 32] {
        let number = self.drawn.fetch_add(1, Ordering::SeqCst);
        Sha256::new()
            .chain_update(b"bando rehearsal")
            .chain_update(self.seed.to_be_bytes())
            .chain_update(number.to_be_bytes())
            .finalize()
            .into()
    }
}

/// 32 fresh random bytes.
///
/// # Panics
/// When the operating system has no randomness to give: nothing here could be trusted then.
#[expect(
    clippy::expect_used,
    reason = "without randomness no id or secret can be made"
)]
pub fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).expect("the operating system gives randomness");
    seed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rehearsal_draws_the_same_seeds_again_and_none_twice() {
        let draw = |number| {
            let entropy = Entropy::rehearsed(number);
            [(); 3].map(|()| entropy.seed_of_act())
        };

        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1)[0], draw(1)[1]);
        assert_ne!(draw(1)[0], draw(2)[0]);
    }

    #[test]
    fn the_system_never_draws_the_same() {
        assert_ne!(Entropy::System.seed_of_act(), Entropy::System.seed_of_act());
    }
}
