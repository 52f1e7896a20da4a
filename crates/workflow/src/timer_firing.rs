//! Timers firing: those of one case together, many in one transaction; those of a call each in its
//! own. One that fails never holds up another.

use bando_domain::timer::{Timer, TimerKind};
use bando_store::{Tx, timers};

use crate::context::Command;
use crate::error::Error;
use crate::postman::wait;
use crate::schedule::Timekeeper;

/// After so many failures a timer is parked and waits for a person.
const MOST_ATTEMPTS: i32 = 10;
/// Timers fired in one transaction: enough that its statements and its two commits cost each of
/// them little, few enough that whoever submits meanwhile does not wait for long.
const TOGETHER: u64 = 250;

impl Timekeeper {
    /// Fires the timers that are due and free; answers how many it took up.
    pub(crate) async fn fire_timers(&self) -> Result<u64, Error> {
        let of_cases = self.claim(TimerKind::is_of_a_case, TOGETHER).await?;
        let of_calls = self.claim(|kind| !kind.is_of_a_case(), 1).await?;
        let count = of_cases.len() + of_calls.len();
        self.fire_together(of_cases).await;
        for timer in of_calls {
            self.fire_alone(timer).await;
        }
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    async fn claim(&self, of: fn(TimerKind) -> bool, limit: u64) -> Result<Vec<Timer>, Error> {
        let kinds: Vec<_> = TimerKind::ALL
            .into_iter()
            .filter(|kind| of(*kind))
            .collect();
        if !timers::any_due(self.cx.store.read(), &kinds, self.cx.now()).await? {
            return Ok(Vec::new());
        }
        let act = self.cx.act(&Command::of_time(self.cx.now()));
        self.cx
            .store
            .write(act, async move |tx: &Tx| {
                Ok(timers::claim(tx, &kinds, limit).await?)
            })
            .await
    }

    /// Fires timers in one transaction; if any of them fails, each half of them in one, until the
    /// one that fails is alone.
    async fn fire_together(&self, claimed: Vec<Timer>) {
        let mut groups = vec![claimed];
        while let Some(mut group) = groups.pop() {
            if group.len() <= 1 {
                for timer in group {
                    self.fire_alone(timer).await;
                }
                continue;
            }
            match self.fire_at_once(group.clone()).await {
                Ok(()) => group.iter().for_each(tell),
                Err(error) => {
                    tracing::debug!(%error, "timers fire in smaller groups");
                    groups.push(group.split_off(group.len() / 2));
                    groups.push(group);
                }
            }
        }
    }

    async fn fire_at_once(&self, group: Vec<Timer>) -> Result<(), Error> {
        let act = self.cx.act(&Command::of_time(self.cx.now()));
        self.cx
            .store
            .write(act, async move |tx: &Tx| {
                effects(tx, &group).await?;
                Ok(timers::fired(tx, &group).await?)
            })
            .await
    }

    /// Fires one timer; trouble is written on it, and it comes again or is parked.
    async fn fire_alone(&self, timer: Timer) {
        let Err(error) = self.run(timer.clone()).await else {
            return tell(&timer);
        };
        if error.is_stale() {
            tracing::warn!(timer = %timer.id, "lease lost, the result is dropped");
            return;
        }
        tracing::error!(timer = %timer.id, kind = timer.kind, %error, "the timer failed");
        let again_at =
            (timer.attempts < MOST_ATTEMPTS).then(|| self.cx.now() + wait(timer.attempts));
        let message = error.to_string();
        let act = self.cx.act(&Command::of_time(self.cx.now()));
        let written = self
            .cx
            .store
            .write(act, async move |tx: &Tx| {
                Ok::<_, Error>(timers::failed(tx, &timer, &message, again_at).await?)
            })
            .await;
        if let Err(error) = written {
            tracing::error!(%error, "the timer's failure is not written");
        }
    }

    async fn run(&self, timer: Timer) -> Result<(), Error> {
        if TimerKind::parse(&timer.kind) == Some(TimerKind::DraftsLapse) {
            let failed = crate::applications::lapse_all(&self.cx, &timer.call).await?;
            if failed > 0 {
                return Err(Error::refused(
                    "LAPSE_FAILED",
                    format!("{failed} drafts failed"),
                ));
            }
        }
        let act = self.cx.act(&Command::of_time(self.cx.now()));
        self.cx
            .store
            .write(act, async move |tx: &Tx| {
                effects(tx, std::slice::from_ref(&timer)).await?;
                Ok(timers::fired(tx, std::slice::from_ref(&timer)).await?)
            })
            .await
    }
}

fn tell(timer: &Timer) {
    tracing::info!(kind = timer.kind, call = %timer.call, due_at = %timer.due_at, "fired");
}

/// What timers do within the transaction that marks them fired. Terms that end at one instant end
/// together: those of a whole year do so at the same midnight.
async fn effects(tx: &Tx, group: &[Timer]) -> Result<(), Error> {
    let is_due = |timer: &Timer| timer.kind == TimerKind::ClarificationDue.as_str();
    let (due, others): (Vec<_>, Vec<_>) = group.iter().cloned().partition(is_due);
    crate::clarifications::expire(tx, &due).await?;
    for timer in &others {
        effect(tx, timer).await?;
    }
    Ok(())
}

async fn effect(tx: &Tx, timer: &Timer) -> Result<(), Error> {
    let Some(kind) = TimerKind::parse(&timer.kind) else {
        let message = format!("`{}` is no kind of timer of this version", timer.kind);
        return Err(bando_store::Error::internal(message).into());
    };
    match kind {
        TimerKind::CallOpens => crate::calls::open(tx, &timer.call).await,
        TimerKind::CallCloses => crate::calls::close(tx, &timer.call).await,
        // Each draft has lapsed in a transaction of its own before.
        TimerKind::DraftsLapse => Ok(()),
        TimerKind::DraftReminder | TimerKind::Reminder => crate::reminders::remind(tx, timer).await,
        TimerKind::ReminderSweep => crate::reminders::sweep(tx, timer).await,
        TimerKind::ClarificationReminder => crate::clarifications::remind(tx, timer).await,
        TimerKind::ClarificationDue => {
            crate::clarifications::expire(tx, std::slice::from_ref(timer)).await
        }
        TimerKind::ResultsPublished => crate::results::publish(tx, &timer.call).await,
    }
}
