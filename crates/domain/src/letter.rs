//! Letters: one message to one address, with its facts, language and key fixed when it is queued.

mod asked;
mod delivery;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::civil::Language;
use crate::event::Personal;
use crate::ids::{ApplicationId, CallId, ClarificationId, ConsortiumId, LetterId, ProgrammeId};
use crate::money::Eur;
use crate::programme::Text;
use crate::reminder;
use crate::timer::TimerKind;

pub use asked::{AnsweredDocument, Asked, AskedItem};
pub use delivery::*;

/// Every state a letter can be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    Draft,
    Held,
    Queued,
    /// Committed before the relay is spoken to.
    Sending,
    /// The relay said 250, or the file is on disk.
    Sent,
    /// A crash or a broken connection left the outcome unknown: a person decides.
    Uncertain,
    Delivered,
    Bounced,
    Failed,
    Expired,
    Cancelled,
    Parked,
}

impl LetterState {
    pub const ALL: [Self; 12] = [
        Self::Draft,
        Self::Held,
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Uncertain,
        Self::Delivered,
        Self::Bounced,
        Self::Failed,
        Self::Expired,
        Self::Cancelled,
        Self::Parked,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Held => "held",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Uncertain => "uncertain",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Parked => "parked",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// What a letter is about, without its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    CallOpened,
    DraftReminder,
    CallExtended,
    CallSuspended,
    CallResumed,
    CallCancelled,
    RulesChanged,
    Receipt,
    Lapsed,
    LateRefusal,
    ClarificationRequested,
    RejectionNotice,
    ClarificationDue,
    AnswerReceipt,
    LateAnswer,
    ClarificationExpired,
    ClarificationClosed,
    Inadmissible,
    CheckReopened,
    LateAdmission,
    Awarded,
    AwardedInPart,
    WaitingList,
    BelowThreshold,
    /// One reminder, or all of one day to one address.
    Reminder,
    OfficersDigest,
    WeeklyReport,
    NextEdition,
}

impl LetterKind {
    pub const ALL: [Self; 28] = [
        Self::CallOpened,
        Self::CallExtended,
        Self::CallSuspended,
        Self::CallResumed,
        Self::CallCancelled,
        Self::RulesChanged,
        Self::DraftReminder,
        Self::Receipt,
        Self::Lapsed,
        Self::LateRefusal,
        Self::ClarificationRequested,
        Self::RejectionNotice,
        Self::ClarificationDue,
        Self::AnswerReceipt,
        Self::LateAnswer,
        Self::ClarificationExpired,
        Self::ClarificationClosed,
        Self::Inadmissible,
        Self::CheckReopened,
        Self::LateAdmission,
        Self::Awarded,
        Self::AwardedInPart,
        Self::WaitingList,
        Self::BelowThreshold,
        Self::Reminder,
        Self::OfficersDigest,
        Self::WeeklyReport,
        Self::NextEdition,
    ];

    /// The name of its templates' folder and of its rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallOpened => "call_opened",
            Self::CallExtended => "call_extended",
            Self::CallSuspended => "call_suspended",
            Self::CallResumed => "call_resumed",
            Self::CallCancelled => "call_cancelled",
            Self::RulesChanged => "rules_changed",
            Self::DraftReminder => "draft_reminder",
            Self::Receipt => "receipt",
            Self::Lapsed => "lapsed",
            Self::LateRefusal => "late_refusal",
            Self::ClarificationRequested => "clarification_requested",
            Self::RejectionNotice => "rejection_notice",
            Self::ClarificationDue => "clarification_due",
            Self::AnswerReceipt => "answer_receipt",
            Self::LateAnswer => "late_answer",
            Self::ClarificationExpired => "clarification_expired",
            Self::ClarificationClosed => "clarification_closed",
            Self::Inadmissible => "inadmissible",
            Self::CheckReopened => "check_reopened",
            Self::LateAdmission => "late_admission",
            Self::Awarded => "awarded",
            Self::AwardedInPart => "awarded_in_part",
            Self::WaitingList => "waiting_list",
            Self::BelowThreshold => "below_threshold",
            Self::Reminder => "reminder",
            Self::OfficersDigest => "officers_digest",
            Self::WeeklyReport => "weekly_report",
            Self::NextEdition => "next_edition",
        }
    }
}

