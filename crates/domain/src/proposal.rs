//! Four eyes: an act that one person asks for and another approves. Two tokens of one person are
//! one person.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::call::{ACT_TO_BE_STATED, Call, Cancellation};
use crate::difference::Difference;
use crate::ids::{ApplicationId, CallId, ProposalId, RankingId};
use crate::ranking_version::Annulment;
use crate::receipt::{canonical, sha256_hex};
use crate::rule_impact::Affected;
use crate::rules::RuleSet;

/// How long a proposal waits for its second person.
pub const EXPIRES_AFTER: TimeDelta = TimeDelta::days(30);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub id: ProposalId,
    pub call: CallId,
    pub act: Act,
    /// SHA-256 of what would be done, checked again when it is approved.
    pub payload_sha256: String,
    pub requested_by: String,
    pub requested_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub state: State,
    pub decided_by: Option<String>,
    pub decided_at: Option<DateTime<Utc>>,
    pub reason: Option<String>,
    /// The number of its act, where the proposal left it to whoever approves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_act: Option<String>,
}

/// What would be done. The names are stored; only add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Act {
    /// Put this ranking in force.
    Ranking { ranking: RankingId },
    /// Award the grants of this ranking under the act of that number.
    Award {
        ranking: RankingId,
        act: String,
        /// When the results are published; at once when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        publication: Option<Publication>,
    },
    /// Take this ranking, which is in force, out of force.
    Annulment {
        ranking: RankingId,
        annulment: Annulment,
    },
    /// Let what was tried late count as submitted at that instant.
    LateAdmission {
        application: ApplicationId,
        attempted_at: DateTime<Utc>,
        /// SHA-256 of the content that was tried.
        content_sha256: String,
        act: String,
        reason: String,
    },
    /// Move the call's close under the act of that number.
    Extension {
        closes_at: DateTime<Utc>,
        /// As it was stated, in civil time of the call's zone.
        closes_text: String,
        act: String,
        /// Why, where somebody said it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Make the call public.
    Publication,
    /// Withdraw the call.
    Cancellation { cancellation: Cancellation },
    /// Put a new version of the rules in force.
    RuleChange {
        rules: Box<RuleSet>,
        differences: Vec<Difference>,
        /// Whom it would change something for, as far as it was known when it was asked for.
        affected: Vec<Affected>,
    },
}

/// When results become public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    pub at: DateTime<Utc>,
    /// As it was stated, in civil time of the call's zone.
    pub text: String,
}

