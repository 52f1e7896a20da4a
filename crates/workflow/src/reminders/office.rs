//! What waits for the office in a call, case by case.

use std::collections::HashMap;

use bando_domain::application::{Application, State as ApplicationState};
use bando_domain::call::Call;
use bando_domain::clarification::{Clarification, Purpose, State as Asked};
use bando_domain::ids::ApplicationId;
use bando_domain::letter::LetterState;
use bando_domain::procedure::{self, MOST_SUSPENDED_DAYS, ProcedureTerm};
use bando_domain::reminder::{About, Occurrence, Reminder, Topic};
use bando_domain::term::{civil_day, end_of_day};
use bando_store::{
    Db, PageQuery, applications, clarifications, evaluations, letters, proposals, reminders,
};
use chrono::{DateTime, Days, Utc};

use crate::call_acts::all_in;
use crate::correspondence;
use crate::error::Error;

/// Rows read at a time.
const PAGE: u64 = 500;

/// One thing that waits.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) subject: String,
    pub(super) application: Option<ApplicationId>,
    /// Since when it waits as it does: what would have come before is no reminder of it.
    since: DateTime<Utc>,
    pub(super) about: About,
}

impl Case {
    /// Its reminders in order of their instants.
    pub(super) fn occurrences(&self, reminder: &Reminder, call: &Call) -> Vec<Occurrence> {
        let mut found = reminder.around(self.about.anchor_at(), &call.terms.window);
        found.retain(|known| known.nominal_at >= self.since);
        found
    }
}

/// Everything a topic is about at `now`.
pub(super) async fn cases<D: Db>(
    db: &D,
    call: &Call,
    topic: Topic,
    now: DateTime<Utc>,
) -> Result<Vec<Case>, Error> {
    if !topic.concerns(call, now) {
        return Ok(Vec::new());
    }
    match topic {
        Topic::ProcedureEnding => procedures(db, call, now, ending).await,
        Topic::SuspensionEnding => procedures(db, call, now, suspended).await,
        Topic::DeliveryUnrecorded => undelivered(db, call).await,
        Topic::EvaluatorLate => late_evaluators(db, call).await,
        Topic::ProposalExpiring => expiring(db, call).await,
        Topic::LetterFailed => failed(db, call).await,
        Topic::CallOpens
        | Topic::NoDraft
        | Topic::DraftNotSubmitted
        | Topic::Accreditation
        | Topic::MembersBelowMinimum => Ok(Vec::new()),
    }
}

/// The applications whose procedure runs, each with what is to be said of its term.
async fn procedures<D: Db>(
    db: &D,
    call: &Call,
    now: DateTime<Utc>,
    said: impl Fn(&Call, &Application, &ProcedureTerm, DateTime<Utc>) -> Option<(DateTime<Utc>, About)>,
) -> Result<Vec<Case>, Error> {
    if now <= call.terms.window.closes_at {
        return Ok(Vec::new());
    }
    let states = [
        ApplicationState::Submitted,
        ApplicationState::UnderCheck,
        ApplicationState::Admissible,
    ];
    let mut running = Vec::new();
    for state in states {
        running.extend(all_in(db, &call.id, Some(state)).await?);
    }
    // Once all are decided, nobody looks at what was asked.
    if running.is_empty() {
        return Ok(Vec::new());
    }
    let asked = asked(db, call, None).await?;
    let mut found = Vec::new();
    for known in running {
        let application = known.value;
        let own = asked.get(&application.id).map_or(&[][..], Vec::as_slice);
        let term = procedure::of_application(call, &application, own, now);
        let told = term.and_then(|term| said(call, &application, &term, now));
        found.extend(told.map(|(since, about)| Case {
            subject: application.id.to_string(),
            application: Some(application.id),
            since,
            about,
        }));
    }
    Ok(found)
}

/// While it stands still, its end moves on from day to day and reminds nobody.
fn ending(
    _call: &Call,
    application: &Application,
    term: &ProcedureTerm,
    now: DateTime<Utc>,
) -> Option<(DateTime<Utc>, About)> {
    if term.is_suspended {
        return None;
    }
    let resumed = term.suspensions.iter().filter_map(|known| known.until);
    let about = About::ProcedureEnding {
        application: application.label(),
        project: correspondence::project(application),
        ends_at: term.ends_at,
        is_over: now > term.ends_at,
    };
    Some((resumed.max().unwrap_or(term.started_at), about))
}

