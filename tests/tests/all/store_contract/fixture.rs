//! What the contract's cases stand on: a store with one programme, one open call and one
//! consortium, and the small acts they are made of.

use std::sync::atomic::{AtomicU64, Ordering};

use bando_domain::actor::Actor;
use bando_domain::application::{self, Application, Submission};
use bando_domain::call::{self, Call};
use bando_domain::call_file::{parse_call, parse_programme};
use bando_domain::civil::Language;
use bando_domain::consortium::{self, Consortium, Contact, Fund, LegalForm, Member, Profile};
use bando_domain::event::{Cause, Personal};
use bando_domain::identifiers::PartitaIva;
use bando_domain::ids::{ApplicationId, ConsortiumId, EventId, ProgrammeId};
use bando_domain::letter::{Facts, LetterWanted, Recipient};
use bando_domain::money::{BasisPoints, Eur};
use bando_domain::programme::{self, Programme};
use bando_domain::project::{Activity, ActivityKind, BudgetLine, Declaration, Indicators, Project};
use bando_domain::receipt::{self, Statement, StatementKind};
use bando_domain::sme::SmeClass;
use bando_store::{
    Act, Aggregate, Consequences, Error, PageQuery, Settings, Store, Tx, Versioned, applications,
    protocol, record,
};
use bando_tests::postgres;
use bando_tests::raw::Raw;
use chrono::{DateTime, Utc};
use ed25519_dalek::SigningKey;
use tempfile::TempDir;
use uuid::Uuid;

/// Personal values that must never be readable in the trail.
pub(crate) const EMAIL: &str = "segreteria.riservata@consorzio.example";
pub(crate) const REPRESENTATIVE: &str = "Rosalinda Personale";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// A fresh database with one of everything, and a connection of its own for tampering.
#[derive(Clone)]
pub(crate) struct Bed {
    pub(crate) store: Store,
    pub(crate) raw: Raw,
    pub(crate) backend: Backend,
    pub(crate) programme: ProgrammeId,
    pub(crate) call: Versioned<Call>,
    pub(crate) consortium: Versioned<Consortium>,
}

impl Bed {
    pub(crate) async fn make(backend: Backend, folder: &TempDir) -> anyhow::Result<Self> {
        let file = folder.path().join("bando.db");
        let url = match backend {
            Backend::Sqlite => String::new(),
            Backend::Postgres => postgres::fresh_database().await?,
        };
        let settings = match backend {
            Backend::Sqlite => Settings::Sqlite { file: file.clone() },
            Backend::Postgres => Settings::Postgres {
                url: url.clone(),
                connections: 8,
            },
        };
        let store = Store::open(&settings).await?;
        let raw = match backend {
            Backend::Sqlite => Raw::sqlite(&file)?,
            Backend::Postgres => Raw::postgres(&url).await?,
        };
        let programme = programme();
        let (call, consortium) = seed(&store, &programme).await?;
        Ok(Self {
            store,
            raw,
            backend,
            programme: programme.id,
            call,
            consortium,
        })
    }

    /// Numbers whatever waits for it.
    pub(crate) async fn sequence(&self) {
        while self.store.sequence(act()).await.unwrap() > 0 {}
    }

    /// The first column of the first row, as a number.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.raw.number(sql).await.unwrap()
    }

    pub(crate) async fn text(&self, sql: &str) -> String {
        self.raw.text(sql).await.unwrap()
    }

    /// An empty draft of the consortium, committed.
    pub(crate) async fn draft(&self) -> Versioned<Application> {
        let id = ApplicationId(fresh_uuid());
        let event = application::draft(id, &self.call.value, self.consortium.value.id, now());
        self.put(None, event.unwrap()).await.unwrap()
    }

    /// Records one event in a transaction of its own.
    pub(crate) async fn put<A>(
        &self,
        before: Option<Versioned<A>>,
        event: A::Event,
    ) -> Result<Versioned<A>, Error>
    where
        A: Aggregate + 'static,
        A::Event: Clone + 'static,
    {
        self.store
            .write(act(), async move |tx: &Tx| {
                record(tx, before, &event, Consequences::default()).await
            })
            .await
    }

    /// Draft, edit, submit and seal: a submitted application.
    pub(crate) async fn submitted(&self) -> Versioned<Application> {
        let draft = self.draft().await;
        let paths = bando_domain::project::Path::ALL;
        let (call, version) = (&self.call.value, draft.version + 1);
        let event = application::edit(&draft.value, call, version, &paths, &project(), now());
        let edited = self.put(Some(draft), event.unwrap()).await.unwrap();
        let programme = self.programme.clone();
        self.store
            .write(act(), async move |tx: &Tx| {
                submit(tx, &programme, edited).await
            })
            .await
            .unwrap()
    }
}

