//! The ledger of letters: queued under a unique key in the commit of what causes them, claimed
//! under a lease, `sending` before the relay is spoken to, `sent` after its 250.

use bando_domain::event::{Personal, SubjectKind};
use bando_domain::ids::{ApplicationId, ConsortiumId, EventId, LetterId, ProgrammeId};
use bando_domain::letter::{
    Delivered, DeliveryOutcome, Letter, LetterKind, LetterState, LetterWanted, Recipient,
};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, TryInsertResult,
};

use crate::calls::by_name;
use crate::chain;
use crate::consortia::read_language;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::About;
use crate::tables::Json;
use crate::tables::letters::{ActiveModel, Column, Entity, Model};

/// How long a claim lasts before another postman may take the letter.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// Letters queued by one statement.
const ROWS: usize = 500;

/// Which letters to read.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub state: Option<LetterState>,
    pub kind: Option<LetterKind>,
    pub application: Option<ApplicationId>,
    pub consortium: Option<ConsortiumId>,
}

/// A letter as it was frozen: every attempt sends these bytes.
#[derive(Debug, Clone)]
pub struct Frozen {
    pub subject: String,
    pub message: Vec<u8>,
}

/// What an attempt came to.
#[derive(Debug, Clone)]
pub enum Attempt {
    Sent {
        answer: String,
    },
    /// The relay refused for now, or was not reached: again at `next_at`.
    Again {
        answer: String,
        next_at: DateTime<Utc>,
    },
    /// The relay refused for good, or too often.
    Failed {
        answer: String,
    },
    /// Nobody knows: a person decides.
    Uncertain {
        answer: String,
    },
    /// The address is known to be bad: waits until somebody corrects it.
    Held {
        answer: String,
    },
    /// Useless by now.
    Expired,
    /// What it asked for was done meanwhile.
    Cancelled,
}

/// Queues a letter under its key; the same key again changes nothing.
pub async fn queue(tx: &Tx, wanted: &LetterWanted) -> Result<(), Error> {
    queue_from(tx, wanted, tx.cause().at).await?;
    Ok(())
}

/// Queues a letter that does not leave before `from`; `false` when its key was known.
pub(crate) async fn queue_from(
    tx: &Tx,
    wanted: &LetterWanted,
    from: DateTime<Utc>,
) -> Result<bool, Error> {
    let inserted = Entity::insert(row(tx, wanted, from)?.into_active_model())
        .on_conflict(OnConflict::column(Column::Key).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx.connection())
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
}

