//! Walks a TOML document by hand, so that a mistake is noted and the reading goes on.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::{LARGEST_FILE, Mistake};

/// Longest piece of a file that a mistake shows, in characters.
const SHOWN: usize = 60;

/// Says that a mistake was noted in place of a value. Only this module can make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Noted(());

/// A value, or a mistake already noted.
pub(super) type Read<T> = Result<T, Noted>;

/// Reads the document with `read`, then refuses every key that `read` did not ask for.
pub(super) fn read<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(&Section<'_>) -> Read<T>,
) -> Result<T, Vec<Mistake>> {
    let notes = Notes::new(file, text);
    if text.len() > LARGEST_FILE {
        let rule = format!(
            "must be at most {LARGEST_FILE} bytes, it has {}",
            text.len()
        );
        return Err(vec![notes.mistake(String::new(), None, rule)]);
    }
    let (top, faults) = DeTable::parse_recoverable(text);
    if !faults.is_empty() {
        return Err(faults.iter().map(|fault| notes.not_toml(fault)).collect());
    }
    let section = Section {
        notes: &notes,
        path: String::new(),
        span: None,
        entries: top.get_ref(),
    };
    let result = read(&section);
    notes.refuse_unknown(&section);

    let mut mistakes = notes.mistakes.take();
    match result {
        Ok(value) if mistakes.is_empty() => Ok(value),
        Ok(_) | Err(Noted(())) => {
            mistakes.sort_by_key(|mistake| mistake.line);
            Err(mistakes)
        }
    }
}

/// The values, once all of them were tried.
pub(super) fn all<T>(reads: Vec<Read<T>>) -> Read<Vec<T>> {
    reads.into_iter().collect()
}

/// One file, the keys asked for and the mistakes noted so far.
struct Notes<'a> {
    file: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
    asked: RefCell<BTreeSet<String>>,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'a> Notes<'a> {
    fn new(file: &'a str, text: &'a str) -> Self {
        let line_starts = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        let (asked, mistakes) = (RefCell::default(), RefCell::default());
        Self {
            file,
            text,
            line_starts,
            asked,
            mistakes,
        }
    }

    fn mistake(&self, key: String, span: Option<Range<usize>>, rule: String) -> Mistake {
        let line = span.as_ref().map(|span| self.line_of(span.start));
        let value = span.map(|span| self.shown(span)).unwrap_or_default();
        Mistake {
            file: self.file.to_owned(),
            key,
            line,
            value,
            rule,
        }
    }

    fn note(&self, mistake: Mistake) -> Noted {
        self.mistakes.borrow_mut().push(mistake);
        Noted(())
    }

    fn line_of(&self, at: usize) -> usize {
        1 + self.line_starts.partition_point(|start| *start <= at)
    }

    /// The source at `span` as one short line.
    fn shown(&self, span: Range<usize>) -> String {
        let source = self.text.get(span).unwrap_or_default();
        let words: Vec<&str> = source.split_whitespace().collect();
        let line = words.join(" ");
        if line.chars().count() <= SHOWN {
            return line;
        }
        line.chars().take(SHOWN).chain(['…']).collect()
    }

    fn not_toml(&self, fault: &Error) -> Mistake {
        let span = fault.span().map(|span| {
            let start = self
                .text
                .get(..span.start)
                .and_then(|before| before.rfind('\n'));
            let rest = self
                .text
                .get(span.start..)
                .and_then(|after| after.find('\n'));
            start.map_or(0, |at| at + 1)..rest.map_or(self.text.len(), |at| span.start + at)
        });
        let rule = format!("must be TOML: {}", fault.message().replace('\n', " "));
        self.mistake(String::new(), span, rule)
    }

    fn refuse_unknown(&self, section: &Section<'_>) {
        if !self.was_read(section) {
            return;
        }
        for (key, value) in section.entries {
            let path = section.path_of(key.get_ref());
            if !self.asked.borrow().contains(&path) {
                let rule = format!("must be one of the known keys: {}", self.siblings(section));
                self.note(self.mistake(path, Some(value.span()), rule));
                continue;
            }
            let value = Value {
                notes: self,
                path,
                raw: value,
            };
            for inner in value.inner_sections() {
                self.refuse_unknown(&inner);
            }
        }
    }

    /// Whether any key of `section` was asked for; a list refused as a whole is not read.
    fn was_read(&self, section: &Section<'_>) -> bool {
        let prefix = section.prefix();
        self.asked
            .borrow()
            .range(prefix.clone()..)
            .next()
            .is_some_and(|p| p.starts_with(&prefix))
    }

    /// The keys that may stand directly in `section`.
    fn siblings(&self, section: &Section<'_>) -> String {
        let asked = self.asked.borrow();
        let prefix = section.prefix();
        let keys: Vec<&str> = asked
            .iter()
            .filter_map(|path| path.strip_prefix(&prefix))
            .filter(|rest| !rest.contains(['.', '[']))
            .collect();
        keys.join(", ")
    }
}

