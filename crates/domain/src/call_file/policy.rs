//! `rules.allocation` and, for percentage bands, `[[rules.bands]]`.

use rust_decimal::Decimal;

use super::reader::{Read, Section, all};
use super::values;
use crate::money::BasisPoints;
use crate::rules::{AllocationPolicy, Band};

/// Most bands of a call.
const BANDS_LIMIT: usize = 20;

#[derive(Clone, Copy)]
enum Policy {
    RankingWithWaitingList,
    ProRata,
    FirstCome,
    PercentageBands,
}

/// What the bands are checked against.
pub(super) struct Limits {
    pub(super) rate: Read<BasisPoints>,
    /// Smallest total that is ranked.
    pub(super) threshold: Read<Decimal>,
}

pub(super) fn allocation(rules: &Section<'_>, limits: &Limits) -> Read<AllocationPolicy> {
    let policies = [
        ("ranking_with_waiting_list", Policy::RankingWithWaitingList),
        ("pro_rata", Policy::ProRata),
        ("first_come", Policy::FirstCome),
        ("percentage_bands", Policy::PercentageBands),
    ];
    let policy = rules.required("allocation", values::choice(&policies));
    let bands = rules.optional("bands", |value| {
        let sections = value.sections(1..=BANDS_LIMIT)?;
        bands(&sections, limits)
    });
    let without_bands = |policy| match &bands {
        Ok(None) | Err(_) => Ok(policy),
        Ok(Some(_)) => {
            let rule = "must be absent unless allocation is \"percentage_bands\"";
            Err(rules.refuse("bands", rule))
        }
    };
    match policy? {
        Policy::RankingWithWaitingList => without_bands(AllocationPolicy::RankingWithWaitingList),
        Policy::ProRata => without_bands(AllocationPolicy::ProRata),
        Policy::FirstCome => without_bands(AllocationPolicy::FirstCome),
        Policy::PercentageBands => match bands? {
            Some(bands) => Ok(AllocationPolicy::PercentageBands(bands)),
            None => Err(rules.refuse("bands", "is required by \"percentage_bands\"")),
        },
    }
}

/// Best band first: totals fall strictly, shares do not rise, and the last one reaches down to
/// the threshold, so that everybody ranked has a band.
fn bands(sections: &[Section<'_>], limits: &Limits) -> Read<Vec<Band>> {
    let mut reads: Vec<Read<Band>> = Vec::with_capacity(sections.len());
    for section in sections {
        let min_total = section.required("min_total", values::points);
        let rate = section.required("rate_basis_points", values::share_above_zero);
        if let (Ok(rate), Ok(highest)) = (rate, limits.rate)
            && rate > highest
        {
            let rule = format!("must not be above rules.rate_basis_points, {}", highest.0);
            section.refuse("rate_basis_points", rule);
        }
        if let Some(Ok(above)) = reads.last() {
            if min_total.is_ok_and(|min_total| min_total >= above.min_total) {
                let rule = format!("must be under that of the band before, {}", above.min_total);
                section.refuse("min_total", rule);
            }
            if rate.is_ok_and(|rate| rate > above.rate) {
                let rule = format!(
                    "must not be above that of the band before, {}",
                    above.rate.0
                );
                section.refuse("rate_basis_points", rule);
            }
        }
        reads.push(match (min_total, rate) {
            (Ok(min_total), Ok(rate)) => Ok(Band { min_total, rate }),
            (Err(noted), _) | (_, Err(noted)) => Err(noted),
        });
    }
    if let (Some(section), Some(Ok(last)), Ok(threshold)) =
        (sections.last(), reads.last(), limits.threshold)
        && last.min_total > threshold
    {
        let rule = format!("of the last band must not be above the threshold, {threshold}");
        section.refuse("min_total", rule);
    }
    all(reads)
}

#[cfg(test)]
mod tests {
    use crate::call_file::tests::{accept, check};

    const POLICY: &str = "allocation = \"ranking_with_waiting_list\"";

    fn banded(bands: &str) -> String {
        format!("allocation = \"percentage_bands\"\nbands = [{bands}]")
    }

    #[test]
    fn the_four_policies_are_read() {
        accept(&[(POLICY, "allocation = \"pro_rata\"")]);
        accept(&[(POLICY, "allocation = \"first_come\"")]);
        accept(&[(
            POLICY,
            &banded(
                "{ min_total = \"80\", rate_basis_points = 4000 }, \
                 { min_total = \"60\", rate_basis_points = 3000 }",
            ),
        )]);
    }

    #[test]
    fn bands_fall_and_reach_the_threshold() {
        let refused = |bands: &str, key: &str, rule: &str| {
            check(&[(POLICY, &banded(bands), key, rule)]);
        };
        refused(
            "{ min_total = \"61\", rate_basis_points = 4000 }",
            "rules.bands[0].min_total",
            "above the threshold",
        );
        refused(
            "{ min_total = \"60\", rate_basis_points = 4001 }",
            "rules.bands[0].rate_basis_points",
            "must not be above rules.rate_basis_points",
        );
        refused(
            "{ min_total = \"60\", rate_basis_points = 3000 }, \
             { min_total = \"60\", rate_basis_points = 3000 }",
            "rules.bands[1].min_total",
            "under that of the band before",
        );
        refused(
            "{ min_total = \"70\", rate_basis_points = 3000 }, \
             { min_total = \"60\", rate_basis_points = 3500 }",
            "rules.bands[1].rate_basis_points",
            "above that of the band before",
        );
    }

    #[test]
    fn bands_belong_to_their_policy() {
        check(&[
            (
                POLICY,
                "allocation = \"percentage_bands\"",
                "rules.bands",
                "is required",
            ),
            (
                POLICY,
                "allocation = \"pro_rata\"\nbands = [{ min_total = \"60\", rate_basis_points = 1 }]",
                "rules.bands",
                "must be absent",
            ),
        ]);
    }
}
