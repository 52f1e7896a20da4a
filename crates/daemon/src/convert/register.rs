//! A consortium's register, both ways.

use bando_domain::civil::Language;
use bando_domain::consortium::{
    Accreditation, Accredited, Change, Consortium, Contact, Fund, LegalForm, Link, Member,
    MultiYearProgramme, PastFund, PastShare, Profile,
};
use bando_domain::event::Personal;
use bando_domain::identifiers::PartitaIva;
use bando_domain::money::{BasisPoints, Eur};
use bando_domain::sme::SmeClass;
use bando_proto::v1;
use bando_proto::v1::record_change_request as record;
use bando_store::Versioned;
use bando_workflow::Error;
use bando_workflow::consortia::{self, Change as Details, Corrected, Imported, Refused};
use chrono::NaiveDate;

use super::names;
use super::read::{Reader, required};
use super::show::etag;

/// Refused rows of an import that are told.
const REFUSED_SHOWN: usize = 1_000;

/// A profile and a contact, each where it is given, with everything that is wrong in both.
pub fn consortium_details(
    profile: Option<v1::Profile>,
    contact: Option<v1::Contact>,
) -> Result<Details, Error> {
    let mut reader = Reader::default();
    let details = Details {
        profile: profile.map(|wire| read_profile(&mut reader, wire)),
        contact: contact.map(|wire| read_contact(&mut reader, wire)),
    };
    reader.finish(details, |details| {
        consortia::malformed(details.profile.as_ref(), details.contact.as_ref())
    })
}

/// What cannot be read has a stand-in, so that the rest is checked all the same: the reader's
/// violation keeps it from going any further.
fn read_profile(reader: &mut Reader, wire: v1::Profile) -> Profile {
    let partita_iva = reader.text(
        "profile.partita_iva".to_owned(),
        "PARTITA_IVA",
        &wire.partita_iva,
    );
    let form = match wire.form() {
        v1::LegalForm::Unspecified => reader.refuse(
            "profile.form".to_owned(),
            "REQUIRED",
            "the legal form is not stated",
        ),
        v1::LegalForm::Consortium => Some(LegalForm::Consortium),
        v1::LegalForm::ConsortiumCompany => Some(LegalForm::ConsortiumCompany),
        v1::LegalForm::Cooperative => Some(LegalForm::Cooperative),
        v1::LegalForm::Other => Some(LegalForm::Other),
    };
    let accreditation = read_level(wire.accreditation());
    let members = reader.rows("profile.members", wire.members, read_member);
    let links = reader.rows("profile.links", wire.links, read_link);
    let accreditations = reader.rows(
        "profile.accreditations",
        wire.accreditations,
        |reader, row, wire| {
            let level = required_level(reader, &row, wire.level());
            let since = reader.day(format!("{row}.since"), &wire.since);
            let until = reader.day(format!("{row}.until"), &wire.until);
            level.map(|level| Accredited {
                level,
                since,
                until,
            })
        },
    );
    let past_funds = reader.rows(
        "profile.past_funds",
        wire.past_funds,
        |reader, row, wire| {
            let until = required_day(reader, format!("{row}.until"), &wire.until)?;
            let fund = fund(wire.subscribed_cents, wire.paid_cents);
            Some(PastFund { fund, until })
        },
    );
    Profile {
        name: wire.title,
        partita_iva: partita_iva.unwrap_or_else(|| PartitaIva::from_seven(1, 0)),
        form: form.unwrap_or(LegalForm::Other),
        seat_country: wire.seat_country,
        seat_region: wire.seat_region,
        fund: fund(wire.fund_subscribed_cents, wire.fund_paid_cents),
        statute_forbids_profit: wire.statute_forbids_profit,
        active: wire.active,
        sme_majority_of_directors: wire.sme_majority_of_directors,
        accreditation,
        members,
        links,
        accreditations,
        past_funds,
        programmes: Vec::new(),
    }
}

const fn fund(subscribed_cents: i64, paid_cents: i64) -> Fund {
    Fund {
        subscribed: Eur::cents(subscribed_cents),
        paid: Eur::cents(paid_cents),
    }
}

const fn read_level(level: v1::Accreditation) -> Option<Accreditation> {
    match level {
        v1::Accreditation::Unspecified => None,
        v1::Accreditation::AppliedFor => Some(Accreditation::AppliedFor),
        v1::Accreditation::Entry => Some(Accreditation::Entry),
        v1::Accreditation::Advanced => Some(Accreditation::Advanced),
    }
}

fn required_level(
    reader: &mut Reader,
    row: &str,
    level: v1::Accreditation,
) -> Option<Accreditation> {
    read_level(level).or_else(|| {
        let field = format!("{row}.level");
        reader.refuse(field, "REQUIRED", "the level is not stated")
    })
}

