use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::call::{State as CallState, Terms, Window};
use crate::clarification::tests::{answered, at, delivered, expired, requested};
use crate::clarification::{self, apply};
use crate::examples::rules;
use crate::holidays::Holidays;
use crate::money::Eur;
use crate::programme::Text;

fn call() -> Call {
    let window = Window {
        zone: "Europe/Rome".parse().unwrap(),
        holidays: Holidays::italian(),
        opens_at: at("2016-04-04T08:00:00Z"),
        closes_at: at("2016-05-31T14:00:00Z"),
        opens_text: String::new(),
        closes_text: String::new(),
        extensions: Vec::new(),
        outages: Vec::new(),
        outage_days: 1,
    };
    let terms = Terms {
        title: Text::new("bando", "call"),
        act: "DGR 1".to_owned(),
        window,
        budget: Eur::euros(1),
        rules: rules(),
        former_rules: Vec::new(),
        acceptance_days: 15,
        payment_limit: None,
        reminders: Vec::new(),
        procedure: Rules::default(),
        documents: crate::document::DocumentRules::default(),
    };
    Call {
        id: "er/2016".parse().unwrap(),
        terms,
        state: CallState::Closed,
        ranking: None,
        cancellation: None,
        results: None,
    }
}

fn as_notice(known: Clarification) -> Clarification {
    Clarification {
        purpose: Purpose::NoticeBeforeRejection,
        ..known
    }
}

#[test]
fn ninety_days_run_from_the_close() {
    let term = term(&call(), &[], at("2016-06-10T08:00:00Z"));

    assert_eq!(term.ends_at, at("2016-08-29T21:59:59.999999Z"));
    assert!(!term.is_suspended && term.suspensions.is_empty());
}

#[test]
fn a_request_stops_the_procedure_until_it_is_answered() {
    let answered = answered(delivered(), &[1, 2], at("2016-06-13T15:00:00Z"));

    let term = term(&call(), &[answered], at("2016-07-01T08:00:00Z"));

    // From the 6th to the 13th of June; 5 September is a Monday.
    assert_eq!(term.suspended_days, 7);
    assert_eq!(term.ends_at, at("2016-09-05T21:59:59.999999Z"));
    assert!(!term.is_suspended);
}

#[test]
fn an_expired_request_stopped_it_until_its_due_instant() {
    let term = term(&call(), &[expired()], at("2016-07-01T08:00:00Z"));

    assert_eq!(term.suspended_days, 11);
    assert_eq!(
        term.suspensions[0].until,
        Some(at("2016-06-17T21:59:59.999999Z"))
    );
}

#[test]
fn thirty_days_are_the_most_even_if_nobody_ever_records_a_delivery() {
    let during = term(&call(), &[requested()], at("2016-07-05T08:00:00Z"));
    let after = term(&call(), &[requested()], at("2016-09-30T08:00:00Z"));

    assert_eq!((during.suspended_days, during.is_suspended), (29, true));
    assert_eq!((after.suspended_days, after.is_suspended), (30, false));
    assert_eq!(
        after.suspensions[0].until,
        Some(at("2016-07-06T21:59:59.999999Z"))
    );
}

#[test]
fn only_the_first_request_stops_it() {
    let second = Clarification {
        number: 2,
        requested_at: at("2016-07-10T08:00:00Z"),
        ..requested()
    };

    let term = term(&call(), &[second, expired()], at("2016-07-20T08:00:00Z"));

    assert_eq!((term.suspended_days, term.is_suspended), (11, false));
}

#[test]
fn a_request_taken_back_before_it_arrived_stops_nothing() {
    let known = requested();
    let event = clarification::close(&known, "wrong", at("2016-06-20T08:00:00Z")).unwrap();
    let closed = apply(Some(known), &event).unwrap();

    assert_eq!(
        term(&call(), &[closed], at("2016-07-01T08:00:00Z")).suspended_days,
        0
    );
}

#[test]
fn after_a_notice_it_goes_on_ten_days_after_the_observations() {
    let observed = as_notice(answered(delivered(), &[1, 2], at("2016-06-13T15:00:00Z")));

    let during = term(
        &call(),
        std::slice::from_ref(&observed),
        at("2016-06-20T08:00:00Z"),
    );
    let after = term(&call(), &[observed], at("2016-06-24T08:00:00Z"));

    // Delivered on the 7th, observed on the 13th, ten days more.
    assert_eq!((during.suspended_days, during.is_suspended), (16, true));
    assert_eq!((after.suspended_days, after.is_suspended), (16, false));
}

#[test]
fn after_a_notice_without_observations_it_goes_on_at_the_end_of_the_term() {
    let silent = as_notice(expired());

    assert_eq!(
        term(&call(), &[silent], at("2016-07-01T08:00:00Z")).suspended_days,
        10
    );
    let never_delivered = as_notice(requested());
    assert_eq!(
        term(&call(), &[never_delivered], at("2016-07-01T08:00:00Z")).suspended_days,
        0
    );
}

proptest! {
    #[test]
    fn a_request_alone_never_stops_it_for_more_than_thirty_days(hours in 0_i64..5_000) {
        let now = at("2016-06-06T08:00:00Z") + TimeDelta::hours(hours);
        let plain = term(&call(), &[], now);
        let stopped = term(&call(), &[requested()], now);
        let added = (stopped.ends_at - plain.ends_at).num_days();

        prop_assert!(stopped.suspended_days <= 30);
        // A last day that is a holiday adds at most three more.
        prop_assert!((0..=33).contains(&added), "{} days", added);
    }

    #[test]
    fn days_are_stopped_once_however_requests_and_notices_overlap(
        answered_after in 1_i64..200, seen_after in 1_i64..2_000
    ) {
        let (known, due) = (delivered(), delivered().due_at.unwrap());
        let received = (at("2016-06-07T08:00:00Z") + TimeDelta::hours(answered_after)).min(due);
        let request = answered(known.clone(), &[1, 2], received);
        let notice = as_notice(answered(known, &[1], received));
        let now = at("2016-06-07T08:00:00Z") + TimeDelta::hours(seen_after);
        let both = term(&call(), &[request.clone(), notice.clone()], now);
        let alone = [term(&call(), &[request], now), term(&call(), &[notice], now)];

        let sum = alone.iter().map(|term| term.suspended_days).sum::<u32>();
        let most = alone.iter().map(|term| term.suspended_days).max().unwrap();
        prop_assert!((most..=sum).contains(&both.suspended_days));
    }
}
