//! Rankings and allocations from the sheets to the cents, through the crate's public face.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod cases;
mod office;
mod properties;
