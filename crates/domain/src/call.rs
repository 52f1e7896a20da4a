//! A call: one yearly edition with its budget, rules and window, from draft to award.

mod absence;
mod acts;
mod edition;
mod outage;
mod refusal;
mod results;
mod rule_change;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::civil::{Language, Zone};
use crate::document::DocumentRules;
use crate::holidays::Holidays;
use crate::ids::{ApplicationId, CallId, RankingId};
use crate::money::Eur;
use crate::procedure;
use crate::programme::Text;
use crate::receipt::instant_text;
use crate::reminder::{self, Anchor, Audience, Reminder};
use crate::rules::{AllocationPolicy, RuleSet};
use crate::term::Reckoning;
use crate::timer::{TimerKind, TimerWanted, TimersCancelled};

pub use absence::{Absence, WATCHED_BEFORE_CLOSE, make_up};
pub use acts::{ACT_TO_BE_STATED, Cancellation, cancel, extend, publish};
pub use edition::next_edition;
pub use outage::{OUTAGE_DAYS, Outage, resume, suspend};
pub use refusal::Refusal;
pub use results::{
    Move, Results, annul_ranking, expect_to_come, hold_results, move_results, publish_results,
    timer_of_results,
};
pub use rule_change::{BACKDATED_DAYS, change_rules, propose_rules};

/// How long after the close drafts lapse: the longest life of a request, so that a submission
/// received in time is never overtaken.
pub const LAPSE_AFTER: TimeDelta = TimeDelta::seconds(60);

/// What the call's file says (`config/calls/*.toml`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub title: Text,
    /// The act that publishes the call.
    pub act: String,
    pub window: Window,
    pub budget: Eur,
    /// The version in force.
    pub rules: RuleSet,
    /// Versions that gave way to another, oldest first.
    #[serde(default)]
    pub former_rules: Vec<RuleSet>,
    /// Days to accept an award, from its notice.
    pub acceptance_days: u32,
    /// The last day on which the call's money can be paid out, if it is bound to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_limit: Option<NaiveDate>,
    pub reminders: Vec<Reminder>,
    #[serde(default)]
    pub documents: DocumentRules,
    #[serde(default)]
    pub procedure: procedure::Rules,
}

/// When applications are received. Both instants are stated in civil time of `zone`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub zone: Zone,
    /// The days no term ends on.
    #[serde(default, skip_serializing_if = "Holidays::are_italian")]
    pub holidays: Holidays,
    pub opens_at: DateTime<Utc>,
    /// Received at or before it is in time.
    pub closes_at: DateTime<Utc>,
    /// The opening and the close as the file states them.
    pub opens_text: String,
    pub closes_text: String,
    /// Earlier closes, oldest first.
    #[serde(default)]
    pub extensions: Vec<Extension>,
    /// Interruptions of the service, oldest first.
    #[serde(default)]
    pub outages: Vec<Outage>,
    /// Days that an interruption gives back at least.
    #[serde(default = "outage::default_days")]
    pub outage_days: u32,
}

impl Window {
    /// What the days of the call's terms are counted by.
    pub const fn reckoning(&self) -> Reckoning<'_> {
        Reckoning {
            zone: &self.zone,
            holidays: &self.holidays,
        }
    }
}

/// A close that gave way to another: to a later one, or to the instant the budget was spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// The act that extended the call; `None` when the budget was spent.
    pub act: Option<String>,
    /// The close before it.
    pub was: DateTime<Utc>,
    pub was_text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub id: CallId,
    pub terms: Terms,
    pub state: State,
    /// The ranking in force, once approved.
    pub ranking: Option<RankingId>,
    /// Why it was cancelled, once it is.
    #[serde(default)]
    pub cancellation: Option<Cancellation>,
    /// When its results are published, if later than they were decided.
    #[serde(default)]
    pub results: Option<Results>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    Published,
    Open,
    Closed,
    Ranked,
    Awarded,
    Cancelled,
}

