//! Two approvers and the last 100,000 EUR of a call.

use bando_domain::actor::Role;
use bando_domain::allocation::allocate;
use bando_domain::application::{self, Application, State as ApplicationState};
use bando_domain::award::{self, Award};
use bando_domain::call::{self, Call, State as CallState};
use bando_domain::ids::{ApplicationId, AwardId, CallId, ConsortiumId, ProposalId, RankingId};
use bando_domain::money::Eur;
use bando_domain::proposal::{self, Act, Proposal};
use bando_domain::ranking::{Candidate, Placed, Ranked};
use bando_domain::ranking_version::{self, RankingVersion, State as RankingState};
use bando_domain::receipt::sha256_hex;
use bando_domain::scoring::Score;
use bando_store::{Error, Tx, Versioned, applications, awards, calls, letters, record};
use bando_tests::seed::Dice;
use bando_workflow::{applications as use_applications, awards as use_awards, proposals};
use tempfile::TempDir;

use super::{Track, at_once, every_seed, no_consequences, person};
use crate::store_contract::fixture::{Backend, act, all, now};

const BUDGET: Eur = Eur::euros(350_000);
/// What the first place takes; the two after it want what is left, and it is enough for one.
const FIRST: Eur = Eur::euros(250_000);
const LAST: Eur = Eur::euros(100_000);

/// The kinds of races: five of two people, and one of two writers past every rule.
const KINDS: u64 = 6;

/// A call one decision before its award: two versions of the ranking, which give the last money
/// to one or to the other, and what waits for approval.
#[derive(Clone)]
struct Stage {
    call: CallId,
    consortia: Vec<ConsortiumId>,
    /// First, one, other.
    applications: Vec<Versioned<Application>>,
    rankings: [RankingId; 2],
    award: Versioned<Proposal>,
    second_ranking: Versioned<Proposal>,
}

async fn stage(track: &Track, seed: u64) -> Stage {
    let call = track.call_id(seed);
    let mut terms = track.bed.call.value.terms.clone();
    terms.budget = BUDGET;
    let consortia = track.consortia.clone();
    let staged = track.bed.store.write(act(), async move |tx: &Tx| {
        let loaded = call::Event::Loaded {
            id: call.clone(),
            terms: Box::new(terms),
        };
        // Of its history only what the race stands on.
        let known = record::<Call>(tx, None, &loaded, no_consequences()).await?;
        let closed = call::Event::Closed;
        let known = record(tx, Some(known), &closed, no_consequences()).await?;
        let mut applications = Vec::new();
        for consortium in &consortia {
            applications.push(admissible(tx, &call, *consortium).await?);
        }
        let [first, one, other] = [0, 1, 2].map(|place: usize| applications[place].value.id);
        let in_force = ranking(
            tx,
            &known.value,
            1,
            [(first, FIRST), (one, LAST), (other, LAST)],
        );
        let mut in_force = in_force.await?;
        let put = ranking_version::Event::PutInForce;
        in_force = record(tx, Some(in_force), &put, no_consequences()).await?;
        let ranked = call::Event::Ranked {
            ranking: in_force.value.id,
        };
        let known = record(tx, Some(known), &ranked, no_consequences()).await?;
        let next = ranking(
            tx,
            &known.value,
            2,
            [(first, FIRST), (other, LAST), (one, LAST)],
        );
        let next = next.await?;
        let award = propose_award(tx, &in_force.value, "DD 1/2016", "chiara.rossi").await?;
        let act = Act::Ranking {
            ranking: next.value.id,
        };
        let payload = next.value.payload_sha256()?;
        let second_ranking = propose(tx, &call, act, payload, "chiara.rossi").await?;
        Ok::<_, Error>(Stage {
            call,
            consortia,
            applications,
            rankings: [in_force.value.id, next.value.id],
            award,
            second_ranking,
        })
    });
    staged.await.unwrap()
}

async fn admissible(
    tx: &Tx,
    call: &CallId,
    consortium: ConsortiumId,
) -> Result<Versioned<Application>, Error> {
    let drafted = application::Event::Drafted {
        id: ApplicationId(tx.new_id()),
        call: call.clone(),
        consortium,
    };
    let draft = record::<Application>(tx, None, &drafted, no_consequences()).await?;
    let found = application::Event::FoundAdmissible;
    record(tx, Some(draft), &found, no_consequences()).await
}

async fn ranking(
    tx: &Tx,
    call: &Call,
    version: u32,
    order: [(ApplicationId, Eur); 3],
) -> Result<Versioned<RankingVersion>, Error> {
    let placed = |(position, (application, grant))| Placed {
        position,
        candidate: Candidate {
            application,
            protocol: format!("ER-2016-{position:07}"),
            received_at: now(),
            participants: 8,
            grant,
            eligible: grant,
            score: Score {
                criteria: Vec::new(),
                total: 90.into(),
            },
        },
        tie_broken_by: None,
    };
    let ranked = Ranked {
        entries: (1..).zip(order).map(placed).collect(),
        below_threshold: Vec::new(),
    };
    let allocation = allocate(&ranked, call.terms.budget, &call.terms.rules);
    let ranking = RankingVersion {
        id: RankingId(tx.new_id()),
        call: call.id.clone(),
        version,
        state: RankingState::Proposed,
        rule_set_version: call.terms.rules.version,
        budget: call.terms.budget,
        inputs_sha256: String::new(),
        inputs: None,
        computed_by: "chiara.rossi".to_owned(),
        computed_at: now(),
        ranked,
        allocation,
        replaces: None,
        annulment: None,
    };
    let event = ranking_version::Event::Computed {
        ranking: Box::new(ranking),
    };
    record(tx, None, &event, no_consequences()).await
}

