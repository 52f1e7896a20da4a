//! Size classes of firms by Recommendation 2003/361/EC, annex, art. 2.

use serde::{Deserialize, Serialize};

use crate::money::Eur;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmeClass {
    Micro,
    Small,
    Medium,
    Large,
}

/// Headcount below, and turnover or balance sheet at most, per class.
const THRESHOLDS: [(SmeClass, u32, Eur, Eur); 3] = [
    (
        SmeClass::Micro,
        10,
        Eur::euros(2_000_000),
        Eur::euros(2_000_000),
    ),
    (
        SmeClass::Small,
        50,
        Eur::euros(10_000_000),
        Eur::euros(10_000_000),
    ),
    (
        SmeClass::Medium,
        250,
        Eur::euros(50_000_000),
        Eur::euros(43_000_000),
    ),
];

impl SmeClass {
    pub const ALL: [Self; 4] = [Self::Micro, Self::Small, Self::Medium, Self::Large];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Micro => "micro",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// The class of a firm by annual work units (whole, rounded up), turnover and balance sheet
    /// of its last closed year. The headcount must fit; one of the two amounts suffices.
    pub fn of(headcount: u32, turnover: Eur, balance_sheet: Eur) -> Self {
        THRESHOLDS
            .into_iter()
            .find(|(_, staff, turnover_limit, balance_limit)| {
                headcount < *staff
                    && (turnover <= *turnover_limit || balance_sheet <= *balance_limit)
            })
            .map_or(Self::Large, |(class, ..)| class)
    }

    pub fn is_sme(self) -> bool {
        self != Self::Large
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headcount_is_compulsory_and_one_amount_suffices() {
        let million = |millions: i64| Eur::euros(millions * 1_000_000);

        assert_eq!(SmeClass::of(9, million(2), million(99)), SmeClass::Micro);
        assert_eq!(SmeClass::of(10, million(1), million(1)), SmeClass::Small);
        assert_eq!(SmeClass::of(49, million(11), million(11)), SmeClass::Medium);
        assert_eq!(
            SmeClass::of(249, million(51), million(43)),
            SmeClass::Medium
        );
        assert_eq!(SmeClass::of(249, million(51), million(44)), SmeClass::Large);
        assert_eq!(SmeClass::of(250, million(1), million(1)), SmeClass::Large);
    }
}
