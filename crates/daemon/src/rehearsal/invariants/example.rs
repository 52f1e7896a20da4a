//! A small sound year: two awards, one who came too late and had been reminded.

use std::collections::{BTreeMap, BTreeSet};

use bando_domain::application::State;
use bando_domain::call_file::{parse_call, parse_programme};
use bando_domain::ids::{ApplicationId, EvaluationId};
use bando_domain::letter::{LetterKind, LetterState};
use bando_domain::money::Eur;
use bando_domain::reminder::Topic;
use bando_domain::scoring::Sheet;
use bando_domain::timer::TimerState;
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::rehearsal::record::{
    Applied, Attempt, Award, Chain, Duty, Entry, Fate, Line, Outcome, Posted, Ranked, Receipt,
    Record, Schedule, Timer,
};
use crate::samples;

pub(super) const AWARDED: ApplicationId = ApplicationId(Uuid::from_u128(1));
const SECOND: ApplicationId = ApplicationId(Uuid::from_u128(2));
const LATE: ApplicationId = ApplicationId(Uuid::from_u128(3));

pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(super) fn letter_of(record: &Record, kind: LetterKind) -> &Posted {
    let mut letters = record.letters.iter();
    letters.find(|letter| letter.kind == kind).unwrap()
}

pub(super) fn record() -> Record {
    let (name, text) = samples::PROGRAMME;
    let programme = parse_programme(name, text).unwrap();
    let (name, text) = samples::CALL_2016;
    let call = parse_call(name, text, &programme).unwrap();
    let window = call.terms.window.clone();
    let attempt = |application, at, outcome| Attempt {
        application,
        at,
        opens_at: window.opens_at,
        closes_at: window.closes_at,
        outcome,
    };
    let received = |protocol: &str| Outcome::Received {
        protocol: protocol.to_owned(),
    };
    let late = Outcome::Refused {
        reason: "CALL_CLOSED".to_owned(),
    };
    let letters = letters();
    Record {
        attempts: vec![
            attempt(
                AWARDED,
                at("2016-05-20T08:00:00Z"),
                received("ER-2016-0000001"),
            ),
            attempt(
                SECOND,
                at("2016-05-21T08:00:00Z"),
                received("ER-2016-0000002"),
            ),
            attempt(LATE, window.closes_at + TimeDelta::seconds(1), late),
        ],
        applications: vec![
            applied(AWARDED, State::Awarded, 100_000, Some("ER-2016-0000001")),
            applied(SECOND, State::Awarded, 80_000, Some("ER-2016-0000002")),
            applied(LATE, State::Late, 0, None),
        ],
        consortia: ["1", "2", "3"].map(ToOwned::to_owned).into(),
        sheets: BTreeMap::from([(AWARDED, sheets(10, 8)), (SECOND, sheets(20, 7))]),
        ranking: Some(Ranked {
            budget: call.terms.budget,
            granted: Eur::euros(72_000),
            left: call.terms.budget.less(Eur::euros(72_000)),
            entries: vec![
                entry(AWARDED, "80.00", 40_000),
                entry(SECOND, "70.00", 32_000),
            ],
            below_threshold: Vec::new(),
        }),
        awards: vec![award(AWARDED, 40_000), award(SECOND, 32_000)],
        protocols: ["ER-2016-0000002", "ER-2016-0000001"]
            .map(ToOwned::to_owned)
            .to_vec(),
        files: letters.iter().map(|letter| letter.id.clone()).collect(),
        addresses: BTreeSet::from(["consorzio@rehearsal.invalid".to_owned()]),
        letters,
        asked: Vec::new(),
        timers: vec![Timer {
            id: "1".to_owned(),
            kind: "call_opens".to_owned(),
            subject: String::new(),
            state: TimerState::Fired,
            nominal_at: window.opens_at,
            due_at: window.opens_at,
            fired_at: Some(window.opens_at),
            attempts: 1,
        }],
        schedules: vec![schedule()],
        duties: BTreeMap::from([(
            (Topic::DraftNotSubmitted, LATE.to_string()),
            Duty {
                since: at("2016-05-30T12:00:00Z"),
                done_at: None,
            },
        )]),
        chain: Chain {
            valid: true,
            events: 40,
            finding: String::new(),
        },
        call: call.id,
        terms: call.terms,
        published_at: at("2016-03-01T08:00:00Z"),
        ended_at: at("2017-03-01T08:00:00Z"),
        downtimes: Vec::new(),
    }
}

