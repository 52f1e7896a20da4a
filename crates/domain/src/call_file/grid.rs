//! The score grid of a call and the keys that break equal totals.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::reader::{Read, Section, Value, all};
use super::values;
use crate::programme::Text;
use crate::rules::{Aggregation, ConsensusRule, Criterion, Rounding, ScoreGrid, TieBreak};

/// Most criteria of a grid.
const CRITERIA_LIMIT: usize = 50;
/// Most evaluators of one application.
const EVALUATORS_LIMIT: u32 = 15;
/// Most decimals kept of points.
const DECIMALS_LIMIT: u32 = 6;

const TIE_BREAK_FORM: &str = "must be \"criterion:\" and a code, \"more_participants\", \
                              \"lower_grant\", \"earlier_submission\" or \"protocol_number\"";

/// `[rules.score_grid]`, with the codes of its criteria even when the rest is wrong.
pub(super) struct DraftGrid {
    pub(super) grid: Read<ScoreGrid>,
    pub(super) codes: Read<Vec<String>>,
}

/// A criterion as far as it could be read.
struct DraftCriterion {
    code: Read<String>,
    name: Read<Text>,
    weight: Read<Decimal>,
    threshold: Read<Option<Decimal>>,
}

pub(super) fn score_grid(value: &Value<'_>) -> Read<DraftGrid> {
    let section = value.section()?;
    let criteria = section.required("criteria", |value| {
        let sections = value.sections(1..=CRITERIA_LIMIT)?;
        let drafts: Vec<DraftCriterion> = sections.iter().map(DraftCriterion::read).collect();
        check_codes_differ(&sections, &drafts);
        Ok(drafts)
    });
    let weights = criteria
        .as_ref()
        .map_err(|noted| *noted)
        .and_then(|drafts| {
            let weights: Vec<Decimal> = all(drafts.iter().map(|draft| draft.weight).collect())?;
            Ok(weights.into_iter().sum::<Decimal>())
        });
    let codes = criteria
        .as_ref()
        .map_err(|noted| *noted)
        .and_then(|drafts| all(drafts.iter().map(|draft| draft.code.clone()).collect()));
    Ok(DraftGrid {
        grid: grid(&section, criteria, weights),
        codes,
    })
}

fn grid(
    section: &Section<'_>,
    criteria: Read<Vec<DraftCriterion>>,
    weights: Read<Decimal>,
) -> Read<ScoreGrid> {
    let scale = section.required("scale", values::points_above_zero);
    let threshold = section.required("threshold", values::points);
    if let (Ok(threshold), Ok(weights)) = (threshold, weights)
        && threshold > weights
    {
        section.refuse(
            "threshold",
            format!("must not be above the sum of the weights, {weights}"),
        );
    }
    let evaluators = section.required(
        "evaluators_per_application",
        values::whole(1..=EVALUATORS_LIMIT),
    );
    let aggregations = [("mean", Aggregation::Mean), ("median", Aggregation::Median)];
    let aggregation = section.required("aggregation", values::choice(&aggregations));
    let decimals = section.required("decimals", values::whole(0..=DECIMALS_LIMIT));
    let roundings = [
        ("half_up", Rounding::HalfUp),
        ("half_even", Rounding::HalfEven),
        ("down", Rounding::Down),
    ];
    let rounding = section.required("rounding", values::choice(&roundings));
    let comments = section.optional("comments_required", values::switch);
    let see_others = section.optional("evaluators_see_others", values::switch);
    let consensus = section.optional("consensus", |value| consensus(value, weights));
    Ok(ScoreGrid {
        scale: scale?,
        criteria: all(criteria?.into_iter().map(DraftCriterion::finish).collect())?,
        threshold: threshold?,
        evaluators_per_application: evaluators?,
        aggregation: aggregation?,
        decimals: decimals?,
        rounding: rounding?,
        comments_required: comments?.unwrap_or(false),
        evaluators_see_others: see_others?.unwrap_or(false),
        consensus: consensus?,
    })
}

/// `[rules.score_grid.consensus]`: how far sheets may be apart.
fn consensus(value: &Value<'_>, weights: Read<Decimal>) -> Read<ConsensusRule> {
    let section = value.section()?;
    let points = section.optional("max_spread", values::points);
    if let (Ok(Some(points)), Ok(weights)) = (points, weights)
        && points >= weights
    {
        let rule = format!(
            "must be below the sum of the weights, {weights}: no sheets are \
                            further apart"
        );
        section.refuse("max_spread", rule);
    }
    let share = section.optional("max_criterion_spread_basis_points", values::share);
    let (max_spread, max_criterion_spread) = (points?, share?);
    if max_spread.is_none() && max_criterion_spread.is_none() {
        return Err(section.refuse("max_spread", "must be given, or the bound per criterion"));
    }
    Ok(ConsensusRule {
        max_spread,
        max_criterion_spread,
    })
}

