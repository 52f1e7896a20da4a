//! Small values for the tests of the rules.

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate};
use rust_decimal::Decimal;

use crate::civil::Zone;
use crate::consortium::{Accreditation, Fund, LegalForm, Member, Profile};
use crate::holidays::Holidays;
use crate::identifiers::PartitaIva;
use crate::ids::{ApplicationId, EvaluationId};
use crate::money::{BasisPoints, Eur};
use crate::programme::Text;
use crate::project::{Activity, ActivityKind, BudgetLine, Declaration, Project};
use crate::ranking::Candidate;
use crate::rules::{
    Aggregation, AllocationPolicy, Asked, CostCategory, CostKind, Criterion, MemberRules, Rounding,
    RuleSet, ScoreGrid,
};
use crate::scoring::{CriterionScore, Score, Sheet};
use crate::sme::SmeClass;
use crate::term::Reckoning;

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn grid() -> ScoreGrid {
    let criterion = |code: &str, weight: u32| Criterion {
        code: code.to_owned(),
        name: Text::new(code, code),
        weight: Decimal::from(weight),
        threshold: None,
    };
    ScoreGrid {
        scale: Decimal::from(10),
        criteria: vec![criterion("A", 25), criterion("B", 75)],
        threshold: Decimal::ZERO,
        evaluators_per_application: 3,
        aggregation: Aggregation::Mean,
        decimals: 2,
        rounding: Rounding::HalfUp,
        comments_required: false,
        evaluators_see_others: false,
        consensus: None,
    }
}

pub(crate) fn category(code: &str, kind: CostKind) -> CostCategory {
    CostCategory {
        code: code.to_owned(),
        name: Text::new(code, code),
        kind,
        cap: None,
        cap_share: None,
        flat_rate: None,
    }
}

/// The practice of 2016: 40 %, floor 30,000, ceiling 150,000, at least 8 members (5 artisans).
pub(crate) fn rules() -> RuleSet {
    RuleSet {
        version: 1,
        act: "act".to_owned(),
        effective_on: day("2016-01-01"),
        rate: BasisPoints(4_000),
        min_eligible_cost: None,
        min_grant: Some(Eur::euros(30_000)),
        max_grant: Some(Eur::euros(150_000)),
        max_grant_per_participant: None,
        members: MemberRules {
            region: "Emilia-Romagna".to_owned(),
            minimum: 8,
            artisan_minimum: 5,
            max_outside_region: BasisPoints(2_500),
            min_fund_paid: BasisPoints(2_500),
            min_share: Eur::euros(1_250),
            max_share: BasisPoints(2_000),
        },
        cost_categories: vec![
            category("fairs", CostKind::External),
            category("staff", CostKind::Staff),
        ],
        score_grid: grid(),
        tie_breaks: vec![],
        allocation: AllocationPolicy::RankingWithWaitingList,
        multi_year_programme: Asked::Optional,
        indicators: Asked::Optional,
    }
}

pub(crate) fn line(category: &str, cents: i64) -> BudgetLine {
    BudgetLine {
        activity: "A1".to_owned(),
        category: category.to_owned(),
        description: "stand".to_owned(),
        amount: Eur::cents(cents),
    }
}

/// A complete project with the first eight members taking part.
pub(crate) fn project(budget_lines: Vec<BudgetLine>) -> Project {
    Project {
        title: "title".to_owned(),
        summary: "summary".to_owned(),
        sector: "mechanics".to_owned(),
        starts_on: Some(day("2016-01-01")),
        ends_on: Some(day("2016-12-31")),
        activities: vec![Activity {
            code: "A1".to_owned(),
            kind: ActivityKind::Exhibition,
            title: "fair".to_owned(),
            market: "DE".parse().unwrap(),
        }],
        participants: (1..=8).map(firm).collect(),
        budget_lines,
        requested: None,
        declarations: Declaration::ALL.into(),
        programme_year: None,
        indicators: None,
    }
}

pub(crate) fn firm(number: u32) -> PartitaIva {
    PartitaIva::from_seven(number, 36)
}

/// A consortium of ten independent small firms that meets every rule.
pub(crate) fn profile() -> Profile {
    let member = |number: u32| Member {
        partita_iva: firm(number),
        name: format!("firm {number}"),
        region: "Emilia-Romagna".to_owned(),
        artisan: false,
        size: SmeClass::Small,
        share: Eur::euros(2_000),
        joined_on: day("2010-01-01"),
        left_on: None,
        past_shares: vec![],
        address: None,
        email: None,
    };
    Profile {
        name: "consortium".to_owned(),
        partita_iva: firm(1_000),
        form: LegalForm::Consortium,
        seat_country: "IT".to_owned(),
        seat_region: "Emilia-Romagna".to_owned(),
        fund: Fund {
            subscribed: Eur::euros(20_000),
            paid: Eur::euros(5_000),
        },
        statute_forbids_profit: true,
        active: true,
        sme_majority_of_directors: true,
        accreditation: Some(Accreditation::Entry),
        members: (1..=10).map(member).collect(),
        links: vec![],
        accreditations: vec![],
        past_funds: vec![],
        programmes: vec![],
    }
}

/// A sheet that gives every criterion the same score.
pub(crate) fn sheet(number: u128, score: &str) -> Sheet {
    let score: Decimal = score.parse().unwrap();
    Sheet {
        evaluation: EvaluationId(uuid::Uuid::from_u128(number)),
        scores: vec![("A".to_owned(), score), ("B".to_owned(), score)],
    }
}

/// A candidate whose whole total is in criterion A.
pub(crate) fn candidate(number: u32, total: &str, grant: Eur) -> Candidate {
    let total: Decimal = total.parse().unwrap();
    Candidate {
        application: ApplicationId(uuid::Uuid::from_u128(u128::from(number))),
        protocol: format!("ER-2016-{number:07}"),
        received_at: DateTime::UNIX_EPOCH,
        participants: 10,
        grant,
        eligible: grant,
        score: Score {
            criteria: vec![CriterionScore {
                code: "A".to_owned(),
                points: total,
            }],
            total,
        },
    }
}

/// Rome and the holidays of Italy.
pub(crate) fn italian() -> Reckoning<'static> {
    static ITALIAN: LazyLock<(Zone, Holidays)> = LazyLock::new(|| {
        let zone = "Europe/Rome".parse().unwrap();
        (zone, Holidays::italian())
    });
    let (zone, holidays) = &*ITALIAN;
    Reckoning { zone, holidays }
}
