//! Rules that change while a call runs (domain rule §0.5): a new version with its act and its first
//! day, for everybody who applies or has applied. What was decided before keeps the version it
//! was decided under.

use chrono::{Days, NaiveDate};

use super::acts::expect_act_stated;
use super::{Call, Event, Refusal, State};
use crate::rules::{AllocationPolicy, RuleSet};

/// How far back the first day of new rules may lie when they are proposed: an act is adopted
/// before it is entered.
pub const BACKDATED_DAYS: u64 = 30;

/// Whether a new version of the rules may be proposed on a day, with `scored` score sheets in.
pub fn propose_rules(
    call: &Call,
    rules: &RuleSet,
    scored: u64,
    today: NaiveDate,
) -> Result<(), Refusal> {
    expect_next(call, rules, scored)?;
    let now_in_force = &call.terms.rules;
    let earliest = now_in_force
        .effective_on
        .max(today - Days::new(BACKDATED_DAYS));
    if rules.effective_on < earliest {
        return Err(Refusal::RulesBackdated {
            effective_on: rules.effective_on,
            earliest,
        });
    }
    Ok(())
}

/// Puts a new version in force, on its first day or later.
pub fn change_rules(
    call: &Call,
    rules: &RuleSet,
    scored: u64,
    today: NaiveDate,
) -> Result<Event, Refusal> {
    expect_next(call, rules, scored)?;
    if rules.effective_on > today {
        return Err(Refusal::RulesNotYetEffective {
            effective_on: rules.effective_on,
            today,
        });
    }
    Ok(Event::RulesChanged {
        rules: Box::new(rules.clone()),
    })
}

fn expect_next(call: &Call, rules: &RuleSet, scored: u64) -> Result<(), Refusal> {
    if !matches!(call.state, State::Published | State::Open | State::Closed) {
        return Err(Refusal::WrongState {
            required: "published, open or closed",
            actual: call.state.as_str(),
        });
    }
    expect_act_stated(&rules.act)?;
    let in_force = &call.terms.rules;
    if rules.version <= in_force.version {
        return Err(Refusal::RulesVersion {
            in_force: in_force.version,
            stated: rules.version,
        });
    }
    let renamed = RuleSet {
        version: in_force.version,
        act: in_force.act.clone(),
        effective_on: in_force.effective_on,
        ..rules.clone()
    };
    if renamed == *in_force {
        return Err(Refusal::RulesUnchanged {
            in_force: in_force.version,
        });
    }
    let first_come = |rules: &RuleSet| rules.allocation == AllocationPolicy::FirstCome;
    if first_come(rules) != first_come(in_force) {
        return Err(Refusal::RulesFixed {
            what: "whether the first to come is the first served",
            since: "the publication",
        });
    }
    if scored > 0 && rules.score_grid != in_force.score_grid {
        return Err(Refusal::RulesFixed {
            what: "the score grid",
            since: "the first score sheet",
        });
    }
    Ok(())
}

impl Call {
    /// A version of the rules that was or is in force.
    pub fn rules_of(&self, version: u32) -> Option<&RuleSet> {
        self.rule_sets().find(|rules| rules.version == version)
    }

    /// Every version of the rules, oldest first; the last one is in force.
    pub fn rule_sets(&self) -> impl Iterator<Item = &RuleSet> {
        let former = self.terms.former_rules.iter();
        former.chain(std::iter::once(&self.terms.rules))
    }
}

pub(super) fn replaced(mut call: Call, rules: &RuleSet) -> Call {
    let former = std::mem::replace(&mut call.terms.rules, rules.clone());
    call.terms.former_rules.push(former);
    call
}

#[cfg(test)]
mod tests {
    use super::super::apply;
    use super::super::tests::call;
    use super::*;
    use crate::money::Eur;