fn applied(id: ApplicationId, state: State, eligible: i64, protocol: Option<&str>) -> Applied {
    let receipt = |protocol: &str| Receipt {
        protocol: protocol.to_owned(),
        received_at: at("2016-05-20T08:00:00Z"),
        verified: true,
    };
    Applied {
        id,
        consortium: id.0.as_u128().to_string(),
        title: format!("Consorzio {}", id.0.as_u128()),
        state,
        fate: match state {
            State::Late => Fate::Late,
            _ => Fate::Ranked,
        },
        receipts: protocol.map(receipt).into_iter().collect(),
        late_attempts: u32::from(state == State::Late),
        participants: 10,
        eligible: Eur::euros(eligible),
    }
}

/// Three sheets that give every criterion the same.
fn sheets(first: u128, score: i64) -> Vec<Sheet> {
    let sheet = |number: u128| Sheet {
        evaluation: EvaluationId(Uuid::from_u128(first + number)),
        scores: ["A", "B", "C", "D", "E"]
            .map(|code| (code.to_owned(), Decimal::from(score)))
            .to_vec(),
    };
    (0..3).map(sheet).collect()
}

fn entry(application: ApplicationId, total: &str, amount: i64) -> Entry {
    Entry {
        application,
        total: total.to_owned(),
        amount: Eur::euros(amount),
    }
}

fn award(application: ApplicationId, amount: i64) -> Award {
    Award {
        application,
        amount: Eur::euros(amount),
        full: Eur::euros(amount),
    }
}

fn schedule() -> Schedule {
    let days = ["2016-04-01", "2016-04-02", "2016-04-03"];
    let nominal = days.map(|day| at(&format!("{day}T05:00:00Z"))).to_vec();
    Schedule {
        name: "officers-digest".to_owned(),
        expected: nominal.clone(),
        fired: nominal,
    }
}

fn letters() -> Vec<Posted> {
    let opened = (1..=3).map(|number: u128| Posted {
        consortium: Some(number.to_string()),
        application: None,
        ..letter(
            LetterKind::CallOpened,
            ApplicationId(Uuid::from_u128(number)),
        )
    });
    let about = [
        (LetterKind::Receipt, AWARDED),
        (LetterKind::Receipt, SECOND),
        (LetterKind::LateRefusal, LATE),
        (LetterKind::Awarded, AWARDED),
        (LetterKind::Awarded, SECOND),
    ];
    let about = about.map(|(kind, application)| letter(kind, application));
    // Four hours before the close; folded, it left a minute later.
    let reminder = Posted {
        lines: vec![Line {
            topic: Topic::DraftNotSubmitted,
            subject: LATE.to_string(),
            nominal_at: at("2016-05-31T10:00:00Z"),
            is_late: false,
        }],
        sent_at: Some(at("2016-05-31T10:01:00Z")),
        ..letter(LetterKind::Reminder, LATE)
    };
    opened.chain(about).chain([reminder]).collect()
}

fn letter(kind: LetterKind, application: ApplicationId) -> Posted {
    let key = format!("{}/{application}", kind.as_str());
    Posted {
        id: key.replace('/', "-"),
        key,
        kind,
        state: LetterState::Sent,
        application: Some(application),
        consortium: None,
        address: "consorzio@rehearsal.invalid".to_owned(),
        queued_at: at("2016-04-04T08:00:00Z"),
        sent_at: Some(at("2016-04-04T08:00:00Z")),
        lines: Vec::new(),
    }
}
