//! Rules that change while a call runs: who would gain or lose is shown before a second person
//! confirms it, and told to everybody with a live application once it is in force.

use bando_domain::actor::Actor;
use bando_domain::application::{Application, State as ApplicationState};
use bando_domain::call::{self, Call};
use bando_domain::call_file;
use bando_domain::consortium::{Consortium, Profile};
use bando_domain::difference;
use bando_domain::ids::CallId;
use bando_domain::project::Project;
use bando_domain::proposal::{Act, Proposal, State};
use bando_domain::receipt::SealedContent;
use bando_domain::rule_impact::{self, Affected, Case, Judged};
use bando_domain::rules::RuleSet;
use bando_store::{
    Consequences, Db, Tx, Versioned, applications, consortia, evaluations, programmes, record,
};
use chrono::{DateTime, NaiveDate, Utc};

use crate::call_acts::{all_in, applied};
use crate::calls;
use crate::context::{Command, Context};
use crate::correspondence;
use crate::error::Error;
use crate::proposals;

/// Every version of a call's rules, oldest first; the last one is in force.
pub async fn list(cx: &Context, actor: &Actor, call: &CallId) -> Result<Vec<RuleSet>, Error> {
    let call = calls::get(cx, actor, call).await?.value;
    Ok(call.rule_sets().cloned().collect())
}

/// Asks a second person to put the rules of a file in force.
pub async fn propose(
    cx: &Context,
    command: &Command,
    id: &CallId,
    etag: &str,
    file_name: &str,
    file: &str,
) -> Result<Versioned<Proposal>, Error> {
    cx.once(command, || async {
        let before = calls::get(cx, &command.actor, id).await?;
        cx.expect_etag(&before, etag).await?;
        let call = before.value;
        let programme = programmes::get(cx.store.read(), id.programme()).await?;
        let rules = call_file::parse_rules(file_name, file, &programme.value, &call.terms)
            .map_err(calls::mistakes)?;
        let scored = evaluations::count_scored(cx.store.read(), id).await?;
        let at = command.received_at;
        call::propose_rules(&call, &rules, scored, day(&call, at))?;
        let act = Act::RuleChange {
            differences: difference::of_rules(&call.terms.rules, &rules)?,
            affected: affected(cx.store.read(), &call, &rules, at).await?,
            rules: Box::new(rules),
        };
        cx.commit(command, async move |tx: &Tx| {
            proposals::ask(tx, &call, act).await
        })
        .await
    })
    .await
}

/// The same proposal with whom it would affect as things are now, while it waits.
pub async fn as_of_now(cx: &Context, mut proposal: Proposal) -> Result<Proposal, Error> {
    if proposal.state != State::Pending {
        return Ok(proposal);
    }
    if let Act::RuleChange {
        rules,
        affected: known,
        ..
    } = &mut proposal.act
    {
        let call = bando_store::calls::get(cx.store.read(), &proposal.call).await?;
        *known = affected(cx.store.read(), &call.value, rules, cx.now()).await?;
    }
    Ok(proposal)
}

/// Puts new rules in force in the commit of the approval, and tells everybody with a live
/// application what changes for it. What was decided keeps its version.
pub(crate) async fn put_in_force(
    tx: &Tx,
    before: Versioned<Call>,
    rules: &RuleSet,
) -> Result<(), Error> {
    let at = tx.cause().at;
    let id = &before.value.id;
    let scored = evaluations::count_scored(tx, id).await?;
    let event = call::change_rules(&before.value, rules, scored, day(&before.value, at))?;
    let after = applied(&before.value, &event)?;
    let in_force = &before.value.terms.rules;
    let differences = difference::of_rules(in_force, rules)?;
    let mut letters = Vec::new();
    for known in all_in(tx, id, None).await? {
        let application = known.value;
        let is_live = application.state == ApplicationState::Draft
            || rule_impact::is_live(application.state, &application.project);
        if !is_live {
            continue;
        }
        let owner = consortia::get(tx, application.consortium).await?.value;
        let judged = judged(tx, &before.value, rules, &application, &owner, at).await?;
        letters.push(correspondence::rules_changed(
            &after,
            &owner,
            &application,
            &differences,
            judged.as_ref(),
        ));
    }
    record(tx, Some(before), &event, Consequences::letters(letters)).await?;
    Ok(())
}

