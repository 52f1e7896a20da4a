//! The real daemon in the test's process: port 0, a fresh data folder, a hand-turned clock.

use std::path::Path;

use bando_daemon::config::{Config, Documents, Log, Mail};
use bando_daemon::serve::{self, ClockKind, Running};
use bando_daemon::{convert, samples};
use bando_domain::identifiers::PartitaIva;
use bando_proto::v1;
use bando_store::Settings;
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::Status;
use tonic::transport::Channel;

use crate::desk::Desk;

pub const PROGRAMME: &str = "programmes/er";
pub const CALL: &str = "programmes/er/calls/2016";

/// One microsecond, the finest instant there is.
pub const ONE_MICROSECOND: TimeDelta = TimeDelta::microseconds(1);

#[derive(Debug)]
pub struct TestDaemon {
    pub running: Running,
    pub folder: TempDir,
    pub config: Config,
    pub office: Office,
}

/// The people of the office of a daemon, wherever it runs.
#[derive(Debug)]
pub struct Office {
    pub channel: Channel,
    pub admin: Desk,
    pub manager: Desk,
    pub officer: Desk,
    pub approver: Desk,
    pub auditor: Desk,
}

impl std::ops::Deref for TestDaemon {
    type Target = Office;
    fn deref(&self) -> &Office {
        &self.office
    }
}

/// A consortium with its own desk.
#[derive(Debug, Clone)]
pub struct Applicant {
    pub desk: Desk,
    pub consortium: v1::Consortium,
}

/// How often a clock that stopped short is turned on.
const TURNS: u32 = 20;

/// The window of the sample call.
pub fn opens_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_459_756_800, 0).expect("an instant")
}

pub fn closes_at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_464_703_200, 0).expect("an instant")
}

pub fn config(folder: &Path) -> anyhow::Result<Config> {
    Ok(Config {
        data_dir: folder.to_owned(),
        listen: "127.0.0.1:0".parse()?,
        admin_listen: None,
        tls: None,
        reflection: true,
        database: Settings::Sqlite {
            file: folder.join("bando.sqlite"),
        },
        mail: Mail::Folder(folder.join("letters")),
        signing_key_file: folder.join("signing.key"),
        documents: Documents {
            folder: folder.join("blobs"),
            clamd_socket: None,
        },
        schedules: bando_domain::schedule::shipped(),
        log: Log {
            filter: "off".to_owned(),
            json: None,
        },
    })
}

/// Starts a daemon of `config` on port 0, a month before the sample call opens.
pub async fn serve(config: &Config) -> anyhow::Result<Running> {
    serve_from(config, opens_at() - TimeDelta::days(30)).await
}

/// The same from another instant on, or from where the data folder stopped.
pub async fn serve_from(config: &Config, from: DateTime<Utc>) -> anyhow::Result<Running> {
    let listener = TcpListener::bind(config.listen).await?;
    serve::start(config, ClockKind::Simulated(from), listener, None).await
}

impl TestDaemon {
    /// A daemon with the sample programme, the draft of the 2016 call and people of the office.
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let config = config(folder.path()).expect("a configuration");
        Self::start_with(folder, config)
            .await
            .expect("the daemon starts")
    }

    pub async fn start_with(folder: TempDir, config: Config) -> anyhow::Result<Self> {
        let running = serve(&config).await?;
        Self::of(running, folder, config).await
    }

    /// The people of the office move into a daemon that was just started.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn of(running: Running, folder: TempDir, config: Config) -> anyhow::Result<Self> {
        let office = Office::move_in(&running.endpoint, folder.path()).await?;
        Ok(Self {
            running,
            folder,
            config,
            office,
        })
    }

    /// The same daemon on a fresh PostgreSQL database.
    pub async fn start_on_postgres() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut config = config(folder.path()).expect("a configuration");
        let url = crate::postgres::fresh_database().await.expect("a database");
        config.database = Settings::Postgres {
            url,
            connections: 8,
        };
        Self::start_with(folder, config)
            .await
            .expect("the daemon starts")
    }

    /// The same daemon, stopped in order and started again on its data.
    ///
    /// # Errors
    /// When it does not stop or start.
    pub async fn again(self) -> anyhow::Result<Self> {
        let Self {
            running,
            folder,
            config,
            office,
        } = self;
        running.stop().await?;
        let running = serve(&config).await?;
        let office = office.again(&running.endpoint).await?;
        Ok(Self {
            running,
            folder,
            config,
            office,
        })
    }

    /// A published call that has just opened.
    pub async fn open() -> Self {
        let daemon = Self::start().await;
        daemon.publish().await;
        daemon.turn_clock_to(opens_at()).await;
        daemon
    }
}

