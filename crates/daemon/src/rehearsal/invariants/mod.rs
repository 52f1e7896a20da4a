//! What must hold after any year of any call: each invariant a function of the record, in one table.

#[cfg(test)]
mod example;
mod letters;
mod money;
mod submissions;
mod time;

use serde::Serialize;

use super::record::Record;

/// An invariant that does not hold, where, with both values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What it is about: an application by its consortium, a letter by its key, a timer …
    pub subject: String,
    pub expected: String,
    pub actual: String,
}

impl Finding {
    fn new(
        subject: impl Into<String>,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            expected: expected.into(),
            actual: actual.into(),
        }
    }
}

/// Something that must hold.
#[derive(Debug, Clone, Copy)]
pub struct Invariant {
    /// Stable name.
    pub name: &'static str,
    pub says: &'static str,
    pub check: fn(&Record) -> Vec<Finding>,
}

const fn invariant(
    name: &'static str,
    says: &'static str,
    check: fn(&Record) -> Vec<Finding>,
) -> Invariant {
    Invariant { name, says, check }
}

pub const TABLE: [Invariant; 15] = [
    invariant(
        "AWARDS_WITHIN_BUDGET",
        "the awards together are not over the budget, and with what is left they are the budget",
        money::within_budget,
    ),
    invariant(
        "GRANTS_WITHIN_BOUNDS",
        "every grant is within floor, cap, and the share of its eligible cost",
        money::within_bounds,
    ),
    invariant(
        "RANKING_RECOMPUTES",
        "the sheets as they were signed rank and divide the budget to the same places and cents",
        money::recomputes,
    ),
    invariant(
        "WINDOW_DECIDES",
        "nothing received after the close is accepted, and nothing received before it refused",
        submissions::window_decides,
    ),
    invariant(
        "RECEIPT_FOR_EACH",
        "every acknowledged submission has one signed receipt, and there are no others",
        submissions::receipt_for_each,
    ),
    invariant(
        "PROTOCOL_WITHOUT_GAPS",
        "protocol numbers are unique and run from 1 without a gap",
        submissions::protocol_without_gaps,
    ),
    invariant(
        "FATE_FOLLOWS_DEEDS",
        "every application ends as what was done with it says",
        submissions::fate_follows_deeds,
    ),
    invariant(
        "LETTER_FOR_EACH_CAUSE",
        "every cause has its one letter: none is written twice, none is lost",
        letters::for_each_cause,
    ),
    invariant(
        "LETTERS_LEFT_ONCE",
        "every letter left once as one file, or had become useless",
        letters::left_once,
    ),
    invariant(
        "LETTERS_TO_SOMEBODY",
        "every letter goes to a consortium of the register or to an officer",
        letters::to_somebody,
    ),
    invariant(
        "REMINDED_ONCE",
        "a reminder goes to nobody twice, and not before its instant",
        letters::reminded_once,
    ),
    invariant(
        "REMINDED_OF_DUTIES",
        "nobody is reminded of what is done, and everybody of what is not",
        letters::reminded_of_duties,
    ),
    invariant(
        "TIMERS_FIRED_ONCE",
        "every timer that is due fired once, at its instant or when the daemon was back",
        time::timers_fired_once,
    ),
    invariant(
        "SCHEDULES_FIRED_ONCE",
        "every schedule fired at each of its nominal times once",
        time::schedules_fired_once,
    ),
    invariant(
        "CHAIN_VERIFIES",
        "the audit chain verifies from its first event to its head",
        time::chain_verifies,
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_sound_year_has_no_finding() {
        let record = example::record();

        for invariant in TABLE {
            assert_eq!((invariant.check)(&record), [], "{}", invariant.name);
        }
    }

    #[test]
    fn every_invariant_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = TABLE.iter().map(|invariant| invariant.name).collect();

        assert_eq!(names.len(), TABLE.len());
    }
}
