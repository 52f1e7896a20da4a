//! The postman: claims queued letters, writes them once, marks them `sending` before the relay is
//! spoken to and `sent` only after its 250.

use std::sync::Arc;

use bando_domain::application::State as ApplicationState;
use bando_domain::letter::{Facts, Letter};
use bando_store::letters::{self, Attempt, Frozen};
use bando_store::{Kind, Tx, applications, calls, clarifications, programmes, redirections};
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt as _;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::context::{Command, Context};
use crate::entropy;
use crate::error::Error;
use crate::letters::{CallHeading, Headers, RenderContext, mime, render};
use crate::mailer::{Mailer, Outcome, Parcel};

/// Letters claimed at a time.
const CLAIM: u64 = 50;
/// Letters on their way at a time.
const AT_ONCE: usize = 8;
/// After so many attempts a letter has failed; with the waits below that is about three days.
const MOST_ATTEMPTS: i32 = 24;
const FIRST_WAIT: TimeDelta = TimeDelta::seconds(30);
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(4);

/// A letter with what an attempt came to.
type Tried = (Letter, Attempt);

#[derive(Debug)]
pub struct Postman {
    cx: Context,
    mailer: Arc<dyn Mailer>,
    /// One round at a time, so that "nothing is left" means it; with what earlier rounds learnt
    /// and the database did not take.
    round: Mutex<Vec<Tried>>,
}

impl Postman {
    pub fn new(cx: Context, mailer: Arc<dyn Mailer>) -> Self {
        Self {
            cx,
            mailer,
            round: Mutex::default(),
        }
    }

    /// Delivers everything that is due, until nothing is; answers how many letters it took up.
    /// Told to stop, it takes up no further letter.
    pub async fn deliver_due(&self, stop: &CancellationToken) -> Result<u64, Error> {
        let mut unwritten = self.round.lock().await;
        for tried in std::mem::take(&mut *unwritten) {
            unwritten.extend(self.write_down(tried).await);
        }
        let mut taken = 0;
        while !stop.is_cancelled() && letters::any_due(self.cx.store.read(), self.cx.now()).await? {
            let act = self.cx.act(&Command::of_time(self.cx.now()));
            let claimed = self
                .cx
                .store
                .write(act, async move |tx: &Tx| {
                    letters::sweep(tx).await?;
                    Ok::<_, Error>(letters::claim(tx, CLAIM).await?)
                })
                .await?;
            if claimed.is_empty() {
                break;
            }
            taken += u64::try_from(claimed.len()).unwrap_or(u64::MAX);
            let tried: Vec<Option<Tried>> = futures::stream::iter(claimed)
                .map(|(letter, frozen)| self.attempt(letter, frozen))
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            unwritten.extend(tried.into_iter().flatten());
        }
        Ok(taken)
    }

