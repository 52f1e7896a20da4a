//! Applications to rows: the working copy as one document, what is sealed row by row.

use bando_domain::application::Application;
use bando_domain::eligibility::{Finding, FindingBy};
use bando_domain::ids::ApplicationId;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _};
use serde_json::Value;

use super::read::Computation;
use crate::door::{Db as _, Tx};
use crate::error::Error;
use crate::tables::applications::{Column, Entity, Model};
use crate::tables::{
    Json, activities, budget_lines, findings, participants, save_row, submissions,
};

pub(super) async fn save(
    application: &Application,
    tx: &Tx,
    before: Option<&Application>,
    version: i64,
) -> Result<(), Error> {
    save_own(application, tx, before, version).await?;
    if before.map(|known| &known.check) != Some(&application.check) {
        save_findings(application, tx, before).await?;
    }
    Ok(())
}

/// Seals the working copy under the number of its last submission: the bytes the receipt stands
/// for, and the project as rows.
pub async fn seal(tx: &Tx, application: &Application, content: String) -> Result<(), Error> {
    let Some(submission) = application.counted() else {
        return Err(Error::internal(
            "nothing was submitted that could be sealed",
        ));
    };
    let number = i32::try_from(submission.number).map_err(Error::internal)?;
    let years = submission.programme_year;
    let indicators = submission.indicators.as_ref();
    let share = indicators.and_then(|stated| stated.export_share);
    let markets = indicators.map(|stated| Json::of(&stated.markets));
    let row = submissions::Model {
        application: application.id.0,
        number,
        received_at: submission.received_at,
        protocol: submission.protocol().to_owned(),
        receipt: Json::of(&submission.receipt)?,
        grant_cents: submission.grant.as_cents(),
        content,
        programme_first_year: years.map(|years| years.first_year.into()),
        programme_year: years.map(|years| years.year.into()),
        export_share_basis_points: share
            .map(|share| i32::try_from(share.0))
            .transpose()
            .map_err(Error::internal)?,
        destination_markets: markets.transpose()?,
    };
    submissions::Entity::insert(row.into_active_model())
        .exec_without_returning(tx.connection())
        .await?;
    seal_activities(tx, application, number).await?;
    seal_participants(tx, application, number).await?;
    seal_budget_lines(tx, application, number).await
}

async fn seal_activities(tx: &Tx, application: &Application, number: i32) -> Result<(), Error> {
    let rows = (0..).zip(&application.project.activities);
    let rows = rows.map(|(position, activity)| activities::Model {
        application: application.id.0,
        submission: number,
        position,
        code: activity.code.clone(),
        kind: activity.kind.as_str().to_owned(),
        title: activity.title.clone(),
        market: activity.market.as_str().to_owned(),
    });
    insert_all::<activities::Entity, _>(tx, rows.map(activities::Model::into_active_model)).await
}

async fn seal_participants(tx: &Tx, application: &Application, number: i32) -> Result<(), Error> {
    let rows = (0..).zip(&application.project.participants);
    let rows = rows.map(|(position, firm)| participants::Model {
        application: application.id.0,
        submission: number,
        position,
        partita_iva: firm.as_str().to_owned(),
    });
    insert_all::<participants::Entity, _>(tx, rows.map(participants::Model::into_active_model))
        .await
}

async fn seal_budget_lines(tx: &Tx, application: &Application, number: i32) -> Result<(), Error> {
    let rows = (0..).zip(&application.project.budget_lines);
    let rows = rows.map(|(position, line)| budget_lines::Model {
        application: application.id.0,
        submission: number,
        position,
        activity: line.activity.clone(),
        category: line.category.clone(),
        description: line.description.clone(),
        amount_cents: line.amount.as_cents(),
    });
    insert_all::<budget_lines::Entity, _>(tx, rows.map(budget_lines::Model::into_active_model))
        .await
}

