//! One id type per thing, so that an award's id cannot be passed where a letter's is wanted.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("`{0}` is not a UUID")]
    NotUuid(String),
    #[error("`{0}` is not a code: 1 to 40 of a-z, 0-9 and -, not starting with -")]
    NotCode(String),
    #[error("`{0}` is not a call: programme/code expected, as in er/2027")]
    NotCall(String),
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| IdError::NotUuid(text.to_owned()))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

uuid_id!(
    /// A calendar of deadlines that programs subscribe to.
    CalendarFeedId,
    /// A consortium, within its programme.
    ConsortiumId,
    /// An application: one consortium in one call.
    ApplicationId,
    /// A document of an application.
    DocumentId,
    /// A clarification request, or a notice before rejection.
    ClarificationId,
    /// One evaluator's work on one application.
    EvaluationId,
    /// An entry of the register of evaluators of a programme.
    EvaluatorId,
    /// One sheet proposed to all evaluators of an application.
    AgreementId,
    /// One version of a call's ranking.
    RankingId,
    /// A grant decided for an application.
    AwardId,
    /// A pending act that needs a second person.
    ProposalId,
    /// An API token (not its secret).
    TokenId,
    /// One message to one address.
    LetterId,
    /// A row that makes something happen at an instant.
    TimerId,
    /// One fire of a schedule.
    FireId,
    /// One entry of the audit trail.
    EventId,
    /// A request as its sender numbered it; a repeat gets the same answer.
    RequestId,
);

/// A programme's code: 1 to 40 of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProgrammeId(String);

impl ProgrammeId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProgrammeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProgrammeId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        code(text).map(Self)
    }
}

impl TryFrom<String> for ProgrammeId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<ProgrammeId> for String {
    fn from(id: ProgrammeId) -> Self {
        id.0
    }
}

/// A call within its programme, written `er/2027`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallId {
    programme: ProgrammeId,
    code: String,
}

impl CallId {
    pub fn new(programme: ProgrammeId, call: &str) -> Result<Self, IdError> {
        Ok(Self {
            programme,
            code: code(call)?,
        })
    }

    pub fn programme(&self) -> &ProgrammeId {
        &self.programme
    }

    /// The part after the programme: `2027`.
    pub fn code(&self) -> &str {
        &self.code
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.programme, self.code)
    }
}

impl FromStr for CallId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let (programme, call) = text
            .split_once('/')
            .ok_or_else(|| IdError::NotCall(text.to_owned()))?;
        Self::new(programme.parse()?, call)
    }
}

impl TryFrom<String> for CallId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<CallId> for String {
    fn from(id: CallId) -> Self {
        id.to_string()
    }
}

fn code(text: &str) -> Result<String, IdError> {
    let fits = (1..=40).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-');
    if fits {
        Ok(text.to_owned())
    } else {
        Err(IdError::NotCode(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_written_programme_slash_code() {
        let id: CallId = "er/2027".parse().unwrap();

        assert_eq!((id.programme().as_str(), id.code()), ("er", "2027"));
        assert_eq!(id.to_string(), "er/2027");
    }

    #[test]
    fn a_code_takes_no_capitals_slashes_or_length() {
        for text in [
            "",
            "ER/2027",
            "er",
            "er/20/27",
            "er/-a",
            &format!("er/{}", "a".repeat(41)),
        ] {
            assert!(text.parse::<CallId>().is_err(), "{text}");
        }
    }
}
