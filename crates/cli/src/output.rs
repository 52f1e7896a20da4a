//! Data on stdout as a table, JSON or YAML; talk on stderr.

use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::errors::{Exit, Failure, Report};
use crate::watch;

/// The form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people.
    Table,
    Json,
    /// One JSON object a line.
    Jsonl,
    Yaml,
    /// Full names alone, one a line, for the next command.
    Name,
    /// iCalendar, for what is a calendar.
    Ics,
}

/// Something shown by itself.
pub(crate) trait View: Serialize {
    fn text(&self) -> String;

    /// What it is called; its headline when it has no name of its own.
    fn name(&self) -> String {
        self.text().lines().next().unwrap_or_default().to_owned()
    }
}

/// Something shown as a line of a list.
pub(crate) trait Row: Serialize {
    const HEAD: &'static [&'static str];
    /// Columns of numbers, counted from 0.
    const NUMBERS: &'static [usize] = &[];

    /// One text per column of the head.
    fn cells(&self) -> Vec<String>;

    /// What it is called; its first cell when it has no name of its own.
    fn name(&self) -> String {
        self.cells().into_iter().next().unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    format: Format,
    /// Whether stderr takes colours.
    colour: bool,
}

impl Output {
    pub(crate) fn new(format: Format, colour_is_welcome: bool) -> Self {
        Self {
            format,
            colour: colour_is_welcome && io::stderr().is_terminal(),
        }
    }

    /// Shows one thing.
    pub(crate) fn one(self, view: &impl View) -> Result<(), Failure> {
        match self.format {
            Format::Table => print(&view.text()),
            Format::Name => print(&clean(&view.name())),
            Format::Json | Format::Jsonl | Format::Yaml => print(&self.data(view)?),
            Format::Ics => Err(no_calendar()),
        }
    }

    /// Shows a list that is a calendar too, which `calendar` writes.
    pub(crate) fn dated<R: Row>(
        self,
        rows: &[R],
        none: &str,
        calendar: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self.format {
            Format::Ics => raw(calendar().as_bytes()),
            Format::Table | Format::Json | Format::Jsonl | Format::Yaml | Format::Name => {
                self.list(rows, none)
            }
        }
    }

    /// Shows a list: in JSON and YAML always an array, in JSON lines a line per row. `none` is told
    /// when it is empty.
    pub(crate) fn list<R: Row>(self, rows: &[R], none: &str) -> Result<(), Failure> {
        match self.format {
            Format::Table | Format::Name | Format::Jsonl if rows.is_empty() => {
                talk(none);
                Ok(())
            }
            Format::Table => print(&table(rows)),
            Format::Name => {
                let names: Vec<String> = rows.iter().map(|row| clean(&row.name())).collect();
                print(&names.join("\n"))
            }
            Format::Jsonl => {
                let lines: Result<Vec<String>, Failure> =
                    rows.iter().map(|row| self.data(row)).collect();
                print(&lines?.join("\n"))
            }
            Format::Json | Format::Yaml => print(&self.data(rows)?),
            Format::Ics => Err(no_calendar()),
        }
    }

    /// Whether the data is text for people, not for programs.
    pub(crate) fn is_for_people(self) -> bool {
        self.format == Format::Table
    }

    /// Whether the data goes to a person's terminal, which a watch may draw anew.
    pub(crate) fn is_drawn(self) -> bool {
        self.format == Format::Table && io::stdout().is_terminal()
    }

    pub(crate) fn error(self, report: &Report) {
        let text = match self.format {
            Format::Table | Format::Name | Format::Ics => clean_lines(&report.lines()),
            Format::Json | Format::Jsonl | Format::Yaml => self.data(report).unwrap_or_default(),
        };
        let text = match text.split_once(':') {
            Some((label, rest))
                if self.colour && matches!(self.format, Format::Table | Format::Name) =>
            {
                format!("\x1b[1;31m{label}\x1b[0m:{rest}")
            }
            _ => text,
        };
        let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
    }

    fn data<T: Serialize + ?Sized>(self, data: &T) -> Result<String, Failure> {
        let text = match self.format {
            Format::Yaml => serde_norway::to_string(data).map_err(|error| error.to_string()),
            Format::Jsonl => serde_json::to_string(data).map_err(|error| error.to_string()),
            Format::Table | Format::Json | Format::Name | Format::Ics => {
                serde_json::to_string_pretty(data).map_err(|error| error.to_string())
            }
        };
        text.map_err(|error| Failure::new(Exit::Failure, "OUTPUT_FAILED", error))
    }
}