fn required_day(reader: &mut Reader, field: String, text: &str) -> Option<NaiveDate> {
    if text.is_empty() {
        return reader.refuse(field, "REQUIRED", "the day is not stated");
    }
    reader.day(field, text)
}

fn read_member(reader: &mut Reader, row: String, wire: v1::Member) -> Option<Member> {
    let field = |name: &str| format!("{row}.{name}");
    let partita_iva = reader.text(field("partita_iva"), "PARTITA_IVA", &wire.partita_iva);
    let size = match wire.size() {
        v1::SmeClass::Unspecified => {
            reader.refuse(field("size"), "REQUIRED", "the size class is not stated")
        }
        v1::SmeClass::Micro => Some(SmeClass::Micro),
        v1::SmeClass::Small => Some(SmeClass::Small),
        v1::SmeClass::Medium => Some(SmeClass::Medium),
        v1::SmeClass::Large => Some(SmeClass::Large),
    };
    let joined_on = required_day(reader, field("joined_on"), &wire.joined_on);
    let left_on = reader.day(field("left_on"), &wire.left_on);
    let mut past_shares = Vec::with_capacity(wire.past_shares.len());
    for (position, past) in wire.past_shares.iter().enumerate() {
        let place = field(&format!("past_shares[{position}].until"));
        let share = Eur::cents(past.share_cents);
        past_shares.extend(
            required_day(reader, place, &past.until).map(|until| PastShare { share, until }),
        );
    }
    Some(Member {
        partita_iva: partita_iva?,
        name: wire.title,
        region: wire.region,
        artisan: wire.artisan,
        size: size?,
        share: Eur::cents(wire.share_cents),
        joined_on: joined_on?,
        left_on,
        past_shares,
        address: wire.address.map(Personal::new),
        email: wire.email.map(|email| Personal::new(email.trim())),
    })
}

fn read_link(reader: &mut Reader, row: String, wire: v1::Link) -> Option<Link> {
    let one = reader.text(format!("{row}.one"), "PARTITA_IVA", &wire.one);
    let other = reader.text(format!("{row}.other"), "PARTITA_IVA", &wire.other);
    let since = reader.day(format!("{row}.since"), &wire.since);
    let until = reader.day(format!("{row}.until"), &wire.until);
    one.zip(other).map(|(one, other)| Link {
        one,
        other,
        since,
        until,
    })
}

fn read_contact(reader: &mut Reader, wire: v1::Contact) -> Contact {
    let mut all = Language::ALL.into_iter();
    let language = all
        .find(|language| language.as_str() == wire.language)
        .or_else(|| {
            let field = "contact.language".to_owned();
            reader.refuse(field, "LANGUAGE", "`it` or `en` is expected")
        });
    Contact {
        language: language.unwrap_or(Language::It),
        legal_representative: Personal::new(wire.legal_representative),
        email: Personal::new(wire.email.trim()),
        address: wire.address.map(Personal::new),
    }
}

/// One dated change, with everything that is wrong in it.
pub fn register_change(wire: Option<record::Change>) -> Result<Change, Error> {
    let wire = required("change", wire)?;
    let mut reader = Reader::default();
    let change = read_change(&mut reader, wire);
    reader
        .finish(change, |change| {
            change
                .as_ref()
                .map_or_else(Vec::new, consortia::malformed_change)
        })?
        .ok_or_else(|| Error::invalid("change", "REQUIRED", "is required"))
}

