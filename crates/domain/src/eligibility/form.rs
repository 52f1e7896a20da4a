//! Form: what a draft must never contain, and what it misses before it can be submitted. Fields
//! are named as on the wire.

use std::collections::BTreeSet;

use super::programme_form;
use crate::call::Terms;
use crate::consortium::{NAME_LIMIT, Profile};
use crate::document::Document;
use crate::money::Eur;
use crate::project::{
    DESCRIPTION_LIMIT, Declaration, Project, ROWS_LIMIT, SUMMARY_LIMIT, TITLE_LIMIT, Violation,
};
use crate::rules::{CostKind, RuleSet};

/// What keeps a working copy with its documents from being submitted.
pub fn missing(
    project: &Project,
    documents: &[Document],
    profile: &Profile,
    terms: &Terms,
) -> Vec<Violation> {
    let mut gaps = missing_in_form(project, profile, &terms.rules);
    gaps.extend(terms.documents.missing(documents));
    gaps
}

fn missing_in_form(project: &Project, profile: &Profile, rules: &RuleSet) -> Vec<Violation> {
    let mut gaps = Vec::new();
    let mut require = |present: bool, field: &str, explanation: &str| {
        if !present {
            gaps.push(Violation::new(field, "REQUIRED", explanation));
        }
    };
    require(
        !project.title.trim().is_empty(),
        "title",
        "the project has no title",
    );
    require(
        !project.summary.trim().is_empty(),
        "summary",
        "the project has no summary",
    );
    require(
        !project.sector.trim().is_empty(),
        "sector",
        "the sector is not stated",
    );
    require(
        project.starts_on.is_some(),
        "starts_on",
        "the first day is not stated",
    );
    require(
        project.ends_on.is_some(),
        "ends_on",
        "the last day is not stated",
    );
    require(
        !project.activities.is_empty(),
        "activities",
        "there is no activity",
    );
    require(
        !project.participants.is_empty(),
        "participants",
        "no member takes part",
    );
    require(
        !project.budget_lines.is_empty(),
        "budget_lines",
        "there is no budget line",
    );
    for declaration in Declaration::ALL {
        let given = project.declarations.contains(&declaration);
        let explanation = format!("declaration {} is not given", declaration.as_str());
        require(given, "declarations", &explanation);
    }
    if let (Some(starts_on), Some(ends_on)) = (project.starts_on, project.ends_on)
        && ends_on < starts_on
    {
        let explanation = format!("{ends_on} is before the first day, {starts_on}");
        gaps.push(Violation::new("ends_on", "ORDER", explanation));
    }
    for (position, firm) in project.participants.iter().enumerate() {
        if profile.member(firm).is_none() {
            let explanation = format!("{firm} is not a member of the consortium");
            gaps.push(Violation::new(
                format!("participants[{position}]"),
                "NOT_A_MEMBER",
                explanation,
            ));
        }
    }
    lines(project, rules, &mut gaps);
    programme_form::missing(project, profile, rules, &mut gaps);
    gaps
}

fn lines(project: &Project, rules: &RuleSet, gaps: &mut Vec<Violation>) {
    let codes: BTreeSet<_> = project.activities.iter().map(|known| &known.code).collect();
    for (position, line) in project.budget_lines.iter().enumerate() {
        let field = |name: &str| format!("budget_lines[{position}].{name}");
        if !codes.contains(&line.activity) {
            let explanation = format!("the project has no activity `{}`", line.activity);
            gaps.push(Violation::new(
                field("activity"),
                "UNKNOWN_ACTIVITY",
                explanation,
            ));
        }
        match rules.cost_category(&line.category) {
            None => {
                let explanation = format!("the call has no cost category `{}`", line.category);
                gaps.push(Violation::new(
                    field("category"),
                    "UNKNOWN_CATEGORY",
                    explanation,
                ));
            }
            Some(category) if category.kind == CostKind::Flat => {
                let explanation = format!("`{}` is computed, never declared", line.category);
                gaps.push(Violation::new(
                    field("category"),
                    "FLAT_CATEGORY",
                    explanation,
                ));
            }
            Some(_) => {}
        }
        if line.amount.is_zero() {
            let explanation = "the amount is zero";
            gaps.push(Violation::new(
                field("amount_cents"),
                "REQUIRED",
                explanation,
            ));
        }
    }
}

