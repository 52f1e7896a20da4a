//! To the wire.

use bando_domain::application::{Application, Check, Placement, State as ApplicationState};
use bando_domain::call::{Call, Outage, Results, State as CallState};
use bando_domain::civil::{Language, print_instant};
use bando_domain::document::{DocumentType, Limits};
use bando_domain::eligibility::{Finding, FindingBy, Verdict};
use bando_domain::ids::{CallId, ProgrammeId};
use bando_domain::money::Eur;
use bando_domain::programme::{Programme, Text};
use bando_domain::project::{ActivityKind, Project, Violation};
use bando_domain::receipt::{Signed, StatementKind};
use bando_domain::reminder::Topic;
use bando_domain::rules::{
    Aggregation, AllocationPolicy, Band, CapBase, CostCategory, CostKind, Rounding, RuleSet,
    ScoreGrid, TieBreak,
};
use bando_proto::v1;
use bando_store::Versioned;
use bando_workflow::applications::View;
use chrono::{DateTime, Utc};
use prost_types::Timestamp;

use super::{bytes, clarification, indicators, names, procedure, procedure_rules, programme_year};

pub fn instant(at: DateTime<Utc>) -> Timestamp {
    Timestamp {
        seconds: at.timestamp(),
        nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(0),
    }
}

/// The instant of a timestamp, cut to microseconds.
pub fn read_instant(at: Timestamp) -> Option<DateTime<Utc>> {
    let nanos = u32::try_from(at.nanos).ok()?;
    DateTime::from_timestamp(at.seconds, nanos).map(bando_domain::civil::to_micros)
}

pub fn etag(version: i64) -> String {
    version.to_string()
}

