//! What was submitted, as far as lists and sums need it; the content itself is kept canonical.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Application;
use crate::consortium::ProgrammeYear;
use crate::money::Eur;
use crate::project::Indicators;
use crate::receipt::Signed;

/// One sealed copy and its receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// From 1; the last one in time counts.
    pub number: u32,
    pub received_at: DateTime<Utc>,
    pub receipt: Signed,
    /// The grant that the sealed copy would get in full, by the formula.
    #[serde(default)]
    pub grant: Eur,
    /// The year of a multi-year programme that the sealed copy is the project of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme_year: Option<ProgrammeYear>,
    /// The indicators that it states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indicators: Option<Indicators>,
}

impl Submission {
    pub fn protocol(&self) -> &str {
        self.receipt
            .statement
            .protocol
            .as_deref()
            .unwrap_or_default()
    }
}

impl Application {
    /// The year of a multi-year programme that it is the project of: by what was submitted, and
    /// before that by the working copy.
    pub fn programme_year(&self) -> Option<ProgrammeYear> {
        match self.counted() {
            Some(sealed) => sealed.programme_year,
            None => self.project.programme_year,
        }
    }
}
