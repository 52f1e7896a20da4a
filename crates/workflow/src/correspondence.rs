//! Which letter each act causes, to whom, with which facts and under which key.

mod asked;

use bando_domain::application::{Application, Submission};
use bando_domain::call::{Call, Cancellation};
use bando_domain::consortium::Consortium;
use bando_domain::difference::Difference;
use bando_domain::eligibility::{Finding, Verdict};
use bando_domain::event::Personal;
use bando_domain::identifiers::EmailAddress;
use bando_domain::ids::{CallId, EventId, RankingId};
use bando_domain::letter::{DigestLine, Facts, LetterWanted, Outcome, Reason, Recipient};
use bando_domain::money::Eur;
use bando_domain::programme::Programme;
use bando_domain::rule_impact::Judged;
use chrono::{DateTime, NaiveDate, Utc};

pub(crate) use asked::*;

pub(crate) fn call_opened(call: &Call, consortium: &Consortium) -> LetterWanted {
    let (terms, rules) = (&call.terms, &call.terms.rules);
    LetterWanted {
        key: format!("call_opened/{}/{}", call.id, consortium.id),
        programme: call.id.programme().clone(),
        call: Some(call.id.clone()),
        application: None,
        recipient: recipient(consortium),
        facts: Facts::CallOpened {
            opens_at: terms.window.opens_at,
            closes_at: terms.window.closes_at,
            act: terms.act.clone(),
            budget: terms.budget,
            rate_basis_points: rules.rate.0,
            min_grant: rules.min_grant,
            max_grant: rules.max_grant,
        },
        not_after: Some(terms.window.closes_at),
    }
}

pub(crate) fn call_extended(
    call: &Call,
    consortium: &Consortium,
    application: &Application,
    (was, reopened): (DateTime<Utc>, bool),
    act: &str,
) -> LetterWanted {
    let closes_at = call.terms.window.closes_at;
    let number = call.terms.window.extensions.len();
    LetterWanted {
        not_after: Some(closes_at),
        ..about(
            format!("call_extended/{}/{number}", application.id),
            consortium,
            application,
            Facts::CallExtended {
                application: application.label(),
                project: project(application),
                was,
                closes_at,
                act: act.to_owned(),
                reopened,
            },
        )
    }
}

/// `call` as it is once suspended.
pub(crate) fn call_suspended(
    call: &Call,
    consortium: &Consortium,
    application: &Application,
    since: DateTime<Utc>,
    reason: &str,
) -> LetterWanted {
    let number = call.terms.window.outages.len();
    about(
        format!("call_suspended/{}/{number}", application.id),
        consortium,
        application,
        Facts::CallSuspended {
            application: application.label(),
            project: project(application),
            since,
            reason: reason.to_owned(),
        },
    )
}

/// `call` as it is once resumed.
pub(crate) fn call_resumed(
    call: &Call,
    consortium: &Consortium,
    application: &Application,
    was: DateTime<Utc>,
    act: &str,
) -> LetterWanted {
    let window = &call.terms.window;
    let number = window.outages.len();
    let outage = window.outages.last();
    let since = outage.map_or(was, |outage| outage.from);
    about(
        format!("call_resumed/{}/{number}", application.id),
        consortium,
        application,
        Facts::CallResumed {
            application: application.label(),
            project: project(application),
            since,
            until: outage.and_then(|outage| outage.until).unwrap_or(since),
            was,
            closes_at: window.closes_at,
            act: act.to_owned(),
        },
    )
}

pub(crate) fn call_cancelled(
    consortium: &Consortium,
    application: &Application,
    cancellation: &Cancellation,
) -> LetterWanted {
    about(
        format!("call_cancelled/{}", application.id),
        consortium,
        application,
        Facts::CallCancelled {
            application: application.label(),
            project: project(application),
            act: cancellation.act.clone(),
            reason: cancellation.reason.clone(),
        },
    )
}

/// `judged` by the old and by the new rules, where there is enough in it to say.
pub(crate) fn rules_changed(
    call: &Call,
    consortium: &Consortium,
    application: &Application,
    differences: &[Difference],
    judged: Option<&(Judged, Judged)>,
) -> LetterWanted {
    let rules = &call.terms.rules;
    let failed = judged.map(|(before, after)| {
        let new = after
            .failed
            .iter()
            .filter(|rule| !before.failed.contains(rule));
        new.cloned().collect()
    });
    about(
        format!("rules_changed/{}/{}", application.id, rules.version),
        consortium,
        application,
        Facts::RulesChanged {
            application: application.label(),
            project: project(application),
            version: rules.version,
            act: rules.act.clone(),
            effective_on: rules.effective_on,
            differences: differences.iter().map(difference_line).collect(),
            grant_before: judged.map(|(before, _)| before.grant),
            grant_after: judged.map(|(_, after)| after.grant),
            failed: failed.unwrap_or_default(),
        },
    )
}

