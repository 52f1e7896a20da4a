//! An application: its project, its submissions and what became of it.

use bando_proto::v1;
use serde::Serialize;

use super::check::Check;
use super::clarification::{Clarification, Procedure};
use super::document::Document;
use super::programme_year::{Indicators, ProgrammeYear};
use super::receipt::Signed;
use super::{euros, money, some, title, word};
use crate::names::{last, short_call};
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Application {
    name: String,
    consortium: String,
    consortium_title: String,
    state: String,
    project: Project,
    missing: Vec<Violation>,
    /// `null` in a list, which does not ask for them.
    documents: Option<Vec<Document>>,
    receipts: Vec<Signed>,
    late_attempts: i32,
    withdrawn_because: Option<String>,
    check: Option<Check>,
    placement: Option<Placement>,
    procedure: Option<Procedure>,
    clarifications: Vec<Clarification>,
    etag: String,
}

#[derive(Debug, Serialize)]
struct Project {
    title: String,
    summary: String,
    sector: String,
    starts_on: Option<String>,
    ends_on: Option<String>,
    activities: Vec<Activity>,
    participants: Vec<String>,
    budget_lines: Vec<BudgetLine>,
    requested_cents: Option<i64>,
    declarations: Vec<String>,
    programme_year: Option<ProgrammeYear>,
    indicators: Option<Indicators>,
}

#[derive(Debug, Serialize)]
struct Activity {
    code: String,
    kind: String,
    title: String,
    market: String,
}

#[derive(Debug, Serialize)]
struct BudgetLine {
    activity: String,
    category: String,
    description: String,
    amount_cents: i64,
}

#[derive(Debug, Serialize)]
struct Violation {
    field: String,
    rule: String,
    explanation: String,
}

#[derive(Debug, Serialize)]
struct Placement {
    outcome: String,
    position: i32,
    amount_cents: i64,
    full_cents: i64,
    waiting_place: i32,
    award: Option<String>,
}

impl From<&v1::Application> for Application {
    fn from(application: &v1::Application) -> Self {
        let state = v1::ApplicationState::try_from(application.state).ok();
        let missing = |violation: &v1::Violation| Violation {
            field: violation.field.clone(),
            rule: violation.rule.clone(),
            explanation: violation.explanation.clone(),
        };
        let placement = |placement: &v1::Placement| Placement {
            outcome: placement.outcome.clone(),
            position: placement.position,
            amount_cents: placement.amount_cents,
            full_cents: placement.full_cents,
            waiting_place: placement.waiting_place,
            award: some(&placement.award),
        };
        Self {
            name: application.name.clone(),
            consortium: application.consortium.clone(),
            consortium_title: application.consortium_title.clone(),
            state: word(state.map(|state| state.as_str_name()), "APPLICATION_STATE_"),
            project: Project::from(&application.project.clone().unwrap_or_default()),
            missing: application.missing.iter().map(missing).collect(),
            documents: None,
            receipts: application.receipts.iter().map(Signed::from).collect(),
            late_attempts: application.late_attempts,
            withdrawn_because: some(&application.withdrawn_because),
            check: application.check.as_ref().map(Check::from),
            placement: application.placement.as_ref().map(placement),
            procedure: application.procedure.as_ref().map(Procedure::from),
            clarifications: application
                .clarifications
                .iter()
                .map(Clarification::from)
                .collect(),
            etag: application.etag.clone(),
        }
    }
}

impl From<&v1::Project> for Project {
    fn from(project: &v1::Project) -> Self {
        let line = |line: &v1::BudgetLine| BudgetLine {
            activity: line.activity.clone(),
            category: line.category.clone(),
            description: line.description.clone(),
            amount_cents: line.amount_cents,
        };
        Self {
            title: project.title.clone(),
            summary: project.summary.clone(),
            sector: project.sector.clone(),
            starts_on: some(&project.starts_on),
            ends_on: some(&project.ends_on),
            activities: project.activities.iter().map(Activity::from).collect(),
            participants: project.participants.clone(),
            budget_lines: project.budget_lines.iter().map(line).collect(),
            requested_cents: project.requested_cents,
            declarations: project.declarations.clone(),
            programme_year: project.programme_year.as_ref().map(ProgrammeYear::from),
            indicators: project.indicators.as_ref().map(Indicators::from),
        }
    }
}

