//! A proposal: an act that waits for its second person.

use bando_proto::v1;
use serde::Serialize;

use super::comparison::{Affected, Difference};
use super::{at, seconds, some, word};
use crate::names::{last, short_call};
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Proposal {
    name: String,
    call: String,
    kind: String,
    subject: String,
    detail: String,
    payload_sha256: String,
    pub(crate) state: String,
    requested_by: String,
    requested_at: Option<String>,
    expires_at: Option<String>,
    decided_by: Option<String>,
    decided_at: Option<String>,
    reason: Option<String>,
    differences: Vec<Difference>,
    affected: Vec<Affected>,
    stated_act: Option<String>,
    act_missing: bool,
    etag: String,
}

impl From<&v1::Proposal> for Proposal {
    fn from(proposal: &v1::Proposal) -> Self {
        let state = v1::ProposalState::try_from(proposal.state)
            .ok()
            .map(|state| state.as_str_name());
        Self {
            name: proposal.name.clone(),
            call: proposal.call.clone(),
            kind: proposal.kind.clone(),
            subject: proposal.subject.clone(),
            detail: proposal.detail.clone(),
            payload_sha256: proposal.payload_sha256.clone(),
            state: word(state, "PROPOSAL_STATE_"),
            requested_by: proposal.requested_by.clone(),
            requested_at: at(proposal.requested_at.as_ref()),
            expires_at: at(proposal.expires_at.as_ref()),
            decided_by: some(&proposal.decided_by),
            decided_at: at(proposal.decided_at.as_ref()),
            reason: some(&proposal.reason),
            differences: proposal.differences.iter().map(Difference::from).collect(),
            affected: proposal.affected.iter().map(Affected::from).collect(),
            stated_act: some(&proposal.stated_act),
            act_missing: proposal.act_missing,
            etag: proposal.etag.clone(),
        }
    }
}

impl Proposal {
    /// The act that was stated with the approval, or that it must be.
    fn act(&self) -> String {
        match &self.stated_act {
            Some(act) => act.clone(),
            None if self.act_missing => "to be stated: approve it with --act".to_owned(),
            None => String::new(),
        }
    }

    /// Who must act next, and how.
    pub(crate) fn next_step(&self) -> String {
        let id = last(&self.name);
        format!(
            "{} asked for it until {}; an approver who is somebody else decides:\n  \
             bando proposal approve {id}\n  \
             bando proposal reject {id} --reason '…'",
            self.requested_by,
            seconds(self.expires_at.as_ref())
        )
    }
}

impl Row for Proposal {
    const HEAD: &'static [&'static str] = &[
        "ID",
        "STATE",
        "KIND",
        "CALL",
        "REQUESTED BY",
        "EXPIRES",
        "DECIDED BY",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            last(&self.name).to_owned(),
            self.state.clone(),
            self.kind.clone(),
            short_call(&self.call),
            self.requested_by.clone(),
            seconds(self.expires_at.as_ref()),
            self.decided_by.clone().unwrap_or_default(),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl View for Proposal {
    fn text(&self) -> String {
        Sheet::titled(&format!("{} of {}", self.kind, short_call(&self.call)))
            .field("name", &self.name)
            .field("state", &self.state)
            .field("subject", &self.subject)
            .field("would", &self.detail)
            .field("payload SHA-256", &self.payload_sha256)
            .field("requested by", &self.requested_by)
            .field("requested at", seconds(self.requested_at.as_ref()))
            .field("expires at", seconds(self.expires_at.as_ref()))
            .field("decided by", self.decided_by.clone().unwrap_or_default())
            .field("decided at", seconds(self.decided_at.as_ref()))
            .field("reason", self.reason.clone().unwrap_or_default())
            .field("act", self.act())
            .field("etag", &self.etag)
            .rows("DIFFERENCES", &self.differences)
            .rows("AFFECTED APPLICATIONS", &self.affected)
            .text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
