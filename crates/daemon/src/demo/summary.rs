//! What the play came to: the JSON summary, and the ranking as it is printed.

use std::path::Path;

use bando_domain::money::Eur;
use bando_proto::v1;
use serde::Serialize;

/// The summary of the play. The same seed gives the same, but for the folder and the seconds.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    pub call: String,
    pub seed: u64,
    pub budget_cents: i64,
    pub granted_cents: i64,
    pub funded: usize,
    pub waiting: usize,
    pub inadmissible: usize,
    pub below_threshold: usize,
    /// Inadmissible because the grant is under the floor; counted only here.
    pub below_floor: usize,
    pub lapsed: usize,
    pub withdrawn: usize,
    pub late_refused: usize,
    /// Evaluations that a declared conflict ended and somebody else took over.
    pub conflicts_reassigned: usize,
    pub excluded: Vec<ExcludedOne>,
    /// Received, and refused for their hash.
    pub documents: usize,
    pub documents_refused: usize,
    /// The rules that came into force while the call was open.
    pub rule_change: Option<RuleChange>,
    pub clarifications: Clarifications,
    /// In ranking order.
    pub grants_cents: Vec<i64>,
    /// Full and partial amount of the last grant.
    pub partial_cents: Option<(i64, i64)>,
    pub tie: Option<Tie>,
    pub letters: LetterCounts,
    pub letters_dir: String,
    pub events: i64,
    pub receipts_verified: usize,
    pub simulated_from: String,
    pub simulated_to: String,
    pub wall_seconds: f64,
}

