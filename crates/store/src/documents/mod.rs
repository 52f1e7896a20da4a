//! Documents: what they are about, which submissions and answers sealed them, which hashes are
//! still needed.

mod answers;
mod rows;
pub mod scans;

use std::collections::HashMap;

use bando_domain::call::State as CallState;
use bando_domain::document::{self, Document, ScanState};
use bando_domain::event::SubjectKind;
use bando_domain::ids::{ApplicationId, CallId, ConsortiumId, DocumentId, ProgrammeId};
use sea_orm::sea_query::{Condition, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use crate::door::{Db, Tx};
use crate::error::Error;
use crate::page::{Page, PageQuery};
use crate::record::{About, Aggregate, Versioned};
use crate::tables::documents::{Column, Entity};
use crate::tables::{calls, sealed_documents};

pub use answers::{answers, of_clarification, seal_answer};

/// Which documents to read.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub application: Option<ApplicationId>,
    pub consortium: Option<ConsortiumId>,
    pub scan: Option<ScanState>,
}

/// # Errors
/// `NotFound`.
pub async fn get<D: Db>(db: &D, id: DocumentId) -> Result<Versioned<Document>, Error> {
    let row = Entity::find_by_id(id.0).one(db.connection()).await?;
    rows::read(row.ok_or_else(|| Error::not_found(format!("document {id}")))?)
}

/// The documents of a call that are in a working copy, for an answer or in a submission, in order
/// of adding.
pub async fn list<D: Db>(
    db: &D,
    call: &CallId,
    filter: &Filter,
    page: &PageQuery,
) -> Result<Page<Versioned<Document>>, Error> {
    let mut query = Entity::find().filter(kept());
    query = match filter.application {
        Some(application) => query.filter(Column::Application.eq(application.0)),
        None => query.filter(Column::Call.eq(call.to_string())),
    };
    if let Some(consortium) = filter.consortium {
        query = query.filter(Column::Consortium.eq(consortium.0));
    }
    query = match filter.scan {
        None => query,
        Some(ScanState::Clean) => query.filter(Column::ScanVerdict.eq(rows::CLEAN)),
        Some(ScanState::Infected) => query.filter(Column::ScanVerdict.eq(rows::INFECTED)),
        Some(ScanState::Pending | ScanState::NotScanned) => {
            query.filter(Column::ScanVerdict.is_null())
        }
    };
    if let Some(after) = page.after_uuid() {
        query = query.filter(Column::Id.gt(after));
    }
    let found = query
        .order_by_asc(Column::Id)
        .limit(page.limit())
        .all(db.connection())
        .await?;
    let found = found
        .into_iter()
        .map(rows::read)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page.size, |known| {
        known.value.id.to_string()
    }))
}

/// The working copies' documents of these applications, in order of adding.
pub async fn working<D: Db>(
    db: &D,
    applications: &[ApplicationId],
) -> Result<HashMap<ApplicationId, Vec<Document>>, Error> {
    let mut found: HashMap<ApplicationId, Vec<Document>> = HashMap::new();
    if applications.is_empty() {
        return Ok(found);
    }
    let all = Entity::find()
        .filter(Column::Application.is_in(applications.iter().map(|id| id.0)))
        .filter(Column::RemovedAt.is_null())
        .filter(Column::Clarification.is_null())
        .order_by_asc(Column::Id)
        .all(db.connection())
        .await?;
    for row in all {
        let document = rows::read(row)?.value;
        found
            .entry(document.application)
            .or_default()
            .push(document);
    }
    Ok(found)
}

/// Keeps which documents a submission sealed.
pub async fn seal(
    tx: &Tx,
    application: ApplicationId,
    submission: u32,
    documents: &[Document],
) -> Result<(), Error> {
    if documents.is_empty() {
        return Ok(());
    }
    let submission = i32::try_from(submission).map_err(Error::internal)?;
    let sealed = documents.iter().map(|known| {
        sealed_documents::Model {
            application: application.0,
            submission,
            document: known.id.0,
        }
        .into_active_model()
    });
    sealed_documents::Entity::insert_many(sealed)
        .exec_without_returning(tx.connection())
        .await?;
    Ok(())
}

/// The numbers of the submissions that hold each of these documents.
pub async fn submissions<D: Db>(
    db: &D,
    documents: &[DocumentId],
) -> Result<HashMap<DocumentId, Vec<u32>>, Error> {
    let mut found: HashMap<DocumentId, Vec<u32>> = HashMap::new();
    if documents.is_empty() {
        return Ok(found);
    }
    let all = sealed_documents::Entity::find()
        .filter(sealed_documents::Column::Document.is_in(documents.iter().map(|id| id.0)))
        .order_by_asc(sealed_documents::Column::Submission)
        .all(db.connection())
        .await?;
    for row in all {
        let number = u32::try_from(row.submission).map_err(Error::internal)?;
        found.entry(row.document.into()).or_default().push(number);
    }
    Ok(found)
}

/// Whether any document that is not given up has this content.
pub async fn is_needed<D: Db>(db: &D, sha256: &str) -> Result<bool, Error> {
    let found = Entity::find()
        .filter(Column::Sha256.eq(sha256))
        .filter(kept())
        .one(db.connection())
        .await?;
    Ok(found.is_some())
}

/// How many documents of a programme the scanner found infected, in calls that are not awarded.
pub async fn count_infected<D: Db>(db: &D, programme: &ProgrammeId) -> Result<u64, Error> {
    let of_programme = Query::select()
        .column(calls::Column::Id)
        .from(calls::Entity)
        .and_where(calls::Column::Programme.eq(programme.as_str()))
        .and_where(calls::Column::State.ne(CallState::Awarded.as_str()))
        .to_owned();
    let infected = Entity::find()
        .filter(Column::Call.in_subquery(of_programme))
        .filter(Column::ScanVerdict.eq(rows::INFECTED))
        .filter(kept());
    Ok(infected.count(db.connection()).await?)
}

/// In a working copy, for an answer, or in a submission; what an answer sealed is never removed.
fn kept() -> Condition {
    let sealed = Query::select()
        .column(sealed_documents::Column::Document)
        .from(sealed_documents::Entity)
        .and_where(
            sea_orm::sea_query::Expr::col((
                sealed_documents::Entity,
                sealed_documents::Column::Document,
            ))
            .equals((Entity, Column::Id)),
        )
        .to_owned();
    Condition::any()
        .add(Column::RemovedAt.is_null())
        .add(sea_orm::sea_query::Expr::exists(sealed))
}

impl Aggregate for Document {
    type Event = document::Event;
    const KIND: SubjectKind = SubjectKind::Document;

    fn about(&self) -> About {
        About {
            subject: self.id.to_string(),
            programme: Some(self.call.programme().clone()),
            call: Some(self.call.clone()),
            consortium: Some(self.consortium),
        }
    }

    fn event_kind(event: &document::Event) -> &'static str {
        event.kind()
    }

    fn apply(before: Option<Self>, event: &document::Event) -> Option<Self> {
        document::apply(before, event)
    }

    /// A new document is put before the scanner in the same commit.
    async fn save(&self, tx: &Tx, before: Option<&Self>, version: i64) -> Result<(), Error> {
        rows::save(self, tx, before.is_some(), version).await?;
        match before {
            None => scans::queue(tx, self.id).await,
            Some(_) => Ok(()),
        }
    }
}