/// What a draft must never contain, complete or not.
pub fn malformed(project: &Project) -> Vec<Violation> {
    let mut found = Vec::new();
    text("title", &project.title, TITLE_LIMIT, false, &mut found);
    text("summary", &project.summary, SUMMARY_LIMIT, true, &mut found);
    text("sector", &project.sector, TITLE_LIMIT, false, &mut found);
    rows(
        "activities",
        project.activities.len(),
        ROWS_LIMIT,
        &mut found,
    );
    rows(
        "participants",
        project.participants.len(),
        ROWS_LIMIT,
        &mut found,
    );
    rows(
        "budget_lines",
        project.budget_lines.len(),
        ROWS_LIMIT,
        &mut found,
    );
    let mut codes = BTreeSet::new();
    for (position, activity) in project.activities.iter().enumerate() {
        let field = |name: &str| format!("activities[{position}].{name}");
        code(field("code"), &activity.code, &mut found);
        text(
            &field("title"),
            &activity.title,
            DESCRIPTION_LIMIT,
            false,
            &mut found,
        );
        if !codes.insert(&activity.code) {
            let explanation = format!("code `{}` stands twice", activity.code);
            found.push(Violation::new(field("code"), "DUPLICATE", explanation));
        }
    }
    let mut firms = BTreeSet::new();
    for (position, firm) in project.participants.iter().enumerate() {
        if !firms.insert(firm) {
            let field = format!("participants[{position}]");
            found.push(Violation::new(
                field,
                "DUPLICATE",
                format!("{firm} stands twice"),
            ));
        }
    }
    for (position, line) in project.budget_lines.iter().enumerate() {
        let field = |name: &str| format!("budget_lines[{position}].{name}");
        code(field("activity"), &line.activity, &mut found);
        code(field("category"), &line.category, &mut found);
        text(
            &field("description"),
            &line.description,
            DESCRIPTION_LIMIT,
            true,
            &mut found,
        );
        amount(field("amount_cents"), line.amount, &mut found);
    }
    if let Some(requested) = project.requested {
        amount("requested_cents".to_owned(), requested, &mut found);
    }
    programme_form::malformed(project, &mut found);
    found
}

pub(super) fn name(field: &str, value: &str, found: &mut Vec<Violation>) {
    if value.trim().is_empty() {
        found.push(Violation::new(field, "REQUIRED", "must not be empty"));
    }
    text(field, value, NAME_LIMIT, false, found);
}

pub(super) fn text(
    field: &str,
    value: &str,
    limit: usize,
    lines: bool,
    found: &mut Vec<Violation>,
) {
    let length = value.chars().count();
    if length > limit {
        let explanation = format!("{length} characters, at most {limit}");
        found.push(Violation::new(field, "TOO_LONG", explanation));
    }
    let allowed = |c: char| !c.is_control() || (lines && matches!(c, '\n' | '\r' | '\t'));
    if !value.chars().all(allowed) {
        let explanation = "must not contain control characters";
        found.push(Violation::new(field, "CONTROL_CHARACTER", explanation));
    }
}

fn code(field: String, value: &str, found: &mut Vec<Violation>) {
    let fits = (1..=40).contains(&value.len())
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    if !fits {
        let explanation = "1 to 40 letters, digits, _ - or . expected";
        found.push(Violation::new(field, "CODE", explanation));
    }
}

pub(super) fn rows(field: &str, count: usize, limit: usize, found: &mut Vec<Violation>) {
    if count > limit {
        let explanation = format!("{count} rows, at most {limit}");
        found.push(Violation::new(field, "TOO_MANY", explanation));
    }
}

pub(super) fn amount(field: String, value: Eur, found: &mut Vec<Violation>) {
    if value < Eur::ZERO {
        let explanation = format!("{value} is negative");
        found.push(Violation::new(field, "NEGATIVE", explanation));
    } else if value > Eur::LIMIT {
        let explanation = format!("{value} is more than {}", Eur::LIMIT);
        found.push(Violation::new(field, "TOO_LARGE", explanation));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::{firm, line, profile, project, rules};

    fn rules_of(found: Vec<Violation>) -> Vec<(String, String)> {
        found
            .into_iter()
            .map(|violation| (violation.field, violation.rule))
            .collect()
    }

    #[test]
    fn an_empty_draft_is_well_formed_and_says_what_is_missing_in_form() {
        let empty = Project::default();

        assert_eq!(malformed(&empty), []);
        let fields: Vec<_> = missing_in_form(&empty, &profile(), &rules())
            .into_iter()
            .map(|violation| violation.field)
            .collect();
        for field in [
            "title",
            "summary",
            "activities",
            "participants",
            "budget_lines",
        ] {
            assert!(fields.iter().any(|found| found == field), "{field}");
        }
    }

    #[test]
    fn a_complete_project_misses_nothing() {
        assert_eq!(
            missing_in_form(&project(vec![line("fairs", 1)]), &profile(), &rules()),
            []
        );
    }

    #[test]
    fn amounts_out_of_bounds_are_named_by_field() {
        let broken = project(vec![line("fairs", -1), line("fairs", i64::MAX)]);

        assert_eq!(
            rules_of(malformed(&broken)),
            [
                ("budget_lines[0].amount_cents".into(), "NEGATIVE".into()),
                ("budget_lines[1].amount_cents".into(), "TOO_LARGE".into()),
            ]
        );
    }

    #[test]
    fn a_text_of_ten_megabytes_is_too_long() {
        let mut broken = project(vec![]);
        broken.summary = "x".repeat(10_000_000);

        assert_eq!(
            rules_of(malformed(&broken)),
            [("summary".into(), "TOO_LONG".into())]
        );
    }

    #[test]
    fn apostrophes_emoji_and_right_to_left_are_text() {
        let mut fine = project(vec![]);
        fine.title = "L'unità 🍝 שלום".into();

        assert_eq!(malformed(&fine), []);
    }

    #[test]
    fn who_is_not_a_member_cannot_take_part() {
        let mut wrong = project(vec![line("fairs", 1)]);
        wrong.participants.push(firm(99));

        assert_eq!(
            rules_of(missing_in_form(&wrong, &profile(), &rules())),
            [("participants[8]".into(), "NOT_A_MEMBER".into())]
        );
    }
}