impl Office {
    /// Makes everybody's tokens with the first one, and loads the samples.
    pub async fn move_in(endpoint: &str, data_dir: &Path) -> anyhow::Result<Self> {
        let secret = std::fs::read_to_string(data_dir.join("bootstrap.token"))?;
        let channel = Channel::from_shared(endpoint.to_owned())?.connect().await?;
        let bootstrap = Desk::new(&channel, secret.trim())?;
        let admin = person(
            &channel,
            &bootstrap,
            "luca.admin",
            &[v1::Role::Admin],
            "",
            "",
        )
        .await?;
        let make = async |name: &str, role: v1::Role| {
            person(&channel, &admin, name, &[role], PROGRAMME, "").await
        };
        let manager = make("marco.neri", v1::Role::Manager).await?;
        let officer = make("anna.bianchi", v1::Role::Officer).await?;
        let approver = make("paola.verdi", v1::Role::Approver).await?;
        let auditor = make("ada.conti", v1::Role::Auditor).await?;
        let office = Self {
            channel,
            admin,
            manager,
            officer,
            approver,
            auditor,
        };
        office.load_samples().await?;
        Ok(office)
    }

    /// The same people at a daemon that was started again.
    pub async fn again(&self, endpoint: &str) -> anyhow::Result<Self> {
        let channel = Channel::from_shared(endpoint.to_owned())?.connect().await?;
        let same = |desk: &Desk| Desk::new(&channel, &desk.secret);
        Ok(Self {
            admin: same(&self.admin)?,
            manager: same(&self.manager)?,
            officer: same(&self.officer)?,
            approver: same(&self.approver)?,
            auditor: same(&self.auditor)?,
            channel,
        })
    }

    async fn load_samples(&self) -> anyhow::Result<()> {
        let (file_name, file) = samples::PROGRAMME;
        let request = v1::LoadProgrammeRequest {
            file: file.to_owned(),
            file_name: file_name.to_owned(),
            ..Default::default()
        };
        self.manager.programmes().load_programme(request).await?;
        self.load_call(samples::CALL_2016.1).await?;
        Ok(())
    }

    /// Loads a call that asks for no document: who tells no story about documents sends none.
    pub async fn load_call(&self, file: &str) -> Result<v1::Call, Status> {
        let file = file.replace("mandatory = true", "mandatory = false");
        self.load_call_with_documents(&file).await
    }

    pub async fn load_call_with_documents(&self, file: &str) -> Result<v1::Call, Status> {
        let request = v1::LoadCallRequest {
            parent: PROGRAMME.to_owned(),
            file: file.to_owned(),
            file_name: "calls/test.toml".to_owned(),
            ..Default::default()
        };
        Ok(self.officer.calls().load_call(request).await?.into_inner())
    }

    pub async fn call(&self) -> v1::Call {
        let request = v1::GetCallRequest {
            name: CALL.to_owned(),
        };
        self.officer
            .calls()
            .get_call(request)
            .await
            .expect("the call")
            .into_inner()
    }

    /// Published by two persons.
    pub async fn publish(&self) {
        let request = v1::ProposePublicationRequest {
            name: CALL.to_owned(),
            etag: self.call().await.etag,
            ..Default::default()
        };
        let proposed = self.manager.calls().propose_publication(request).await;
        let proposal = proposed.expect("it is proposed").into_inner();
        self.approve(&proposal).await.expect("it is published");
    }

    pub async fn approve(&self, proposal: &v1::Proposal) -> Result<v1::Proposal, Status> {
        let request = v1::ApproveProposalRequest {
            name: proposal.name.clone(),
            etag: proposal.etag.clone(),
            ..Default::default()
        };
        let approved = self.approver.proposals().approve_proposal(request).await?;
        Ok(approved.into_inner())
    }

    pub async fn turn_clock_to(&self, to: DateTime<Utc>) {
        let request = v1::AdvanceClockRequest {
            to: Some(convert::instant(to)),
        };
        // On a machine with much else to do it stops short, and is turned on.
        for _ in 0..TURNS {
            let turned = self.manager.clock().advance_clock(request).await;
            let now = turned.expect("the clock turns").into_inner().now;
            if now
                .and_then(convert::read_instant)
                .is_none_or(|now| now >= to)
            {
                return;
            }
        }
        panic!("the clock does not come to {to}");
    }

