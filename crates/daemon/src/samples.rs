//! The programme and call files that come with the daemon, for `dev` and `demo`.

use bando_store::PageQuery;

/// File name and text.
pub type Sample = (&'static str, &'static str);

pub const PROGRAMME: Sample = (
    "programmes/er-consortia.toml",
    include_str!("../../../config/programmes/er-consortia.toml"),
);

pub const CALL_2016: Sample = (
    "calls/2016.toml",
    include_str!("../../../config/calls/2016.toml"),
);

/// The second version of its rules, which changes while it is open.
pub const RULES_2016_2: Sample = (
    "rules/2016-2.toml",
    include_str!("../../../config/rules/2016-2.toml"),
);

pub const CALLS: [Sample; 5] = [
    CALL_2016,
    (
        "calls/2017.toml",
        include_str!("../../../config/calls/2017.toml"),
    ),
    (
        "calls/2019.toml",
        include_str!("../../../config/calls/2019.toml"),
    ),
    (
        "calls/2022.toml",
        include_str!("../../../config/calls/2022.toml"),
    ),
    (
        "calls/2027.toml",
        include_str!("../../../config/calls/2027.toml"),
    ),
];

/// One page that holds all sample calls.
pub fn all() -> PageQuery {
    PageQuery {
        size: 1_000,
        after: None,
    }
}
