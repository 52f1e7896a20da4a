//! An evaluation taken out of the count, with what that does.

use bando_domain::evaluation::{self, Evaluation};
use bando_domain::exclusion::{self, Effect};
use bando_domain::ids::{CallId, EvaluationId};
use bando_store::{Consequences, Tx, Versioned, record};
use serde::{Deserialize, Serialize};

use super::{expect_short, get};
use crate::calls;
use crate::context::{Command, Context};
use crate::error::Error;
use crate::rankings;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Excluded {
    // Answers kept by earlier versions are the evaluation alone.
    #[serde(flatten)]
    pub evaluation: Versioned<Evaluation>,
    /// `None` when the application is not admissible any more.
    #[serde(default)]
    pub effect: Option<Effect>,
}

pub async fn exclude(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: EvaluationId,
    etag: &str,
    reason: &str,
) -> Result<Excluded, Error> {
    expect_short(reason)?;
    cx.once(command, || async {
        let before = get(cx, &command.actor, call, id).await?;
        cx.expect_etag(&before, etag).await?;
        let event = evaluation::exclude(&before.value, reason)?;
        let call = calls::get(cx, &command.actor, call).await?.value;
        let inputs = rankings::inputs(cx, &call).await?;
        let effect = exclusion::effect(&inputs, before.value.application, id);
        cx.commit(command, async move |tx: &Tx| {
            let evaluation = record(tx, Some(before), &event, Consequences::default()).await?;
            Ok(Excluded { evaluation, effect })
        })
        .await
    })
    .await
}
