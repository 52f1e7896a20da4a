//! What is odd about a date: told, never forbidden.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate, Weekday};

use super::{Audience, Entry, Kind};
use crate::call::Terms;
use crate::holidays::Holidays;

/// A month in which offices and firms are closed.
const AUGUST: u32 = 8;

pub(super) fn add(entries: &mut [Entry], terms: &Terms) {
    let holidays = &terms.window.holidays;
    let closes_at = terms.window.closes_at;
    let mut deadlines: BTreeMap<NaiveDate, Vec<String>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| is_deadline(entry)) {
        let on = entry.civil.date();
        deadlines.entry(on).or_default().push(entry.subject.clone());
    }
    for entry in entries.iter_mut() {
        let on = entry.civil.date();
        let is_dated = matches!(entry.kind, Kind::Stage | Kind::Term);
        if is_dated {
            entry.warnings.extend(odd_day(on, holidays));
        }
        if is_deadline(entry) {
            let others = deadlines.get(&on).into_iter().flatten();
            let others = others.filter(|other| **other != entry.subject);
            let told = others.map(|other| format!("on the same day as: {other}"));
            entry.warnings.extend(told);
        }
        if entry.kind == Kind::Reminder && entry.audience == Audience::Drafts {
            if entry.at > closes_at {
                entry
                    .warnings
                    .push("after the deadline it reminds of".to_owned());
            } else if holidays.contains(on) {
                entry.warnings.extend(odd_day(on, holidays));
            }
        }
        if let Some(limit) = terms.payment_limit
            && is_dated
            && on > limit
        {
            entry
                .warnings
                .push(format!("after the last day of payments, {limit}"));
        }
    }
}

/// A day by which a consortium must have done something.
fn is_deadline(entry: &Entry) -> bool {
    let is_term = entry.kind == Kind::Term && entry.audience != Audience::Officers;
    is_term || entry.subject == super::CLOSES
}

fn odd_day(on: NaiveDate, holidays: &Holidays) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(name) = holidays.name(on) {
        warnings.push(format!("on a holiday: {}", name.en));
    }
    match on.weekday() {
        Weekday::Sat => warnings.push("on a Saturday".to_owned()),
        Weekday::Sun => warnings.push("on a Sunday".to_owned()),
        Weekday::Mon | Weekday::Tue | Weekday::Wed | Weekday::Thu | Weekday::Fri => {}
    }
    if on.month() == AUGUST {
        warnings.push("in August".to_owned());
    }
    warnings
}
