//! What an application states beyond its year, and the annual projects of multi-year programmes.

use bando_proto::v1;
use serde::Serialize;

use super::{euros, percent, some, title, word};
use crate::names::{last, short_call};
use crate::output::Row;

/// A year of a multi-year programme, which its first year names.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ProgrammeYear {
    first_year: i32,
    year: i32,
}

impl From<&v1::ProgrammeYear> for ProgrammeYear {
    fn from(years: &v1::ProgrammeYear) -> Self {
        Self {
            first_year: years.first_year,
            year: years.year,
        }
    }
}

impl ProgrammeYear {
    pub(super) fn text(self) -> String {
        format!("{} of the programme from {}", self.year, self.first_year)
    }
}

/// Where the members stand when they apply.
#[derive(Debug, Serialize)]
pub(crate) struct Indicators {
    export_share_basis_points: Option<i32>,
    destination_markets: Vec<String>,
}

impl From<&v1::Indicators> for Indicators {
    fn from(stated: &v1::Indicators) -> Self {
        Self {
            export_share_basis_points: stated.export_share_basis_points,
            destination_markets: stated.destination_markets.clone(),
        }
    }
}

impl Indicators {
    pub(super) fn text(&self) -> String {
        let share = match self.export_share_basis_points {
            None => "no export share".to_owned(),
            share => format!("export {}", percent(share)),
        };
        let markets = &self.destination_markets;
        format!("{share}, {} markets: {}", markets.len(), markets.join(" "))
    }
}

/// An application as the project of a year.
#[derive(Debug, Serialize)]
pub(crate) struct AnnualProject {
    programme_year: Option<ProgrammeYear>,
    application: String,
    state: String,
    title: String,
    protocol: Option<String>,
    indicators: Option<Indicators>,
    amount_cents: Option<i64>,
}

impl From<&v1::AnnualProject> for AnnualProject {
    fn from(project: &v1::AnnualProject) -> Self {
        let state = v1::ApplicationState::try_from(project.state).ok();
        Self {
            programme_year: project.programme_year.as_ref().map(ProgrammeYear::from),
            application: project.application.clone(),
            state: word(state.map(|state| state.as_str_name()), "APPLICATION_STATE_"),
            title: project.title.clone(),
            protocol: some(&project.protocol),
            indicators: project.indicators.as_ref().map(Indicators::from),
            amount_cents: Some(project.amount_cents).filter(|cents| *cents > 0),
        }
    }
}

impl Row for AnnualProject {
    const HEAD: &'static [&'static str] = &[
        "PROGRAMME",
        "YEAR",
        "CALL",
        "STATE",
        "PROTOCOL",
        "EXPORT",
        "MARKETS",
        "GRANT",
        "TITLE",
    ];
    const NUMBERS: &'static [usize] = &[5, 6, 7];

    fn cells(&self) -> Vec<String> {
        let years = self.programme_year;
        let year = |of: fn(ProgrammeYear) -> i32| {
            years.map(|years| of(years).to_string()).unwrap_or_default()
        };
        let stated = self.indicators.as_ref();
        let markets = stated.map(|stated| stated.destination_markets.len().to_string());
        vec![
            year(|years| years.first_year),
            year(|years| years.year),
            short_call(&self.application),
            self.state.clone(),
            self.protocol
                .clone()
                .unwrap_or_else(|| last(&self.application).to_owned()),
            percent(stated.and_then(|stated| stated.export_share_basis_points)),
            markets.unwrap_or_default(),
            euros(self.amount_cents),
            title(&self.title),
        ]
    }

    fn name(&self) -> String {
        self.application.clone()
    }
}
