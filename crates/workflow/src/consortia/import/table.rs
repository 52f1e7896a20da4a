//! The table of an import, as spreadsheets write it: with or without a byte order mark, comma or
//! semicolon, either line end, quoted where it must be. What cannot be read is told by line.

use std::collections::HashMap;

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::Refused;

/// Every column, as the sample file explains them; `config/consortia.csv`.
pub(super) const COLUMNS: [&str; 25] = [
    "kind",
    "consortium",
    "partita_iva",
    "title",
    "region",
    "form",
    "country",
    "fund_subscribed",
    "fund_paid",
    "statute_forbids_profit",
    "active",
    "sme_majority_of_directors",
    "accreditation",
    "since",
    "until",
    "representative",
    "email",
    "language",
    "artisan",
    "size",
    "share",
    "joined_on",
    "left_on",
    "other",
    "address",
];

/// Most rows of one file.
const ROWS_LIMIT: usize = 50_000;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One row, its cells by column; a cell that is empty is not there.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) cells: HashMap<&'static str, String>,
}

impl Row {
    pub(super) fn cell(&self, column: &'static str) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    pub(super) fn refuse(
        &self,
        column: &str,
        rule: &str,
        explanation: impl Into<String>,
    ) -> Refused {
        let value = self.cells.get(column).map_or("", String::as_str);
        Refused::new(self.line, column, value, rule, explanation)
    }
}

/// The rows that can be read, and what is wrong with the others.
pub(super) fn read(file: &[u8]) -> (Vec<Row>, Vec<Refused>) {
    let file = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file);
    let file = with_plain_line_ends(file);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(&file))
        .trim(Trim::All)
        .flexible(true)
        .from_reader(file.as_slice());
    let mut refused = Vec::new();
    let columns = match reader.byte_headers() {
        Ok(head) => columns(&head.clone(), &mut refused),
        Err(error) => vec![whole_file(&error, &mut refused)],
    };
    if !refused.is_empty() {
        return (Vec::new(), refused);
    }
    let mut rows = Vec::new();
    for record in reader.byte_records() {
        match record {
            Err(error) => {
                whole_file(&error, &mut refused);
                break;
            }
            Ok(_) if rows.len() == ROWS_LIMIT => {
                let explanation = format!("more than {ROWS_LIMIT} rows: import them in parts");
                refused.push(Refused::new(0, "", "", "TOO_MANY", explanation));
                break;
            }
            Ok(record) => match row(&record, &columns) {
                Ok(row) if row.cells.is_empty() => {}
                Ok(row) => rows.push(row),
                Err(reason) => refused.push(reason),
            },
        }
    }
    (rows, refused)
}

/// The reader counts a line at its `\n`, which with `\r\n` comes after the row.
fn with_plain_line_ends(file: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(file.len());
    for (position, byte) in file.iter().enumerate() {
        if *byte != b'\r' || file.get(position + 1) != Some(&b'\n') {
            plain.push(*byte);
        }
    }
    plain
}

/// Spreadsheets in Italian write semicolons: what the first line has more of separates.
fn delimiter(file: &[u8]) -> u8 {
    let first = file.split(|byte| *byte == b'\n').next().unwrap_or(file);
    let first = String::from_utf8_lossy(first);
    let count = |wanted: char| first.matches(wanted).count();
    if count(';') > count(',') { b';' } else { b',' }
}

fn whole_file(error: &csv::Error, refused: &mut Vec<Refused>) -> Option<&'static str> {
    let line = error.position().map_or(0, csv::Position::line);
    refused.push(Refused::new(line, "", "", "CSV", error.to_string()));
    None
}

/// The column at each place of the head; every mistake in it is told.
fn columns(head: &ByteRecord, refused: &mut Vec<Refused>) -> Vec<Option<&'static str>> {
    let mut found: Vec<Option<&'static str>> = Vec::new();
    for name in head {
        let name = String::from_utf8_lossy(name).to_lowercase();
        let known = COLUMNS.into_iter().find(|column| *column == name);
        let mut refuse = |rule: &str, explanation: &str| {
            refused.push(Refused::new(1, "", &name, rule, explanation));
        };
        if known.is_none() {
            refuse("UNKNOWN", "there is no such column");
        } else if found.contains(&known) {
            refuse("DUPLICATE", "the column stands twice");
        }
        found.push(known);
    }
    for needed in ["kind", "consortium"] {
        if !found.contains(&Some(needed)) {
            let explanation = "the column is missing";
            refused.push(Refused::new(1, needed, "", "REQUIRED", explanation));
        }
    }
    found
}

fn row(record: &ByteRecord, columns: &[Option<&'static str>]) -> Result<Row, Refused> {
    let line = record.position().map_or(0, csv::Position::line);
    if record.len() > columns.len() {
        let explanation = format!("{} cells, the head has {}", record.len(), columns.len());
        return Err(Refused::new(line, "", "", "TOO_MANY", explanation));
    }
    let mut cells = HashMap::new();
    for (cell, column) in record.iter().zip(columns) {
        let Some(column) = *column else { continue };
        let Ok(text) = std::str::from_utf8(cell) else {
            let value = String::from_utf8_lossy(cell);
            let explanation = "the file is not written in UTF-8";
            return Err(Refused::new(line, column, &value, "UTF8", explanation));
        };
        if !text.is_empty() {
            cells.insert(column, text.to_owned());
        }
    }
    Ok(Row { line, cells })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(file: &[u8]) -> Vec<(u64, String)> {
        let (rows, refused) = read(file);
        assert!(refused.is_empty(), "{refused:?}");
        rows.iter()
            .map(|row| (row.line, row.cell("title").to_owned()))
            .collect()
    }

    #[test]
    fn both_separators_line_ends_and_a_byte_order_mark_read_the_same() {
        let comma = b"kind,consortium,title\nmember,1,\"L'unit\xc3\xa0, \"\"s.r.l.\"\" \xf0\x9f\x8d\x9d\"\n";
        let text = String::from_utf8(comma.to_vec()).unwrap();
        let semicolon = text
            .replace("kind,consortium,title", "kind;consortium;title")
            .replace("member,1,", "member;1;");
        let windows = format!("\u{feff}{}", semicolon.replace('\n', "\r\n"));

        let expected = vec![(2, "L'unità, \"s.r.l.\" 🍝".to_owned())];
        for file in [text, semicolon, windows] {
            assert_eq!(titles(file.as_bytes()), expected, "{file}");
        }
    }

    #[test]
    fn a_quoted_line_break_keeps_the_lines_counted() {
        let file = b"kind,consortium,title\nmember,1,\"two\nlines\"\nmember,1,next\n";

        let lines: Vec<u64> = titles(file).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [2, 4]);
    }

    #[test]
    fn a_head_with_mistakes_reads_no_row() {
        let (rows, refused) = read(b"kind,knd,kind\nmember,1,2\n");

        assert!(rows.is_empty());
        let rules: Vec<_> = refused.iter().map(|reason| reason.rule.as_str()).collect();
        assert_eq!(rules, ["UNKNOWN", "DUPLICATE", "REQUIRED"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_by_line_and_column() {
        let (_, refused) = read(b"kind,consortium,title\nmember,1,\xe8\n");

        assert_eq!((refused[0].line, refused[0].rule.as_str()), (2, "UTF8"));
        assert_eq!(refused[0].field, "title");
    }
}
