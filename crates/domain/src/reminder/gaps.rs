//! What a consortium of the register lacks for a call, looked at on a day.

use chrono::NaiveDate;

use crate::consortium::Profile;
use crate::eligibility::independent_members_of;
use crate::rules::MemberRules;

/// Whether no accreditation holds on the day, with the last day of the latest one that ended.
pub fn accreditation_gap(profile: &Profile, day: NaiveDate) -> Option<Option<NaiveDate>> {
    if profile.accreditation_on(day).is_some() {
        return None;
    }
    let ended = profile
        .accreditations
        .iter()
        .filter_map(|known| known.until)
        .filter(|until| *until < day);
    Some(ended.max())
}

/// The independent members on the day and how many the call requires, when they are too few.
pub fn members_gap(profile: &Profile, rules: &MemberRules, day: NaiveDate) -> Option<(u32, u32)> {
    let (independent, required) = independent_members_of(&profile.on(day), rules);
    (independent < required).then_some((independent, required))
}
