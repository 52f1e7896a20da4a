//! The people of the model at the running daemon: each act is one call, answered by its reason.

mod applicants;
mod decisions;
mod evaluators;
mod officers;

use bando_daemon::samples;
use bando_proto::v1;
use bando_tests::daemon::{Applicant, CALL, TestDaemon};
use bando_tests::desk::Desk;
use bando_tests::seed::Dice;
use chrono::{DateTime, TimeDelta, Utc};
use prost::Message as _;
use tonic::Status;

use super::acts::{Act, BUDGET_CENTS, CLOSES, CONSORTIA, EVALUATORS, SHEETS, Step};
use super::reducer::{Model, NOTHING_YET, Seen, Visible};
use super::wire::{self, Mutation, Sent};
use crate::stories::reason;

/// One consortium, once registered, with its application, once it has one.
#[derive(Default)]
struct Party {
    applicant: Option<Applicant>,
    application: Option<String>,
    /// The etag of the application as it was first seen.
    first_etag: String,
}

pub(super) struct People {
    pub(super) daemon: TestDaemon,
    parties: Vec<Party>,
    /// The manager's other token, which approves.
    second_token: Desk,
    evaluators: Vec<Desk>,
    /// The last proposal of each step.
    publication: Option<String>,
    ranking: Option<String>,
    award: Option<String>,
    /// Everything that was answered, with its instant.
    sent: Vec<(DateTime<Utc>, Sent)>,
    dice: Dice,
    /// The instant of the act that is performed.
    today: DateTime<Utc>,
}

type Answer = Result<(), String>;

fn told(status: &Status) -> String {
    match reason(status) {
        reason if reason.is_empty() => format!("{status:?}"),
        reason => reason,
    }
}

fn nothing_yet<T>() -> Result<T, String> {
    Err(NOTHING_YET.to_owned())
}

impl People {
    /// The call of the sample with a small budget and fewer sheets, loaded and not published.
    pub(super) async fn move_in(daemon: TestDaemon, seed: u64) -> Self {
        let budget = format!("budget = \"{}.00\"", BUDGET_CENTS / 100);
        let sheets = format!("evaluators_per_application = {SHEETS}");
        let file = samples::CALL_2016
            .1
            .replace("budget = \"2000000.00\"", &budget)
            .replace("max_grant = \"150000.00\"", "max_grant = \"70000.00\"")
            .replace("evaluators_per_application = 3", &sheets)
            .replace("2016-05-31 16:00", CLOSES);
        daemon.load_call(&file).await.unwrap();
        let second_token = daemon.person("marco.neri", v1::Role::Approver).await;
        let mut evaluators = Vec::new();
        for person in EVALUATORS {
            evaluators.push(daemon.person(person, v1::Role::Evaluator).await);
        }
        Self {
            daemon,
            parties: (0..CONSORTIA).map(|_| Party::default()).collect(),
            second_token,
            evaluators,
            publication: None,
            ranking: None,
            award: None,
            sent: Vec::new(),
            dice: Dice::new(!seed),
            today: DateTime::UNIX_EPOCH,
        }
    }

    /// What everybody sees now.
    pub(super) async fn look(&self) -> Visible {
        let request = v1::ListApplicationsRequest {
            parent: CALL.to_owned(),
            ..Default::default()
        };
        let mut desk = self.daemon.officer.applications();
        let listed = desk.list_applications(request).await;
        let applications = listed.unwrap().into_inner().applications;
        let request = v1::ListClarificationsRequest {
            parent: CALL.to_owned(),
            ..Default::default()
        };
        let mut desk = self.daemon.officer.clarifications();
        let listed = desk.list_clarifications(request).await;
        let asked = listed.unwrap().into_inner().clarifications;
        let sheets = self.daemon.officer.evaluations_of(CALL).await;
        let seen = |party: &Party| {
            let name = party.application.as_ref()?;
            let found = applications.iter().find(|found| found.name == *name)?;
            let placement = found.placement.as_ref();
            let own = |other: &str| other.starts_with(&format!("{name}/"));
            let of_evaluator = |person: &&str| {
                let mut own = sheets.iter().filter(|sheet| own(&sheet.name));
                own.find(|sheet| sheet.evaluator == **person)
            };
            let mut asked: Vec<_> = asked.iter().filter(|asked| own(&asked.name)).collect();
            asked.sort_by_key(|asked| asked.number);
            Some(Seen {
                state: found.state(),
                receipts: found.receipts.len(),
                late_attempts: found.late_attempts,
                amount_cents: placement.map_or(0, |place| place.amount_cents),
                asked: asked.iter().map(|asked| asked.state()).collect(),
                sheets: EVALUATORS
                    .iter()
                    .map(|person| of_evaluator(person).map(v1::Evaluation::state))
                    .collect(),
            })
        };
        Visible {
            call: self.daemon.call().await.state(),
            papers: self.parties.iter().map(seen).collect(),
        }
    }

    /// The names of all applications, by consortium.
    pub(super) fn applications(&self) -> impl Iterator<Item = (usize, &str)> {
        let named = self.parties.iter().enumerate();
        named.filter_map(|(who, party)| Some((who, party.application.as_deref()?)))
    }

    /// The application of a consortium as it is now.
    pub(super) async fn now(&self, who: usize) -> Result<v1::Application, String> {
        let party = &self.parties[who];
        let (Some(applicant), Some(name)) = (&party.applicant, &party.application) else {
            return nothing_yet();
        };
        Ok(applicant.get(name).await.unwrap())
    }

