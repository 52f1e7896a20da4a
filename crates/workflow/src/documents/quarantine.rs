//! The worker before the scanner: claims documents that wait, has them scanned, and writes down
//! what was found. Never in the way of an upload or a submission; while clamd is down everything
//! waits and is tried again.

use std::io;

use bando_domain::document::{Event, Scan, ScanVerdict};
use bando_store::documents::scans::{self, Claimed};
use bando_store::{Consequences, Tx, documents, record};
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::Scanner;
use crate::context::{Command, Context};
use crate::error::Error;
use crate::postman;

/// Documents claimed at a time: few, so that each is looked at within its lease.
const CLAIM: u64 = 1;
/// clamd comes back within minutes when it is started again.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(5);

#[derive(Debug)]
pub struct Quarantine {
    cx: Context,
    scanner: Scanner,
}

/// What a look at a document came to.
enum Looked {
    Found(ScanVerdict),
    /// Nobody needs it any more.
    GivenUp,
    NotNow(String),
}

impl Quarantine {
    pub fn new(cx: Context, scanner: Scanner) -> Self {
        Self { cx, scanner }
    }

    /// Has everything scanned that is due, until nothing is; answers how many documents it took
    /// up.
    pub async fn scan_due(&self, stop: &CancellationToken) -> Result<u64, Error> {
        let mut taken = 0;
        while !stop.is_cancelled() && scans::any_due(self.cx.store.read(), self.cx.now()).await? {
            let claimed = self
                .write(async move |tx: &Tx| Ok(scans::claim(tx, CLAIM).await?))
                .await?;
            if claimed.is_empty() {
                break;
            }
            for one in claimed {
                taken += 1;
                let looked = self.look(&one).await?;
                self.write_down(one, looked).await?;
            }
        }
        Ok(taken)
    }

    async fn look(&self, claimed: &Claimed) -> Result<Looked, Error> {
        let db = self.cx.store.read();
        let document = documents::get(db, claimed.document).await?.value;
        if !documents::is_needed(db, &document.sha256).await? {
            return Ok(Looked::GivenUp);
        }
        let file = match self.cx.blobs.read(&document.sha256).await {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Looked::NotNow("its file is not there".to_owned()));
            }
            Err(error) => return Ok(Looked::NotNow(error.to_string())),
        };
        Ok(match self.scanner.scan(file).await {
            Ok(verdict) => Looked::Found(verdict),
            Err(why) => Looked::NotNow(why),
        })
    }

    async fn write_down(&self, claimed: Claimed, looked: Looked) -> Result<(), Error> {
        let document = claimed.document;
        let held = match looked {
            Looked::GivenUp => {
                self.write(async move |tx: &Tx| Ok(scans::done(tx, &claimed).await?))
                    .await?
            }
            Looked::NotNow(why) => {
                tracing::warn!(%document, why, "a document could not be scanned");
                let next_at = self.cx.now() + postman::wait(claimed.attempts).min(LONGEST_WAIT);
                self.write(
                    async move |tx: &Tx| Ok(scans::again(tx, &claimed, next_at, &why).await?),
                )
                .await?
            }
            Looked::Found(verdict) => {
                if let ScanVerdict::Infected { signature } = &verdict {
                    tracing::warn!(%document, signature, "a document is infected");
                }
                self.write(async move |tx: &Tx| found(tx, claimed, verdict).await)
                    .await?
            }
        };
        if !held {
            tracing::warn!(%document, "lease lost, the result is dropped");
        }
        Ok(())
    }

    async fn write<T, F>(&self, work: F) -> Result<T, Error>
    where
        F: for<'t> bando_store::Work<'t, T, Error> + Clone + Send + 'static,
        T: Send + 'static,
    {
        let act = self.cx.act(&Command::of_time(self.cx.now()));
        self.cx.store.write(act, work).await
    }
}

async fn found(tx: &Tx, claimed: Claimed, verdict: ScanVerdict) -> Result<bool, Error> {
    if !scans::done(tx, &claimed).await? {
        return Ok(false);
    }
    let before = documents::get(tx, claimed.document).await?;
    let scan = Scan {
        at: tx.cause().at,
        verdict,
    };
    let event = Event::Scanned { scan };
    record(tx, Some(before), &event, Consequences::default()).await?;
    Ok(true)
}
