use chrono::NaiveTime;
use proptest::prelude::*;

use super::*;
use crate::call::{Terms, Window};
use crate::civil::resolve_deadline;
use crate::examples::italian;

fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

fn window(opens: &str, closes: &str) -> Window {
    let mut window = crate::call::tests::call().terms.window;
    window.opens_at = resolve_deadline(opens, &window.zone).unwrap();
    window.closes_at = resolve_deadline(closes, &window.zone).unwrap();
    window
}

fn terms(opens: &str, closes: &str, reminders: Vec<Reminder>) -> Terms {
    Terms {
        window: window(opens, closes),
        reminders,
        ..crate::call::tests::call().terms
    }
}

fn offset(text: &str) -> Offset {
    text.parse().unwrap()
}

/// Civil times of one reminder of a call that closes then.
fn civil(reminder: &Reminder, closes: &str) -> Vec<String> {
    let window = window("2015-01-07 10:00", closes);
    let found = reminder.around(window.closes_at, &window);
    found
        .iter()
        .map(|known| known.civil().format("%a %Y-%m-%d %H:%M").to_string())
        .collect()
}

fn check(closes: &str, text: &str, expected: &str) {
    let reminder = Reminder::new(Topic::Accreditation, vec![offset(text)]);
    assert_eq!(civil(&reminder, closes), [expected], "{closes} {text}");
}

#[test]
fn days_are_civil_days_at_nine_on_the_working_day_before() {
    check("2027-06-23 16:00", "T-1d", "Tue 2027-06-22 09:00");
    check("2027-06-23 16:00", "T-7d", "Wed 2027-06-16 09:00");
    check("2027-06-23 16:00", "T0", "Wed 2027-06-23 09:00");
    // A Sunday and a Saturday.
    check("2027-06-23 16:00", "T-3d", "Fri 2027-06-18 09:00");
    check("2027-06-23 16:00", "T-4d", "Fri 2027-06-18 09:00");
    // The Republic's day; 4 October from 2026 on; Easter Monday with its Sunday and Saturday.
    check("2027-06-09 16:00", "T-7d", "Tue 2027-06-01 09:00");
    check("2027-10-05 16:00", "T-1d", "Fri 2027-10-01 09:00");
    check("2023-10-05 16:00", "T-1d", "Wed 2023-10-04 09:00");
    check("2027-03-30 16:00", "T-1d", "Fri 2027-03-26 09:00");
    // Christmas of a Saturday.
    check("2027-12-27 12:00", "T-1d", "Fri 2027-12-24 09:00");
    // The end of a day belongs to the day.
    check("2027-06-22", "T-1d", "Mon 2027-06-21 09:00");
    // The first minute of a day too.
    check("2027-06-22 00:00", "T-1d", "Mon 2027-06-21 09:00");
}

#[test]
fn hours_are_exact_over_the_change_of_the_clocks_and_days_keep_their_hour() {
    // The clocks go forward on Sunday 28 March 2027 at two, back on Sunday 31 October at three.
    check("2027-03-29 16:00", "T-24h", "Sun 2027-03-28 16:00");
    check("2027-03-28 03:30", "T-1h", "Sun 2027-03-28 01:30");
    check("2027-03-28 16:00", "T-16h", "Sat 2027-03-27 23:00");
    check("2027-10-31 16:00", "T-16h", "Sun 2027-10-31 01:00");
    check("2027-10-31 04:00", "T-1h", "Sun 2027-10-31 03:00");
    let plain = Reminder {
        shift: Shift::None,
        ..Reminder::new(Topic::Accreditation, vec![offset("T-1d")])
    };
    assert_eq!(civil(&plain, "2027-03-29 16:00"), ["Sun 2027-03-28 09:00"]);
    let in_the_gap = Reminder {
        at: time("02:30"),
        ..plain.clone()
    };
    assert_eq!(
        civil(&in_the_gap, "2027-03-29 16:00"),
        ["Sun 2027-03-28 03:00"]
    );
    assert_eq!(civil(&plain, "2027-11-01 16:00"), ["Sun 2027-10-31 09:00"]);
}