fn read_change(reader: &mut Reader, wire: record::Change) -> Option<Change> {
    match wire {
        record::Change::MemberJoined(member) => {
            let member = read_member(reader, "member_joined".to_owned(), member)?;
            Some(Change::MemberJoined(Box::new(member)))
        }
        record::Change::MemberLeft(wire) => {
            let firm = read_firm(reader, "member_left.partita_iva", &wire.partita_iva);
            let field = "member_left.left_on".to_owned();
            let left_on = required_day(reader, field, &wire.left_on);
            Some(Change::MemberLeft {
                partita_iva: firm?,
                left_on: left_on?,
            })
        }
        record::Change::ShareChanged(wire) => {
            let firm = read_firm(reader, "share_changed.partita_iva", &wire.partita_iva);
            let since = required_day(reader, "share_changed.since".to_owned(), &wire.since);
            Some(Change::ShareChanged {
                partita_iva: firm?,
                share: Eur::cents(wire.share_cents),
                since: since?,
            })
        }
        record::Change::MemberReached(wire) => {
            let firm = read_firm(reader, "member_reached.partita_iva", &wire.partita_iva);
            Some(Change::MemberReached {
                partita_iva: firm?,
                address: Personal::new(wire.address),
                email: Personal::new(wire.email.trim()),
            })
        }
        record::Change::LinkDeclared(wire) => {
            read_link(reader, "link_declared".to_owned(), wire).map(Change::LinkDeclared)
        }
        record::Change::LinkEnded(wire) => {
            let one = read_firm(reader, "link_ended.one", &wire.one);
            let other = read_firm(reader, "link_ended.other", &wire.other);
            let until = required_day(reader, "link_ended.until".to_owned(), &wire.until);
            Some(Change::LinkEnded {
                one: one?,
                other: other?,
                until: until?,
            })
        }
        record::Change::AccreditationGranted(wire) => {
            let row = "accreditation_granted";
            let level = required_level(reader, row, wire.level());
            let since = required_day(reader, format!("{row}.since"), &wire.since);
            let until = reader.day(format!("{row}.until"), &wire.until);
            Some(Change::AccreditationGranted {
                level: level?,
                since: since?,
                until,
            })
        }
        record::Change::AccreditationRenewed(wire) => {
            let field = "accreditation_renewed.until".to_owned();
            let until = required_day(reader, field, &wire.until)?;
            Some(Change::AccreditationRenewed { until })
        }
        record::Change::AccreditationExpired(wire) => {
            let field = "accreditation_expired.until".to_owned();
            let until = required_day(reader, field, &wire.until)?;
            Some(Change::AccreditationExpired { until })
        }
        record::Change::FundChanged(wire) => {
            let since = required_day(reader, "fund_changed.since".to_owned(), &wire.since)?;
            let fund = fund(wire.subscribed_cents, wire.paid_cents);
            Some(Change::FundChanged { fund, since })
        }
    }
}

fn read_firm(reader: &mut Reader, field: &str, text: &str) -> Option<PartitaIva> {
    reader.text(field.to_owned(), "PARTITA_IVA", text)
}

pub fn multi_year_programme(
    wire: Option<v1::MultiYearProgramme>,
) -> Result<MultiYearProgramme, Error> {
    let wire = required("programme", wire)?;
    let mut reader = Reader::default();
    let markets = reader.rows("markets", wire.markets, |reader, field, market| {
        reader.text(field, "COUNTRY", &market)
    });
    let programme = MultiYearProgramme {
        first_year: u16::try_from(wire.first_year).unwrap_or_default(),
        last_year: u16::try_from(wire.last_year).unwrap_or_default(),
        title: wire.title,
        sector: wire.sector,
        markets: markets.into_iter().collect(),
        target_export_share: BasisPoints(
            u32::try_from(wire.target_export_share_basis_points).unwrap_or(u32::MAX),
        ),
        target_markets: u32::try_from(wire.target_markets).unwrap_or_default(),
    };
    reader.finish(programme, bando_domain::eligibility::malformed_programme)
}

/// A day that a request may name.
pub fn day(field: &str, text: &str) -> Result<Option<NaiveDate>, Error> {
    let mut reader = Reader::default();
    let day = reader.day(field.to_owned(), text);
    reader.finish(day, |_| Vec::new())
}

pub fn consortium(known: &Versioned<Consortium>) -> v1::Consortium {
    let consortium = &known.value;
    let contact = &consortium.contact;
    v1::Consortium {
        name: names::of_consortium(&consortium.programme, consortium.id),
        profile: Some(profile(&consortium.profile)),
        contact: Some(v1::Contact {
            legal_representative: contact.legal_representative.reveal().to_owned(),
            email: contact.email.reveal().to_owned(),
            language: contact.language.as_str().to_owned(),
            address: revealed(contact.address.as_ref()),
        }),
        etag: etag(known.version),
    }
}

pub fn corrected(known: &Corrected) -> v1::CorrectAddressResponse {
    let programme = &known.consortium.value.programme;
    let letters = known.letters.iter();
    v1::CorrectAddressResponse {
        consortium: Some(consortium(&known.consortium)),
        letters: letters
            .map(|letter| names::of_letter(programme, *letter))
            .collect(),
    }
}

pub fn imported(imported: &Imported) -> v1::ImportConsortiaResponse {
    let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let refused = imported.refused.iter().take(REFUSED_SHOWN);
    let row = |refused: &Refused| v1::RefusedRow {
        line: i64::try_from(refused.line).unwrap_or(i64::MAX),
        field: refused.field.clone(),
        value: refused.value.clone(),
        rule: refused.rule.clone(),
        explanation: refused.explanation.clone(),
    };
    v1::ImportConsortiaResponse {
        consortia: count(imported.consortia),
        members: count(imported.members),
        links: count(imported.links),
        refused: refused.map(row).collect(),
        refused_count: count(imported.refused.len()),
    }
}

