//! What differs between two versions of the rules or two editions, and whom it affects.

use bando_proto::v1;
use serde::Serialize;

use super::call::Call;
use super::{euros, some};
use crate::names::last;
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    key: String,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Affected {
    application: String,
    label: String,
    consortium_title: String,
    state: String,
    failed_before: Vec<String>,
    failed_after: Vec<String>,
    grant_before_cents: i64,
    grant_after_cents: i64,
}

impl From<&v1::Difference> for Difference {
    fn from(found: &v1::Difference) -> Self {
        Self {
            key: found.key.clone(),
            before: some(&found.before),
            after: some(&found.after),
        }
    }
}

impl From<&v1::AffectedApplication> for Affected {
    fn from(known: &v1::AffectedApplication) -> Self {
        let (before, after) = (
            known.before.clone().unwrap_or_default(),
            known.after.clone().unwrap_or_default(),
        );
        Self {
            application: known.application.clone(),
            label: known.label.clone(),
            consortium_title: known.consortium_title.clone(),
            state: known.state.clone(),
            failed_before: before.failed,
            failed_after: after.failed,
            grant_before_cents: before.grant_cents,
            grant_after_cents: after.grant_cents,
        }
    }
}

/// A draft with what it has otherwise than the edition it comes from.
#[derive(Debug, Serialize)]
pub(crate) struct Cloned {
    call: Call,
    differences: Vec<Difference>,
}

impl From<&v1::CloneCallResponse> for Cloned {
    fn from(cloned: &v1::CloneCallResponse) -> Self {
        Self {
            call: Call::from(&cloned.call.clone().unwrap_or_default()),
            differences: cloned.differences.iter().map(Difference::from).collect(),
        }
    }
}

impl View for Cloned {
    fn text(&self) -> String {
        let differences = Sheet::default()
            .rows("DIFFERENCES", &self.differences)
            .text();
        format!("{}{differences}", self.call.text())
    }

    fn name(&self) -> String {
        View::name(&self.call)
    }
}

impl Row for Difference {
    const HEAD: &'static [&'static str] = &["KEY", "BEFORE", "AFTER"];

    fn cells(&self) -> Vec<String> {
        let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
        vec![self.key.clone(), side(&self.before), side(&self.after)]
    }
}

impl Row for Affected {
    const HEAD: &'static [&'static str] = &[
        "APPLICATION",
        "STATE",
        "CONSORTIUM",
        "FAILS BEFORE",
        "FAILS AFTER",
        "GRANT BEFORE",
        "GRANT AFTER",
        "GAIN",
    ];
    const NUMBERS: &'static [usize] = &[5, 6, 7];

    fn cells(&self) -> Vec<String> {
        let gain = self.grant_after_cents - self.grant_before_cents;
        vec![
            self.label.clone(),
            self.state.clone(),
            self.consortium_title.clone(),
            self.failed_before.join(" "),
            self.failed_after.join(" "),
            euros(Some(self.grant_before_cents)),
            euros(Some(self.grant_after_cents)),
            euros(Some(gain)),
        ]
    }

    fn name(&self) -> String {
        last(&self.application).to_owned()
    }
}
