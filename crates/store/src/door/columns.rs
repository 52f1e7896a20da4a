//! What a column of `SQLite` holds. The file knows five types; which text is an instant, a day or
//! JSON, and which blob an id, the entities say.

use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{DateTime, ParseError, SecondsFormat, Utc};
use sea_orm::sea_query::{ColumnType, Value};
use sea_orm::{ColumnTrait as _, EntityTrait, IdenStatic as _, Iterable as _};

use crate::tables;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Flag,
    Int,
    BigInt,
    Text,
    Json,
    Uuid,
    Instant,
    Day,
    Bytes,
    /// No column of a table but the result of an expression: a whole number or text.
    Computed,
}

impl Kind {
    pub(super) const fn null(self) -> Value {
        match self {
            Self::Flag => Value::Bool(None),
            Self::Int => Value::Int(None),
            Self::BigInt | Self::Computed => Value::BigInt(None),
            Self::Text | Self::Json => Value::String(None),
            Self::Uuid => Value::Uuid(None),
            Self::Instant => Value::ChronoDateTimeUtc(None),
            Self::Day => Value::ChronoDate(None),
            Self::Bytes => Value::Bytes(None),
        }
    }

    fn of_type(declared: &ColumnType) -> Option<Self> {
        Some(match declared {
            ColumnType::Boolean => Self::Flag,
            ColumnType::Integer => Self::Int,
            ColumnType::BigInteger => Self::BigInt,
            ColumnType::String(_) | ColumnType::Text => Self::Text,
            ColumnType::Json | ColumnType::JsonBinary => Self::Json,
            ColumnType::Uuid => Self::Uuid,
            ColumnType::TimestampWithTimeZone => Self::Instant,
            ColumnType::Date => Self::Day,
            ColumnType::VarBinary(_) | ColumnType::Binary(_) | ColumnType::Blob => Self::Bytes,
            _ => return None,
        })
    }
}

pub(crate) type Columns = HashMap<&'static str, Kind>;

/// By table, then by column.
static KNOWN: LazyLock<HashMap<&'static str, Columns>> = LazyLock::new(tables::columns);

/// Names and kinds of what a statement answers.
pub(super) fn of(prepared: &rusqlite::Statement<'_>) -> Vec<(String, Kind)> {
    let columns = prepared.columns_with_metadata();
    let kinds = columns.iter().map(|column| {
        let origin = column.table_name().zip(column.origin_name());
        let kind = origin.and_then(|(table, name)| KNOWN.get(table)?.get(name).copied());
        (column.name().to_owned(), kind.unwrap_or(Kind::Computed))
    });
    kinds.collect()
}

/// The columns of one entity, under its table's name.
pub(crate) fn of_entity<E: EntityTrait>() -> (&'static str, Columns) {
    let columns = E::Column::iter().filter_map(|column| {
        let kind = Kind::of_type(column.def().get_column_type())?;
        Some((column.as_str(), kind))
    });
    (E::default().table_name(), columns.collect())
}

/// Instants are text that sorts as they do: always UTC, as many digits as they have.
pub(super) fn instant_text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

pub(super) fn read_instant(text: &str) -> Result<DateTime<Utc>, ParseError> {
    Ok(DateTime::parse_from_rfc3339(text)?.to_utc())
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

    use super::*;

    /// Kept by triggers, for the sake of their constraints; nothing reads them.
    const OF_THE_SCHEMA_ALONE: [(&str, &str); 1] = [("calls", "awarded_cents")];

    #[tokio::test]
    async fn every_column_of_the_schema_is_known() {
        let connection = crate::door::in_memory().await;
        crate::migrations::run(&connection).await.unwrap();
        let columns = "SELECT tables.name AS held_by, columns.name AS name \
                       FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns \
                       WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' \
                       AND tables.name <> 'seaql_migrations'";
        let query = Statement::from_string(DbBackend::Sqlite, columns);

        let rows = connection.query_all_raw(query).await.unwrap();

        assert!(rows.len() > 100);
        for row in rows {
            let table: String = row.try_get("", "held_by").unwrap();
            let column: String = row.try_get("", "name").unwrap();
            if OF_THE_SCHEMA_ALONE.contains(&(table.as_str(), column.as_str())) {
                continue;
            }
            let known = KNOWN
                .get(table.as_str())
                .and_then(|known| known.get(column.as_str()));
            assert!(known.is_some(), "tables::columns() lacks {table}.{column}");
        }
    }

    #[test]
    fn instants_read_back_as_they_were_written_and_sort_as_text() {
        let at = |micros| DateTime::from_timestamp_micros(micros).unwrap();
        let all = [0, 1, 999, 1_000, 1_000_000, 1_000_001].map(at);

        let texts = all.map(instant_text);

        assert!(texts.is_sorted());
        assert_eq!(texts.map(|text| read_instant(&text).unwrap()), all);
    }
}
