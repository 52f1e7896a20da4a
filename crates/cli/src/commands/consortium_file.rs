//! The file of a consortium: TOML, or the same keys as JSON.

use std::path::Path;

use bando_domain::consortium::{Accreditation, LegalForm};
use bando_proto::v1;
use serde::Deserialize;

use crate::errors::{Exit, Failure};

/// A whole consortium whose numbers are valid and whose names are invented.
pub(super) const SAMPLE: &str = include_str!("consortium_sample.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    partita_iva: String,
    form: LegalForm,
    seat_country: String,
    seat_region: String,
    fund_subscribed: Amount,
    fund_paid: Amount,
    statute_forbids_profit: bool,
    active: bool,
    sme_majority_of_directors: bool,
    #[serde(default)]
    accreditation: Option<Accreditation>,
    contact: Contact,
    members: Vec<Member>,
    #[serde(default)]
    links: Vec<Link>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contact {
    legal_representative: String,
    email: String,
    language: String,
    #[serde(default)]
    address: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    partita_iva: String,
    title: String,
    region: String,
    artisan: bool,
    size: Size,
    share: Amount,
    joined_on: String,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Link {
    one: String,
    other: String,
}

/// Size class by Recommendation 2003/361/EC.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Size {
    Micro,
    Small,
    Medium,
    Large,
}

/// Euros, exact: `"1250.00"` or `1250`. Never a floating-point number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Euros")]
struct Amount {
    cents: i64,
}

#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "must be whole euros or exact text, such as 1250 or \"1250.00\""
)]
enum Euros {
    Whole(i64),
    Exact(String),
}

impl TryFrom<Euros> for Amount {
    type Error = String;

    fn try_from(euros: Euros) -> Result<Self, String> {
        let text = match euros {
            Euros::Whole(euros) => euros.to_string(),
            Euros::Exact(text) => text,
        };
        let cents = cents(&text)
            .ok_or_else(|| format!("`{text}` must be an amount in euros, such as \"1250.00\""))?;
        Ok(Self { cents })
    }
}

