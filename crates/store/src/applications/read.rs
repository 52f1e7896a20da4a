//! Rows to applications, a page at a time: one query per table, whatever the page's size.

use std::collections::HashMap;

use bando_domain::application::{Application, Check, State, Submission};
use bando_domain::budget::AdmittedBudget;
use bando_domain::consortium::ProgrammeYear;
use bando_domain::eligibility::{Finding, FindingBy, Verdict};
use bando_domain::grant::Grant;
use bando_domain::money::{BasisPoints, Eur};
use bando_domain::programme::Text;
use bando_domain::project::Indicators;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::calls::by_name;
use crate::door::Db;
use crate::error::Error;
use crate::record::Versioned;
use crate::tables::applications::Model;
use crate::tables::{Json, findings, submissions};

/// How the check came to its amounts; stored as one document.
#[derive(Serialize, Deserialize)]
pub(super) struct Computation {
    pub(super) participants: u32,
    pub(super) budget: AdmittedBudget,
    pub(super) grant: Grant,
}

#[derive(Default)]
struct Parts {
    submissions: Vec<Submission>,
    findings: Vec<Finding>,
}

pub(super) async fn with_parts<D: Db>(
    db: &D,
    rows: Vec<Model>,
) -> Result<Vec<Versioned<Application>>, Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut parts: HashMap<Uuid, Parts> = HashMap::new();
    read_submissions(db, &ids, &mut parts).await?;
    let checked = rows.iter().filter(|row| row.computation.is_some());
    read_findings(db, checked.map(|row| row.id), &mut parts).await?;
    rows.into_iter()
        .map(|row| {
            let own = parts.remove(&row.id).unwrap_or_default();
            read(row, own)
        })
        .collect()
}

/// A submission without the content it sealed.
#[derive(FromQueryResult)]
struct SubmissionRow {
    application: Uuid,
    number: i32,
    received_at: chrono::DateTime<chrono::Utc>,
    receipt: Json,
    grant_cents: i64,
    programme_first_year: Option<i32>,
    programme_year: Option<i32>,
    export_share_basis_points: Option<i32>,
    destination_markets: Option<Json>,
}

async fn read_submissions<D: Db>(
    db: &D,
    ids: &[Uuid],
    parts: &mut HashMap<Uuid, Parts>,
) -> Result<(), Error> {
    use sea_orm::QuerySelect as _;
    let rows = submissions::Entity::find()
        .select_only()
        .columns([
            submissions::Column::Application,
            submissions::Column::Number,
            submissions::Column::ReceivedAt,
            submissions::Column::Receipt,
            submissions::Column::GrantCents,
            submissions::Column::ProgrammeFirstYear,
            submissions::Column::ProgrammeYear,
            submissions::Column::ExportShareBasisPoints,
            submissions::Column::DestinationMarkets,
        ])
        .filter(submissions::Column::Application.is_in(ids.iter().copied()))
        .order_by_asc(submissions::Column::Number)
        .into_model::<SubmissionRow>()
        .all(db.connection())
        .await?;
    for row in rows {
        let application = row.application;
        let own = parts.entry(application).or_default();
        own.submissions.push(read_submission(row)?);
    }
    Ok(())
}

fn read_submission(row: SubmissionRow) -> Result<Submission, Error> {
    let years = row.programme_first_year.zip(row.programme_year);
    let year = |year: i32| u16::try_from(year).map_err(Error::internal);
    let programme_year = match years {
        None => None,
        Some((first_year, of)) => Some(ProgrammeYear {
            first_year: year(first_year)?,
            year: year(of)?,
        }),
    };
    // Whoever stated indicators stated markets too, be it none.
    let indicators = match row.destination_markets {
        None => None,
        Some(markets) => Some(Indicators {
            export_share: match row.export_share_basis_points {
                None => None,
                Some(share) => Some(BasisPoints(u32::try_from(share).map_err(Error::internal)?)),
            },
            markets: markets.read()?,
        }),
    };
    Ok(Submission {
        number: u32::try_from(row.number).map_err(Error::internal)?,
        received_at: row.received_at,
        receipt: row.receipt.read()?,
        grant: Eur::cents(row.grant_cents),
        programme_year,
        indicators,
    })
}

async fn read_findings<D: Db>(
    db: &D,
    checked: impl Iterator<Item = Uuid>,
    parts: &mut HashMap<Uuid, Parts>,
) -> Result<(), Error> {
    let checked: Vec<Uuid> = checked.collect();
    if checked.is_empty() {
        return Ok(());
    }
    let rows = findings::Entity::find()
        .filter(findings::Column::Application.is_in(checked))
        .order_by_asc(findings::Column::Position)
        .all(db.connection())
        .await?;
    for row in rows {
        let finding = Finding {
            rule: row.rule,
            verdict: read_verdict(&row.verdict)?,
            by: match row.officer {
                Some(person) => FindingBy::Officer { person },
                None => FindingBy::Data,
            },
            explanation: Text::new(row.explanation_it, row.explanation_en),
        };
        parts
            .entry(row.application)
            .or_default()
            .findings
            .push(finding);
    }
    Ok(())
}

fn read_verdict(text: &str) -> Result<Verdict, Error> {
    Ok(serde_json::from_value(serde_json::Value::String(
        text.to_owned(),
    ))?)
}

fn read(row: Model, parts: Parts) -> Result<Versioned<Application>, Error> {
    let computation: Option<Computation> = Json::read_optional(row.computation)?;
    let check = match (computation, row.rule_set_version) {
        (Some(computation), Some(version)) => Some(Check {
            rule_set_version: u32::try_from(version).map_err(Error::internal)?,
            participants: computation.participants,
            findings: parts.findings,
            budget: computation.budget,
            grant: computation.grant,
        }),
        _ => None,
    };
    let value = Application {
        id: row.id.into(),
        call: row.call.parse().map_err(Error::internal)?,
        consortium: row.consortium.into(),
        state: by_name(State::ALL, State::as_str, &row.state)?,
        project: row.project.read()?,
        edited: row.edited.read()?,
        submissions: parts.submissions,
        late_attempts: u32::try_from(row.late_attempts).map_err(Error::internal)?,
        withdrawn_because: row.withdrawn_because,
        check,
        placement: Json::read_optional(row.placement)?,
        reopened_checks: u32::try_from(row.reopened_checks).map_err(Error::internal)?,
    };
    Ok(Versioned {
        version: row.version,
        value,
    })
}
