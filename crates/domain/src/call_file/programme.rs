//! A programme's file.

use std::collections::BTreeSet;

use super::reader::{Read, Section, Value, all};
use super::values;
use crate::identifiers::EmailAddress;
use crate::ids::ProgrammeId;
use crate::programme::Programme;

/// Most mailboxes of officers.
const OFFICERS_LIMIT: usize = 50;

pub(super) fn read(top: &Section<'_>) -> Read<Programme> {
    let id = top.required("id", programme_id);
    let name = top.required("name", values::both_languages);
    let authority = top.required("authority", values::both_languages);
    let region = top.required("region", values::line);
    let language = top.required("language", values::language);
    let zone = top.required("zone", values::zone);
    let currency = top.required("currency", values::choice(&[("EUR", "EUR")]));
    let sender = top.required("sender", values::email_address);
    let reply_to = top.required("reply_to", values::email_address);
    let officers = top.required("officers", officers);
    Ok(Programme {
        id: id?,
        name: name?,
        authority: authority?,
        region: region?,
        language: language?,
        zone: zone?,
        currency: currency?.to_owned(),
        sender: sender?,
        reply_to: reply_to?,
        officers: officers?,
    })
}

fn programme_id(value: &Value<'_>) -> Read<ProgrammeId> {
    let text = values::text(value)?;
    text.parse()
        .map_err(|_| value.refuse("must be a code: 1 to 40 of a-z, 0-9 and -, not starting with -"))
}

fn officers(value: &Value<'_>) -> Read<Vec<EmailAddress>> {
    let elements = value.elements(1..=OFFICERS_LIMIT)?;
    let reads: Vec<Read<EmailAddress>> = elements.iter().map(values::email_address).collect();
    let mut seen = BTreeSet::new();
    for (element, read) in elements.iter().zip(&reads) {
        let Ok(address) = read else { continue };
        if !seen.insert(address.to_string()) {
            element.refuse("must differ from the addresses before it");
        }
    }
    all(reads)
}

#[cfg(test)]
mod tests {
    use crate::call_file::parse_programme;
    use crate::call_file::tests::{PROGRAMME, check_one, edited};

    /// Each change makes exactly one mistake: of this key, with this in its rule.
    fn check(changes: &[(&str, &str, &str, &str)]) {
        for (from, to, key, rule) in changes {
            let text = edited(PROGRAMME, from, to);
            check_one(parse_programme("p.toml", &text).unwrap_err(), to, key, rule);
        }
    }

    #[test]
    fn the_shipped_programme_parses() {
        let programme = parse_programme("p.toml", PROGRAMME).unwrap();

        assert_eq!(programme.id.as_str(), "er");
        assert_eq!(programme.region, "Emilia-Romagna");
        assert_eq!(programme.officers.len(), 1);
    }

    #[test]
    fn each_key_of_a_programme_has_its_rule() {
        let officers = "officers = [\"consorzi@regione.example\"]";
        let twice = "officers = [\"consorzi@regione.example\", \"consorzi@regione.example\"]";
        check(&[
            ("id = \"er\"", "id = \"ER\"", "id", "must be a code"),
            (
                "id = \"er\"",
                "id = \"er\"\nphone = 1",
                "phone",
                "known keys: authority, currency",
            ),
            ("name.it", "#", "name.it", "must be given"),
            (
                "region = \"Emilia-Romagna\"",
                "region = \"\"",
                "region",
                "one line",
            ),
            (
                "language = \"it\"",
                "language = \"de\"",
                "language",
                "\"it\" or \"en\"",
            ),
            (
                "zone = \"Europe/Rome\"",
                "zone = \"Rome\"",
                "zone",
                "zone database",
            ),
            (
                "currency = \"EUR\"",
                "currency = \"CHF\"",
                "currency",
                "\"EUR\"",
            ),
            (
                "sender = \"bandi@",
                "sender = \"bandi.",
                "sender",
                "must be an e-mail address",
            ),
            (officers, "officers = []", "officers", "must list 1 to 50"),
            (
                officers,
                "officers = [\"x\"]",
                "officers[0]",
                "must be an e-mail address",
            ),
            (officers, twice, "officers[1]", "must differ"),
        ]);
    }

    #[test]
    fn all_mistakes_of_a_programme_are_told_at_once() {
        assert_eq!(parse_programme("p.toml", "").unwrap_err().len(), 10);
    }
}
