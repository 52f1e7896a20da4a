//! A row of an import to what it says: a consortium, a member or a link. Every cell that breaks a
//! rule is told.

use std::str::FromStr;

use bando_domain::civil::Language;
use bando_domain::consortium::{
    Accreditation, Accredited, Contact, Fund, LegalForm, Link, Member, Profile,
};
use bando_domain::eligibility;
use bando_domain::event::Personal;
use bando_domain::identifiers::PartitaIva;
use bando_domain::money::Eur;
use bando_domain::project::Violation;
use bando_domain::sme::SmeClass;
use chrono::NaiveDate;

use super::Refused;
use super::table::Row;
use crate::consortia::malformed;

/// The cells that only one kind of row has.
const OF_CONSORTIUM: [&str; 10] = [
    "form",
    "country",
    "fund_subscribed",
    "fund_paid",
    "statute_forbids_profit",
    "active",
    "sme_majority_of_directors",
    "accreditation",
    "representative",
    "language",
];
const OF_MEMBER: [&str; 5] = ["artisan", "size", "share", "joined_on", "left_on"];
const OF_LINK: [&str; 1] = ["other"];
const NOT_OF_LINK: [&str; 4] = ["title", "region", "address", "email"];

/// What a row says, with the consortium it is about.
#[derive(Debug, Clone)]
pub(super) enum Said {
    Consortium(Box<(Profile, Contact)>),
    Member(Box<Member>),
    Link(Link),
}

/// Reads a row; `None` once anything in it is refused.
pub(super) fn read(row: &Row, refused: &mut Vec<Refused>) -> Option<(PartitaIva, Said)> {
    let before = refused.len();
    let mut cells = Cells { row, refused };
    let consortium = cells.parsed("consortium", "PARTITA_IVA");
    let said = match row.cell("kind") {
        "consortium" => {
            cells.expect_none(&[&OF_MEMBER, &OF_LINK, &["partita_iva"]]);
            cells.consortium(consortium.clone())
        }
        "member" => {
            cells.expect_none(&[&OF_CONSORTIUM, &OF_LINK, &["since", "until"]]);
            cells.member()
        }
        "link" => {
            cells.expect_none(&[&OF_CONSORTIUM, &OF_MEMBER, &NOT_OF_LINK]);
            cells.link()
        }
        _ => cells.refuse(
            "kind",
            "UNKNOWN",
            "`consortium`, `member` or `link` is expected",
        ),
    };
    if refused.len() > before {
        return None;
    }
    consortium.zip(said)
}

struct Cells<'a> {
    row: &'a Row,
    refused: &'a mut Vec<Refused>,
}