async fn propose_award(
    tx: &Tx,
    ranking: &RankingVersion,
    act: &str,
    by: &str,
) -> Result<Versioned<Proposal>, Error> {
    let payload = sha256_hex(format!("{} {act}", ranking.payload_sha256()?).as_bytes());
    let wanted = Act::Award {
        ranking: ranking.id,
        act: act.to_owned(),
        publication: None,
    };
    propose(tx, &ranking.call, wanted, payload, by).await
}

async fn propose(
    tx: &Tx,
    call: &CallId,
    act: Act,
    payload: String,
    by: &str,
) -> Result<Versioned<Proposal>, Error> {
    let id = ProposalId(tx.new_id());
    let event = proposal::request(id, call.clone(), act, payload, by, now());
    record(tx, None, &event, no_consequences()).await
}

/// Whether a person approved.
async fn approves(track: Track, who: &'static str, wanted: Versioned<Proposal>) -> bool {
    let command = person(who, Role::Approver, None);
    let programme = &track.bed.programme;
    let (id, etag) = (wanted.value.id, wanted.version.to_string());
    let approved = proposals::approve(&track.cx, &command, programme, id, &etag, "").await;
    expect_explained(approved)
}

/// Puts the second ranking in force, proposes its award and has it approved; whether it came to
/// the award.
async fn awards_the_second_ranking(track: Track, stage: Stage) -> bool {
    if !approves(track.clone(), "paola.verdi", stage.second_ranking).await {
        return false;
    }
    let manager = person("marco.neri", Role::Manager, None);
    let proposed = use_awards::propose(&track.cx, &manager, &stage.call, "DD 3/2016", "").await;
    match proposed {
        Ok(proposed) => approves(track, "paola.verdi", proposed).await,
        Err(error) => expect_explained::<()>(Err(error)),
    }
}

/// Two managers ask for the award of one ranking at once: one proposal waits, and who comes second
/// is told which.
async fn both_propose(track: &Track, stage: &Stage, dice: &mut Dice) -> Versioned<Proposal> {
    let asks = async |track: Track, call: CallId, who: &'static str| {
        let manager = person(who, Role::Manager, None);
        use_awards::propose(&track.cx, &manager, &call, "DD 2/2016", "").await
    };
    let asks = |who| asks(track.clone(), stage.call.clone(), who);
    let (one, other) = at_once(dice, asks("chiara.rossi"), asks("dario.galli")).await;
    let (asked, refused) = match (one, other) {
        (Ok(asked), Err(refused)) | (Err(refused), Ok(asked)) => (asked, refused),
        both => panic!("exactly one of the two asks: {both:?}"),
    };
    let bando_workflow::Error::Exists { reason, message } = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(reason, "PROPOSAL_EXISTS");
    assert!(message.contains(&asked.value.id.to_string()), "{message}");
    asked
}

async fn rejects(track: Track, wanted: Versioned<Proposal>) -> bool {
    let command = person("paola.verdi", Role::Approver, None);
    let programme = &track.bed.programme;
    let (id, etag) = (wanted.value.id, wanted.version.to_string());
    let rejected = proposals::reject(&track.cx, &command, programme, id, &etag, "non ora").await;
    expect_explained(rejected)
}

async fn withdraws(track: Track, stage: Stage) -> bool {
    let consortium = stage.consortia[1];
    let command = person("consorzio", Role::Consortium, Some(consortium));
    let application = &stage.applications[1];
    let (id, etag) = (application.value.id, application.version.to_string());
    let (cx, call) = (&track.cx, &stage.call);
    let withdrawn = use_applications::withdraw(cx, &command, call, id, &etag, "rinuncia").await;
    expect_explained(withdrawn)
}

/// Who loses a race is told a rule or that something changed, never that the daemon failed.
fn expect_explained<T>(outcome: Result<T, bando_workflow::Error>) -> bool {
    let Err(error) = outcome else { return true };
    let explained = matches!(
        error,
        bando_workflow::Error::Refused(_) | bando_workflow::Error::Stale { .. }
    );
    assert!(explained || error.is_stale(), "{error:?}");
    false
}

