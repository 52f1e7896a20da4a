//! What people do about the installation's clock.

use bando_domain::clock_watch::Standing;
use bando_store::{Tx, installation};

use crate::context::{Command, Context};
use crate::error::Error;

/// The clock is right as it is: alarms end, and what was held goes on.
pub async fn confirm(cx: &Context, command: &Command, reason: &str) -> Result<(), Error> {
    if reason.trim().is_empty() || reason.chars().count() > 2_000 {
        let rule = "1 to 2,000 characters";
        return Err(Error::invalid("reason", "REASON_REQUIRED", rule));
    }
    let reason = reason.to_owned();
    let confirmed = cx.once(command, || async {
        let standing = cx.clock.standing();
        if standing == Standing::Agrees {
            let message = "the clock agrees with the machine's monotonic clock";
            return Err(Error::refused("CLOCK_AGREES", message));
        }
        let reason = reason.clone();
        let written = cx.commit(command, async move |tx: &Tx| {
            Ok(installation::confirm_clock(tx, standing.by(), &reason).await?)
        });
        written.await?;
        // Here, so that a repeat of the request never confirms a later jump.
        if !command.validate_only {
            cx.clock.confirm();
        }
        Ok(())
    });
    confirmed.await
}

/// Keeps the last instant that was believed, for the next start.
pub async fn keep_mark(cx: &Context) -> Result<(), Error> {
    if cx.clock.standing() != Standing::Agrees || cx.clock.simulated().is_some() {
        return Ok(());
    }
    let act = cx.act(&Command::of_time(cx.now()));
    cx.store
        .write(act, async move |tx: &Tx| {
            Ok(installation::raise_mark(tx).await?)
        })
        .await
}
