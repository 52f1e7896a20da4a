//! The postman: claims queued letters, writes them once, marks them `sending` before the relay is
//! spoken to and `sent` only after its 250.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use bando_domain::application::State as ApplicationState;
use bando_domain::ids::{CallId, ProgrammeId};
use bando_domain::letter::{Facts, Letter};
use bando_domain::programme::Programme;
use bando_store::letters::{self, Attempt, Frozen};
use bando_store::{Kind, Tx, applications, calls, clarifications, programmes, redirections};
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt as _;
use tokio::sync::Mutex;

use crate::context::{Command, Context};
use crate::entropy;
use crate::error::Error;
use crate::letters::{CallHeading, Headers, RenderContext, mime, render};
use crate::mailer::{Mailer, Outcome, Parcel};
use crate::reminders::{self, Current};

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

/// Whose letters they are, and which calls they speak of.
#[derive(Debug, Default)]
struct Senders {
    programmes: HashMap<ProgrammeId, Programme>,
    calls: HashMap<CallId, CallHeading>,
}

impl Senders {
    fn programme(&self, letter: &Letter) -> Result<&Programme, Error> {
        let id = &letter.wanted.programme;
        let found = self.programmes.get(id);
        found.ok_or_else(|| Error::NotFound(format!("programme {id}")))
    }

    fn call(&self, letter: &Letter) -> Result<Option<CallHeading>, Error> {
        let Some(id) = &letter.wanted.call else {
            return Ok(None);
        };
        let found = self.calls.get(id).cloned();
        found
            .map(Some)
            .ok_or_else(|| Error::NotFound(format!("call {id}")))
    }
}

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
    pub async fn deliver_due(&self) -> Result<u64, Error> {
        let mut taken = 0;
        loop {
            match self.deliver_some().await? {
                0 => return Ok(taken),
                more => taken += more,
            }
        }
    }

    /// Delivers the letters that are due, fifty at most; answers how many it took up.
    pub async fn deliver_some(&self) -> Result<u64, Error> {
        let mut unwritten = self.round.lock().await;
        for tried in std::mem::take(&mut *unwritten) {
            unwritten.extend(self.write_down(tried).await);
        }
        if !letters::any_due(self.cx.store.read(), self.cx.now()).await? {
            return Ok(0);
        }
        let act = self.cx.act(&Command::of_time(self.cx.now()));
        let claimed = self
            .cx
            .store
            .write(act, async move |tx: &Tx| {
                letters::sweep(tx).await?;
                Ok::<_, Error>(letters::claim(tx, CLAIM).await?)
            })
            .await?;
        let taken = u64::try_from(claimed.len()).unwrap_or(u64::MAX);
        let senders = self.senders(claimed.iter().map(|(letter, _)| letter)).await;
        let tried: Vec<Option<Tried>> = futures::stream::iter(claimed)
            .map(|(letter, frozen)| self.attempt(letter, frozen, &senders))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        unwritten.extend(tried.into_iter().flatten());
        Ok(taken)
    }

    /// What stands at the head of these letters, read once for all of them. What cannot be read is
    /// missed by the letters that need it, and by no other.
    async fn senders<'l>(&self, letters: impl Iterator<Item = &'l Letter>) -> Senders {
        let (db, mut senders) = (self.cx.store.read(), Senders::default());
        for wanted in letters.map(|letter| &letter.wanted) {
            if !senders.programmes.contains_key(&wanted.programme)
                && let Ok(found) = programmes::get(db, &wanted.programme).await
            {
                let id = wanted.programme.clone();
                senders.programmes.insert(id, found.value);
            }
            if let Some(id) = &wanted.call
                && !senders.calls.contains_key(id)
                && let Ok(found) = calls::get(db, id).await
            {
                let terms = found.value.terms;
                let heading = CallHeading {
                    id: id.clone(),
                    title: terms.title,
                    zone: terms.window.zone,
                    act: terms.act,
                };
                senders.calls.insert(id.clone(), heading);
            }
        }
        senders
    }

    /// One bad letter never holds up another: its trouble is written on it and in the log.
    async fn attempt(
        &self,
        letter: Letter,
        frozen: Option<Frozen>,
        senders: &Senders,
    ) -> Option<Tried> {
        let outcome = match self.deliver(&letter, frozen, senders).await {
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
        senders: &Senders,
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
        // What was frozen stands unless the letter says something else by now.
        let (letter, frozen) = match reminders::current(self.cx.store.read(), letter, now).await? {
            Current::AsQueued => (Cow::Borrowed(letter), frozen),
            Current::Changed(changed) => (Cow::Owned(*changed), None),
            Current::Done => return Ok(Some(Attempt::Cancelled)),
        };
        let letter = letter.as_ref();
        let programme = senders.programme(letter)?;
        let frozen = match frozen {
            Some(frozen) => frozen,
            None => freeze(letter, programme, senders.call(letter)?, now)?,
        };
        if let Err(answer) = self.mailer.ready().await {
            return Ok(Some(self.again(letter, answer)));
        }
        if !self.mark_sending(letter, &frozen).await? {
            return Ok(None);
        }
        let parcel = Parcel {
            name: letter.id.to_string(),
            from: programme.sender.as_str().to_owned(),
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

    /// Again later, with full jitter; failed once it was tried often enough.
    fn again(&self, letter: &Letter, answer: String) -> Attempt {
        if letter.attempts >= MOST_ATTEMPTS {
            return Attempt::Failed { answer };
        }
        let next_at = self.cx.now() + wait(letter.attempts);
        Attempt::Again { answer, next_at }
    }
}

/// Writes the letter once; these bytes are what every attempt sends.
fn freeze(
    letter: &Letter,
    programme: &Programme,
    call: Option<CallHeading>,
    now: DateTime<Utc>,
) -> Result<Frozen, Error> {
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
