//! `bando call rules`: the versions of a call's rules, and the next one.

use std::path::PathBuf;

use bando_proto::v1;
use bando_proto::v1::{ListRuleSetsRequest, ProposeRuleChangeRequest};
use clap::Args;

use super::{call, call_acts};
use crate::errors::{Exit, Failure};
use crate::files;
use crate::names::short_call;
use crate::session::Session;
use crate::views::rule_set::{RuleSet, RuleSetHead};

#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// The call, such as er/2016.
    call: String,
    /// Shows this version, in force or not.
    #[arg(long, value_name = "NUMBER", conflicts_with = "propose")]
    version: Option<i32>,
    /// Asks a second person to put the rules of this file in force: `[rules]` alone (TOML).
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
    /// Proposes only for what was looked at under this etag.
    #[arg(long)]
    etag: Option<String>,
}

pub(crate) async fn run(rules: Rules, session: &Session) -> Result<(), Failure> {
    let name = session.call(&rules.call)?;
    if let Some(file) = rules.propose {
        return propose(name, file, rules.etag, session).await;
    }
    let versions = versions(&name, session).await?;
    let Some(wanted) = rules.version else {
        let rows: Vec<RuleSetHead> = versions.iter().map(RuleSetHead::from).collect();
        return session.output.list(&rows, "no rules");
    };
    if let Some(known) = versions.iter().find(|known| known.version == wanted) {
        return session.output.one(&RuleSet::from(known));
    }
    let call = short_call(&name);
    let message = format!("{call} has no version {wanted} of its rules");
    Err(Failure::new(Exit::NotFound, "NOT_FOUND", message)
        .with_hint(format!("bando call rules {call}")))
}

async fn versions(name: &str, session: &Session) -> Result<Vec<v1::RuleSet>, Failure> {
    let request = ListRuleSetsRequest {
        parent: name.to_owned(),
        ..Default::default()
    };
    let listed = session.calls()?.list_rule_sets(request).await?;
    Ok(listed.into_inner().rule_sets)
}

async fn propose(
    name: String,
    file: PathBuf,
    etag: Option<String>,
    session: &Session,
) -> Result<(), Failure> {
    let text = files::read_text(&file)?;
    let etag = match etag {
        Some(etag) => etag,
        None => call::get(&name, session).await?.etag,
    };
    let request = ProposeRuleChangeRequest {
        name,
        etag,
        file: text,
        file_name: files::name_of(&file),
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let mut calls = session.calls()?;
    call_acts::proposed(calls.propose_rule_change(request).await?, session)
}
