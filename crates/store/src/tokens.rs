//! API tokens; of a secret only its hash is here.

use bando_domain::event::SubjectKind;
use bando_domain::ids::TokenId;
use bando_domain::token::{self, Token};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::{About, Aggregate, Versioned};
use crate::tables::tokens::{Column, Entity, Model};
use crate::tables::{Json, save_row};

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: TokenId) -> Result<Versioned<Token>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    read(row.ok_or_else(|| Error::not_found(format!("token {id}")))?)
}

pub async fn list<D: Db>(db: &D, page: &PageQuery) -> Result<Page<Versioned<Token>>, Error> {
    let mut query = Entity::find();
    if let Some(after) = page.after_uuid() {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query
        .order_by_asc(Column::Id)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let found = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page.size, |known| {
        known.value.id.to_string()
    }))
}

/// Every token that was ever made for a person.
pub async fn of_person<D: Db>(db: &D, person: &str) -> Result<Vec<Token>, Error> {
    let rows = Entity::find()
        .filter(Column::Person.eq(person))
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    let tokens = rows.into_iter().map(|row| Ok(read(row)?.value));
    tokens.collect()
}

/// Whether any token was ever made.
pub async fn any<D: Db>(db: &D) -> Result<bool, Error> {
    Ok(Entity::find().count(db.connection()).await? > 0)
}

fn read(row: Model) -> Result<Versioned<Token>, Error> {
    let value = Token {
        id: row.id.into(),
        person: row.person,
        roles: row.roles.read()?,
        programme: row
            .programme
            .map(|id| id.parse())
            .transpose()
            .map_err(Error::internal)?,
        consortium: row.consortium.map(Into::into),
        secret_sha256: row.secret_sha256,
        created_by: row.created_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
        bootstrap: row.bootstrap,
    };
    Ok(Versioned {
        version: row.version,
        value,
    })
}

impl Aggregate for Token {
    type Event = token::Event;
    const KIND: SubjectKind = SubjectKind::Token;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: self.programme.clone(),
            call: None,
            consortium: None,
        }
    }

    fn event_kind(event: &token::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &token::Event) -> Option<Self> {
        token::apply(before, event)
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        let row = Model {
            id: self.id.0,
            version,
            person: self.person.clone(),
            roles: Json::of(&self.roles)?,
            programme: self.programme.as_ref().map(ToString::to_string),
            consortium: self.consortium.map(|id| id.0),
            secret_sha256: self.secret_sha256.clone(),
            created_by: self.created_by.clone(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            revoked_at: self.revoked_at,
            bootstrap: self.bootstrap,
        };
        save_row!(
            tx,
            Entity,
            Column,
            row,
            before.is_some(),
            version,
            self.id.0
        )
    }
}
