//! The model: a call and its applications as plain data, written for this test from what the
//! reasons and the contract say, and not from the daemon's own rules.

mod asked;
mod check;
mod decisions;
mod drafts;
mod evaluating;

use std::collections::BTreeMap;

use bando_proto::v1::{ApplicationState, CallState, ClarificationState, EvaluationState};
use bando_tests::daemon::opens_at;
use chrono::{DateTime, TimeDelta, Utc};

use super::acts::{Act, CONSORTIA, EVALUATORS, RULES, closes_at};
use decisions::{Pending, Ranking};

/// What somebody is answered: nothing, or the reason of the refusal.
pub(super) type Answer = Result<(), &'static str>;

/// The act is about something that is not there, so that nobody can be asked.
pub(super) const NOTHING_YET: &str = "NOTHING_YET";

/// What a consortium was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) state: ClarificationState,
    answered: [bool; 2],
    answers: usize,
    due_at: Option<DateTime<Utc>>,
    letter_delivered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) state: EvaluationState,
    replaced: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Paper {
    pub(super) state: ApplicationState,
    complete: bool,
    /// Whether title and summary were changed since the draft was made.
    parts_changed: [bool; 2],
    /// Whether anything was.
    changed: bool,
    submissions: usize,
    late_attempts: i32,
    findings: [Option<bool>; RULES.len()],
    pub(super) asked: Vec<Asked>,
    pub(super) sheets: [Option<Sheet>; EVALUATORS.len()],
    amount_cents: i64,
    /// How many letters of each kind its events promised.
    pub(super) letters: BTreeMap<&'static str, usize>,
    /// Receipts of submissions and answers, each with a protocol number.
    pub(super) numbers: usize,
}

impl Paper {
    fn promise(&mut self, letter: &'static str) {
        *self.letters.entry(letter).or_default() += 1;
    }
}

/// What an application looks like from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) state: ApplicationState,
    pub(super) receipts: usize,
    pub(super) late_attempts: i32,
    pub(super) amount_cents: i64,
    pub(super) asked: Vec<ClarificationState>,
    pub(super) sheets: Vec<Option<EvaluationState>>,
}

/// What everybody may look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Visible {
    pub(super) call: CallState,
    pub(super) papers: Vec<Option<Seen>>,
}