impl State {
    pub const ALL: [Self; 7] = [
        Self::Draft,
        Self::Published,
        Self::Open,
        Self::Closed,
        Self::Ranked,
        Self::Awarded,
        Self::Cancelled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Ranked => "ranked",
            Self::Awarded => "awarded",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Loaded {
        id: CallId,
        terms: Box<Terms>,
    },
    Published,
    Opened,
    /// By the approval of a second person; a call that had closed is open again.
    Extended {
        act: String,
        closes_at: DateTime<Utc>,
        closes_text: String,
    },
    /// First come, first served: what was received until `at` spent the budget, and nothing
    /// received after it is in time.
    Exhausted {
        at: DateTime<Utc>,
    },
    /// The service is interrupted from this instant.
    Suspended {
        from: DateTime<Utc>,
        reason: String,
    },
    /// The service is back; the close moves by what was lost.
    Resumed {
        at: DateTime<Utc>,
        act: String,
        closes_at: DateTime<Utc>,
        closes_text: String,
    },
    /// By the approval of a second person.
    RulesChanged {
        rules: Box<RuleSet>,
    },
    Closed,
    Ranked {
        ranking: RankingId,
    },
    Awarded,
    /// By the approval of a second person: the ranking in force is none any more.
    RankingAnnulled {
        ranking: RankingId,
    },
    /// The results are decided and wait for this instant.
    ResultsHeld {
        results: Results,
    },
    /// The instant was moved, under the act of that number.
    ResultsMoved {
        act: String,
        publish_at: DateTime<Utc>,
        publish_text: String,
    },
    ResultsPublished {
        at: DateTime<Utc>,
    },
    /// By the approval of a second person.
    Cancelled {
        cancellation: Cancellation,
    },
    /// Evaluators were drawn by lot; with the same seed, people and applications anybody draws
    /// the same pairs again.
    AssignmentsDrawn {
        seed: String,
        /// Who could be drawn.
        evaluators: Vec<String>,
        drawn: Vec<Assignment>,
        /// Pairs that something speaks against.
        barred: Vec<Assignment>,
    },
}

/// An application and an evaluator.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Assignment {
    pub application: ApplicationId,
    pub evaluator: String,
}

impl Event {
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Loaded { .. } => "loaded",
            Self::Published => "published",
            Self::Opened => "opened",
            Self::Extended { .. } => "extended",
            Self::Exhausted { .. } => "exhausted",
            Self::Suspended { .. } => "suspended",
            Self::Resumed { .. } => "resumed",
            Self::RulesChanged { .. } => "rules_changed",
            Self::Closed => "closed",
            Self::Ranked { .. } => "ranked",
            Self::Awarded => "awarded",
            Self::RankingAnnulled { .. } => "ranking_annulled",
            Self::ResultsHeld { .. } => "results_held",
            Self::ResultsMoved { .. } => "results_moved",
            Self::ResultsPublished { .. } => "results_published",
            Self::Cancelled { .. } => "cancelled",
            Self::AssignmentsDrawn { .. } => "assignments_drawn",
        }
    }
}

/// Loads a call's file, or loads it again while the call is still a draft.
pub fn load(before: Option<&Call>, id: CallId, terms: Terms) -> Result<Event, Refusal> {
    if let Some(call) = before {
        expect_state(call, State::Draft)?;
    }
    Ok(Event::Loaded {
        id,
        terms: Box::new(terms),
    })
}

pub fn open(call: &Call, now: DateTime<Utc>) -> Result<Event, Refusal> {
    expect_state(call, State::Published)?;
    let opens_at = call.terms.window.opens_at;
    if now < opens_at {
        return Err(Refusal::NotYetOpen { opens_at, now });
    }
    Ok(Event::Opened)
}

/// Closes a first-come call early when what its submissions would get leaves nothing that could
/// be given, not even in part, to the next one. `at` is when the last of them was received. `None`
/// while there is something, and once it was closed so: a submission received earlier and decided
/// later changes no close that others were judged by.
pub fn exhaust(call: &Call, claimed: Eur, at: DateTime<Utc>) -> Option<Event> {
    let (rules, window) = (&call.terms.rules, &call.terms.window);
    let is_first_come = rules.allocation == AllocationPolicy::FirstCome;
    let is_spent = call.terms.budget.less(claimed) < rules.smallest_grant();
    let was_spent = window.extensions.iter().any(|known| known.act.is_none());
    let closes_early = is_first_come && is_spent && !was_spent && at < window.closes_at;
    closes_early.then_some(Event::Exhausted { at })
}

pub fn close(call: &Call, now: DateTime<Utc>) -> Result<Event, Refusal> {
    expect_state(call, State::Open)?;
    expect_running(call)?;
    let closes_at = call.terms.window.closes_at;
    if now <= closes_at {
        return Err(Refusal::StillOpen { closes_at, now });
    }
    Ok(Event::Closed)
}