async fn submit(
    tx: &Tx,
    programme: &ProgrammeId,
    draft: Versioned<Application>,
) -> Result<Versioned<Application>, Error> {
    let key = SigningKey::from_bytes(&[7; 32]);
    let content = serde_json::to_string(&draft.value.project)?;
    let draft_project = draft.value.project.clone();
    let event = EventId(tx.new_id());
    let statement = Statement {
        kind: StatementKind::Receipt,
        call: draft.value.call.clone(),
        application: draft.value.id,
        clarification: None,
        protocol: Some(protocol::next(tx, programme, 2016).await?),
        received_at: receipt::instant_text(now()),
        closes_at: Some(receipt::instant_text(now())),
        content_sha256: receipt::sha256_hex(content.as_bytes()),
        event,
        key_id: receipt::key_id(&key.verifying_key()),
        admitted_by: None,
    };
    let submission = Submission {
        number: 1,
        received_at: now(),
        receipt: receipt::sign(&key, statement)?,
        grant: bando_domain::money::Eur::euros(40_000),
        programme_year: draft_project.programme_year,
        indicators: draft_project.indicators,
    };
    let happened = application::Event::Submitted {
        submission: Box::new(submission),
    };
    let consequences = Consequences {
        event: Some(event),
        ..Consequences::default()
    };
    let sealed = record(tx, Some(draft), &happened, consequences).await?;
    applications::seal(tx, &sealed.value, content).await?;
    Ok(sealed)
}

async fn seed(
    store: &Store,
    programme: &Programme,
) -> Result<(Versioned<Call>, Versioned<Consortium>), Error> {
    let text = include_str!("../../../../config/calls/2016.toml");
    let parsed = parse_call("2016.toml", text, programme).unwrap();
    let loaded = call::load(None, parsed.id, parsed.terms).unwrap();
    let consortium = consortium(programme.id.clone(), 1);
    let programme = programme::Event::Loaded {
        programme: Box::new(programme.clone()),
    };
    store
        .write(act(), async move |tx: &Tx| {
            record::<Programme>(tx, None, &programme, Consequences::default()).await?;
            let call = record::<Call>(tx, None, &loaded, Consequences::default()).await?;
            let call = record(
                tx,
                Some(call),
                &call::Event::Published,
                Consequences::default(),
            )
            .await?;
            let event = consortium::Event::Registered {
                consortium: Box::new(consortium),
            };
            let consortium = record(tx, None, &event, Consequences::default()).await?;
            Ok((call, consortium))
        })
        .await
}

fn programme() -> Programme {
    let text = include_str!("../../../../config/programmes/er-consortia.toml");
    parse_programme("er-consortia.toml", text).unwrap()
}

/// A moment within the window of the 2016 call.
pub(crate) fn now() -> DateTime<Utc> {
    "2016-05-02T08:00:00.123456Z".parse().unwrap()
}

pub(crate) fn act() -> Act {
    act_at(now())
}

pub(crate) fn act_at(at: DateTime<Utc>) -> Act {
    static DRAWN: AtomicU64 = AtomicU64::new(1);
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&DRAWN.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let actor = Actor {
        person: "anna.bianchi".to_owned(),
        ..Actor::system()
    };
    Act::new(
        Cause {
            at,
            actor,
            request: None,
        },
        seed,
    )
}

