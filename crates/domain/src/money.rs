//! Money is whole cents, shares are whole basis points; nothing is ever rounded upward.

use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// An amount in euro cents. Negative only as an intermediate difference.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Eur(i64);

impl Eur {
    pub const ZERO: Self = Self(0);
    /// The largest amount taken from outside: 100,000,000,000.00 EUR, so that sums over any
    /// realistic number of lines stay far from overflow.
    pub const LIMIT: Self = Self(10_000_000_000_000);

    pub const fn cents(cents: i64) -> Self {
        Self(cents)
    }

    pub const fn euros(euros: i64) -> Self {
        Self(euros * 100)
    }

    /// Euros with at most two decimals, without sign or separators, up to [`Eur::LIMIT`]:
    /// `2000000`, `2000000.00`.
    pub fn parse(text: &str) -> Option<Self> {
        let (euros, cents) = text.split_once('.').unwrap_or((text, "00"));
        let cents = match cents.len() {
            1 => digits(cents)?.checked_mul(10)?,
            2 => digits(cents)?,
            _ => return None,
        };
        let amount = Self(digits(euros)?.checked_mul(100)?.checked_add(cents)?);
        (amount <= Self::LIMIT).then_some(amount)
    }

    pub const fn as_cents(self) -> i64 {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, held at the largest representable amount instead of wrapping.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, never below zero.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        let rest = self.0.saturating_sub(other.0);
        Self(if rest < 0 { 0 } else { rest })
    }

    /// This amount `count` times, held at the largest representable amount.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self(self.0.saturating_mul(i64::from(count)))
    }

    /// The share `rate` of this amount, cut down to the whole cent.
    #[must_use]
    pub fn share(self, rate: BasisPoints) -> Self {
        let exact = i128::from(self.0) * i128::from(rate.0) / 10_000;
        Self(i64::try_from(exact).unwrap_or(i64::MAX))
    }
}

/// A number of digits alone: no sign, no space, no underscore.
fn digits(text: &str) -> Option<i64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

impl Sum for Eur {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Self::plus)
    }
}

impl fmt::Display for Eur {
    /// `1,234.56 EUR`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (euros, cents) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        let digits = euros.to_string();
        let mut grouped = String::new();
        for (position, digit) in digits.chars().enumerate() {
            if position > 0 && (digits.len() - position) % 3 == 0 {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        write!(f, "{sign}{grouped}.{cents:02} EUR")
    }
}

/// A share in hundredths of a percent: 4,000 is 40 %.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct BasisPoints(pub u32);

impl BasisPoints {
    pub const WHOLE: Self = Self(10_000);
}

impl fmt::Display for BasisPoints {
    /// `40 %`, `12.5 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 100, self.0 % 100);
        match rest {
            0 => write!(f, "{whole} %"),
            tenths if tenths % 10 == 0 => write!(f, "{whole}.{} %", tenths / 10),
            _ => write!(f, "{whole}.{rest:02} %"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_cut_down_to_the_cent() {
        assert_eq!(
            Eur::cents(3_333_333).share(BasisPoints(4_000)),
            Eur::cents(1_333_333)
        );
    }

    #[test]
    fn a_share_of_the_largest_amount_does_not_wrap() {
        assert_eq!(
            Eur::cents(i64::MAX).share(BasisPoints::WHOLE),
            Eur::cents(i64::MAX)
        );
    }

    #[test]
    fn amounts_print_with_groups_and_cents() {
        assert_eq!(Eur::cents(200_000_005).to_string(), "2,000,000.05 EUR");
        assert_eq!(BasisPoints(1_250).to_string(), "12.5 %");
    }
}
