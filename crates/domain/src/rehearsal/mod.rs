//! A call's whole calendar before any of it has happened: every stage, term, timer, reminder and
//! routine with its instant, whom it concerns, and what is odd about it.

mod warnings;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::call::{self, Call, State, Terms};
use crate::call_file::ParsedCall;
use crate::civil::Zone;
use crate::clarification::Purpose;
use crate::reminder::{self, Topic};
use crate::schedule::{Plan, ScheduleKind};
use crate::term::{Term, civil_day, end_of_day};
use crate::timer::TimerKind;

/// How the end of the window is called.
const CLOSES: &str = "the call closes";
/// Routine before the opening that belongs to a call's calendar: nobody looks further back.
const BEFORE_OPENING: TimeDelta = TimeDelta::days(31);
/// A file is rehearsed as if it were published long before its opening.
const A_YEAR: TimeDelta = TimeDelta::days(366);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The call enters another state.
    Stage,
    /// Somebody's time to do something ends.
    Term,
    /// The daemon acts of its own accord.
    Timer,
    /// A letter caused by time alone.
    Reminder,
    /// The office's routine.
    Schedule,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stage => "stage",
            Self::Term => "term",
            Self::Timer => "timer",
            Self::Reminder => "reminder",
            Self::Schedule => "schedule",
        }
    }
}

/// Whom an entry concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Audience {
    /// Every consortium of the programme.
    Consortia,
    /// Consortia whose application is a draft.
    Drafts,
    /// Consortia that submitted an application.
    Applicants,
    /// Consortia with an award.
    Beneficiaries,
    Officers,
    /// The daemon alone; nobody is written to.
    Nobody,
}

impl Audience {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Consortia => "consortia",
            Self::Drafts => "drafts",
            Self::Applicants => "applicants",
            Self::Beneficiaries => "beneficiaries",
            Self::Officers => "officers",
            Self::Nobody => "nobody",
        }
    }
}

/// One line of the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    pub at: DateTime<Utc>,
    /// The same, as the clocks in `zone` show it.
    pub civil: NaiveDateTime,
    pub zone: Zone,
    pub kind: Kind,
    pub subject: String,
    pub audience: Audience,
    /// What a person should look at twice.
    pub warnings: Vec<String>,
}

/// The calendar of a call in order of time. What depends on facts is shown at the latest, or as
/// early as it can be, and says so.
pub fn rehearse(parsed: &ParsedCall, routine: &[Plan]) -> Vec<Entry> {
    let call = Call {
        id: parsed.id.clone(),
        terms: parsed.terms.clone(),
        state: State::Published,
        ranking: None,
        cancellation: None,
        results: None,
    };
    let mut entries = stages(&call.terms);
    entries.extend(terms(&call));
    entries.extend(timers(&call));
    entries.extend(reminders(&call.terms));
    let first = call.terms.window.opens_at - BEFORE_OPENING;
    let last = entries.iter().map(|entry| entry.at).max().unwrap_or(first);
    for plan in routine {
        let plan = plan.in_zone(call.terms.window.zone);
        entries.extend(fires(&plan, first, last));
    }
    entries.sort_by(|one, other| {
        let key = |entry: &Entry| (entry.at, entry.kind, entry.subject.clone());
        key(one).cmp(&key(other))
    });
    warnings::add(&mut entries, &call.terms);
    entries
}

impl Entry {
    fn new(
        at: DateTime<Utc>,
        zone: Zone,
        kind: Kind,
        subject: impl Into<String>,
        audience: Audience,
    ) -> Self {
        Self {
            at,
            civil: at.with_timezone(&zone.tz()).naive_local(),
            zone,
            kind,
            subject: subject.into(),
            audience,
            warnings: Vec::new(),
        }
    }
}

fn stages(terms: &Terms) -> Vec<Entry> {
    let window = &terms.window;
    let stage =
        |at, subject: &str| Entry::new(at, window.zone, Kind::Stage, subject, Audience::Consortia);
    vec![
        stage(window.opens_at, "the call opens"),
        stage(window.closes_at, CLOSES),
    ]
}

