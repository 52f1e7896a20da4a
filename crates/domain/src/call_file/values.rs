//! Single values of a file: amounts, shares, points, texts, codes, days and choices. Each reader
//! names the one form it takes.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;
use toml::de::DeValue;

use super::reader::{Read, Value};
use crate::civil::{Language, Zone};
use crate::identifiers::EmailAddress;
use crate::money::{BasisPoints, Eur};
use crate::programme::Text;

/// Longest text of a title or a name, in characters.
const TEXT_LIMIT: usize = 200;
/// Longest code of a cost category or a criterion.
const CODE_LIMIT: usize = 40;
/// Most points a weight, a threshold or a scale may have.
const POINTS_LIMIT: Decimal = Decimal::from_parts(10_000, 0, 0, false, 0);
/// Most decimals of points.
const POINTS_DECIMALS: usize = 4;
/// Years a file may speak of.
const YEARS: RangeInclusive<i32> = 2000..=2199;

const AMOUNT_FORM: &str = "in euros, up to 100000000000, with at most two decimals and no \
                           separators or signs, such as \"2000000.00\" in quotes or 2000000";
const POINTS_FORM: &str = "points up to 10000, a whole number or at most four decimals in quotes, \
                           such as 25 or \"12.5\"";
const DAY_FORM: &str = "must be a day from 2000 to 2199 in quotes, such as \"2027-04-12\"";

/// An amount, exact; zero included.
pub(super) fn amount(value: &Value<'_>) -> Read<Eur> {
    read_amount(value).ok_or_else(|| value.refuse(format!("must be an amount {AMOUNT_FORM}")))
}

/// An amount above zero.
pub(super) fn amount_above_zero(value: &Value<'_>) -> Read<Eur> {
    read_amount(value)
        .filter(|amount| !amount.is_zero())
        .ok_or_else(|| value.refuse(format!("must be an amount above zero {AMOUNT_FORM}")))
}

fn read_amount(value: &Value<'_>) -> Option<Eur> {
    Eur::parse(digits(value)?)
}

/// A number of digits alone: no sign, no space, no underscore.
fn number(digits: &str) -> Option<i64> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// Text, or the digits of a whole number.
fn digits<'a>(value: &Value<'a>) -> Option<&'a str> {
    match value.raw() {
        DeValue::String(text) => Some(text.as_ref()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str()),
        _ => None,
    }
}

/// A share in basis points, 0 to 10,000.
pub(super) fn share(value: &Value<'_>) -> Read<BasisPoints> {
    share_within(value, 0)
}

/// A share in basis points, 1 to 10,000.
pub(super) fn share_above_zero(value: &Value<'_>) -> Read<BasisPoints> {
    share_within(value, 1)
}

fn share_within(value: &Value<'_>, least: u32) -> Read<BasisPoints> {
    let most = BasisPoints::WHOLE.0;
    let Some(points) = read_whole(value).filter(|points| (least..=most).contains(points)) else {
        let rule = format!("must be whole basis points from {least} to {most}: 4000 is 40 %");
        return Err(value.refuse(rule));
    };
    Ok(BasisPoints(points))
}

/// A whole number within `range`.
pub(super) fn whole(range: RangeInclusive<u32>) -> impl Fn(&Value<'_>) -> Read<u32> {
    move |value| {
        let (least, most) = (range.start(), range.end());
        read_whole(value)
            .filter(|number| range.contains(number))
            .ok_or_else(|| value.refuse(format!("must be a whole number from {least} to {most}")))
    }
}

fn read_whole(value: &Value<'_>) -> Option<u32> {
    let integer = value.raw().as_integer()?;
    u32::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// Points, exact; zero included.
pub(super) fn points(value: &Value<'_>) -> Read<Decimal> {
    read_points(value).ok_or_else(|| value.refuse(format!("must be {POINTS_FORM}")))
}

/// Points above zero.
pub(super) fn points_above_zero(value: &Value<'_>) -> Read<Decimal> {
    read_points(value)
        .filter(|points| !points.is_zero())
        .ok_or_else(|| value.refuse(format!("must be above zero: {POINTS_FORM}")))
}

fn read_points(value: &Value<'_>) -> Option<Decimal> {
    let text = digits(value)?;
    let (units, decimals) = text.split_once('.').unwrap_or((text, "0"));
    number(units)?;
    number(decimals)?;
    if decimals.len() > POINTS_DECIMALS {
        return None;
    }
    Decimal::from_str_exact(text)
        .ok()
        .filter(|points| *points <= POINTS_LIMIT)
}

/// On or off.
pub(super) fn switch(value: &Value<'_>) -> Read<bool> {
    match value.raw() {
        DeValue::Boolean(switch) => Ok(*switch),
        _ => Err(value.refuse("must be true or false, without quotes")),
    }
}

/// Any text.
pub(super) fn text<'a>(value: &Value<'a>) -> Read<&'a str> {
    match value.raw() {
        DeValue::String(text) => Ok(text.as_ref()),
        _ => Err(value.refuse("must be text in quotes")),
    }
}

