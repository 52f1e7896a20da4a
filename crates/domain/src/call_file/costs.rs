//! The cost categories of a call: their caps, and that no cap depends on itself.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::cap_bases;
use super::reader::{Noted, Read, Section, Value, all};
use super::values;
use crate::money::{BasisPoints, Eur};
use crate::programme::Text;
use crate::rules::{CapBase, CapShare, CostCategory, CostKind};

/// Most categories of a call.
const CATEGORIES_LIMIT: usize = 50;

const BASE_FORM: &str = "must be \"other_categories\" or a list of codes of other categories";

/// `[[rules.cost_categories]]`.
pub(super) fn cost_categories(value: &Value<'_>) -> Read<Vec<CostCategory>> {
    let sections = value.sections(1..=CATEGORIES_LIMIT)?;
    let drafts: Vec<Draft<'_>> = sections.into_iter().map(Draft::read).collect();
    check_codes_differ(&drafts);
    check_flat(&drafts);
    cap_bases::check_names(&drafts);
    cap_bases::check_no_circle(&drafts);
    all(drafts.into_iter().map(Draft::finish).collect())
}

/// A category as far as it could be read.
pub(super) struct Draft<'a> {
    section: Section<'a>,
    pub(super) code: Read<String>,
    name: Read<Text>,
    kind: Read<CostKind>,
    cap: Read<Option<Eur>>,
    cap_share: Read<Option<DraftShare<'a>>>,
    flat_rate: Read<Option<BasisPoints>>,
}

/// A percentage cap as far as it could be read.
pub(super) struct DraftShare<'a> {
    section: Section<'a>,
    rate: Read<BasisPoints>,
    pub(super) of: Read<CapBase>,
}

impl<'a> Draft<'a> {
    fn read(section: Section<'a>) -> Self {
        let kinds = [
            ("external", CostKind::External),
            ("staff", CostKind::Staff),
            ("flat", CostKind::Flat),
        ];
        Self {
            code: section.required("code", values::code),
            name: section.required("name", values::both_languages),
            kind: section.required("kind", values::choice(&kinds)),
            cap: section.optional("cap", values::amount_above_zero),
            cap_share: section.optional("cap_share", DraftShare::read),
            flat_rate: section.optional("flat_rate_basis_points", values::share_above_zero),
            section,
        }
    }

    fn finish(self) -> Read<CostCategory> {
        Ok(CostCategory {
            code: self.code?,
            name: self.name?,
            kind: self.kind?,
            cap: self.cap?,
            cap_share: self.cap_share?.map(DraftShare::finish).transpose()?,
            flat_rate: self.flat_rate?,
        })
    }

    pub(super) fn is(&self, kind: CostKind) -> bool {
        self.kind == Ok(kind)
    }

    pub(super) fn code(&self) -> Option<&str> {
        self.code.as_deref().ok()
    }

    pub(super) fn share(&self) -> Option<&DraftShare<'a>> {
        self.cap_share.as_ref().ok()?.as_ref()
    }
}

impl<'a> DraftShare<'a> {
    fn read(value: &Value<'a>) -> Read<Self> {
        let section = value.section()?;
        let rate = section.required("rate_basis_points", values::share_above_zero);
        let of = section.required("of", base);
        Ok(Self { section, rate, of })
    }

    fn finish(self) -> Read<CapShare> {
        Ok(CapShare {
            rate: self.rate?,
            of: self.of?,
        })
    }

    /// The codes this cap is a share of; `None` for all other categories.
    pub(super) fn codes(&self) -> Option<&[String]> {
        match self.of.as_ref().ok()? {
            CapBase::Categories(codes) => Some(codes),
            CapBase::OtherCategories => None,
        }
    }

    pub(super) fn refuse(&self, rule: String) -> Noted {
        self.section.refuse("of", rule)
    }
}

fn base(value: &Value<'_>) -> Read<CapBase> {
    match value.raw() {
        DeValue::String(text) if text == "other_categories" => Ok(CapBase::OtherCategories),
        DeValue::Array(_) => {
            let elements = value.elements(1..=CATEGORIES_LIMIT)?;
            let codes = all(elements.iter().map(values::code).collect())?;
            let distinct: BTreeSet<&String> = codes.iter().collect();
            if distinct.len() < codes.len() {
                return Err(value.refuse("must name each category once"));
            }
            Ok(CapBase::Categories(codes))
        }
        _ => Err(value.refuse(BASE_FORM)),
    }
}

