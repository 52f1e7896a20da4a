//! What differs between two rule sets or two editions of a call, line by line. The lines come from
//! the stored form, so that no rule can be left out of a comparison.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::Terms;
use crate::money::{BasisPoints, Eur};
use crate::rules::RuleSet;

/// One value that differs; an empty side does not have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Dotted path, such as `rules.cost_categories[website].cap`.
    pub key: String,
    pub before: String,
    pub after: String,
}

/// Amounts, by the last word of their key.
const AMOUNTS: [&str; 7] = [
    "budget",
    "min_eligible_cost",
    "min_grant",
    "max_grant",
    "max_grant_per_participant",
    "min_share",
    "cap",
];
/// Shares in basis points, by the last word of their key.
const SHARES: [&str; 5] = [
    "rate",
    "max_outside_region",
    "min_fund_paid",
    "max_share",
    "flat_rate",
];
/// What is history of a call, or said by another line.
const NOT_COMPARED: [&str; 6] = [
    "former_rules",
    "window.extensions",
    "window.outages",
    "window.opens_at",
    "window.closes_at",
    "window.zone",
];

/// What another version of the rules changes.
///
/// # Errors
/// Never in practice: every part has a JSON form.
pub fn of_rules(before: &RuleSet, after: &RuleSet) -> Result<Vec<Difference>, serde_json::Error> {
    let lines = |rules| Ok(lines("rules", serde_json::to_value(rules)?));
    Ok(between(lines(before)?, lines(after)?))
}

/// What another edition changes: dates, budget and rules.
///
/// # Errors
/// Never in practice: every part has a JSON form.
pub fn of_terms(before: &Terms, after: &Terms) -> Result<Vec<Difference>, serde_json::Error> {
    let lines = |terms| Ok(lines("", serde_json::to_value(terms)?));
    Ok(between(lines(before)?, lines(after)?))
}

type Lines = BTreeMap<String, String>;

fn between(before: Lines, mut after: Lines) -> Vec<Difference> {
    let mut found: Vec<Difference> = Vec::new();
    for (key, before) in before {
        let after = after.remove(&key).unwrap_or_default();
        if before != after {
            found.push(Difference { key, before, after });
        }
    }
    found.extend(after.into_iter().map(|(key, after)| Difference {
        key,
        before: String::new(),
        after,
    }));
    found.sort_by(|one, other| one.key.cmp(&other.key));
    found
}

fn lines(root: &str, value: Value) -> Lines {
    let mut lines = Lines::new();
    walk(root, value, &mut lines);
    lines
}

fn walk(key: &str, value: Value, lines: &mut Lines) {
    if NOT_COMPARED.contains(&key) {
        return;
    }
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (name, value) in fields {
                let key = if key.is_empty() {
                    name
                } else {
                    format!("{key}.{name}")
                };
                walk(&key, value, lines);
            }
        }
        Value::Array(items) => walk_list(key, items, lines),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            lines.insert(key.to_owned(), shown(key, &value));
        }
    }
}

/// Things with a code are compared under it, wherever they stand; everything else as one line.
fn walk_list(key: &str, items: Vec<Value>, lines: &mut Lines) {
    let code = |item: &Value| item.get("code").and_then(Value::as_str).map(str::to_owned);
    if !items.is_empty() && items.iter().all(|item| code(item).is_some()) {
        for item in items {
            if let Some(code) = code(&item) {
                walk(&format!("{key}[{code}]"), item, lines);
            }
        }
        return;
    }
    let words: Vec<String> = items.iter().map(|item| shown(key, item)).collect();
    lines.insert(key.to_owned(), words.join(", "));
}

fn shown(key: &str, value: &Value) -> String {
    let word = key.rsplit('.').next().unwrap_or(key);
    if let Some(cents) = value.as_i64() {
        if AMOUNTS.contains(&word) {
            return Eur::cents(cents).to_string();
        }
        if SHARES.contains(&word)
            && let Ok(basis_points) = u32::try_from(cents)
        {
            return BasisPoints(basis_points).to_string();
        }
    }
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let pairs = fields.iter().map(|(name, value)| match value {
                Value::Null => name.clone(),
                value => format!("{name}:{}", shown(name, value)),
            });
            pairs.collect::<Vec<_>>().join(" ")
        }
        Value::Array(items) => {
            let words = items.iter().map(|item| shown(key, item));
            words.collect::<Vec<_>>().join(" ")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::rules;
    use crate::rules::{AllocationPolicy, CostCategory, TieBreak};

    fn differences(change: impl FnOnce(&mut RuleSet)) -> Vec<Difference> {
        let before = rules();
        let mut after = rules();
        change(&mut after);
        of_rules(&before, &after).unwrap()
    }

    fn check(change: impl FnOnce(&mut RuleSet), key: &str, before: &str, after: &str) {
        let expected = Difference {
            key: key.to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        };
        assert_eq!(differences(change), [expected]);
    }

    #[test]
    fn equal_rules_differ_in_nothing() {
        assert_eq!(differences(|_| ()), []);
    }

    #[test]
    fn amounts_and_shares_are_shown_as_people_write_them() {
        check(
            |rules| rules.max_grant = Some(Eur::euros(160_000)),
            "rules.max_grant",
            "150,000.00 EUR",
            "160,000.00 EUR",
        );
        check(
            |rules| rules.rate = BasisPoints(4_500),
            "rules.rate",
            "40 %",
            "45 %",
        );
        check(
            |rules| rules.max_grant = None,
            "rules.max_grant",
            "150,000.00 EUR",
            "",
        );
    }

    #[test]
    fn a_category_is_compared_under_its_code_wherever_it_stands() {
        let code = rules().cost_categories[0].code.clone();
        check(
            |rules| {
                rules.cost_categories[0].cap = Some(Eur::euros(15_000));
                rules.cost_categories.reverse();
            },
            &format!("rules.cost_categories[{code}].cap"),
            "",
            "15,000.00 EUR",
        );
        let added = differences(|rules| {
            let new = CostCategory {
                code: "digital".to_owned(),
                ..rules.cost_categories[0].clone()
            };
            rules.cost_categories.push(new);
        });
        assert!(added.iter().all(|line| line.before.is_empty()));
        assert!(added.len() > 3);
    }

    #[test]
    fn lists_and_choices_are_one_line_each() {
        check(
            |rules| {
                rules.tie_breaks = vec![TieBreak::Criterion("A".into()), TieBreak::LowerGrant];
            },
            "rules.tie_breaks",
            &rules()
                .tie_breaks
                .iter()
                .map(|key| shown("", &serde_json::to_value(key).unwrap()))
                .collect::<Vec<_>>()
                .join(", "),
            "criterion:A, lower_grant",
        );
        check(
            |rules| rules.allocation = AllocationPolicy::ProRata,
            "rules.allocation",
            "ranking_with_waiting_list",
            "pro_rata",
        );
    }
}