/// One race; how many of the two got what they wanted.
async fn race(track: &Track, stage: &Stage, seed: u64) -> u32 {
    let mut dice = Dice::new(seed);
    let award = || approves(track.clone(), "anna.bianchi", stage.award.clone());
    let (one, other) = match seed % KINDS {
        0 => {
            let same = approves(track.clone(), "paola.verdi", stage.award.clone());
            at_once(&mut dice, award(), same).await
        }
        1 => {
            assert!(rejects(track.clone(), stage.award.clone()).await);
            let only = Box::pin(both_propose(track, stage, &mut dice)).await;
            (approves(track.clone(), "anna.bianchi", only).await, false)
        }
        2 => {
            let competing = awards_the_second_ranking(track.clone(), stage.clone());
            Box::pin(at_once(&mut dice, award(), competing)).await
        }
        3 => {
            let rejection = rejects(track.clone(), stage.award.clone());
            Box::pin(at_once(&mut dice, award(), rejection)).await
        }
        _ => {
            let withdrawal = withdraws(track.clone(), stage.clone());
            Box::pin(at_once(&mut dice, award(), withdrawal)).await
        }
    };
    u32::from(one) + u32::from(other)
}

async fn expect_within_budget(track: &Track, stage: &Stage) {
    let db = track.bed.store.read();
    let call = calls::get(db, &stage.call).await.unwrap().value;
    let granted = awards::list(db, &stage.call, None, &all())
        .await
        .unwrap()
        .rows;
    let sum: Eur = granted.iter().map(|award| award.value.amount).sum();
    assert!(sum <= BUDGET, "{sum} awarded of {BUDGET}");
    assert_eq!(track.awarded(&stage.call).await, sum.as_cents());
    let is_awarded = call.state == CallState::Awarded;
    assert_eq!(granted.len(), if is_awarded { 2 } else { 0 });
    assert!(
        granted
            .iter()
            .all(|award| Some(award.value.ranking) == call.ranking)
    );
    for application in &stage.applications {
        let id = application.value.id;
        let found = applications::get(db, id).await.unwrap().value;
        let filter = letters::Filter {
            application: Some(id),
            ..letters::Filter::default()
        };
        let told = letters::list(db, &track.bed.programme, &filter, &all())
            .await
            .unwrap()
            .rows;
        assert_eq!(
            told.len(),
            usize::from(is_awarded),
            "letters to {:?}",
            found.state
        );
        let funded = granted
            .iter()
            .filter(|award| award.value.application == id)
            .count();
        assert_eq!(
            funded,
            usize::from(found.state == ApplicationState::Awarded)
        );
    }
}

async fn two_approvers(backend: Backend) {
    let folder = TempDir::new().unwrap();
    let track = Track::lay(backend, &folder, 3).await;
    every_seed(|seed| {
        let track = track.clone();
        async move {
            let stage = stage(&track, seed).await;
            if seed % KINDS == KINDS - 1 {
                return two_writers(&track, &stage, seed).await;
            }
            let got = Box::pin(race(&track, &stage, seed)).await;
            assert_eq!(got, 1, "exactly one of the two decides");
            expect_within_budget(&track, &stage).await;
        }
    })
    .await;
    track.expect_chain().await;
}

/// The last 100,000 EUR written twice past every rule of ours: the schema holds.
async fn two_writers(track: &Track, stage: &Stage, seed: u64) {
    let writes = |place, amount, turns| writes(track.clone(), stage.clone(), place, amount, turns);
    writes(0, FIRST, 0).await.unwrap();
    let mut dice = Dice::new(seed);
    let (late, later) = (dice.below(6), dice.below(6));
    let (one, other) = (writes(1, LAST, late), writes(2, LAST, later));
    let (one, other) = at_once(&mut dice, one, other).await;
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    assert_eq!(track.awarded(&stage.call).await, BUDGET.as_cents());
}

async fn writes(
    track: Track,
    stage: Stage,
    place: usize,
    amount: Eur,
    turns: u64,
) -> Result<(), Error> {
    let position = u32::try_from(place).unwrap() + 1;
    let terms = track.bed.call.value.terms.clone();
    // On PostgreSQL two transactions meet half-way. SQLite's writer runs one closure after the
    // other and refuses one that waits: there only who comes first can differ.
    let within = match track.bed.backend {
        Backend::Postgres => turns,
        Backend::Sqlite => 0,
    };
    super::after(turns - within, async {}).await;
    let written = track.bed.store.write(act(), async move |tx: &Tx| {
        let award = Award {
            id: AwardId(tx.new_id()),
            call: stage.call,
            application: stage.applications[place].value.id,
            consortium: stage.consortia[place],
            ranking: stage.rankings[0],
            position,
            amount,
            full: amount,
            act: "DD 9/2016".to_owned(),
            rule_set_version: terms.rules.version,
            awarded_at: now(),
            acceptance_days: terms.acceptance_days,
        };
        let event = award::Event::Granted {
            award: Box::new(award),
        };
        super::after(within, async {}).await;
        record::<Award>(tx, None, &event, no_consequences()).await?;
        super::after(within, async {}).await;
        Ok::<_, Error>(())
    });
    written.await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_approvers_never_award_the_last_money_twice_on_sqlite() {
    two_approvers(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_approvers_never_award_the_last_money_twice_on_postgresql() {
    two_approvers(Backend::Postgres).await;
}
