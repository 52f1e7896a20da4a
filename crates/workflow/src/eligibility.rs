//! The formal check: data decide what they can, an officer the rest.

use bando_domain::actor::Actor;
use bando_domain::application::{self, Application, Check, Conclusion, State};
use bando_domain::budget;
use bando_domain::call::Call;
use bando_domain::clarification::{self, Item};
use bando_domain::eligibility::{self, Facts, Finding, FindingBy, Verdict};
use bando_domain::grant;
use bando_domain::ids::{ApplicationId, CallId, ClarificationId};
use bando_domain::procedure;
use bando_domain::programme::Text;
use bando_domain::receipt::SealedContent;
use bando_domain::rule_impact::with_earlier_officers;
use bando_domain::rules::RuleSet;
use bando_store::{Consequences, Tx, Versioned, applications, calls, consortia, record};
use chrono::{DateTime, Utc};

use crate::applications::{Kept, View};
use crate::authority::visible_application;
use crate::clarifications::{ask, asked_of, text_violation};
use crate::context::{Command, Context};
use crate::correspondence;
use crate::error::Error;

/// What the rules say of the working copy as it stands now.
pub async fn preview(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    id: ApplicationId,
) -> Result<Check, Error> {
    let found = visible_application(cx, actor, call, id).await?.value;
    let call = calls::get(cx.store.read(), call).await?.value;
    let owner = consortia::get(cx.store.read(), found.consortium)
        .await?
        .value;
    let now = cx.now();
    let content = SealedContent {
        application: id,
        call: call.id.clone(),
        rule_set_version: call.terms.rules.version,
        consortium: owner.profile.on(call.terms.window.zone.day(now)),
        project: found.project,
        documents: Vec::new(),
    };
    Ok(check(&content, &call, now))
}

/// Opens the check of the submission that counts: of the sealed copy, not of the working copy. Made
/// again under newer rules, it keeps what officers found where data still leave it to them.
pub async fn open(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: ApplicationId,
    etag: &str,
) -> Result<View, Error> {
    let checked: Kept = cx
        .once(command, || async {
            let before = visible_application(cx, &command.actor, call, id).await?;
            cx.expect_etag(&before, etag).await?;
            let call = calls::get(cx.store.read(), call).await?.value;
            let Some(counted) = before.value.counted().cloned() else {
                return Err(not_submitted(&before.value));
            };
            let sealed = applications::sealed_content(cx.store.read(), id, counted.number).await?;
            let content: SealedContent = serde_json::from_str(&sealed)?;
            let mut check = check(&content, &call, counted.received_at);
            if let Some(earlier) = &before.value.check {
                check.findings = with_earlier_officers(check.findings, &earlier.findings);
            }
            let event = application::open_check(&before.value, &call, check, command.received_at)?;
            cx.commit(command, async move |tx: &Tx| {
                let changed = record(tx, Some(before), &event, Consequences::default()).await?;
                Kept::of(tx, changed).await
            })
            .await
        })
        .await?;
    checked.shown(cx).await
}

fn not_submitted(application: &Application) -> Error {
    application::Refusal::WrongState {
        required: State::Submitted.as_str(),
        actual: application.state.as_str(),
    }
    .into()
}

fn check(content: &SealedContent, call: &Call, received_at: DateTime<Utc>) -> Check {
    let rules: &RuleSet = &call.terms.rules;
    let received_on = call.terms.window.zone.day(received_at);
    let findings = eligibility::check(&Facts {
        profile: &content.consortium,
        project: &content.project,
        rules,
        received_at,
        received_on,
    });
    let budget = budget::admit(&content.project, rules);
    let participants = u32::try_from(content.project.participants.len()).unwrap_or(u32::MAX);
    let grant = grant::of_project(&content.project, rules);
    Check {
        rule_set_version: rules.version,
        participants,
        findings,
        budget,
        grant,
    }
}

/// What an officer found on one rule.
#[derive(Debug, Clone)]
pub struct OfficerFinding {
    pub rule: String,
    pub passed: bool,
    pub explanation: Text,
}

