//! Letters: one for each cause, each left once, to somebody; reminders of duties that are not done.

use std::collections::{BTreeMap, BTreeSet};

use bando_domain::application::State;
use bando_domain::call::LAPSE_AFTER;
use bando_domain::ids::ApplicationId;
use bando_domain::letter::{LetterKind, LetterState};
use bando_domain::reminder::{self, Occurrence, Timeliness, Topic};
use chrono::{DateTime, TimeDelta, Utc};

use super::Finding;
use super::submissions::name_of;
use crate::rehearsal::Downtime;
use crate::rehearsal::record::{Duty, Outcome, Posted, Record};

/// How long a reminder waits for others to the same address; within it a duty may still be done.
const FOLD: TimeDelta = TimeDelta::seconds(60);

/// A cause of letters, as the register of letters names it: kind, and whom it is about.
type Cause = (LetterKind, String);

/// What the deeds of the year ask for; kinds that hang on time alone are checked apart.
fn expected(record: &Record) -> BTreeMap<Cause, usize> {
    let mut wanted: BTreeMap<Cause, usize> = BTreeMap::new();
    let mut add = |kind: LetterKind, about: String| *wanted.entry((kind, about)).or_default() += 1;
    for consortium in &record.consortia {
        add(LetterKind::CallOpened, consortium.clone());
    }
    for attempt in &record.attempts {
        let kind = match attempt.outcome {
            Outcome::Received { .. } => LetterKind::Receipt,
            Outcome::Refused { .. } if attempt.is_late() => LetterKind::LateRefusal,
            Outcome::Refused { .. } => continue,
        };
        add(kind, attempt.application.to_string());
    }
    for asked in &record.asked {
        let kind = if asked.is_notice {
            LetterKind::RejectionNotice
        } else {
            LetterKind::ClarificationRequested
        };
        add(kind, asked.application.to_string());
        for _ in 0..asked.answers {
            add(LetterKind::AnswerReceipt, asked.application.to_string());
        }
        if asked.expired {
            add(
                LetterKind::ClarificationExpired,
                asked.application.to_string(),
            );
        }
    }
    for application in &record.applications {
        if let Some(kind) = outcome(record, application.id, application.state) {
            add(kind, application.id.to_string());
        }
    }
    wanted
}

/// The letter that tells a consortium how its application ended.
fn outcome(record: &Record, id: ApplicationId, state: State) -> Option<LetterKind> {
    match state {
        State::Lapsed => Some(LetterKind::Lapsed),
        // It had lapsed before it was tried.
        State::Late => {
            let mut own = record.attempts.iter().filter(|one| one.application == id);
            let lapsed = own.all(|one| one.at >= one.closes_at + LAPSE_AFTER);
            lapsed.then_some(LetterKind::Lapsed)
        }
        State::Inadmissible => Some(LetterKind::Inadmissible),
        State::BelowThreshold => Some(LetterKind::BelowThreshold),
        State::Waiting => Some(LetterKind::WaitingList),
        State::Awarded => {
            let mut own = record.awards.iter().filter(|award| award.application == id);
            let in_part = own.any(|award| award.amount < award.full);
            Some(if in_part {
                LetterKind::AwardedInPart
            } else {
                LetterKind::Awarded
            })
        }
        State::Draft
        | State::Submitted
        | State::Withdrawn
        | State::UnderCheck
        | State::Admissible
        | State::Cancelled => None,
    }
}

/// Whether deeds alone cause letters of a kind; the others hang on time.
const fn is_caused_by_deeds(kind: LetterKind) -> bool {
    match kind {
        LetterKind::DraftReminder
        | LetterKind::ClarificationDue
        | LetterKind::Reminder
        | LetterKind::OfficersDigest
        | LetterKind::WeeklyReport
        | LetterKind::NextEdition => false,
        LetterKind::CallOpened
        | LetterKind::CallExtended
        | LetterKind::CallSuspended
        | LetterKind::CallResumed
        | LetterKind::CallCancelled
        | LetterKind::RulesChanged
        | LetterKind::Receipt
        | LetterKind::Lapsed
        | LetterKind::LateRefusal
        | LetterKind::ClarificationRequested
        | LetterKind::RejectionNotice
        | LetterKind::AnswerReceipt
        | LetterKind::LateAnswer
        | LetterKind::ClarificationExpired
        | LetterKind::ClarificationClosed
        | LetterKind::Inadmissible
        | LetterKind::CheckReopened
        | LetterKind::LateAdmission
        | LetterKind::Awarded
        | LetterKind::AwardedInPart
        | LetterKind::WaitingList
        | LetterKind::BelowThreshold => true,
    }
}

