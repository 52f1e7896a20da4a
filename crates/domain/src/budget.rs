//! From declared to eligible cost, line by line: caps and the flat rate of the call (domain rules
//! of the 2011–2022 editions: cost items with ceilings, general costs as a flat rate).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::money::Eur;
use crate::programme::Text;
use crate::project::Project;
use crate::rules::{CapBase, CostCategory, CostKind, RuleSet};

/// What of a project's budget the rules admit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmittedBudget {
    /// In the order of the rules.
    pub categories: Vec<AdmittedCategory>,
    /// Declared cost per activity, in the order of the project.
    pub activities: Vec<ActivityTotal>,
    pub declared: Eur,
    pub eligible: Eur,
    /// Every step from declared to eligible.
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmittedCategory {
    pub code: String,
    pub kind: CostKind,
    pub declared: Eur,
    pub admitted: Eur,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityTotal {
    pub code: String,
    pub declared: Eur,
}

/// One step, with its stable rule: `DECLARED`, `CAP`, `CAP_SHARE`, `FLAT_RATE`, `FLAT_DECLARED`,
/// `UNKNOWN_CATEGORY`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub category: String,
    pub rule: String,
    pub before: Eur,
    pub after: Eur,
    pub explanation: Text,
}

/// Admits a budget: declared lines, then absolute caps, then caps that are shares of other
/// categories, then the flat rate on the admitted external costs. All cut down to the cent.
///
/// A share "of all other categories" is taken of the other declared categories as they stand
/// after every cap on named categories and before any cap of its own kind, so that no amount
/// depends on itself.
pub fn admit(project: &Project, rules: &RuleSet) -> AdmittedBudget {
    let mut working = Working::declared(project, rules);
    working.absolute_caps(rules);
    working.shares_of_named(rules);
    working.shares_of_others(rules);
    working.flat_rates(rules);
    let categories: Vec<AdmittedCategory> = rules
        .cost_categories
        .iter()
        .map(|category| AdmittedCategory {
            code: category.code.clone(),
            kind: category.kind,
            declared: declared_in(project, &category.code),
            admitted: working.amount(&category.code),
        })
        .collect();
    let activities = project.activities.iter().map(|activity| {
        let lines = project
            .budget_lines
            .iter()
            .filter(|line| line.activity == activity.code);
        ActivityTotal {
            code: activity.code.clone(),
            declared: lines.map(|line| line.amount).sum(),
        }
    });
    AdmittedBudget {
        activities: activities.collect(),
        declared: project.declared_total(),
        eligible: categories.iter().map(|category| category.admitted).sum(),
        categories,
        steps: working.steps,
    }
}

fn declared_in(project: &Project, category: &str) -> Eur {
    let lines = project
        .budget_lines
        .iter()
        .filter(|line| line.category == category);
    lines.map(|line| line.amount).sum()
}

struct Working {
    amounts: BTreeMap<String, Eur>,
    steps: Vec<Step>,
}

impl Working {
    fn declared(project: &Project, rules: &RuleSet) -> Self {
        let mut working = Self {
            amounts: BTreeMap::new(),
            steps: Vec::new(),
        };
        for category in &rules.cost_categories {
            let declared = declared_in(project, &category.code);
            match category.kind {
                CostKind::External | CostKind::Staff => {
                    let text = Text::new("importo dichiarato", "amount declared");
                    working.set(&category.code, "DECLARED", declared, declared, text);
                }
                CostKind::Flat if !declared.is_zero() => {
                    let text = Text::new(
                        "una voce forfettaria si calcola e non si dichiara",
                        "a flat category is computed, never declared",
                    );
                    working.set(&category.code, "FLAT_DECLARED", declared, Eur::ZERO, text);
                }
                CostKind::Flat => {}
            }
        }
        for line in &project.budget_lines {
            if rules.cost_category(&line.category).is_none() {
                let text = Text::new(
                    "voce di spesa non prevista dal bando",
                    "the call has no such cost category",
                );
                working.steps.push(Step {
                    category: line.category.clone(),
                    rule: "UNKNOWN_CATEGORY".to_owned(),
                    before: line.amount,
                    after: Eur::ZERO,
                    explanation: text,
                });
            }
        }
        working
    }

    fn amount(&self, code: &str) -> Eur {
        self.amounts.get(code).copied().unwrap_or_default()
    }

    fn set(&mut self, code: &str, rule: &str, before: Eur, after: Eur, explanation: Text) {
        self.amounts.insert(code.to_owned(), after);
        self.steps.push(Step {
            category: code.to_owned(),
            rule: rule.to_owned(),
            before,
            after,
            explanation,
        });
    }

    fn limit(&mut self, code: &str, rule: &str, limit: Eur, explanation: Text) {
        let before = self.amount(code);
        if before > limit {
            self.set(code, rule, before, limit, explanation);
        }
    }

    fn absolute_caps(&mut self, rules: &RuleSet) {
        for category in &rules.cost_categories {
            if let Some(cap) = category.cap {
                let text = Text::new(
                    format!("massimale della voce: {cap}"),
                    format!("ceiling of the category: {cap}"),
                );
                self.limit(&category.code, "CAP", cap, text);
            }
        }
    }

    /// Caps on named categories, each after the categories it is a share of.
    fn shares_of_named(&mut self, rules: &RuleSet) {
        let mut waiting: Vec<&CostCategory> = rules
            .cost_categories
            .iter()
            .filter(|category| named_base(category).is_some())
            .collect();
        while !waiting.is_empty() {
            let ready = waiting.iter().position(|category| {
                let base = named_base(category).unwrap_or_default();
                !waiting
                    .iter()
                    .any(|other| other.code != category.code && base.contains(&other.code))
            });
            // Rules with a circle of bases are refused when they are loaded.
            let category = waiting.remove(ready.unwrap_or(0));
            let base: Eur = named_base(category)
                .unwrap_or_default()
                .iter()
                .map(|code| self.amount(code))
                .sum();
            self.share(category, base);
        }
    }

