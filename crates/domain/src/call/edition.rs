//! The next edition of a call: the same budget and rules, every date a year or more later, and the
//! acts marked as still to be stated.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};

use super::acts::ACT_TO_BE_STATED;
use super::{Call, Refusal, Terms, Window};
use crate::civil::resolve_deadline;
use crate::holidays::Holidays;
use crate::ids::CallId;
use crate::programme::Text;
use crate::rules::RuleSet;

/// Years that a call's file may state.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

/// The edition of `year` as a draft: its id and terms. A day moves to the same day of that year,
/// or to the next working day where that is none.
pub fn next_edition(call: &Call, year: i32) -> Result<(CallId, Terms), Refusal> {
    let window = &call.terms.window;
    let opened = window.opens_at.with_timezone(&window.zone.tz()).year();
    if !YEARS.contains(&year) || year <= opened {
        return Err(Refusal::EditionYear { year, opened });
    }
    let move_on = Move {
        opened,
        year,
        holidays: &window.holidays,
    };
    let id = move_on.id(&call.id)?;
    let rules = RuleSet {
        version: 1,
        act: to_be_stated(&call.terms.rules.act),
        effective_on: move_on.day(call.terms.rules.effective_on),
        ..call.terms.rules.clone()
    };
    let terms = Terms {
        title: move_on.title(&call.terms.title),
        act: to_be_stated(&call.terms.act),
        window: move_on.window(window)?,
        rules,
        former_rules: Vec::new(),
        payment_limit: call.terms.payment_limit.map(|limit| move_on.day(limit)),
        ..call.terms.clone()
    };
    Ok((id, terms))
}

fn to_be_stated(act: &str) -> String {
    if act.starts_with(ACT_TO_BE_STATED) {
        return act.to_owned();
    }
    format!("{ACT_TO_BE_STATED} (was {act})")
}

/// From the year in which a call opened to another.
#[derive(Debug, Clone, Copy)]
struct Move<'c> {
    opened: i32,
    year: i32,
    holidays: &'c Holidays,
}

