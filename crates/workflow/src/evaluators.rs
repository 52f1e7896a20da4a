//! The register of evaluators of a programme: what conflicts of interest are found with.

use bando_domain::actor::Actor;
use bando_domain::evaluator::{Details, Evaluator, Event, malformed};
use bando_domain::ids::{EvaluatorId, ProgrammeId};
use bando_store::{
    Consequences, Kind, Page, PageQuery, Tx, Versioned, evaluators, programmes, record,
};

use crate::authority::expect_programme;
use crate::context::{Command, Context};
use crate::error::Error;
use crate::evaluations::look_at_all_of;

pub async fn get(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    id: EvaluatorId,
) -> Result<Versioned<Evaluator>, Error> {
    expect_programme(actor, programme)?;
    let found = evaluators::get(cx.store.read(), id).await?;
    if found.value.programme == *programme {
        return Ok(found);
    }
    Err(Error::NotFound(format!("evaluator {id}")))
}

pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    page: &PageQuery,
) -> Result<Page<Versioned<Evaluator>>, Error> {
    expect_programme(actor, programme)?;
    Ok(evaluators::list(cx.store.read(), programme, page).await?)
}

/// Registers an evaluator; what they do already is looked at again.
pub async fn register(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    person: &str,
    details: Details,
) -> Result<Versioned<Evaluator>, Error> {
    expect_programme(&command.actor, programme)?;
    check(person, &details)?;
    cx.once(command, || async {
        programmes::get(cx.store.read(), programme).await?;
        let (programme, details) = (programme.clone(), details.clone());
        let named = person.to_owned();
        let registered = cx.commit(command, async move |tx: &Tx| {
            let evaluator = Evaluator {
                id: EvaluatorId(tx.new_id()),
                programme: programme.clone(),
                person: named.clone(),
                details,
            };
            let event = Event::Registered {
                evaluator: Box::new(evaluator),
            };
            let registered = record(tx, None, &event, Consequences::default()).await?;
            look_at_all_of(tx, &programme, &named).await?;
            Ok(registered)
        });
        registered.await.map_err(|error| match error {
            Error::Store(inner)
                if inner.kind == Kind::AlreadyExists && inner.message.contains("evaluators") =>
            {
                Error::Exists {
                    reason: "EVALUATOR_EXISTS",
                    message: format!("{person} is registered in this programme"),
                }
            }
            other => other,
        })
    })
    .await
}

/// Replaces what is known of an evaluator; their live evaluations are looked at again.
pub async fn update(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    id: EvaluatorId,
    etag: &str,
    details: Details,
) -> Result<Versioned<Evaluator>, Error> {
    cx.once(command, || async {
        let before = get(cx, &command.actor, programme, id).await?;
        cx.expect_etag(&before, etag).await?;
        check(&before.value.person, &details)?;
        let event = Event::Amended {
            details: Box::new(details.clone()),
        };
        cx.commit(command, async move |tx: &Tx| {
            let amended = record(tx, Some(before), &event, Consequences::default()).await?;
            look_at_all_of(tx, &amended.value.programme, &amended.value.person).await?;
            Ok(amended)
        })
        .await
    })
    .await
}

fn check(person: &str, details: &Details) -> Result<(), Error> {
    let mut violations = malformed(person, details);
    for violation in &mut violations {
        violation.field.insert_str(0, "evaluator.");
    }
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_fields(violations))
    }
}
