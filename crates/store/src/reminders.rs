//! Reminders as they are queued: each occurrence once for each recipient, and all of a day to one
//! address in one letter as long as no postman has touched it.

use std::collections::HashSet;

use bando_domain::ids::{CallId, ConsortiumId, LetterId};
use bando_domain::letter::{Facts, LetterState, LetterWanted};
use bando_domain::reminder::{self, Line, Topic};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Set, TryInsertResult,
};
use uuid::Uuid;

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::letters as ledger;
use crate::tables::letters::{ActiveModel, Column, Entity, Model};
use crate::tables::{Json, applications, reminders};

/// How long a letter waits for the other reminders of its instant.
pub const FOLD: TimeDelta = TimeDelta::seconds(60);
/// Most letters of reminders to one address on one day.
const MOST_LETTERS: u32 = 100;

/// A reminder to one recipient.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose it is, the same for all that is folded: an id, or the address of an officer.
    pub recipient: String,
    /// Its letter if nothing else is due: its key is that of the day and the recipient.
    pub letter: LetterWanted,
    pub line: Line,
}

/// Queues a reminder, in the letter of its day where that has not left yet; `false` when this
/// occurrence was queued before.
pub async fn queue(tx: &Tx, wanted: &Wanted) -> Result<bool, Error> {
    if !is_first(tx, &wanted.line, &wanted.recipient).await? {
        return Ok(false);
    }
    fold(tx, wanted).await?;
    Ok(true)
}

/// Writes down that an occurrence was too late to be sent: it is not looked at again.
pub async fn skip(tx: &Tx, line: &Line) -> Result<(), Error> {
    is_first(tx, line, "").await?;
    Ok(())
}

/// Whether nobody had written down this occurrence for this recipient before.
async fn is_first(tx: &Tx, line: &Line, recipient: &str) -> Result<bool, Error> {
    let row = reminders::Model {
        call: line.call.to_string(),
        topic: line.topic().as_str().to_owned(),
        subject: line.subject.clone(),
        recipient: recipient.to_owned(),
        nominal_at: line.nominal_at,
        queued_at: tx.cause().at,
    };
    let identity = [
        reminders::Column::Call,
        reminders::Column::Topic,
        reminders::Column::Subject,
        reminders::Column::Recipient,
        reminders::Column::NominalAt,
    ];
    let inserted = reminders::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::columns(identity).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx.connection())
        .await?;
    Ok(matches!(inserted, TryInsertResult::Inserted(1)))
}

async fn fold(tx: &Tx, wanted: &Wanted) -> Result<(), Error> {
    for number in 1..=MOST_LETTERS {
        let key = match number {
            1 => wanted.letter.key.clone(),
            number => format!("{}/{number}", wanted.letter.key),
        };
        if let Some(known) = of_key(tx, &key).await? {
            if is_untouched(&known) {
                return add(tx, known, wanted).await;
            }
            continue;
        }
        let letter = LetterWanted {
            key: key.clone(),
            facts: Facts::Reminder {
                lines: vec![wanted.line.clone()],
            },
            not_after: wanted.line.not_after,
            ..wanted.letter.clone()
        };
        if ledger::queue_from(tx, &letter, tx.cause().at + FOLD).await? {
            return Ok(());
        }
        // Another replica made the letter of the day at the same time.
        if let Some(known) = of_key(tx, &key).await?
            && is_untouched(&known)
        {
            return add(tx, known, wanted).await;
        }
    }
    Err(Error::internal(format!(
        "{MOST_LETTERS} letters of reminders under {}",
        wanted.letter.key
    )))
}

/// Held until the transaction ends, so that neither another replica folds into it nor a postman
/// claims it meanwhile.
async fn of_key(tx: &Tx, key: &str) -> Result<Option<Model>, Error> {
    let mut query = Entity::find().filter(Column::Key.eq(key));
    if tx.is_postgres() {
        query = query.lock_exclusive();
    }
    Ok(query.one(tx.connection()).await?)
}

/// Whether no postman ever claimed it: what one holds in memory is not changed under it.
fn is_untouched(letter: &Model) -> bool {
    letter.state == LetterState::Queued.as_str() && letter.lease_token == 0
}

async fn add(tx: &Tx, known: Model, wanted: &Wanted) -> Result<(), Error> {
    let Facts::Reminder { lines } = known.facts.read()? else {
        return Err(Error::internal(format!(
            "letter {} is no reminder",
            known.id
        )));
    };
    let lines = reminder::with(lines, wanted.line.clone());
    let not_after = reminder::useless_after(&lines);
    let application = known
        .application
        .filter(|id| wanted.letter.application.is_some_and(|own| own.0 == *id));
    let changed = Entity::update_many()
        .set(ActiveModel {
            facts: Set(Json::of(&Facts::Reminder { lines })?),
            not_after: Set(not_after),
            application: Set(application),
            ..Default::default()
        })
        .filter(Column::Id.eq(known.id))
        .filter(Column::State.eq(LetterState::Queued.as_str()))
        .filter(Column::LeaseToken.eq(0))
        .exec(tx.connection())
        .await?;
    if changed.rows_affected == 1 {
        Ok(())
    } else {
        Err(Error::stale(format!("letter {}", known.id)))
    }
}

/// The occurrences of a topic in a call that were queued, by subject and instant.
pub async fn queued<D: Db>(
    db: &D,
    call: &CallId,
    topic: Topic,
) -> Result<HashSet<(String, DateTime<Utc>)>, Error> {
    let rows = reminders::Entity::find()
        .filter(reminders::Column::Call.eq(call.to_string()))
        .filter(reminders::Column::Topic.eq(topic.as_str()))
        .all(db.connection())
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.subject, row.nominal_at))
        .collect())
}

/// Letters about a call to its consortia that failed or came back, oldest first.
pub async fn failed_letters<D: Db>(db: &D, call: &CallId) -> Result<Vec<LetterId>, Error> {
    let states = [LetterState::Failed, LetterState::Bounced].map(LetterState::as_str);
    let rows = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Call.eq(call.to_string()))
        .filter(Column::State.is_in(states))
        .filter(Column::Consortium.is_not_null())
        .order_by_asc(Column::Id)
        .into_tuple::<Uuid>()
        .all(db.connection())
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// The consortia with an application in a call, whatever became of it.
pub async fn applicants<D: Db>(db: &D, call: &CallId) -> Result<HashSet<ConsortiumId>, Error> {
    let rows = applications::Entity::find()
        .select_only()
        .column(applications::Column::Consortium)
        .filter(applications::Column::Call.eq(call.to_string()))
        .into_tuple::<Uuid>()
        .all(db.connection())
        .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}
