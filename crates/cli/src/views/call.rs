//! A call with its window and rules.

use bando_proto::v1;
use serde::Serialize;

use super::document::{DocumentLimits, DocumentType};
use super::procedure;
use super::rule_set::RuleSet;
use super::{Text, at, euros, seconds, shown, some, title, word};
use crate::names::short_call;
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Call {
    name: String,
    title: Text,
    act: String,
    state: String,
    window: Window,
    budget_cents: i64,
    rules: Option<RuleSet>,
    acceptance_days: i32,
    payment_limit: Option<String>,
    draft_reminders_minutes: Vec<i32>,
    ranking: Option<String>,
    documents: Vec<DocumentType>,
    document_limits: Option<DocumentLimits>,
    procedure: Option<procedure::Rules>,
    cancellation: Option<Cancellation>,
    results: Option<Results>,
    etag: String,
}

/// Results that are decided, and when they are published.
#[derive(Debug, Serialize)]
struct Results {
    act: String,
    publish_at: Option<String>,
    published_at: Option<String>,
}

impl Results {
    fn text(&self) -> String {
        match &self.published_at {
            Some(at) => format!("published {}", seconds(Some(at))),
            None => format!(
                "decided under {}, to be published at {}",
                self.act,
                seconds(self.publish_at.as_ref())
            ),
        }
    }
}

#[derive(Debug, Serialize)]
struct Cancellation {
    act: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Extension {
    /// `None` when the budget was spent.
    act: Option<String>,
    was: Option<String>,
}

#[derive(Debug, Serialize)]
struct Outage {
    from: Option<String>,
    until: Option<String>,
    reason: String,
    act: Option<String>,
}

#[derive(Debug, Serialize)]
struct Window {
    opens_at: Option<String>,
    closes_at: Option<String>,
    zone: String,
    opens: Text,
    closes: Text,
    extensions: Vec<Extension>,
    outages: Vec<Outage>,
    outage_days: i32,
    holidays: String,
}

impl From<&v1::Call> for Call {
    fn from(call: &v1::Call) -> Self {
        let state = v1::CallState::try_from(call.state)
            .ok()
            .map(|state| state.as_str_name());
        Self {
            name: call.name.clone(),
            title: Text::of(call.title.as_ref()),
            act: call.act.clone(),
            state: word(state, "CALL_STATE_"),
            window: Window::from(&call.window.clone().unwrap_or_default()),
            budget_cents: call.budget_cents,
            rules: call.rules.as_ref().map(RuleSet::from),
            acceptance_days: call.acceptance_days,
            payment_limit: some(&call.payment_limit),
            draft_reminders_minutes: call.draft_reminders_minutes.clone(),
            ranking: some(&call.ranking),
            results: call.results.as_ref().map(|results| Results {
                act: results.act.clone(),
                publish_at: at(results.publish_at.as_ref()),
                published_at: at(results.published_at.as_ref()),
            }),
            cancellation: call.cancellation.as_ref().map(|why| Cancellation {
                act: why.act.clone(),
                reason: why.reason.clone(),
            }),
            documents: call.documents.iter().map(DocumentType::from).collect(),
            document_limits: call.document_limits.as_ref().map(DocumentLimits::from),
            procedure: call.procedure.as_ref().map(procedure::Rules::from),
            etag: call.etag.clone(),
        }
    }
}

impl From<&v1::Window> for Window {
    fn from(window: &v1::Window) -> Self {
        Self {
            opens_at: at(window.opens_at.as_ref()),
            closes_at: at(window.closes_at.as_ref()),
            zone: window.zone.clone(),
            opens: Text::of(window.opens.as_ref()),
            closes: Text::of(window.closes.as_ref()),
            extensions: window.extensions.iter().map(Extension::from).collect(),
            outages: window.outages.iter().map(Outage::from).collect(),
            outage_days: window.outage_days,
            holidays: window.holidays.clone(),
        }
    }
}

impl From<&v1::Extension> for Extension {
    fn from(extension: &v1::Extension) -> Self {
        Self {
            act: some(&extension.act),
            was: at(extension.was.as_ref()),
        }
    }
}

impl From<&v1::Outage> for Outage {
    fn from(outage: &v1::Outage) -> Self {
        Self {
            from: at(outage.from.as_ref()),
            until: at(outage.until.as_ref()),
            reason: outage.reason.clone(),
            act: some(&outage.act),
        }
    }
}

impl Row for Call {
    const HEAD: &'static [&'static str] = &["CALL", "STATE", "OPENS", "CLOSES", "BUDGET", "TITLE"];
    const NUMBERS: &'static [usize] = &[4];