impl Act {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Ranking { .. } => "ranking",
            Self::Award { .. } => "award",
            Self::Annulment { .. } => "annulment",
            Self::LateAdmission { .. } => "late_admission",
            Self::Extension { .. } => "extension",
            Self::Publication => "publication",
            Self::Cancellation { .. } => "cancellation",
            Self::RuleChange { .. } => "rule_change",
        }
    }

    /// The ranking it is about.
    pub const fn ranking(&self) -> Option<RankingId> {
        match self {
            Self::Ranking { ranking }
            | Self::Award { ranking, .. }
            | Self::Annulment { ranking, .. } => Some(*ranking),
            Self::LateAdmission { .. }
            | Self::Extension { .. }
            | Self::Publication
            | Self::Cancellation { .. }
            | Self::RuleChange { .. } => None,
        }
    }

    /// The application it is about.
    pub const fn application(&self) -> Option<ApplicationId> {
        match self {
            Self::LateAdmission { application, .. } => Some(*application),
            Self::Ranking { .. }
            | Self::Award { .. }
            | Self::Annulment { .. }
            | Self::Extension { .. }
            | Self::Publication
            | Self::Cancellation { .. }
            | Self::RuleChange { .. } => None,
        }
    }

    /// Whether the number of its act is for whoever approves it: nobody had adopted one when time
    /// itself proposed it.
    pub fn leaves_its_number(&self) -> bool {
        match self {
            Self::Extension { act, .. } => act.starts_with(ACT_TO_BE_STATED),
            Self::Ranking { .. }
            | Self::Award { .. }
            | Self::Annulment { .. }
            | Self::LateAdmission { .. }
            | Self::Publication
            | Self::Cancellation { .. }
            | Self::RuleChange { .. } => false,
        }
    }

    /// The values that new rules change and whom they affect; nothing for every other act.
    pub fn rule_change(&self) -> (&[Difference], &[Affected]) {
        match self {
            Self::RuleChange {
                differences,
                affected,
                ..
            } => (differences, affected),
            Self::Ranking { .. }
            | Self::Award { .. }
            | Self::Annulment { .. }
            | Self::LateAdmission { .. }
            | Self::Extension { .. }
            | Self::Publication
            | Self::Cancellation { .. } => (&[], &[]),
        }
    }

    /// SHA-256 of what this would do to the call as it is now; `None` for acts about a ranking,
    /// whose payload is the ranking.
    ///
    /// # Errors
    /// Never in practice: every part has a JSON form.
    pub fn call_payload(&self, call: &Call) -> Result<Option<String>, serde_json::Error> {
        let payload = match self {
            Self::Ranking { .. } | Self::Award { .. } => return Ok(None),
            Self::Extension {
                closes_at,
                act,
                reason,
                ..
            } => {
                let was = call.terms.window.closes_at;
                match reason {
                    None => canonical(&(&call.id, was, closes_at, act))?,
                    Some(reason) => canonical(&(&call.id, was, closes_at, act, reason))?,
                }
            }
            Self::Annulment { ranking, annulment } => {
                canonical(&(&call.id, call.ranking, ranking, annulment))?
            }
            Self::LateAdmission { .. } => canonical(&(&call.id, call.ranking, self))?,
            Self::Publication => canonical(&(&call.id, &call.terms))?,
            Self::Cancellation { cancellation } => {
                canonical(&(&call.id, call.ranking, cancellation))?
            }
            Self::RuleChange { rules, .. } => canonical(&(&call.id, &call.terms.rules, rules))?,
        };
        Ok(Some(sha256_hex(&payload)))
    }

    /// What would be done, in words that a second person can judge.
    pub fn detail(&self) -> String {
        match self {
            Self::Ranking { .. } => "put this ranking in force".to_owned(),
            Self::Award {
                act,
                publication: None,
                ..
            } => format!("award its grants under {act}"),
            Self::Award {
                act,
                publication: Some(publication),
                ..
            } => format!(
                "award its grants under {act}, to be published at {}",
                publication.text
            ),
            Self::Annulment {
                annulment: Annulment { act, reason },
                ..
            } => format!("annul this ranking under {act}: {reason}"),
            Self::LateAdmission {
                application,
                attempted_at,
                act,
                reason,
                ..
            } => format!(
                "admit application {application}, tried at {attempted_at}, under {act}: {reason}"
            ),
            Self::Extension {
                closes_text,
                act,
                reason: None,
                ..
            } => format!("close at {closes_text} under {act}"),
            Self::Extension {
                closes_text,
                act,
                reason: Some(reason),
                ..
            } => format!("close at {closes_text} under {act}: {reason}"),
            Self::Publication => "publish the call as it is loaded".to_owned(),
            Self::Cancellation {
                cancellation: Cancellation { act, reason },
            } => format!("cancel the call under {act}: {reason}"),
            Self::RuleChange {
                rules,
                differences,
                affected,
            } => format!(
                "put version {} of the rules in force from {} under {}: {} values differ, {} \
                 applications are affected",
                rules.version,
                rules.effective_on,
                rules.act,
                differences.len(),
                affected.len()
            ),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Pending,
    Approved,
    Rejected,
    /// Nobody decided it in time.
    Expired,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Approved, Self::Rejected, Self::Expired];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

/// What happens to a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Requested {
        proposal: Box<Proposal>,
    },
    Approved {
        by: String,
        at: DateTime<Utc>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        act: Option<String>,
    },
    Rejected {
        by: String,
        at: DateTime<Utc>,
        reason: String,
    },
    Expired,
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "requested",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Expired => "expired",
        }
    }
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the proposal is {actual}, this needs pending")]
    NotPending { actual: &'static str },
    #[error("{person} asked for this and cannot approve it too: a second person is needed")]
    SamePerson { person: String },
    #[error("the proposal expired at {expires_at}, it is {now}")]
    Expired {
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    },
    #[error("what would be done has changed since it was proposed: {proposed}, now {current}")]
    PayloadChanged { proposed: String, current: String },
    #[error("a rejection needs a reason")]
    ReasonMissing,
    #[error("the proposal leaves the number of its act to whoever approves it: it is not stated")]
    ActMissing,
    #[error("the proposal states its act, {stated} cannot be another one")]
    ActStated { stated: String },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NotPending { .. } => "PROPOSAL_STATE",
            Self::SamePerson { .. } => "SECOND_PERSON_REQUIRED",
            Self::Expired { .. } => "PROPOSAL_EXPIRED",
            Self::PayloadChanged { .. } => "PROPOSAL_CHANGED",
            Self::ReasonMissing => "REASON_REQUIRED",
            Self::ActMissing => "ACT_MISSING",
            Self::ActStated { .. } => "ACT_STATED",
        }
    }
}