#[test]
fn hours_that_fall_into_the_quiet_ones_go_out_when_those_begin() {
    let quiet = |from: &str, to: &str, text: &str, closes: &str| {
        let reminder = Reminder {
            quiet_hours: Some(QuietHours {
                from: time(from),
                to: time(to),
            }),
            ..Reminder::new(Topic::Accreditation, vec![offset(text)])
        };
        civil(&reminder, closes)[0].clone()
    };
    let night = |text, closes| quiet("20:00", "08:00", text, closes);
    assert_eq!(
        night("T-4h", "2027-06-23 11:00"),
        "Tue 2027-06-22 20:00",
        "at seven in the morning it is the evening before"
    );
    assert_eq!(night("T-4h", "2027-06-24 02:00"), "Wed 2027-06-23 20:00");
    assert_eq!(night("T-4h", "2027-06-23 12:00"), "Wed 2027-06-23 08:00");
    assert_eq!(
        night("T-4h", "2027-06-23 11:59"),
        "Tue 2027-06-22 20:00",
        "a minute before they end"
    );
    assert_eq!(night("T-4h", "2027-06-24 00:00"), "Wed 2027-06-23 20:00");
    assert_eq!(night("T-4h", "2027-06-24 00:01"), "Wed 2027-06-23 20:00");
    assert_eq!(night("T-4h", "2027-06-23 23:59"), "Wed 2027-06-23 19:59");
    assert_eq!(
        quiet("12:00", "14:00", "T-3h", "2027-06-23 16:30"),
        "Wed 2027-06-23 12:00"
    );
    // The beginning lies in the hour that the clocks skip: never later than it would have been.
    assert_eq!(
        quiet("02:30", "08:00", "T-10h", "2027-03-28 13:10"),
        "Sun 2027-03-28 03:00"
    );
    // Days keep their own hour.
    assert_eq!(night("T-1d", "2027-06-23 11:00"), "Tue 2027-06-22 09:00");
}

#[test]
fn what_follows_a_beginning_goes_out_on_the_next_working_day() {
    let zone = italian().zone;
    let at = |text: &str, anchor: &str| {
        let reminder = Reminder::new(Topic::EvaluatorLate, vec![offset(text)]);
        let anchor = resolve_deadline(anchor, zone).unwrap();
        let found = reminder.instant(offset(text), anchor, italian());
        found
            .with_timezone(&zone.tz())
            .format("%a %m-%d %H:%M")
            .to_string()
    };
    assert_eq!(at("T0", "2027-06-22 08:59"), "Tue 06-22 09:00");
    assert_eq!(at("T0", "2027-06-22 09:00"), "Tue 06-22 09:00");
    assert_eq!(at("T0", "2027-06-22 09:01"), "Wed 06-23 09:00");
    assert_eq!(at("T+1d", "2027-06-22 23:59"), "Wed 06-23 09:00");
    assert_eq!(at("T+1d", "2027-06-25 12:00"), "Mon 06-28 09:00");
    assert_eq!(at("T0", "2027-06-01 12:00"), "Thu 06-03 09:00");
}

#[test]
fn the_calendar_of_a_call_is_in_order_and_leaves_out_what_is_useless() {
    let all = vec!["T-60d", "T-30d", "T-3d", "T-2d", "T-4h"];
    let offsets: Vec<Offset> = all.into_iter().map(offset).collect();
    let reminders = vec![
        Reminder::new(Topic::DraftNotSubmitted, offsets.clone()),
        Reminder::new(Topic::Accreditation, vec![offset("T-60d")]),
        Reminder::new(Topic::CallOpens, vec![offset("T-1d"), offset("T+30d")]),
        Reminder::new(Topic::ProcedureEnding, vec![offset("T-5d"), offset("T+1d")]),
        Reminder::new(Topic::LetterFailed, vec![offset("T0")]),
    ];
    // It closes on a Monday: three and two days before it the week ends.
    let terms = terms("2027-06-01 10:00", "2027-06-28 16:00", reminders);

    let found: Vec<(&str, String, String)> = calendar(&terms)
        .iter()
        .map(|known| {
            let civil = known.civil().format("%m-%d %H:%M").to_string();
            (known.topic.as_str(), known.offset.to_string(), civil)
        })
        .collect();

    let expected = [
        ("accreditation", "T-60d", "04-29 09:00"),
        ("call_opens", "T-1d", "05-31 09:00"),
        ("draft_not_submitted", "T-2d", "06-25 09:00"),
        ("draft_not_submitted", "T-4h", "06-28 12:00"),
        ("procedure_ending", "T-5d", "09-22 09:00"),
        ("procedure_ending", "T+1d", "09-28 09:00"),
    ];
    let expected = expected.map(|(topic, offset, civil)| (topic, offset.into(), civil.into()));
    assert_eq!(found, expected);
}

