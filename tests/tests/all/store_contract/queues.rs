//! Cases about what waits to be done: letters, timers and schedules.

use std::collections::BTreeSet;

use bando_domain::letter::{Letter, LetterState};
use bando_domain::schedule::{Fire, FireState, Origin, Schedule, shipped};
use bando_domain::timer::{Timer, TimerKind, TimerState, TimerWanted, TimersCancelled};
use bando_store::letters::{Attempt, Frozen};
use bando_store::schedules::Mark;
use bando_store::{Consequences, Error, Kind, Tx, fires, letters, record, schedules, timers};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;

use super::fixture::{Bed, act, act_at, all, letter, now};
use super::writing::registered;

pub(super) async fn a_letter_key_queues_once(bed: Bed) {
    queue(&bed, &["k:1", "k:1"]).await;
    queue(&bed, &["k:1", "k:2"]).await;

    let keys: Vec<String> = listed(&bed)
        .await
        .into_iter()
        .map(|letter| letter.wanted.key)
        .collect();
    assert_eq!(keys, ["k:1", "k:2"]);
}

pub(super) async fn letters_go_through_their_states(bed: Bed) {
    queue(&bed, &["k:1"]).await;
    let claimed = claim(&bed, now()).await.pop().unwrap();
    assert_eq!((claimed.state, claimed.attempts), (LetterState::Queued, 1));
    assert!(
        claim(&bed, now()).await.is_empty(),
        "claimed twice under one lease"
    );

    assert!(sending(&bed, &claimed, now()).await);
    assert_eq!(listed(&bed).await[0].state, LetterState::Sending);
    let next_at = now() + TimeDelta::minutes(5);
    let again = Attempt::Again {
        answer: "451 later\r\n".to_owned(),
        next_at,
    };
    assert!(finish(&bed, &claimed, again).await);
    let back = listed(&bed).await.pop().unwrap();
    assert_eq!((back.state, back.next_at), (LetterState::Queued, next_at));
    assert_eq!(back.last_answer.as_deref(), Some("451 later  "));
    assert!(
        claim(&bed, next_at - TimeDelta::microseconds(1))
            .await
            .is_empty()
    );

    let second = claim(&bed, next_at).await.pop().unwrap();
    assert_eq!(
        (second.attempts, second.lease_token),
        (2, claimed.lease_token + 1)
    );
    assert!(
        !finish(&bed, &claimed, Attempt::Expired).await,
        "an old lease finished"
    );
    assert!(sending(&bed, &second, next_at).await);
    let sent = Attempt::Sent {
        answer: "250 ok".to_owned(),
    };
    assert!(finish(&bed, &second, sent.clone()).await);
    assert!(!finish(&bed, &second, sent).await, "finished twice");
    let (stored, frozen) = letters::get(bed.store.read(), second.id).await.unwrap();
    assert_eq!(
        (stored.state, stored.sent_at),
        (LetterState::Sent, Some(now()))
    );
    assert_eq!(frozen.unwrap().message, b"message".to_vec());
}

pub(super) async fn a_crash_leaves_a_letter_uncertain(bed: Bed) {
    queue(&bed, &["k:1"]).await;
    let claimed = claim(&bed, now()).await.pop().unwrap();
    assert!(sending(&bed, &claimed, now()).await);
    let sweep = async move |tx: &Tx| letters::sweep(tx).await;

    let during = bed
        .store
        .write(act_at(now() + TimeDelta::seconds(30)), sweep)
        .await;
    let after = bed
        .store
        .write(act_at(now() + TimeDelta::seconds(31)), sweep)
        .await;

    assert_eq!((during, after), (Ok(0), Ok(1)));
    assert_eq!(listed(&bed).await[0].state, LetterState::Uncertain);
    assert!(
        claim(&bed, now() + TimeDelta::days(1)).await.is_empty(),
        "mailed blindly again"
    );
}

pub(super) async fn a_letter_is_claimed_once(bed: Bed) {
    let keys: Vec<String> = (0..12).map(|number| format!("k:{number}")).collect();
    queue(&bed, &keys.iter().map(String::as_str).collect::<Vec<_>>()).await;

    let claims = join_all((0..8).map(|_| claim(&bed, now()))).await;

    let claimed: Vec<String> = claims
        .into_iter()
        .flatten()
        .map(|letter| letter.wanted.key)
        .collect();
    assert_eq!(claimed.len(), 12);
    assert_eq!(
        claimed.into_iter().collect::<BTreeSet<_>>(),
        keys.into_iter().collect()
    );
}

pub(super) async fn timers_are_unique(bed: Bed) {
    set_timers(&bed, &[now(), now()]).await;
    set_timers(&bed, &[now(), now() + TimeDelta::microseconds(1)]).await;

    let timers = timers::list(bed.store.read(), &bed.programme, None, &all())
        .await
        .unwrap();
    let nominal: Vec<_> = timers.rows.iter().map(|timer| timer.nominal_at).collect();
    assert_eq!(nominal, [now(), now() + TimeDelta::microseconds(1)]);
}

