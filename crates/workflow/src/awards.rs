//! Awards: proposed by one person under an act, granted by the approval of another.

use std::collections::HashMap;

use bando_domain::actor::Actor;
use bando_domain::allocation::Outcome;
use bando_domain::application::{self, Application, Placement, State as ApplicationState};
use bando_domain::award::{self, Award, Event};
use bando_domain::call::{self, Call};
use bando_domain::ids::{ApplicationId, AwardId, CallId};
use bando_domain::letter::LetterWanted;
use bando_domain::proposal::{Act, Proposal, Publication};
use bando_domain::ranking::Candidate;
use bando_domain::ranking_version::RankingVersion;
use bando_store::{
    Consequences, Page, PageQuery, Tx, Versioned, applications, awards, consortia, rankings, record,
};

use crate::authority::own_only;
use crate::calls as call_cases;
use crate::context::{Command, Context};
use crate::correspondence::{self, Decided, Decision};
use crate::error::Error;
use crate::proposals::{self, award_payload};
use crate::results;

/// An award as it is shown.
#[derive(Debug, Clone)]
pub struct View {
    pub award: Versioned<Award>,
    pub consortium_title: String,
    /// Number of its ranking, for its name.
    pub ranking_number: u32,
}

pub async fn get(cx: &Context, actor: &Actor, call: &CallId, id: AwardId) -> Result<View, Error> {
    let hidden = || Error::NotFound(format!("award {id}"));
    if !actor.sees_programme(call.programme()) {
        return Err(hidden());
    }
    let found = awards::get(cx.store.read(), id).await?;
    if found.value.call != *call || !actor.sees_consortium(found.value.consortium) {
        return Err(hidden());
    }
    if are_held(cx, actor, call).await? {
        return Err(hidden());
    }
    let mut shown = views(cx, vec![found]).await?;
    shown.pop().ok_or_else(hidden)
}

pub async fn list(
    cx: &Context,
    actor: &Actor,
    call: &CallId,
    page: &PageQuery,
) -> Result<Page<View>, Error> {
    let call = call_cases::get(cx, actor, call).await?.value;
    let own = own_only(actor)?;
    if are_held(cx, actor, &call.id).await? {
        return Ok(Page {
            rows: Vec::new(),
            next: None,
        });
    }
    let found = awards::list(cx.store.read(), &call.id, own, page).await?;
    let next = found.next.clone();
    Ok(Page {
        rows: views(cx, found.rows).await?,
        next,
    })
}

/// Whether awards are decided and not for this actor to see yet.
async fn are_held(cx: &Context, actor: &Actor, call: &CallId) -> Result<bool, Error> {
    if actor.sees_all_consortia() {
        return Ok(false);
    }
    let call = bando_store::calls::get(cx.store.read(), call).await?.value;
    Ok(call.holds_results())
}

async fn views(cx: &Context, found: Vec<Versioned<Award>>) -> Result<Vec<View>, Error> {
    let db = cx.store.read();
    let owners = found.iter().map(|award| award.value.consortium);
    let titles = consortia::titles(db, owners).await?;
    let mut shown = Vec::new();
    let mut known: Option<(bando_domain::ids::RankingId, u32)> = None;
    for award in found {
        let ranking = award.value.ranking;
        let number = match known {
            Some((id, number)) if id == ranking => number,
            _ => rankings::get(db, ranking).await?.value.version,
        };
        known = Some((ranking, number));
        let title = titles
            .get(&award.value.consortium)
            .cloned()
            .unwrap_or_default();
        shown.push(View {
            award,
            consortium_title: title,
            ranking_number: number,
        });
    }
    Ok(shown)
}

/// Asks a second person to award the ranking in force under an act.
pub async fn propose(
    cx: &Context,
    command: &Command,
    call: &CallId,
    act: &str,
    publish_at: &str,
) -> Result<Versioned<Proposal>, Error> {
    let act = crate::call_acts::expect_act(act)?;
    cx.once(command, || async {
        let call = call_cases::get(cx, &command.actor, call).await?.value;
        call::award(&call)?;
        let Some(id) = call.ranking else {
            return Err(Error::refused(
                "CALL_STATE",
                "the call has no ranking in force",
            ));
        };
        let ranking = rankings::get(cx.store.read(), id).await?.value;
        let publication = results::stated(&call, publish_at, command.received_at)?;
        let payload_sha256 = award_payload(&ranking, act, publication.as_ref())?;
        let act = Act::Award {
            ranking: id,
            act: act.to_owned(),
            publication,
        };
        cx.commit(command, async move |tx: &Tx| {
            proposals::request(tx, &call.id, act, payload_sha256).await
        })
        .await
    })
    .await
}

/// What the award makes of one application.
struct Line<'a> {
    candidate: &'a Candidate,
    decided: Decided<'a>,
}

