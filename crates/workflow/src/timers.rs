//! Timers and schedules as they stand.

use bando_domain::actor::Actor;
use bando_domain::ids::ProgrammeId;
use bando_domain::timer::{Schedule, Timer, TimerState};
use bando_store::{Page, PageQuery, schedules, timers};

use crate::authority::expect_programme;
use crate::context::Context;
use crate::error::Error;

pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    state: Option<TimerState>,
    page: &PageQuery,
) -> Result<Page<Timer>, Error> {
    expect_programme(actor, programme)?;
    Ok(timers::list(cx.store.read(), programme, state, page).await?)
}

pub async fn schedules_of(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
) -> Result<Vec<Schedule>, Error> {
    expect_programme(actor, programme)?;
    Ok(schedules::of_programme(cx.store.read(), programme).await?)
}
