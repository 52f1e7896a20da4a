//! Letters follow when the address of their consortium is corrected: the same letter under the
//! same key and Message-ID, written anew. Only what surely was not delivered follows; where each
//! was to go before is kept.

use bando_domain::event::Personal;
use bando_domain::ids::{ConsortiumId, LetterId};
use bando_domain::letter::LetterState;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Set,
};

use crate::door::{Db, Tx};
use crate::error::Error;
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
