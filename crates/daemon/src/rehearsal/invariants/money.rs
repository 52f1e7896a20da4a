//! Budget, bounds of each grant, and the ranking computed again.

use bando_domain::grant;
use bando_domain::money::Eur;
use bando_domain::ranking_inputs::{Entry, Inputs};

use super::Finding;
use crate::rehearsal::record::{Applied, Ranked, Record};

pub(super) fn within_budget(record: &Record) -> Vec<Finding> {
    let budget = record.terms.budget;
    let awarded: Eur = record.awards.iter().map(|award| award.amount).sum();
    let mut found = Vec::new();
    if awarded > budget {
        found.push(Finding::new(
            "the awards",
            format!("at most {budget}"),
            awarded.to_string(),
        ));
    }
    let Some(ranking) = &record.ranking else {
        return found;
    };
    if ranking.granted != awarded {
        found.push(Finding::new(
            "the ranking's grants",
            awarded.to_string(),
            ranking.granted.to_string(),
        ));
    }
    let whole = ranking.granted.plus(ranking.left);
    if ranking.budget != budget || whole != budget {
        found.push(Finding::new(
            "granted and left",
            budget.to_string(),
            whole.to_string(),
        ));
    }
    found
}

pub(super) fn within_bounds(record: &Record) -> Vec<Finding> {
    let rules = &record.terms.rules;
    let smallest = rules.smallest_grant();
    let mut found = Vec::new();
    for award in &record.awards {
        let Some(application) = record.application(award.application) else {
            let subject = format!("award of {}", award.application);
            found.push(Finding::new(subject, "an application", "none"));
            continue;
        };
        let most = grant::compute(application.eligible, application.participants, None, rules);
        if award.amount < smallest || award.amount > most.amount {
            found.push(Finding::new(
                &application.title,
                format!("{smallest} to {}", most.amount),
                award.amount.to_string(),
            ));
        }
    }
    found
}

/// Places, totals and amounts as a table, so that two can be compared line by line.
fn places(ranking: &Ranked) -> Vec<String> {
    let entries = ranking.entries.iter().map(|entry| {
        let (application, total, amount) = (entry.application, &entry.total, entry.amount);
        format!("{application} {total} {amount}")
    });
    let below = ranking.below_threshold.iter();
    let below = below.map(|application| format!("{application} below the threshold"));
    entries.chain(below).collect()
}

pub(super) fn recomputes(record: &Record) -> Vec<Finding> {
    let Some(ranking) = &record.ranking else {
        return vec![Finding::new("the ranking", "one in force", "none")];
    };
    let again = match computed_again(record, ranking) {
        Ok(again) => again,
        Err(why) => return vec![Finding::new("the ranking", "it can be computed", why)],
    };
    let (expected, actual) = (places(&again), places(ranking));
    let mut found = Vec::new();
    for place in 0..expected.len().max(actual.len()) {
        let at = |places: &[String]| places.get(place).cloned().unwrap_or_default();
        if at(&expected) != at(&actual) {
            let subject = format!("place {}", place + 1);
            found.push(Finding::new(subject, at(&expected), at(&actual)));
        }
    }
    let mut awarded: Vec<_> = record
        .awards
        .iter()
        .map(|it| (it.application, it.amount))
        .collect();
    let granted = again.entries.iter().filter(|entry| !entry.amount.is_zero());
    let mut expected: Vec<_> = granted.map(|it| (it.application, it.amount)).collect();
    awarded.sort();
    expected.sort();
    if awarded != expected {
        found.push(Finding::new(
            "the awards",
            format!("{expected:?}"),
            format!("{awarded:?}"),
        ));
    }
    found
}

/// From the sheets that evaluators signed and what the checks found, by the rules alone.
fn computed_again(record: &Record, ranking: &Ranked) -> Result<Ranked, String> {
    let ranked = ranking.entries.iter().map(|entry| entry.application);
    let ranked = ranked.chain(ranking.below_threshold.iter().copied());
    let mut entries = Vec::new();
    for id in ranked {
        let application = record.application(id);
        let application = application.ok_or_else(|| format!("no application {id}"))?;
        entries.push(entry(record, application)?);
    }
    let rules = record.terms.rules.clone();
    let computed = Inputs::new(record.terms.budget, rules, entries)
        .compute()
        .map_err(|missing| missing.to_string())?;
    let allocated = computed.allocation.entries.iter();
    let totals = computed.ranked.entries.iter();
    Ok(Ranked {
        budget: record.terms.budget,
        granted: computed.allocation.granted,
        left: computed.allocation.left,
        entries: allocated
            .zip(totals)
            .map(|(allocated, placed)| crate::rehearsal::record::Entry {
                application: allocated.application,
                total: placed.candidate.score.total.to_string(),
                amount: allocated.outcome.amount(),
            })
            .collect(),
        below_threshold: computed
            .ranked
            .below_threshold
            .iter()
            .map(|(candidate, _)| candidate.application)
            .collect(),
    })
}

fn entry(record: &Record, application: &Applied) -> Result<Entry, String> {
    let counted = application.receipts.last();
    let counted = counted.ok_or_else(|| format!("{} was never received", application.title))?;
    Ok(Entry {
        application: application.id,
        protocol: counted.protocol.clone(),
        received_at: counted.received_at,
        participants: application.participants,
        eligible: application.eligible,
        requested: None,
        sheets: record
            .sheets
            .get(&application.id)
            .cloned()
            .unwrap_or_default(),
        excluded: 0,
        agreed: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::invariants::example::{AWARDED, record};

    #[test]
    fn awards_over_the_budget_are_found() {
        let mut record = record();
        record.terms.budget = Eur::cents(7_199_999);

        let found = within_budget(&record);

        assert_eq!(found[0].subject, "the awards");
        assert_eq!(found[0].actual, "72,000.00 EUR");
    }

    #[test]
    fn money_that_is_neither_granted_nor_left_is_found() {
        let mut record = record();
        let ranking = record.ranking.as_mut().unwrap();
        ranking.left = ranking.left.less(Eur::cents(1));

        assert_eq!(within_budget(&record)[0].subject, "granted and left");
    }

    #[test]
    fn a_grant_over_its_cap_or_under_the_floor_is_found() {
        for amount in [Eur::euros(150_001), Eur::euros(29_999)] {
            let mut record = record();
            record.awards[0].amount = amount;

            let found = within_bounds(&record);

            assert_eq!(found.len(), 1, "{amount}");
            assert_eq!(found[0].actual, amount.to_string());
        }
    }

    #[test]
    fn an_award_of_nobody_is_found() {
        let mut record = record();
        record.applications.clear();

        assert_eq!(within_bounds(&record).len(), record.awards.len());
    }

    #[test]
    fn a_ranking_that_the_sheets_do_not_give_is_found() {
        let mut swapped = record();
        swapped.ranking.as_mut().unwrap().entries.swap(0, 1);
        assert_eq!(recomputes(&swapped).len(), 2);

        let mut other = record();
        let sheets = other.sheets.get_mut(&AWARDED).unwrap();
        sheets[0].scores[0].1 = rust_decimal::Decimal::ONE;
        assert!(!recomputes(&other).is_empty());

        let mut lost = record();
        lost.sheets.clear();
        assert_eq!(recomputes(&lost)[0].expected, "it can be computed");
    }

    #[test]
    fn an_award_that_the_ranking_does_not_give_is_found() {
        let mut record = record();
        record.awards[0].amount = record.awards[0].amount.less(Eur::cents(1));

        assert_eq!(recomputes(&record)[0].subject, "the awards");
    }
}
