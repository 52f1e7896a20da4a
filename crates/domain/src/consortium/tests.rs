//! Membership, links, accreditation and fund on a day; which dated acts are refused.

use proptest::prelude::*;

use super::*;
use crate::examples::{day, firm, profile};
use crate::independence::independent_groups;

const TODAY: &str = "2016-06-30";

fn act(profile: &Profile, change: Change) -> Result<Profile, Refusal> {
    let event = decide(profile, change, day(TODAY))?;
    Ok(after(profile, &event))
}

fn after(profile: &Profile, event: &Event) -> Profile {
    let consortium = Consortium {
        id: ConsortiumId(uuid::Uuid::nil()),
        programme: "er".parse().unwrap(),
        profile: profile.clone(),
        contact: Contact {
            legal_representative: Personal::new("Anna"),
            email: Personal::new("a@b.it"),
            language: Language::It,
            address: None,
        },
    };
    apply(Some(consortium), event).unwrap().profile
}

fn left(number: u32, on: &str) -> Change {
    Change::MemberLeft {
        partita_iva: firm(number),
        left_on: day(on),
    }
}

fn joined(number: u32, on: &str) -> Change {
    let mut member = profile().members[0].clone();
    member.partita_iva = firm(number);
    member.joined_on = day(on);
    Change::MemberJoined(Box::new(member))
}

fn granted(level: Accreditation, since: &str, until: Option<&str>) -> Change {
    Change::AccreditationGranted {
        level,
        since: day(since),
        until: until.map(day),
    }
}

fn reason(outcome: Result<Profile, Refusal>) -> (&'static str, &'static str) {
    let refusal = outcome.unwrap_err();
    (refusal.reason(), refusal.field())
}

#[test]
fn a_firm_belongs_on_the_day_it_joins_and_no_longer_on_the_day_it_leaves() {
    let register = act(&profile(), left(1, "2016-05-31")).unwrap();
    let is_member = |on: &str| register.on(day(on)).member(&firm(1)).is_some();

    assert!(!is_member("2009-12-31"));
    assert!(is_member("2010-01-01"));
    assert!(is_member("2016-05-30"));
    assert!(!is_member("2016-05-31"));
}

#[test]
fn a_firm_that_came_back_has_both_its_periods() {
    let register = act(&profile(), left(1, "2014-01-01")).unwrap();
    let register = act(&register, joined(1, "2016-01-01")).unwrap();

    assert_eq!(register.members.len(), 11);
    assert!(register.on(day("2013-12-31")).member(&firm(1)).is_some());
    assert!(register.on(day("2015-06-01")).member(&firm(1)).is_none());
    assert!(register.on(day("2016-01-01")).member(&firm(1)).is_some());
}

#[test]
fn a_day_without_changes_is_the_profile_as_it_always_was() {
    let register = profile();

    assert_eq!(register.on(day(TODAY)), register);
}

#[test]
fn what_does_not_fit_the_memberships_is_refused_by_field() {
    let register = profile();
    let gone = act(&register, left(1, "2016-01-01")).unwrap();

    let refusals = [
        (
            reason(act(&register, left(99, "2016-01-01"))),
            ("MEMBERSHIP_STATE", "partita_iva"),
        ),
        (
            reason(act(&gone, left(1, "2016-02-01"))),
            ("MEMBERSHIP_STATE", "left_on"),
        ),
        (
            reason(act(&register, left(1, "2010-01-01"))),
            ("DATE_ORDER", "left_on"),
        ),
        (
            reason(act(&register, joined(1, "2016-01-01"))),
            ("MEMBERSHIP_STATE", "partita_iva"),
        ),
        (
            reason(act(&gone, joined(1, "2015-12-31"))),
            ("MEMBERSHIP_STATE", "partita_iva"),
        ),
        (
            reason(act(&gone, joined(11, "2016-07-01"))),
            ("DATE_ORDER", "joined_on"),
        ),
    ];
    for (given, expected) in refusals {
        assert_eq!(given, expected);
    }
}

