//! To the wire: rankings, proposals, awards, letters, events and tokens.

use bando_domain::actor::Role;
use bando_domain::allocation::Outcome;
use bando_domain::event::Recorded;
use bando_domain::letter::{Letter, LetterState};
use bando_domain::proposal::{Proposal, State as ProposalState};
use bando_domain::ranking::{BelowReason, Candidate, Placed};
use bando_domain::ranking_version::{Annulment, RankingVersion, State as RankingState};
use bando_domain::token::Token;
use bando_proto::v1;
use bando_store::Versioned;
use bando_store::letters::Frozen;
use bando_workflow::{awards, rankings};

use super::{affected_application, count, difference, etag, instant, names, tie_break};

/// A version without its entries.
pub fn ranking_head(known: &Versioned<RankingVersion>) -> v1::Ranking {
    let ranking = &known.value;
    let state = match ranking.state {
        RankingState::Proposed => v1::RankingState::Proposed,
        RankingState::InForce => v1::RankingState::InForce,
        RankingState::Rejected => v1::RankingState::Rejected,
        RankingState::Superseded => v1::RankingState::Superseded,
        RankingState::Annulled => v1::RankingState::Annulled,
    };
    v1::Ranking {
        name: names::of_ranking(&ranking.call, ranking.version),
        state: state.into(),
        rule_set_version: count(ranking.rule_set_version),
        budget_cents: ranking.budget.as_cents(),
        granted_cents: ranking.allocation.granted.as_cents(),
        left_cents: ranking.allocation.left.as_cents(),
        inputs_sha256: ranking.inputs_sha256.clone(),
        computed_by: ranking.computed_by.clone(),
        computed_at: Some(instant(ranking.computed_at)),
        entries: Vec::new(),
        below_threshold: Vec::new(),
        etag: etag(known.version),
        annulment: ranking.annulment.as_ref().map(annulment),
        replaces: ranking.replaces.as_ref().map(|replaced| v1::Replaced {
            ranking: names::of_ranking(&ranking.call, replaced.version),
            annulment: replaced.annulment.as_ref().map(annulment),
        }),
    }
}

fn annulment(annulment: &Annulment) -> v1::Annulment {
    v1::Annulment {
        act: annulment.act.clone(),
        reason: annulment.reason.clone(),
    }
}

pub fn ranking(view: &rankings::View) -> v1::Ranking {
    let ranking = &view.ranking.value;
    let entries = ranking
        .ranked
        .entries
        .iter()
        .zip(&ranking.allocation.entries);
    v1::Ranking {
        entries: entries
            .map(|(placed, line)| entry(view, placed, line.outcome))
            .collect(),
        below_threshold: ranking
            .ranked
            .below_threshold
            .iter()
            .map(|(candidate, reason)| below_threshold(view, candidate, reason))
            .collect(),
        ..ranking_head(&view.ranking)
    }
}

fn entry(view: &rankings::View, placed: &Placed, outcome: Outcome) -> v1::RankingEntry {
    let candidate = &placed.candidate;
    v1::RankingEntry {
        position: count(placed.position),
        application: names::of_application(&view.ranking.value.call, candidate.application),
        consortium_title: title(view, candidate),
        protocol: candidate.protocol.clone(),
        total: candidate.score.total.to_string(),
        points: candidate
            .score
            .criteria
            .iter()
            .map(|score| v1::CriterionPoints {
                criterion: score.code.clone(),
                points: score.points.to_string(),
            })
            .collect(),
        participants: count(candidate.participants),
        eligible_cents: candidate.eligible.as_cents(),
        full_cents: candidate.grant.as_cents(),
        amount_cents: outcome.amount().as_cents(),
        outcome: outcome.as_str().to_owned(),
        tie_broken_by: placed
            .tie_broken_by
            .as_ref()
            .map(tie_break)
            .unwrap_or_default(),
        waiting_place: match outcome {
            Outcome::Waiting { place } => count(place),
            Outcome::Funded(_) | Outcome::FundedInPart { .. } => 0,
        },
    }
}

