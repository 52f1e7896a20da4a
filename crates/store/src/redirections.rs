//! Letters follow when the address of their consortium is corrected: the same letter under the
//! same key and Message-ID, written anew. Only what surely was not delivered follows; where each
//! was to go before is kept.

use bando_domain::event::Personal;
use bando_domain::ids::{ConsortiumId, LetterId, ProgrammeId};
use bando_domain::letter::LetterState;
use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, JoinType, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, RelationDef, Set,
};

use crate::calls::by_name;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::tables::letter_redirections;
use crate::tables::letters::{ActiveModel, Column, Entity, Model};

/// Refused, bounced, held back, or not tried yet: nobody has such a letter. One that is `sending`
/// or `uncertain` may have been delivered, and `sent` was taken by the relay.
const UNDELIVERED: [LetterState; 4] = [
    LetterState::Held,
    LetterState::Queued,
    LetterState::Bounced,
    LetterState::Failed,
];

/// Queues a consortium's undelivered letters to `was` for `now_to`, in order of queueing.
pub async fn follow(
    tx: &Tx,
    consortium: ConsortiumId,
    was: &Personal,
    now_to: &Personal,
) -> Result<Vec<LetterId>, Error> {
    let states = UNDELIVERED.map(LetterState::as_str);
    let mut query = Entity::find()
        .filter(Column::Consortium.eq(consortium.0))
        .filter(Column::State.is_in(states))
        .filter(Column::Address.eq(was.reveal()))
        .order_by_asc(Column::Id);
    if was == now_to {
        // The mailbox takes letters again: what is queued for it needs nothing.
        query = query.filter(Column::State.ne(LetterState::Queued.as_str()));
    }
    if tx.is_postgres() {
        query = query.lock_exclusive();
    }
    let letters = query.all(tx.connection()).await?;
    let mut followed = Vec::with_capacity(letters.len());
    for letter in letters {
        followed.push(letter.id.into());
        keep(tx, &letter).await?;
        requeue(tx, &letter, now_to).await?;
    }
    Ok(followed)
}

/// A letter that went to another address than it was written for.
#[derive(Debug, Clone)]
pub struct Redirection {
    pub letter: LetterId,
    pub kind: String,
    pub recipient: String,
    /// From 1: a letter may follow more than one correction.
    pub number: i32,
    /// Where it was to go, what had become of it there and what the relay had said.
    pub was_to: Personal,
    pub state: LetterState,
    pub attempts: i32,
    pub last_answer: Option<String>,
    pub redirected_at: DateTime<Utc>,
    /// Where it goes by now.
    pub goes_to: Personal,
}

/// The redirections of a programme by letter; only of one consortium if given.
pub async fn list<D: Db>(
    db: &D,
    programme: &ProgrammeId,
    consortium: Option<ConsortiumId>,
    page: &PageQuery,
) -> Result<Page<Redirection>, Error> {
    let to_letter: RelationDef = letter_redirections::Entity::belongs_to(Entity)
        .from(letter_redirections::Column::Letter)
        .to(Column::Id)
        .into();
    let mut query = letter_redirections::Entity::find()
        .join(JoinType::InnerJoin, to_letter)
        .select_also(Entity)
        .filter(Column::Programme.eq(programme.as_str()));
    if let Some(consortium) = consortium {
        query = query.filter(Column::Consortium.eq(consortium.0));
    }
    if let Some((letter, number)) = after(page) {
        let later = letter_redirections::Column::Letter
            .eq(letter)
            .and(letter_redirections::Column::Number.gt(number));
        query = query.filter(letter_redirections::Column::Letter.gt(letter).or(later));
    }
    let rows: Vec<(letter_redirections::Model, Option<Model>)> = query
        .order_by_asc(letter_redirections::Column::Letter)
        .order_by_asc(letter_redirections::Column::Number)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for (row, letter) in rows {
        let letter = letter.ok_or_else(|| Error::not_found(format!("letter {}", row.letter)))?;
        found.push(Redirection {
            letter: row.letter.into(),
            kind: letter.kind,
            recipient: letter.recipient,
            number: row.number,
            was_to: Personal::new(row.address),
            state: by_name(LetterState::ALL, LetterState::as_str, &row.state)?,
            attempts: row.attempts,
            last_answer: row.last_answer,
            redirected_at: row.redirected_at,
            goes_to: Personal::new(letter.address),
        });
    }
    Ok(Page::of(found, page.size, |known| {
        format!("{}/{}", known.letter, known.number)
    }))
}

fn after(page: &PageQuery) -> Option<(uuid::Uuid, i32)> {
    let (letter, number) = page.after.as_deref()?.split_once('/')?;
    Some((letter.parse().ok()?, number.parse().ok()?))
}

/// Whether a letter to this address of the consortium bounced and nobody corrected it since.
pub async fn is_known_bad<D: Db>(
    db: &D,
    consortium: ConsortiumId,
    address: &Personal,
) -> Result<bool, Error> {
    let bounced = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Consortium.eq(consortium.0))
        .filter(Column::State.eq(LetterState::Bounced.as_str()))
        .filter(Column::Address.eq(address.reveal()))
        .into_tuple::<uuid::Uuid>()
        .one(db.connection())
        .await?;
    Ok(bounced.is_some())
}

async fn keep(tx: &Tx, letter: &Model) -> Result<(), Error> {
    let before = letter_redirections::Entity::find()
        .filter(letter_redirections::Column::Letter.eq(letter.id))
        .count(tx.connection())
        .await?;
    let row = letter_redirections::Model {
        letter: letter.id,
        number: i32::try_from(before + 1).map_err(Error::internal)?,
        address: letter.address.clone(),
        state: letter.state.clone(),
        attempts: letter.attempts,
        sent_at: letter.sent_at,
        last_answer: letter.last_answer.clone(),
        message: letter.message.clone(),
        redirected_at: tx.cause().at,
    };
    letter_redirections::Entity::insert(row.into_active_model())
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// A postman that holds the letter loses its lease: what it froze was for the other address.
async fn requeue(tx: &Tx, letter: &Model, now_to: &Personal) -> Result<(), Error> {
    let changed = Entity::update_many()
        .set(ActiveModel {
            state: Set(LetterState::Queued.as_str().to_owned()),
            address: Set(now_to.reveal().to_owned()),
            subject: Set(None),
            message: Set(None),
            next_at: Set(tx.cause().at),
            attempts: Set(0),
            lease_until: Set(None),
            sent_at: Set(None),
            last_answer: Set(None),
            delivered_at: Set(None),
            delivery_evidence: Set(None),
            ..Default::default()
        })
        .col_expr(Column::LeaseToken, Expr::col(Column::LeaseToken).add(1))
        .filter(Column::Id.eq(letter.id))
        .filter(Column::State.eq(letter.state.as_str()))
        .exec(tx.connection())
        .await?;
    if changed.rows_affected == 1 {
        Ok(())
    } else {
        Err(Error::stale(letter.id))
    }
}