#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) now: DateTime<Utc>,
    call: CallState,
    registered: [bool; CONSORTIA],
    pub(super) papers: [Option<Paper>; CONSORTIA],
    publication: Option<Pending>,
    rankings: u32,
    /// The last version computed, with its proposal.
    ranking: Option<(Pending, Ranking)>,
    in_force: Option<Ranking>,
    /// The last award proposed, and the version it is about.
    award: Option<(Pending, u32)>,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            now: opens_at() - TimeDelta::hours(1),
            call: CallState::Draft,
            registered: [false; CONSORTIA],
            papers: [const { None }; CONSORTIA],
            publication: None,
            rankings: 0,
            ranking: None,
            in_force: None,
            award: None,
        }
    }

    pub(super) fn visible(&self) -> Visible {
        let shown = |paper: &Paper| Seen {
            state: paper.state,
            receipts: paper.submissions,
            late_attempts: paper.late_attempts,
            amount_cents: paper.amount_cents,
            asked: paper.asked.iter().map(|asked| asked.state).collect(),
            sheets: paper
                .sheets
                .iter()
                .map(|sheet| sheet.map(|sheet| sheet.state))
                .collect(),
        };
        let papers = self.papers.iter();
        Visible {
            call: self.call,
            papers: papers.map(|paper| paper.as_ref().map(shown)).collect(),
        }
    }

    /// The instant that time goes on to: around every edge there is, else by hours and days.
    pub(super) fn next_instant(&self) -> DateTime<Utc> {
        if self.call == CallState::Draft {
            return self.now + TimeDelta::seconds(10);
        }
        let (opens, closes) = (opens_at(), closes_at());
        let mut edges = vec![
            opens,
            opens + TimeDelta::days(1),
            closes - TimeDelta::hours(4),
        ];
        let asked = self.papers.iter().flatten().flat_map(|paper| &paper.asked);
        let due = asked.filter_map(|asked| asked.due_at);
        for end in due.chain([closes]) {
            edges.extend([
                end,
                end + TimeDelta::microseconds(1),
                end + TimeDelta::seconds(60),
            ]);
        }
        let next = edges.into_iter().filter(|edge| *edge > self.now).min();
        next.unwrap_or(self.now + TimeDelta::hours(17))
    }

    pub(super) fn step(&mut self, act: Act) -> Answer {
        match act {
            Act::Turn => {
                self.turn();
                Ok(())
            }
            Act::Restart | Act::Repeat => Ok(()),
            Act::RepeatOther => Err("REQUEST_ID_REUSED"),
            Act::Propose(step) => self.propose(step),
            Act::Approve(step) => self.approve(step, false),
            Act::ApproveOwn(step) => self.approve(step, true),
            Act::Reject(step) => self.reject(step),
            Act::Register(who) => {
                if self.registered[who] {
                    return Err("CONSORTIUM_EXISTS");
                }
                self.registered[who] = true;
                Ok(())
            }
            Act::Create { who, complete } => self.create(who, complete),
            Act::Edit { who, part, stale } => self.edit(who, part, stale),
            Act::Submit { who, stale } => self.submit(who, stale),
            Act::Withdraw { who, stale } => self.withdraw(who, stale),
            Act::OpenCheck(who) => self.open_check(who),
            Act::Find { who, rule, passed } => self.find(who, rule, passed),
            Act::Conclude(who) => self.conclude(who),
            Act::Reopen(who) => self.reopen(who),
            Act::Ask(who) => self.ask(who),
            Act::Deliver(who) => self.deliver(who),
            Act::Answer { who, items } => self.answer(who, items),
            Act::AcceptAnswer(who) => self.accept_answer(who),
            Act::TakeBack(who) => self.take_back(who),
            Act::Assign(who, evaluator) => self.assign(who, evaluator),
            Act::Read(who, evaluator) => self.read(who, evaluator),
            Act::Declare(who, evaluator) => self.declare(who, evaluator),
            Act::DeclareConflict(who, evaluator) => self.declare_conflict(who, evaluator),
            Act::Score(who, evaluator) => self.score(who, evaluator),
            Act::Exclude(who, evaluator) => self.exclude(who, evaluator),
            Act::Reassign { who, from, to } => self.reassign(who, from, to),
        }
    }

    fn paper(&mut self, who: usize) -> Result<&mut Paper, &'static str> {
        self.papers[who].as_mut().ok_or(NOTHING_YET)
    }

    fn turn(&mut self) {
        self.now = self.next_instant();
        if self.call == CallState::Published && self.now >= opens_at() {
            self.call = CallState::Open;
        }
        if self.call == CallState::Open && self.now > closes_at() {
            self.call = CallState::Closed;
        }
        let now = self.now;
        let drafts_end = closes_at() + TimeDelta::seconds(60);
        for paper in self.papers.iter_mut().flatten() {
            if now >= drafts_end && paper.state == ApplicationState::Draft {
                paper.state = ApplicationState::Lapsed;
                paper.changed = true;
                paper.promise("lapsed");
            }
            asked::end_terms(paper, now);
        }
        self.expire_proposals();
    }

    fn all_in(&self, state: ApplicationState) -> Vec<usize> {
        let is_in = |who: &usize| self.papers[*who].as_ref().is_some_and(|p| p.state == state);
        (0..CONSORTIA).filter(is_in).collect()
    }
}

fn expect(actual: ApplicationState, required: ApplicationState) -> Answer {
    if actual == required {
        Ok(())
    } else {
        Err("APPLICATION_STATE")
    }
}