/// Queues letters under their keys; those that are known change nothing.
pub(crate) async fn queue_all(tx: &Tx, wanted: &[LetterWanted]) -> Result<(), Error> {
    let now = tx.cause().at;
    for some in wanted.chunks(ROWS) {
        let rows = some.iter().map(|wanted| row(tx, wanted, now));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        Entity::insert_many(rows.into_iter().map(Model::into_active_model))
            .on_conflict(OnConflict::column(Column::Key).do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}

fn row(tx: &Tx, wanted: &LetterWanted, from: DateTime<Utc>) -> Result<Model, Error> {
    let id = tx.new_id();
    let now = tx.cause().at;
    Ok(Model {
        id,
        key: wanted.key.clone(),
        programme: wanted.programme.to_string(),
        call: wanted.call.as_ref().map(ToString::to_string),
        application: wanted.application.map(|id| id.0),
        consortium: wanted.recipient.consortium.map(|id| id.0),
        kind: wanted.facts.kind().as_str().to_owned(),
        state: LetterState::Queued.as_str().to_owned(),
        recipient: wanted.recipient.name.clone(),
        address: wanted.recipient.address.reveal().to_owned(),
        language: match wanted.recipient.language {
            bando_domain::civil::Language::It => "it".to_owned(),
            bando_domain::civil::Language::En => "en".to_owned(),
        },
        facts: Json::of(&wanted.facts)?,
        not_after: wanted.not_after,
        message_id: format!("letter.{}", id.simple()),
        subject: None,
        message: None,
        queued_at: now,
        next_at: from,
        attempts: 0,
        lease_token: 0,
        lease_until: None,
        sent_at: None,
        last_answer: None,
        delivered_at: None,
        delivery_evidence: None,
    })
}

/// Claims up to `limit` letters that are due, in order of queueing. A claim is not yet `sending`.
pub async fn claim(tx: &Tx, limit: u64) -> Result<Vec<(Letter, Option<Frozen>)>, Error> {
    let now = tx.cause().at;
    let free = Expr::col(Column::LeaseUntil)
        .is_null()
        .or(Expr::col(Column::LeaseUntil).lt(now));
    let mut query = Entity::find()
        .filter(Column::State.eq(LetterState::Queued.as_str()))
        .filter(Column::NextAt.lte(now))
        .filter(free)
        .order_by_asc(Column::NextAt)
        .order_by_asc(Column::Id)
        .limit(limit);
    if tx.is_postgres() {
        query = query.lock_with_behavior(
            sea_orm::sea_query::LockType::Update,
            sea_orm::sea_query::LockBehavior::SkipLocked,
        );
    }
    let rows = query.all(tx.connection()).await?;
    Entity::update_many()
        .col_expr(Column::LeaseToken, Expr::col(Column::LeaseToken).add(1))
        .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
        .col_expr(Column::LeaseUntil, Expr::value(now + LEASE))
        .filter(Column::Id.is_in(rows.iter().map(|row| row.id)))
        .exec(tx.connection())
        .await?;
    rows.into_iter()
        .map(|mut row| {
            row.lease_token += 1;
            row.attempts += 1;
            let frozen = match (row.subject.take(), row.message.take()) {
                (Some(subject), Some(message)) => Some(Frozen { subject, message }),
                _ => None,
            };
            Ok((read(row)?, frozen))
        })
        .collect()
}

/// Commits that the relay is about to be spoken to, with the frozen bytes; `false` when the lease
/// was lost to another postman.
pub async fn sending(tx: &Tx, letter: &Letter, frozen: &Frozen) -> Result<bool, Error> {
    let changed = Entity::update_many()
        .set(ActiveModel {
            state: sea_orm::Set(LetterState::Sending.as_str().to_owned()),
            subject: sea_orm::Set(Some(frozen.subject.clone())),
            message: sea_orm::Set(Some(frozen.message.clone())),
            lease_until: sea_orm::Set(Some(tx.cause().at + LEASE)),
            ..Default::default()
        })
        .filter(Column::Id.eq(letter.id.0))
        .filter(Column::LeaseToken.eq(letter.lease_token))
        .filter(Column::State.eq(LetterState::Queued.as_str()))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Writes down what an attempt came to; `false` when the lease was lost and the result is dropped.
pub async fn finish(tx: &Tx, letter: &Letter, attempt: &Attempt) -> Result<bool, Error> {
    let now = tx.cause().at;
    let (state, answer, next_at, sent_at) = match attempt {
        Attempt::Sent { answer } => (LetterState::Sent, Some(answer), None, Some(now)),
        Attempt::Again { answer, next_at } => {
            (LetterState::Queued, Some(answer), Some(*next_at), None)
        }
        Attempt::Failed { answer } => (LetterState::Failed, Some(answer), None, None),
        Attempt::Uncertain { answer } => (LetterState::Uncertain, Some(answer), None, None),
        Attempt::Held { answer } => (LetterState::Held, Some(answer), None, None),
        Attempt::Expired => (LetterState::Expired, None, None, None),
        Attempt::Cancelled => (LetterState::Cancelled, None, None, None),
    };
    let mut change = ActiveModel {
        state: sea_orm::Set(state.as_str().to_owned()),
        lease_until: sea_orm::Set(None),
        sent_at: sea_orm::Set(sent_at),
        ..Default::default()
    };
    if let Some(answer) = answer {
        change.last_answer = sea_orm::Set(Some(cleaned(answer)));
    }
    if let Some(next_at) = next_at {
        change.next_at = sea_orm::Set(next_at);
    }
    let changed = Entity::update_many()
        .set(change)
        .filter(Column::Id.eq(letter.id.0))
        .filter(Column::LeaseToken.eq(letter.lease_token))
        .filter(Column::State.is_in([LetterState::Queued.as_str(), LetterState::Sending.as_str()]))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// What a crash left in `sending` becomes `uncertain`: the relay may have taken it. How many.
pub async fn sweep(tx: &Tx) -> Result<u64, Error> {
    let changed = Entity::update_many()
        .set(ActiveModel {
            state: sea_orm::Set(LetterState::Uncertain.as_str().to_owned()),
            lease_until: sea_orm::Set(None),
            last_answer: sea_orm::Set(Some("the daemon ended while it was sending".to_owned())),
            ..Default::default()
        })
        .filter(Column::State.eq(LetterState::Sending.as_str()))
        .filter(Column::LeaseUntil.lt(tx.cause().at))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected)
}

/// Writes down a delivery, or that there was none, with its event in the audit trail.
///
/// # Errors
/// `Stale` when the letter is in another state by now.
pub async fn record_delivery(
    tx: &Tx,
    letter: &Letter,
    outcome: DeliveryOutcome,
    after: LetterState,
    delivered: &Delivered,
) -> Result<(), Error> {
    let changed = Entity::update_many()
        .set(ActiveModel {
            state: sea_orm::Set(after.as_str().to_owned()),
            delivered_at: sea_orm::Set(Some(delivered.at)),
            delivery_evidence: sea_orm::Set(Some(delivered.evidence.clone())),
            ..Default::default()
        })
        .filter(Column::Id.eq(letter.id.0))
        .filter(Column::State.eq(letter.state.as_str()))
        .exec(tx.connection())
        .await?;
    if changed.rows_affected != 1 {
        return Err(Error::stale(format!("letter {}", letter.id)));
    }
    let entry = chain::Entry {
        id: EventId(tx.new_id()),
        kind: outcome.as_str(),
        subject_kind: SubjectKind::Letter,
        // What came back may be delivered after all, or go to a corrected address.
        version: 1 + crate::events::count_of(tx, SubjectKind::Letter, &letter.id.to_string())
            .await?,
    };
    let about = About {
        subject: letter.id.to_string(),
        programme: Some(letter.wanted.programme.clone()),
        call: letter.wanted.call.clone(),
        consortium: letter.wanted.recipient.consortium,
    };
    let payload = serde_json::json!({
        "event": outcome.as_str(),
        "key": letter.wanted.key,
        "at": delivered.at,
        "evidence": delivered.evidence,
    });
    chain::append(tx, entry, &about, payload).await
}

/// Whether letters are still on their way, or due at `now`.
pub async fn any_due<D: Db>(db: &D, now: DateTime<Utc>) -> Result<bool, Error> {
    let due = Column::State
        .eq(LetterState::Sending.as_str())
        .or(Column::State
            .eq(LetterState::Queued.as_str())
            .and(Column::NextAt.lte(now)));
    Ok(Entity::find()
        .filter(due)
        .one(db.connection())
        .await?
        .is_some())
}

/// When the next queued letter is due, later than `now`.
pub async fn next_after<D: Db>(db: &D, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Error> {
    let next = Entity::find()
        .select_only()
        .column(Column::NextAt)
        .filter(Column::State.eq(LetterState::Queued.as_str()))
        .filter(Column::NextAt.gt(now))
        .order_by_asc(Column::NextAt)
        .into_tuple()
        .one(db.connection())
        .await?;
    Ok(next)
}

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: LetterId) -> Result<(Letter, Option<Frozen>), Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    let mut row = row.ok_or_else(|| Error::not_found(format!("letter {id}")))?;
    let frozen = match (row.subject.take(), row.message.take()) {
        (Some(subject), Some(message)) => Some(Frozen { subject, message }),
        _ => None,
    };
    Ok((read(row)?, frozen))
}

/// Takes back a letter that did not leave yet; `false` when it left, is leaving, or never was.
pub async fn take_back(tx: &Tx, key: &str) -> Result<bool, Error> {
    let changed = Entity::update_many()
        .set(ActiveModel {
            state: sea_orm::Set(LetterState::Cancelled.as_str().to_owned()),
            lease_until: sea_orm::Set(None),
            ..Default::default()
        })
        .filter(Column::Key.eq(key))
        .filter(Column::State.is_in([LetterState::Queued.as_str(), LetterState::Held.as_str()]))
        .exec(tx.connection())
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Letters of a programme in order of queueing, without their bytes.
pub async fn list<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    filter: &Filter,
    page: &PageQuery,
) -> Result<Page<Letter>, Error> {
    let mut query = Entity::find().filter(Column::Programme.eq(programme.as_str()));
    if let Some(state) = filter.state {
        query = query.filter(Column::State.eq(state.as_str()));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(Column::Kind.eq(kind.as_str()));
    }
    if let Some(application) = filter.application {
        query = query.filter(Column::Application.eq(application.0));
    }
    if let Some(consortium) = filter.consortium {
        query = query.filter(Column::Consortium.eq(consortium.0));
    }
    if let Some(after) = page.after_uuid() {
        query = query.filter(Column::Id.gt(after));
    }
    let rows = query
        .order_by_asc(Column::Id)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let letters = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(letters, page.size, |letter| letter.id.to_string()))
}

/// How many letters of a programme left after `since`.
pub async fn count_sent_since<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    since: DateTime<Utc>,
) -> Result<u64, Error> {
    let query = Entity::find()
        .filter(Column::Programme.eq(programme.as_str()))
        .filter(Column::SentAt.gt(since));
    Ok(query.count(db.connection()).await?)
}