/// Records what the officer found on a rule that data cannot decide.
pub async fn record_finding(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: ApplicationId,
    etag: &str,
    found: OfficerFinding,
) -> Result<View, Error> {
    let too_long = |text: &str| text.chars().count() > 2_000;
    if too_long(&found.explanation.it) || too_long(&found.explanation.en) {
        return Err(Error::invalid(
            "explanation",
            "TOO_LONG",
            "at most 2,000 characters",
        ));
    }
    if !found.passed && found.explanation.it.trim().is_empty() {
        let why = "a failed rule needs its reason: it goes into the letter";
        return Err(Error::invalid("explanation.it", "REQUIRED", why));
    }
    let found: Kept = cx
        .once(command, || async {
            let before = visible_application(cx, &command.actor, call, id).await?;
            cx.expect_etag(&before, etag).await?;
            let finding = Finding {
                rule: found.rule.clone(),
                verdict: if found.passed {
                    Verdict::Passed
                } else {
                    Verdict::Failed
                },
                by: FindingBy::Officer {
                    person: command.actor.person.clone(),
                },
                explanation: found.explanation.clone(),
            };
            let asked = asked_of(cx.store.read(), id).await?;
            let event = application::record_finding(&before.value, &asked, finding)?;
            cx.commit(command, async move |tx: &Tx| {
                let changed = record(tx, Some(before), &event, Consequences::default()).await?;
                Kept::of(tx, changed).await
            })
            .await
        })
        .await?;
    found.shown(cx).await
}

/// Ends the check; an inadmissible application gets its letter in the same commit. Where the call
/// gives notice before a rejection, the first answer is that notice and the check goes on.
pub async fn conclude(
    cx: &Context,
    command: &Command,
    call: &CallId,
    id: ApplicationId,
    etag: &str,
    reason: &str,
) -> Result<View, Error> {
    if !reason.is_empty() {
        let violation = text_violation("reason".to_owned(), reason);
        violation.map_or(Ok(()), |found| Err(Error::invalid_fields(vec![found])))?;
    }
    let concluded: Kept = cx
        .once(command, || async {
            let before = visible_application(cx, &command.actor, call, id).await?;
            cx.expect_etag(&before, etag).await?;
            let asked = asked_of(cx.store.read(), id).await?;
            let terms = calls::get(cx.store.read(), call).await?.value.terms;
            let rules = terms.procedure;
            let event = match application::conclude_check(&before.value, &rules, &asked, reason)? {
                Conclusion::Decided(event) => event,
                Conclusion::NoticeFirst(grounds) => {
                    return give_notice(cx, command, before, &rules, grounds).await;
                }
            };
            let mut letters = Vec::new();
            if let application::Event::FoundInadmissible { .. } = &event
                && let Some(check) = &before.value.check
            {
                let call = calls::get(cx.store.read(), call).await?.value;
                let owner = consortia::get(cx.store.read(), before.value.consortium)
                    .await?
                    .value;
                letters.push(correspondence::inadmissible(
                    &call,
                    &owner,
                    &before.value,
                    &check.findings,
                    reason,
                ));
            }
            cx.commit(command, async move |tx: &Tx| {
                let letters = Consequences::letters(letters);
                Kept::of(tx, record(tx, Some(before), &event, letters).await?).await
            })
            .await
        })
        .await?;
    concluded.shown(cx).await
}

/// Tells the consortium why its application would be rejected; the check goes on when the term
/// for observations is over.
async fn give_notice(
    cx: &Context,
    command: &Command,
    before: Versioned<Application>,
    rules: &procedure::Rules,
    grounds: Vec<Item>,
) -> Result<Kept, Error> {
    let (person, rules) = (command.actor.person.clone(), rules.clone());
    cx.commit(command, async move |tx: &Tx| {
        let asked = asked_of(tx, before.value.id).await?;
        let id = ClarificationId(tx.new_id());
        let by = (person.as_str(), tx.cause().at);
        let event = clarification::give_notice(id, &before.value, &rules, &asked, grounds, by)?;
        Kept::of(tx, ask(tx, before, id, &event).await?.0).await
    })
    .await
}
