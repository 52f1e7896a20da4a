//! Who evaluates what, by lot: the same seed, applications and people give the same pairs, in
//! whatever order they are told; nobody gets two more than another unless conflicts force it, and
//! no pair that something speaks against is ever drawn.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sha2::{Digest as _, Sha256};

use crate::ids::ApplicationId;

/// An application that needs evaluators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    pub application: ApplicationId,
    pub protocol: String,
    /// How many evaluators it still needs.
    pub missing: u32,
    /// Who must not get it: in conflict, flagged, or assigned to it before.
    pub barred: BTreeSet<String>,
}

/// A published rule that says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("too few evaluators without a conflict: {}", list(.0))]
    TooFew(Vec<Lacking>),
}

/// An application for which the people do not suffice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    pub protocol: String,
    pub required: u32,
    pub available: u32,
}

fn list(lacking: &[Lacking]) -> String {
    let told = lacking.iter().map(|one| {
        format!(
            "{} needs {}, {} may",
            one.protocol, one.required, one.available
        )
    });
    told.collect::<Vec<_>>().join("; ")
}

impl Refusal {
    /// Stable reason of the wire (proto/bando/v1/reasons.md).
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooFew(_) => "EVALUATORS_TOO_FEW",
        }
    }
}

/// Draws for every seat; `load` are the people who may be drawn, each with what they have already.
pub fn draw(
    seed: &str,
    seats: &[Seat],
    load: &BTreeMap<String, u32>,
) -> Result<Vec<(ApplicationId, String)>, Refusal> {
    expect_enough(seats, load)?;
    let mut lots = Lots::new(seed, seats, load);
    lots.give();
    lots.even_out();
    Ok(lots.pairs())
}

fn expect_enough(seats: &[Seat], load: &BTreeMap<String, u32>) -> Result<(), Refusal> {
    let mut lacking: Vec<Lacking> = Vec::new();
    for seat in seats {
        let may = load.keys().filter(|person| !seat.barred.contains(*person));
        let available = u32::try_from(may.count()).unwrap_or(u32::MAX);
        if available < seat.missing {
            lacking.push(Lacking {
                protocol: seat.protocol.clone(),
                required: seat.missing,
                available,
            });
        }
    }
    lacking.sort_by(|one, other| one.protocol.cmp(&other.protocol));
    if lacking.is_empty() {
        return Ok(());
    }
    Err(Refusal::TooFew(lacking))
}

