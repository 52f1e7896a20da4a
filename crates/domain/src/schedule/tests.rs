//! What becomes of nominal times, at the boundaries and for any plan.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn programme() -> ProgrammeId {
    "er".parse().unwrap()
}

fn plan(cron: &str, catch_up: CatchUp, window: u32, jitter: u32) -> Plan {
    let given = Given {
        name: Some("sweep".into()),
        kind: Some("reminders".into()),
        cron: Some(cron.into()),
        zone: Some("Europe/Rome".into()),
        ..Given::default()
    };
    let plans = plans(&[given]).unwrap();
    let plan = plans.into_iter().find(|plan| plan.name == "sweep");
    Plan {
        catch_up,
        window_seconds: window,
        jitter_seconds: jitter,
        ..plan.unwrap()
    }
}

/// Everything that fires and how many are dropped when the schedule is looked at once, at `now`.
fn settle(plan: Plan, from: DateTime<Utc>, now: DateTime<Utc>) -> (Vec<DateTime<Utc>>, u32) {
    let mut schedule = Schedule::new(&programme(), plan, from);
    let (mut fired, mut dropped) = (Vec::new(), 0);
    while schedule.due_at <= now {
        let due = due(&schedule, now);
        fired.extend(due.fire);
        dropped += due.dropped.map_or(0, |(count, ..)| count);
        schedule.next_fire_at = due.next;
        schedule.due_at = due_at(&programme(), &schedule.plan, due.next);
    }
    (fired, dropped)
}

const DAY: u32 = 86_400;

#[test]
fn a_time_is_missed_when_it_is_more_than_a_minute_late() {
    let from = at("2027-05-01T00:00:00Z");
    let daily = || plan("0 7 * * *", CatchUp::Skip, 0, 0);
    let nominal = at("2027-05-01T05:00:00Z");

    let in_time = settle(daily(), from, nominal + TimeDelta::seconds(60));
    let late = settle(daily(), from, nominal + TimeDelta::microseconds(60_000_001));

    assert_eq!(in_time, (vec![nominal], 0));
    assert_eq!(late, (vec![], 1));
}

#[test]
fn the_window_holds_to_its_last_microsecond() {
    let from = at("2027-05-01T00:00:00Z");
    let all = || plan("0 7 * * *", CatchUp::All, DAY, 0);
    let end = at("2027-05-02T05:00:00Z");

    let inside = settle(all(), from, end);
    let outside = settle(all(), from, end + TimeDelta::microseconds(1));

    assert_eq!(inside, (vec![end - TimeDelta::days(1), end], 0));
    assert_eq!(outside, (vec![end], 1));
}

#[test]
fn a_year_of_minutes_away_is_counted_to_the_last_one() {
    let from = at("2027-01-01T00:00:00Z");
    let now = at("2027-02-01T00:00:30Z");

    let (fired, dropped) = settle(plan("* * * * *", CatchUp::Once, 3_600, 0), from, now);

    assert_eq!(fired, [at("2027-02-01T00:00:00Z")]);
    assert_eq!(dropped, 31 * 24 * 60 - 1);
}

#[test]
fn a_backfill_takes_what_did_not_fire_and_leaves_the_calendar_its_next_time() {
    let daily = plan("0 7 * * *", CatchUp::Skip, 0, 0);
    let schedule = Schedule::new(&programme(), daily, at("2027-05-04T12:00:00Z"));
    let now = at("2027-05-05T06:00:00Z");
    let fired = [at("2027-05-02T05:00:00Z")];
    let span = |from: &str, to: &str| backfill(&schedule, (at(from), at(to)), &fired, now);

    let Ok(Event::Backfilled { nominal, .. }) =
        span("2027-05-01T05:00:00Z", "2027-05-05T05:30:00Z")
    else {
        panic!("it is a span of the past")
    };

    let days = ["01", "03", "04"].map(|day| at(&format!("2027-05-{day}T05:00:00Z")));
    assert_eq!(nominal, days, "the 5th is the calendar's own");
    let none = span("2027-05-02T00:00:00Z", "2027-05-02T12:00:00Z").unwrap_err();
    assert_eq!(none, Refusal::NothingToFire);
    let ahead = span("2027-05-02T00:00:00Z", "2027-05-05T06:00:00Z").unwrap_err();
    assert!(matches!(ahead, Refusal::SpanNotPast { .. }));
    let long_ago = span("2026-05-03T00:00:00Z", "2026-05-04T00:00:00Z").unwrap_err();
    assert!(matches!(long_ago, Refusal::TooLongAgo { .. }));
}

