//! Time as a caller: due timers and due schedules run the same use cases as people do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bando_store::{letters, schedules, timers};
use chrono::{DateTime, Utc};
use tokio::sync::Mutex;

use crate::clock::SimulatedClock;
use crate::context::Context;
use crate::error::Error;
use crate::firing::{LeftForLater, Programs};
use crate::postman::Postman;
use crate::serving;

#[derive(Debug)]
pub struct Timekeeper {
    pub(crate) cx: Context,
    postman: Arc<Postman>,
    /// One round at a time in this daemon.
    round: Mutex<()>,
    pub(crate) programs: Programs,
}

impl Timekeeper {
    pub fn new(cx: Context, postman: Arc<Postman>) -> Self {
        Self {
            cx,
            postman,
            round: Mutex::new(()),
            programs: Programs::default(),
        }
    }

    /// Runs every timer and schedule that is due; answers how many.
    pub async fn run_due(&self) -> Result<u64, Error> {
        let _round = self.round.lock().await;
        if self.cx.clock.standing().holds() {
            return Ok(0);
        }
        let mut left = LeftForLater::default();
        self.give_up_abandoned().await?;
        let mut ran = 0;
        loop {
            let timers = self.fire_timers().await?;
            let asked = self.fire_asked(&mut left).await?;
            let schedules = self.fire_schedules(&mut left).await?;
            if timers + asked + schedules == 0 {
                return Ok(ran);
            }
            ran += timers + asked + schedules;
        }
    }

    /// When something is due next, later than now, if anything waits. What is due already and
    /// still there waits for its lease: it hides nothing that lies ahead.
    pub async fn next_due(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let (db, now) = (self.cx.store.read(), self.cx.now());
        let instants = [
            timers::next_after(db, now).await?,
            schedules::next_after(db, now).await?,
            letters::next_after(db, now).await?,
        ];
        Ok(instants.into_iter().flatten().min())
    }

    /// Turns a simulated clock to `target`, stopping at every instant at which something is due,
    /// and returns once nothing due is left; or short of `target`, with nothing due left there
    /// either, once `patience` of real time is spent.
    pub async fn advance(&self, target: DateTime<Utc>, patience: Duration) -> Result<(), Error> {
        let Some(clock) = self.cx.clock.simulated() else {
            return Err(Error::refused(
                "CLOCK_REAL",
                "the real clock is not turned by hand",
            ));
        };
        let started = Instant::now();
        self.turn(clock, target, started, patience).await?;
        serving::go_on(&self.cx).await
    }

    async fn turn(
        &self,
        clock: &SimulatedClock,
        target: DateTime<Utc>,
        started: Instant,
        patience: Duration,
    ) -> Result<(), Error> {
        loop {
            self.settle().await?;
            if started.elapsed() > patience {
                return Ok(());
            }
            match self.next_due().await? {
                Some(due) if due <= target => clock.turn_to(due),
                _ if self.cx.now() < target => clock.turn_to(target),
                _ => return Ok(()),
            }
        }
    }

    /// Runs what is due and what that causes, until nothing is.
    async fn settle(&self) -> Result<(), Error> {
        loop {
            let ran = self.run_due().await?;
            let delivered = self.postman.deliver_due().await?;
            let ended = self.programs.finished().await;
            if ran + delivered + ended == 0 {
                return Ok(());
            }
        }
    }
}
