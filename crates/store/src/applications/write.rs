//! Applications to rows: only the parts that changed are written again.

use bando_domain::application::Application;
use bando_domain::eligibility::{Finding, FindingBy};
use bando_domain::ids::ApplicationId;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _,
};

use super::read::{Computation, WORKING_COPY};
use crate::door::{Db as _, Tx};
use crate::error::Error;
use crate::tables::applications::{Column, Entity, Model};
use crate::tables::{activities, budget_lines, findings, participants, save_row, submissions};

pub(super) async fn save(
    application: &Application,
    tx: &Tx,
    before: Option<&Application>,
    version: i64,
) -> Result<(), Error> {
    save_own(application, tx, before.is_some(), version).await?;
    save_project(application, tx, before).await?;
    if before.map(|known| &known.check) != Some(&application.check) {
        save_findings(application, tx, before).await?;
    }
    Ok(())
}

/// Seals the working copy under the number of its last submission: the bytes the receipt stands
/// for, and a copy of the project's rows.
pub async fn seal(tx: &Tx, application: &Application, content: String) -> Result<(), Error> {
    use activities::Column as A;
    use budget_lines::Column as B;
    use participants::Column as P;
    let Some(submission) = application.counted() else {
        return Err(Error::internal(
            "nothing was submitted that could be sealed",
        ));
    };
    let number = i32::try_from(submission.number).map_err(Error::internal)?;
    let row = submissions::Model {
        application: application.id.0,
        number,
        received_at: submission.received_at,
        protocol: submission.protocol().to_owned(),
        receipt: serde_json::to_value(&submission.receipt)?,
        grant_cents: submission.grant.as_cents(),
        content,
    };
    let connection = tx.connection();
    submissions::Entity::insert(row.into_active_model())
        .exec_without_returning(connection)
        .await?;
    copy_rows(
        tx,
        application.id,
        number,
        activities::Entity,
        [
            A::Application,
            A::Submission,
            A::Position,
            A::Code,
            A::Kind,
            A::Title,
            A::Market,
        ],
    )
    .await?;
    copy_rows(
        tx,
        application.id,
        number,
        participants::Entity,
        [P::Application, P::Submission, P::Position, P::PartitaIva],
    )
    .await?;
    let columns = [
        B::Application,
        B::Submission,
        B::Position,
        B::Activity,
        B::Category,
        B::Description,
        B::AmountCents,
    ];
    copy_rows(tx, application.id, number, budget_lines::Entity, columns).await
}

/// Copies the working copy's rows of one table; the first two columns are the application and
/// the submission.
async fn copy_rows<E, C, const N: usize>(
    tx: &Tx,
    id: ApplicationId,
    number: i32,
    table: E,
    columns: [C; N],
) -> Result<(), Error>
where
    E: sea_orm::EntityTrait + sea_orm::sea_query::IntoTableRef + sea_orm::Iden + Copy,
    C: sea_orm::ColumnTrait,
{
    let [application, submission, rest @ ..] = columns.as_slice() else {
        return Ok(());
    };
    let mut select = Query::select();
    select.column(*application).expr(Expr::val(number));
    for column in rest {
        select.column(*column);
    }
    select
        .from(table)
        .and_where(Expr::col(*application).eq(id.0))
        .and_where(Expr::col(*submission).eq(WORKING_COPY));
    let mut insert = Query::insert();
    insert.into_table(table).columns(columns);
    insert.select_from(select).map_err(Error::internal)?;
    tx.connection().execute(&insert).await?;
    Ok(())
}