pub(super) async fn each_subject_has_timers_of_its_own(bed: Bed) {
    let call = &bed.call.value.id;
    let of_call = TimerWanted::new(call, TimerKind::DraftReminder, now());
    let of = |subject: &str| of_call.clone().about(subject);
    set(
        &bed,
        vec![of_call.clone(), of("a"), of("b"), of("a")],
        vec![],
    )
    .await;
    let cancelled = TimersCancelled {
        call: call.clone(),
        subject: "a".to_owned(),
        kind: TimerKind::DraftReminder,
    };

    set(&bed, vec![], vec![cancelled]).await;

    let timers = timers::list(bed.store.read(), &bed.programme, None, &all())
        .await
        .unwrap();
    let mut states: Vec<_> = timers
        .rows
        .iter()
        .map(|timer| (timer.subject.as_str(), timer.state))
        .collect();
    states.sort_by_key(|(subject, _)| *subject);
    let waiting = TimerState::Waiting;
    assert_eq!(
        states,
        [("", waiting), ("a", TimerState::Cancelled), ("b", waiting)]
    );
}

pub(super) async fn a_due_timer_is_claimed_once(bed: Bed) {
    let due: Vec<_> = (0..5)
        .map(|minutes| now() - TimeDelta::minutes(minutes))
        .collect();
    set_timers(&bed, &due).await;
    set_timers(&bed, &[now() + TimeDelta::microseconds(1)]).await;

    let claims = join_all((0..8).map(|_| claim_timer(&bed, now()))).await;

    let claimed: Vec<_> = claims
        .into_iter()
        .flatten()
        .map(|timer| timer.nominal_at)
        .collect();
    assert_eq!(claimed.len(), 5, "{claimed:?}");
    assert_eq!(
        claimed.into_iter().collect::<BTreeSet<_>>(),
        due.into_iter().collect()
    );
}

pub(super) async fn an_old_lease_cannot_finish(bed: Bed) {
    set_timers(&bed, &[now()]).await;
    let first = claim_timer(&bed, now()).await.unwrap();
    let later = now() + TimeDelta::seconds(31);
    let second = claim_timer(&bed, later).await.unwrap();
    let (event, old) = (registered(&bed, 2), first.clone());
    let before = bed.number("SELECT count(*) FROM consortia").await;

    let effect = async move |tx: &Tx| {
        record::<bando_domain::consortium::Consortium>(tx, None, &event, Consequences::default())
            .await?;
        timers::fired(tx, std::slice::from_ref(&old)).await
    };
    let refused: Result<(), Error> = bed.store.write(act_at(later), effect).await;

    assert_eq!(refused.unwrap_err().kind, Kind::Stale);
    let after = bed.number("SELECT count(*) FROM consortia").await;
    assert_eq!(after, before, "its effect stayed");
    let fired = async move |tx: &Tx| timers::fired(tx, &[second]).await;
    assert_eq!(bed.store.write(act_at(later), fired).await, Ok(()));
    let failed = async move |tx: &Tx| timers::failed(tx, &first, "late", None).await;
    let late: Result<(), Error> = bed.store.write(act_at(later), failed).await;
    assert_eq!(late.unwrap_err().kind, Kind::Stale);
    let timers = timers::list(bed.store.read(), &bed.programme, None, &all())
        .await
        .unwrap();
    assert_eq!(timers.rows[0].state, TimerState::Fired);
}

/// The shipped schedules are planned, and one of them is handed out.
async fn planned(bed: &Bed) -> Schedule {
    let programme = bed.programme.clone();
    let plan = async move |tx: &Tx| schedules::plan(tx, &programme, &shipped()).await;
    bed.store.write::<_, Error, _>(act(), plan).await.unwrap();
    let found = schedules::get(bed.store.read(), &bed.programme, "officers-digest").await;
    found.unwrap()
}

async fn fire_once(bed: &Bed, schedule: Schedule) -> Result<bool, Error> {
    let fire = async move |tx: &Tx| {
        let fire = Fire {
            id: tx.new_id().into(),
            programme: schedule.programme.clone(),
            schedule: schedule.plan.name.clone(),
            origin: Origin::Calendar,
            nominal_at: Some(schedule.next_fire_at),
            state: FireState::Done,
            made_at: now(),
            person: String::new(),
            ended_at: Some(now()),
            detail: String::new(),
        };
        let taken = fires::add(tx, &fire, None).await?;
        let mark = Mark {
            next_fire_at: schedule.next_fire_at + TimeDelta::days(1),
            due_at: schedule.due_at + TimeDelta::days(1),
            fired: Some(schedule.next_fire_at),
            dropped: 0,
        };
        schedules::advance(tx, &schedule, mark).await?;
        Ok(taken)
    };
    bed.store.write(act(), fire).await
}

