//! Form of a consortium's register: what it must never be recorded with. Fields are named as on
//! the wire.

use chrono::NaiveDate;

use super::form::{amount, name, rows, text};
use crate::consortium::{
    ADDRESS_LIMIT, Fund, Link, MEMBERS_LIMIT, Member, MultiYearProgramme, Profile, YEARS_LIMIT,
};
use crate::event::Personal;
use crate::identifiers::{CountryCode, EmailAddress};
use crate::money::{BasisPoints, Eur};
use crate::project::Violation;

/// What a consortium must never be registered with.
pub fn malformed_profile(profile: &Profile) -> Vec<Violation> {
    let mut found = Vec::new();
    name("profile.title", &profile.name, &mut found);
    name("profile.seat_region", &profile.seat_region, &mut found);
    if CountryCode::parse(&profile.seat_country).is_err() {
        let explanation = "two letters of ISO 3166-1 expected, such as IT";
        found.push(Violation::new(
            "profile.seat_country",
            "COUNTRY",
            explanation,
        ));
    }
    malformed_fund("profile.fund_", profile.fund, &mut found);
    let lists = [
        ("profile.members", profile.members.len()),
        ("profile.links", profile.links.len()),
        ("profile.accreditations", profile.accreditations.len()),
        ("profile.past_funds", profile.past_funds.len()),
    ];
    for (field, count) in lists {
        rows(field, count, MEMBERS_LIMIT, &mut found);
    }
    for (position, member) in profile.members.iter().enumerate() {
        let row = format!("profile.members[{position}].");
        malformed_member(&row, member, &mut found);
        let earlier = profile.members.iter().take(position);
        if earlier.into_iter().any(|known| known.overlaps(member)) {
            let explanation = format!("{} stands twice", member.partita_iva);
            let field = format!("{row}partita_iva");
            found.push(Violation::new(field, "DUPLICATE", explanation));
        }
    }
    for (position, link) in profile.links.iter().enumerate() {
        malformed_link(&format!("profile.links[{position}]."), link, &mut found);
    }
    for (position, known) in profile.accreditations.iter().enumerate() {
        let field = format!("profile.accreditations[{position}].until");
        ordered(field, known.since, known.until, &mut found);
    }
    let starts = profile.accreditations.iter().map(|known| known.since);
    if !starts.is_sorted() {
        let explanation = "the oldest comes first";
        found.push(Violation::new(
            "profile.accreditations",
            "ORDER",
            explanation,
        ));
    }
    for (position, past) in profile.past_funds.iter().enumerate() {
        let row = format!("profile.past_funds[{position}].");
        malformed_fund(&row, past.fund, &mut found);
    }
    let ends = profile.past_funds.iter().map(|past| past.until);
    if !ends.is_sorted() {
        let explanation = "the oldest comes first";
        found.push(Violation::new("profile.past_funds", "ORDER", explanation));
    }
    found
}

/// What a membership must never be recorded with; `row` stands before each field's name.
pub fn malformed_member(row: &str, member: &Member, found: &mut Vec<Violation>) {
    let field = |name: &str| format!("{row}{name}");
    name(&field("title"), &member.name, found);
    name(&field("region"), &member.region, found);
    amount(field("share_cents"), member.share, found);
    malformed_reach(row, member.address.as_ref(), member.email.as_ref(), found);
    if let Some(left_on) = member.left_on
        && left_on <= member.joined_on
    {
        let explanation = format!(
            "{left_on} is not after {}, the day of joining",
            member.joined_on
        );
        found.push(Violation::new(field("left_on"), "ORDER", explanation));
    }
    for past in &member.past_shares {
        amount(field("past_shares"), past.share, found);
    }
    let ends = member.past_shares.iter().map(|past| past.until);
    if !ends.is_sorted() {
        let explanation = "the oldest comes first";
        found.push(Violation::new(field("past_shares"), "ORDER", explanation));
    }
}

/// Where a firm is and where mail reaches it; an empty text is none.
pub fn malformed_reach(
    row: &str,
    address: Option<&Personal>,
    email: Option<&Personal>,
    found: &mut Vec<Violation>,
) {
    if let Some(address) = address {
        let field = format!("{row}address");
        text(&field, address.reveal(), ADDRESS_LIMIT, false, found);
    }
    if let Some(email) = email.filter(|email| !email.reveal().is_empty())
        && let Err(error) = EmailAddress::parse(email.reveal())
    {
        let field = format!("{row}email");
        found.push(Violation::new(field, "EMAIL", error.to_string()));
    }
}

pub fn malformed_link(row: &str, link: &Link, found: &mut Vec<Violation>) {
    if link.one == link.other {
        let explanation = "a firm is not linked with itself";
        found.push(Violation::new(
            format!("{row}other"),
            "SELF_LINK",
            explanation,
        ));
    }
    ordered(format!("{row}until"), link.since, link.until, found);
}