/// Counts are small by the limits of the domain.
pub fn count(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

pub fn show_text(text: &Text) -> v1::Text {
    v1::Text {
        it: text.it.clone(),
        en: text.en.clone(),
    }
}

pub fn programme(known: &Versioned<Programme>) -> v1::Programme {
    let programme = &known.value;
    v1::Programme {
        name: format!("programmes/{}", programme.id),
        title: Some(show_text(&programme.name)),
        authority: Some(show_text(&programme.authority)),
        region: programme.region.clone(),
        language: programme.language.as_str().to_owned(),
        zone: programme.zone.to_string(),
        currency: programme.currency.clone(),
        sender: programme.sender.to_string(),
        reply_to: programme.reply_to.to_string(),
        etag: etag(known.version),
    }
}

pub fn call(known: &Versioned<Call>, ranking: Option<u32>) -> v1::Call {
    let (call, terms) = (&known.value, &known.value.terms);
    let window = &terms.window;
    let printed = |at: DateTime<Utc>| v1::Text {
        it: print_instant(at, &window.zone, Language::It),
        en: print_instant(at, &window.zone, Language::En),
    };
    v1::Call {
        name: names::of_call(&call.id),
        title: Some(show_text(&terms.title)),
        act: terms.act.clone(),
        state: call_state(call.state).into(),
        window: Some(v1::Window {
            opens_at: Some(instant(window.opens_at)),
            closes_at: Some(instant(window.closes_at)),
            zone: window.zone.to_string(),
            opens: Some(printed(window.opens_at)),
            closes: Some(printed(window.closes_at)),
            extensions: window
                .extensions
                .iter()
                .map(|extension| v1::Extension {
                    act: extension.act.clone().unwrap_or_default(),
                    was: Some(instant(extension.was)),
                })
                .collect(),
            outages: window.outages.iter().map(outage).collect(),
            outage_days: count(window.outage_days),
            holidays: window.holidays.shipped_name().unwrap_or("own").to_owned(),
        }),
        budget_cents: terms.budget.as_cents(),
        rules: Some(rule_set(&terms.rules)),
        acceptance_days: count(terms.acceptance_days),
        payment_limit: terms
            .payment_limit
            .map(|limit| limit.to_string())
            .unwrap_or_default(),
        draft_reminders_minutes: terms
            .reminders
            .iter()
            .filter(|reminder| reminder.topic == Topic::DraftNotSubmitted)
            .flat_map(|reminder| &reminder.offsets)
            .filter_map(|offset| offset.minutes_before())
            .map(count)
            .collect(),
        ranking: ranking
            .map(|number| names::of_ranking(&call.id, number))
            .unwrap_or_default(),
        etag: etag(known.version),
        results: call.results.as_ref().map(results),
        cancellation: call.cancellation.as_ref().map(|why| v1::Cancellation {
            act: why.act.clone(),
            reason: why.reason.clone(),
        }),
        documents: terms
            .documents
            .types
            .iter()
            .map(|known| document_type(known, &terms.documents.limits))
            .collect(),
        document_limits: Some(v1::DocumentLimits {
            file_bytes: bytes(terms.documents.limits.file),
            application_bytes: bytes(terms.documents.limits.application),
            files: count(terms.documents.limits.files),
        }),
        procedure: Some(procedure_rules(&terms.procedure)),
    }
}

fn outage(outage: &Outage) -> v1::Outage {
    v1::Outage {
        from: Some(instant(outage.from)),
        until: outage.until.map(instant),
        reason: outage.reason.clone(),
        act: outage.act.clone().unwrap_or_default(),
    }
}

fn document_type(known: &DocumentType, limits: &Limits) -> v1::DocumentType {
    let accepted = known.accepted.iter();
    v1::DocumentType {
        code: known.code.clone(),
        title: Some(show_text(&known.name)),
        mandatory: known.mandatory,
        accepted: accepted.map(|format| format.mime().to_owned()).collect(),
        max_bytes: bytes(known.largest.unwrap_or(limits.file).min(limits.file)),
    }
}

fn results(results: &Results) -> v1::Results {
    let moves = results.moves.iter().map(|moved| v1::ResultsMove {
        act: moved.act.clone(),
        was: Some(instant(moved.was)),
    });
    v1::Results {
        act: results.act.clone(),
        publish_at: Some(instant(results.publish_at)),
        published_at: results.published_at.map(instant),
        moves: moves.collect(),
    }
}

fn call_state(state: CallState) -> v1::CallState {
    match state {
        CallState::Draft => v1::CallState::Draft,
        CallState::Published => v1::CallState::Published,
        CallState::Open => v1::CallState::Open,
        CallState::Closed => v1::CallState::Closed,
        CallState::Ranked => v1::CallState::Ranked,
        CallState::Awarded => v1::CallState::Awarded,
        CallState::Cancelled => v1::CallState::Cancelled,
    }
}

pub fn rule_set(rules: &RuleSet) -> v1::RuleSet {
    v1::RuleSet {
        version: count(rules.version),
        act: rules.act.clone(),
        effective_on: rules.effective_on.to_string(),
        rate_basis_points: count(rules.rate.0),
        min_eligible_cost_cents: rules.min_eligible_cost.map(Eur::as_cents),
        min_grant_cents: rules.min_grant.map(Eur::as_cents),
        max_grant_cents: rules.max_grant.map(Eur::as_cents),
        max_grant_per_participant_cents: rules.max_grant_per_participant.map(Eur::as_cents),
        members_minimum: count(rules.members.minimum),
        members_artisan_minimum: count(rules.members.artisan_minimum),
        members_max_outside_region_basis_points: count(rules.members.max_outside_region.0),
        cost_categories: rules.cost_categories.iter().map(cost_category).collect(),
        score_grid: Some(score_grid(&rules.score_grid)),
        tie_breaks: rules.tie_breaks.iter().map(tie_break).collect(),
        allocation: rules.allocation.as_str().to_owned(),
        bands: match &rules.allocation {
            AllocationPolicy::PercentageBands(bands) => bands.iter().map(band).collect(),
            AllocationPolicy::RankingWithWaitingList
            | AllocationPolicy::ProRata
            | AllocationPolicy::FirstCome => Vec::new(),
        },
        multi_year_programme_required: rules.multi_year_programme.is_required(),
        indicators_required: rules.indicators.is_required(),
    }
}

fn band(band: &Band) -> v1::Band {
    v1::Band {
        min_total: band.min_total.to_string(),
        rate_basis_points: count(band.rate.0),
    }
}

fn cost_category(category: &CostCategory) -> v1::CostCategory {
    let share = category.cap_share.as_ref();
    v1::CostCategory {
        code: category.code.clone(),
        title: Some(show_text(&category.name)),
        kind: match category.kind {
            CostKind::External => "external".to_owned(),
            CostKind::Staff => "staff".to_owned(),
            CostKind::Flat => "flat".to_owned(),
        },
        cap_cents: category.cap.map(Eur::as_cents),
        cap_share_basis_points: share.map(|share| count(share.rate.0)),
        cap_share_of: match share.map(|share| &share.of) {
            Some(CapBase::Categories(codes)) => codes.clone(),
            Some(CapBase::OtherCategories) | None => Vec::new(),
        },
        flat_rate_basis_points: category.flat_rate.map(|rate| count(rate.0)),
    }
}

fn score_grid(grid: &ScoreGrid) -> v1::ScoreGrid {
    let consensus = grid.consensus.as_ref();
    v1::ScoreGrid {
        scale: grid.scale.to_string(),
        criteria: grid
            .criteria
            .iter()
            .map(|criterion| v1::Criterion {
                code: criterion.code.clone(),
                title: Some(show_text(&criterion.name)),
                weight: criterion.weight.to_string(),
                threshold: criterion.threshold.map(|threshold| threshold.to_string()),
            })
            .collect(),
        threshold: grid.threshold.to_string(),
        evaluators_per_application: count(grid.evaluators_per_application),
        aggregation: match grid.aggregation {
            Aggregation::Mean => "mean".to_owned(),
            Aggregation::Median => "median".to_owned(),
        },
        decimals: count(grid.decimals),
        rounding: match grid.rounding {
            Rounding::HalfUp => "half_up".to_owned(),
            Rounding::HalfEven => "half_even".to_owned(),
            Rounding::Down => "down".to_owned(),
        },
        comments_required: grid.comments_required,
        evaluators_see_others: grid.evaluators_see_others,
        consensus_max_spread: consensus
            .and_then(|rule| rule.max_spread)
            .map(|points| points.to_string()),
        consensus_max_criterion_spread_basis_points: consensus
            .and_then(|rule| rule.max_criterion_spread)
            .map(|share| count(share.0)),
    }
}

/// A key as the call's file writes it.
pub fn tie_break(key: &TieBreak) -> String {
    match key {
        TieBreak::Criterion(code) => format!("criterion:{code}"),
        TieBreak::MoreParticipants => "more_participants".to_owned(),
        TieBreak::LowerGrant => "lower_grant".to_owned(),
        TieBreak::EarlierSubmission => "earlier_submission".to_owned(),
        TieBreak::ProtocolNumber => "protocol_number".to_owned(),
    }
}

pub fn application(view: &View) -> v1::Application {
    let known: &Application = &view.application.value;
    let programme: &ProgrammeId = known.call.programme();
    v1::Application {
        name: names::of_application(&known.call, known.id),
        consortium: names::of_consortium(programme, known.consortium),
        consortium_title: view.consortium_title.clone(),
        state: application_state(known.state).into(),
        project: Some(show_project(&known.project)),
        missing: view.missing.iter().map(violation).collect(),
        receipts: known
            .submissions
            .iter()
            .map(|sealed| statement(&sealed.receipt))
            .collect(),
        late_attempts: count(known.late_attempts),
        withdrawn_because: known.withdrawn_because.clone().unwrap_or_default(),
        check: known.check.as_ref().map(check),
        placement: known
            .placement
            .as_ref()
            .map(|found| placement(&known.call, found)),
        procedure: view
            .procedure
            .as_ref()
            .map(|term| procedure(&known.call, known.id, term)),
        clarifications: view.asked.iter().map(clarification).collect(),
        etag: etag(view.application.version),
    }
}

pub(super) fn application_state(state: ApplicationState) -> v1::ApplicationState {
    match state {
        ApplicationState::Draft => v1::ApplicationState::Draft,
        ApplicationState::Submitted => v1::ApplicationState::Submitted,
        ApplicationState::Lapsed => v1::ApplicationState::Lapsed,
        ApplicationState::Late => v1::ApplicationState::Late,
        ApplicationState::Withdrawn => v1::ApplicationState::Withdrawn,
        ApplicationState::UnderCheck => v1::ApplicationState::UnderCheck,
        ApplicationState::Admissible => v1::ApplicationState::Admissible,
        ApplicationState::Inadmissible => v1::ApplicationState::Inadmissible,
        ApplicationState::BelowThreshold => v1::ApplicationState::BelowThreshold,
        ApplicationState::Waiting => v1::ApplicationState::Waiting,
        ApplicationState::Awarded => v1::ApplicationState::Awarded,
        ApplicationState::Cancelled => v1::ApplicationState::Cancelled,
    }
}

fn violation(found: &Violation) -> v1::Violation {
    v1::Violation {
        field: found.field.clone(),
        rule: found.rule.clone(),
        explanation: found.explanation.clone(),
    }
}

fn show_project(project: &Project) -> v1::Project {
    let kind = |kind: ActivityKind| match kind {
        ActivityKind::B2b => v1::ActivityKind::B2b,
        ActivityKind::OutgoingMission => v1::ActivityKind::OutgoingMission,
        ActivityKind::IncomingMission => v1::ActivityKind::IncomingMission,
        ActivityKind::Exhibition => v1::ActivityKind::Exhibition,
        ActivityKind::Event => v1::ActivityKind::Event,
        ActivityKind::Communication => v1::ActivityKind::Communication,
    };
    v1::Project {
        title: project.title.clone(),
        summary: project.summary.clone(),
        sector: project.sector.clone(),
        starts_on: project
            .starts_on
            .map(|day| day.to_string())
            .unwrap_or_default(),
        ends_on: project
            .ends_on
            .map(|day| day.to_string())
            .unwrap_or_default(),
        activities: project
            .activities
            .iter()
            .map(|activity| v1::Activity {
                code: activity.code.clone(),
                kind: kind(activity.kind).into(),
                title: activity.title.clone(),
                market: activity.market.to_string(),
            })
            .collect(),
        participants: project
            .participants
            .iter()
            .map(ToString::to_string)
            .collect(),
        budget_lines: project
            .budget_lines
            .iter()
            .map(|line| v1::BudgetLine {
                activity: line.activity.clone(),
                category: line.category.clone(),
                description: line.description.clone(),
                amount_cents: line.amount.as_cents(),
            })
            .collect(),
        requested_cents: project.requested.map(Eur::as_cents),
        declarations: project
            .declarations
            .iter()
            .map(|declaration| declaration.as_str().to_owned())
            .collect(),
        programme_year: project.programme_year.map(programme_year),
        indicators: project.indicators.as_ref().map(indicators),
    }
}

pub fn check(check: &Check) -> v1::Check {
    v1::Check {
        rule_set_version: count(check.rule_set_version),
        findings: check.findings.iter().map(finding).collect(),
        budget_steps: check
            .budget
            .steps
            .iter()
            .map(|step| v1::BudgetStep {
                category: step.category.clone(),
                rule: step.rule.clone(),
                before_cents: step.before.as_cents(),
                after_cents: step.after.as_cents(),
                explanation: Some(show_text(&step.explanation)),
            })
            .collect(),
        eligible_cents: check.grant.eligible.as_cents(),
        grant_cents: check.grant.amount.as_cents(),
        bounds: check
            .grant
            .bounds
            .iter()
            .map(|bound| v1::Bound {
                kind: bound.kind.as_str().to_owned(),
                limit_cents: bound.limit.as_cents(),
                applied: bound.applied,
            })
            .collect(),
    }
}

fn finding(finding: &Finding) -> v1::Finding {
    let verdict = match finding.verdict {
        Verdict::Passed => v1::Verdict::Passed,
        Verdict::Failed => v1::Verdict::Failed,
        Verdict::OfficerNeeded => v1::Verdict::OfficerNeeded,
    };
    v1::Finding {
        rule: finding.rule.clone(),
        verdict: verdict.into(),
        officer: match &finding.by {
            FindingBy::Data => String::new(),
            FindingBy::Officer { person } => person.clone(),
        },
        explanation: Some(show_text(&finding.explanation)),
    }
}

fn placement(call: &CallId, placement: &Placement) -> v1::Placement {
    match placement {
        Placement::Awarded {
            award,
            position,
            amount,
            full,
        } => v1::Placement {
            outcome: "awarded".to_owned(),
            position: count(*position),
            amount_cents: amount.as_cents(),
            full_cents: full.as_cents(),
            waiting_place: 0,
            award: format!("{}/awards/{award}", names::of_call(call)),
        },
        Placement::Waiting { position, place } => v1::Placement {
            outcome: "waiting".to_owned(),
            position: count(*position),
            waiting_place: count(*place),
            ..Default::default()
        },
        Placement::BelowThreshold => v1::Placement {
            outcome: "below_threshold".to_owned(),
            ..Default::default()
        },
    }
}

pub fn statement(signed: &Signed) -> v1::SignedStatement {
    let stated = &signed.statement;
    let kind = match stated.kind {
        StatementKind::Receipt => v1::StatementKind::Receipt,
        StatementKind::LateRefusal => v1::StatementKind::LateRefusal,
        StatementKind::AnswerReceipt => v1::StatementKind::AnswerReceipt,
        StatementKind::LateAnswerRefusal => v1::StatementKind::LateAnswerRefusal,
    };
    v1::SignedStatement {
        kind: kind.into(),
        call: stated.call.to_string(),
        application: stated.application.to_string(),
        protocol: stated.protocol.clone().unwrap_or_default(),
        received_at: stated.received_at.clone(),
        closes_at: stated.closes_at.clone().unwrap_or_default(),
        content_sha256: stated.content_sha256.clone(),
        event: stated.event.to_string(),
        key_id: stated.key_id.clone(),
        signature: signed.signature.clone(),
        clarification: stated
            .clarification
            .map(|id| id.to_string())
            .unwrap_or_default(),
        admitted_by: stated.admitted_by.clone().unwrap_or_default(),
    }
}
