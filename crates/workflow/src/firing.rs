//! Schedules firing: a fire is one transaction, the unique row of its nominal time together with
//! its effect and the next time. Many schedules of one instant share a transaction; when one of
//! them fails, each gets its own, and the one that fails is taken down as such.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use bando_domain::ids::FireId;
use bando_domain::schedule::{self, Due, Fire, FireState, Origin, Overlap, Schedule};
use bando_store::schedules::{Mark, Name};
use bando_store::{Kind, Tx, fires, schedules};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;

use crate::context::{Command, Context};
use crate::error::Error;
use crate::routine::{self, Occasion, Started};
use crate::schedule::Timekeeper;

/// Schedules fired in one transaction.
const TOGETHER: u64 = 50;
/// Longer than its program may run, a fire is not waited for.
const LEASE_MARGIN: TimeDelta = TimeDelta::seconds(60);

/// What cannot be done in this round and must not keep it going.
#[derive(Debug, Default)]
pub(crate) struct LeftForLater {
    schedules: Vec<Name>,
    fires: Vec<FireId>,
}

/// The programs of fires that run in this daemon.
#[derive(Debug, Default)]
pub(crate) struct Programs {
    running: tokio::sync::Mutex<JoinSet<()>>,
    own: Arc<Mutex<HashSet<FireId>>>,
}

/// What came of looking at one schedule.
enum Looked {
    /// Its mark moved; a program may have to be started.
    Moved(Option<Box<Started>>),
    /// Its last fire still runs.
    Left(Name),
}

impl Timekeeper {
    /// Fires the schedules that are due; answers how many it moved on.
    pub(crate) async fn fire_schedules(&self, left: &mut LeftForLater) -> Result<u64, Error> {
        let now = self.cx.now();
        if !schedules::any_due(self.cx.store.read(), &left.schedules, now).await? {
            return Ok(0);
        }
        match self.fire_group(left.schedules.clone()).await {
            Ok(looked) => Ok(self.follow_up(looked, left).await),
            Err(error) => {
                tracing::debug!(%error, "schedules fire one by one");
                self.fire_one_by_one(left).await
            }
        }
    }

    async fn fire_group(&self, except: Vec<Name>) -> Result<Vec<Looked>, Error> {
        let (act, signer) = (self.act(), self.cx.signer.clone());
        self.cx
            .store
            .write(act, async move |tx: &Tx| {
                let mut looked = Vec::new();
                for due in schedules::due(tx, &except, TOGETHER).await? {
                    looked.push(fire(tx, &signer, &due).await?);
                }
                Ok(looked)
            })
            .await
    }

    async fn fire_one_by_one(&self, left: &mut LeftForLater) -> Result<u64, Error> {
        let (db, now) = (self.cx.store.read(), self.cx.now());
        let mut moved = 0;
        for name in schedules::due_names(db, &left.schedules, now, TOGETHER).await? {
            let (act, signer, own) = (self.act(), self.cx.signer.clone(), name.clone());
            let looked = self
                .cx
                .store
                .write(act, async move |tx: &Tx| {
                    let schedule = schedules::hold(tx, &own.0, &own.1).await?;
                    if schedule.pause.is_some() || schedule.due_at > tx.cause().at {
                        return Ok(Looked::Moved(None));
                    }
                    fire(tx, &signer, &schedule).await
                })
                .await;
            moved += match looked {
                Ok(looked) => self.follow_up(vec![looked], left).await,
                Err(error) => self.failed(name, error, left).await,
            };
        }
        Ok(moved)
    }

    /// A fire that fails of itself is taken down and the mark moves on; when the database is busy
    /// or away the schedule stays due.
    async fn failed(&self, name: Name, error: Error, left: &mut LeftForLater) -> u64 {
        tracing::error!(programme = %name.0, schedule = name.1, %error, "the schedule failed");
        if is_passing(&error) {
            left.schedules.push(name);
            return 0;
        }
        let (act, own, message) = (self.act(), name.clone(), error.to_string());
        let written: Result<(), Error> = self
            .cx
            .store
            .write(act, async move |tx: &Tx| {
                let schedule = schedules::hold(tx, &own.0, &own.1).await?;
                let due = schedule::due(&schedule, tx.cause().at);
                if let Some(nominal_at) = due.fire {
                    let state = FireState::Failed;
                    let failed = of_calendar(tx, &schedule, nominal_at, state, &message);
                    fires::add(tx, &failed, None).await?;
                }
                move_on(tx, &schedule, &due).await
            })
            .await;
        match written {
            Ok(()) => 1,
            Err(error) => {
                tracing::error!(%error, "the schedule's failure is not written");
                left.schedules.push(name);
                0
            }
        }
    }

    async fn follow_up(&self, looked: Vec<Looked>, left: &mut LeftForLater) -> u64 {
        let mut moved = 0;
        for one in looked {
            match one {
                Looked::Moved(started) => {
                    moved += 1;
                    if let Some(started) = started {
                        self.programs.start(&self.cx, *started).await;
                    }
                }
                Looked::Left(name) => left.schedules.push(name),
            }
        }
        moved
    }

