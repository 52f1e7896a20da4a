//! From the wire: every field that breaks a rule is told, all at once.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use bando_domain::actor::Role;
use bando_domain::consortium::ProgrammeYear;
use bando_domain::evaluation::Score;
use bando_domain::money::{BasisPoints, Eur};
use bando_domain::programme::Text;
use bando_domain::project::{
    Activity, ActivityKind, BudgetLine, Declaration, Indicators, Path, Project, Violation,
};
use bando_domain::receipt::{Signed, Statement, StatementKind};
use bando_proto::v1;
use bando_workflow::{Error, applications};
use chrono::NaiveDate;

use super::names;

/// Collects what is wrong while the rest is read on.
#[derive(Default)]
pub(super) struct Reader {
    violations: Vec<Violation>,
    /// Where the rows that could be read stood, by list.
    positions: HashMap<&'static str, Vec<usize>>,
}

impl Reader {
    pub(super) fn text<T: FromStr>(&mut self, field: String, rule: &str, text: &str) -> Option<T>
    where
        T::Err: Display,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let error: T::Err = error;
                self.violations
                    .push(Violation::new(field, rule, error.to_string()));
                None
            }
        }
    }

    pub(super) fn day(&mut self, field: String, text: &str) -> Option<NaiveDate> {
        if text.is_empty() {
            return None;
        }
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        if day.is_none() {
            let explanation = "a day such as 2016-05-31 is expected";
            self.violations
                .push(Violation::new(field, "DAY", explanation));
        }
        day
    }

    pub(super) fn refuse<T>(&mut self, field: String, rule: &str, explanation: &str) -> Option<T> {
        self.violations
            .push(Violation::new(field, rule, explanation));
        None
    }

    /// Reads every row of a list and keeps those that could be read.
    pub(super) fn rows<W, T>(
        &mut self,
        list: &'static str,
        wire: Vec<W>,
        mut read: impl FnMut(&mut Self, String, W) -> Option<T>,
    ) -> Vec<T> {
        let mut rows = Vec::with_capacity(wire.len());
        for (position, row) in wire.into_iter().enumerate() {
            if let Some(row) = read(self, format!("{list}[{position}]"), row) {
                rows.push(row);
                self.positions.entry(list).or_default().push(position);
            }
        }
        rows
    }

    /// The value, or everything that is wrong with it: what could not be read, and what the rules
    /// say of the rest.
    pub(super) fn finish<T>(
        self,
        value: T,
        rules: impl FnOnce(&T) -> Vec<Violation>,
    ) -> Result<T, Error> {
        if self.violations.is_empty() {
            return Ok(value);
        }
        let Self {
            mut violations,
            positions,
        } = self;
        for mut found in rules(&value) {
            found.field = placed(&found.field, &positions);
            let known = violations.iter().any(|known| known.field == found.field);
            if !known {
                violations.push(found);
            }
        }
        Err(Error::invalid_fields(violations))
    }
}

/// A field of a kept row, by the position the row had in the request.
fn placed(field: &str, positions: &HashMap<&'static str, Vec<usize>>) -> String {
    let original = || {
        let (list, rest) = field.split_once('[')?;
        let (kept, rest) = rest.split_once(']')?;
        let position = positions.get(list)?.get(kept.parse::<usize>().ok()?)?;
        Some(format!("{list}[{position}]{rest}"))
    };
    original().unwrap_or_else(|| field.to_owned())
}

pub fn project(wire: v1::Project) -> Result<Project, Error> {
    let mut reader = Reader::default();
    let budget_lines = wire.budget_lines.into_iter().map(|line| BudgetLine {
        activity: line.activity,
        category: line.category,
        description: line.description,
        amount: Eur::cents(line.amount_cents),
    });
    let project = Project {
        title: wire.title,
        summary: wire.summary,
        sector: wire.sector,
        starts_on: reader.day("project.starts_on".to_owned(), &wire.starts_on),
        ends_on: reader.day("project.ends_on".to_owned(), &wire.ends_on),
        requested: wire.requested_cents.map(Eur::cents),
        activities: reader.rows("project.activities", wire.activities, read_activity),
        participants: reader.rows(
            "project.participants",
            wire.participants,
            |reader, field, firm| reader.text(field, "PARTITA_IVA", &firm),
        ),
        budget_lines: budget_lines.collect(),
        declarations: reader
            .rows(
                "project.declarations",
                wire.declarations,
                |reader, field, code| {
                    let mut all = Declaration::ALL.into_iter();
                    let known = all.find(|known| known.as_str() == code);
                    known.or_else(|| reader.refuse(field, "UNKNOWN", "no such declaration"))
                },
            )
            .into_iter()
            .collect(),
        programme_year: wire.programme_year.map(read_programme_year),
        indicators: wire
            .indicators
            .map(|indicators| read_indicators(&mut reader, indicators)),
    };
    reader.finish(project, applications::malformed)
}

