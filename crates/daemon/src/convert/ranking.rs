//! Explanations, simulations and verifications of rankings on the wire.

use bando_domain::explanation::{Explained, Explanation};
use bando_domain::ids::CallId;
use bando_domain::money::{BasisPoints, Eur};
use bando_domain::project::Violation;
use bando_domain::ranking_inputs;
use bando_domain::simulation::{Changes, Standing};
use bando_proto::v1;
use bando_workflow::Error;
use bando_workflow::rankings::{Simulated, Verified, View};
use rust_decimal::Decimal;

use super::{count, names, tie_break};

fn name(view: &View) -> String {
    let ranking = &view.ranking.value;
    names::of_ranking(&ranking.call, ranking.version)
}

pub fn explanation(view: &View, explained: Explanation) -> v1::ExplainRankingResponse {
    let call = &view.ranking.value.call;
    let application = names::of_application(call, explained.application);
    let title = view
        .titles
        .get(&explained.application)
        .cloned()
        .unwrap_or_default();
    let criteria = explained
        .criteria
        .into_iter()
        .map(|steps| v1::CriterionSteps {
            criterion: steps.code,
            weight: steps.weight.to_string(),
            scores: steps
                .scores
                .into_iter()
                .map(|(evaluation, score)| v1::GivenScore {
                    evaluation: format!("{application}/evaluations/{evaluation}"),
                    score: score.to_string(),
                })
                .collect(),
            points: steps.points.to_string(),
            threshold: steps
                .threshold
                .map(|least| least.to_string())
                .unwrap_or_default(),
        });
    let steps = explained.steps.iter().map(|step| v1::AmountStep {
        kind: step.kind.as_str().to_owned(),
        change_cents: step.change_cents,
        result_cents: step.result.as_cents(),
    });
    let mut shown = v1::ExplainRankingResponse {
        ranking: name(view),
        criteria: criteria.collect(),
        total: explained.total.to_string(),
        excluded_evaluations: count(explained.excluded),
        by_agreement: explained.by_agreement,
        eligible_cents: explained.eligible.as_cents(),
        steps: steps.collect(),
        amount_cents: explained.amount.as_cents(),
        protocol: explained.protocol.clone(),
        consortium_title: title.clone(),
        application: application.clone(),
        ..Default::default()
    };
    match explained.standing {
        Explained::Placed {
            position,
            outcome,
            tie,
            left_before,
            left_after,
            gap,
        } => {
            shown.outcome = outcome.as_str().into();
            shown.position = count(position);
            if let Some((with, key)) = tie {
                (shown.tied_with, shown.tie_broken_by) = (with, tie_break(&key));
            }
            shown.left_before_cents = left_before.as_cents();
            shown.left_after_cents = left_after.as_cents();
            shown.gap = gap.map(|gap| v1::Gap {
                points: gap
                    .points
                    .map(|points| points.to_string())
                    .unwrap_or_default(),
                budget_cents: gap.budget.as_cents(),
            });
        }
        Explained::BelowThreshold(reason) => {
            shown.outcome = Standing::BelowThreshold.as_str().into();
            shown.missed = Some(v1::BelowThreshold {
                application,
                consortium_title: title,
                protocol: explained.protocol,
                total: explained.total.to_string(),
                threshold_of: reason.of,
                needed: reason.needed.to_string(),
                actual: reason.actual.to_string(),
            });
        }
        Explained::UnderMinimum => shown.outcome = Standing::UnderMinimum.as_str().into(),
    }
    shown
}

