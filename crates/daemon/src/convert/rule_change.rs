//! What other rules change, to the wire.

use bando_domain::difference::Difference;
use bando_domain::ids::CallId;
use bando_domain::rule_impact::{Affected, Judged};
use bando_proto::v1;

use super::{count, names};

pub fn difference(found: &Difference) -> v1::Difference {
    v1::Difference {
        key: found.key.clone(),
        before: found.before.clone(),
        after: found.after.clone(),
    }
}

pub fn affected_application(call: &CallId, known: &Affected) -> v1::AffectedApplication {
    v1::AffectedApplication {
        application: names::of_application(call, known.application),
        label: known.label.clone(),
        consortium_title: known.consortium_title.clone(),
        state: known.state.as_str().to_owned(),
        before: Some(judged(&known.before)),
        after: Some(judged(&known.after)),
    }
}

fn judged(by: &Judged) -> v1::JudgedByRules {
    v1::JudgedByRules {
        rule_set_version: count(by.rule_set_version),
        failed: by.failed.clone(),
        eligible_cents: by.eligible.as_cents(),
        grant_cents: by.grant.as_cents(),
    }
}
