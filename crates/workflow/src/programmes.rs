//! Programmes: loaded from their files; each brings the office's routine schedules.

use bando_domain::actor::Actor;
use bando_domain::call_file;
use bando_domain::ids::ProgrammeId;
use bando_domain::programme::{Event, Programme};
use bando_store::{Consequences, Tx, Versioned, programmes, record, schedules as stored};

use crate::authority::expect_programme;
use crate::context::{Command, Context};
use crate::error::Error;
use crate::{calls, schedules};

pub async fn get(
    cx: &Context,
    actor: &Actor,
    id: &ProgrammeId,
) -> Result<Versioned<Programme>, Error> {
    expect_programme(actor, id)?;
    Ok(programmes::get(cx.store.read(), id).await?)
}

/// All programmes the actor sees; an installation has few.
pub async fn list(cx: &Context, actor: &Actor) -> Result<Vec<Versioned<Programme>>, Error> {
    let all = programmes::all(cx.store.read()).await?;
    Ok(all
        .into_iter()
        .filter(|known| actor.sees_programme(&known.value.id))
        .collect())
}

/// Creates or replaces a programme by its file.
pub async fn load(
    cx: &Context,
    command: &Command,
    file_name: &str,
    file: &str,
) -> Result<Versioned<Programme>, Error> {
    let programme = call_file::parse_programme(file_name, file).map_err(calls::mistakes)?;
    expect_programme(&command.actor, &programme.id)?;
    cx.once(command, || async {
        let before = programmes::find(cx.store.read(), &programme.id).await?;
        if let Some(known) = &before
            && known.value == programme
        {
            return Ok(known.clone());
        }
        let plans = schedules::plans_in(cx, &programme);
        let event = Event::Loaded {
            programme: Box::new(programme.clone()),
        };
        cx.commit_many(command, async move |tx: &Tx| {
            let loaded = record(tx, before, &event, Consequences::default()).await?;
            stored::plan(tx, &loaded.value.id, &plans).await?;
            Ok(loaded)
        })
        .await
    })
    .await
}