/// Inserts all rows in one statement; none is none.
async fn insert_all<E, A>(tx: &Tx, rows: impl Iterator<Item = A>) -> Result<(), Error>
where
    E: sea_orm::EntityTrait,
    A: sea_orm::ActiveModelTrait<Entity = E>,
{
    let rows: Vec<A> = rows.collect();
    if !rows.is_empty() {
        E::insert_many(rows)
            .exec_without_returning(tx.connection())
            .await?;
    }
    Ok(())
}

async fn save_own(
    application: &Application,
    tx: &Tx,
    before: Option<&Application>,
    version: i64,
) -> Result<(), Error> {
    // The working copy is by far the longest part: written only where it changed.
    let is_kept = |known: &Application| {
        known.project == application.project && known.edited == application.edited
    };
    let is_kept = before.is_some_and(is_kept);
    let (project, check) = (&application.project, application.check.as_ref());
    let computation = check.map(|check| Computation {
        participants: check.participants,
        budget: check.budget.clone(),
        grant: check.grant.clone(),
    });
    let rule_set_version = check.map(|check| check.rule_set_version);
    // Replaced below, or left as it is stored.
    let unwritten = Json::of(&())?;
    let row = Model {
        id: application.id.0,
        call: application.call.to_string(),
        consortium: application.consortium.0,
        version,
        state: application.state.as_str().to_owned(),
        title: project.title.clone(),
        sector: project.sector.clone(),
        starts_on: project.starts_on,
        ends_on: project.ends_on,
        requested_cents: project.requested.map(bando_domain::money::Eur::as_cents),
        project: unwritten.clone(),
        programme_first_year: project.programme_year.map(|years| years.first_year.into()),
        programme_year: project.programme_year.map(|years| years.year.into()),
        edited: unwritten,
        late_attempts: i32::try_from(application.late_attempts).map_err(Error::internal)?,
        withdrawn_because: application.withdrawn_because.clone(),
        rule_set_version: rule_set_version
            .map(i32::try_from)
            .transpose()
            .map_err(Error::internal)?,
        eligible_cents: check.map(|check| check.grant.eligible.as_cents()),
        grant_cents: check.map(|check| check.grant.amount.as_cents()),
        computation: Json::of_optional(computation.as_ref())?,
        placement: Json::of_optional(application.placement.as_ref())?,
        reopened_checks: i32::try_from(application.reopened_checks).map_err(Error::internal)?,
    };
    let mut row = row.into_active_model();
    if is_kept {
        (row.project, row.edited) = (NotSet, NotSet);
    } else {
        row.project = Set(Json::of(project)?);
        row.edited = Set(Json::of(&application.edited)?);
    }
    let exists = before.is_some();
    save_row!(tx, Entity, Column, row, exists, version, application.id.0)
}

async fn save_findings(
    application: &Application,
    tx: &Tx,
    before: Option<&Application>,
) -> Result<(), Error> {
    let (id, connection) = (application.id.0, tx.connection());
    if before.is_some_and(|known| known.check.is_some()) {
        findings::Entity::delete_many()
            .filter(findings::Column::Application.eq(id))
            .exec(connection)
            .await?;
    }
    let Some(check) = &application.check else {
        return Ok(());
    };
    let mut rows = Vec::new();
    for (position, finding) in (0..).zip(&check.findings) {
        rows.push(finding_row(application.id, position, finding)?.into_active_model());
    }
    insert_all::<findings::Entity, _>(tx, rows.into_iter()).await
}

fn finding_row(
    id: ApplicationId,
    position: i32,
    finding: &Finding,
) -> Result<findings::Model, Error> {
    let Value::String(verdict) = serde_json::to_value(finding.verdict)? else {
        return Err(Error::internal("a verdict is not text"));
    };
    Ok(findings::Model {
        application: id.0,
        position,
        rule: finding.rule.clone(),
        verdict,
        officer: match &finding.by {
            FindingBy::Data => None,
            FindingBy::Officer { person } => Some(person.clone()),
        },
        explanation_it: finding.explanation.it.clone(),
        explanation_en: finding.explanation.en.clone(),
    })
}
