//! What every use case is given: the store, the clock, the signer; and the command at hand.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bando_domain::actor::Actor;
use bando_domain::event::{Cause, SubjectKind};
use bando_domain::receipt::{self, Signed, Statement};
use bando_domain::schedule::Plan;
use bando_store::requests::{self, Answered, RequestKey};
use bando_store::{Act, Aggregate, Store, Tx, Versioned, Work};
use chrono::{DateTime, Utc};
use ed25519_dalek::{SigningKey, VerifyingKey};
use hmac::{Hmac, Mac as _};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;

use crate::clock::Clock;
use crate::documents::{Blobs, Scanner};
use crate::entropy::{self, Entropy};
use crate::error::{Change, Error};

/// How often a use case is run again when somebody else changed what it had read.
/// As many as there are parts of a draft that its members may edit at once.
const RUNS: u32 = 12;
/// How long an act of thousands of rows may take: under the server's deadline.
pub(crate) const MANY_LIMIT: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
pub struct Context {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub signer: Arc<Signer>,
    /// Where the bytes of documents lie.
    pub blobs: Blobs,
    /// Without one, documents are shown as not scanned.
    pub scanner: Option<Scanner>,
    /// The schedules that every programme has.
    pub plans: Arc<[Plan]>,
    /// Where ids come from.
    pub entropy: Entropy,
}

/// One request: who asks, when it was received, and how it is recognised if it comes again.
#[derive(Debug, Clone)]
pub struct Command {
    pub actor: Actor,
    /// Taken when the request reached the server, before any queue.
    pub received_at: DateTime<Utc>,
    pub request: Option<RequestKey>,
    /// Run everything, commit nothing.
    pub validate_only: bool,
}

impl Command {
    /// Time's own command.
    pub fn of_time(now: DateTime<Utc>) -> Self {
        Self {
            actor: Actor::system(),
            received_at: now,
            request: None,
            validate_only: false,
        }
    }
}

/// The key that signs receipts, and what is derived from it.
pub struct Signer {
    key: SigningKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signer({})", self.key_id())
    }
}

impl Signer {
    pub fn new(secret: &[u8; 32]) -> Self {
        Self {
            key: SigningKey::from_bytes(secret),
        }
    }

    pub fn key_id(&self) -> String {
        receipt::key_id(&self.public())
    }

    pub(crate) const fn key(&self) -> &SigningKey {
        &self.key
    }

    pub fn public(&self) -> VerifyingKey {
        self.key.verifying_key()
    }

    pub fn sign(&self, statement: Statement) -> Result<Signed, Error> {
        Ok(receipt::sign(&self.key, statement)?)
    }

