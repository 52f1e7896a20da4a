//! What a call's deadlines went through, from its events and the proposals that were approved.

use chrono::{DateTime, Utc};

use super::{Change, ChangeKind};
use crate::call::Event;
use crate::proposal::{Act, Proposal, State};

/// An event of a call with who did it and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    pub at: DateTime<Utc>,
    pub person: String,
    pub event: Event,
}

/// Everything that is on record about the deadlines of one call.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    /// Oldest first.
    pub events: Vec<Happened>,
    /// Proposals to extend it.
    pub extensions: Vec<Proposal>,
}

/// A deadline of the call as its events leave it.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) changes: Vec<Change>,
    /// When the last change was made, or the deadline was first stated.
    pub(super) stated_at: Option<DateTime<Utc>>,
}

impl Trail {
    pub(super) fn published_at(&self) -> Option<DateTime<Utc>> {
        self.last(|event| matches!(event, Event::Published))
    }

    pub(super) fn cancelled_at(&self) -> Option<DateTime<Utc>> {
        self.last(|event| matches!(event, Event::Cancelled { .. }))
    }

    fn last(&self, wanted: impl Fn(&Event) -> bool) -> Option<DateTime<Utc>> {
        let mut found = self.events.iter().filter(|known| wanted(&known.event));
        found.next_back().map(|known| known.at)
    }

    /// What moved the close, and when.
    pub(super) fn of_close(&self) -> Past {
        let mut past = Past {
            stated_at: self.published_at(),
            ..Past::default()
        };
        let mut closes_at = DateTime::UNIX_EPOCH;
        for happened in &self.events {
            if let Event::Loaded { terms, .. } = &happened.event {
                closes_at = terms.window.closes_at;
            }
            let Some(change) = self.change_of_close(happened, closes_at) else {
                continue;
            };
            closes_at = change.to.unwrap_or(closes_at);
            past.stated_at = Some(change.at);
            past.changes.push(change);
        }
        past
    }

    fn change_of_close(&self, happened: &Happened, from: DateTime<Utc>) -> Option<Change> {
        let change = |kind, to| Change {
            kind,
            from,
            to,
            act: None,
            reason: None,
            requested_by: happened.person.clone(),
            approved_by: None,
            at: happened.at,
        };
        match &happened.event {
            Event::Extended { act, closes_at, .. } => {
                let (requested_by, reason) = self.asked_for(happened.at);
                Some(Change {
                    act: Some(act.clone()),
                    reason,
                    requested_by: requested_by.unwrap_or_default(),
                    approved_by: Some(happened.person.clone()),
                    ..change(ChangeKind::Extended, Some(*closes_at))
                })
            }
            // Whoever submitted last did not close the call: the rule did.
            Event::Exhausted { at } => Some(Change {
                requested_by: String::new(),
                ..change(ChangeKind::BudgetSpent, Some(*at))
            }),
            Event::Suspended { reason, .. } => Some(Change {
                reason: Some(reason.clone()),
                ..change(ChangeKind::Suspended, None)
            }),
            Event::Resumed { act, closes_at, .. } => Some(Change {
                act: Some(act.clone()),
                ..change(ChangeKind::Resumed, Some(*closes_at))
            }),
            Event::Loaded { .. }
            | Event::Published
            | Event::Opened
            | Event::RulesChanged { .. }
            | Event::Closed
            | Event::Ranked { .. }
            | Event::Awarded
            | Event::RankingAnnulled { .. }
            | Event::ResultsHeld { .. }
            | Event::ResultsMoved { .. }
            | Event::ResultsPublished { .. }
            | Event::Cancelled { .. }
            | Event::AssignmentsDrawn { .. } => None,
        }
    }

    /// Who asked for the extension that was approved at an instant, and why.
    fn asked_for(&self, approved_at: DateTime<Utc>) -> (Option<String>, Option<String>) {
        let approved = |known: &&Proposal| {
            known.state == State::Approved && known.decided_at == Some(approved_at)
        };
        let Some(proposal) = self.extensions.iter().find(approved) else {
            return (None, None);
        };
        let reason = match &proposal.act {
            Act::Extension { reason, .. } => reason.clone(),
            Act::Ranking { .. }
            | Act::Award { .. }
            | Act::Annulment { .. }
            | Act::LateAdmission { .. }
            | Act::Publication
            | Act::Cancellation { .. }
            | Act::RuleChange { .. } => None,
        };
        (Some(proposal.requested_by.clone()), reason)
    }

    /// What moved the publication of the results, since they were last decided.
    pub(super) fn of_results(&self) -> Past {
        let mut past = Past::default();
        let mut publish_at = DateTime::UNIX_EPOCH;
        for happened in &self.events {
            match &happened.event {
                Event::ResultsHeld { results } => {
                    publish_at = results.publish_at;
                    past = Past {
                        changes: Vec::new(),
                        stated_at: Some(happened.at),
                    };
                }
                Event::ResultsMoved {
                    act,
                    publish_at: to,
                    ..
                } => {
                    past.changes.push(Change {
                        kind: ChangeKind::Moved,
                        from: std::mem::replace(&mut publish_at, *to),
                        to: Some(*to),
                        act: Some(act.clone()),
                        reason: None,
                        requested_by: happened.person.clone(),
                        approved_by: None,
                        at: happened.at,
                    });
                    past.stated_at = Some(happened.at);
                }
                Event::Loaded { .. }
                | Event::Published
                | Event::Opened
                | Event::Extended { .. }
                | Event::Exhausted { .. }
                | Event::Suspended { .. }
                | Event::Resumed { .. }
                | Event::RulesChanged { .. }
                | Event::Closed
                | Event::Ranked { .. }
                | Event::Awarded
                | Event::RankingAnnulled { .. }
                | Event::ResultsPublished { .. }
                | Event::Cancelled { .. }
                | Event::AssignmentsDrawn { .. } => {}
            }
        }
        past
    }
}
