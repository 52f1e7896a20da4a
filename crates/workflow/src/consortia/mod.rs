//! Consortia: registered by the office, kept up to date by themselves.

mod acts;
mod history;
mod import;

use bando_domain::actor::Actor;
use bando_domain::consortium::{self, Consortium, Contact, Event, Profile};
use bando_domain::eligibility;
use bando_domain::event::Personal;
use bando_domain::identifiers::EmailAddress;
use bando_domain::ids::{ConsortiumId, ProgrammeId};
use bando_domain::project::Violation;
use bando_store::{
    Consequences, Kind, Page, PageQuery, Tx, Versioned, consortia, programmes, record, redirections,
};
use chrono::NaiveDate;

use crate::authority::{expect_programme, own_only};
use crate::context::{Command, Context};
use crate::error::Error;

pub use acts::{
    Corrected, Correction, agree_programme, correct_address, malformed as malformed_change,
    record_change,
};
pub use history::{Entry, history};
pub use import::{Imported, Refused, import};

pub async fn get(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    id: ConsortiumId,
) -> Result<Versioned<Consortium>, Error> {
    let hidden = || Error::NotFound(format!("consortium {id}"));
    if !actor.sees_programme(programme) || !actor.sees_consortium(id) {
        return Err(hidden());
    }
    let found = consortia::get(cx.store.read(), id).await?;
    if found.value.programme == *programme {
        Ok(found)
    } else {
        Err(hidden())
    }
}

/// The whole register, or the consortium as it stood on a day.
pub async fn get_on(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    id: ConsortiumId,
    on: Option<NaiveDate>,
) -> Result<Versioned<Consortium>, Error> {
    let mut found = get(cx, actor, programme, id).await?;
    if let Some(day) = on {
        found.value.profile = found.value.profile.on(day);
    }
    Ok(found)
}

pub async fn list(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    page: &PageQuery,
) -> Result<Page<Versioned<Consortium>>, Error> {
    expect_programme(actor, programme)?;
    Ok(consortia::list(cx.store.read(), programme, own_only(actor)?, page).await?)
}

pub async fn register(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    profile: Profile,
    contact: Contact,
) -> Result<Versioned<Consortium>, Error> {
    expect_programme(&command.actor, programme)?;
    check(&profile, &contact)?;
    cx.once(command, || async {
        programmes::get(cx.store.read(), programme).await?;
        let programme = programme.clone();
        let (profile, contact) = (profile.clone().settled(), contact.clone().settled());
        let partita_iva = profile.partita_iva.clone();
        let registered = cx.commit(command, async move |tx: &Tx| {
            let id = ConsortiumId(tx.new_id());
            let consortium = Consortium {
                id,
                programme,
                profile,
                contact,
            };
            let event = Event::Registered {
                consortium: Box::new(consortium),
            };
            Ok(record(tx, None, &event, Consequences::default()).await?)
        });
        registered
            .await
            .map_err(|error| known_already(error, partita_iva.as_str()))
    })
    .await
}

/// What an update changes; `None` leaves a part as it is.
#[derive(Debug, Clone)]
pub struct Change {
    pub profile: Option<Profile>,
    pub contact: Option<Contact>,
}

/// Changes the profile, the contact or both. The profile says anew what holds; what has ended
/// stays recorded. Undelivered letters follow a new address.
pub async fn update(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    id: ConsortiumId,
    etag: &str,
    change: Change,
) -> Result<Versioned<Consortium>, Error> {
    cx.once(command, || async {
        let before = get(cx, &command.actor, programme, id).await?;
        acts::expect_office_or_own(&command.actor, id, false)?;
        cx.expect_etag(&before, etag).await?;
        let known = &before.value.profile;
        let profile = match change.profile.clone() {
            Some(given) => consortium::amended(known, given),
            None => known.clone(),
        };
        let known = &before.value.contact;
        let contact = change.contact.clone().map_or_else(
            || known.clone(),
            |given| consortium::contact_amended(known, given),
        );
        check(&profile, &contact)?;
        let event = Event::Amended {
            profile: Box::new(profile),
            contact: Box::new(contact),
        };
        cx.commit(command, async move |tx: &Tx| {
            let was = before.value.contact.email.clone();
            let updated = record(tx, Some(before), &event, Consequences::default()).await?;
            let email = &updated.value.contact.email;
            if was != *email {
                redirections::follow(tx, id, &was, email).await?;
            }
            Ok(updated)
        })
        .await
    })
    .await
}

fn check(profile: &Profile, contact: &Contact) -> Result<(), Error> {
    let violations = malformed(Some(profile), Some(contact));
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_fields(violations))
    }
}

/// What a consortium must never be registered with, in the parts that are given.
pub fn malformed(profile: Option<&Profile>, contact: Option<&Contact>) -> Vec<Violation> {
    let mut violations = profile.map_or_else(Vec::new, eligibility::malformed_profile);
    let Some(contact) = contact else {
        return violations;
    };
    if let Err(error) = contact.email.reveal().parse::<EmailAddress>() {
        violations.push(Violation::new("contact.email", "EMAIL", error.to_string()));
    }
    check_name(&contact.legal_representative, &mut violations);
    let (row, address) = ("contact.", contact.address.as_ref());
    eligibility::malformed_reach(row, address, None, &mut violations);
    violations
}

fn check_name(name: &Personal, violations: &mut Vec<Violation>) {
    let name = name.reveal();
    let fits = !name.trim().is_empty()
        && name.chars().count() <= bando_domain::consortium::NAME_LIMIT
        && !name.chars().any(char::is_control);
    if !fits {
        violations.push(Violation::new(
            "contact.legal_representative",
            "NAME",
            "1 to 200 characters, none of them a control character",
        ));
    }
}

fn known_already(error: Error, partita_iva: &str) -> Error {
    match error {
        Error::Store(inner)
            if inner.kind == Kind::AlreadyExists && inner.message.contains("partita_iva") =>
        {
            Error::Exists {
                reason: "CONSORTIUM_EXISTS",
                message: format!("partita IVA {partita_iva} is registered in this programme"),
            }
        }
        other => other,
    }
}