/// One value that differs, as `key: before → after`.
pub(crate) fn difference_line(found: &Difference) -> String {
    let side = |text: &str| if text.is_empty() { "–" } else { text }.to_owned();
    format!(
        "{}: {} → {}",
        found.key,
        side(&found.before),
        side(&found.after)
    )
}

pub(crate) fn receipt(
    call: &Call,
    consortium: &Consortium,
    application: &Application,
    submission: &Submission,
) -> LetterWanted {
    about(
        format!("receipt/{}/{}", application.id, submission.number),
        consortium,
        application,
        Facts::Receipt {
            application: submission.protocol().to_owned(),
            project: project(application),
            protocol: submission.protocol().to_owned(),
            received_at: submission.received_at,
            content_sha256: submission.receipt.statement.content_sha256.clone(),
            closes_at: call.terms.window.closes_at,
        },
    )
}

pub(crate) fn lapsed(
    call: &Call,
    consortium: &Consortium,
    application: &Application,
) -> LetterWanted {
    about(
        format!("lapsed/{}{}", application.id, again(call)),
        consortium,
        application,
        Facts::Lapsed {
            application: application.label(),
            project: project(application),
            closes_at: call.terms.window.closes_at,
        },
    )
}

pub(crate) fn late_refusal(
    call: &Call,
    consortium: &Consortium,
    application: &Application,
    event: EventId,
    received_at: DateTime<Utc>,
) -> LetterWanted {
    about(
        format!("late_refusal/{event}"),
        consortium,
        application,
        Facts::LateRefusal {
            application: application.label(),
            project: project(application),
            received_at,
            closes_at: call.terms.window.closes_at,
        },
    )
}

pub(crate) fn inadmissible(
    call: &Call,
    consortium: &Consortium,
    application: &Application,
    findings: &[Finding],
    on_observations: &str,
) -> LetterWanted {
    let failed = findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Failed);
    let reasons = failed.map(|finding| Reason {
        rule: finding.rule.clone(),
        explanation: finding.explanation.clone(),
    });
    about(
        inadmissible_key(application),
        consortium,
        application,
        Facts::Inadmissible {
            application: application.label(),
            project: project(application),
            protocol: application.label(),
            reasons: reasons.collect(),
            act: call.terms.act.clone(),
            on_observations: on_observations.to_owned(),
        },
    )
}

/// Each conclusion of a check that was opened again is told by itself.
pub(crate) fn inadmissible_key(application: &Application) -> String {
    match application.reopened_checks {
        0 => format!("inadmissible/{}", application.id),
        number => format!("inadmissible/{}/reopened-{number}", application.id),
    }
}

/// Takes back what an earlier letter said of an inadmissible application.
pub(crate) fn check_reopened(
    consortium: &Consortium,
    application: &Application,
    reason: &str,
) -> LetterWanted {
    let number = application.reopened_checks + 1;
    about(
        format!("check_reopened/{}/{number}", application.id),
        consortium,
        application,
        Facts::CheckReopened {
            application: application.label(),
            project: project(application),
            protocol: application.label(),
            reason: reason.to_owned(),
        },
    )
}

/// The receipt of what was admitted though it came late.
pub(crate) fn late_admission(
    call: &Call,
    consortium: &Consortium,
    application: &Application,
    submission: &Submission,
    (act, reason): (&str, &str),
) -> LetterWanted {
    about(
        format!("late_admission/{}/{}", application.id, submission.number),
        consortium,
        application,
        Facts::LateAdmission {
            application: submission.protocol().to_owned(),
            project: project(application),
            protocol: submission.protocol().to_owned(),
            received_at: submission.received_at,
            closes_at: call.terms.window.closes_at,
            content_sha256: submission.receipt.statement.content_sha256.clone(),
            act: act.to_owned(),
            reason: reason.to_owned(),
        },
    )
}

/// What the award makes of one application, for its letter.
pub(crate) enum Decision {
    Awarded { amount: Eur, eligible_cost: Eur },
    InPart { amount: Eur, full: Eur },
    Waiting { place: u32 },
    BelowThreshold { threshold: String },
}