pub(super) fn cents(text: &str) -> Option<i64> {
    let (euros, cents) = text.split_once('.').unwrap_or((text, "00"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(euros) || !is_number(cents) || cents.len() > 2 {
        return None;
    }
    let cents = format!("{cents:0<2}").parse().ok()?;
    euros
        .parse::<i64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(cents)
}

/// Reads a consortium; the ending of the name tells the form.
pub(super) fn read(path: &Path, text: &str) -> Result<v1::Consortium, Failure> {
    let is_json = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
        || text.trim_start().starts_with('{');
    let file: Result<File, String> = if is_json {
        serde_json::from_str(text).map_err(|error| error.to_string())
    } else {
        toml::from_str(text).map_err(|error| error.to_string())
    };
    match file {
        Ok(file) => Ok(file.into()),
        Err(error) => {
            let message = format!("{} is no consortium: {}", path.display(), error.trim_end());
            Err(Failure::new(Exit::Usage, "FILE_INVALID", message)
                .with_hint("bando consortium register --sample"))
        }
    }
}

impl From<File> for v1::Consortium {
    fn from(file: File) -> Self {
        let link = |link: Link| v1::Link {
            one: link.one,
            other: link.other,
            ..v1::Link::default()
        };
        let profile = v1::Profile {
            title: file.title,
            partita_iva: file.partita_iva,
            form: form(file.form).into(),
            seat_country: file.seat_country,
            seat_region: file.seat_region,
            fund_subscribed_cents: file.fund_subscribed.cents,
            fund_paid_cents: file.fund_paid.cents,
            statute_forbids_profit: file.statute_forbids_profit,
            active: file.active,
            sme_majority_of_directors: file.sme_majority_of_directors,
            accreditation: accreditation(file.accreditation).into(),
            members: file.members.into_iter().map(v1::Member::from).collect(),
            links: file.links.into_iter().map(link).collect(),
            ..v1::Profile::default()
        };
        let contact = v1::Contact {
            legal_representative: file.contact.legal_representative,
            email: file.contact.email,
            language: file.contact.language,
            address: file.contact.address,
        };
        Self {
            profile: Some(profile),
            contact: Some(contact),
            ..Self::default()
        }
    }
}

impl From<Member> for v1::Member {
    fn from(member: Member) -> Self {
        let size = match member.size {
            Size::Micro => v1::SmeClass::Micro,
            Size::Small => v1::SmeClass::Small,
            Size::Medium => v1::SmeClass::Medium,
            Size::Large => v1::SmeClass::Large,
        };
        Self {
            partita_iva: member.partita_iva,
            title: member.title,
            region: member.region,
            artisan: member.artisan,
            size: size.into(),
            share_cents: member.share.cents,
            joined_on: member.joined_on,
            address: member.address,
            email: member.email,
            ..Self::default()
        }
    }
}

const fn form(form: LegalForm) -> v1::LegalForm {
    match form {
        LegalForm::Consortium => v1::LegalForm::Consortium,
        LegalForm::ConsortiumCompany => v1::LegalForm::ConsortiumCompany,
        LegalForm::Cooperative => v1::LegalForm::Cooperative,
        LegalForm::Other => v1::LegalForm::Other,
    }
}

const fn accreditation(accreditation: Option<Accreditation>) -> v1::Accreditation {
    match accreditation {
        None => v1::Accreditation::Unspecified,
        Some(Accreditation::AppliedFor) => v1::Accreditation::AppliedFor,
        Some(Accreditation::Entry) => v1::Accreditation::Entry,
        Some(Accreditation::Advanced) => v1::Accreditation::Advanced,
    }
}

#[cfg(test)]
mod tests {
    use bando_domain::identifiers::PartitaIva;

    use super::*;

    fn sample() -> v1::Consortium {
        read(Path::new("consortium.toml"), SAMPLE).unwrap()
    }

    #[test]
    fn the_sample_is_a_consortium_with_valid_numbers() {
        let profile = sample().profile.unwrap();

        assert_eq!(profile.members.len(), 8);
        let numbers = profile.members.iter().map(|member| &member.partita_iva);
        for number in numbers.chain([&profile.partita_iva]) {
            assert!(number.parse::<PartitaIva>().is_ok(), "{number}");
        }
    }

    #[test]
    fn the_same_keys_as_json_are_the_same_consortium() {
        let value: serde_json::Value = toml::from_str(SAMPLE).unwrap();

        let json = read(Path::new("consortium.json"), &value.to_string()).unwrap();

        assert_eq!(json, sample());
    }

    #[test]
    fn an_unknown_key_a_missing_key_and_a_wrong_word_are_refused_by_name() {
        let mistakes = [
            (SAMPLE.replace("active = true", "actif = true"), "actif"),
            (SAMPLE.replace("active = true", ""), "active"),
            (
                SAMPLE.replace("size = \"micro\"", "size = \"tiny\""),
                "tiny",
            ),
        ];
        for (text, expected) in mistakes {
            let Err(Failure::Told(report)) = read(Path::new("c.toml"), &text) else {
                panic!("{expected} was taken")
            };
            assert!(report.message.contains(expected), "{}", report.message);
        }
    }

    #[test]
    fn an_amount_is_exact_or_refused() {
        assert_eq!(cents("1250.00"), Some(125_000));
        assert_eq!(cents("1250"), Some(125_000));
        assert_eq!(cents("1250.5"), Some(125_050));
        for text in [
            "",
            "-1",
            "1.",
            "1.005",
            "1,250.00",
            "1e3",
            "99999999999999999999",
        ] {
            assert_eq!(cents(text), None, "{text}");
        }
        assert!(toml::from_str::<File>(&SAMPLE.replace("\"1250.00\"", "1250.0")).is_err());
    }
}
