//! A deadline as an entry of a calendar.

use super::{Deadline, Edge, Standing};
use crate::calendar::{Entry, Status};
use crate::civil::{Language, print_due};

impl Deadline {
    /// What a calendar shows of it. No person is named.
    pub fn entry(&self, language: Language) -> Entry {
        let title = self.title.in_language(language);
        let cancelled = match language {
            Language::It => "ANNULLATO: ",
            Language::En => "CANCELLED: ",
        };
        let (prefix, status) = match self.standing {
            Standing::Running | Standing::Met | Standing::Passed => ("", Status::Confirmed),
            Standing::Suspended => ("", Status::Tentative),
            Standing::Cancelled => (cancelled, Status::Cancelled),
        };
        Entry {
            // Codes and ids hold no dot.
            uid: format!("{}@bando", self.key().replace('/', ".")),
            stamp: self.stated_at,
            at: self.at,
            summary: format!("{prefix}{title}"),
            description: self.described(language).join("\n"),
            category: self.subject.kind().to_owned(),
            sequence: self.sequence,
            status,
        }
    }

    fn described(&self, language: Language) -> Vec<String> {
        let in_words = |it: &str, en: &str| match language {
            Language::It => it.to_owned(),
            Language::En => en.to_owned(),
        };
        let mut lines = vec![self.printed(language)];
        if self.standing == Standing::Suspended {
            lines.push(in_words(
                "Il termine è sospeso e si sposterà.",
                "The deadline is suspended and will move.",
            ));
        }
        if self.edge == Edge::InTime {
            lines.push(in_words(
                "È in tempo ciò che è ricevuto entro questo istante compreso.",
                "What is received at or before this instant is in time.",
            ));
        }
        if let Some(act) = &self.act {
            lines.push(format!("{}: {act}", in_words("Atto", "Act")));
        }
        let moved = self.changes.iter().filter(|change| change.to.is_some());
        for change in moved {
            let before = print_due(change.from, &self.zone, language);
            lines.push(format!("{}: {before}", in_words("In precedenza", "Before")));
        }
        lines
    }
}
