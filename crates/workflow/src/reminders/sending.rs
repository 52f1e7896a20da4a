//! A letter of reminders is looked at again when it is about to leave: what was done meanwhile is
//! no longer in it, and what remains says how things stand now.

use bando_domain::ids::{CallId, ConsortiumId};
use bando_domain::letter::{Facts, Letter};
use bando_domain::reminder::{About, Audience, Line};
use bando_store::{Db, calls};
use chrono::{DateTime, Utc};

use super::{consortia, office};
use crate::error::Error;

/// What is left of a letter.
#[derive(Debug)]
pub(crate) enum Current {
    /// It is none of reminders, or all of it stands.
    AsQueued,
    Changed(Box<Letter>),
    /// Nothing in it is to be done any more.
    Done,
}

pub(crate) async fn current<D: Db>(
    db: &D,
    letter: &Letter,
    now: DateTime<Utc>,
) -> Result<Current, Error> {
    let Facts::Reminder { lines } = &letter.wanted.facts else {
        return Ok(Current::AsQueued);
    };
    let mut left = Vec::with_capacity(lines.len());
    for line in lines {
        let is_useful = line.not_after.is_none_or(|last| now <= last);
        let about = standing(db, line, letter.wanted.recipient.consortium, now).await?;
        left.extend(about.filter(|_| is_useful).map(|about| Line {
            about,
            ..line.clone()
        }));
    }
    if left.is_empty() {
        return Ok(Current::Done);
    }
    if left == *lines {
        return Ok(Current::AsQueued);
    }
    let mut changed = letter.clone();
    changed.wanted.facts = Facts::Reminder { lines: left };
    Ok(Current::Changed(Box::new(changed)))
}

/// What a line says now; `None` when it is done, or counted from another instant.
async fn standing<D: Db>(
    db: &D,
    line: &Line,
    own: Option<ConsortiumId>,
    now: DateTime<Utc>,
) -> Result<Option<About>, Error> {
    let id: &CallId = &line.call;
    let (call, topic) = (calls::get(db, id).await?.value, line.topic());
    let is_same = |subject: &str, about: &About| {
        subject == line.subject && about.anchor_at() == line.about.anchor_at()
    };
    match topic.audience() {
        Audience::Consortia => {
            let duties = consortia::duties(db, &call, topic, now, own).await?;
            let mut found = duties.into_iter();
            let found = found.find(|duty| is_same(&duty.subject, &duty.about));
            Ok(found.map(|duty| duty.about))
        }
        Audience::Officers => {
            let cases = office::cases(db, &call, topic, now).await?;
            let mut found = cases.into_iter();
            let found = found.find(|case| is_same(&case.subject, &case.about));
            Ok(found.map(|case| case.about))
        }
    }
}
