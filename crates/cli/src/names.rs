//! Names as people type them, and the resource names they stand for.

use bando_domain::deadline::Subject;
use bando_domain::ids::{CallId, ProgrammeId};
use uuid::Uuid;

use crate::errors::{Exit, Failure};

/// `er` → `programmes/er`.
pub(crate) fn programme(text: &str) -> Result<String, Failure> {
    let code = text.strip_prefix("programmes/").unwrap_or(text);
    match code.parse::<ProgrammeId>() {
        Ok(id) => Ok(format!("programmes/{id}")),
        Err(error) => Err(refused(format!("no programme: {error}"))),
    }
}

/// `er/2016`, `programmes/er/calls/2016` or `2016` within `programme` → `programmes/er/calls/2016`.
pub(crate) fn call(text: &str, programme: &str) -> Result<String, Failure> {
    let short = match text.strip_prefix("programmes/") {
        Some(rest) => rest.replacen("/calls/", "/", 1),
        None if text.contains('/') => text.to_owned(),
        None => format!("{programme}/{text}"),
    };
    match short.parse::<CallId>() {
        Ok(id) => Ok(format!("programmes/{}/calls/{}", id.programme(), id.code())),
        Err(error) => Err(refused(format!("no call: {error}"))),
    }
}

/// `er/2016/close`, its full name, or a call alone for its close.
pub(crate) fn deadline(text: &str, programme: &str) -> Result<String, Failure> {
    let (of, subject) = match text.split_once("/deadlines/") {
        Some((of, subject)) => (of, subject),
        None if text.matches('/').count() == 2 => text.rsplit_once('/').unwrap_or((text, "")),
        None => (text, "close"),
    };
    match subject.parse::<Subject>() {
        Ok(subject) => Ok(format!("{}/deadlines/{subject}", call(of, programme)?)),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// A UUID, or the full name, of something in `collection` of `parent`.
pub(crate) fn resource(
    text: &str,
    parent: &str,
    collection: &'static str,
) -> Result<String, Failure> {
    if let Ok(id) = Uuid::try_parse(text) {
        return Ok(match parent {
            "" => format!("{collection}/{id}"),
            parent => format!("{parent}/{collection}/{id}"),
        });
    }
    let (before, id) = text.rsplit_once('/').unwrap_or(("", text));
    let is_of_collection = before == collection || before.ends_with(&format!("/{collection}"));
    if is_of_collection && Uuid::try_parse(id).is_ok() {
        return Ok(text.to_owned());
    }
    Err(refused(format!(
        "`{text}` is no name in {collection}: a UUID or …/{collection}/UUID expected"
    )))
}

/// `officers-digest`, or the full name, of a schedule of `programme`.
pub(crate) fn schedule(text: &str, programme: &str) -> Result<String, Failure> {
    let (before, name) = text.rsplit_once('/').unwrap_or(("", text));
    // Schedules are named by the grammar of codes.
    let is_code = name.parse::<ProgrammeId>().is_ok();
    match before {
        "" if is_code => Ok(format!("{programme}/schedules/{name}")),
        _ if is_code && before.ends_with("/schedules") => Ok(text.to_owned()),
        _ => Err(refused(format!(
            "`{text}` is no name of a schedule, such as officers-digest"
        ))),
    }
}

/// `programmes/er/calls/2016/…` → `er/2016`; any other text stays.
pub(crate) fn short_call(name: &str) -> String {
    let mut parts = name.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("programmes"), Some(programme), Some("calls"), Some(code)) => {
            format!("{programme}/{code}")
        }
        _ => name.to_owned(),
    }
}

/// The last part of a resource name.
pub(crate) fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// The known name that `wanted` is most likely a slip of; `None` when none is near.
pub(crate) fn nearest<'a>(wanted: &str, known: &'a [String]) -> Option<&'a str> {
    let far = wanted.chars().count().div_ceil(2);
    known
        .iter()
        .map(|name| (distance(wanted, name), name.as_str()))
        .filter(|(distance, _)| *distance <= far)
        .min()
        .map(|(_, name)| name)
}

/// How many characters must be put in, left out or changed to make `one` into `other`.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, left) in one.chars().enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (column, right) in other.iter().enumerate() {
            let changed = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

fn refused(message: String) -> Failure {
    Failure::new(Exit::Usage, "NAME_INVALID", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190a000-0000-7000-8000-000000000001";

    #[test]
    fn a_deadline_is_named_by_its_call_and_what_it_ends() {
        let close = "programmes/er/calls/2016/deadlines/close";
        for text in ["2016", "er/2016", "er/2016/close", close] {
            assert_eq!(deadline(text, "er").unwrap(), close, "{text}");
        }
        let notice = format!("er/2016/notice-{ID}");
        assert_eq!(
            deadline(&notice, "er").unwrap(),
            format!("programmes/er/calls/2016/deadlines/notice-{ID}")
        );
        for wrong in ["er/2016/closing", "er/2016/", "a b", "er/2016/close/1"] {
            assert!(deadline(wrong, "er").is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_call_has_three_spellings_and_one_name() {
        for text in ["er/2016", "programmes/er/calls/2016", "2016"] {
            assert_eq!(
                call(text, "er").unwrap(),
                "programmes/er/calls/2016",
                "{text}"
            );
        }
        assert_eq!(call("2016", "tosc").unwrap(), "programmes/tosc/calls/2016");
        assert_eq!(short_call("programmes/er/calls/2016"), "er/2016");
    }

    #[test]
    fn what_is_no_name_is_a_mistake_of_usage() {
        for text in ["", "ER/2016", "er/2016/x", "programmes/er/2016/x"] {
            assert_eq!(call(text, "er").unwrap_err().exit(), Exit::Usage, "{text}");
        }
        for text in [
            "",
            "x",
            "programmes/er/letters/0190a000-0000-7000-8000-000000000001",
        ] {
            let refusal = resource(text, "programmes/er", "proposals").unwrap_err();
            assert_eq!(refusal.exit(), Exit::Usage, "{text}");
        }
    }

    #[test]
    fn a_uuid_stands_for_the_full_name() {
        let full = format!("programmes/er/proposals/{ID}");

        assert_eq!(resource(ID, "programmes/er", "proposals").unwrap(), full);
        assert_eq!(resource(&full, "programmes/x", "proposals").unwrap(), full);
        assert_eq!(resource(ID, "", "tokens").unwrap(), format!("tokens/{ID}"));
        let token = format!("tokens/{ID}");
        assert_eq!(resource(&token, "", "tokens").unwrap(), token);
    }

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let known = ["er/2016", "er/2017", "tosc/2016"].map(String::from);

        assert_eq!(nearest("er/2061", &known), Some("er/2016"));
        assert_eq!(nearest("er/20171", &known), Some("er/2017"));
        assert_eq!(nearest("something else", &known), None);
    }
}
