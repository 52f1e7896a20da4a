use serde::{Deserialize, Serialize};

use super::{IdentifierError, as_text};

/// An e-mail address, conservatively: one @, printable ASCII without blanks, quotes or commas, a
/// dot in the domain, at most 254 bytes. The domain is kept in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

as_text!(EmailAddress);

impl EmailAddress {
    /// # Errors
    /// Names the rule that is broken.
    pub fn parse(text: &str) -> Result<Self, IdentifierError> {
        let refuse = |rule| {
            Err(IdentifierError {
                identifier: "e-mail address",
                rule,
            })
        };
        let text = text.trim();
        if text.len() > 254 {
            return refuse("at most 254 bytes");
        }
        let Some((local, domain)) = text.split_once('@') else {
            return refuse("one @ expected");
        };
        if domain.contains('@') {
            return refuse("one @ expected");
        }
        if local.is_empty() || local.len() > 64 || !local.chars().all(fits_local) {
            return refuse("1 to 64 letters, digits and signs expected before the @");
        }
        if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return refuse("dots before the @ must stand between other characters");
        }
        let labels: Vec<&str> = domain.split('.').collect();
        if labels.len() < 2 || !labels.iter().all(|label| is_label(label)) {
            return refuse("a domain with a dot expected after the @");
        }
        Ok(Self(format!("{local}@{}", domain.to_ascii_lowercase())))
    }

    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

fn fits_local(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(character)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_carry_a_header_are_refused() {
        for text in [
            "",
            "a",
            "a@b",
            "a@@b.it",
            "a b@c.it",
            "a@b.it\r\nBcc: x@y.it",
            "\"a\"@b.it",
            "a,b@c.it",
            "a@-b.it",
            ".a@b.it",
            "a..b@c.it",
            "a@b..it",
        ] {
            assert!(EmailAddress::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_ordinary_address_is_kept() {
        let address = EmailAddress::parse(" anna.d'este+bandi@Regione.EXAMPLE ").unwrap();

        assert_eq!(address.as_str(), "anna.d'este+bandi@regione.example");
        assert_eq!(address.domain(), "regione.example");
    }
}