async fn save_own(
    application: &Application,
    tx: &Tx,
    exists: bool,
    version: i64,
) -> Result<(), Error> {
    let (project, check) = (&application.project, application.check.as_ref());
    let computation = check.map(|check| Computation {
        participants: check.participants,
        budget: check.budget.clone(),
        grant: check.grant.clone(),
    });
    let rule_set_version = check.map(|check| check.rule_set_version);
    let row = Model {
        id: application.id.0,
        call: application.call.to_string(),
        consortium: application.consortium.0,
        version,
        state: application.state.as_str().to_owned(),
        title: project.title.clone(),
        summary: project.summary.clone(),
        sector: project.sector.clone(),
        starts_on: project.starts_on,
        ends_on: project.ends_on,
        requested_cents: project.requested.map(bando_domain::money::Eur::as_cents),
        declarations: serde_json::to_value(&project.declarations)?,
        edited: serde_json::to_value(&application.edited)?,
        late_attempts: i32::try_from(application.late_attempts).map_err(Error::internal)?,
        withdrawn_because: application.withdrawn_because.clone(),
        rule_set_version: rule_set_version
            .map(i32::try_from)
            .transpose()
            .map_err(Error::internal)?,
        eligible_cents: check.map(|check| check.grant.eligible.as_cents()),
        grant_cents: check.map(|check| check.grant.amount.as_cents()),
        computation: computation.map(serde_json::to_value).transpose()?,
        placement: application
            .placement
            .as_ref()
            .map(serde_json::to_value)
            .transpose()?,
    };
    save_row!(tx, Entity, Column, row, exists, version, application.id.0)
}

async fn save_project(
    application: &Application,
    tx: &Tx,
    before: Option<&Application>,
) -> Result<(), Error> {
    let (project, known) = (&application.project, before.map(|known| &known.project));
    if known
        .map(|known| &known.activities)
        .is_none_or(|known| *known != project.activities)
    {
        save_activities(application, tx, before.is_some()).await?;
    }
    if known
        .map(|known| &known.participants)
        .is_none_or(|known| *known != project.participants)
    {
        save_participants(application, tx, before.is_some()).await?;
    }
    if known
        .map(|known| &known.budget_lines)
        .is_none_or(|known| *known != project.budget_lines)
    {
        save_budget_lines(application, tx, before.is_some()).await?;
    }
    Ok(())
}

async fn save_activities(application: &Application, tx: &Tx, exists: bool) -> Result<(), Error> {
    let (id, connection) = (application.id.0, tx.connection());
    if exists {
        activities::Entity::delete_many()
            .filter(activities::Column::Application.eq(id))
            .filter(activities::Column::Submission.eq(WORKING_COPY))
            .exec(connection)
            .await?;
    }
    let rows = (0..)
        .zip(&application.project.activities)
        .map(|(position, activity)| {
            activities::Model {
                application: id,
                submission: WORKING_COPY,
                position,
                code: activity.code.clone(),
                kind: activity.kind.as_str().to_owned(),
                title: activity.title.clone(),
                market: activity.market.as_str().to_owned(),
            }
            .into_active_model()
        });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        activities::Entity::insert_many(rows)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

async fn save_participants(application: &Application, tx: &Tx, exists: bool) -> Result<(), Error> {
    let (id, connection) = (application.id.0, tx.connection());
    if exists {
        participants::Entity::delete_many()
            .filter(participants::Column::Application.eq(id))
            .filter(participants::Column::Submission.eq(WORKING_COPY))
            .exec(connection)
            .await?;
    }
    let rows = (0..)
        .zip(&application.project.participants)
        .map(|(position, firm)| {
            participants::Model {
                application: id,
                submission: WORKING_COPY,
                position,
                partita_iva: firm.as_str().to_owned(),
            }
            .into_active_model()
        });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        participants::Entity::insert_many(rows)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

async fn save_budget_lines(application: &Application, tx: &Tx, exists: bool) -> Result<(), Error> {
    let (id, connection) = (application.id.0, tx.connection());
    if exists {
        budget_lines::Entity::delete_many()
            .filter(budget_lines::Column::Application.eq(id))
            .filter(budget_lines::Column::Submission.eq(WORKING_COPY))
            .exec(connection)
            .await?;
    }
    let rows = (0..)
        .zip(&application.project.budget_lines)
        .map(|(position, line)| {
            budget_lines::Model {
                application: id,
                submission: WORKING_COPY,
                position,
                activity: line.activity.clone(),
                category: line.category.clone(),
                description: line.description.clone(),
                amount_cents: line.amount.as_cents(),
            }
            .into_active_model()
        });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        budget_lines::Entity::insert_many(rows)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
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
    if !rows.is_empty() {
        findings::Entity::insert_many(rows)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

fn finding_row(
    id: ApplicationId,
    position: i32,
    finding: &Finding,
) -> Result<findings::Model, Error> {
    let serde_json::Value::String(verdict) = serde_json::to_value(finding.verdict)? else {
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
