//! Reminders: whom each concerns now, once in one letter a day, looked at again when it is sent.

mod consortia;
mod office;
mod preview;
mod sending;

use bando_domain::call::{self, Call};
use bando_domain::consortium::Consortium;
use bando_domain::ids::ApplicationId;
use bando_domain::letter::{Facts, LetterWanted, Recipient};
use bando_domain::programme::Programme;
use bando_domain::reminder::{
    About, Audience, Line, Occurrence, Reminder, Timeliness, Topic, calendar,
};
use bando_domain::timer::{Timer, TimerKind};
use bando_store::{Tx, calls, programmes, reminders, timers};
use chrono::{DateTime, Utc};

use crate::correspondence;
use crate::error::Error;

pub use preview::{Previewed, preview};
pub(crate) use sending::{Current, current};

/// Somebody the state concerns now, with what a letter would say.
#[derive(Debug)]
struct Duty {
    owner: Consortium,
    application: Option<ApplicationId>,
    subject: String,
    about: About,
}

/// Reminds the consortia of one topic. A reminder whose time was moved meanwhile, or that another
/// one has overtaken, is none; nor is one that came too late by its own policy.
pub(crate) async fn remind(tx: &Tx, timer: &Timer) -> Result<(), Error> {
    let (call, now) = (calls::get(tx, &timer.call).await?.value, tx.cause().at);
    let topic = topic_of(timer)?;
    let Some(occurrence) = standing(&call, topic, timer.nominal_at, now) else {
        return Ok(());
    };
    let declared = call.terms.reminders.iter();
    let Some(reminder) = declared.into_iter().find(|known| known.topic == topic) else {
        return Ok(());
    };
    let is_late = match reminder.lateness.judge(occurrence.nominal_at, now) {
        Timeliness::OnTime => false,
        Timeliness::Late => true,
        Timeliness::Missed => return Ok(()),
    };
    let mut duties = consortia::duties(tx, &call, topic, now, None).await?;
    // Two that run at once lock the letters they share in one order.
    duties.sort_by_key(|duty| duty.owner.id);
    for duty in duties {
        let line = line(&call, &occurrence, is_late, duty.subject, duty.about);
        let recipient = correspondence::recipient(&duty.owner);
        let wanted = wanted(&call, recipient, duty.application, line, now);
        reminders::queue(tx, &wanted).await?;
    }
    Ok(())
}

fn topic_of(timer: &Timer) -> Result<Topic, Error> {
    if timer.kind == TimerKind::DraftReminder.as_str() {
        return Ok(Topic::DraftNotSubmitted);
    }
    let unknown = || bando_store::Error::internal(format!("no topic {}", timer.subject));
    Ok(Topic::parse(&timer.subject).ok_or_else(unknown)?)
}

/// The occurrence of that instant, if the call still has it, it is of use, and none of the same
/// topic came due after it.
fn standing(
    call: &Call,
    topic: Topic,
    nominal_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<Occurrence> {
    let of_topic = calendar(&call.terms);
    let mut due = of_topic
        .into_iter()
        .filter(|known| known.topic == topic && known.nominal_at <= now);
    let latest = due.next_back()?;
    let is_useful = latest.not_after.is_none_or(|last| now <= last);
    (latest.nominal_at == nominal_at && is_useful).then_some(latest)
}

/// Looks through what the office has to be reminded of, and sets the next time.
pub(crate) async fn sweep(tx: &Tx, timer: &Timer) -> Result<(), Error> {
    let (call, now) = (calls::get(tx, &timer.call).await?.value, tx.cause().at);
    let programme = programmes::get(tx, call.id.programme()).await?.value;
    let office = call
        .terms
        .reminders
        .iter()
        .filter(|reminder| reminder.topic.audience() == Audience::Officers);
    for reminder in office {
        remind_office(tx, &call, &programme, reminder, timer.nominal_at).await?;
    }
    if let Some(next) = call::timer_of_sweep(&call, now) {
        timers::set(tx, &next).await?;
    }
    Ok(())
}

/// By catch-up: of each case the latest reminder that is due and was not written down.
async fn remind_office(
    tx: &Tx,
    call: &Call,
    programme: &Programme,
    reminder: &Reminder,
    looked_at: DateTime<Utc>,
) -> Result<(), Error> {
    let now = tx.cause().at;
    let cases = office::cases(tx, call, reminder.topic, now).await?;
    if cases.is_empty() {
        return Ok(());
    }
    let before = reminders::queued(tx, &call.id, reminder.topic).await?;
    for case in cases {
        let mut due = case.occurrences(reminder, call);
        due.retain(|known| known.nominal_at <= now);
        let Some(latest) = due.pop() else { continue };
        let is_useful = latest.not_after.is_none_or(|last| now <= last);
        if !is_useful || before.contains(&(case.subject.clone(), latest.nominal_at)) {
            continue;
        }
        // What came due since the last look is late only if this look is.
        let since = latest.nominal_at.max(looked_at);
        let timeliness = reminder.lateness.judge(since, now);
        let is_late = timeliness == Timeliness::Late;
        let application = case.application;
        let line = line(call, &latest, is_late, case.subject, case.about);
        if timeliness == Timeliness::Missed {
            reminders::skip(tx, &line).await?;
            continue;
        }
        for address in &programme.officers {
            let recipient = correspondence::officer(programme, address);
            let wanted = wanted(call, recipient, application, line.clone(), now);
            reminders::queue(tx, &wanted).await?;
        }
    }
    Ok(())
}

fn line(call: &Call, of: &Occurrence, is_late: bool, subject: String, about: About) -> Line {
    Line {
        call: call.id.clone(),
        title: call.terms.title.clone(),
        zone: call.terms.window.zone,
        subject,
        nominal_at: of.nominal_at,
        not_after: of.not_after,
        is_late,
        about,
    }
}

/// The letter of the day to one recipient.
fn wanted(
    call: &Call,
    recipient: Recipient,
    application: Option<ApplicationId>,
    line: Line,
    now: DateTime<Utc>,
) -> reminders::Wanted {
    let programme = call.id.programme();
    let holder = match recipient.consortium {
        Some(consortium) => consortium.to_string(),
        None => recipient.address.reveal().to_owned(),
    };
    let day = call.terms.window.zone.day(now);
    let letter = LetterWanted {
        key: format!("reminder/{programme}/{holder}/{day}"),
        programme: programme.clone(),
        call: Some(call.id.clone()),
        application,
        recipient,
        facts: Facts::Reminder { lines: Vec::new() },
        not_after: line.not_after,
    };
    reminders::Wanted {
        recipient: holder,
        letter,
        line,
    }
}
