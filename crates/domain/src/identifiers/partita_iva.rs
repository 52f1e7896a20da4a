use serde::{Deserialize, Serialize};

use super::{IdentifierError, as_text, compact};

/// A firm's VAT number, also its numeric fiscal code: 11 digits, the last one a check digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartitaIva(String);

as_text!(PartitaIva);

impl PartitaIva {
    /// Reads 11 digits, blanks allowed between them.
    ///
    /// # Errors
    /// Names the rule: length, digits, zeros, province office, check digit.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let text = compact(text);
        let refuse = |rule| {
            Err(IdentifierError {
                identifier: "partita IVA",
                rule,
            })
        };
        if text.len() != 11 {
            return refuse("11 digits expected");
        }
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return refuse("only digits expected");
        }
        if text.starts_with("0000000") {
            return refuse("the first seven digits must not all be zero");
        }
        // Provisional fiscal codes of bodies begin with 8 or 9 and carry no office.
        if !text.starts_with(['8', '9']) && !is_office(&text[7..10]) {
            return refuse("digits 8 to 10 are no province office");
        }
        if check_digit(&text[..10]) != text.chars().last() {
            return refuse("the check digit does not match");
        }
        Ok(Self(text))
    }

    /// A number with a valid check digit for synthetic data: `body` is cut to seven digits and
    /// must not be zero, `office` to a known province office (001 to 100).
    pub fn from_seven(body: u32, office: u16) -> Self {
        let body = (body % 10_000_000).max(1);
        let office = office % 100 + 1;
        let ten = format!("{body:07}{office:03}");
        let check = check_digit(&ten).unwrap_or('0');
        Self(format!("{ten}{check}"))
    }
}

fn is_office(code: &str) -> bool {
    code.parse::<u16>()
        .is_ok_and(|code| (1..=100).contains(&code) || matches!(code, 120 | 121 | 888 | 999))
}

/// Luhn: every second digit doubled, less nine when above nine.
fn check_digit(ten: &str) -> Option<char> {
    let mut sum = 0;
    for (position, character) in ten.chars().enumerate() {
        let digit = character.to_digit(10)?;
        sum += match (position % 2, digit * 2) {
            (0, _) => digit,
            (_, doubled) if doubled > 9 => doubled - 9,
            (_, doubled) => doubled,
        };
    }
    char::from_digit((10 - sum % 10) % 10, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_are_valid() {
        for text in [
            "00743110157",
            "12345670488",
            "80062590379",
            "80012090371",
            "02062200379",
        ] {
            assert!(PartitaIva::parse(text).is_ok(), "{text}");
        }
        assert!(PartitaIva::parse("00743110158").is_err());
    }

    #[test]
    fn made_numbers_are_valid() {
        for body in (0..10_000_000).step_by(99_991) {
            let made = PartitaIva::from_seven(body, u16::try_from(body % 500).unwrap());
            assert!(PartitaIva::parse(made.as_str()).is_ok(), "{made}");
        }
    }
}