/// Every line of an approved ranking, in its order; then what is below the threshold.
fn lines<'a>(ranking: &'a RankingVersion, act: &'a str) -> Result<Vec<Line<'a>>, Error> {
    let placed: HashMap<ApplicationId, &Candidate> = ranking
        .ranked
        .entries
        .iter()
        .map(|placed| (placed.candidate.application, &placed.candidate))
        .collect();
    let line = |candidate: &'a Candidate, position: Option<u32>, decision: Decision| Line {
        candidate,
        decided: Decided {
            ranking: ranking.id,
            act,
            position,
            score: candidate.score.total.to_string(),
            decision,
        },
    };
    let mut lines = Vec::new();
    for entry in &ranking.allocation.entries {
        let candidate = *placed
            .get(&entry.application)
            .ok_or_else(|| outdated(format!("{} is not ranked", entry.application)))?;
        let decision = match entry.outcome {
            Outcome::FundedInPart { amount, full } if amount < full => {
                Decision::InPart { amount, full }
            }
            Outcome::Funded(amount) | Outcome::FundedInPart { amount, .. } => Decision::Awarded {
                amount,
                eligible_cost: candidate.eligible,
            },
            Outcome::Waiting { place } => Decision::Waiting { place },
        };
        lines.push(line(candidate, Some(entry.position), decision));
    }
    for (candidate, reason) in &ranking.ranked.below_threshold {
        let threshold = reason.needed.to_string();
        lines.push(line(
            candidate,
            None,
            Decision::BelowThreshold { threshold },
        ));
    }
    Ok(lines)
}

/// Grants everything an approved ranking allots: awards and places in one commit, with their
/// letters, or with the timer that publishes them later.
pub(crate) async fn grant(
    tx: &Tx,
    ranking: Versioned<RankingVersion>,
    act: &str,
    publication: Option<&Publication>,
) -> Result<(), Error> {
    let ranking = ranking.value;
    let mut call = bando_store::calls::get(tx, &ranking.call).await?;
    let happened = call::award(&call.value)?;
    if call.value.ranking != Some(ranking.id) {
        return Err(outdated("another ranking is in force".to_owned()));
    }
    let awarded = awards::total(tx, &ranking.call).await?;
    let allotted = ranking.allocation.entries.iter();
    let allotted = allotted.map(|entry| entry.outcome.amount()).sum();
    award::expect_within(call.value.terms.budget, awarded, allotted)?;
    if let Some(publication) = publication {
        call = results::hold(tx, call, act, publication).await?;
    }
    let is_held = publication.is_some();
    for line in lines(&ranking, act)? {
        let before = applications::get(tx, line.candidate.application).await?;
        expect_admissible(&before.value)?;
        let placement = carry_out(tx, &call.value, &ranking, &line, &before.value).await?;
        let event = application::place(&before.value, placement)?;
        let letters = if is_held {
            Vec::new()
        } else {
            vec![letter(tx, &call.value, &before.value, line.decided).await?]
        };
        record(tx, Some(before), &event, Consequences::letters(letters)).await?;
    }
    record(tx, Some(call), &happened, Consequences::default()).await?;
    Ok(())
}

/// The letters that an award held back, all of them.
pub(crate) async fn letters_held(
    tx: &Tx,
    call: &Call,
    act: &str,
) -> Result<Vec<LetterWanted>, Error> {
    let Some(id) = call.ranking else {
        return Err(outdated("the call has no ranking in force".to_owned()));
    };
    let ranking = rankings::get(tx, id).await?.value;
    let mut letters = Vec::new();
    for line in lines(&ranking, act)? {
        let placed = applications::get(tx, line.candidate.application)
            .await?
            .value;
        letters.push(letter(tx, call, &placed, line.decided).await?);
    }
    Ok(letters)
}

fn outdated(message: String) -> Error {
    Error::refused("RANKING_OUTDATED", message)
}

/// The place of one line; a grant is recorded as its award.
async fn carry_out(
    tx: &Tx,
    call: &Call,
    ranking: &RankingVersion,
    line: &Line<'_>,
    application: &Application,
) -> Result<Placement, Error> {
    let position = line.decided.position.unwrap_or_default();
    let (amount, full) = match line.decided.decision {
        Decision::Awarded { amount, .. } => (amount, amount),
        Decision::InPart { amount, full } => (amount, full),
        Decision::Waiting { place } => return Ok(Placement::Waiting { position, place }),
        Decision::BelowThreshold { .. } => return Ok(Placement::BelowThreshold),
    };
    let id = AwardId(tx.new_id());
    let award = Award {
        id,
        call: call.id.clone(),
        application: application.id,
        consortium: application.consortium,
        ranking: ranking.id,
        position,
        amount,
        full,
        act: line.decided.act.to_owned(),
        rule_set_version: ranking.rule_set_version,
        awarded_at: tx.cause().at,
        acceptance_days: call.terms.acceptance_days,
    };
    let event = Event::Granted {
        award: Box::new(award),
    };
    record::<Award>(tx, None, &event, Consequences::default()).await?;
    Ok(Placement::Awarded {
        award: id,
        position,
        amount,
        full,
    })
}

fn expect_admissible(application: &Application) -> Result<(), Error> {
    if application.state == ApplicationState::Admissible {
        return Ok(());
    }
    Err(outdated(format!(
        "application {} is {} since the ranking was computed: compute it again",
        application.label(),
        application.state.as_str()
    )))
}

async fn letter(
    tx: &Tx,
    call: &Call,
    application: &Application,
    decided: Decided<'_>,
) -> Result<LetterWanted, Error> {
    let owner = consortia::get(tx, application.consortium).await?.value;
    Ok(correspondence::outcome(call, &owner, application, decided))
}