pub(super) fn for_each_cause(record: &Record) -> Vec<Finding> {
    let expected = expected(record);
    let mut actual: BTreeMap<Cause, usize> = BTreeMap::new();
    let by_deeds = |letter: &&Posted| is_caused_by_deeds(letter.kind);
    for letter in record.letters.iter().filter(by_deeds) {
        let about = match letter.application {
            Some(application) => application.to_string(),
            None => letter.consortium.clone().unwrap_or_default(),
        };
        *actual.entry((letter.kind, about)).or_default() += 1;
    }
    let causes: BTreeSet<&Cause> = expected.keys().chain(actual.keys()).collect();
    let differs = |cause: &Cause| {
        let (wanted, written) = (expected.get(cause), actual.get(cause));
        let (kind, about) = cause;
        (wanted != written).then(|| {
            let whose = about.parse().map_or_else(
                |_| format!("consortium {about}"),
                |id: uuid::Uuid| name_of(record, ApplicationId(id)),
            );
            let count = |count: Option<&usize>| count.copied().unwrap_or_default().to_string();
            let subject = format!("{} letters to {whose}", kind.as_str());
            Finding::new(subject, count(wanted), count(written))
        })
    };
    causes.into_iter().filter_map(differs).collect()
}

pub(super) fn left_once(record: &Record) -> Vec<Finding> {
    let (mut found, mut keys) = (Vec::new(), BTreeSet::new());
    let mut files = record.files.clone();
    for letter in &record.letters {
        if !keys.insert(&letter.key) {
            found.push(Finding::new(&letter.key, "one letter", "two of one key"));
        }
        let has_file = files.remove(&letter.id);
        match letter.state {
            LetterState::Sent | LetterState::Delivered if has_file => {}
            LetterState::Expired | LetterState::Cancelled if !has_file => {}
            LetterState::Sent | LetterState::Delivered => {
                found.push(Finding::new(&letter.key, "its file", "no file"));
            }
            LetterState::Expired | LetterState::Cancelled => {
                found.push(Finding::new(&letter.key, "no file", "a file"));
            }
            LetterState::Draft
            | LetterState::Held
            | LetterState::Queued
            | LetterState::Sending
            | LetterState::Uncertain
            | LetterState::Bounced
            | LetterState::Failed
            | LetterState::Parked => {
                let state = letter.state.as_str();
                found.push(Finding::new(&letter.key, "sent", state));
            }
        }
    }
    let of_nobody = files.into_iter();
    found.extend(of_nobody.map(|name| Finding::new(format!("{name}.eml"), "a letter", "none")));
    found
}

pub(super) fn to_somebody(record: &Record) -> Vec<Finding> {
    let unknown = |letter: &&Posted| !record.addresses.contains(&letter.address);
    let letters = record.letters.iter().filter(unknown);
    letters
        .map(|letter| Finding::new(&letter.key, "an address of the register", &letter.address))
        .collect()
}

pub(super) fn reminded_once(record: &Record) -> Vec<Finding> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for letter in record.letters.iter().filter(|letter| letter.has_left()) {
        for line in &letter.lines {
            let subject = format!("{} of {}", line.topic.as_str(), line.subject);
            if letter.sent_at < Some(line.nominal_at) {
                let expected = format!("at {:?} or later", line.nominal_at);
                found.push(Finding::new(
                    &subject,
                    expected,
                    format!("{:?}", letter.sent_at),
                ));
            }
            let identity = (
                line.topic,
                line.subject.as_str(),
                line.nominal_at,
                letter.address.as_str(),
            );
            if !seen.insert(identity) {
                let expected = format!("one reminder of {:?}", line.nominal_at);
                found.push(Finding::new(&subject, expected, "two"));
            }
        }
    }
    found
}