pub(super) async fn a_fire_happens_once(bed: Bed) {
    let schedule = planned(&bed).await;

    let taken = join_all((0..8).map(|_| fire_once(&bed, schedule.clone()))).await;

    let fired = taken.iter().filter(|taken| **taken == Ok(true)).count();
    assert_eq!(fired, 1, "{taken:?}");
    let rows = bed.number("SELECT count(*) FROM schedule_fires").await;
    assert_eq!(rows, 1, "the losers leave nothing");
    let known = schedules::get(bed.store.read(), &bed.programme, "officers-digest").await;
    let known = known.unwrap();
    assert_eq!(known.last_fire_at, Some(schedule.next_fire_at));
    assert_eq!(
        known.next_fire_at,
        schedule.next_fire_at + TimeDelta::days(1)
    );
}

pub(super) async fn the_same_plan_again_changes_nothing_and_another_is_not_retroactive(bed: Bed) {
    let before = planned(&bed).await;
    let events = bed.number("SELECT count(*) FROM events").await;
    let again = planned(&bed).await;
    assert_eq!(again, before);
    assert_eq!(bed.number("SELECT count(*) FROM events").await, events);

    let mut other = shipped();
    other.retain(|plan| plan.name == "officers-digest");
    other[0].cron = bando_domain::cron_schedule::CronSchedule::parse("0 9 * * *").unwrap();
    let (programme, later) = (bed.programme.clone(), now() + TimeDelta::days(3));
    let plan = async move |tx: &Tx| schedules::plan(tx, &programme, &other).await;
    bed.store
        .write::<_, Error, _>(act_at(later), plan)
        .await
        .unwrap();

    let known = schedules::of_programme(bed.store.read(), &bed.programme)
        .await
        .unwrap();
    assert_eq!(
        known.len(),
        1,
        "what the configuration does not name is gone"
    );
    assert!(known[0].next_fire_at > later, "{known:?}");
    assert_eq!(known[0].version, before.version + 1);
}

async fn queue(bed: &Bed, keys: &[&str]) {
    let wanted: Vec<_> = keys.iter().map(|key| letter(bed, key)).collect();
    let work = async move |tx: &Tx| {
        for letter in &wanted {
            letters::queue(tx, letter).await?;
        }
        Ok::<_, Error>(())
    };
    bed.store.write(act(), work).await.unwrap();
}

async fn claim(bed: &Bed, at: DateTime<Utc>) -> Vec<Letter> {
    let work = async move |tx: &Tx| letters::claim(tx, 3).await;
    let claimed: Result<_, Error> = bed.store.write(act_at(at), work).await;
    claimed
        .unwrap()
        .into_iter()
        .map(|(letter, _)| letter)
        .collect()
}

async fn sending(bed: &Bed, letter: &Letter, at: DateTime<Utc>) -> bool {
    let letter = letter.clone();
    let frozen = Frozen {
        subject: "subject".to_owned(),
        message: b"message".to_vec(),
    };
    let work = async move |tx: &Tx| letters::sending(tx, &letter, &frozen).await;
    bed.store
        .write::<_, Error, _>(act_at(at), work)
        .await
        .unwrap()
}

async fn finish(bed: &Bed, letter: &Letter, attempt: Attempt) -> bool {
    let letter = letter.clone();
    let work = async move |tx: &Tx| letters::finish(tx, &letter, &attempt).await;
    bed.store.write::<_, Error, _>(act(), work).await.unwrap()
}

async fn listed(bed: &Bed) -> Vec<Letter> {
    let filter = letters::Filter::default();
    letters::list(bed.store.read(), &bed.programme, &filter, &all())
        .await
        .unwrap()
        .rows
}

async fn set_timers(bed: &Bed, at: &[DateTime<Utc>]) {
    let call = &bed.call.value.id;
    let wanted = at
        .iter()
        .map(|at| TimerWanted::new(call, TimerKind::DraftReminder, *at));
    set(bed, wanted.collect(), Vec::new()).await;
}

async fn set(bed: &Bed, timers: Vec<TimerWanted>, cancelled: Vec<TimersCancelled>) {
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(10);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let consequences = Consequences {
        timers,
        cancelled,
        ..Consequences::default()
    };
    let event = registered(bed, number);
    let work = async move |tx: &Tx| {
        record::<bando_domain::consortium::Consortium>(tx, None, &event, consequences).await?;
        Ok::<_, Error>(())
    };
    bed.store.write(act(), work).await.unwrap();
}

async fn claim_timer(bed: &Bed, at: DateTime<Utc>) -> Option<Timer> {
    let work = async move |tx: &Tx| Ok(timers::claim(tx, &TimerKind::ALL, 1).await?.pop());
    bed.store
        .write::<_, Error, _>(act_at(at), work)
        .await
        .unwrap()
}