    /// One bad letter never holds up another: its trouble is written on it and in the log.
    async fn attempt(&self, letter: Letter, frozen: Option<Frozen>) -> Option<Tried> {
        let outcome = match self.deliver(&letter, frozen).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(letter = %letter.id, %error, "the letter could not be delivered");
                Some(self.again(&letter, error.to_string()))
            }
        };
        self.write_down((letter, outcome?)).await
    }

    /// Writes what an attempt came to; answers it when the database is down or full. What the
    /// relay said is kept then, so that a letter it took does not end as uncertain.
    async fn write_down(&self, tried: Tried) -> Option<Tried> {
        let (letter, attempt) = tried.clone();
        let (id, act) = (letter.id, self.cx.act(&Command::of_time(self.cx.now())));
        let written = self
            .cx
            .store
            .write(act, async move |tx: &Tx| {
                Ok::<_, Error>(letters::finish(tx, &letter, &attempt).await?)
            })
            .await;
        match written {
            Ok(true) => None,
            Ok(false) => {
                tracing::warn!(letter = %id, "lease lost, the result is dropped");
                None
            }
            Err(Error::Store(error))
                if matches!(error.kind, Kind::Unavailable | Kind::Exhausted) =>
            {
                tracing::warn!(letter = %id, %error, "the result is written later");
                Some(tried)
            }
            Err(error) => {
                tracing::error!(letter = %id, %error, "the result is not written");
                None
            }
        }
    }

    /// `None` when another postman has the letter.
    async fn deliver(
        &self,
        letter: &Letter,
        frozen: Option<Frozen>,
    ) -> Result<Option<Attempt>, Error> {
        let now = self.cx.now();
        if letter.wanted.not_after.is_some_and(|last| now > last) {
            return Ok(Some(Attempt::Expired));
        }
        if self.done_meanwhile(letter).await? {
            return Ok(Some(Attempt::Cancelled));
        }
        if self.goes_nowhere(letter).await? {
            let answer = "a letter to this address bounced: correct the address".to_owned();
            return Ok(Some(Attempt::Held { answer }));
        }
        let programme = programmes::get(self.cx.store.read(), &letter.wanted.programme).await?;
        let frozen = match frozen {
            Some(frozen) => frozen,
            None => self.freeze(letter, &programme.value, now).await?,
        };
        if let Err(answer) = self.mailer.ready().await {
            return Ok(Some(self.again(letter, answer)));
        }
        if !self.mark_sending(letter, &frozen).await? {
            return Ok(None);
        }
        let parcel = Parcel {
            name: letter.id.to_string(),
            from: programme.value.sender.as_str().to_owned(),
            to: letter.wanted.recipient.address.reveal().to_owned(),
            frozen,
        };
        Ok(match self.mailer.send(parcel).await {
            Outcome::Taken(answer) => Some(Attempt::Sent { answer }),
            Outcome::NotNow(answer) => Some(self.again(letter, answer)),
            Outcome::Never(answer) => Some(Attempt::Failed { answer }),
            Outcome::Unknown(answer) => Some(Attempt::Uncertain { answer }),
        })
    }

    async fn mark_sending(&self, letter: &Letter, frozen: &Frozen) -> Result<bool, Error> {
        let (letter, frozen) = (letter.clone(), frozen.clone());
        let act = self.cx.act(&Command::of_time(self.cx.now()));
        self.cx
            .store
            .write(act, async move |tx: &Tx| {
                Ok(letters::sending(tx, &letter, &frozen).await?)
            })
            .await
    }

    /// Whether the mailbox is known to be bad.
    async fn goes_nowhere(&self, letter: &Letter) -> Result<bool, Error> {
        let recipient = &letter.wanted.recipient;
        let Some(consortium) = recipient.consortium else {
            return Ok(false);
        };
        let reader = self.cx.store.read();
        Ok(redirections::is_known_bad(reader, consortium, &recipient.address).await?)
    }

    /// A reminder is looked at again at send time: the duty may be done.
    async fn done_meanwhile(&self, letter: &Letter) -> Result<bool, Error> {
        if let Facts::ClarificationDue { asked, .. } = &letter.wanted.facts {
            let found = clarifications::get(self.cx.store.read(), asked.clarification).await?;
            return Ok(!found.value.state.is_open());
        }
        let (Facts::DraftReminder { .. }, Some(id)) =
            (&letter.wanted.facts, letter.wanted.application)
        else {
            return Ok(false);
        };
        let found = applications::get(self.cx.store.read(), id).await?;
        Ok(found.value.state != ApplicationState::Draft)
    }

    /// Writes the letter once; these bytes are what every attempt sends.
    async fn freeze(
        &self,
        letter: &Letter,
        programme: &bando_domain::programme::Programme,
        now: DateTime<Utc>,
    ) -> Result<Frozen, Error> {
        let call = match &letter.wanted.call {
            None => None,
            Some(id) => {
                let call = calls::get(self.cx.store.read(), id).await?.value;
                Some(CallHeading {
                    id: call.id,
                    title: call.terms.title,
                    zone: call.terms.window.zone,
                    act: call.terms.act,
                })
            }
        };
        let domain = programme
            .sender
            .as_str()
            .rsplit('@')
            .next()
            .unwrap_or("localhost");
        let thread = letter
            .wanted
            .application
            .map(|id| format!("<application.{id}@{domain}>"));
        let headers = Headers {
            message_id: format!("<{}@{domain}>", letter.message_id),
            date: now,
            programme,
            thread_root: thread,
        };
        let rendered = render(&letter.wanted, &RenderContext { programme, call })
            .map_err(bando_store::Error::internal)?;
        let message =
            mime(&letter.wanted, &rendered, &headers).map_err(bando_store::Error::internal)?;
        Ok(Frozen {
            subject: rendered.subject,
            message,
        })
    }

    /// Again later, with full jitter; failed once it was tried often enough.
    fn again(&self, letter: &Letter, answer: String) -> Attempt {
        if letter.attempts >= MOST_ATTEMPTS {
            return Attempt::Failed { answer };
        }
        let next_at = self.cx.now() + wait(letter.attempts);
        Attempt::Again { answer, next_at }
    }
}

/// Between half and the whole of 30 s · 2ⁿ, at most four hours, in whole milliseconds: instants
/// finer than a microsecond are in no clock of ours.
pub(crate) fn wait(attempts: i32) -> TimeDelta {
    let doublings = u32::try_from(attempts.saturating_sub(1))
        .unwrap_or(0)
        .min(16);
    let longest = (FIRST_WAIT * 2_i32.pow(doublings))
        .min(LONGEST_WAIT)
        .num_milliseconds();
    let [byte, ..] = entropy::seed();
    TimeDelta::milliseconds(longest / 2 + longest * i64::from(byte) / 512)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_four_hours_and_are_whole_milliseconds() {
        for attempts in 1..40 {
            let wait = wait(attempts);
            assert!(
                wait >= FIRST_WAIT / 2 && wait <= LONGEST_WAIT,
                "{attempts}: {wait}"
            );
            assert_eq!(wait.subsec_nanos() % 1_000_000, 0);
        }
    }
}