impl Cells<'_> {
    fn consortium(&mut self, partita_iva: Option<PartitaIva>) -> Option<Said> {
        let form = self.one_of("form", LegalForm::ALL, LegalForm::as_str);
        let subscribed = self.euros("fund_subscribed");
        let paid = self.euros("fund_paid");
        let statute_forbids_profit = self.yes_or_no("statute_forbids_profit");
        let active = self.yes_or_no("active");
        let sme_majority_of_directors = self.yes_or_no("sme_majority_of_directors");
        let (since, until) = (self.day("since"), self.day("until"));
        let accreditation = match self.row.cell("accreditation") {
            "" => None,
            _ => self.one_of("accreditation", Accreditation::ALL, Accreditation::as_str),
        };
        let dated = accreditation.filter(|_| since.is_some() || until.is_some());
        let language = self.one_of("language", Language::ALL, Language::as_str);
        let profile = Profile {
            name: self.row.cell("title").to_owned(),
            partita_iva: partita_iva?,
            form: form?,
            seat_country: self.row.cell("country").to_owned(),
            seat_region: self.row.cell("region").to_owned(),
            fund: Fund {
                subscribed: subscribed?,
                paid: paid?,
            },
            statute_forbids_profit: statute_forbids_profit?,
            active: active?,
            sme_majority_of_directors: sme_majority_of_directors?,
            accreditation,
            members: Vec::new(),
            links: Vec::new(),
            accreditations: dated
                .map(|level| Accredited {
                    level,
                    since,
                    until,
                })
                .into_iter()
                .collect(),
            past_funds: Vec::new(),
            programmes: Vec::new(),
        };
        let contact = Contact {
            legal_representative: Personal::new(self.row.cell("representative")),
            email: Personal::new(self.row.cell("email")),
            language: language?,
            address: self.stated("address"),
        };
        for found in malformed(Some(&profile), Some(&contact)) {
            self.told(found);
        }
        Some(Said::Consortium(Box::new((profile, contact))))
    }

    fn member(&mut self) -> Option<Said> {
        let partita_iva = self.parsed("partita_iva", "PARTITA_IVA");
        let artisan = self.yes_or_no("artisan");
        let size = self.one_of("size", SmeClass::ALL, SmeClass::as_str);
        let share = self.euros("share");
        let joined_on = self.required_day("joined_on");
        let left_on = self.day("left_on");
        let member = Member {
            partita_iva: partita_iva?,
            name: self.row.cell("title").to_owned(),
            region: self.row.cell("region").to_owned(),
            artisan: artisan?,
            size: size?,
            share: share?,
            joined_on: joined_on?,
            left_on,
            past_shares: Vec::new(),
            address: self.stated("address"),
            email: self.stated("email"),
        };
        let mut found = Vec::new();
        eligibility::malformed_member("", &member, &mut found);
        for found in found {
            self.told(found);
        }
        Some(Said::Member(Box::new(member)))
    }

    fn stated(&self, column: &'static str) -> Option<Personal> {
        let cell = self.row.cell(column);
        (!cell.is_empty()).then(|| Personal::new(cell))
    }

    fn link(&mut self) -> Option<Said> {
        let one = self.parsed("partita_iva", "PARTITA_IVA");
        let other = self.parsed("other", "PARTITA_IVA");
        let (since, until) = (self.day("since"), self.day("until"));
        let link = Link {
            one: one?,
            other: other?,
            since,
            until,
        };
        let mut found = Vec::new();
        eligibility::malformed_link("", &link, &mut found);
        for found in found {
            self.told(found);
        }
        Some(Said::Link(link))
    }

    fn expect_none(&mut self, columns: &[&[&'static str]]) {
        for column in columns.iter().flat_map(|columns| columns.iter()) {
            if !self.row.cell(column).is_empty() {
                let kind = self.row.cell("kind");
                let explanation = format!("a row of the kind `{kind}` has no such cell");
                self.refuse::<()>(column, "NOT_EXPECTED", &explanation);
            }
        }
    }

    fn parsed<T: FromStr>(&mut self, column: &'static str, rule: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        match self.row.cell(column).parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let error: T::Err = error;
                self.refuse(column, rule, &error.to_string())
            }
        }
    }

    fn one_of<T, const N: usize>(
        &mut self,
        column: &'static str,
        all: [T; N],
        name: impl Fn(T) -> &'static str,
    ) -> Option<T>
    where
        T: Copy,
    {
        let text = self.row.cell(column);
        if let Some(known) = all.into_iter().find(|known| name(*known) == text) {
            return Some(known);
        }
        let expected = all.map(name).join(", ");
        self.refuse(column, "UNKNOWN", &format!("one of {expected} is expected"))
    }

    fn yes_or_no(&mut self, column: &'static str) -> Option<bool> {
        match self.row.cell(column) {
            "yes" | "true" => Some(true),
            "no" | "false" => Some(false),
            _ => self.refuse(column, "YES_OR_NO", "`yes` or `no` is expected"),
        }
    }

    /// Exact euros, with a decimal point or, as Italian spreadsheets write it, a decimal comma.
    fn euros(&mut self, column: &'static str) -> Option<Eur> {
        let amount = cents(self.row.cell(column)).map(Eur::cents);
        amount.or_else(|| {
            let explanation = "an amount in euros, such as 1250.00, is expected";
            self.refuse(column, "AMOUNT", explanation)
        })
    }

    fn required_day(&mut self, column: &'static str) -> Option<NaiveDate> {
        if self.row.cell(column).is_empty() {
            return self.refuse(column, "REQUIRED", "the day is not stated");
        }
        self.day(column)
    }

    fn day(&mut self, column: &'static str) -> Option<NaiveDate> {
        let text = self.row.cell(column);
        if text.is_empty() {
            return None;
        }
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        day.or_else(|| self.refuse(column, "DAY", "a day such as 2016-05-31 is expected"))
    }

    fn refuse<T>(&mut self, column: &str, rule: &str, explanation: &str) -> Option<T> {
        self.refused
            .push(self.row.refuse(column, rule, explanation));
        None
    }

    /// A violation of the wire's fields, by the column it comes from.
    fn told(&mut self, found: Violation) {
        let column = column(&found.field);
        let known = self
            .refused
            .iter()
            .any(|known| known.line == self.row.line && known.field == column);
        if !known {
            self.refuse::<()>(column, &found.rule, &found.explanation);
        }
    }
}

/// The column of a field of the wire.
pub(super) fn column(field: &str) -> &str {
    match field {
        "profile.seat_region" => "region",
        "profile.seat_country" => "country",
        "profile.fund_subscribed_cents" | "subscribed_cents" => "fund_subscribed",
        "profile.fund_paid_cents" => "fund_paid",
        "contact.legal_representative" => "representative",
        "profile.accreditations[0].until" => "until",
        "share_cents" => "share",
        other => other.rsplit('.').next().unwrap_or(other),
    }
}

fn cents(text: &str) -> Option<i64> {
    let text = if text.contains('.') {
        text.to_owned()
    } else {
        text.replacen(',', ".", 1)
    };
    let (euros, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(euros) || !is_number(cents) || cents.len() > 2 {
        return None;
    }
    let cents: i64 = format!("{cents:0<2}").parse().ok()?;
    let euros: i64 = euros.parse().ok()?;
    euros.checked_mul(100)?.checked_add(cents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_take_a_point_or_a_comma_and_nothing_else() {
        assert_eq!(cents("1250"), Some(125_000));
        assert_eq!(cents("1250.5"), Some(125_050));
        assert_eq!(cents("1250,50"), Some(125_050));
        for text in ["", "1.250,00", "1,250.00", "-1", "1e3", "1250,005", "€ 1"] {
            assert_eq!(cents(text), None, "{text}");
        }
    }
}
