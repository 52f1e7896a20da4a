//! Rules E1 to E14, `MIN_COST` and `MIN_GRANT`, as far as data decide them.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Finding, FindingBy, Verdict};
use crate::consortium::{LegalForm, Member, Profile};
use crate::grant;
use crate::independence::independent_groups;
use crate::money::{BasisPoints, Eur};
use crate::programme::Text;
use crate::project::{Declaration, Project};
use crate::rules::MemberRules;
use crate::rules::RuleSet;

/// What is judged, as it stood at the date of application (E12).
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub profile: &'a Profile,
    pub project: &'a Project,
    pub rules: &'a RuleSet,
    pub received_at: DateTime<Utc>,
    /// The civil day of receipt, in the call's zone.
    pub received_on: NaiveDate,
}

/// Every rule's finding, in the order of the rules.
pub fn check(facts: &Facts<'_>) -> Vec<Finding> {
    let mut findings = vec![
        legal_form(facts),
        officer_needed(
            "E2",
            "l'oggetto sociale va letto nello statuto",
            "the object is to be read in the statute",
        ),
        statute(facts),
        fund(facts),
        beneficiaries(facts),
        seat_and_outside_share(facts),
        independent_members(facts),
        active(facts),
        accreditation(facts),
        participants_are_smes(facts),
        one_application(),
        declared("E12", facts, Declaration::RequirementsHeld),
        regularity(facts),
        joined_before(facts),
    ];
    findings.extend(amounts(facts));
    findings
}

fn finding(rule: &str, passed: bool, it: String, en: String) -> Finding {
    let verdict = if passed {
        Verdict::Passed
    } else {
        Verdict::Failed
    };
    let explanation = Text { it, en };
    Finding {
        rule: rule.to_owned(),
        verdict,
        by: FindingBy::Data,
        explanation,
    }
}

fn officer_needed(rule: &str, it: &str, en: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        verdict: Verdict::OfficerNeeded,
        by: FindingBy::Data,
        explanation: Text::new(it, en),
    }
}

/// E1: a consortium, consortium company or cooperative based in Italy.
fn legal_form(facts: &Facts<'_>) -> Finding {
    let profile = facts.profile;
    let passed = profile.form != LegalForm::Other && profile.seat_country == "IT";
    let (form, country) = (profile.form.as_str(), &profile.seat_country);
    finding(
        "E1",
        passed,
        format!(
            "forma giuridica {form}, sede in {country}; richiesti: consorzio, società consortile o cooperativa con sede in IT"
        ),
        format!(
            "legal form {form}, seat in {country}; required: consortium, consortium company or cooperative with its seat in IT"
        ),
    )
}

/// E3: the statute forbids distributing surpluses.
fn statute(facts: &Facts<'_>) -> Finding {
    let forbids = facts.profile.statute_forbids_profit;
    let (it, en) = if forbids {
        (
            "lo statuto vieta la distribuzione di avanzi",
            "the statute forbids distributing surpluses",
        )
    } else {
        (
            "lo statuto non vieta la distribuzione di avanzi",
            "the statute does not forbid distributing surpluses",
        )
    };
    finding("E3", forbids, it.to_owned(), en.to_owned())
}

/// E4: fund subscribed and paid in; single shares within their bounds.
fn fund(facts: &Facts<'_>) -> Finding {
    let (fund, rules) = (facts.profile.fund, &facts.rules.members);
    let shares = || facts.profile.members.iter().map(|member| member.share);
    let smallest = shares().min().unwrap_or_default();
    let largest = shares().max().unwrap_or_default();
    let least_paid = at_least(fund.subscribed, rules.min_fund_paid);
    let most = fund.subscribed.share(rules.max_share);
    let passed = !fund.subscribed.is_zero()
        && fund.paid >= least_paid
        && smallest >= rules.min_share
        && largest <= most;
    let Eurs { it, en } = Eurs::of(&[
        (
            "versato", "paid in", fund.paid, "minimo", "at least", least_paid,
        ),
        (
            "quota minore",
            "smallest share",
            smallest,
            "minimo",
            "at least",
            rules.min_share,
        ),
        (
            "quota maggiore",
            "largest share",
            largest,
            "massimo",
            "at most",
            most,
        ),
    ]);
    finding("E4", passed, it, en)
}

