//! January to April: tokens, programme, call, consortia; publication and opening.

use anyhow::Context as _;
use bando_proto::v1;
use chrono::{DateTime, TimeDelta, Utc};
use tonic::transport::Channel;

use super::{CALL, Office, PROGRAMME, Play, Player};
use crate::acting::desk::Desk;
use crate::demo::Stage;
use crate::demo::plan::Role;
use crate::{convert, keys, samples};

const EVALUATORS: [&str; 5] = [
    "carlo.fabbri",
    "diana.galli",
    "elio.monti",
    "franca.riva",
    "gino.serra",
];

/// Makes people with their tokens, loads programme and call, registers every consortium.
pub(super) async fn prepare(
    stage: &Stage,
    channel: &Channel,
    plan: Vec<Role>,
) -> anyhow::Result<(Office, Vec<Player>)> {
    std::fs::create_dir_all(stage.data_dir.join("tokens"))?;
    let maker = Maker {
        stage,
        channel,
        admin: Desk::new(channel, &stage.bootstrap_token)?,
    };
    let admin = maker
        .person("luca.admin", &[v1::Role::Admin], false, "")
        .await?;
    let maker = Maker {
        stage,
        channel,
        admin,
    };
    let manager = maker
        .person("marco.neri", &[v1::Role::Manager], true, "")
        .await?;
    let officer = maker
        .person("anna.bianchi", &[v1::Role::Officer], true, "")
        .await?;
    let approver = maker
        .person("paola.verdi", &[v1::Role::Approver], true, "")
        .await?;
    let auditor = maker
        .person("ada.conti", &[v1::Role::Auditor], true, "")
        .await?;
    let mut evaluators = Vec::new();
    for person in EVALUATORS {
        let desk = maker
            .person(person, &[v1::Role::Evaluator], true, "")
            .await?;
        evaluators.push((person.to_owned(), desk));
    }
    let office = Office {
        officer,
        manager,
        approver,
        auditor,
        evaluators,
    };
    load_files(&office).await?;
    let mut players = Vec::new();
    for (number, role) in (1..).zip(plan) {
        let request = v1::RegisterConsortiumRequest {
            parent: PROGRAMME.to_owned(),
            consortium: Some(role.cast.consortium.clone()),
            ..Default::default()
        };
        let mut desk = office.officer.consortia();
        let registered = desk
            .register_consortium(request)
            .await
            .with_context(|| format!("registering {}", role.cast.title))?;
        let consortium = registered.into_inner().name;
        let person = format!("consorzio{number:02}");
        let desk = maker
            .person(&person, &[v1::Role::Consortium], true, &consortium)
            .await?;
        players.push(Player {
            role,
            desk,
            consortium,
            application: None,
        });
    }
    Ok((office, players))
}

struct Maker<'a> {
    stage: &'a Stage,
    channel: &'a Channel,
    admin: Desk,
}

impl Maker<'_> {
    /// Makes a token and keeps it for whoever wants to try the commands afterwards.
    async fn person(
        &self,
        person: &str,
        roles: &[v1::Role],
        in_programme: bool,
        consortium: &str,
    ) -> anyhow::Result<Desk> {
        let token = v1::Token {
            person: person.to_owned(),
            roles: roles.iter().map(|role| (*role).into()).collect(),
            programme: if in_programme {
                PROGRAMME.to_owned()
            } else {
                String::new()
            },
            consortium: consortium.to_owned(),
            ..Default::default()
        };
        let request = v1::CreateTokenRequest {
            token: Some(token),
            days: 366,
            ..Default::default()
        };
        let created = self
            .admin
            .tokens()
            .create_token(request)
            .await?
            .into_inner();
        let file = self
            .stage
            .data_dir
            .join("tokens")
            .join(format!("{person}.token"));
        keys::write_secret(&file, &created.secret)?;
        Desk::new(self.channel, &created.secret)
    }
}

async fn load_files(office: &Office) -> anyhow::Result<()> {
    let (name, text) = samples::PROGRAMME;
    let request = v1::LoadProgrammeRequest {
        file: text.to_owned(),
        file_name: name.to_owned(),
        ..Default::default()
    };
    office.manager.programmes().load_programme(request).await?;
    let (name, text) = samples::CALL_2016;
    let request = v1::LoadCallRequest {
        parent: PROGRAMME.to_owned(),
        file: text.to_owned(),
        file_name: name.to_owned(),
        ..Default::default()
    };
    office.officer.calls().load_call(request).await?;
    Ok(())
}

impl Play {
    pub(super) async fn opening_told(&mut self) -> anyhow::Result<()> {
        let people = self.office.evaluators.len() + 5;
        self.tell(&format!("{people} people of the office get their tokens"))
            .await?;
        self.tell("the programme er and the draft of call er/2016 are loaded")
            .await?;
        let firms: usize = self
            .players
            .iter()
            .filter_map(|player| player.role.cast.consortium.profile.as_ref())
            .map(|profile| profile.members.len())
            .sum();
        let consortia = self.players.len();
        self.tell(&format!(
            "{consortia} synthetic consortia with {firms} members are registered"
        ))
        .await
    }

    /// Publishes in March and lets time open the call; answers when it closes.
    pub(super) async fn publish_and_open(&mut self) -> anyhow::Result<DateTime<Utc>> {
        self.advance(self.now().await? + TimeDelta::days(63))
            .await?;
        let request = v1::GetCallRequest {
            name: CALL.to_owned(),
        };
        let call = self
            .office
            .manager
            .calls()
            .get_call(request)
            .await?
            .into_inner();
        let request = v1::ProposePublicationRequest {
            name: CALL.to_owned(),
            etag: call.etag.clone(),
            ..Default::default()
        };
        let mut desk = self.office.manager.calls();
        let proposed = desk.propose_publication(request).await?.into_inner();
        self.tell("marco.neri proposes to publish the call").await?;
        self.approve(proposed).await?;
        self.tell("paola.verdi approves it: the call is public, its dates become timers")
            .await?;
        let window = call.window.context("the call has no window")?;
        let opens_at = window.opens_at.and_then(convert::read_instant);
        let closes_at = window.closes_at.and_then(convert::read_instant);
        self.advance(opens_at.context("the call has no opening")?)
            .await?;
        self.tell("the call opens by itself").await?;
        closes_at.context("the call has no close")
    }
}
