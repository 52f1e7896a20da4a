//! A ranking with its allocation, and the line at which the money ends.

use bando_proto::v1;
use serde::Serialize;

use super::proposal::Proposal;
use super::{at, euros, money, seconds, title, word};
use crate::names::{last, short_call};
use crate::output::{Row, Sheet, View, grid};

#[derive(Debug, Serialize)]
pub(crate) struct Ranking {
    name: String,
    state: String,
    rule_set_version: i32,
    budget_cents: i64,
    granted_cents: i64,
    left_cents: i64,
    inputs_sha256: String,
    computed_by: String,
    computed_at: Option<String>,
    entries: Vec<Entry>,
    below_threshold: Vec<BelowThreshold>,
    etag: String,
    annulment: Option<Annulment>,
    replaces: Option<Replaced>,
}

#[derive(Debug, Serialize)]
struct Annulment {
    act: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Replaced {
    ranking: String,
    annulment: Option<Annulment>,
}

impl From<&v1::Annulment> for Annulment {
    fn from(annulment: &v1::Annulment) -> Self {
        Self {
            act: annulment.act.clone(),
            reason: annulment.reason.clone(),
        }
    }
}

impl Annulment {
    fn text(&self) -> String {
        format!("annulled by {}: {}", self.act, self.reason)
    }
}

#[derive(Debug, Serialize)]
struct Entry {
    position: i32,
    application: String,
    consortium_title: String,
    protocol: String,
    total: String,
    points: Vec<Points>,
    participants: i32,
    eligible_cents: i64,
    full_cents: i64,
    amount_cents: i64,
    outcome: String,
    tie_broken_by: Option<String>,
    waiting_place: i32,
}

#[derive(Debug, Serialize)]
struct Points {
    criterion: String,
    points: String,
}

#[derive(Debug, Serialize)]
struct BelowThreshold {
    application: String,
    consortium_title: String,
    protocol: String,
    total: String,
    threshold_of: String,
    needed: String,
    actual: String,
}

impl From<&v1::Ranking> for Ranking {
    fn from(ranking: &v1::Ranking) -> Self {
        let state = v1::RankingState::try_from(ranking.state)
            .ok()
            .map(|state| state.as_str_name());
        let below = |entry: &v1::BelowThreshold| BelowThreshold {
            application: entry.application.clone(),
            consortium_title: entry.consortium_title.clone(),
            protocol: entry.protocol.clone(),
            total: entry.total.clone(),
            threshold_of: entry.threshold_of.clone(),
            needed: entry.needed.clone(),
            actual: entry.actual.clone(),
        };
        Self {
            name: ranking.name.clone(),
            state: word(state, "RANKING_STATE_"),
            rule_set_version: ranking.rule_set_version,
            budget_cents: ranking.budget_cents,
            granted_cents: ranking.granted_cents,
            left_cents: ranking.left_cents,
            inputs_sha256: ranking.inputs_sha256.clone(),
            computed_by: ranking.computed_by.clone(),
            computed_at: at(ranking.computed_at.as_ref()),
            entries: ranking.entries.iter().map(Entry::from).collect(),
            below_threshold: ranking.below_threshold.iter().map(below).collect(),
            etag: ranking.etag.clone(),
            annulment: ranking.annulment.as_ref().map(Annulment::from),
            replaces: ranking.replaces.as_ref().map(|replaced| Replaced {
                ranking: replaced.ranking.clone(),
                annulment: replaced.annulment.as_ref().map(Annulment::from),
            }),
        }
    }
}

impl From<&v1::RankingEntry> for Entry {
    fn from(entry: &v1::RankingEntry) -> Self {
        let points = |given: &v1::CriterionPoints| Points {
            criterion: given.criterion.clone(),
            points: given.points.clone(),
        };
        Self {
            position: entry.position,
            application: entry.application.clone(),
            consortium_title: entry.consortium_title.clone(),
            protocol: entry.protocol.clone(),
            total: entry.total.clone(),
            points: entry.points.iter().map(points).collect(),
            participants: entry.participants,
            eligible_cents: entry.eligible_cents,
            full_cents: entry.full_cents,
            amount_cents: entry.amount_cents,
            outcome: entry.outcome.clone(),
            tie_broken_by: super::some(&entry.tie_broken_by),
            waiting_place: entry.waiting_place,
        }
    }
}

impl Ranking {
    fn funded(&self) -> usize {
        self.entries
            .iter()
            .take_while(|entry| entry.amount_cents > 0)
            .count()
    }