impl From<&v1::Activity> for Activity {
    fn from(activity: &v1::Activity) -> Self {
        let kind = v1::ActivityKind::try_from(activity.kind)
            .ok()
            .map(|kind| kind.as_str_name());
        Self {
            code: activity.code.clone(),
            kind: word(kind, "ACTIVITY_KIND_"),
            title: activity.title.clone(),
            market: activity.market.clone(),
        }
    }
}

impl Application {
    #[must_use]
    pub(crate) fn with_documents(self, documents: &[v1::Document]) -> Self {
        let documents = documents.iter().map(Document::from).collect();
        Self {
            documents: Some(documents),
            ..self
        }
    }

    /// The receipt that counts.
    fn receipt(&self) -> Option<&Signed> {
        self.receipts.last()
    }

    fn protocol(&self) -> String {
        self.receipt()
            .and_then(|receipt| receipt.statement.protocol.clone())
            .unwrap_or_default()
    }

    /// What a list says beside the state: the outcome, or what is in the way of one.
    fn note(&self) -> String {
        match &self.placement {
            Some(placement) if placement.amount_cents > 0 => {
                format!(
                    "{}. {}",
                    placement.position,
                    euros(Some(placement.amount_cents))
                )
            }
            Some(placement) if placement.waiting_place > 0 => {
                format!(
                    "{}. waiting {}",
                    placement.position, placement.waiting_place
                )
            }
            Some(placement) => placement.outcome.clone(),
            None if self.state == "draft" && !self.missing.is_empty() => {
                format!("{} missing", self.missing.len())
            }
            None if self.late_attempts > 0 => format!("{} late", self.late_attempts),
            None => self
                .check
                .as_ref()
                .map(Check::failed_rules)
                .unwrap_or_default(),
        }
    }
}

impl Row for Application {
    const HEAD: &'static [&'static str] =
        &["ID", "STATE", "PROTOCOL", "RECEIVED", "CONSORTIUM", "NOTE"];

    fn cells(&self) -> Vec<String> {
        let received = self
            .receipt()
            .map(|receipt| receipt.statement.received_at.clone());
        vec![
            last(&self.name).to_owned(),
            self.state.clone(),
            self.protocol(),
            super::seconds(received.as_ref()),
            title(&self.consortium_title),
            self.note(),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Row for Activity {
    const HEAD: &'static [&'static str] = &["CODE", "KIND", "MARKET", "TITLE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.code.clone(),
            self.kind.clone(),
            self.market.clone(),
            title(&self.title),
        ]
    }
}

impl Row for BudgetLine {
    const HEAD: &'static [&'static str] = &["ACTIVITY", "CATEGORY", "AMOUNT", "DESCRIPTION"];
    const NUMBERS: &'static [usize] = &[2];

    fn cells(&self) -> Vec<String> {
        vec![
            self.activity.clone(),
            self.category.clone(),
            money(self.amount_cents),
            title(&self.description),
        ]
    }
}

impl Row for Violation {
    const HEAD: &'static [&'static str] = &["FIELD", "RULE", "EXPLANATION"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.field.clone(),
            self.rule.clone(),
            self.explanation.clone(),
        ]
    }
}