pub fn request(
    id: ProposalId,
    call: CallId,
    act: Act,
    payload_sha256: String,
    person: &str,
    now: DateTime<Utc>,
) -> Event {
    let proposal = Proposal {
        id,
        call,
        act,
        payload_sha256,
        requested_by: person.to_owned(),
        requested_at: now,
        expires_at: now + EXPIRES_AFTER,
        state: State::Pending,
        decided_by: None,
        decided_at: None,
        reason: None,
        stated_act: None,
    };
    Event::Requested {
        proposal: Box::new(proposal),
    }
}

/// A second person approves exactly what was proposed, with the number of its act where that was
/// left to them.
pub fn approve(
    proposal: &Proposal,
    person: &str,
    stated_act: Option<&str>,
    payload_sha256: &str,
    now: DateTime<Utc>,
) -> Result<Event, Refusal> {
    expect_pending(proposal)?;
    if proposal.requested_by == person {
        return Err(Refusal::SamePerson {
            person: person.to_owned(),
        });
    }
    if now > proposal.expires_at {
        return Err(Refusal::Expired {
            expires_at: proposal.expires_at,
            now,
        });
    }
    if proposal.payload_sha256 != payload_sha256 {
        return Err(Refusal::PayloadChanged {
            proposed: proposal.payload_sha256.clone(),
            current: payload_sha256.to_owned(),
        });
    }
    match (proposal.act.leaves_its_number(), stated_act) {
        (true, None) => return Err(Refusal::ActMissing),
        (false, Some(stated)) => {
            return Err(Refusal::ActStated {
                stated: stated.to_owned(),
            });
        }
        (true, Some(_)) | (false, None) => {}
    }
    Ok(Event::Approved {
        by: person.to_owned(),
        at: now,
        act: stated_act.map(ToOwned::to_owned),
    })
}

/// Nobody decided in time; the place is free for another proposal.
pub fn expire(proposal: &Proposal, now: DateTime<Utc>) -> Option<Event> {
    let is_over = proposal.state == State::Pending && now > proposal.expires_at;
    is_over.then_some(Event::Expired)
}

/// Anybody entitled may reject, the requester included: taking back one's own is no approval.
pub fn reject(
    proposal: &Proposal,
    person: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<Event, Refusal> {
    expect_pending(proposal)?;
    if reason.trim().is_empty() {
        return Err(Refusal::ReasonMissing);
    }
    Ok(Event::Rejected {
        by: person.to_owned(),
        at: now,
        reason: reason.to_owned(),
    })
}

/// The proposal after `event`; `None` before it was requested.
#[must_use]
pub fn apply(before: Option<Proposal>, event: &Event) -> Option<Proposal> {
    match event {
        Event::Requested { proposal } => Some((**proposal).clone()),
        Event::Approved { by, at, act } => before.map(|proposal| Proposal {
            state: State::Approved,
            decided_by: Some(by.clone()),
            decided_at: Some(*at),
            stated_act: act.clone(),
            ..proposal
        }),
        Event::Rejected { by, at, reason } => before.map(|proposal| Proposal {
            state: State::Rejected,
            decided_by: Some(by.clone()),
            decided_at: Some(*at),
            reason: Some(reason.clone()),
            ..proposal
        }),
        Event::Expired => before.map(|proposal| Proposal {
            state: State::Expired,
            ..proposal
        }),
    }
}

fn expect_pending(proposal: &Proposal) -> Result<(), Refusal> {
    if proposal.state == State::Pending {
        return Ok(());
    }
    Err(Refusal::NotPending {
        actual: proposal.state.as_str(),
    })
}

#[cfg(test)]
mod tests;