impl Move<'_> {
    /// The year in the code gives way to the other; a code without it gets the other behind it.
    fn id(self, id: &CallId) -> Result<CallId, Refusal> {
        let (opened, year) = (self.opened.to_string(), self.year.to_string());
        let code = if id.code().contains(&opened) {
            id.code().replace(&opened, &year)
        } else {
            format!("{}-{year}", id.code())
        };
        CallId::new(id.programme().clone(), &code).map_err(|_| Refusal::EditionCode { code })
    }

    fn title(self, title: &Text) -> Text {
        let (opened, year) = (self.opened.to_string(), self.year.to_string());
        let moved = |text: &str| text.replace(&opened, &year);
        Text::new(moved(&title.it), moved(&title.en))
    }

    fn day(self, on: NaiveDate) -> NaiveDate {
        let year = on.year() + self.year - self.opened;
        // Only 29 February has no fellow: the day after it has.
        let same = on
            .with_year(year)
            .or_else(|| (on + Days::new(1)).with_year(year));
        let mut day = same.unwrap_or(on);
        while !self.holidays.is_working_day(day) {
            day = day + Days::new(1);
        }
        day
    }

    /// The window as it was published first: neither extensions nor outages come again.
    fn window(self, window: &Window) -> Result<Window, Refusal> {
        let published = window.extensions.first();
        let closes_text = published.map_or(&window.closes_text, |first| &first.was_text);
        let (opens_at, opens_text) = self.instant(&window.opens_text, window)?;
        let (closes_at, closes_text) = self.instant(closes_text, window)?;
        if closes_at <= opens_at {
            return Err(Refusal::EditionDate { text: closes_text });
        }
        Ok(Window {
            opens_at,
            closes_at,
            opens_text,
            closes_text,
            extensions: Vec::new(),
            outages: Vec::new(),
            ..window.clone()
        })
    }

    /// A civil time moves with its day and keeps its hour; a day alone stays a day alone.
    fn instant(self, text: &str, window: &Window) -> Result<(DateTime<Utc>, String), Refusal> {
        let refused = || Refusal::EditionDate {
            text: text.to_owned(),
        };
        let (day, rest) = text.split_at_checked(10).ok_or_else(refused)?;
        let on: NaiveDate = day.parse().map_err(|_| refused())?;
        // An offset belongs to the day it was written for.
        let hour = match rest.rsplit_once([' ']) {
            Some((hour, offset)) if offset.starts_with(['+', '-']) => hour,
            Some(_) | None => rest,
        };
        let moved = format!("{}{hour}", self.day(on));
        let at = resolve_deadline(&moved, &window.zone).map_err(|_| Refusal::EditionDate {
            text: moved.clone(),
        })?;
        Ok((at, moved))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::call;
    use super::super::{Extension, State, load, publish};
    use super::*;

    fn edition(change: impl FnOnce(&mut Call), year: i32) -> Result<(CallId, Terms), Refusal> {
        let mut call = call();
        call.terms.title = Text::new("bando 2016", "2016 call");
        let window = &mut call.terms.window;
        for (at, text, stated) in [
            (
                &mut window.opens_at,
                &mut window.opens_text,
                "2016-04-04 10:00",
            ),
            (
                &mut window.closes_at,
                &mut window.closes_text,
                "2016-05-31 16:00",
            ),
        ] {
            stated.clone_into(text);
            *at = resolve_deadline(stated, &window.zone).unwrap();
        }
        change(&mut call);
        next_edition(&call, year)
    }

    #[test]
    fn the_next_edition_has_the_same_rules_later_dates_and_no_act() {
        let (id, terms) = edition(|_| (), 2027).unwrap();

        assert_eq!(id.to_string(), "er/2027");
        assert_eq!(terms.title, Text::new("bando 2027", "2027 call"));
        // 4 April 2027 is a Sunday.
        assert_eq!(terms.window.opens_text, "2027-04-05 10:00");
        assert_eq!(terms.window.closes_text, "2027-05-31 16:00");
        assert_eq!(
            terms.window.closes_at.to_rfc3339(),
            "2027-05-31T14:00:00+00:00"
        );
        let before = call().terms;
        assert_eq!(terms.budget, before.budget);
        assert_eq!(terms.rules.version, 1);
        assert_eq!(terms.rules.cost_categories, before.rules.cost_categories);
        let draft = super::super::apply(None, &load(None, id, terms).unwrap()).unwrap();
        assert_eq!(draft.state, State::Draft);
        let refusal = publish(&draft, DateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(refusal.reason(), "ACT_MISSING");
    }

    #[test]
    fn what_happened_to_one_edition_does_not_come_again() {
        let (_, terms) = edition(
            |call| {
                let window = &mut call.terms.window;
                let was = window.closes_at;
                window.extensions.push(Extension {
                    act: Some("DD 1".to_owned()),
                    was,
                    was_text: "2016-05-31".to_owned(),
                });
                "2016-06-10 16:00".clone_into(&mut window.closes_text);
                call.terms.rules.version = 3;
                call.terms.former_rules.push(call.terms.rules.clone());
            },
            2017,
        )
        .unwrap();

        assert_eq!(terms.window.closes_text, "2017-05-31");
        assert!(terms.window.extensions.is_empty() && terms.former_rules.is_empty());
        assert_eq!(terms.rules.version, 1);
    }

    #[test]
    fn days_move_to_the_next_working_day() {
        let check = |from: &str, year: i32, expected: &str| {
            let opened = from[..4].parse().unwrap();
            let by = Move {
                opened,
                year,
                holidays: &Holidays::italian(),
            };
            let moved = by.day(from.parse().unwrap());
            assert_eq!(moved.to_string(), expected, "{from} in {year}");
        };
        check("2016-06-01", 2026, "2026-06-01");
        // A Saturday, then the Republic's day on a Monday's neighbour.
        check("2024-06-01", 2025, "2025-06-03");
        // Easter Monday, and Saint Francis from 2026 on.
        check("2026-03-29", 2027, "2027-03-30");
        check("2026-10-05", 2027, "2027-10-05");
        check("2025-10-04", 2027, "2027-10-05");
        check("2024-02-29", 2025, "2025-03-03");
        check("2025-12-24", 2026, "2026-12-24");
        check("2025-12-25", 2026, "2026-12-28");
    }

    #[test]
    fn an_edition_is_later_than_the_one_it_comes_from() {
        for year in [1999, 2015, 2016, 2200] {
            assert_eq!(edition(|_| (), year).unwrap_err().reason(), "EDITION_YEAR");
        }
        assert!(edition(|_| (), 2017).is_ok());
    }

    #[test]
    fn a_code_without_its_year_gets_the_new_one_behind_it() {
        let (id, _) = edition(|call| call.id = "er/fairs".parse().unwrap(), 2017).unwrap();

        assert_eq!(id.to_string(), "er/fairs-2017");
    }
}