    fn cells(&self) -> Vec<String> {
        vec![
            short_call(&self.name),
            self.state.clone(),
            seconds(self.window.opens_at.as_ref()),
            seconds(self.window.closes_at.as_ref()),
            super::money(self.budget_cents),
            title(&self.title.en),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Row for Extension {
    const HEAD: &'static [&'static str] = &["CLOSE", "GAVE WAY BY"];

    fn cells(&self) -> Vec<String> {
        let why = self.act.clone();
        vec![
            seconds(self.was.as_ref()),
            why.unwrap_or_else(|| "the spent budget".to_owned()),
        ]
    }
}

impl Row for Outage {
    const HEAD: &'static [&'static str] = &["FROM", "UNTIL", "ACT", "REASON"];

    fn cells(&self) -> Vec<String> {
        vec![
            seconds(self.from.as_ref()),
            seconds(self.until.as_ref()),
            shown(self.act.as_ref()),
            self.reason.clone(),
        ]
    }
}

impl View for Call {
    fn text(&self) -> String {
        let reminders: Vec<String> = self
            .draft_reminders_minutes
            .iter()
            .map(|minutes| span(*minutes))
            .collect();
        let sheet = Sheet::titled(&format!("{}  {}", short_call(&self.name), self.title.en))
            .field("state", &self.state)
            .field("act", &self.act)
            .field(
                "opens",
                window(&self.window.opens, self.window.opens_at.as_ref()),
            )
            .field(
                "closes",
                window(&self.window.closes, self.window.closes_at.as_ref()),
            )
            .field("suspended", self.window.suspended())
            .field("cancelled", self.cancelled())
            .field("zone", &self.window.zone)
            .field("holidays", &self.window.holidays)
            .field(
                "after an outage",
                format!("{} d at least", self.window.outage_days),
            )
            .field("budget", euros(Some(self.budget_cents)))
            .field("acceptance", format!("{} days", self.acceptance_days))
            .field(
                "payments until",
                self.payment_limit.as_deref().unwrap_or_default(),
            )
            .field("draft reminders", reminders.join(", "))
            .field("ranking", shown(self.ranking.as_ref()))
            .field(
                "results",
                self.results.as_ref().map(Results::text).unwrap_or_default(),
            )
            .field("etag", &self.etag);
        let sheet = sheet
            .rows("DOCUMENTS", &self.documents)
            .rows("EARLIER CLOSES", &self.window.extensions)
            .rows("OUTAGES", &self.window.outages);
        let sheet = match &self.procedure {
            Some(procedure) => procedure.describe(sheet),
            None => sheet,
        };
        match &self.rules {
            Some(rules) => rules.describe(sheet).text(),
            None => sheet.text(),
        }
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Call {
    fn cancelled(&self) -> String {
        let why = self.cancellation.as_ref();
        why.map(|why| format!("under {}: {}", why.act, why.reason))
            .unwrap_or_default()
    }
}

impl Window {
    /// Since when, while the last outage lasts.
    fn suspended(&self) -> String {
        let last = self.outages.last();
        last.filter(|outage| outage.until.is_none())
            .map(|outage| format!("since {}: {}", seconds(outage.from.as_ref()), outage.reason))
            .unwrap_or_default()
    }
}

/// The printed form with the instant it stands for.
fn window(printed: &Text, instant: Option<&String>) -> String {
    match (printed.en.as_str(), seconds(instant)) {
        ("", at) => at,
        (text, at) => format!("{text} ({at})"),
    }
}

pub(super) fn span(minutes: i32) -> String {
    match minutes {
        days if days % 1440 == 0 => format!("{} d before", days / 1440),
        hours if hours % 60 == 0 => format!("{} h before", hours / 60),
        minutes => format!("{minutes} min before"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> v1::Call {
        v1::Call {
            name: "programmes/er/calls/2016".into(),
            state: v1::CallState::Open.into(),
            title: Some(v1::Text {
                it: "Bando".into(),
                en: "Call".into(),
            }),
            budget_cents: 200_000_000,
            draft_reminders_minutes: vec![10_080, 120],
            rules: Some(v1::RuleSet {
                rate_basis_points: 4_000,
                max_grant_cents: Some(15_000_000),
                ..Default::default()
            }),
            procedure: Some(v1::ProcedureRules {
                term_days: 90,
                clarifications: 1,
                clarification_days: 10,
                reminders_minutes: vec![2_880],
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    #[test]
    fn a_call_is_described_with_its_rules_its_procedure_and_reminders() {
        let text = Call::from(&call()).text();

        for expected in [
            "er/2016  Call",
            "2,000,000.00 EUR",
            "7 d before, 2 h before",
            "40 %",
            "90 days from the close",
            "1 per application, 10 days to answer from recorded delivery",
            "2 d before",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
        assert!(!text.contains("min grant"), "{text}");
    }

    #[test]
    fn a_call_as_data_has_null_for_what_the_rules_do_not_set() {
        let data = serde_json::to_value(Call::from(&call())).unwrap();

        assert_eq!(data["state"], "open");
        assert_eq!(data["rules"]["max_grant_cents"], 15_000_000);
        assert!(data["rules"]["min_grant_cents"].is_null());
        assert!(data["ranking"].is_null());
    }
}
