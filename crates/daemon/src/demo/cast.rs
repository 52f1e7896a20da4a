//! The consortia of the play: synthetic firms with valid check digits, plainly named as such.

use bando_domain::civil::Language;
use bando_domain::money::Eur;
use bando_proto::v1;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::plan::Part;
use crate::acting::firms::{self, MARKETS, Place, SECTORS};

const REGION: &str = "Emilia-Romagna";

/// A consortium as it is registered and applies.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    pub(super) title: String,
    pub(super) sector: &'static str,
    pub(super) markets: [&'static str; 3],
    pub(super) consortium: v1::Consortium,
    /// Members that take part.
    pub(super) participants: Vec<String>,
}

pub(super) fn make(number: u32, part: Part, language: Language, random: &mut ChaCha8Rng) -> Cast {
    let sector = SECTORS[random.random_range(0..SECTORS.len())];
    let artisans = matches!(part, Part::Ranked(place) if place % 6 == 5);
    let count: u32 = match part {
        Part::TooFewIndependent => 9,
        Part::TooManyOutside => 12,
        Part::Ranked(_) if artisans => random.random_range(5..=7),
        Part::Ranked(_)
        | Part::BelowThreshold
        | Part::BelowFloor
        | Part::Lapses
        | Part::Withdraws
        | Part::Late => random.random_range(9..=40),
    };
    let outside = match part {
        Part::TooManyOutside => 4,
        Part::Ranked(_) if count >= 12 => 2,
        Part::Ranked(_)
        | Part::BelowThreshold
        | Part::BelowFloor
        | Part::TooFewIndependent
        | Part::Lapses
        | Part::Withdraws
        | Part::Late => 0,
    };
    let members: Vec<v1::Member> = (1..=count)
        .map(|position| member(number, position, position <= outside, artisans, random))
        .collect();
    // Nine members of which four belong to one group: six are independent.
    let linked = if part == Part::TooFewIndependent {
        3
    } else {
        0
    };
    let links = members
        .iter()
        .zip(members.iter().skip(1))
        .take(linked)
        .map(|(one, other)| v1::Link {
            one: one.partita_iva.clone(),
            other: other.partita_iva.clone(),
            ..Default::default()
        })
        .collect();
    let subscribed: i64 = members.iter().map(|member| member.share_cents).sum();
    let title = format!("Consorzio Demo {number:02} – {}", sector.0);
    let participants = members
        .iter()
        .map(|member| member.partita_iva.clone())
        .collect();
    let profile = v1::Profile {
        title: title.clone(),
        partita_iva: firms::number_of(number),
        form: v1::LegalForm::Consortium.into(),
        seat_country: "IT".to_owned(),
        seat_region: REGION.to_owned(),
        fund_subscribed_cents: subscribed,
        fund_paid_cents: subscribed / 2,
        statute_forbids_profit: true,
        active: true,
        sme_majority_of_directors: true,
        accreditation: if number.is_multiple_of(3) {
            v1::Accreditation::Advanced.into()
        } else {
            v1::Accreditation::Entry.into()
        },
        members,
        links,
        ..Default::default()
    };
    let contact = v1::Contact {
        legal_representative: format!("Rappresentante Demo {number:02}"),
        email: format!("consorzio{number:02}@demo.invalid"),
        language: language.as_str().to_owned(),
        address: Some(format!("via Demo {number}, 40100 Bologna")),
    };
    Cast {
        title,
        sector: match language {
            Language::It => sector.0,
            Language::En => sector.1,
        },
        markets: MARKETS[random.random_range(0..MARKETS.len())],
        consortium: v1::Consortium {
            profile: Some(profile),
            contact: Some(contact),
            ..Default::default()
        },
        participants,
    }
}

fn member(
    consortium: u32,
    position: u32,
    outside: bool,
    artisan: bool,
    random: &mut ChaCha8Rng,
) -> v1::Member {
    let place = Place {
        consortium,
        position,
        region: if outside { "Veneto" } else { REGION },
        artisan: artisan || position.is_multiple_of(5),
        share: Eur::euros(2_000),
    };
    firms::member(place, random)
}
