//! What the tests stand on: the real daemon on a port of its own, and throw-away databases.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says why and ends"
)]

pub mod clamav;
pub mod clamd;
pub mod daemon;
pub mod desk;
pub mod disk;
pub mod evaluating;
pub mod oracle;
pub mod papers;
pub mod postgres;
pub mod process;
pub mod raw;
pub mod seed;
pub mod smtp;
pub mod terms;