fn terms(call: &Call) -> Vec<Entry> {
    let (window, procedure) = (&call.terms.window, &call.terms.procedure);
    let term =
        |at, subject: &str, audience| Entry::new(at, window.zone, Kind::Term, subject, audience);
    let whole = Term {
        days: procedure.term_days,
        saturday_rolls: procedure.saturday_rolls,
        due_time: None,
    };
    let procedure_ends = whole.ends_at(window.closes_at, window.reckoning());
    let mut entries = vec![term(
        procedure_ends,
        "the procedure ends, unless it is suspended",
        Audience::Officers,
    )];
    let answer = procedure.term_for(Purpose::Clarification);
    if procedure.clarifications > 0 {
        entries.push(term(
            answer.ends_at(window.closes_at, window.reckoning()),
            "answers to clarification requests are due, if delivered on the day of the close",
            Audience::Applicants,
        ));
    }
    if procedure.notice_before_rejection {
        let observe = procedure.term_for(Purpose::NoticeBeforeRejection);
        entries.push(term(
            observe.ends_at(window.closes_at, window.reckoning()),
            "observations are due, if the notice is delivered on the day of the close",
            Audience::Applicants,
        ));
    }
    let accept = Term {
        days: call.terms.acceptance_days,
        ..whole
    };
    let last_day = accept.last_day(civil_day(procedure_ends, &window.zone), &window.holidays);
    entries.push(term(
        end_of_day(last_day, &window.zone),
        "awards are to be accepted, if noticed on the last day of the procedure",
        Audience::Beneficiaries,
    ));
    entries
}

fn timers(call: &Call) -> Vec<Entry> {
    let window = &call.terms.window;
    let zone = window.zone;
    let mut wanted = call::timers(call, window.opens_at - A_YEAR);
    // Reminders come from their own calendar, with what they are about.
    wanted.retain(|timer| !matches!(timer.kind, TimerKind::Reminder | TimerKind::ReminderSweep));
    let entries = wanted.into_iter().map(|timer| {
        let (kind, subject, audience) = match timer.kind {
            TimerKind::CallOpens => (
                Kind::Timer,
                "letters: the call is open",
                Audience::Consortia,
            ),
            TimerKind::CallCloses => (Kind::Timer, "the call is closed", Audience::Nobody),
            TimerKind::DraftsLapse => (Kind::Timer, "drafts lapse", Audience::Drafts),
            TimerKind::DraftReminder => (
                Kind::Reminder,
                "the draft is not submitted",
                Audience::Drafts,
            ),
            TimerKind::Reminder => (
                Kind::Reminder,
                "consortia are reminded",
                Audience::Consortia,
            ),
            TimerKind::ReminderSweep => (Kind::Timer, "the office is reminded", Audience::Officers),
            TimerKind::ClarificationReminder => (
                Kind::Reminder,
                "the request is not answered",
                Audience::Applicants,
            ),
            TimerKind::ClarificationDue => {
                (Kind::Timer, "the request expires", Audience::Applicants)
            }
            TimerKind::ResultsPublished => {
                (Kind::Timer, "results are published", Audience::Applicants)
            }
        };
        Entry::new(timer.nominal_at, zone, kind, subject, audience)
    });
    entries.collect()
}

/// The reminders whose instants the file decides.
fn reminders(terms: &Terms) -> impl Iterator<Item = Entry> {
    let occurrences = reminder::calendar(terms).into_iter();
    occurrences.map(|known| {
        let (subject, audience) = reminded_of(known.topic);
        let subject = format!("{subject} ({})", known.offset);
        Entry::new(
            known.nominal_at,
            known.zone,
            Kind::Reminder,
            subject,
            audience,
        )
    })
}

/// What a reminder is about, and to whom it goes.
const fn reminded_of(topic: Topic) -> (&'static str, Audience) {
    match topic {
        Topic::CallOpens => ("no application before the opening", Audience::Consortia),
        Topic::NoDraft => ("no application before the close", Audience::Consortia),
        Topic::DraftNotSubmitted => ("the draft is not submitted", Audience::Drafts),
        Topic::Accreditation => ("no accreditation holds at the close", Audience::Consortia),
        Topic::MembersBelowMinimum => ("too few members", Audience::Consortia),
        Topic::ProcedureEnding => ("the application is not decided", Audience::Officers),
        Topic::SuspensionEnding => ("the suspension ends", Audience::Officers),
        Topic::DeliveryUnrecorded => ("a delivery is not recorded", Audience::Officers),
        Topic::EvaluatorLate => ("a sheet is not signed off", Audience::Officers),
        Topic::ProposalExpiring => ("a proposal expires", Audience::Officers),
        Topic::LetterFailed => ("a letter failed", Audience::Officers),
    }
}

