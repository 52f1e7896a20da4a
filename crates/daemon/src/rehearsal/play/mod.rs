//! The year, stage by stage, by the same calls that people make.

mod awarding;
mod checking;
mod evaluating;
mod opening;
mod window;

use std::collections::BTreeMap;

use anyhow::Context as _;
use bando_domain::call::Terms;
use bando_domain::civil::Zone;
use bando_domain::ids::ApplicationId;
use bando_domain::reminder::Topic;
use bando_domain::scoring::Sheet;
use bando_proto::v1;
use chrono::{DateTime, TimeDelta, Utc};

use super::gather;
use super::house::House;
use super::plan::{self, Role};
use super::record::{Attempt, Duty, Record};
use super::report::Stages;
use super::{Downtime, Wanted};
use crate::acting::desk::Desk;
use crate::convert;

/// A year of a call begins so long before its opening, with time for what is reminded of before.
const BEFORE_OPENING: TimeDelta = TimeDelta::days(75);
const A_YEAR: TimeDelta = TimeDelta::days(365);

/// The people of the office, each with a token of their own.
pub(super) struct Office {
    pub(super) officer: Desk,
    pub(super) manager: Desk,
    pub(super) approver: Desk,
    pub(super) auditor: Desk,
    pub(super) evaluators: Vec<(String, Desk)>,
}

/// One consortium in the play.
pub(super) struct Player {
    pub(super) role: Role,
    desk: Desk,
    pub(super) consortium: String,
    /// As it was answered last.
    pub(super) application: Option<v1::Application>,
    pub(super) withdrawn: bool,
    /// The office decided against it.
    pub(super) rejected: bool,
}

impl Player {
    pub(super) fn id(&self) -> anyhow::Result<ApplicationId> {
        let application = self.application.as_ref().context("there is no draft")?;
        id_of(&application.name)
    }
}

pub(super) struct Play<'w> {
    pub(super) wanted: &'w Wanted,
    pub(super) house: House,
    pub(super) office: Office,
    pub(super) players: Vec<Player>,
    /// As they were published; the close is the one that counts by now.
    pub(super) terms: Terms,
    pub(super) begins_at: DateTime<Utc>,
    pub(super) published_at: DateTime<Utc>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) sheets: BTreeMap<ApplicationId, Vec<Sheet>>,
    pub(super) duties: BTreeMap<(Topic, String), Duty>,
    pub(super) conflicts: usize,
    downtimes: Vec<Downtime>,
}

pub(super) async fn play(wanted: &Wanted) -> anyhow::Result<(Record, Stages)> {
    let terms = wanted.files.parsed.terms.clone();
    let roles = plan::make(&terms, wanted.applications, wanted.seed);
    let begins_at = morning(terms.window.zone, terms.window.opens_at - BEFORE_OPENING);
    let house = House::open(wanted, begins_at).await?;
    let (office, players) = opening::move_in(wanted, &house, roles).await?;
    let mut play = Play {
        wanted,
        house,
        office,
        players,
        published_at: begins_at,
        terms,
        begins_at,
        attempts: Vec::new(),
        sheets: BTreeMap::new(),
        duties: BTreeMap::new(),
        conflicts: 0,
        downtimes: wanted.downtimes.clone(),
    };
    Box::pin(play.publish_and_open()).await?;
    Box::pin(play.run_window()).await?;
    Box::pin(play.check_all()).await?;
    Box::pin(play.evaluate()).await?;
    Box::pin(play.rank_and_award()).await?;
    Box::pin(play.end_the_year()).await?;
    let gathered = Box::pin(gather::gather(&play)).await?;
    play.house.close().await?;
    Ok(gathered)
}

/// Nine in the morning of a day.
pub(super) fn morning(zone: Zone, day_of: DateTime<Utc>) -> DateTime<Utc> {
    let nine = zone.day(day_of).and_hms_opt(9, 0, 0).unwrap_or_default();
    let nine = bando_domain::civil::resolve_fire(nine, &zone);
    nine.max(day_of)
}

pub(super) fn id_of(application: &str) -> anyhow::Result<ApplicationId> {
    let (_, id) = convert::names::application("name", application)
        .map_err(|error| anyhow::anyhow!("{application}: {error}"))?;
    Ok(id)
}

impl Play<'_> {
    pub(super) fn call(&self) -> String {
        convert::names::of_call(&self.wanted.files.parsed.id)
    }

    pub(super) fn programme(&self) -> String {
        format!("programmes/{}", self.wanted.files.parsed.id.programme())
    }

    pub(super) fn tell(&self, what: &str) {
        (self.wanted.progress)(what);
    }

    /// Turns the clock to `to` and answers once nothing is due any more, through every downtime
    /// that begins before. An instant that lies behind leaves the clock where it is.
    pub(super) async fn advance(&mut self, to: DateTime<Utc>) -> anyhow::Result<()> {
        while let Some(down) = self.downtimes.first().copied()
            && down.from <= to
        {
            self.downtimes.remove(0);
            self.turn_to(down.from).await?;
            self.house.down_until(down.until()).await?;
        }
        self.turn_to(to).await
    }

    async fn turn_to(&self, to: DateTime<Utc>) -> anyhow::Result<()> {
        let to = to.max(self.now().await?);
        self.office.manager.turn_clock_to(to).await
    }

    pub(super) async fn now(&self) -> anyhow::Result<DateTime<Utc>> {
        self.office.manager.now().await
    }

    pub(super) async fn current_call(&self) -> anyhow::Result<v1::Call> {
        let request = v1::GetCallRequest { name: self.call() };
        let mut desk = self.office.manager.calls();
        Ok(desk.get_call(request).await?.into_inner())
    }

    /// All applications of the call.
    pub(super) async fn applications(&self) -> anyhow::Result<Vec<v1::Application>> {
        self.office.officer.all_applications(&self.call()).await
    }

    /// What a second person was asked for becomes what is.
    pub(super) async fn approve(&self, proposal: v1::Proposal) -> anyhow::Result<()> {
        let request = v1::ApproveProposalRequest {
            name: proposal.name,
            etag: proposal.etag,
            ..Default::default()
        };
        let mut desk = self.office.approver.proposals();
        desk.approve_proposal(request).await?;
        Ok(())
    }

    pub(super) fn arises(&mut self, topic: Topic, subject: &str, since: DateTime<Utc>) {
        let duty = Duty {
            since,
            done_at: None,
        };
        self.duties.insert((topic, subject.to_owned()), duty);
    }

    pub(super) fn done(&mut self, topic: Topic, subject: &str, at: DateTime<Utc>) {
        if let Some(duty) = self.duties.get_mut(&(topic, subject.to_owned())) {
            duty.done_at.get_or_insert(at);
        }
    }

    /// Until a year is over, and whatever belongs to it.
    async fn end_the_year(&mut self) -> anyhow::Result<()> {
        let now = self.now().await?;
        let end = (self.begins_at + A_YEAR).max(now + TimeDelta::days(1));
        self.advance(end).await?;
        self.tell("the year is over");
        Ok(())
    }
}
