//! Form of what ties an application to more than its year: the multi-year programme it is a
//! project of, and the indicators its success is measured from.

use super::profile_form::share_of;
use crate::consortium::{Profile, ProgrammeYear};
use crate::project::{Indicators, MARKETS_LIMIT, Project, Violation};
use crate::rules::RuleSet;

/// What a draft must never contain, complete or not.
pub(super) fn malformed(project: &Project, found: &mut Vec<Violation>) {
    if let Some(ProgrammeYear { first_year, year }) = project.programme_year {
        for (field, stated) in [("first_year", first_year), ("year", year)] {
            if !(2000..=2200).contains(&stated) {
                let explanation = format!("{stated} is not a year from 2000 to 2200");
                let field = format!("programme_year.{field}");
                found.push(Violation::new(field, "OUT_OF_RANGE", explanation));
            }
        }
    }
    let Some(indicators) = &project.indicators else {
        return;
    };
    if let Some(share) = indicators.export_share {
        share_of("indicators.export_share_basis_points", share, found);
    }
    let count = indicators.markets.len();
    if count > MARKETS_LIMIT {
        let explanation = format!("{count} markets, at most {MARKETS_LIMIT}");
        let field = "indicators.destination_markets";
        found.push(Violation::new(field, "TOO_MANY", explanation));
    }
}

/// What keeps a draft from being submitted: what the call asks for and is not stated, and what is
/// stated and does not hold, asked for or not.
pub(super) fn missing(
    project: &Project,
    profile: &Profile,
    rules: &RuleSet,
    gaps: &mut Vec<Violation>,
) {
    match project.programme_year {
        Some(stated) => programme_year(stated, profile, gaps),
        None if rules.multi_year_programme.is_required() => {
            let explanation = "the call asks for the year of a multi-year programme";
            gaps.push(Violation::new("programme_year", "REQUIRED", explanation));
        }
        None => {}
    }
    match &project.indicators {
        Some(stated) => indicators(stated, profile, gaps),
        None if rules.indicators.is_required() => {
            let explanation = "the call asks for the indicators of the members";
            gaps.push(Violation::new("indicators", "REQUIRED", explanation));
        }
        None => {}
    }
}

fn programme_year(stated: ProgrammeYear, profile: &Profile, gaps: &mut Vec<Violation>) {
    let ProgrammeYear { first_year, year } = stated;
    let Some(programme) = profile.programme(first_year) else {
        let explanation =
            format!("the consortium has no multi-year programme whose first year is {first_year}");
        let field = "programme_year.first_year";
        gaps.push(Violation::new(field, "UNKNOWN_PROGRAMME", explanation));
        return;
    };
    if !programme.contains(year) {
        let last_year = programme.last_year;
        let explanation = format!("{year} is not a year of the programme {first_year}-{last_year}");
        let field = "programme_year.year";
        gaps.push(Violation::new(field, "YEAR_NOT_COVERED", explanation));
    }
}