fn fires(plan: &Plan, first: DateTime<Utc>, last: DateTime<Utc>) -> impl Iterator<Item = Entry> {
    let next = |after| plan.cron.next_after(&plan.zone, after);
    let fires = std::iter::successors(next(first), move |fire| next(fire.at));
    fires.take_while(move |fire| fire.at <= last).map(|fire| {
        let (name, audience) = (plan.name.clone(), reader(plan.kind));
        Entry::new(fire.at, plan.zone, Kind::Schedule, name, audience)
    })
}

/// Who gets to read what a schedule makes.
const fn reader(kind: ScheduleKind) -> Audience {
    match kind {
        ScheduleKind::OfficersDigest | ScheduleKind::WeeklyReport | ScheduleKind::RollOver => {
            Audience::Officers
        }
        ScheduleKind::Reminders
        | ScheduleKind::Checkpoint
        | ScheduleKind::Retention
        | ScheduleKind::Backup => Audience::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call_file::{parse_call, parse_programme};
    use crate::schedule;

    const PROGRAMME: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../config/programmes/er-consortia.toml"
    ));
    const CALL: &str = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../config/calls/2027.toml"
    ));

    fn call(change: impl FnOnce(String) -> String) -> ParsedCall {
        let programme = parse_programme("programme", PROGRAMME).unwrap();
        parse_call("call", &change(CALL.to_owned()), &programme).unwrap()
    }

    fn closing(closes: &str) -> Vec<Entry> {
        rehearse(&call(|text| text.replace("2027-06-23 16:00", closes)), &[])
    }

    fn warnings(entries: &[Entry], subject: &str) -> Vec<String> {
        let entry = entries.iter().find(|entry| entry.subject.contains(subject));
        entry
            .unwrap_or_else(|| panic!("{subject} is not in {entries:?}"))
            .warnings
            .clone()
    }

    #[test]
    fn the_calendar_of_the_shipped_call_is_in_order_and_in_civil_time() {
        let entries = closing("2027-06-23 16:00");

        assert!(entries.is_sorted_by_key(|entry| entry.at));
        let close = entries
            .iter()
            .find(|entry| entry.subject == "the call closes");
        let close = close.unwrap();
        assert_eq!(close.civil.to_string(), "2027-06-23 16:00:00");
        assert_eq!(close.at.to_rfc3339(), "2027-06-23T14:00:00+00:00");
        let procedure = entries
            .iter()
            .find(|entry| entry.subject.starts_with("the procedure"));
        // Ninety days after the close.
        assert_eq!(procedure.unwrap().civil.date().to_string(), "2027-09-21");
        let reminders = entries.iter().filter(|entry| entry.kind == Kind::Reminder);
        assert!(reminders.count() >= 6);
    }

    #[test]
    fn a_close_on_an_odd_day_is_told() {
        assert_eq!(
            warnings(&closing("2027-06-23 16:00"), "the call closes"),
            [""; 0]
        );
        for (closes, told) in [
            ("2027-06-27 16:00", "on a Sunday"),
            ("2027-06-26 16:00", "on a Saturday"),
            ("2027-06-02 16:00", "on a holiday: Republic Day"),
            ("2027-08-17 16:00", "in August"),
            ("2027-08-15 16:00", "on a holiday: Assumption Day"),
        ] {
            let told_of = warnings(&closing(closes), "the call closes");
            assert!(
                told_of.iter().any(|warning| warning == told),
                "{closes}: {told_of:?}"
            );
        }
    }

    #[test]
    fn two_deadlines_of_a_consortium_on_one_day_are_told() {
        let entries = rehearse(
            &call(|text| {
                text.replace(
                    "notice_before_rejection = false",
                    "notice_before_rejection = true",
                )
            }),
            &[],
        );

        let told = warnings(&entries, "observations are due");
        assert!(
            told.iter()
                .any(|warning| warning.starts_with("on the same day as")),
            "{told:?}"
        );
    }

    #[test]
    fn routine_fires_within_the_calendar_at_its_civil_time() {
        let weekly = schedule::shipped();
        let weekly = weekly
            .into_iter()
            .filter(|plan| plan.name == "weekly-report");

        let entries = rehearse(&call(|text| text), &weekly.collect::<Vec<_>>());

        let fires: Vec<_> = entries
            .iter()
            .filter(|entry| entry.kind == Kind::Schedule)
            .collect();
        assert!(fires.len() > 25 && fires.len() < 35, "{}", fires.len());
        assert!(
            fires
                .iter()
                .all(|fire| fire.civil.to_string().ends_with("07:30:00"))
        );
    }
}
