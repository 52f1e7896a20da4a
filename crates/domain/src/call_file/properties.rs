//! Whatever the text, a file is read or its mistakes are told; nothing panics.

use proptest::prelude::*;

use super::tests::{CALL, FILE, parse};
use super::{Mistake, parse_programme};

fn tell_their_lines(text: &str, mistakes: &[Mistake]) -> bool {
    let lines = 1 + text.matches('\n').count();
    !mistakes.is_empty()
        && mistakes.iter().all(|mistake| {
            !mistake.rule.is_empty() && mistake.line.is_none_or(|line| (1..=lines).contains(&line))
        })
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in ".{0,200}(\n.{0,80}){0,5}") {
        let told = parse(&text).map_err(|mistakes| tell_their_lines(&text, &mistakes));
        prop_assert_eq!(told.err(), Some(true));
        let told = parse_programme(FILE, &text).map_err(|m| tell_their_lines(&text, &m));
        prop_assert_eq!(told.err(), Some(true));
    }

    #[test]
    fn a_call_with_any_line_changed_is_read_or_refused(
        at in 0..CALL.lines().count(),
        line in prop_oneof![
            "[a-z_.]{1,12} = ([0-9.-]{1,25}|\"[^\"]{0,20}\"|\\[[0-9,\"a-z ]{0,9}\\]|\\{ a = 1 \\})",
            "\\[{1,2}[a-z_.]{1,20}\\]{1,2}",
            ".{0,60}",
        ],
    ) {
        let lines = CALL.lines().enumerate();
        let changed: Vec<&str> =
            lines.map(|(i, old)| if i == at { line.as_str() } else { old }).collect();
        let text = changed.join("\n");
        if let Err(mistakes) = parse(&text) {
            prop_assert!(tell_their_lines(&text, &mistakes), "{:?}", mistakes);
        }
    }

    #[test]
    fn a_call_with_any_value_changed_is_read_or_refused(
        at in 0..CALL.lines().filter(|line| line.contains(" = ")).count(),
        value in prop_oneof![
            "-?[0-9]{1,20}",
            "\"[ -!#-\\[\\]-~]{0,30}\"",
            "\"20[0-9]{2}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2})?\"",
            "\"T-[0-9]{1,12}[dhm]\"",
            "(true|1\\.5|\\[\\]|\\[\\[\\]\\]|\\{\\})",
        ],
    ) {
        let (number, old) =
            CALL.lines().enumerate().filter(|(_, line)| line.contains(" = ")).nth(at).unwrap();
        prop_assume!(!old.ends_with('['));
        let (key, _) = old.split_once(" = ").unwrap();
        let new = format!("{key} = {value}");
        let lines = CALL.lines().enumerate();
        let changed: Vec<&str> =
            lines.map(|(i, old)| if i == number { new.as_str() } else { old }).collect();
        if let Err(mistakes) = parse(&changed.join("\n")) {
            prop_assert!(tell_their_lines(CALL, &mistakes), "{:?}", mistakes);
        }
    }
}
