//! What was stored by earlier versions still says the same: a ranking from before the newest keys of
//! a rule set, the members of a consortium from before they had dates, and schedules from before they
//! had plans.

use bando_domain::actor::Actor;
use bando_domain::event::Cause;
use bando_domain::ids::{ConsortiumId, ProgrammeId};
use bando_domain::schedule::{self, FireState, Origin};
use bando_proto::v1;
use bando_store::{Act, Settings, Store, Tx, consortia, fires, schedules};
use bando_tests::daemon::TestDaemon;
use bando_tests::postgres;
use bando_tests::raw::Raw;
use chrono::{DateTime, Utc};
use tempfile::TempDir;

/// A ranking as it was stored, with the hash of its inputs computed by other means than ours.
const RANKING: &str = include_str!("../../vectors/ranking.json");

async fn raw(settings: &Settings) -> Raw {
    match settings {
        Settings::Sqlite { file } => Raw::sqlite(file).unwrap(),
        Settings::Postgres { url, .. } => Raw::postgres(url).await.unwrap(),
    }
}

/// A UUID as each database writes it.
fn id(settings: &Settings, digits: &str) -> String {
    match settings {
        Settings::Sqlite { .. } => format!("x'{digits}'"),
        Settings::Postgres { .. } => format!("'{digits}'"),
    }
}

const RANKING_ID: &str = "01541f2e8a0070008000000000000001";

#[tokio::test]
async fn a_ranking_stored_before_recomputes_to_the_same() {
    recomputes(TestDaemon::start().await).await;
}

#[tokio::test]
async fn a_ranking_stored_before_recomputes_to_the_same_on_postgresql() {
    recomputes(TestDaemon::start_on_postgres().await).await;
}

async fn recomputes(daemon: TestDaemon) {
    let stored: serde_json::Value = serde_json::from_str(RANKING).unwrap();
    let text = |key: &str| stored[key].to_string().replace('\'', "''");
    let sha256 = stored["inputs_sha256"].as_str().unwrap();
    let settings = &daemon.config.database;
    let raw = raw(settings).await;
    let insert = format!(
        "INSERT INTO rankings (id, version, call, number, state, rule_set_version, budget_cents, \
         granted_cents, inputs_sha256, computed_by, computed_at, inputs, ranked, allocation) \
         VALUES ({}, 3, 'er/2016', 1, 'superseded', 1, 20000000, 20000000, '{sha256}', 'anna', \
         '2016-07-01T00:00:00+00:00', '{}', '{}', '{}')",
        id(settings, RANKING_ID),
        text("inputs"),
        text("ranked"),
        text("allocation"),
    );
    raw.execute_unprepared(&insert).await.unwrap();
    let verify = async || {
        let request = v1::VerifyRankingRequest {
            name: "programmes/er/calls/2016/rankings/1".to_owned(),
        };
        let verified = daemon.officer.rankings().verify_ranking(request).await;
        verified.unwrap().into_inner()
    };

    let verified = verify().await;

    assert_eq!(verified.differences, [""; 0]);
    assert!(verified.holds);
    assert_eq!(verified.inputs_sha256, sha256);
    assert_eq!(verified.applications, 3);

    // One cent more, and one score less.
    let cent = text("allocation").replace("15000000", "15000001");
    let score = text("inputs").replace("\"9\"", "\"8\"");
    let change = format!("UPDATE rankings SET allocation = '{cent}', inputs = '{score}'");
    raw.execute_unprepared(&change).await.unwrap();
    let verified = verify().await;
    assert!(!verified.holds);
    assert_eq!(verified.differences, ["inputs", "ranked", "allocation"]);
}

type Step = (&'static str, Option<&'static str>);

/// The schema before members had dates, step by step as it was published: its name, and the number
/// under which each database has a part of its own.
const BEFORE_DATES: [Step; 6] = [
    ("0001_first_year", Some("0001")),
    ("0002_inputs_and_claims", None),
    ("0010_working_copy", Some("0010")),
    ("0003_clarifications", Some("0003")),
    ("0007_four_eyes", Some("0007")),
    ("0004_documents", Some("0004")),
];