/// A ranking was approved by a second person; a later version replaces an earlier one until the
/// award.
pub fn rank(call: &Call, ranking: RankingId) -> Result<Event, Refusal> {
    match call.state {
        State::Closed | State::Ranked => Ok(Event::Ranked { ranking }),
        State::Draft | State::Published | State::Open | State::Awarded | State::Cancelled => {
            Err(Refusal::WrongState {
                required: "closed or ranked",
                actual: call.state.as_str(),
            })
        }
    }
}

pub fn award(call: &Call) -> Result<Event, Refusal> {
    expect_state(call, State::Ranked)?;
    Ok(Event::Awarded)
}

/// The call after `event`; `None` before it was loaded.
#[must_use]
pub fn apply(before: Option<Call>, event: &Event) -> Option<Call> {
    if let Event::Loaded { id, terms } = event {
        let terms = (**terms).clone();
        return Some(Call {
            id: id.clone(),
            terms,
            state: State::Draft,
            ranking: None,
            cancellation: None,
            results: None,
        });
    }
    let call = before?;
    Some(match event {
        Event::Loaded { .. } | Event::AssignmentsDrawn { .. } => call,
        Event::Published => Call {
            state: State::Published,
            ..call
        },
        Event::Opened => Call {
            state: State::Open,
            ..call
        },
        Event::Extended {
            act,
            closes_at,
            closes_text,
        } => {
            let was = call.state;
            let state = if was == State::Closed {
                State::Open
            } else {
                was
            };
            let call = Call { state, ..call };
            moved(call, Some(act.as_str()), *closes_at, closes_text)
        }
        Event::Exhausted { at } => moved(call, None, *at, &instant_text(*at)),
        Event::Suspended { from, reason } => outage::begun(call, *from, reason),
        Event::Resumed {
            at,
            act,
            closes_at,
            closes_text,
        } => {
            let call = outage::ended(call, *at, act);
            moved(call, Some(act.as_str()), *closes_at, closes_text)
        }
        Event::RulesChanged { rules } => rule_change::replaced(call, rules),
        Event::Closed => Call {
            state: State::Closed,
            ..call
        },
        Event::Ranked { ranking } => Call {
            state: State::Ranked,
            ranking: Some(*ranking),
            ..call
        },
        Event::Awarded => Call {
            state: State::Awarded,
            ..call
        },
        Event::RankingAnnulled { .. }
        | Event::ResultsHeld { .. }
        | Event::ResultsMoved { .. }
        | Event::ResultsPublished { .. } => results::applied(call, event),
        Event::Cancelled { cancellation } => Call {
            state: State::Cancelled,
            cancellation: Some(cancellation.clone()),
            ..call
        },
    })
}

fn moved(mut call: Call, act: Option<&str>, closes_at: DateTime<Utc>, closes_text: &str) -> Call {
    let window = &mut call.terms.window;
    window.extensions.push(Extension {
        act: act.map(ToOwned::to_owned),
        was: std::mem::replace(&mut window.closes_at, closes_at),
        was_text: std::mem::replace(&mut window.closes_text, closes_text.to_owned()),
    });
    call
}

/// The timers that depend on the close, as it is now and still to come: an extension sets them
/// anew.
///
/// The close happens one microsecond after the stated instant, because that instant is still in
/// time.
pub fn timers_of_close(call: &Call, now: DateTime<Utc>) -> Vec<TimerWanted> {
    let window = &call.terms.window;
    let mut wanted = vec![
        TimerWanted::new(
            &call.id,
            TimerKind::CallCloses,
            window.closes_at + TimeDelta::microseconds(1),
        ),
        TimerWanted::new(
            &call.id,
            TimerKind::DraftsLapse,
            window.closes_at + LAPSE_AFTER,
        ),
    ];
    wanted.extend(timers_of_reminders(call, Anchor::Close));
    wanted.retain(|timer| timer.nominal_at > now);
    wanted
}

/// What waits for the close as it stood before it moved, or before nothing may close.
pub fn timers_of_close_cancelled(call: &Call) -> Vec<TimersCancelled> {
    let cancelled = |kind, subject: &str| TimersCancelled {
        call: call.id.clone(),
        subject: subject.to_owned(),
        kind,
    };
    // Calls of before version 0.3 have draft reminders of their own kind.
    let own = [
        TimerKind::CallCloses,
        TimerKind::DraftsLapse,
        TimerKind::DraftReminder,
    ];
    let topics = call.terms.reminders.iter().map(|reminder| reminder.topic);
    let of_close = topics.filter(|topic| topic.anchor() == Anchor::Close);
    let reminders = of_close.map(|topic| cancelled(TimerKind::Reminder, topic.as_str()));
    own.map(|kind| cancelled(kind, ""))
        .into_iter()
        .chain(reminders)
        .collect()
}