    /// Fires what persons asked for; answers how many it ended or began.
    pub(crate) async fn fire_asked(&self, left: &mut LeftForLater) -> Result<u64, Error> {
        let waiting = fires::waiting(self.cx.store.read(), &left.fires).await?;
        let Some(asked) = waiting else {
            return Ok(0);
        };
        let (act, signer, id) = (self.act(), self.cx.signer.clone(), asked.id);
        let outcome = self
            .cx
            .store
            .write(act, async move |tx: &Tx| fire_asked(tx, &signer, id).await)
            .await;
        match outcome {
            Ok(Some(Looked::Moved(started))) => {
                if let Some(started) = started {
                    self.programs.start(&self.cx, *started).await;
                }
                Ok(1)
            }
            Ok(Some(Looked::Left(_)) | None) => {
                left.fires.push(id);
                Ok(0)
            }
            Err(error) => {
                tracing::error!(schedule = asked.schedule, %error, "the fire asked for failed");
                left.fires.push(id);
                if !is_passing(&error) {
                    let message = error.to_string();
                    self.cx
                        .store
                        .write(self.act(), async move |tx: &Tx| {
                            let (from, to) = (FireState::Waiting, FireState::Failed);
                            Ok::<_, Error>(fires::end(tx, id, from, to, &message).await?)
                        })
                        .await?;
                }
                Ok(1)
            }
        }
    }

    /// Fires whose program went down with its daemon are taken down as failed.
    pub(crate) async fn give_up_abandoned(&self) -> Result<(), Error> {
        for fire in fires::abandoned(self.cx.store.read(), self.cx.now()).await? {
            if self.programs.is_own(fire.id) {
                continue;
            }
            let message = "the daemon ended while the program ran";
            tracing::error!(schedule = fire.schedule, "{message}");
            let ended = self
                .cx
                .store
                .write(self.act(), async move |tx: &Tx| {
                    let (from, to) = (FireState::Running, FireState::Failed);
                    Ok::<_, Error>(fires::end(tx, fire.id, from, to, message).await?)
                })
                .await;
            if let Err(error) = ended
                && !error.is_stale()
            {
                return Err(error);
            }
        }
        Ok(())
    }

    fn act(&self) -> bando_store::Act {
        self.cx.act(&Command::of_time(self.cx.now()))
    }
}

/// The database is busy or away, or somebody else was first: it will be right another time.
fn is_passing(error: &Error) -> bool {
    let Error::Store(inner) = error else {
        return false;
    };
    match inner.kind {
        Kind::Unavailable | Kind::Exhausted | Kind::Conflict | Kind::Stale => true,
        Kind::NotFound | Kind::AlreadyExists | Kind::Internal => false,
    }
}

/// Fires a schedule that is held: at most one nominal time, and those before it that are dropped.
async fn fire(
    tx: &Tx,
    signer: &crate::context::Signer,
    schedule: &Schedule,
) -> Result<Looked, Error> {
    let now = tx.cause().at;
    let mut due = schedule::due(schedule, now);
    if schedule.plan.kind.runs_a_command() && due.fire.is_some() {
        let name = (schedule.programme.clone(), schedule.plan.name.clone());
        if let Some(running) = fires::running(tx, &name).await? {
            match schedule.plan.overlap {
                Overlap::Queue => return Ok(Looked::Left(name)),
                Overlap::Skip => skip_overlapping(tx, schedule, &mut due, &running).await?,
            }
        }
    }
    let mut started = None;
    if let Some(nominal_at) = due.fire {
        started = fire_nominal(tx, signer, schedule, nominal_at).await?;
    }
    move_on(tx, schedule, &due).await?;
    Ok(Looked::Moved(started))
}

async fn fire_nominal(
    tx: &Tx,
    signer: &crate::context::Signer,
    schedule: &Schedule,
    nominal_at: DateTime<Utc>,
) -> Result<Option<Box<Started>>, Error> {
    if schedule.plan.kind.runs_a_command() {
        let fire = of_calendar(tx, schedule, nominal_at, FireState::Running, "");
        let lease_until = lease_until(schedule, tx.cause().at);
        let taken = fires::add(tx, &fire, Some(lease_until)).await?;
        let schedule = schedule.clone();
        return Ok(taken.then(|| Box::new(Started { fire, schedule })));
    }
    let mut fire = of_calendar(tx, schedule, nominal_at, FireState::Waiting, "");
    fire.ended_at = None;
    if !fires::add(tx, &fire, None).await? {
        return Ok(None);
    }
    let detail = routine::effect(tx, signer, schedule, Occasion::Calendar).await?;
    fires::end(tx, fire.id, FireState::Waiting, FireState::Done, &detail).await?;
    Ok(None)
}

