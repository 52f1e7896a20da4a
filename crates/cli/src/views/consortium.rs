//! A consortium with its members and links.

use bando_proto::v1;
use serde::Serialize;

use super::{euros, money, shown, title, word};
use crate::names::last;
use crate::output::{Row, Sheet, View};

#[derive(Debug, Serialize)]
pub(crate) struct Consortium {
    name: String,
    profile: Profile,
    contact: Contact,
    etag: String,
}

#[derive(Debug, Serialize)]
struct Profile {
    title: String,
    partita_iva: String,
    form: String,
    seat_country: String,
    seat_region: String,
    fund_subscribed_cents: i64,
    fund_paid_cents: i64,
    statute_forbids_profit: bool,
    active: bool,
    sme_majority_of_directors: bool,
    accreditation: Option<String>,
    members: Vec<Member>,
    links: Vec<Link>,
}

#[derive(Debug, Serialize)]
struct Contact {
    legal_representative: String,
    email: String,
    language: String,
}

#[derive(Debug, Serialize)]
struct Member {
    partita_iva: String,
    title: String,
    region: String,
    artisan: bool,
    size: String,
    share_cents: i64,
    joined_on: String,
}

#[derive(Debug, Serialize)]
struct Link {
    one: String,
    other: String,
}

impl From<&v1::Consortium> for Consortium {
    fn from(consortium: &v1::Consortium) -> Self {
        let contact = consortium.contact.clone().unwrap_or_default();
        Self {
            name: consortium.name.clone(),
            profile: Profile::from(&consortium.profile.clone().unwrap_or_default()),
            contact: Contact {
                legal_representative: contact.legal_representative,
                email: contact.email,
                language: contact.language,
            },
            etag: consortium.etag.clone(),
        }
    }
}

impl From<&v1::Profile> for Profile {
    fn from(profile: &v1::Profile) -> Self {
        let form = v1::LegalForm::try_from(profile.form)
            .ok()
            .map(|form| form.as_str_name());
        let link = |link: &v1::Link| Link {
            one: link.one.clone(),
            other: link.other.clone(),
        };
        Self {
            title: profile.title.clone(),
            partita_iva: profile.partita_iva.clone(),
            form: word(form, "LEGAL_FORM_"),
            seat_country: profile.seat_country.clone(),
            seat_region: profile.seat_region.clone(),
            fund_subscribed_cents: profile.fund_subscribed_cents,
            fund_paid_cents: profile.fund_paid_cents,
            statute_forbids_profit: profile.statute_forbids_profit,
            active: profile.active,
            sme_majority_of_directors: profile.sme_majority_of_directors,
            accreditation: accreditation(profile.accreditation),
            members: profile.members.iter().map(Member::from).collect(),
            links: profile.links.iter().map(link).collect(),
        }
    }
}

/// On the wire the value that names nothing means that there is none.
fn accreditation(value: i32) -> Option<String> {
    let value = v1::Accreditation::try_from(value).ok();
    if value == Some(v1::Accreditation::Unspecified) {
        return None;
    }
    Some(word(
        value.map(|value| value.as_str_name()),
        "ACCREDITATION_",
    ))
}

impl From<&v1::Member> for Member {
    fn from(member: &v1::Member) -> Self {
        let size = v1::SmeClass::try_from(member.size)
            .ok()
            .map(|size| size.as_str_name());
        Self {
            partita_iva: member.partita_iva.clone(),
            title: member.title.clone(),
            region: member.region.clone(),
            artisan: member.artisan,
            size: word(size, "SME_CLASS_"),
            share_cents: member.share_cents,
            joined_on: member.joined_on.clone(),
        }
    }
}

impl Row for Consortium {
    const HEAD: &'static [&'static str] =
        &["ID", "PARTITA IVA", "FORM", "MEMBERS", "SEAT", "TITLE"];
    const NUMBERS: &'static [usize] = &[3];

    fn cells(&self) -> Vec<String> {
        vec![
            last(&self.name).to_owned(),
            self.profile.partita_iva.clone(),
            self.profile.form.clone(),
            self.profile.members.len().to_string(),
            self.profile.seat_region.clone(),
            title(&self.profile.title),
        ]
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Row for Member {
    const HEAD: &'static [&'static str] = &[
        "PARTITA IVA",
        "SIZE",
        "ARTISAN",
        "SHARE",
        "JOINED",
        "REGION",
        "TITLE",
    ];
    const NUMBERS: &'static [usize] = &[3];

    fn cells(&self) -> Vec<String> {
        vec![
            self.partita_iva.clone(),
            self.size.clone(),
            yes(self.artisan),
            money(self.share_cents),
            self.joined_on.clone(),
            self.region.clone(),
            title(&self.title),
        ]
    }
}

impl Row for Link {
    const HEAD: &'static [&'static str] = &["ONE", "OTHER"];

    fn cells(&self) -> Vec<String> {
        vec![self.one.clone(), self.other.clone()]
    }
}

impl View for Consortium {
    fn text(&self) -> String {
        let profile = &self.profile;
        Sheet::titled(&profile.title)
            .field("name", &self.name)
            .field("partita IVA", &profile.partita_iva)
            .field("form", &profile.form)
            .field(
                "seat",
                format!("{}, {}", profile.seat_region, profile.seat_country),
            )
            .field(
                "fund subscribed",
                euros(Some(profile.fund_subscribed_cents)),
            )
            .field("fund paid", euros(Some(profile.fund_paid_cents)))
            .field("forbids profit", yes(profile.statute_forbids_profit))
            .field("active", yes(profile.active))
            .field("SME directors", yes(profile.sme_majority_of_directors))
            .field("accreditation", shown(profile.accreditation.as_ref()))
            .field("representative", &self.contact.legal_representative)
            .field("e-mail", &self.contact.email)
            .field("language", &self.contact.language)
            .field("etag", &self.etag)
            .rows(
                &format!("MEMBERS ({})", profile.members.len()),
                &profile.members,
            )
            .rows("LINKS", &profile.links)
            .text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

fn yes(value: bool) -> String {
    if value { "yes".into() } else { "no".into() }
}
