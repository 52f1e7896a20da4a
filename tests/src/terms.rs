//! Many requests for clarification whose terms end at one instant, made from one that went the whole
//! way over gRPC: what an office with a busy year has at midnight.

use anyhow::Context as _;
use bando_daemon::convert;
use bando_domain::identifiers::PartitaIva;
use bando_proto::v1;
use chrono::TimeDelta;

use crate::daemon::{Office, closes_at, opens_at};
use crate::raw::Raw;

/// The one that all others are copies of.
#[derive(Debug, Clone)]
pub struct Original {
    /// Ids as text.
    pub consortium: String,
    pub application: String,
    pub clarification: String,
}

fn last(name: &str) -> String {
    name.rsplit('/').next().unwrap_or(name).to_owned()
}

/// An application under check, with a request that was delivered and whose term has just ended.
///
/// # Errors
/// When the daemon refuses a step of it.
pub async fn ended(office: &Office) -> anyhow::Result<Original> {
    office.publish().await;
    office.turn_clock_to(opens_at()).await;
    let applicant = office.applicant(1).await;
    let draft = applicant.draft().await;
    let submitted = applicant.submit(&draft).await?.application;
    let submitted = submitted.context("an application")?;
    office.turn_clock_to(closes_at() + TimeDelta::days(6)).await;
    let request = v1::OpenCheckRequest {
        name: submitted.name.clone(),
        etag: submitted.etag,
        ..Default::default()
    };
    let opened = office.officer.eligibility().open_check(request).await?;
    let request = v1::RequestClarificationRequest {
        parent: submitted.name.clone(),
        etag: opened.into_inner().etag,
        items: vec![v1::ClarificationItem {
            kind: v1::ItemKind::Document.into(),
            rule: "E2".to_owned(),
            text: Some(v1::Text {
                it: "lo statuto vigente".to_owned(),
                en: String::new(),
            }),
            ..Default::default()
        }],
        ..Default::default()
    };
    let mut desk = office.officer.clarifications();
    let asked = desk.request_clarification(request).await?.into_inner();
    let now = office.now().await;
    office.turn_clock_to(now + TimeDelta::minutes(1)).await;
    let mut letters = office.letters_of("clarification_requested").await;
    let request = v1::RecordDeliveryRequest {
        name: letters.pop().context("a letter")?.name,
        delivered_at: Some(convert::instant(office.now().await)),
        evidence: "PEC ricevuta 1".to_owned(),
        ..Default::default()
    };
    office.officer.letters().record_delivery(request).await?;
    let now = office.now().await;
    office.turn_clock_to(now + TimeDelta::days(60)).await;
    Ok(Original {
        consortium: last(&applicant.consortium.name),
        application: last(&submitted.name),
        clarification: last(&asked.name),
    })
}

/// Copies the case `count` times, each with its own consortium, application, request and timer; the
/// terms run, and ended when the original's did. Numbers go on after `first`.
///
/// # Errors
/// What the database says.
pub async fn copy(raw: &Raw, of: &Original, first: u32, count: u32) -> anyhow::Result<()> {
    let ids = (first..first + count).map(|number| {
        let id = uuid::Uuid::from_u128((7 << 100) + u128::from(number));
        let iva = PartitaIva::from_seven(1_000_000 + number, 36);
        format!("({number}, '{id}', '{iva}')")
    });
    let ids: Vec<String> = ids.collect();
    raw.execute_unprepared("CREATE TABLE IF NOT EXISTS many (number integer, id text, iva text)")
        .await?;
    raw.execute_unprepared("DELETE FROM many").await?;
    for some in ids.chunks(1_000) {
        let insert = format!("INSERT INTO many VALUES {}", some.join(", "));
        raw.execute_unprepared(&insert).await?;
    }
    let own = raw.uuid("many.id");
    let (consortium, application) = (quoted(raw, &of.consortium), quoted(raw, &of.application));
    let clarification = quoted(raw, &of.clarification);
    let subject = of.clarification.as_str();
    let mut statements = vec!["BEGIN".to_owned()];
    for (table, original, own_columns) in [
        (
            "consortia",
            format!("id = {consortium}"),
            vec![("id", own.as_str()), ("partita_iva", "many.iva")],
        ),
        (
            "applications",
            format!("id = {application}"),
            vec![("id", own.as_str()), ("consortium", own.as_str())],
        ),
        (
            "submissions",
            format!("application = {application}"),
            vec![
                ("application", own.as_str()),
                ("protocol", "'ER-2016-9' || many.number"),
            ],
        ),
        (
            "clarifications",
            format!("id = {clarification}"),
            vec![
                ("id", own.as_str()),
                ("application", own.as_str()),
                ("consortium", own.as_str()),
                ("state", "'delivered'"),
                ("ended_at", "NULL"),
            ],
        ),
        (
            "timers",
            format!("subject = '{subject}' AND kind = 'clarification_due'"),
            vec![
                ("id", own.as_str()),
                ("subject", "many.id"),
                ("state", "'waiting'"),
                ("attempts", "0"),
                ("lease_token", "0"),
                ("fired_at", "NULL"),
            ],
        ),
    ] {
        let columns = raw.columns(table).await?;
        let values: Vec<String> = columns
            .iter()
            .map(|column| {
                let own = own_columns.iter().find(|(name, _)| name == column);
                own.map_or_else(
                    || format!("{table}.{column}"),
                    |(_, value)| (*value).to_owned(),
                )
            })
            .collect();
        statements.push(format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {table}, many WHERE {table}.{original}",
            columns.join(", "),
            values.join(", "),
        ));
    }
    statements.push("COMMIT".to_owned());
    raw.execute_unprepared(&statements.join(";\n")).await
}

fn quoted(raw: &Raw, id: &str) -> String {
    raw.uuid(&format!("'{id}'"))
}