    /// A keyed code over `text`, such as for page tokens; one purpose never fits another.
    pub fn code(&self, purpose: &str, text: &str) -> [u8; 32] {
        let seed = Hmac::<Sha256>::new_from_slice(self.key.as_bytes());
        let Ok(mut mac) = seed else {
            unreachable!("HMAC takes keys of any length")
        };
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl Context {
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub fn act(&self, command: &Command) -> Act {
        let cause = Cause {
            at: command.received_at,
            actor: command.actor.clone(),
            request: command.request.as_ref().map(|key| key.id),
        };
        Act::new(cause, self.entropy.seed_of_act())
    }

    /// An act of upkeep that leaves no id behind: whenever it runs, it takes nothing from the seeds
    /// of a rehearsal.
    pub fn upkeep(&self) -> Act {
        let cause = Cause {
            at: self.now(),
            actor: Actor::system(),
            request: None,
        };
        Act::new(cause, entropy::seed())
    }

    /// Answers a repeated request as it was answered before; otherwise runs `body`, again when
    /// what it had read changed under it.
    pub(crate) async fn once<T, R>(
        &self,
        command: &Command,
        mut body: impl FnMut() -> R + Send,
    ) -> Result<T, Error>
    where
        T: DeserializeOwned,
        R: Future<Output = Result<T, Error>> + Send,
    {
        let mut run = 1;
        loop {
            if let Some(answer) = self.answered(command).await? {
                return Ok(answer);
            }
            match body().await {
                Err(error) if may_run_again(command, &error) && run < RUNS => run += 1,
                outcome => return outcome,
            }
        }
    }

    pub(crate) async fn answered<T: DeserializeOwned>(
        &self,
        command: &Command,
    ) -> Result<Option<T>, Error> {
        let Some(key) = &command.request else {
            return Ok(None);
        };
        match requests::find(self.store.read(), key).await? {
            None => Ok(None),
            Some(Answered::Same(answer)) => Ok(Some(answer)),
            Some(Answered::Other) => Err(request_id_reused(key)),
        }
    }

    /// Runs `work` in a transaction that also keeps its answer under the request's id; with
    /// `validate_only` nothing is committed.
    pub(crate) fn commit<T, F>(
        &self,
        command: &Command,
        work: F,
    ) -> impl Future<Output = Result<T, Error>> + Send
    where
        F: for<'t> Work<'t, T, Error> + Clone + Send + 'static,
        T: Serialize + Send + 'static,
    {
        self.commit_as(self.act(command), command, work)
    }

    /// As `commit`, for an act of thousands of rows.
    pub(crate) fn commit_many<T, F>(
        &self,
        command: &Command,
        work: F,
    ) -> impl Future<Output = Result<T, Error>> + Send
    where
        F: for<'t> Work<'t, T, Error> + Clone + Send + 'static,
        T: Serialize + Send + 'static,
    {
        let act = self.act(command).within(MANY_LIMIT);
        self.commit_as(act, command, work)
    }

    async fn commit_as<T, F>(&self, act: Act, command: &Command, work: F) -> Result<T, Error>
    where
        F: for<'t> Work<'t, T, Error> + Clone + Send + 'static,
        T: Serialize + Send + 'static,
    {
        if command.validate_only {
            return self.store.rehearse(act, work).await;
        }
        let Some(key) = command.request.clone() else {
            return self.store.write(act, work).await;
        };
        self.store.write(act, Kept { key, work }.into_work()).await
    }

    /// Checks the etag a client saw against the version that is there.
    ///
    /// # Errors
    /// `Invalid ETAG_REQUIRED` when absent or malformed; `Stale` with what came between.
    pub(crate) async fn expect_etag<A: Aggregate>(
        &self,
        known: &Versioned<A>,
        etag: &str,
    ) -> Result<(), Error> {
        let seen = etag_version(etag)?;
        if seen == known.version {
            return Ok(());
        }
        let subject = known.value.about().subject;
        Err(self.stale(A::KIND, subject, seen).await?)
    }

    pub(crate) async fn stale(
        &self,
        kind: SubjectKind,
        subject: String,
        seen: i64,
    ) -> Result<Error, Error> {
        let changes = bando_store::events::since(self.store.read(), kind, &subject, seen).await?;
        let changes = changes.into_iter().map(Change::from).collect();
        Ok(Error::Stale {
            subject: format!("{} {subject}", kind.as_str()),
            changes,
        })
    }
}

/// A write together with the request it answers.
#[derive(Clone)]
struct Kept<F> {
    key: RequestKey,
    work: F,
}

impl<F> Kept<F> {
    fn into_work<T>(self) -> impl for<'t> Work<'t, T, Error> + Clone + Send + 'static
    where
        F: for<'t> Work<'t, T, Error> + Clone + Send + 'static,
        T: Serialize + Send + 'static,
    {
        async move |tx: &Tx| {
            let answer = (self.work)(tx).await?;
            requests::keep(tx, &self.key, &answer).await?;
            Ok(answer)
        }
    }
}

/// A version as clients see it.
pub(crate) fn etag_version(etag: &str) -> Result<i64, Error> {
    let required = |explanation: &str| Error::Invalid {
        reason: "ETAG_REQUIRED",
        violations: vec![bando_domain::project::Violation::new(
            "etag",
            "ETAG_REQUIRED",
            explanation,
        )],
    };
    if etag.is_empty() {
        return Err(required(
            "the etag of the resource as it was looked at is required",
        ));
    }
    etag.parse()
        .map_err(|_| required("this is no etag of ours"))
}

fn may_run_again(command: &Command, error: &Error) -> bool {
    let Error::Store(inner) = error else {
        return false;
    };
    let same_request_meanwhile =
        command.request.is_some() && inner.kind == bando_store::Kind::AlreadyExists;
    inner.kind == bando_store::Kind::Stale || same_request_meanwhile
}

fn request_id_reused(key: &RequestKey) -> Error {
    Error::Invalid {
        reason: "REQUEST_ID_REUSED",
        violations: vec![bando_domain::project::Violation::new(
            "request_id",
            "REQUEST_ID_REUSED",
            format!("{} was used before for another method or content", key.id),
        )],
    }
}