/// One line of text that is not blank, fit for the subject of a letter.
pub(super) fn line(value: &Value<'_>) -> Read<String> {
    let line = text(value)?;
    let fits = !line.trim().is_empty()
        && line.chars().count() <= TEXT_LIMIT
        && !line.chars().any(char::is_control);
    if !fits {
        let rule = format!("must be one line of 1 to {TEXT_LIMIT} characters, not blank");
        return Err(value.refuse(rule));
    }
    Ok(line.trim().to_owned())
}

/// A line in both languages: `name.it` and `name.en`.
pub(super) fn both_languages(value: &Value<'_>) -> Read<Text> {
    let section = value.section()?;
    let it = section.required("it", line);
    let en = section.required("en", line);
    Ok(Text { it: it?, en: en? })
}

/// A short code that other keys refer to.
pub(super) fn code(value: &Value<'_>) -> Read<String> {
    let code = text(value)?;
    let fits = (1..=CODE_LIMIT).contains(&code.len())
        && code
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if !fits {
        let rule = format!("must be a code: 1 to {CODE_LIMIT} letters, digits, _ or -");
        return Err(value.refuse(rule));
    }
    Ok(code.to_owned())
}

pub(super) fn day(value: &Value<'_>) -> Read<NaiveDate> {
    let day = match value.raw() {
        DeValue::String(text) => parse_day(text),
        _ => None,
    };
    day.ok_or_else(|| value.refuse(DAY_FORM))
}

/// `2027-04-12` and no other spelling.
pub(super) fn parse_day(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (day.to_string() == text && YEARS.contains(&day.year())).then_some(day)
}

/// One of the named choices.
pub(super) fn choice<T: Copy>(choices: &[(&str, T)]) -> impl Fn(&Value<'_>) -> Read<T> {
    move |value| {
        let chosen = match value.raw() {
            DeValue::String(text) => choices.iter().find(|(name, _)| *name == text.as_ref()),
            _ => None,
        };
        chosen.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<String> = choices
                .iter()
                .map(|(name, _)| format!("{name:?}"))
                .collect();
            value.refuse(format!("must be {}", names.join(" or ")))
        })
    }
}

pub(super) fn zone(value: &Value<'_>) -> Read<Zone> {
    text(value)?
        .parse()
        .map_err(|_| value.refuse("must be a zone of the zone database, such as \"Europe/Rome\""))
}

pub(super) fn language(value: &Value<'_>) -> Read<Language> {
    choice(&[("it", Language::It), ("en", Language::En)])(value)
}

pub(super) fn email_address(value: &Value<'_>) -> Read<EmailAddress> {
    text(value)?
        .parse()
        .map_err(|error: <EmailAddress as std::str::FromStr>::Err| {
            value.refuse(format!("must be an e-mail address: {error}"))
        })
}

#[cfg(test)]
mod tests {
    use super::parse_day;
    use crate::call_file::tests::{CALL, accept, check, edited, parsed};
    use crate::money::Eur;

    #[test]
    fn amounts_are_exact_and_within_the_limit() {
        let budget = "budget = \"2000000.00\"";
        for wrong in [
            "\"-5\"",
            "-5",
            "0",
            "\"0.00\"",
            "2000000.0",
            "\"2,000,000.00\"",
            "\"2.000.000\"",
            "\"1.005\"",
            "\"1.\"",
            "\".5\"",
            "\"+5\"",
            "\" 5\"",
            "\"5 EUR\"",
            "\"1e6\"",
            "\"\"",
            "\"٥\"",
            "0xff",
            "\"100000000000.01\"",
            "100000000001",
            "\"92233720368547758080\"",
            "true",
            "[5]",
        ] {
            let change = format!("budget = {wrong}");
            check(&[(
                budget,
                &change,
                "budget",
                "must be an amount above zero in euros",
            )]);
        }
        for (right, cents) in [
            ("2000000", 200_000_000),
            ("\"2000000.5\"", 200_000_050),
            ("2_000_000", 200_000_000),
            ("\"100000000000.00\"", 10_000_000_000_000),
        ] {
            let budget = parsed(&edited(CALL, budget, &format!("budget = {right}")))
                .terms
                .budget;
            assert_eq!(budget, Eur::cents(cents), "{right}");
        }
    }

    #[test]
    fn shares_are_whole_basis_points() {
        let (rate, form) = (
            "rate_basis_points = 4000",
            "whole basis points from 1 to 10000",
        );
        let key = "rules.rate_basis_points";
        check(&[
            (rate, "rate_basis_points = 10001", key, form),
            (rate, "rate_basis_points = 0", key, form),
            (rate, "rate_basis_points = -1", key, form),
            (rate, "rate_basis_points = 0.4", key, form),
            (rate, "rate_basis_points = \"40 %\"", key, form),
        ]);
        accept(&[
            (rate, "rate_basis_points = 10000"),
            (rate, "rate_basis_points = 1"),
        ]);
        accept(&[(
            "max_outside_region_basis_points = 2500",
            "max_outside_region_basis_points = 0",
        )]);
    }

    #[test]
    fn a_day_has_one_spelling() {
        assert!(parse_day("2027-04-12").is_some() && parse_day("2199-12-31").is_some());
        for wrong in [
            "2027-4-12",
            "2027-02-29",
            "12/04/2027",
            "1999-12-31",
            "2200-01-01",
            "",
        ] {
            assert_eq!(parse_day(wrong), None, "{wrong}");
        }
    }
}
