use rust_decimal::Decimal;

use super::{
    LARGEST_FILE, Mistake, ParsedCall, call_id, parse_call, parse_programme, parse_rules,
    render_mistakes,
};
use crate::money::{BasisPoints, Eur};
use crate::programme::Programme;
use crate::reminder::Topic;
use crate::rules::{CapBase, CapShare, CostKind, TieBreak};

pub(super) const PROGRAMME: &str = include_str!("../../../../config/programmes/er-consortia.toml");
pub(super) const CALL: &str = include_str!("../../../../config/calls/2016.toml");
const CALLS: [(&str, &str); 5] = [
    ("er/2016", CALL),
    (
        "er/2017",
        include_str!("../../../../config/calls/2017.toml"),
    ),
    (
        "er/2019",
        include_str!("../../../../config/calls/2019.toml"),
    ),
    (
        "er/2022",
        include_str!("../../../../config/calls/2022.toml"),
    ),
    (
        "er/2027",
        include_str!("../../../../config/calls/2027.toml"),
    ),
];
pub(super) const FILE: &str = "config/calls/x.toml";

fn programme() -> Programme {
    parse_programme("config/programmes/er-consortia.toml", PROGRAMME).unwrap()
}

pub(super) fn parse(text: &str) -> Result<ParsedCall, Vec<Mistake>> {
    parse_call(FILE, text, &programme())
}

pub(super) fn parsed(text: &str) -> ParsedCall {
    parse(text).unwrap_or_else(|mistakes| panic!("{}", render_mistakes(&mistakes)))
}

/// The file with the first `from` in it replaced.
pub(super) fn edited(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "nothing to change: {from}");
    text.replacen(from, to, 1)
}

/// Each change makes exactly one mistake: of this key, with this in its rule.
pub(super) fn check(changes: &[(&str, &str, &str, &str)]) {
    for (from, to, key, rule) in changes {
        check_one(parse(&edited(CALL, from, to)).unwrap_err(), to, key, rule);
    }
}

pub(super) fn check_one(mistakes: Vec<Mistake>, change: &str, key: &str, rule: &str) {
    let [mistake] = mistakes.as_slice() else {
        panic!(
            "{change}: one mistake expected:\n{}",
            render_mistakes(&mistakes)
        )
    };
    assert_eq!(mistake.key, key, "{change}");
    assert!(mistake.rule.contains(rule), "{change}: {mistake}");
}

/// Each change leaves a file that is right.
pub(super) fn accept(changes: &[(&str, &str)]) {
    for (from, to) in changes {
        parsed(&edited(CALL, from, to));
    }
}

#[test]
fn every_shipped_call_parses_under_its_own_id() {
    for (id, text) in CALLS {
        assert_eq!(parsed(text).id.to_string(), id);
        assert_eq!(call_id(text), Some(id.parse().unwrap()));
    }
}

#[test]
fn the_call_of_2016_is_the_published_practice() {
    let terms = parsed(CALL).terms;

    assert_eq!(terms.budget, Eur::euros(2_000_000));
    assert_eq!(terms.rules.rate, BasisPoints(4_000));
    assert_eq!(terms.rules.min_grant, Some(Eur::euros(30_000)));
    assert_eq!(terms.rules.max_grant, Some(Eur::euros(150_000)));
    assert_eq!(
        (
            terms.rules.min_eligible_cost,
            terms.rules.max_grant_per_participant
        ),
        (None, None)
    );
    assert_eq!(
        (
            terms.rules.members.minimum,
            terms.rules.members.artisan_minimum
        ),
        (8, 5)
    );
    assert_eq!(terms.rules.members.min_share, Eur::euros(1_250));
    assert_eq!(terms.rules.score_grid.threshold, Decimal::from(60));
    assert_eq!(
        terms.rules.tie_breaks.first(),
        Some(&TieBreak::Criterion("A".to_owned()))
    );
    assert_eq!(
        terms.rules.tie_breaks.last(),
        Some(&TieBreak::ProtocolNumber)
    );
    let draft = terms
        .reminders
        .iter()
        .find(|reminder| reminder.topic == Topic::DraftNotSubmitted);
    let minutes = draft
        .unwrap()
        .offsets
        .iter()
        .filter_map(|offset| offset.minutes_before());
    assert_eq!(
        minutes.collect::<Vec<u32>>(),
        [43_200, 20_160, 10_080, 4_320, 1_440, 240]
    );
}

#[test]
fn costs_carry_their_caps() {
    let rules = parsed(CALL).terms.rules;
    let staff = rules.cost_category("staff").unwrap();
    let general = rules.cost_category("general").unwrap();

    let share = CapShare {
        rate: BasisPoints(2_000),
        of: CapBase::OtherCategories,
    };
    assert_eq!(
        (staff.kind, staff.cap_share.clone()),
        (CostKind::Staff, Some(share))
    );
    assert_eq!(
        (general.kind, general.flat_rate),
        (CostKind::Flat, Some(BasisPoints(500)))
    );
    assert_eq!(
        rules.cost_category("website").unwrap().cap,
        Some(Eur::euros(10_000))
    );
}

