//! `[rules]`: the rule set of a call and the limits that bind one another.

use chrono::NaiveDate;

use super::costs;
use super::grid;
use super::policy;
use super::reader::{Read, Section, Value};
use super::values;
use crate::money::Eur;
use crate::rules::{Asked, MemberRules, RuleSet};

/// Most independent members a call may ask for.
const MEMBERS_LIMIT: u32 = 10_000;

/// What the rules are checked against: the rest of the file and its programme.
pub(super) struct Surroundings<'p> {
    pub(super) region: &'p str,
    pub(super) budget: Read<Eur>,
    pub(super) closes_on: Read<NaiveDate>,
}

pub(super) fn rule_set(value: &Value<'_>, around: &Surroundings<'_>) -> Read<RuleSet> {
    let rules = value.section()?;
    let version = rules.required("version", values::whole(1..=u32::MAX));
    let act = rules.required("act", values::line);
    let effective_on = effective_on(&rules, around.closes_on);
    let rate = rules.required("rate_basis_points", values::share_above_zero);
    let min_eligible_cost = rules.optional("min_eligible_cost", values::amount_above_zero);
    let grants = Grants::read(&rules, around.budget);
    let members = rules.required("members", |value| member_rules(value, around.region));
    let cost_categories = rules.required("cost_categories", costs::cost_categories);
    let draft_grid = rules.required("score_grid", grid::score_grid);
    let (grid, codes) = match draft_grid {
        Ok(draft) => (draft.grid, draft.codes),
        Err(noted) => (Err(noted), Err(noted)),
    };
    let tie_breaks = rules.required("tie_breaks", |value| grid::tie_breaks(value, &codes));
    let limits = policy::Limits {
        rate,
        threshold: grid
            .as_ref()
            .map(|grid| grid.threshold)
            .map_err(|noted| *noted),
    };
    let allocation = policy::allocation(&rules, &limits);
    let multi_year_programme = rules.optional("multi_year_programme", asked);
    let indicators = rules.optional("indicators", asked);
    Ok(RuleSet {
        version: version?,
        act: act?,
        effective_on: effective_on?,
        rate: rate?,
        min_eligible_cost: min_eligible_cost?,
        min_grant: grants.least?,
        max_grant: grants.most?,
        max_grant_per_participant: grants.per_participant?,
        members: members?,
        cost_categories: cost_categories?,
        score_grid: grid?,
        tie_breaks: tie_breaks?,
        allocation: allocation?,
        multi_year_programme: multi_year_programme?.unwrap_or_default(),
        indicators: indicators?.unwrap_or_default(),
    })
}

fn asked(value: &Value<'_>) -> Read<Asked> {
    values::choice(&Asked::ALL.map(|asked| (asked.as_str(), asked)))(value)
}

fn effective_on(rules: &Section<'_>, closes_on: Read<NaiveDate>) -> Read<NaiveDate> {
    let effective_on = rules.required("effective_on", values::day);
    if let (Ok(effective_on), Ok(closes_on)) = (effective_on, closes_on)
        && effective_on > closes_on
    {
        let rule = format!("must not be after the day of the close, {closes_on}");
        return Err(rules.refuse("effective_on", rule));
    }
    effective_on
}

/// The limits of one grant.
struct Grants {
    least: Read<Option<Eur>>,
    most: Read<Option<Eur>>,
    per_participant: Read<Option<Eur>>,
}

impl Grants {
    fn read(rules: &Section<'_>, budget: Read<Eur>) -> Self {
        let least = rules.optional("min_grant", values::amount_above_zero);
        let most = rules.optional("max_grant", values::amount_above_zero);
        let per_participant =
            rules.optional("max_grant_per_participant", values::amount_above_zero);
        check_not_above(rules, ("max_grant", most), "the budget", budget.map(Some));
        let (ceiling_name, ceiling) = match most {
            Ok(None) => ("the budget", budget.map(Some)),
            Ok(Some(_)) | Err(_) => ("max_grant", most),
        };
        check_not_above(rules, ("min_grant", least), ceiling_name, ceiling);
        let per_participant_of_rules = ("max_grant_per_participant", per_participant);
        check_not_above(rules, per_participant_of_rules, ceiling_name, ceiling);
        Self {
            least,
            most,
            per_participant,
        }
    }
}

/// Refuses `lower` when both amounts are known and it is above `ceiling`.
fn check_not_above(
    rules: &Section<'_>,
    (key, lower): (&str, Read<Option<Eur>>),
    ceiling_name: &str,
    ceiling: Read<Option<Eur>>,
) {
    if let (Ok(Some(lower)), Ok(Some(ceiling))) = (lower, ceiling)
        && lower > ceiling
    {
        rules.refuse(key, format!("must not be above {ceiling_name}, {ceiling}"));
    }
}

/// `[rules.members]`.
fn member_rules(value: &Value<'_>, region: &str) -> Read<MemberRules> {
    let members = value.section()?;
    let stated_region = members.required("region", |value| {
        let stated = values::line(value)?;
        if stated != region {
            return Err(value.refuse(format!("must be the region of the programme, {region:?}")));
        }
        Ok(stated)
    });
    let minimum = members.required("minimum", values::whole(1..=MEMBERS_LIMIT));
    let artisan_minimum = members.required("artisan_minimum", values::whole(1..=MEMBERS_LIMIT));
    if let (Ok(minimum), Ok(artisan_minimum)) = (minimum, artisan_minimum)
        && artisan_minimum > minimum
    {
        members.refuse(
            "artisan_minimum",
            format!("must not be above minimum, {minimum}"),
        );
    }
    let max_outside_region = members.required("max_outside_region_basis_points", values::share);
    let min_fund_paid = members.required("min_fund_paid_basis_points", values::share);
    let min_share = members.required("min_share", values::amount);
    let max_share = members.required("max_share_basis_points", values::share_above_zero);
    Ok(MemberRules {
        region: stated_region?,
        minimum: minimum?,
        artisan_minimum: artisan_minimum?,
        max_outside_region: max_outside_region?,
        min_fund_paid: min_fund_paid?,
        min_share: min_share?,
        max_share: max_share?,
    })
}

