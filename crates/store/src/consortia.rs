//! Consortia with their members and links.

use std::collections::HashMap;

use bando_domain::civil::Language;
use bando_domain::consortium::{
    self, Accreditation, Consortium, Contact, Fund, LegalForm, Link, Member, Profile,
};
use bando_domain::event::{Personal, SubjectKind};
use bando_domain::identifiers::PartitaIva;
use bando_domain::ids::{ConsortiumId, ProgrammeId};
use bando_domain::letter::Recipient;
use bando_domain::money::Eur;
use bando_domain::sme::SmeClass;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::calls::by_name;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::{About, Aggregate, Versioned};
use crate::tables::consortia::{Column, Entity, Model};
use crate::tables::{Json, links, members, save_row};

/// Values asked for in one query.
const IN_LIMIT: usize = 500;

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: ConsortiumId) -> Result<Versioned<Consortium>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    let row = row.ok_or_else(|| Error::not_found(format!("consortium {id}")))?;
    let mut found = with_parts(db, vec![row]).await?;
    found
        .pop()
        .ok_or_else(|| Error::not_found(format!("consortium {id}")))
}

/// The consortia of a programme in order of registration; only `own` if given.
pub async fn list<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    own: Option<ConsortiumId>,
    page: &PageQuery,
) -> Result<Page<Versioned<Consortium>>, Error> {
    let mut query = Entity::find().filter(Column::Programme.eq(programme.as_str()));
    if let Some(own) = own {
        query = query.filter(Column::Id.eq(own.0));
    }
    if let Some(after) = page.after_uuid() {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query
        .order_by_asc(Column::Id)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let found = with_parts(db, rows).await?;
    Ok(Page::of(found, page.size, |known| {
        known.value.id.to_string()
    }))
}

/// Consortia of a programme by partita IVA, in no order; unknown ones are left out.
pub async fn by_partita_iva<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    numbers: impl IntoIterator<Item = PartitaIva>,
) -> Result<Vec<Versioned<Consortium>>, Error> {
    let numbers: Vec<PartitaIva> = numbers.into_iter().collect();
    let mut found = Vec::new();
    for some in numbers.chunks(IN_LIMIT) {
        let rows = Entity::find()
            .filter(Column::Programme.eq(programme.as_str()))
            .filter(Column::PartitaIva.is_in(some.iter().map(PartitaIva::as_str)))
            .all(db.connection())
            .await?;
        found.extend(with_parts(db, rows).await?);
    }
    Ok(found)
}

/// Checks, inside a transaction, that a consortium is still the one that was read.
///
/// # Errors
/// `Stale` when it changed.
pub async fn expect_version(tx: &Tx, id: ConsortiumId, version: i64) -> Result<(), Error> {
    let found: Option<i64> = Entity::find_by_id(id.0)
        .select_only()
        .column(Column::Version)
        .into_tuple()
        .one(tx.connection())
        .await?;
    if found == Some(version) {
        Ok(())
    } else {
        Err(Error::stale(format!("consortium {id}")))
    }
}

/// Consortia by id, in no order; unknown ids are left out.
pub async fn by_ids<D: Db>(
    db: &D,
    ids: impl IntoIterator<Item = ConsortiumId>,
) -> Result<Vec<Versioned<Consortium>>, Error> {
    let ids = ids.into_iter().map(|id| id.0);
    let rows = Entity::find()
        .filter(Column::Id.is_in(ids))
        .all(db.connection())
        .await?;
    with_parts(db, rows).await
}

#[derive(FromQueryResult)]
struct Titled {
    id: Uuid,
    title: String,
}

/// Names of consortia by id.
pub async fn titles<D: Db>(
    db: &D,
    ids: impl IntoIterator<Item = ConsortiumId>,
) -> Result<HashMap<ConsortiumId, String>, Error> {
    let rows = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Title])
        .filter(Column::Id.is_in(ids.into_iter().map(|id| id.0)))
        .into_model::<Titled>()
        .all(db.connection())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id.into(), row.title))
        .collect())
}

#[derive(FromQueryResult)]
struct Mailbox {
    id: Uuid,
    title: String,
    email: String,
    language: String,
}

