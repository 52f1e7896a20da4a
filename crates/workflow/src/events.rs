//! The audit trail, read and verified.

use bando_domain::actor::Actor;
use bando_domain::event::Recorded;
use bando_domain::ids::ProgrammeId;
use bando_store::events::{self, Filter};
use bando_store::{ChainReport, Page, PageQuery, calls};

use crate::authority::{expect_programme, own_only};
use crate::context::{Command, Context};
use crate::error::Error;

/// A page of events and how many the filter matches in all.
pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    mut filter: Filter,
    page: &PageQuery,
) -> Result<(Page<Recorded>, u64), Error> {
    expect_programme(actor, programme)?;
    if let Some(own) = own_only(actor)? {
        filter.consortium = Some(own);
        filter.holding_results = calls::holding_results(cx.store.read(), programme).await?;
    }
    let found = events::list(cx.store.read(), programme, &filter, page).await?;
    let total = events::count(cx.store.read(), programme, &filter).await?;
    Ok((found, total))
}

/// Recomputes the chain over everything committed until now.
pub async fn verify(cx: &Context) -> Result<ChainReport, Error> {
    let command = Command::of_time(cx.now());
    while cx.store.sequence(cx.act(&command)).await? > 0 {}
    Ok(events::verify(cx.store.read()).await?)
}