fn title(view: &rankings::View, candidate: &Candidate) -> String {
    view.titles
        .get(&candidate.application)
        .cloned()
        .unwrap_or_default()
}

fn below_threshold(
    view: &rankings::View,
    candidate: &Candidate,
    reason: &BelowReason,
) -> v1::BelowThreshold {
    v1::BelowThreshold {
        application: names::of_application(&view.ranking.value.call, candidate.application),
        consortium_title: title(view, candidate),
        protocol: candidate.protocol.clone(),
        total: candidate.score.total.to_string(),
        threshold_of: reason.of.clone(),
        needed: reason.needed.to_string(),
        actual: reason.actual.to_string(),
    }
}

/// `ranking` is the number of the version it is about.
pub fn proposal(known: &Versioned<Proposal>, ranking: Option<u32>) -> v1::Proposal {
    let proposal = &known.value;
    let state = match proposal.state {
        ProposalState::Pending => v1::ProposalState::Pending,
        ProposalState::Approved => v1::ProposalState::Approved,
        ProposalState::Rejected => v1::ProposalState::Rejected,
        ProposalState::Expired => v1::ProposalState::Expired,
    };
    let call = names::of_call(&proposal.call);
    let (differences, affected) = proposal.act.rule_change();
    v1::Proposal {
        name: format!(
            "programmes/{}/proposals/{}",
            proposal.call.programme(),
            proposal.id
        ),
        kind: proposal.act.kind().to_owned(),
        subject: match (ranking, proposal.act.application()) {
            (Some(ranking), _) => names::of_ranking(&proposal.call, ranking),
            (None, Some(application)) => names::of_application(&proposal.call, application),
            (None, None) => call.clone(),
        },
        detail: proposal.act.detail(),
        call,
        payload_sha256: proposal.payload_sha256.clone(),
        state: state.into(),
        requested_by: proposal.requested_by.clone(),
        requested_at: Some(instant(proposal.requested_at)),
        expires_at: Some(instant(proposal.expires_at)),
        decided_by: proposal.decided_by.clone().unwrap_or_default(),
        decided_at: proposal.decided_at.map(instant),
        reason: proposal.reason.clone().unwrap_or_default(),
        etag: etag(known.version),
        stated_act: proposal.stated_act.clone().unwrap_or_default(),
        act_missing: proposal.state == ProposalState::Pending && proposal.act.leaves_its_number(),
        differences: differences.iter().map(difference).collect(),
        affected: affected
            .iter()
            .map(|known| affected_application(&proposal.call, known))
            .collect(),
    }
}

pub fn award(view: &awards::View) -> v1::Award {
    let award = &view.award.value;
    let call = names::of_call(&award.call);
    v1::Award {
        name: format!("{call}/awards/{}", award.id),
        application: names::of_application(&award.call, award.application),
        consortium: names::of_consortium(award.call.programme(), award.consortium),
        consortium_title: view.consortium_title.clone(),
        ranking: names::of_ranking(&award.call, view.ranking_number),
        position: count(award.position),
        amount_cents: award.amount.as_cents(),
        full_cents: award.full.as_cents(),
        act: award.act.clone(),
        rule_set_version: count(award.rule_set_version),
        awarded_at: Some(instant(award.awarded_at)),
        acceptance_days: count(award.acceptance_days),
        etag: etag(view.award.version),
    }
}

