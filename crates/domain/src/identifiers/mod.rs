//! Identifiers with their check digits: partita IVA, codice fiscale, IBAN, and the plainer
//! e-mail address and country code. An error names the rule and never repeats a person's code.

mod address;
mod codice_fiscale;
mod country;
mod iban;
mod partita_iva;

pub use address::EmailAddress;
pub use codice_fiscale::CodiceFiscale;
pub use country::CountryCode;
pub use iban::Iban;
pub use partita_iva::PartitaIva;

/// Why a text is no identifier: which one, and the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {identifier}: {rule}")]
pub struct IdentifierError {
    pub identifier: &'static str,
    pub rule: &'static str,
}

/// Conversions every identifier has: from and to text.
macro_rules! as_text {
    ($name:ident) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::identifiers::IdentifierError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = crate::identifiers::IdentifierError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(identifier: $name) -> Self {
                identifier.0
            }
        }
    };
}
pub(crate) use as_text;

/// The text in capitals and without the blanks people group by.
fn compact(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Weight of a character in an odd place (from 1) of a codice fiscale or an Italian account.
const ODD_WEIGHTS: [u32; 26] = [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/// The control letter over digits and capitals: odd places by the table, even places by value,
/// modulo 26. Used by the codice fiscale and by the CIN of an Italian account.
fn control_letter(text: &str) -> Option<char> {
    let mut sum = 0;
    for (position, character) in text.chars().enumerate() {
        let value = character.to_digit(36)?;
        // 0 and A weigh the same, so do 1 and B, up to 9 and J.
        let value = if character.is_ascii_alphabetic() {
            value - 10
        } else {
            value
        };
        let odd_place = position % 2 == 0;
        sum += if odd_place {
            *ODD_WEIGHTS.get(usize::try_from(value).ok()?)?
        } else {
            value
        };
    }
    char::from_digit(sum % 26 + 10, 36).map(|c| c.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors_are_reproduced() {
        let file = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/vectors/identifiers.csv"
        ));
        let mut checked = 0;
        for line in file.lines().skip(1) {
            let [kind, value, valid] = line.split(',').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            let found = match kind {
                "partita_iva" => PartitaIva::parse(value).is_ok(),
                "codice_fiscale" => CodiceFiscale::parse(value).is_ok(),
                "iban" => Iban::parse(value).is_ok(),
                other => panic!("unknown kind {other}"),
            };
            assert_eq!(found, valid == "True", "{line}");
            checked += 1;
        }
        assert_eq!(checked, 450);
    }

    #[test]
    fn errors_do_not_repeat_the_code() {
        let error = CodiceFiscale::parse("RSSMRA85M01H501X")
            .unwrap_err()
            .to_string();

        assert_eq!(
            error,
            "not a valid codice fiscale: the control letter does not match"
        );
    }
}