pub(crate) fn fresh_uuid() -> Uuid {
    act().id(0)
}

pub(crate) fn all() -> PageQuery {
    PageQuery {
        size: 1_000,
        after: None,
    }
}

pub(crate) fn letter(bed: &Bed, key: &str) -> LetterWanted {
    LetterWanted {
        key: key.to_owned(),
        programme: bed.programme.clone(),
        call: Some(bed.call.value.id.clone()),
        application: None,
        recipient: Recipient {
            name: "Consorzio".to_owned(),
            address: Personal::new(EMAIL),
            language: Language::It,
            consortium: Some(bed.consortium.value.id),
        },
        facts: Facts::Lapsed {
            application: "a".to_owned(),
            project: "p".to_owned(),
            closes_at: now(),
        },
        not_after: None,
    }
}

pub(crate) fn consortium(programme: ProgrammeId, number: u32) -> Consortium {
    let member = |number: u32| Member {
        partita_iva: PartitaIva::from_seven(number, 36),
        name: format!("Impresa {number}"),
        region: "Emilia-Romagna".to_owned(),
        artisan: number.is_multiple_of(2),
        size: SmeClass::Small,
        share: Eur::euros(2_000),
        joined_on: "2010-01-01".parse().unwrap(),
        left_on: None,
        past_shares: vec![],
        address: Some(Personal::new(format!("via Emilia {number}, Modena"))),
        email: (number > 4).then(|| Personal::new(format!("info@impresa{number}.example"))),
    };
    let profile = Profile {
        name: format!("Consorzio {number}"),
        partita_iva: PartitaIva::from_seven(number * 1_000, 36),
        form: LegalForm::Consortium,
        seat_country: "IT".to_owned(),
        seat_region: "Emilia-Romagna".to_owned(),
        fund: Fund {
            subscribed: Eur::euros(20_000),
            paid: Eur::euros(5_000),
        },
        statute_forbids_profit: true,
        active: true,
        sme_majority_of_directors: true,
        accreditation: None,
        members: (1..=8).map(member).collect(),
        links: vec![consortium::Link {
            one: PartitaIva::from_seven(1, 36),
            other: PartitaIva::from_seven(99, 36),
            since: None,
            until: None,
        }],
        accreditations: vec![],
        past_funds: vec![],
        programmes: vec![],
    };
    let contact = Contact {
        legal_representative: Personal::new(REPRESENTATIVE),
        email: Personal::new(EMAIL),
        language: Language::It,
        address: Some(Personal::new("via Roma 1, 40121 Bologna")),
    };
    Consortium {
        id: ConsortiumId(fresh_uuid()),
        programme,
        profile,
        contact,
    }
}

pub(crate) fn project() -> Project {
    Project {
        title: "Nuovi mercati".to_owned(),
        summary: "Fiere e missioni ‹è›".to_owned(),
        sector: "mechanics".to_owned(),
        starts_on: Some("2016-06-01".parse().unwrap()),
        ends_on: Some("2017-05-31".parse().unwrap()),
        activities: vec![Activity {
            code: "A1".to_owned(),
            kind: ActivityKind::Exhibition,
            title: "Fiera".to_owned(),
            market: "DE".parse().unwrap(),
        }],
        participants: (1..=8)
            .map(|number| PartitaIva::from_seven(number, 36))
            .collect(),
        budget_lines: vec![BudgetLine {
            activity: "A1".to_owned(),
            category: "fairs_abroad".to_owned(),
            description: "stand".to_owned(),
            amount: Eur::cents(10_000_001),
        }],
        requested: Some(Eur::euros(40_000)),
        declarations: Declaration::ALL.into(),
        programme_year: Some(consortium::ProgrammeYear {
            first_year: 2016,
            year: 2017,
        }),
        indicators: Some(Indicators {
            export_share: Some(BasisPoints(2_050)),
            markets: ["DE", "US"].map(|code| code.parse().unwrap()).into(),
        }),
    }
}
