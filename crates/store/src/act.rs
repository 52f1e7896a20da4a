//! An act: who does something, when, and the seed from which all its ids are drawn, so that a
//! closure that runs twice makes the same ids twice.

use std::sync::Arc;
use std::time::Duration;

use bando_domain::event::Cause;
use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

#[derive(Debug, Clone)]
pub struct Act {
    cause: Arc<Cause>,
    seed: [u8; 32],
    limit: Duration,
}

/// How long one run of a closure may take.
const LIMIT: Duration = Duration::from_secs(5);

impl Act {
    /// `seed` must be fresh randomness for every act.
    pub fn new(cause: Cause, seed: [u8; 32]) -> Self {
        Self {
            cause: Arc::new(cause),
            seed,
            limit: LIMIT,
        }
    }

    /// An act of many rows, which may take longer than others.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }

    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// The `number`th id of this act: a version 7 UUID that sorts by time, then by number.
    pub fn id(&self, number: u64) -> Uuid {
        let digest = Sha256::new()
            .chain_update(b"bando id")
            .chain_update(self.seed)
            .chain_update(number.to_be_bytes())
            .finalize();
        let mut random: [u8; 10] = [0; 10];
        random.copy_from_slice(&digest[..10]);
        let [.., high, low] = number.to_be_bytes();
        random[0] = high;
        random[1] = low;
        let millis = u64::try_from(self.cause.at.timestamp_millis()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// Bytes for salts, distinct from every id.
    pub fn salt(&self, number: u64) -> [u8; 16] {
        let digest = Sha256::new()
            .chain_update(b"bando salt")
            .chain_update(self.seed)
            .chain_update(number.to_be_bytes())
            .finalize();
        let mut salt = [0; 16];
        salt.copy_from_slice(&digest[..16]);
        salt
    }
}

#[cfg(test)]
mod tests {
    use bando_domain::actor::Actor;
    use chrono::DateTime;

    use super::*;

    #[test]
    fn ids_of_one_act_repeat_with_the_act_and_sort_by_number() {
        let cause = Cause {
            at: DateTime::UNIX_EPOCH,
            actor: Actor::system(),
            request: None,
        };
        let act = Act::new(cause, [1; 32]);

        let ids: Vec<Uuid> = (0..50).map(|number| act.clone().id(number)).collect();

        assert_eq!(
            ids,
            (0..50).map(|number| act.id(number)).collect::<Vec<_>>()
        );
        assert!(ids.is_sorted());
    }
}
