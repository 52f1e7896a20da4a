//! The ledger of letters, read.

use bando_domain::actor::Actor;
use bando_domain::ids::{LetterId, ProgrammeId};
use bando_domain::letter::{Letter, LetterState};
use bando_store::letters::{self, Filter, Frozen};
use bando_store::{Page, PageQuery};

use crate::authority::{expect_programme, own_only};
use crate::context::Context;
use crate::error::Error;

/// A letter and, once it was written, its bytes.
pub async fn get(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    id: LetterId,
) -> Result<(Letter, Option<Frozen>), Error> {
    let hidden = || Error::NotFound(format!("letter {id}"));
    if !actor.sees_programme(programme) {
        return Err(hidden());
    }
    let (letter, frozen) = letters::get(cx.store.read(), id).await?;
    let own = match letter.wanted.recipient.consortium {
        Some(consortium) => actor.sees_consortium(consortium),
        None => actor.sees_all_consortia(),
    };
    if own && letter.wanted.programme == *programme {
        Ok((letter, frozen))
    } else {
        Err(hidden())
    }
}

pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    mut filter: Filter,
    page: &PageQuery,
) -> Result<Page<Letter>, Error> {
    expect_programme(actor, programme)?;
    if let Some(own) = own_only(actor)? {
        filter.consortium = Some(own);
    }
    Ok(letters::list(cx.store.read(), programme, &filter, page).await?)
}

pub async fn counts(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
) -> Result<Vec<(LetterState, u64)>, Error> {
    expect_programme(actor, programme)?;
    Ok(letters::counts(cx.store.read(), programme).await?)
}
