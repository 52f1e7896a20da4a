//! An award.

use bando_proto::v1;
use serde::Serialize;

use super::{at, money, seconds, title};
use crate::names::last;
use crate::output::Row;

#[derive(Debug, Serialize)]
pub(crate) struct Award {
    name: String,
    application: String,
    consortium: String,
    consortium_title: String,
    ranking: String,
    position: i32,
    amount_cents: i64,
    full_cents: i64,
    act: String,
    rule_set_version: i32,
    awarded_at: Option<String>,
    acceptance_days: i32,
    etag: String,
}

impl From<&v1::Award> for Award {
    fn from(award: &v1::Award) -> Self {
        Self {
            name: award.name.clone(),
            application: award.application.clone(),
            consortium: award.consortium.clone(),
            consortium_title: award.consortium_title.clone(),
            ranking: award.ranking.clone(),
            position: award.position,
            amount_cents: award.amount_cents,
            full_cents: award.full_cents,
            act: award.act.clone(),
            rule_set_version: award.rule_set_version,
            awarded_at: at(award.awarded_at.as_ref()),
            acceptance_days: award.acceptance_days,
            etag: award.etag.clone(),
        }
    }
}

impl Row for Award {
    const HEAD: &'static [&'static str] = &[
        "POS",
        "CONSORTIUM",
        "AMOUNT",
        "FULL",
        "ACT",
        "AWARDED",
        "APPLICATION",
    ];
    const NUMBERS: &'static [usize] = &[0, 2, 3];

    fn cells(&self) -> Vec<String> {
        vec![
            self.position.to_string(),
            title(&self.consortium_title),
            money(self.amount_cents),
            money(self.full_cents),
            self.act.clone(),
            seconds(self.awarded_at.as_ref()),
            last(&self.application).to_owned(),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