/// A year that is out of range stays out of range.
fn read_programme_year(wire: v1::ProgrammeYear) -> ProgrammeYear {
    let year = |year| u16::try_from(year).unwrap_or_default();
    ProgrammeYear {
        first_year: year(wire.first_year),
        year: year(wire.year),
    }
}

fn read_indicators(reader: &mut Reader, wire: v1::Indicators) -> Indicators {
    let share = wire.export_share_basis_points;
    let markets = reader.rows(
        "project.indicators.destination_markets",
        wire.destination_markets,
        |reader, field, market| reader.text(field, "COUNTRY", &market),
    );
    Indicators {
        export_share: share.map(|share| BasisPoints(u32::try_from(share).unwrap_or(u32::MAX))),
        markets: markets.into_iter().collect(),
    }
}

fn read_activity(reader: &mut Reader, row: String, wire: v1::Activity) -> Option<Activity> {
    let field = |name: &str| format!("{row}.{name}");
    let kind = match wire.kind() {
        v1::ActivityKind::Unspecified => reader.refuse(
            field("kind"),
            "REQUIRED",
            "the kind of activity is not stated",
        ),
        v1::ActivityKind::B2b => Some(ActivityKind::B2b),
        v1::ActivityKind::OutgoingMission => Some(ActivityKind::OutgoingMission),
        v1::ActivityKind::IncomingMission => Some(ActivityKind::IncomingMission),
        v1::ActivityKind::Exhibition => Some(ActivityKind::Exhibition),
        v1::ActivityKind::Event => Some(ActivityKind::Event),
        v1::ActivityKind::Communication => Some(ActivityKind::Communication),
    };
    let market = reader.text(field("market"), "COUNTRY", &wire.market);
    Some(Activity {
        code: wire.code,
        kind: kind?,
        title: wire.title,
        market: market?,
    })
}

/// The parts of a project that a field mask names.
pub fn paths(mask: Option<&prost_types::FieldMask>) -> Result<Vec<Path>, Error> {
    let given = mask.map(|mask| mask.paths.as_slice()).unwrap_or_default();
    if given.is_empty() {
        let explanation = "the parts to change are required, such as `title,budget_lines`";
        return Err(Error::invalid("update_mask", "REQUIRED", explanation));
    }
    let mut violations = Vec::new();
    let mut paths = Vec::new();
    for path in given {
        match Path::ALL.into_iter().find(|known| known.as_str() == path) {
            Some(known) if !paths.contains(&known) => paths.push(known),
            Some(_) => {}
            None => violations.push(Violation::new(
                "update_mask",
                "UNKNOWN_PATH",
                format!("`{path}` cannot be changed by an update"),
            )),
        }
    }
    if violations.is_empty() {
        Ok(paths)
    } else {
        Err(Error::invalid_fields(violations))
    }
}

pub fn required<T>(field: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| Error::invalid(field, "REQUIRED", "is required"))
}

pub fn scores(wire: Vec<v1::Score>) -> Result<Vec<Score>, Error> {
    let mut reader = Reader::default();
    let scores = reader.rows("scores", wire, |reader, row, score| {
        let value = reader.text(format!("{row}.score"), "DECIMAL", &score.score)?;
        Some(Score {
            criterion: score.criterion,
            score: value,
            comment: score.comment,
        })
    });
    reader.finish(scores, |_| Vec::new())
}

pub fn text(wire: Option<v1::Text>) -> Text {
    let wire = wire.unwrap_or_default();
    Text {
        it: wire.it,
        en: wire.en,
    }
}

pub fn roles(wire: &[i32]) -> Result<Vec<Role>, Error> {
    let mut roles = Vec::new();
    for (position, number) in wire.iter().enumerate() {
        let role = match v1::Role::try_from(*number) {
            Ok(v1::Role::Officer) => Role::Officer,
            Ok(v1::Role::Manager) => Role::Manager,
            Ok(v1::Role::Approver) => Role::Approver,
            Ok(v1::Role::Evaluator) => Role::Evaluator,
            Ok(v1::Role::Consortium) => Role::Consortium,
            Ok(v1::Role::Auditor) => Role::Auditor,
            Ok(v1::Role::Viewer) => Role::Viewer,
            Ok(v1::Role::System) => Role::System,
            Ok(v1::Role::Admin) => Role::Admin,
            Ok(v1::Role::Unspecified) | Err(_) => {
                let field = format!("token.roles[{position}]");
                return Err(Error::invalid(field, "UNKNOWN", "no such role"));
            }
        };
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    Ok(roles)
}

/// Reads a filter of `field = value` conditions joined by `AND`; only the `known` fields may
/// stand in it. Answers the values in their order.
pub fn filter<const N: usize>(text: &str, known: [&str; N]) -> Result<[Option<String>; N], Error> {
    let mut values = [const { None }; N];
    for condition in text
        .split(" AND ")
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let refuse = || {
            let explanation = format!(
                "`{condition}`: conditions on {} joined by AND",
                known.join(", ")
            );
            Error::invalid("filter", "FILTER", explanation)
        };
        let (name, value) = condition.split_once('=').ok_or_else(refuse)?;
        let position = known
            .iter()
            .position(|known| *known == name.trim())
            .ok_or_else(refuse)?;
        let value = value.trim().trim_matches('"');
        if value.is_empty() || values[position].is_some() {
            return Err(refuse());
        }
        values[position] = Some(value.to_owned());
    }
    Ok(values)
}