/// The nominal time at which the last fire still runs is dropped, and taken down as such.
async fn skip_overlapping(
    tx: &Tx,
    schedule: &Schedule,
    due: &mut Due,
    running: &Fire,
) -> Result<(), Error> {
    let Some(nominal_at) = due.fire.take() else {
        return Ok(());
    };
    let detail = format!("{nominal_at}: the fire of {} still ran", running.made_at);
    fires::add(tx, &dropped(tx, schedule, detail), None).await?;
    let (count, first) = due
        .dropped
        .map_or((0, nominal_at), |(count, first, _)| (count, first));
    due.dropped = Some((count + 1, first, nominal_at));
    Ok(())
}

/// Moves the mark on, and takes down what was dropped on the way.
async fn move_on(tx: &Tx, schedule: &Schedule, due: &Due) -> Result<(), Error> {
    let mut count = 0;
    if let Some((dropped_count, first, last)) = due.dropped {
        count = i64::from(dropped_count);
        let (name, policy) = (&schedule.plan.name, schedule.plan.catch_up.as_str());
        tracing::warn!(schedule = name, count, %first, %last, policy, "nominal times are dropped");
        let detail = format!("{count} nominal times from {first} to {last}, catch-up {policy}");
        fires::add(tx, &dropped(tx, schedule, detail), None).await?;
    }
    let mark = Mark {
        next_fire_at: due.next,
        due_at: schedule::due_at(&schedule.programme, &schedule.plan, due.next),
        fired: due.fire,
        dropped: count,
    };
    Ok(schedules::advance(tx, schedule, mark).await?)
}

fn of_calendar(
    tx: &Tx,
    schedule: &Schedule,
    nominal_at: DateTime<Utc>,
    state: FireState,
    detail: &str,
) -> Fire {
    let now = tx.cause().at;
    Fire {
        id: FireId(tx.new_id()),
        programme: schedule.programme.clone(),
        schedule: schedule.plan.name.clone(),
        origin: Origin::Calendar,
        nominal_at: Some(nominal_at),
        state,
        made_at: now,
        person: String::new(),
        ended_at: (state == FireState::Failed).then_some(now),
        detail: detail.to_owned(),
    }
}

fn dropped(tx: &Tx, schedule: &Schedule, detail: String) -> Fire {
    let now = tx.cause().at;
    Fire {
        nominal_at: None,
        ended_at: Some(now),
        ..of_calendar(tx, schedule, now, FireState::Dropped, &detail)
    }
}

fn lease_until(schedule: &Schedule, now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::seconds(i64::from(schedule.plan.time_limit_seconds)) + LEASE_MARGIN
}

/// Does what a person asked for; `None` when another daemon has it in hand.
async fn fire_asked(
    tx: &Tx,
    signer: &crate::context::Signer,
    id: FireId,
) -> Result<Option<Looked>, Error> {
    let Some(fire) = fires::hold_waiting(tx, id).await? else {
        return Ok(None);
    };
    let name = (fire.programme.clone(), fire.schedule.clone());
    let schedule = schedules::get(tx, &name.0, &name.1).await?;
    if schedule.plan.kind.runs_a_command() {
        if fires::running(tx, &name).await?.is_some() {
            return Ok(Some(Looked::Left(name)));
        }
        fires::begin(tx, id, lease_until(&schedule, tx.cause().at)).await?;
        let started = Box::new(Started { fire, schedule });
        return Ok(Some(Looked::Moved(Some(started))));
    }
    let detail = routine::effect(tx, signer, &schedule, Occasion::Asked(id)).await?;
    fires::end(tx, id, FireState::Waiting, FireState::Done, &detail).await?;
    Ok(Some(Looked::Moved(None)))
}

impl Programs {
    /// Starts the program of a fire; when it ends, that is taken down.
    async fn start(&self, cx: &Context, started: Started) {
        let (cx, own, id) = (cx.clone(), self.own.clone(), started.fire.id);
        if let Ok(mut own) = own.lock() {
            own.insert(id);
        }
        let mut running = self.running.lock().await;
        // Those that ended by themselves need nobody to wait for them any more.
        while running.try_join_next().is_some() {}
        running.spawn(async move {
            let name = started.schedule.plan.name.clone();
            tracing::info!(schedule = name, "the program starts");
            let (state, detail) = routine::run_command(&started).await;
            if state == FireState::Done {
                tracing::info!(schedule = name, detail, "the program ended");
            } else {
                tracing::error!(schedule = name, detail, "the program failed");
            }
            let act = cx.act(&Command::of_time(cx.now()));
            let written = cx
                .store
                .write(act, async move |tx: &Tx| {
                    let from = FireState::Running;
                    Ok::<_, Error>(fires::end(tx, id, from, state, &detail).await?)
                })
                .await;
            if let Err(error) = written {
                tracing::error!(schedule = name, %error, "the program's end is not written");
            }
            if let Ok(mut own) = own.lock() {
                own.remove(&id);
            }
        });
    }

    fn is_own(&self, id: FireId) -> bool {
        self.own.lock().is_ok_and(|own| own.contains(&id))
    }

    /// Waits until no program runs; answers how many ended.
    pub(crate) async fn finished(&self) -> u64 {
        let mut running = self.running.lock().await;
        let mut ended = 0;
        while running.join_next().await.is_some() {
            ended += 1;
        }
        ended
    }
}