    fn budget_used(&self) -> String {
        format!(
            "{} of {}, {} left",
            euros(Some(self.granted_cents)),
            euros(Some(self.budget_cents)),
            euros(Some(self.left_cents))
        )
    }

    /// The criteria in the order of the grid.
    fn criteria(&self) -> Vec<&str> {
        let points = self
            .entries
            .first()
            .map(|entry| entry.points.as_slice())
            .unwrap_or_default();
        points
            .iter()
            .map(|points| points.criterion.as_str())
            .collect()
    }

    /// The entries with the funding line after the last one that gets money.
    fn entry_lines(&self) -> String {
        let criteria = self.criteria();
        let mut head = vec!["POS", "CONSORTIUM", "PROTOCOL"];
        head.extend(&criteria);
        head.extend([
            "TOTAL",
            "FIRMS",
            "ELIGIBLE",
            "FULL",
            "AMOUNT",
            "OUTCOME",
            "TIE BROKEN BY",
        ]);
        let after_points = 3 + criteria.len();
        let mut numbers: Vec<usize> = (3..after_points + 5).collect();
        numbers.push(0);

        let rows = self.entries.iter().map(|entry| entry.cells(&criteria));
        let table = grid(&head, &numbers, rows);
        let mut lines: Vec<String> = table.lines().map(Into::into).collect();
        let width = lines
            .iter()
            .map(|line| line.chars().count())
            .max()
            .unwrap_or_default();
        let label = format!("──── funding line: {} ", self.budget_used());
        let rest = "─".repeat(width.saturating_sub(label.chars().count()).max(4));
        lines.insert(1 + self.funded(), label + &rest);
        lines.join("\n")
    }
}

impl Entry {
    fn cells(&self, criteria: &[&str]) -> Vec<String> {
        let points = criteria.iter().map(|code| {
            let given = self.points.iter().find(|points| points.criterion == *code);
            given
                .map(|points| points.points.clone())
                .unwrap_or_default()
        });
        let outcome = match self.waiting_place {
            place if place > 0 => format!("{} {place}", self.outcome),
            _ => self.outcome.replace('_', " "),
        };
        let mut cells = vec![
            self.position.to_string(),
            title(&self.consortium_title),
            self.protocol.clone(),
        ];
        cells.extend(points);
        cells.extend([
            self.total.clone(),
            self.participants.to_string(),
            money(self.eligible_cents),
            money(self.full_cents),
            money(self.amount_cents),
            outcome,
            self.tie_broken_by.clone().unwrap_or_default(),
        ]);
        cells
    }
}

impl Row for BelowThreshold {
    const HEAD: &'static [&'static str] = &[
        "CONSORTIUM",
        "PROTOCOL",
        "TOTAL",
        "THRESHOLD OF",
        "NEEDED",
        "ACTUAL",
    ];
    const NUMBERS: &'static [usize] = &[2, 4, 5];

    fn cells(&self) -> Vec<String> {
        vec![
            title(&self.consortium_title),
            self.protocol.clone(),
            self.total.clone(),
            self.threshold_of.clone(),
            self.needed.clone(),
            self.actual.clone(),
        ]
    }
}

impl Ranking {
    /// The version it takes the place of, and why.
    fn replaced(&self) -> String {
        let Some(replaced) = &self.replaces else {
            return String::new();
        };
        let version = last(&replaced.ranking);
        match &replaced.annulment {
            Some(annulment) => format!("version {version}, {}", annulment.text()),
            None => format!("version {version}"),
        }
    }
}

