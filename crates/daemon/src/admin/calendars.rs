//! Calendars at their secret addresses. An address that never was, was mistyped or revoked answers
//! alike, and no log names one.

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use bando_workflow::Context;
use bando_workflow::calendar_feeds::{self, Shown};

/// Kept by the reader alone, who asks each time whether it changed.
const PRIVATE: &str = "private, no-cache";
const FORMAT: &str = "text/calendar; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";

/// Where a calendar is read.
pub(crate) fn path(address: &str) -> String {
    format!("/calendars/{address}.ics")
}

pub(super) async fn show(
    State(cx): State<Context>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    let address = file.strip_suffix(".ics").unwrap_or_default();
    match calendar_feeds::read(&cx, address).await {
        Ok(Some(shown)) => served(shown, &headers),
        Ok(None) => plain(StatusCode::NOT_FOUND, "not found\n"),
        Err(error) => {
            tracing::error!(%error, "a calendar could not be read");
            plain(StatusCode::SERVICE_UNAVAILABLE, "unavailable\n")
        }
    }
}

fn served(shown: Shown, headers: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", shown.sha256);
    let kept = [(CACHE_CONTROL, PRIVATE.to_owned()), (ETAG, etag.clone())];
    if is_known(headers, &etag) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(CONTENT_TYPE, FORMAT)], shown.text).into_response()
}

/// Whether the reader has this very text (RFC 9110, 13.1.2).
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let given = headers.get_all(IF_NONE_MATCH).iter();
    let mut tags = given
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag
    })
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let headers = [(CACHE_CONTROL, PRIVATE), (CONTENT_TYPE, PLAIN)];
    (status, headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_reader_is_known_by_any_of_its_tags() {
        let known = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(text));
            is_known(&headers, "\"abc\"")
        };

        assert!(known("\"abc\"") && known("W/\"abc\"") && known("\"x\", \"abc\"") && known("*"));
        assert!(!known("\"x\"") && !known("abc"));
        assert!(!is_known(&HeaderMap::new(), "\"abc\""));
    }
}
