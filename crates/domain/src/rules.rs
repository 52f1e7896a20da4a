//! A rule set: the dated, act-numbered version of a call's rules. Every number a regional act
//! may change is a value here, never a constant in code.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::{BasisPoints, Eur};
use crate::programme::Text;

/// Everything that decides who may get what. A decision records the `version` it used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSet {
    pub version: u32,
    /// The act that adopts this version, such as `DGR 300/2017`.
    pub act: String,
    pub effective_on: NaiveDate,
    /// Share of the eligible cost that is co-financed.
    pub rate: BasisPoints,
    /// Below this eligible cost an application is not admissible.
    pub min_eligible_cost: Option<Eur>,
    /// Below this grant an application is not admissible (rule `MIN_GRANT`), nor is a partial
    /// last grant given.
    pub min_grant: Option<Eur>,
    pub max_grant: Option<Eur>,
    /// Ceiling per participating member firm.
    pub max_grant_per_participant: Option<Eur>,
    pub members: MemberRules,
    pub cost_categories: Vec<CostCategory>,
    pub score_grid: ScoreGrid,
    /// Keys that break equal totals, in order; the protocol number always comes last.
    pub tie_breaks: Vec<TieBreak>,
    pub allocation: AllocationPolicy,
    /// Whether an application must be the project of a year of a multi-year programme.
    #[serde(default, skip_serializing_if = "Asked::is_optional")]
    pub multi_year_programme: Asked,
    /// Whether an application must state its indicators.
    #[serde(default, skip_serializing_if = "Asked::is_optional")]
    pub indicators: Asked,
}

/// Whether something must be stated before an application is submitted. What was sealed under an
/// earlier version of the rules stays sealed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    #[default]
    Optional,
    Required,
}

impl Asked {
    pub const ALL: [Self; 2] = [Self::Optional, Self::Required];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }

    pub const fn is_required(self) -> bool {
        match self {
            Self::Optional => false,
            Self::Required => true,
        }
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    const fn is_optional(&self) -> bool {
        !self.is_required()
    }
}

impl RuleSet {
    /// The smallest amount that is given; one cent where the call has no floor.
    pub fn smallest_grant(&self) -> Eur {
        self.min_grant.unwrap_or_default().max(Eur::cents(1))
    }

    pub fn cost_category(&self, code: &str) -> Option<&CostCategory> {
        self.cost_categories
            .iter()
            .find(|category| category.code == code)
    }
}

/// Who may be a consortium (rules E4, E6 and E7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRules {
    /// Region of the seat, and the one whose members are not "from outside".
    pub region: String,
    /// Independent members needed.
    pub minimum: u32,
    /// Independent members needed when every member is an artisan firm.
    pub artisan_minimum: u32,
    /// Largest share of members from outside the region (inclusive).
    pub max_outside_region: BasisPoints,
    /// Smallest share of the subscribed fund that is paid in.
    pub min_fund_paid: BasisPoints,
    /// Smallest single share of the fund.
    pub min_share: Eur,
    /// Largest single share of the subscribed fund.
    pub max_share: BasisPoints,
}

/// A kind of cost and its limits (domain rule §1.4: external lines, caps, staff cap, flat).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostCategory {
    /// Short code used in budget lines, such as `fairs`.
    pub code: String,
    pub name: Text,
    pub kind: CostKind,
    /// Absolute ceiling of the category.
    pub cap: Option<Eur>,
    /// Ceiling as a share of other categories.
    pub cap_share: Option<CapShare>,
    /// For `CostKind::Flat` only: share of all admitted external costs.
    pub flat_rate: Option<BasisPoints>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostKind {
    /// Bought from others.
    External,
    /// The consortium's own staff.
    Staff,
    /// Computed, never declared: a share of the admitted external costs.
    Flat,
}

/// A ceiling relative to other admitted categories; the capped category is never in its own base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapShare {
    pub rate: BasisPoints,
    pub of: CapBase,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapBase {
    /// The sum of these admitted categories.
    Categories(Vec<String>),
    /// The sum of all other admitted declared (external and staff) categories.
    OtherCategories,
}

/// How merit is scored. Evaluators give each criterion 0 to `scale`; its points are
/// `score × weight / scale`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScoreGrid {
    pub scale: Decimal,
    pub criteria: Vec<Criterion>,
    /// Smallest total that is ranked.
    pub threshold: Decimal,
    pub evaluators_per_application: u32,
    pub aggregation: Aggregation,
    /// Decimals kept of each criterion's aggregated points.
    pub decimals: u32,
    pub rounding: Rounding,
    /// Whether every score needs its comment.
    #[serde(default, skip_serializing_if = "is_off")]
    pub comments_required: bool,
    /// Whether an evaluator who has scored sees the other sheets of the same application.
    #[serde(default, skip_serializing_if = "is_off")]
    pub evaluators_see_others: bool,
    /// When sheets are too far apart to be averaged; `None` averages them always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consensus: Option<ConsensusRule>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_off(switch: &bool) -> bool {
    !*switch
}

/// How far the sheets of one application may be apart; at least one bound is stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsensusRule {
    /// Most points between the highest and the lowest total.
    pub max_spread: Option<Decimal>,
    /// Widest difference within one criterion, as a share of the scale.
    pub max_criterion_spread: Option<BasisPoints>,
}

impl ScoreGrid {
    pub fn criterion(&self, code: &str) -> Option<&Criterion> {
        self.criteria
            .iter()
            .find(|criterion| criterion.code == code)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Short code, such as `A`.
    pub code: String,
    pub name: Text,
    /// Largest points of the criterion.
    pub weight: Decimal,
    /// Smallest points of the criterion that are ranked.
    pub threshold: Option<Decimal>,
}

/// How several evaluators become one: per criterion, before rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    Mean,
    Median,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    HalfUp,
    HalfEven,
    Down,
}

/// One published key that breaks equal totals.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TieBreak {
    /// More points in this criterion first.
    Criterion(String),
    /// More participating firms first.
    MoreParticipants,
    /// Lower grant first.
    LowerGrant,
    /// Earlier receipt instant first.
    EarlierSubmission,
    /// Lower protocol number first; unique, so it always decides.
    ProtocolNumber,
}

/// How the budget is divided down the ranking.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllocationPolicy {
    /// In ranking order until the budget is spent; the first that does not fit gets what is left
    /// if that is not under the floor, and everybody after it waits.
    RankingWithWaitingList,
    /// Everybody ranked gets the same share of their grant when the budget does not suffice.
    ProRata,
    /// In the order of receipt until the budget is spent; the call closes when it is.
    FirstCome,
    /// The share of the eligible cost depends on the total; then in ranking order.
    PercentageBands(Vec<Band>),
}

/// A share of the eligible cost for all totals from `min_total` up to the band above.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Band {
    pub min_total: Decimal,
    pub rate: BasisPoints,
}

impl AllocationPolicy {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::RankingWithWaitingList => "ranking_with_waiting_list",
            Self::ProRata => "pro_rata",
            Self::FirstCome => "first_come",
            Self::PercentageBands(_) => "percentage_bands",
        }
    }
}
