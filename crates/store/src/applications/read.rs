//! Rows to applications, a page at a time: one query per table, whatever the page's size.

use std::collections::HashMap;

use bando_domain::application::{Application, Check, State, Submission};
use bando_domain::budget::AdmittedBudget;
use bando_domain::eligibility::{Finding, FindingBy, Verdict};
use bando_domain::grant::Grant;
use bando_domain::money::Eur;
use bando_domain::programme::Text;
use bando_domain::project::{Activity, ActivityKind, BudgetLine, Project};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::calls::by_name;
use crate::door::Db;
use crate::error::Error;
use crate::record::Versioned;
use crate::tables::applications::Model;
use crate::tables::{activities, budget_lines, findings, participants, submissions};

/// The working copy's number among submissions.
pub(super) const WORKING_COPY: i32 = 0;

/// How the check came to its amounts; stored as one document.
#[derive(Serialize, Deserialize)]
pub(super) struct Computation {
    pub(super) participants: u32,
    pub(super) budget: AdmittedBudget,
    pub(super) grant: Grant,
}

#[derive(Default)]
struct Parts {
    activities: Vec<Activity>,
    participants: Vec<bando_domain::identifiers::PartitaIva>,
    budget_lines: Vec<BudgetLine>,
    submissions: Vec<Submission>,
    findings: Vec<Finding>,
}

pub(super) async fn with_parts<D: Db>(
    db: &D,
    rows: Vec<Model>,
) -> Result<Vec<Versioned<Application>>, Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut parts: HashMap<Uuid, Parts> = HashMap::new();
    project_parts(db, &ids, &mut parts).await?;
    office_parts(db, &ids, &mut parts).await?;
    rows.into_iter()
        .map(|row| {
            let own = parts.remove(&row.id).unwrap_or_default();
            read(row, own)
        })
        .collect()
}

async fn project_parts<D: Db>(
    db: &D,
    ids: &[Uuid],
    parts: &mut HashMap<Uuid, Parts>,
) -> Result<(), Error> {
    let connection = db.connection();
    let rows = activities::Entity::find()
        .filter(activities::Column::Application.is_in(ids.iter().copied()))
        .filter(activities::Column::Submission.eq(WORKING_COPY))
        .order_by_asc(activities::Column::Position)
        .all(connection)
        .await?;
    for row in rows {
        let activity = Activity {
            code: row.code,
            kind: by_name(ActivityKind::ALL, ActivityKind::as_str, &row.kind)?,
            title: row.title,
            market: row.market.parse().map_err(Error::internal)?,
        };
        parts
            .entry(row.application)
            .or_default()
            .activities
            .push(activity);
    }
    let rows = participants::Entity::find()
        .filter(participants::Column::Application.is_in(ids.iter().copied()))
        .filter(participants::Column::Submission.eq(WORKING_COPY))
        .order_by_asc(participants::Column::Position)
        .all(connection)
        .await?;
    for row in rows {
        let firm = row.partita_iva.parse().map_err(Error::internal)?;
        parts
            .entry(row.application)
            .or_default()
            .participants
            .push(firm);
    }
    let rows = budget_lines::Entity::find()
        .filter(budget_lines::Column::Application.is_in(ids.iter().copied()))
        .filter(budget_lines::Column::Submission.eq(WORKING_COPY))
        .order_by_asc(budget_lines::Column::Position)
        .all(connection)
        .await?;
    for row in rows {
        let line = BudgetLine {
            activity: row.activity,
            category: row.category,
            description: row.description,
            amount: Eur::cents(row.amount_cents),
        };
        parts
            .entry(row.application)
            .or_default()
            .budget_lines
            .push(line);
    }
    Ok(())
}

/// Application, number, receipt instant, receipt and grant of a submission.
type SubmissionRow = (
    Uuid,
    i32,
    chrono::DateTime<chrono::Utc>,
    serde_json::Value,
    i64,
);

async fn office_parts<D: Db>(
    db: &D,
    ids: &[Uuid],
    parts: &mut HashMap<Uuid, Parts>,
) -> Result<(), Error> {
    use sea_orm::QuerySelect as _;
    let connection = db.connection();
    let rows: Vec<SubmissionRow> = submissions::Entity::find()
        .select_only()
        .columns([
            submissions::Column::Application,
            submissions::Column::Number,
            submissions::Column::ReceivedAt,
            submissions::Column::Receipt,
            submissions::Column::GrantCents,
        ])
        .filter(submissions::Column::Application.is_in(ids.iter().copied()))
        .order_by_asc(submissions::Column::Number)
        .into_tuple()
        .all(connection)
        .await?;
    for (application, number, received_at, receipt, grant_cents) in rows {
        let submission = Submission {
            number: u32::try_from(number).map_err(Error::internal)?,
            received_at,
            receipt: serde_json::from_value(receipt)?,
            grant: Eur::cents(grant_cents),
        };
        parts
            .entry(application)
            .or_default()
            .submissions
            .push(submission);
    }
    let rows = findings::Entity::find()
        .filter(findings::Column::Application.is_in(ids.iter().copied()))
        .order_by_asc(findings::Column::Position)
        .all(connection)
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
    let computation = row
        .computation
        .map(serde_json::from_value::<Computation>)
        .transpose()?;
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
    let project = Project {
        title: row.title,
        summary: row.summary,
        sector: row.sector,
        starts_on: row.starts_on,
        ends_on: row.ends_on,
        activities: parts.activities,
        participants: parts.participants,
        budget_lines: parts.budget_lines,
        requested: row.requested_cents.map(Eur::cents),
        declarations: serde_json::from_value(row.declarations)?,
    };
    let value = Application {
        id: row.id.into(),
        call: row.call.parse().map_err(Error::internal)?,
        consortium: row.consortium.into(),
        state: by_name(State::ALL, State::as_str, &row.state)?,
        project,
        edited: serde_json::from_value(row.edited)?,
        submissions: parts.submissions,
        late_attempts: u32::try_from(row.late_attempts).map_err(Error::internal)?,
        withdrawn_because: row.withdrawn_because,
        check,
        placement: row.placement.map(serde_json::from_value).transpose()?,
    };
    Ok(Versioned {
        version: row.version,
        value,
    })
}
