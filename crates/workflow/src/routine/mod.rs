//! What schedules do when they fire: one function per kind, each within the transaction of its fire.

mod command;
mod digest;
mod report;
mod roll_over;

use bando_domain::checkpoint;
use bando_domain::ids::FireId;
use bando_domain::programme::Programme;
use bando_domain::schedule::{FIRES_KEPT, Schedule, ScheduleKind};
use bando_store::{PageQuery, Tx, calls, checkpoints, fires, programmes, requests};

use crate::context::Signer;
use crate::error::Error;

pub(crate) use command::{Started, run as run_command};

/// Calls read at a time.
const PAGE: u64 = 200;

/// Why a fire happens, where it makes a difference to what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    Calendar,
    /// A person asked for it: what was written for the calendar is written once more.
    Asked(FireId),
}

impl Occasion {
    /// What a letter's key carries beside the day.
    fn mark(self) -> String {
        match self {
            Self::Calendar => String::new(),
            Self::Asked(id) => format!("/asked-{id}"),
        }
    }
}

/// Does what a schedule is there for; answers what there is to say about it. A kind that runs a
/// program does nothing here: the program starts once its fire is committed.
pub(crate) async fn effect(
    tx: &Tx,
    signer: &Signer,
    schedule: &Schedule,
    occasion: Occasion,
) -> Result<String, Error> {
    let id = &schedule.programme;
    match schedule.plan.kind {
        ScheduleKind::OfficersDigest => {
            crate::proposals::expire_all(tx, id).await?;
            digest::send(tx, &programme(tx, schedule).await?, occasion).await
        }
        ScheduleKind::WeeklyReport => {
            report::send(tx, &programme(tx, schedule).await?, occasion).await
        }
        ScheduleKind::Reminders => {
            crate::proposals::expire_all(tx, id).await?;
            Ok(String::new())
        }
        ScheduleKind::Checkpoint => sign_head(tx, signer).await,
        ScheduleKind::Retention => forget(tx, schedule).await,
        ScheduleKind::RollOver => {
            roll_over::next_editions(tx, &programme(tx, schedule).await?, occasion).await
        }
        ScheduleKind::Backup => Ok(String::new()),
    }
}

async fn programme(tx: &Tx, schedule: &Schedule) -> Result<Programme, Error> {
    Ok(programmes::get(tx, &schedule.programme).await?.value)
}

async fn sign_head(tx: &Tx, signer: &Signer) -> Result<String, Error> {
    let (revision, hash) = checkpoints::head(tx).await?;
    if revision == 0 {
        return Ok("the audit trail is empty".to_owned());
    }
    let checkpoint = signer.sign_checkpoint((revision, hash), tx.cause().at)?;
    checkpoints::keep(tx, &checkpoint).await?;
    Ok(format!("revision {revision}"))
}

async fn forget(tx: &Tx, schedule: &Schedule) -> Result<String, Error> {
    let now = tx.cause().at;
    let answers = requests::forget(tx, now).await?;
    let fires = fires::forget(tx, &schedule.programme, now - FIRES_KEPT).await?;
    Ok(format!(
        "{answers} kept answers and {fires} fires forgotten"
    ))
}

/// The calls of a programme that were published.
async fn published(tx: &Tx, programme: &Programme) -> Result<Vec<bando_domain::call::Call>, Error> {
    let mut all = Vec::new();
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    loop {
        let found = calls::list(tx, &programme.id, false, &page).await?;
        all.extend(found.rows.into_iter().map(|known| known.value));
        match found.next {
            Some(next) => page.after = Some(next),
            None => return Ok(all),
        }
    }
}

impl Signer {
    pub(crate) fn sign_checkpoint(
        &self,
        head: (i64, String),
        at: chrono::DateTime<chrono::Utc>,
    ) -> Result<checkpoint::Checkpoint, Error> {
        Ok(checkpoint::sign(self.key(), head, at)?)
    }
}