/// The smallest whole amount that is at least the share `rate` of `whole`.
fn at_least(whole: Eur, rate: BasisPoints) -> Eur {
    let down = whole.share(rate);
    let exact = i128::from(whole.as_cents()) * i128::from(rate.0) % 10_000 == 0;
    if exact {
        down
    } else {
        down.plus(Eur::cents(1))
    }
}

struct Eurs {
    it: String,
    en: String,
}

impl Eurs {
    fn of(parts: &[(&str, &str, Eur, &str, &str, Eur)]) -> Self {
        let it = parts
            .iter()
            .map(|(it, _, actual, bound, _, limit)| format!("{it} {actual} ({bound} {limit})"));
        let en = parts
            .iter()
            .map(|(_, en, actual, _, bound, limit)| format!("{en} {actual} ({bound} {limit})"));
        Self {
            it: it.collect::<Vec<_>>().join("; "),
            en: en.collect::<Vec<_>>().join("; "),
        }
    }
}

/// E5: the majority of directors is appointed by SMEs, and no large firm benefits.
fn beneficiaries(facts: &Facts<'_>) -> Finding {
    let large = participants(facts)
        .filter(|member| !member.size.is_sme())
        .count();
    let majority = facts.profile.sme_majority_of_directors;
    let (si, yes) = if majority {
        ("sì", "yes")
    } else {
        ("no", "no")
    };
    finding(
        "E5",
        majority && large == 0,
        format!(
            "amministratori nominati in maggioranza da PMI: {si}; grandi imprese partecipanti: {large} (massimo 0)"
        ),
        format!(
            "most directors appointed by SMEs: {yes}; large firms taking part: {large} (at most 0)"
        ),
    )
}

fn participants<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a Member> {
    facts
        .project
        .participants
        .iter()
        .filter_map(|firm| facts.profile.member(firm))
}

/// E6: seat in the region; not too many members from outside (inclusive).
fn seat_and_outside_share(facts: &Facts<'_>) -> Finding {
    let (profile, rules) = (facts.profile, &facts.rules.members);
    let all = profile.members.len();
    let outside = profile
        .members
        .iter()
        .filter(|member| member.region != rules.region)
        .count();
    let within = u64::try_from(outside)
        .unwrap_or(u64::MAX)
        .saturating_mul(10_000)
        <= u64::try_from(all)
            .unwrap_or(0)
            .saturating_mul(u64::from(rules.max_outside_region.0));
    let (seat, region, most) = (
        &profile.seat_region,
        &rules.region,
        rules.max_outside_region,
    );
    finding(
        "E6",
        *seat == *region && within,
        format!(
            "sede in {seat} (richiesta: {region}); consorziate fuori regione {outside} su {all} (massimo {most})"
        ),
        format!(
            "seat in {seat} (required: {region}); members from outside the region {outside} of {all} (at most {most})"
        ),
    )
}

/// E7: enough members that are independent of one another.
fn independent_members(facts: &Facts<'_>) -> Finding {
    let profile = facts.profile;
    let (independent, required) = independent_members_of(profile, &facts.rules.members);
    let all = profile.members.len();
    let (artigiane, artisan) = if artisans_only(profile) {
        (" (tutte artigiane)", " (all artisan firms)")
    } else {
        ("", "")
    };
    finding(
        "E7",
        independent >= required,
        format!("{independent} consorziate indipendenti su {all}{artigiane}; minimo {required}"),
        format!("{independent} independent members of {all}{artisan}; at least {required}"),
    )
}

/// How many members of a profile, as it stood on a day, are independent of one another, and how
/// many are required of it.
pub fn independent_members_of(profile: &Profile, rules: &MemberRules) -> (u32, u32) {
    let members: Vec<_> = profile
        .members
        .iter()
        .map(|member| &member.partita_iva)
        .collect();
    let links: Vec<_> = profile
        .links
        .iter()
        .map(|link| (&link.one, &link.other))
        .collect();
    let independent = independent_groups(&members, &links).len();
    let required = if artisans_only(profile) {
        rules.artisan_minimum
    } else {
        rules.minimum
    };
    (u32::try_from(independent).unwrap_or(u32::MAX), required)
}

fn artisans_only(profile: &Profile) -> bool {
    !profile.members.is_empty() && profile.members.iter().all(|member| member.artisan)
}

