//! People at their desks, firms and papers: what the demo and rehearsals are played with. Everything
//! is synthetic and plainly named as such.

pub(crate) mod desk;
pub(crate) mod firms;
pub(crate) mod papers;
