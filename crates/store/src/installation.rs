//! Facts about the installation, such as the kind of clock it was first used with.

use bando_domain::event::SubjectKind;
use bando_domain::ids::EventId;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait as _, IntoActiveModel as _};

use crate::chain;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::record::About;
use crate::tables::installation::{Column, Entity, Model};

pub async fn get<D: Db>(db: &D, key: &str) -> Result<Option<String>, Error> {
    Ok(Entity::find_by_id(key)
        .one(db.connection())
        .await?
        .map(|row| row.value))
}

/// Writes a fact once; a fact that is known stays as it is. Answers what holds.
pub async fn settle(tx: &Tx, key: &str, value: &str) -> Result<String, Error> {
    let row = Model {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(Column::Key).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx.connection())
        .await?;
    Ok(get(tx, key).await?.unwrap_or_else(|| value.to_owned()))
}

/// Writes a fact, whatever was known.
pub async fn put(tx: &Tx, key: &str, value: &str) -> Result<(), Error> {
    let row = Model {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    Entity::insert(row.into_active_model())
        .on_conflict(
            OnConflict::column(Column::Key)
                .update_column(Column::Value)
                .to_owned(),
        )
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// The last instant this installation is known to have seen.
const MARK: &str = "clock_mark";

/// # Errors
/// When what is stored is no instant.
pub async fn mark<D: Db>(db: &D) -> Result<Option<DateTime<Utc>>, Error> {
    let stored = get(db, MARK).await?;
    stored
        .map(|text| text.parse().map_err(Error::internal))
        .transpose()
}

/// Raises the mark to now; an earlier now leaves it.
pub async fn raise_mark(tx: &Tx) -> Result<(), Error> {
    let now = tx.cause().at;
    if mark(tx).await?.is_none_or(|mark| mark < now) {
        put(tx, MARK, &now.to_rfc3339()).await?;
    }
    Ok(())
}

/// Writes into the audit trail that a person found the clock right, and sets the mark to it.
pub async fn confirm_clock(tx: &Tx, was_off_by: TimeDelta, reason: &str) -> Result<(), Error> {
    let now = tx.cause().at;
    put(tx, MARK, &now.to_rfc3339()).await?;
    let confirmed = crate::events::count_of(tx, SubjectKind::Clock, CLOCK).await?;
    let entry = chain::Entry {
        id: EventId(tx.new_id()),
        kind: "clock_confirmed",
        subject_kind: SubjectKind::Clock,
        version: confirmed + 1,
    };
    let about = About {
        subject: CLOCK.to_owned(),
        programme: None,
        call: None,
        consortium: None,
    };
    let payload = serde_json::json!({
        "event": "clock_confirmed",
        "now": now,
        "off_by_seconds": was_off_by.num_seconds(),
        "reason": reason,
    });
    chain::append(tx, entry, &about, payload).await
}

/// The subject of events about the installation's clock.
const CLOCK: &str = "clock";
