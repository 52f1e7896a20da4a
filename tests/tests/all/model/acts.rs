//! What people and time can do in the model.

use bando_tests::daemon::opens_at;
use chrono::{DateTime, TimeDelta, Utc};

/// The close of the model's call, as its file says it, and as an instant.
pub(super) const CLOSES: &str = "2016-04-06 16:00";

pub(super) fn closes_at() -> DateTime<Utc> {
    opens_at() + TimeDelta::hours(54)
}

/// Consortia of the model; each is scored alike by everybody, and the last misses the threshold.
pub(super) const CONSORTIA: usize = 4;
pub(super) const SCORES: [&str; CONSORTIA] = ["9", "8", "7", "5"];
pub(super) const MISSES_THRESHOLD: usize = 3;
pub(super) const EVALUATORS: [&str; 3] = ["carlo", "diana", "elio"];
/// Sheets that the model's call asks for.
pub(super) const SHEETS: usize = 2;
/// What data cannot decide about these consortia.
pub(super) const RULES: [&str; 2] = ["E2", "E13"];

/// Enough for one grant in full and one in part; what is left is under the smallest.
pub(super) const BUDGET_CENTS: i64 = 7_600_000;
pub(super) const GRANT_CENTS: i64 = 4_200_000;
pub(super) const SMALLEST_CENTS: i64 = 3_000_000;

/// What an edit writes: one part of the working copy, by its mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Without a title nothing can be submitted.
    Title {
        complete: bool,
    },
    Summary,
}

/// A step that two persons take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Publication,
    Ranking,
    Award,
}

/// What somebody does. The numbers are places in the lists above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Time goes on to the next instant that means something.
    Turn,
    /// The daemon is stopped and started again.
    Restart,
    /// Some request that was answered comes again, under its request id.
    Repeat,
    /// Something else comes under a request id that was used.
    RepeatOther,
    Propose(Step),
    Approve(Step),
    /// By who proposed it.
    ApproveOwn(Step),
    Reject(Step),
    Register(usize),
    Create {
        who: usize,
        complete: bool,
    },
    /// By the etag as it is, or as it was when the draft was made.
    Edit {
        who: usize,
        part: Part,
        stale: bool,
    },
    Submit {
        who: usize,
        stale: bool,
    },
    Withdraw {
        who: usize,
        stale: bool,
    },
    OpenCheck(usize),
    Find {
        who: usize,
        rule: usize,
        passed: bool,
    },
    Conclude(usize),
    Reopen(usize),
    /// The consortium is asked for what is missing, on both rules.
    Ask(usize),
    Deliver(usize),
    /// Which of the two items.
    Answer {
        who: usize,
        items: [bool; 2],
    },
    AcceptAnswer(usize),
    TakeBack(usize),
    Assign(usize, usize),
    /// The evaluator opens the application.
    Read(usize, usize),
    Declare(usize, usize),
    DeclareConflict(usize, usize),
    Score(usize, usize),
    Exclude(usize, usize),
    Reassign {
        who: usize,
        from: usize,
        to: usize,
    },
}

impl Act {
    pub(super) fn all() -> Vec<Self> {
        let mut all = vec![Self::Turn, Self::Restart, Self::Repeat, Self::RepeatOther];
        for step in [Step::Publication, Step::Ranking, Step::Award] {
            all.extend([
                Self::Propose(step),
                Self::Approve(step),
                Self::ApproveOwn(step),
                Self::Reject(step),
            ]);
        }
        for who in 0..CONSORTIA {
            all.extend(Self::of_consortium(who));
            all.extend(Self::of_check(who));
            for evaluator in 0..EVALUATORS.len() {
                all.extend(Self::of_evaluation(who, evaluator));
            }
        }
        all
    }

    fn of_consortium(who: usize) -> Vec<Self> {
        let mut all = vec![Self::Register(who)];
        for complete in [true, false] {
            all.push(Self::Create { who, complete });
        }
        for stale in [true, false] {
            all.push(Self::Submit { who, stale });
            all.push(Self::Withdraw { who, stale });
            let complete = [true, false].map(|complete| Part::Title { complete });
            for part in [Part::Summary].into_iter().chain(complete) {
                all.push(Self::Edit { who, part, stale });
            }
        }
        for items in [[true, false], [false, true], [true, true]] {
            all.push(Self::Answer { who, items });
        }
        all
    }

    fn of_check(who: usize) -> Vec<Self> {
        let mut all = vec![
            Self::OpenCheck(who),
            Self::Conclude(who),
            Self::Reopen(who),
            Self::Ask(who),
            Self::Deliver(who),
            Self::AcceptAnswer(who),
            Self::TakeBack(who),
        ];
        for rule in 0..RULES.len() {
            // What passes leads on: it is drawn twice as often.
            let passed = [true, true, false];
            all.extend(passed.map(|passed| Self::Find { who, rule, passed }));
        }
        all
    }

    fn of_evaluation(who: usize, evaluator: usize) -> Vec<Self> {
        let mut all = vec![
            Self::Assign(who, evaluator),
            Self::Read(who, evaluator),
            Self::Declare(who, evaluator),
            Self::DeclareConflict(who, evaluator),
            Self::Score(who, evaluator),
            Self::Exclude(who, evaluator),
        ];
        let others = (0..EVALUATORS.len()).filter(|other| *other != evaluator);
        all.extend(others.map(|to| Self::Reassign {
            who,
            from: evaluator,
            to,
        }));
        all
    }

    /// How often its kind is drawn where it would go through: what leads on more often than what
    /// undoes.
    pub(super) const fn weight(self) -> u64 {
        match self {
            Self::Turn
            | Self::Withdraw { .. }
            | Self::Restart
            | Self::Repeat
            | Self::Reopen(_)
            | Self::DeclareConflict(..)
            | Self::Exclude(..)
            | Self::TakeBack(_)
            | Self::RepeatOther
            | Self::ApproveOwn(_) => 1,
            Self::Read(..) | Self::Edit { .. } => 2,
            Self::Reject(_) | Self::Reassign { .. } => 3,
            Self::Ask(_) | Self::Answer { .. } | Self::AcceptAnswer(_) => 4,
            Self::Submit { .. } | Self::Deliver(_) | Self::Find { .. } => 6,
            Self::Propose(_)
            | Self::Approve(_)
            | Self::Register(_)
            | Self::Create { .. }
            | Self::OpenCheck(_)
            | Self::Conclude(_)
            | Self::Assign(..)
            | Self::Declare(..)
            | Self::Score(..) => 8,
        }
    }

    /// What it is called in a coverage: without its numbers.
    pub(super) fn kind(self) -> String {
        let text = format!("{self:?}");
        let end = text.find([' ', '(']).unwrap_or(text.len());
        match self {
            Self::Propose(_) | Self::Approve(_) | Self::Reject(_) => text,
            _ => text[..end].to_owned(),
        }
    }
}
