//! What every letter keeps: both languages, all placeholders filled, nothing smuggled in.

use bando_domain::civil::Language;
use bando_domain::letter::{Facts, LetterKind};

use super::fixture::{at, context, facts, letter, programme, rendered};
use super::render::{RenderContext, RenderError, Rendered, SUBJECT_LIMIT, render, values};
use super::templates::{Part, template};

fn each() -> impl Iterator<Item = (LetterKind, Language)> {
    LetterKind::ALL
        .into_iter()
        .flat_map(|kind| Language::ALL.map(|language| (kind, language)))
}

/// The others tell of a programme.
fn is_about_a_call(kind: LetterKind) -> bool {
    !matches!(kind, LetterKind::OfficersDigest | LetterKind::WeeklyReport)
}

#[test]
fn every_kind_is_written_in_both_languages() {
    for (kind, language) in each() {
        let Rendered {
            subject,
            text,
            html,
        } = rendered(facts(kind), language);

        let whole = format!("{subject}\n\n{text}\n\n{html}");
        insta::assert_snapshot!(format!("{}_{}", kind.as_str(), language.as_str()), whole);
    }
}

#[test]
fn no_template_names_what_its_letter_lacks() {
    let programme = programme();
    for (kind, language) in each() {
        let values = values(&letter(facts(kind), language), &context(&programme)).unwrap();
        for part in Part::ALL {
            for path in template(kind, language, part)
                .unwrap()
                .undeclared_variables(true)
            {
                let found = path
                    .split('.')
                    .try_fold(values.clone(), |at, key| at.get_attr(key));

                assert!(
                    found.is_ok_and(|value| !value.is_undefined()),
                    "{kind:?} {path}"
                );
            }
        }
    }
}

#[test]
fn names_are_text_in_html_and_stay_themselves_in_text() {
    for (kind, language) in each() {
        let Rendered { text, html, .. } = rendered(facts(kind), language);

        assert!(!html.contains("<script"), "{kind:?}");
        let named = is_about_a_call(kind);
        assert_eq!(html.contains("&lt;script&gt;alert(1)"), named, "{kind:?}");
        assert_eq!(
            text.contains("L'Unità & <script>alert(1)</script> 🍅 שלום"),
            named,
            "{kind:?}"
        );
    }
}

#[test]
fn a_name_adds_no_line_to_the_text() {
    for (kind, language) in each() {
        let text = rendered(facts(kind), language).text;

        assert!(
            !text.lines().any(|line| line.starts_with("Bcc")),
            "{kind:?}\n{text}"
        );
        assert!(!text.contains(['\r', '\u{202e}']), "{kind:?}\n{text}");
    }
}

#[test]
fn the_text_holds_every_value_and_address_of_the_html() {
    for (kind, language) in each() {
        let Rendered { text, html, .. } = rendered(facts(kind), language);
        let text = text.replace(['\u{2068}', '\u{2069}'], "");
        let values = between(&html, "<strong>", "</strong>")
            .chain(between(&html, "<p style=\"margin:0 0 16px;\">", "</p>"))
            .chain(between(&html, "<dt", "</dt>").filter_map(|dt| dt.split_once('>').map(|x| x.1)))
            .chain(between(&html, "<li>", "</li>"))
            .chain(
                between(&html, "<code", "</code>").filter_map(|c| c.split_once('>').map(|x| x.1)),
            )
            .chain(between(&html, "mailto:", "\""))
            .map(plain)
            .collect::<Vec<_>>();

        assert!(values.len() > 3, "{kind:?}");
        for value in values {
            assert!(
                text.contains(&value),
                "{kind:?} {language:?} lacks `{value}`\n{text}"
            );
        }
    }
}

fn between<'a>(html: &'a str, start: &'a str, end: &'a str) -> impl Iterator<Item = &'a str> {
    html.split(start)
        .skip(1)
        .filter_map(move |rest| rest.split(end).next())
}

/// HTML without tags and escapes.
fn plain(html: &str) -> String {
    let untagged: String = html
        .split('<')
        .enumerate()
        .map(|(n, piece)| match piece.split_once('>') {
            Some((_, text)) if n > 0 => text,
            _ => piece,
        })
        .collect();
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(untagged, |text, (escape, sign)| text.replace(escape, sign))
}

#[test]
fn html_states_its_language_twice_and_loads_nothing() {
    for (kind, language) in each() {
        let html = rendered(facts(kind), language).html;

        let lang = format!("lang=\"{}\" dir=\"ltr\"", language.as_str());
        assert_eq!(html.matches(&lang).count(), 2, "{kind:?}");
        assert_eq!(html.matches("<h1").count(), 1, "{kind:?}");
        assert_eq!(
            html.matches("<table").count(),
            html.matches("<table role=\"presentation\"").count()
        );
        for loads in ["<img", "src=", "url(", "http:", "https:", "<link", "<style"] {
            assert!(!html.contains(loads), "{kind:?} {loads}");
        }
    }
}

