//! Consortia and projects made by the rules of whatever call is rehearsed.

use bando_domain::budget::admit;
use bando_domain::call::Terms;
use bando_domain::civil::Language;
use bando_domain::money::Eur;
use bando_domain::project::{BudgetLine, Project};
use bando_domain::rules::{CostCategory, CostKind, MemberRules, RuleSet, ScoreGrid};
use bando_proto::v1;
use chrono::Datelike as _;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::plan::Part;
use crate::acting::firms::{self, MARKETS, Place, SECTORS};

/// More members make a file longer and test nothing new.
const MOST_MEMBERS: u32 = 400;
/// What a project costs at least where the rules name no floor.
const SMALL_PROJECT: Eur = Eur::euros(20_000);
/// Attempts to reach an eligible cost through caps that depend on one another.
const ATTEMPTS: usize = 40;

/// A consortium as it is registered, and the project it applies with.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    pub(super) title: String,
    pub(super) consortium: v1::Consortium,
    pub(super) programme: Option<v1::MultiYearProgramme>,
    pub(super) project: v1::Project,
}

pub(super) fn make(
    number: u32,
    part: Part,
    terms: &Terms,
    language: Language,
    random: &mut ChaCha8Rng,
) -> Cast {
    let sector = SECTORS[random.random_range(0..SECTORS.len())];
    let markets = MARKETS[random.random_range(0..MARKETS.len())];
    let profile = profile(number, part, terms, sector.0, random);
    let sector = match language {
        Language::It => sector.0,
        Language::En => sector.1,
    };
    let contact = v1::Contact {
        legal_representative: format!("Rappresentante Demo {number:02}"),
        email: format!("consorzio{number:02}@rehearsal.invalid"),
        language: language.as_str().to_owned(),
        address: Some(format!("via Demo {number}, 40100 Bologna")),
    };
    let participants: Vec<String> = profile
        .members
        .iter()
        .map(|member| member.partita_iva.clone())
        .collect();
    let eligible = eligible(part, terms, participants.len(), random);
    let project = project(terms, sector, markets, participants, eligible);
    Cast {
        title: profile.title.clone(),
        consortium: v1::Consortium {
            profile: Some(profile),
            contact: Some(contact),
            ..Default::default()
        },
        programme: programme(terms, sector),
        project,
    }
}

/// What of the scale, in thousandths, reaches every threshold of a grid.
pub(super) fn needed_level(grid: &ScoreGrid) -> u32 {
    let whole: Decimal = grid.criteria.iter().map(|criterion| criterion.weight).sum();
    let share = |threshold: Decimal, of: Decimal| {
        let thousandths = (threshold * Decimal::from(1_000)).checked_div(of);
        thousandths.map_or(0, |share| share.ceil().to_u32().unwrap_or(1_000))
    };
    let criteria = grid.criteria.iter();
    let criteria = criteria.filter_map(|one| Some(share(one.threshold?, one.weight)));
    criteria.fold(share(grid.threshold, whole), u32::max)
}

/// How many members the rules ask for, and how many more there are.
fn members(part: Part, rules: &MemberRules, random: &mut ChaCha8Rng) -> (u32, bool) {
    // Equal shares: as many members as keep each of them under the largest share.
    let by_share = 10_000_u32.div_ceil(rules.max_share.0.max(25));
    if part == Part::TooFewMembers && rules.minimum > 1 {
        return (rules.minimum - 1, false);
    }
    let artisans = random.random_range(0..6) == 0;
    let least = if artisans {
        rules.artisan_minimum
    } else {
        rules.minimum
    };
    let count = least.max(by_share).max(1) + random.random_range(0..=12);
    (count.min(MOST_MEMBERS), artisans)
}

fn profile(
    number: u32,
    part: Part,
    terms: &Terms,
    sector: &str,
    random: &mut ChaCha8Rng,
) -> v1::Profile {
    let rules = &terms.rules.members;
    let (count, artisans) = members(part, rules, random);
    let most_outside = count * rules.max_outside_region.0.min(10_000) / 10_000;
    let outside = random.random_range(0..=most_outside.min(2));
    let share = rules.min_share.max(Eur::euros(2_000));
    let members: Vec<v1::Member> = (1..=count)
        .map(|position| {
            let place = Place {
                consortium: number,
                position,
                region: if position <= outside {
                    "Altra regione"
                } else {
                    &rules.region
                },
                artisan: artisans || position.is_multiple_of(5),
                share,
            };
            firms::member(place, random)
        })
        .collect();
    let subscribed = share.times(count);
    let paid = subscribed.share(rules.min_fund_paid).plus(Eur::euros(1));
    v1::Profile {
        title: format!("Consorzio Demo {number:02} – {sector}"),
        partita_iva: firms::number_of(number),
        form: v1::LegalForm::Consortium.into(),
        seat_country: "IT".to_owned(),
        seat_region: rules.region.clone(),
        fund_subscribed_cents: subscribed.as_cents(),
        fund_paid_cents: paid.min(subscribed).as_cents(),
        statute_forbids_profit: true,
        active: true,
        sme_majority_of_directors: true,
        accreditation: match part {
            // Nothing comes of it, and it is reminded of it.
            Part::Lapses => v1::Accreditation::Unspecified.into(),
            _ if number.is_multiple_of(3) => v1::Accreditation::Advanced.into(),
            _ => v1::Accreditation::Entry.into(),
        },
        members,
        ..Default::default()
    }
}

/// The programme that the call asks for, if it does.
fn programme(terms: &Terms, sector: &str) -> Option<v1::MultiYearProgramme> {
    let year = i32::from(opening_year(terms));
    let asked = terms.rules.multi_year_programme.is_required();
    asked.then(|| v1::MultiYearProgramme {
        first_year: year,
        last_year: year + 1,
        title: "Programma pluriennale sintetico".to_owned(),
        sector: sector.to_owned(),
        markets: MARKETS[0].map(ToOwned::to_owned).to_vec(),
        target_export_share_basis_points: 4_000,
        target_markets: 5,
    })
}

