//! Tokens, programme, call and consortia; publication by two persons; the opening.

use anyhow::Context as _;
use bando_domain::reminder::Topic;
use bando_domain::token::MAX_DAYS;
use bando_proto::v1;
use chrono::TimeDelta;

use super::{House, Office, Play, Player};
use crate::acting::desk::Desk;
use crate::rehearsal::Wanted;
use crate::rehearsal::plan::Role;

/// From the beginning to the proposal to publish, and to its approval.
const PROPOSED_AFTER: TimeDelta = TimeDelta::days(4);
const APPROVED_AFTER: TimeDelta = TimeDelta::hours(26);

/// Makes people with their tokens, loads both files, registers every consortium.
pub(super) async fn move_in(
    wanted: &Wanted,
    house: &House,
    roles: Vec<Role>,
) -> anyhow::Result<(Office, Vec<Player>)> {
    let programme = format!("programmes/{}", wanted.files.parsed.id.programme());
    let mut maker = Maker {
        house,
        programme,
        admin: Desk::new(&house.channel, &house.first_token)?,
    };
    maker.admin = maker.person("luca.admin", v1::Role::Admin, "").await?;
    let mut evaluators = Vec::new();
    let grid = &wanted.files.parsed.terms.rules.score_grid;
    // Two more than a seat needs: one for whoever has a conflict of interest, one to spare.
    for number in 1..=grid.evaluators_per_application + 2 {
        let person = format!("valutatore{number:02}");
        let desk = maker.person(&person, v1::Role::Evaluator, "").await?;
        evaluators.push((person, desk));
    }
    let office = Office {
        officer: maker.person("anna.bianchi", v1::Role::Officer, "").await?,
        manager: maker.person("marco.neri", v1::Role::Manager, "").await?,
        approver: maker.person("paola.verdi", v1::Role::Approver, "").await?,
        auditor: maker.person("ada.conti", v1::Role::Auditor, "").await?,
        evaluators,
    };
    load_files(wanted, &maker.programme, &office).await?;
    let mut players = Vec::new();
    for (number, role) in (1..).zip(roles) {
        let request = v1::RegisterConsortiumRequest {
            parent: maker.programme.clone(),
            consortium: Some(role.cast.consortium.clone()),
            ..Default::default()
        };
        let mut desk = office.officer.consortia();
        let registered = desk.register_consortium(request).await;
        let registered = registered.with_context(|| format!("registering {}", role.cast.title))?;
        let registered = registered.into_inner();
        agree_programme(&office, &role, &registered).await?;
        let consortium = registered.name;
        let person = format!("consorzio{number:02}");
        let desk = maker
            .person(&person, v1::Role::Consortium, &consortium)
            .await?;
        players.push(Player {
            role,
            desk,
            consortium,
            application: None,
            withdrawn: false,
            rejected: false,
        });
    }
    (wanted.progress)(&format!("{} consortia are registered", players.len()));
    Ok((office, players))
}

/// The multi-year programme that its project is a year of, where the call asks for one.
async fn agree_programme(
    office: &Office,
    role: &Role,
    registered: &v1::Consortium,
) -> anyhow::Result<()> {
    let Some(programme) = role.cast.programme.clone() else {
        return Ok(());
    };
    let request = v1::AgreeMultiYearProgrammeRequest {
        name: registered.name.clone(),
        etag: registered.etag.clone(),
        programme: Some(programme),
        ..Default::default()
    };
    let mut desk = office.officer.consortia();
    desk.agree_multi_year_programme(request).await?;
    Ok(())
}

struct Maker<'a> {
    house: &'a House,
    programme: String,
    admin: Desk,
}

impl Maker<'_> {
    async fn person(&self, person: &str, role: v1::Role, consortium: &str) -> anyhow::Result<Desk> {
        let programme = if role == v1::Role::Admin {
            String::new()
        } else {
            self.programme.clone()
        };
        let token = v1::Token {
            person: person.to_owned(),
            roles: vec![role.into()],
            programme,
            consortium: consortium.to_owned(),
            ..Default::default()
        };
        let request = v1::CreateTokenRequest {
            token: Some(token),
            days: i32::try_from(MAX_DAYS)?,
            ..Default::default()
        };
        let created = self.admin.tokens().create_token(request).await?;
        Desk::new(&self.house.channel, &created.into_inner().secret)
    }
}

async fn load_files(wanted: &Wanted, programme: &str, office: &Office) -> anyhow::Result<()> {
    let (file_name, file) = wanted.files.programme.clone();
    let request = v1::LoadProgrammeRequest {
        file,
        file_name,
        ..Default::default()
    };
    office.manager.programmes().load_programme(request).await?;
    let (file_name, file) = wanted.files.call.clone();
    let request = v1::LoadCallRequest {
        parent: programme.to_owned(),
        file,
        file_name,
        ..Default::default()
    };
    office.officer.calls().load_call(request).await?;
    Ok(())
}

impl Play<'_> {
    /// Publishes by two persons, and lets time open the call.
    pub(super) async fn publish_and_open(&mut self) -> anyhow::Result<()> {
        self.advance(self.begins_at + PROPOSED_AFTER).await?;
        let request = v1::ProposePublicationRequest {
            name: self.call(),
            etag: self.current_call().await?.etag,
            ..Default::default()
        };
        let mut desk = self.office.manager.calls();
        let proposed = desk.propose_publication(request).await?.into_inner();
        self.advance(self.begins_at + PROPOSED_AFTER + APPROVED_AFTER)
            .await?;
        self.approve(proposed).await?;
        self.published_at = self.now().await?;
        self.tell("the call is published by two persons");
        let of_nobody: Vec<String> = self.players.iter().map(Player::owner).collect();
        for consortium in of_nobody {
            for topic in [Topic::CallOpens, Topic::NoDraft] {
                self.arises(topic, &consortium, self.published_at);
            }
        }
        self.advance(self.terms.window.opens_at).await?;
        self.tell("the call is open");
        Ok(())
    }
}

impl Player {
    /// The id of its consortium.
    pub(crate) fn owner(&self) -> String {
        let id = self.consortium.rsplit('/').next().unwrap_or_default();
        id.to_owned()
    }
}