pub fn letter(letter: &Letter, frozen: Option<&Frozen>) -> v1::Letter {
    let wanted = &letter.wanted;
    let application = wanted.call.as_ref().zip(wanted.application);
    v1::Letter {
        name: names::of_letter(&wanted.programme, letter.id),
        kind: wanted.facts.kind().as_str().to_owned(),
        state: letter_state(letter.state).into(),
        recipient: wanted.recipient.name.clone(),
        address: wanted.recipient.address.reveal().to_owned(),
        language: wanted.recipient.language.as_str().to_owned(),
        call: wanted.call.as_ref().map(names::of_call).unwrap_or_default(),
        application: application
            .map(|(call, id)| names::of_application(call, id))
            .unwrap_or_default(),
        message_id: letter.message_id.clone(),
        queued_at: Some(instant(letter.queued_at)),
        sent_at: letter.sent_at.map(instant),
        attempts: letter.attempts,
        last_answer: letter.last_answer.clone().unwrap_or_default(),
        subject: frozen
            .map(|frozen| frozen.subject.clone())
            .unwrap_or_default(),
        message: frozen
            .map(|frozen| frozen.message.clone())
            .unwrap_or_default(),
        key: wanted.key.clone(),
        delivered_at: letter.delivered.as_ref().map(|known| instant(known.at)),
        delivery_evidence: letter
            .delivered
            .as_ref()
            .map(|known| known.evidence.clone())
            .unwrap_or_default(),
    }
}

pub fn letter_state(state: LetterState) -> v1::LetterState {
    match state {
        LetterState::Draft => v1::LetterState::Draft,
        LetterState::Held => v1::LetterState::Held,
        LetterState::Queued => v1::LetterState::Queued,
        LetterState::Sending => v1::LetterState::Sending,
        LetterState::Sent => v1::LetterState::Sent,
        LetterState::Uncertain => v1::LetterState::Uncertain,
        LetterState::Delivered => v1::LetterState::Delivered,
        LetterState::Bounced => v1::LetterState::Bounced,
        LetterState::Failed => v1::LetterState::Failed,
        LetterState::Expired => v1::LetterState::Expired,
        LetterState::Cancelled => v1::LetterState::Cancelled,
        LetterState::Parked => v1::LetterState::Parked,
    }
}

pub fn event(event: &Recorded) -> v1::Event {
    let parent = event
        .programme
        .as_ref()
        .map(|id| format!("programmes/{id}/"));
    v1::Event {
        name: format!("{}events/{}", parent.unwrap_or_default(), event.id),
        revision: event.revision.unwrap_or_default(),
        subject_kind: event.subject_kind.as_str().to_owned(),
        subject: event.subject.clone(),
        version: event.version,
        kind: event.kind.clone(),
        at: Some(instant(event.at)),
        person: event.person.clone(),
        call: event.call.clone().unwrap_or_default(),
        payload: event.payload.to_string(),
        chain_hash: event.chain_hash.clone().unwrap_or_default(),
        request_id: event.request.map(|id| id.to_string()).unwrap_or_default(),
    }
}

pub fn token(known: &Versioned<Token>) -> v1::Token {
    let token = &known.value;
    let consortium = token.programme.as_ref().zip(token.consortium);
    v1::Token {
        name: format!("tokens/{}", token.id),
        person: token.person.clone(),
        roles: token
            .roles
            .iter()
            .map(|known| role(*known).into())
            .collect(),
        programme: token
            .programme
            .as_ref()
            .map(|id| format!("programmes/{id}"))
            .unwrap_or_default(),
        consortium: consortium
            .map(|(programme, id)| names::of_consortium(programme, id))
            .unwrap_or_default(),
        created_at: Some(instant(token.created_at)),
        created_by: token.created_by.clone(),
        expires_at: Some(instant(token.expires_at)),
        revoked_at: token.revoked_at.map(instant),
        etag: etag(known.version),
    }
}

fn role(role: Role) -> v1::Role {
    match role {
        Role::Officer => v1::Role::Officer,
        Role::Manager => v1::Role::Manager,
        Role::Approver => v1::Role::Approver,
        Role::Evaluator => v1::Role::Evaluator,
        Role::Consortium => v1::Role::Consortium,
        Role::Auditor => v1::Role::Auditor,
        Role::Viewer => v1::Role::Viewer,
        Role::System => v1::Role::System,
        Role::Admin => v1::Role::Admin,
    }
}