/// The timers a call needs once it is published: opening, close, lapse of drafts, reminders. A
/// reminder whose time has passed by then is none.
pub fn timers(call: &Call, now: DateTime<Utc>) -> Vec<TimerWanted> {
    let opens_at = call.terms.window.opens_at;
    let mut wanted = vec![TimerWanted::new(&call.id, TimerKind::CallOpens, opens_at)];
    wanted.extend(timers_of_close(call, now));
    let mut reminders = timers_of_reminders(call, Anchor::Opening);
    reminders.retain(|timer| timer.nominal_at > now);
    wanted.extend(reminders);
    wanted.extend(timer_of_sweep(call, now));
    wanted
}

/// The next time the office's reminders are looked through.
pub fn timer_of_sweep(call: &Call, now: DateTime<Utc>) -> Option<TimerWanted> {
    if call.state == State::Cancelled {
        return None;
    }
    let at = reminder::next_sweep(&call.terms, now)?;
    Some(TimerWanted::new(&call.id, TimerKind::ReminderSweep, at))
}

/// One for each instant and topic of the consortia's reminders.
fn timers_of_reminders(call: &Call, anchor: Anchor) -> Vec<TimerWanted> {
    let occurrences = reminder::calendar(&call.terms).into_iter();
    let of_anchor = occurrences
        .filter(|known| known.audience == Audience::Consortia && known.topic.anchor() == anchor);
    of_anchor
        .map(|known| {
            TimerWanted::new(&call.id, TimerKind::Reminder, known.nominal_at)
                .about(known.topic.as_str())
        })
        .collect()
}

impl Call {
    /// Whether an application received at `received_at` is in time. Decided by the instants of
    /// the window alone: whether a timer had fired plays no part.
    pub fn receives(&self, received_at: DateTime<Utc>) -> bool {
        received_at >= self.terms.window.opens_at
            && received_at <= self.terms.window.closes_at
            && self.interrupted_at(received_at).is_none()
    }

    pub fn title(&self, language: Language) -> &str {
        self.terms.title.in_language(language)
    }
}

fn expect_running(call: &Call) -> Result<(), Refusal> {
    match call.interruption() {
        Some(outage) => Err(Refusal::Suspended { since: outage.from }),
        None => Ok(()),
    }
}

fn expect_state(call: &Call, required: State) -> Result<(), Refusal> {
    if call.state == required {
        return Ok(());
    }
    Err(Refusal::WrongState {
        required: required.as_str(),
        actual: call.state.as_str(),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::examples::rules;

    pub(crate) fn call() -> Call {
        let opens_at = DateTime::UNIX_EPOCH;
        let window = Window {
            zone: "Europe/Rome".parse().unwrap(),
            holidays: Holidays::italian(),
            opens_at,
            closes_at: opens_at + TimeDelta::days(30),
            opens_text: "opening".to_owned(),
            closes_text: "close".to_owned(),
            extensions: Vec::new(),
            outages: Vec::new(),
            outage_days: OUTAGE_DAYS,
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
            documents: DocumentRules::default(),
            procedure: procedure::Rules::default(),
        };
        Call {
            id: "er/2016".parse().unwrap(),
            terms,
            state: State::Open,
            ranking: None,
            cancellation: None,
            results: None,
        }
    }

    pub(crate) fn later(call: &Call, minutes: i64) -> DateTime<Utc> {
        call.terms.window.closes_at + TimeDelta::minutes(minutes)
    }

    #[test]
    fn a_spent_budget_closes_a_first_come_call_once() {
        let mut before = call();
        before.terms.budget = Eur::euros(100_000);
        let at = later(&before, -60);
        assert_eq!(exhaust(&before, Eur::euros(100_000), at), None);
        before.terms.rules.allocation = AllocationPolicy::FirstCome;
        // 30,000 EUR are left: the smallest grant can still be given.
        assert_eq!(exhaust(&before, Eur::euros(70_000), at), None);

        let event = exhaust(&before, Eur::cents(7_000_001), at).unwrap();
        let after = apply(Some(before), &event).unwrap();

        assert_eq!(after.terms.window.closes_at, at);
        assert!(after.receives(at) && !after.receives(at + TimeDelta::microseconds(1)));
        let earlier = at - TimeDelta::minutes(1);
        assert_eq!(exhaust(&after, Eur::euros(200_000), earlier), None);
    }
}
