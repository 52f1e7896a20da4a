//! Pages by key: no offsets, the same speed on the last page as on the first.

/// Which page to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageQuery {
    /// Rows wanted, at least 1.
    pub size: u64,
    /// The key of the last row of the page before; `None` for the first page.
    pub after: Option<String>,
}

/// One page and the key to go on from; `next` is `None` on the last page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of rows that were read with one more than wanted.
    pub(crate) fn of(mut rows: Vec<T>, size: u64, key: impl Fn(&T) -> String) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if rows.len() <= size {
            return Self { rows, next: None };
        }
        rows.truncate(size);
        let next = rows.last().map(key);
        Self { rows, next }
    }

    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: self.rows.into_iter().map(change).collect(),
            next: self.next,
        }
    }
}

impl PageQuery {
    pub(crate) fn limit(&self) -> u64 {
        self.size.saturating_add(1)
    }

    pub(crate) fn after_uuid(&self) -> Option<uuid::Uuid> {
        self.after.as_deref().and_then(|key| key.parse().ok())
    }
}
