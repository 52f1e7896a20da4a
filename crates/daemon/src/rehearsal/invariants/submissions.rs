//! The window, receipts, protocol numbers, and what becomes of each application.

use std::collections::{BTreeMap, BTreeSet};

use bando_domain::application::State;
use bando_domain::ids::ApplicationId;

use super::Finding;
use crate::rehearsal::record::{Attempt, CLOSED, Fate, Outcome, Record};

/// Who an application belongs to, for a person.
pub(super) fn name_of(record: &Record, id: ApplicationId) -> String {
    let known = record.application(id);
    known.map_or_else(|| format!("application {id}"), |known| known.title.clone())
}

pub(super) fn window_decides(record: &Record) -> Vec<Finding> {
    let judged = |attempt: &Attempt| {
        let in_time = (attempt.opens_at..=attempt.closes_at).contains(&attempt.at);
        let expected = match (&attempt.outcome, in_time) {
            (Outcome::Received { .. }, true) => return None,
            // Refused because it was late, and for nothing else.
            (Outcome::Refused { .. }, false) if attempt.is_late() => return None,
            (_, true) => "received".to_owned(),
            (_, false) => format!("refused with {CLOSED}"),
        };
        let actual = match &attempt.outcome {
            Outcome::Received { protocol } => format!("received as {protocol}"),
            Outcome::Refused { reason } => format!("refused with {reason}"),
        };
        let (at, closes_at) = (attempt.at, attempt.closes_at);
        Some(Finding::new(
            name_of(record, attempt.application),
            format!("{expected} at {at:?}, the close being {closes_at:?}"),
            actual,
        ))
    };
    record.attempts.iter().filter_map(judged).collect()
}

pub(super) fn receipt_for_each(record: &Record) -> Vec<Finding> {
    let mut acknowledged: BTreeMap<ApplicationId, Vec<String>> = BTreeMap::new();
    let mut late: BTreeMap<ApplicationId, u32> = BTreeMap::new();
    for attempt in &record.attempts {
        match &attempt.outcome {
            Outcome::Received { protocol } => acknowledged
                .entry(attempt.application)
                .or_default()
                .push(protocol.clone()),
            Outcome::Refused { .. } => {
                let late = late.entry(attempt.application).or_default();
                *late += u32::from(attempt.is_late());
            }
        }
    }
    let mut found = Vec::new();
    for application in &record.applications {
        let expected = acknowledged.remove(&application.id).unwrap_or_default();
        let given = application.receipts.iter();
        let given: Vec<String> = given.map(|receipt| receipt.protocol.clone()).collect();
        if given != expected {
            let (expected, given) = (expected.join(", "), given.join(", "));
            found.push(Finding::new(&application.title, expected, given));
        }
        for receipt in application.receipts.iter().filter(|one| !one.verified) {
            let subject = format!("{}, receipt {}", application.title, receipt.protocol);
            found.push(Finding::new(subject, "a signature that holds", "none"));
        }
        let expected = late.remove(&application.id).unwrap_or_default();
        if application.late_attempts != expected {
            let subject = format!("late attempts of {}", application.title);
            let actual = application.late_attempts.to_string();
            found.push(Finding::new(subject, expected.to_string(), actual));
        }
    }
    for (id, protocols) in acknowledged {
        let subject = format!("application {id}");
        found.push(Finding::new(
            subject,
            protocols.join(", "),
            "no application",
        ));
    }
    found
}

/// Each programme and year has a register of its own.
pub(super) fn protocol_without_gaps(record: &Record) -> Vec<Finding> {
    let mut registers: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    let mut found = Vec::new();
    for protocol in &record.protocols {
        let parts = protocol.rsplit_once('-');
        match parts.and_then(|(register, number)| Some((register, number.parse().ok()?))) {
            Some((register, number)) => registers.entry(register).or_default().push(number),
            None => found.push(Finding::new("a receipt", "a protocol number", protocol)),
        }
    }
    for (register, mut numbers) in registers {
        numbers.sort_unstable();
        for (expected, actual) in (1..).zip(numbers) {
            if expected != actual {
                let subject = format!("register {register}");
                let (expected, actual) = (expected.to_string(), actual.to_string());
                found.push(Finding::new(subject, expected, actual));
                break;
            }
        }
    }
    found
}