fn profile(profile: &Profile) -> v1::Profile {
    let form = match profile.form {
        LegalForm::Consortium => v1::LegalForm::Consortium,
        LegalForm::ConsortiumCompany => v1::LegalForm::ConsortiumCompany,
        LegalForm::Cooperative => v1::LegalForm::Cooperative,
        LegalForm::Other => v1::LegalForm::Other,
    };
    let past_fund = |past: &PastFund| v1::PastFund {
        subscribed_cents: past.fund.subscribed.as_cents(),
        paid_cents: past.fund.paid.as_cents(),
        until: past.until.to_string(),
    };
    v1::Profile {
        title: profile.name.clone(),
        partita_iva: profile.partita_iva.to_string(),
        form: form.into(),
        seat_country: profile.seat_country.clone(),
        seat_region: profile.seat_region.clone(),
        fund_subscribed_cents: profile.fund.subscribed.as_cents(),
        fund_paid_cents: profile.fund.paid.as_cents(),
        statute_forbids_profit: profile.statute_forbids_profit,
        active: profile.active,
        sme_majority_of_directors: profile.sme_majority_of_directors,
        accreditation: level(profile.accreditation).into(),
        members: profile.members.iter().map(member).collect(),
        links: profile.links.iter().map(link).collect(),
        accreditations: profile.accreditations.iter().map(accredited).collect(),
        past_funds: profile.past_funds.iter().map(past_fund).collect(),
        programmes: profile.programmes.iter().map(programme_of_years).collect(),
    }
}

pub(super) fn accredited(known: &Accredited) -> v1::Accredited {
    v1::Accredited {
        level: level(Some(known.level)).into(),
        since: shown_day(known.since),
        until: shown_day(known.until),
    }
}

const fn level(known: Option<Accreditation>) -> v1::Accreditation {
    match known {
        None => v1::Accreditation::Unspecified,
        Some(Accreditation::AppliedFor) => v1::Accreditation::AppliedFor,
        Some(Accreditation::Entry) => v1::Accreditation::Entry,
        Some(Accreditation::Advanced) => v1::Accreditation::Advanced,
    }
}

pub(super) fn shown_day(day: Option<NaiveDate>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}

pub(super) fn member(member: &Member) -> v1::Member {
    let size = match member.size {
        SmeClass::Micro => v1::SmeClass::Micro,
        SmeClass::Small => v1::SmeClass::Small,
        SmeClass::Medium => v1::SmeClass::Medium,
        SmeClass::Large => v1::SmeClass::Large,
    };
    let past_share = |past: &PastShare| v1::PastShare {
        share_cents: past.share.as_cents(),
        until: past.until.to_string(),
    };
    v1::Member {
        partita_iva: member.partita_iva.to_string(),
        title: member.name.clone(),
        region: member.region.clone(),
        artisan: member.artisan,
        size: size.into(),
        share_cents: member.share.as_cents(),
        joined_on: member.joined_on.to_string(),
        left_on: shown_day(member.left_on),
        past_shares: member.past_shares.iter().map(past_share).collect(),
        address: revealed(member.address.as_ref()),
        email: revealed(member.email.as_ref()),
    }
}

fn revealed(value: Option<&Personal>) -> Option<String> {
    value.map(|value| value.reveal().to_owned())
}

pub(super) fn link(link: &Link) -> v1::Link {
    v1::Link {
        one: link.one.to_string(),
        other: link.other.to_string(),
        since: shown_day(link.since),
        until: shown_day(link.until),
    }
}

pub fn programme_of_years(programme: &MultiYearProgramme) -> v1::MultiYearProgramme {
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    v1::MultiYearProgramme {
        first_year: programme.first_year.into(),
        last_year: programme.last_year.into(),
        title: programme.title.clone(),
        sector: programme.sector.clone(),
        markets: programme.markets.iter().map(ToString::to_string).collect(),
        target_export_share_basis_points: number(programme.target_export_share.0),
        target_markets: number(programme.target_markets),
    }
}

/// Which parts of a consortium an update names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConsortiumParts {
    pub profile: bool,
    pub contact: bool,
}

pub fn consortium_parts(mask: Option<&prost_types::FieldMask>) -> Result<ConsortiumParts, Error> {
    let mut parts = ConsortiumParts::default();
    for path in mask.map(|mask| mask.paths.as_slice()).unwrap_or_default() {
        match path.as_str() {
            "profile" => parts.profile = true,
            "contact" => parts.contact = true,
            other => {
                let explanation = format!("`{other}` cannot be changed by an update");
                return Err(Error::invalid("update_mask", "UNKNOWN_PATH", explanation));
            }
        }
    }
    if parts == ConsortiumParts::default() {
        let explanation = "`profile`, `contact` or both are expected";
        return Err(Error::invalid("update_mask", "REQUIRED", explanation));
    }
    Ok(parts)
}