/// A table of the file.
#[derive(Clone)]
pub(super) struct Section<'a> {
    notes: &'a Notes<'a>,
    path: String,
    span: Option<Range<usize>>,
    entries: &'a DeTable<'a>,
}

impl<'a> Section<'a> {
    /// The value of `key`; noted when it is missing.
    pub(super) fn required<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Value<'a>) -> Read<T>,
    ) -> Read<T> {
        match self.optional(key, read)? {
            Some(value) => Ok(value),
            None => Err(self.refuse(key, "must be given")),
        }
    }

    pub(super) fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Value<'a>) -> Read<T>,
    ) -> Read<Option<T>> {
        let path = self.path_of(key);
        self.notes.asked.borrow_mut().insert(path.clone());
        let Some(raw) = self.entries.get(key) else {
            return Ok(None);
        };
        read(&Value {
            notes: self.notes,
            path,
            raw,
        })
        .map(Some)
    }

    /// Notes that the value of `key`, or its absence, breaks `rule`.
    pub(super) fn refuse(&self, key: &str, rule: impl Into<String>) -> Noted {
        let span = self.entries.get(key).map(Spanned::span);
        let missing = span.is_none();
        let mut mistake = self.notes.mistake(
            self.path_of(key),
            span.or_else(|| self.span.clone()),
            rule.into(),
        );
        if missing {
            mistake.value.clear();
        }
        self.notes.note(mistake)
    }

    fn path_of(&self, key: &str) -> String {
        let bare = !key.is_empty()
            && key
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let key = if bare {
            key.to_owned()
        } else {
            format!("{key:?}")
        };
        self.prefix() + &key
    }

    /// What the path of every key in this table begins with.
    fn prefix(&self) -> String {
        if self.path.is_empty() {
            String::new()
        } else {
            format!("{}.", self.path)
        }
    }
}

/// A value of the file and where it stands.
#[derive(Clone)]
pub(super) struct Value<'a> {
    notes: &'a Notes<'a>,
    path: String,
    raw: &'a Spanned<DeValue<'a>>,
}

impl<'a> Value<'a> {
    pub(super) fn raw(&self) -> &'a DeValue<'a> {
        self.raw.get_ref()
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Notes that this value breaks `rule`.
    pub(super) fn refuse(&self, rule: impl Into<String>) -> Noted {
        let mistake = self
            .notes
            .mistake(self.path.clone(), Some(self.raw.span()), rule.into());
        self.notes.note(mistake)
    }

    pub(super) fn section(&self) -> Read<Section<'a>> {
        self.as_section()
            .ok_or_else(|| self.refuse("must be a table of keys"))
    }

    /// The elements of a list with a number of them in `count`.
    pub(super) fn elements(&self, count: RangeInclusive<usize>) -> Read<Vec<Value<'a>>> {
        let Some(elements) = self.as_elements() else {
            return Err(self.refuse("must be a list"));
        };
        if !count.contains(&elements.len()) {
            let (least, most) = count.into_inner();
            let rule = format!("must list {least} to {most}, it lists {}", elements.len());
            return Err(self.refuse(rule));
        }
        Ok(elements)
    }

    /// The tables of a list of tables, as `[[reminders]]` writes it.
    pub(super) fn sections(&self, count: RangeInclusive<usize>) -> Read<Vec<Section<'a>>> {
        all(self.elements(count)?.iter().map(Value::section).collect())
    }

    fn as_section(&self) -> Option<Section<'a>> {
        let entries = self.raw().as_table()?;
        let (path, span) = (self.path.clone(), Some(self.raw.span()));
        Some(Section {
            notes: self.notes,
            path,
            span,
            entries,
        })
    }

    fn as_elements(&self) -> Option<Vec<Value<'a>>> {
        let elements = self.raw().as_array()?.iter().enumerate();
        let value = |(at, raw)| Value {
            notes: self.notes,
            path: format!("{}[{at}]", self.path),
            raw,
        };
        Some(elements.map(value).collect())
    }

    /// This table, or the tables of this list.
    fn inner_sections(&self) -> Vec<Section<'a>> {
        if let Some(section) = self.as_section() {
            return vec![section];
        }
        self.as_elements()
            .unwrap_or_default()
            .iter()
            .filter_map(Value::as_section)
            .collect()
    }
}
