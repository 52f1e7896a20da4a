//! Time as a caller: due timers and due schedules run the same use cases as people do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bando_domain::application::State as ApplicationState;
use bando_domain::call::State as CallState;
use bando_domain::clarification::State as Asked;
use bando_domain::cron_schedule::CronSchedule;
use bando_domain::eligibility;
use bando_domain::ids::{CallId, ProgrammeId};
use bando_domain::letter::{DigestLine, LetterState};
use bando_domain::programme::Programme;
use bando_domain::timer::{Schedule, Timer, TimerKind};
use bando_store::{
    PageQuery, Tx, applications, calls, clarifications, consortia, letters, programmes, proposals,
    requests, schedules, timers,
};
use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::context::{Command, Context};
use crate::correspondence::{self, DigestCounts};
use crate::documents;
use crate::error::Error;
use crate::postman::{Postman, wait};

/// The officers' digest: every day at seven, in the programme's zone.
const DIGEST: (&str, &str) = ("officers-digest", "0 7 * * *");
/// After so many failures a timer is parked and waits for a person.
const MOST_ATTEMPTS: i32 = 10;
/// Drafts reminded per transaction.
const PAGE: u64 = 200;

#[derive(Debug)]
pub struct Timekeeper {
    cx: Context,
    postman: Arc<Postman>,
    /// One round at a time in this daemon.
    round: Mutex<()>,
}

impl Timekeeper {
    pub fn new(cx: Context, postman: Arc<Postman>) -> Self {
        Self {
            cx,
            postman,
            round: Mutex::new(()),
        }
    }

    /// Runs every timer and schedule that is due; answers how many.
    pub async fn run_due(&self) -> Result<u64, Error> {
        let _round = self.round.lock().await;
        let mut ran = 0;
        loop {
            let now = self.cx.now();
            let db = self.cx.store.read();
            let timer_due = timers::any_due(db, now).await?;
            let schedules_due = schedules::due(db, now).await?;
            if !timer_due && schedules_due.is_empty() {
                return Ok(ran);
            }
            let mut progressed = false;
            if timer_due && let Some(timer) = self.claim().await? {
                self.fire(timer).await;
                progressed = true;
                ran += 1;
            }
            for (programme, schedule) in schedules_due {
                self.fire_schedule(&programme, schedule).await?;
                progressed = true;
                ran += 1;
            }
            if !progressed {
                return Ok(ran);
            }
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
            let delivered = self.postman.deliver_due(&CancellationToken::new()).await?;
            if ran + delivered == 0 {
                return Ok(());
            }
        }
    }

    async fn claim(&self) -> Result<Option<Timer>, Error> {
        let act = self.cx.act(&Command::of_time(self.cx.now()));
        self.cx
            .store
            .write(act, async move |tx: &Tx| Ok(timers::claim(tx).await?))
            .await
    }

