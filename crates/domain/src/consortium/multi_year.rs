//! The multi-year programme of a consortium: what its members agreed to reach together over a few
//! years. Each year's application is one of its annual projects.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Profile;
use crate::identifiers::CountryCode;
use crate::money::BasisPoints;

/// Most years of one programme; the practice is three.
pub const YEARS_LIMIT: u16 = 5;

/// A programme of a consortium over some years, both inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MultiYearProgramme {
    /// Unique within the consortium.
    pub first_year: u16,
    pub last_year: u16,
    pub title: String,
    pub sector: String,
    /// Where the members want to sell.
    pub markets: BTreeSet<CountryCode>,
    /// Share of the member firms' turnover that is to be export in the last year.
    pub target_export_share: BasisPoints,
    /// Number of destination markets in the last year.
    pub target_markets: u32,
}

/// The year of a multi-year programme that an application is the project of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgrammeYear {
    /// Names the programme.
    pub first_year: u16,
    pub year: u16,
}

impl MultiYearProgramme {
    pub fn contains(&self, year: u16) -> bool {
        (self.first_year..=self.last_year).contains(&year)
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        self.first_year <= other.last_year && other.first_year <= self.last_year
    }
}

impl Profile {
    pub fn programme(&self, first_year: u16) -> Option<&MultiYearProgramme> {
        let mut all = self.programmes.iter();
        all.find(|known| known.first_year == first_year)
    }
}
