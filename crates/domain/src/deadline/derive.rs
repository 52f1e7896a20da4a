//! Each deadline from what it follows from.

use chrono::{DateTime, Utc};

use super::history::Trail;
use super::{Change, ChangeKind, Deadline, Edge, Standing, Subject};
use crate::application::Application;
use crate::application::State as ApplicationState;
use crate::call::{Call, State};
use crate::clarification::{Clarification, Purpose, State as Asked};
use crate::procedure;
use crate::programme::Text;
use crate::proposal::{Proposal, State as ProposalState};
use crate::term::end_of_day;

/// The deadlines that a call has of its own: its close, the publication of its results, the last
/// day of its money. A draft has none yet.
pub fn of_call(call: &Call, trail: &Trail, now: DateTime<Utc>) -> Vec<Deadline> {
    // A call that was cancelled before its publication never had any either.
    if call.state == State::Draft || trail.published_at().is_none() {
        return Vec::new();
    }
    let mut found = vec![close(call, trail, now)];
    found.extend(results(call, trail, now));
    found.extend(payment_limit(call, trail, now));
    found
}

fn close(call: &Call, trail: &Trail, now: DateTime<Utc>) -> Deadline {
    let past = trail.of_close();
    let window = &call.terms.window;
    let mut acts = past.changes.iter().filter_map(|change| change.act.clone());
    let title = titled(call, "Chiusura del bando", "Close of the call");
    let deadline = Deadline {
        act: acts.next_back().or_else(|| Some(call.terms.act.clone())),
        stated_at: past.stated_at.unwrap_or(window.opens_at),
        sequence: count(past.changes.len()),
        standing: if call.interruption().is_some() {
            Standing::Suspended
        } else {
            standing(window.closes_at, now)
        },
        changes: past.changes,
        ..plain(call, Subject::CallClose, title, window.closes_at)
    };
    unless_cancelled(deadline, call, trail)
}

fn results(call: &Call, trail: &Trail, now: DateTime<Utc>) -> Option<Deadline> {
    let results = call.results.as_ref()?;
    let past = trail.of_results();
    let title = titled(
        call,
        "Pubblicazione dei risultati",
        "Publication of results",
    );
    let mut acts = results.moves.iter().map(|moved| moved.act.clone());
    Some(Deadline {
        edge: Edge::HappensAt,
        act: acts.next_back().or_else(|| Some(results.act.clone())),
        stated_at: past.stated_at.unwrap_or(call.terms.window.closes_at),
        sequence: count(results.moves.len()),
        standing: match results.published_at {
            Some(_) => Standing::Met,
            None => standing(results.publish_at, now),
        },
        changes: past.changes,
        ..plain(call, Subject::ResultsPublication, title, results.publish_at)
    })
}

fn payment_limit(call: &Call, trail: &Trail, now: DateTime<Utc>) -> Option<Deadline> {
    let at = end_of_day(call.terms.payment_limit?, &call.terms.window.zone);
    let title = titled(call, "Ultimo giorno dei pagamenti", "Last day of payments");
    let deadline = Deadline {
        act: Some(call.terms.act.clone()),
        stated_at: trail.published_at().unwrap_or(call.terms.window.opens_at),
        standing: standing(at, now),
        ..plain(call, Subject::PaymentLimit, title, at)
    };
    Some(unless_cancelled(deadline, call, trail))
}

/// The term of what a consortium was asked; none before its delivery is on record.
pub fn of_clarification(
    call: &Call,
    application: &Application,
    known: &Clarification,
    now: DateTime<Utc>,
) -> Option<Deadline> {
    let due_at = known.due_at?;
    let delivered_at = known.delivered_at().unwrap_or(known.requested_at);
    let label = application.label();
    let (subject, it, en) = match known.purpose {
        Purpose::Clarification => (
            Subject::Clarification(known.id),
            "Risposta alla richiesta di chiarimenti",
            "Answer to the clarification request",
        ),
        Purpose::NoticeBeforeRejection => (
            Subject::NoticeBeforeRejection(known.id),
            "Osservazioni sul preavviso di rigetto",
            "Observations on the notice before rejection",
        ),
    };
    let title = Text::new(
        format!("{it} n. {}, domanda {label}", known.number),
        format!("{en} {}, application {label}", known.number),
    );
    let standing = match known.state {
        Asked::Requested | Asked::Delivered | Asked::AnsweredInPart => standing(due_at, now),
        Asked::Answered | Asked::Accepted => Standing::Met,
        Asked::Expired => Standing::Passed,
        Asked::Closed => Standing::Cancelled,
    };
    let was_taken_back = standing == Standing::Cancelled;
    Some(Deadline {
        consortium: Some(known.consortium),
        application: Some(known.application),
        standing,
        sequence: u32::from(was_taken_back),
        stated_at: match known.ended_at.filter(|_| was_taken_back) {
            Some(ended_at) => ended_at,
            None => delivered_at,
        },
        ..plain(call, subject, title, due_at)
    })
}