/// Applications that are admissible by a check under earlier rules which the rules in force would
/// judge otherwise: they must be checked again before they are ranked.
pub(crate) async fn outdated(cx: &Context, call: &Call) -> Result<Vec<String>, Error> {
    let in_force = &call.terms.rules;
    let mut found = Vec::new();
    for known in all_in(
        cx.store.read(),
        &call.id,
        Some(ApplicationState::Admissible),
    )
    .await?
    {
        let application = known.value;
        let Some(check) = &application.check else {
            continue;
        };
        let Some(rules) = call.rules_of(check.rule_set_version) else {
            continue;
        };
        if rules.version == in_force.version {
            continue;
        }
        let owner = consortia::get(cx.store.read(), application.consortium).await?;
        let sealed = content(cx.store.read(), &application, &owner.value).await?;
        let case = case(call, &sealed, &application, cx.now());
        let (then, now) = (
            rule_impact::judge(case, rules),
            rule_impact::judge(case, in_force),
        );
        // The ranking computes the grant from the eligible cost by itself.
        if (then.failed, then.eligible) != (now.failed, now.eligible) {
            found.push(application.label());
        }
    }
    Ok(found)
}

/// The applications that `rules` would judge differently from those in force.
async fn affected<D: Db>(
    db: &D,
    call: &Call,
    rules: &RuleSet,
    now: DateTime<Utc>,
) -> Result<Vec<Affected>, Error> {
    let mut found = Vec::new();
    for known in all_in(db, &call.id, None).await? {
        let application = known.value;
        if !rule_impact::is_live(application.state, &application.project) {
            continue;
        }
        let owner = consortia::get(db, application.consortium).await?.value;
        let Some((before, after)) = judged(db, call, rules, &application, &owner, now).await?
        else {
            continue;
        };
        if before.agrees(&after) {
            continue;
        }
        found.push(Affected {
            application: application.id,
            label: application.label(),
            consortium_title: owner.profile.name,
            state: application.state,
            before,
            after,
        });
    }
    Ok(found)
}

/// What the rules in force and the new ones make of an application; `None` for a draft that has
/// too little in it to be judged.
async fn judged<D: Db>(
    db: &D,
    call: &Call,
    rules: &RuleSet,
    application: &Application,
    owner: &Consortium,
    now: DateTime<Utc>,
) -> Result<Option<(Judged, Judged)>, Error> {
    if !rule_impact::is_live(application.state, &application.project) {
        return Ok(None);
    }
    let content = content(db, application, owner).await?;
    let case = case(call, &content, application, now);
    Ok(Some((
        rule_impact::judge(case, &call.terms.rules),
        rule_impact::judge(case, rules),
    )))
}

/// Who applies with what: the sealed copy that counts, or the working copy that has none yet.
async fn content<D: Db>(
    db: &D,
    application: &Application,
    owner: &Consortium,
) -> Result<(Profile, Project), Error> {
    let Some(counted) = application.counted() else {
        return Ok((owner.profile.clone(), application.project.clone()));
    };
    let sealed = applications::sealed_content(db, application.id, counted.number).await?;
    let content: SealedContent = serde_json::from_str(&sealed)?;
    Ok((content.consortium, content.project))
}

fn case<'a>(
    call: &Call,
    (profile, project): &'a (Profile, Project),
    application: &Application,
    now: DateTime<Utc>,
) -> Case<'a> {
    let counted = application.counted();
    Case {
        profile,
        project,
        received_at: counted.map_or(now, |sealed| sealed.received_at),
        zone: call.terms.window.zone,
    }
}

fn day(call: &Call, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&call.terms.window.zone.tz()).date_naive()
}
