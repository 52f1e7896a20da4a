//! Timers, schedules and their fires as messages.

use bando_domain::schedule::{Fire, FireState, Schedule, Upcoming};
use bando_domain::timer::{Timer, TimerState};
use bando_proto::v1;

use super::{etag, instant, names};

pub fn timer(timer: &Timer) -> v1::Timer {
    let state = match timer.state {
        TimerState::Waiting => v1::TimerState::Waiting,
        TimerState::Fired => v1::TimerState::Fired,
        TimerState::Parked => v1::TimerState::Parked,
        TimerState::Cancelled => v1::TimerState::Cancelled,
    };
    v1::Timer {
        name: format!("programmes/{}/timers/{}", timer.call.programme(), timer.id),
        call: names::of_call(&timer.call),
        kind: timer.kind.clone(),
        state: state.into(),
        nominal_at: Some(instant(timer.nominal_at)),
        due_at: Some(instant(timer.due_at)),
        fired_at: timer.fired_at.map(instant),
        attempts: timer.attempts,
        last_error: timer.last_error.clone().unwrap_or_default(),
        subject: timer.subject.clone(),
        etag: etag(timer.version),
    }
}

pub fn schedule(schedule: &Schedule) -> v1::Schedule {
    let (plan, pause) = (&schedule.plan, schedule.pause.as_ref());
    v1::Schedule {
        name: format!("programmes/{}/schedules/{}", schedule.programme, plan.name),
        cron: plan.cron.as_str().to_owned(),
        zone: plan.zone.to_string(),
        next_fire_at: Some(instant(schedule.next_fire_at)),
        last_fire_at: schedule.last_fire_at.map(instant),
        kind: plan.kind.as_str().to_owned(),
        catch_up: plan.catch_up.as_str().to_owned(),
        window_seconds: i64::from(plan.window_seconds),
        overlap: plan.overlap.as_str().to_owned(),
        jitter_seconds: i64::from(plan.jitter_seconds),
        paused: pause.is_some(),
        paused_by: pause.map(|pause| pause.by.clone()).unwrap_or_default(),
        paused_at: pause.map(|pause| instant(pause.at)),
        pause_reason: pause.map(|pause| pause.reason.clone()).unwrap_or_default(),
        due_at: Some(instant(schedule.due_at)),
        dropped: schedule.dropped,
        etag: etag(schedule.version),
        command: plan.command.clone(),
        fires: Vec::new(),
    }
}

pub fn fire(fire: &Fire) -> v1::Fire {
    let state = match fire.state {
        FireState::Waiting => v1::FireState::Waiting,
        FireState::Running => v1::FireState::Running,
        FireState::Done => v1::FireState::Done,
        FireState::Failed => v1::FireState::Failed,
        FireState::Dropped => v1::FireState::Dropped,
    };
    let (programme, schedule) = (&fire.programme, &fire.schedule);
    v1::Fire {
        name: format!(
            "programmes/{programme}/schedules/{schedule}/fires/{}",
            fire.id
        ),
        origin: fire.origin.as_str().to_owned(),
        nominal_at: fire.nominal_at.map(instant),
        state: state.into(),
        made_at: Some(instant(fire.made_at)),
        person: fire.person.clone(),
        ended_at: fire.ended_at.map(instant),
        detail: fire.detail.clone(),
    }
}

pub fn upcoming_fire(upcoming: &Upcoming) -> v1::UpcomingFire {
    v1::UpcomingFire {
        civil: upcoming.civil.format("%Y-%m-%d %H:%M").to_string(),
        nominal_at: Some(instant(upcoming.nominal_at)),
        due_at: Some(instant(upcoming.due_at)),
    }
}