/// A request stops the procedure for thirty days at most; a notice until it is observed upon.
fn suspended(
    call: &Call,
    application: &Application,
    term: &ProcedureTerm,
    now: DateTime<Utc>,
) -> Option<(DateTime<Utc>, About)> {
    let lasting = term.suspensions.iter().find(|known| {
        known.purpose == Purpose::Clarification && known.until.is_none_or(|until| until > now)
    })?;
    let zone = &call.terms.window.zone;
    let most = Days::new(u64::try_from(MOST_SUSPENDED_DAYS).unwrap_or(u64::MAX));
    let about = About::SuspensionEnding {
        application: application.label(),
        project: correspondence::project(application),
        ends_at: end_of_day(civil_day(lasting.from, zone) + most, zone),
    };
    term.is_suspended.then_some((lasting.from, about))
}

/// What was asked in a call, all of it or what is in one state, by application.
async fn asked<D: Db>(
    db: &D,
    call: &Call,
    state: Option<Asked>,
) -> Result<HashMap<ApplicationId, Vec<Clarification>>, Error> {
    let filter = clarifications::Filter {
        state,
        ..clarifications::Filter::default()
    };
    let mut page = PageQuery {
        size: PAGE,
        after: None,
    };
    let mut found: HashMap<ApplicationId, Vec<Clarification>> = HashMap::new();
    loop {
        let listed = clarifications::list(db, &call.id, &filter, &page).await?;
        for known in listed.rows {
            let own = found.entry(known.value.application).or_default();
            own.push(known.value);
        }
        match listed.next {
            Some(next) => page.after = Some(next),
            None => return Ok(found),
        }
    }
}

async fn undelivered<D: Db>(db: &D, call: &Call) -> Result<Vec<Case>, Error> {
    let mut found = Vec::new();
    for (id, waiting) in asked(db, call, Some(Asked::Requested)).await? {
        let application = applications::get(db, id).await?.value;
        if application.state != ApplicationState::UnderCheck {
            continue;
        }
        found.extend(waiting.into_iter().map(|known| Case {
            subject: known.id.to_string(),
            application: Some(id),
            since: known.requested_at,
            about: About::DeliveryUnrecorded {
                application: application.label(),
                project: correspondence::project(&application),
                requested_at: known.requested_at,
            },
        }));
    }
    found.sort_by(|one, other| one.subject.cmp(&other.subject));
    Ok(found)
}

async fn late_evaluators<D: Db>(db: &D, call: &Call) -> Result<Vec<Case>, Error> {
    let mut found = Vec::new();
    for known in evaluations::unsigned(db, &call.id).await? {
        let evaluation = known.value;
        let Some(assigned_at) = made_at(evaluation.id.0) else {
            continue;
        };
        let application = applications::get(db, evaluation.application).await?.value;
        if application.state != ApplicationState::Admissible {
            continue;
        }
        found.push(Case {
            subject: evaluation.id.to_string(),
            application: Some(application.id),
            since: assigned_at,
            about: About::EvaluatorLate {
                application: application.label(),
                project: correspondence::project(&application),
                evaluator: evaluation.evaluator,
                assigned_at,
            },
        });
    }
    Ok(found)
}

/// Ids carry the millisecond at which they were made.
fn made_at(id: uuid::Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

async fn expiring<D: Db>(db: &D, call: &Call) -> Result<Vec<Case>, Error> {
    let pending = proposals::pending_in(db, &call.id).await?;
    let case = |proposal: bando_domain::proposal::Proposal| Case {
        subject: proposal.id.to_string(),
        application: proposal.act.application(),
        since: proposal.requested_at,
        about: About::ProposalExpiring {
            proposal: proposal.id.to_string(),
            act: proposal.act.kind().to_owned(),
            requested_by: proposal.requested_by,
            expires_at: proposal.expires_at,
        },
    };
    Ok(pending.into_iter().map(|known| case(known.value)).collect())
}

async fn failed<D: Db>(db: &D, call: &Call) -> Result<Vec<Case>, Error> {
    let mut found = Vec::new();
    for id in reminders::failed_letters(db, &call.id).await? {
        let (letter, _) = letters::get(db, id).await?;
        // The last attempt was due then; a letter that came back did so at its own instant.
        let came_back = letter.delivered.as_ref().map(|notice| notice.at);
        let at = came_back.unwrap_or(letter.next_at);
        found.push(Case {
            subject: letter.id.to_string(),
            application: letter.wanted.application,
            since: at,
            about: About::LetterFailed {
                letter: letter.id.to_string(),
                kind: letter.wanted.facts.kind(),
                recipient: letter.wanted.recipient.name,
                bounced: letter.state == LetterState::Bounced,
                at,
            },
        });
    }
    Ok(found)
}