#[test]
fn shares_never_come_to_more_than_the_fund_on_any_later_day() {
    let full = profile();
    assert_eq!(
        reason(act(&full, joined(11, "2016-01-01"))),
        ("SHARES_OVER_FUND", "share_cents")
    );

    let raised = Change::FundChanged {
        fund: Fund {
            subscribed: Eur::euros(22_000),
            paid: Eur::euros(22_000),
        },
        since: day("2016-03-01"),
    };
    let register = act(&full, raised).unwrap();
    assert!(act(&register, joined(11, "2016-03-01")).is_ok());
    assert_eq!(
        reason(act(&register, joined(11, "2016-02-29"))),
        ("SHARES_OVER_FUND", "share_cents")
    );
}

#[test]
fn the_fund_and_a_share_are_what_they_were_on_the_day() {
    let smaller = Change::ShareChanged {
        partita_iva: firm(1),
        share: Eur::euros(1_500),
        since: day("2016-03-01"),
    };
    let register = act(&profile(), smaller).unwrap();
    let lower = Fund {
        subscribed: Eur::euros(19_500),
        paid: Eur::euros(19_500),
    };
    let change = |since: &str| Change::FundChanged {
        fund: lower,
        since: day(since),
    };
    assert_eq!(
        reason(act(&register, change("2016-02-29"))),
        ("SHARES_OVER_FUND", "subscribed_cents")
    );
    let register = act(&register, change("2016-03-01")).unwrap();

    let (eve, first) = (
        register.on(day("2016-02-29")),
        register.on(day("2016-03-01")),
    );
    assert_eq!(eve.fund, profile().fund);
    assert_eq!(eve.members[0].share, Eur::euros(2_000));
    assert_eq!(first.fund, lower);
    assert_eq!(first.members[0].share, Eur::euros(1_500));
    assert_eq!(
        reason(act(&register, change("2016-03-01"))),
        ("DATE_ORDER", "since")
    );
}

#[test]
fn an_accreditation_holds_on_its_last_day_and_not_on_the_next() {
    let entry = granted(Accreditation::Entry, "2014-01-01", Some("2016-05-31"));
    let mut register = profile();
    register.accreditation = None;
    let register = act(&register, entry).unwrap();
    let held = |register: &Profile, on: &str| register.on(day(on)).accreditation;

    assert_eq!(held(&register, "2013-12-31"), None);
    assert_eq!(held(&register, "2014-01-01"), Some(Accreditation::Entry));
    assert_eq!(held(&register, "2016-05-31"), Some(Accreditation::Entry));
    assert_eq!(held(&register, "2016-06-01"), None);

    let renewed = Change::AccreditationRenewed {
        until: day("2018-05-31"),
    };
    let renewed = act(&register, renewed).unwrap();
    assert_eq!(held(&renewed, "2016-06-01"), Some(Accreditation::Entry));
    let advanced = granted(Accreditation::Advanced, "2016-06-15", None);
    let upgraded = act(&renewed, advanced).unwrap();
    assert_eq!(held(&upgraded, "2016-06-14"), Some(Accreditation::Entry));
    assert_eq!(held(&upgraded, "2016-06-15"), Some(Accreditation::Advanced));
    assert_eq!(upgraded.accreditations[0].until, Some(day("2016-06-14")));
}

#[test]
fn an_accreditation_that_was_never_dated_held_from_the_beginning() {
    let register = act(
        &profile(),
        granted(Accreditation::Advanced, "2016-01-01", None),
    )
    .unwrap();

    let held = |on: &str| register.on(day(on)).accreditation;
    assert_eq!(held("1990-01-01"), Some(Accreditation::Entry));
    assert_eq!(held("2016-01-01"), Some(Accreditation::Advanced));
    let expired = Change::AccreditationExpired {
        until: day("2016-03-31"),
    };
    let expired = act(&register, expired).unwrap();
    assert_eq!(expired.on(day("2016-04-01")).accreditation, None);
    let again = Change::AccreditationExpired {
        until: day("2016-03-31"),
    };
    assert_eq!(
        reason(act(&expired, again)),
        ("ACCREDITATION_STATE", "until")
    );
}