/// Whoever states indicators states both; only who exports nothing has no market.
fn indicators(stated: &Indicators, profile: &Profile, gaps: &mut Vec<Violation>) {
    let field = "indicators.export_share_basis_points";
    let exports = match stated.export_share {
        None => {
            let explanation = "the share of export is not stated";
            gaps.push(Violation::new(field, "REQUIRED", explanation));
            true
        }
        Some(share) => share.0 > 0,
    };
    let field = "indicators.destination_markets";
    if exports && stated.markets.is_empty() {
        let explanation = "there is export and no destination market";
        gaps.push(Violation::new(field, "REQUIRED", explanation));
    }
    let home = stated.markets.iter();
    let mut home = home.filter(|market| market.as_str() == profile.seat_country);
    if let Some(market) = home.next() {
        let explanation = format!("{market} is the country of the seat, not a market abroad");
        gaps.push(Violation::new(field, "HOME_MARKET", explanation));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consortium::MultiYearProgramme;
    use crate::examples::{line, profile, project, rules};
    use crate::money::BasisPoints;
    use crate::rules::Asked;

    fn with_programme() -> Profile {
        Profile {
            programmes: vec![MultiYearProgramme {
                first_year: 2016,
                last_year: 2018,
                title: "Oltre".into(),
                sector: "ceramics".into(),
                markets: ["US".parse().unwrap()].into(),
                target_export_share: BasisPoints(4_000),
                target_markets: 5,
            }],
            ..profile()
        }
    }

    fn indicators(share: Option<u32>, markets: &[&str]) -> Indicators {
        Indicators {
            export_share: share.map(BasisPoints),
            markets: markets.iter().map(|code| code.parse().unwrap()).collect(),
        }
    }

    fn gaps(project: &Project, asked: Asked) -> Vec<(String, String)> {
        let rules = RuleSet {
            multi_year_programme: asked,
            indicators: asked,
            ..rules()
        };
        let mut gaps = Vec::new();
        missing(project, &with_programme(), &rules, &mut gaps);
        gaps.into_iter().map(|gap| (gap.field, gap.rule)).collect()
    }

    fn stated(year: Option<(u16, u16)>, indicators: Option<Indicators>) -> Project {
        Project {
            programme_year: year.map(|(first_year, year)| ProgrammeYear { first_year, year }),
            indicators,
            ..project(vec![line("fairs", 1)])
        }
    }

    #[test]
    fn only_a_call_that_asks_needs_the_year_and_the_indicators() {
        let silent = stated(None, None);
        let whole = stated(
            Some((2016, 2018)),
            Some(indicators(Some(3_050), &["DE", "US"])),
        );

        assert_eq!(gaps(&silent, Asked::Optional), []);
        let needed =
            ["programme_year", "indicators"].map(|field| (field.into(), "REQUIRED".into()));
        assert_eq!(gaps(&silent, Asked::Required), needed);
        assert_eq!(gaps(&whole, Asked::Required), []);
    }

    #[test]
    fn what_is_stated_must_hold_whether_the_call_asks_or_not() {
        let year = |first_year, year| stated(Some((first_year, year)), None);
        let check = |project: &Project, field: &str, rule: &str| {
            let expected = [(field.to_owned(), rule.to_owned())];
            assert_eq!(gaps(project, Asked::Optional), expected, "{project:?}");
        };
        check(
            &year(2017, 2017),
            "programme_year.first_year",
            "UNKNOWN_PROGRAMME",
        );
        check(&year(2016, 2015), "programme_year.year", "YEAR_NOT_COVERED");
        check(&year(2016, 2019), "programme_year.year", "YEAR_NOT_COVERED");
        assert_eq!(gaps(&year(2016, 2016), Asked::Optional), []);

        let of = |share, markets: &[&str]| stated(None, Some(indicators(share, markets)));
        let markets = "indicators.destination_markets";
        check(
            &of(None, &["DE"]),
            "indicators.export_share_basis_points",
            "REQUIRED",
        );
        check(&of(Some(1), &[]), markets, "REQUIRED");
        check(&of(Some(1), &["IT", "DE"]), markets, "HOME_MARKET");
        assert_eq!(gaps(&of(Some(0), &[]), Asked::Optional), []);
    }

    #[test]
    fn a_draft_never_states_more_than_the_whole_or_a_year_that_is_none() {
        let found = |project: &Project| {
            let mut found = Vec::new();
            malformed(project, &mut found);
            found.into_iter().map(|one| one.field).collect::<Vec<_>>()
        };
        let share = |points| stated(None, Some(indicators(Some(points), &[])));

        assert_eq!(found(&share(10_000)), [""; 0]);
        assert_eq!(
            found(&share(10_001)),
            ["indicators.export_share_basis_points"]
        );
        let fields = ["programme_year.first_year", "programme_year.year"];
        assert_eq!(found(&stated(Some((1999, 2201)), None)), fields);
        assert_eq!(found(&stated(Some((2000, 2200)), None)), [""; 0]);
    }
}