/// The end of an application's procedure, while it runs, or as it stood when its call was
/// cancelled.
pub fn of_procedure(
    call: &Call,
    application: &Application,
    asked: &[Clarification],
    trail: &Trail,
    now: DateTime<Utc>,
) -> Option<Deadline> {
    let ended_at = trail.cancelled_at().filter(|_| {
        let ended_with_it = application.state == ApplicationState::Cancelled;
        ended_with_it && application.counted().is_some()
    });
    let term = match ended_at.filter(|at| *at > call.terms.window.closes_at) {
        Some(at) => procedure::term(call, asked, at),
        None => procedure::of_application(call, application, asked, now)?,
    };
    let label = application.label();
    let title = Text::new(
        format!("Conclusione del procedimento, domanda {label}"),
        format!("End of the procedure, application {label}"),
    );
    let changes = stops(call, asked, &term, now);
    let resumed = term.suspensions.iter().filter_map(|known| known.until);
    let last_stop = term.suspensions.iter().map(|known| known.from).max();
    let deadline = Deadline {
        consortium: Some(application.consortium),
        application: Some(application.id),
        act: Some(call.terms.act.clone()),
        standing: if term.is_suspended {
            Standing::Suspended
        } else {
            standing(term.ends_at, now)
        },
        // It moves with the close, and by a day for each day that it stands still.
        sequence: count(trail.of_close().changes.len()) + term.suspended_days,
        stated_at: resumed
            .filter(|until| *until <= now)
            .chain(last_stop)
            .max()
            .unwrap_or(term.started_at),
        changes,
        ..plain(
            call,
            Subject::Procedure(application.id),
            title,
            term.ends_at,
        )
    };
    Some(unless_cancelled(deadline, call, trail))
}

/// Each time the procedure stood still, with where that moved its end.
fn stops(
    call: &Call,
    asked: &[Clarification],
    term: &procedure::ProcedureTerm,
    now: DateTime<Utc>,
) -> Vec<Change> {
    let end_with = |stops: &[procedure::Suspension]| {
        let known = asked.iter().filter(|known| {
            let mut of = stops.iter().map(|stop| stop.because_of);
            of.any(|id| id == known.id)
        });
        let known: Vec<Clarification> = known.cloned().collect();
        procedure::term(call, &known, now).ends_at
    };
    let change = |(position, stop): (usize, &procedure::Suspension)| {
        let because = asked.iter().find(|known| known.id == stop.because_of);
        let lasts = stop.until.is_none_or(|until| until > now);
        Change {
            kind: ChangeKind::Suspended,
            from: end_with(&term.suspensions[..position]),
            to: (!lasts).then(|| end_with(&term.suspensions[..=position])),
            act: None,
            reason: Some(stop.purpose.as_str().to_owned()),
            requested_by: because.map_or_else(String::new, |known| known.requested_by.clone()),
            approved_by: None,
            at: stop.from,
        }
    };
    term.suspensions.iter().enumerate().map(change).collect()
}

/// Until when a second person may decide what waits for one.
pub fn of_proposal(call: &Call, proposal: &Proposal, now: DateTime<Utc>) -> Option<Deadline> {
    if proposal.state != ProposalState::Pending {
        return None;
    }
    let kind = proposal.act.kind();
    let title = Text::new(
        format!("Decisione su una proposta ({kind}), bando {}", call.id),
        format!("Decision on a proposal ({kind}), call {}", call.id),
    );
    Some(Deadline {
        application: proposal.act.application(),
        stated_at: proposal.requested_at,
        standing: standing(proposal.expires_at, now),
        ..plain(
            call,
            Subject::Proposal(proposal.id),
            title,
            proposal.expires_at,
        )
    })
}

/// One that nothing has happened to.
fn plain(call: &Call, subject: Subject, title: Text, at: DateTime<Utc>) -> Deadline {
    Deadline {
        call: call.id.clone(),
        subject,
        consortium: None,
        application: None,
        title,
        zone: call.terms.window.zone,
        at,
        edge: Edge::InTime,
        act: None,
        standing: Standing::Running,
        sequence: 0,
        stated_at: call.terms.window.opens_at,
        changes: Vec::new(),
    }
}

fn unless_cancelled(deadline: Deadline, call: &Call, trail: &Trail) -> Deadline {
    if call.state != State::Cancelled {
        return deadline;
    }
    Deadline {
        standing: Standing::Cancelled,
        sequence: deadline.sequence + 1,
        stated_at: trail.cancelled_at().unwrap_or(deadline.stated_at),
        ..deadline
    }
}

fn standing(at: DateTime<Utc>, now: DateTime<Utc>) -> Standing {
    if now > at {
        Standing::Passed
    } else {
        Standing::Running
    }
}

fn titled(call: &Call, it: &str, en: &str) -> Text {
    let title = &call.terms.title;
    Text::new(format!("{it}: {}", title.it), format!("{en}: {}", title.en))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
