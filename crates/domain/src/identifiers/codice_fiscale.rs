use serde::{Deserialize, Serialize};

use super::{IdentifierError, as_text, compact, control_letter};

/// A person's fiscal code: 16 characters, the last one a control letter. Letters that stand for
/// digits (omocodia) are accepted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodiceFiscale(String);

as_text!(CodiceFiscale);

impl std::fmt::Debug for CodiceFiscale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodiceFiscale(…)")
    }
}

/// Letters of the months, January first.
const MONTHS: &str = "ABCDEHLMPRST";
/// Letters that stand for the digits 0 to 9.
const OMOCODIA: &str = "LMNPQRSTUV";

impl CodiceFiscale {
    /// # Errors
    /// Names the rule: length, pattern, day, control letter.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let text = compact(text);
        let refuse = |rule| {
            Err(IdentifierError {
                identifier: "codice fiscale",
                rule,
            })
        };
        if text.chars().count() != 16 || text.len() != 16 {
            return refuse("16 characters expected");
        }
        let fits = text
            .char_indices()
            .all(|(position, character)| match position {
                0..=5 | 11 | 15 => character.is_ascii_uppercase(),
                8 => MONTHS.contains(character),
                _ => character.is_ascii_digit() || OMOCODIA.contains(character),
            });
        if !fits {
            return refuse("letters and digits are not where they belong");
        }
        if !is_day(&text[9..11]) {
            return refuse("the day is neither 1 to 31 nor 41 to 71");
        }
        if control_letter(&text[..15]) != text.chars().last() {
            return refuse("the control letter does not match");
        }
        Ok(Self(text))
    }
}

/// Days of men are 1 to 31, of women 41 to 71.
fn is_day(text: &str) -> bool {
    let day = text.chars().try_fold(0, |day, character| {
        let digit = match OMOCODIA.find(character) {
            Some(position) => u32::try_from(position).ok()?,
            None => character.to_digit(10)?,
        };
        Some(day * 10 + digit)
    });
    day.is_some_and(|day| (1..=31).contains(&day) || (41..=71).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_are_valid() {
        for text in ["RCCMNL83S18D969H", "RSSMRA85M01H501Q", "RSSMRA85T10A562S"] {
            assert!(CodiceFiscale::parse(text).is_ok(), "{text}");
        }
    }
}
