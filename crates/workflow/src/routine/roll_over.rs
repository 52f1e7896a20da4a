//! The yearly roll-over: each call's next edition as a draft, and to the officers what it has
//! otherwise than the last one. Publishing it stays an act of two persons.

use std::collections::BTreeMap;

use bando_domain::call::{Call, State};
use bando_domain::letter::Facts;
use bando_domain::programme::Programme;
use bando_store::{Tx, calls, letters};
use chrono::Datelike as _;

use super::{Occasion, published};
use crate::correspondence;
use crate::editions::{self, Cloned};
use crate::error::Error;

/// Makes the editions of the year after this one that are not there yet.
pub(super) async fn next_editions(
    tx: &Tx,
    programme: &Programme,
    occasion: Occasion,
) -> Result<String, Error> {
    let year = programme.zone.day(tx.cause().at).year() + 1;
    let mut made = Vec::new();
    let mut left = Vec::new();
    for (opened, last) in last_editions(published(tx, programme).await?) {
        if opened >= year {
            continue;
        }
        let (id, _) = match bando_domain::call::next_edition(&last, year) {
            Ok(next) => next,
            // A code that has no room for the year: a person must look.
            Err(refusal) => {
                left.push(format!("{}: {refusal}", last.id));
                continue;
            }
        };
        if calls::find(tx, &id).await?.is_some() {
            continue;
        }
        let cloned = editions::clone_in(tx, &last, year).await?;
        for letter in letters_about(programme, &last, &cloned, occasion) {
            letters::queue(tx, &letter).await?;
        }
        made.push(cloned.call.value.id.to_string());
    }
    let made = match made.as_slice() {
        [] => format!("no edition of {year} to make"),
        made => format!("made {}", made.join(", ")),
    };
    Ok([vec![made], left].concat().join("; "))
}

/// The last edition of each call with the year it opened: codes that differ by the year alone are
/// editions of one call.
fn last_editions(calls: Vec<Call>) -> Vec<(i32, Call)> {
    let mut last: BTreeMap<String, (i32, Call)> = BTreeMap::new();
    for call in calls {
        if call.state == State::Cancelled {
            continue;
        }
        let window = &call.terms.window;
        let opened = window.zone.day(window.opens_at).year();
        let series = call.id.code().replace(&opened.to_string(), "");
        let is_later = last.get(&series).is_none_or(|(known, _)| *known < opened);
        if is_later {
            last.insert(series, (opened, call));
        }
    }
    last.into_values().collect()
}

fn letters_about(
    programme: &Programme,
    last: &Call,
    cloned: &Cloned,
    occasion: Occasion,
) -> Vec<bando_domain::letter::LetterWanted> {
    let next = &cloned.call.value;
    let facts = Facts::NextEdition {
        last: last.id.to_string(),
        edition: next.id.to_string(),
        opens_at: next.terms.window.opens_at,
        closes_at: next.terms.window.closes_at,
        differences: cloned
            .differences
            .iter()
            .map(correspondence::difference_line)
            .collect(),
    };
    let key = format!("{}{}", next.id, occasion.mark());
    correspondence::to_officers(programme, &key, Some(&next.id), &facts)
}