fn no_calendar() -> Failure {
    let message = "this is no calendar: only the rehearsal of a call is written as ics";
    Failure::new(Exit::Usage, "NO_CALENDAR", message)
}

/// Bytes as they are.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Failure> {
    if watch::keeps(bytes) {
        return Ok(());
    }
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

/// Something for the person at the terminal.
pub(crate) fn talk(text: &str) {
    if watch::keeps_talk(text) {
        return;
    }
    // There is nobody left to tell when stderr is gone.
    let _ = writeln!(io::stderr().lock(), "{}", clean_lines(text));
}

fn print(text: &str) -> Result<(), Failure> {
    raw(format!("{}\n", text.trim_end()).as_bytes())
}

/// A list as lines of columns.
pub(crate) fn table<R: Row>(rows: &[R]) -> String {
    grid(R::HEAD, R::NUMBERS, rows.iter().map(Row::cells))
}

/// Columns under a head, two spaces apart; `numbers` stand to the right. One line per row.
pub(crate) fn grid<H: AsRef<str>>(
    head: &[H],
    numbers: &[usize],
    rows: impl Iterator<Item = Vec<String>>,
) -> String {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_header(head.iter().map(AsRef::as_ref));
    for row in rows {
        table.add_row(row.iter().map(|cell| clean(cell)).collect::<Vec<_>>());
    }
    for (position, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&position) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

/// A text on one line, without what could steer a terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A text whose lines stay, without what could steer a terminal.
pub(crate) fn clean_lines(text: &str) -> String {
    text.chars()
        .filter(|c| *c == '\n' || *c == '\t' || !c.is_control())
        .collect()
}

/// A description: labelled values and sections, one below the other.
#[derive(Debug, Default)]
pub(crate) struct Sheet(String);

impl Sheet {
    const LABEL: usize = 20;

    #[must_use]
    pub(crate) fn titled(title: &str) -> Self {
        Self(format!("{}\n", clean(title)))
    }

    /// A labelled value; left out when it is empty.
    #[must_use]
    pub(crate) fn field(mut self, label: &str, value: impl AsRef<str>) -> Self {
        let value = clean(value.as_ref());
        if !value.is_empty() {
            let width = Self::LABEL;
            self.0
                .extend(["  ", &format!("{label:<width$}"), &value, "\n"]);
        }
        self
    }

    /// A table under a title; left out when it has no rows.
    #[must_use]
    pub(crate) fn rows<R: Row>(self, title: &str, rows: &[R]) -> Self {
        if rows.is_empty() {
            self
        } else {
            self.section(title, &table(rows))
        }
    }

    /// Labelled values under a title.
    #[must_use]
    pub(crate) fn fields(mut self, title: &str, values: &[(&str, String)]) -> Self {
        self.0.extend(["\n", title, "\n"]);
        let values = values.iter();
        values.fold(self, |sheet, (label, value)| sheet.field(label, value))
    }

    /// Lines under a title.
    #[must_use]
    pub(crate) fn section(mut self, title: &str, lines: &str) -> Self {
        self.0.extend(["\n", title, "\n"]);
        for line in lines.lines() {
            self.0.extend(["  ", line, "\n"]);
        }
        self
    }

    pub(crate) fn text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_one_line_per_row_and_numbers_to_the_right() {
        let rows =
            [["er/2016", "1.00"], ["er/2017", "2,000.00"]].map(|row| row.map(Into::into).into());

        let text = grid(&["CALL", "BUDGET"], &[1], rows.into_iter());

        assert_eq!(
            text,
            "CALL       BUDGET\ner/2016      1.00\ner/2017  2,000.00"
        );
    }

    #[test]
    fn a_title_cannot_steer_the_terminal_or_break_a_row() {
        let rows = [vec!["a\nb\u{1b}[2Jc".to_owned()]];

        let text = grid(&["TITLE"], &[], rows.into_iter());

        assert_eq!(text, "TITLE\na b [2Jc");
    }

    #[test]
    fn a_sheet_leaves_out_what_is_not_known() {
        let sheet = Sheet::titled("er/2016")
            .field("act", "DD 1")
            .field("ranking", "");

        assert_eq!(sheet.text(), "er/2016\n  act                 DD 1\n");
    }
}