pub(super) fn reminded_of_duties(record: &Record) -> Vec<Finding> {
    let mut found = Vec::new();
    let expected = due(record);
    let mut reminded: BTreeSet<(Topic, &str, DateTime<Utc>)> = BTreeSet::new();
    for letter in record.letters.iter().filter(|letter| letter.has_left()) {
        for line in &letter.lines {
            reminded.insert((line.topic, line.subject.as_str(), line.nominal_at));
            let told = || format!("{} of {}", line.topic.as_str(), line.subject);
            let duty = record.duties.get(&(line.topic, line.subject.clone()));
            if let Some(done_at) = duty.and_then(|duty| duty.done_at)
                && letter.sent_at > Some(done_at)
            {
                let actual = format!("one at {:?}", letter.sent_at);
                let expected = format!("no reminder after {done_at:?}");
                found.push(Finding::new(told(), expected, actual));
            }
            match expected.get(&(line.topic, line.subject.as_str(), line.nominal_at)) {
                Some(is_late) if *is_late != line.is_late => {
                    let (expected, actual) = (is_late.to_string(), line.is_late.to_string());
                    let subject = format!("{}, that it is late", told());
                    found.push(Finding::new(subject, expected, actual));
                }
                None if is_overtaken_or_missed(record, line.topic, line.nominal_at) => {
                    let actual = format!("one of {:?}", line.nominal_at);
                    found.push(Finding::new(told(), "no reminder after a downtime", actual));
                }
                Some(_) | None => {}
            }
        }
    }
    for (topic, subject, nominal_at) in expected.into_keys() {
        if !reminded.contains(&(topic, subject, nominal_at)) {
            let subject = format!("{} of {subject}", topic.as_str());
            let expected = format!("a reminder of {nominal_at:?}");
            found.push(Finding::new(subject, expected, "none"));
        }
    }
    found
}

/// When reminders of an instant are looked at: then, or when the daemon is back.
fn looked_at(record: &Record, nominal_at: DateTime<Utc>) -> DateTime<Utc> {
    let mut down = record.downtimes.iter();
    let down = down.find(|down| down.covers(nominal_at));
    down.map_or(nominal_at, Downtime::until)
}

fn timeliness(record: &Record, topic: Topic, nominal_at: DateTime<Utc>) -> Timeliness {
    let declared = record.terms.reminders.iter();
    let mut declared = declared.filter(|known| known.topic == topic);
    declared.next().map_or(Timeliness::Missed, |known| {
        let now = looked_at(record, nominal_at);
        known.lateness.judge(nominal_at, now)
    })
}

/// Whether a later one of its topic takes its place after a downtime, or its own lateness leaves it
/// out.
fn is_overtaken_or_missed(record: &Record, topic: Topic, nominal_at: DateTime<Utc>) -> bool {
    let now = looked_at(record, nominal_at);
    let is_later = |known: &Occurrence| {
        known.topic == topic && known.nominal_at > nominal_at && known.nominal_at <= now
    };
    let calendar = reminder::calendar(&record.terms);
    let is_of_calendar = calendar
        .iter()
        .any(|known| known.topic == topic && known.nominal_at == nominal_at);
    let is_missed = timeliness(record, topic, nominal_at) == Timeliness::Missed;
    is_of_calendar && (is_missed || calendar.iter().any(is_later))
}

/// The reminders that the call's file asks for, of duties that nobody did in time, each with whether
/// it says that it is late.
fn due(record: &Record) -> BTreeMap<(Topic, &str, DateTime<Utc>), bool> {
    let mut wanted = BTreeMap::new();
    let moved = !record.terms.window.extensions.is_empty();
    let occurrences = reminder::calendar(&record.terms).into_iter();
    for known in occurrences.filter(|_| !moved) {
        let (topic, nominal_at) = (known.topic, known.nominal_at);
        let leaves_at = looked_at(record, looked_at(record, nominal_at) + FOLD);
        let is_useless = known.not_after.is_some_and(|last| leaves_at > last);
        if is_useless
            || nominal_at <= record.published_at
            || is_overtaken_or_missed(record, topic, nominal_at)
        {
            continue;
        }
        let is_late = timeliness(record, topic, nominal_at) == Timeliness::Late;
        let open = |duty: &Duty| {
            duty.since < nominal_at && duty.done_at.is_none_or(|done| done > leaves_at)
        };
        let of_topic = record.duties.iter();
        let of_topic = of_topic.filter(|((about, _), duty)| *about == topic && open(duty));
        wanted.extend(
            of_topic.map(|((_, subject), _)| ((topic, subject.as_str(), nominal_at), is_late)),
        );
    }
    wanted
}

#[cfg(test)]
mod tests {
    use bando_domain::reminder::Lateness;

    use super::*;
    use crate::rehearsal::invariants::example::{at, letter_of, record};

    #[test]
    fn a_lost_letter_and_one_written_twice_are_found() {
        let mut lost = record();
        lost.letters
            .retain(|letter| letter.kind != LetterKind::Receipt);
        let found = for_each_cause(&lost);
        assert!(
            found
                .iter()
                .all(|one| one.expected == "1" && one.actual == "0")
        );
        assert!(!found.is_empty());

        let mut twice = record();
        let copy = letter_of(&twice, LetterKind::Awarded).clone();
        twice.letters.push(copy);
        assert_eq!(for_each_cause(&twice)[0].actual, "2");
        assert_eq!(left_once(&twice)[0].actual, "two of one key");
    }

