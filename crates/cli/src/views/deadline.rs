//! A deadline, and what moved it.

use bando_proto::v1;
use serde::Serialize;

use super::{Text, at, seconds, shown, some, word};
use crate::names::{last, short_call};
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Deadline {
    name: String,
    kind: String,
    title: Text,
    call: String,
    application: Option<String>,
    consortium: Option<String>,
    at: Option<String>,
    civil: String,
    zone: String,
    printed: Text,
    edge: String,
    act: Option<String>,
    standing: String,
    sequence: i32,
    stated_at: Option<String>,
    etag: String,
}

impl From<&v1::Deadline> for Deadline {
    fn from(known: &v1::Deadline) -> Self {
        let edge = v1::DeadlineEdge::try_from(known.edge).ok();
        let standing = v1::DeadlineStanding::try_from(known.standing).ok();
        Self {
            name: known.name.clone(),
            kind: known.kind.clone(),
            title: Text::of(known.title.as_ref()),
            call: known.call.clone(),
            application: some(&known.application),
            consortium: some(&known.consortium),
            at: at(known.at.as_ref()),
            civil: known.civil.clone(),
            zone: known.zone.clone(),
            printed: Text::of(known.printed.as_ref()),
            edge: word(edge.map(|edge| edge.as_str_name()), "DEADLINE_EDGE_"),
            act: some(&known.act),
            standing: word(
                standing.map(|standing| standing.as_str_name()),
                "DEADLINE_STANDING_",
            ),
            sequence: known.sequence,
            stated_at: at(known.stated_at.as_ref()),
            etag: known.etag.clone(),
        }
    }
}

impl Row for Deadline {
    const HEAD: &'static [&'static str] = &["CIVIL TIME", "ZONE", "CALL", "STANDING", "WHAT"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.civil.clone(),
            self.zone.clone(),
            short_call(&self.call),
            self.standing.clone(),
            self.title.en.clone(),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl View for Deadline {
    fn text(&self) -> String {
        Sheet::titled(&self.title.en)
            .field("name", &self.name)
            .field("ends", &self.printed.en)
            .field("scade", &self.printed.it)
            .field("instant", shown(self.at.as_ref()))
            .field("the instant itself", self.edge.replace('_', " "))
            .field("standing", &self.standing)
            .field("act", shown(self.act.as_ref()))
            .field("application", shown(self.application.as_ref()))
            .field("consortium", shown(self.consortium.as_ref()))
            .field("sequence", self.sequence.to_string())
            .field("as it is since", seconds(self.stated_at.as_ref()))
            .field("etag", &self.etag)
            .text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct Change {
    kind: String,
    from: Option<String>,
    to: Option<String>,
    act: Option<String>,
    reason: Option<String>,
    requested_by: Option<String>,
    approved_by: Option<String>,
    at: Option<String>,
}

impl From<&v1::DeadlineChange> for Change {
    fn from(known: &v1::DeadlineChange) -> Self {
        Self {
            kind: known.kind.clone(),
            from: at(known.from.as_ref()),
            to: at(known.to.as_ref()),
            act: some(&known.act),
            reason: some(&known.reason),
            requested_by: some(&known.requested_by),
            approved_by: some(&known.approved_by),
            at: at(known.at.as_ref()),
        }
    }
}

impl Row for Change {
    const HEAD: &'static [&'static str] = &[
        "WHEN",
        "WHAT",
        "FROM",
        "TO",
        "ACT",
        "REQUESTED BY",
        "APPROVED BY",
        "REASON",
    ];

    fn cells(&self) -> Vec<String> {
        vec![
            seconds(self.at.as_ref()),
            self.kind.replace('_', " "),
            seconds(self.from.as_ref()),
            seconds(self.to.as_ref()),
            shown(self.act.as_ref()),
            shown(self.requested_by.as_ref()),
            shown(self.approved_by.as_ref()),
            shown(self.reason.as_ref()),
        ]
    }

    fn name(&self) -> String {
        let at = seconds(self.at.as_ref());
        format!("{at} {}", last(&self.kind))
    }
}
