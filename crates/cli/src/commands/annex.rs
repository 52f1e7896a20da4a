//! The ranking as an annex of the act: an open table (CSV), or a page that prints well (HTML).

use bando_domain::money::Eur;
use bando_proto::v1;
use clap::ValueEnum;

use crate::errors::{Exit, Failure};
use crate::names::{last, short_call};
use crate::views::money;

const PAGE: &str = include_str!("annex.html");

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    Csv,
    Html,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    It,
    En,
}

impl Language {
    const fn pick(self, it: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::It => it,
            Self::En => en,
        }
    }

    fn outcome(self, outcome: &str) -> String {
        match outcome {
            "funded" => self.pick("finanziato", "funded").to_owned(),
            "funded_in_part" => self
                .pick("finanziato in parte", "funded in part")
                .to_owned(),
            "waiting" => self.pick("in lista d'attesa", "waiting list").to_owned(),
            "below_threshold" => self.pick("sotto soglia", "below threshold").to_owned(),
            other => other.to_owned(),
        }
    }
}

/// Columns whose cells are numbers.
const NUMBERS: [usize; 6] = [0, 3, 4, 5, 6, 7];

fn head(language: Language) -> [&'static str; 9] {
    [
        language.pick("posizione", "position"),
        language.pick("consorzio", "consortium"),
        language.pick("protocollo", "protocol"),
        language.pick("punteggio", "points"),
        language.pick("imprese partecipanti", "participating firms"),
        language.pick("spesa ammissibile EUR", "eligible cost EUR"),
        language.pick("contributo calcolato EUR", "grant by the formula EUR"),
        language.pick("contributo concesso EUR", "grant EUR"),
        language.pick("esito", "outcome"),
    ]
}

/// Amounts as numbers: `1234.56`.
fn plain(cents: i64) -> String {
    money(cents).replace(',', "")
}

fn rows(ranking: &v1::Ranking, language: Language) -> Vec<[String; 9]> {
    let placed = ranking.entries.iter().map(|entry| {
        let outcome = match entry.waiting_place {
            0 => language.outcome(&entry.outcome),
            place => format!("{} ({place})", language.outcome(&entry.outcome)),
        };
        [
            entry.position.to_string(),
            entry.consortium_title.clone(),
            entry.protocol.clone(),
            entry.total.clone(),
            entry.participants.to_string(),
            plain(entry.eligible_cents),
            plain(entry.full_cents),
            plain(entry.amount_cents),
            outcome,
        ]
    });
    let below = ranking.below_threshold.iter().map(|below| {
        let blank = String::new;
        [
            blank(),
            below.consortium_title.clone(),
            below.protocol.clone(),
            below.total.clone(),
            blank(),
            blank(),
            blank(),
            plain(0),
            language.outcome("below_threshold"),
        ]
    });
    placed.chain(below).collect()
}

pub(crate) fn render(
    ranking: &v1::Ranking,
    form: Form,
    language: Language,
) -> Result<Vec<u8>, Failure> {
    let rendered = match form {
        Form::Csv => csv(ranking, language).map_err(|error| error.to_string()),
        Form::Html => html(ranking, language).map_err(|error| error.to_string()),
    };
    let failure = |error: String| Failure::new(Exit::Failure, "ANNEX", error);
    rendered.map_err(failure)
}

fn csv(ranking: &v1::Ranking, language: Language) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(head(language))?;
    for row in rows(ranking, language) {
        table.write_record(row.iter().map(|cell| harmless(cell)))?;
    }
    table
        .into_inner()
        .map_err(|error| error.into_error().into())
}

/// A name that a spreadsheet would take for a formula is kept as text.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

fn html(ranking: &v1::Ranking, language: Language) -> Result<Vec<u8>, minijinja::Error> {
    let mut templates = minijinja::Environment::new();
    templates.add_template("annex.html", PAGE)?;
    let (call, version) = (short_call(&ranking.name), last(&ranking.name));
    let funded = ranking
        .entries
        .iter()
        .filter(|entry| entry.amount_cents > 0)
        .count();
    let (granted, budget) = (
        Eur::cents(ranking.granted_cents),
        Eur::cents(ranking.budget_cents),
    );
    let state = ranking.state();
    let in_force = state == v1::RankingState::InForce;
    let title = match language {
        Language::It => format!("Graduatoria del bando {call}, versione {version}"),
        Language::En => format!("Ranking of call {call}, version {version}"),
    };
    let draft = match (in_force, language) {
        (true, _) => "",
        (false, Language::It) => "NON IN VIGORE. ",
        (false, Language::En) => "NOT IN FORCE. ",
    };
    let heading = match language {
        Language::It => format!("{draft}Finanziati {funded}; concessi {granted} su {budget}."),
        Language::En => format!("{draft}Funded {funded}; granted {granted} of {budget}."),
    };
    let page = templates
        .get_template("annex.html")?
        .render(minijinja::context! {
            language => language.pick("it", "en"),
            title,
            heading,
            head => head(language),
            numbers => NUMBERS,
            rows => rows(ranking, language),
            funded,
            footer => format!("SHA-256 {}", ranking.inputs_sha256),
        })?;
    Ok(page.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking() -> v1::Ranking {
        let entry = |position: i32, title: &str, amount_cents: i64| v1::RankingEntry {
            position,
            consortium_title: title.into(),
            total: "80.00".into(),
            amount_cents,
            full_cents: 15_000_000,
            outcome: if amount_cents > 0 {
                "funded"
            } else {
                "waiting"
            }
            .into(),
            waiting_place: i32::from(amount_cents == 0),
            ..Default::default()
        };
        v1::Ranking {
            name: "programmes/er/calls/2016/rankings/1".into(),
            state: v1::RankingState::InForce.into(),
            entries: vec![
                entry(1, "Uno, \"il primo\"", 15_000_000),
                entry(2, "=1+1 <b>", 0),
            ],
            ..Default::default()
        }
    }

    #[test]
    fn a_csv_quotes_and_disarms() {
        let text = String::from_utf8(render(&ranking(), Form::Csv, Language::It).unwrap()).unwrap();

        assert!(text.starts_with("posizione,consorzio,"), "{text}");
        assert!(text.contains("\"Uno, \"\"il primo\"\"\",,80.00,0,0.00,150000.00,150000.00"));
        assert!(text.contains("'=1+1 <b>"), "{text}");
        assert!(text.contains("in lista d'attesa (1)"), "{text}");
    }

    #[test]
    fn a_page_escapes_and_draws_the_funding_line() {
        let page = render(&ranking(), Form::Html, Language::En).unwrap();
        let page = String::from_utf8(page).unwrap();

        assert!(page.contains("=1+1 &lt;b&gt;"), "{page}");
        assert_eq!(page.matches("class=\"line\"").count(), 1);
        assert!(!page.contains("NOT IN FORCE"));
    }
}
