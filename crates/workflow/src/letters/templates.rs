//! The letters' templates (`config/letters`), embedded at build: a kind, language or part without
//! its file does not compile.

use std::sync::LazyLock;

use bando_domain::civil::Language;
use bando_domain::letter::LetterKind;
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, Template, UndefinedBehavior};

use super::filters;
use super::render::RenderError;

/// One of the three texts a letter is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Subject,
    Text,
    Html,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Subject, Self::Text, Self::Html];

    /// The end of its file's name, after the language.
    const fn suffix(self) -> &'static str {
        match self {
            Self::Subject => "subject.txt",
            Self::Text => "txt",
            Self::Html => "html",
        }
    }
}

/// The frames and pieces that templates extend and import.
const SHARED: [(&str, &str); 3] = [
    (
        "layout.txt",
        include_str!("../../../../config/letters/layout.txt"),
    ),
    (
        "layout.html",
        include_str!("../../../../config/letters/layout.html"),
    ),
    (
        "parts.html",
        include_str!("../../../../config/letters/parts.html"),
    ),
];

macro_rules! template {
    ($folder:literal, $name:literal) => {
        include_str!(concat!("../../../../config/letters/", $folder, "/", $name))
    };
}

macro_rules! sources {
    ($($kind:ident in $folder:literal),+ $(,)?) => {
        const fn source(kind: LetterKind, language: Language, part: Part) -> &'static str {
            match (kind, language, part) {$(
                (LetterKind::$kind, Language::It, Part::Subject) => template!($folder, "it.subject.txt"),
                (LetterKind::$kind, Language::It, Part::Text) => template!($folder, "it.txt"),
                (LetterKind::$kind, Language::It, Part::Html) => template!($folder, "it.html"),
                (LetterKind::$kind, Language::En, Part::Subject) => template!($folder, "en.subject.txt"),
                (LetterKind::$kind, Language::En, Part::Text) => template!($folder, "en.txt"),
                (LetterKind::$kind, Language::En, Part::Html) => template!($folder, "en.html"),
            )+}
        }
    };
}

sources!(
    CallOpened in "call_opened",
    CallExtended in "call_extended",
    CallSuspended in "call_suspended",
    CallResumed in "call_resumed",
    CallCancelled in "call_cancelled",
    RulesChanged in "rules_changed",
    DraftReminder in "draft_reminder",
    Receipt in "receipt",
    Lapsed in "lapsed",
    LateRefusal in "late_refusal",
    ClarificationRequested in "clarification_requested",
    RejectionNotice in "rejection_notice",
    ClarificationDue in "clarification_due",
    AnswerReceipt in "answer_receipt",
    LateAnswer in "late_answer",
    ClarificationExpired in "clarification_expired",
    ClarificationClosed in "clarification_closed",
    Inadmissible in "inadmissible",
    CheckReopened in "check_reopened",
    LateAdmission in "late_admission",
    Awarded in "awarded",
    AwardedInPart in "awarded_in_part",
    WaitingList in "waiting_list",
    BelowThreshold in "below_threshold",
    Reminder in "reminder",
    OfficersDigest in "officers_digest",
    WeeklyReport in "weekly_report",
    NextEdition in "next_edition",
);

/// The template of one part of a letter.
///
/// # Errors
/// When any of the embedded templates does not parse, or holds what its frame lacks.
pub(super) fn template(
    kind: LetterKind,
    language: Language,
    part: Part,
) -> Result<Template<'static, 'static>, RenderError> {
    static ENVIRONMENT: LazyLock<Result<Environment<'static>, Error>> = LazyLock::new(environment);
    match &*ENVIRONMENT {
        Ok(environment) => Ok(environment.get_template(&name(kind, language, part))?),
        Err(error) => Err(RenderError::Broken(error.to_string())),
    }
}

fn environment() -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()?;
    environment.set_syntax(syntax);
    environment.set_auto_escape_callback(escape_by_name);
    filters::add_to(&mut environment);
    for (name, source) in SHARED {
        environment.add_template(name, source)?;
    }
    for kind in LetterKind::ALL {
        for language in Language::ALL {
            for part in Part::ALL {
                environment
                    .add_template_owned(name(kind, language, part), source(kind, language, part))?;
            }
        }
    }
    Ok(environment)
}

fn escape_by_name(name: &str) -> AutoEscape {
    match name.rsplit_once('.') {
        Some((_, "html")) => AutoEscape::Html,
        Some(_) | None => AutoEscape::None,
    }
}

fn name(kind: LetterKind, language: Language, part: Part) -> String {
    format!("{}/{}.{}", kind.as_str(), language.as_str(), part.suffix())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_the_file_its_kind_and_language_name() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/letters");
        for kind in LetterKind::ALL {
            for language in Language::ALL {
                for part in Part::ALL {
                    let file = folder.join(name(kind, language, part));

                    let text = std::fs::read_to_string(&file).unwrap();

                    assert_eq!(source(kind, language, part), text, "{}", file.display());
                }
            }
        }
    }

    #[test]
    fn only_html_is_escaped() {
        assert!(matches!(
            escape_by_name("receipt/it.html"),
            AutoEscape::Html
        ));
        assert!(matches!(escape_by_name("receipt/it.txt"), AutoEscape::None));
        assert!(matches!(
            escape_by_name("receipt/it.subject.txt"),
            AutoEscape::None
        ));
    }
}