/// Whom a letter to each of these consortia goes to; unknown ids are left out.
pub async fn recipients<D: Db>(
    db: &D,
    ids: impl IntoIterator<Item = ConsortiumId>,
) -> Result<HashMap<ConsortiumId, Recipient>, Error> {
    let rows = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Title, Column::Email, Column::Language])
        .filter(Column::Id.is_in(ids.into_iter().map(|id| id.0)))
        .into_model::<Mailbox>()
        .all(db.connection())
        .await?;
    let recipient = |row: Mailbox| {
        let id = ConsortiumId::from(row.id);
        let recipient = Recipient {
            name: row.title,
            address: Personal::new(row.email),
            language: read_language(&row.language)?,
            consortium: Some(id),
        };
        Ok((id, recipient))
    };
    rows.into_iter().map(recipient).collect()
}

async fn with_parts<D: Db>(db: &D, rows: Vec<Model>) -> Result<Vec<Versioned<Consortium>>, Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let member_rows = members::Entity::find()
        .filter(members::Column::Consortium.is_in(ids.clone()))
        .order_by_asc(members::Column::Position)
        .all(db.connection())
        .await?;
    let link_rows = links::Entity::find()
        .filter(links::Column::Consortium.is_in(ids))
        .order_by_asc(links::Column::Position)
        .all(db.connection())
        .await?;
    let mut members: HashMap<Uuid, Vec<Member>> = HashMap::new();
    for row in member_rows {
        members
            .entry(row.consortium)
            .or_default()
            .push(read_member(row)?);
    }
    let mut links: HashMap<Uuid, Vec<Link>> = HashMap::new();
    for row in link_rows {
        let link = Link {
            one: row.one.parse().map_err(Error::internal)?,
            other: row.other.parse().map_err(Error::internal)?,
            since: row.since_on,
            until: row.until_on,
        };
        links.entry(row.consortium).or_default().push(link);
    }
    rows.into_iter()
        .map(|row| {
            let id = row.id;
            read(row, members.remove(&id), links.remove(&id))
        })
        .collect()
}

fn read_member(row: members::Model) -> Result<Member, Error> {
    Ok(Member {
        partita_iva: row.partita_iva.parse().map_err(Error::internal)?,
        name: row.title,
        region: row.region,
        artisan: row.artisan,
        size: read_size(&row.size)?,
        share: Eur::cents(row.share_cents),
        joined_on: row.joined_on,
        left_on: row.left_on,
        past_shares: row.past_shares.read()?,
        address: row.address.map(Personal::new),
        email: row.email.map(Personal::new),
    })
}

fn read_size(text: &str) -> Result<SmeClass, Error> {
    Ok(serde_json::from_value(serde_json::Value::String(
        text.to_owned(),
    ))?)
}

fn size_text(size: SmeClass) -> Result<String, Error> {
    match serde_json::to_value(size)? {
        serde_json::Value::String(text) => Ok(text),
        other => Err(Error::internal(format!(
            "a size class is not text: {other}"
        ))),
    }
}

const fn language_text(language: Language) -> &'static str {
    match language {
        Language::It => "it",
        Language::En => "en",
    }
}

pub(crate) fn read_language(text: &str) -> Result<Language, Error> {
    by_name([Language::It, Language::En], language_text, text)
}

fn read(
    row: Model,
    members: Option<Vec<Member>>,
    links: Option<Vec<Link>>,
) -> Result<Versioned<Consortium>, Error> {
    let accreditation = row
        .accreditation
        .map(|text| by_name(Accreditation::ALL, Accreditation::as_str, &text))
        .transpose()?;
    let profile = Profile {
        name: row.title,
        partita_iva: row.partita_iva.parse().map_err(Error::internal)?,
        form: by_name(LegalForm::ALL, LegalForm::as_str, &row.form)?,
        seat_country: row.seat_country,
        seat_region: row.seat_region,
        fund: Fund {
            subscribed: Eur::cents(row.fund_subscribed_cents),
            paid: Eur::cents(row.fund_paid_cents),
        },
        statute_forbids_profit: row.statute_forbids_profit,
        active: row.active,
        sme_majority_of_directors: row.sme_majority_of_directors,
        accreditation,
        members: members.unwrap_or_default(),
        links: links.unwrap_or_default(),
        accreditations: row.accreditations.read()?,
        past_funds: row.past_funds.read()?,
        programmes: row.programmes.read()?,
    };
    let contact = Contact {
        legal_representative: Personal::new(row.legal_representative),
        email: Personal::new(row.email),
        language: read_language(&row.language)?,
        address: row.address.map(Personal::new),
    };
    let value = Consortium {
        id: row.id.into(),
        programme: row.programme.parse().map_err(Error::internal)?,
        profile,
        contact,
    };
    Ok(Versioned {
        version: row.version,
        value,
    })
}

