//! Conflicts of interest that the register finds by itself: an evaluator who shares a street address
//! or a mail domain with a member, over gRPC on the running daemon.

use bando_daemon::samples;
use bando_proto::v1;
use bando_proto::v1::record_change_request::Change;
use bando_tests::daemon::{PROGRAMME, TestDaemon};
use tonic::Code;

use crate::operator::Terminal;
use crate::stories::reason;

const MEMBER_ADDRESS: &str = "V.le della Libertà n. 12/A - 41121 Modena (MO)";

/// Says where a member is and where mail reaches it.
async fn reach(
    daemon: &TestDaemon,
    consortium: &v1::Consortium,
    place: usize,
    address: &str,
    email: &str,
) -> v1::Consortium {
    let firm = firm(consortium, place);
    let reached = v1::MemberReached {
        partita_iva: firm,
        address: address.to_owned(),
        email: email.to_owned(),
    };
    let request = v1::RecordChangeRequest {
        name: consortium.name.clone(),
        etag: consortium.etag.clone(),
        change: Some(Change::MemberReached(reached)),
        ..Default::default()
    };
    let recorded = daemon.officer.consortia().record_change(request).await;
    recorded.unwrap().into_inner()
}

fn firm(consortium: &v1::Consortium, place: usize) -> String {
    let profile = consortium.profile.as_ref().unwrap();
    profile.members[place].partita_iva.clone()
}

async fn registered(daemon: &TestDaemon, person: &str, email: &str, address: &str) {
    let evaluator = v1::Evaluator {
        person: person.to_owned(),
        title: format!("{person} Rossi"),
        email: email.to_owned(),
        address: address.to_owned(),
        ..Default::default()
    };
    let request = v1::RegisterEvaluatorRequest {
        parent: PROGRAMME.to_owned(),
        evaluator: Some(evaluator),
        ..Default::default()
    };
    let mut desk = daemon.officer.evaluators();
    desk.register_evaluator(request).await.unwrap();
}

/// The flags of a person who is assigned the application.
async fn flags(daemon: &TestDaemon, application: &str, person: &str) -> Vec<(String, String)> {
    let assigned = daemon.assign(application, person).await.unwrap();
    let flags = assigned.flags.into_iter();
    flags.map(|flag| (flag.kind, flag.firm)).collect()
}

#[tokio::test]
async fn a_members_street_address_and_mail_domain_flag() {
    of_members(TestDaemon::start().await).await;
}

#[tokio::test]
async fn a_members_street_address_and_mail_domain_flag_on_postgresql() {
    of_members(TestDaemon::on_postgresql().await).await;
}

async fn of_members(daemon: TestDaemon) {
    let (applicant, application) = daemon.admissible(samples::CALL_2016.1, 1).await.remove(0);
    let mut consortium = applicant.consortium.clone();
    for (place, address, email) in [
        (2, MEMBER_ADDRESS, ""),
        (5, "", "info@officine-ferri.example"),
        (6, "Via Po 3, 40139 Bologna", "officina.neri@gmail.com"),
    ] {
        consortium = reach(&daemon, &consortium, place, address, email).await;
    }
    let nowhere = "via Lontana 1, 00100 Roma";
    let typed = "viale della liberta' 12 a, Modena";
    registered(&daemon, "carlo", "carlo@ateneo.example", typed).await;
    registered(
        &daemon,
        "diana",
        "diana@pec.officine-ferri.example",
        nowhere,
    )
    .await;
    registered(
        &daemon,
        "elio",
        "elio@gmail.com",
        "via Po 33, 40139 Bologna",
    )
    .await;

    let (carlo, diana, elio) = (
        flags(&daemon, &application.name, "carlo").await,
        flags(&daemon, &application.name, "diana").await,
        flags(&daemon, &application.name, "elio").await,
    );

    assert_eq!(carlo, [("same_address".to_owned(), firm(&consortium, 2))]);
    assert_eq!(
        diana,
        [("same_mail_domain".to_owned(), firm(&consortium, 5))]
    );
    assert_eq!(
        elio,
        [],
        "a public provider and another number are nobody's"
    );

    // Nothing of it is sealed, and what was said stays when the profile is said anew without it.
    let profile = v1::Profile {
        members: {
            let all = consortium.profile.clone().unwrap().members.into_iter();
            let without = |member| v1::Member {
                address: None,
                email: None,
                ..member
            };
            all.map(without).collect()
        },
        ..consortium.profile.clone().unwrap()
    };
    let request = v1::UpdateConsortiumRequest {
        consortium: Some(v1::Consortium {
            profile: Some(profile),
            ..consortium.clone()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["profile".to_owned()],
        }),
        ..Default::default()
    };
    let kept = daemon.officer.consortia().update_consortium(request).await;
    let kept = kept.unwrap().into_inner();
    let member = &kept.profile.as_ref().unwrap().members[2];
    assert_eq!(member.address.as_deref(), Some(MEMBER_ADDRESS));
    let gone = reach(&daemon, &kept, 2, "", "").await;
    assert_eq!(gone.profile.unwrap().members[2].address, None);
}

