//! Who does what in a rehearsal, and when: drawn from the seed, within the window of the call.

use bando_domain::call::Terms;
use bando_domain::civil::Language;
use chrono::{DateTime, TimeDelta, Utc};
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::cast::{self, Cast};

/// What a consortium sets out to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Submits in time and meets every rule.
    Sound,
    /// The same, at the very instant of the close.
    LastSecond,
    /// Submits a second time: the last one counts.
    Twice,
    Withdraws,
    /// Tries after the close.
    Late,
    TooFewMembers,
    /// Asked for something, and answers.
    Answers,
    /// Asked for something, and says nothing.
    Silent,
    /// Its cost or its grant is under the smallest.
    BelowFloor,
    BelowThreshold,
    /// Never submits.
    Lapses,
}

/// The order in which few applications take the parts, so that ten see every one that they can.
const FIRST: [Part; 10] = [
    Part::LastSecond,
    Part::Sound,
    Part::Answers,
    Part::Late,
    Part::Withdraws,
    Part::TooFewMembers,
    Part::Silent,
    Part::Lapses,
    Part::BelowThreshold,
    Part::Twice,
];
/// What further ones draw from, each as often as it stands here.
const FURTHER: [(Part, u32); 11] = [
    (Part::Sound, 60),
    (Part::LastSecond, 4),
    (Part::Twice, 5),
    (Part::Withdraws, 4),
    (Part::Late, 4),
    (Part::TooFewMembers, 4),
    (Part::Answers, 4),
    (Part::Silent, 3),
    (Part::BelowFloor, 4),
    (Part::BelowThreshold, 4),
    (Part::Lapses, 4),
];

/// One consortium with its part.
#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) part: Part,
    pub(super) cast: Cast,
    pub(super) drafts_at: DateTime<Utc>,
    /// `None` for who never submits.
    pub(super) submits_at: Option<DateTime<Utc>>,
    pub(super) submits_again_at: Option<DateTime<Utc>>,
    pub(super) withdraws_at: Option<DateTime<Utc>>,
    /// What evaluators think of it, in thousandths of the scale.
    pub(super) level: u32,
}

/// The whole plan, in the order in which consortia are registered.
pub(super) fn make(terms: &Terms, applications: u32, seed: u64) -> Vec<Role> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut parts: Vec<Part> = FIRST.to_vec();
    parts.truncate(usize::try_from(applications).unwrap_or(usize::MAX));
    while parts.len() < usize::try_from(applications).unwrap_or(usize::MAX) {
        parts.push(further(&mut random));
    }
    parts.shuffle(&mut random);
    (1..)
        .zip(parts)
        .map(|(number, part)| role(number, part, terms, &mut random))
        .collect()
}

fn further(random: &mut ChaCha8Rng) -> Part {
    let all: u32 = FURTHER.iter().map(|(_, weight)| weight).sum();
    let mut drawn = random.random_range(0..all);
    for (part, weight) in FURTHER {
        if drawn < weight {
            return part;
        }
        drawn -= weight;
    }
    Part::Sound
}

fn role(number: u32, part: Part, terms: &Terms, random: &mut ChaCha8Rng) -> Role {
    let language = if number.is_multiple_of(4) {
        Language::En
    } else {
        Language::It
    };
    let (opens_at, closes_at) = (terms.window.opens_at, terms.window.closes_at);
    let drafts_at = between(opens_at, at_share(opens_at, closes_at, 700), random);
    let in_time = between(drafts_at, closes_at - TimeDelta::seconds(1), random);
    let submits_at = match part {
        Part::Lapses => None,
        Part::LastSecond => Some(closes_at),
        Part::Late => {
            let late = [
                TimeDelta::microseconds(1),
                TimeDelta::seconds(1),
                TimeDelta::seconds(40),
                TimeDelta::hours(3),
            ];
            Some(closes_at + late[random.random_range(0..late.len())])
        }
        Part::Sound
        | Part::Twice
        | Part::Withdraws
        | Part::TooFewMembers
        | Part::Answers
        | Part::Silent
        | Part::BelowFloor
        | Part::BelowThreshold => Some(in_time),
    };
    Role {
        part,
        cast: cast::make(number, part, terms, language, random),
        drafts_at,
        submits_at,
        submits_again_at: (part == Part::Twice).then(|| between(in_time, closes_at, random)),
        withdraws_at: (part == Part::Withdraws).then(|| between(in_time, closes_at, random)),
        level: level(part, terms, random),
    }
}

/// A whole minute between two instants, or the later one where there is none.
fn between(from: DateTime<Utc>, to: DateTime<Utc>, random: &mut ChaCha8Rng) -> DateTime<Utc> {
    let minutes = (to - from).num_minutes();
    if minutes < 2 {
        return to;
    }
    from + TimeDelta::minutes(random.random_range(1..minutes))
}

fn at_share(from: DateTime<Utc>, to: DateTime<Utc>, thousandths: i32) -> DateTime<Utc> {
    from + (to - from) / 1_000 * thousandths
}

/// Over every threshold of the grid, or under that of the total.
fn level(part: Part, terms: &Terms, random: &mut ChaCha8Rng) -> u32 {
    let needed = cast::needed_level(&terms.rules.score_grid);
    match part {
        Part::BelowThreshold => needed.saturating_sub(random.random_range(60..=150)),
        Part::Sound
        | Part::LastSecond
        | Part::Twice
        | Part::Withdraws
        | Part::Late
        | Part::TooFewMembers
        | Part::Answers
        | Part::Silent
        | Part::BelowFloor
        | Part::Lapses => {
            let least = (needed + 30).min(1_000);
            random.random_range(least..=(least.max(970)))
        }
    }
}