pub(super) fn fate_follows_deeds(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for application in &record.applications {
        if !seen.insert(&application.consortium) {
            let actual = "more than one";
            found.push(Finding::new(&application.title, "one application", actual));
        }
        let expected: &[State] = match application.fate {
            Fate::Ranked => &[State::Awarded, State::Waiting],
            Fate::BelowThreshold => &[State::BelowThreshold],
            Fate::Inadmissible => &[State::Inadmissible],
            Fate::Withdrawn => &[State::Withdrawn],
            Fate::Lapsed => &[State::Lapsed],
            Fate::Late => &[State::Late],
        };
        if !expected.contains(&application.state) {
            let names: Vec<&str> = expected.iter().map(|state| state.as_str()).collect();
            let actual = application.state.as_str();
            found.push(Finding::new(&application.title, names.join(" or "), actual));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::rehearsal::invariants::example::record;

    const MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

    #[test]
    fn a_submission_accepted_a_microsecond_late_is_found() {
        let mut record = record();
        record.attempts[0].at = record.attempts[0].closes_at;
        assert_eq!(window_decides(&record), []);

        record.attempts[0].at += MICROSECOND;

        let found = window_decides(&record);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].actual, "received as ER-2016-0000001");
    }

    #[test]
    fn a_submission_refused_at_the_close_or_for_another_reason_is_found() {
        let late = |record: &Record| {
            let refused = |one: &Attempt| matches!(one.outcome, Outcome::Refused { .. });
            record.attempts.iter().position(refused).unwrap()
        };
        let mut refused = record();
        let attempt = late(&refused);
        refused.attempts[attempt].at = refused.attempts[attempt].closes_at;
        assert_eq!(window_decides(&refused).len(), 1);

        let mut other = record();
        other.attempts[attempt].outcome = Outcome::Refused {
            reason: "APPLICATION_STATE".to_owned(),
        };
        assert_eq!(
            window_decides(&other)[0].actual,
            "refused with APPLICATION_STATE"
        );
    }

    #[test]
    fn a_receipt_that_is_lost_forged_or_of_nobody_is_found() {
        let mut lost = record();
        lost.applications[0].receipts.clear();
        assert_eq!(receipt_for_each(&lost)[0].expected, "ER-2016-0000001");

        let mut forged = record();
        forged.applications[0].receipts[0].verified = false;
        assert_eq!(receipt_for_each(&forged).len(), 1);

        let mut of_nobody = record();
        of_nobody.applications.remove(0);
        assert_eq!(receipt_for_each(&of_nobody)[0].actual, "no application");
    }

    #[test]
    fn a_late_attempt_that_is_forgotten_is_found() {
        let mut record = record();
        for application in &mut record.applications {
            application.late_attempts = 0;
        }

        assert_eq!(receipt_for_each(&record).len(), 1);
    }

    #[test]
    fn a_gap_and_a_number_given_twice_are_found() {
        let mut gap = record();
        gap.protocols.retain(|number| number != "ER-2016-0000001");
        let found = protocol_without_gaps(&gap);
        assert_eq!(
            (found[0].expected.as_str(), found[0].actual.as_str()),
            ("1", "2")
        );

        let mut twice = record();
        twice.protocols.push("ER-2016-0000001".to_owned());
        assert_eq!(protocol_without_gaps(&twice)[0].actual, "1");

        let mut none = record();
        none.protocols.push(String::new());
        assert_eq!(
            protocol_without_gaps(&none)[0].expected,
            "a protocol number"
        );
    }

    #[test]
    fn an_application_that_ends_otherwise_is_found() {
        for number in 0..record().applications.len() {
            let mut record = record();
            record.applications[number].state = State::UnderCheck;

            let found = fate_follows_deeds(&record);

            assert_eq!(found.len(), 1);
            assert_eq!(found[0].actual, "under_check");
        }
    }
}
