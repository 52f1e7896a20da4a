//! What an application states beyond its year, and the annual projects of a multi-year programme.

use bando_domain::application::Placement;
use bando_domain::consortium::ProgrammeYear;
use bando_domain::project::Indicators;
use bando_proto::v1;
use bando_workflow::Error;
use bando_workflow::applications::AnnualProject;

use super::names;
use super::show::{application_state, count};

pub fn programme_year(years: ProgrammeYear) -> v1::ProgrammeYear {
    v1::ProgrammeYear {
        first_year: years.first_year.into(),
        year: years.year.into(),
    }
}

/// A programme's first year as a listing names it; 0 names none.
pub fn first_year(wire: i32) -> Result<Option<u16>, Error> {
    let year = u16::try_from(wire).map_err(|_| {
        let explanation = format!("{wire} is no year");
        Error::invalid("first_year", "OUT_OF_RANGE", explanation)
    })?;
    Ok((year > 0).then_some(year))
}

pub fn annual_project(project: &AnnualProject) -> v1::AnnualProject {
    let known = &project.application;
    let counted = known.counted();
    let amount = match &known.placement {
        Some(Placement::Awarded { amount, .. }) => amount.as_cents(),
        Some(Placement::Waiting { .. } | Placement::BelowThreshold) | None => 0,
    };
    v1::AnnualProject {
        programme_year: Some(programme_year(project.years)),
        application: names::of_application(&known.call, known.id),
        state: application_state(known.state).into(),
        title: known.project.title.clone(),
        protocol: counted.map_or_else(String::new, |sealed| sealed.protocol().to_owned()),
        indicators: counted
            .and_then(|sealed| sealed.indicators.as_ref())
            .map(indicators),
        amount_cents: amount,
    }
}

pub fn indicators(stated: &Indicators) -> v1::Indicators {
    v1::Indicators {
        export_share_basis_points: stated.export_share.map(|share| count(share.0)),
        destination_markets: stated.markets.iter().map(ToString::to_string).collect(),
    }
}
