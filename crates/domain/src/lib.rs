//! The rules of a co-financing call: pure functions of state, facts and now, readable by the
//! region's lawyer and replayable in court. Nothing here reads a clock, a file or a database.

pub mod actor;
pub mod allocation;
pub mod application;
pub mod award;
pub mod budget;
pub mod call;
pub mod call_file;
pub mod civil;
pub mod clarification;
pub mod consortium;
pub mod cron_schedule;
pub mod difference;
pub mod document;
pub mod eligibility;
pub mod evaluation;
pub mod event;
#[cfg(test)]
mod examples;
pub mod explanation;
pub mod grant;
pub mod identifiers;
pub mod ids;
pub mod independence;
pub mod letter;
pub mod media_type;
pub mod money;
pub mod procedure;
pub mod programme;
pub mod project;
pub mod proposal;
pub mod ranking;
pub mod ranking_inputs;
pub mod ranking_version;
pub mod receipt;
pub mod rule_impact;
pub mod rules;
pub mod scoring;
pub mod simulation;
pub mod sme;
pub mod term;
pub mod timer;
pub mod token;
