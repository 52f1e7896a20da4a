//! A score sheet, from a file or from options.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bando_proto::v1;
use clap::Args;
use serde::Deserialize;

use crate::errors::{Exit, Failure};
use crate::files;

/// The scores of one sheet.
#[derive(Debug, Args)]
pub(crate) struct SheetSource {
    /// The sheet's file (TOML): a table per criterion with `score` and `comment`.
    #[arg(long, value_name = "FILE", required_unless_present = "points")]
    #[arg(conflicts_with_all = ["points", "comment"])]
    sheet: Option<PathBuf>,
    /// A criterion's score; may be repeated.
    #[arg(long, value_name = "CRITERION=SCORE", value_parser = pair)]
    points: Vec<(String, String)>,
    /// A criterion's comment; may be repeated.
    #[arg(long, value_name = "CRITERION=TEXT", value_parser = pair)]
    comment: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (criterion, value) = text
        .split_once('=')
        .ok_or_else(|| "a criterion, = and a value are expected, such as A=7.5".to_owned())?;
    Ok((criterion.trim().to_owned(), value.trim().to_owned()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    score: Points,
    #[serde(default)]
    comment: String,
}

/// Exact: never a floating-point number.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "must be whole or exact text, such as 7 or \"7.5\""
)]
enum Points {
    Whole(i64),
    Exact(String),
}

impl SheetSource {
    pub(crate) fn read(&self) -> Result<Vec<v1::Score>, Failure> {
        match &self.sheet {
            Some(path) => parse(&files::name_of(path), &files::read_text(path)?),
            None => self.told(),
        }
    }

    fn told(&self) -> Result<Vec<v1::Score>, Failure> {
        let mut comments: BTreeMap<&str, &str> = BTreeMap::new();
        for (criterion, comment) in &self.comment {
            comments.insert(criterion, comment);
        }
        let scores = self.points.iter().map(|(criterion, score)| v1::Score {
            criterion: criterion.clone(),
            score: score.clone(),
            comment: comments
                .remove(criterion.as_str())
                .unwrap_or_default()
                .to_owned(),
        });
        let scores = scores.collect();
        match comments.keys().next() {
            None => Ok(scores),
            Some(criterion) => {
                let message = format!("criterion {criterion} has a comment and no score");
                Err(Failure::new(Exit::Usage, "SHEET_INVALID", message))
            }
        }
    }
}

fn parse(file: &str, text: &str) -> Result<Vec<v1::Score>, Failure> {
    let lines: BTreeMap<String, Line> = toml::from_str(text).map_err(|error| {
        let message = format!("{file}: {}", error.to_string().trim_end());
        Failure::new(Exit::Usage, "SHEET_INVALID", message)
    })?;
    let scores = lines.into_iter().map(|(criterion, line)| v1::Score {
        criterion,
        score: match line.score {
            Points::Whole(points) => points.to_string(),
            Points::Exact(points) => points,
        },
        comment: line.comment,
    });
    Ok(scores.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_a_table_per_criterion() {
        let text = "[A]\nscore = \"7.5\"\ncomment = \"chiara\"\n[B]\nscore = 8\n";

        let scores = parse("sheet.toml", text).unwrap();

        assert_eq!(scores[0].score, "7.5");
        assert_eq!(scores[0].comment, "chiara");
        assert_eq!(
            (scores[1].criterion.as_str(), scores[1].score.as_str()),
            ("B", "8")
        );
    }

    #[test]
    fn a_number_with_a_comma_of_the_machine_and_an_unknown_key_are_refused() {
        for text in [
            "[A]\nscore = 7.5\n",
            "[A]\nscore = 7\npoints = 1\n",
            "A = 7\n",
        ] {
            assert!(parse("sheet.toml", text).is_err(), "{text}");
        }
    }

    #[test]
    fn options_pair_scores_with_their_comments() {
        let sheet = SheetSource {
            sheet: None,
            points: vec![pair("A=7.5").unwrap()],
            comment: vec![pair("A=chiara = completa").unwrap()],
        };
        assert_eq!(sheet.read().unwrap()[0].comment, "chiara = completa");

        let lonely = SheetSource {
            comment: vec![pair("B=x").unwrap()],
            ..sheet
        };
        assert!(lonely.read().is_err());
        assert!(pair("A 7").is_err());
    }
}
