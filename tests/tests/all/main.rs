//! The running daemon under test.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says why and ends"
)]

mod absence;
mod access;
mod backups;
mod bad_input;
mod calendars;
mod call_acts;
mod civil_calendar;
mod clarifications;
mod clock_guard;
mod conflict_flags;
mod consortia;
mod consortia_import;
mod consortium_history;
mod crash;
mod deadlines;
mod documents;
mod editions;
mod evaluating;
mod full_disk;
mod letters;
mod mending;
mod model;
mod moved_close;
mod old_rows;
mod operator;
mod postgres_restart;
mod programmes;
mod python_client;
mod races;
mod rankings;
mod rehearsals;
mod reminded_office;
mod reminders;
mod reminders_at_once;
mod repeats;
mod rule_changes;
mod schedules;
mod schedules_under_fire;
mod store_contract;
mod stories;
mod structure;
mod terminal;
mod timers;
mod two_at_once;
mod virtual_year;