pub fn malformed_share(field: &str, share: Eur, found: &mut Vec<Violation>) {
    amount(field.to_owned(), share, found);
}

/// What a multi-year programme must never be agreed with.
pub fn malformed_programme(programme: &MultiYearProgramme) -> Vec<Violation> {
    let mut found = Vec::new();
    name("title", &programme.title, &mut found);
    name("sector", &programme.sector, &mut found);
    let (first, last) = (programme.first_year, programme.last_year);
    if !(2000..=2100).contains(&first) {
        let explanation = format!("{first} is not a year from 2000 to 2100");
        found.push(Violation::new("first_year", "OUT_OF_RANGE", explanation));
    }
    if last < first {
        let explanation = format!("{last} is before the first year, {first}");
        found.push(Violation::new("last_year", "ORDER", explanation));
    } else if last - first >= YEARS_LIMIT {
        let years = last - first + 1;
        let explanation = format!("{years} years, at most {YEARS_LIMIT}");
        found.push(Violation::new("last_year", "OUT_OF_RANGE", explanation));
    }
    if programme.markets.is_empty() {
        let explanation = "at least one market is aimed at";
        found.push(Violation::new("markets", "REQUIRED", explanation));
    }
    share_of(
        "target_export_share_basis_points",
        programme.target_export_share,
        &mut found,
    );
    if programme.target_markets == 0 || programme.target_markets > 300 {
        let explanation = format!("{} is not 1 to 300", programme.target_markets);
        found.push(Violation::new(
            "target_markets",
            "OUT_OF_RANGE",
            explanation,
        ));
    }
    found
}

pub(super) fn share_of(field: &str, share: BasisPoints, found: &mut Vec<Violation>) {
    if share > BasisPoints::WHOLE {
        let explanation = format!("{share} is more than the whole, {}", BasisPoints::WHOLE);
        found.push(Violation::new(field, "OUT_OF_RANGE", explanation));
    }
}

/// `row` stands before `subscribed_cents` and `paid_cents`.
pub fn malformed_fund(row: &str, fund: Fund, violations: &mut Vec<Violation>) {
    let paid_field = format!("{row}paid_cents");
    amount(
        format!("{row}subscribed_cents"),
        fund.subscribed,
        violations,
    );
    amount(paid_field.clone(), fund.paid, violations);
    if fund.paid > fund.subscribed {
        let (paid, subscribed) = (fund.paid, fund.subscribed);
        let explanation = format!("{paid} paid in is more than {subscribed} subscribed");
        violations.push(Violation::new(paid_field, "ORDER", explanation));
    }
}

fn ordered(
    field: String,
    since: Option<NaiveDate>,
    until: Option<NaiveDate>,
    found: &mut Vec<Violation>,
) {
    if let Some((since, until)) = since.zip(until)
        && until < since
    {
        let explanation = format!("{until} is before the first day, {since}");
        found.push(Violation::new(field, "ORDER", explanation));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consortium::Accredited;
    use crate::examples::{day, profile};

    fn rules_of(profile: &Profile) -> Vec<(String, String)> {
        malformed_profile(profile)
            .into_iter()
            .map(|violation| (violation.field, violation.rule))
            .collect()
    }

    #[test]
    fn a_profile_is_checked_row_by_row() {
        let mut broken = profile();
        broken.members[1].partita_iva = broken.members[0].partita_iva.clone();
        broken.members[2].name = String::new();
        broken.fund.paid = Eur::euros(30_000);

        assert_eq!(
            rules_of(&broken),
            [
                ("profile.fund_paid_cents".into(), "ORDER".into()),
                ("profile.members[1].partita_iva".into(), "DUPLICATE".into()),
                ("profile.members[2].title".into(), "REQUIRED".into()),
            ]
        );
    }

    #[test]
    fn a_firm_may_stand_twice_when_it_came_back() {
        let mut returned = profile();
        let mut before = returned.members[0].clone();
        before.joined_on = day("2005-01-01");
        before.left_on = Some(day("2010-01-01"));
        returned.members.push(before);
        assert_eq!(rules_of(&returned), []);

        returned.members[10].left_on = Some(day("2010-01-02"));
        assert_eq!(
            rules_of(&returned),
            [("profile.members[10].partita_iva".into(), "DUPLICATE".into())]
        );
    }

    #[test]
    fn days_that_end_before_they_begin_are_told_by_field() {
        let mut broken = profile();
        broken.members[0].left_on = Some(broken.members[0].joined_on);
        broken.accreditations = vec![Accredited {
            level: crate::consortium::Accreditation::Entry,
            since: Some(day("2016-01-02")),
            until: Some(day("2016-01-01")),
        }];

        assert_eq!(
            rules_of(&broken),
            [
                ("profile.members[0].left_on".into(), "ORDER".into()),
                ("profile.accreditations[0].until".into(), "ORDER".into()),
            ]
        );
    }
}
