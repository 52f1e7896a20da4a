//! Letters as they are written: templates by kind and language, and the mail they become.

mod filters;
pub mod mime;
pub mod render;
mod templates;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use mime::{Headers, mime};
pub use render::{CallHeading, RenderContext, RenderError, Rendered, render};