/// What a simulation changes, with every mistake of the request.
pub fn changes(call: &CallId, wire: &v1::SimulateAllocationRequest) -> Result<Changes, Error> {
    let mut violations = Vec::new();
    let mut amount = |field: &str, cents: Option<i64>| {
        let cents = cents?;
        let bounds = 0..=Eur::LIMIT.as_cents();
        if !bounds.contains(&cents) {
            let rule = format!("0 to {} cents", Eur::LIMIT.as_cents());
            violations.push(Violation::new(field, "OUT_OF_RANGE", rule));
        }
        Some(Eur::cents(cents))
    };
    let mut changes = Changes {
        budget: amount("budget_cents", wire.budget_cents),
        min_grant: amount("min_grant_cents", wire.min_grant_cents),
        max_grant: amount("max_grant_cents", wire.max_grant_cents),
        ..Changes::default()
    };
    if let Some(rate) = wire.rate_basis_points {
        match u32::try_from(rate) {
            Ok(rate @ 1..=10_000) => changes.rate = Some(BasisPoints(rate)),
            Ok(_) | Err(_) => violations.push(Violation::new(
                "rate_basis_points",
                "OUT_OF_RANGE",
                "1 to 10000 basis points",
            )),
        }
    }
    if let Some(text) = &wire.threshold {
        match text.parse::<Decimal>() {
            Ok(least) if !least.is_sign_negative() => changes.threshold = Some(least),
            Ok(_) | Err(_) => violations.push(Violation::new(
                "threshold",
                "DECIMAL",
                "points as a decimal from 0, such as 60 or 62.5",
            )),
        }
    }
    for (row, text) in wire.annulled_evaluations.iter().enumerate() {
        let field = format!("annulled_evaluations[{row}]");
        let (of, _, evaluation) = names::evaluation(&field, text)?;
        expect_of(&of, call, &field, &mut violations);
        changes.annulled.push(evaluation);
    }
    for (row, text) in wire.declined_applications.iter().enumerate() {
        let field = format!("declined_applications[{row}]");
        let (of, application) = names::application(&field, text)?;
        expect_of(&of, call, &field, &mut violations);
        changes.declined.push(application);
    }
    if violations.is_empty() {
        return Ok(changes);
    }
    Err(Error::Invalid {
        reason: "INVALID_FIELD",
        violations,
    })
}

fn expect_of(of: &CallId, call: &CallId, field: &str, violations: &mut Vec<Violation>) {
    if of != call {
        let rule = format!("is of call {of}, the ranking is of {call}");
        violations.push(Violation::new(field, "NOT_IN_RANKING", rule));
    }
}

pub fn simulation(simulated: &Simulated) -> v1::SimulateAllocationResponse {
    let call = &simulated.view.ranking.value.call;
    let shifts = simulated.shifts.iter().map(|shift| v1::Shift {
        application: names::of_application(call, shift.application),
        consortium_title: simulated
            .view
            .titles
            .get(&shift.application)
            .cloned()
            .unwrap_or_default(),
        protocol: shift.protocol.clone(),
        before: Some(standing(shift.before)),
        after: Some(standing(shift.after)),
        gain_cents: shift.gain_cents(),
    });
    v1::SimulateAllocationResponse {
        ranking: name(&simulated.view),
        budget_before_cents: simulated.view.ranking.value.budget.as_cents(),
        budget_after_cents: simulated.changed.budget.as_cents(),
        granted_before_cents: simulated.before.allocation.granted.as_cents(),
        granted_after_cents: simulated.after.allocation.granted.as_cents(),
        funded_before: funded(&simulated.before),
        funded_after: funded(&simulated.after),
        shifts: shifts.collect(),
    }
}

fn funded(computed: &ranking_inputs::Computed) -> i32 {
    let entries = computed.allocation.entries.iter();
    let funded = entries.filter(|entry| !entry.outcome.amount().is_zero());
    i32::try_from(funded.count()).unwrap_or(i32::MAX)
}

fn standing(standing: Standing) -> v1::Standing {
    v1::Standing {
        outcome: standing.as_str().to_owned(),
        position: standing.position().map(count).unwrap_or_default(),
        amount_cents: standing.amount().as_cents(),
    }
}

pub fn verification(verified: Verified) -> v1::VerifyRankingResponse {
    let ranking = &verified.view.ranking.value;
    let ranked = ranking.ranked.entries.len() + ranking.ranked.below_threshold.len();
    v1::VerifyRankingResponse {
        ranking: name(&verified.view),
        holds: verified.differences.is_empty(),
        differences: verified
            .differences
            .iter()
            .map(|found| found.as_str().to_owned())
            .collect(),
        inputs_sha256: ranking.inputs_sha256.clone(),
        applications: i32::try_from(ranked).unwrap_or(i32::MAX),
        changed_since: verified.changed_since,
    }
}