/// The facts of one letter, by kind. Stored as JSON with the letter: a file format, only add.
/// Instants are UTC; templates print them in the call's zone. Scores are exact decimals as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Facts {
    CallOpened {
        opens_at: DateTime<Utc>,
        closes_at: DateTime<Utc>,
        act: String,
        budget: Eur,
        rate_basis_points: u32,
        min_grant: Option<Eur>,
        max_grant: Option<Eur>,
    },
    CallExtended {
        application: String,
        project: String,
        /// The close before the extension.
        was: DateTime<Utc>,
        closes_at: DateTime<Utc>,
        act: String,
        /// The old close had passed: what had lapsed is a draft again.
        #[serde(default)]
        reopened: bool,
    },
    CallSuspended {
        application: String,
        project: String,
        since: DateTime<Utc>,
        reason: String,
    },
    CallResumed {
        application: String,
        project: String,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        /// The close before the outage.
        was: DateTime<Utc>,
        closes_at: DateTime<Utc>,
        act: String,
    },
    CallCancelled {
        application: String,
        project: String,
        act: String,
        reason: String,
    },
    RulesChanged {
        application: String,
        project: String,
        /// Of the rules that are in force now.
        version: u32,
        act: String,
        effective_on: chrono::NaiveDate,
        /// Every value that differs, as key: before → after.
        differences: Vec<String>,
        /// What the application would get by the old and by the new rules, where it has enough in
        /// it to say.
        grant_before: Option<Eur>,
        grant_after: Option<Eur>,
        /// Rules that the application does not meet by the new version and did by the old one.
        failed: Vec<String>,
    },
    DraftReminder {
        application: String,
        project: String,
        closes_at: DateTime<Utc>,
        /// What still keeps the draft from being submitted, at the time of writing.
        missing: Vec<String>,
    },
    Receipt {
        application: String,
        project: String,
        protocol: String,
        received_at: DateTime<Utc>,
        content_sha256: String,
        closes_at: DateTime<Utc>,
    },
    Lapsed {
        application: String,
        project: String,
        closes_at: DateTime<Utc>,
    },
    LateRefusal {
        application: String,
        project: String,
        received_at: DateTime<Utc>,
        closes_at: DateTime<Utc>,
    },
    /// The consortium is asked; the term runs from the delivery of this letter.
    ClarificationRequested {
        asked: Asked,
        items: Vec<AskedItem>,
        term_days: u32,
    },
    /// Before a rejection: the grounds, and the term for observations.
    RejectionNotice {
        asked: Asked,
        items: Vec<AskedItem>,
        term_days: u32,
    },
    /// The delivery is recorded, or the end is near: what is still unanswered, and until when.
    ClarificationDue {
        asked: Asked,
        items: Vec<AskedItem>,
        delivered_at: DateTime<Utc>,
        due_at: DateTime<Utc>,
        /// The first one tells that the term runs, the others remind.
        is_reminder: bool,
    },
    AnswerReceipt {
        asked: Asked,
        /// What is still unanswered.
        items: Vec<AskedItem>,
        answer_protocol: String,
        received_at: DateTime<Utc>,
        content_sha256: String,
        due_at: Option<DateTime<Utc>>,
        /// In the order of the items.
        #[serde(default)]
        documents: Vec<AnsweredDocument>,
    },
    LateAnswer {
        asked: Asked,
        received_at: DateTime<Utc>,
        due_at: DateTime<Utc>,
    },
    /// The term is over; what stayed unanswered.
    ClarificationExpired {
        asked: Asked,
        items: Vec<AskedItem>,
        due_at: DateTime<Utc>,
    },
    /// The office has what it needs, or took the request back.
    ClarificationClosed {
        asked: Asked,
        is_accepted: bool,
        reason: String,
    },
    Inadmissible {
        application: String,
        project: String,
        protocol: String,
        reasons: Vec<Reason>,
        act: String,
        /// What the office says of the observations that were filed.
        #[serde(default)]
        on_observations: String,
    },
    CheckReopened {
        application: String,
        project: String,
        protocol: String,
        reason: String,
    },
    LateAdmission {
        application: String,
        project: String,
        protocol: String,
        /// When it was tried.
        received_at: DateTime<Utc>,
        closes_at: DateTime<Utc>,
        content_sha256: String,
        act: String,
        reason: String,
    },
    Awarded {
        outcome: Outcome,
        amount: Eur,
        eligible_cost: Eur,
        acceptance_days: u32,
    },
    AwardedInPart {
        outcome: Outcome,
        amount: Eur,
        /// What the rules would have given had the budget sufficed.
        full_grant: Eur,
        acceptance_days: u32,
    },
    WaitingList {
        outcome: Outcome,
        /// Place on the waiting list, from 1.
        place: u32,
    },
    BelowThreshold {
        outcome: Outcome,
        threshold: String,
    },
    Reminder {
        lines: Vec<reminder::Line>,
    },
    OfficersDigest {
        on: chrono::NaiveDate,
        calls: Vec<DigestLine>,
        letters_failed: u64,
        letters_uncertain: u64,
        timers_parked: u64,
        proposals_pending: u64,
        /// Documents in which the virus scanner found something.
        #[serde(default)]
        documents_infected: u64,
        /// Fires of schedules that failed in the day before.
        #[serde(default)]
        fires_failed: u64,
    },
    WeeklyReport {
        from: chrono::NaiveDate,
        to: chrono::NaiveDate,
        calls: Vec<ReportLine>,
        letters_sent: u64,
        fires_failed: u64,
        fires_dropped: u64,
        timers_parked: u64,
        proposals_pending: u64,
        ahead: Vec<Ahead>,
        /// Of the instants ahead.
        zone: String,
    },
    /// Next year's edition is there as a draft; what it has otherwise than the last one.
    NextEdition {
        last: String,
        edition: String,
        opens_at: DateTime<Utc>,
        closes_at: DateTime<Utc>,
        /// Every value that differs, as key: before → after.
        differences: Vec<String>,
    },
}

