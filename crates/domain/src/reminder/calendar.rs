//! When reminders go out: the one place that computes it, for the timers that send them, for the
//! preview and for the rehearsal of a call's file.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use super::{Anchor, Audience, Offset, Reminder, Shift, Topic};
use crate::call::{Terms, Window};
use crate::civil::{Zone, resolve_fire, to_micros};
use crate::holidays::Holidays;
use crate::term::{Reckoning, Term, civil_day};

/// The office is reminded until so long after the close; what is left then is history.
const SWEEPS_AFTER_CLOSE: TimeDelta = TimeDelta::days(366);

/// One reminder at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    pub topic: Topic,
    pub offset: Offset,
    /// When it goes out.
    pub nominal_at: DateTime<Utc>,
    pub zone: Zone,
    pub audience: Audience,
    /// What it is counted from.
    pub anchor_at: DateTime<Utc>,
    /// Useless after it.
    pub not_after: Option<DateTime<Utc>>,
}

impl Occurrence {
    /// The civil time at which it goes out.
    pub fn civil(&self) -> NaiveDateTime {
        self.nominal_at.with_timezone(&self.zone.tz()).naive_local()
    }
}

/// The calendar of a call in order of its instants: every reminder whose instant its terms decide.
/// The procedure ends as if nothing stopped it; what hangs on a request, an assignment or a
/// proposal has no instant before there is one.
pub fn calendar(terms: &Terms) -> Vec<Occurrence> {
    let window = &terms.window;
    let procedure = Term {
        days: terms.procedure.term_days,
        saturday_rolls: terms.procedure.saturday_rolls,
        due_time: None,
    };
    let mut found: Vec<Occurrence> = Vec::new();
    for reminder in &terms.reminders {
        let anchor_at = match (reminder.topic.anchor(), reminder.topic) {
            (Anchor::Opening, _) => window.opens_at,
            (Anchor::Close, _) => window.closes_at,
            (Anchor::Case, Topic::ProcedureEnding) => {
                procedure.ends_at(window.closes_at, window.reckoning())
            }
            (Anchor::Case, _) => continue,
        };
        found.extend(reminder.around(anchor_at, window));
    }
    in_order(found)
}

/// The first instant after `now` at which the office's reminders are looked through; `None` when
/// the call has none, or once they are over.
pub fn next_sweep(terms: &Terms, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let zone = &terms.window.zone;
    let next = |reminder: &Reminder| {
        let today = civil_day(now, zone);
        let instants =
            (0..3).map(|days| resolve_fire((today + Days::new(days)).and_time(reminder.at), zone));
        instants.filter(|at| *at > now).min()
    };
    let office = terms
        .reminders
        .iter()
        .filter(|reminder| reminder.topic.audience() == Audience::Officers);
    let found = office.filter_map(next).min()?;
    (found <= sweeps_until(terms)).then_some(found)
}

/// When the office's reminders about a call end.
pub fn sweeps_until(terms: &Terms) -> DateTime<Utc> {
    terms.window.closes_at + SWEEPS_AFTER_CLOSE
}

impl Reminder {
    /// Its occurrences around an instant, in order. One that would come when it is useless is
    /// none; of several at one instant only the nearest to the anchor is.
    pub fn around(&self, anchor_at: DateTime<Utc>, window: &Window) -> Vec<Occurrence> {
        let occurrence = |offset: &Offset| Occurrence {
            topic: self.topic,
            offset: *offset,
            nominal_at: self.instant(*offset, anchor_at, window.reckoning()),
            zone: window.zone,
            audience: self.topic.audience(),
            anchor_at,
            not_after: self.topic.not_after(anchor_at, window),
        };
        let is_useful = |found: &Occurrence| {
            let is_open = !self.topic.needs_open_call() || found.nominal_at > window.opens_at;
            is_open && found.not_after.is_none_or(|last| found.nominal_at <= last)
        };
        let found = self.offsets.iter().map(occurrence).filter(is_useful);
        in_order(found.collect())
    }

    /// When one offset from an instant goes out.
    pub fn instant(
        &self,
        offset: Offset,
        anchor_at: DateTime<Utc>,
        by: Reckoning<'_>,
    ) -> DateTime<Utc> {
        let (zone, holidays) = (by.zone, by.holidays);
        let day = civil_day(anchor_at, zone);
        let on = |day: NaiveDate| resolve_fire(day.and_time(self.at), zone);
        match offset {
            Offset::DaysBefore(days) => {
                on(self.working_before(holidays, day - Days::new(u64::from(days))))
            }
            Offset::MinutesBefore(minutes) => {
                self.before_quiet_hours(anchor_at - TimeDelta::minutes(i64::from(minutes)), *zone)
            }
            Offset::OnTheDay if !self.topic.follows() => on(self.working_before(holidays, day)),
            Offset::OnTheDay if on(day) >= anchor_at => on(self.working_after(holidays, day)),
            Offset::OnTheDay => on(self.working_after(holidays, day + Days::new(1))),
            Offset::DaysAfter(days) => {
                on(self.working_after(holidays, day + Days::new(u64::from(days))))
            }
        }
    }

    fn working_before(&self, holidays: &Holidays, day: NaiveDate) -> NaiveDate {
        self.shifted(holidays, day, |day| day - Days::new(1))
    }

    fn working_after(&self, holidays: &Holidays, day: NaiveDate) -> NaiveDate {
        self.shifted(holidays, day, |day| day + Days::new(1))
    }

    fn shifted(
        &self,
        holidays: &Holidays,
        mut day: NaiveDate,
        step: impl Fn(NaiveDate) -> NaiveDate,
    ) -> NaiveDate {
        match self.shift {
            Shift::None => day,
            Shift::PreviousWorkingDay => {
                while !holidays.is_working_day(day) {
                    day = step(day);
                }
                day
            }
        }
    }

    /// The instant, or the beginning of the quiet hours it falls into.
    fn before_quiet_hours(&self, at: DateTime<Utc>, zone: Zone) -> DateTime<Utc> {
        let civil = at.with_timezone(&zone.tz()).naive_local();
        let Some(quiet) = self.quiet_hours.filter(|quiet| quiet.hold(civil.time())) else {
            return to_micros(at);
        };
        let begun = if civil.time() > quiet.from {
            civil.date()
        } else {
            civil.date() - Days::new(1)
        };
        resolve_fire(begun.and_time(quiet.from), &zone).min(at)
    }
}

impl Topic {
    /// Whether it is counted from a beginning, not to an end.
    const fn follows(self) -> bool {
        matches!(self.direction(), super::Direction::After)
    }

    fn not_after(self, anchor_at: DateTime<Utc>, window: &Window) -> Option<DateTime<Utc>> {
        match self {
            Self::CallOpens
            | Self::NoDraft
            | Self::DraftNotSubmitted
            | Self::Accreditation
            | Self::MembersBelowMinimum => Some(window.closes_at),
            Self::SuspensionEnding | Self::ProposalExpiring => Some(anchor_at),
            Self::ProcedureEnding
            | Self::DeliveryUnrecorded
            | Self::EvaluatorLate
            | Self::LetterFailed => None,
        }
    }
}

/// In order of instants; of one topic only the nearest to its anchor at each.
fn in_order(mut found: Vec<Occurrence>) -> Vec<Occurrence> {
    let distance = |known: &Occurrence| known.offset.minutes_before().unwrap_or(0);
    found.sort_by_key(|known| (known.nominal_at, known.topic, distance(known)));
    found.dedup_by_key(|known| (known.nominal_at, known.topic));
    found
}
