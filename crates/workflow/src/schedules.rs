//! Schedules as persons see and steer them.

use bando_domain::actor::Actor;
use bando_domain::ids::{FireId, ProgrammeId};
use bando_domain::schedule::{
    self, Event, Fire, FireState, Origin, Plan, Schedule, Upcoming, preview as upcoming,
};
use bando_store::{Tx, fires, programmes, schedules};
use chrono::{DateTime, Utc};

use crate::authority::expect_programme;
use crate::call_acts::expect_reason;
use crate::context::{Command, Context, etag_version};
use crate::error::Error;

/// Fires shown with a schedule.
const SHOWN: u64 = 20;

/// A schedule with its latest fires, newest first.
#[derive(Debug, Clone)]
pub struct View {
    pub schedule: Schedule,
    pub fires: Vec<Fire>,
}

pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
) -> Result<Vec<Schedule>, Error> {
    expect_programme(actor, programme)?;
    Ok(schedules::of_programme(cx.store.read(), programme).await?)
}

pub async fn get(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    name: &str,
) -> Result<View, Error> {
    let schedule = visible(cx, actor, programme, name).await?;
    let named = (programme.clone(), name.to_owned());
    let fires = fires::latest(cx.store.read(), &named, SHOWN).await?;
    Ok(View { schedule, fires })
}

/// The next `count` fires after an instant, as if nothing were paused.
pub async fn preview(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    name: &str,
    (after, count): (Option<DateTime<Utc>>, usize),
) -> Result<Vec<Upcoming>, Error> {
    let schedule = visible(cx, actor, programme, name).await?;
    let after = after.unwrap_or_else(|| cx.now());
    Ok(upcoming(programme, &schedule.plan, after, count))
}

pub async fn pause(
    cx: &Context,
    command: &Command,
    (programme, name): (&ProgrammeId, &str),
    etag: &str,
    reason: &str,
) -> Result<Schedule, Error> {
    let reason = expect_reason(reason)?;
    change(cx, command, (programme, name), etag, |known| {
        Ok(schedule::pause(known, reason)?)
    })
    .await
}

pub async fn resume(
    cx: &Context,
    command: &Command,
    (programme, name): (&ProgrammeId, &str),
    etag: &str,
) -> Result<Schedule, Error> {
    let now = command.received_at;
    change(cx, command, (programme, name), etag, |known| {
        Ok(schedule::resume(known, now)?)
    })
    .await
}

async fn change(
    cx: &Context,
    command: &Command,
    (programme, name): (&ProgrammeId, &str),
    etag: &str,
    decide: impl Fn(&Schedule) -> Result<Event, Error> + Send + Sync,
) -> Result<Schedule, Error> {
    cx.once(command, || async {
        let known = visible(cx, &command.actor, programme, name).await?;
        expect_etag(cx, &known, etag).await?;
        let event = decide(&known)?;
        cx.commit(command, async move |tx: &Tx| {
            let name = known.plan.name.as_str();
            let held = schedules::hold(tx, &known.programme, name).await?;
            if held.version != known.version {
                return Err(bando_store::Error::stale(format!("schedule {name}")).into());
            }
            schedules::record(tx, &held, &event).await?;
            Ok(schedules::get(tx, &known.programme, name).await?)
        })
        .await
    })
    .await
}

/// Asks for one fire now. It has an id of its own and leaves the calendar's as they are.
pub async fn trigger(
    cx: &Context,
    command: &Command,
    (programme, name): (&ProgrammeId, &str),
    etag: &str,
    reason: &str,
) -> Result<Fire, Error> {
    let reason = expect_reason(reason)?;
    cx.once(command, || async {
        let known = visible(cx, &command.actor, programme, name).await?;
        expect_etag(cx, &known, etag).await?;
        let reason = reason.to_owned();
        cx.commit(command, async move |tx: &Tx| {
            let held = schedules::hold(tx, &known.programme, &known.plan.name).await?;
            let fire = asked(tx, &held, Origin::Trigger, None);
            fires::add(tx, &fire, None).await?;
            let event = Event::Triggered {
                fire: fire.id,
                reason,
            };
            schedules::record(tx, &held, &event).await?;
            Ok(fire)
        })
        .await
    })
    .await
}

/// Asks for the nominal times of a span of the past that did not fire.
pub async fn backfill(
    cx: &Context,
    command: &Command,
    (programme, name): (&ProgrammeId, &str),
    etag: &str,
    span: (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Fire>, Error> {
    cx.once(command, || async {
        let known = visible(cx, &command.actor, programme, name).await?;
        expect_etag(cx, &known, etag).await?;
        cx.commit(command, async move |tx: &Tx| {
            let held = schedules::hold(tx, &known.programme, &known.plan.name).await?;
            let named = (held.programme.clone(), held.plan.name.clone());
            let fired = fires::nominal(tx, &named, span).await?;
            let event = schedule::backfill(&held, span, &fired, tx.cause().at)?;
            let mut wanted = Vec::new();
            if let Event::Backfilled { nominal, .. } = &event {
                for nominal_at in nominal {
                    let fire = asked(tx, &held, Origin::Backfill, Some(*nominal_at));
                    fires::add(tx, &fire, None).await?;
                    wanted.push(fire);
                }
            }
            schedules::record(tx, &held, &event).await?;
            Ok(wanted)
        })
        .await
    })
    .await
}

fn asked(tx: &Tx, schedule: &Schedule, origin: Origin, nominal_at: Option<DateTime<Utc>>) -> Fire {
    let cause = tx.cause();
    Fire {
        id: FireId(tx.new_id()),
        programme: schedule.programme.clone(),
        schedule: schedule.plan.name.clone(),
        origin,
        nominal_at,
        state: FireState::Waiting,
        made_at: cause.at,
        person: cause.actor.person.clone(),
        ended_at: None,
        detail: String::new(),
    }
}

async fn visible(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    name: &str,
) -> Result<Schedule, Error> {
    expect_programme(actor, programme)?;
    Ok(schedules::get(cx.store.read(), programme, name).await?)
}

async fn expect_etag(cx: &Context, known: &Schedule, etag: &str) -> Result<(), Error> {
    let seen = etag_version(etag)?;
    if seen == known.version {
        return Ok(());
    }
    let subject = schedules::subject(&known.programme, &known.plan.name);
    let kind = bando_domain::event::SubjectKind::Schedule;
    Err(cx.stale(kind, subject, seen).await?)
}

/// The plans of one programme: where no zone is written, the programme's own.
pub(crate) fn plans_in(cx: &Context, programme: &bando_domain::programme::Programme) -> Vec<Plan> {
    let plans = cx.plans.iter();
    plans.map(|plan| plan.in_zone(programme.zone)).collect()
}

/// Gives every programme the schedules that the configuration says: at each start of the daemon.
pub async fn plan_all(cx: &Context) -> Result<(), Error> {
    for programme in programmes::all(cx.store.read()).await? {
        let plans = plans_in(cx, &programme.value);
        let command = Command::of_time(cx.now());
        cx.once(&command, || async {
            let (id, plans) = (programme.value.id.clone(), plans.clone());
            let act = cx.act(&command).within(crate::context::MANY_LIMIT);
            cx.store
                .write(act, async move |tx: &Tx| {
                    Ok::<_, Error>(schedules::plan(tx, &id, &plans).await?)
                })
                .await
        })
        .await?;
    }
    Ok(())
}