    /// Fires one timer; trouble is written on it, and it comes again or is parked.
    async fn fire(&self, timer: Timer) {
        let fired = match TimerKind::parse(&timer.kind) {
            Some(kind) => self.run(kind, timer.clone()).await,
            None => return,
        };
        let Err(error) = fired else {
            tracing::info!(kind = timer.kind, call = %timer.call, due_at = %timer.due_at, "fired");
            return;
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

    async fn run(&self, kind: TimerKind, timer: Timer) -> Result<(), Error> {
        let act = self.cx.act(&Command::of_time(self.cx.now()));
        match kind {
            TimerKind::CallOpens => {
                self.cx
                    .store
                    .write(act, async move |tx: &Tx| {
                        crate::calls::open(tx, &timer.call).await?;
                        Ok(timers::fired(tx, &timer).await?)
                    })
                    .await
            }
            TimerKind::CallCloses => {
                self.cx
                    .store
                    .write(act, async move |tx: &Tx| {
                        crate::calls::close(tx, &timer.call).await?;
                        Ok(timers::fired(tx, &timer).await?)
                    })
                    .await
            }
            TimerKind::DraftsLapse => {
                let failed = crate::applications::lapse_all(&self.cx, &timer.call).await?;
                if failed > 0 {
                    return Err(Error::refused(
                        "LAPSE_FAILED",
                        format!("{failed} drafts failed"),
                    ));
                }
                self.cx
                    .store
                    .write(act, async move |tx: &Tx| {
                        Ok(timers::fired(tx, &timer).await?)
                    })
                    .await
            }
            TimerKind::ClarificationReminder => {
                self.cx
                    .store
                    .write(act, async move |tx: &Tx| {
                        crate::clarifications::remind(tx, &timer).await?;
                        Ok(timers::fired(tx, &timer).await?)
                    })
                    .await
            }
            TimerKind::ClarificationDue => {
                self.cx
                    .store
                    .write(act, async move |tx: &Tx| {
                        crate::clarifications::expire(tx, &timer).await?;
                        Ok(timers::fired(tx, &timer).await?)
                    })
                    .await
            }
            TimerKind::ResultsPublished => {
                self.cx
                    .store
                    .write(act, async move |tx: &Tx| {
                        crate::results::publish(tx, &timer.call).await?;
                        Ok(timers::fired(tx, &timer).await?)
                    })
                    .await
            }
            TimerKind::DraftReminder => {
                self.cx
                    .store
                    .write(act, async move |tx: &Tx| {
                        remind_drafts(tx, &timer).await?;
                        Ok(timers::fired(tx, &timer).await?)
                    })
                    .await
            }
        }
    }

    /// A fire is one transaction: the unique row, its effect and the next time.
    async fn fire_schedule(
        &self,
        programme: &ProgrammeId,
        schedule: Schedule,
    ) -> Result<(), Error> {
        let programme = programmes::get(self.cx.store.read(), programme)
            .await?
            .value;
        let next_fire_at = next_fire(&schedule, &programme, self.cx.now())?;
        let act = self.cx.act(&Command::of_time(self.cx.now()));
        self.cx
            .store
            .write(act, async move |tx: &Tx| {
                if !schedules::fire(tx, &programme.id, &schedule, next_fire_at).await? {
                    return Ok(());
                }
                requests::forget(tx, tx.cause().at).await?;
                crate::proposals::expire_all(tx, &programme.id).await?;
                digest(tx, &programme).await
            })
            .await
    }
}

/// The digest's schedule of a programme, from `now` on.
pub(crate) fn digest_of(programme: &Programme, now: DateTime<Utc>) -> Result<Schedule, Error> {
    let (name, cron) = DIGEST;
    let schedule = Schedule {
        name: name.to_owned(),
        cron: cron.to_owned(),
        zone: programme.zone.to_string(),
        next_fire_at: now,
        last_fire_at: None,
    };
    let next_fire_at = next_fire(&schedule, programme, now)?;
    Ok(Schedule {
        next_fire_at,
        ..schedule
    })
}

fn next_fire(
    schedule: &Schedule,
    programme: &Programme,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Error> {
    let cron: CronSchedule =
        CronSchedule::parse(&schedule.cron).map_err(bando_store::Error::internal)?;
    let after = schedule.next_fire_at.max(now);
    let fire = cron.next_after(&programme.zone, after);
    let fire = fire.ok_or_else(|| {
        bando_store::Error::internal(format!("{} never fires again", schedule.cron))
    })?;
    Ok(fire.at)
}

/// Reminds every consortium whose draft is not submitted; useless once the call is closed.
async fn remind_drafts(tx: &Tx, timer: &Timer) -> Result<(), Error> {
    let call = calls::get(tx, &timer.call).await?.value;
    if tx.cause().at > call.terms.window.closes_at {
        return Ok(());
    }
    let filter = applications::Filter {
        state: Some(ApplicationState::Draft),
        ..applications::Filter::default()
    };
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    loop {
        let found = applications::list(tx, &timer.call, &filter, &page).await?;
        let listed: Vec<_> = found.rows.iter().map(|draft| draft.value.id).collect();
        let documents = documents::working(tx, &call, &listed).await?;
        for draft in &found.rows {
            let own = documents.get(&draft.value.id);
            let own = own.map_or(&[][..], Vec::as_slice);
            let owner = consortia::get(tx, draft.value.consortium).await?.value;
            let today = call.terms.window.zone.day(tx.cause().at);
            let standing = owner.profile.on(today);
            let project = &draft.value.project;
            let missing = eligibility::missing(project, own, &standing, &call.terms);
            let missing = missing.into_iter().map(|gap| gap.explanation).collect();
            let letter = correspondence::draft_reminder(
                &call,
                &owner,
                &draft.value,
                timer.nominal_at,
                missing,
            );
            letters::queue(tx, &letter).await?;
        }
        match found.next {
            Some(next) => page.after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Tells the officers where every running call stands; silent when none runs.
async fn digest(tx: &Tx, programme: &Programme) -> Result<(), Error> {
    let mut lines = Vec::new();
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    loop {
        let found = calls::list(tx, &programme.id, false, &page).await?;
        for call in found.rows {
            let is_over = matches!(call.value.state, CallState::Awarded | CallState::Cancelled);
            if !is_over {
                lines.push(digest_line(tx, &call.value).await?);
            }
        }
        match found.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    let in_state = letters::counts(tx, &programme.id).await?;
    let count = |wanted: LetterState| {
        in_state
            .iter()
            .find(|(state, _)| *state == wanted)
            .map_or(0, |(_, count)| *count)
    };
    let counts = DigestCounts {
        letters_failed: count(LetterState::Failed),
        letters_uncertain: count(LetterState::Uncertain),
        timers_parked: timers::count_parked(tx, &programme.id).await?,
        proposals_pending: proposals::count_pending(tx, &programme.id).await?,
        documents_infected: bando_store::documents::count_infected(tx, &programme.id).await?,
    };
    let on = tx
        .cause()
        .at
        .with_timezone(&programme.zone.tz())
        .date_naive();
    for letter in correspondence::digests(programme, on, &lines, &counts) {
        letters::queue(tx, &letter).await?;
    }
    Ok(())
}

async fn digest_line(tx: &Tx, call: &bando_domain::call::Call) -> Result<DigestLine, Error> {
    let id: &CallId = &call.id;
    let asked = async |state| clarifications::count_under_check(tx, id, state).await;
    let unrecorded = asked(Asked::Requested).await?;
    let running = asked(Asked::Delivered).await? + asked(Asked::AnsweredInPart).await?;
    Ok(DigestLine {
        call: id.to_string(),
        state: call.state.as_str().to_owned(),
        closes_at: call.terms.window.closes_at,
        zone: call.terms.window.zone.to_string(),
        drafts: applications::count_in(tx, id, ApplicationState::Draft).await?,
        submitted: applications::count_in(tx, id, ApplicationState::Submitted).await?,
        under_check: applications::count_in(tx, id, ApplicationState::UnderCheck).await?,
        clarifications_open: unrecorded + running,
        clarifications_ended: asked(Asked::Answered).await? + asked(Asked::Expired).await?,
        deliveries_unrecorded: unrecorded,
    })
}