fn check_codes_differ(drafts: &[Draft<'_>]) {
    let mut seen = BTreeSet::new();
    for draft in drafts {
        let Some(code) = draft.code() else { continue };
        if !seen.insert(code) {
            draft.section.refuse(
                "code",
                "must differ from the codes of the categories before it",
            );
        }
    }
}

/// A flat category, one at most, is a rate and nothing else but an absolute cap.
fn check_flat(drafts: &[Draft<'_>]) {
    let mut flat_before = false;
    for draft in drafts {
        let Ok(kind) = draft.kind else { continue };
        let rate_given = match draft.flat_rate {
            Ok(rate) => rate.is_some(),
            Err(_) => true,
        };
        match kind {
            CostKind::Flat => {
                if !rate_given {
                    let rule = "must be given, because the kind is \"flat\"";
                    draft.section.refuse("flat_rate_basis_points", rule);
                }
                if draft.share().is_some() {
                    let rule = "must be left out, because flat costs are a share already";
                    draft.section.refuse("cap_share", rule);
                }
                if flat_before {
                    draft
                        .section
                        .refuse("kind", "must be \"flat\" in one category at most");
                }
                flat_before = true;
            }
            CostKind::External | CostKind::Staff => {
                if rate_given {
                    let rule = "must be left out, unless the kind is \"flat\"";
                    draft.section.refuse("flat_rate_basis_points", rule);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::call_file::tests::{CALL, accept, check, check_one, parse};

    const FAIRS: &str = "name.en = \"Fairs abroad\"\nkind = \"external\"";

    #[test]
    fn codes_differ_and_are_codes() {
        let code = "code = \"fairs_italy\"";
        check(&[
            (
                code,
                "code = \"fairs_abroad\"",
                "rules.cost_categories[1].code",
                "must differ",
            ),
            (
                code,
                "code = \"fairs italy\"",
                "rules.cost_categories[1].code",
                "must be a code",
            ),
            (
                code,
                "code = \"\"",
                "rules.cost_categories[1].code",
                "must be a code",
            ),
        ]);
        accept(&[(code, "code = \"Fairs-2\"")]);
    }

    #[test]
    fn flat_costs_are_one_category_with_a_rate_and_no_share() {
        let flat = "flat_rate_basis_points = 500";
        let rate = "rules.cost_categories[7].flat_rate_basis_points";
        let share = "flat_rate_basis_points = 500\ncap_share = { rate_basis_points = 1, of = \
                     [\"incoming\"] }";
        let second = format!(
            "{}\nflat_rate_basis_points = 1",
            FAIRS.replace("external", "flat")
        );
        check(&[
            (
                flat,
                "#",
                rate,
                "must be given, because the kind is \"flat\"",
            ),
            (flat, "flat_rate_basis_points = 0", rate, "from 1 to 10000"),
            (
                flat,
                share,
                "rules.cost_categories[7].cap_share",
                "must be left out",
            ),
            (
                FAIRS,
                &format!("{FAIRS}\nflat_rate_basis_points = 500"),
                "rules.cost_categories[0].flat_rate_basis_points",
                "must be left out",
            ),
            (
                FAIRS,
                &second,
                "rules.cost_categories[7].kind",
                "in one category at most",
            ),
        ]);
        accept(&[(flat, "cap = 5000\nflat_rate_basis_points = 10000")]);
    }

    #[test]
    fn a_list_that_is_too_long_is_refused_as_a_whole() {
        let start = CALL.find("[[rules.cost_categories]]").unwrap();
        let end = CALL
            .find("[[rules.cost_categories]]\ncode = \"staff\"")
            .unwrap();
        let again = CALL[start..end].repeat(9);

        let mistakes = parse(&format!("{CALL}\n{again}")).unwrap_err();

        check_one(
            mistakes,
            "62 categories",
            "rules.cost_categories",
            "1 to 50, it lists 62",
        );
    }
}
