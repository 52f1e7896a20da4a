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
    accreditations: Vec<Accredited>,
    past_funds: Vec<PastFund>,
    programmes: Vec<Programme>,
}

#[derive(Debug, Serialize)]
struct Contact {
    legal_representative: String,
    email: String,
    language: String,
    address: Option<String>,
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
    left_on: Option<String>,
    past_shares: Vec<PastShare>,
    address: Option<String>,
    email: Option<String>,
}

#[derive(Debug, Serialize)]
struct PastShare {
    share_cents: i64,
    until: String,
}

#[derive(Debug, Serialize)]
struct Link {
    one: String,
    other: String,
    since: Option<String>,
    until: Option<String>,
}

#[derive(Debug, Serialize)]
struct Accredited {
    level: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

#[derive(Debug, Serialize)]
struct PastFund {
    subscribed_cents: i64,
    paid_cents: i64,
    until: String,
}

/// A multi-year programme.
#[derive(Debug, Serialize)]
pub(crate) struct Programme {
    first_year: i32,
    last_year: i32,
    title: String,
    sector: String,
    markets: Vec<String>,
    target_export_share_basis_points: i32,
    target_markets: i32,
}

impl Consortium {
    pub(crate) fn programmes(&self) -> &[Programme] {
        &self.profile.programmes
    }
}

/// Where a member is and where mail reaches it.
#[derive(Debug, Serialize)]
struct Reached<'a> {
    partita_iva: &'a str,
    email: Option<&'a String>,
    address: Option<&'a String>,
}

impl Profile {
    fn reached(&self) -> Vec<Reached<'_>> {
        let known = self.members.iter().map(|member| Reached {
            partita_iva: &member.partita_iva,
            email: member.email.as_ref(),
            address: member.address.as_ref(),
        });
        known
            .filter(|known| known.email.is_some() || known.address.is_some())
            .collect()
    }
}

/// On the wire an empty day is none.
fn day(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
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
                address: contact.address,
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
            since: day(&link.since),
            until: day(&link.until),
        };
        let accredited = |known: &v1::Accredited| Accredited {
            level: accreditation(known.level),
            since: day(&known.since),
            until: day(&known.until),
        };
        let past_fund = |past: &v1::PastFund| PastFund {
            subscribed_cents: past.subscribed_cents,
            paid_cents: past.paid_cents,
            until: past.until.clone(),
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
            accreditations: profile.accreditations.iter().map(accredited).collect(),
            past_funds: profile.past_funds.iter().map(past_fund).collect(),
            programmes: profile.programmes.iter().map(Programme::from).collect(),
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
            left_on: day(&member.left_on),
            past_shares: member.past_shares.iter().map(past_share).collect(),
            address: member.address.clone(),
            email: member.email.clone(),
        }
    }
}

fn past_share(past: &v1::PastShare) -> PastShare {
    PastShare {
        share_cents: past.share_cents,
        until: past.until.clone(),
    }
}

impl From<&v1::MultiYearProgramme> for Programme {
    fn from(programme: &v1::MultiYearProgramme) -> Self {
        Self {
            first_year: programme.first_year,
            last_year: programme.last_year,
            title: programme.title.clone(),
            sector: programme.sector.clone(),
            markets: programme.markets.clone(),
            target_export_share_basis_points: programme.target_export_share_basis_points,
            target_markets: programme.target_markets,
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
        "LEFT",
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
            shown(self.left_on.as_ref()),
            self.region.clone(),
            title(&self.title),
        ]
    }
}

impl Row for Reached<'_> {
    const HEAD: &'static [&'static str] = &["PARTITA IVA", "E-MAIL", "ADDRESS"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.partita_iva.to_owned(),
            shown(self.email),
            shown(self.address),
        ]
    }
}

impl Row for Link {
    const HEAD: &'static [&'static str] = &["ONE", "OTHER", "SINCE", "UNTIL"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.one.clone(),
            self.other.clone(),
            shown(self.since.as_ref()),
            shown(self.until.as_ref()),
        ]
    }
}

impl Row for Accredited {
    const HEAD: &'static [&'static str] = &["LEVEL", "SINCE", "UNTIL"];

    fn cells(&self) -> Vec<String> {
        vec![
            shown(self.level.as_ref()),
            shown(self.since.as_ref()),
            shown(self.until.as_ref()),
        ]
    }
}

impl Row for PastFund {
    const HEAD: &'static [&'static str] = &["SUBSCRIBED", "PAID", "UNTIL"];
    const NUMBERS: &'static [usize] = &[0, 1];

    fn cells(&self) -> Vec<String> {
        vec![
            money(self.subscribed_cents),
            money(self.paid_cents),
            self.until.clone(),
        ]
    }
}

impl Row for Programme {
    const HEAD: &'static [&'static str] = &[
        "YEARS",
        "EXPORT SHARE",
        "MARKETS",
        "AIMED AT",
        "SECTOR",
        "TITLE",
    ];
    const NUMBERS: &'static [usize] = &[1, 2];

    fn cells(&self) -> Vec<String> {
        vec![
            format!("{}-{}", self.first_year, self.last_year),
            percent(self.target_export_share_basis_points),
            self.target_markets.to_string(),
            self.markets.join(" "),
            self.sector.clone(),
            title(&self.title),
        ]
    }
}

/// Basis points as percent: `45.50 %`.
pub(crate) fn percent(basis_points: i32) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
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
            .field("address", shown(self.contact.address.as_ref()))
            .field("etag", &self.etag)
            .rows(
                &format!("MEMBERS ({})", profile.members.len()),
                &profile.members,
            )
            .rows("WHERE MEMBERS ARE REACHED", &profile.reached())
            .rows("LINKS", &profile.links)
            .rows("ACCREDITATIONS", &profile.accreditations)
            .rows("FORMER FUNDS", &profile.past_funds)
            .rows("MULTI-YEAR PROGRAMMES", &profile.programmes)
            .text()
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

fn yes(value: bool) -> String {
    if value { "yes".into() } else { "no".into() }
}