    fn secret_of(&self, who: usize) -> Result<String, String> {
        match &self.parties[who].applicant {
            Some(applicant) => Ok(applicant.desk.secret.clone()),
            None => nothing_yet(),
        }
    }

    pub(super) async fn perform(&mut self, act: Act, model: &Model) -> Answer {
        self.today = model.now;
        match act {
            Act::Turn => {
                self.daemon.turn_clock_to(model.next_instant()).await;
                Ok(())
            }
            Act::Restart => unreachable!("people do not outlive their daemon"),
            Act::Repeat => {
                let channel = self.daemon.channel.clone();
                if let Some(sent) = self.draw_sent(model.now) {
                    sent.expect_same(channel).await;
                }
                Ok(())
            }
            Act::RepeatOther => {
                let channel = self.daemon.channel.clone();
                let Some(sent) = self.draw_sent(model.now) else {
                    return Err("REQUEST_ID_REUSED".to_owned());
                };
                let answer = sent.other(channel).await;
                answer.map(drop).map_err(|status| told(&status))
            }
            Act::Propose(step) => self.propose(step).await,
            Act::Approve(step) => {
                let by = self.daemon.approver.secret.clone();
                self.approve(step, &by).await
            }
            Act::ApproveOwn(step) => {
                let by = self.second_token.secret.clone();
                self.approve(step, &by).await
            }
            Act::Reject(step) => self.reject(step).await,
            Act::Register(who) => self.register(who).await,
            Act::Create { who, complete } => self.create(who, complete).await,
            Act::Edit { who, part, stale } => self.edit(who, part, stale).await,
            Act::Submit { who, stale } => self.submit(who, stale).await,
            Act::Withdraw { who, stale } => self.withdraw(who, stale).await,
            Act::OpenCheck(who) => self.open_check(who).await,
            Act::Find { who, rule, passed } => self.find(who, rule, passed).await,
            Act::Conclude(who) => self.conclude(who).await,
            Act::Reopen(who) => self.reopen(who).await,
            Act::Ask(who) => self.ask(who).await,
            Act::Deliver(who) => self.deliver(who, model.now).await,
            Act::Answer { who, items } => self.answer(who, items).await,
            Act::AcceptAnswer(who) => self.accept_answer(who).await,
            Act::TakeBack(who) => self.take_back(who).await,
            Act::Assign(who, evaluator) => self.assign(who, evaluator).await,
            Act::Read(who, evaluator) => self.read(who, evaluator).await,
            Act::Declare(who, evaluator) => self.declare(who, evaluator, true).await,
            Act::DeclareConflict(who, evaluator) => self.declare(who, evaluator, false).await,
            Act::Score(who, evaluator) => self.score(who, evaluator).await,
            Act::Exclude(who, evaluator) => self.exclude(who, evaluator).await,
            Act::Reassign { who, from, to } => self.reassign(who, from, to).await,
        }
    }

    /// The same people at the daemon, which was stopped in order and started on the same data.
    pub(super) async fn restarted(self) -> Self {
        let daemon = self.daemon.again().await.unwrap();
        let again = |desk: &Desk| Desk::new(&daemon.channel, &desk.secret).unwrap();
        let mut parties = self.parties;
        for applicant in parties
            .iter_mut()
            .filter_map(|party| party.applicant.as_mut())
        {
            applicant.desk = again(&applicant.desk);
        }
        Self {
            second_token: again(&self.second_token),
            evaluators: self.evaluators.iter().map(again).collect(),
            parties,
            daemon,
            ..self
        }
    }

    /// One of the requests that were answered and whose answers are still kept.
    fn draw_sent(&mut self, now: DateTime<Utc>) -> Option<&Sent> {
        let kept: Vec<usize> = (0..self.sent.len())
            .filter(|place| now - self.sent[*place].0 < TimeDelta::days(29))
            .collect();
        if kept.is_empty() {
            return None;
        }
        let place = *self.dice.pick(&kept);
        Some(&self.sent[place].1)
    }

    /// Sends a request; every fourth is rehearsed before, which must answer alike and do nothing.
    async fn tell<R: Mutation>(&mut self, by: &str, mut request: R) -> Result<R::Answer, String> {
        let channel = || self.daemon.channel.clone();
        let mut rehearsed = None;
        if self.dice.below(4) == 0 {
            request.stamp("", true);
            let answer = wire::send(channel(), by, request.clone()).await;
            rehearsed = Some(answer.map(drop).map_err(|status| told(&status)));
        }
        let halves = u128::from(self.dice.roll()) << 64 | u128::from(self.dice.roll());
        request.stamp(&uuid::Uuid::from_u128(halves).to_string(), false);
        let answer = wire::send(channel(), by, request.clone()).await;
        let outcome = answer.as_ref().map(drop).map_err(told);
        if let Some(rehearsed) = rehearsed {
            assert_eq!(rehearsed, outcome, "rehearsed, then done: {request:?}");
        }
        let is_kept = match &answer {
            Ok(_) => true,
            // A late attempt is remembered, and so is its answer.
            Err(status) => {
                ["CALL_CLOSED", "CLARIFICATION_LATE"].contains(&&*told(status))
                    && status.message().contains("received at")
            }
        };
        if is_kept {
            let wired = match &answer {
                Ok(answer) => Ok(answer.encode_to_vec()),
                Err(status) => Err(status.clone()),
            };
            self.sent.push((self.today, Sent::new(by, request, wired)));
        }
        answer.map_err(|status| told(&status))
    }
}
