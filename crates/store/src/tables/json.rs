//! A column of JSON.

use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, Value, ValueType, ValueTypeErr};
use sea_orm::{ColIdx, QueryResult, TryGetError, TryGetable};
use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};

use crate::door::Tx;
use crate::error::Error;

/// JSON as it is written, or as it was read. What was read stays text until somebody says what it
/// stands for: a tree in between would be made, cloned and dropped for nothing with every row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Tree(serde_json::Value),
    Text(String),
}

impl Json {
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        Ok(Self::Tree(serde_json::to_value(value)?))
    }

    /// As [`Self::of`], without a tree where text is what is stored: for what is long.
    pub(crate) fn for_writing<T: Serialize>(tx: &Tx, value: &T) -> Result<Self, Error> {
        if tx.is_postgres() {
            return Self::of(value);
        }
        Ok(Self::Text(serde_json::to_string(value)?))
    }

    pub(crate) fn of_optional<T: Serialize>(value: Option<&T>) -> Result<Option<Self>, Error> {
        value.map(Self::of).transpose()
    }

    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        Ok(match self {
            Self::Tree(tree) => serde_json::from_value(tree)?,
            Self::Text(text) => serde_json::from_str(&text)?,
        })
    }

    pub(crate) fn read_optional<T: DeserializeOwned>(
        stored: Option<Self>,
    ) -> Result<Option<T>, Error> {
        stored.map(Self::read).transpose()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Tree(tree) => tree.serialize(serializer),
            Self::Text(text) => serde_json::from_str::<serde_json::Value>(text)
                .map_err(S::Error::custom)?
                .serialize(serializer),
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Tree(tree) => Self::Json(Some(Box::new(tree))),
            Json::Text(text) => Self::String(Some(text)),
        }
    }
}

impl TryGetable for Json {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        // `SQLite` keeps text; PostgreSQL has a type for it.
        if row.try_as_proxy_row().is_some() {
            String::try_get_by(row, index).map(Self::Text)
        } else {
            serde_json::Value::try_get_by(row, index).map(Self::Tree)
        }
    }
}

impl ValueType for Json {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        match value {
            Value::Json(Some(tree)) => Ok(Self::Tree(*tree)),
            Value::String(Some(text)) => Ok(Self::Text(text)),
            _ => Err(ValueTypeErr),
        }
    }

    fn type_name() -> String {
        "Json".to_owned()
    }

    fn array_type() -> ArrayType {
        ArrayType::Json
    }

    fn column_type() -> ColumnType {
        ColumnType::JsonBinary
    }
}

impl Nullable for Json {
    fn null() -> Value {
        Value::Json(None)
    }
}
