//! The reminders that will go out, as things stand.

use std::collections::BTreeMap;

use bando_domain::actor::Actor;
use bando_domain::call::Call;
use bando_domain::ids::CallId;
use bando_domain::programme::Programme;
use bando_domain::reminder::{Audience, Occurrence, Reminder, Topic, calendar};
use bando_store::programmes;
use chrono::{DateTime, Utc};

use super::{consortia, office};
use crate::calls;
use crate::context::Context;
use crate::error::Error;

/// One reminder to come.
#[derive(Debug)]
pub struct Previewed {
    pub occurrence: Occurrence,
    /// The id of what it is about; empty for the call itself.
    pub subject: String,
    /// How many it would go to if it went out now.
    pub recipients: usize,
}

/// The reminders of a call between two instants, both inclusive, in order. What hangs on a case
/// that there is not yet is not among them.
pub async fn preview(
    cx: &Context,
    actor: &Actor,
    id: &CallId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Vec<Previewed>, Error> {
    if to < from {
        let rule = format!("it is before {from}");
        return Err(Error::invalid("to", "ORDER", rule));
    }
    let call = calls::get(cx, actor, id).await?.value;
    let programme = programmes::get(cx.store.read(), id.programme())
        .await?
        .value;
    let mut found = of_consortia(cx, &call).await?;
    for reminder in &call.terms.reminders {
        if reminder.topic.audience() == Audience::Officers {
            found.extend(of_office(cx, &call, &programme, reminder).await?);
        }
    }
    found.retain(|known| (from..=to).contains(&known.occurrence.nominal_at));
    found.sort_by_key(|known| {
        let occurrence = &known.occurrence;
        (
            occurrence.nominal_at,
            occurrence.topic,
            known.subject.clone(),
        )
    });
    Ok(found)
}

async fn of_consortia(cx: &Context, call: &Call) -> Result<Vec<Previewed>, Error> {
    let (db, now) = (cx.store.read(), cx.now());
    let mut counted: BTreeMap<Topic, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for occurrence in calendar(&call.terms) {
        let topic = occurrence.topic;
        if topic.audience() != Audience::Consortia {
            continue;
        }
        let recipients = match counted.get(&topic) {
            Some(known) => *known,
            None => consortia::duties(db, call, topic, now, None).await?.len(),
        };
        counted.insert(topic, recipients);
        found.push(Previewed {
            occurrence,
            subject: String::new(),
            recipients,
        });
    }
    Ok(found)
}

async fn of_office(
    cx: &Context,
    call: &Call,
    programme: &Programme,
    reminder: &Reminder,
) -> Result<Vec<Previewed>, Error> {
    let cases = office::cases(cx.store.read(), call, reminder.topic, cx.now()).await?;
    let mut found = Vec::new();
    for case in &cases {
        let occurrences = case.occurrences(reminder, call);
        found.extend(occurrences.into_iter().map(|occurrence| Previewed {
            occurrence,
            subject: case.subject.clone(),
            recipients: programme.officers.len(),
        }));
    }
    if cases.is_empty() {
        // Until there is a case, the end of the procedure is known from the close alone.
        let occurrences = calendar(&call.terms).into_iter();
        let of_topic = occurrences.filter(|known| known.topic == reminder.topic);
        found.extend(of_topic.map(|occurrence| Previewed {
            occurrence,
            subject: String::new(),
            recipients: 0,
        }));
    }
    Ok(found)
}