impl Aggregate for Consortium {
    type Event = consortium::Event;
    const KIND: SubjectKind = SubjectKind::Consortium;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.programme.clone()),
            call: None,
            consortium: Some(self.id),
        }
    }

    fn event_kind(event: &consortium::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &consortium::Event) -> Option<Self> {
        consortium::apply(before, event)
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        save_own(self, tx, before.is_some(), version).await?;
        let parts_changed = before.is_none_or(|known| {
            known.profile.members != self.profile.members
                || known.profile.links != self.profile.links
        });
        if parts_changed {
            replace_parts(self, tx, before.is_some()).await?;
        }
        Ok(())
    }
}

async fn save_own(
    consortium: &Consortium,
    tx: &Tx,
    exists: bool,
    version: i64,
) -> Result<(), Error> {
    let (profile, contact) = (&consortium.profile, &consortium.contact);
    let row = Model {
        id: consortium.id.0,
        programme: consortium.programme.to_string(),
        version,
        title: profile.name.clone(),
        partita_iva: profile.partita_iva.as_str().to_owned(),
        form: profile.form.as_str().to_owned(),
        seat_country: profile.seat_country.clone(),
        seat_region: profile.seat_region.clone(),
        fund_subscribed_cents: profile.fund.subscribed.as_cents(),
        fund_paid_cents: profile.fund.paid.as_cents(),
        statute_forbids_profit: profile.statute_forbids_profit,
        active: profile.active,
        sme_majority_of_directors: profile.sme_majority_of_directors,
        accreditation: profile.accreditation.map(|known| known.as_str().to_owned()),
        legal_representative: contact.legal_representative.reveal().to_owned(),
        email: contact.email.reveal().to_owned(),
        language: language_text(contact.language).to_owned(),
        accreditations: Json::of(&profile.accreditations)?,
        past_funds: Json::of(&profile.past_funds)?,
        programmes: Json::of(&profile.programmes)?,
        address: revealed(contact.address.as_ref()),
    };
    save_row!(tx, Entity, Column, row, exists, version, consortium.id.0)
}

fn revealed(value: Option<&Personal>) -> Option<String> {
    value.map(|value| value.reveal().to_owned())
}

async fn replace_parts(consortium: &Consortium, tx: &Tx, exists: bool) -> Result<(), Error> {
    let (id, connection) = (consortium.id.0, tx.connection());
    if exists {
        members::Entity::delete_many()
            .filter(members::Column::Consortium.eq(id))
            .exec(connection)
            .await?;
        links::Entity::delete_many()
            .filter(links::Column::Consortium.eq(id))
            .exec(connection)
            .await?;
    }
    let mut member_rows = Vec::new();
    for (position, member) in (0..).zip(&consortium.profile.members) {
        let row = members::Model {
            consortium: id,
            position,
            partita_iva: member.partita_iva.as_str().to_owned(),
            title: member.name.clone(),
            region: member.region.clone(),
            artisan: member.artisan,
            size: size_text(member.size)?,
            share_cents: member.share.as_cents(),
            joined_on: member.joined_on,
            left_on: member.left_on,
            past_shares: Json::of(&member.past_shares)?,
            address: revealed(member.address.as_ref()),
            email: revealed(member.email.as_ref()),
        };
        member_rows.push(row.into_active_model());
    }
    if !member_rows.is_empty() {
        members::Entity::insert_many(member_rows)
            .exec_without_returning(connection)
            .await?;
    }
    let link_rows: Vec<_> = (0..)
        .zip(&consortium.profile.links)
        .map(|(position, link)| {
            links::Model {
                consortium: id,
                position,
                one: link.one.as_str().to_owned(),
                other: link.other.as_str().to_owned(),
                since_on: link.since,
                until_on: link.until,
            }
            .into_active_model()
        })
        .collect();
    if !link_rows.is_empty() {
        links::Entity::insert_many(link_rows)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}
