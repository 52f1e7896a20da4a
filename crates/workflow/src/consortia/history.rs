//! The history of a consortium: what its events meant for the register, oldest first.

use bando_domain::actor::Actor;
use bando_domain::consortium::{self, Consortium, Line};
use bando_domain::event::Recorded;
use bando_domain::ids::{ConsortiumId, ProgrammeId};
use bando_store::{Page, PageQuery, events};

use super::get;
use crate::context::Context;
use crate::error::Error;

/// One event and what it meant.
#[derive(Debug, Clone)]
pub struct Entry {
    pub recorded: Recorded,
    pub lines: Vec<Line>,
}

/// A page of the history; a page goes on after the version of the last event before it.
pub async fn history(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    id: ConsortiumId,
    page: &PageQuery,
) -> Result<Page<Entry>, Error> {
    get(cx, actor, programme, id).await?;
    let subject = id.to_string();
    let all = events::of_subject::<Consortium, _>(cx.store.read(), &subject).await?;
    let after = page
        .after
        .as_deref()
        .and_then(|key| key.parse::<i64>().ok());
    let after = after.unwrap_or_default();
    let size = usize::try_from(page.size).unwrap_or(usize::MAX);
    let (mut before, mut rows, mut next): (Option<Consortium>, Vec<Entry>, _) =
        (None, Vec::new(), None);
    for (recorded, event) in all {
        if recorded.version > after {
            if rows.len() == size {
                next = rows.last().map(|last| last.recorded.version.to_string());
                break;
            }
            let known = before.as_ref();
            let known = known.map(|known| (&known.profile, &known.contact.email));
            let lines = consortium::lines(known, &event);
            rows.push(Entry { recorded, lines });
        }
        before = consortium::apply(before, &event);
    }
    Ok(Page { rows, next })
}