impl View for Application {
    fn text(&self) -> String {
        let sheet = Sheet::titled(&format!(
            "{}  {}  {}",
            short_call(&self.name),
            self.consortium_title,
            self.project.title
        ))
        .field("name", &self.name)
        .field("consortium", &self.consortium)
        .field("state", &self.state)
        .field("protocol", self.protocol())
        .field(
            "withdrawn because",
            self.withdrawn_because.clone().unwrap_or_default(),
        )
        .field("late attempts", positive(self.late_attempts))
        .field("etag", &self.etag);
        let sheet = self.project.describe(sheet);
        let sheet = match &self.placement {
            Some(placement) => placement.describe(sheet),
            None => sheet,
        };
        let sheet = match &self.procedure {
            Some(procedure) => procedure.describe(sheet),
            None => sheet,
        };
        let sheet = sheet
            .rows("CLARIFICATIONS", &self.clarifications)
            .rows("MISSING", &self.missing)
            .rows("DOCUMENTS", self.documents.as_deref().unwrap_or_default())
            .rows("RECEIPTS", &self.receipts);
        match &self.check {
            Some(check) => check.describe(sheet).text(),
            None => sheet.text(),
        }
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Project {
    fn describe(&self, sheet: Sheet) -> Sheet {
        let total = self
            .budget_lines
            .iter()
            .fold(0_i64, |sum, line| sum.saturating_add(line.amount_cents));
        let period = match (&self.starts_on, &self.ends_on) {
            (Some(from), Some(to)) => format!("{from} to {to}"),
            (from, to) => [from, to].into_iter().flatten().cloned().collect(),
        };
        sheet
            .field("sector", &self.sector)
            .field("period", period)
            .field("requested", euros(self.requested_cents))
            .field(
                "participants",
                format!("{} of the members", self.participants.len()),
            )
            .field("declarations", self.declarations.join(", "))
            .field(
                "multi-year programme",
                self.programme_year
                    .map(ProgrammeYear::text)
                    .unwrap_or_default(),
            )
            .field(
                "indicators",
                self.indicators
                    .as_ref()
                    .map(Indicators::text)
                    .unwrap_or_default(),
            )
            .rows("ACTIVITIES", &self.activities)
            .rows(
                &format!("BUDGET  {}", euros(Some(total))),
                &self.budget_lines,
            )
    }
}

impl Placement {
    fn describe(&self, sheet: Sheet) -> Sheet {
        sheet
            .field("outcome", &self.outcome)
            .field("position", positive(self.position))
            .field(
                "amount",
                euros((self.amount_cents > 0).then_some(self.amount_cents)),
            )
            .field(
                "grant in full",
                euros((self.full_cents > 0).then_some(self.full_cents)),
            )
            .field("waiting place", positive(self.waiting_place))
            .field("award", self.award.clone().unwrap_or_default())
    }
}

/// A count from 1, or nothing.
fn positive(count: i32) -> String {
    if count > 0 {
        count.to_string()
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn awarded() -> v1::Application {
        v1::Application {
            name: "programmes/er/calls/2016/applications/0190".into(),
            consortium_title: "Consorzio".into(),
            state: v1::ApplicationState::Awarded.into(),
            receipts: vec![
                v1::SignedStatement {
                    protocol: "ER-2016-0000001".into(),
                    ..Default::default()
                },
                v1::SignedStatement {
                    protocol: "ER-2016-0000002".into(),
                    ..Default::default()
                },
            ],
            placement: Some(v1::Placement {
                outcome: "awarded".into(),
                position: 3,
                amount_cents: 15_000_000,
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    #[test]
    fn the_last_receipt_is_the_one_a_list_shows() {
        let cells = Application::from(&awarded()).cells();

        assert_eq!(cells[1..3], ["awarded", "ER-2016-0000002"]);
        assert_eq!(cells[5], "3. 150,000.00 EUR");
    }

    #[test]
    fn a_draft_says_how_much_is_missing() {
        let draft = v1::Application {
            state: v1::ApplicationState::Draft.into(),
            missing: vec![v1::Violation::default(); 2],
            ..Default::default()
        };

        assert_eq!(Application::from(&draft).cells()[5], "2 missing");
    }

    #[test]
    fn an_application_as_data_carries_its_receipts_in_the_form_of_a_file() {
        let data = serde_json::to_value(Application::from(&awarded())).unwrap();

        assert_eq!(
            data["receipts"][1]["statement"]["protocol"],
            "ER-2016-0000002"
        );
        assert!(data["check"].is_null());
    }
}
