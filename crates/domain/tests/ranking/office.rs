//! The rules of the 2016 call, as its file says them.

use bando_domain::call_file::{parse_call, parse_programme};
use bando_domain::rules::RuleSet;

const PROGRAMME: &str = include_str!("../../../../config/programmes/er-consortia.toml");
const CALL: &str = include_str!("../../../../config/calls/2016.toml");

pub(crate) fn rules() -> RuleSet {
    let programme = parse_programme("er-consortia.toml", PROGRAMME).unwrap();
    let call = parse_call("2016.toml", CALL, &programme).unwrap();
    call.terms.rules
}
