//! A deadline as an object: an instant with its zone and printed text, the act that states it, the
//! edge that decides, and every change it went through. Nothing of it is stored: it follows from
//! the call, what a consortium was asked, and the events of both.

mod calendar;
mod derive;
mod history;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::civil::{Language, Zone, print_due};
use crate::ids::{ApplicationId, CallId, ClarificationId, ConsortiumId, ProposalId};
use crate::programme::Text;

pub use derive::{of_call, of_clarification, of_procedure, of_proposal};
pub use history::{Happened, Trail};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    pub call: CallId,
    pub subject: Subject,
    /// Whose it is; none where it is everybody's or the office's.
    pub consortium: Option<ConsortiumId>,
    pub application: Option<ApplicationId>,
    pub title: Text,
    pub zone: Zone,
    pub at: DateTime<Utc>,
    pub edge: Edge,
    /// The number of the act that states it, where one does.
    pub act: Option<String>,
    pub standing: Standing,
    /// Raised by each extension, suspension and resumption, and by the cancellation: calendars
    /// tell an earlier form of the same deadline from a later one by it.
    pub sequence: u32,
    /// Since when it is as it is.
    pub stated_at: DateTime<Utc>,
    /// Oldest first.
    pub changes: Vec<Change>,
}

/// What ends at a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Subject {
    CallClose,
    Clarification(ClarificationId),
    NoticeBeforeRejection(ClarificationId),
    Procedure(ApplicationId),
    ResultsPublication,
    PaymentLimit,
    Proposal(ProposalId),
}

impl Subject {
    pub const fn kind(self) -> &'static str {
        match self {
            Self::CallClose => "call_close",
            Self::Clarification(_) => "clarification",
            Self::NoticeBeforeRejection(_) => "notice_before_rejection",
            Self::Procedure(_) => "procedure",
            Self::ResultsPublication => "results_publication",
            Self::PaymentLimit => "payment_limit",
            Self::Proposal(_) => "proposal",
        }
    }

    /// Whether it is the office's own, which no consortium sees.
    pub const fn is_of_the_office(self) -> bool {
        match self {
            Self::ResultsPublication | Self::PaymentLimit | Self::Proposal(_) => true,
            Self::CallClose
            | Self::Clarification(_)
            | Self::NoticeBeforeRejection(_)
            | Self::Procedure(_) => false,
        }
    }

    /// Why nobody moves it with an extension.
    ///
    /// # Errors
    /// For everything but the close of a call.
    pub const fn expect_extensible(self) -> Result<(), Refusal> {
        let why = match self {
            Self::CallClose => return Ok(()),
            Self::Clarification(_) | Self::NoticeBeforeRejection(_) => {
                "the term runs from recorded delivery for the days that the call states"
            }
            Self::Procedure(_) => {
                "the procedure stops only while the consortium is asked for something"
            }
            Self::ResultsPublication => "the publication of results is moved by itself",
            Self::PaymentLimit => "the money is bound to it from outside of the office",
            Self::Proposal(_) => "a proposal that expired is made again",
        };
        Err(Refusal::Fixed {
            kind: self.kind(),
            why,
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CallClose => f.write_str("close"),
            Self::Clarification(id) => write!(f, "clarification-{id}"),
            Self::NoticeBeforeRejection(id) => write!(f, "notice-{id}"),
            Self::Procedure(id) => write!(f, "procedure-{id}"),
            Self::ResultsPublication => f.write_str("results"),
            Self::PaymentLimit => f.write_str("payment-limit"),
            Self::Proposal(id) => write!(f, "proposal-{id}"),
        }
    }
}

/// Why a text names no deadline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no deadline: close, results, payment-limit or clarification-, notice-, procedure- \
     or proposal- with a UUID is expected"
)]
pub struct NotASubject(String);

impl FromStr for Subject {
    type Err = NotASubject;

    fn from_str(text: &str) -> Result<Self, NotASubject> {
        fn id<T: FromStr>(text: &str, of: impl Fn(T) -> Subject) -> Result<Subject, T::Err> {
            text.parse().map(of)
        }
        let refuse = || NotASubject(text.to_owned());
        match text {
            "close" => return Ok(Self::CallClose),
            "results" => return Ok(Self::ResultsPublication),
            "payment-limit" => return Ok(Self::PaymentLimit),
            _ => {}
        }
        let (kind, rest) = text.split_once('-').ok_or_else(refuse)?;
        let found = match kind {
            "clarification" => id(rest, Self::Clarification),
            "notice" => id(rest, Self::NoticeBeforeRejection),
            "procedure" => id(rest, Self::Procedure),
            "proposal" => id(rest, Self::Proposal),
            _ => return Err(refuse()),
        };
        found.map_err(|_| refuse())
    }
}

impl TryFrom<String> for Subject {
    type Error = NotASubject;
    fn try_from(text: String) -> Result<Self, NotASubject> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

/// Which side the instant itself is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// At or before the instant is in time; a microsecond later is late.
    InTime,
    /// Nothing ends: it happens at the instant.
    HappensAt,
}

/// How a deadline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Running,
    /// It does not come nearer: the call or the procedure is suspended.
    Suspended,
    /// What it is for is done.
    Met,
    Passed,
    /// The call was cancelled, or what it is for was taken back.
    Cancelled,
}

impl Standing {
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Suspended,
        Self::Met,
        Self::Passed,
        Self::Cancelled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Suspended => "suspended",
            Self::Met => "met",
            Self::Passed => "passed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One change of a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub kind: ChangeKind,
    pub from: DateTime<Utc>,
    /// Where it is since; none while it is suspended.
    pub to: Option<DateTime<Utc>>,
    pub act: Option<String>,
    pub reason: Option<String>,
    /// Who asked for it, or did it alone; empty where that is not for the reader.
    pub requested_by: String,
    /// The second person, where two were needed.
    pub approved_by: Option<String>,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Moved by the approval of a second person.
    Extended,
    Suspended,
    Resumed,
    /// First come, first served: the budget was spent.
    BudgetSpent,
    /// Moved by one person, under an act.
    Moved,
}

impl ChangeKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Extended => "extended",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::BudgetSpent => "budget_spent",
            Self::Moved => "moved",
        }
    }
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a deadline of the kind {kind} is not extended: {why}")]
    Fixed {
        kind: &'static str,
        why: &'static str,
    },
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Fixed { .. } => "DEADLINE_FIXED",
        }
    }
}

impl Deadline {
    /// `er/2016/close`: the same for as long as there is the deadline.
    pub fn key(&self) -> String {
        format!("{}/{}", self.call, self.subject)
    }

    /// With weekday, zone and offset, as it stands in letters.
    pub fn printed(&self, language: Language) -> String {
        print_due(self.at, &self.zone, language)
    }

    /// As a consortium sees it: who of the office did what is the office's own.
    #[must_use]
    pub fn without_persons(mut self) -> Self {
        for change in &mut self.changes {
            change.requested_by.clear();
            change.approved_by = None;
        }
        self
    }
}