fn opening_year(terms: &Terms) -> u16 {
    let window = &terms.window;
    u16::try_from(window.zone.day(window.opens_at).year()).unwrap_or(2_000)
}

/// An eligible cost within the floors of the rules, and now and then over their ceilings.
fn eligible(part: Part, terms: &Terms, firms: usize, random: &mut ChaCha8Rng) -> Eur {
    let rules = &terms.rules;
    let cost_of = |grant: Eur| {
        let cents = i128::from(grant.as_cents()) * 10_000 / i128::from(rules.rate.0.max(1));
        Eur::cents(i64::try_from(cents).unwrap_or(i64::MAX / 10_000))
    };
    let floors = [rules.min_eligible_cost, rules.min_grant.map(cost_of)];
    let floor = floors.into_iter().flatten().max();
    if let (Part::BelowFloor, Some(floor)) = (part, floor) {
        return Eur::cents(floor.as_cents() * 6 / 10);
    }
    let per_firm = rules
        .max_grant_per_participant
        .map(|each| each.times(u32::try_from(firms).unwrap_or(u32::MAX)));
    let caps = [rules.max_grant, per_firm, Some(terms.budget)];
    let cap = caps.into_iter().flatten().min().unwrap_or(terms.budget);
    let least = floor.unwrap_or(SMALL_PROJECT).as_cents();
    let (least, most) = (least + least / 50, cost_of(cap).as_cents() / 4 * 5);
    Eur::cents(random.random_range(least..=most.max(least)))
}

fn project(
    terms: &Terms,
    sector: &str,
    markets: [&'static str; 3],
    participants: Vec<String>,
    eligible: Eur,
) -> v1::Project {
    let [first, second, third] = markets;
    let activity = |code: &str, kind: v1::ActivityKind, title: &str, market: &str| v1::Activity {
        code: code.to_owned(),
        kind: kind.into(),
        title: title.to_owned(),
        market: market.to_owned(),
    };
    let year = opening_year(terms);
    let export_share = i32::try_from(2_000 + 100 * participants.len()).unwrap_or(i32::MAX);
    v1::Project {
        title: format!("Progetto Demo: {sector} verso {first}, {second}, {third}"),
        summary: format!("Progetto sintetico di {} imprese.", participants.len()),
        sector: sector.to_owned(),
        starts_on: format!("{year}-01-01"),
        ends_on: format!("{year}-12-31"),
        activities: vec![
            activity(
                "A1",
                v1::ActivityKind::Exhibition,
                "Fiera di settore",
                first,
            ),
            activity(
                "A2",
                v1::ActivityKind::IncomingMission,
                "Incoming di operatori",
                second,
            ),
            activity(
                "A3",
                v1::ActivityKind::Communication,
                "Campagna nel mercato",
                third,
            ),
        ],
        budget_lines: lines(&terms.rules, eligible),
        declarations: bando_domain::project::Declaration::ALL
            .map(|declared| declared.as_str().to_owned())
            .to_vec(),
        programme_year: terms
            .rules
            .multi_year_programme
            .is_required()
            .then(|| v1::ProgrammeYear {
                first_year: i32::from(year),
                year: i32::from(year),
            }),
        indicators: Some(v1::Indicators {
            export_share_basis_points: Some(export_share.min(10_000)),
            destination_markets: markets.map(ToOwned::to_owned).to_vec(),
        }),
        participants,
        requested_cents: None,
    }
}

/// Lines over every category that is declared, whose eligible cost comes out at the wanted one or
/// just over it, as far as the caps let it.
fn lines(rules: &RuleSet, wanted: Eur) -> Vec<v1::BudgetLine> {
    let mut declared = wanted.as_cents();
    let mut found = spread(rules, declared);
    for _ in 0..ATTEMPTS {
        let project = Project {
            budget_lines: found.clone(),
            ..Project::default()
        };
        let eligible = admit(&project, rules).eligible.as_cents();
        let is_close = eligible >= wanted.as_cents() && eligible <= wanted.as_cents() / 100 * 101;
        if is_close || eligible == 0 {
            break;
        }
        let scaled = i128::from(declared) * i128::from(wanted.as_cents()) / i128::from(eligible);
        declared = i64::try_from(scaled + 100).unwrap_or(declared);
        found = spread(rules, declared);
    }
    let wire = |line: BudgetLine| v1::BudgetLine {
        activity: line.activity,
        category: line.category,
        description: line.description,
        amount_cents: line.amount.as_cents(),
    };
    found.into_iter().map(wire).collect()
}

/// Most of the cost goes where no cap is.
fn spread(rules: &RuleSet, cents: i64) -> Vec<BudgetLine> {
    let declared = |category: &&CostCategory| category.kind != CostKind::Flat;
    let weight = |category: &CostCategory| match (&category.cap, &category.cap_share) {
        (None, None) if category.kind == CostKind::External => 12,
        _ => 1,
    };
    let categories: Vec<&CostCategory> = rules.cost_categories.iter().filter(declared).collect();
    let all: i64 = categories.iter().map(|category| weight(category)).sum();
    let codes = ["A1", "A2", "A3"].into_iter().cycle();
    categories
        .iter()
        .zip(codes)
        .map(|(category, activity)| BudgetLine {
            activity: activity.to_owned(),
            category: category.code.clone(),
            description: format!("spesa sintetica: {}", category.name.it),
            amount: Eur::cents((cents * weight(category) / all.max(1)).max(1)),
        })
        .collect()
}