#[test]
fn a_subject_is_one_short_line_that_begins_with_the_call() {
    for (kind, language) in each().filter(|(kind, _)| is_about_a_call(*kind)) {
        let subject = rendered(facts(kind), language).subject;

        let start = match language {
            Language::It => "[Bando er/2016] ",
            Language::En => "[Call er/2016] ",
        };
        assert!(subject.starts_with(start), "{subject}");
        assert!(
            subject.chars().count() <= SUBJECT_LIMIT && !subject.ends_with('…'),
            "{subject}"
        );
    }
}

#[test]
fn the_longest_names_still_make_a_subject_within_the_limit() {
    let programme = programme();
    let mut context = context(&programme);
    let id = format!("{}/{}", "p".repeat(40), "c".repeat(40));
    context.call.as_mut().unwrap().id = id.parse().unwrap();
    let facts = Facts::Lapsed {
        application: "a\r\nBcc: b".repeat(50),
        project: String::new(),
        closes_at: at("2016-05-31T14:00:00Z"),
    };

    let subject = render(&letter(facts, Language::It), &context)
        .unwrap()
        .subject;

    assert_eq!(subject.chars().count(), SUBJECT_LIMIT);
    assert!(!subject.contains(['\r', '\n']), "{subject}");
}

#[test]
fn a_letter_about_a_call_is_not_written_without_it() {
    let programme = programme();
    let context = RenderContext {
        programme: &programme,
        call: None,
    };

    let refusal = render(&letter(facts(LetterKind::Receipt), Language::It), &context).unwrap_err();
    let digest = render(
        &letter(facts(LetterKind::OfficersDigest), Language::It),
        &context,
    );

    assert!(matches!(refusal, RenderError::NoCall(LetterKind::Receipt)));
    assert!(digest.is_ok());
}

#[test]
fn bounds_that_a_call_lacks_are_not_printed() {
    let mut facts = facts(LetterKind::CallOpened);
    if let Facts::CallOpened {
        min_grant,
        max_grant,
        ..
    } = &mut facts
    {
        (*min_grant, *max_grant) = (None, None);
    }

    let Rendered { text, html, .. } = rendered(facts, Language::En);

    for part in [text, html] {
        assert!(
            !part.contains("Minimum grant") && !part.contains("Maximum grant"),
            "{part}"
        );
    }
}

#[test]
fn a_complete_draft_is_told_that_only_the_submission_is_left() {
    let mut facts = facts(LetterKind::DraftReminder);
    if let Facts::DraftReminder { missing, .. } = &mut facts {
        missing.clear();
    }

    let text = rendered(facts, Language::En).text;

    assert!(text.contains("it only remains to submit it"), "{text}");
}

#[test]
fn a_quiet_day_has_a_quiet_digest() {
    let quiet = Facts::OfficersDigest {
        on: at("2016-06-01T00:00:00Z").date_naive(),
        calls: Vec::new(),
        letters_failed: 0,
        letters_uncertain: 0,
        timers_parked: 0,
        proposals_pending: 0,
        documents_infected: 0,
        fires_failed: 0,
    };

    let Rendered {
        subject,
        text,
        html,
    } = rendered(quiet, Language::It);

    assert!(subject.ends_with("nulla da esaminare"), "{subject}");
    assert!(text.contains("Nulla richiede un intervento.\n"), "{text}");
    assert!(html.contains("Nessun bando in corso."), "{html}");
}

#[test]
fn a_reminder_alone_says_in_its_subject_what_it_is_about() {
    let Facts::Reminder { lines } = facts(LetterKind::Reminder) else {
        unreachable!()
    };
    let mut subjects = std::collections::BTreeSet::new();
    for line in lines {
        for language in Language::ALL {
            let lines = vec![line.clone()];
            let subject = rendered(Facts::Reminder { lines }, language).subject;

            let start = match language {
                Language::It => "[Bando er/2016] ",
                Language::En => "[Call er/2016] ",
            };
            assert!(subject.starts_with(start), "{subject}");
            assert!(!subject.ends_with('…'), "{subject}");
            assert!(subjects.insert(subject), "no two topics are told alike");
        }
    }
}

#[test]
fn reminders_of_several_calls_stand_under_their_programme() {
    let Facts::Reminder { mut lines } = facts(LetterKind::Reminder) else {
        unreachable!()
    };
    lines[0].call = "er/2017".parse().unwrap();

    let subject = rendered(Facts::Reminder { lines }, Language::En).subject;

    assert_eq!(subject, "[Calls er] 11 reminders");
}