impl View for Ranking {
    fn text(&self) -> String {
        let funded = self.funded();
        let waiting = self.entries.len() - funded;
        let sheet = Sheet::titled(&format!(
            "Ranking {} of {}, {}",
            last(&self.name),
            short_call(&self.name),
            self.state.replace('_', " ")
        ))
        .field("budget used", self.budget_used())
        .field("funded", funded.to_string())
        .field("waiting list", waiting.to_string())
        .field("below threshold", self.below_threshold.len().to_string())
        .field("rule set", self.rule_set_version.to_string())
        .field(
            "computed",
            format!(
                "{} by {}",
                seconds(self.computed_at.as_ref()),
                self.computed_by
            ),
        )
        .field("inputs SHA-256", &self.inputs_sha256)
        .field("replaces", self.replaced())
        .field(
            "annulment",
            self.annulment
                .as_ref()
                .map(Annulment::text)
                .unwrap_or_default(),
        );
        let sheet = if self.entries.is_empty() {
            sheet
        } else {
            sheet.section("RANKING (amounts in EUR)", &self.entry_lines())
        };
        sheet.rows("BELOW THRESHOLD", &self.below_threshold).text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Row for Ranking {
    const HEAD: &'static [&'static str] =
        &["VERSION", "STATE", "GRANTED", "BUDGET", "COMPUTED", "BY"];
    const NUMBERS: &'static [usize] = &[0, 2, 3];

    fn cells(&self) -> Vec<String> {
        vec![
            last(&self.name).to_owned(),
            self.state.clone(),
            money(self.granted_cents),
            money(self.budget_cents),
            seconds(self.computed_at.as_ref()),
            self.computed_by.clone(),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// A ranking that was just computed, with the proposal to put it in force.
#[derive(Debug, Serialize)]
pub(crate) struct Computed {
    pub(crate) ranking: Ranking,
    /// Absent when it was only tried.
    pub(crate) proposal: Option<Proposal>,
}

impl View for Computed {
    fn text(&self) -> String {
        self.ranking.text()
    }

    fn name(&self) -> String {
        View::name(&self.ranking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(position: i32, amount_cents: i64, waiting_place: i32) -> v1::RankingEntry {
        v1::RankingEntry {
            position,
            consortium_title: format!("Consorzio {position}"),
            total: "80.00".into(),
            points: vec![v1::CriterionPoints {
                criterion: "A".into(),
                points: "20.50".into(),
            }],
            amount_cents,
            full_cents: 15_000_000,
            outcome: if amount_cents > 0 {
                "funded".into()
            } else {
                "waiting".into()
            },
            tie_broken_by: if position == 2 {
                "criterion:A".into()
            } else {
                String::new()
            },
            waiting_place,
            ..Default::default()
        }
    }

    fn ranking() -> v1::Ranking {
        v1::Ranking {
            name: "programmes/er/calls/2016/rankings/1".into(),
            state: v1::RankingState::InForce.into(),
            budget_cents: 200_000_000,
            granted_cents: 30_000_000,
            left_cents: 170_000_000,
            entries: vec![
                entry(1, 15_000_000, 0),
                entry(2, 15_000_000, 0),
                entry(3, 0, 1),
            ],
            below_threshold: vec![v1::BelowThreshold {
                consortium_title: "Consorzio sotto".into(),
                threshold_of: "total".into(),
                ..Default::default()
            }],
            ..Default::default()
        }
    }

    #[test]
    fn the_funding_line_stands_after_the_last_entry_that_gets_money() {
        let text = Ranking::from(&ranking()).text();

        let lines: Vec<&str> = text.lines().collect();
        let line = lines
            .iter()
            .position(|line| line.contains("funding line"))
            .unwrap();
        assert!(lines[line - 1].contains("Consorzio 2") && lines[line + 1].contains("Consorzio 3"));
        assert!(
            lines[line].contains("300,000.00 EUR of 2,000,000.00 EUR"),
            "{text}"
        );
    }

    #[test]
    fn a_ranking_tells_its_points_ties_places_and_who_fell_below() {
        let text = Ranking::from(&ranking()).text();

        for expected in [
            "20.50",
            "criterion:A",
            "waiting 1",
            "BELOW THRESHOLD",
            "in force",
        ] {
            assert!(text.contains(expected), "{expected} in\n{text}");
        }
    }

    #[test]
    fn an_empty_ranking_has_no_line() {
        let text = Ranking::from(&v1::Ranking::default()).text();

        assert!(!text.contains("funding line"), "{text}");
    }
}
