//! What percentage caps of cost categories are a share of: names that exist, and no circle.

use std::collections::BTreeSet;

use super::costs::Draft;
use crate::rules::{CapBase, CostKind};

/// A cap is a share of other, declared categories that exist.
pub(super) fn check_names(drafts: &[Draft<'_>]) {
    let every_code_is_known = drafts.iter().all(|draft| draft.code.is_ok());
    for draft in drafts {
        let Some(share) = draft.share() else { continue };
        for code in share.codes().unwrap_or_default() {
            let named = drafts
                .iter()
                .find(|other| other.code() == Some(code.as_str()));
            let rule = match named {
                _ if draft.code() == Some(code.as_str()) => {
                    format!("must not name `{code}`, the category itself")
                }
                Some(other) if other.is(CostKind::Flat) => {
                    format!("must not name `{code}`, which is computed from the others")
                }
                None if every_code_is_known => {
                    format!("must name categories of this file, `{code}` is none")
                }
                Some(_) | None => continue,
            };
            share.refuse(rule);
        }
    }
}

/// No cap depends on itself through the caps of the categories it is a share of.
pub(super) fn check_no_circle(drafts: &[Draft<'_>]) {
    let bases: Vec<Vec<usize>> = (0..drafts.len()).map(|at| base_of(drafts, at)).collect();
    for (at, draft) in drafts.iter().enumerate() {
        let (Some(circle), Some(share)) = (circle(&bases, at), draft.share()) else {
            continue;
        };
        let codes: Vec<&str> = circle
            .into_iter()
            .filter_map(|at| drafts.get(at)?.code())
            .collect();
        share.refuse(format!(
            "must not lead back to the category itself: {}",
            codes.join(" → ")
        ));
    }
}

/// The categories that the cap of category `at` is a share of, itself left out.
fn base_of(drafts: &[Draft<'_>], at: usize) -> Vec<usize> {
    let Some(share) = drafts.get(at).and_then(Draft::share) else {
        return Vec::new();
    };
    let belongs = |other: &Draft<'_>| match &share.of {
        Ok(CapBase::Categories(codes)) => {
            codes.iter().any(|code| other.code() == Some(code.as_str()))
        }
        Ok(CapBase::OtherCategories) => !other.is(CostKind::Flat),
        Err(_) => false,
    };
    let others = drafts
        .iter()
        .enumerate()
        .filter(|(position, _)| *position != at);
    others
        .filter(|(_, other)| belongs(other))
        .map(|(position, _)| position)
        .collect()
}

/// The shortest way from `start` along the bases back to it, both ends included.
fn circle(bases: &[Vec<usize>], start: usize) -> Option<Vec<usize>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in way
                .last()
                .and_then(|last| bases.get(*last))
                .into_iter()
                .flatten()
            {
                let mut onward = way.clone();
                onward.push(*next);
                if *next == start {
                    return Some(onward);
                }
                if seen.insert(*next) {
                    longer.push(onward);
                }
            }
        }
        ways = longer;
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::call_file::tests::{CALL, accept, check, edited, parse};

    const STAFF: &str = "cap_share.of = \"other_categories\"";
    const OF: &str = "rules.cost_categories[6].cap_share.of";
    const FAIRS: &str = "name.en = \"Fairs abroad\"\nkind = \"external\"";

    #[test]
    fn a_cap_share_names_other_declared_categories() {
        check(&[
            (STAFF, "cap_share.of = [\"fares\"]", OF, "`fares` is none"),
            (
                STAFF,
                "cap_share.of = [\"staff\"]",
                OF,
                "the category itself",
            ),
            (
                STAFF,
                "cap_share.of = [\"general\"]",
                OF,
                "computed from the others",
            ),
            (STAFF, "cap_share.of = []", OF, "must list 1 to 50"),
            (
                STAFF,
                "cap_share.of = [\"incoming\", \"incoming\"]",
                OF,
                "each category once",
            ),
            (
                STAFF,
                "cap_share.of = \"incoming\"",
                OF,
                "\"other_categories\" or a list",
            ),
            (STAFF, "", OF, "must be given"),
        ]);
        accept(&[(STAFF, "cap_share.of = [\"incoming\", \"website\"]")]);
    }

    #[test]
    fn caps_that_lead_back_to_themselves_are_told_with_the_way() {
        let fairs = "cap_share = { rate_basis_points = 5000, of = [\"incoming\"] }";
        let incoming = "cap_share = { rate_basis_points = 5000, of = [\"fairs_abroad\"] }";
        let one = edited(CALL, FAIRS, &format!("{FAIRS}\n{fairs}"));
        assert!(parse(&one).is_ok());
        let name = "name.en = \"Incoming of foreign operators\"";
        let both = edited(&one, name, &format!("{name}\n{incoming}"));

        let mistakes = parse(&both).unwrap_err();

        let keys: Vec<&str> = mistakes
            .iter()
            .map(|mistake| mistake.key.as_str())
            .collect();
        let expected = [
            "rules.cost_categories[0].cap_share.of",
            "rules.cost_categories[2].cap_share.of",
        ];
        assert_eq!(keys, expected);
        assert!(
            mistakes[0]
                .rule
                .ends_with("fairs_abroad → incoming → fairs_abroad")
        );
    }

    #[test]
    fn only_one_cap_may_be_a_share_of_all_others() {
        let share = "cap_share = { rate_basis_points = 1, of = \"other_categories\" }";
        let text = edited(CALL, FAIRS, &format!("{FAIRS}\n{share}"));

        let mistakes = parse(&text).unwrap_err();

        assert_eq!(mistakes.len(), 2);
        assert!(
            mistakes[1].rule.ends_with("staff → fairs_abroad → staff"),
            "{}",
            mistakes[1]
        );
    }
}