    #[test]
    fn a_letter_nobody_caused_is_found() {
        let mut record = record();
        let mut copy = letter_of(&record, LetterKind::Receipt).clone();
        copy.kind = LetterKind::RulesChanged;
        copy.key = "rules_changed".to_owned();
        record.letters.push(copy);

        assert_eq!(for_each_cause(&record)[0].expected, "0");
    }

    #[test]
    fn a_letter_without_its_file_and_a_file_without_its_letter_are_found() {
        let mut record = record();
        let id = letter_of(&record, LetterKind::Receipt).id.clone();
        record.files.remove(&id);
        record.files.insert("stray".to_owned());

        let found = left_once(&record);

        let told: Vec<&str> = found.iter().map(|one| one.actual.as_str()).collect();
        assert_eq!(told, ["no file", "none"]);
        assert_eq!(found[1].subject, "stray.eml");
    }

    #[test]
    fn a_letter_that_never_left_is_found() {
        for state in [
            LetterState::Queued,
            LetterState::Sending,
            LetterState::Uncertain,
            LetterState::Failed,
        ] {
            let mut record = record();
            record.letters[0].state = state;

            let found = left_once(&record);

            assert_eq!(found[0].actual, state.as_str());
        }
    }

    #[test]
    fn a_letter_to_nobody_is_found() {
        for address in ["", "somebody@else.invalid"] {
            let mut record = record();
            record.letters[0].address = address.to_owned();

            assert_eq!(to_somebody(&record)[0].actual, address);
        }
    }

    #[test]
    fn a_reminder_too_early_or_twice_is_found() {
        let mut early = record();
        let reminder = early.letters.iter_mut().find(|it| !it.lines.is_empty());
        let reminder = reminder.unwrap();
        reminder.sent_at = Some(reminder.lines[0].nominal_at - TimeDelta::microseconds(1));
        assert_eq!(reminded_once(&early).len(), 1);

        let mut twice = record();
        let mut copy = letter_of(&twice, LetterKind::Reminder).clone();
        copy.key.push_str("/2");
        twice.letters.push(copy);
        assert_eq!(reminded_once(&twice)[0].actual, "two");
    }

    #[test]
    fn a_reminder_of_what_was_done_is_found() {
        let mut record = record();
        let line = letter_of(&record, LetterKind::Reminder).lines[0].clone();
        let duty = record.duties.get_mut(&(line.topic, line.subject)).unwrap();
        duty.done_at = Some(line.nominal_at + TimeDelta::seconds(30));

        let found = reminded_of_duties(&record);

        assert!(found[0].expected.starts_with("no reminder after"));
    }

    #[test]
    fn a_duty_nobody_was_reminded_of_is_found() {
        let mut record = record();
        record.letters.retain(|letter| letter.lines.is_empty());

        let found = reminded_of_duties(&record);

        assert_eq!(found.len(), 1);
        assert_eq!(found[0].actual, "none");
    }

    /// The daemon was down over the reminder of four hours before the close, for three hours.
    fn late(change: impl FnOnce(&mut Record)) -> Vec<Finding> {
        let mut record = record();
        record.downtimes = vec![Downtime {
            from: at("2016-05-31T09:00:00Z"),
            lasting: TimeDelta::hours(3),
        }];
        let mut letters = record.letters.iter_mut();
        let reminder = letters.find(|letter| !letter.lines.is_empty()).unwrap();
        reminder.sent_at = Some(at("2016-05-31T12:01:00Z"));
        reminder.lines[0].is_late = true;
        change(&mut record);
        reminded_of_duties(&record)
    }

    #[test]
    fn a_reminder_that_a_downtime_held_up_says_that_it_is_late() {
        assert_eq!(late(|_| {}), []);

        let found = late(|record| {
            let mut letters = record.letters.iter_mut();
            let reminder = letters.find(|letter| !letter.lines.is_empty()).unwrap();
            reminder.lines[0].is_late = false;
        });

        assert!(found[0].subject.ends_with("that it is late"), "{found:?}");
    }

    #[test]
    fn a_reminder_that_is_missed_by_its_own_lateness_and_sent_all_the_same_is_found() {
        let found = late(|record| {
            for known in &mut record.terms.reminders {
                known.lateness = Lateness::Skip;
            }
        });

        assert_eq!(found.len(), 1);
        assert_eq!(found[0].expected, "no reminder after a downtime");
    }
}