#[test]
fn ten_mistakes_are_told_at_once_with_line_key_value_and_rule() {
    let changes = [
        ("id = \"er/2016\"", "id = \"er/2 016\""),
        ("act = \"Call 2016\"", "act = \" \""),
        ("budget = \"2000000.00\"", "budget = \"-5\""),
        ("acceptance_days = 15", "acceptence_days = 15"),
        ("closes = \"2016-05-31 16:00\"", "closes = \"31/05/2016\""),
        ("rate_basis_points = 4000", "rate_basis_points = 0.4"),
        ("minimum = 8", "minimum = \"otto\""),
        ("kind = \"external\"", "kind = \"outside\""),
        ("\"criterion:E\"", "\"criterion:Z\""),
        ("\"T-30d\"", "\"T-1 mese\""),
    ];
    let text = changes
        .iter()
        .fold(CALL.to_owned(), |text, (from, to)| edited(&text, from, to));

    let mistakes = parse(&text).unwrap_err();

    let told: Vec<(&str, &str)> = mistakes
        .iter()
        .map(|m| (m.key.as_str(), m.value.as_str()))
        .collect();
    let expected = [
        ("acceptance_days", ""),
        ("id", "\"er/2 016\""),
        ("act", "\" \""),
        ("budget", "\"-5\""),
        ("acceptence_days", "15"),
        ("window.closes", "\"31/05/2016\""),
        ("rules.rate_basis_points", "0.4"),
        ("rules.tie_breaks[4]", "\"criterion:Z\""),
        ("rules.members.minimum", "\"otto\""),
        ("rules.cost_categories[0].kind", "\"outside\""),
        ("reminders[0].offsets[0]", "\"T-1 mese\""),
    ];
    assert_eq!(told, expected);
    for mistake in mistakes.iter().filter(|mistake| !mistake.value.is_empty()) {
        let line = text.lines().nth(mistake.line.unwrap() - 1).unwrap();
        assert!(line.contains(&mistake.value), "{mistake} is not on {line}");
        assert!(mistake.rule.starts_with("must be") || mistake.rule.starts_with("must name"));
    }
}

#[test]
fn a_mistake_prints_as_file_line_key_value_and_rule() {
    let text = edited(CALL, "\"2000000.00\" #", "\"-5\" #");
    let line = 1 + text
        .lines()
        .position(|line| line.starts_with("budget"))
        .unwrap();

    let printed = render_mistakes(&parse(&text).unwrap_err());

    let start =
        format!("config/calls/x.toml:{line}: budget = \"-5\": must be an amount above zero");
    assert!(printed.starts_with(&start), "{printed}");
}

#[test]
fn unknown_and_missing_keys_are_refused_at_every_level() {
    check(&[
        (
            "budget =",
            "colour = 1\nbudget =",
            "colour",
            "one of the known keys: acceptance_days, act, budget",
        ),
        (
            "version = 1",
            "version = 1\nverison = 2",
            "rules.verison",
            "version",
        ),
        (
            "minimum = 8",
            "minimum = 8\nmaximum = 9",
            "rules.members.maximum",
            "artisan_minimum",
        ),
        (
            "weight = 25",
            "weight = 25\nmax = 1",
            "rules.score_grid.criteria[0].max",
            "weight",
        ),
        (
            "title.it",
            "title.fr = \"x\"\ntitle.it",
            "title.fr",
            "en, it",
        ),
        ("act = \"Call 2016\"", "", "act", "must be given"),
        (
            "rate_basis_points = 4000",
            "",
            "rules.rate_basis_points",
            "must be given",
        ),
        (
            "name.en = \"Fairs abroad\"",
            "",
            "rules.cost_categories[0].name.en",
            "must be given",
        ),
        ("zone = \"Europe/Rome\"", "", "window.zone", "must be given"),
    ]);
}

#[test]
fn a_missing_key_is_told_at_the_table_it_belongs_to() {
    let text = edited(CALL, "minimum = 8", "");
    let line = 1 + text
        .lines()
        .position(|line| line == "[rules.members]")
        .unwrap();

    let mistakes = parse(&text).unwrap_err();

    assert_eq!(
        (mistakes[0].line, mistakes[0].value.as_str()),
        (Some(line), "")
    );
}

#[test]
fn text_that_is_not_toml_is_told_alone_with_its_line() {
    let mistakes = parse("id = \"er/2016\"\nbudget = 2.000.000,00\n").unwrap_err();

    assert!(
        mistakes.iter().all(|mistake| mistake.line == Some(2)),
        "{mistakes:?}"
    );
    assert!(
        mistakes[0].rule.starts_with("must be TOML: "),
        "{mistakes:?}"
    );
    assert_eq!(mistakes[0].value, "budget = 2.000.000,00");
}

#[test]
fn a_file_too_large_is_refused_unread() {
    let mistakes = parse(&"#".repeat(LARGEST_FILE + 1)).unwrap_err();

    assert!(mistakes[0].rule.contains("262144"), "{mistakes:?}");
    assert_eq!(mistakes.len(), 1);
}

#[test]
fn new_rules_come_alone_and_are_checked_against_the_published_budget() {
    let call = parsed(CALL).terms;
    let start = CALL.find("[rules]").unwrap();
    let end = CALL.find("[[reminders]]").unwrap();
    let rules = &CALL[start..end];
    let read = |text: &str| parse_rules("rules.toml", text, &programme(), &call);

    assert_eq!(read(rules).unwrap(), call.rules);
    let with_budget = format!("budget = \"1.00\"\n{rules}");
    let mistakes = read(&with_budget).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert_eq!(mistakes[0].key, "budget");
    assert!(mistakes[0].rule.contains("only [rules] can change"));
    let over = rules.replace("max_grant = \"150000.00\"", "max_grant = \"150000000.00\"");
    assert!(read(&over).unwrap_err()[0].rule.contains("the budget"));
}
