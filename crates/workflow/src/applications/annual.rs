//! The annual projects of a consortium's multi-year programmes: its applications of all calls that
//! name a year of one.

use bando_domain::actor::Actor;
use bando_domain::application::Application;
use bando_domain::consortium::ProgrammeYear;
use bando_domain::ids::{ConsortiumId, ProgrammeId};
use bando_store::{applications, calls};

use super::as_seen_outside;
use crate::consortia;
use crate::context::Context;
use crate::error::Error;

/// An application as the project of a year.
#[derive(Debug, Clone)]
pub struct AnnualProject {
    pub years: ProgrammeYear,
    pub application: Application,
}

/// By programme, year and call; only those of the programme with this first year, where one is
/// given.
pub async fn annual_projects(
    cx: &Context,
    actor: &Actor,
    programme: &ProgrammeId,
    consortium: ConsortiumId,
    first_year: Option<u16>,
) -> Result<Vec<AnnualProject>, Error> {
    consortia::get(cx, actor, programme, consortium).await?;
    let db = cx.store.read();
    let mut projects = Vec::new();
    for known in applications::of_consortium_in_all(db, consortium).await? {
        let Some(years) = known.value.programme_year() else {
            continue;
        };
        if first_year.is_some_and(|first_year| first_year != years.first_year) {
            continue;
        }
        let shown = if actor.sees_all_consortia() {
            known
        } else {
            let call = calls::get(db, &known.value.call).await?.value;
            as_seen_outside(&call, known)
        };
        projects.push(AnnualProject {
            years,
            application: shown.value,
        });
    }
    projects.sort_by_key(|project| {
        let years = project.years;
        let call = project.application.call.to_string();
        (years.first_year, years.year, call)
    });
    Ok(projects)
}