/// One call in the weekly report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLine {
    #[serde(flatten)]
    pub line: DigestLine,
    /// Submissions of the week.
    pub received: u64,
}

/// Something that will happen by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ahead {
    pub at: DateTime<Utc>,
    pub kind: TimerKind,
    pub call: String,
    /// How many of the kind at that instant.
    pub count: u64,
}

/// What all outcome letters tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub application: String,
    pub project: String,
    pub protocol: String,
    /// Place in the ranking, from 1; `None` below the threshold.
    pub position: Option<u32>,
    pub score: String,
    pub act: String,
}

/// Why an application is inadmissible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub rule: String,
    pub explanation: Text,
}

/// One call in the officers' digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestLine {
    pub call: String,
    pub state: String,
    pub closes_at: DateTime<Utc>,
    pub zone: String,
    pub drafts: u64,
    pub submitted: u64,
    pub under_check: u64,
    /// Requests the consortium has not answered yet.
    #[serde(default)]
    pub clarifications_open: u64,
    /// Requests that were answered or expired and wait for the check to be concluded.
    #[serde(default)]
    pub clarifications_ended: u64,
    /// Requests whose letter's delivery is not recorded: no term runs.
    #[serde(default)]
    pub deliveries_unrecorded: u64,
}

impl Facts {
    /// The request whose term runs from the delivery of this letter.
    pub const fn starts_term_of(&self) -> Option<ClarificationId> {
        let (Self::ClarificationRequested { asked, .. } | Self::RejectionNotice { asked, .. }) =
            self
        else {
            return None;
        };
        Some(asked.clarification)
    }

    pub const fn kind(&self) -> LetterKind {
        match self {
            Self::CallOpened { .. } => LetterKind::CallOpened,
            Self::CallExtended { .. } => LetterKind::CallExtended,
            Self::CallSuspended { .. } => LetterKind::CallSuspended,
            Self::CallResumed { .. } => LetterKind::CallResumed,
            Self::CallCancelled { .. } => LetterKind::CallCancelled,
            Self::RulesChanged { .. } => LetterKind::RulesChanged,
            Self::DraftReminder { .. } => LetterKind::DraftReminder,
            Self::Receipt { .. } => LetterKind::Receipt,
            Self::Lapsed { .. } => LetterKind::Lapsed,
            Self::LateRefusal { .. } => LetterKind::LateRefusal,
            Self::ClarificationRequested { .. } => LetterKind::ClarificationRequested,
            Self::RejectionNotice { .. } => LetterKind::RejectionNotice,
            Self::ClarificationDue { .. } => LetterKind::ClarificationDue,
            Self::AnswerReceipt { .. } => LetterKind::AnswerReceipt,
            Self::LateAnswer { .. } => LetterKind::LateAnswer,
            Self::ClarificationExpired { .. } => LetterKind::ClarificationExpired,
            Self::ClarificationClosed { .. } => LetterKind::ClarificationClosed,
            Self::Inadmissible { .. } => LetterKind::Inadmissible,
            Self::CheckReopened { .. } => LetterKind::CheckReopened,
            Self::LateAdmission { .. } => LetterKind::LateAdmission,
            Self::Awarded { .. } => LetterKind::Awarded,
            Self::AwardedInPart { .. } => LetterKind::AwardedInPart,
            Self::WaitingList { .. } => LetterKind::WaitingList,
            Self::BelowThreshold { .. } => LetterKind::BelowThreshold,
            Self::Reminder { .. } => LetterKind::Reminder,
            Self::OfficersDigest { .. } => LetterKind::OfficersDigest,
            Self::WeeklyReport { .. } => LetterKind::WeeklyReport,
            Self::NextEdition { .. } => LetterKind::NextEdition,
        }
    }
}

/// Who a letter goes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The organisation's name.
    pub name: String,
    pub address: Personal,
    pub language: Language,
    pub consortium: Option<ConsortiumId>,
}

/// A letter that an event causes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterWanted {
    /// Unique for ever: the same cause never mails twice.
    pub key: String,
    pub programme: ProgrammeId,
    pub call: Option<CallId>,
    pub application: Option<ApplicationId>,
    pub recipient: Recipient,
    pub facts: Facts,
    /// After this instant the letter is useless and expires unsent.
    pub not_after: Option<DateTime<Utc>>,
}

/// A letter as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    pub id: LetterId,
    pub wanted: LetterWanted,
    pub state: LetterState,
    pub message_id: String,
    pub queued_at: DateTime<Utc>,
    pub next_at: DateTime<Utc>,
    pub attempts: i32,
    /// Raised at each claim; a finishing write must still hold it.
    pub lease_token: i64,
    pub sent_at: Option<DateTime<Utc>>,
    /// The relay's last answer, cleaned, at most 500 characters.
    pub last_answer: Option<String>,
    /// What was recorded of its delivery, or of its coming back.
    #[serde(default)]
    pub delivered: Option<Delivered>,
}