/// Reads one condition's value by a list of names.
pub fn one_of<T>(
    field: &str,
    value: Option<&String>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Error> {
    let Some(text) = value else { return Ok(None) };
    match parse(text) {
        Some(value) => Ok(Some(value)),
        None => Err(Error::invalid(
            "filter",
            "FILTER",
            format!("`{text}` is no {field}"),
        )),
    }
}

/// A signed statement as it travelled; `None` when a part is malformed.
pub fn read_statement(wire: &v1::SignedStatement) -> Option<Signed> {
    let kind = match wire.kind() {
        v1::StatementKind::Unspecified => return None,
        v1::StatementKind::Receipt => StatementKind::Receipt,
        v1::StatementKind::LateRefusal => StatementKind::LateRefusal,
        v1::StatementKind::AnswerReceipt => StatementKind::AnswerReceipt,
        v1::StatementKind::LateAnswerRefusal => StatementKind::LateAnswerRefusal,
    };
    let statement = Statement {
        kind,
        call: wire.call.parse().ok()?,
        application: wire.application.parse().ok()?,
        clarification: match wire.clarification.as_str() {
            "" => None,
            id => Some(id.parse().ok()?),
        },
        protocol: (!wire.protocol.is_empty()).then(|| wire.protocol.clone()),
        received_at: wire.received_at.clone(),
        closes_at: (!wire.closes_at.is_empty()).then(|| wire.closes_at.clone()),
        content_sha256: wire.content_sha256.clone(),
        event: wire.event.parse().ok()?,
        key_id: wire.key_id.clone(),
        admitted_by: Some(wire.admitted_by.clone()).filter(|act| !act.is_empty()),
    };
    Some(Signed {
        statement,
        signature: wire.signature.clone(),
    })
}

/// The stored id of a subject by its name: a UUID, or `er/2016` of a call.
pub fn subject(name: &str) -> String {
    match names::call("subject", name) {
        Ok(call) => call.to_string(),
        Err(_) => name.rsplit('/').next().unwrap_or(name).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_row_of_a_project_is_told() {
        let wire = v1::Project {
            starts_on: "31/05/2016".into(),
            participants: vec!["00743110157".into(), "00743110158".into()],
            activities: vec![v1::Activity {
                code: "A1".into(),
                market: "XX".into(),
                ..Default::default()
            }],
            declarations: vec!["innocence".into()],
            ..Default::default()
        };

        let Error::Invalid { violations, .. } = project(wire).unwrap_err() else {
            panic!()
        };

        let fields: Vec<_> = violations
            .iter()
            .map(|found| found.field.as_str())
            .collect();
        assert_eq!(
            fields,
            [
                "project.starts_on",
                "project.activities[0].kind",
                "project.activities[0].market",
                "project.participants[1]",
                "project.declarations[0]",
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_does_not_hide_what_the_rules_find() {
        let activity = |code: &str, market: &str| v1::Activity {
            code: code.into(),
            market: market.into(),
            kind: v1::ActivityKind::B2b.into(),
            ..Default::default()
        };
        let wire = v1::Project {
            title: "x".repeat(201),
            activities: vec![activity("A", "XX"), activity("?", "US")],
            ..Default::default()
        };

        let Error::Invalid { violations, .. } = project(wire).unwrap_err() else {
            panic!()
        };

        let fields: Vec<_> = violations
            .iter()
            .map(|found| found.field.as_str())
            .collect();
        assert_eq!(
            fields,
            [
                "project.activities[0].market",
                "project.title",
                "project.activities[1].code"
            ]
        );
    }

    #[test]
    fn a_filter_takes_known_fields_once() {
        let known = ["state", "kind"];

        let [state, kind] = filter("state = sent AND kind = receipt", known).unwrap();
        assert_eq!(
            (state.as_deref(), kind.as_deref()),
            (Some("sent"), Some("receipt"))
        );
        for wrong in [
            "colour = red",
            "state",
            "state = ",
            "state = a AND state = b",
        ] {
            assert!(filter(wrong, known).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mask_names_parts_that_can_change() {
        let mask = |path: &str| prost_types::FieldMask {
            paths: vec![path.to_owned()],
        };

        assert_eq!(paths(Some(&mask("title"))).unwrap(), [Path::Title]);
        for wrong in ["state", "*", "award_cents"] {
            assert!(paths(Some(&mask(wrong))).is_err(), "{wrong}");
        }
        assert!(paths(None).is_err());
    }
}