/// What followed, until schedules had plans and fires an id.
const BEFORE_PLANS: [Step; 6] = [
    ("0005_register", Some("0005")),
    ("0008_mending", None),
    ("0006_evaluators", None),
    ("0009_awards_within_budget", Some("0009")),
    ("0011_answered_documents", Some("0011")),
    ("0012_programmes_and_addresses", None),
];

/// A database as it was after these steps.
async fn as_of(settings: &Settings, steps: &[Step]) -> Raw {
    let raw = raw(settings).await;
    let is_postgres = matches!(settings, Settings::Postgres { .. });
    raw.execute_unprepared(
        "CREATE TABLE seaql_migrations (version varchar NOT NULL PRIMARY KEY, \
         applied_at bigint NOT NULL)",
    )
    .await
    .unwrap();
    let database = if is_postgres { "postgres" } else { "sqlite" };
    for (name, own) in steps {
        let tables = typed(&migration(name), settings);
        raw.execute_unprepared(&tables).await.unwrap();
        if let Some(number) = own {
            let own = migration(&format!("{number}_{database}"));
            raw.execute_unprepared(&own).await.unwrap();
        }
        let applied = format!("INSERT INTO seaql_migrations VALUES ('{name}', 1)");
        raw.execute_unprepared(&applied).await.unwrap();
    }
    raw
}

fn migration(file: &str) -> String {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../crates/store/src/migrations"
    );
    std::fs::read_to_string(format!("{folder}/{file}.sql")).unwrap()
}

fn typed(sql: &str, settings: &Settings) -> String {
    let types = [
        ("{instant}", "timestamptz", "text"),
        ("{json}", "jsonb", "text"),
        ("{uuid}", "uuid", "blob"),
        ("{flag}", "boolean", "integer"),
        ("{bigint}", "bigint", "integer"),
        ("{int}", "integer", "integer"),
        ("{day}", "date", "text"),
        ("{bytes}", "bytea", "blob"),
    ];
    let is_postgres = matches!(settings, Settings::Postgres { .. });
    let written = types
        .iter()
        .fold(sql.to_owned(), |sql, (name, postgres, sqlite)| {
            sql.replace(name, if is_postgres { postgres } else { sqlite })
        });
    if is_postgres {
        written
    } else {
        written.replace("\n);", "\n) STRICT;")
    }
}

const CONSORTIUM: &str = "01541f2e8a0070008000000000000002";

#[tokio::test]
async fn members_from_before_they_had_dates_are_found_right() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bando.sqlite");
    are_found_right(&Settings::Sqlite { file }).await;
}

#[tokio::test]
async fn members_from_before_they_had_dates_are_found_right_on_postgresql() {
    let url = postgres::fresh_database().await.unwrap();
    let connections = 2;
    are_found_right(&Settings::Postgres { url, connections }).await;
}

async fn are_found_right(settings: &Settings) {
    let raw = as_of(settings, &BEFORE_DATES).await;
    let is_postgres = matches!(settings, Settings::Postgres { .. });
    let yes = if is_postgres { "true" } else { "1" };
    let consortium = id(settings, CONSORTIUM);
    for row in [
        "INSERT INTO programmes VALUES ('er', 1, '{}')".to_owned(),
        format!(
            "INSERT INTO consortia VALUES ({consortium}, 'er', 4, 'Consorzio', '00743110157', \
             'consortium', 'IT', 'Emilia-Romagna', 1000000, 500000, {yes}, {yes}, {yes}, 'entry', \
             'Anna', 'a@b.example', 'it')"
        ),
        format!(
            "INSERT INTO members VALUES ({consortium}, 0, '12345670488', 'Beta', 'Toscana', {yes}, \
             'micro', 125000, '2012-02-29')"
        ),
        format!(
            "INSERT INTO members VALUES ({consortium}, 1, '02062200379', 'Alfa', 'Emilia-Romagna', \
             {yes}, 'small', 200001, '2010-01-01')"
        ),
        format!("INSERT INTO links VALUES ({consortium}, 0, '12345670488', '02062200379')"),
    ] {
        raw.execute_unprepared(&row).await.unwrap();
    }

    let store = Store::open(settings).await.unwrap();

    let id = ConsortiumId(CONSORTIUM.parse().unwrap());
    let found = consortia::get(store.read(), id).await.unwrap();
    assert_eq!(found.version, 4);
    let profile = found.value.profile;
    let members: Vec<_> = profile
        .members
        .iter()
        .map(|member| {
            let (name, share) = (member.name.as_str(), member.share.as_cents());
            (name, member.joined_on.to_string(), share)
        })
        .collect();
    assert_eq!(
        members,
        [
            ("Beta", "2012-02-29".to_owned(), 125_000),
            ("Alfa", "2010-01-01".to_owned(), 200_001)
        ]
    );
    for member in &profile.members {
        assert_eq!(
            (member.left_on, &member.address, &member.email),
            (None, &None, &None)
        );
        assert!(member.past_shares.is_empty());
    }
    // Undated, it always held; who joined later was no member before.
    let before = profile.on("2011-06-01".parse().unwrap());
    assert_eq!((before.members.len(), before.links.len()), (1, 1));
    assert_eq!(before.accreditation, profile.accreditation);
    assert!(profile.accreditations.is_empty() && profile.programmes.is_empty());
}