/// How many letters of a programme are in each state that occurs.
pub async fn counts<D: Db>(
    db: &D,
    programme: &ProgrammeId,
) -> Result<Vec<(LetterState, u64)>, Error> {
    let mut counts = Vec::new();
    for state in LetterState::ALL {
        let query = Entity::find()
            .filter(Column::Programme.eq(programme.as_str()))
            .filter(Column::State.eq(state.as_str()));
        match query.count(db.connection()).await? {
            0 => {}
            count => counts.push((state, count)),
        }
    }
    Ok(counts)
}

fn read(row: Model) -> Result<Letter, Error> {
    let recipient = Recipient {
        name: row.recipient,
        address: Personal::new(row.address),
        language: read_language(&row.language)?,
        consortium: row.consortium.map(Into::into),
    };
    let wanted = LetterWanted {
        key: row.key,
        programme: row.programme.parse().map_err(Error::internal)?,
        call: row
            .call
            .map(|id| id.parse())
            .transpose()
            .map_err(Error::internal)?,
        application: row.application.map(Into::into),
        recipient,
        facts: row.facts.read()?,
        not_after: row.not_after,
    };
    Ok(Letter {
        id: row.id.into(),
        wanted,
        state: by_name(LetterState::ALL, LetterState::as_str, &row.state)?,
        message_id: row.message_id,
        queued_at: row.queued_at,
        next_at: row.next_at,
        attempts: row.attempts,
        lease_token: row.lease_token,
        sent_at: row.sent_at,
        last_answer: row.last_answer,
        delivered: row
            .delivered_at
            .zip(row.delivery_evidence)
            .map(|(at, evidence)| Delivered { at, evidence }),
    })
}

/// One line of at most 500 printable characters.
fn cleaned(answer: &str) -> String {
    answer
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(500)
        .collect()
}
