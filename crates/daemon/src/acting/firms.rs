//! Synthetic firms with valid check digits, their sectors and markets.

use bando_domain::identifiers::PartitaIva;
use bando_domain::money::Eur;
use bando_proto::v1;
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

/// In Italian and in English.
pub(crate) const SECTORS: [(&str, &str); 7] = [
    ("meccanica", "mechanics"),
    ("agroalimentare", "food"),
    ("ceramica", "ceramics"),
    ("moda", "fashion"),
    ("packaging", "packaging"),
    ("biomedicale", "biomedical"),
    ("arredo", "furniture"),
];

/// Markets of a project's activities abroad.
pub(crate) const MARKETS: [[&str; 3]; 6] = [
    ["DE", "US", "FR"],
    ["CN", "JP", "KR"],
    ["AE", "SA", "QA"],
    ["US", "CA", "MX"],
    ["PL", "CZ", "RO"],
    ["BR", "CL", "CO"],
];

/// Where a firm stands in its consortium.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Number of the consortium, from 1 to 8999.
    pub(crate) consortium: u32,
    /// From 1 to 999.
    pub(crate) position: u32,
    pub(crate) region: &'a str,
    pub(crate) artisan: bool,
    pub(crate) share: Eur,
}

/// A small or micro firm that joined long ago.
pub(crate) fn member(place: Place<'_>, random: &mut ChaCha8Rng) -> v1::Member {
    let Place {
        consortium,
        position,
        ..
    } = place;
    let small = random.random_range(0..4) == 0;
    v1::Member {
        partita_iva: PartitaIva::from_seven(consortium * 1_000 + position, 34).to_string(),
        title: format!("Impresa Demo {consortium:02}-{position:02}"),
        region: place.region.to_owned(),
        artisan: place.artisan,
        size: if small {
            v1::SmeClass::Small.into()
        } else {
            v1::SmeClass::Micro.into()
        },
        share_cents: place.share.as_cents(),
        joined_on: format!("20{:02}-03-01", random.random_range(3..=14)),
        ..Default::default()
    }
}

/// The number of a consortium in the register of firms.
pub(crate) fn number_of(consortium: u32) -> String {
    PartitaIva::from_seven(9_000_000 + consortium, 36).to_string()
}