#[tokio::test]
async fn a_schedule_from_before_there_were_plans_keeps_its_mark_and_its_fires() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("bando.sqlite");
    keeps_its_mark(&Settings::Sqlite { file }).await;
}

#[tokio::test]
async fn a_schedule_from_before_there_were_plans_keeps_its_mark_on_postgresql_too() {
    let url = postgres::fresh_database().await.unwrap();
    let connections = 2;
    keeps_its_mark(&Settings::Postgres { url, connections }).await;
}

async fn keeps_its_mark(settings: &Settings) {
    let steps = [BEFORE_DATES, BEFORE_PLANS].concat();
    let raw = as_of(settings, &steps).await;
    for row in [
        "INSERT INTO programmes VALUES ('er', 1, '{}')",
        "INSERT INTO schedules VALUES ('er', 'officers-digest', '0 7 * * *', 'Europe/Rome', \
         '2016-03-11T06:00:00.000000+00:00', '2016-03-10T06:00:00.000000+00:00')",
        "INSERT INTO schedules VALUES ('er', 'retention', '0 5 * * *', 'UTC', \
         '2016-03-11T05:00:00.000000+00:00', NULL)",
        "INSERT INTO fires VALUES ('er', 'officers-digest', '2016-03-10T06:00:00.000000+00:00', \
         '2016-03-10T06:00:01.000000+00:00')",
    ] {
        raw.execute_unprepared(row).await.unwrap();
    }

    let store = Store::open(settings).await.unwrap();
    let programme: ProgrammeId = "er".parse().unwrap();
    let now: DateTime<Utc> = "2016-03-12T12:00:00Z".parse().unwrap();
    let cause = Cause {
        at: now,
        actor: Actor::system(),
        request: None,
    };
    let id = programme.clone();
    let zone = "Europe/Rome".parse().unwrap();
    let shipped = schedule::shipped().into_iter();
    let plans: Vec<_> = shipped.map(|plan| plan.in_zone(zone)).collect();
    let planned = async move |tx: &Tx| schedules::plan(tx, &id, &plans).await;
    let act = Act::new(cause, [7; 32]);
    store.write(act, planned).await.unwrap();

    let db = store.read();
    let digest = schedules::get(db, &programme, "officers-digest")
        .await
        .unwrap();
    // It fires as it did: what it missed since is caught up with.
    assert_eq!(
        digest.next_fire_at.to_rfc3339(),
        "2016-03-11T06:00:00+00:00"
    );
    let last = digest.last_fire_at.unwrap();
    assert_eq!(last.to_rfc3339(), "2016-03-10T06:00:00+00:00");
    let name = (programme.clone(), "officers-digest".to_owned());
    let fires = fires::latest(db, &name, 10).await.unwrap();
    assert_eq!(fires.len(), 1);
    assert_eq!(
        (fires[0].state, fires[0].origin, fires[0].nominal_at),
        (FireState::Done, Origin::Calendar, Some(last))
    );
    // It fires at another hour than it did: by the new plan, from now on.
    let retention = schedules::get(db, &programme, "retention").await.unwrap();
    assert_eq!(
        retention.next_fire_at.to_rfc3339(),
        "2016-03-13T02:00:00+00:00"
    );
}