    fn shares_of_others(&mut self, rules: &RuleSet) {
        let of_others = |category: &&CostCategory| matches!(&category.cap_share, Some(share) if share.of == CapBase::OtherCategories);
        let before = self.amounts.clone();
        for category in rules.cost_categories.iter().filter(of_others) {
            let others = rules
                .cost_categories
                .iter()
                .filter(|other| other.code != category.code && other.kind != CostKind::Flat);
            let base = others
                .filter_map(|other| before.get(&other.code))
                .copied()
                .sum();
            self.share(category, base);
        }
    }

    fn share(&mut self, category: &CostCategory, base: Eur) {
        let Some(share) = &category.cap_share else {
            return;
        };
        let limit = base.share(share.rate);
        let text = Text::new(
            format!("massimo {} di {base}: {limit}", share.rate),
            format!("at most {} of {base}: {limit}", share.rate),
        );
        self.limit(&category.code, "CAP_SHARE", limit, text);
    }

    fn flat_rates(&mut self, rules: &RuleSet) {
        let external = rules
            .cost_categories
            .iter()
            .filter(|c| c.kind == CostKind::External);
        let base: Eur = external.map(|category| self.amount(&category.code)).sum();
        for category in &rules.cost_categories {
            let (CostKind::Flat, Some(rate)) = (category.kind, category.flat_rate) else {
                continue;
            };
            let computed = base.share(rate);
            let amount = category.cap.map_or(computed, |cap| computed.min(cap));
            let text = Text::new(
                format!("{rate} forfettario dei costi esterni ammessi, {base}"),
                format!("flat {rate} of the admitted external costs, {base}"),
            );
            self.set(&category.code, "FLAT_RATE", Eur::ZERO, amount, text);
        }
    }
}

fn named_base(category: &CostCategory) -> Option<&[String]> {
    match &category.cap_share.as_ref()?.of {
        CapBase::Categories(codes) => Some(codes),
        CapBase::OtherCategories => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{category, line, project, rules};
    use crate::money::BasisPoints;
    use crate::rules::CapShare;

    fn admitted(budget: &AdmittedBudget, code: &str) -> Eur {
        budget
            .categories
            .iter()
            .find(|found| found.code == code)
            .unwrap()
            .admitted
    }

    #[test]
    fn a_flat_rate_is_cut_down_to_the_cent() {
        let mut rules = rules();
        rules.cost_categories = vec![
            category("fairs", CostKind::External),
            CostCategory {
                flat_rate: Some(BasisPoints(500)),
                ..category("general", CostKind::Flat)
            },
        ];
        let project = project(vec![line("fairs", 1_099)]);

        let budget = admit(&project, &rules);

        assert_eq!(admitted(&budget, "general"), Eur::cents(54));
        assert_eq!(budget.eligible, Eur::cents(1_153));
    }

    #[test]
    fn a_category_is_cut_to_its_ceiling_and_the_step_says_so() {
        let mut rules = rules();
        rules.cost_categories = vec![CostCategory {
            cap: Some(Eur::euros(10_000)),
            ..category("website", CostKind::External)
        }];
        let project = project(vec![line("website", 1_200_000)]);

        let budget = admit(&project, &rules);

        assert_eq!(budget.eligible, Eur::euros(10_000));
        let step = budget.steps.last().unwrap();
        assert_eq!(
            (step.rule.as_str(), step.before),
            ("CAP", Eur::euros(12_000))
        );
    }

    #[test]
    fn a_share_follows_the_categories_it_is_taken_of() {
        let mut rules = rules();
        let share = |rate, of: &str| {
            Some(CapShare {
                rate: BasisPoints(rate),
                of: CapBase::Categories(vec![of.to_owned()]),
            })
        };
        rules.cost_categories = vec![
            CostCategory {
                cap_share: share(5_000, "second"),
                ..category("third", CostKind::External)
            },
            CostCategory {
                cap_share: share(5_000, "first"),
                ..category("second", CostKind::External)
            },
            category("first", CostKind::External),
        ];
        let project = project(vec![
            line("first", 10_000),
            line("second", 10_000),
            line("third", 10_000),
        ]);

        let budget = admit(&project, &rules);

        assert_eq!(admitted(&budget, "second"), Eur::cents(5_000));
        assert_eq!(admitted(&budget, "third"), Eur::cents(2_500));
    }

    #[test]
    fn staff_is_cut_to_its_share_of_the_others() {
        let mut rules = rules();
        rules.cost_categories = vec![
            category("fairs", CostKind::External),
            CostCategory {
                cap_share: Some(CapShare {
                    rate: BasisPoints(2_000),
                    of: CapBase::OtherCategories,
                }),
                ..category("staff", CostKind::Staff)
            },
        ];
        let project = project(vec![line("fairs", 100_000), line("staff", 50_000)]);

        let budget = admit(&project, &rules);

        assert_eq!(admitted(&budget, "staff"), Eur::cents(20_000));
    }

    #[test]
    fn an_unknown_category_admits_nothing_and_stays_in_the_declared_total() {
        let mut rules = rules();
        rules.cost_categories = vec![category("fairs", CostKind::External)];
        let project = project(vec![line("fairs", 100), line("yachts", 900)]);

        let budget = admit(&project, &rules);

        assert_eq!(
            (budget.declared, budget.eligible),
            (Eur::cents(1_000), Eur::cents(100))
        );
    }
}
