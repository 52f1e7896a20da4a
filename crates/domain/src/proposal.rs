//! Four eyes: an act that one person asks for and another approves. Two tokens of one person are
//! one person.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::call::{Call, Cancellation};
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
            Self::Extension { closes_at, act, .. } => {
                canonical(&(&call.id, call.terms.window.closes_at, closes_at, act))?
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
                closes_text, act, ..
            } => format!("close at {closes_text} under {act}"),
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
    };
    Event::Requested {
        proposal: Box::new(proposal),
    }
}

/// A second person approves exactly what was proposed.
pub fn approve(
    proposal: &Proposal,
    person: &str,
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
    Ok(Event::Approved {
        by: person.to_owned(),
        at: now,
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
        Event::Approved { by, at } => before.map(|proposal| Proposal {
            state: State::Approved,
            decided_by: Some(by.clone()),
            decided_at: Some(*at),
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
mod tests {
    use super::*;

    fn pending() -> Proposal {
        let act = Act::Ranking {
            ranking: RankingId(uuid::Uuid::from_u128(1)),
        };
        let id = ProposalId(uuid::Uuid::from_u128(2));
        let event = request(
            id,
            "er/2016".parse().unwrap(),
            act,
            "a".into(),
            "anna",
            DateTime::UNIX_EPOCH,
        );
        apply(None, &event).unwrap()
    }

    #[test]
    fn nobody_approves_their_own_proposal() {
        let refusal = approve(&pending(), "anna", "a", DateTime::UNIX_EPOCH).unwrap_err();

        assert_eq!(refusal.reason(), "SECOND_PERSON_REQUIRED");
    }

    #[test]
    fn a_changed_payload_is_not_what_was_proposed() {
        let refusal = approve(&pending(), "bruno", "b", DateTime::UNIX_EPOCH).unwrap_err();

        assert_eq!(refusal.reason(), "PROPOSAL_CHANGED");
    }

    #[test]
    fn a_proposal_expires_after_its_last_instant() {
        let proposal = pending();
        assert!(approve(&proposal, "bruno", "a", proposal.expires_at).is_ok());

        let late = proposal.expires_at + TimeDelta::microseconds(1);

        assert_eq!(
            approve(&proposal, "bruno", "a", late).unwrap_err().reason(),
            "PROPOSAL_EXPIRED"
        );
    }

    #[test]
    fn what_nobody_decided_in_time_gives_its_place_away() {
        let proposal = pending();
        assert_eq!(expire(&proposal, proposal.expires_at), None);
        let late = proposal.expires_at + TimeDelta::microseconds(1);

        let event = expire(&proposal, late).unwrap();
        let expired = apply(Some(proposal), &event).unwrap();

        assert_eq!(expired.state, State::Expired);
        assert_eq!(expire(&expired, late), None);
        let refusal = approve(&expired, "bruno", "a", late).unwrap_err();
        assert_eq!(refusal.reason(), "PROPOSAL_STATE");
    }

    #[test]
    fn what_would_be_done_to_a_call_is_another_thing_once_the_call_changed() {
        let mut call = crate::call::tests::call();
        let extension = Act::Extension {
            closes_at: DateTime::UNIX_EPOCH + TimeDelta::days(40),
            closes_text: "1970-02-10 01:00".to_owned(),
            act: "DD 1".to_owned(),
        };
        let cancellation = Act::Cancellation {
            cancellation: Cancellation {
                act: "DD 1".to_owned(),
                reason: "no funds".to_owned(),
            },
        };
        let rules = Act::RuleChange {
            rules: Box::new(call.terms.rules.clone()),
            differences: Vec::new(),
            affected: Vec::new(),
        };
        let acts = [Act::Publication, extension, cancellation, rules];
        let payloads = |call: &Call| acts.clone().map(|act| act.call_payload(call).unwrap());
        let before = payloads(&call);
        assert_eq!(before, payloads(&call));

        call.terms.window.closes_at += TimeDelta::days(1);
        call.ranking = Some(RankingId(uuid::Uuid::from_u128(1)));
        call.terms.rules.version += 1;
        let after = payloads(&call);

        assert!(before.iter().zip(&after).all(|(old, new)| old != new));
    }

    #[test]
    fn a_decided_proposal_is_not_decided_again() {
        let proposal = pending();
        let event = approve(&proposal, "bruno", "a", DateTime::UNIX_EPOCH).unwrap();
        let approved = apply(Some(proposal), &event).unwrap();

        let refusal = reject(&approved, "carla", "no", DateTime::UNIX_EPOCH).unwrap_err();

        assert_eq!(refusal.reason(), "PROPOSAL_STATE");
    }
}
