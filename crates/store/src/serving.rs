//! Until when the installation served: one mark for all replicas, raised while any of them can
//! write.

use bando_domain::call::Absence;
use bando_domain::event::SubjectKind;
use bando_domain::ids::{EventId, ProposalId};
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::chain;
use crate::door::{Db, Tx};
use crate::error::Error;
use crate::installation::{get, settle};
use crate::record::About;
use crate::tables::installation::{Column, Entity};

const SERVED_UNTIL: &str = "served_until";
/// The subject of events about the service as a whole.
const SERVICE: &str = "service";

/// Raises the mark to now. Answers the mark it replaced: of several that raise it at once only one
/// is answered, so that what lay before is looked at once. `None` too where there was none yet, or
/// a later one.
pub async fn raise(tx: &Tx) -> Result<Option<DateTime<Utc>>, Error> {
    let now = tx.cause().at.to_rfc3339();
    let Some(known) = get(tx, SERVED_UNTIL).await? else {
        settle(tx, SERVED_UNTIL, &now).await?;
        return Ok(None);
    };
    let until: DateTime<Utc> = known.parse().map_err(Error::internal)?;
    if until >= tx.cause().at {
        return Ok(None);
    }
    // Whoever waited for another's change finds another value than the one it read.
    let raised = Entity::update_many()
        .col_expr(Column::Value, now.into())
        .filter(Column::Key.eq(SERVED_UNTIL))
        .filter(Column::Value.eq(known))
        .exec(tx.connection())
        .await?;
    Ok((raised.rows_affected == 1).then_some(until))
}

/// Writes into the audit trail that nobody was served, and what was proposed to make up for it.
pub async fn record_absence(
    tx: &Tx,
    absence: &Absence,
    proposed: &[ProposalId],
) -> Result<(), Error> {
    let recorded = crate::events::count_of(tx, SubjectKind::Service, SERVICE).await?;
    let entry = chain::Entry {
        id: EventId(tx.new_id()),
        kind: "service_absent",
        subject_kind: SubjectKind::Service,
        version: recorded + 1,
    };
    let about = About {
        subject: SERVICE.to_owned(),
        programme: None,
        call: None,
        consortium: None,
    };
    let payload = serde_json::json!({
        "event": "service_absent",
        "from": absence.from,
        "until": absence.until,
        "proposed": proposed,
    });
    chain::append(tx, entry, &about, payload).await
}