/// E8: active, not in liquidation.
fn active(facts: &Facts<'_>) -> Finding {
    let (it, en) = if facts.profile.active {
        ("attivo, non in liquidazione", "active, not in liquidation")
    } else {
        (
            "non attivo o in liquidazione",
            "not active or in liquidation",
        )
    };
    finding("E8", facts.profile.active, it.to_owned(), en.to_owned())
}

/// E9: accreditation held or applied for on the day; an expired one is named with its last day.
fn accreditation(facts: &Facts<'_>) -> Finding {
    let profile = facts.profile;
    let held = profile.accreditation;
    let ended = profile.accreditations.iter().rev();
    let mut ended = ended.filter_map(|known| known.until.map(|until| (known.level, until)));
    let (it, en) = match (held, ended.next()) {
        (Some(level), _) => (level.as_str().to_owned(), level.as_str().to_owned()),
        (None, Some((level, until))) => {
            let level = level.as_str();
            (
                format!("{level} fino al {until}"),
                format!("{level} until {until}"),
            )
        }
        (None, None) => ("none".to_owned(), "none".to_owned()),
    };
    finding(
        "E9",
        held.is_some(),
        format!("accreditamento regionale: {it}; richiesto: posseduto o richiesto"),
        format!("regional accreditation: {en}; required: held or applied for"),
    )
}

/// E10: whoever takes part is a member and an SME.
fn participants_are_smes(facts: &Facts<'_>) -> Finding {
    let all = facts.project.participants.len();
    let fit = participants(facts)
        .filter(|member| member.size.is_sme())
        .count();
    finding(
        "E10",
        all > 0 && fit == all,
        format!("{fit} imprese partecipanti su {all} sono consorziate e PMI"),
        format!("{fit} of {all} participating firms are members and SMEs"),
    )
}

/// E11: the register holds one application per consortium and call.
fn one_application() -> Finding {
    finding(
        "E11",
        true,
        "una sola domanda per consorzio e bando".to_owned(),
        "one application per consortium and call".to_owned(),
    )
}

fn declared(rule: &str, facts: &Facts<'_>, declaration: Declaration) -> Finding {
    let given = facts.project.declarations.contains(&declaration);
    let code = declaration.as_str();
    let (resa, is) = if given {
        ("resa", "given")
    } else {
        ("mancante", "missing")
    };
    finding(
        rule,
        given,
        format!("dichiarazione {code}: {resa}"),
        format!("declaration {code}: {is}"),
    )
}

/// E13: the declaration is data; DURC, antimafia and bans are looked up by an officer.
fn regularity(facts: &Facts<'_>) -> Finding {
    let declaration = Declaration::NoUnrecoveredAid;
    if !facts.project.declarations.contains(&declaration) {
        return declared("E13", facts, declaration);
    }
    officer_needed(
        "E13",
        "DURC, antimafia e divieti si verificano d'ufficio",
        "DURC, anti-mafia and bans are verified by the office",
    )
}

/// E14: members joined before the application.
fn joined_before(facts: &Facts<'_>) -> Finding {
    let late = facts
        .profile
        .members
        .iter()
        .filter(|member| member.joined_on >= facts.received_on);
    let (late, day) = (late.count(), facts.received_on);
    finding(
        "E14",
        late == 0,
        format!("consorziate entrate dal {day} in poi: {late} (massimo 0)"),
        format!("members that joined on or after {day}: {late} (at most 0)"),
    )
}