/// The lot of one thing under a seed: no two things share a prefix of parts.
fn lot(seed: &str, parts: [&str; 2]) -> [u8; 32] {
    let mut digest = Sha256::new().chain_update(b"bando draw");
    for part in [seed, parts[0], parts[1]] {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

struct Lots<'a> {
    seed: &'a str,
    people: Vec<&'a str>,
    /// What each of `people` has.
    load: Vec<u32>,
    /// In the order of their lots.
    seats: Vec<&'a Seat>,
    /// Who got each seat.
    given: Vec<BTreeSet<usize>>,
}

impl<'a> Lots<'a> {
    fn new(seed: &'a str, seats: &'a [Seat], load: &'a BTreeMap<String, u32>) -> Self {
        let mut seats: Vec<&Seat> = seats.iter().collect();
        seats.sort_by_cached_key(|seat| lot(seed, [&seat.application.to_string(), ""]));
        Self {
            seed,
            people: load.keys().map(String::as_str).collect(),
            load: load.values().copied().collect(),
            given: vec![BTreeSet::new(); seats.len()],
            seats,
        }
    }

    fn may(&self, seat: usize, person: usize) -> bool {
        !self.given[seat].contains(&person)
            && !self.seats[seat].barred.contains(self.people[person])
    }

    /// Each seat goes to those who have least; the lot decides among equals.
    fn give(&mut self) {
        for seat in 0..self.seats.len() {
            let application = self.seats[seat].application.to_string();
            let mut order: Vec<(u32, [u8; 32], usize)> = (0..self.people.len())
                .filter(|person| self.may(seat, *person))
                .map(|person| {
                    let lot = lot(self.seed, [&application, self.people[person]]);
                    (self.load[person], lot, person)
                })
                .collect();
            order.sort_unstable();
            let missing = usize::try_from(self.seats[seat].missing).unwrap_or(usize::MAX);
            for (_, _, person) in order.into_iter().take(missing) {
                self.given[seat].insert(person);
                self.load[person] += 1;
            }
        }
    }

    /// Passes seats on, from hand to hand where conflicts are in the way, until nobody has two
    /// more than somebody who could take one.
    fn even_out(&mut self) {
        while let Some(hands) = self.relief() {
            for (seat, from, to) in hands {
                self.given[seat].remove(&from);
                self.given[seat].insert(to);
                self.load[from] -= 1;
                self.load[to] += 1;
            }
        }
    }

    /// The shortest chain of hands from somebody to somebody who has at least two fewer.
    fn relief(&self) -> Option<Vec<(usize, usize, usize)>> {
        let least = self.load.iter().min().copied().unwrap_or(0);
        let mut heavy: Vec<usize> = (0..self.people.len()).collect();
        heavy.sort_by_key(|person| std::cmp::Reverse(self.load[*person]));
        let loaded = heavy
            .into_iter()
            .take_while(|person| self.load[*person] >= least + 2);
        loaded.into_iter().find_map(|person| self.chain(person))
    }

    fn chain(&self, start: usize) -> Option<Vec<(usize, usize, usize)>> {
        let mut reached: Vec<Option<(usize, usize)>> = vec![None; self.people.len()];
        let mut waiting = VecDeque::from([start]);
        while let Some(from) = waiting.pop_front() {
            let held = (0..self.seats.len()).filter(|seat| self.given[*seat].contains(&from));
            for seat in held {
                for to in 0..self.people.len() {
                    if to == start || reached[to].is_some() || !self.may(seat, to) {
                        continue;
                    }
                    reached[to] = Some((seat, from));
                    if self.load[to] + 2 <= self.load[start] {
                        return Some(hands(&reached, to));
                    }
                    waiting.push_back(to);
                }
            }
        }
        None
    }

    fn pairs(&self) -> Vec<(ApplicationId, String)> {
        let mut pairs: Vec<(ApplicationId, String)> = self
            .seats
            .iter()
            .zip(&self.given)
            .flat_map(|(seat, given)| {
                let people = given.iter().map(|person| self.people[*person].to_owned());
                people.map(|person| (seat.application, person))
            })
            .collect();
        pairs.sort();
        pairs
    }
}

fn hands(reached: &[Option<(usize, usize)>], end: usize) -> Vec<(usize, usize, usize)> {
    let mut chain = Vec::new();
    let mut to = end;
    while let Some((seat, from)) = reached[to] {
        chain.push((seat, from, to));
        to = from;
    }
    chain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn people(number: u32) -> BTreeMap<String, u32> {
        (0..number)
            .map(|person| (format!("e{person:02}"), 0))
            .collect()
    }

    fn seat(number: u128, missing: u32, barred: &[&str]) -> Seat {
        Seat {
            application: ApplicationId(Uuid::from_u128(number)),
            protocol: format!("P{number}"),
            missing,
            barred: barred.iter().map(|person| (*person).to_owned()).collect(),
        }
    }

    fn counted(
        pairs: &[(ApplicationId, String)],
        load: &BTreeMap<String, u32>,
    ) -> BTreeMap<String, u32> {
        let mut counted = load.clone();
        for (_, person) in pairs {
            *counted.get_mut(person).unwrap() += 1;
        }
        counted
    }

    #[test]
    fn one_seed_gives_one_result_and_another_another() {
        let seats: Vec<Seat> = (1..=20).map(|number| seat(number, 3, &[])).collect();

        let one = draw("17-42-88", &seats, &people(7)).unwrap();

        assert_eq!(draw("17-42-88", &seats, &people(7)).unwrap(), one);
        assert_ne!(draw("17-42-89", &seats, &people(7)).unwrap(), one);
    }

    #[test]
    fn too_few_people_are_told_for_every_application_at_once() {
        let seats = [seat(1, 2, &["e00"]), seat(2, 3, &[]), seat(3, 3, &["e01"])];

        let refusal = draw("s", &seats, &people(3)).unwrap_err();

        assert_eq!(
            refusal.to_string(),
            "too few evaluators without a conflict: P3 needs 3, 2 may"
        );
    }

    #[test]
    fn a_chain_of_hands_evens_out_what_conflicts_separate() {
        // Whoever is drawn first for the free seats, e00 can only be relieved through e01.
        let mut seats: Vec<Seat> = (1..=6).map(|n| seat(n, 1, &["e02"])).collect();
        seats.extend((7..=9).map(|n| seat(n, 1, &["e00"])));

        let pairs = draw("s", &seats, &people(3)).unwrap();

        let counted = counted(&pairs, &people(3));
        assert!(counted.values().all(|load| *load == 3), "{counted:?}");
    }

    /// Seats with conflicts here and there, and people with some work already.
    fn drawn() -> impl Strategy<Value = (String, Vec<Seat>, BTreeMap<String, u32>)> {
        let load = proptest::collection::vec(0u32..4, 4..9);
        let rows = proptest::collection::vec((0u32..4, proptest::bits::u8::ANY), 1..25);
        ("[a-z]{1,6}", load, rows).prop_map(|(seed, load, rows)| {
            let people: Vec<String> = (0..load.len()).map(|p| format!("e{p:02}")).collect();
            let seats = rows
                .into_iter()
                .zip(1u128..)
                .map(|((missing, bars), number)| {
                    let barred = people.iter().enumerate();
                    // At least one person may always be drawn.
                    let barred = barred.filter(|(p, _)| *p > 0 && bars >> p & 1 == 1 && p % 3 != 0);
                    let barred: BTreeSet<String> = barred.map(|(_, name)| name.clone()).collect();
                    let most = u32::try_from(people.len() - barred.len()).unwrap();
                    Seat {
                        missing: missing.min(most),
                        barred,
                        ..seat(number, 0, &[])
                    }
                });
            let seats = seats.collect();
            (seed, seats, people.into_iter().zip(load).collect())
        })
    }

    proptest! {
        #[test]
        fn every_seat_is_filled_by_different_people_who_may((seed, seats, load) in drawn()) {
            let pairs = draw(&seed, &seats, &load).unwrap();

            for seat in &seats {
                let got: Vec<&String> = pairs
                    .iter()
                    .filter(|(application, _)| *application == seat.application)
                    .map(|(_, person)| person)
                    .collect();
                let different: BTreeSet<&&String> = got.iter().collect();
                prop_assert_eq!(different.len(), usize::try_from(seat.missing).unwrap());
                prop_assert_eq!(got.len(), different.len());
                prop_assert!(got.iter().all(|person| !seat.barred.contains(*person)));
            }
        }

        #[test]
        fn the_order_of_the_applications_plays_no_part((seed, mut seats, load) in drawn()) {
            let one = draw(&seed, &seats, &load).unwrap();
            seats.reverse();

            prop_assert_eq!(draw(&seed, &seats, &load).unwrap(), one);
        }

        #[test]
        fn nobody_has_two_more_than_another_who_may_take_it((seed, seats, load) in drawn()) {
            let pairs = draw(&seed, &seats, &load).unwrap();

            let counted = counted(&pairs, &load);
            for (application, heavy) in &pairs {
                let seat = seats.iter().find(|seat| seat.application == *application).unwrap();
                for (light, has) in &counted {
                    let taken = pairs.contains(&(*application, light.clone()));
                    if !taken && !seat.barred.contains(light) {
                        prop_assert!(counted[heavy] < has + 2, "{} has {}", heavy, counted[heavy]);
                    }
                }
            }
        }

        #[test]
        fn without_conflicts_all_have_the_same_but_for_one(
            seed in "[a-z]{1,6}", applications in 1u128..40, number in 3u32..9,
        ) {
            let seats: Vec<Seat> = (1..=applications).map(|n| seat(n, 3, &[])).collect();

            let pairs = draw(&seed, &seats, &people(number)).unwrap();

            let counted = counted(&pairs, &people(number));
            let (least, most) = (counted.values().min().unwrap(), counted.values().max().unwrap());
            prop_assert!(most - least <= 1, "{counted:?}");
        }
    }
}