    pub async fn now(&self) -> DateTime<Utc> {
        let clock = self.manager.clock().get_clock(v1::GetClockRequest {}).await;
        let now = clock.expect("a clock").into_inner().now;
        now.and_then(convert::read_instant).expect("an instant")
    }

    pub async fn person(&self, name: &str, role: v1::Role) -> Desk {
        let made = person(&self.channel, &self.admin, name, &[role], PROGRAMME, "").await;
        made.expect("a token")
    }

    /// A registered consortium of ten firms that meets every rule.
    pub async fn applicant(&self, number: u32) -> Applicant {
        let request = v1::RegisterConsortiumRequest {
            parent: PROGRAMME.to_owned(),
            consortium: Some(consortium(number)),
            ..Default::default()
        };
        let registered = self.officer.consortia().register_consortium(request).await;
        let consortium = registered.expect("it is registered").into_inner();
        let name = format!("consorzio{number}");
        let roles = [v1::Role::Consortium];
        let desk = person(
            &self.channel,
            &self.admin,
            &name,
            &roles,
            PROGRAMME,
            &consortium.name,
        )
        .await;
        Applicant {
            desk: desk.expect("a token"),
            consortium,
        }
    }

    /// Kinds and states of all letters, in order of queueing.
    pub async fn letters(&self) -> Vec<v1::Letter> {
        let mut request = v1::ListLettersRequest {
            parent: PROGRAMME.to_owned(),
            page_size: 1_000,
            ..Default::default()
        };
        let (mut desk, mut letters) = (self.officer.letters(), Vec::new());
        loop {
            let listed = desk.list_letters(request.clone()).await;
            let page = listed.expect("letters").into_inner();
            letters.extend(page.letters);
            if page.next_page_token.is_empty() {
                return letters;
            }
            request.page_token = page.next_page_token;
        }
    }

    pub async fn letters_of(&self, kind: &str) -> Vec<v1::Letter> {
        self.letters()
            .await
            .into_iter()
            .filter(|letter| letter.kind == kind)
            .collect()
    }

    /// How many events the programme has: nothing changed while this stays.
    pub async fn events(&self) -> i64 {
        let request = v1::ListEventsRequest {
            parent: PROGRAMME.to_owned(),
            page_size: 1,
            ..Default::default()
        };
        let listed = self.auditor.events().list_events(request).await;
        listed.expect("events").into_inner().total_size
    }

    /// Takes an admissible application from submission to three evaluations with one score.
    pub async fn check(&self, application: &v1::Application) -> v1::Application {
        let request = v1::OpenCheckRequest {
            name: application.name.clone(),
            etag: application.etag.clone(),
            ..Default::default()
        };
        let mut desk = self.officer.eligibility();
        let mut open = desk
            .open_check(request)
            .await
            .expect("a check")
            .into_inner();
        for rule in ["E2", "E13"] {
            let request = v1::RecordFindingRequest {
                name: open.name,
                etag: open.etag,
                rule: rule.to_owned(),
                passed: true,
                explanation: Some(v1::Text {
                    it: "visto".into(),
                    en: "seen".into(),
                }),
                ..Default::default()
            };
            open = desk
                .record_finding(request)
                .await
                .expect("a finding")
                .into_inner();
        }
        let request = v1::ConcludeCheckRequest {
            name: open.name,
            etag: open.etag,
            ..Default::default()
        };
        desk.conclude_check(request)
            .await
            .expect("a conclusion")
            .into_inner()
    }
}

impl Applicant {
    /// A complete draft in the open call.
    pub async fn draft(&self) -> v1::Application {
        self.create(project(&self.consortium))
            .await
            .expect("a draft")
    }

    pub async fn create(&self, project: v1::Project) -> Result<v1::Application, Status> {
        let request = v1::CreateApplicationRequest {
            parent: CALL.to_owned(),
            consortium: self.consortium.name.clone(),
            project: Some(project),
            ..Default::default()
        };
        Ok(self
            .desk
            .applications()
            .create_application(request)
            .await?
            .into_inner())
    }

    pub async fn submit(
        &self,
        application: &v1::Application,
    ) -> Result<v1::SubmitApplicationResponse, Status> {
        self.submit_as(application, "").await
    }

    pub async fn submit_as(
        &self,
        application: &v1::Application,
        request_id: &str,
    ) -> Result<v1::SubmitApplicationResponse, Status> {
        let request = v1::SubmitApplicationRequest {
            name: application.name.clone(),
            etag: application.etag.clone(),
            request_id: request_id.to_owned(),
            validate_only: false,
        };
        Ok(self
            .desk
            .applications()
            .submit_application(request)
            .await?
            .into_inner())
    }

