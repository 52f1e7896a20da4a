//! Proposals: acts that wait for a second person.

use bando_domain::event::SubjectKind;
use bando_domain::ids::{CallId, ProgrammeId, ProposalId, RankingId};
use bando_domain::proposal::{self, Proposal, State};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use crate::calls::by_name;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::{About, Aggregate, Versioned};
use crate::tables::proposals::{Column, Entity, Model};
use crate::tables::{Json, save_row};

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: ProposalId) -> Result<Versioned<Proposal>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    read(row.ok_or_else(|| Error::not_found(format!("proposal {id}")))?)
}

pub async fn list<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    state: Option<State>,
    page: &PageQuery,
) -> Result<Page<Versioned<Proposal>>, Error> {
    let mut query = Entity::find().filter(Column::Programme.eq(programme.as_str()));
    if let Some(state) = state {
        query = query.filter(Column::State.eq(state.as_str()));
    }
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

/// What waits for its second person in a call, oldest first.
pub async fn pending_in<D: Db>(db: &D, call: &CallId) -> Result<Vec<Versioned<Proposal>>, Error> {
    let rows = Entity::find()
        .filter(Column::Call.eq(call.to_string()))
        .filter(Column::State.eq(State::Pending.as_str()))
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    rows.into_iter().map(read).collect()
}

/// Everything of a kind that was ever asked for in a call, oldest first.
pub async fn of_kind<D: Db>(db: &D, call: &CallId, kind: &str) -> Result<Vec<Proposal>, Error> {
    let rows = Entity::find()
        .filter(Column::Call.eq(call.to_string()))
        .filter(Column::Kind.eq(kind))
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    let found = rows.into_iter().map(|row| Ok(read(row)?.value));
    found.collect()
}

/// What waits in a programme though its time is over.
pub async fn overdue(tx: &Tx, programme: &ProgrammeId) -> Result<Vec<Versioned<Proposal>>, Error> {
    let rows = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::State.eq(State::Pending.as_str()))
        .filter(Column::ExpiresAt.lt(tx.cause().at))
        .order_by_asc(Column::Id)
        .all(tx.connection())
        .await?;
    rows.into_iter().map(read).collect()
}

/// Pending proposals about a ranking.
pub async fn pending_about<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    ranking: RankingId,
) -> Result<Vec<Versioned<Proposal>>, Error> {
    let rows = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::State.eq(State::Pending.as_str()))
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    let found = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(found
        .into_iter()
        .filter(|known| known.value.act.ranking() == Some(ranking))
        .collect())
}

pub async fn count_pending<D: Db>(db: &D, programme: &ProgrammeId) -> Result<u64, Error> {
    let query = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::State.eq(State::Pending.as_str()));
    Ok(query.count(db.connection()).await?)
}

fn read(row: Model) -> Result<Versioned<Proposal>, Error> {
    let value = Proposal {
        id: row.id.into(),
        call: row.call.parse().map_err(Error::internal)?,
        act: row.act.read()?,
        payload_sha256: row.payload_sha256,
        requested_by: row.requested_by,
        requested_at: row.requested_at,
        expires_at: row.expires_at,
        state: by_name(State::ALL, State::as_str, &row.state)?,
        decided_by: row.decided_by,
        decided_at: row.decided_at,
        reason: row.reason,
        stated_act: row.stated_act,
    };
    Ok(Versioned {
        version: row.version,
        value,
    })
}

impl Aggregate for Proposal {
    type Event = proposal::Event;
    const KIND: SubjectKind = SubjectKind::Proposal;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.call.programme().clone()),
            call: Some(self.call.clone()),
            consortium: None,
        }
    }

    fn event_kind(event: &proposal::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &proposal::Event) -> Option<Self> {
        proposal::apply(before, event)
    }

    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        let row = Model {
            id: self.id.0,
            version,
            programme: self.call.programme().to_string(),
            call: self.call.to_string(),
            kind: self.act.kind().to_owned(),
            act: Json::of(&self.act)?,
            payload_sha256: self.payload_sha256.clone(),
            requested_by: self.requested_by.clone(),
            requested_at: self.requested_at,
            expires_at: self.expires_at,
            state: self.state.as_str().to_owned(),
            decided_by: self.decided_by.clone(),
            decided_at: self.decided_at,
            reason: self.reason.clone(),
            ranking: self.act.ranking().map(|ranking| ranking.0),
            stated_act: self.stated_act.clone(),
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
