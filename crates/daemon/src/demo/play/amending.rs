//! May: the rules change while the call is open, by two persons, who see first whom it concerns.

use anyhow::{Context as _, bail};
use bando_proto::v1;
use chrono::{DateTime, TimeDelta, Utc};

use super::{CALL, Play};
use crate::demo::summary::{self, RuleChange};
use crate::samples;

impl Play {
    pub(super) async fn amend(&mut self, at: DateTime<Utc>) -> anyhow::Result<()> {
        self.advance(at).await?;
        let mut desk = self.office.manager.calls();
        let request = v1::GetCallRequest {
            name: CALL.to_owned(),
        };
        let call = desk.get_call(request).await?.into_inner();
        let (file_name, file) = samples::RULES_2016_2;
        let request = v1::ProposeRuleChangeRequest {
            name: call.name,
            etag: call.etag,
            file: file.to_owned(),
            file_name: file_name.to_owned(),
            ..Default::default()
        };
        let proposal = desk.propose_rule_change(request).await?.into_inner();
        self.tell("marco.neri proposes rules in which a website may cost 15,000 euros")
            .await?;
        let change = RuleChange::of(&proposal);
        if change.affected.is_empty() {
            bail!("the new rules change nothing for anybody");
        }
        for line in summary::rule_change(&proposal) {
            self.timeline.line(&line)?;
        }
        self.approve(proposal).await?;
        self.advance(self.now().await? + TimeDelta::minutes(1))
            .await?;
        let request = v1::GetCallRequest {
            name: CALL.to_owned(),
        };
        let amended = desk.get_call(request).await?.into_inner();
        let rules = amended.rules.context("a call without its rules")?;
        self.rule_change = Some(RuleChange {
            version: rules.version,
            act: rules.act,
            ..change
        });
        self.tell(
            "paola.verdi approves it: version 2 is in force, whoever has an application is told",
        )
        .await
    }
}