    fn next(call: &Call, change: impl FnOnce(&mut RuleSet)) -> RuleSet {
        let mut rules = call.terms.rules.clone();
        rules.version += 1;
        rules.act = "DGR 170".to_owned();
        rules.effective_on = rules.effective_on + Days::new(10);
        rules.max_grant = Some(Eur::euros(160_000));
        change(&mut rules);
        rules
    }

    fn refused(call: &Call, scored: u64, change: impl FnOnce(&mut RuleSet)) -> &'static str {
        let rules = next(call, change);
        let today = call.terms.rules.effective_on + Days::new(20);
        let refusal = propose_rules(call, &rules, scored, today).unwrap_err();
        assert_eq!(
            change_rules(call, &rules, scored, today).is_err(),
            refusal.reason() != "RULES_BACKDATED"
        );
        refusal.reason()
    }

    #[test]
    fn a_new_version_replaces_the_old_one_which_stays_readable() {
        let before = call();
        let rules = next(&before, |_| ());
        let today = rules.effective_on;
        propose_rules(&before, &rules, 0, today).unwrap();

        let event = change_rules(&before, &rules, 0, today).unwrap();
        let after = apply(Some(before.clone()), &event).unwrap();

        assert_eq!(after.terms.rules, rules);
        let version = before.terms.rules.version;
        assert_eq!(after.rules_of(version), Some(&before.terms.rules));
        assert_eq!(after.rules_of(version + 1), Some(&rules));
        assert_eq!(after.rules_of(version + 2), None);
    }

    #[test]
    fn versions_rise_and_change_something() {
        let call = call();
        let version = call.terms.rules.version;

        assert_eq!(
            refused(&call, 0, |rules| rules.version = version),
            "RULES_VERSION"
        );
        let max_grant = call.terms.rules.max_grant;
        assert_eq!(
            refused(&call, 0, |rules| rules.max_grant = max_grant),
            "RULES_UNCHANGED"
        );
    }

    #[test]
    fn new_rules_are_not_older_than_the_ones_they_replace_nor_than_thirty_days() {
        let call = call();
        let first = call.terms.rules.effective_on;
        let check = |effective_on: NaiveDate, today: NaiveDate| {
            let rules = next(&call, |rules| rules.effective_on = effective_on);
            propose_rules(&call, &rules, 0, today).map_err(|refusal| refusal.reason())
        };

        assert_eq!(check(first, first + Days::new(30)), Ok(()));
        assert_eq!(check(first, first + Days::new(31)), Err("RULES_BACKDATED"));
        assert_eq!(check(first - Days::new(1), first), Err("RULES_BACKDATED"));
    }

    #[test]
    fn new_rules_wait_for_their_first_day() {
        let call = call();
        let rules = next(&call, |_| ());
        let before = rules.effective_on - Days::new(1);
        assert!(propose_rules(&call, &rules, 0, before).is_ok());

        let refusal = change_rules(&call, &rules, 0, before).unwrap_err();

        assert_eq!(refusal.reason(), "RULES_NOT_YET_EFFECTIVE");
    }

    #[test]
    fn the_grid_is_fixed_by_the_first_sheet_and_first_come_by_the_publication() {
        let call = call();
        let grid = |rules: &mut RuleSet| rules.score_grid.decimals += 1;

        assert_eq!(refused(&call, 1, grid), "RULES_FIXED");
        let rules = next(&call, grid);
        let today = rules.effective_on;
        assert!(change_rules(&call, &rules, 0, today).is_ok());
        let first_come = |rules: &mut RuleSet| rules.allocation = AllocationPolicy::FirstCome;
        assert_eq!(refused(&call, 0, first_come), "RULES_FIXED");
    }

    #[test]
    fn rules_change_while_a_call_runs_and_is_not_ranked() {
        for state in State::ALL {
            let call = Call { state, ..call() };
            let rules = next(&call, |_| ());
            let runs = matches!(state, State::Published | State::Open | State::Closed);

            let changed = change_rules(&call, &rules, 0, rules.effective_on);

            assert_eq!(changed.is_ok(), runs, "{}", state.as_str());
        }
    }
}
