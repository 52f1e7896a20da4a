//! Ranking and allocation in memory.

use std::time::Instant;

use bando_daemon::samples;
use bando_domain::allocation::allocate;
use bando_domain::call_file::{parse_call, parse_programme};
use bando_domain::ids::ApplicationId;
use bando_domain::money::Eur;
use bando_domain::ranking::{Candidate, rank};
use bando_domain::rules::RuleSet;
use bando_domain::scoring::{CriterionScore, Score};
use chrono::{DateTime, TimeDelta};
use rust_decimal::Decimal;

use crate::report::{Limit, Report};

pub(crate) fn measure(report: &mut Report) {
    let (name, text) = samples::PROGRAMME;
    let programme = parse_programme(name, text).expect("the sample programme");
    let (name, text) = samples::CALL_2016;
    let call = parse_call(name, text, &programme).expect("the sample call");
    let rules = &call.terms.rules;
    let small = milliseconds(100_000, rules);
    report.under(
        "ranking and allocation of 100,000",
        small,
        "ms",
        Limit(200.0),
    );
    let large = milliseconds(1_000_000, rules);
    report.under(
        "ranking and allocation of 1,000,000",
        large,
        "ms",
        Limit(12.0 * small),
    );
}

/// The median of five.
fn milliseconds(count: u32, rules: &RuleSet) -> f64 {
    let candidates: Vec<Candidate> = (0..count).map(|number| candidate(number, rules)).collect();
    let budget = Eur::euros(i64::from(count) * 50_000);
    let mut taken: Vec<f64> = (0..5)
        .map(|_| {
            let candidates = candidates.clone();
            let started = Instant::now();
            let ranked = rank(candidates, rules);
            let allocation = allocate(&ranked, budget, rules);
            std::hint::black_box((&ranked, &allocation));
            started.elapsed().as_secs_f64() * 1_000.0
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    taken[taken.len() / 2]
}

/// Spread over few totals, so that most places are decided by the keys after the total.
fn candidate(number: u32, rules: &RuleSet) -> Candidate {
    let scattered = number.wrapping_mul(2_654_435_761);
    let criteria: Vec<CriterionScore> = (0..)
        .zip(&rules.score_grid.criteria)
        .map(|(position, criterion)| CriterionScore {
            code: criterion.code.clone(),
            points: Decimal::from(12 + (scattered >> (position * 3)) % 8),
        })
        .collect();
    let total = criteria.iter().map(|score| score.points).sum();
    let grant = Eur::cents(3_000_000 + i64::from(scattered % 12_000_000));
    Candidate {
        application: ApplicationId(uuid::Uuid::from_u128(u128::from(number))),
        protocol: format!("ER-2016-{number:07}"),
        received_at: DateTime::UNIX_EPOCH + TimeDelta::seconds(i64::from(scattered % 1_000_000)),
        participants: 8 + scattered % 30,
        grant,
        eligible: grant,
        score: Score { criteria, total },
    }
}
