//! The audit trail, read and verified.

use bando_domain::actor::Actor;
use bando_domain::checkpoint;
use bando_domain::event::Recorded;
use bando_domain::ids::ProgrammeId;
use bando_store::events::{self, Filter};
use bando_store::{ChainReport, Page, PageQuery, calls, checkpoints as stored};

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

/// What a verification of the chain and of its checkpoints found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub chain: ChainReport,
    /// Signed heads that still hold.
    pub checkpoints: i64,
}

/// Recomputes the chain over everything committed until now, and holds what was signed of it
/// against what it has become.
pub async fn verify(cx: &Context) -> Result<Verified, Error> {
    let command = Command::of_time(cx.now());
    while cx.store.sequence(cx.act(&command)).await? > 0 {}
    let mut chain = events::verify(cx.store.read()).await?;
    let mut checkpoints = 0;
    let mut last = 0;
    while chain.finding.is_none() {
        let found = stored::after(cx.store.read(), last).await?;
        if found.is_empty() {
            break;
        }
        for (signed, hash) in found {
            last = signed.revision;
            match checkpoint::is_signed_by(&signed, &cx.signer.public()) {
                Some(true) => {}
                // Signed with a key that was replaced: nobody here can tell.
                None => continue,
                Some(false) => {
                    let finding = format!("the checkpoint of {} is not signed by us", signed.at);
                    chain.finding.get_or_insert((last, finding));
                    break;
                }
            }
            if hash.as_ref() != Some(&signed.chain_hash) {
                let finding = format!("the checkpoint of {} signed another hash", signed.at);
                chain.finding.get_or_insert((last, finding));
                break;
            }
            checkpoints += 1;
        }
    }
    Ok(Verified { chain, checkpoints })
}
