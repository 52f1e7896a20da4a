//! The ledger of letters: read, and told what became of them.

use bando_domain::actor::Actor;
use bando_domain::ids::{ConsortiumId, LetterId, ProgrammeId};
use bando_domain::letter::{self, Delivered, DeliveryOutcome, Letter, LetterState};
use bando_store::letters::{self, Filter, Frozen};
use bando_store::redirections::{self, Redirection};
use bando_store::{Page, PageQuery, Tx};

use crate::authority::{expect_programme, own_only};
use crate::clarifications;
use crate::context::{Command, Context};
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

/// Letters that followed a corrected address.
pub async fn redirected(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    consortium: Option<ConsortiumId>,
    page: &PageQuery,
) -> Result<Page<Redirection>, Error> {
    expect_programme(actor, programme)?;
    let own = own_only(actor)?;
    if own.is_some() && consortium.is_some() && consortium != own {
        return Err(Error::NotFound("the consortium".to_owned()));
    }
    let wanted = own.or(consortium);
    Ok(redirections::list(cx.store.read(), programme, wanted, page).await?)
}

pub async fn counts(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
) -> Result<Vec<(LetterState, u64)>, Error> {
    expect_programme(actor, programme)?;
    Ok(letters::counts(cx.store.read(), programme).await?)
}

/// Longest reference to an evidence, in bytes.
const EVIDENCE_LIMIT: usize = 500;

/// Writes down when a sent letter was delivered, or that it came back. The term of the request it
/// carries begins in the same commit.
pub async fn record_delivery(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    id: LetterId,
    outcome: DeliveryOutcome,
    delivered: Delivered,
) -> Result<Letter, Error> {
    let evidence = delivered.evidence.trim();
    let printable = !evidence.chars().any(char::is_control);
    if evidence.is_empty() || evidence.len() > EVIDENCE_LIMIT || !printable {
        let why = "where the proof is kept, 1 to 500 bytes";
        return Err(Error::invalid("evidence", "REQUIRED", why));
    }
    cx.once(command, || async {
        let (letter, _) = get(cx, &command.actor, programme, id).await?;
        let after = letter::record_delivery(&letter, outcome, delivered.at, command.received_at)?;
        let delivered = delivered.clone();
        cx.commit(command, async move |tx: &Tx| {
            letters::record_delivery(tx, &letter, outcome, after, &delivered).await?;
            if let Some(request) = letter.wanted.facts.starts_term_of() {
                match outcome {
                    DeliveryOutcome::Delivered => {
                        clarifications::term_begins(tx, request, letter.id, &delivered).await?;
                    }
                    DeliveryOutcome::NotDelivered => {
                        clarifications::letter_came_back(tx, request, letter.id, &delivered)
                            .await?;
                    }
                }
            }
            Ok(letters::get(tx, letter.id).await?.0)
        })
        .await
    })
    .await
}