    pub async fn update(
        &self,
        name: &str,
        etag: &str,
        paths: &[&str],
        project: v1::Project,
    ) -> Result<v1::Application, Status> {
        let request = v1::UpdateApplicationRequest {
            name: name.to_owned(),
            etag: etag.to_owned(),
            project: Some(project),
            update_mask: Some(prost_types::FieldMask {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            }),
            ..Default::default()
        };
        Ok(self
            .desk
            .applications()
            .update_application(request)
            .await?
            .into_inner())
    }

    pub async fn get(&self, name: &str) -> Result<v1::Application, Status> {
        let request = v1::GetApplicationRequest {
            name: name.to_owned(),
        };
        Ok(self
            .desk
            .applications()
            .get_application(request)
            .await?
            .into_inner())
    }
}

pub async fn person(
    channel: &Channel,
    admin: &Desk,
    name: &str,
    roles: &[v1::Role],
    programme: &str,
    consortium: &str,
) -> anyhow::Result<Desk> {
    let token = v1::Token {
        person: name.to_owned(),
        roles: roles.iter().map(|role| (*role).into()).collect(),
        programme: programme.to_owned(),
        consortium: consortium.to_owned(),
        ..Default::default()
    };
    let request = v1::CreateTokenRequest {
        token: Some(token),
        days: 300,
        ..Default::default()
    };
    let created = admin.tokens().create_token(request).await?.into_inner();
    Desk::new(channel, &created.secret)
}

/// Ten independent small firms of the region.
pub fn consortium(number: u32) -> v1::Consortium {
    let member = |position: u32| v1::Member {
        partita_iva: PartitaIva::from_seven(number * 100 + position, 34).to_string(),
        title: format!("Impresa {number}-{position}"),
        region: "Emilia-Romagna".to_owned(),
        artisan: false,
        size: v1::SmeClass::Small.into(),
        share_cents: 200_000,
        joined_on: "2010-01-01".to_owned(),
        ..Default::default()
    };
    let profile = v1::Profile {
        title: format!("Consorzio {number} dell'Unità"),
        partita_iva: PartitaIva::from_seven(9_000_000 + number, 36).to_string(),
        form: v1::LegalForm::Consortium.into(),
        seat_country: "IT".to_owned(),
        seat_region: "Emilia-Romagna".to_owned(),
        fund_subscribed_cents: 2_000_000,
        fund_paid_cents: 1_000_000,
        statute_forbids_profit: true,
        active: true,
        sme_majority_of_directors: true,
        accreditation: v1::Accreditation::Entry.into(),
        members: (1..=10).map(member).collect(),
        ..Default::default()
    };
    let contact = v1::Contact {
        legal_representative: "Anna Rossi".to_owned(),
        email: format!("consorzio{number}@example.invalid"),
        language: "it".to_owned(),
        address: None,
    };
    v1::Consortium {
        profile: Some(profile),
        contact: Some(contact),
        ..Default::default()
    }
}

/// A complete project of 100,000.00 EUR.
pub fn project(consortium: &v1::Consortium) -> v1::Project {
    let members = consortium
        .profile
        .iter()
        .flat_map(|profile| &profile.members);
    v1::Project {
        title: "Insieme a Hannover".to_owned(),
        summary: "Dieci imprese in fiera".to_owned(),
        sector: "meccanica".to_owned(),
        starts_on: "2016-01-01".to_owned(),
        ends_on: "2016-12-31".to_owned(),
        activities: vec![v1::Activity {
            code: "A1".to_owned(),
            kind: v1::ActivityKind::Exhibition.into(),
            title: "Fiera".to_owned(),
            market: "DE".to_owned(),
        }],
        participants: members.map(|member| member.partita_iva.clone()).collect(),
        budget_lines: vec![v1::BudgetLine {
            activity: "A1".to_owned(),
            category: "fairs_abroad".to_owned(),
            description: "stand".to_owned(),
            amount_cents: 10_000_000,
        }],
        requested_cents: None,
        declarations: [
            "requirements_held",
            "no_unrecovered_aid",
            "no_double_funding",
        ]
        .map(ToOwned::to_owned)
        .to_vec(),
        programme_year: None,
        indicators: None,
    }
}

/// Looks until `condition` holds, for at most twenty seconds.
pub async fn until(condition: impl AsyncFn() -> bool) {
    let started = std::time::Instant::now();
    while !condition().await {
        assert!(
            started.elapsed() < std::time::Duration::from_secs(20),
            "it did not come about"
        );
        tokio::task::yield_now().await;
    }
}
