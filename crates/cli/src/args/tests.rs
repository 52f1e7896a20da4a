//! The command line against its own help.

use clap::{CommandFactory as _, Parser as _};

use super::Cli;

/// The words of a shell line, up to a redirection; single and double quotes group.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '>') => break,
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

pub(crate) fn examples(command: &clap::Command) -> Vec<String> {
    let help = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    // A line may go on in the next, as in a shell.
    let help = help.replace("\\\n", " ");
    help.lines()
        .map(str::trim)
        .filter(|line| line.starts_with("bando "))
        .map(Into::into)
        .collect()
}

/// The commands inside a line whose output it takes: `"$(bando …)"`.
fn substitutions(line: &str) -> Vec<String> {
    let starts = line.split("$(").skip(1);
    starts
        .filter_map(|rest| rest.split_once(')'))
        .map(|(inner, _)| inner.into())
        .collect()
}

pub(crate) fn walk(
    command: &clap::Command,
    path: &str,
    visit: &mut impl FnMut(&str, &clap::Command),
) {
    visit(path, command);
    for inner in command
        .get_subcommands()
        .filter(|inner| inner.get_name() != "help")
    {
        walk(inner, &format!("{path} {}", inner.get_name()), visit);
    }
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_example_of_the_help_parses_and_shows_its_own_command() {
    walk(&Cli::command(), "bando", &mut |path, command| {
        for example in examples(command) {
            let parsed = Cli::try_parse_from(words(&example));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            for inner in substitutions(&example) {
                assert!(Cli::try_parse_from(words(&inner)).is_ok(), "{inner}");
            }
            assert!(
                example.starts_with(path),
                "`{example}` stands in the help of `{path}`"
            );
        }
    });
}

#[test]
fn every_command_has_an_example() {
    walk(&Cli::command(), "bando", &mut |path, command| {
        let is_leaf = command.get_subcommands().next().is_none();
        assert!(!is_leaf || !examples(command).is_empty(), "{path}");
    });
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    let before = Cli::try_parse_from(["bando", "-o", "json", "call", "list"]).unwrap();
    let after = Cli::try_parse_from(["bando", "call", "list", "-o", "json"]).unwrap();

    assert_eq!(before.globals.output, after.globals.output);
}

#[test]
fn a_mistyped_noun_is_answered_with_the_one_that_was_meant() {
    let mistake = Cli::try_parse_from(["bando", "calll", "list"]).unwrap_err();

    assert_eq!(mistake.exit_code(), 2);
    assert!(mistake.to_string().contains("'call'"), "{mistake}");
}

#[test]
fn a_token_on_the_command_line_is_seen_so_that_it_can_be_refused() {
    let cli = Cli::try_parse_from(["bando", "--token", "abc", "call", "list"]).unwrap();

    assert_eq!(cli.globals.token, Some("abc".into()));
}

#[test]
fn a_token_is_revoked_by_its_name_without_being_taken_for_a_secret() {
    let cli = Cli::try_parse_from(["bando", "token", "revoke", "tokens/1"]).unwrap();

    assert_eq!(cli.globals.token, None);
}

/// An option of all commands that had the id of an argument of one would take its value.
#[test]
fn no_argument_has_the_id_of_an_option_of_all_commands() {
    let globals: Vec<String> = Cli::command()
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .map(|argument| argument.get_id().to_string())
        .collect();

    walk(&Cli::command(), "bando", &mut |path, command| {
        let own = command
            .get_arguments()
            .filter(|own| path != "bando" && !own.is_global_set());
        for argument in own {
            let id = argument.get_id().to_string();
            assert!(!globals.contains(&id), "{path} has its own `{id}`");
        }
    });
}

#[test]
fn quotes_group_words_and_a_redirection_ends_them() {
    assert_eq!(
        words("bando a --act \"DD 1/2016\" '' > out"),
        ["bando", "a", "--act", "DD 1/2016", ""]
    );
}
