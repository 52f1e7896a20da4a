//! The dated acts of a consortium's register, its multi-year programmes, and the correction of
//! the address where its letters go.

use bando_domain::actor::{Actor, Role};
use bando_domain::consortium::{self, Change, Consortium, MultiYearProgramme};
use bando_domain::eligibility;
use bando_domain::event::Personal;
use bando_domain::identifiers::EmailAddress;
use bando_domain::ids::{ConsortiumId, LetterId, ProgrammeId};
use bando_domain::project::Violation;
use bando_store::{Consequences, Tx, Versioned, programmes, record, redirections};
use serde::{Deserialize, Serialize};

use super::get;
use crate::context::{Command, Context};
use crate::error::{Error, Refused};

/// Longest reason, in characters.
const REASON_LIMIT: usize = 2_000;

/// Records one dated change of the register. A consortium may record its own, but for what the
/// Region grants.
pub async fn record_change(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    id: ConsortiumId,
    etag: &str,
    change: Change,
) -> Result<Versioned<Consortium>, Error> {
    expect_well_formed(&change)?;
    cx.once(command, || async {
        let before = get(cx, &command.actor, programme, id).await?;
        expect_office_or_own(&command.actor, id, change.is_of_the_office())?;
        cx.expect_etag(&before, etag).await?;
        let zone = programmes::get(cx.store.read(), programme)
            .await?
            .value
            .zone;
        let today = zone.day(command.received_at);
        let event = consortium::decide(&before.value.profile, change.clone(), today)
            .map_err(|refusal| refused(change.name(), &refusal))?;
        cx.commit(command, async move |tx: &Tx| {
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}

/// Agrees a multi-year programme, or changes the one of the same first year.
pub async fn agree_programme(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    id: ConsortiumId,
    etag: &str,
    agreed: MultiYearProgramme,
) -> Result<Versioned<Consortium>, Error> {
    let violations = eligibility::malformed_programme(&agreed);
    if !violations.is_empty() {
        return Err(Error::invalid_fields(violations));
    }
    cx.once(command, || async {
        let before = get(cx, &command.actor, programme, id).await?;
        expect_office_or_own(&command.actor, id, false)?;
        cx.expect_etag(&before, etag).await?;
        let event = consortium::agree(&before.value.profile, agreed.clone())?;
        cx.commit(command, async move |tx: &Tx| {
            Ok(record(tx, Some(before), &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}

/// Where letters go from now on, and why.
#[derive(Debug, Clone)]
pub struct Correction {
    pub email: String,
    pub reason: String,
}

/// A corrected consortium and the letters that go to the new address.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Corrected {
    pub consortium: Versioned<Consortium>,
    pub letters: Vec<LetterId>,
}

/// Corrects the address of a consortium. Its letters that surely were not delivered follow under
/// their own keys; what is uncertain waits for a person.
pub async fn correct_address(
    cx: &Context,
    command: &Command,
    programme: &ProgrammeId,
    id: ConsortiumId,
    etag: &str,
    correction: Correction,
) -> Result<Corrected, Error> {
    let Correction { email, reason } = correction;
    let email = EmailAddress::parse(&email)
        .map_err(|error| Error::invalid("email", "EMAIL", error.to_string()))?;
    if reason.chars().count() > REASON_LIMIT {
        return Err(Error::invalid(
            "reason",
            "TOO_LONG",
            "at most 2,000 characters",
        ));
    }
    cx.once(command, || async {
        let before = get(cx, &command.actor, programme, id).await?;
        cx.expect_etag(&before, etag).await?;
        let event = consortium::correct_address(Personal::new(email.as_str()), &reason)?;
        cx.commit(command, async move |tx: &Tx| {
            let was = before.value.contact.email.clone();
            let consortium = record(tx, Some(before), &event, Consequences::default()).await?;
            let letters =
                redirections::follow(tx, id, &was, &consortium.value.contact.email).await?;
            Ok(Corrected {
                consortium,
                letters,
            })
        })
        .await
    })
    .await
}

pub(super) fn expect_office_or_own(
    actor: &Actor,
    id: ConsortiumId,
    only_office: bool,
) -> Result<(), Error> {
    if actor.is_any(&[Role::Officer, Role::Manager]) {
        return Ok(());
    }
    if !only_office && actor.consortium == Some(id) {
        return Ok(());
    }
    let who = if only_office {
        "only the office"
    } else {
        "only the office or the consortium itself"
    };
    Err(Error::Denied(who.to_owned()))
}

fn expect_well_formed(change: &Change) -> Result<(), Error> {
    let violations = malformed(change);
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid_fields(violations))
    }
}

/// What a change must never contain; fields are named from the request.
pub fn malformed(change: &Change) -> Vec<Violation> {
    let mut found = Vec::new();
    let row = format!("{}.", change.name());
    match change {
        Change::MemberJoined(member) => eligibility::malformed_member(&row, member, &mut found),
        Change::LinkDeclared(link) => eligibility::malformed_link(&row, link, &mut found),
        Change::FundChanged { fund, .. } => eligibility::malformed_fund(&row, *fund, &mut found),
        Change::ShareChanged { share, .. } => {
            eligibility::malformed_share(&format!("{row}share_cents"), *share, &mut found);
        }
        Change::MemberReached { address, email, .. } => {
            eligibility::malformed_reach(&row, Some(address), Some(email), &mut found);
        }
        Change::MemberLeft { .. }
        | Change::LinkEnded { .. }
        | Change::AccreditationGranted { .. }
        | Change::AccreditationRenewed { .. }
        | Change::AccreditationExpired { .. } => {}
    }
    found
}

/// A refusal with the field that breaks the rule, named from the request.
fn refused(change: &str, refusal: &consortium::Refusal) -> Error {
    let field = format!("{change}.{}", refusal.field());
    told(field, refusal)
}

fn told(field: String, refusal: &consortium::Refusal) -> Error {
    let message = refusal.to_string();
    Error::Refused(Box::new(Refused {
        violations: vec![Violation::new(field, refusal.reason(), message.clone())],
        reason: refusal.reason(),
        message,
        statement: None,
    }))
}

impl From<consortium::Refusal> for Error {
    fn from(refusal: consortium::Refusal) -> Self {
        told(refusal.field().to_owned(), &refusal)
    }
}