impl DraftCriterion {
    fn read(section: &Section<'_>) -> Self {
        let code = section.required("code", values::code);
        let name = section.required("name", values::both_languages);
        let weight = section.required("weight", values::points_above_zero);
        let threshold = section.optional("threshold", values::points);
        if let (Ok(weight), Ok(Some(threshold))) = (weight, threshold)
            && threshold > weight
        {
            section.refuse(
                "threshold",
                format!("must not be above the weight, {weight}"),
            );
        }
        Self {
            code,
            name,
            weight,
            threshold,
        }
    }

    fn finish(self) -> Read<Criterion> {
        Ok(Criterion {
            code: self.code?,
            name: self.name?,
            weight: self.weight?,
            threshold: self.threshold?,
        })
    }
}

fn check_codes_differ(sections: &[Section<'_>], drafts: &[DraftCriterion]) {
    let mut seen = BTreeSet::new();
    for (section, draft) in sections.iter().zip(drafts) {
        let Ok(code) = &draft.code else { continue };
        if !seen.insert(code) {
            section.refuse(
                "code",
                "must differ from the codes of the criteria before it",
            );
        }
    }
}

/// `rules.tie_breaks`: keys that differ, the protocol number last.
pub(super) fn tie_breaks(value: &Value<'_>, criteria: &Read<Vec<String>>) -> Read<Vec<TieBreak>> {
    let most = CRITERIA_LIMIT + 4;
    let elements = value.elements(1..=most)?;
    let reads: Vec<Read<TieBreak>> = elements
        .iter()
        .map(|element| tie_break(element, criteria))
        .collect();
    let mut seen = BTreeSet::new();
    for (element, read) in elements.iter().zip(&reads) {
        if read.is_ok() && !seen.insert(values::text(element)?) {
            element.refuse("must differ from the keys before it");
        }
    }
    let keys = all(reads)?;
    if keys.last() != Some(&TieBreak::ProtocolNumber) {
        let rule = "must end with \"protocol_number\", the one key that always decides";
        return Err(value.refuse(rule));
    }
    Ok(keys)
}

fn tie_break(value: &Value<'_>, criteria: &Read<Vec<String>>) -> Read<TieBreak> {
    let text = values::text(value)?;
    if let Some(code) = text.strip_prefix("criterion:") {
        return match criteria {
            Ok(codes) if !codes.iter().any(|known| known == code) => {
                let rule = format!("must name a criterion, these exist: {}", codes.join(", "));
                Err(value.refuse(rule))
            }
            Ok(_) | Err(_) => Ok(TieBreak::Criterion(code.to_owned())),
        };
    }
    match text {
        "more_participants" => Ok(TieBreak::MoreParticipants),
        "lower_grant" => Ok(TieBreak::LowerGrant),
        "earlier_submission" => Ok(TieBreak::EarlierSubmission),
        "protocol_number" => Ok(TieBreak::ProtocolNumber),
        _ => Err(value.refuse(TIE_BREAK_FORM)),
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use crate::call_file::tests::{CALL, accept, check, edited, parse, parsed};

    const A: &str = "name.en = \"Strategy and choice of markets\"\nweight = 25";

    #[test]
    fn criteria_differ_and_weigh_something() {
        let grid = "rules.score_grid.criteria";
        let again = format!("code = \"A\"\n{A}\n[[{grid}]]\ncode = \"B\"")
            .replace("name.en", "name.it = \"x\"\nname.en");
        check(&[
            (
                "code = \"B\"",
                &again,
                &format!("{grid}[1].code"),
                "must differ",
            ),
            (
                A,
                &A.replace("25", "0"),
                &format!("{grid}[0].weight"),
                "above zero",
            ),
            (
                A,
                &A.replace("25", "-1"),
                &format!("{grid}[0].weight"),
                "above zero",
            ),
            (
                A,
                &A.replace("25", "12.5"),
                &format!("{grid}[0].weight"),
                "\"12.5\"",
            ),
            (
                A,
                &A.replace("25", "10001"),
                &format!("{grid}[0].weight"),
                "up to 10000",
            ),
            (
                A,
                &A.replace("25", "\"1.00001\""),
                &format!("{grid}[0].weight"),
                "four decimals",
            ),
        ]);
        accept(&[
            (A, &A.replace("25", "\"25.0001\"")),
            (A, &A.replace("25", "10000")),
        ]);
    }

    #[test]
    fn thresholds_can_be_reached() {
        let own = |points: &str| format!("{A}\nthreshold = {points}");
        let own_key = "rules.score_grid.criteria[0].threshold";
        check(&[
            (
                "threshold = 60",
                "threshold = \"100.01\"",
                "rules.score_grid.threshold",
                "weights, 100",
            ),
            (
                "threshold = 60",
                "threshold = -1",
                "rules.score_grid.threshold",
                "must be points",
            ),
            (A, &own("\"25.1\""), own_key, "the weight, 25"),
        ]);
        accept(&[
            ("threshold = 60", "threshold = 100"),
            ("threshold = 60", "threshold = 0"),
        ]);
        accept(&[(A, &own("25")), (A, &own("0"))]);
    }

    #[test]
    fn the_way_of_scoring_is_one_of_the_known() {
        let key = |name: &str| format!("rules.score_grid.{name}");
        check(&[
            ("scale = 10", "scale = 0", &key("scale"), "above zero"),
            (
                "application = 3",
                "application = 0",
                &key("evaluators_per_application"),
                "1 to 15",
            ),
            (
                "application = 3",
                "application = 16",
                &key("evaluators_per_application"),
                "1 to 15",
            ),
            (
                "\"mean\"",
                "\"mode\"",
                &key("aggregation"),
                "\"mean\" or \"median\"",
            ),
            (
                "\"half_up\"",
                "\"up\"",
                &key("rounding"),
                "\"half_up\" or \"half_even\" or \"down\"",
            ),
            (
                "decimals = 2",
                "decimals = 7",
                &key("decimals"),
                "from 0 to 6",
            ),
        ]);
        accept(&[
            ("application = 3", "application = 15"),
            ("application = 3", "application = 1"),
        ]);
        accept(&[
            ("scale = 10", "scale = \"0.5\""),
            ("decimals = 2", "decimals = 0"),
        ]);
    }

    #[test]
    fn tie_breaks_differ_exist_and_end_with_the_one_that_decides() {
        let (e, last) = ("\"criterion:E\",", "\"protocol_number\",");
        check(&[
            (
                e,
                "\"criterion:F\",",
                "rules.tie_breaks[4]",
                "these exist: A, B, C, D, E",
            ),
            (
                e,
                "\"criterion:\",",
                "rules.tie_breaks[4]",
                "must name a criterion",
            ),
            (e, "\"criterion:A\",", "rules.tie_breaks[4]", "must differ"),
            (
                e,
                "\"younger_firms\",",
                "rules.tie_breaks[4]",
                "more_participants",
            ),
            (e, "5,", "rules.tie_breaks[4]", "must be text"),
            (
                last,
                "",
                "rules.tie_breaks",
                "must end with \"protocol_number\"",
            ),
            (e, last, "rules.tie_breaks[8]", "must differ"),
        ]);
        accept(&[(e, "")]);
    }

    #[test]
    fn the_switches_of_evaluating_are_off_unless_they_are_on() {
        let with = |keys: &str| format!("scale = 10\n{keys}");
        let key = |name: &str| format!("rules.score_grid.{name}");
        check(&[
            (
                "scale = 10",
                &with("comments_required = \"yes\""),
                &key("comments_required"),
                "true or false",
            ),
            (
                "scale = 10",
                &with("consensus = {}"),
                &key("consensus.max_spread"),
                "must be given",
            ),
            (
                "scale = 10",
                &with("consensus.max_spread = 100"),
                &key("consensus.max_spread"),
                "weights, 100",
            ),
            (
                "scale = 10",
                &with("consensus.max_criterion_spread_basis_points = 10001"),
                &key("consensus.max_criterion_spread_basis_points"),
                "basis points",
            ),
        ]);
        let grid = |text: &str| parsed(text).terms.rules.score_grid;
        let silent = grid(CALL);
        assert!(!silent.comments_required && !silent.evaluators_see_others);
        assert_eq!(silent.consensus, None);
        let keys = "comments_required = true\nevaluators_see_others = true\n\
                    consensus.max_spread = 20";
        let told = grid(&edited(CALL, "scale = 10", &with(keys)));
        assert!(told.comments_required && told.evaluators_see_others);
        let rule = told.consensus.unwrap();
        assert_eq!(rule.max_spread, Some(Decimal::from(20)));
        assert_eq!(rule.max_criterion_spread, None);
    }

    #[test]
    fn a_wrong_grid_does_not_hide_a_wrong_tie_break() {
        let text = edited(
            &edited(CALL, "scale = 10", "scale = 0"),
            "criterion:E",
            "criterion:F",
        );

        assert_eq!(parse(&text).unwrap_err().len(), 2);
    }

    #[test]
    fn points_are_exact() {
        let grid = parsed(&CALL.replacen(A, &A.replace("25", "\"12.3\""), 1))
            .terms
            .rules
            .score_grid;

        assert_eq!(grid.criterion("A").unwrap().weight, Decimal::new(123, 1));
    }
}