#[test]
fn the_office_is_reminded_once_a_day_until_a_year_after_the_close() {
    let mut terms = terms("2027-06-01 10:00", "2027-06-28 16:00", Vec::new());
    let now = terms.window.closes_at;
    assert_eq!(next_sweep(&terms, now), None);
    terms.reminders = vec![
        Reminder::new(Topic::NoDraft, vec![offset("T-1d")]),
        Reminder::new(Topic::LetterFailed, vec![offset("T0")]),
        Reminder {
            at: time("17:00"),
            ..Reminder::new(Topic::EvaluatorLate, vec![offset("T+1d")])
        },
    ];
    let text = |at: Option<DateTime<Utc>>| at.map(|at| at.to_rfc3339());
    let first = next_sweep(&terms, now);
    assert_eq!(text(first).as_deref(), Some("2027-06-28T15:00:00+00:00"));
    let second = next_sweep(&terms, first.unwrap());
    assert_eq!(text(second).as_deref(), Some("2027-06-29T07:00:00+00:00"));
    assert_eq!(next_sweep(&terms, sweeps_until(&terms)), None);
}

#[test]
fn how_late_is_too_late_is_the_reminders_own_policy() {
    let due = DateTime::UNIX_EPOCH;
    let after = |minutes| due + TimeDelta::minutes(minutes);
    let within = Lateness::Send {
        within_minutes: Some(60),
    };
    for policy in [Lateness::default(), within, Lateness::Skip] {
        assert_eq!(policy.judge(due, after(15)), Timeliness::OnTime);
    }
    assert_eq!(
        Lateness::default().judge(due, after(100_000)),
        Timeliness::Late
    );
    assert_eq!(within.judge(due, after(16)), Timeliness::Late);
    assert_eq!(within.judge(due, after(60)), Timeliness::Late);
    assert_eq!(within.judge(due, after(61)), Timeliness::Missed);
    assert_eq!(Lateness::Skip.judge(due, after(16)), Timeliness::Missed);
}

#[test]
fn a_reminder_of_before_is_still_to_the_minute() {
    let stored = r#"{"topic":"draft_not_submitted","minutes_before":43200}"#;

    let read: Reminder = serde_json::from_str(stored).unwrap();

    assert_eq!(read.offsets, [Offset::MinutesBefore(43_200)]);
    assert_eq!(civil(&read, "2016-05-31 16:00"), ["Sun 2016-05-01 16:00"]);
    let again = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<Reminder>(&again).unwrap(), read);
}

fn line(topic: &str, subject: &str, minutes: i64) -> Line {
    let at = DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
    let about = match topic {
        "no_draft" => About::NoDraft { closes_at: at },
        _ => About::SuspensionEnding {
            application: subject.to_owned(),
            project: String::new(),
            ends_at: at,
        },
    };
    Line {
        call: "er/2027".parse().unwrap(),
        title: crate::programme::Text::new("", ""),
        zone: "Europe/Rome".parse().unwrap(),
        subject: subject.to_owned(),
        nominal_at: at,
        not_after: (topic == "no_draft").then_some(at),
        is_late: false,
        about,
    }
}

#[test]
fn one_matter_stands_once_in_a_letter_with_its_latest_reminder() {
    let lines = with(vec![], line("no_draft", "a", 2));
    let lines = with(lines, line("no_draft", "a", 1));
    let lines = with(lines, line("no_draft", "b", 1));
    assert_eq!(lines, [line("no_draft", "a", 2), line("no_draft", "b", 1)]);
    assert_eq!(useless_after(&lines), lines[0].not_after);

    let lines = with(lines, line("no_draft", "a", 3));
    let lines = with(lines, line("suspension", "a", 9));

    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0].nominal_at, line("no_draft", "a", 3).nominal_at);
    assert_eq!(useless_after(&lines), None, "one is useful for ever");
}

proptest! {
    /// Whatever the hour, the zone's changes and the holidays: nothing goes out after its end.
    #[test]
    fn what_comes_before_an_end_never_comes_after_it(
        minutes in 0i64..5_000_000, days in 1u32..=366, hours in 1u32..=2_000, quiet in 0u32..24,
    ) {
        let window = window("2015-01-07 10:00", "2040-01-01 10:00");
        let end = window.opens_at + TimeDelta::minutes(minutes);
        let reminder = Reminder {
            quiet_hours: Some(QuietHours {
                from: NaiveTime::from_hms_opt(quiet, 30, 0).unwrap(),
                to: NaiveTime::from_hms_opt((quiet + 9) % 24, 0, 0).unwrap(),
            }),
            ..Reminder::new(Topic::Accreditation, Vec::new())
        };
        for offset in [Offset::DaysBefore(days), Offset::MinutesBefore(hours * 60)] {
            let at = reminder.instant(offset, end, window.reckoning());
            prop_assert!(at < end, "{offset}: {at} is not before {end}");
        }
    }
}