#[test]
fn links_are_declared_once_and_ended_once() {
    let link = |since: &str| {
        Change::LinkDeclared(Link {
            one: firm(1),
            other: firm(2),
            since: Some(day(since)),
            until: None,
        })
    };
    let end = |until: &str| Change::LinkEnded {
        one: firm(2),
        other: firm(1),
        until: day(until),
    };
    let linked = act(&profile(), link("2015-01-01")).unwrap();
    assert_eq!(
        reason(act(&linked, link("2016-01-01"))),
        ("LINK_STATE", "other")
    );
    assert_eq!(
        reason(act(&linked, end("2014-12-31"))),
        ("DATE_ORDER", "until")
    );
    let ended = act(&linked, end("2015-12-31")).unwrap();
    assert_eq!(
        reason(act(&ended, end("2015-12-31"))),
        ("LINK_STATE", "other")
    );
    assert!(act(&ended, link("2016-01-01")).is_ok());

    assert_eq!(ended.on(day("2015-12-31")).links.len(), 1);
    assert!(ended.on(day("2016-01-01")).links.is_empty());
}

#[test]
fn an_amendment_keeps_what_has_ended() {
    let before = act(&profile(), left(1, "2016-01-01")).unwrap();
    let mut given = profile();
    given.members.remove(0);

    let amended = amended(&before, given);

    assert!(amended.on(day("2015-12-31")).member(&firm(1)).is_some());
    assert!(amended.on(day("2016-01-01")).member(&firm(1)).is_none());
    let corrected = super::amended(&before, profile());
    assert!(corrected.on(day("2016-01-01")).member(&firm(1)).is_some());
}

#[test]
fn a_register_of_before_has_no_dates_and_reads_the_same() {
    let stored = serde_json::to_value(profile()).unwrap();
    for added in ["accreditations", "past_funds"] {
        assert!(stored.get(added).is_none(), "{added}");
    }

    let read: Profile = serde_json::from_value(stored).unwrap();

    assert_eq!(read, profile());
}

fn a_day() -> impl Strategy<Value = NaiveDate> {
    (0..4_000_u64).prop_map(|days| day("2010-01-01") + chrono::Days::new(days))
}

/// Random acts; those that are refused leave the register as it was.
fn a_register() -> impl Strategy<Value = Profile> {
    let an_act = (0..6_u8, 1..14_u32, 1..14_u32, a_day());
    prop::collection::vec(an_act, 0..40).prop_map(|acts| {
        let mut register = profile();
        register.fund.subscribed = Eur::euros(1_000_000);
        for (kind, one, other, on) in acts {
            let link = Link {
                one: firm(one),
                other: firm(other),
                since: Some(on),
                until: None,
            };
            let change = match kind {
                0 => joined(one, &on.to_string()),
                1 => left(one, &on.to_string()),
                2 if one != other => Change::LinkDeclared(link),
                3 => Change::LinkEnded {
                    one: firm(one),
                    other: firm(other),
                    until: on,
                },
                4 => granted(Accreditation::Advanced, &on.to_string(), None),
                _ => Change::AccreditationExpired { until: on },
            };
            if let Ok(event) = decide(&register, change, day("2021-01-01")) {
                register = after(&register, &event);
            }
        }
        register
    })
}

proptest! {
    #[test]
    fn no_firm_is_a_member_twice_on_any_day(register in a_register(), on in a_day()) {
        let standing = register.on(on);
        let mut firms: Vec<_> = standing.members.iter().map(|member| &member.partita_iva).collect();
        firms.sort();
        let all = firms.len();
        firms.dedup();

        prop_assert_eq!(firms.len(), all);
        prop_assert_eq!(crate::eligibility::malformed_profile(&register), []);
    }

    #[test]
    fn a_day_looked_at_twice_is_the_same_day(register in a_register(), on in a_day()) {
        let standing = register.on(on);

        prop_assert_eq!(standing.on(on), standing);
    }

    #[test]
    fn only_links_that_hold_join_members(register in a_register(), on in a_day()) {
        let standing = register.on(on);
        let members: Vec<_> = standing.members.iter().map(|member| member.partita_iva.clone()).collect();
        let holding: Vec<_> = register.links.iter()
            .filter(|link| link.since.is_none_or(|d| d <= on) && link.until.is_none_or(|d| on <= d))
            .map(|link| (link.one.clone(), link.other.clone()))
            .collect();
        let standing_links: Vec<_> = standing.links.iter()
            .map(|link| (link.one.clone(), link.other.clone()))
            .collect();

        prop_assert_eq!(
            independent_groups(&members, &standing_links),
            independent_groups(&members, &holding)
        );
    }
}
