//! The term of the procedure (L. 241/1990): from the close, stopped while the consortium is asked
//! for something, and its resulting end.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::application::{Application, State};
use crate::call::Call;
use crate::clarification::{Clarification, Purpose};
use crate::ids::ClarificationId;
use crate::term::{Term, civil_day, end_of_day};

/// A request stops the procedure once, and for at most so many days (art. 2 c. 7).
pub const MOST_SUSPENDED_DAYS: usize = 30;
/// After observations the procedure goes on so many days later (art. 10-bis).
const RESTARTS_AFTER: TimeDelta = TimeDelta::days(10);

/// What the call's file says of the procedure (`[procedure]`). Stored with the call: only add.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// Days of the whole procedure, from the close.
    pub term_days: u32,
    pub saturday_rolls: bool,
    /// Clarification requests per application.
    pub clarifications: u32,
    /// Days to answer, from recorded delivery.
    pub clarification_days: u32,
    /// Civil time at which a term of the consortium ends; the end of its last day when absent.
    pub due_time: Option<NaiveTime>,
    /// Minutes before the end of a term at which the consortium is reminded.
    pub reminders: Vec<u32>,
    /// Whether an application with failed rules gets a notice before it is found inadmissible;
    /// a competitive procedure need not give it.
    pub notice_before_rejection: bool,
    /// Days for observations on that notice, from recorded delivery.
    pub observation_days: u32,
}

impl Default for Rules {
    fn default() -> Self {
        const DAY: u32 = 24 * 60;
        Self {
            term_days: 90,
            saturday_rolls: false,
            clarifications: 1,
            clarification_days: 10,
            due_time: None,
            reminders: vec![5 * DAY, 2 * DAY, DAY],
            notice_before_rejection: false,
            observation_days: 10,
        }
    }
}

impl Rules {
    /// The term of what the consortium is asked.
    pub fn term_for(&self, purpose: Purpose) -> Term {
        let days = match purpose {
            Purpose::Clarification => self.clarification_days,
            Purpose::NoticeBeforeRejection => self.observation_days,
        };
        Term {
            days,
            saturday_rolls: self.saturday_rolls,
            due_time: self.due_time,
        }
    }
}

/// The procedure of one application as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcedureTerm {
    /// The close of the call.
    pub started_at: DateTime<Utc>,
    pub days: u32,
    pub suspensions: Vec<Suspension>,
    /// Days added to the term, each once.
    pub suspended_days: u32,
    pub is_suspended: bool,
    /// The last instant in time; while it is suspended, as if it went on now.
    pub ends_at: DateTime<Utc>,
}

/// One time the procedure stood still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    pub because_of: ClarificationId,
    pub purpose: Purpose,
    pub from: DateTime<Utc>,
    /// When it goes on, once known.
    pub until: Option<DateTime<Utc>>,
    pub days: u32,
}

/// The term of the procedure, given all that the consortium was asked, in any order.
pub fn term(call: &Call, asked: &[Clarification], now: DateTime<Utc>) -> ProcedureTerm {
    let (window, rules) = (&call.terms.window, &call.terms.procedure);
    let mut stopped: BTreeSet<NaiveDate> = BTreeSet::new();
    let mut suspensions = Vec::new();
    let mut is_suspended = false;
    for (known, from, until) in stops(asked) {
        let last = until.unwrap_or(now);
        let first = civil_day(from, &window.zone).succ_opt().unwrap_or_default();
        let last_day = civil_day(last, &window.zone);
        let days: Vec<NaiveDate> = first
            .iter_days()
            .take_while(|day| *day <= last_day)
            .take(most_days(known.purpose))
            .collect();
        let reached_the_most = days.len() == most_days(known.purpose);
        is_suspended |= until.is_none_or(|until| until > now) && !reached_the_most;
        suspensions.push(Suspension {
            because_of: known.id,
            purpose: known.purpose,
            from,
            until: match (until, reached_the_most) {
                (None, true) => days.last().map(|day| end_of_day(*day, &window.zone)),
                (until, _) => until,
            },
            days: count(days.len()),
        });
        stopped.extend(days);
    }
    let suspended_days = count(stopped.len());
    let whole = Term {
        days: rules.term_days + suspended_days,
        saturday_rolls: rules.saturday_rolls,
        due_time: None,
    };
    ProcedureTerm {
        started_at: window.closes_at,
        days: rules.term_days,
        suspensions,
        suspended_days,
        is_suspended,
        ends_at: whole.ends_at(window.closes_at, window.reckoning()),
    }
}

/// The same, for an application whose procedure runs: from the close until it is decided.
pub fn of_application(
    call: &Call,
    application: &Application,
    asked: &[Clarification],
    now: DateTime<Utc>,
) -> Option<ProcedureTerm> {
    let runs = match application.state {
        State::Submitted | State::UnderCheck | State::Admissible => {
            now > call.terms.window.closes_at
        }
        State::Draft
        | State::Lapsed
        | State::Late
        | State::Withdrawn
        | State::Cancelled
        | State::Inadmissible
        | State::BelowThreshold
        | State::Waiting
        | State::Awarded => false,
    };
    runs.then(|| term(call, asked, now))
}

/// What stops the procedure: the first clarification request that stands, from the request to its
/// end; and each notice, from its delivery until ten days after observations, or to its end.
fn stops(
    asked: &[Clarification],
) -> impl Iterator<Item = (&Clarification, DateTime<Utc>, Option<DateTime<Utc>>)> {
    let first = asked
        .iter()
        .filter(|known| known.purpose == Purpose::Clarification && known.counts())
        .min_by_key(|known| (known.requested_at, known.number));
    let requests = first
        .into_iter()
        .map(|known| (known, known.requested_at, known.ended_at));
    let notices = asked
        .iter()
        .filter(|known| known.purpose == Purpose::NoticeBeforeRejection)
        .filter_map(|known| {
            let from = known.delivered_at()?;
            let observed = known.answers.last();
            let until = observed.map(|answer| answer.received_at + RESTARTS_AFTER);
            Some((known, from, until.or(known.ended_at)))
        });
    requests.chain(notices)
}

const fn most_days(purpose: Purpose) -> usize {
    match purpose {
        Purpose::Clarification => MOST_SUSPENDED_DAYS,
        Purpose::NoticeBeforeRejection => usize::MAX,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
