//! Page tokens: opaque, signed, and bound to the listing they were made for.

use bando_store::PageQuery;
use bando_workflow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tonic::Status;

use super::status;

const DEFAULT: u64 = 50;
const MOST: u64 = 1_000;
const CODE_LENGTH: usize = 16;

/// The listing a page belongs to: its method, parent and filter.
pub(super) fn binding(method: &str, parent: &str, filter: &str) -> String {
    format!("{method}\n{parent}\n{filter}")
}

/// Reads a page request. Sizes are brought within 1 to 1000, 0 means 50.
pub(super) fn query(
    cx: &Context,
    binding: &str,
    page_size: i32,
    page_token: &str,
) -> Result<PageQuery, Status> {
    let size = match u64::try_from(page_size) {
        Err(_) => {
            return Err(status::invalid(
                "page_size",
                "NEGATIVE",
                "must not be negative",
            ));
        }
        Ok(0) => DEFAULT,
        Ok(size) => size.min(MOST),
    };
    if page_token.is_empty() {
        return Ok(PageQuery { size, after: None });
    }
    let refuse = || status::invalid("page_token", "PAGE_TOKEN", "not a token of this listing");
    let bytes = URL_SAFE_NO_PAD.decode(page_token).map_err(|_| refuse())?;
    let (code, key) = bytes.split_at_checked(CODE_LENGTH).ok_or_else(refuse)?;
    let key = std::str::from_utf8(key).map_err(|_| refuse())?;
    if code != &cx.signer.code("page", &format!("{binding}\n{key}"))[..CODE_LENGTH] {
        return Err(refuse());
    }
    Ok(PageQuery {
        size,
        after: Some(key.to_owned()),
    })
}

pub(super) fn token(cx: &Context, binding: &str, next: Option<&String>) -> String {
    let Some(key) = next else {
        return String::new();
    };
    let mut bytes = cx.signer.code("page", &format!("{binding}\n{key}"))[..CODE_LENGTH].to_vec();
    bytes.extend(key.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}
