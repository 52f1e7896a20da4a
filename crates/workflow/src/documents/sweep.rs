//! The sweep at start: files that belong to no document any more, and what was never received to
//! its end. A file is put aside before it is looked up a last time, so that replicas and uploads
//! may go on meanwhile.

use bando_store::documents;

use super::disk;
use crate::context::Context;
use crate::error::Error;

/// What a sweep removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Contents that no document needs.
    pub orphans: u64,
    /// Files that were never received to their end.
    pub abandoned: u64,
}

/// Removes what is old and belongs to nobody.
pub async fn sweep(cx: &Context) -> Result<Swept, Error> {
    let mut swept = Swept {
        abandoned: cx.blobs.remove_abandoned().await.map_err(disk)?,
        orphans: 0,
    };
    for (sha256, aside) in cx.blobs.left_aside().await.map_err(disk)? {
        if documents::is_needed(cx.store.read(), &sha256).await? {
            aside.put_back().await.map_err(disk)?;
        } else {
            aside.remove().await.map_err(disk)?;
            swept.orphans += 1;
        }
    }
    for sha256 in cx.blobs.old().await.map_err(disk)? {
        if documents::is_needed(cx.store.read(), &sha256).await? {
            continue;
        }
        let Some(aside) = cx.blobs.put_aside(&sha256).await.map_err(disk)? else {
            continue;
        };
        if documents::is_needed(cx.store.read(), &sha256).await? {
            aside.put_back().await.map_err(disk)?;
            continue;
        }
        aside.remove().await.map_err(disk)?;
        swept.orphans += 1;
    }
    Ok(swept)
}