/// The seat of the consortium counts as a member's address does, and learned after the assignment
/// it stops the declaration.
#[tokio::test]
async fn the_address_of_the_seat_flags_also_when_it_is_learned_later() {
    let daemon = TestDaemon::start().await;
    let (applicant, application) = daemon.admissible(samples::CALL_2016.1, 1).await.remove(0);
    registered(
        &daemon,
        "carlo",
        "carlo@ateneo.example",
        "via Roma 1, 40121 Bologna",
    )
    .await;
    let assigned = daemon.assign(&application.name, "carlo").await.unwrap();
    assert_eq!(assigned.flags, []);
    let contact = applicant.consortium.contact.clone().unwrap();
    let update = |address: Option<&str>, etag: &str| v1::UpdateConsortiumRequest {
        consortium: Some(v1::Consortium {
            contact: Some(v1::Contact {
                address: address.map(ToOwned::to_owned),
                ..contact.clone()
            }),
            etag: etag.to_owned(),
            ..applicant.consortium.clone()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["contact".to_owned()],
        }),
        ..Default::default()
    };
    let mut own = applicant.desk.consortia();
    let long = "x".repeat(301);
    let too_long = update(Some(&long), &applicant.consortium.etag);
    let refused = own.update_consortium(too_long).await.unwrap_err();
    assert!(refused.message().contains("contact.address"), "{refused}");
    let known = update(Some("V. Roma, 1 - Bologna"), &applicant.consortium.etag);
    let known = own.update_consortium(known).await.unwrap().into_inner();
    // Who does not speak of the address leaves it as it is.
    let silent = own.update_consortium(update(None, &known.etag)).await;
    let silent = silent.unwrap().into_inner().contact.unwrap();
    assert_eq!(silent.address.as_deref(), Some("V. Roma, 1 - Bologna"));

    let carlo = daemon.person("carlo", v1::Role::Evaluator).await;
    let declared = carlo.declare_free(&assigned).await.unwrap_err();

    assert_eq!(declared.code(), Code::FailedPrecondition);
    assert_eq!(reason(&declared), "EVALUATOR_FLAGGED");
    let all = daemon.officer.evaluations_of(&application.name).await;
    assert_eq!(all[0].flags[0].kind, "same_address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn addresses_come_with_the_import_and_with_an_act_of_their_own() {
    let daemon = TestDaemon::open().await;
    let officer = Terminal::of(&daemon, "anna", &daemon.officer.secret);
    let sample = officer.says("consortium import --sample").await;
    let broken = sample.replace("2014-01-01,,,\"via", "2014-01-01,,,\"vi\u{7}a");
    std::fs::write(officer.folder.join("broken.csv"), broken).unwrap();
    let output = officer.run("consortium import broken.csv -o json").await;
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told[0]["field"], "address");
    std::fs::write(officer.folder.join("sample.csv"), sample).unwrap();
    officer.says("consortium import sample.csv").await;

    let known = officer.json("consortium describe 90001010371").await;
    assert_eq!(known["contact"]["address"], "via Esempio 1, 41121 Modena");
    let member = &known["profile"]["members"][0];
    assert_eq!(member["address"], "via Emilia 12, 41121 Modena");
    assert!(member["email"].is_null());
    let reach = "consortium member reach 90001010371 90001080374";
    officer
        .says(&format!("{reach} --email info@alfa.example"))
        .await;
    let (code, complaint) = officer.fails(&format!("{reach} --email nobody")).await;
    assert_eq!(code, 2, "{complaint}");
    assert!(complaint.contains("member_reached.email"), "{complaint}");
    let (_, complaint) = officer
        .fails("consortium member reach 90001010371 00743110157 --email a@b.example")
        .await;
    assert!(complaint.contains("MEMBERSHIP_STATE"), "{complaint}");

    let shown = officer.says("consortium describe 90001010371").await;
    assert!(shown.contains("info@alfa.example"), "{shown}");
    let known = officer.json("consortium describe 90001010371").await;
    let member = &known["profile"]["members"][0];
    assert_eq!(member["address"], "via Emilia 12, 41121 Modena");
}
