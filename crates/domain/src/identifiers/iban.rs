use serde::{Deserialize, Serialize};

use super::{IdentifierError, as_text, compact, control_letter};

/// An account: length and check digits of its country (ISO 13616); an Italian one also has its
/// control letter (CIN).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Iban(String);

as_text!(Iban);

impl std::fmt::Debug for Iban {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Iban(…)")
    }
}

impl Iban {
    /// # Errors
    /// Names the rule: form and check digits, or the Italian control letter.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let text = compact(text);
        let refuse = |rule| {
            Err(IdentifierError {
                identifier: "IBAN",
                rule,
            })
        };
        if text.parse::<iban::Iban>().is_err() {
            return refuse("country, length or check digits do not match");
        }
        if text.starts_with("IT") && control_letter(&text[5..]) != text.chars().nth(4) {
            return refuse("the control letter (CIN) does not match");
        }
        Ok(Self(text))
    }

    /// An Italian account with its control letter and check digits, for synthetic data. Bank and
    /// branch are cut to five digits, the account to twelve.
    pub fn italian(bank: u32, branch: u32, account: u64) -> Self {
        let (bank, branch) = (bank % 100_000, branch % 100_000);
        let account = account % 1_000_000_000_000;
        let digits = format!("{bank:05}{branch:05}{account:012}");
        let letter = control_letter(&digits).unwrap_or('A');
        let bban = format!("{letter}{digits}");
        let check = 98 - remainder_97(&format!("{bban}IT00"));
        Self(format!("IT{check:02}{bban}"))
    }
}

/// The number that stands for the text (A is 10), modulo 97.
fn remainder_97(text: &str) -> u32 {
    text.chars()
        .filter_map(|character| character.to_digit(36))
        .fold(0, |rest, value| {
            let shift = if value > 9 { 100 } else { 10 };
            (rest * shift + value) % 97
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_is_valid() {
        assert!(Iban::parse("IT60 X054 2811 1010 0000 0123 456").is_ok());
    }

    #[test]
    fn made_accounts_are_valid() {
        for account in (0..900_000_000_000).step_by(7_777_777_777) {
            let made = Iban::italian(5428, 11101, account);
            assert!(Iban::parse(made.as_str()).is_ok(), "{made}");
        }
    }
}