/// Two ranked applications with equal totals and the published key that broke the tie.
#[derive(Debug, Clone, Serialize)]
pub struct Tie {
    pub total: String,
    pub positions: (i32, i32),
    pub broken_by: String,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct LetterCounts {
    /// Ever.
    pub queued: usize,
    /// Those whose delivery was recorded afterwards too.
    pub sent: usize,
    pub failed: usize,
}

/// A new version of the rules, and whom it changed something for.
#[derive(Debug, Clone, Serialize)]
pub struct RuleChange {
    pub version: i32,
    pub act: String,
    pub affected: Vec<Affected>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Affected {
    pub application: String,
    pub grant_before_cents: i64,
    pub grant_after_cents: i64,
}

impl RuleChange {
    /// As it is proposed, before it has its number.
    pub(super) fn of(proposal: &v1::Proposal) -> Self {
        let affected = |one: &v1::AffectedApplication| Affected {
            application: one.label.clone(),
            grant_before_cents: grant(one.before.as_ref()),
            grant_after_cents: grant(one.after.as_ref()),
        };
        Self {
            version: 0,
            act: String::new(),
            affected: proposal.affected.iter().map(affected).collect(),
        }
    }
}

/// What consortia were asked during the check, and how it ended.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Clarifications {
    pub answered: usize,
    pub expired: usize,
    /// Sealed with answers.
    pub documents: usize,
}

/// An evaluation taken out of the count, with the total of its application before and after.
#[derive(Debug, Clone, Serialize)]
pub struct ExcludedOne {
    pub evaluator: String,
    pub total_before: String,
    pub total_after: String,
    pub position_before: Option<i32>,
    pub position_after: Option<i32>,
}

impl ExcludedOne {
    pub(super) fn of(evaluator: &str, effect: &v1::ExclusionEffect) -> Self {
        let (before, after) = (effect.before.as_ref(), effect.after.as_ref());
        let total = |side: Option<&v1::ExclusionSide>| {
            side.map(|side| side.total().to_owned()).unwrap_or_default()
        };
        Self {
            evaluator: evaluator.to_owned(),
            total_before: total(before),
            total_after: total(after),
            position_before: before.and_then(|side| side.position),
            position_after: after.and_then(|side| side.position),
        }
    }
}

pub(super) fn exclusion(excluded: &ExcludedOne) -> String {
    let place = |position: Option<i32>| {
        position.map_or_else(|| "no place".to_owned(), |place| format!("place {place}"))
    };
    format!(
        "                  total {} → {}, {} → {}",
        excluded.total_before,
        excluded.total_after,
        place(excluded.position_before),
        place(excluded.position_after)
    )
}

pub(super) fn tie(ranking: &v1::Ranking) -> Option<Tie> {
    let entry = ranking
        .entries
        .iter()
        .find(|entry| !entry.tie_broken_by.is_empty())?;
    Some(Tie {
        total: entry.total.clone(),
        positions: (entry.position - 1, entry.position),
        broken_by: entry.tie_broken_by.clone(),
    })
}

/// The ranking with its funding line, the budget used and what to try next.
pub(super) fn print(ranking: &v1::Ranking, endpoint: &str, data_dir: &Path) -> Vec<String> {
    let mut lines = vec![
        String::new(),
        format!("Ranking of call er/2016, version {}", number(&ranking.name)),
        format!(
            "{:>4}  {:<40} {:>7} {:>6} {:>14} {:>14}  {}",
            "#", "consortium", "points", "firms", "full grant", "granted", "outcome"
        ),
    ];
    let mut funded_above = true;
    for entry in &ranking.entries {
        if funded_above && entry.amount_cents == 0 {
            funded_above = false;
            lines.push(format!("{:─^104}", " funding line "));
        }
        lines.push(format!(
            "{:>4}  {:<40} {:>7} {:>6} {:>14} {:>14}  {}{}",
            entry.position,
            entry.consortium_title,
            entry.total,
            entry.participants,
            euros(entry.full_cents),
            euros(entry.amount_cents),
            entry.outcome.replace('_', " "),
            broken_by(entry),
        ));
    }
    for below in &ranking.below_threshold {
        lines.push(format!(
            "   –  {:<40} {:>7}  below the threshold of {} ({})",
            below.consortium_title, below.total, below.needed, below.threshold_of
        ));
    }
    lines.push(String::new());
    lines.push(format!(
        "Budget {}; granted {}; left {}",
        Eur::cents(ranking.budget_cents),
        Eur::cents(ranking.granted_cents),
        Eur::cents(ranking.left_cents)
    ));
    lines.extend(commands(endpoint, data_dir));
    lines
}

fn grant(judged: Option<&v1::JudgedByRules>) -> i64 {
    judged.map_or(0, |judged| judged.grant_cents)
}

/// What differs in the proposed rules, and for whom.
pub(super) fn rule_change(proposal: &v1::Proposal) -> Vec<String> {
    let indent = " ".repeat(18);
    let value =
        |one: &v1::Difference| format!("{indent}{}: {} → {}", one.key, one.before, one.after);
    let affected = |one: &v1::AffectedApplication| {
        format!(
            "{indent}  {:<40} {} grant {:>12} → {:>12}",
            one.consortium_title,
            one.label,
            euros(grant(one.before.as_ref())),
            euros(grant(one.after.as_ref())),
        )
    };
    let values = proposal.differences.iter().map(value);
    values
        .chain(proposal.affected.iter().map(affected))
        .collect()
}

/// Who would gain and who would lose, before and after.
pub(super) fn what_if(simulated: &v1::SimulateAllocationResponse) -> Vec<String> {
    let indent = " ".repeat(18);
    let mut lines = vec![format!(
        "{indent}what if the budget were {}? funded {} → {}, granted {} → {}",
        Eur::cents(simulated.budget_after_cents),
        simulated.funded_before,
        simulated.funded_after,
        euros(simulated.granted_before_cents),
        euros(simulated.granted_after_cents),
    )];
    let amount = |standing: Option<&v1::Standing>| {
        euros(standing.map_or(0, |standing| standing.amount_cents))
    };
    for shift in simulated
        .shifts
        .iter()
        .filter(|shift| shift.gain_cents != 0)
    {
        lines.push(format!(
            "{indent}  {:>3}  {:<40} {:>12} → {:>12}  {:>13}",
            shift.before.as_ref().map_or(0, |before| before.position),
            shift.consortium_title,
            amount(shift.before.as_ref()),
            amount(shift.after.as_ref()),
            euros(shift.gain_cents),
        ));
    }
    lines
}

fn broken_by(entry: &v1::RankingEntry) -> String {
    match entry.tie_broken_by.as_str() {
        "" => String::new(),
        key => format!(" (tie broken by {key})"),
    }
}

fn euros(cents: i64) -> String {
    Eur::cents(cents)
        .to_string()
        .trim_end_matches(" EUR")
        .to_owned()
}

fn number(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}

/// Three commands that work while the demo serves on.
fn commands(endpoint: &str, data_dir: &Path) -> Vec<String> {
    let beside = std::env::current_exe()
        .ok()
        .map(|path| path.with_file_name("bando"));
    let bando = match beside.filter(|path| path.is_file()) {
        Some(path) => path.display().to_string(),
        None => "cargo run --release --quiet --bin bando --".to_owned(),
    };
    let with = |person: &str| {
        let token = data_dir.join("tokens").join(format!("{person}.token"));
        format!(
            "  {bando} --server {endpoint} --token-file {}",
            token.display()
        )
    };
    vec![
        String::new(),
        "Try next:".to_owned(),
        format!("{} ranking show er/2016", with("anna.bianchi")),
        format!(
            "{} ranking simulate er/2016 --budget 1600000",
            with("anna.bianchi")
        ),
        format!("{} audit verify", with("ada.conti")),
    ]
}