pub(crate) struct Decided<'a> {
    pub(crate) ranking: RankingId,
    pub(crate) act: &'a str,
    pub(crate) position: Option<u32>,
    pub(crate) score: String,
    pub(crate) decision: Decision,
}

pub(crate) fn outcome(
    call: &Call,
    consortium: &Consortium,
    application: &Application,
    decided: Decided<'_>,
) -> LetterWanted {
    let outcome = Outcome {
        application: application.label(),
        project: project(application),
        protocol: application.label(),
        position: decided.position,
        score: decided.score,
        act: decided.act.to_owned(),
    };
    let acceptance_days = call.terms.acceptance_days;
    let facts = match decided.decision {
        Decision::Awarded {
            amount,
            eligible_cost,
        } => Facts::Awarded {
            outcome,
            amount,
            eligible_cost,
            acceptance_days,
        },
        Decision::InPart { amount, full } => Facts::AwardedInPart {
            outcome,
            amount,
            full_grant: full,
            acceptance_days,
        },
        Decision::Waiting { place } => Facts::WaitingList { outcome, place },
        Decision::BelowThreshold { threshold } => Facts::BelowThreshold { outcome, threshold },
    };
    about(
        format!("outcome/{}/{}", application.id, decided.ranking),
        consortium,
        application,
        facts,
    )
}

/// What the officers' digest counts beside the calls.
pub(crate) struct DigestCounts {
    pub(crate) letters_failed: u64,
    pub(crate) letters_uncertain: u64,
    pub(crate) timers_parked: u64,
    pub(crate) proposals_pending: u64,
    pub(crate) documents_infected: u64,
    pub(crate) fires_failed: u64,
}

/// One digest letter per officer's address; `mark` tells one that was asked for from the day's own.
pub(crate) fn digests(
    programme: &Programme,
    on: NaiveDate,
    mark: &str,
    calls: &[DigestLine],
    counts: &DigestCounts,
) -> Vec<LetterWanted> {
    let facts = Facts::OfficersDigest {
        on,
        calls: calls.to_vec(),
        letters_failed: counts.letters_failed,
        letters_uncertain: counts.letters_uncertain,
        timers_parked: counts.timers_parked,
        proposals_pending: counts.proposals_pending,
        documents_infected: counts.documents_infected,
        fires_failed: counts.fires_failed,
    };
    to_officers(programme, &format!("{on}{mark}"), None, &facts)
}

/// One letter per officer's address, under the kind of its facts and `key`.
pub(crate) fn to_officers(
    programme: &Programme,
    key: &str,
    call: Option<&CallId>,
    facts: &Facts,
) -> Vec<LetterWanted> {
    let (kind, id) = (facts.kind().as_str(), &programme.id);
    let letter = |address: &EmailAddress| LetterWanted {
        key: format!("{kind}/{id}/{key}/{}", address.as_str()),
        programme: programme.id.clone(),
        call: call.cloned(),
        application: None,
        recipient: officer(programme, address),
        facts: facts.clone(),
        not_after: None,
    };
    programme.officers.iter().map(letter).collect()
}

/// The office at one of its officers' addresses.
pub(crate) fn officer(programme: &Programme, address: &EmailAddress) -> Recipient {
    let name = programme.authority.in_language(programme.language);
    Recipient {
        name: name.to_owned(),
        address: Personal::new(address.as_str()),
        language: programme.language,
        consortium: None,
    }
}

/// The same distance from a later close is another occurrence.
fn again(call: &Call) -> String {
    match call.terms.window.extensions.len() {
        0 => String::new(),
        number => format!("/extended-{number}"),
    }
}

fn about(
    key: String,
    consortium: &Consortium,
    application: &Application,
    facts: Facts,
) -> LetterWanted {
    LetterWanted {
        key,
        programme: application.call.programme().clone(),
        call: Some(application.call.clone()),
        application: Some(application.id),
        recipient: recipient(consortium),
        facts,
        not_after: None,
    }
}

pub(crate) fn recipient(consortium: &Consortium) -> Recipient {
    Recipient {
        name: consortium.profile.name.clone(),
        address: consortium.contact.email.clone(),
        language: consortium.contact.language,
        consortium: Some(consortium.id),
    }
}

pub(crate) fn project(application: &Application) -> String {
    application.project.title.clone()
}