#[test]
fn more_than_a_hundred_times_are_refused_together() {
    let hourly = plan("@hourly", CatchUp::Skip, 0, 0);
    let schedule = Schedule::new(&programme(), hourly, at("2027-05-20T12:00:00Z"));
    let (from, now) = (at("2027-05-01T00:00:00Z"), at("2027-05-20T12:30:00Z"));
    let hours = |count| backfill(&schedule, (from, from + TimeDelta::hours(count)), &[], now);

    assert!(hours(99).is_ok());
    assert!(matches!(
        hours(100),
        Err(Refusal::TooMany { limit: 100, .. })
    ));
}

#[test]
fn a_pause_of_the_configuration_is_taken_back_by_it_and_a_persons_is_not() {
    let open = plan("0 7 * * *", CatchUp::Skip, 0, 0);
    let closed = Plan {
        paused: true,
        ..open.clone()
    };
    let (from, later) = (at("2027-05-01T00:00:00Z"), at("2027-05-09T00:00:00Z"));
    let replan = |known: &Schedule, plan: &Plan| {
        let event = Event::Planned {
            plan: Box::new(plan.clone()),
            from: later,
        };
        apply(known, &event, later, "")
    };
    let configured = Schedule::new(&programme(), closed, from);
    let by_hand = pause(&Schedule::new(&programme(), open.clone(), from), "closed").unwrap();
    let by_hand = apply(
        &Schedule::new(&programme(), open.clone(), from),
        &by_hand,
        from,
        "anna",
    );

    assert!(configured.pause.is_some());
    assert!(replan(&configured, &open).pause.is_none());
    let mut other = open;
    other.jitter_seconds = 60;
    let after = replan(&by_hand, &other);
    assert_eq!(after.pause.unwrap().by, "anna");
    assert!(after.next_fire_at > later, "not retroactive");
}

#[test]
fn shipped_schedules_are_there_and_an_entry_changes_only_what_it_says() {
    let given = Given {
        name: Some("officers-digest".into()),
        cron: Some("0 9 * * *".into()),
        ..Given::default()
    };

    let changed = plans(&[given]).unwrap();

    let names: Vec<_> = changed.iter().map(|plan| plan.name.as_str()).collect();
    let shipped = [
        "checkpoint",
        "officers-digest",
        "reminders",
        "retention",
        "roll-over",
        "weekly-report",
    ];
    assert_eq!(names, shipped);
    assert_eq!(changed[1].cron.as_str(), "0 9 * * *");
    assert_eq!(changed[1].kind, ScheduleKind::OfficersDigest);
    assert!(changed[1].follows_programme);
}

fn expressions() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("* * * * *".to_owned()),
        Just("@hourly".to_owned()),
        (0_u32..60, 0_u32..24).prop_map(|(minute, hour)| format!("{minute} {hour} * * *")),
        (1_u32..30, 0_u32..4)
            .prop_map(|(step, hour)| format!("*/{step} {hour}-{} * * *", hour + 2)),
        (0_u32..24).prop_map(|hour| format!("30 {hour} * * SAT,SUN")),
    ]
}

fn policies() -> impl Strategy<Value = CatchUp> {
    prop::sample::select(CatchUp::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_nominal_time_fires_or_is_counted_and_none_twice(
        cron in expressions(),
        catch_up in policies(),
        window in 0_u32..4 * DAY,
        jitter in 0_u32..7_200,
        start in 0_i64..365 * 24,
        away in 0_i64..4 * 24 * 60,
    ) {
        let plan = plan(&cron, catch_up, window, jitter);
        let from = at("2027-01-01T00:00:00Z") + TimeDelta::hours(start);
        let now = from + TimeDelta::minutes(away);
        let wanted = preview(&programme(), &plan, from, 6_000);
        let wanted: Vec<_> = wanted
            .into_iter()
            .filter(|fire| fire.due_at <= now)
            .map(|fire| fire.nominal_at)
            .collect();

        let (fired, dropped) = settle(plan, from, now);

        prop_assert_eq!(fired.len() + usize::try_from(dropped).unwrap(), wanted.len());
        prop_assert!(fired.is_sorted_by(|one, next| one < next));
        prop_assert!(fired.iter().all(|nominal| wanted.contains(nominal)));
    }

    #[test]
    fn jitter_is_the_same_each_time_and_never_reaches_the_next_fire(
        cron in expressions(),
        jitter in 0_u32..86_400,
        start in 0_i64..365 * 24,
    ) {
        let plan = plan(&cron, CatchUp::All, DAY, jitter);
        let from = at("2027-01-01T00:00:00Z") + TimeDelta::hours(start);
        let fires = preview(&programme(), &plan, from, 20);

        for pair in fires.windows(2) {
            prop_assert!(pair[0].due_at >= pair[0].nominal_at);
            prop_assert!(pair[0].due_at < pair[1].nominal_at);
            let longest = TimeDelta::seconds(i64::from(jitter));
            prop_assert!(pair[0].due_at - pair[0].nominal_at <= longest);
            prop_assert_eq!(due_at(&programme(), &plan, pair[0].nominal_at), pair[0].due_at);
        }
    }
}