/// `MIN_COST` and `MIN_GRANT`, each only when the rules contain it.
fn amounts(facts: &Facts<'_>) -> Vec<Finding> {
    let grant = grant::of_project(facts.project, facts.rules);
    let cost = facts.rules.min_eligible_cost.map(|least| {
        let actual = grant.eligible;
        finding(
            "MIN_COST",
            !grant.under_min_cost,
            format!("spesa ammissibile {actual}; minimo {least}"),
            format!("eligible cost {actual}; at least {least}"),
        )
    });
    let floor = facts.rules.min_grant.map(|least| {
        let actual = grant.amount;
        finding(
            "MIN_GRANT",
            !grant.under_min_grant,
            format!("contributo {actual}; minimo {least}"),
            format!("grant {actual}; at least {least}"),
        )
    });
    cost.into_iter().chain(floor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consortium::Link;
    use crate::examples::{day, firm, line, profile, project, rules};
    use crate::sme::SmeClass;

    fn failed(change: impl FnOnce(&mut Profile, &mut Project, &mut RuleSet)) -> Vec<String> {
        let (mut profile, mut project, mut rules) =
            (profile(), project(vec![line("fairs", 10_000_000)]), rules());
        change(&mut profile, &mut project, &mut rules);
        let facts = Facts {
            profile: &profile,
            project: &project,
            rules: &rules,
            received_at: DateTime::UNIX_EPOCH,
            received_on: day("2016-05-31"),
        };
        let findings = check(&facts).into_iter();
        findings
            .filter(|f| f.verdict == Verdict::Failed)
            .map(|f| f.rule)
            .collect()
    }

    #[test]
    fn a_consortium_that_meets_every_rule_has_no_failed_finding() {
        assert_eq!(failed(|_, _, _| ()), Vec::<String>::new());
    }

    #[test]
    fn each_rule_fails_by_itself() {
        type Change = fn(&mut Profile, &mut Project, &mut RuleSet);
        let cases: [(&str, Change); 13] = [
            ("E1", |profile, _, _| profile.form = LegalForm::Other),
            ("E3", |profile, _, _| profile.statute_forbids_profit = false),
            ("E4", |profile, _, _| {
                profile.fund.paid = Eur::cents(499_999);
            }),
            ("E4", |profile, _, _| {
                profile.members[0].share = Eur::cents(124_999);
            }),
            ("E4", |profile, _, _| {
                profile.members[0].share = Eur::cents(400_001);
            }),
            ("E5", |profile, _, _| {
                profile.sme_majority_of_directors = false;
            }),
            ("E6", |profile, _, _| profile.seat_region = "Toscana".into()),
            ("E8", |profile, _, _| profile.active = false),
            ("E9", |profile, _, _| profile.accreditation = None),
            ("E12", |_, project, _| {
                project.declarations.remove(&Declaration::RequirementsHeld);
            }),
            ("E13", |_, project, _| {
                project.declarations.remove(&Declaration::NoUnrecoveredAid);
            }),
            ("E14", |profile, _, _| {
                profile.members[0].joined_on = day("2016-05-31");
            }),
            ("MIN_COST", |_, _, rules| {
                rules.min_eligible_cost = Some(Eur::cents(10_000_001));
            }),
        ];
        for (rule, change) in cases {
            assert_eq!(failed(change), [rule]);
        }
    }

    #[test]
    fn a_large_firm_may_be_a_member_but_not_take_part() {
        let large = |profile: &mut Profile, number: usize| {
            profile.members[number].size = SmeClass::Large;
        };

        assert!(failed(|profile, _, _| large(profile, 9)).is_empty());
        assert_eq!(failed(|profile, _, _| large(profile, 0)), ["E5", "E10"]);
    }

    #[test]
    fn the_share_from_outside_the_region_is_inclusive() {
        let outside = |count: usize, all: u32| {
            failed(|profile, _, _| {
                let member = profile.members[0].clone();
                profile.members = (1..=all)
                    .map(|number| Member {
                        partita_iva: firm(number),
                        ..member.clone()
                    })
                    .collect();
                for member in profile.members.iter_mut().take(count) {
                    member.region = "Veneto".into();
                }
            })
        };
        assert!(outside(3, 12).is_empty());
        assert_eq!(outside(4, 12), ["E6"]);
    }

    #[test]
    fn linked_members_count_once_and_artisans_need_fewer() {
        let linked = |profile: &mut Profile, count: u32| {
            profile.links = (1..=count)
                .map(|number| Link {
                    one: firm(number),
                    other: firm(number + 1),
                    since: None,
                    until: None,
                })
                .collect();
        };
        assert!(failed(|profile, _, _| linked(profile, 2)).is_empty());
        assert_eq!(failed(|profile, _, _| linked(profile, 3)), ["E7"]);
        assert!(
            failed(|profile, _, _| {
                linked(profile, 5);
                profile
                    .members
                    .iter_mut()
                    .for_each(|member| member.artisan = true);
            })
            .is_empty()
        );
    }

    #[test]
    fn a_grant_under_the_floor_fails_its_own_rule() {
        assert_eq!(
            failed(|_, project, _| project.budget_lines = vec![line("fairs", 7_499_999)]),
            ["MIN_GRANT"]
        );
    }
}