#[cfg(test)]
mod tests {
    use crate::call_file::tests::{CALL, accept, check, check_one, edited, parse, parsed};

    #[test]
    fn the_limits_of_a_grant_bind_one_another() {
        let (least, most) = ("min_grant = \"30000.00\"", "max_grant = \"150000.00\"");
        check(&[
            (
                least,
                "min_grant = \"150000.01\"",
                "rules.min_grant",
                "max_grant, 150,000.00 EUR",
            ),
            (
                most,
                "max_grant = \"2000000.01\"",
                "rules.max_grant",
                "the budget, 2,000,000.00 EUR",
            ),
            (
                most,
                "max_grant = 150000\nmax_grant_per_participant = \"150000.01\"",
                "rules.max_grant_per_participant",
                "max_grant, 150,000.00 EUR",
            ),
            (
                "min_grant = \"30000.00\"",
                "min_grant = \"30000.00\"\nmin_eligible_cost = 0",
                "rules.min_eligible_cost",
                "above zero",
            ),
        ]);
        accept(&[
            (least, "min_grant = \"150000.00\""),
            (most, "max_grant = \"2000000.00\""),
        ]);
        let unlimited = edited(CALL, most, "");
        let mistakes = parse(&edited(&unlimited, least, "min_grant = 2000001")).unwrap_err();
        check_one(mistakes, "no max_grant", "rules.min_grant", "the budget");
    }

    #[test]
    fn the_rule_set_is_dated_and_numbered() {
        let (version, day) = ("version = 1", "effective_on = \"2016-04-04\"");
        check(&[
            (version, "version = 0", "rules.version", "from 1 to"),
            (
                version,
                "version = 4294967296",
                "rules.version",
                "from 1 to",
            ),
            (
                day,
                "effective_on = \"2016-06-01\"",
                "rules.effective_on",
                "the close, 2016-05-31",
            ),
            (
                day,
                "effective_on = 2016-04-04",
                "rules.effective_on",
                "a day from 2000 to 2199",
            ),
            (
                day,
                "effective_on = \"2016-4-4\"",
                "rules.effective_on",
                "a day from 2000 to 2199",
            ),
            (
                "version = 1\nact = \"Call 2016\"",
                "version = 1\nact = \"\"",
                "rules.act",
                "one line",
            ),
            (
                "title.en = \"Co",
                "title.en = \"  \" # ",
                "title.en",
                "one line",
            ),
            (
                "id = \"er/2016\"",
                "id = \"to/2016\"",
                "id",
                "must be `er/`",
            ),
            ("id = \"er/2016\"", "id = \"2016\"", "id", "must be `er/`"),
            (
                "acceptance_days = 15",
                "acceptance_days = 0",
                "acceptance_days",
                "from 1 to 366",
            ),
            (
                "allocation = \"r",
                "allocation = \"pro_r",
                "rules.allocation",
                "ranking_with_waiting",
            ),
        ]);
        accept(&[(day, "effective_on = \"2016-05-31\"")]);
    }

    #[test]
    fn what_an_application_must_state_is_a_switch_that_is_off_unless_it_is_stated() {
        let version = "version = 1";
        let switched = |key: &str, value: &str| format!("version = 1\n{key} = {value}");
        let rules = |text: &str| parsed(text).terms.rules;
        let off = rules(CALL);
        assert!(!off.multi_year_programme.is_required() && !off.indicators.is_required());
        let both = "\"required\"\nindicators = \"required\"";
        let on = rules(&edited(
            CALL,
            version,
            &switched("multi_year_programme", both),
        ));
        assert!(on.multi_year_programme.is_required() && on.indicators.is_required());
        for key in ["multi_year_programme", "indicators"] {
            check(&[(
                version,
                &switched(key, "true"),
                &format!("rules.{key}"),
                "\"optional\" or \"required\"",
            )]);
        }
    }

    #[test]
    fn member_rules_fit_together_and_the_programme() {
        let (region, artisans) = ("region = \"Emilia-Romagna\"", "artisan_minimum = 5");
        let key = |name: &str| format!("rules.members.{name}");
        check(&[
            (
                region,
                "region = \"Emilia Romagna\"",
                &key("region"),
                "\"Emilia-Romagna\"",
            ),
            (region, "region = \"\"", &key("region"), "one line"),
            (
                artisans,
                "artisan_minimum = 9",
                &key("artisan_minimum"),
                "above minimum, 8",
            ),
            (
                artisans,
                "artisan_minimum = 0",
                &key("artisan_minimum"),
                "from 1 to",
            ),
            (
                "\"1250.00\"",
                "\"1250.001\"",
                &key("min_share"),
                "two decimals",
            ),
            (
                "max_share_basis_points = 2000",
                "max_share_basis_points = 0",
                &key("max_share_basis_points"),
                "from 1 to 10000",
            ),
        ]);
        accept(&[(artisans, "artisan_minimum = 8"), ("\"1250.00\"", "0")]);
    }
}
