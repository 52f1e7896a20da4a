//! Awards: proposed by one person under an act, granted by the approval of another.

use bando_domain::actor::Actor;
use bando_domain::allocation::Outcome;
use bando_domain::application::{self, Placement, State as ApplicationState};
use bando_domain::award::{Award, Event};
use bando_domain::call::{self, Call};
use bando_domain::ids::{ApplicationId, AwardId, CallId, ProposalId};
use bando_domain::letter::LetterWanted;
use bando_domain::proposal::{self, Act, Proposal};
use bando_domain::ranking::Candidate;
use bando_domain::ranking_version::RankingVersion;
use bando_store::{
    Consequences, Page, PageQuery, Tx, Versioned, applications, awards, consortia, proposals,
    rankings, record,
};

use crate::authority::own_only;
use crate::calls as call_cases;
use crate::context::{Command, Context};
use crate::correspondence::{self, Decided, Decision};
use crate::error::Error;
use crate::proposals::award_payload;

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
    let found = awards::list(cx.store.read(), &call.id, own_only(actor)?, page).await?;
    let next = found.next.clone();
    Ok(Page {
        rows: views(cx, found.rows).await?,
        next,
    })
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
        let payload_sha256 = award_payload(&ranking, act)?;
        let act = Act::Award {
            ranking: id,
            act: act.to_owned(),
        };
        let (person, at) = (command.actor.person.clone(), command.received_at);
        cx.commit(command, async move |tx: &Tx| {
            let pending = proposals::pending_about(tx, call.id.programme(), id).await?;
            if let Some(known) = pending.first() {
                return Err(Error::Exists {
                    reason: "PROPOSAL_EXISTS",
                    message: format!("proposal {} waits for approval already", known.value.id),
                });
            }
            let id = ProposalId(tx.new_id());
            let event = proposal::request(id, call.id, act, payload_sha256, &person, at);
            Ok(record(tx, None, &event, Consequences::default()).await?)
        })
        .await
    })
    .await
}

/// Grants everything an approved ranking allots: awards, places and letters in one commit.
pub(crate) async fn grant(
    tx: &Tx,
    ranking: Versioned<RankingVersion>,
    act: &str,
) -> Result<(), Error> {
    let ranking = ranking.value;
    let call = bando_store::calls::get(tx, &ranking.call).await?;
    let happened = call::award(&call.value)?;
    if call.value.ranking != Some(ranking.id) {
        return Err(outdated("another ranking is in force".to_owned()));
    }
    for entry in &ranking.allocation.entries {
        let placed = ranking
            .ranked
            .entries
            .iter()
            .find(|placed| placed.candidate.application == entry.application)
            .ok_or_else(|| outdated(format!("{} is not ranked", entry.application)))?;
        let allotted = Allotted {
            call: &call.value,
            ranking: &ranking,
            act,
            position: entry.position,
            candidate: &placed.candidate,
        };
        match entry.outcome {
            Outcome::Funded(amount) => allotted.fund(tx, amount, amount).await?,
            Outcome::FundedInPart { amount, full } => allotted.fund(tx, amount, full).await?,
            Outcome::Waiting { place } => allotted.wait(tx, place).await?,
        }
    }
    for (candidate, reason) in &ranking.ranked.below_threshold {
        let decided = Decided {
            ranking: ranking.id,
            act,
            position: None,
            score: candidate.score.total.to_string(),
            decision: Decision::BelowThreshold {
                threshold: reason.needed.to_string(),
            },
        };
        place(
            tx,
            &call.value,
            candidate.application,
            Placement::BelowThreshold,
            decided,
        )
        .await?;
    }
    record(tx, Some(call), &happened, Consequences::default()).await?;
    Ok(())
}

fn outdated(message: String) -> Error {
    Error::refused("RANKING_OUTDATED", message)
}

/// One line of the allocation about to be carried out.
struct Allotted<'a> {
    call: &'a Call,
    ranking: &'a RankingVersion,
    act: &'a str,
    position: u32,
    candidate: &'a Candidate,
}

impl Allotted<'_> {
    async fn fund(
        &self,
        tx: &Tx,
        amount: bando_domain::money::Eur,
        full: bando_domain::money::Eur,
    ) -> Result<(), Error> {
        let id = AwardId(tx.new_id());
        let placement = Placement::Awarded {
            award: id,
            position: self.position,
            amount,
            full,
        };
        let decision = if amount < full {
            Decision::InPart { amount, full }
        } else {
            Decision::Awarded {
                amount,
                eligible_cost: self.candidate.eligible,
            }
        };
        let application = self.candidate.application;
        let placed = place(
            tx,
            self.call,
            application,
            placement,
            self.decided(decision),
        )
        .await?;
        let award = Award {
            id,
            call: self.call.id.clone(),
            application,
            consortium: placed.consortium,
            ranking: self.ranking.id,
            position: self.position,
            amount,
            full,
            act: self.act.to_owned(),
            rule_set_version: self.ranking.rule_set_version,
            awarded_at: tx.cause().at,
            acceptance_days: self.call.terms.acceptance_days,
        };
        let event = Event::Granted {
            award: Box::new(award),
        };
        record::<Award>(tx, None, &event, Consequences::default()).await?;
        Ok(())
    }

    async fn wait(&self, tx: &Tx, place_on_list: u32) -> Result<(), Error> {
        let placement = Placement::Waiting {
            position: self.position,
            place: place_on_list,
        };
        let decided = self.decided(Decision::Waiting {
            place: place_on_list,
        });
        place(
            tx,
            self.call,
            self.candidate.application,
            placement,
            decided,
        )
        .await?;
        Ok(())
    }

    fn decided(&self, decision: Decision) -> Decided<'_> {
        Decided {
            ranking: self.ranking.id,
            act: self.act,
            position: Some(self.position),
            score: self.candidate.score.total.to_string(),
            decision,
        }
    }
}

/// Gives an application its place and its letter.
async fn place(
    tx: &Tx,
    call: &Call,
    id: ApplicationId,
    placement: Placement,
    decided: Decided<'_>,
) -> Result<application::Application, Error> {
    let before = applications::get(tx, id).await?;
    if before.value.state != ApplicationState::Admissible {
        return Err(outdated(format!(
            "application {} is {} since the ranking was computed: compute it again",
            before.value.label(),
            before.value.state.as_str()
        )));
    }
    let owner = consortia::get(tx, before.value.consortium).await?.value;
    let letter: LetterWanted = correspondence::outcome(call, &owner, &before.value, decided);
    let event = application::place(&before.value, placement)?;
    let placed = record(
        tx,
        Some(before),
        &event,
        Consequences::letters(vec![letter]),
    )
    .await?;
    Ok(placed.value)
}
